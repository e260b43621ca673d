"""Runs the mutants: ``make mutants``, or ``make mutants PAGE=area/slug`` for one page and its module, ``PAGE=area``
for those of one area.

Subjects are the reference modules and the code cells of concept pages. A cell tagged ``remove-cell`` is a check and
no subject, whatever else it computes; so is every ``assert``. `mutants` makes the mutants; each runs in the warm
executor (`fieldbook.executor`), in processes of its own, and a module's is served from memory (`serve`). Two oracles
are counted apart:

- the build: the doctests of the module, then the cells, checks and ``pycon`` fences of every page and the doctests of
  every module that were seen to open its file; for a cell all that runs on its page;
- the tests: besides, for a module that the build lets pass, the pytest file of that module.

The first of these that turns red kills the mutant: a cell, doctest or test that fails, or a limit that is more than
ten times what the unchanged code needs. What did not run, does not compile, or dies without saying why has survived.
Before anything is changed, everything must be green as it stands.

Mutants that no check can tell from the original stand in ``tests/mutation/equivalents.yml`` with a reason; they are
run too. What became of each is kept in ``tests/mutation/results.json``, by file, with a digest of all that it hangs on:
the mutants, what runs against them, every file that was seen to be opened. It is written after each file, and what has
the same digest is not run again (``--anew`` runs it). ``--sample 40`` runs 40 mutants of each file, drawn at random,
where all would take hours; a later run adds to them. The exit code is 1 if too few are killed (`report.LEAST`) or the
list of equivalents is wrong, and 2 if nothing could be measured.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from fieldbook import executor, results
from fieldbook.authoring import areas, concept_pages
from fieldbook.build import environment
from fieldbook.source import Cell
from tests.mutation import report
from tests.mutation.mutants import mutants
from tests.mutation.report import Subject

Job = dict[str, Any]

NOT_PRELOADED = ("code_examples", "hypothesis", "jax", "bm25s")
"""What every job imports anew: what is mutated; Hypothesis, whose plug-in pytest must load first, or it warns; and
JAX, which starts threads that no fork bears, with bm25s, which imports it."""

SERVE = "from tests.mutation.serve import serve; serve({name!r}, {path!r}, {source!r}); del serve"
PYTEST = "assert __import__('pytest').main({arguments!r}) not in {passed}"
ARGUMENTS = ["--exitfirst", "--quiet", "--tb=line", "-p", "no:cacheprovider"]
RED = (1, 2)  # pytest's codes: a test failed; the file cannot be imported
NOT_GREEN = (1, 2, 3, 4, 5)  # besides: an error of its own, wrong usage, no test

UNSAID = ("its process ", "it did not end ", "SyntaxError", "IndentationError")
"""How a reason begins that no check may take credit for."""

SLOW = " ran for more than "
RESULTS = Path("tests/mutation/results.json")
RUNNER = (Path(__file__), Path(__file__).with_name("serve.py"))


class RefusedError(Exception):
    """Nothing can be measured; the message says why and what to do."""


class Project:
    """What runs in a project, as jobs by name, and what came of each before anything was changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        code = root / "code_examples"
        self.modules = [
            path.relative_to(root).as_posix() for area in areas(root) for path in (code / area).glob("*.py")
        ]
        self.pages = {
            path.relative_to(root).with_suffix("").as_posix(): results.runnable(path.read_text(encoding="utf-8"))
            for path in concept_pages(root)
        }
        jobs = [results.page_job(name, code, "") for name, code in self.pages.items()]
        jobs += [results.module_job(path, "") for path in self.modules]
        jobs += [test_job(test, RED) for test in map(test_of, self.modules) if (root / test).exists()]
        self.jobs: dict[str, Job] = {job["name"]: job for job in jobs if job}
        self.unchanged: dict[str, dict[str, Any]] = {}

    def run_unchanged(self) -> None:
        """Run every job as it stands: each must be green, or red would mean nothing."""
        jobs = [test_job(name, NOT_GREEN) if name.endswith(".py") else job for name, job in self.jobs.items()]
        for job, result in run([{**job, "root": str(self.root), **executor.LIMITS} for job in jobs]):
            self.unchanged[job["name"]] = result
        faults = [
            f"{name} is red before anything is changed: {why}; mend it first"
            for name in self.jobs
            if (why := red(self.unchanged[name]))
        ]
        if faults:
            raise RefusedError("\n".join(faults))

    def job(self, name: str, cells: list[dict[str, Any]]) -> Job:
        """Return a job with these cells, under limits that its run unchanged keeps easily."""
        seconds = 2 + math.ceil(10 * self.unchanged[name]["seconds"])
        return {**self.jobs[name], "cells": cells, "root": str(self.root), **executor.LIMITS, "seconds": seconds}

    def module_subjects(self, path: str) -> Iterator[Subject]:
        """Yield the mutants of a module, each with the jobs that may notice it: its own and its page's first."""
        own, page, test = path.removesuffix(".py"), page_of(path), test_of(path)
        dependent = [
            name for name, result in self.unchanged.items() if path in result["dependencies"] and name in self.jobs
        ]
        dependent = [name for name in dependent if not name.endswith(".py")]
        dependent.sort(key=lambda name: (name != own, name != page, self.unchanged[name]["seconds"], name))
        names = [("build", name) for name in dependent] + ([("tests", test)] if test in self.jobs else [])
        for mutant in mutants((self.root / path).read_text(encoding="utf-8")):
            served = SERVE.format(name=own.replace("/", "."), path=str(self.root / path), source=mutant.source)
            first = {"source": served, "tags": []}
            steps = [(oracle, self.job(name, [first, *self.jobs[name]["cells"]])) for oracle, name in names]
            yield Subject(path, "modules", mutant.line, mutant, steps)

    def page_subjects(self, name: str) -> Iterator[Subject]:
        """Yield the mutants of a page's cells, each with the page that may notice it."""
        lines = (self.root / f"{name}.md").read_text(encoding="utf-8").splitlines()
        cells = self.pages[name].cells
        context = "\n".join(cell.source for cell in cells)
        for index, cell in enumerate(cells):
            if "remove-cell" in cell.tags:
                continue
            try:
                found = mutants(cell.source, context)
            except SyntaxError as error:
                message = f"{name}.md:{cell.line}: the cells are not plain Python ({error.msg}); write them so"
                raise RefusedError(message) from None
            for mutant in found:
                changed = [dict(one) for one in self.jobs[name]["cells"]]
                changed[index]["source"] = mutant.source
                line = first_line(lines, cell) + mutant.line - 1
                yield Subject(f"{name}.md", "cells", line, mutant, [("build", self.job(name, changed))])


