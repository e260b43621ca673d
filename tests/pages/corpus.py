"""The corpus of pages: what is refused, its nearest neighbour that passes, and what is accepted.

`refused/` has a file for each rule, and in it cases by name. A case is one fault in an otherwise good page:

wrong, right
    What a contributor wrote, and the smallest change that passes. Each takes the place of `place` in the base page;
    `place` is "It works." if the case names none.
base
    `page` (page.md), or `cells` (cells.md), which has cells. SLUG stands for the slug of the case: file and name.
says
    The whole message, with its rule. LEDGER stands for the line of the third card in the ledger of ids.
line
    The text at whose line the fault is; the first line of `wrong` if the case names none. A number is a line; 0 says
    that the fault has none.
file
    Another file than a page of the case's own: `wrong` and `right` are added to it, or take the place of `place` in it.
    A list of two names the file of each side.
beside
    Other pages that the case needs.
unlisted, saved_as
    The wrong page is in no toctree; it is saved in another encoding than UTF-8.

`accepted/` has cases by name whose text must pass in the place of "It works.".
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fieldbook import authoring
from fieldbook.build import environment
from fieldbook.check import faults_of

HERE = Path(__file__).parent
SMALL_BOOK = HERE.parent / "roots" / "test-site"
PICTURE = HERE / "curve.svg"
PLACE = "It works."
SIDES = ("wrong", "right")


@dataclass(frozen=True)
class Case:
    """One case; see the module's docstring."""

    rule: str
    name: str
    says: str = ""
    wrong: str = ""
    right: str = ""
    base: str | None = None
    place: str | None = None
    line: str | int | None = None
    file: Any = None
    beside: dict[str, dict[str, str]] = field(default_factory=dict)
    unlisted: bool = False
    saved_as: str = "utf-8"

    @property
    def slug(self) -> str:
        """The slug of its page, and what SLUG stands for."""
        return f"{self.rule}-{self.name}"

    def path(self, side: str) -> str:
        """Return the file that this side of the case writes."""
        if self.file is None:
            return f"docs/words/{self.slug}.md"
        return self.file if isinstance(self.file, str) else self.file[SIDES.index(side)]

    def text(self, side: str, before: str | None) -> str:
        """Return what the file holds, given what it held before."""
        mine = (self.wrong if side == "wrong" else self.right).replace("LONG", "and opens " * 70)
        if before is None and self.file is not None and self.base is None:
            return mine
        if before is None:
            before = (HERE / f"{self.base or 'page'}.md").read_text(encoding="utf-8")
        elif self.place is None:
            return before + mine
        if self.file is not None and self.place is None:
            return before.replace("SLUG", self.slug)
        place = self.place or PLACE
        assert before.count(place) == 1, f"{self.slug}: {place!r} stands {before.count(place)} times in the page"
        return before.replace(place, mine).replace("SLUG", self.slug)

    def fault(self, text: str, ledger: str) -> str:
        """Return the fault that the build must print of the wrong side, whose file holds `text`."""
        at: str | int | None = self.line
        if at is None:
            at = next(line for line in self.wrong.splitlines() if line.strip())
        if isinstance(at, str):
            at = at.replace("SLUG", self.slug)
            assert text.count(at) == 1, f"{self.slug}: {at!r} stands {text.count(at)} times in the file"
            at = text[: text.index(at)].count("\n") + 1
        says = self.says.replace("SLUG", self.slug)
        if "LEDGER" in says:
            says = says.replace("LEDGER", str(ledger[: ledger.index(f"{self.slug}-3:")].count("\n") + 1))
        return f"{self.path('wrong')}:{f'{at}:' if at else ''} {says}"


def refused() -> list[Case]:
    """Return every refused case."""
    found = []
    for path in sorted((HERE / "refused").glob("*.yml")):
        for name, values in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            found.append(Case(path.stem, name, **values))
    return found


