"""The same sources give the same bytes: wherever, whenever and however they are built.

What may differ is varied two or three at a time, so that few builds do; the message of a difference names the file and
shows where it begins, and each thing varied leaves marks of its own: a path, an hour, an order.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldbook.build import environment

VARIATIONS = {
    "in parallel, another path and time zone": (
        "ein Buch für alle/noch eins",
        ("--jobs", "2"),
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
    ),
    "on the other side of the date line": (
        "b",
        (),
        {"PYTHONHASHSEED": "2", "TZ": "America/Anchorage", "LC_ALL": "C"},
    ),
}


def files(root: Path, *options: str, **variables: str) -> dict[str, bytes]:
    """Build as `make html` does, but for the pins overridden; return every file of the output."""
    command = [sys.executable, "-m", "fieldbook.sphinx_main", "--builder", "html", "--nitpicky", "--fail-on-warning"]
    command += [
        "--quiet",
        "--doctree-dir",
        str(root / "_build/doctrees"),
        *options,
        str(root),
        str(root / "_build/html"),
    ]
    done = subprocess.run(
        command, cwd=root, env={**environment(root), **variables}, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    out = root / "_build/html"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Return the files that differ, each with the place where they first do."""
    found = []
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            found.append(f"{name}: only in {'one' if name in one else 'the other'}")
        elif one[name] != other[name]:
            pairs = enumerate(zip(one[name], other[name], strict=False))
            at = next((at for at, (mine, its) in pairs if mine != its), 0)
            found.append(
                f"{name}: {one[name][max(at - 20, 0) : at + 40]!r} or {other[name][max(at - 20, 0) : at + 40]!r}"
            )
    return found


@pytest.mark.parametrize("project", ["test-site", "test-twelve"], indirect=True)
def test_a_build_gives_the_same_bytes_every_time(project, tmp_path):
    def copy(place: str) -> Path:
        root = tmp_path / place
        subprocess.run(["cp", "-R", str(project.root), str(root)], check=True)
        return root

    (tmp_path / "ein Buch für alle").mkdir()
    roots = {name: copy(place) for name, (place, _, _) in VARIATIONS.items()}
    first = files(project.root)
    assert {".buildinfo", "objects.inv", "_static/search/data.js", "index.html"} <= set(first)
    for name, (_, options, variables) in VARIATIONS.items():
        assert differences(first, files(roots[name], *options, **variables)) == [], name

    later = time.time() + 5
    for path in project.root.rglob("*"):
        if "_build" not in path.parts:
            os.utime(path, (later, later))
    assert differences(first, files(project.root)) == [], "touched, over the old output"
    assert differences(first, files(project.root, "--fresh-env", "--write-all")) == [], "afresh, over the old output"
