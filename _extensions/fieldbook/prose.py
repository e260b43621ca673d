"""What a page says, block by block, with the place of every character: for reading its words and mending its links.

The page is read by MyST's own parser, so code, mathematics, roles and links are told from prose as in a build. What
that parser does not say is where in a line an inline element stands; `_marked` makes the rules of the parser note it.

A section is what stands between two headings of the second level; the opening is section 0. Left out are headings,
titles and captions, flashcards (a card is read by itself), comments and code. No Sphinx import.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

EXTENSIONS = ("colon_fence", "deflist", "dollarmath")  # as conf.py enables them
MARKED = ("myst_role", "math_inline", "backticks", "link", "image", "autolink", "html_inline", "footnote_ref")
APART = ("flashcard", "figure", "explore", "guidance", "example", "bibliography")


@dataclass(frozen=True)
class Span:
    """An inline element that is no prose: its kind, where it stands in its block, the target or the formula."""

    kind: str
    start: int
    end: int
    content: str


@dataclass(frozen=True)
class Block:
    """A paragraph, a cell of a table, a formula of its own: its section, text and elements.

    `lines` holds, for each line of `text`, where it begins in `text` and in the page.
    """

    section: int
    text: str
    spans: tuple[Span, ...]
    lines: tuple[tuple[int, int], ...]

    def offset(self, position: int) -> int:
        """Return where in the page the character at `position` of the text stands."""
        start, offset = self.lines[bisect(self.lines, position, key=lambda line: line[0]) - 1]
        return offset + position - start

    @property
    def prose(self) -> str:
        r"""The text with a NUL for each character of an element, so that positions stay.

        Examples
        --------
        >>> blocks("The `max` of $x$.")[0].prose.replace("\x00", "_")
        'The _____ of ___.'
        """
        text = self.text
        for span in self.spans:
            text = text[: span.start] + "\0" * (span.end - span.start) + text[span.end :]
        return text


def blocks(page: str) -> list[Block]:
    r"""Return the blocks of a page in order.

    Examples
    --------
    >>> page = "# Softmax\n\nScores to shares.\n\n## How it works\n\n- By [logits](#logits) $z_i$.\n"
    >>> [(block.section, block.text) for block in blocks(page)]
    [(0, 'Scores to shares.'), (1, 'By [logits](#logits) $z_i$.')]
    >>> [(span.kind, span.content) for span in blocks(page)[1].spans]
    [('link', '#logits'), ('math_inline', 'z_i')]
    """
    lines = page.split("\n")
    offsets = list(accumulate((len(line) + 1 for line in lines), initial=0))
    return list(_Reader(lines, offsets).read(page, 0))


def unlinked(text: str) -> str:
    """Return the text of a block as it is shown, in HTML, without its links.

    Examples
    --------
    >>> unlinked("The *[softmax](#softmax)*") == unlinked("The *softmax*") == "The <em>softmax</em>"
    True
    """
    return re.sub(r"</?a\b[^>]*>", "", _parser().renderInline(text))


class _Reader:
    """Walks the tokens of a page and of the directives in it, and counts sections."""

    def __init__(self, lines: list[str], offsets: list[int]) -> None:
        self.lines, self.offsets, self.section = lines, offsets, 0

    def read(self, text: str, above: int) -> Iterator[Block]:
        """Yield the blocks of `text`, whose first line is that of the page after `above` others."""
        cursor: tuple[int, int] = (-1, 0)  # cells of one row share its line: line, and where the next may begin
        open_tags: list[str] = []
        for token in _parser().parse(text):
            if token.nesting > 0:
                open_tags.append(token.tag)
                self.section += above == 0 and token.type == "heading_open" and token.tag == "h2"
            elif token.nesting < 0:
                open_tags.pop()
            elif token.map is None:
                continue
            elif token.type == "inline" and not {"h1", "h2", "h3", "h4", "h5", "h6", "th"} & set(open_tags):
                first = above + token.map[0]
                column = None if "td" not in open_tags else cursor[1] if cursor[0] == first else 0
                places = self._places(token.content, first, column)
                if places:
                    cursor = (first, places[-1][1] - self.offsets[first] + len(token.content))
                    yield Block(self.section, token.content, tuple(_spans(token)), places)
            elif token.type in ("math_block", "math_block_label"):
                yield self._formula(token.content, above + token.map[0])
            elif token.type in ("fence", "colon_fence"):
                yield from self._directive(token, above + token.map[0])

    def _directive(self, token: Token, line: int) -> Iterator[Block]:
        name = token.info.strip().partition(" ")[0].strip("{}")
        if token.type == "fence" and name == "math":
            yield self._formula(token.content, line + 1)
        elif token.type == "colon_fence" and name not in APART:
            options = re.match(r"(:[\w-]+:.*\n)*", token.content)
            assert options is not None  # it matches nothing as well
            body = "\n" * options[0].count("\n") + token.content[options.end() :]
            yield from self.read(body, line + 1)

    def _formula(self, tex: str, line: int) -> Block:
        starts = accumulate((len(shown) + 1 for shown in tex.split("\n")), initial=0)
        places = tuple(zip(starts, self.offsets[line:], strict=False))[: tex.count("\n") + 1]
        return Block(self.section, tex, (Span("math_block", 0, len(tex), tex),), places)

    def _places(self, content: str, line: int, column: int | None) -> tuple[tuple[int, int], ...]:
        """Return where each line of `content` stands; nothing if it does not stand there letter by letter.

        A line ends where that of the page does; only a cell of a table stands somewhere after `column`.
        """
        places, start = [], 0
        for shown in content.split("\n"):
            source, letters = self.lines[line].rstrip(), shown.rstrip()
            found = source.find(letters, column) if column is not None else len(source) - len(letters)
            if found < 0 or not source.startswith(letters, found):
                return ()
            places.append((start, self.offsets[line] + found))
            start, line = start + len(shown) + 1, line + 1
        return tuple(places)


def _spans(inline: Token) -> Iterator[Span]:
    for token in inline.children or []:
        if "span" in token.meta:
            yield Span(token.meta["rule"], *token.meta["span"], str(token.attrs.get("href", token.content)))


@cache
def _parser() -> MarkdownIt:
    parser = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)
    rules = {rule.name: rule.fn for rule in parser.inline.ruler.__rules__}
    for name in MARKED:
        parser.inline.ruler.at(name, _marked(name, rules[name]))
    return parser


def _marked(name: str, rule: Callable[[Any, bool], bool]) -> Callable[[Any, bool], bool]:
    """Return a rule of the inline parser that writes on its token where the element begins and ends."""

    def run(state: Any, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        matched = rule(state, silent)
        if matched and not silent:
            own = next((token for token in state.tokens[before:] if token.type != "text"), None)
            if own is not None:  # a lone backtick matches and is text
                own.meta = {**own.meta, "rule": name, "span": (start, state.pos)}
        return matched

    return run
