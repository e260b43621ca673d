"""Building a project as `make html` does, and running cells as plain Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sphinx.util.console import strip_colors

from fieldbook.build import environment


def build_html(root: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m fieldbook html`` in a project; what it says comes without colours, which a kernel turns on."""
    done = subprocess.run(
        [sys.executable, "-m", "fieldbook", "html"],
        cwd=root,
        env=environment(root),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    done.stderr = strip_colors(done.stderr)
    return done


def run_cells(program: str, cells: list, folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that reads cells as JSON, in the folder of their page and the environment of a build of `root`."""
    return subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(cells),
        cwd=folder,
        env=environment(root),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
