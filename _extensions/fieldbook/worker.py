"""Runs one job in a process forked for it: the cells of a page, its examples, or the examples of a module.

The fork server imports this module once, so NumPy, Matplotlib, IPython and the kernel are warm. A job runs in the
kernel that Jupyter itself uses, only inside this process (`ipykernel.inprocess`): its outputs are, message by message,
those of a kernel of its own. While it runs, every file of the project that it opens is noted: the result depends on
those, and on nothing else of the project.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import docutils.nodes  # noqa: F401 (warm)
import myst_nb.ext.glue  # noqa: F401 (warm)
import numpy as np  # noqa: F401 (warm)
from matplotlib import pyplot as plt
from nbformat.v4 import new_output

from fieldbook import doctests, kernel, svg  # not `page`: importing it sets Matplotlib's style, if the cells want it
from fieldbook.held import held_numbers
from fieldbook.results import digest_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SKIPPED = (".venv", "_build", "node_modules", ".git")
"""Folders of the project whose files no result depends on: locked packages are in the environment's digest."""


EXPLAINED = {
    "StdinNotImplementedError": "it asks for input, and nobody is there to answer; write the value into the cell",
    "MemoryError": "it takes more than {megabytes} MB of memory; make it smaller",
}
"""Errors whose own words do not say what to do."""


WRAPPED = re.compile(r"np\.(?:(?:float|int|uint|complex|bool|str)_?\d*\([^()]*\)|True_|False_)")
"""How NumPy writes a number of its own inside a list or a dict: noise to a reader who asked for the number."""


class LimitReached(BaseException):
    """A limit of this job. Code may swallow it, as IPython does, so the first reason is kept."""

    reason: ClassVar[str | None] = None

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        LimitReached.reason = LimitReached.reason or reason


def warm_up() -> None:
    """Do once what every job would do for itself: a fork then has nothing left to import or compile, and no thread.

    A kernel starts and stops, an output is held against its schema, and a figure is drawn, with formulas, which read
    the fonts.
    """
    new_output("stream", text="")
    fig, ax = plt.subplots()
    ax.set_title("a $x$")
    svg.draw(fig)
    plt.close(fig)
    kernel.warm_up()
    gc.collect()
    gc.freeze()  # what is here now stays: a collection in a fork would copy all of it


