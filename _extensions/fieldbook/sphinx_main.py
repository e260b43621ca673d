"""Sphinx as a program, begun in the order that saves time: ``python -m fieldbook.sphinx_main`` and Sphinx's arguments.

The first of them that holds a ``conf.py`` is the folder of sources. Importing Sphinx and its extensions takes a
second, and so does warming up the executor: it is started first, and both go on side by side. While modules are
imported no garbage is collected, since none of it is garbage.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from fieldbook import executor


def main(arguments: list[str]) -> int:
    """Run Sphinx; return its exit code."""
    gc.disable()  # until `fieldbook.extension` has heard that all is loaded
    if executor.can_fork():
        executor.start_early(next(Path(folder) for folder in arguments if Path(folder, "conf.py").is_file()))
    try:
        from sphinx.cmd.build import main as sphinx_build

        return sphinx_build(arguments)
    finally:
        executor.dismiss()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
