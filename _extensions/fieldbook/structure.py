"""The shape of a concept page: its parts, their order and length, one link to a concept a section; what is a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from fieldbook.callouts import Misread, Pitfall
from fieldbook.domain import Place, concepts, is_concept_link
from fieldbook.faults import Fault, Rule, did_you_mean, warn
from fieldbook.flashcards import flashcard
from fieldbook.generated import page_meta
from fieldbook.source import has_title, unclosed_fences
from fieldbook.tree import ancestors, count_words, source_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PARTS = ("How it works", "See it run", "Choosing and tuning", "Often misread", "Check yourself")
GENERATED = ("Related concepts", "Sources")
OPENING_WORDS = 130
BODY_WORDS = 1500
CARDS = range(3, 9)
MISREADS = 6
OTHER_FOLDERS = ("about", "contributing")


def check_source(text: str, docname: str) -> list[Fault]:
    """Return what is wrong with the source of any page: a fence left open, no title."""
    message = "this fence is never closed and swallows what follows; close it with as many marks as it was opened with"
    faults = [Fault(docname, line, Rule.STRUCTURE, message) for line in unclosed_fences(text)]
    if not has_title(text):
        message = "the page has no title; begin it, after the front matter, with '# Title'"
        faults.append(Fault(docname, 1, Rule.TITLE, message))
    return faults


def check_page(document: nodes.document, docname: str) -> list[Fault]:
    """Return what is wrong with the shape of a concept page that has a title."""
    section = next(node for node in document.children if isinstance(node, nodes.section))
    parts = [node for node in section.children if isinstance(node, nodes.section)]
    written = [part for part in parts if part[0].astext() not in GENERATED]
    return [
        *_part_faults(written, docname),
        *_opening_faults(section, docname),
        *_length_faults(written, docname),
        *_callout_faults(document, docname),
        *_source_faults(document, docname),
    ]


def _part_faults(parts: list[nodes.section], docname: str) -> list[Fault]:
    faults = []
    last = -1
    for part in parts:
        name = part[0].astext()
        if name not in PARTS:
            remedy = did_you_mean(name, PARTS) or f"; the parts are {', '.join(PARTS)}"
            message = f"'{name}' is no part of a page{remedy} (use '###' for headings of your own)"
            faults.append(Fault(docname, part.line or 0, Rule.STRUCTURE, message))
        elif PARTS.index(name) <= last:
            message = f"part '{name}' stands too late or twice; the order is {', '.join(PARTS)}"
            faults.append(Fault(docname, part.line or 0, Rule.STRUCTURE, message))
        else:
            last = PARTS.index(name)
    return faults


def _opening_faults(section: nodes.section, docname: str) -> list[Fault]:
    opening = [
        node for node in section.children[1:] if not isinstance(node, (nodes.section, nodes.admonition, page_meta))
    ]
    words = sum(count_words(node) for node in opening)
    if not words:
        message = f"the page has no opening; say in at most {OPENING_WORDS} words what it is and why anyone cares"
        return [Fault(docname, section.line or 0, Rule.STRUCTURE, message)]
    if words > OPENING_WORDS:
        over = words - OPENING_WORDS
        message = f"the opening has {words} words, {over} more than {OPENING_WORDS}; move some into 'How it works'"
        return [Fault(docname, section.line or 0, Rule.STRUCTURE, message)]
    return []


def _length_faults(parts: list[nodes.section], docname: str) -> list[Fault]:
    body = [part for part in parts if part[0].astext() in PARTS[:3]]
    words = sum(count_words(part) for part in body)
    if words <= BODY_WORDS:
        return []
    message = (
        f"the body has {words} words, {words - BODY_WORDS} more than {BODY_WORDS}; it is two concepts, or too long"
    )
    return [Fault(docname, body[0].line or 0, Rule.STRUCTURE, message)]


def check_links(document: nodes.document, docname: str, is_concept: Callable[[str], bool]) -> list[Fault]:
    """Return the links that a section has to a concept it already links; the opening is a section, a card is apart."""
    faults = []
    first: dict[tuple[int, str], int] = {}
    for node in document.findall(is_concept_link):
        slug, parents = node["reftarget"], list(ancestors(node))
        if any(isinstance(parent, flashcard) for parent in parents):
            continue
        sections = [parent for parent in parents if isinstance(parent, nodes.section)]
        line, key = source_line(node), (id(sections[-2]) if len(sections) > 1 else 0, slug)
        if key in first and is_concept(slug):  # a label, such as a figure's, may be linked at will
            message = (
                f"this section links '{slug}' already in line {first[key]}; keep that link and only the words here"
            )
            faults.append(Fault(docname, line, Rule.LINK, message))
        first.setdefault(key, line)
    return faults


def _callout_faults(document: nodes.document, docname: str) -> list[Fault]:
    def count(css_class: str) -> int:
        return sum(css_class in node["classes"] for node in document.findall(nodes.admonition))

    found = []
    if count(Pitfall.css_class) != 1:
        found.append(
            f"the page has {count(Pitfall.css_class)} pitfalls, not one; name the one mistake that costs people most"
        )
    if count(Misread.css_class) > MISREADS:
        found.append(f"the page has {count(Misread.css_class)} misreadings, more than {MISREADS}; group the small ones")
    cards = sum(1 for _ in document.findall(flashcard))
    if cards not in CARDS:
        found.append(f"the page has {cards} flashcards; give it {CARDS[0]} to {CARDS[-1]} under 'Check yourself'")
    return [Fault(docname, 0, Rule.STRUCTURE, message) for message in found]


def _source_faults(document: nodes.document, docname: str) -> list[Fault]:
    if any(node.get("refdomain") == "cite" for node in document.findall(addnodes.pending_xref)):
        return []
    message = "the page cites no source; say where its claims can be checked"
    return [Fault(docname, 0, Rule.STRUCTURE, message)]


# --- handlers --------------------------------------------------------------------------------------------------------


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Hold the page just read to its shape."""
    docname, areas = app.env.docname, app.config.fieldbook_areas
    place = Place.of(docname, areas)
    text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
    warn(check_source(text, docname))
    if place is not None and has_title(text):
        warn(check_page(doctree, docname))
        planned, found = concepts(app.env).planned, app.env.found_docs
        warn(
            check_links(
                doctree, docname, lambda slug: slug in planned or any(f"docs/{area}/{slug}" in found for area in areas)
            )
        )
    concepts(app.env).data["headings"][docname] = [
        (node["ids"][0], node.line or 0) for node in doctree.findall(nodes.section) if node["ids"]
    ]


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Report pages outside the areas and headings that would capture a concept's links."""
    areas, pages = env.config.fieldbook_areas, concepts(env).pages
    faults = []
    for docname in sorted(env.all_docs):
        parts = docname.split("/")
        if parts[0] != "docs":
            continue
        if len(parts) != 3 or parts[1] not in (*areas, *OTHER_FOLDERS):
            folder = parts[1] if len(parts) > 2 else "docs"
            remedy = did_you_mean(folder, areas) or f"; the areas are {', '.join(areas)}"
            message = f"'{folder}' is no area{remedy} (pages are docs/<area>/<slug>.md)"
            faults.append(Fault(docname, 1, Rule.AREA, message))
        place = Place.of(docname, areas)
        for heading, line in concepts(env).data["headings"].get(docname, ()):
            if heading in pages and (place is None or heading != place.slug):
                message = f"this heading has the id '{heading}', which is the slug of another page; word it otherwise"
                faults.append(Fault(docname, line, Rule.TITLE, message))
    warn(faults)


def setup_structure(app: Sphinx) -> None:
    """Connect the checks."""
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-check-consistency", on_env_check_consistency)
