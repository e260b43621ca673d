"""The number gate: what a page's text says in numbers is recorded when it is read, and judged in every build.

Reading turns each block of text into source lines (`fieldbook.numbers.Line`), while pasted text can still be told from
typed, and keeps those that may hold a number in the concept domain, with the literals of the page's code. So a changed
list of names or a changed result is judged anew without reading a page again, and a fault is said until it is mended.

Not judged as prose: code blocks (they run, or are shown as code), the outputs of cells (computed), tables made from
declarations. Strings that cells show (captions, alternative texts, titles) are judged by their code.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

from fieldbook import given, names, numbers, planned
from fieldbook.cell_code import has_check as is_checked
from fieldbook.cell_code import number_literals, out_of_sight, shown_strings, unchecked
from fieldbook.domain import Place, concepts
from fieldbook.faults import Fault, Rule, warn
from fieldbook.numbers import Line, Sources
from fieldbook.source import Cell, code_cells, directives, fences
from fieldbook.tree import ancestors, source_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

DECLARED = "fb-declared"
"""Class of what a directive makes from declarations of the code."""
SKIPPED = (
    nodes.docinfo,  # the front matter, of which `front_lines` takes what readers see
    nodes.comment,
    nodes.literal_block,  # code
    nodes.label,  # the number that docutils gives a footnote
    nodes.system_message,
    nodes.substitution_definition,
)
NUMBERED = (nodes.footnote_reference, nodes.citation_reference)
"""References whose number is worked out by docutils or Sphinx."""
SENTENCE_END = re.compile(r"[.!?][”’)\]]*\s*$")


@dataclass(frozen=True)
class PageNumbers:
    """What is kept of a page: its lines that may hold numbers, and the numbers of its code."""

    lines: tuple[Line, ...]
    literals: frozenset[float]
    reviewed: str = ""


# --- reading ---------------------------------------------------------------------------------------------------------


def text_lines(document: nodes.Element, source: str) -> list[Line]:
    """Return the source lines of a document's text that may hold numbers."""
    rows = source.splitlines()
    found = []
    for block in _blocks(document):
        for line in _lines(block):
            if numbers.may_hold_number(line.text) or numbers.GIVEN in line.kinds:
                opened = isinstance(block, nodes.math_block) and rows[source_line(block) - 1 :][:1] == ["$$"]
                found.append(replace(line, number=line.number + opened))  # the dollars stand on a line of their own
    return found


