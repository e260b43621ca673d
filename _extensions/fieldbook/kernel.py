"""The kernel of a job: Jupyter's own, inside this process.

`ipykernel.inprocess` runs the cells, all in one task of one event loop, as a kernel of its own would; `nbclient`, which
reads such a kernel for MyST-NB, sorts its messages into outputs. So the outputs are those of a stock kernel, whatever
a cell does: show, update, clear, await, fail.

Three things are better defined than there, so that a page comes out the same whenever it is built. What a cell prints
is sent when the cell ends or flushes, never because time has passed. What a cell or a program it starts writes past
Python, to descriptors 1 and 2, takes its place among what Python prints. And messages go straight to their reader, over
no socket and no thread of the kernel's, which a process that ends at any moment could catch half-way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import nbformat
from ipykernel.inprocess.ipkernel import InProcessKernel
from ipykernel.inprocess.manager import InProcessKernelManager
from ipykernel.iostream import IOPubThread
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from traitlets import default
from traitlets.config import Config


def warm_up() -> None:
    """Start a kernel and drop it: it imports and compiles much."""
    Kernel([], heard=int)


class Publisher(IOPubThread):
    """Sends a message at once, in the thread that asks for it; one at a time, whatever threads a cell starts."""

    def __init__(self, socket: Any, **options: Any) -> None:
        self._turn = threading.RLock()
        super().__init__(socket, **options)

    def _setup_event_pipe(self) -> None:
        """Need none: nobody waits for events."""

    def schedule(self, task: Callable[[], Any]) -> None:
        """Do a task now."""
        with self._turn:
            task()


class AwaitingKernel(InProcessKernel):
    """Jupyter's kernel for use inside a process, where a cell may await."""

    _supports_kernel_subshells = False
    shell_channel_thread = SimpleNamespace(parent_thread=None)  # asked whether Ctrl-C may cancel the cell: it may not

    @default("iopub_thread")
    def _default_iopub_thread(self) -> Publisher:
        return Publisher(self._underlying_iopub_socket, session=self.session)  # never started


class Kernel:
    """A fresh kernel and the outputs of the cells it has run.

    Parameters
    ----------
    cells : list of dict
        ``source`` and ``tags`` of each cell.
    heard : callable
        Called with the number of characters whenever some are printed; what it raises stops the cell.
    """

    def __init__(self, cells: list[dict[str, Any]], heard: Callable[[int], None]) -> None:
        # A history would be a thread, and a file in the reader's home folder that all jobs write to.
        manager = InProcessKernelManager(config=Config({"HistoryManager": {"enabled": False}}))
        self._kernel = manager.kernel = AwaitingKernel(parent=manager, session=manager.session)
        self._client = manager.client()
        self._client.start_channels()
        made = [nbformat.v4.new_code_cell(cell["source"], metadata={"tags": cell["tags"]}) for cell in cells]
        self._reader = NotebookClient(nbformat.v4.new_notebook(cells=made), record_timing=False)
        self._written = [
            Descriptor(number, stream, heard) for number, stream in ((1, self._kernel.stdout), (2, self._kernel.stderr))
        ]
        self._threads = set(threading.enumerate())
        self._given = set(self._kernel.shell.user_ns)

    def run(self, before: Callable[[int], None], after: Callable[[int], str | None]) -> str | None:
        """Run all cells, or up to the first of which `after` gives a reason to stop; return that reason."""
        with contextlib.ExitStack() as stack:
            for descriptor in self._written:
                stack.enter_context(descriptor.redirected())
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(self._run(before, after))

    def outputs(self, count: int) -> list[list[dict[str, Any]]]:
        """Return the outputs of the first `count` cells in Jupyter's format, pieces of a stream joined."""
        return [joined(cell.outputs) for cell in self._reader.nb.cells[:count]]

    def error(self, index: int) -> str | None:
        """Return how a cell failed."""
        shown = [output for output in self._reader.nb.cells[index].outputs if output.output_type == "error"]
        reply = shown[-1] if shown else self._reply
        return None if self._reply["status"] == "ok" else f"{reply['ename']}: {reply['evalue']}"

    def values(self) -> list[Any]:
        """Return what the names stand for that cells have defined; IPython's own begin with an underscore."""
        names = self._kernel.shell.user_ns.items()
        return [value for name, value in names if name not in self._given and not name.startswith("_")]

    def left(self) -> list[threading.Thread]:
        """Return the threads that cells have left running."""
        return [thread for thread in threading.enumerate() if thread not in self._threads and not thread.daemon]

    async def _run(self, before: Callable[[int], None], after: Callable[[int], str | None]) -> str | None:
        for index, cell in enumerate(self._reader.nb.cells):
            before(index)
            await self._execute(index, cell)
            reason = after(index)
            if reason is not None:
                return reason
        return None

    async def _execute(self, index: int, cell: Any) -> None:
        self._reader.clear_before_next_output = False
        session, stream = self._client.session, self._kernel.shell_stream
        request = {"code": cell.source, "silent": False, "store_history": True, "allow_stdin": False}
        session.send(stream, session.msg("execute_request", {**request, "user_expressions": {}}))
        await self._kernel.dispatch_shell(stream.recv_multipart())
        self._reply = session.recv(stream, copy=False)[1]["content"]
        with contextlib.suppress(CellExecutionComplete):  # it says so when the kernel is idle: nothing comes after
            while True:
                self._reader.process_message(self._client.get_iopub_msg(block=False), cell, index)


class Descriptor:
    """A descriptor whose writes end up in a stream of the kernel, in order with what Python writes there."""

    def __init__(self, number: int, stream: Any, heard: Callable[[int], None]) -> None:
        self._number, self._stream, self._heard = number, stream, heard
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        self._read = 0
        self._write, self._flush = stream.write, stream.flush
        stream.write, stream.flush = self.write, self.flush
        stream.flush_interval = 1e6  # seconds: a flush that nobody asks for would come at another place each time

    def write(self, text: str) -> int:
        """Write to the stream, after what went past it."""
        self._drain()
        self._heard(len(text))
        return self._write(text)

    def flush(self) -> None:
        """Send what is written; the kernel asks for it before each output of another kind and after each cell."""
        self._drain()
        self._stream.pub_thread.schedule(self._flush)

    @contextlib.contextmanager
    def redirected(self) -> Iterator[None]:
        """Catch what is written to the descriptor."""
        kept = os.dup(self._number)
        os.dup2(self._file.fileno(), self._number)
        try:
            yield
        finally:
            os.dup2(kept, self._number)
            os.close(kept)

    def _drain(self) -> None:
        data = os.pread(self._file.fileno(), os.fstat(self._file.fileno()).st_size - self._read, self._read)
        if data:
            self._read += len(data)
            self._heard(len(data))
            self._write(data.decode("utf-8", "replace"))


def joined(outputs: list[Any]) -> list[dict[str, Any]]:
    """Return outputs with neighbouring pieces of a stream made one.

    Examples
    --------
    >>> pieces = [{"output_type": "stream", "name": "stdout", "text": text} for text in "ab"]
    >>> joined(pieces)
    [{'output_type': 'stream', 'name': 'stdout', 'text': 'ab'}]
    """
    joined: list[dict[str, Any]] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += output["text"]
        else:
            joined.append(dict(output))
    return joined
