"""What each page gives to take with it runs outside the project, with the packages it names and no others."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from nbclient import NotebookClient

from fieldbook.executor import can_fork
from fieldbook.source import code_cells
from fieldbook.takeaway import imports, visible_cells

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


def imported(folder: Path) -> tuple[str, ...]:
    """Return what the script of a page and the modules beside it import of packages as they begin."""
    found = set()
    for path in folder.rglob("*.py"):
        for line in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(line, (ast.Import, ast.ImportFrom)):
                found |= set(imports(ast.unparse(line)))
    ours = {path.stem for path in folder.iterdir()}
    return tuple(sorted(name for name in found if name.partition(".")[0] not in ours | sys.stdlib_module_names))


WARM = """
import importlib, os, runpy, sys
sys.path.remove("")
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # no module, but a name in one; or one that the script will miss
for line in sys.stdin:
    folder, slug = os.path.split(line.rstrip("\\n"))
    child = os.fork()
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    os.chdir(line.rstrip("\\n"))
    for stream, name in enumerate(("/dev/null", "../said", "../wrong")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), stream)
    sys.path.insert(0, os.getcwd())
    sys.argv = [f"{slug}.py"]
    runpy.run_path(sys.argv[0], run_name="__main__")
    break
"""
"""Reads folders; runs the script of each in a process forked from one that has imported what its arguments name."""


class Interpreters:
    """Interpreters with the packages that requirements name, and no others.

    The scripts that require and import the same are run by forks of one, which has imported just that: each is as new
    as one of its own. Where processes cannot be forked, each script has one of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages: dict[str, Path] = {}
        self.warm: dict[tuple[str, ...], subprocess.Popen] = {}

    def run(self, here: Path) -> tuple[int, str, str]:
        """Run the script in a folder; return its exit code, what it said, and what it said of faults."""
        requirements = (here / "requirements.txt").read_text(encoding="utf-8")
        if requirements not in self.packages:
            self.packages[requirements] = only_these(requirements, self.folder / f"packages-{len(self.packages)}")
        key = (requirements, *imported(here))
        if not can_fork():
            with self.start(requirements, f"{here.name}.py", cwd=here) as alone:
                said, wrong = alone.communicate()
            return alone.returncode, said, wrong
        if key not in self.warm:
            self.warm[key] = self.start(requirements, "-c", WARM, *key[1:], cwd=self.folder)
        self.warm[key].stdin.write(f"{here}\n")
        self.warm[key].stdin.flush()
        code = int(self.warm[key].stdout.readline())
        said, wrong = ((here.parent / name).read_text(encoding="utf-8") for name in ("said", "wrong"))
        return code, said, wrong

    def start(self, requirements: str, *words: str, cwd: Path) -> subprocess.Popen:
        home = tempfile.mkdtemp(dir=self.folder)
        paths = {"PYTHONPATH": str(self.packages[requirements]), "HOME": home}
        return subprocess.Popen(
            [sys.executable, "-S", *words],
            cwd=cwd,
            env={**paths, "MPLBACKEND": "agg", "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if can_fork() else subprocess.PIPE,
            encoding="utf-8",
        )

    def end(self) -> None:
        for interpreter in self.warm.values():
            interpreter.communicate()


@pytest.fixture(scope="module")
def interpreters(tmp_path_factory) -> Iterator[Interpreters]:
    made = Interpreters(tmp_path_factory.mktemp("interpreters"))
    yield made
    made.end()


@pytest.mark.parametrize("page", pages())
def test_the_script_runs_with_the_packages_it_names_alone(site, interpreters, page, tmp_path):
    here = unpacked(site, page, tmp_path / "taken")
    code, said, wrong = interpreters.run(here)
    assert code == 0, f"it ended with code {code}: {wrong}"
    figures = SoupStrainer("figure")
    html = BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser", parse_only=figures)
    drawn = {figure["id"].removeprefix("fig-") for figure in html.select("figure[id^=fig-]")}
    assert drawn == {path.stem for path in here.glob("*.png")}
    for explorable in html.select(".fb-explore"):
        sentences = [frame["data-say"] for frame in explorable.select("[data-say]")]
        assert sentences
        for sentence in (sentences[0], sentences[-1]):
            assert sentence in said


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
