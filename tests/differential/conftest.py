"""A book that is edited and built in place, beside the same sources built from nothing."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from sphinx.util.console import strip_colors

from fieldbook import authoring
from fieldbook.build import OUTPUT
from tests.differential import warm

ROOT = Path(__file__).parents[2]
TWELVE = ROOT / "tests" / "roots" / "test-twelve"
PARTS_OF_THE_SITE = ("docs", "code_examples", "_static", "_templates", "conf.py", "index.md", "requirements.txt")
FAULT = re.compile(r"(WARNING|ERROR|CRITICAL): |error:$|^Traceback")
NOT_COMPARED: dict[str, str] = {}
"""Files that may differ, with the reason; there is none."""


@dataclass(frozen=True)
class Built:
    """What a build gave: exit code, faults (sorted, paths relative), and a digest of each file of the site."""

    code: int
    faults: tuple[str, ...]
    files: dict[str, str]

    def differences(self, fresh: Built) -> list[str]:
        """Return how this build differs from one from nothing, a line each."""
        found = [f"exit code {self.code}, fresh {fresh.code}"] if self.code != fresh.code else []
        found += [f"said only by the incremental build: {line}" for line in self.faults if line not in fresh.faults]
        found += [f"said only by the fresh build: {line}" for line in fresh.faults if line not in self.faults]
        if self.code == fresh.code == 0:
            for name in sorted({*self.files, *fresh.files}):
                mine, other = self.files.get(name), fresh.files.get(name)
                if mine != other:
                    what = "stale file" if other is None else "missing file" if mine is None else "differing file"
                    found.append(f"{what}: {name}")
        return found


class Book:
    """A project in a folder of its own, which stays where it is: Sphinx reads all anew in a folder that has moved."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.first = root.with_name(f"{root.name} as first built")
        self.fresh = root.with_name(f"{root.name} from nothing")
        self._known: dict[str, Built] = {}

    def reset(self) -> None:
        """Put back the sources as they were, with the site built from them."""
        if not self.first.exists():
            built = finish(self.root, warm.start(self.root))
            assert (built.code, built.faults) == (0, ()), built
            shutil.copytree(self.root, self.first, symlinks=True)
        shutil.rmtree(self.root)
        shutil.copytree(self.first, self.root, symlinks=True)

    def differences(self) -> list[str]:
        """Build in place, on top of what the last build left, and from nothing; return how the two differ."""
        running = warm.start(self.root)
        fresh = self._build_fresh()
        return finish(self.root, running).differences(fresh)

    def _build_fresh(self) -> Built:
        """Build a copy of the sources in an empty folder; sources built before are not built again."""
        digest = sources_digest(self.root)
        if digest not in self._known:
            shutil.rmtree(self.fresh, ignore_errors=True)
            shutil.copytree(self.root, self.fresh, symlinks=True, ignore=shutil.ignore_patterns("_build"))
            self._lend()
            self._known[digest] = finish(self.fresh, warm.start(self.fresh))
            self._take()
        return self._known[digest]

    def _lend(self) -> None:
        """Give the fresh build what fresh builds ran before, if no line of code or data has changed."""
        for name, kept in self._lent():
            if kept.exists():
                shutil.copytree(kept, self.fresh / "_build" / name)

    def _take(self) -> None:
        """Keep what it ran, and the list of fonts; results name the folder they ran in, so no other's are lent."""
        for name, kept in self._lent():
            made = self.fresh / "_build" / name
            if made.exists():
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(made, kept)

    def _lent(self) -> list[tuple[str, Path]]:
        kept = self.root.with_name(f"{self.root.name} lends")
        return [("matplotlib", kept / "matplotlib"), ("results", kept / code_digest(self.fresh))]


def finish(root: Path, running: warm.Running | warm.Done) -> Built:
    """Wait for a build of `root`; return what it gave."""
    code, said = running.result()
    said = strip_colors(said).replace(f"{root}{os.sep}", "").replace(str(root), ".")
    faults = tuple(sorted({line for line in said.splitlines() if FAULT.search(line)}))
    files = {
        path.relative_to(root / OUTPUT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (root / OUTPUT).rglob("*")
        if path.is_file()
    }
    return Built(code, faults, {name: value for name, value in files.items() if name not in NOT_COMPARED})


def sources_digest(root: Path) -> str:
    """Return a digest of every source file."""
    return _digest(root, [path for path in sorted(root.rglob("*")) if "_build" not in path.relative_to(root).parts])


def code_digest(root: Path) -> str:
    """Return a digest of all that code may read, pages left out: their own code is in the key of their result."""
    return _digest(root, sorted((root / "code_examples").rglob("*")))


def _digest(root: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Return the book of twelve pages, its cards entered."""
    root = tmp_path_factory.mktemp("twelve") / "a book"
    shutil.copytree(TWELVE, root, ignore=shutil.ignore_patterns("__pycache__"))
    authoring.fix(root)
    return Book(root)


@pytest.fixture(scope="session")
def site_book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Return a copy of the real site."""
    root = tmp_path_factory.mktemp("site") / "the site"
    root.mkdir()
    for name in PARTS_OF_THE_SITE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    return Book(root)
