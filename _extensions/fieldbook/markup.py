"""What must not stand in a page once it is read: links, images and HTML that fail a reader, outputs of one machine.

Also the place where every page's source is held against `fieldbook.hygiene`, and its cells against
`fieldbook.repeatable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from fieldbook import hygiene, repeatable
from fieldbook.cells import cell_line
from fieldbook.domain import Place, is_concept_link
from fieldbook.faults import Fault, Rule, warn
from fieldbook.source import code_cells, nested_cells
from fieldbook.tree import ancestors, source_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

EMPTY_WORDS = {"click here", "here", "link", "more", "read more", "see here", "this", "this link", "this page"}
HARMLESS = re.compile(r"<!--.*?-->|</?(?:br|kbd|sub|sup) ?/?>|</\w+>", re.DOTALL)

Found = Iterator[tuple[nodes.Node, Rule, str]]


def link_faults(document: nodes.document, env: BuildEnvironment) -> Found:
    """Return links that name a concept by its place, lead nowhere, or say nothing; take the dead ones out."""
    slugs = {place.slug for name in env.found_docs if (place := Place.of(name, env.config.fieldbook_areas))}
    own = env.config.html_baseurl
    for node in list(document.findall(lambda node: isinstance(node, (nodes.reference, addnodes.pending_xref)))):
        uri, target = node.get("refuri", ""), node.get("reftarget", "")
        text = node.astext().strip()
        if text.casefold() in EMPTY_WORDS:
            yield node, Rule.LINK, f"the link text '{text}' says nothing to who hears it alone; name what it leads to"
        if uri and not text and not any(node.findall(nodes.image)):
            yield node, Rule.LINK, f"the link to {uri} has no text; write what it leads to between the brackets"
        if own and uri.startswith(own.rstrip("/")):
            slug = PurePosixPath(uri).stem
            remedy = f"[…](#{slug})" if slug in slugs else "a concept as [text](#slug), a page as [text](/docs/….md)"
            yield node, Rule.LINK, f"{uri} is an address of this very site; write {remedy}"
        elif node.get("reftype") == "myst" and node.get("refdomain") == "doc":
            place = Place.of(target, env.config.fieldbook_areas)
            if place is not None and Place.of(env.docname, env.config.fieldbook_areas) is not None:
                message = f"a concept is linked by its slug, so that its page may move; write [{text}](#{place.slug})"
                yield node, Rule.LINK, message
                _take_out(node)
        elif node.get("reftype") == "myst" and not is_concept_link(node):
            slug = PurePosixPath(target.partition("#")[0]).stem
            remedy = f"write [{text}](#{slug})" if slug in slugs else "correct the path, or take the link out"
            yield node, Rule.LINK, f"the link to '{target}' leads nowhere; {remedy}"
            _take_out(node)


def _take_out(node: nodes.Element) -> None:
    """Leave only the text of a link, so that nobody else finds fault with it; the node itself keeps its place."""
    plain = nodes.inline("", "", *(child.deepcopy() for child in node.children))
    plain.parent = node.parent
    node.parent.children[node.parent.index(node)] = plain


def image_faults(document: nodes.document) -> Found:
    """Return images without alternative text and images of other sites."""
    for node in document.findall(nodes.image):
        if not node.get("alt", "").strip():
            message = "the image has no alternative text; write between the brackets what is seen: ![…](…)"
            if any(parent.get("nb_element") == "cell_code_output" for parent in ancestors(node)):
                message = "the image that this cell shows has no alternative text; publish it by figure(…, alt=…)"
            elif isinstance(node.parent, nodes.figure):
                message = "the figure has no alternative text; add the option ':alt:' and say what is seen"
            yield node, Rule.FIGURE, message
        if "://" in node["uri"]:
            message = f"{node['uri']} is served by another site; put the file into '_static', or link to it"
            yield node, Rule.FIGURE, message


def html_faults(document: nodes.document) -> Found:
    """Return HTML in the text; what a cell shows is not text."""
    for node in document.findall(nodes.raw):
        if "html" in node.get("format", "") and not _is_output(node):
            rest = HARMLESS.sub("", node.astext()).strip()
            if rest:
                tag = re.match(r"<\w+|\S+", rest)
                shown = f"{tag[0]}…>" if tag and tag[0].startswith("<") else "raw HTML"
                yield (
                    node,
                    Rule.HTML,
                    f"'{shown}' is HTML, which other forms of the page lose; write Markdown, or '\\<' for the sign",
                )


def output_faults(document: nodes.document) -> Found:
    """Return outputs that differ from machine to machine."""
    for node in document.findall(lambda node: isinstance(node, (nodes.literal_block, nodes.raw)) and _is_output(node)):
        if node.get("language") == "ipython3":
            continue  # the cell itself
        if match := hygiene.MACHINE.search(node.astext()):
            message = f"the output holds '{match[0]}', a path of one machine; print only the file's name"
            yield node, Rule.OUTPUT, message


def _is_output(node: nodes.Node) -> bool:
    """Tell whether a node is what a cell shows."""
    return any(isinstance(above, nodes.container) and above.get("exec_count") for above in ancestors(node))


def cell_faults(text: str, docname: str) -> list[Fault]:
    """Return what the cells of a page may not do, at the lines of the page."""
    lines = text.splitlines()
    faults = [
        Fault(docname, line, Rule.CELL, "a cell inside another directive never runs; move it out, to the left margin")
        for line in nested_cells(text)
    ]
    names: dict[str, str] = {}
    for cell in code_cells(text):
        if cell.line in {fault.line for fault in faults}:
            continue
        first = cell.line
        while lines[first : first + 1] and lines[first].startswith(":"):
            first += 1
        for line, message in repeatable.check_cell(cell.source, names):
            faults.append(Fault(docname, first + line, Rule.CELL, message))
    return faults


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Hold the page just read against all of it."""
    docname = app.env.docname
    path = Path(app.env.doc2path(docname))
    text = path.read_text(encoding="utf-8")
    found = [
        *link_faults(doctree, app.env),
        *image_faults(doctree),
        *html_faults(doctree),
        *output_faults(doctree),
    ]
    faults = {Fault(docname, _line(node, path, text), rule, message) for node, rule, message in found}
    warn([*hygiene.check_text(text, docname), *cell_faults(text, docname), *sorted(faults)])


def _line(node: nodes.Node, path: Path, text: str) -> int:
    """Return the line of a node; that of HTML and of a cell is found in the source, since the tree has another."""
    if isinstance(node, nodes.raw) and (at := text.find(node.astext())) >= 0:
        return text.count("\n", 0, at) + 1
    return cell_line(node, path) if _is_output(node) else source_line(node)


def setup_markup(app: Sphinx) -> None:
    """Connect the checks, before those that record what is left."""
    app.connect("doctree-read", on_doctree_read, priority=400)
