"""The Makefile before anything is installed: what it says to a machine without a Python, and where it can stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with blanks and a quote in its path, and what make reads in it."""
    folder = tmp_path / "it's a clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *words], cwd=cwd, capture_output=True, encoding="utf-8", check=False
    )


def test_help_lists_every_target_with_what_it_does(clone):
    said = make(cwd=clone).stdout
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
    assert targets == re.findall(r"^  make ([\w-]+) +\S", said, re.MULTILINE)


def test_it_works_from_any_folder(clone, tmp_path):
    there = make(cwd=clone).stdout
    assert make("-f", str(clone / "Makefile"), cwd=tmp_path).stdout == there
    assert make("-C", str(clone), cwd=tmp_path).stdout == there


def test_without_a_python_it_says_one_clear_sentence(clone):
    done = make("html", "PYTHON=no-such-python", cwd=clone)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "LLM Fieldbook needs Python 3.11 or later and found none at no-such-python: "
        "install one, or name it with 'make PYTHON=/path/to/python3 …'."
    )
    assert not (clone / ".venv").exists()


def test_an_old_python_is_refused_with_the_same_sentence(clone):
    old = clone / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")  # what `sys.exit(sys.version_info < (3, 11))` gives there
    old.chmod(0o755)
    done = make("html", "PYTHON=./old-python", cwd=clone)
    assert done.returncode != 0
    assert "needs Python 3.11 or later and found none at ./old-python" in done.stderr
    assert not (clone / ".venv").exists()
