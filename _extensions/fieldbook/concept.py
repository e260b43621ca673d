"""The concept record: what a page says about itself in its front matter.

The one parser of front matter; the build, the tests and the command line call it. It knows nothing of Sphinx.
`Concept` declares the schema once: closed, typed and in this order. `parse` returns the record together with every
fault, each with its line. The documentation's table of keys is made from the same declaration (`schema_rows`).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fieldbook import yml
from fieldbook.faults import Fault, Rule, did_you_mean

SUMMARY_LENGTH = 160
QUESTION_LENGTH = 100
QUESTIONS = range(3, 11)
"""How many a page has; a test of the site holds it, so that a draft may have none."""

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"

Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Question = Annotated[str, StringConstraints(strip_whitespace=True, max_length=QUESTION_LENGTH, pattern=r"^\S.*\?$")]


class Kernel(BaseModel):
    """Which kernel runs the cells; there is one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["python3"]


class Concept(BaseModel):
    """The front matter of a concept page, keys in the order in which they are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_format: Literal["mystnb"] | None = Field(None, description="`mystnb`, exactly on pages with cells")
    kernelspec: Kernel | None = Field(None, description="`{name: python3}`, exactly on pages with cells")
    summary: Annotated[Text, Field(max_length=SUMMARY_LENGTH)] = Field(
        description=f"one sentence, at most {SUMMARY_LENGTH} characters, that stands alone in a search result"
    )
    aliases: tuple[Text, ...] = Field(description="other names a reader may type; `[]` if there are none")
    questions: tuple[Question, ...] = Field(
        (), description="what people ask who may not know the term, each answered by the page; the search knows them"
    )
    requires: tuple[Slug, ...] = Field(description="slugs a reader must know first; no cycles")
    contrasts: tuple[Slug, ...] = Field(description="slugs it is often confused with")
    reviewed: Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = Field(
        description="`YYYY-MM`: when its facts were last checked"
    )


KEYS = tuple(Concept.model_fields)
REQUIRED = tuple(key for key, field in Concept.model_fields.items() if field.is_required())

_WHEN = {"file_format": "with cells", "kernelspec": "with cells", "questions": "by `make test`"}
_REMEDY = {
    "file_format": "write 'file_format: mystnb' or leave it out",
    "kernelspec": "write 'kernelspec: {name: python3}' or leave it out",
    "summary": "write one sentence in plain text",
    "aliases": "write a list of names such as '[SVD, truncated SVD]', or '[]'",
    "questions": f"write a list of questions, each with its mark and at most {QUESTION_LENGTH} letters",
    "requires": "write a list of slugs such as '[softmax, embeddings]', or '[]'",
    "contrasts": "write a list of slugs such as '[softmax, embeddings]', or '[]'",
    "reviewed": "write year and month, such as '2026-11'",
}


@dataclass(frozen=True)
class FrontMatter:
    """A parsed block of front matter.

    Parameters
    ----------
    concept : Concept or None
        The record; None if a fault keeps it from being one.
    lines : dict of str to int
        The line of each key, counted from 1.
    end : int
        The line of the closing ``---``; 0 if there is no block.
    faults : tuple of Fault
        Everything that is wrong with it.
    """

    concept: Concept | None
    lines: dict[str, int]
    end: int
    faults: tuple[Fault, ...]

    def line(self, key: str) -> int:
        """Return the line of `key`, or the first line of the file."""
        return self.lines.get(key, 1)


def parse(text: str, where: str) -> FrontMatter:
    r"""Parse the front matter at the head of a page.

    Parameters
    ----------
    text : str
        The whole page.
    where : str
        Its document name, for the faults.

    Returns
    -------
    FrontMatter
        The record and every fault.

    Examples
    --------
    >>> page = "---\nsummary: Scores to shares.\naliases: []\nrequires: []\ncontrasts: []\nreviewed: 2026-11\n---\n"
    >>> parse(page, "docs/foundations/softmax").concept.summary
    'Scores to shares.'
    >>> [fault.message for fault in parse("# A page", "docs/foundations/softmax").faults]
    ["no front matter; begin the file with '---', the keys summary, aliases, requires, contrasts, reviewed, and '---'"]
    """
    match = re.match(r"---\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    if match is None:
        message = f"no front matter; begin the file with '---', the keys {', '.join(REQUIRED)}, and '---'"
        return FrontMatter(None, {}, 0, (Fault(where, 1, Rule.FRONT_MATTER, message),))
    block, end = match.group(1), match.group(0).count("\n") + 1
    try:
        node, values = yml.read(block, yml.TextLoader)
        values = values or {}
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 2 if getattr(error, "problem_mark", None) else 1
        problem = getattr(error, "problem", None) or "unreadable"
        tab = "\t" in "".join(text.splitlines()[line - 1 : line])
        remedy = "indent with blanks, not tabs" if tab else "quote a value that holds ': ' or starts with a mark"
        message = f"front matter is not YAML ({problem}); {remedy}"
        return FrontMatter(None, {}, end, (Fault(where, line, Rule.FRONT_MATTER, message),))
    if not isinstance(values, dict):
        message = f"front matter must be keys with values: {', '.join(KEYS)}"
        return FrontMatter(None, {}, end, (Fault(where, 2, Rule.FRONT_MATTER, message),))
    pairs = [(key.value, key.start_mark.line + 2) for key, _ in (node.value if node else [])]
    lines: dict[str, int] = {}
    for key, line in pairs:
        lines.setdefault(key, line)
    items = {
        (key.value, at): item.start_mark.line + 2
        for key, held in (node.value if node else [])
        if isinstance(held, yaml.SequenceNode)
        for at, item in enumerate(held.value)
    }
    messages = [*_doubled(pairs), *_misordered(pairs), *_invalid(values, lines, items), *_crowded(text, end)]
    faults = tuple(Fault(where, line, Rule.FRONT_MATTER, message) for line, message in sorted(set(messages)))
    concept = None if faults else Concept.model_validate(values)
    return FrontMatter(concept, lines, end, faults)


def schema_rows() -> list[tuple[str, str, str]]:
    """Return a row for each key: name, whether it is required, what it holds."""
    return [(key, _WHEN.get(key, "always"), field.description or "") for key, field in Concept.model_fields.items()]


def _doubled(pairs: list[tuple[str, int]]) -> list[tuple[int, str]]:
    seen: set[str] = set()
    found = []
    for key, line in pairs:
        if key in seen:
            found.append((line, f"key '{key}' stands twice; keep one"))
        seen.add(key)
    return found


def _crowded(text: str, end: int) -> list[tuple[int, str]]:
    """MyST-NB counts the lines of the first text of a page one too high if nothing parts it from the front matter."""
    if text.splitlines()[end : end + 1] in ([], [""]):
        return []
    return [(end, "no blank line after the front matter; leave one ('make fix' does)")]


def _misordered(pairs: list[tuple[str, int]]) -> list[tuple[int, str]]:
    known = [(key, line) for key, line in pairs if key in KEYS]
    for (before, _), (key, line) in itertools.pairwise(known):
        if KEYS.index(key) < KEYS.index(before):
            order = ", ".join(KEYS)
            return [
                (
                    line,
                    f"key '{key}' stands after '{before}'; the order is {order} ('make fix' sorts them)",
                )
            ]
    return []


def _invalid(values: dict[str, Any], lines: dict[str, int], items: dict[tuple[str, int], int]) -> list[tuple[int, str]]:
    found = []
    try:
        Concept.model_validate(values)
    except ValidationError as error:
        for detail in error.errors():
            key = str(detail["loc"][0])
            found.append((items.get(detail["loc"][:2], lines.get(key, 1)), _sentence(key, detail)))
    if ("file_format" in values) != ("kernelspec" in values):
        present, absent = sorted(("file_format", "kernelspec"), key=lambda key: key in values, reverse=True)
        found.append((lines[present], f"'{present}' without '{absent}'; {_REMEDY[absent]}"))
    return found


def _sentence(key: str, detail: Any) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden" and len(detail["loc"]) == 1:
        return f"unknown key '{key}'" + (did_you_mean(key, KEYS) or f"; the keys are {', '.join(KEYS)}")
    if kind == "missing" and len(detail["loc"]) == 1:
        return f"key '{key}' is missing; {_REMEDY[key]}"
    if kind == "string_too_long" and key == "summary":
        over = len(value) - SUMMARY_LENGTH
        return f"summary has {len(value)} characters, {over} more than {SUMMARY_LENGTH}; shorten it"
    if kind in ("string_pattern_mismatch", "string_too_long") and key == "questions":
        return f"'{value}' is no question of at most {QUESTION_LENGTH} letters that ends in '?'; rewrite or shorten it"
    if kind == "string_type" and isinstance(value, dict) and len(detail["loc"]) == 2:
        return f"an entry of '{key}' holds ': '; put it between quotes"
    if kind == "string_pattern_mismatch" and key in ("requires", "contrasts"):
        return f"'{value}' in {key} is no slug; use lower case, digits and single hyphens"
    return f"'{key}' is not as it should be ({detail['msg'].lower().replace('tuple', 'list')}); {_REMEDY.get(key, '')}"
