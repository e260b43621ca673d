"""A page judged by itself: `python -m fieldbook check area/slug`.

Two programs run side by side. Sphinx, with an environment of its own under ``_build/check`` and a builder that writes
nothing (`fieldbook.judge`), reads what has changed and finds what `make html` would find: form, links, numbers, cells,
doctests, cards, sources. pytest (`fieldbook.module_tests`) runs the tests of the page's module, unless neither they
nor the code have changed since they passed. The results of cells are shared with `make html`.

A page answers for its own file, for its module and its tests, and for what belongs to all pages, such as the
bibliography. What is wrong with another page is counted, not told. Advice on the page (`fieldbook.advice`) is printed
too, and fails nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fieldbook import advice, results
from fieldbook.build import DOCTREES, environment, input_digests, read_state
from fieldbook.faults import did_you_mean

FOLDER = Path("_build/check")
PASSED = FOLDER / "passed.json"


@dataclass(frozen=True, order=True)
class Page:
    """A page by its place under ``docs``, such as ``foundations/softmax``, and the files that belong to it."""

    place: str

    @property
    def docname(self) -> str:
        """Its document name."""
        return f"docs/{self.place}"

    @property
    def module(self) -> str:
        """The path of its module, whether there is one or not.

        Examples
        --------
        >>> Page("retrieval/reciprocal-rank-fusion").module
        'code_examples/retrieval/reciprocal_rank_fusion.py'
        """
        return f"code_examples/{self.place.replace('-', '_')}.py"

    @property
    def tests(self) -> str:
        """The path of the tests of its module."""
        area, _, name = self.place.replace("-", "_").rpartition("/")
        return f"tests/code_examples/{area}/test_{name}.py"

    @property
    def files(self) -> tuple[str, str, str]:
        """The files for which it answers."""
        return f"{self.docname}.md", self.module, self.tests


def check(root: Path, place: str) -> int:
    """Judge one page, or those that differ from the last commit; print what is wrong, a line each.

    Parameters
    ----------
    root : Path
        The folder of ``conf.py``.
    place : str
        ``area/slug``, the path of the page, or its slug; empty for the pages that differ from the last commit.

    Returns
    -------
    int
        0 if nothing is wrong, 1 if something is, 2 if there is no such page.
    """
    known = {path.relative_to(root / "docs").with_suffix("").as_posix() for path in (root / "docs").rglob("*.md")}
    try:
        pages = [find(place, known)] if place else changed(root, known) or sorted(map(Page, known))
    except LookupError as refusal:
        print(refusal.args[0], file=sys.stderr)
        return 2
    tests = ModuleTests(root, pages)
    said = judge(root, pages)
    own, others = sort_out([*said, *tests.wait()], pages, known)
    for line in own:
        print(line)
    if others:
        print(f"{count(others, 'fault')} on other pages: make html shows them.")
    if place:
        site = advice.Site(root)
        for path in {root / f"{page.docname}.md" for page in pages} & set(site.pages.values()):
            for advised in advice.advice(site, path):
                print(advised)
    if not own:
        print(summary(root, pages, tests.passed))
    return 1 if own else 0


def find(place: str, known: set[str]) -> Page:
    """Return the page that somebody means.

    Examples
    --------
    >>> known = {"foundations/softmax", "retrieval/bm25"}
    >>> find("softmax", known) == find("docs/foundations/softmax.md", known) == Page("foundations/softmax")
    True
    >>> find("retrieval/bm52", known)
    Traceback (most recent call last):
    ...
    LookupError: no page 'retrieval/bm52'; did you mean 'retrieval/bm25'? (make check PAGE=area/slug)
    """
    name = place.removeprefix("./").removeprefix("docs/").removesuffix(".md").strip("/")
    found = [page for page in sorted(known) if page == name or page.rpartition("/")[2] == name]
    if len(found) == 1:
        return Page(found[0])
    if found:
        raise LookupError(f"'{place}' names {' and '.join(found)}; write which (make check PAGE=area/slug)")
    slugs = {page.rpartition("/")[2]: page for page in known}
    near = did_you_mean(name, known) or did_you_mean(name.rpartition("/")[2], slugs)
    raise LookupError(f"no page '{place}'{near} (make check PAGE=area/slug)")


def changed(root: Path, known: set[str]) -> list[Page]:
    """Return the pages that differ from the last commit, in text, module or tests; none where git cannot say."""
    command = ["git", "status", "--porcelain", "-z", "--untracked-files=all"]
    try:
        said = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    names = {entry[3:] for entry in said.split("\0")}
    return [page for page in sorted(map(Page, known)) if names & set(page.files)]


def judge(root: Path, pages: list[Page]) -> list[str]:
    """Have Sphinx read what has changed; return what it says, a line a fault."""
    doctrees = prepare(root)
    command = [sys.executable, "-m", "fieldbook.sphinx_main", "--builder", "judge", "--nitpicky", "--quiet"]
    command += ["--no-color", "--doctree-dir", str(doctrees), str(root), str(root / FOLDER / "out")]
    command += [str(root / f"{page.docname}.md") for page in pages]
    done = subprocess.run(command, cwd=root, env=environment(root), capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        shutil.rmtree(doctrees, ignore_errors=True)
        raise SystemExit(f"{done.stdout}{done.stderr}")
    return faults_of(done.stderr, root)


def prepare(root: Path) -> Path:
    """Return the folder of the environment, emptied if the framework has changed; what `make html` read is taken over.

    The faults that `make html` found stand there too (`fieldbook.standing`), and are said again.
    """
    doctrees, note = root / FOLDER / "doctrees", root / FOLDER / "framework"
    framework, built = input_digests(root)["framework"], read_state(root)
    if not note.exists() or note.read_text(encoding="utf-8") != framework:
        shutil.rmtree(doctrees, ignore_errors=True)
    if not doctrees.exists() and built is not None and built["inputs"]["framework"] == framework:
        shutil.copytree(root / DOCTREES, doctrees)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(framework, encoding="utf-8")
    return doctrees


def faults_of(said: str, root: Path) -> list[str]:
    r"""Return the faults that Sphinx has printed, a line each, with paths as they are in the project.

    Examples
    --------
    >>> faults_of("/w/docs/a/b.md:4: WARNING: unknown slug 'x' [fieldbook.link]\nmore of it\n", Path("/w"))
    ["docs/a/b.md:4: unknown slug 'x' [fieldbook.link] more of it"]
    """
    faults: list[str] = []
    for line in said.splitlines():
        match = re.match(r"(?:(.*?): )?(?:WARNING|ERROR|CRITICAL): (.*)", line)
        if match:
            where, what = match.groups()
            faults.append(f"{where}: {what}" if where else what)
        elif faults and line.strip() and not line.startswith("["):  # a library's own log
            faults[-1] += f" {line.strip()}"
    return [fault.replace(f"{root}/", "") for fault in faults]


def sort_out(faults: list[str], pages: list[Page], known: set[str]) -> tuple[list[str], int]:
    """Return the faults that these pages answer for, and how many stand on others.

    Examples
    --------
    >>> faults = ["docs/a/b.md:4: this", "docs/a/c.md: that", "code_examples/a/c.py:1: such", "docs/planned.yml:2: so"]
    >>> sort_out(faults, [Page("a/b")], {"a/b", "a/c"})
    (['docs/a/b.md:4: this', 'docs/planned.yml:2: so'], 2)
    """
    others = {file for page in map(Page, known) if page not in pages for file in page.files}
    slugs = {page.place.rpartition("/")[2] for page in pages}
    own = []
    for fault in dict.fromkeys(faults):
        where = re.match(r"[^:]*", fault)[0]  # type: ignore[index]
        circle = set(re.findall(r"→ ([a-z0-9-]+)", fault))  # said of one page, made by each
        if where not in others or circle & slugs:
            own.append(fault)
    return sorted(own, key=_place), len(set(faults)) - len(own)


def _place(fault: str) -> tuple[str, int]:
    where, _, rest = fault.partition(":")
    line = re.match(r"\d+", rest)
    return where, int(line[0]) if line else 0


def summary(root: Path, pages: list[Page], passed: int) -> str:
    """Return the one line for pages with which nothing is wrong: what of them ran."""
    store = results.Store(root / "_build" / "results")
    cells = examples = 0
    for page in pages:
        cells += len(results.runnable((root / f"{page.docname}.md").read_text(encoding="utf-8")).cells)
        ran = [store.read(page.docname), store.read(page.module.removesuffix(".py"))]
        examples += sum(result["examples"] for result in ran if result)
    what = f"{pages[0].docname}.md" if len(pages) == 1 else count(len(pages), "page")
    return f"{what}: nothing wrong; {count(cells, 'cell')}, {count(examples, 'doctest')}, {count(passed, 'test')}."


def count(number: int, what: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> count(1, "cell"), count(0, "test")
    ('1 cell', '0 tests')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class ModuleTests:
    """The tests of some pages' modules, started at once, and asked for their outcome later."""

    def __init__(self, root: Path, pages: list[Page]) -> None:
        self.root = root
        self.passed = 0
        self._known = self._read()
        self._keys = {page.tests: self._key(page.tests) for page in pages if (root / page.tests).exists()}
        self._missing = [page for page in pages if (root / page.module).exists() and page.tests not in self._keys]
        stale = [test for test, key in self._keys.items() if self._known.get(test, {}).get("key") != key]
        self._process = None
        if stale:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fieldbook.module_tests", *stale],
                cwd=root,
                env=environment(root),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
            )

    def wait(self) -> list[str]:
        """Return what failed, a line each; remember what passed."""
        faults = [
            f"{page.module}:1: the module has no tests; write {page.tests} [fieldbook.tests]" for page in self._missing
        ]
        ran: dict[str, int] = {}
        if self._process is not None:
            said, _ = self._process.communicate()
            try:
                outcome = json.loads(said.splitlines()[-1])
            except (ValueError, IndexError):
                raise SystemExit(f"pytest did not end as it should:\n{said}") from None
            faults += outcome["faults"]
            ran = outcome["passed"]
        faulty = {fault.partition(":")[0] for fault in faults}
        for test, key in self._keys.items():
            if test in ran and test not in faulty:
                self._known[test] = {"key": key, "passed": ran[test]}
            self.passed += ran.get(test, self._known.get(test, {}).get("passed", 0))
        if ran:
            (self.root / PASSED).parent.mkdir(parents=True, exist_ok=True)
            (self.root / PASSED).write_text(json.dumps(self._known), encoding="utf-8")
        return faults

    def _read(self) -> dict[str, dict[str, int | str]]:
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.root / PASSED).read_text(encoding="utf-8"))
        return {}

    def _key(self, test: str) -> str:
        """Return a digest of what the outcome of tests depends on: themselves, all code, the locked packages."""
        digest = hashlib.sha256(sys.version.encode())
        folder = self.root / "tests" / "code_examples"
        helpers = [path for path in folder.rglob("*.py") if not path.name.startswith("test_")]
        names = [test, "requirements-test.txt", "pyproject.toml", "tests/conftest.py"]
        for path in [
            *(self.root / name for name in names),
            *sorted(helpers),
            *sorted((self.root / "code_examples").rglob("*.py")),
        ]:
            digest.update(f"{path}\0".encode() + (path.read_bytes() if path.exists() else b"") + b"\0")
        return digest.hexdigest()
