"""The warm executor: equal to Jupyter's, sound in what it runs again, and unharmed by bad cells."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sphinx.util.console import strip_colors

from fieldbook import executor, results
from fieldbook.build import environment

HEAD = """---
file_format: mystnb
kernelspec: {name: python3}
summary: Outputs of every kind.
aliases: []
requires: []
contrasts: []
reviewed: 2026-11
---

# Outputs

Text {cite:p}`gauss1809theoria`.

:::{pitfall}
None.
:::

## See it run
"""
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""One red dot."""
CELLS = {
    "streams": (
        "print('first')\nprint('second')\n3 * 7",
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
        "import sys\nsys.stdout.write('no end of line')\nprint('', end='')\nsys.stdout.flush()",
        "for step in range(4):\n    print(f'\\rstep {step}', end='')\nprint('\\rdone  ')",
        "print('\\x1b[31mred\\x1b[0m and \\x1b[1;32mgreen\\x1b[0m')\nprint('a very long line ' * 400)",
        "import warnings\nwarnings.warn('a warning')\nwarnings.warn('deprecated', DeprecationWarning)\nprint('after')",
        "import logging\nlogging.basicConfig()\nlogging.getLogger('page').warning('logged')\nlogging.warning('root')",
        "x = 1;",
        "_ = print",
        "",
        "# only a comment",
    ),
    "values": (
        "import numpy as np\nnp.arange(3)",
        "list(range(200))",
        "{'b': [1.0, 2.5], 'a': None, 'long': 'x' * 200}",
        "%precision 3\n2 / 3",
        "np.random.default_rng(0).normal(size=3), np.random.default_rng(0).permutation(5)",
        "import random\nrandom.seed(1)\nrandom.random()",
        "hash('text'), len({'a', 'b'}), list({'one', 'two', 'three'})",
        "%precision",
        "len(In), Out[1] if 1 in Out else sorted(Out), _",
        "__name__, '__file__' in dir(), '__vsc_ipynb_file__' in dir()",
        "import os\nimport sys\nos.getcwd().split('/')[-2:], [path for path in sys.path if not path.endswith('.zip')]",
        "get_ipython().execution_count",
        "sorted(name for name in dir() if not name.startswith('_'))",
        "import threading, asyncio\nthreading.current_thread() is threading.main_thread()",
    ),
    "displays": (
        "from IPython.display import HTML, SVG, Image, Latex, Markdown, clear_output, display, update_display\n"
        "display(HTML('<b>bold</b>'))\nMarkdown('*text*')",
        "Markdown('See [the mean](#mean) and $x^2$.')",
        'display(SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L9 9"/></svg>\'))',
        f"from base64 import b64decode\nImage(b64decode('{PNG}'))",
        f"Image(b64decode('{PNG}'), width=20, alt='A dot')",
        "Latex(r'$\\frac{1}{2}$')",
        "class Seen:\n    def _repr_html_(self):\n        return '<i>seen</i>'\n\n\nSeen()",
        "class Table:\n    def _repr_html_(self):\n        return '<table><tr><td>1</td></tr></table>'\n\n"
        "    def _repr_latex_(self):\n        return '$1$'\n\n    def __repr__(self):\n        return 'table'\n\n\n"
        "Table()",
        "class Bundle:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/plain': 'plain', 'text/html': '<u>rich</u>'}, {'text/html': {'isolated': True}}\n\n\n"
        "Bundle()",
        "display('first', display_id='one')\nupdate_display('second', display_id='one')\nprint('between')",
        "update_display('third', display_id='one')",
        "handle = display(HTML('<b>4</b>'), display_id=True)\nhandle.update(HTML('<b>5</b>'))",
        "print('gone')\nclear_output()\nprint('stays')",
        "print('gone too')\ndisplay(1)\nclear_output(wait=True)\nprint('stays too')",
        "print('not cleared')\nclear_output(wait=True)",
        "display({'text/plain': 'raw'}, raw=True)\ndisplay(1, 2, [3])",
        "class Broken:\n    def __repr__(self):\n        raise ValueError('no text')\n\n\n"
        "try:\n    repr(Broken())\nexcept ValueError as error:\n    print(error)",
    ),
    "figures": (
        "from matplotlib import pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);",
        "fig",
        "plt.rcParams['lines.linewidth'] = 5\nplt.rcParams['lines.linewidth']",
        "plt.rcParams['lines.linewidth'], plt.get_backend(), plt.get_fignums(), plt.isinteractive()",
        "plt.plot([3, 1])\nplt.close('all')\nprint('after')",
        "from fieldbook.page import figure, glue\nglue('three', 3.25)\nfig, ax = plt.subplots()\nax.plot([1, 3])\n"
        "figure(fig, name='line', caption='A line that rises to 3.', alt='A line from 1 up to 3.')",
    ),
    "system": (
        "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')\nawait asyncio.sleep(0, 'a value')",
        "async def later():\n    print('in a task')\n\n\ntask = asyncio.create_task(later())\nawait task",
        "!echo from a shell",
        "lines = !printf 'a\\nb\\n'\nlines",
        "%%capture caught\nprint('unseen')",
        "caught.stdout",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True).stdout",
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as text:\n    print('kept')\n"
        "text.getvalue()",
        "import concurrent.futures as futures\nwith futures.ThreadPoolExecutor(2) as pool:\n"
        "    print(list(pool.map(abs, [-1, -2])))",
        "import threading\nthread = threading.Thread(target=print, args=('from a thread',))\n"
        "thread.start()\nthread.join()",
        "%pwd\n%who_ls str",
    ),
}
"""What pages do, by kind: a page each."""
ERRORS = (
    "def fail():\n    return 1 / 0\n\n\nfail()",
    "try:\n    {}['key']\nexcept KeyError as error:\n    raise ValueError('chained') from error",
    "try:\n    {}['key']\nexcept KeyError:\n    raise ValueError('while handling')",
    "x = = 1",
    "print('indented'\n  1",
    "import no_such_module",
    "assert 1 == 2, 'not equal'",
    "from code_examples.numbers.mean import mean\nmean([])",
    "undefined_name",
    "raise SystemExit(2)",
    "raise KeyboardInterrupt",
    "display(Broken())",
    "print('said first')\nraise RuntimeError('with\\nlines')",
    "import asyncio\nasync def wrong():\n    raise LookupError('async')\n\n\nawait wrong()",
    "!exit 3",
    "%no_such_magic",
    "%%no_such_cell_magic\n1",
    "import subprocess\nsubprocess.run(['false'], check=True)",
    "input('name? ')",
    "raise ExceptionGroup('many', [ValueError(1), KeyError(2)])",
)
CARDS = "\n".join(
    f":::{{flashcard}} outputs-{number}\nNumber {'x' * number}?\n---\nYes.\n:::\n" for number in (1, 2, 3)
)


