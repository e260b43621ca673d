"""The parts of a page that nobody writes.

Every concept page gets, without a word in its source: under the title a line with area, reading time, last review and
what is needed first; at its end the related concepts, the names and questions that lead to it, and its sources. Area
pages list their pages with ``{area-pages}``, the home page its areas with ``{area-cards}``.

Directives leave empty placeholders; `FillGenerated` fills them when a page is written, from the domain, with
references that Sphinx resolves. The tail is appended to the source text, so line numbers do not move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from fieldbook.domain import ConceptDomain, Page, Place, concepts
from fieldbook.links import concept_reference
from fieldbook.source import has_title

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

TAIL = """

## Related concepts

```{related-concepts}
```

## Sources

```{bibliography}
```
"""

USERS_SHOWN = 12
"""Pages that need this one beyond these are folded."""


class page_meta(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Stands under the title until the page is written."""


class related_concepts(nodes.General, nodes.Element):  # noqa: N801
    """Stands at the end of a page until it is written."""


class area_pages(nodes.General, nodes.Element):  # noqa: N801
    """Stands on an area's page until it is written."""


class area_cards(nodes.General, nodes.Element):  # noqa: N801
    """Stands on the home page until it is written."""


class folded(nodes.General, nodes.Element):  # noqa: N801
    """Block content behind a native ``details`` with a summary; other writers show it."""


class Placeholder(SphinxDirective):
    """A directive that only leaves its node."""

    node_class: type[nodes.Element]

    def run(self) -> list[nodes.Node]:
        """Return the placeholder."""
        node = self.node_class("")
        self.set_source_info(node)
        return [node]


class RelatedConceptsDirective(Placeholder):
    """What is needed first, what it is confused with, what needs it."""

    node_class = related_concepts


class AreaPagesDirective(Placeholder):
    """The pages of this area with their summaries, and the pages to come."""

    node_class = area_pages


class AreaCardsDirective(Placeholder):
    """A card for each area."""

    node_class = area_cards


# --- while reading ---------------------------------------------------------------------------------------------------


def on_source_read(app: Sphinx, docname: str, content: list[str]) -> None:
    """Append the tail to a concept page."""
    if Place.of(docname, app.config.fieldbook_areas) and has_title(content[0]):
        content[0] = content[0].rstrip("\n") + "\n" + TAIL


class AddPageMeta(SphinxTransform):
    """Put the placeholder under the title of a concept page."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Change the document in place."""
        docname = self.env.docname
        if not Place.of(docname, self.config.fieldbook_areas):
            return
        title = next(self.document.findall(nodes.title), None)
        if title is not None:
            title.parent.insert(title.parent.index(title) + 1, page_meta(""))


# --- while writing ---------------------------------------------------------------------------------------------------


class FillGenerated(SphinxPostTransform):
    """Replace the placeholders by lists made from the domain."""

    default_priority = 7  # before concept links (8) and MyST's resolver (9)

    def run(self, **kwargs: Any) -> None:
        """Fill every placeholder of this document."""
        domain, docname = concepts(self.env), self.env.docname
        page = domain.data["pages"].get(docname)
        for meta in list(self.document.findall(page_meta)):
            meta.replace_self(meta_line(domain, page, self.env.titles) if page else [])
        for related in list(self.document.findall(related_concepts)):
            related.replace_self(related_lists(domain, page) if page else [])
        for listing in list(self.document.findall(area_pages)):
            area = docname.split("/")[-2]
            order = self.env.toctree_includes.get(docname, [])
            listing.replace_self(area_listing(domain, area, order, docname))
        for home in list(self.document.findall(area_cards)):
            home.replace_self(area_grid(domain, self.env, docname))


def meta_line(domain: ConceptDomain, page: Page, titles: dict[str, nodes.title]) -> nodes.Node:
    """Return the line under the title: area, reading time, last review, what is needed first."""
    index = f"docs/{page.area}/index"
    line = nodes.paragraph("", classes=["fb-meta"])
    if index in titles:
        line += [_doc_reference(index, titles[index].astext(), page.docname), nodes.Text(" · ")]
    line += nodes.Text(f"{page.minutes} min")
    if page.concept:
        line += nodes.Text(f" · facts checked {page.concept.reviewed}")
    needed = page.listed("requires")
    if needed:
        line += nodes.Text(" · needs ")
        for position, slug in enumerate(needed):
            line += [
                *([nodes.Text(", ")] if position else []),
                _mention(domain, slug, page.docname),
            ]
    return line