def accepted() -> list[Case]:
    """Return every accepted case, as one whose right side must pass."""
    found = []
    for path in sorted((HERE / "accepted").glob("*.yml")):
        for name, values in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            one = {"right": values} if isinstance(values, str) else values
            found.append(Case("accepted", name, **one))
    return found


class Book:
    """A copy of the small book with one side of every case in it."""

    def __init__(self, root: Path, cases: list[Case], side: str) -> None:
        self.root, self.side, self.cases = root, side, cases
        shutil.copytree(SMALL_BOOK, root)
        (root / "_static").mkdir(exist_ok=True)
        shutil.copy(PICTURE, root / "_static")
        listed = {self._write(case, "right") for case in cases if case.file is None or case.base}
        listed |= {path for case in cases for path in self._write_beside(case)}
        with contextlib.redirect_stdout(io.StringIO()):
            authoring.fix(root)  # enters the cards: what comes after it is no longer mended
        if side == "wrong":
            listed -= {case.path("right") for case in cases if isinstance(case.file, list)}
            for case in cases:
                if isinstance(case.file, list):
                    (root / case.path("right")).unlink(missing_ok=True)
        before = {path: self._read(path) for path in {case.path(side) for case in cases if case.file}}
        for case in cases:
            if case.file is None or case.base:
                self._write(case, side)
                listed |= set() if case.unlisted and side == "wrong" else {case.path(side)}
                if case.unlisted and side == "wrong":
                    listed.discard(case.path(side))
            else:
                self._write(case, side, self._read(case.path(side)))
                if before[case.path(side)] is None and case.path(side).startswith("docs/"):
                    listed.add(case.path(side))
        if side == "wrong":
            self._forget_lost_cards()
        index = root / "docs/words/index.md"
        entries = "\n".join(f"/{path.removesuffix('.md')}" for path in sorted(listed) if path.endswith(".md"))
        text = index.read_text(encoding="utf-8")
        index.write_text(text.replace("\ntoken\n", f"\ntoken\n{entries}\n"), encoding="utf-8")

    def _forget_lost_cards(self) -> None:
        """Take out of the ledger the cards that a wrong side has lost, as if its page were new."""
        ledger = self.root / "docs/words/cards.yml"
        held = {
            card.id for path in authoring.concept_pages(self.root) for card in authoring.page_cards(path, path.stem)
        }
        entries = re.split(r"(?m)^(?=\S)", ledger.read_text(encoding="utf-8"))
        kept = [entry for entry in entries if not re.match(r"[\w-]+-\d+:", entry) or entry.partition(":")[0] in held]
        ledger.write_text("".join(kept), encoding="utf-8")

    def _read(self, path: str) -> str | None:
        target = self.root / path
        return target.read_text(encoding="utf-8") if target.exists() else None

    def _write(self, case: Case, side: str, before: str | None = None) -> str:
        path = self.root / case.path(side)
        path.parent.mkdir(parents=True, exist_ok=True)
        encoding = case.saved_as if side == "wrong" else "utf-8"
        path.write_text(case.text(side, before), encoding=encoding, newline="")
        return case.path(side)

    def _write_beside(self, case: Case) -> list[str]:
        for path, edit in case.beside.items():
            text = (HERE / "page.md").read_text(encoding="utf-8").replace("SLUG", Path(path).stem)
            (self.root / path).write_text(text.replace(edit["place"], edit["text"]), encoding="utf-8")
        return list(case.beside)

    def fault(self, case: Case) -> str:
        """Return the one fault that must be printed of a case."""
        text = (self.root / case.path("wrong")).read_text(encoding="utf-8", errors="replace")
        return case.fault(text, (self.root / "docs/words/cards.yml").read_text(encoding="utf-8"))

    def build(self, builder: str) -> list[str]:
        """Build it in a process of its own; return what is said, a line a fault."""
        command = [sys.executable, "-m", "sphinx", "--quiet", "--nitpicky", "--no-color", "--builder", builder]
        done = subprocess.run(
            [*command, str(self.root), str(self.root / "_build" / builder)],
            cwd=self.root,
            env=environment(self.root),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return faults_of(done.stderr, self.root)
