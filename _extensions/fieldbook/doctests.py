"""Doctests: of every module under ``code_examples`` and of every ``pycon`` fence of a page.

They are plain doctests. A module's examples run as `doctest` finds them; the fences of one page share one namespace.
Both return what failed as (fence, line in it, what happened); `fieldbook.execution` says it. A module is one fence
that begins at its first line.
"""

from __future__ import annotations

import doctest
import importlib
import traceback
from pathlib import Path
from typing import Any

Failure = tuple[int, int, str]


class _Collector(doctest.DocTestRunner):
    """Collects failures instead of printing them."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.fence = 0
        self.found: list[Failure] = []

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        want = example.want.strip() or "nothing"
        self._add(test, example, f"gave {got.strip() or 'nothing'}, not {want}")

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        what = traceback.format_exception_only(*exc_info[:2])[-1].strip()
        self._add(test, example, f"raised {what.removeprefix('fieldbook.worker.')}")

    def _add(self, test: Any, example: Any, what: str) -> None:
        line = (test.lineno or 0) + example.lineno + 1
        self.found.append((self.fence, line, f"'{example.source.strip().splitlines()[-1]}' {what}"))


def run_fences(fences: list[str], name: str) -> tuple[list[Failure], int]:
    r"""Run the ``pycon`` fences of one page in one namespace.

    Parameters
    ----------
    fences : list of str
        The text of each fence.
    name : str
        What to call them.

    Returns
    -------
    failures : list of (int, int, str)
        Index of the fence, line in it (from 1), and what happened.
    examples : int
        How many examples ran.

    Examples
    --------
    >>> run_fences([">>> x = 2", ">>> y = 1\n>>> x + y\n5"], "demo")
    ([(1, 2, "'x + y' gave 3, not 5")], 3)
    """
    runner, globs, count = _Collector(), {"__name__": "__main__"}, 0
    for index, text in enumerate(fences):
        runner.fence = index
        try:
            test = doctest.DocTestParser().get_doctest(text + "\n", globs, name, name, 0)
        except ValueError as error:
            runner.found.append((index, 1, f"cannot be read: {error}"))
            continue
        count += len(test.examples)
        if not test.examples:
            runner.found.append((index, 1, "has no example; begin its input lines with '>>> '"))
        test.globs = globs  # get_doctest copies; the fences of a page go on where the last one ended
        runner.run(test, clear_globs=False)
    return runner.found, count


def run_module(name: str, path: Path) -> tuple[list[Failure], int]:
    """Run the examples of one module; an import that fails is a failure at the line where it fails."""
    try:
        module = importlib.import_module(name)
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
        return [(0, line or (frames[-1].lineno or 1 if frames else 1), f"import raised {error!r}")], 0
    runner, count = _Collector(), 0
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        count += len(test.examples)
        runner.run(test)
    return runner.found, count