def _blocks(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what holds text: paragraphs, titles, formulas, and whatever inline node stands outside of one."""
    for child in node.children:
        if isinstance(child, SKIPPED) or _is_cell(child) or _is_declared(child):
            continue
        if isinstance(child, (nodes.TextElement, nodes.Inline, nodes.Text, nodes.raw, nodes.image)):
            yield child
        elif isinstance(child, nodes.Element):
            yield from _blocks(child)


def _is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") in ("cell_code", "cell_code_output")


def _is_declared(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and DECLARED in node.get("classes", ())


def _lines(block: nodes.Node) -> Iterator[Line]:
    """Lay the text of a block out as source lines."""
    parts = list(_parts(block, numbers.MATH if isinstance(block, nodes.math_block) else numbers.TYPED))
    text = "".join(part for part, _ in parts)
    kinds = "".join(kind * len(part) for part, kind in parts)
    place = _place(block)
    cited = _context_is_cited(block, place)
    number, start = source_line(block), 0
    for offset, row in enumerate(text.split("\n")):
        span = kinds[start : start + len(row)]
        yield Line(number + offset if number else 0, row, span, place, cited or numbers.CITATION in span)
        start += len(row) + 1


def _parts(node: nodes.Node, kind: str) -> Iterator[tuple[str, str]]:
    """Yield pieces of text with their kind."""
    if isinstance(node, nodes.Text):
        yield node.astext(), kind
    elif isinstance(node, (nodes.comment, nodes.system_message, nodes.label)):
        return
    elif isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "cite":
        yield numbers.OPAQUE, numbers.CITATION
    elif isinstance(node, NUMBERED) or (isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "math"):
        yield numbers.OPAQUE, numbers.OTHER
    elif isinstance(node, nodes.raw):
        yield re.sub(r"<[^>]*>", " ", node.astext()), kind
    elif isinstance(node, nodes.image):
        yield f" {node.get('alt', '')}", kind
    elif isinstance(node, nodes.Element):
        for child in node.children:
            yield from _parts(child, _kind(node, kind))


def _kind(node: nodes.Element, kind: str) -> str:
    classes = node.get("classes", ())
    if "pasted-text" in classes:
        return numbers.PASTED
    if given.CSS_CLASS in classes:
        return numbers.GIVEN
    if isinstance(node, (nodes.math, nodes.math_block)):
        return numbers.MATH
    if isinstance(node, nodes.literal):
        return numbers.CODE
    if isinstance(node, nodes.reference) and node.astext() == node.get("refuri"):
        return numbers.ADDRESS
    return kind


def _place(block: nodes.Node) -> str:
    if isinstance(block, nodes.title) and isinstance(block.parent, nodes.section):
        return "heading"
    return "table" if any(isinstance(parent, nodes.entry) for parent in ancestors(block)) else "sentence"


def _context_is_cited(block: nodes.Node, place: str) -> bool:
    """Tell whether a citation outside of the block covers it: in a table's row or caption, or before a formula."""
    if place == "table":
        row = next(parent for parent in ancestors(block) if isinstance(parent, nodes.row))
        table = next(parent for parent in ancestors(row) if isinstance(parent, nodes.table))
        return _cites(row) or any(_cites(child) for child in table.children if isinstance(child, nodes.title))
    if isinstance(block, nodes.math_block) and block.parent is not None:
        at = block.parent.index(block)
        before = block.parent[at - 1] if at else None
        if isinstance(before, nodes.paragraph):
            *_, last = _lines(before)
            return last.cited and not SENTENCE_END.search(last.text.rstrip(numbers.OPAQUE))
    return False


def _cites(node: nodes.Element) -> bool:
    return any(reference.get("refdomain") == "cite" for reference in node.findall(addnodes.pending_xref))


def front_lines(metadata: dict[str, Any], text: str) -> list[Line]:
    """Return what readers see of the front matter: summary, aliases and questions, which hold named numbers only."""
    found = []
    rows = text.splitlines()
    for key in ("summary", "aliases", "questions"):
        first = next((at for at, row in enumerate(rows, 1) if row.startswith(f"{key}:")), 1)
        items = list(itertools.takewhile(lambda row: row.lstrip().startswith("- "), rows[first:]))
        for part in _texts(metadata.get(key)):
            number = next((at for at, row in enumerate(items, first + 1) if part in row), first)
            place = "alias" if key == "aliases" else "heading"
            found.append(Line(number, part, numbers.TYPED * len(part), place))
    return [line for line in found if numbers.may_hold_number(line.text)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str) and value.startswith("["):  # Sphinx keeps a list as JSON
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    return [str(part) for part in value] if isinstance(value, list) else [str(value)] if value else []


def cell_lines(cells: list[Cell], text: str) -> list[Line]:
    """Return the strings that cells show, with their lines in the page."""
    rows = text.splitlines()
    found = []
    for index, line, string in shown_strings(cell.source for cell in cells):
        first = cells[index].line  # of the fence; options stand between it and the code
        while first < len(rows) and rows[first].startswith(":"):
            first += 1
        kinds = "".join(numbers.OTHER if char == numbers.OPAQUE else numbers.TYPED for char in string)
        found.append(Line(first + line, string, kinds, "cell"))
    return [line for line in found if numbers.may_hold_number(line.text)]


def label_lines(text: str) -> list[Line]:
    r"""Return the names that explorables give their controls; they hold named numbers only.

    Examples
    --------
    >>> [(line.number, line.text) for line in label_lines(":::{explore} a\n:labels: 7 bits\n:default: n:1\n:::\n")]
    [(2, ' 7 bits')]
    """
    found = []
    for block in directives(text, "explore"):
        for number, row in enumerate(block.body, block.line + 1):
            if row.startswith(":labels:"):
                label = row.removeprefix(":labels:")
                found.append(Line(number, label, numbers.TYPED * len(label), "heading"))
    return [line for line in found if numbers.may_hold_number(line.text)]


def month_in_words(reviewed: str) -> str:
    """Return a month as prose has it, or nothing if it is none.

    Examples
    --------
    >>> month_in_words("2026-11"), month_in_words("soon")
    ('November 2026', '')
    """
    try:
        return date.fromisoformat(f"{reviewed}-01").strftime("%B %Y")
    except ValueError:
        return ""


def page_literals(text: str, cells: list[Cell], module: str) -> frozenset[float]:
    """Return the numbers that stand in the page's cells, in its ``pycon`` fences and in its module."""
    found = {number for code in (*(cell.source for cell in cells), module) for number in number_literals(code)}
    for fence in fences(text, "pycon"):
        found |= {value for part in _numbers_in(fence.text) if (value := numbers.plain_number(part)) is not None}
    return frozenset(float(number) for number in found if abs(number) < 1e300)


def _numbers_in(text: str) -> list[str]:
    return re.findall(r"(?<![\w.])\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?", text)


# --- handlers --------------------------------------------------------------------------------------------------------


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Record the numbers of the page just read, and see that its cells are checked."""
    docname, env = app.env.docname, app.env
    text = Path(env.doc2path(docname)).read_text(encoding="utf-8")
    cells = code_cells(text)
    metadata = env.metadata[docname]
    lines = (*front_lines(metadata, text), *text_lines(doctree, text), *label_lines(text), *cell_lines(cells, text))
    module = ""
    place = Place.of(docname, app.config.fieldbook_areas)
    if place is not None and lines:
        path = Path(app.srcdir, "code_examples", place.area, place.slug.replace("-", "_") + ".py")
        if path.exists():
            module = path.read_text(encoding="utf-8")
            env.note_dependency(str(path))
    reviewed = month_in_words(str(metadata.get("reviewed", "")))
    record = PageNumbers(lines, page_literals(text, cells, module) if lines else frozenset(), reviewed)
    concepts(env).data["numbers"][docname] = record
    warn(check_faults(docname, cells, text))


def check_faults(docname: str, cells: list[Cell], text: str) -> list[Fault]:
    """Return a fault for each cell whose result nothing checks, and for each that takes something from a check.

    Where nothing is checked at all, one fault stands for all.
    """
    checks = fences(text, "pycon")
    if cells and not is_checked(cells, checks):
        message = (
            "nothing on this page checks its cells; assert what the prose says of them in a cell with the tag "
            "'remove-cell', or show it in a 'pycon' fence"
        )
        return [Fault(docname, cells[0].line, Rule.CHECK, message)]
    hidden = [
        Fault(
            docname,
            cells[found.index].line,
            Rule.CELL,
            f"this cell takes '{found.name}' from a cell that readers do not see; let a cell that they see define it",
        )
        for found in out_of_sight(cells)
    ]
    return hidden + [
        Fault(
            docname,
            cells[cell.index].line,
            Rule.CHECK,
            "nothing checks what this cell shows; assert something of "
            f"{_listing(cell.names)} below it, in a cell with the tag 'remove-cell' or in a 'pycon' fence",
        )
        for cell in unchecked(cells, checks)
    ]


def _listing(some: tuple[str, ...]) -> str:
    shown = [f"'{name}'" for name in some[:3]]
    return " or ".join(shown) + (" …" if len(some) > 3 else "")


def page_sources(app: Sphinx, docname: str, record: PageNumbers, known: names.Names) -> Sources:
    """Return what a page's numbers may come from, as of this build."""
    held: tuple[float, ...] | None = ()
    if docname in app.fieldbook_jobs and app.fieldbook_jobs[docname]["cells"]:  # type: ignore[attr-defined]
        result = app.fieldbook_results[docname]  # type: ignore[attr-defined]
        held = None if result is None or "held" not in result else tuple(result["held"])
    return Sources(known, record.literals, held, record.reviewed)


def number_faults(docname: str, line: Line, sources: Sources) -> list[Fault]:
    """Return a fault for each number of a line without a source."""
    return [
        Fault(docname, line.number, Rule.GIVEN if _is_given(line, verdict) else Rule.NUMBER, _message(line, verdict))
        for verdict in numbers.judge(line, sources)
        if verdict.source is None
    ]


def _is_given(line: Line, verdict: numbers.Verdict) -> bool:
    return verdict.remedy.startswith(("stands in no cell", "is no number"))


def _message(line: Line, verdict: numbers.Verdict) -> str:
    return f"{'given ' if _is_given(line, verdict) else ''}'{verdict.token}' {verdict.remedy}"


def on_env_check_consistency(app: Sphinx, env: BuildEnvironment) -> None:
    """Judge every number of the site."""
    path = Path(app.srcdir, names.PATH)
    known, faults = names.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    used: set[str] = set()
    for docname, record in sorted(concepts(env).data["numbers"].items()):
        sources = page_sources(app, docname, record, known)
        for line in record.lines:
            faults += number_faults(docname, line, sources)
        used |= known.used(line.text for line in record.lines)
    for entry in concepts(env).planned.values():
        title = Line(entry.line, entry.title, numbers.TYPED * len(entry.title), "heading")
        faults += number_faults(planned.PATH, title, Sources(known))
        used |= known.used([title.text])
    warn([*faults, *names.unused(known, used)], app.srcdir)


def site_counts(app: Sphinx, env: BuildEnvironment) -> dict[str, Counter[str]]:
    """Return how many numbers of each class every document holds."""
    path = Path(app.srcdir, names.PATH)
    known, _ = names.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    return {
        docname: numbers.counts(record.lines, page_sources(app, docname, record, known))
        for docname, record in sorted(concepts(env).data["numbers"].items())
    }


def setup_number_gate(app: Sphinx) -> None:
    """Connect the gate."""
    app.connect("doctree-read", on_doctree_read)
    app.connect("env-check-consistency", on_env_check_consistency)
