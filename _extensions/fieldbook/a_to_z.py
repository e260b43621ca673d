"""The index of all concepts and their other names: the directive ``{a-to-z}``, and the page of results without scripts.

A name stands under its first letter, without accents and marks; a digit under ``0–9``. A name that two pages bear
stands twice.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from fieldbook.domain import Page, concepts
from fieldbook.generated import Placeholder
from fieldbook.links import concept_reference

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DIGITS = "0–9"


class Name(NamedTuple):
    """One line of the index; `name` is the title itself, or another name of the page."""

    name: str
    page: Page

    @property
    def is_title(self) -> bool:
        """Tell whether it is the title."""
        return self.name == self.page.title


def letter(name: str) -> str:
    """Return the letter under which a name stands.

    Examples
    --------
    >>> letter("élan"), letter("“Attention”"), letter("4-bit")
    ('E', 'A', '0–9')
    """
    first = next(iter(_key(name)), "")
    return first.upper() if first.isalpha() else DIGITS


def _key(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", name).casefold() if char.isalnum())


def index(pages: Iterable[Page]) -> list[tuple[str, list[Name]]]:
    """Return all names by letter, digits first."""
    names = (Name(name, page) for page in pages for name in dict.fromkeys([page.title, *page.listed("aliases")]))
    ordered = sorted(names, key=lambda entry: (_key(entry.name), entry.name, entry.page.slug))
    ordered.sort(key=lambda entry: letter(entry.name))
    return [(head, list(found)) for head, found in itertools.groupby(ordered, lambda entry: letter(entry.name))]


class a_to_z(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Stands on the page until it is written."""


class AToZDirective(Placeholder):
    """Every concept and every other name, by letter."""

    node_class = a_to_z


class FillAToZ(SphinxPostTransform):
    """Replace the placeholder by the index."""

    default_priority = 7  # as the other generated parts

    def run(self, **kwargs: Any) -> None:
        """Fill every placeholder of this document."""
        for place in list(self.document.findall(a_to_z)):
            place.replace_self(self._index() or [nodes.paragraph("", "There are no concept pages yet.")])

    def _index(self) -> list[nodes.Node]:
        found = index(concepts(self.env).pages.values())
        jump = nodes.paragraph("", classes=["fb-letters"])
        for head, _ in found:
            jump += [nodes.reference("", head, refid=_id(head), internal=True), nodes.Text(" ")]
        parts: list[nodes.Node] = [jump] if found else []
        for head, names in found:
            items = [nodes.list_item("", self._item(name)) for name in names]
            parts.append(nodes.rubric("", head, ids=[_id(head)], classes=["fb-letters"]))
            parts.append(nodes.bullet_list("", *items, classes=["fb-index", "fb-columns"]))
        return parts

    def _item(self, entry: Name) -> nodes.Node:
        link = concept_reference(entry.page.slug, entry.page.title, self.env.docname)
        if entry.is_title:
            return nodes.paragraph("", "", nodes.strong("", "", link))
        return nodes.paragraph("", "", nodes.Text(f"{entry.name}: "), link)


def _id(head: str) -> str:
    return f"letter-{'digits' if head == DIGITS else head}"


def on_html_page_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the page of results the index, for readers without scripts."""
    if pagename == "search":
        pathto = context["pathto"]
        context["fieldbook_a_to_z"] = [
            (head, [(entry.name, entry.page.title, pathto(entry.page.docname), entry.is_title) for entry in names])
            for head, names in index(concepts(app.env).pages.values())
        ]


def setup_a_to_z(app: Sphinx) -> None:
    """Register the directive and its transform."""
    app.add_directive("a-to-z", AToZDirective)
    app.add_node(a_to_z)
    app.add_post_transform(FillAToZ)
    app.connect("html-page-context", on_html_page_context)
