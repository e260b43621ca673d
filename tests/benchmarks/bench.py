"""What a build costs, ours and the stock toolchain's side by side in one run: `make bench`.

Every figure is one `python -m fieldbook html` in a generated site (`generate.py`) in a temporary folder. Nothing is
asserted about time, since machines differ; the bars stand beside the figures. Memory is the largest process of the
build, and, sampled, all of its processes together (shared pages counted once).

    python tests/benchmarks/bench.py [cold noop edit warm executor scale navigation] [--pages 120] [--sizes 100,400]

Only if it is named, `search` measures what the search of the built site costs as it grows (`search_scale.py`).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import psutil
from clock import FILE as CLOCK
from generate import SITE, Book, docname, edit_cell, edit_prose

from fieldbook.build import DOCTREES, OUTPUT, STATE, environment

REPORT = SITE / "_build" / "bench.json"
MEGABYTE = 1 << 20
REPEATS = 3
"""How often a short build is measured; the median counts."""


@dataclass
class Run:
    """One build: seconds by the clock and of computing, memory in MB, and what the clock inside it noted.

    The computing of cells that our executor runs is not in `computing`: its server outlives those who could count it.
    """

    seconds: float
    computing: float
    largest: float
    together: float
    clock: dict[str, float] = field(default_factory=dict)


@dataclass
class Row:
    """One line of the table; `bar` is what the issue asks of `ours`, `ratio` is stock to ours or large to small."""

    what: str
    ours: str
    stock: str = ""
    ratio: str = ""
    bar: str = ""


class Site:
    """A generated site in a folder of its own."""

    def __init__(self, folder: Path, book: Book) -> None:
        self.root, self.book, self.edits = folder, book, 0
        book.write(folder)

    def build(self) -> Run:
        """Build once; a build that fails ends the benchmark."""
        (self.root / CLOCK).unlink(missing_ok=True)
        log = self.root.with_suffix(".log")
        with log.open("w") as output:
            start = time.perf_counter()
            command = [sys.executable, "-m", "fieldbook", "html"]
            process = subprocess.Popen(
                command, cwd=self.root, env=environment(self.root), stdout=output, stderr=subprocess.STDOUT
            )
            sampler = Sampler(process.pid)
            sampler.start()
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.stop()
        if process.returncode:
            raise SystemExit(f"The build of {self.root} failed:\n{log.read_text()[-4000:]}")
        clock = json.loads((self.root / CLOCK).read_text()) if (self.root / CLOCK).exists() else {}
        return Run(
            seconds,
            used.ru_utime + used.ru_stime,
            used.ru_maxrss / 1024,
            max(sampler.most, used.ru_maxrss / 1024),
            clock,
        )

    def edit(self, *, cell: bool = False) -> Run:
        """Edit a page in the middle and build until its fresh HTML stands there."""
        self.edits += 1
        number, mark = self.book.pages // 2, "zyx" + "abcdefghij"[self.edits]
        (edit_cell if cell else edit_prose)(self.root, number, mark)
        run = self.build()
        if mark not in (self.root / OUTPUT / f"{docname(number)}.html").read_text(encoding="utf-8"):
            raise SystemExit(f"The page {docname(number)} is stale after an edit.")
        return run

    def forget_output(self) -> None:
        """Remove doctrees and HTML; results of execution stay."""
        for folder in (DOCTREES, OUTPUT):
            shutil.rmtree(self.root / folder)
        (self.root / STATE).unlink(missing_ok=True)

    def sidebar_links(self) -> int:
        """Return how many links the sidebar of a page has."""
        html = (self.root / OUTPUT / f"{docname(self.book.pages // 2)}.html").read_text(encoding="utf-8")
        return html.partition("sidebar-tree")[2].partition("</aside>")[0].count("<a ")


class Sampler(threading.Thread):
    """Watches the memory of a process and all below it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.top = psutil.Process(pid)
        self.most = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self.over.wait(0.5):
            try:
                processes = [self.top, *self.top.children(recursive=True)]
                self.most = max(self.most, sum(map(_proportional, processes)) / MEGABYTE)
            except psutil.Error:
                continue

    def stop(self) -> None:
        """Stop sampling."""
        self.over.set()
        self.join()


