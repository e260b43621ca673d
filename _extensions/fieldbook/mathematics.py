"""Mathematics rendered at build: KaTeX to HTML with MathML, local fonts, nothing to run in the browser.

Formulas are rendered when a page is read, so a formula that does not compile is a located fault whatever is being
written, and the result is kept with the page. One Node process serves each build process; it starts with the first
formula. Style sheet and fonts come from the locked npm package, and only pages with formulas load them.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.math import get_node_equation_number

from fieldbook.faults import Fault, Rule, warn
from fieldbook.node import find_node
from fieldbook.tree import source_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
KATEX = ROOT / "node_modules" / "katex"
STYLE_SHEET = "katex/katex.css"


class Renderer:
    """A Node process that renders formulas, one at a time."""

    def __init__(self) -> None:
        if not KATEX.exists():
            raise ExtensionError("KaTeX is not installed; run 'make html', which installs it")
        self.process = subprocess.Popen(
            [find_node(), Path(__file__).with_name("render_math.cjs"), KATEX],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        atexit.register(self.close)

    def render(self, tex: str, *, display: bool) -> dict[str, str]:
        """Return ``{"html": …}``, or ``{"error": …}`` if the formula does not compile."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise ExtensionError("the formula renderer stopped; run the build again")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process.wait(timeout=10)


@cache
def _renderer(process_id: int) -> Renderer:
    """Return the renderer of this process: a forked reader must not share its parent's pipe."""
    return Renderer()


@cache
def render(tex: str, display: bool) -> dict[str, str]:
    """Render a formula, once for each text."""
    return _renderer(os.getpid()).render(tex, display=display)


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Render every formula of a page and keep the HTML in its node."""
    faults = []
    for node in doctree.findall(lambda node: isinstance(node, (nodes.math, nodes.math_block))):
        answer = render(node.astext(), isinstance(node, nodes.math_block))
        if "error" in answer:
            reason = re.sub(r"^KaTeX parse error: ", "", answer["error"]).strip()
            message = f"formula does not compile: {reason}; mend it (KaTeX's dialect of TeX)"
            faults.append(Fault(app.env.docname, source_line(node), Rule.MATH, message))
        node["html"] = answer.get("html", "")
    warn(faults)


class KeepPunctuation(SphinxPostTransform):
    """Move a mark that follows an inline formula into its node: a line must not begin with a comma."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the copy of the document that is being written."""
        for node in list(self.document.findall(nodes.math)):
            after = node.next_node(nodes.Text, descend=False, siblings=True)
            mark = re.match(r"[,.;:!?)\]”’]+", after.astext()) if after is not None else None
            short = node.get("html", "").count('class="katex-base"') == 1  # a longer one must be free to break
            if mark and short and node.parent.index(after) == node.parent.index(node) + 1:
                node["after"] = mark.group()
                node.parent.replace(after, nodes.Text(after.astext()[mark.end() :]))


def visit_math(self: Any, node: nodes.math) -> None:
    """Write an inline formula, and the mark that must stay with it."""
    formula = f'<span class="math">{node.get("html", "")}</span>'
    after = self.encode(node.get("after", ""))
    self.body.append(f'<span class="fb-nowrap">{formula}{after}</span>' if after else formula)
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    """Write a displayed formula, its number and the anchor to it."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(node.get("html", "") + "</div>\n")
    raise nodes.SkipNode


def on_builder_inited(app: Sphinx) -> None:
    """Copy style sheet and fonts beside the pages."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "katex")
    shutil.copytree(
        KATEX / "dist" / "fonts",
        target / "fonts",
        ignore=lambda folder, names: [name for name in names if not name.endswith(".woff2")],
        dirs_exist_ok=True,
    )
    shutil.copy(KATEX / "LICENSE", target)
    css = (KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    css = re.sub(r',url\([^)]*\.(woff|ttf)\) format\("[a-z]+"\)', "", css)  # not copied, never asked for
    Path(app.outdir, "_static", STYLE_SHEET).write_text(css, encoding="utf-8")


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Load the style sheet on pages with formulas, and on no other."""
    if doctree and any(True for _ in doctree.findall(_is_math)):
        app.add_css_file(STYLE_SHEET)


def _is_math(node: nodes.Node) -> bool:
    return isinstance(node, (nodes.math, nodes.math_block))


def setup_mathematics(app: Sphinx) -> None:
    """Register the renderer under the name that conf.py chooses."""
    app.add_html_math_renderer("fieldbook", (visit_math, None), (visit_math_block, None))
    app.add_post_transform(KeepPunctuation)
    app.connect("builder-inited", on_builder_inited)
    app.connect("doctree-read", on_doctree_read)
    app.connect("html-page-context", on_html_page_context)
