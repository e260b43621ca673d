"""What the HTML pages carry besides their text: description, the link for reports, the search form.

Two nodes of others are written anew, because their markup fails a screen reader: the list of sources, whose roles ARIA
has given up, and the fold around a hidden cell, whose label says something else than what stands there.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from myst_nb.sphinx_ext import add_global_html_resources
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from fieldbook.domain import concepts

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class search_form(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """A search box in the text of a page."""


class SearchFormDirective(SphinxDirective):
    """Place the search box; it works from the folder of the home page."""

    def run(self) -> list[nodes.Node]:
        """Return the node."""
        return [search_form("")]


def visit_search_form_html(self: Any, node: search_form) -> None:
    """Write a form that needs no script."""
    self.body.append(
        '<form class="fb-search" role="search" action="search.html" method="get">'
        '<input type="search" name="q" aria-label="Search the Fieldbook" '
        'placeholder="A name, an acronym, a question">'
        '<button type="submit">Search</button></form>\n'
    )
    raise nodes.SkipNode


def visit_citation_html(self: Any, node: nodes.citation) -> None:
    """Open an item of the list of sources, and the list before the first."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<ul class="fb-sources">\n')
    self.body.append(self.starttag(node, "li", CLASS="citation"))


def depart_citation_html(self: Any, node: nodes.citation) -> None:
    """Close it, and the list after the last."""
    self.body.append("</li>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        self.body.append("</ul>\n")


def visit_hidden_cell_html(self: Any, node: HideCodeCellNode) -> None:
    """Open the fold around the input or output of a cell."""
    show, hide = (escape(node[prompt]) for prompt in ("prompt_show", "prompt_hide"))
    self.body.append(self.starttag(node, "details", CLASS="fb-folded"))
    self.body.append(f'<summary><span class="fb-show">{show}</span><span class="fb-hide">{hide}</span></summary>\n')


def depart_hidden_cell_html(self: Any, node: HideCodeCellNode) -> None:
    """Close it."""
    self.body.append("</details>\n")


class OneId(SphinxPostTransform):
    """Take from Furo's wrappers the ids that they copy from what they wrap."""

    default_priority = 990  # after Furo has wrapped
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the copy of the document that is being written."""
        for wrapper in self.document.findall(nodes.container):
            if {"table-wrapper", "math-wrapper"} & set(wrapper["classes"]):
                wrapper["ids"] = []


def skip(self: Any, node: nodes.Element) -> None:
    """Leave the node out."""
    raise nodes.SkipNode


def report_url(repository: str, title: str, docname: str) -> str:
    """Return the address at which a reader reports that a page is wrong.

    Examples
    --------
    >>> report_url("https://example.org/book", "Softmax", "docs/foundations/softmax")
    'https://example.org/book/issues/new?title=Wrong%3A%20Softmax&body=Page%3A%20docs/foundations/softmax.md%0A%0AWhat%20is%20wrong%2C%20and%20where%20does%20it%20say%20so%3F%0A'
    """
    body = f"Page: {docname}.md\n\nWhat is wrong, and where does it say so?\n"
    return f"{repository}/issues/new?title={quote(f'Wrong: {title}')}&body={quote(body)}"


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Give the templates the page's description, the address for reports and the path of the site on its server."""
    page = concepts(app.env).data["pages"].get(pagename)
    description = page.summary if page else app.config.fieldbook_description
    meta = f'<meta name="description" content="{escape(description, quote=True)}">'
    context["metatags"] = context.get("metatags", "") + meta
    context["fieldbook_base_path"] = urlparse(app.config.html_baseurl).path or "/"
    if doctree is not None:
        title = app.env.titles[pagename].astext()
        context["fieldbook_report_url"] = report_url(app.config.fieldbook_repository, title, pagename)


def on_builder_inited(app: Sphinx) -> None:
    """Copy MyST-NB's style sheet now: it does so last, and a first build would link it without its digest."""
    if app.builder.format == "html":
        add_global_html_resources(app, None)


def on_build_finished(app: Sphinx, exception: Exception | None) -> None:
    """Remove what earlier builds wrote and this site does not have: pages, images, files to download."""
    if exception is not None or app.builder.format != "html":
        return
    out, env = Path(app.outdir), app.env
    kept = {
        "docs": {f"{docname}{kind}" for docname in env.found_docs for kind in (".html", ".zip")},
        "_images": {f"_images/{name}" for _, name in env.images.values()},
        "_downloads": {f"_downloads/{name}" for _, name in env.dlfiles.values()},
    }
    for folder, names in kept.items():
        for path in sorted((out / folder).rglob("*"), reverse=True):  # files before the folder that they are in
            if path.is_file() and path.relative_to(out).as_posix() not in names:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    (out / ".buildinfo.bak").unlink(missing_ok=True)


def setup_html(app: Sphinx) -> None:
    """Register the search form and the page context."""
    app.add_config_value("fieldbook_repository", "", "html", types=frozenset({str}))
    app.add_config_value("fieldbook_description", "", "html", types=frozenset({str}))
    app.add_post_transform(OneId)
    app.add_directive("search-form", SearchFormDirective)
    app.add_node(search_form, html=(visit_search_form_html, None), text=(skip, None), latex=(skip, None))
    app.add_node(nodes.citation, override=True, html=(visit_citation_html, depart_citation_html))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell_html, depart_hidden_cell_html))
    app.connect("builder-inited", on_builder_inited)
    app.connect("html-page-context", on_html_page_context)
    app.connect("build-finished", on_build_finished)