def _proportional(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:  # it has ended since it was listed
        return 0


class Bench:
    """The measurements; sites are generated and built when the first needs them, in one temporary folder."""

    def __init__(self, folder: Path, pages: int, sizes: list[int]) -> None:
        self.folder, self.pages, self.sizes = folder, pages, sizes
        self.raw: dict[str, list[Run]] = {}
        self._scaled: dict[tuple[int, bool], tuple[Run, Run, int]] = {}

    def site(self, book: Book) -> Site:
        """Generate a site."""
        folder = self.folder / f"site {len(list(self.folder.iterdir()))}"
        return Site(folder, book)

    def note(self, name: str, *runs: Run) -> Run:
        """Keep runs for the report; return the one with the median time."""
        self.raw.setdefault(name, []).extend(runs)
        return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]

    @cached_property
    def ours(self) -> tuple[Site, Run]:
        """The built site of all cold measurements."""
        site = self.site(Book(self.pages, executor="warm"))
        return site, self.note("cold, ours", site.build())

    @cached_property
    def stock(self) -> Run:
        """The same pages, built by MyST-NB's kernels with Furo's navigation."""
        return self.note("cold, stock", self.site(Book(self.pages, executor="stock", stock_navigation=True)).build())

    def cold(self) -> list[Row]:
        """A first build."""
        _, run = self.ours
        return [
            Row(f"cold build, {self.pages} pages, s", f"{run.seconds:.1f}", bar="≤ 30 (120 pages)"),
            Row("  memory: largest process, all together, MB", f"{run.largest:.0f}, {run.together:.0f}"),
        ]

    def noop(self) -> list[Row]:
        """The same again."""
        site, _ = self.ours
        run = self.note("no-op", *(site.build() for _ in range(REPEATS)))
        return [Row("no-op build, s", f"{run.seconds:.2f}", bar="≤ 1.5")]

    def edit(self) -> list[Row]:
        """One page edited."""
        site, _ = self.ours
        prose = self.note("prose edit", *(site.edit() for _ in range(REPEATS)))
        cell = self.note("cell edit", *(site.edit(cell=True) for _ in range(REPEATS)))
        return [
            Row(f"prose edit of a page to fresh HTML, s ({_pages(prose)})", f"{prose.seconds:.2f}", bar="≤ 2.5"),
            Row(f"cell edit of a page to fresh HTML, s ({_pages(cell)})", f"{cell.seconds:.2f}", bar="≤ 4"),
        ]

    def warm(self) -> list[Row]:
        """Everything again except execution."""
        site, _ = self.ours
        site.forget_output()
        run = self.note("warm full build", site.build())
        return [Row("warm full build (results kept), s", f"{run.seconds:.1f}")]

    def executor(self) -> list[Row]:
        """Our executor against MyST-NB's kernels."""
        (_, ours), stock = self.ours, self.stock
        mine, theirs = ours.clock, stock.clock
        return [
            Row(
                f"execution alone, {self.pages} pages, s",
                f"{mine['executing']:.1f}",
                f"{theirs['executing']:.1f}",
                f"{theirs['executing'] / mine['executing']:.1f}×",
                "≥ 8×",
            ),
            Row("  kernels started", str(mine["kernels"]), str(theirs["kernels"])),
            Row(
                "  the whole cold build, s",
                f"{ours.seconds:.1f}",
                f"{stock.seconds:.1f}",
                f"{stock.seconds / ours.seconds:.1f}×",
            ),
            Row(
                "  memory: largest process, all together, MB",
                f"{ours.largest:.0f}, {ours.together:.0f}",
                f"{stock.largest:.0f}, {stock.together:.0f}",
            ),
        ]

    def scaled(self, pages: int, stock_navigation: bool) -> tuple[Run, Run, int]:
        """Build a site without cells, edit a page of it; return both and the length of its sidebar. Once each."""
        known = pages, stock_navigation
        if known not in self._scaled:
            name = f"{pages} pages without cells, {'stock' if stock_navigation else 'our'} navigation"
            site = self.site(Book(pages, execute=False, stock_navigation=stock_navigation))
            full = self.note(name, site.build())
            edited = self.note(f"{name}, prose edit", *(site.edit() for _ in range(REPEATS)))
            self._scaled[known] = full, edited, site.sidebar_links()
            shutil.rmtree(site.root)
        return self._scaled[known]

    def scale(self) -> list[Row]:
        """The cost of a page as the site grows, execution off."""
        found = {pages: self.scaled(pages, stock_navigation=False) for pages in sorted(self.sizes)}
        rows = []
        for pages, (full, edited, _) in found.items():
            phases = ", ".join(
                f"{name} {1000 * full.clock[name] / pages:.1f}" for name in ("reading", "collecting", "writing")
            )
            rows += [
                Row(f"{pages} pages without cells, s: by the clock, computing", _both(full.seconds, full.computing)),
                Row("  a page, ms", f"{_both(*(1000 * s / pages for s in (full.seconds, full.computing)))} ({phases})"),
                Row(f"  one page edited, s ({_pages(edited)})", _both(edited.seconds, edited.computing)),
                Row("  memory: largest process, all together, MB", f"{full.largest:.0f}, {full.together:.0f}"),
            ]
        for less, more in itertools.pairwise(found):
            (small, *_), (large, *_) = found[less], found[more]
            further = [
                1000 * (getattr(large, what) - getattr(small, what)) / (more - less)
                for what in ("seconds", "computing")
            ]
            rows.append(Row(f"each page from {less} to {more}, ms", _both(*further)))
        if len(found) > 1:
            less, more = min(found), max(found)
            (small, *_), (large, *_) = found[less], found[more]
            grown = [(getattr(large, what) / more) / (getattr(small, what) / less) for what in ("seconds", "computing")]
            rows.append(Row(f"a page at {more} against {less} pages, times", _both(*grown), bar="≤ 1.2"))
        return rows

    def navigation(self) -> list[Row]:
        """The cost of a page with our sidebar and with Furo's, execution off."""
        rows = []
        for pages in [pages for pages in self.sizes if pages <= 400]:
            (ours, _, short), (stock, _, long) = (self.scaled(pages, stock_navigation=on) for on in (False, True))
            rows.append(
                Row(
                    f"{pages} pages without cells: ms a page (links in the sidebar)",
                    f"{1000 * ours.seconds / pages:.1f} ({short})",
                    f"{1000 * stock.seconds / pages:.1f} ({long})",
                    f"{stock.seconds / ours.seconds:.1f}×",
                )
            )
        return rows

    def search(self) -> list[Row]:
        """The cost of the search, at the site's size and at ten times that."""
        from tests.benchmarks import search_scale  # needs the built site, and Pagefind

        rows = []
        for count, found in search_scale.main().items():
            keys, kilobytes = found["latency"]["keystroke, Chromium at 1/4"], found["bytes"]["gzip"] / 1000
            rows += [
                Row(f"search of {count} pages: first query, kB compressed", f"{kilobytes:.0f}", bar="≤ 150"),
                Row("  a keystroke at 1/4 speed, p95, ms", f"{keys['p95']:.1f}", bar="≤ 30"),
            ]
        return rows