def fences(*cells: str, tags: str = "") -> str:
    option = f":tags: [{tags}]\n" if tags else ""
    return "\n\n".join(f"```{{code-cell}} ipython3\n{option}{cell}\n```" for cell in cells)


def add_page(project, body: str, name: str = "outputs") -> None:
    cards = CARDS.replace("outputs-", f"{name}-")
    page = HEAD.replace("# Outputs", f"# Outputs of {name}")
    project.write(f"docs/words/{name}.md", f"{page}\n{body}\n\n## Check yourself\n\n{cards}")
    project.edit("docs/words/index.md", "\ntoken\n", f"\ntoken\n{name}\n")
    from fieldbook import authoring

    authoring.fix(project.root)


def differences(one: Path, other: Path) -> list[str]:
    """Return the first line in which each page of two sites differs."""
    found = []
    names = {path.relative_to(out) for out in (one, other) for path in out.rglob("*.html")}
    for name in sorted(names):
        texts = [(out / name).read_text(encoding="utf-8").splitlines() for out in (one, other)]
        if texts[0] != texts[1]:
            pair = next((pair for pair in zip(*texts, strict=False) if pair[0] != pair[1]), ("one ends", "earlier"))
            found.append(f"{name}: {pair[0]!r} or {pair[1]!r}")
    return found


