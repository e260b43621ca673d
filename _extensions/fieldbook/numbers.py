"""Every number has a source: which tokens of a page's text are numbers, and where each comes from.

A page reaches this module as lines: a sentence is a source line, and every character of it has a kind (typed, pasted,
given, mathematics, code). The classes:

========== ============================================================================================
computed   pasted from a cell by ``{glue:text}``
given      marked ``{given}`` and equal to a literal of the page's cells, its ``pycon`` fences or its module. No mark is
           needed in a string of a cell, nor by the month that the front matter gives as ``reviewed``
cited      its line carries a citation; in a table its row or the caption does
named      part of a name in ``docs/named.yml`` (see `fieldbook.names`)
held       in mathematics or inline code: equal, at the precision shown, to a value that a cell of the page holds
structure  any other number of a formula or of code: an index, an exponent, a small count; an address
========== ============================================================================================

Everything else is refused. What counts as a number:

- Every run of letters that holds a digit, with what is glued to it: 12.5, 1,000, −3, 95%, 1e-6, 10⁻⁶, 3-5, 2nd, 4x, 7B,
  4-bit, ½. A token of which even one digit is typed is typed: a 1 before a pasted 28 is no pasted 128.
- A number word beside a unit: "four bits", "two or three seconds", "ten-year". Not "one token at a time", "two steps".
  Small counts are written as words, for no rule could tell whether a sentence shows them.
- In mathematics and inline code a number is judged if it is a decimal, an integer of 100 and more, a power of ten or a
  percentage. A number alone between dollars or backticks is no formula: it is judged like prose.

A heading, a summary, a question and an alias hold named numbers only. An alias is itself a name, so that letters make a
number part of one: ``word2vec``, ``load_in_4bit``. No Sphinx import.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from fieldbook.names import PATH, Names


class Class(StrEnum):
    """Where a number comes from; see the module's docstring."""

    COMPUTED = "computed"
    GIVEN = "given"
    CITED = "cited"
    NAMED = "named"
    HELD = "held"
    STRUCTURE = "structure"


TYPED, PASTED, GIVEN, MATH, CODE, ADDRESS, CITATION, OTHER = "tpgmkacx"
"""The kinds of a character: one letter each, so that a line's kinds are a string as long as its text."""
NAMES_ONLY = ("heading", "alias")
"""Places that hold no numbers but those that are part of a name."""
OPAQUE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a line's text for what is not text: a citation, a reference that Sphinx numbers."""


@dataclass(frozen=True)
class Line:
    """A source line that may hold numbers.

    Parameters
    ----------
    number : int
        Where it stands in the source, from 1.
    text, kinds : str
        Its text, and a kind for each character.
    place : str
        ``sentence``, ``table``, ``heading``, or ``cell`` for a string in a cell's code.
    cited : bool
        Whether its sentence carries a citation.
    """

    number: int
    text: str
    kinds: str
    place: str = "sentence"
    cited: bool = False


@dataclass(frozen=True)
class Sources:
    """What the numbers of one page may come from.

    Parameters
    ----------
    names : Names
        The names of the site that hold numbers.
    literals : frozenset of float
        Numbers that stand literally in the page's cells, in its ``pycon`` fences and in its module.
    held : tuple of float or None
        What the cells hold after they ran, sorted; None if nobody knows, which is so where the stock executor ran them.
    reviewed : str
        The month of the last review as prose has it (``November 2026``).
    """

    names: Names = field(default_factory=Names)
    literals: frozenset[float] = frozenset()
    held: tuple[float, ...] | None = ()
    reviewed: str = ""


@dataclass(frozen=True)
class Verdict:
    """A numeric token and its class; None if it has no source, then with the remedy."""

    token: str
    source: Class | None
    remedy: str = ""


# --- tokens ----------------------------------------------------------------------------------------------------------

