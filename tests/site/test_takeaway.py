"""What each page gives to take with it runs outside the project, with the packages it names and no others."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient

from fieldbook.source import code_cells
from fieldbook.takeaway import visible_cells

ROOT = Path(__file__).parents[2]
SAMPLE = 3
OURS = "import sys, pathlib; here = str(pathlib.Path.cwd().resolve())\n" + (
    "[str(module.__file__) for name, module in list(sys.modules.items())"
    " if name.partition('.')[0] in ('code_examples', 'fieldbook') and not module.__file__.startswith(here)]"
)


def pages() -> list[str]:
    """Return every page with a cell that a reader sees."""
    found = [path for path in sorted((ROOT / "docs").rglob("*.md")) if visible_cells(path.read_text(encoding="utf-8"))]
    return [path.relative_to(ROOT).with_suffix("").as_posix() for path in found]


def sampled() -> list[str]:
    """Return a few of them, drawn anew when a cell changes: a kernel takes its time; all with FIELDBOOK_PAGES=all."""
    found = pages()
    texts = "".join(repr(code_cells((ROOT / f"{page}.md").read_text(encoding="utf-8"))) for page in found)
    ranked = sorted(found, key=lambda page: hashlib.sha256((page + texts).encode()).hexdigest())
    return ranked if os.environ.get("FIELDBOOK_PAGES") == "all" else ranked[:SAMPLE]


def unpacked(site: Path, page: str, folder: Path) -> Path:
    """Unpack the zip of a page; return the one folder in it."""
    with zipfile.ZipFile(site / f"{page}.zip") as archive:
        archive.extractall(folder)
    [inside] = folder.iterdir()
    assert inside.name == page.rpartition("/")[2]
    return inside


def only_these(requirements: str, folder: Path) -> Path:
    """Make a folder of links to what the packages of a requirements file have installed, and nothing else."""
    folder.mkdir()
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", requirements, re.MULTILINE):
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system, as its marker says
        assert package.version == version
        for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(package.locate_file(top))))
    return folder


@pytest.mark.parametrize("page", pages())
def test_the_script_runs_with_the_packages_it_names_alone(site, page, tmp_path):
    here = unpacked(site, page, tmp_path / "taken")
    packages = only_these((here / "requirements.txt").read_text(encoding="utf-8"), tmp_path / "packages")
    (tmp_path / "home").mkdir()
    environment = {"PYTHONPATH": str(packages), "HOME": str(tmp_path / "home"), "MPLBACKEND": "agg", "PYTHONUTF8": "1"}
    command = [sys.executable, "-S", f"{here.name}.py"]
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    html = BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    drawn = {figure["id"].removeprefix("fig-") for figure in html.select("figure[id^=fig-]")}
    assert drawn == {path.stem for path in here.glob("*.png")}
    for explorable in html.select(".fb-explore"):
        sentences = [frame["data-say"] for frame in explorable.select("[data-say]")]
        assert sentences
        for sentence in (sentences[0], sentences[-1]):
            assert sentence in done.stdout


@pytest.mark.parametrize("page", sampled())
def test_the_notebook_runs_in_jupyter_with_what_is_beside_it(site, page, tmp_path):
    here = unpacked(site, page, tmp_path / "taken")
    book = nbformat.read(here / f"{here.name}.ipynb", as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [
        source.rstrip() for source in visible_cells((ROOT / f"{page}.md").read_text(encoding="utf-8"))
    ]
    book.cells.append(nbformat.v4.new_code_cell(OURS))
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(here)}}).execute()
    assert book.cells[-1].outputs[0]["data"]["text/plain"] == "[]", "a module of ours came from elsewhere"


def test_the_text_of_a_notebook_is_that_of_the_page(site, tmp_path):
    here = unpacked(site, "docs/foundations/temperature", tmp_path)
    book = nbformat.read(here / "temperature.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    html = BeautifulSoup((site / "docs/foundations/temperature.html").read_text(encoding="utf-8"), "html.parser")
    headings = [
        heading.get_text().rstrip("¶#").strip() for heading in html.select("article h1, article h2, article h3")
    ]
    wanted = [heading for heading in headings if heading not in ("Check yourself", "Related concepts", "Needed first")]
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert found == [heading for heading in wanted if heading in found]
    assert set(wanted) - set(found) <= {"Often confused with", "Needed by"}
    assert "{glue" not in text
    assert "{cite" not in text
    assert "html#cite-guo2017calibration" in text
    assert "fb-" not in text
    assert re.search(r"logits 2, 1 and 0 by three temperatures \$\\tau\$, then apply \[softmax\]\(https://", text)