def _pages(run: Run) -> str:
    return f"{run.clock['read']:.0f} read, {run.clock['written']:.0f} written" if run.clock else "nothing to do"


def _both(clock: float, computing: float) -> str:
    return f"{clock:.2f}, {computing:.2f}" if clock < 10 else f"{clock:.1f}, {computing:.1f}"


def table(rows: list[Row]) -> str:
    """Return rows as a Markdown table."""
    cells = [["what", "ours", "stock", "ratio", "bar"], *(list(asdict(row).values()) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def machine() -> dict[str, str | float | int]:
    """Return what the figures depend on besides the code."""
    return {
        "processors": os.cpu_count() or 0,
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


NAMES = ("cold", "noop", "edit", "warm", "executor", "scale", "navigation")


def main() -> None:
    """Measure what is named, or everything; print a table and write the report."""
    parser = argparse.ArgumentParser(description="Measure builds of generated sites.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}, search; all but that if none is named"
    )
    parser.add_argument("--pages", type=int, default=120, help="pages of the site that is executed")
    parser.add_argument("--sizes", default="100,400,1600", help="sizes of the sites without cells")
    options = parser.parse_args()
    unknown = set(options.names) - {*NAMES, "search"}
    if unknown:
        parser.error(f"no measurement is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    before, rows = machine(), []
    with tempfile.TemporaryDirectory(prefix="fieldbook-bench-") as folder:
        bench = Bench(Path(folder), options.pages, [int(size) for size in options.sizes.split(",")])
        for name in options.names or NAMES:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows += getattr(bench, name)()
    raw = {name: [asdict(run) for run in runs] for name, runs in bench.raw.items()}
    REPORT.parent.mkdir(exist_ok=True)
    report = {"machine": {"before": before, "after": machine()}, "table": [asdict(row) for row in rows], "runs": raw}
    REPORT.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{table(rows)}\n")
    print(f"{before['processors']} processors, load {before['load']:.1f} at the start; written to {REPORT}")


if __name__ == "__main__":
    main()