def test_job(test: str, red: tuple[int, ...]) -> Job:
    """Return the job that runs a test file in its own process; it fails for these codes of pytest's."""
    cell = {"source": PYTEST.format(arguments=[*ARGUMENTS, test], passed=red), "tags": []}
    return {"name": test, "folder": ".", "cells": [cell], "fences": [], "module": None}


def test_of(module: str) -> str:
    """Return the path of a module's test.

    Examples
    --------
    >>> test_of("code_examples/foundations/softmax.py")
    'tests/code_examples/foundations/test_softmax.py'
    """
    folder, _, name = module.rpartition("/")
    return f"tests/{folder}/test_{name}"


def page_of(module: str) -> str:
    """Return the name of a module's page.

    Examples
    --------
    >>> page_of("code_examples/foundations/low_rank_approximation.py")
    'docs/foundations/low-rank-approximation'
    """
    area, name = module.removesuffix(".py").split("/")[1:]
    return f"docs/{area}/{name.replace('_', '-')}"


def asked_for(name: str, page: str) -> bool:
    """Return whether a page is the one that is named as area/slug, one of the area that is named, or none is named.

    Examples
    --------
    >>> [asked_for("docs/training/dpo", page) for page in ("", "training", "training/dpo", "train", "dpo")]
    [True, True, True, False, False]
    """
    return not page or f"{name}/".startswith(f"docs/{page}/")


def first_line(lines: list[str], cell: Cell) -> int:
    """Return the line (from 1) at which the source of a cell begins: behind its fence and its options.

    Examples
    --------
    >>> first_line(["```{code-cell}", ":tags: [hide-input]", "x = 1"], Cell(1, "x = 1", ("hide-input",)))
    3
    """
    line = cell.line + 1
    while lines[line - 1].startswith(":"):
        line += 1
    return line