def test_the_warm_executor_gives_the_pages_that_kernels_give(project):
    for kind, cells in CELLS.items():
        add_page(project, fences(*cells), kind)
    broken = "class Broken:\n    def __repr__(self):\n        raise ValueError('no text')"
    add_page(project, f"{fences(broken)}\n\n{fences(*ERRORS, tags='raises-exception')}\n\n{fences('1 + 1')}", "errors")
    warm = project.build_apart("-D", "fieldbook_executor=warm", out="warm")
    stock = project.build_apart("-D", "fieldbook_executor=stock", out="stock")
    assert warm.warnings == stock.warnings
    refused = re.compile(r"\[fieldbook\.(check|number|figure|cell)\]$")  # the cells do on purpose what no page may
    surplus = [line for line in warm.warnings if not refused.search(line) or "cell fails" in line]
    assert surplus == []
    assert differences(warm.out, stock.out) == []
    shown = {kind: warm.page(f"docs/words/{kind}.html").select_one("#see-it-run") for kind in (*CELLS, "errors")}
    expected = {
        "streams": (
            "first\nsecond",
            "21",
            "err",
            "done",
            "red and green",
            "cell:2: UserWarning: a warning",
            "page:logged",
        ),
        "values": ("array([0, 1, 2])", "0.667", "[ 0.126, -0.132,  0.64 ]", "0.134", "'docs', 'words'"),
        "displays": ("bold", "third", "stays", "raw", "no text"),
        "figures": ("<Figure size 640x480 with 1 Axes>", "A line that rises to 3."),
        "system": ("a value", "in a task", "from a shell", "[1, 2]"),
        "errors": (
            "ZeroDivisionError",
            "chained",
            "invalid syntax",
            "File code_examples/numbers/mean.py:",
            "KeyError: 2",
        ),
    }
    for kind, parts in expected.items():
        for part in parts:
            assert part in shown[kind].get_text(), (kind, part)
    assert "gone" not in shown["displays"].get_text().replace("print('gone')", "").replace("print('gone too')", "")
    assert shown["displays"].select_one('a[href="../numbers/mean.html"]') is not None


def run_again(project) -> list[str]:
    """Bring the results up to date; return the names of the jobs that ran."""
    folder = project.root / "_build" / "results"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.json")}
    built = project.build()
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.json")}
    ran = sorted(
        path.relative_to(folder).with_suffix("").as_posix() for path in after if before.get(path) != after[path]
    )
    return [*ran, *built.warnings]


def test_a_change_runs_again_what_depends_on_it_and_nothing_else(project):
    project.write("docs/words/data.txt", "12")
    project.write("code_examples/numbers/other.py", '"""Another module."""\n')
    add_page(project, fences("from pathlib import Path\n\nn = int(Path('data.txt').read_text())\nassert n > 1\nn"))
    page, module, helper = "docs/numbers/mean", "code_examples/numbers/mean", "code_examples/numbers/helper"
    first = run_again(project)
    assert {page, "docs/words/outputs", module, "code_examples/numbers/other"} <= set(first)
    assert run_again(project) == []

    project.edit("docs/numbers/mean.md", "One number for many", "One number for all")  # prose
    assert run_again(project) == []
    project.edit("docs/words/data.txt", "12", "13")  # a data file that a cell opens
    assert run_again(project) == ["docs/words/outputs"]
    project.write("code_examples/numbers/helper.py", '"""Adds."""\n\nadd = sum\n')  # a module of its own
    assert run_again(project) == [helper]
    project.edit(
        "code_examples/numbers/mean.py", "\n\ndef mean", "\nfrom code_examples.numbers.helper import add\n\n\ndef mean"
    )
    assert run_again(project) == [module, page]
    project.edit("code_examples/numbers/helper.py", "add = sum", "add = max")  # imported at second hand
    assert run_again(project) == [helper, module, page]
    project.write("requirements.txt", "numpy==0\n")  # the lock: everything
    assert set(run_again(project)) >= {page, module, helper, "docs/words/outputs", "code_examples/numbers/other"}


