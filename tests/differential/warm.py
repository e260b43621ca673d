"""Builds in processes forked from one that has Sphinx imported: importing it is half of what a small build costs.

A forked process is as new as any, up to the modules it has loaded; `fieldbook.build` starts Sphinx in it by a function
call where it would start a program. Where processes cannot be forked, every build is a program of its own.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest import mock

from sphinx.application import builtin_extensions

from fieldbook import build, executor
from tests.building import build_html

IMPORTED = (*builtin_extensions, "sphinx.cmd.build", "fieldbook.extension", "furo", "myst_nb", "nbformat.validator")
IMPORTED += ("sphinx_basic_ng", "sphinx_design.extension", "sphinxcontrib.bibtex", "sqlalchemy.dialects.sqlite")
IMPORTED += ("IPython.lib.lexers", "a11y_pygments", "pygments.lexers.python")


@dataclass
class Running:
    """A build that runs: `result` waits for it, and gives its exit code and what it said on standard error."""

    process: Any
    said: Path

    def result(self) -> tuple[int, str]:
        self.process.join()
        return self.process.exitcode, self.said.read_text(encoding="utf-8")


@dataclass
class Done:
    """A build that has run."""

    code: int
    said: str

    def result(self) -> tuple[int, str]:
        return self.code, self.said


def start(root: Path) -> Running | Done:
    """Start a build of a project."""
    if not executor.can_fork():
        done = build_html(root)
        return Done(done.returncode, done.stderr)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED, __name__])
    first = {**build.environment(root), "PYTHONPATH": os.pathsep.join(sys.path)}
    with mock.patch.dict(os.environ, first):  # the hash seed counts from the start of a program
        forkserver.ensure_running()
    handle, said = tempfile.mkstemp(dir=root.parent)
    os.close(handle)
    process = context.Process(target=_build, args=(root, said))
    process.start()
    return Running(process, Path(said))


def _build(root: Path, said: str) -> None:
    """Build in this process."""
    for stream, path in ((1, os.devnull), (2, said)):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    gc.disable()  # it ends soon
    os.environ.update(build.environment(root))
    os.chdir(root)
    sys.path.insert(0, str(root))
    code = build.build_html(root, run=_run_sphinx)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run_sphinx(arguments: list[str], root: Path) -> int:
    from sphinx.cmd.build import main

    return main(arguments)