def run(jobs: list[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Run jobs on every core; see `executor.run_jobs`."""
    return executor.run_jobs(jobs, os.cpu_count() or 1)


def red(result: dict[str, Any]) -> str:
    """Return why a result is red; "" if it is green.

    Examples
    --------
    >>> red({"stopped": None, "failures": [(0, 1, "'1 + 1' gave 2, not 3")]})
    "doctest '1 + 1' gave 2, not 3"
    >>> red({"stopped": None, "failures": []})
    ''
    """
    if result["stopped"] is not None:
        return str(result["stopped"]["reason"])
    return f"doctest {result['failures'][0][2]}" if result["failures"] else ""


def libraries(test: str) -> set[str]:
    """Return the modules that a test file imports and its jobs can share.

    Examples
    --------
    >>> sorted(libraries("import jax.numpy as jnp\\nimport scipy.stats\\nfrom numpy.testing import assert_allclose"))
    ['numpy.testing', 'scipy.stats']
    """
    names = set()
    for node in ast.parse(test).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] not in NOT_PRELOADED}


def start_server(project: Project) -> None:
    """Start the fork server, so that jobs inherit a standard error that goes nowhere: mutants warn a lot."""
    tests = [(project.root / name).read_text(encoding="utf-8") for name in project.jobs if name.endswith(".py")]
    shared = set().union({"pytest"}, *map(libraries, tests))
    multiprocessing.set_forkserver_preload([*sorted(shared), "tests.mutation.report", "fieldbook.worker"])
    ours = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    forkserver.ensure_running()
    os.dup2(ours, 2)
    os.close(ours)


def judge(subjects: list[Subject]) -> None:
    """Run the mutants of a file, all through their first step, what is alive through its second, and so on."""
    step = 0
    for one in subjects:
        one.left_out = False
    while alive := [one for one in subjects if one.killed_by is None and step < len(one.steps)]:
        jobs = [{**one.steps[step][1], "name": str(number)} for number, one in enumerate(alive)]
        for job, result in run(jobs):
            one, why, stopped = alive[int(job["name"])], red(result), result["stopped"] or {}
            if one.kind == "modules" and stopped.get("cell") == 0:
                raise RefusedError(f"{one}: the mutant cannot be served: {why}")
            if why and not why.startswith(UNSAID):
                one.killed_by, one.timed_out = one.steps[step][0], SLOW in why
        step += 1


def counted(dependencies: dict[str, str]) -> set[str]:
    """Return those of the opened files that the fate of a mutant hangs on.

    What the build's own package opens is this runner's; what of it a job runs is in the digest of the environment.
    pytest lists folders of tests for their ``conftest.py`` alone: another test beside ours changes nothing.

    Examples
    --------
    >>> opened = ("_extensions/fieldbook/cards.py", "tests/mutation/run.py", "tests/code_examples", "docs/a.csv")
    >>> sorted(counted(dict.fromkeys(opened, "")))
    ['docs/a.csv', 'tests/code_examples/conftest.py']
    """
    paths = {path for path in dependencies if not path.startswith(("_extensions/", "tests/mutation/"))}
    return {f"{path}/conftest.py" if path.startswith("tests") and not Path(path).suffix else path for path in paths}


def measured(project: Project, subjects: list[Subject], digests: results.Digests) -> str:
    """Return a digest of all that the fates of these mutants hang on, except how long they may run."""
    steps = [
        (oracle, {key: value for key, value in job.items() if key not in ("root", *executor.LIMITS)})
        for one in subjects
        for oracle, job in one.steps
    ]
    names = sorted({job["name"] for _, job in steps})
    opened = sorted({path for name in names for path in counted(project.unchanged[name]["dependencies"])})
    opened += ["requirements-test.txt"] * any(oracle == "tests" for oracle, _ in steps)
    runner = [*map(results.digest_of, RUNNER), results.environment_digest(project.root)]
    steps.sort(key=lambda step: json.dumps(step, sort_keys=True))  # their order hangs on how long they took
    parts = [steps, [(path, digests[path]) for path in opened], runner]
    here = json.dumps(str(project.root))[1:-1]  # the same in every clone
    return hashlib.sha256(json.dumps(parts, sort_keys=True).replace(here, "").encode()).hexdigest()


def kept(root: Path) -> dict[str, dict[str, Any]]:
    """Return what is kept of each file, nothing if it cannot be read."""
    try:
        files = json.loads((root / RESULTS).read_text(encoding="utf-8"))["files"]
        return {path: entry for path, entry in files.items() if {"digest", "outcomes"} <= entry.keys()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def keep(root: Path, files: dict[str, dict[str, Any]]) -> None:
    """Write what is known of every file."""
    data = json.dumps(report.as_data(files), indent=1, ensure_ascii=False)
    (root / RESULTS).write_text(f"{data}\n", encoding="utf-8")


def draw(path: str, subjects: list[Subject], sample: int | None) -> list[Subject]:
    """Return as many mutants of a file as are wanted, drawn at random: a larger sample holds every smaller one."""
    return random.Random(path).sample(subjects, len(subjects))[:sample]


def measure(root: Path, page: str, anew: bool, sample: int | None) -> int:
    """Run the mutants of a project, of an area, or of one page and its module; print what became of them."""
    began = time.monotonic()
    project = Project(root)
    modules = [path for path in project.modules if asked_for(page_of(path), page)]
    pages = [name for name in project.pages if asked_for(name, page)]
    if not modules and not pages:
        example = min(project.pages)[5:]
        raise RefusedError(f"there is no page '{page}'; name one as area/slug, such as {example}, or an area")
    start_server(project)
    project.run_unchanged()
    subjects = [one for path in modules for one in project.module_subjects(path)]
    subjects += [one for name in pages for one in project.page_subjects(name)]
    by_file: dict[str, list[Subject]] = {}
    for one in subjects:
        by_file.setdefault(one.path, []).append(one)
    digests, files = results.Digests(root), kept(root)
    current = {path: measured(project, group, digests) for path, group in by_file.items()}
    known = {path for path, digest in current.items() if not anew and files.get(path, {}).get("digest") == digest}
    for path, group in by_file.items():
        report.recall(group, files[path]["outcomes"] if path in known else report.LEFT_OUT * len(group))
    if known:
        print(f"{len(known)} of {len(by_file)} files are as they were when they were last measured", file=sys.stderr)
    for number, (path, group) in enumerate(by_file.items(), 1):
        if drawn := [one for one in draw(path, group, sample) if one.left_out]:
            judge(drawn)
            files[path] = report.file_entry(group, current[path])
            keep(root, files)  # a run that is cut short loses one file at most
            print(f"{number} of {len(by_file)}: {path}, {files[path]['survived']} survive", file=sys.stderr, flush=True)
    listed = root / report.EQUIVALENTS
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    faults = report.mark_equivalents(text, subjects, whole=not page)
    for one in report.survivors(subjects):
        print(one)
    print(f"\n{report.table(subjects)}\n\n{time.monotonic() - began:.0f} s", flush=True)
    share = report.scores(report.tally(subjects))
    faults += [
        f"{oracle}: {share[oracle]:.1%} of the mutants killed, less than {least:.0%}; write checks for the survivors"
        for oracle, least in report.LEAST.items()
        if share[oracle] < least
    ]
    files = {path: entry for path, entry in files.items() if page and (root / path).exists()}
    files |= {path: report.file_entry(group, current[path]) for path, group in by_file.items()}
    keep(root, files)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def at_least_one(text: str) -> int:
    """Return the size of a sample; argparse names the option before the message.

    Examples
    --------
    >>> at_least_one("20")
    20
    >>> at_least_one("0")
    Traceback (most recent call last):
    ...
    argparse.ArgumentTypeError: '0' is no size of a sample; pass an integer of at least 1
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size of a sample; pass an integer of at least 1")
    return int(text)


def main() -> int:
    """Read the command line, prepare the executor, measure."""
    parser = argparse.ArgumentParser(
        prog="make mutants", description="Change the code and count what no check notices."
    )
    parser.add_argument("page", nargs="?", default="", help="area/slug, or an area; without it everything")
    parser.add_argument("--anew", action="store_true", help="run what is as it was when it was last measured, too")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of conf.py")
    parser.add_argument("--sample", type=at_least_one, metavar="N", help="run N mutants of each file, drawn at random")
    options = parser.parse_args()
    root = options.root.resolve()
    os.environ.update(environment(root))
    sys.path.insert(0, str(root))  # jobs look for modules where this process does
    try:
        return measure(root, options.page, options.anew, options.sample)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
