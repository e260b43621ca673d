"""A Sphinx extension of the generated sites: it notes where a build's seconds go, in ``_build/clock.json``.

With ``clock_stock_navigation`` it gives Furo the tree of the whole site back, which the fieldbook takes from it.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myst_nb.core.execute import cache as stock

from fieldbook import execution, navigation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

FILE = Path("_build/clock.json")


class Clock:
    """Seconds and counts of one build."""

    def __init__(self) -> None:
        self.seconds = {"executing": 0.0, "reading": 0.0, "collecting": 0.0, "writing": 0.0}
        self.counts = {"read": 0, "written": 0, "kernels": 0}
        self.since = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Add the time since the last lap to a phase."""
        now = time.perf_counter()
        self.seconds[phase] += now - self.since
        self.since = now

    def timed(self, function: Callable[..., Any], count: str | None = None) -> Callable[..., Any]:
        """Wrap a function that executes cells."""

        def wrapped(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds["executing"] += time.perf_counter() - start
                if count:
                    self.counts[count] += 1

        return wrapped


def setup(app: Sphinx) -> dict[str, bool]:
    """Time the phases, both executors, and count pages."""
    clock = Clock()
    execution.run = clock.timed(execution.run)
    execution.hand_over = clock.timed(execution.hand_over)
    stock.single_nb_execution = clock.timed(stock.single_nb_execution, "kernels")

    def before_reading(app: Sphinx, env: Any, docnames: list[str]) -> None:
        clock.counts["read"] = len(docnames)
        clock.since = time.perf_counter()

    def finished(app: Sphinx, exception: Exception | None) -> None:
        clock.lap("writing")
        path = Path(app.srcdir) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**clock.seconds, **clock.counts}), encoding="utf-8")

    def count_written(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        clock.counts["written"] += doctree is not None

    app.connect("env-before-read-docs", before_reading, priority=0)  # ours hands results over after this
    app.connect("env-updated", lambda *_: clock.lap("reading"), priority=0)
    app.connect("write-started", lambda *_: clock.lap("collecting"), priority=0)
    app.connect("build-finished", finished, priority=0)
    app.connect("html-page-context", count_written)
    app.add_config_value("clock_stock_navigation", False, "html", types=frozenset({bool}))

    def take_ours_away(app: Sphinx, config: Any) -> None:
        if config.clock_stock_navigation:
            heard = app.events.listeners["html-page-context"]
            ours = (navigation.withhold, navigation.on_html_page_context)
            heard[:] = [listener for listener in heard if listener.handler not in ours]

    app.connect("config-inited", take_ours_away)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
