"""What stands in a page's source: its cells, with lines and tags.

The fences are found by the Markdown parser that MyST itself uses, never by pattern. No Sphinx import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin

_MARKDOWN = MarkdownIt("commonmark").use(colon_fence_plugin).disable("inline")  # blocks are all that is asked for


@lru_cache(maxsize=64)
def _blocks(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text; several parts of a build ask for those of the page at hand."""
    return tuple(_MARKDOWN.parse(text))


@dataclass(frozen=True)
class Cell:
    """One code cell: the line of its fence (from 1), its source without options, its tags."""

    line: int
    source: str
    tags: tuple[str, ...]


def code_cells(text: str) -> list[Cell]:
    r"""Return the code cells of a page in order.

    Examples
    --------
    >>> page = "A page.\n\n```{code-cell} ipython3\n:tags: [remove-cell]\nassert 1 + 1 == 2\n```\n"
    >>> code_cells(page)
    [Cell(line=3, source='assert 1 + 1 == 2\n', tags=('remove-cell',))]
    >>> code_cells("```python\nx = 1\n```")
    []
    """
    cells = []
    for token in _blocks(text):
        if token.type == "fence" and token.info.split()[:1] == ["{code-cell}"]:
            lines = token.content.splitlines(keepends=True)
            tags: tuple[str, ...] = ()
            while lines and lines[0].startswith(":"):
                option = lines.pop(0)
                if option.startswith(":tags:"):
                    names = option.removeprefix(":tags:").strip().strip("[]").split(",")
                    tags = tuple(name.strip() for name in names if name.strip())
            assert token.map is not None  # every fence has lines
            cells.append(Cell(token.map[0] + 1, "".join(lines), tags))
    return cells


@dataclass(frozen=True)
class Fence:
    """One fence of plain text: the line of its first line of text (from 1), and its text."""

    line: int
    text: str


def fences(text: str, language: str) -> list[Fence]:
    r"""Return the fences of one language, in order, those inside directives too.

    Examples
    --------
    >>> fences("```pycon\n>>> 1 + 1\n2\n```\n", "pycon")
    [Fence(line=2, text='>>> 1 + 1\n2\n')]
    """
    found = []
    for token in _blocks(text):
        if token.type == "fence" and token.info.strip() == language:
            assert token.map is not None  # every fence has lines
            found.append(Fence(token.map[0] + 2, token.content))
        elif token.type == "colon_fence":
            assert token.map is not None
            found += [replace(fence, line=token.map[0] + 1 + fence.line) for fence in fences(token.content, language)]
    return found


LITERAL = ("code-cell", "code-block", "code", "sourcecode", "literalinclude", "math", "raw", "toctree", "bibliography")
"""Directives whose body is no Markdown."""


def walk(text: str, before: int = 0) -> Iterator[tuple[int, Token]]:
    r"""Return every fence with its line (from 1), those inside directives too.

    Examples
    --------
    >>> [(line, token.info) for line, token in walk(":::{note}\n```sh\nls\n```\n:::\n")]
    [(1, '{note}'), (2, 'sh')]
    """
    for token in _blocks(text):
        if token.type in ("fence", "colon_fence"):
            assert token.map is not None  # every fence has lines
            line = before + token.map[0] + 1
            yield line, token
            name = re.match(r"\s*\{([^}]*)\}", token.info)
            if name and name[1] not in LITERAL:
                yield from walk(token.content, line)


def nested_cells(text: str) -> list[int]:
    r"""Return the lines of cells inside something else, which never run.

    Examples
    --------
    >>> nested_cells(":::{note}\n```{code-cell}\n1\n```\n:::\n"), nested_cells("```{code-cell}\n1\n```\n")
    ([2], [])
    """
    outside = {
        token.map[0] + 1
        for token in _blocks(text)
        if token.type == "fence" and token.level == 0 and token.map is not None
    }
    return [line for line, token in walk(text) if token.info.startswith("{code-cell}") and line not in outside]


def headings(text: str) -> list[tuple[int, int]]:
    r"""Return the headings of a page: line and level of each.

    Examples
    --------
    >>> headings("# A\n\n### B\n\n```\n# no\n```\n")
    [(1, 1), (3, 3)]
    """
    return [
        (token.map[0] + 1, int(token.tag[1:]))
        for token in _blocks(text)
        if token.type == "heading_open" and token.level == 0 and token.map is not None
    ]


def has_title(text: str) -> bool:
    r"""Tell whether a page has a heading of the first level.

    Examples
    --------
    >>> has_title("---\nsummary: One.\n---\n# Softmax\n"), has_title("```\n# no\n```\n## How it works\n")
    (True, False)
    """
    return any(token.type == "heading_open" and token.tag == "h1" for token in _blocks(text))


def unclosed_fences(text: str) -> list[int]:
    r"""Return the lines of fences that nothing closes; each swallows all that follows it.

    Examples
    --------
    >>> unclosed_fences("A page.\n\n:::{pitfall}\nNever closed.\n")
    [3]
    >>> unclosed_fences(":::{pitfall}\n```\nx\n```\n:::\n")
    []
    """
    return [line for line, _ in _open_fences(text)]


def _open_fences(text: str) -> list[tuple[int, int]]:
    """Return line and number of marks of each open fence; the parser closes one with the mark meant for another."""
    found = []
    for token in _blocks(text):
        if token.type not in ("fence", "colon_fence"):
            continue
        assert token.map is not None  # every fence has lines
        start, stop = token.map
        line, marks = start + 1, len(token.markup)
        inside = _open_fences(token.content) if token.type == "colon_fence" else []
        if stop - start < token.content.count("\n") + 2 or any(inner >= marks for _, inner in inside):
            found.append((line, marks))
        else:
            found += [(line + within, inner) for within, inner in inside]
    return found


@dataclass(frozen=True)
class Block:
    """One directive: the line of its fence (from 1), its argument, the lines of its body."""

    line: int
    argument: str
    body: tuple[str, ...]


def directives(text: str, name: str) -> list[Block]:
    r"""Return the directives of one name, in order, with their raw bodies.

    Examples
    --------
    >>> directives(":::{flashcard} softmax-1\nWhy?\n---\nSo.\n:::\n", "flashcard")
    [Block(line=1, argument='softmax-1', body=('Why?', '---', 'So.'))]
    """
    found = []
    for token in _blocks(text):
        head, _, argument = token.info.strip().partition(" ")
        if token.type in ("fence", "colon_fence") and head == f"{{{name}}}":
            assert token.map is not None  # every fence has lines
            body = tuple(token.content.splitlines())
            found.append(Block(token.map[0] + 1, argument.strip(), body))
        elif token.type == "colon_fence":
            assert token.map is not None
            for block in directives(token.content, name):
                found.append(replace(block, line=token.map[0] + 1 + block.line))
    return found
