"""What helps an author: `fix` mends what is mechanical, `new` scaffolds a page.

Both work on the source files alone, without a build.
"""

from __future__ import annotations

import datetime
import runpy
import sys
from pathlib import Path

from fieldbook import cards, concept, planned, scaffold
from fieldbook.faults import did_you_mean
from fieldbook.source import directives


def areas(root: Path) -> list[str]:
    """Return the areas that ``conf.py`` names."""
    return list(runpy.run_path(str(root / "conf.py"))["fieldbook_areas"])


def concept_pages(root: Path) -> list[Path]:
    """Return the concept pages of all areas, sorted by path; a file that is not UTF-8 is left out."""
    return sorted(
        path
        for area in areas(root)
        for path in (root / "docs" / area).glob("*.md")
        if path.name != "index.md" and _is_utf8(path)
    )


def _is_utf8(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        print(f"{path}: not UTF-8, left as it is")
        return False
    return True


def page_cards(path: Path, docname: str) -> list[cards.Card]:
    """Return the well-formed cards of a page, read from its source."""
    found = []
    for block in directives(path.read_text(encoding="utf-8"), "flashcard"):
        cut = cards.split(list(block.body))
        if cut is not None and cards.ID.fullmatch(block.argument):
            question = "\n".join(block.body[:cut]).strip()
            answer = "\n".join(block.body[cut + 1 :]).strip()
            found.append(cards.Card(block.argument, question, answer, docname, block.line))
    return found


def sort_front_matter(text: str) -> str:
    r"""Put the keys of the front matter in their order; change nothing if a key is unknown or doubled.

    Examples
    --------
    >>> sort_front_matter("---\naliases: []\nsummary: One.\n---\n# A\n")
    '---\nsummary: One.\naliases: []\n---\n# A\n'
    """
    front = concept.parse(text, "")
    keys = list(front.lines)
    if not front.end or not set(keys) <= set(concept.KEYS) or keys == sorted(keys, key=concept.KEYS.index):
        return text
    lines = text.splitlines(keepends=True)
    starts = [*front.lines.values(), front.end]
    if sum(line.startswith(tuple(f"{key}:" for key in keys)) for line in lines[: front.end]) != len(keys):
        return text  # a doubled key: which one to keep is not ours to say
    blocks = {key: lines[start - 1 : stop - 1] for key, start, stop in zip(keys, starts[:-1], starts[1:], strict=True)}
    ordered = [line for key in concept.KEYS if key in blocks for line in blocks[key]]
    return "".join([lines[0], *ordered, *lines[front.end - 1 :]])


def part_from_text(text: str) -> str:
    r"""Leave a blank line after the front matter.

    Examples
    --------
    >>> part_from_text("---\nsummary: One.\n---\n# A\n")
    '---\nsummary: One.\n---\n\n# A\n'
    """
    end = concept.parse(text, "").end
    lines = text.splitlines(keepends=True)
    if not end or not "".join(lines[end : end + 1]).strip():
        return text
    return "".join([*lines[:end], "\n", *lines[end:]])


def fix(root: Path) -> int:
    """Sort front matter and enter new cards into the ledgers; say what was done."""
    for path in concept_pages(root):
        text = path.read_text(encoding="utf-8")
        mended = part_from_text(sort_front_matter(text))
        if mended != text:
            path.write_text(mended, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(root)}: front matter put in order")
    found = []
    for path in concept_pages(root):
        where = path.relative_to(root)
        if directives(path.read_text(encoding="utf-8"), "guidance"):
            print(f"{where}: still holds guidance of the page template; its cards are not entered yet")
        else:
            found += page_cards(path, where.with_suffix("").as_posix())
    for card_id in cards.enter(root, found, areas(root)):
        print(f"card '{card_id}' entered into its ledger")
    return 0


def new(root: Path, place: str) -> int:
    """Scaffold the page `place` (area/slug), its module and its test; say what was written, or why nothing was."""
    try:
        files = scaffold.files(
            root, place, areas=areas(root), pages=concept_pages(root), month=f"{datetime.date.today():%Y-%m}"
        )
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    said = []
    for path, text in files.items():
        target = root / path
        if target.exists() and target.read_text(encoding="utf-8") == text:
            said.append(f"kept {path}")
            continue
        said.append(f"{'changed' if target.exists() else 'wrote'} {path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    print("\n".join(said))  # last: a reader that has gone, such as `head`, stops no half of the work
    if planned.PATH not in files:
        print(f"{planned.PATH} does not name the page: correct its title, which is a guess{_nearest(root, place)}")
    print(_NEXT.format(area=place.partition("/")[0]))
    return 0


def _nearest(root: Path, place: str) -> str:
    entries, _ = planned.parse((root / planned.PATH).read_text(encoding="utf-8"))
    return did_you_mean(place, [f"{entry.area}/{slug}" for slug, entry in entries.items()])


_NEXT = """
Next: write the function and its tests, then the page: do what its guidance says, and remove it.
'make html' names what is still missing, 'make fix' enters the cards, 'make test' runs the tests.
The page stands last in the toctree of docs/{area}/index.md: move it to its place in the reading order.
A page without code needs no module and no test: delete both, and every cell, file_format and kernelspec."""