def related_lists(domain: ConceptDomain, page: Page) -> list[nodes.Node]:
    """Return the lists at the end of a page; a plain sentence where all are empty."""
    users = domain.users(page.slug)
    parts: list[nodes.Node] = []
    for heading, slugs in (
        ("Needed first", list(page.listed("requires"))),
        ("Often confused with", domain.contrasts(page.slug)),
        ("Needed by", users[:USERS_SHOWN]),
    ):
        if slugs:
            parts.append(nodes.rubric("", heading))
            parts.append(_summaries(domain, slugs, page.docname))
    if len(users) > USERS_SHOWN:
        rest = _summaries(domain, users[USERS_SHOWN:], page.docname)
        parts.append(folded("", rest, summary=f"{len(users) - USERS_SHOWN} more"))
    parts = parts or [nodes.paragraph("", "No other page leans on this one yet.")]
    return [*parts, *found_as(page)]


def found_as(page: Page) -> list[nodes.Node]:
    """Return the names and questions under which the search finds a page: nothing that it weighs is hidden."""
    names, questions = page.listed("aliases"), page.listed("questions")
    parts: list[nodes.Node] = []
    if questions:
        items = [nodes.list_item("", nodes.paragraph("", question)) for question in questions]
        parts += [nodes.rubric("", "Questions answered here"), nodes.bullet_list("", *items, classes=["fb-columns"])]
    if names:
        parts += [nodes.rubric("", "Also found as"), nodes.paragraph("", ", ".join(names), classes=["fb-names"])]
    return parts


def area_listing(domain: ConceptDomain, area: str, order: list[str], docname: str) -> list[nodes.Node]:
    """Return the pages of an area in reading order, then the pages to come."""
    by_docname = {page.docname: page for page in domain.in_area(area)}
    pages = [by_docname.pop(name) for name in order if name in by_docname]
    pages += by_docname.values()
    parts: list[nodes.Node] = []
    if pages:
        parts.append(_summaries(domain, [page.slug for page in pages], docname))
    coming = domain.coming(area)
    if coming:
        items = [nodes.list_item("", nodes.paragraph("", title)) for title in coming]
        parts.append(nodes.rubric("", "Pages to come"))
        parts.append(nodes.bullet_list("", *items, classes=["fb-planned", "fb-columns"]))
    return parts


def area_grid(domain: ConceptDomain, env: Any, docname: str) -> nodes.Node:
    """Return a list of areas: name, what it is about, how many pages it has."""
    items = []
    for area, about in env.config.fieldbook_areas.items():
        index = f"docs/{area}/index"
        name = nodes.inline("", area)
        if index in env.titles:  # an area whose page is missing is still named
            name = _doc_reference(index, env.titles[index].astext(), docname)
        count = len(domain.in_area(area))
        coming = len(domain.coming(area))
        pages = f"{count} page{'' if count == 1 else 's'}" if count else "no pages yet"
        items.append(
            nodes.list_item(
                "",
                nodes.paragraph("", "", name, classes=["fb-name"]),
                nodes.paragraph("", about),
                nodes.paragraph("", pages + (f", {coming} to come" if coming else ""), classes=["fb-count"]),
            )
        )
    return nodes.bullet_list("", *items, classes=["fb-areas"])


def _summaries(domain: ConceptDomain, slugs: Iterable[str], docname: str) -> nodes.Node:
    pages = domain.pages
    items = []
    for slug in slugs:
        summary = pages[slug].summary if slug in pages else ""
        item = nodes.list_item("", nodes.paragraph("", "", _mention(domain, slug, docname)))
        if summary:
            item += nodes.paragraph("", summary)
        items.append(item)
    return nodes.bullet_list("", *items, classes=["fb-concepts"])


def _mention(domain: ConceptDomain, slug: str, docname: str) -> nodes.Node:
    title = domain.title(slug) or slug
    if slug in domain.pages:
        return concept_reference(slug, title, docname)
    return nodes.inline("", title, classes=["fb-planned"])


def _doc_reference(target: str, title: str, docname: str) -> addnodes.pending_xref:
    return addnodes.pending_xref(
        "",
        nodes.inline("", title),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{target}",
        refexplicit=True,
        refwarn=True,
        refdoc=docname,
    )


def visit_folded_html(self: Any, node: folded) -> None:
    """Open the details element with its summary."""
    self.body.append(self.starttag(node, "details", CLASS="fb-folded"))
    self.body.append(f"<summary>{self.encode(node['summary'])}</summary>\n")


def depart_folded_html(self: Any, node: folded) -> None:
    """Close it."""
    self.body.append("</details>\n")


def visit_plain(self: Any, node: nodes.Element) -> None:
    """Let other writers show the children as they are."""


def setup_generated(app: Sphinx) -> None:
    """Register placeholders, transforms and the handler that appends the tail."""
    app.add_directive("related-concepts", RelatedConceptsDirective)
    app.add_directive("area-pages", AreaPagesDirective)
    app.add_directive("area-cards", AreaCardsDirective)
    for node in (page_meta, related_concepts, area_pages, area_cards):
        app.add_node(node)
    plain = (visit_plain, visit_plain)
    app.add_node(folded, html=(visit_folded_html, depart_folded_html), text=plain, latex=plain)
    app.add_transform(AddPageMeta)
    app.add_post_transform(FillGenerated)
    app.connect("source-read", on_source_read)
