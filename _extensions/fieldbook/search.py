"""What the search knows: gathered while a page is read, written beside the pages when all are.

Of each concept page the search weighs its title, its aliases, its summary, its headings, the questions of its front
matter and of its cards, and of its text the words that tell it from other pages. All of that stands on the page. The
engine is `_static/search-engine.js`: a reader's browser runs it, and so does Node while building (`build_search.cjs`),
which picks those words. MiniSearch and Sphinx's own copy of Snowball's stemmer stand beside it as scripts; a page loads
the three and the data only when its reader goes to the search box, and a script works from disk.

Sphinx's own index is switched off.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes, package_dir
from sphinx.errors import ExtensionError

from fieldbook.domain import ConceptDomain, Place, concepts
from fieldbook.flashcards import flashcard
from fieldbook.generated import page_meta
from fieldbook.node import find_node
from fieldbook.structure import GENERATED, PARTS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
MINISEARCH = ROOT / "node_modules" / "minisearch"
ENGINE = ROOT / "_static" / "search-engine.js"
STEMMER = [Path(package_dir, "search", "minified-js", f"{name}-stemmer.js") for name in ("base", "english")]
FOLDER = "search"
"""Holds, in ``_static``, what is not written by hand: data, index, stemmer."""

Passage = tuple[str, str, str]
"""Where it stands (an id on its page), its heading or question, its text."""

UNREAD = (nodes.literal_block, nodes.math_block, nodes.comment, page_meta, flashcard)


def plain(node: nodes.Node) -> str:
    """Return the text of a node without displayed formulas, code, cells and the names of sources.

    An inline formula stays if it is one name or number, such as n; else it is an ellipsis.

    Examples
    --------
    >>> plain(nodes.title("", "", nodes.Text("Of "), nodes.math("", "n"), nodes.Text(" or "), nodes.math("", "n^2")))
    'Of n or …'
    """
    return " ".join("".join(_texts(node)).split())


def _texts(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.Text):
        return [node.astext()]
    if isinstance(node, nodes.math):
        return [node.astext() if node.astext().isalnum() else "…"]
    if isinstance(node, (*UNREAD, nodes.section)) or (isinstance(node, nodes.container) and node.get("nb_element")):
        return []
    if isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "cite":
        return []
    block = isinstance(node, (nodes.Body, nodes.TextElement)) and not isinstance(node, nodes.Inline)
    return [part for child in node.children for part in _texts(child)] + [" "] * block


def passages(document: nodes.document) -> tuple[str, list[Passage], list[Passage]]:
    """Return the opening of a page, its sections and its cards."""
    top = next(document.findall(nodes.section))
    sections = [
        (section["ids"][0], plain(section[0]), _own_text(section))
        for section in top.findall(nodes.section)
        if section is not top and section[0].astext() not in GENERATED
    ]
    cards = [
        (card["ids"][0], plain(card[0]), " ".join(plain(part) for part in card[1:])) for card in top.findall(flashcard)
    ]
    return _own_text(top), sections, cards


def _own_text(section: nodes.Element) -> str:
    return " ".join(text for child in section.children[1:] if (text := plain(child)))


def records(domain: ConceptDomain) -> list[dict[str, Any]]:
    """Return what the search knows of each page, sorted by slug."""
    found = []
    for slug, page in sorted(domain.pages.items()):
        opening, sections, cards = domain.data["passages"].get(page.docname, ("", [], []))
        found.append(
            {
                "slug": slug,
                "title": page.title,
                "area": page.area,
                "summary": page.summary,
                "aliases": page.listed("aliases"),
                "questions": page.listed("questions"),
                "opening": opening,
                "sections": sections,
                "cards": cards,
            }
        )
    return found


def places(app: Sphinx) -> list[tuple[str, str]]:
    """Return title and address of every page that is not about a concept; they are found by their titles alone."""
    titles, areas = app.env.titles, app.config.fieldbook_areas
    return [
        (titles[docname].astext(), app.builder.get_target_uri(docname))
        for docname in sorted(titles)
        if Place.of(docname, areas) is None and docname != app.config.root_doc
    ]


# --- handlers --------------------------------------------------------------------------------------------------------


def on_builder_inited(app: Sphinx) -> None:
    """Switch Sphinx's own index off, before it asks for words; put the libraries beside the pages."""
    if app.builder.format != "html":
        return
    app.builder.search = False  # type: ignore[attr-defined]
    if not MINISEARCH.exists():
        raise ExtensionError("MiniSearch is not installed; run 'make html', which installs it")
    target = Path(app.outdir, "_static", FOLDER)
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(MINISEARCH / "dist" / "umd" / "index.js", target / "minisearch.js")
    shutil.copy(MINISEARCH / "LICENSE.txt", target / "minisearch.LICENSE.txt")
    (target / "stemmer.js").write_text(
        "\n".join(path.read_text(encoding="utf-8") for path in STEMMER), encoding="utf-8"
    )


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Keep what the search will know of the page just read."""
    docname = app.env.docname
    if Place.of(docname, app.config.fieldbook_areas) and next(doctree.findall(nodes.section), None):
        concepts(app.env).data["passages"][docname] = passages(doctree)


def on_build_finished(app: Sphinx, exception: Exception | None) -> None:
    """Write the data of the search."""
    if exception is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", FOLDER)
    known = {"pages": records(concepts(app.env)), "places": places(app), "parts": PARTS}
    command = [find_node(), Path(__file__).with_name("build_search.cjs"), ENGINE, folder]
    ran = subprocess.run(command, input=json.dumps(known), capture_output=True, encoding="utf-8", check=False)
    if ran.returncode != 0:
        raise ExtensionError(f"the data of the search could not be made: {ran.stderr.strip()}")


def setup_search(app: Sphinx) -> None:
    """Register the handlers."""
    app.connect("builder-inited", on_builder_inited)
    app.connect("doctree-read", on_doctree_read)
    app.connect("build-finished", on_build_finished)
