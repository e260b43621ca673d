"""Building a project as `make html` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fieldbook.build import environment


def build_html(root: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m fieldbook html`` in a project; nothing is asserted about it."""
    return subprocess.run(
        [sys.executable, "-m", "fieldbook", "html"],
        cwd=root,
        env=environment(root),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