DIGIT = r"[\d²³¹¼-¾\u2070-\u2079\u2080-\u2089\u2150-\u218b\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]"
_DIGIT = re.compile(DIGIT)
_TOKEN = re.compile(rf"(?:[^\W\d_]+-)*[-−+±]?\w*{DIGIT}\w*(?:[.,:/×^–−⁻⁺-]\w*{DIGIT}\w*)*(?:[-‑][^\W\d_]+)*\s?[%‰°]?")
_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
_LARGE = """
twenty 20 thirty 30 forty 40 fifty 50 sixty 60 seventy 70 eighty 80 ninety 90 hundred 100 thousand 1000 million 1000000
billion 1000000000 dozen 12
"""
_WORDS = {word: float(number) for number, word in enumerate(_SMALL.split())}
_WORDS |= {word: float(number) for word, number in zip(_LARGE.split()[::2], _LARGE.split()[1::2], strict=True)}
_UNITS = """
bit byte kilobit kilobyte megabit megabyte gigabit gigabyte terabyte nat nanosecond microsecond millisecond second
minute hour day week month year decade dollar cent euro degree watt kilowatt megawatt joule hertz metre meter FLOP
"""
# Units that have a plural: "three seconds", "three-second", "one second", but a "three second" is an ordinal.
_OTHER_UNITS = ["percent", "per cent", "percentage points?", "times", "orders? of magnitude", "[KMGT]i?B"]
_NUMBER_WORD = f"(?:{'|'.join(_WORDS)})"
_ONE, _MANY = "|".join(_UNITS.split()), "|".join([*(f"{unit}s" for unit in _UNITS.split()), *_OTHER_UNITS])
_PHRASE = rf"{_NUMBER_WORD}(?:(?:[- ]|,? (?:to|or|and) ){_NUMBER_WORD})*"
_WORD = re.compile(rf"\b(?:{_PHRASE}(?:[- ](?:{_MANY})|-(?:{_ONE}))|one (?:{_ONE}))\b", re.IGNORECASE)
_PLAIN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-−+]?\d+)?")
_ALONE = re.compile(r"\s*[-−+]?\s*\d+(?:(?:,|\{,\}|\\,)\d{3})*(?:\.\d+)?\s*(?:\\?%)?\s*")
_TEX_LENGTH = re.compile(
    r"\\\\\[[^\]]*\]|-?\d*\.?\d+\s*(?:pt|em|ex|mu|cm|mm)\b|\\(?:begin|end)\{[^}]*\}(?:\[[^\]]*\])?"
)
_TEX_NUMBER = re.compile(
    r"(?:(?P<mantissa>\d+(?:\.\d+)?)\s*(?:\\cdot|\\times)\s*)?(?<![\d.])10\s*\^\s*"
    r"(?:\{\s*(?P<braced>[-−+]?\d+)\s*\}|(?P<bare>\d))"
    r"|(?P<number>[1-9]\d{0,2}(?:,\d{3})+(?!\d)|\d+\.\d+|\d+)(?P<percent>\s*\\?%)?"
)
_CODE_NUMBER = re.compile(
    r"(?<![\w.])(?P<number>\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+)(?![\w.])(?P<percent>\s*%(?!\s*\w))?"
)


def may_hold_number(text: str) -> bool:
    """Tell whether a line has to be looked at."""
    return _DIGIT.search(text) is not None or _WORD.search(text) is not None


def plain_number(text: str) -> float | None:
    """Return the number that a reader sees; thousands commas, a real minus and number words are read.

    Examples
    --------
    >>> plain_number("1,000"), plain_number("−0.5"), plain_number("three"), plain_number("x")
    (1000.0, -0.5, 3.0, None)
    """
    text = text.strip().lower()
    if text in _WORDS:
        return _WORDS[text]
    try:
        return float(text.replace(",", "").replace("−", "-"))
    except ValueError:
        return None


def step_of(text: str) -> float:
    """Return the unit of the last digit shown.

    Examples
    --------
    >>> step_of("0.125"), step_of("1,024"), step_of("2.5e3")
    (0.001, 1.0, 100.0)
    """
    mantissa, _, exponent = text.lower().replace("−", "-").partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals)


def is_held(value: float, step: float, held: tuple[float, ...]) -> bool:
    """Tell whether a sorted tuple has a value that reads as `value` when rounded to `step`; the sign may be elsewhere.

    Examples
    --------
    >>> is_held(0.667, 0.001, (0.66667, 2.0)), is_held(0.666, 0.001, (0.66667, 2.0)), is_held(2, 1, (-2.0,))
    (True, False, True)
    """
    slack = step / 2 * (1 + 1e-9)
    for target in {value, -value}:
        at = bisect_left(held, target - slack)
        if at < len(held) and held[at] <= target + slack:
            return True
    return False


