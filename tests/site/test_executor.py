"""The warm executor against stock kernels, on the pages of the site.

A kernel takes a second or two a page. So each run of the suite holds the outputs of a few pages against a kernel's,
others whenever a cell of the site changes; with FIELDBOOK_PAGES=all, as `make edits` sets it, the whole site is built
by stock kernels and every page must be the same, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from fieldbook import executor
from fieldbook.build import environment
from fieldbook.cells import without_folders
from fieldbook.kernel import joined
from fieldbook.results import Store
from fieldbook.source import Cell, code_cells

ROOT = Path(__file__).parents[2]
SAMPLE = 4


def pages_with_cells() -> dict[str, list[Cell]]:
    """Return the cells of every page that has some."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))}
    found = {path.relative_to(ROOT).with_suffix("").as_posix(): code_cells(text) for path, text in texts.items()}
    return {docname: cells for docname, cells in found.items() if cells}


def sampled() -> dict[str, list[Cell]]:
    """Return a few of them, drawn anew when a cell changes."""
    found = pages_with_cells()

    def rank(docname: str) -> str:
        return hashlib.sha256(repr((docname, found)).encode()).hexdigest()

    return {docname: found[docname] for docname in sorted(found, key=rank)[:SAMPLE]}


def by_a_kernel(docname: str, cells: list[Cell]) -> list[list[dict]]:
    """Return what a kernel gives for the cells of a page."""
    made = [nbformat.v4.new_code_cell(cell.source, metadata={"tags": list(cell.tags)}) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    folder = str((ROOT / docname).parent)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return [joined(cell.outputs) for cell in notebook.cells]


def plain(outputs: list[list[dict]]) -> list[list[dict]]:
    """Return outputs without what no page shows, and without this machine's folders, as pages show them."""
    found = []
    for cell in outputs:
        found.append([])
        for output in cell:
            kept = {key: value for key, value in output.items() if key != "execution_count"}
            if "traceback" in kept:
                kept["traceback"] = [without_folders(line, ROOT) for line in kept["traceback"]]
            if "text" in kept:
                kept["text"] = without_folders(kept["text"], ROOT)
            if len(kept.get("data", {})) > 1:  # the text is for readers without the other
                text = kept["data"].get("text/plain", "")
                kept["data"] = {**kept["data"], "text/plain": re.sub(r" at 0x[0-9a-f]+", "", text)}
            found[-1].append(kept)
    return found


warm = pytest.mark.skipif(not executor.can_fork(), reason="the warm executor forks")


@warm
@pytest.mark.parametrize("docname", sampled())
def test_a_page_has_the_outputs_that_a_kernel_gives(site, docname, monkeypatch):
    for name, value in environment(ROOT).items():
        monkeypatch.setenv(name, value)
    result = Store(ROOT / "_build/results").read(docname)
    assert plain(result["outputs"]) == plain(by_a_kernel(docname, pages_with_cells()[docname]))


@warm
@pytest.mark.skipif(os.environ.get("FIELDBOOK_PAGES") != "all", reason="FIELDBOOK_PAGES is not 'all': the long run")
def test_every_page_is_the_one_that_kernels_give(site, tmp_path):
    command = [sys.executable, "-m", "sphinx", "--quiet", "--nitpicky", "--fail-on-warning"]
    command += ["-D", "fieldbook_executor=stock"]
    command += ["--doctree-dir", str(tmp_path / "doctrees"), str(ROOT), str(tmp_path / "html")]
    done = subprocess.run(command, cwd=ROOT, env=environment(ROOT), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    names = {path.relative_to(out).as_posix() for out in (site, tmp_path / "html") for path in out.rglob("*.html")}
    assert {f"{docname}.html" for docname in pages_with_cells()} <= names
    differing = [
        name for name in sorted(names) if (site / name).read_bytes() != (tmp_path / "html" / name).read_bytes()
    ]
    assert differing == []
