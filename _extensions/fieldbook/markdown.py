"""A page as plain Markdown, in which every number and every link stands resolved.

`sphinx_markdown_builder` writes it from the document of an HTML page; here is what such a document has besides:
callouts, formulas set beforehand, sources, cells. What belongs to the site alone is left out: cards, related concepts,
explorables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from docutils import nodes
from sphinx_markdown_builder.contexts import IndentContext, SubContextParams, WrappedContext
from sphinx_markdown_builder.translator import MarkdownTranslator, pushing_context

from fieldbook.structure import PARTS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CELL = "\ufffc"
"""Stands where a cell stood: Unicode's character for an object in a text; no space, which a writer would strip."""

SECTIONS_LEFT_OUT = (PARTS[4], "Related concepts")
ELEMENTS_LEFT_OUT = ("flashcard", "search_form")
CLASSES_LEFT_OUT = {"fb-meta", "fb-take-away", "fb-explore"}


class PageTranslator(MarkdownTranslator):  # type: ignore[misc]
    """Writes one page; `address` is where the site has it."""

    def __init__(self, document: nodes.document, builder: Any, address: str) -> None:
        super().__init__(document, builder)
        self._address = address

    def dispatch_visit(self, node: nodes.Node) -> None:
        """Pass over what only the site has."""
        if isinstance(node, nodes.Element) and is_left_out(node):
            raise nodes.SkipNode
        super().dispatch_visit(node)

    def visit_container(self, node: nodes.container) -> None:
        """Mark where a cell stands; other containers only hold something."""
        if is_cell(node):
            self.add(CELL, prefix_eol=2, suffix_eol=2)
            raise nodes.SkipNode

    visit_PassthroughTextElement = depart_PassthroughTextElement = MarkdownTranslator._pass  # noqa: N815 (their name)
    visit_dropdown_main = depart_dropdown_main = MarkdownTranslator._pass
    visit_dropdown_title = MarkdownTranslator.visit_paragraph

    def depart_math(self, node: nodes.math) -> None:
        """Close a formula, and put behind it what must not part from it."""
        super().depart_math(node)
        self.add(node.get("after", ""))

    def _fetch_ref_uri(self, node: nodes.reference) -> str:
        target = node["refuri"] if "refuri" in node else f"#{node['refid']}"
        return urljoin(self._address, target)

    @pushing_context
    def visit_admonition(self, node: nodes.admonition) -> None:
        """Set a callout off as a quotation."""
        self._push_context(IndentContext("> ", empty=True, params=SubContextParams(2, 2)))

    @pushing_context
    def visit_title(self, node: nodes.title) -> None:
        """Write a heading; that of a callout is none, only bold."""
        if isinstance(node.parent, nodes.admonition):
            self._push_context(WrappedContext("**", "**", params=SubContextParams(1, 2)))
        else:
            super().visit_title(node)

    @pushing_context
    def visit_citation(self, node: nodes.citation) -> None:
        """Write a source as an item of a list."""
        self._push_context(IndentContext("- ", only_first=True, params=SubContextParams(2, 1)))

    def visit_label(self, node: nodes.label) -> None:
        """Leave out the label of a source: author and year begin its text."""
        raise nodes.SkipNode


def is_cell(node: nodes.Element) -> bool:
    """Tell whether an element is a cell."""
    return node.get("nb_element") == "cell_code"


def is_left_out(node: nodes.Element) -> bool:
    """Tell whether an element belongs to the site alone; a section with a cell in it does not."""
    if isinstance(node, nodes.section) and isinstance(node[0], nodes.title):
        return node[0].astext() in SECTIONS_LEFT_OUT and not any(map(is_cell, node.findall(nodes.container)))
    return node.tagname in ELEMENTS_LEFT_OUT or not CLASSES_LEFT_OUT.isdisjoint(node.get("classes", ()))


def page_address(app: Sphinx, docname: str) -> str:
    """Return the address of a page on the web."""
    return urljoin(app.config.html_baseurl, app.builder.get_target_uri(docname))


def page_markdown(app: Sphinx, docname: str, document: nodes.document) -> str:
    """Return a page as Markdown, with `CELL` where a cell stood; its document has been resolved for HTML."""
    translator = PageTranslator(document, app.builder, page_address(app, docname))
    document.walkabout(translator)
    return str(translator.astext())


def setup_markdown(app: Sphinx) -> None:
    """Register the settings of the writer."""
    app.setup_extension("sphinx_markdown_builder")
