"""The shape of a concept page: its parts, their order and length, one link to a concept a section; what is a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from fieldbook import concept
from fieldbook.callouts import Misread, Pitfall
from fieldbook.domain import Place, concepts, is_concept_link
from fieldbook.faults import Fault, Rule, did_you_mean, warn
from fieldbook.flashcards import flashcard
from fieldbook.generated import page_meta
from fieldbook.hygiene import conflict, second_page
from fieldbook.source import code_cells, has_title, headings, unclosed_fences
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
    """Return what is wrong with the source of any page: a fence left open, titles and levels of headings."""
    if second_page(text) or conflict(text):
        return []  # `hygiene` says so; what follows from it is no fault of its own
    message = "this fence is never closed and swallows what follows; close it with as many marks as it was opened with"
    faults = [Fault(docname, line, Rule.STRUCTURE, message) for line in unclosed_fences(text)]
    if not has_title(text):
        message = "the page has no title; begin it, after the front matter, with '# Title'"
        faults.append(Fault(docname, 1, Rule.TITLE, message))
    return [*faults, *_heading_faults(text, docname)]


def _heading_faults(text: str, docname: str) -> list[Fault]:
    """Return second titles, and headings that skip a level; those before the title skip nothing."""
    faults, level, titles = [], 0, 0
    for line, depth in headings(text):
        titles += depth == 1
        if depth == 1 and titles > 1:
            message = "the page has a second title; write '##' for a part, '###' for a heading inside one"
            faults.append(Fault(docname, line, Rule.TITLE, message))
        elif titles and depth > level + 1:
            message = f"the heading skips a level; write '{'#' * (level + 1)}', not '{'#' * depth}'"
            faults.append(Fault(docname, line, Rule.STRUCTURE, message))
        level = depth
    return faults


def _front_faults(text: str, docname: str) -> list[Fault]:
    """Return what is wrong with front matter and cells of a page outside the areas; `domain` judges the others."""
    front = concept.parse(text, docname)
    unread = [fault for fault in front.faults if front.end and not front.lines]
    lines = [cell.line for cell in code_cells(text)]
    if lines and "file_format" not in front.lines and not unread:
        message = "the page has cells, but its front matter no 'file_format: mystnb' and 'kernelspec: {name: python3}'"
        unread.append(Fault(docname, lines[0], Rule.FRONT_MATTER, message))
    return unread


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
    if place is None:
        warn(_front_faults(text, docname))
    elif has_title(text) and not second_page(text) and not conflict(text):
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
    listed = {env.config.root_doc, *env.included, *(name for names in env.toctree_includes.values() for name in names)}
    for docname in sorted(env.all_docs):
        parts = docname.split("/")
        if parts[0] != "docs":
            continue
        if message := _misplaced(parts, areas):
            faults.append(Fault(docname, 1, Rule.AREA, message))
        if docname not in listed and "orphan" not in env.metadata[docname]:
            index = f"{docname.rpartition('/')[0]}/index.md"
            message = f"no list of pages leads to this one; add '{parts[-1]}' to the toctree of {index}"
            faults.append(Fault(docname, 0, Rule.TOCTREE, message))
        place = Place.of(docname, areas)
        for heading, line in concepts(env).data["headings"].get(docname, ()):
            if heading in pages and (place is None or heading != place.slug):
                message = f"this heading has the id '{heading}', which is the slug of another page; word it otherwise"
                faults.append(Fault(docname, line, Rule.TITLE, message))
    warn(faults)


def _misplaced(parts: list[str], areas: dict[str, str]) -> str:
    """Return what is wrong with the place of a page, or nothing."""
    folder = parts[1] if len(parts) > 2 else "docs"
    if len(parts) < 3 or parts[1] not in (*areas, *OTHER_FOLDERS):
        remedy = did_you_mean(folder, areas) or f"; the areas are {', '.join(areas)}"
        return f"'{folder}' is no area{remedy} (pages are docs/<area>/<slug>.md)"
    if len(parts) > 3:
        return f"an area has no folders of its own; move the page to docs/{folder}/{parts[-1]}.md"
    if not re.fullmatch(concept.SLUG, parts[2]):
        slug = re.sub(r"[^a-z0-9]+", "-", parts[2].lower()).strip("-")
        return f"'{parts[2]}' is no slug; rename the file to '{slug}.md': lower case, digits and single hyphens"
    return ""


def setup_structure(app: Sphinx) -> None:
    """Connect the checks."""
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-check-consistency", on_env_check_consistency)