# --- judgement -------------------------------------------------------------------------------------------------------


def judge(line: Line, sources: Sources) -> list[Verdict]:
    """Return every numeric token of a line with its class.

    Examples
    --------
    >>> [verdict.source for verdict in judge(Line(1, "It takes 12.5 s.", "t" * 16), Sources())]
    [None]
    >>> [str(verdict.source) for verdict in judge(Line(1, "It takes 12.5 s.", "tttttttttppppttt"), Sources())]
    ['computed']
    """
    text = line.text
    covered = bytearray(len(text))
    verdicts = []
    for start, stop in sources.names.spans(text):
        if set(line.kinds[start:stop]) <= {TYPED, CODE} and not any(covered[start:stop]):
            covered[start:stop] = b"\1" * (stop - start)
            verdicts.append(Verdict(text[start:stop], Class.NAMED))
    if sources.reviewed and line.place not in NAMES_ONLY:
        for match in re.finditer(re.escape(sources.reviewed) + r"(?!\w)", text):
            covered[match.start() : match.end()] = b"\1" * len(match.group())
            verdicts.append(Verdict(match.group(), Class.GIVEN))
    for kind, start, stop in _runs(line.kinds):
        run = text[start:stop]
        if kind == PASTED:
            verdicts += [Verdict(match.group(), Class.COMPUTED) for match in _TOKEN.finditer(run)]
        elif kind == GIVEN:
            verdicts.append(_judge_given(run, line, sources))
        elif kind == ADDRESS:
            verdicts += [Verdict(match.group(), Class.STRUCTURE) for match in _TOKEN.finditer(run)]
        elif kind in (MATH, CODE) and not any(covered[start:stop]):
            verdicts += _judge_formula(run, kind, line, sources)
    for match in _TOKEN.finditer(text):
        if any(line.kinds[at] == TYPED and not covered[at] and _DIGIT.match(text[at]) for at in range(*match.span())):
            verdicts.append(_judge_typed(match.group().strip(), line, sources))
    for match in _WORD.finditer(text):
        first = match.start()
        if line.kinds[first] == TYPED and not any(covered[first : match.end()]):
            verdicts.append(_judge_typed(match.group(), line, sources))
    return verdicts


def counts(lines: Iterable[Line], sources: Sources) -> Counter[str]:
    """Return how many numeric tokens of each class some lines hold; ``refused`` counts those without a source."""
    return Counter(str(verdict.source or "refused") for line in lines for verdict in judge(line, sources))


def _runs(kinds: str) -> Iterable[tuple[str, int, int]]:
    start = 0
    for kind, group in groupby(kinds):
        stop = start + sum(1 for _ in group)
        yield kind, start, stop
        start = stop


def _judge_given(text: str, line: Line, sources: Sources) -> Verdict:
    number = plain_number(text)
    if line.place in NAMES_ONLY:
        return Verdict(text, None, _HEADING)
    if number is None:
        return Verdict(text, None, "is no number; use the code's own input, or cite or compute it")
    if number in sources.literals:
        return Verdict(text, Class.GIVEN)
    return Verdict(
        text,
        None,
        "stands in no cell of this page and not in its module; use the code's own input, or cite or compute it",
    )


_HEADING = (
    "stands in a heading, a summary, an alias, a question or the name of a control, which hold only numbers that are "
    f"part of a name; enter the name in {PATH} with its reason, or say it in words"
)


