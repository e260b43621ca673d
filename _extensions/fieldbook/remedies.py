"""What Sphinx, docutils and MyST say, with what they leave out: the remedy.

Their own warnings are right and located, but do not say what to type next. Each gets its remedy here, by what it says;
one that only follows from a fault that we name better is dropped.
"""

from __future__ import annotations

import logging as stdlib_logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from docutils.parsers.rst import directives, roles
from sphinx.util import logging

from fieldbook.domain import concepts
from fieldbook.explorables import has_failed
from fieldbook.faults import did_you_mean

if TYPE_CHECKING:
    from sphinx.application import Sphinx

REMEDIES = (
    (r"Unknown directive type: '(?P<directive>.*)'", "correct its name, or take it out"),
    (r'Unknown interpreted text role "(?P<role>.*)"\.?', "correct its name, or take it out"),
    (r"'\S+': Unknown option key: '(?P<option>.*?)' \(allowed: (?P<known>.*)\)", "take the option out"),
    (r"Include file '.*' not found", "correct the path, which begins at this page or, after '/', at the project"),
    (r"Object named '.*' not found", "correct the name after ':pyobject:'"),
    (r"duplicate label of equation", "give this equation another label"),
    (r"duplicate label ", "give this another label"),
    (r"equation not found", "correct the label, which stands in parentheses after the formula"),
    (r"undefined label", "correct the label"),
    (r"No key '.*' found in glue data", "correct the key, or keep it in a cell of this page with 'glue'"),
    (r'Unknown target name: "(?P<note>.*)"', "add its text as '[^{note}]: …'"),
    (r"Footnote .* is not referenced", "refer to it as '[^…]', or take it out"),
    (r"Directive '.*': \d+ argument\(s\) required", "write it after the name, on the line of the fence"),
    (r"image file not readable", "correct the path; pictures stand in '_static' or beside the page"),
    (r"toctree contains reference to nonexisting document", "correct the entry, or take it out"),
)
FOLLOWS = (r"Too many autonumbered footnote references",)


class Remedies(stdlib_logging.Filter):
    """Adds the remedy to a warning, or drops it."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self.app = app

    def filter(self, record: stdlib_logging.LogRecord) -> bool:
        """Change the record, once however many handlers see it."""
        if record.levelno < stdlib_logging.WARNING or getattr(record, "type", None) == "fieldbook":
            return True
        if not hasattr(record, "fieldbook_kept"):
            text = record.getMessage()
            record.fieldbook_kept = not self._follows(text)
            record.msg, record.args = self._completed(text, record), ()
        return bool(record.fieldbook_kept)

    def _follows(self, text: str) -> bool:
        """Tell whether a warning only follows from what is said elsewhere."""
        if match := re.match(r"duplicate label (\S+), other instance in", text):
            return match[1] in concepts(self.app.env).pages
        if match := re.match(r"toctree contains reference to nonexisting document '(.*)'", text):
            return Path(self.app.srcdir, f"{match[1]}.md").exists()  # its file cannot be read
        if text.startswith("No key "):  # said while the page is read
            return has_failed(self.app, self.app.env.docname)  # a cell before the one that keeps it
        return any(re.match(pattern, text) for pattern in FOLLOWS)

    def _completed(self, text: str, record: stdlib_logging.LogRecord) -> str:
        text = text.removesuffix(f" [{getattr(record, 'type', '')}.{getattr(record, 'subtype', '')}]")
        text = re.sub(r" \(use `path::key`, .*\)|_StrPath\((?='.*'\))|(?<=')\)$", "", text)  # what nobody can use
        for pattern, remedy in REMEDIES:
            if match := re.match(pattern, text):
                return f"{text.rstrip('.')}{self._nearest(match) or '; ' + remedy.format_map(match.groupdict())}"
        return text

    def _nearest(self, match: re.Match[str]) -> str:
        """Return the nearest known name, where the warning is about a name."""
        groups = match.groupdict()
        if "directive" in groups:
            return did_you_mean(groups["directive"], {*directives._directives, *directives._directive_registry})
        if "role" in groups:
            return did_you_mean(groups["role"], {*roles._roles, *roles._role_registry})
        if "option" in groups:
            return did_you_mean(groups["option"], re.findall(r"[\w-]+", groups["known"]))
        return ""


def on_builder_inited(app: Sphinx) -> None:
    """Put the filter before all others of every handler, of which one counts what it sees."""
    remedies = Remedies(app)
    for handler in stdlib_logging.getLogger(logging.NAMESPACE).handlers:
        handler.filters.insert(0, remedies)


def setup_remedies(app: Sphinx) -> None:
    """Connect the filter, after the last handler has been added (`fieldbook.standing`)."""
    app.connect("builder-inited", on_builder_inited, priority=2)