BAD = {
    "raises": ("1 / 0", "ZeroDivisionError: division by zero; mend the cell or the code it calls"),
    "groups": (
        "raise ExceptionGroup('many', [ValueError(1)])",
        "ExceptionGroup: many (1 sub-exception); mend the cell or the code it calls",
    ),
    "loops": ("while True:\n    pass", "the code ran for more than 2 s; make it do less"),
    "swallows": (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        break",
        "the code ran for more than 2 s; make it do less",
    ),
    "sleeps": ("import time\ntime.sleep(99)", "the code ran for more than 2 s; make it do less"),
    "awaits": ("import asyncio\nawait asyncio.sleep(99)", "the code ran for more than 2 s; make it do less"),
    "leaves": ("import sys\nsys.exit(3)", "SystemExit: 3; mend the cell or the code it calls"),
    "exits": ("import os\nos._exit(3)", "its process ended with code 3; find what ends it"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "its process was killed by SIGSEGV; find what ends it"),
    "dies": (
        "import os\nimport signal\nos.kill(getattr(os, 'getpid')(), signal.SIGKILL)",
        "its process was killed by SIGKILL; has it taken all memory?",
    ),
    "prints": ("print('x' * 100_000_000)", "the cells print more than 1,000,000 characters; print less"),
    "chatters": (
        "while True:\n    print('x' * 1000)",
        "the cells print more than 1,000,000 characters; print less",
    ),
    "says-yes": (
        "import subprocess\nsubprocess.run(['yes'])",
        "the cells print more than 1,000,000 characters; print less",
    ),
    "asks": ("input('name? ')", "it asks for input, and nobody is there to answer; write the value into the cell"),
    "threads": (
        "import threading\nimport time\nthreading.Thread(target=time.sleep, args=(99,), name='left').start()",
        "the cell leaves a thread running (left); join it",
    ),
    "wraps": (
        "import numpy as np\n{'mean': np.mean([1, 2])}",
        "it shows np.float64(1.5); show the number alone, by float(), int(), bool() or .tolist()",
    ),
    "starts": ("import subprocess\nleft = subprocess.Popen(['sleep', '98'])", None),  # ended with the job, unsaid
    "takes": ("x = bytearray(64 << 30)", "it takes more than 8192 MB of memory; make it smaller"),
}
"""Bad cells, by the name of their page, with what is said of them."""
STOP = """
def setup(app):
    import os, pathlib, time

    at = os.environ.get("STOP_AT")
    if at not in (None, "a cell"):
        app.connect(at, lambda *arguments: (pathlib.Path(app.srcdir, "reached").touch(), time.sleep(60)))
"""
"""An addition to conf.py: stop in the middle of a build."""


def job(project, source: str) -> dict:
    return {
        "name": "docs/words/outputs",
        "folder": "docs/words",
        "cells": [{"source": "fine = 1", "tags": []}, {"source": source, "tags": []}],
        "fences": [],
        "module": None,
        "key": "k",
        "root": str(project.root),
        **executor.LIMITS,
        "seconds": 2,
    }


def start(project, *jobs: dict) -> subprocess.Popen:
    """Start the executor on some jobs."""
    request = {"store": str(project.root / "_build/results"), "workers": 2, "jobs": list(jobs)}
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldbook.executor"],
        stdin=subprocess.PIPE,
        cwd=project.root,
        env=environment(project.root),
        encoding="utf-8",
    )
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    return process


