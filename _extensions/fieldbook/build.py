"""The build as one command: `python -m fieldbook html`.

A strict build: every fault is a warning, every warning fails it, and all are shown together. If nothing has changed
since the last good build, which digests decide before Sphinx is imported, there is nothing to do. A build that was cut
short leaves a mark, and the next one starts fresh. The environment is pinned (hash seed, time stamp, one thread for
linear algebra), so that two builds agree.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

OUTPUT = Path("_build/html")
DOCTREES = Path("_build/doctrees")
MARK = Path("_build/unfinished")
STATE = Path("_build/state.json")
INPUT_FILES = ("conf.py", "index.md", "requirements.txt", "package-lock.json")
INPUT_FOLDERS = ("docs", "code_examples", "_extensions", "_static", "_templates")

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
    helpers = [root / "_extensions" / "fieldbook" / name for name in ("page.py", "svg.py")]
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


def inputs_digest(root: Path) -> str:
    """Return a digest of everything that a build reads, Python included."""
    digest = hashlib.sha256(sys.version.encode())
    files = [root / name for name in INPUT_FILES]
    for folder in INPUT_FOLDERS:
        files += [path for path in sorted((root / folder).rglob("*")) if "__pycache__" not in path.parts]
    for path in files:
        if path.is_file():
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


def is_up_to_date(root: Path, inputs: str) -> bool:
    """Tell whether the last build was good, of these inputs, and its files are as it left them."""
    try:
        state = json.loads((root / STATE).read_text(encoding="utf-8"))
        return state["inputs"] == inputs and state["outputs"] == outputs_state(root)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def build_html(root: Path) -> int:
    """Build the site of `root` into ``_build/html``; return the exit code.

    Parameters
    ----------
    root : Path
        The folder of ``conf.py``.

    Returns
    -------
    int
        0 if every page is built and nothing is wrong.
    """
    where = (root / OUTPUT / "index.html").resolve().as_uri()
    inputs, mark = inputs_digest(root), root / MARK
    if not mark.exists() and is_up_to_date(root, inputs):
        print(f"Nothing has changed. Open {where}")
        return 0
    command = [sys.executable, "-m", "fieldbook.sphinx_main", "--builder", "html", "--nitpicky", "--fail-on-warning"]
    command += ["--doctree-dir", str(root / DOCTREES), "--quiet"]
    if mark.exists() or _needs_fresh(root):
        command += ["--fresh-env", "--write-all"]
    elif _outputs_changed(root):
        command += ["--write-all"]
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text("A build was cut short; the next one starts fresh.\n", encoding="utf-8")
    (root / STATE).unlink(missing_ok=True)
    code = subprocess.run([*command, str(root), str(root / OUTPUT)], env=environment(root), check=False).returncode
    if code in (0, 1):  # 1: it ran to its end and found faults, which it remembers by itself
        mark.unlink(missing_ok=True)
    if code == 0:
        state = {"inputs": inputs, "outputs": outputs_state(root)}
        (root / STATE).write_text(json.dumps(state), encoding="utf-8")
        print(f"Built. Open {where}")
    else:
        print("Not built: mend the faults above, then run 'make html' again.", file=sys.stderr)
    return code


def _outputs_changed(root: Path) -> bool:
    """Tell whether somebody else has changed or removed what the last good build wrote."""
    try:
        return json.loads((root / STATE).read_text(encoding="utf-8"))["outputs"] != outputs_state(root)
    except (OSError, ValueError, LookupError):
        return False


def _needs_fresh(root: Path) -> bool:
    """Tell whether the last build said something that only a fresh one would say again (`fieldbook.standing`)."""
    try:
        return bool(json.loads((root / DOCTREES / "faulty.json").read_text(encoding="utf-8"))["homeless"])
    except (OSError, ValueError, LookupError):
        return False
