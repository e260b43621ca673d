"""Cells that fail, reported at their line.

MyST-NB knows that a page's cells failed and keeps the traceback, but names neither the cell nor a remedy. This module
says both; MyST-NB's own warning is silenced in ``conf.py`` because every failure is said here.

A page is the same wherever and whenever it is built. So tracebacks and warnings lose the folders of this machine, and
an output that shows one, or a memory address, is refused.
"""

from __future__ import annotations

import logging
import os
import re
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from myst_nb.core.render import strip_ansi
from myst_nb.sphinx_ import NbMetadataCollector

from fieldbook.faults import Fault, Rule, warn
from fieldbook.source import Cell, code_cells
from fieldbook.tree import ancestors, source_line

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def blame(cells: list[Cell], traceback: str) -> Cell | None:
    """Return the cell that a traceback shows: the first whose whole source stands in it."""
    return next((cell for cell in cells if cell.source.strip() in traceback), None)


def reason(traceback: str) -> str:
    r"""Return why a traceback ends; for a bare ``assert`` the line that did not hold.

    Examples
    --------
    >>> reason("----> 1 assert 1 == 2\n\nAssertionError: \n")
    'AssertionError: assert 1 == 2'
    >>> reason("----> 1 1 / 0\n\nZeroDivisionError: division by zero")
    'ZeroDivisionError: division by zero'
    """
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    if last.endswith(":"):
        arrows = [line.lstrip("-> 0123456789") for line in lines if line.startswith("-") and "> " in line]
        last = f"{last} {arrows[-1]}" if arrows else last.rstrip(":")
    return last


def rule_of(why: str) -> Rule:
    """Return the rule that a cell breaks by failing: explorables have their own.

    Examples
    --------
    >>> rule_of("ExploreError: explore 'tail' at tau:0: …").value, rule_of("NameError: …").value
    ('explore', 'cell')
    """
    return Rule.EXPLORE if why.startswith("ExploreError: ") else Rule.CELL


def without_folders(text: str, root: Path) -> str:
    """Take out of a traceback or a warning what only this machine calls so: folders of the project and of Python.

    Examples
    --------
    >>> without_folders("/home/ada/book/code_examples/mean.py:3: UserWarning", Path("/home/ada/book"))
    'code_examples/mean.py:3: UserWarning'
    """
    folders = {str(root), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))}
    home = str(Path.home())
    for folder in sorted(folders, key=len, reverse=True):  # the packages stand inside the project
        text = text.replace(f"{folder}{os.sep}", "")
        if folder.startswith(f"{home}{os.sep}"):
            text = text.replace(f"~{folder[len(home) :]}{os.sep}", "")  # as IPython writes it
    cell = os.path.join(tempfile.gettempdir(), "ipykernel_")  # noqa: PTH118 (as ipykernel puts it together)
    return re.sub(rf"{re.escape(cell)}\d+[\\/]\d+\.py", "cell", text)


def cell_line(output: nodes.Node, path: Path) -> int:
    """Return the line of the cell that an output belongs to; the tree itself knows another one."""
    for above in ancestors(output):
        if isinstance(above, nodes.container) and above.get("exec_count"):
            return code_cells(path.read_text(encoding="utf-8"))[above["exec_count"] - 1].line
    return source_line(output)


def peculiar(text: str, root: Path) -> str | None:
    """Return what of an output another machine or another build would not show.

    Examples
    --------
    >>> peculiar("<Table object at 0x7f68bc15b990>", Path("/home/ada/book"))
    'at 0x7f68bc15b990'
    >>> peculiar("0x7f is 127", Path("/home/ada/book"))
    """
    found = re.search(r"\bat 0x[0-9a-fA-F]{6,}|" + re.escape(f"{root}{os.sep}") + r"\S*", text)
    return found.group() if found else None


def on_doctree_read(app: Sphinx, doctree: nodes.document) -> None:
    """Report the failing cell of the page just read; see that its outputs are the same everywhere."""
    root, docname = Path(app.srcdir), app.env.docname
    for block in doctree.findall(nodes.literal_block):
        if {"traceback", "stderr"} & set(block["classes"]):
            text = block.astext()
            block.rawsource = without_folders(text, root)
            if block.rawsource != text:
                block.children = []
                block += nodes.Text(block.rawsource)
        is_shown = "mime_type" not in block.parent or len(block.parent.parent) == 1  # plain text is the last choice
        if "output" in block["classes"] and is_shown and (what := peculiar(block.astext(), root)):
            what = re.sub(r"0x\w+", "0x…", what)
            message = f"output differs from build to build: '{what}'; show something else, or end the line with ';'"
            warn([Fault(docname, cell_line(block, root / f"{docname}.md"), Rule.CELL, message)])
    data = NbMetadataCollector.get_exec_data(app.env, docname)
    if not data or data["succeeded"]:
        return
    traceback = strip_ansi(data.get("traceback") or "")
    cells = code_cells(Path(app.env.doc2path(docname)).read_text(encoding="utf-8"))
    cell = blame(cells, traceback)
    why = reason(traceback) if traceback else str(data["error"])
    message = f"cell fails: {why}; mend the cell or the code it calls"
    warn([Fault(docname, cell.line if cell else 0, rule_of(why), message)])


def setup_cells(app: Sphinx) -> None:
    """Connect the report, and keep the kernels' manager from announcing each page."""
    logging.getLogger("traitlets").setLevel(logging.WARNING)
    app.connect("doctree-read", on_doctree_read)
