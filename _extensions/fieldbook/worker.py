"""Runs one job in a process forked for it: the cells of a page, its examples, or the examples of a module.

The fork server imports this module once, so NumPy, Matplotlib, IPython and the kernel are warm. A job runs in the
kernel that Jupyter itself uses, only inside this process (`ipykernel.inprocess`): its outputs are, message by message,
those of a kernel of its own. While it runs, every file of the project that it opens is noted: the result depends on
those, and on nothing else of the project.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docutils.nodes  # noqa: F401 (warm)
import myst_nb.ext.glue  # noqa: F401 (warm)
import numpy as np  # noqa: F401 (warm)
from ipykernel.inprocess.manager import InProcessKernelManager
from matplotlib import pyplot as plt
from nbformat.v4 import new_output, output_from_msg

import fieldbook.page  # noqa: F401 (warm)
from fieldbook import doctests, svg
from fieldbook.results import digest_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SKIPPED = (".venv", "_build", "node_modules", ".git")
"""Folders of the project whose files no result depends on: locked packages are in the environment's digest."""


class LimitReached(BaseException):
    """A job went over a limit; no `except Exception` of a cell may swallow it."""


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
    kernel = InProcessKernelManager()
    kernel.start_kernel()
    kernel.client().start_channels()
    # The kernel ends with a task that it has only just cancelled, and asyncio complains when this process ends.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    kernel.shutdown_kernel()
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
    logging.getLogger("asyncio").setLevel(logging.NOTSET)  # silenced by `warm_up` for the fork server alone
    trace = Trace(root)
    limit(job)
    result: dict[str, Any] = {"outputs": [], "failures": [], "examples": 0, "stopped": None}
    start = time.process_time()
    if job["cells"]:
        result["outputs"], result["stopped"] = run_cells(job, pipe)
    pipe.send(("examples", 0))
    try:
        if job["module"]:
            name = ".".join(Path(job["module"]).with_suffix("").parts).removesuffix(".__init__")
            result["failures"], result["examples"] = doctests.run_module(name, root / job["module"])
        elif job["fences"]:
            result["failures"], result["examples"] = doctests.run_fences(job["fences"], job["name"])
    except LimitReached as error:
        result["stopped"] = {"cell": None, "reason": str(error)}
    result["seconds"] = round(time.process_time() - start, 3)
    result["dependencies"] = {path: digest_of(root / path) for path in trace.found()}
    pipe.send(("done", result))
    pipe.close()
    os._exit(0)


def limit(job: dict[str, Any]) -> None:
    """Set the limits of this process: CPU time and wall time raise in the cell, memory fails to be given."""

    def stop(signal_number: int, frame: Any) -> None:
        for number in (signal.SIGXCPU, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)  # it would come again each second, into the report of the first
        raise LimitReached(f"the cells ran for more than {job['seconds']} s")

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, stop)
    signal.signal(signal.SIGALRM, stop)
    used = int(sum(os.times()[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + job["seconds"], used + job["seconds"] + 5))
    signal.alarm(2 * job["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (job["megabytes"] << 20, job["megabytes"] << 20))


def run_cells(job: dict[str, Any], pipe: Connection) -> tuple[list[list[dict[str, Any]]], dict[str, Any] | None]:
    """Run cells in a fresh kernel until one fails.

    Returns
    -------
    outputs : list of list of dict
        For each cell that ran its outputs, in Jupyter's format.
    stopped : dict or None
        Where and why it stopped: ``cell`` (its index) and ``reason``.
    """
    root = Path(job["root"])
    manager = InProcessKernelManager()
    manager.start_kernel()
    kernel, client = manager.kernel, manager.client()
    client.start_channels()
    kernel.shell.history_manager.enabled = False
    for stream in (kernel.stdout, kernel.stderr):
        stream.write = _counted(stream.write, job["characters"])
    threads = set(threading.enumerate())
    outputs: list[list[dict[str, Any]]] = []
    for index, cell in enumerate(job["cells"]):
        pipe.send(("cell", index))
        try:
            client.execute(cell["source"], allow_stdin=False)
        except LimitReached as error:
            outputs.append(_collect(client, root))
            return outputs, {"cell": index, "reason": str(error)}
        outputs.append(_collect(client, root))
        failed = next((output for output in outputs[-1] if output["output_type"] == "error"), None)
        if failed is not None and "raises-exception" not in cell["tags"]:
            return outputs, {"cell": index, "reason": f"{failed['ename']}: {failed['evalue']}"}
        left = [thread for thread in threading.enumerate() if thread not in threads and not thread.daemon]
        if left:
            return outputs, {"cell": index, "reason": f"the cell leaves a thread running ({left[0].name}); join it"}
    return outputs, None


def _counted(write: Any, most: int) -> Any:
    """Wrap a stream's write so that it stops the cell that prints more than `most` characters."""
    written = 0

    def counted(text: str) -> int:
        nonlocal written
        written += len(text)
        if written > most:
            raise LimitReached(f"the cells print more than {most:,} characters")
        return write(text)

    return counted


def _collect(client: Any, root: Path) -> list[dict[str, Any]]:
    """Return the outputs that the kernel has published, streams joined as a notebook keeps them."""
    outputs: list[dict[str, Any]] = []
    with contextlib.suppress(queue.Empty):
        while client.iopub_channel.msg_ready():
            message = client.get_iopub_msg(timeout=1)
            if message["msg_type"] not in ("stream", "display_data", "execute_result", "error"):
                continue
            output = output_from_msg(message)
            if output["output_type"] == "error":  # a page shows no path of the machine that built it
                output["traceback"] = [line.replace(f"{root}{os.sep}", "") for line in output["traceback"]]
            last = outputs[-1] if outputs else {}
            if output["output_type"] == "stream" and last.get("name") == output["name"]:
                last["text"] += output["text"]
            else:
                outputs.append(output)
    return outputs


warm_up()
