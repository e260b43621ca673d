"""The tests of some modules, run for `make check`: ``python -m fieldbook.module_tests tests/…/test_softmax.py``.

The last line printed is JSON: the faults, a line each, and how many tests of each file passed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

OPTIONS = ["-o", "addopts=", "--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]


class Outcome:
    """Listens to pytest."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.passed: Counter[str] = Counter()

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be read."""
        if report.failed:
            last = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
            self.faults.append(f"{report.nodeid}:1: the tests cannot be read: {last[-1]} [fieldbook.tests]")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a test that passed, or where and why it did not."""
        if report.failed:
            self.faults.append(describe(report))
        elif report.when == "call" and report.passed:
            self.passed[report.location[0]] += 1


def describe(report: Any) -> str:
    """Return where a test failed, and why."""
    path, line, name = report.location
    crash = getattr(report.longrepr, "reprcrash", None)
    why = str(report.longrepr).strip().splitlines()[-1]
    if crash is not None:
        why = crash.message.splitlines()[0]
        if Path(crash.path) == Path(path).absolute():
            line = crash.lineno - 1
    return f"{path}:{(line or 0) + 1}: {name} fails: {why}; mend the code, or the test [fieldbook.tests]"


def main(paths: list[str]) -> int:
    """Run the tests of these files and print the outcome."""
    outcome = Outcome()
    pytest.main([*OPTIONS, *paths], plugins=[outcome])
    print("\n" + json.dumps({"faults": outcome.faults, "passed": {path: outcome.passed[path] for path in paths}}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
