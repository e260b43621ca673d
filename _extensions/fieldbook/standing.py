"""Faults that stand: what was wrong with a page is said in every build until it is mended.

Sphinx says what is wrong with a page when it reads or writes it, and then forgets. Here every page that gave rise to a
warning is remembered beside the doctrees and read again by the next build, which so says it again. A fault without a
page of its own (the bibliography, a ledger) comes from a check of ours, which runs in every build; if it comes from
elsewhere, the next build starts fresh.
"""

from __future__ import annotations

import json
import logging as stdlib_logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util import logging
from sphinx.util.logging import WarningSuppressor, get_node_location

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

FILE = "faulty.json"


class Listener(stdlib_logging.Handler):
    """Notes the document of each warning."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__(stdlib_logging.WARNING)
        self.addFilter(WarningSuppressor(app))
        self.app = app
        self.docnames: set[str] = set()
        self.homeless = False

    def emit(self, record: stdlib_logging.LogRecord) -> None:
        """Note the document that a warning names."""
        location: Any = getattr(record, "location", None)
        if location is not None and not isinstance(location, (str, tuple)):
            location = get_node_location(location)
        text = location[0] if isinstance(location, tuple) else location or ""
        text = re.sub(r":\d*$", "", str(text))
        docname = text if text in self.app.env.found_docs else self.app.env.path2doc(text)
        if docname in self.app.env.found_docs:
            self.docnames.add(docname)
        elif getattr(record, "type", None) != "fieldbook":  # our own checks say theirs in every build
            self.homeless = True


def on_builder_inited(app: Sphinx) -> None:
    """Listen to what this build says."""
    listener = Listener(app)
    app.fieldbook_listener = listener  # type: ignore[attr-defined]
    stdlib_logging.getLogger(logging.NAMESPACE).addHandler(listener)


def on_env_get_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Have the pages read again that the last build complained of."""
    try:
        faulty = set(json.loads((Path(app.doctreedir) / FILE).read_text(encoding="utf-8"))["pages"])
    except (OSError, ValueError, LookupError, TypeError):  # not there, or damaged
        return []
    return sorted(faulty & (env.found_docs - removed))


def on_build_finished(app: Sphinx, exception: Exception | None) -> None:
    """Remember the pages that this build complained of."""
    listener = app.__dict__.pop("fieldbook_listener", None)
    if listener is None:
        return
    stdlib_logging.getLogger(logging.NAMESPACE).removeHandler(listener)
    if exception is None:
        text = json.dumps({"pages": sorted(listener.docnames), "homeless": listener.homeless})
        (Path(app.doctreedir) / FILE).write_text(text, encoding="utf-8")


def setup_standing(app: Sphinx) -> None:
    """Register the handlers; the last of a build's warnings come before them."""
    app.connect("builder-inited", on_builder_inited, priority=1)
    app.connect("env-get-outdated", on_env_get_outdated)
    app.connect("build-finished", on_build_finished, priority=900)
