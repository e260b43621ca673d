"""The build as one command: `python -m fieldbook html`.

A strict build: every fault is a warning, every warning fails it, and all are shown together. What a build makes anew is
decided by digests, before Sphinx is imported:

- nothing, if all inputs are as they were at the last good build, and its files as it left them;
- everything, if what shapes all pages (settings, templates, the framework, the locked packages) has changed, or the
  last build was cut short, or said what only a fresh one says again (`fieldbook.standing`);
- every file of the site, from what was read before, if a static file has changed (pages name its digest) or somebody
  has changed what was built;
- else what Sphinx and the framework find to be other than it was (`fieldbook.outdated`, `fieldbook.domain`).

Everything is made anew in an empty folder. The environment is pinned (hash seed, time stamp, one thread for linear
algebra), so that two builds agree.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OUTPUT = Path("_build/html")
DOCTREES = Path("_build/doctrees")
STATE = Path("_build/state.json")
INPUTS = {
    "framework": ("conf.py", "requirements.txt", "package-lock.json", "_extensions", "_templates"),
    "static": ("_static",),
    "pages": (
        "index.md",
        "docs",
        "code_examples",
        "tests/mutation/results.json",
        "tests/pages/refused",
        "tests/search",
    ),
}
"""What a build reads, by what follows from a change."""

PINNED = {
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "_build/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the kernel's debugger complains otherwise
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "1767225600",
}


def code_digest(root: Path) -> str:
    """Return a digest of what the cells' results depend on besides the cells.

    Every module of ``code_examples``, the helpers that cells call, the lock file, and Python's version.
    """
    digest = hashlib.sha256(sys.version.encode())
    helpers = [root / "_extensions" / "fieldbook" / name for name in ("page.py", "svg.py", "frames.py")]
    for path in [
        *sorted((root / "code_examples").rglob("*.py")),
        *helpers,
        root / "requirements.txt",
    ]:
        if path.exists():
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def environment(root: Path) -> dict[str, str]:
    """Return the environment of a build in `root`."""
    pinned = dict(PINNED)
    pinned["MPLCONFIGDIR"] = str((root / PINNED["MPLCONFIGDIR"]).resolve())
    paths = [str(root.resolve()), str(Path(__file__).resolve().parents[1])]
    return {**os.environ, **pinned, "PYTHONPATH": os.pathsep.join(paths)}


def input_digests(root: Path) -> dict[str, str]:
    """Return a digest of each group of `INPUTS`; Python belongs to the framework."""
    return {group: _digest(root, names, sys.version * (group == "framework")) for group, names in INPUTS.items()}


def _digest(root: Path, names: tuple[str, ...], salt: str) -> str:
    digest = hashlib.sha256(salt.encode())
    for name in names:
        for path in [root / name, *sorted((root / name).rglob("*"))]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def outputs_state(root: Path) -> dict[str, list[int]]:
    """Return time and size of every built file."""
    found = {}
    for path in sorted((root / OUTPUT).rglob("*")):
        if path.is_file():
            status = path.stat()
            found[path.relative_to(root).as_posix()] = [status.st_mtime_ns, status.st_size]
    return found


def read_state(root: Path) -> dict[str, Any] | None:
    """Return what the last build noted when it ended; None if it was cut short, or if there was none."""
    try:
        state = json.loads((root / STATE).read_text(encoding="utf-8"))
        return {key: state[key] for key in ("inputs", "good", "outputs")}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def run_sphinx(arguments: list[str], root: Path) -> int:
    """Run Sphinx in a process of its own; return its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "fieldbook.sphinx_main", *arguments], env=environment(root), check=False
    ).returncode


def build_html(root: Path, run: Callable[[list[str], Path], int] = run_sphinx) -> int:
    """Build the site of `root` into ``_build/html``; return the exit code.

    Parameters
    ----------
    root : Path
        The folder of ``conf.py``.
    run : callable
        What runs Sphinx.

    Returns
    -------
    int
        0 if every page is built and nothing is wrong.
    """
    where = (root / OUTPUT / "index.html").resolve().as_uri()
    inputs, state = input_digests(root), read_state(root)
    was_touched = state is not None and state["outputs"] != outputs_state(root)
    if state is not None and state["good"] and state["inputs"] == inputs and not was_touched:
        print(f"Nothing has changed. Open {where}")
        return 0
    if state is None or state["inputs"]["framework"] != inputs["framework"] or _needs_fresh(root):
        _empty(root / DOCTREES, root / OUTPUT)
    elif state["inputs"]["static"] != inputs["static"] or was_touched:
        _empty(root / OUTPUT)
    (root / STATE).unlink(missing_ok=True)
    arguments = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--quiet"]
    code = run([*arguments, "--doctree-dir", str(root / DOCTREES), str(root), str(root / OUTPUT)], root)
    if code in (0, 1):  # 1: it ran to its end and found faults, which it remembers by itself
        noted = {"inputs": inputs, "good": code == 0, "outputs": outputs_state(root)}
        (root / STATE).write_text(json.dumps(noted), encoding="utf-8")
    if code == 0:
        print(f"Built. Open {where}")
    else:
        print("Not built: mend the faults above, then run 'make html' again.", file=sys.stderr)
    return code


def _empty(*folders: Path) -> None:
    """Remove folders with all that is in them."""
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _needs_fresh(root: Path) -> bool:
    """Tell whether the last build said something that only a fresh one would say again (`fieldbook.standing`)."""
    try:
        return bool(json.loads((root / DOCTREES / "faulty.json").read_text(encoding="utf-8"))["homeless"])
    except (OSError, ValueError, LookupError, TypeError):
        return True  # it is written at the end of each build
