"""What a fault is, and how it reads.

A fault says where it is, which rule it breaks and what to type next. The pure modules return faults; `warn` hands
them to Sphinx, where they count as warnings and so fail a strict build. No Sphinx import at module level.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path


class Rule(StrEnum):
    """Every rule that can refuse a page; the value is the warning's subtype."""

    FRONT_MATTER = "front-matter"
    """A key that is unknown, missing, misplaced, of the wrong type or too long."""
    AREA = "area"
    """A page outside the areas, under a name that is no slug, or under a slug that another page has."""
    TITLE = "title"
    """A page without a title or with two, or a heading that takes another page's slug."""
    STRUCTURE = "structure"
    """Parts missing, repeated, out of order or too long."""
    ENCODING = "encoding"
    """A file that is not UTF-8."""
    LINK = "link"
    """A link that leads nowhere, names a concept by its place, says nothing, or is the second to one in a section."""
    REQUIRES = "requires"
    """A prerequisite that does not exist, or that leads back to the page."""
    CONTRASTS = "contrasts"
    """A contrast that does not exist, or with the page itself."""
    PLANNED = "planned"
    """An entry of docs/planned.yml that is malformed or whose page exists."""
    FLASHCARD = "flashcard"
    """A card without answer, with a bad or repeated id, or at odds with the ledger of ids."""
    CELL = "cell"
    """A cell that fails, or that asks for network, clock, chance or the machine."""
    DOCTEST = "doctest"
    """An example whose result is not the one shown."""
    FIGURE = "figure"
    """An image without alternative text, or one that another site serves."""
    EXPLORE = "explore"
    """An explorable that cannot be shown at a point of its grid, is placed nowhere, or is not there to be placed."""
    MATH = "math"
    """A formula that does not compile."""
    BIBLIOGRAPHY = "bibliography"
    """An entry without `seen`, uncited, doubled, or cited for more than was read."""
    GIVEN = "given"
    """A number marked as an input that the page's code does not contain."""
    NUMBER = "number"
    """A number that is neither computed, given, cited nor part of a name."""
    NAMED = "named"
    """An entry of docs/named.yml that is malformed, without reason, or stands on no page."""
    CHECK = "check"
    """A cell with a result that nothing checks."""
    OUTPUT = "output"
    """An output that was pasted or committed, or that differs from machine to machine."""
    MACHINE = "machine"
    """A path of one machine."""
    HTML = "html"
    """HTML, which runs scripts, loads from elsewhere and is lost in every other form of the page."""
    CHARACTER = "character"
    """A character that nobody sees, or one in code that a word processor put there."""
    LEFTOVER = "leftover"
    """The mark of a merge, a note to oneself, a second page in the file."""
    FENCE = "fence"
    """A fence without a language or a directive, or whose text is not in the language it names."""
    TOCTREE = "toctree"
    """A page that no list of pages leads to."""


@dataclass(frozen=True, order=True)
class Fault:
    """One fault, located.

    Parameters
    ----------
    where : str
        A document name (``docs/foundations/softmax``), or a path with its ending (``docs/planned.yml``).
    line : int
        Line in that file, counted from 1; 0 if the fault has no line.
    rule : Rule
        The rule that refuses it.
    message : str
        What is wrong, and what to do.
    """

    where: str
    line: int
    rule: Rule
    message: str


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a suffix that proposes the nearest known word, or the empty string.

    Examples
    --------
    >>> did_you_mean("atention", ["attention", "softmax"])
    "; did you mean 'attention'?"
    >>> did_you_mean("zebra", ["attention", "softmax"])
    ''
    """
    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def warn(faults: Iterable[Fault], srcdir: str | Path = ".") -> None:
    """Log faults as Sphinx warnings, each with place and subtype."""
    from sphinx.util import logging

    logger = logging.getLogger("fieldbook")
    for fault in faults:
        is_file = Path(fault.where).suffix != ""
        place = str(Path(srcdir, fault.where)) if is_file else fault.where
        location = f"{place}:{fault.line}" if is_file else (place, fault.line or None)
        logger.warning(fault.message, location=location, type="fieldbook", subtype=fault.rule.value)
