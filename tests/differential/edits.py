"""The edits: what authors do to a project, each a function of the project's folder and a few plain arguments.

An edit that does not apply (its page is gone, say) changes nothing, so any list of edits may lose members and still
means something: that is what lets a failing list shrink.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fieldbook import authoring

BIBLIOGRAPHY = "docs/references.bib"


@dataclass(frozen=True)
class Edit:
    """One edit, by name and arguments; it shows as the call that it is."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.arguments))})"

    def apply(self, root: Path) -> None:
        """Change the sources in `root`."""
        with contextlib.redirect_stdout(io.StringIO()):  # `fix` says what it does
            EDITS[self.name](root, *self.arguments)


EDITS: dict[str, Callable[..., None]] = {}


def edit(function: Callable[..., None]) -> Callable[..., None]:
    """Enter a function into `EDITS`."""
    EDITS[function.__name__] = function
    return function


def find(root: Path, slug: str) -> Path | None:
    """Return the page of a slug."""
    return next((path for path in sorted((root / "docs").glob(f"*/{slug}.md")) if path.name != "index.md"), None)


def replace(path: Path | None, pattern: str, new: str, *, count: int = 1) -> None:
    """Replace what a pattern finds in a file, if both are there."""
    if path is None or not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    changed = re.sub(pattern, lambda _: new, text, count=count, flags=re.MULTILINE)
    if changed != text:
        path.write_text(changed, encoding="utf-8", errors="surrogateescape", newline="\n")


