"""What must not stand in the raw text of a page: leftovers, other people's paths, characters nobody sees, bare fences.

Judged from the source alone, on every page of the site, in every build. No Sphinx import.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from fieldbook.faults import Fault, Rule, did_you_mean
from fieldbook.source import walk

# fmt: off
LANGUAGES = (
    "bash", "console", "diff", "javascript", "json", "latex", "markdown", "pycon", "python", "sh", "text", "toml",
    "yaml",
)
# fmt: on
"""The languages that a message proposes; any that Pygments knows is right."""

CODE_BLOCKS = ("{code-block}", "{code}", "{sourcecode}")
UNSEEN = {
    "\u00ad": "soft hyphen",
    "\u200b": "zero-width space",
    "\u2060": "word joiner",
    "\ufeff": "byte-order mark",
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "mark that turns the direction of text"),
}
SPACES = {"\u00a0": "no-break space", "\u202f": "narrow no-break space", "\u2007": "figure space"}
CURLY = "“”‘’"

MACHINE = re.compile(r"(?<![\w.~])(?:/(?:home|Users)/(?!<)[\w.-]+|[A-Za-z]:\\+Users\\+[\w.-]+|file:///?\S+)")
TODO = re.compile(r"\b(?:TODO|FIXME|XXX|TBD)\b(?=[:\s]|$)")
PROMPT = re.compile(r"\s*(?:In|Out) ?\[\d+\]:")


@dataclass(frozen=True)
class Code:
    """A fence of code: the lines of its fence and of its first line, its language, its text, whether it is run."""

    line: int
    first: int
    language: str
    text: str
    runs: bool


def check_text(text: str, docname: str) -> list[Fault]:
    r"""Return what must not stand in the source of a page.

    Examples
    --------
    >>> for fault in check_text("# A\n\nTODO: write\n\n```\n/home/anna\n```\n", "docs/a/b"):
    ...     print(fault.line, fault.rule.value, "|", fault.message)
    3 leftover | 'TODO' was left here; do what it says, or put it into an issue
    5 fence | this fence names no language; write one after its marks, such as 'python', 'pycon', 'sh' or 'text'
    6 machine | '/home/anna' is a path of one machine; write it relative to the project, or only the name
    """
    lines = text.splitlines()
    codes = list(code_fences(text))
    coded = {number for code in codes for number in range(code.first, code.first + code.text.count("\n") + 1)}
    found = [
        *_line_faults(lines, coded, text),
        *(fault for code in codes for fault in _code_faults(code)),
    ]
    return [Fault(docname, line, rule, message) for line, rule, message in sorted(set(found))]


def code_fences(text: str) -> Iterator[Code]:
    """Return the fences that show or run code, those inside directives too."""
    for line, token in walk(text):
        name, _, argument = token.info.strip().partition(" ")
        head, body = line + 1, token.content.splitlines(keepends=True)
        if token.type == "colon_fence":
            if not name.startswith("{"):
                yield Code(line, head, f":::{name}", token.content, False)
            continue
        if name in (*CODE_BLOCKS, "{code-cell}"):
            while body and body[0].startswith(":"):
                body.pop(0)
                head += 1
            yield Code(line, head, argument.strip(), "".join(body), name == "{code-cell}")
        elif not name.startswith("{"):
            yield Code(line, head, name, token.content, name == "pycon")


def second_page(text: str) -> int:
    r"""Return the line at which a second page begins in the text of one, 0 if none does.

    Examples
    --------
    >>> second_page("---\nsummary: A.\n---\n\n# A\n\n---\nsummary: B.\nrequires: []\n---\n")
    7
    """
    match = re.search(r"\n---\n(?:file_format|summary): .*\n(?:[a-z_]+:.*\n)+---\n", text)
    return text.count("\n", 0, match.start()) + 2 if match and match.start() > 0 else 0


def conflict(text: str) -> int:
    r"""Return the line of the first mark of a merge that was not ended, 0 if there is none.

    Examples
    --------
    >>> conflict("One.\n<<<<<<< HEAD\nTwo.\n=======\nThree.\n>>>>>>> topic\n"), conflict("Title\n=======\n")
    (2, 0)
    """
    match = re.search(r"^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} ", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 0


def _line_faults(lines: list[str], coded: set[int], text: str) -> Iterator[tuple[int, Rule, str]]:
    for number, line in enumerate(lines, start=1):
        for mark, name in UNSEEN.items():
            if mark in line:
                message = f"a {name} (U+{ord(mark):04X}) stands here, which nobody sees; delete it"
                yield number, Rule.CHARACTER, message
        if match := MACHINE.search(line):
            message = f"'{match[0]}' is a path of one machine; write it relative to the project, or only the name"
            yield number, Rule.MACHINE, message
        if number in coded:
            continue
        if match := TODO.search(re.sub(r"`[^`]*`", "", line)):
            yield number, Rule.LEFTOVER, f"'{match[0]}' was left here; do what it says, or put it into an issue"
        if "](data:" in line:
            yield number, Rule.OUTPUT, "this picture was pasted; draw it in a cell, or put its file into '_static'"
    if number := conflict(text):
        yield number, Rule.LEFTOVER, "a merge was not ended here; keep one side, and take its three marks out"
    if line := second_page(text):
        yield line, Rule.LEFTOVER, "a second page begins here; a file holds one page, so move it to its own"


def _code_faults(code: Code) -> Iterator[tuple[int, Rule, str]]:
    if code.language.startswith(":::"):
        name = code.language.removeprefix(":::")
        remedy = f"write ':::{{{name}}}'" if name else "write its name in braces, such as ':::{note}'"
        yield code.line, Rule.FENCE, f"this fence names no directive; {remedy}"
        return
    if code.runs:
        return  # running it tells more
    for number, line in enumerate(code.text.splitlines(), start=code.first):
        if PROMPT.match(line):
            message = "this output was pasted; make it with a cell or a 'pycon' fence, which the build runs"
            yield number, Rule.OUTPUT, message
            return
    if not code.language:
        message = "this fence names no language; write one after its marks, such as 'python', 'pycon', 'sh' or 'text'"
        yield code.line, Rule.FENCE, message
        return
    misread = list(_misread(code))
    yield from misread
    try:
        lexer = get_lexer_by_name(code.language)
    except ClassNotFound:
        remedy = did_you_mean(code.language, LANGUAGES) or "; write 'text' if it has none"
        yield code.line, Rule.FENCE, f"'{code.language}' is no language that Pygments knows{remedy}"
        return
    if misread:
        return
    at = 0
    for _, kind, value in lexer.get_tokens_unprocessed(code.text):
        if kind[-1:] == ("Error",):
            message = f"{value.strip()!r} is no {code.language} here; correct the code, or name the fence 'text'"
            yield code.first + code.text.count("\n", 0, at), Rule.FENCE, message
            return
        at += len(value)


def _misread(code: Code) -> Iterator[tuple[int, Rule, str]]:
    """Find characters that a word processor puts into code."""
    if code.language == "text" or (code.language in ("python", "py") and _parses(code.text)):
        return
    for number, line in enumerate(code.text.splitlines(), start=code.first):
        for mark, name in SPACES.items():
            if mark in line:
                yield number, Rule.CHARACTER, f"a {name} (U+{ord(mark):04X}) stands in this code; type a space"
        marks = [mark for mark in line.partition("#")[0] if mark in CURLY]
        if marks and not {'"', "'"} & set(line):
            message = f"a curly quotation mark ({marks[0]}) stands in this code; type \" or '"
            yield number, Rule.CHARACTER, message


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