def orphans(project) -> list[str]:
    """Return the processes that still stand in the project's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(project.root) in str((entry / "cwd").readlink()):
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


def left_after(project, seconds: float) -> list[str]:
    """Return the processes that are still there after some time to end; the fork server ends by itself."""
    deadline = time.monotonic() + seconds
    while (left := orphans(project)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


linux = pytest.mark.skipif(not executor.can_fork(), reason="the warm executor forks")


def html(project, **variables: str) -> subprocess.Popen:
    """Start a build as `make html` does."""
    return subprocess.Popen(
        [sys.executable, "-m", "fieldbook", "html"],
        cwd=project.root,
        env={**environment(project.root), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def built(project) -> dict[str, bytes]:
    """Build; return every file."""
    process = html(project)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0, said
    out = project.root / "_build/html"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def built_afresh(project) -> dict[str, bytes]:
    """Build from nothing; return every file."""
    shutil.rmtree(project.root / "_build")
    return built(project)


def append(project, path: str, text: str) -> None:
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write(text)


@linux
def test_bad_cells_are_all_named_in_one_build_and_the_next_is_right(project):
    append(project, "conf.py", "\nnb_execution_timeout = 2\n")
    for name, (cell, _) in BAD.items():
        add_page(project, f"{fences('fine = 1', 'assert fine')}\n\n{fences(cell)}", name)
    project.write("code_examples/numbers/loops.py", '"""Loops.\n\n>>> while True: pass\n"""\n')
    project.write("code_examples/numbers/exits.py", '"""Exits.\n\n>>> import os; os._exit(4)\n"""\n')
    line = project.line("docs/words/raises.md", "```{code-cell} ipython3\n1 / 0")
    expected = {
        f"docs/words/{name}.md:{line}: WARNING: cell fails: {reason} [fieldbook.cell]"
        for name, (_, reason) in BAD.items()
        if reason
    } | {
        "code_examples/numbers/exits.py:1: WARNING: the doctests do not end: its process ended with code 4; "
        "find what ends it [fieldbook.doctest]",
        "code_examples/numbers/loops.py:3: WARNING: doctest 'while True: pass' raised LimitReached: the code ran for "
        "more than 2 s; make it do less; correct the code, or the result it shows [fieldbook.doctest]",
    }
    process = html(project)
    said = strip_colors(process.communicate(timeout=200)[0]).replace(f"{project.root}/", "")
    assert {line for line in said.splitlines() if "WARNING" in line} == expected
    assert process.returncode == 1
    assert "Not built: mend the faults above" in said
    assert "Traceback" not in said
    assert left_after(project, 10) == []
    assert max(path.stat().st_size for path in (project.root / "_build/results").rglob("*.json")) < 3_000_000

    for name, (cell, _) in BAD.items():
        project.edit(f"docs/words/{name}.md", f"\n{cell}\n", "\nfine\n")
    for name in ("loops", "exits"):
        (project.root / f"code_examples/numbers/{name}.py").unlink()
    mended, fresh = built(project), built_afresh(project)
    assert [name for name in {*mended, *fresh} if mended.get(name) != fresh.get(name)] == []


@linux
def test_a_build_that_is_stopped_says_so_and_the_next_is_right(project):
    append(project, "conf.py", STOP)
    stop = (
        "import os\nfrom pathlib import Path\nif os.environ.get('STOP_AT') == 'a cell':\n"
        "    Path('../../pid').write_text(str(getattr(os, 'getpid')()))\n"
        "    Path('../../pid').rename('../../reached')\n"
        "    while True:\n        pass"
    )
    add_page(project, fences(stop, "assert os"))
    reached = project.root / "reached"
    for at in ("a cell", "killed", "doctree-read", "html-page-context"):
        process = html(project, STOP_AT=at.replace("killed", "a cell"))
        deadline = time.monotonic() + 120
        while not reached.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if at == "killed":
            os.kill(int(reached.read_text()), signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said = strip_colors(process.communicate(timeout=120)[0])
        if at == "killed":
            assert process.returncode == 1
            line = project.line("docs/words/outputs.md", "```{code-cell} ipython3\nimport os")
            message = "cell fails: its process was killed by SIGKILL; has it taken all memory? [fieldbook.cell]"
            assert f"docs/words/outputs.md:{line}: WARNING: {message}" in said
        else:
            assert process.returncode == 130, at
            assert said.splitlines()[-1] == "Interrupted: the next build starts fresh."
            assert "Traceback" not in said
        assert left_after(project, 10) == []
        reached.unlink()
    stopped, fresh = built(project), built_afresh(project)
    assert [name for name in {*stopped, *fresh} if stopped.get(name) != fresh.get(name)] == []


def test_what_is_damaged_is_made_again(project):
    build = project.root / "_build"

    def spoil(pattern: str, *contents: bytes | None) -> None:
        found = sorted(path for path in build.glob(pattern) if path.is_file())
        assert found
        for number, path in enumerate(found):
            content = contents[number % len(contents)]
            path.write_bytes(path.read_bytes()[:100] if content is None else content)

    good = built(project)
    spoil("results/**/*.json", None, b"\xff\x00", b'{"key": 1}', b"")
    spoil("cells/warm/global.db", b"\xff" * 5000)
    spoil("cells/warm/executed/**/*", None)
    append(project, "docs/numbers/mean.md", "\n")
    process = html(project)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    names = "code_examples/__init__, code_examples/numbers/__init__, code_examples/numbers/mean, docs/numbers/mean"
    assert f"Damaged results are thrown away and made again: {names}\n" in said
    assert built(project) == good
    for content in (None, b"\xff" * 3000):
        spoil("doctrees/environment.pickle", content)
        spoil("cells/warm/global.db", None)
        append(project, "docs/numbers/mean.md", "\n")
        assert built(project) == good


@linux
def test_an_interrupt_ends_every_job_and_leaves_no_half_result(project):
    process = start(project, {**job(project, "while True:\n    pass"), "seconds": 60})
    deadline = time.monotonic() + 120
    while not any("forkserver" in line for line in orphans(project)) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(120) == 130
    assert left_after(project, 10) == []
    assert list((project.root / "_build/results").rglob("*")) == []


def outputs(project, *cells: str) -> list[list[dict]]:
    """Run cells in the executor; return the outputs of each."""
    one = {**job(project, ""), "cells": [{"source": cell, "tags": []} for cell in cells]}
    assert start(project, one).wait(60) == 0
    result = results.Store(project.root / "_build/results").read(one["name"])
    assert result["stopped"] is None
    return result["outputs"]


@linux
def test_what_a_cell_prints_has_one_order_and_is_in_one_piece(project):
    """A kernel's own order hangs on time, and MyST-NB ends a line where a kernel flushed."""
    shown = outputs(
        project,
        "import os, subprocess\nprint('one')\nsubprocess.run(['echo', 'two'])\nos.write(1, b'three\\n')\n'four'",
        "import time\nprint('a', end='')\ntime.sleep(0.3)\nprint('b', end='', flush=True)\nprint('c')",
        "os.system('echo wrong >&2')\nprint('right');",
    )
    texts = [[output.get("text") or output["data"]["text/plain"] for output in cell] for cell in shown]
    assert texts == [["one\ntwo\nthree\n", "'four'"], ["abc\n"], ["right\n", "wrong\n"]]


@linux
def test_what_a_cell_sets_holds_in_the_next(project):
    """NumPy's print options and the precision of decimals live in the context of a task."""
    shown = outputs(
        project,
        "import numpy as np\nnp.set_printoptions(precision=2)\nimport decimal\ndecimal.getcontext().prec = 3",
        "np.array([1 / 3])",
        "decimal.Decimal(1) / 3",
        "import asyncio\ntask = asyncio.create_task(asyncio.sleep(0, 'later'))",
        "await task",
    )
    texts = [output["data"]["text/plain"] for cell in shown for output in cell]
    assert texts == ["array([0.33])", "Decimal('0.333')", "'later'"]