def front(path: Path | None, key: str) -> list[str]:
    """Return a list of the front matter."""
    found = path and re.search(rf"^{key}: \[(.*)\]$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return [item.strip() for item in found.group(1).split(",") if item.strip()] if found else []


def toggle(path: Path | None, key: str, item: str) -> None:
    """Put an item into a list of the front matter, or take it out."""
    items = front(path, key)
    items = [other for other in items if other != item] if item in items else [*items, item]
    replace(path, rf"^{key}: \[.*\]$", f"{key}: [{', '.join(items)}]")


def title_of(path: Path) -> str:
    """Return the heading of a page."""
    found = re.search(r"^# (.*)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return found.group(1) if found else path.stem


def list_in_area(root: Path, area: str, slug: str, *, listed: bool) -> None:
    """Enter a page at the end of the toctree of its area, or take it out."""
    index = root / "docs" / area / "index.md"
    if not index.exists():
        return
    lines = [line for line in index.read_text(encoding="utf-8").splitlines() if line.strip() != slug]
    if listed:
        lines.insert(max(at for at, line in enumerate(lines) if line.startswith("```")), slug)
    index.write_text("\n".join(lines) + "\n", encoding="utf-8")


def ledgers(root: Path) -> list[Path]:
    """Return the ledgers of card ids."""
    return sorted((root / "docs").glob("*/cards.yml"))


def retire(root: Path, card: str) -> None:
    """Mark an id as retired."""
    for path in ledgers(root):
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if card in entries:
            entries[card]["retired"] = True
            path.write_text(
                yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=1000), encoding="utf-8", newline="\n"
            )


def cards_of(path: Path) -> list[str]:
    """Return the ids of the cards of a page."""
    return re.findall(r"\{flashcard\} (\S+)", path.read_text(encoding="utf-8", errors="replace"))


CARD = r"^(:{3,})\{flashcard\} %s\n(?s:.*?)^\1\n"


# --- pages -----------------------------------------------------------------------------------------------------------


@edit
def build_again(root: Path) -> None:
    """Change nothing."""


@edit
def retitle(root: Path, slug: str, count: int) -> None:
    """Number the title."""
    if path := find(root, slug):
        name = re.sub(r" \d+$", "", title_of(path))
        replace(path, r"^# .*$", f"# {name} {count}")


@edit
def resummarize(root: Path, slug: str, count: int) -> None:
    replace(find(root, slug), r"^summary: .*$", f"summary: Said in {count} words.")


@edit
def rename(root: Path, slug: str, count: int) -> None:
    """Give it another alias."""
    replace(find(root, slug), r"^aliases: .*$", f"aliases: [other name {count}]")


@edit
def ask(root: Path, slug: str, count: int) -> None:
    """Say which question it answers."""
    replace(find(root, slug), r"^questions: .*\n|(?=^requires: )", f"questions: [What for{' and when' * count}?]\n")


@edit
def review(root: Path, slug: str, count: int) -> None:
    replace(find(root, slug), r"^reviewed: .*$", f"reviewed: 2026-{count + 1:02}")


@edit
def rewrite(root: Path, slug: str, count: int) -> None:
    """Say more under a heading; enough of it changes the reading time."""
    replace(
        find(root, slug), r"^## How it works\n(\nSaid .*\n)?", f"## How it works\n\nSaid {'again ' * 150 * count}.\n"
    )


@edit
def warn_of(root: Path, slug: str, count: int) -> None:
    """Change the pitfall."""
    replace(find(root, slug), r"^:::\{pitfall\}\n.*$", f":::{{pitfall}}\nIt costs {'more than ' * count}time.")


@edit
def head(root: Path, slug: str, count: int) -> None:
    """Add or reword a heading; some take the slug of another page."""
    wording = ("A point", "A finer point", "Median", "Circle")[count]
    replace(
        find(root, slug),
        r"^## Check yourself\n|^### .* ##\n(?s:.*?)^## Check yourself\n",
        f"### {wording} ##\n\nOf it.\n\n## Check yourself\n",
    )


@edit
def relabel(root: Path) -> None:
    """Rename a label to which a page links."""
    replace(root / "docs/contributing/index.md", r"^\(writing.*\)=$", "(writing-well)=")


@edit
def retitle_folder(root: Path, area: str, count: int) -> None:
    replace(root / "docs" / area / "index.md", r"^# (\w+).*$", f"# The {area} {count}")


@edit
def reorder(root: Path, area: str) -> None:
    """Turn the reading order of an area around."""
    index = root / "docs" / area / "index.md"
    if index.exists():
        before, fence, rest = index.read_text(encoding="utf-8").partition(":hidden:\n\n")
        names, end, after = rest.partition("```")
        turned = "\n".join(reversed(names.split())) + "\n"
        index.write_text(before + fence + turned + end + after, encoding="utf-8")


@edit
def add_page(root: Path, area: str, slug: str, listed: bool) -> None:
    """Add a page that leans on others; unlisted it is in no toctree, which is a fault."""
    if find(root, slug) or not (root / "docs" / area).exists():
        return
    some = next(iter(re.findall(r"^@\w+\{(.*),$", (root / BIBLIOGRAPHY).read_text(encoding="utf-8"), re.MULTILINE)))
    cards = "".join(
        f"\n:::{{flashcard}} {slug}-{n}\nWhat is {'x' * n}?\n---\nIt is {'x' * n}.\n:::\n" for n in (1, 2, 3)
    )
    text = (
        f"---\nsummary: New here.\naliases: []\nrequires: [mean]\ncontrasts: [square]\nreviewed: 2026-11\n---\n\n"
        f"# {slug.capitalize()}\n\nCame after the [](#mean).\n\n:::{{pitfall}}\nIt is new.\n:::\n\n"
        f"## How it works\n\nAs {{cite:t}}`{some}` says, $x^2$.\n\n## Check yourself\n{cards}"
    )
    (root / "docs" / area / f"{slug}.md").write_text(text, encoding="utf-8")
    list_in_area(root, area, slug, listed=listed)
    authoring.fix(root)


@edit
def delete_page(root: Path, slug: str, clean: bool) -> None:
    """Delete a page; cleanly, with everything that names it."""
    path = find(root, slug)
    if path is None:
        return
    cards = cards_of(path)
    path.unlink()
    if not clean:
        return
    list_in_area(root, path.parent.name, slug, listed=False)
    for card in cards:
        retire(root, card)
    for other in [*sorted(root.glob("docs/**/*.md")), root / "index.md"]:
        for key in ("requires", "contrasts"):
            if slug in front(other, key):
                toggle(other, key, slug)
        replace(other, rf"\[[^\]]*\]\((#{slug}|/docs/\w+/{slug}\.md)\)", "what is gone", count=0)


@edit
def move_page(root: Path, slug: str, area: str, listed: bool) -> None:
    """Move a page to another area; its module stays."""
    path = find(root, slug)
    if path is None or not (root / "docs" / area).exists():
        return
    before = path.parent.name
    path.rename(root / "docs" / area / path.name)
    if listed:
        list_in_area(root, before, slug, listed=False)
        list_in_area(root, area, slug, listed=True)
        for other in root.glob("docs/**/*.md"):
            replace(other, rf"\(/docs/{before}/{slug}\.md\)", f"(/docs/{area}/{slug}.md)", count=0)


@edit
def put_back(root: Path, slug: str) -> None:
    """Put back a page as it first was, with the time stamp that it had, as ``cp -p`` and ``mv`` do."""
    first = find(root.with_name(f"{root.name} as first built"), slug)
    now = find(root, slug)
    if first and now:
        shutil.copy2(first, now)


@edit
def touch(root: Path, slug: str) -> None:
    if path := find(root, slug):
        os.utime(path)


# --- edges, plans and cards ------------------------------------------------------------------------------------------


@edit
def require(root: Path, slug: str, other: str) -> None:
    """Add a prerequisite or take it out; it may make a circle, or name nobody."""
    toggle(find(root, slug), "requires", other)


@edit
def contrast(root: Path, slug: str, other: str) -> None:
    toggle(find(root, slug), "contrasts", other)


@edit
def link(root: Path, slug: str, other: str) -> None:
    """Link another page, which may not exist."""
    replace(find(root, slug), r"^## Check yourself$", f"See [](#{other}).\n\n## Check yourself")


@edit
def plan(root: Path, area: str, slug: str, count: int) -> None:
    """Plan a page, or another title for it, or no longer."""
    path = root / "docs/planned.yml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for planned in entries.values():
        planned.pop(slug, None)
    if count:
        entries.setdefault(area, {})[slug] = f"{slug.capitalize()} {count}"
    entries = {name: planned for name, planned in entries.items() if planned}
    path.write_text(yaml.safe_dump(entries, sort_keys=False) if entries else "", encoding="utf-8")


@edit
def reword_card(root: Path, slug: str, count: int) -> None:
    """Reword an answer slightly."""
    if path := find(root, slug):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        found = re.search(rf"(\{{flashcard\}} {slug}-2\n)((?:Now x*: )?)(.*\n---\n)", text)
        if found:
            text = text[: found.start(2)] + f"Now {'x' * count}: " + text[found.end(2) :]
            path.write_text(text, encoding="utf-8", errors="surrogateescape")


@edit
def remean_card(root: Path, slug: str) -> None:
    """Ask something else under an old id, which is a fault."""
    replace(
        find(root, slug),
        rf"^(:::+)\{{flashcard\}} {slug}-1\n.*\n---\n.*$",
        f":::{{flashcard}} {slug}-1\nWhy zebras?\n---\nStripes.",
    )


@edit
def add_card(root: Path, slug: str, count: int, entered: bool) -> None:
    """Add a card; one that is not entered into the ledger is a fault."""
    path = find(root, slug)
    if path and f"{slug}-{count + 4}" not in cards_of(path):
        text = path.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")
        card = f":::{{flashcard}} {slug}-{count + 4}\nIs this card {'x' * count}?\n---\nYes, {'x' * count}.\n:::\n"
        path.write_text(f"{text}\n\n{card}", encoding="utf-8", errors="surrogateescape")
        if entered:
            authoring.fix(root)


@edit
def remove_card(root: Path, slug: str, retired: bool) -> None:
    """Remove the last card; one that is not retired is a fault, and so are fewer than three."""
    path = find(root, slug)
    if path and (cards := cards_of(path)):
        replace(path, CARD % cards[-1], "")
        if retired:
            retire(root, cards[-1])


# --- sources ---------------------------------------------------------------------------------------------------------


@edit
def add_source(root: Path, count: int, slug: str) -> None:
    """Add an entry to the bibliography, cited by a page that may not exist; all of them read alike but for a letter."""
    path, key = root / BIBLIOGRAPHY, f"zzz200{count}entry"
    text = path.read_text(encoding="utf-8")
    if key not in text:
        path.write_text(
            f"{text}\n@misc{{{key},\n  title = {{Entry {count}}},\n  author = {{Zzz, A.}},\n  year = {{2000}},\n"
            f"  url = {{https://example.org/{count}}},\n  seen = {{text}},\n}}\n",
            encoding="utf-8",
        )
    cite(root, slug, key)


@edit
def cite(root: Path, slug: str, key: str) -> None:
    replace(find(root, slug), r"^## Check yourself$", f"So says {{cite:t}}`{key}`.\n\n## Check yourself")


@edit
def remove_source(root: Path, key: str) -> None:
    replace(root / BIBLIOGRAPHY, rf"^@\w+\{{{key},\n(?s:.*?)^\}}\n\n?", "")


@edit
def change_source(root: Path, key: str, field: str, value: str) -> None:
    path = root / BIBLIOGRAPHY
    text = path.read_text(encoding="utf-8")
    entry = re.search(rf"^@\w+\{{{key},\n(?s:.*?)^\}}\n", text, re.MULTILINE)
    if entry:
        changed = re.sub(rf"^  {field} = .*$", f"  {field} = {{{value}}},", entry.group(), flags=re.MULTILINE)
        path.write_text(text[: entry.start()] + changed + text[entry.end() :], encoding="utf-8")


# --- code ------------------------------------------------------------------------------------------------------------


@edit
def comment_module(root: Path, module: str, count: int) -> None:
    """Change a module, not what it does; some pages show its text."""
    replace(root / "code_examples" / module, r'"""\n((?:\n# .*)?)', f'"""\n\n# Note {count}\n')


@edit
def change_module(root: Path, module: str, old: str, new: str) -> None:
    """Change what a module does."""
    replace(root / "code_examples" / module, re.escape(old), new)


@edit
def change_data(root: Path, count: int) -> None:
    path = root / "code_examples/data/heights.txt"
    if path.exists():
        path.write_text("".join(f"{1.3 + 0.1 * n * count:.1f}\n" for n in range(count + 1)), encoding="utf-8")


@edit
def delete_data(root: Path) -> None:
    (root / "code_examples/data/heights.txt").unlink(missing_ok=True)


@edit
def glue_another(root: Path, slug: str, count: int) -> None:
    """Change a value that the prose of a page shows, and a picture."""
    replace(
        find(root, slug),
        r'^glue\("(\w+)", .*$',
        f'glue("{ {"mean": "middle", "spread": "spread"}.get(slug, "area") }", {count}.5)',
    )


@edit
def recaption(root: Path, slug: str, count: int) -> None:
    replace(find(root, slug), r'caption=f?"[^"]*"', f'caption="A caption that says {count}."')


@edit
def redraw(root: Path, count: int) -> None:
    """Change a picture that is a file."""
    replace(find(root, "frequency"), r"\[2, [\d.]+\]\)", f"[2, {count}.5])")


@edit
def swap_cell(root: Path, slug: str, count: int) -> None:
    """Add a cell to a page, or another one."""
    replace(
        find(root, slug),
        r"^## Check yourself\n|^```\{code-cell\} ipython3\n# extra(?s:.*?)^```\n\n## Check yourself\n",
        f"```{{code-cell}} ipython3\n# extra\n{count} + 1\n```\n\n## Check yourself\n",
    )


# --- settings and the files around pages -----------------------------------------------------------------------------


@edit
def describe_area(root: Path, area: str, count: int) -> None:
    replace(root / "conf.py", rf'^    "{area}": ".*",$', f'    "{area}": "Described in {count} words.",')


@edit
def describe_book(root: Path, count: int) -> None:
    replace(root / "conf.py", r"^fieldbook_description = .*$", f'fieldbook_description = "Described {count} times."')


@edit
def reorder_areas(root: Path) -> None:
    """Put the first area last."""
    replace(root / "conf.py", r"^\}$", "}\nfieldbook_areas = dict(sorted(fieldbook_areas.items()))")


@edit
def change_static(root: Path, name: str, count: int) -> None:
    """Add, change or (0) delete a static file."""
    path = root / "_static" / name
    if count:
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"/* {count} */\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


@edit
def change_template(root: Path, count: int) -> None:
    """Add, change or (0) delete a template."""
    path = root / "_templates" / "search-form.html"
    if count:
        path.write_text(f"<p>Form {count}</p>\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


@edit
def delete_output(root: Path, name: str) -> None:
    (root / "_build" / "html" / name).unlink(missing_ok=True)


@edit
def spoil_output(root: Path, name: str) -> None:
    """Change a built file by hand."""
    path = root / "_build" / "html" / name
    if path.exists():
        path.write_text("spoilt", encoding="utf-8")


# --- faults ----------------------------------------------------------------------------------------------------------

BREAKS = {
    "cell": "```{code-cell} ipython3\n1 / 0\n```",
    "doctest": "```pycon\n>>> 1 + 1\n3\n```",
    "link": "A [link](#nowhere-at-all).",
    "path": "A [link](/docs/nowhere.md).",
    "formula": "$\\nosuch$",
    "given": "{given}`77777`",
    "number": "It is 77777.",
    "cite": "{cite:t}`nobody1900nothing`",
    "glue": "{glue:text}`nothing`",
    "role": "{nosuchrole}`x`",
    "directive": ":::{nosuchdirective}\n:::",
    "pitfall": ":::{pitfall}\nA second one.\n:::",
    "equation": "{eq}`eq-of-nobody`",
    "label": "$$ x $$ (eq-notation)",
    "level": "##### Too deep",
    "include": "```{literalinclude} nowhere.py\n```",
    "footnote": "A note.[^nobody]",
    "fence": "````{pitfall}",
    "guidance": ":::{guidance}\nAdvice.\n:::",
}


@edit
def damage(root: Path, slug: str, how: str) -> None:
    """Put a fault into a page, where `mend` finds it."""
    replace(find(root, slug), r"^## Check yourself$", f"% damage\n{BREAKS[how]}\n\n% mended\n\n## Check yourself")


@edit
def mend(root: Path, slug: str) -> None:
    """Take every such fault out."""
    replace(find(root, slug), r"^% damage\n(?s:.*?)^% mended\n\n", "", count=0)
    replace(find(root, slug), r"^extra: 1\n", "", count=0)


@edit
def damage_front(root: Path, slug: str) -> None:
    """Put an unknown key into the front matter."""
    replace(find(root, slug), r"^reviewed:", "extra: 1\nreviewed:")


@edit
def damage_encoding(root: Path, slug: str) -> None:
    """Save a page in another encoding; `put_back` mends it."""
    path = find(root, slug)
    if path:
        path.write_bytes(path.read_bytes() + b"\n\xe9\n")


@edit
def damage_bibliography(root: Path, text: str) -> None:
    """Add something that is no entry; `mend_bibliography` mends it."""
    path = root / BIBLIOGRAPHY
    path.write_text(path.read_text(encoding="utf-8") + f"% damage\n{text}\n", encoding="utf-8")


@edit
def mend_bibliography(root: Path) -> None:
    replace(root / BIBLIOGRAPHY, r"^% damage\n(?s:.*)\Z", "")
