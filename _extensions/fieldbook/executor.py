"""The warm executor: many jobs, each in a process forked from one that has everything imported.

As a program, ``python -m fieldbook.executor``, it reads on standard input where the project is, which jobs to run and
their limits, and writes one file a job into the store of results. It is a process of its own, without threads, so that
forking is safe whatever its caller has loaded; `multiprocessing`'s fork server does the forking.

A job that ends its own process, is killed from outside or hangs past every limit is reported like a cell that raises:
with the page, the cell and the reason. When this process is interrupted it ends every job first.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fieldbook.build import environment
from fieldbook.results import Store

LIMITS = {
    "seconds": 60,  # CPU time of a page; by the clock it may take twice that (a build sets nb_execution_timeout)
    "megabytes": 8192,  # its address space
    "characters": 1_000_000,  # what it may print; no file that it writes grows beyond a hundred times that
}
GRACE = 15
"""Seconds after the last limit before a job that does not even react is killed."""


@dataclass
class Running:
    """A job that runs: its process, the pipe it reports on, and the cell it was last heard in."""

    job: dict[str, Any]
    process: Any
    pipe: Connection
    deadline: float
    cell: int | None = None
    result: dict[str, Any] | None = None


def can_fork() -> bool:
    """Tell whether this platform has the fork server; macOS's frameworks and Windows do not bear forks."""
    return sys.platform.startswith("linux") and "forkserver" in multiprocessing.get_all_start_methods()


_early: list[subprocess.Popen[str]] = []
"""The executor that waits for its jobs, if one was started early."""


def start(root: Path) -> subprocess.Popen[str]:
    """Start this program in `root`; it warms up at once, and begins when its request is written to it."""
    command = [sys.executable, "-m", "fieldbook.executor"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, cwd=root, env=environment(root), encoding="utf-8")


def start_early(root: Path) -> None:
    """Start the program before it is known whether there is anything to run."""
    _early.append(start(root))


def take(root: Path) -> subprocess.Popen[str]:
    """Return the program that was started early, or a new one."""
    return _early.pop() if _early else start(root)


def dismiss() -> None:
    """Let the program go that was started early and got no jobs."""
    while _early:
        _early.pop().communicate()


def run_jobs(jobs: list[dict[str, Any]], workers: int) -> Any:
    """Run jobs, at most `workers` at once, and yield each with its result as it ends.

    Parameters
    ----------
    jobs : list of dict
        See `fieldbook.worker.run_job`.
    workers : int
        How many run at once.

    Yields
    ------
    job : dict
        One of `jobs`.
    result : dict
        What came of it; ``stopped`` says where and why it did not run to its end.
    """
    context = multiprocessing.get_context("forkserver" if can_fork() else "spawn")
    waiting, running = list(reversed(jobs)), []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(context, waiting.pop()))
            timeout = max(0.0, min(one.deadline for one in running) - time.monotonic())
            ready = wait([one.pipe for one in running], timeout)
            for one in list(running):
                if one.pipe in ready:
                    _listen(one)
                elif time.monotonic() > one.deadline:
                    one.result = _stopped(one, "it did not end within its limits and was killed; make it do less")
                if one.result is not None:
                    _end(one)
                    running.remove(one)
                    yield one.job, one.result
    finally:
        for one in running:
            _end(one)


def _start(context: Any, job: dict[str, Any]) -> Running:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_enter, args=(job, theirs))
    process.start()
    theirs.close()
    return Running(job, process, ours, time.monotonic() + 2 * job["seconds"] + GRACE)


def _enter(job: dict[str, Any], pipe: Connection) -> None:
    """Begin a job in its own process; the fork server has the module already."""
    from fieldbook.worker import run_job

    run_job(job, pipe)


def _listen(one: Running) -> None:
    """Read one report of a job; the end of its pipe without a result is the end of the job."""
    try:
        kind, value = one.pipe.recv()
    except (EOFError, OSError):
        one.process.join(5)
        code = one.process.exitcode
        how = f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with code {code}"
        hint = "has it taken all memory?" if code == -signal.SIGKILL else "find what ends it"
        one.result = _stopped(one, f"its process {how}; {hint}")
        return
    if kind == "cell":
        one.cell = value
    elif kind == "examples":
        one.cell = None
    else:
        one.result = value


def _stopped(one: Running, reason: str) -> dict[str, Any]:
    return {
        "outputs": [],
        "failures": [],
        "examples": 0,
        "seconds": 0.0,
        "dependencies": None,  # unknown: never current, so it runs again in the next build
        "stopped": {"cell": one.cell, "reason": reason},
    }


def _end(one: Running) -> None:
    """End a job's process and everything it started."""
    if one.process.is_alive() and one.result is not None and one.result["dependencies"] is not None:
        one.process.join(5)  # it has sent its result and is on its way out
    if one.process.pid is not None:
        try:
            os.killpg(one.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            one.process.kill()
    one.process.join()
    one.pipe.close()


def main() -> int:
    """Run the jobs on standard input; see the module's docstring."""
    try:
        if can_fork():
            multiprocessing.set_forkserver_preload(["fieldbook.worker"])
            heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: an interrupt is for this process alone
            forkserver.ensure_running()  # it warms up while the request is still being made
            signal.signal(signal.SIGINT, heard)
        text = sys.stdin.read()
        if not text:  # nobody has anything to run
            return 0
        request = json.loads(text)
        store = Store(Path(request["store"]))
        for job, result in run_jobs(request["jobs"], request["workers"]):
            store.write(job["name"], {"key": job["key"], **result})
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