class Trace:
    """Notes which files of a project are opened for reading, and which folders are listed."""

    def __init__(self, root: Path) -> None:
        self.root = f"{root}{os.sep}"
        self.paths: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = arguments[0], arguments[1]
            if isinstance(path, (str, os.PathLike)) and not (isinstance(mode, str) and set(mode) & set("wax")):
                self._note(path)
        elif (
            event in ("os.listdir", "os.scandir")
            and isinstance(arguments[0], (str, os.PathLike))
            # The import system lists every folder that it searches; what it found there counts as opened.
            and not sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
        ):
            self._note(arguments[0])

    def _note(self, path: str | os.PathLike[str]) -> None:
        full = os.path.abspath(os.fspath(path))  # noqa: PTH100 (resolving would leave the project by a link)
        if full.startswith(self.root):
            inside = full[len(self.root) :].replace(os.sep, "/")
            if inside.split("/", 1)[0] not in SKIPPED and "__pycache__" not in inside:
                self.paths.add(inside)

    def found(self) -> list[str]:
        """Return the paths inside the project, sorted; modules that were imported count as opened."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if file:
                self._note(file)
        return sorted(self.paths)


def run_job(job: dict[str, Any], pipe: Connection) -> None:
    """Run a job and send what came of it; the process ends here, whatever threads are left.

    Parameters
    ----------
    job : dict
        ``root``, ``folder``, ``cells`` (source and tags of each), ``fences`` (their texts), ``module`` (a path or
        None), and the limits ``seconds``, ``megabytes`` and ``characters``.
    pipe : Connection
        Receives ``("cell", index)`` before each cell and ``("done", result)`` at the end.
    """
    root = Path(job["root"])
    os.setsid()  # one signal from outside ends the job with everything it started
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: when the fork server ends, so does the job
    os.chdir(root / job["folder"])
    sys.path[:] = [path for path in dict.fromkeys(sys.path) if path]
    packages = next((at for at, path in enumerate(sys.path) if path.endswith("site-packages")), len(sys.path))
    sys.path.insert(packages, "")  # where a kernel has it: behind the standard library
    sys.dont_write_bytecode = True
    sys.pycache_prefix = str(root / "_build" / "no-bytecode")  # a stale .pyc has the mtime of its source, to the second
    trace = Trace(root)
    limit(job)
    result: dict[str, Any] = {"outputs": [], "failures": [], "examples": 0, "stopped": None, "held": []}
    start = time.process_time()
    if job["cells"]:
        result["outputs"], result["stopped"], values = run_cells(job, pipe)
        result["held"] = held_numbers(values, result["outputs"])
    pipe.send(("examples", 0))
    try:
        if LimitReached.reason is not None:
            pass  # nothing is left to run them with
        elif job["module"]:
            name = ".".join(Path(job["module"]).with_suffix("").parts).removesuffix(".__init__")
            result["failures"], result["examples"] = doctests.run_module(name, root / job["module"])
        elif job["fences"]:
            result["failures"], result["examples"] = doctests.run_fences(job["fences"], job["name"])
    except LimitReached:
        pass
    if LimitReached.reason is not None and result["stopped"] is None and not result["failures"]:
        result["stopped"] = {"cell": None, "reason": LimitReached.reason}  # else the example that ran on is known
    result["seconds"] = round(time.process_time() - start, 3)
    found = {path: digest_of(root / path) for path in trace.found()}
    result["dependencies"] = found if LimitReached.reason is None else None  # another day it may fit: not current
    pipe.send(("done", result))
    pipe.close()
    os._exit(0)


def limit(job: dict[str, Any]) -> None:
    """Set the limits of this process: CPU time and wall time raise in the cell, memory and disk fail to be given."""

    def stop(signal_number: int, frame: Any) -> None:
        for number in (signal.SIGXCPU, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)  # it would come again each second, into the report of the first
        raise LimitReached(f"the code ran for more than {job['seconds']} s; make it do less")

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, stop)
    signal.signal(signal.SIGALRM, stop)
    used = int(sum(os.times()[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + job["seconds"], used + job["seconds"] + 5))
    signal.alarm(2 * job["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (job["megabytes"] << 20, job["megabytes"] << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 * job["characters"], 100 * job["characters"]))


def run_cells(
    job: dict[str, Any], pipe: Connection
) -> tuple[list[list[dict[str, Any]]], dict[str, Any] | None, list[Any]]:
    """Run cells in a fresh kernel until one fails.

    Returns
    -------
    outputs : list of list of dict
        For each cell that ran its outputs, in Jupyter's format.
    stopped : dict or None
        Where and why it stopped: ``cell`` (its index) and ``reason``.
    values : list
        What the names stand for that the cells have defined.
    """
    cells, printed, at = job["cells"], 0, 0

    def heard(characters: int) -> None:
        nonlocal printed
        printed += characters
        if printed > job["characters"] and LimitReached.reason is None:
            raise LimitReached(f"the cells print more than {job['characters']:,} characters; print less")

    def before(index: int) -> None:
        nonlocal at
        at = index
        pipe.send(("cell", index))

    def after(index: int) -> str | None:
        failed = own.error(index)
        if LimitReached.reason is not None:  # whatever the cell made of it
            return LimitReached.reason
        if failed is not None and "raises-exception" not in cells[index]["tags"]:
            name = failed.partition(":")[0]
            return (
                EXPLAINED[name].format(**job) if name in EXPLAINED else f"{failed}; mend the cell or the code it calls"
            )
        wrapped = WRAPPED.search(str(own.outputs(index + 1)[-1]))
        if wrapped and not {"remove-cell", "remove-output"} & set(cells[index]["tags"]):
            return f"it shows {wrapped[0]}; show the number alone, by float(), int(), bool() or .tolist()"
        left = own.left()
        return f"the cell leaves a thread running ({left[0].name}); join it" if left else None

    own = kernel.Kernel(cells, heard)
    try:
        reason = own.run(before, after)
    except LimitReached as error:
        reason = str(error)
    return own.outputs(at + 1), None if reason is None else {"cell": at, "reason": reason}, own.values()


warm_up()