def _judge_typed(token: str, line: Line, sources: Sources) -> Verdict:
    """Judge a number that somebody typed."""
    values = [
        (value, step_of(part), part) for part in _PLAIN.findall(token) if (value := plain_number(part)) is not None
    ]
    values = values or [
        (value, 1.0, word) for word in re.split(r"[\s-]", token.lower()) if (value := plain_number(word)) is not None
    ]
    if line.place == "alias" and re.search(r"[^\W\d_]", token):
        return Verdict(token, Class.NAMED)
    if line.place in NAMES_ONLY:
        return Verdict(token, None, _HEADING)
    if line.cited:
        return Verdict(token, Class.CITED)
    by_hundred = "%" in token
    given = bool(values) and all(
        value in sources.literals or (by_hundred and value / 100 in sources.literals) for value, _, _ in values
    )
    if line.place == "cell":
        if given:
            return Verdict(token, Class.GIVEN)
        return Verdict(
            token,
            None,
            "has no source; put the value in by f-string, or give it a variable (its literal anywhere in the page's "
            "cells or module will do)",
        )
    if re.search(r"[^\W\d_]", token) and _DIGIT.search(token):
        return Verdict(
            token,
            None,
            f"has no source; a name that holds a number goes into {PATH} with its reason, anything else is pasted from "
            "a cell ({glue:text}), cited in its line ({cite:p}) or marked {given}",
        )
    if given:
        marked = " and ".join(f"{{given}}`{part}`" for _, _, part in values)
        return Verdict(token, None, f"has no source; the code has it, so write {marked}")
    if values and sources.held and all(_holds(value, step, by_hundred, sources.held) for value, step, _ in values):
        return Verdict(
            token, None, "has no source; a cell holds it, so keep it by glue() and paste it with {glue:text}"
        )
    where = "in its row or in the caption" if line.place == "table" else "in its line"
    return Verdict(
        token,
        None,
        f"has no source; paste it from a cell ({{glue:text}}), cite {where} where it stands ({{cite:p}}), "
        "mark it {given} once the code has it, or write a small count as a word",
    )


def _holds(value: float, step: float, by_hundred: bool, held: tuple[float, ...]) -> bool:
    return is_held(value, step, held) or (by_hundred and is_held(value / 100, step / 100, held))


def _judge_formula(text: str, kind: str, line: Line, sources: Sources) -> list[Verdict]:
    """Judge the numbers of one formula or of one piece of code."""
    if _ALONE.fullmatch(text):
        return [_judge_alone(text.strip(), kind, line, sources)]
    if kind == MATH:
        text = _TEX_LENGTH.sub(" ", text).replace("{,}", ",")
        text = re.sub(r"(?<=\d)\\[,;](?=\d{3})", "", text)
    verdicts = []
    for match in (_TEX_NUMBER if kind == MATH else _CODE_NUMBER).finditer(text):
        value, step, needs = _formula_number(match, kind)
        token = match.group().strip()
        if not needs:
            verdicts.append(Verdict(token, Class.STRUCTURE))
        elif line.cited and line.place not in NAMES_ONLY:
            verdicts.append(Verdict(token, Class.CITED))
        elif line.place not in NAMES_ONLY and _equals(value, step, bool(match["percent"]), sources):
            verdicts.append(Verdict(token, Class.HELD))
        else:
            what = "mathematics" if kind == MATH else "code"
            remedy = (
                f"has no source in this {what}: no cell holds it; compute it in a cell of the page, "
                "or cite in its line where it stands"
            )
            verdicts.append(Verdict(token, None, remedy))
    return verdicts


def _formula_number(match: re.Match[str], kind: str) -> tuple[float, float, bool]:
    """Return value, unit of the last digit, and whether the number needs a source."""
    groups = match.groupdict()
    exponent = groups.get("braced") or groups.get("bare")
    if exponent is not None:
        power = 10.0 ** int(exponent.replace("−", "-"))
        mantissa = groups["mantissa"] or "1"
        step = step_of(mantissa) * power if groups["mantissa"] else power * 1e-9
        return float(mantissa) * power, step, abs(int(exponent.replace("−", "-"))) > 1
    number = groups["number"].replace("_", "")
    value = plain_number(number)
    assert value is not None  # both patterns match plain numbers only
    is_decimal = "." in number or "e" in number.lower()
    return value, step_of(number), is_decimal or value >= 100 or bool(groups["percent"])


def _equals(value: float, step: float, by_hundred: bool, sources: Sources) -> bool:
    """Tell whether the page's code holds a number; where nobody knows what cells hold, it is not held against them."""
    if sources.held is None:
        return True
    return _holds(value, step, by_hundred, sources.held) or _holds(
        value, step, by_hundred, tuple(sorted(sources.literals))
    )


def _judge_alone(text: str, kind: str, line: Line, sources: Sources) -> Verdict:
    verdict = _judge_typed(text.replace("{,}", ",").replace("\\", ""), line, sources)
    if verdict.source is not None or line.place in NAMES_ONLY:
        return verdict
    marks = "dollars" if kind == MATH else "backticks"
    remedy = verdict.remedy.replace("has no source; ", f"has no source, and {marks} alone make it no formula; ", 1)
    return Verdict(verdict.token, None, remedy)
