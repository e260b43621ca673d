"""The concept domain: the one owner of what pages say about themselves.

While a page is read, its record, its links, its cards and the digest of its outputs are stored under its document
name; nothing is computed from other pages then. When all pages are read, `on_env_updated` works out what each page
shows of the others (`view`) and returns only the pages for which that has changed, so that the lists of an incremental
build are those of a fresh one. The domain registers each slug as a standard label and has no object types of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.domains import Domain
from sphinx.util import docname_join

from fieldbook import concept, navigation, planned
from fieldbook.cards import Card
from fieldbook.faults import Fault, Rule, did_you_mean, warn
from fieldbook.graph import find_cycles, used_by
from fieldbook.source import code_cells
from fieldbook.tree import count_words, source_line

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

WORDS_PER_MINUTE = 200


@dataclass(frozen=True)
class Page:
    """What is known of one concept page.

    Parameters
    ----------
    docname, slug, area, title : str
        Where it is and what it is called.
    concept : Concept or None
        Its front matter; None while that is faulty.
    lines : dict of str to int
        The line of each front matter key.
    words : int
        Words of prose, cards included, code and mathematics not.
    """

    docname: str
    slug: str
    area: str
    title: str
    concept: concept.Concept | None
    lines: dict[str, int] = field(default_factory=dict)
    words: int = 0

    @property
    def minutes(self) -> int:
        """Reading time in whole minutes, at least one."""
        return max(1, round(self.words / WORDS_PER_MINUTE))

    @property
    def summary(self) -> str:
        """Its summary, or nothing while the front matter is faulty."""
        return self.concept.summary if self.concept else ""

    def listed(self, key: str) -> tuple[str, ...]:
        """Return the list under `key` (``aliases``, ``questions``, ``requires`` or ``contrasts``)."""
        return getattr(self.concept, key) if self.concept else ()


class ConceptDomain(Domain):
    """Records, links, cards and outputs of every page, and what was last written about them."""

    name = "concept"
    label = "Concept"
    initial_data = {  # noqa: RUF012 (Sphinx copies it)
        "pages": {},  # document name: Page
        "links": {},  # document name: [(slug, line)], of any document
        "citations": {},  # document name: [(line, keys as written)]
        "cards": {},  # document name: [Card]
        "runnable": {},  # document name: what of it runs
        "shown": {},  # document name: the digest of the outputs that it was read with
        "headings": {},  # document name: [(id, line)]
        "named": {},  # document name: the documents that it names by path
        "sources": {},  # document name: the digest of what it was read from
        "references": {},  # document name: {(target, id inside it)} of every reference
        "numbers": {},  # document name: number_gate.PageNumbers
        "passages": {},  # document name: what the search knows of its text
        "tested": {},  # document name: the figures that it was last written with
        "planned": {},  # slug: planned.Entry
        "written": {},  # document name: the view it was last written with
    }
    data_version = 4  # raise when the shape of the data changes

    per_document = ("pages", "links", "citations", "cards", "shown", "headings", "written")
    per_document += ("named", "sources", "references", "numbers", "passages", "tested")

    def clear_doc(self, docname: str) -> None:
        """Forget a document that is to be read again or is gone."""
        self.__dict__.pop("site", None)
        for store in self.per_document:
            self.data[store].pop(docname, None)

    def merge_domaindata(self, docnames: set[str], otherdata: dict[str, Any]) -> None:
        """Take what another process read of `docnames`."""
        self.__dict__.pop("site", None)
        for store in self.per_document:
            for docname in docnames & otherdata[store].keys():
                self.data[store][docname] = otherdata[store][docname]

    def process_doc(self, env: BuildEnvironment, docname: str, document: document) -> None:
        """Record what the page says of itself."""
        self.__dict__.pop("site", None)
        self.data["citations"][docname] = [
            (source_line(node), node["reftarget"])
            for node in document.findall(addnodes.pending_xref)
            if node.get("refdomain") == "cite"
        ]
        slug_of = Place.of(docname, env.config.fieldbook_areas)
        if slug_of is None:
            return
        text = Path(env.doc2path(docname)).read_text(encoding="utf-8")
        front = concept.parse(text, docname)
        heading = next(document.findall(nodes.title), None)
        title = heading.astext() if heading is not None else slug_of.slug
        self.data["pages"][docname] = Page(
            docname,
            slug_of.slug,
            slug_of.area,
            title,
            front.concept,
            front.lines,
            count_words(document),
        )
        env.domains.standard_domain.note_hyperlink_target(slug_of.slug, docname, "", title)
        warn([*front.faults, *_kernel_faults(front, text, docname)])

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Return nothing: slugs are standard labels."""
        return iter(())

    def resolve_any_xref(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Resolve nothing: slugs are standard labels."""
        return []

    @cached_property
    def site(self) -> Site:
        """What all pages together say, worked out once after any page has changed."""
        ordered = sorted(self.data["pages"].values(), key=lambda page: page.docname, reverse=True)
        return Site.of({page.slug: page for page in ordered})

    @cached_property
    def parents(self) -> dict[str, str]:
        """The document that lists each document."""
        return navigation.parents(self.env)

    @property
    def pages(self) -> dict[str, Page]:
        """Each slug's page; of two pages with one slug the first by document name."""
        return self.site.pages

    @property
    def planned(self) -> dict[str, planned.Entry]:
        """The pages to come, by slug."""
        return self.data["planned"]

    def title(self, slug: str) -> str | None:
        """Return the title of a page that exists or is planned."""
        if slug in self.pages:
            return self.pages[slug].title
        return self.planned[slug].title if slug in self.planned else None

    def in_area(self, area: str) -> list[Page]:
        """Return the pages of an area, sorted by title with the slug as tie-break."""
        return self.site.areas.get(area, [])

    def coming(self, area: str) -> list[str]:
        """Return the titles of the pages to come in an area, in the order in which they are planned."""
        return [entry.title for entry in self.planned.values() if entry.area == area]

    def users(self, slug: str) -> list[str]:
        """Return the slugs of the pages that require one."""
        return self.site.users.get(slug, [])

    def contrasts(self, slug: str) -> list[str]:
        """Return what a page is confused with: its own list, then the pages that name it."""
        own = list(self.pages[slug].listed("contrasts")) if slug in self.pages else []
        return own + [other for other in self.site.named_by.get(slug, []) if other not in own and other != slug]


@dataclass(frozen=True)
class Site:
    """The pages by slug, and what follows from all of them."""

    pages: dict[str, Page]
    areas: dict[str, list[Page]]
    users: dict[str, list[str]]
    named_by: dict[str, list[str]]

    @classmethod
    def of(cls, pages: dict[str, Page]) -> Site:
        """Work out areas, users and reverse contrasts."""
        areas: dict[str, list[Page]] = {}
        for page in sorted(pages.values(), key=lambda page: (page.title.casefold(), page.slug)):
            areas.setdefault(page.area, []).append(page)
        users = used_by({slug: page.listed("requires") for slug, page in pages.items()})
        named_by = used_by({slug: page.listed("contrasts") for slug, page in pages.items()})
        return cls(pages, areas, users, named_by)


@dataclass(frozen=True)
class Place:
    """Area and slug of a concept page, read off its document name."""

    area: str
    slug: str

    @classmethod
    def of(cls, docname: str, areas: dict[str, str]) -> Place | None:
        """Return the place of ``docs/<area>/<slug>``, or None for every other document."""
        parts = docname.split("/")
        if len(parts) == 3 and parts[0] == "docs" and parts[1] in areas and parts[2] != "index":
            return cls(parts[1], parts[2])
        return None


def concepts(env: BuildEnvironment) -> ConceptDomain:
    """Return the concept domain of an environment."""
    return env.get_domain("concept")  # type: ignore[return-value]


def is_concept_link(node: nodes.Node) -> bool:
    """Tell whether a pending reference was written ``[text](#target)``; a path is none of ours."""
    return (
        isinstance(node, addnodes.pending_xref)
        and node.get("reftype") == "myst"
        and node.get("refdomain") != "doc"
        and not {"/", "."} & set(node["reftarget"])
    )


def _kernel_faults(front: concept.FrontMatter, text: str, docname: str) -> list[Fault]:
    cells = code_cells(text)
    if front.concept is None or bool(cells) == (front.concept.file_format is not None):
        return []
    if cells:
        message = (
            "the page has cells, but no 'file_format: mystnb' and 'kernelspec: {name: python3}'; "
            "add both at the head of the front matter"
        )
        return [Fault(docname, cells[0].line, Rule.FRONT_MATTER, message)]
    message = "the page has no cells; take 'file_format' and 'kernelspec' out of the front matter"
    return [Fault(docname, front.line("file_format"), Rule.FRONT_MATTER, message)]


# --- handlers --------------------------------------------------------------------------------------------------------


def on_builder_inited(app: Sphinx) -> None:
    """Read the list of pages to come."""
    path = Path(app.srcdir, planned.PATH)
    entries, faults = planned.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    concepts(app.env).data["planned"] = entries
    warn(faults, app.srcdir)


def on_doctree_read(app: Sphinx, doctree: document) -> None:
    """Record what the page just read refers to: MyST makes its links only after the domains have seen it."""
    docname, data = app.env.docname, concepts(app.env).data
    found = list(doctree.findall(addnodes.pending_xref))
    data["links"][docname] = [(node["reftarget"], source_line(node)) for node in found if is_concept_link(node)]
    data["references"][docname] = {
        (
            docname_join(docname, node["reftarget"]) if node.get("reftype") == "doc" else node["reftarget"],
            node.get("reftargetid"),
        )
        for node in found
        if node.get("refdomain") != "cite"
    }


def on_env_updated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages that show something of others which has changed.

    The home page is always among them: with nothing to write Sphinx would skip the checks of the whole site.
    """
    domain = concepts(env)
    domain.__dict__.pop("parents", None)
    relations = env.collect_relations()
    targets = Targets(env)
    changed = [env.config.root_doc]
    for docname in sorted(env.all_docs):
        current = view(domain, docname, targets, relations.get(docname, []))
        if domain.data["written"].get(docname) != current:
            domain.data["written"][docname] = current
            changed.append(docname)
    return changed


class Targets:
    """What references lead to: documents with their titles, labels and equations with their places."""

    def __init__(self, env: BuildEnvironment) -> None:
        standard = env.domains.standard_domain
        self.titles = {docname: str(title) for docname, title in env.titles.items()}  # with their markup
        self.stores = (self.titles, standard.labels, standard.anonlabels, env.domains.math_domain.equations)
        self.inside: dict[str, list[Any]] = {}
        for name, (docname, *place) in sorted(standard.anonlabels.items()):
            self.inside.setdefault(docname, []).append((name, *place, standard.labels.get(name)))

    def of(self, target: str, inside: str | None) -> tuple[Any, ...]:
        """Return all that a target may mean, and with an id inside a document the labels of that document."""
        return (*(store.get(target) for store in self.stores), inside and self.inside.get(target))


def view(domain: ConceptDomain, docname: str, targets: Targets, relations: list[str | None]) -> tuple[Any, ...]:
    """Return everything of other documents that `docname` shows: titles, summaries, places, order."""
    env, pages = domain.env, domain.pages
    shown: set[str] = {slug for slug, _ in domain.data["links"].get(docname, ())}
    page = domain.data["pages"].get(docname)
    related: tuple[Any, ...] = ()
    if page is not None:
        related = (tuple(domain.contrasts(page.slug)), tuple(domain.users(page.slug)))
        shown |= {*page.listed("requires"), *related[0], *related[1]}
    known = tuple(
        (slug, pages[slug].docname, pages[slug].title, pages[slug].summary)
        if slug in pages
        else (slug, domain.title(slug))
        for slug in sorted(shown)
    )
    sources = env.get_domain("cite").shown(docname)  # type: ignore[attr-defined]
    documents = [*(name for name in relations if name), *navigation.shown_documents(env, domain.parents, docname)]
    areas = env.config.fieldbook_areas if docname == env.config.root_doc else [page.area] if page else []
    documents += [f"docs/{area}/index" for area in areas]
    around = tuple((name, targets.titles.get(name)) for name in documents)
    referred = tuple(
        (target, part, targets.of(target, part))
        for target, part in sorted(domain.data["references"].get(docname, ()), key=str)
    )
    listed: tuple[Any, ...] = ()
    if docname == env.config.root_doc:
        listed = tuple(
            (area, len(domain.in_area(area)), len(domain.coming(area))) for area in env.config.fieldbook_areas
        )
    elif docname == "docs/about/a-to-z":
        listed = tuple((other.docname, other.title, other.listed("aliases")) for _, other in sorted(pages.items()))
    elif docname.endswith("/index"):
        area = docname.split("/")[-2]
        inside = domain.in_area(area)
        listed = (tuple((other.docname, other.title, other.summary) for other in inside), tuple(domain.coming(area)))
    return (known, related, around, referred, listed, sources)


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Report every fault that only the whole site shows."""
    domain = concepts(env)
    warn(graph_faults(domain), app.srcdir)


def graph_faults(domain: ConceptDomain) -> list[Fault]:
    """Return unknown slugs, pages that contrast with themselves, cycles, doubled slugs, stale plans."""
    pages, known = domain.pages, {*domain.pages, *domain.planned}
    faults = []
    for page in sorted(domain.data["pages"].values(), key=lambda page: page.docname):
        if pages[page.slug] is not page:
            message = (
                f"slug '{page.slug}' is taken by {pages[page.slug].docname}.md; a slug names one page, rename this one"
            )
            faults.append(Fault(page.docname, 1, Rule.AREA, message))
        for key, rule in (("requires", Rule.REQUIRES), ("contrasts", Rule.CONTRASTS)):
            line = page.lines.get(key, 1)
            for slug in page.listed(key):
                if slug not in known:
                    remedy = did_you_mean(slug, known) or f"; add it to {planned.PATH} or remove it"
                    faults.append(Fault(page.docname, line, rule, f"unknown slug '{slug}' in {key}{remedy}"))
            if key == "contrasts" and page.slug in page.listed(key):
                message = f"'{page.slug}' contrasts with itself; remove it from contrasts"
                faults.append(Fault(page.docname, line, rule, message))
    for cycle in find_cycles({slug: page.listed("requires") for slug, page in pages.items()}):
        page = pages[cycle[0]]
        walk = " → ".join(cycle)
        message = f"requires goes round in a circle: {walk}; take one of these prerequisites out"
        faults.append(Fault(page.docname, page.lines.get("requires", 1), Rule.REQUIRES, message))
    for slug, entry in sorted(domain.planned.items()):
        if slug in pages:
            message = f"'{slug}' is planned, but {pages[slug].docname}.md exists; remove this entry"
            faults.append(Fault(planned.PATH, entry.line, Rule.PLANNED, message))
    return faults


def stored_cards(domain: ConceptDomain) -> list[Card]:
    """Return the cards of all pages, in the order of document and line."""
    return [card for docname in sorted(domain.data["cards"]) for card in domain.data["cards"][docname]]


def setup_domain(app: Sphinx) -> None:
    """Register the domain and its handlers."""
    app.add_config_value("fieldbook_areas", {}, "env", types=frozenset({dict}))
    app.add_domain(ConceptDomain)
    app.connect("builder-inited", on_builder_inited)
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-updated", on_env_updated)
    app.connect("env-check-consistency", on_env_check_consistency)
