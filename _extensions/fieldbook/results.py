"""What was run, and whether it still holds: jobs, keys and the store of results.

A job is what a page or a module makes run: cells, ``pycon`` fences, or a module's own examples. Its result is current
while three things are as they were: its key (the code itself and the environment: lock file, Python, the helpers that
cells call), and the digest of every file of the project that it was seen to open. Nothing else makes it run again. No
Sphinx import.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldbook.source import Cell, Fence, code_cells, fences

HELPERS = ("page.py", "svg.py", "frames.py", "worker.py", "kernel.py", "held.py", "doctests.py", "executor.py")
"""Modules of this package that a result depends on besides the locked packages."""


@dataclass(frozen=True)
class Runnable:
    """What of a page runs, as it stands in the source now."""

    digest: str
    cells: tuple[Cell, ...]
    fences: tuple[Fence, ...]


def runnable(text: str) -> Runnable:
    """Return what of a page runs."""
    return Runnable(text_digest(text), tuple(code_cells(text)), tuple(fences(text, "pycon")))


def text_digest(text: str) -> str:
    """Return the digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def environment_digest(root: Path) -> str:
    """Return a digest of what every result depends on: Python, the locked packages, the helpers."""
    digest = hashlib.sha256(sys.version.encode())
    package = Path(__file__).parent
    for path in (root / "requirements.txt", *(package / name for name in HELPERS)):
        digest.update(path.read_bytes() if path.exists() else b"missing")
    return digest.hexdigest()


def page_job(docname: str, code: Runnable, environment: str) -> dict[str, Any] | None:
    """Return the job of a page, or None if nothing of it runs."""
    if not code.cells and not code.fences:
        return None
    job = {
        "name": docname,
        "folder": docname.rpartition("/")[0] or ".",
        "cells": [{"source": cell.source, "tags": list(cell.tags)} for cell in code.cells],
        "fences": [fence.text for fence in code.fences],
        "module": None,
    }
    return {**job, "key": _key(job, environment)}


def module_job(path: str, environment: str) -> dict[str, Any]:
    """Return the job that runs the examples of a module, given by its path inside the project."""
    job = {"name": path.removesuffix(".py"), "folder": ".", "cells": [], "fences": [], "module": path}
    return {**job, "key": _key(job, environment)}


def _key(job: dict[str, Any], environment: str) -> str:
    return hashlib.sha256(json.dumps([job, environment], sort_keys=True).encode()).hexdigest()


class Digests:
    """Digests of files and listings of folders inside a project, each taken once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, str] = {}

    def __getitem__(self, path: str) -> str:
        """Return the digest of what stands at `path` now; ``missing`` if nothing does."""
        if path not in self._known:
            self._known[path] = digest_of(self.root / path)
        return self._known[path]


def digest_of(path: Path) -> str:
    """Return the digest of a file's content or of a folder's names."""
    try:
        if path.is_dir():
            data = "\n".join(sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__")).encode()
        else:
            data = path.read_bytes()
    except OSError:
        return "missing"
    return hashlib.sha256(data).hexdigest()


class Store:
    """Results on disk, one file a job: a digest, and below it the result that it vouches for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: set[str] = set()

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the result of a job; None if there is none, or if its file is damaged."""
        try:
            digest, _, text = (self.folder / f"{name}.json").read_bytes().partition(b"\n")
        except OSError:
            return None
        if digest.decode("ascii", "replace") != hashlib.sha256(text).hexdigest():
            self.damaged.add(name)
            return None
        return json.loads(text)

    def write(self, name: str, result: dict[str, Any]) -> None:
        """Keep a result, whole or not at all."""
        path = self.folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        text = json.dumps(result)
        part.write_text(f"{text_digest(text)}\n{text}", encoding="utf-8", newline="\n")
        part.replace(path)


def is_current(job: dict[str, Any], result: dict[str, Any] | None, digests: Digests) -> bool:
    """Tell whether a result is what its job would give now."""
    return (
        result is not None
        and result["key"] == job["key"]
        and result["dependencies"] is not None
        and all(digests[path] == digest for path, digest in result["dependencies"].items())
    )


def shown(result: dict[str, Any] | None) -> str:
    """Return a digest of what a result makes its page show."""
    outputs = [result["outputs"], result["stopped"]] if result else None
    return hashlib.sha256(json.dumps(outputs, sort_keys=True).encode()).hexdigest()
