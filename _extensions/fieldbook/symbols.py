r"""Symbols in a page's formulas: which ones no sentence explains.

Advice, never a fault. A symbol is a letter or a Greek macro with its font, its accent, and an index if that is a name
(``_{\text{model}}``, ``_{\max}``, ``_Q``). An index that counts (``_i``, ``_{t+1}``, ``_0``) makes no symbol of its
own. Words in formulas (``\mathrm{rel}``, ``\operatorname{LSE}``) are names, not symbols.

A symbol is explained where it stands for itself in a sentence, in the section that first uses it or before: alone in a
formula (``$\tau$``, ``$C(\delta)$``), on one side of a relation (``$\tau > 0$``), or in a list (``$z_1, \dots, z_n$``).
It may also be left to a page that this one requires, if the notation page links the symbol's meaning to that page.
What counts (i, j) and the base of the exponential need no words.

What this cannot see: whether the sentence explains, or only uses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fieldbook import prose

FONTS = ("mathbf", "boldsymbol", "mathcal")
ACCENTS = ("hat", "bar", "tilde")
NAMES = ("operatorname", "mathrm", "text", "mathbb", "begin", "end")
UNEXPLAINED = {"i", "j", "e"}

_GREEK = re.compile(  # \Delta stands before a symbol and is none
    r"\\(?:(var)?(epsilon|phi)|alpha|beta|gamma|delta|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon"
    r"|chi|psi|omega|ell|Gamma|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega)"
)
_TOKEN = re.compile(r"(?<=\\\\)\[[^]]*\]|\\[A-Za-z]+|\\.|[A-Za-z]|\d+|[^\s]")
_RELATION = re.compile(r"[=<>,:]|\\(?:le|ge|leq|geq|ne|in|ll|gg|approx|sim|to|propto|dots|equiv)(?![A-Za-z])|\\[,;! ]")
_INDEX = re.compile(r"\\(?:text|mathrm)\{([^{}]*)\}|\\(max|min)(?![a-z])|^\{?([A-Z])\}?$")
_LAST = re.compile(r"\\dots\s*,?\s*[^_,]+_\{?([A-Za-z])\}?$")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Meaning:
    """What the notation page says of a symbol, and the concepts that it links."""

    text: str
    slugs: tuple[str, ...]


@dataclass(frozen=True)
class Unexplained:
    """A symbol without explanation, the block of its first use, and where in its text the formula begins."""

    symbol: str
    block: prose.Block
    start: int


def symbols(tex: str) -> list[str]:
    r"""Return the symbols of a formula, in order, each once.

    Examples
    --------
    >>> symbols(r"p_i(\tau) = \frac{e^{z_i/\tau}}{\sum_{j=1}^{n} e^{z_j/\tau}}")
    ['p', '\\tau', 'z', 'n']
    >>> symbols(r"\hat{\mathbf{x}}_t + d_{\text{model}} \operatorname{LSE}(x_{\max})")
    ['\\hat{\\mathbf{x}}', 'd_{model}', 'x_{max}']
    """
    return [symbol for symbol in dict.fromkeys(_walk(_TOKEN.findall(tex))) if symbol not in UNEXPLAINED]


def explained(tex: str) -> list[str]:
    r"""Return the symbols that stand for themselves in a formula.

    Examples
    --------
    >>> explained(r"\tau > 0"), explained(r"C(\delta)"), explained(r"x / s"), explained(r"z_1, \dots, z_n")
    (['\\tau'], ['C'], [], ['n', 'z', 'z'])
    """
    found = _LAST.findall(tex)  # z_1 to z_n says what n is
    for side in _RELATION.split(re.sub(r"\([^()]*\)", "", tex)):
        tokens = _TOKEN.findall(side)
        here = list(_walk(tokens))
        if len(here) == 1 and not re.search(r"[+*/^|]|\\frac|\\sqrt|\\log|\d", _without_index(side)):
            found += here
    return found


def meanings(notation: str) -> dict[str, list[Meaning]]:
    r"""Return what the tables of the notation page say of each symbol.

    Examples
    --------
    >>> meanings("| Symbol | Meaning |\n| --- | --- |\n| $\\tau$ | [temperature](#temperature) |\n")
    {'\\tau': [Meaning(text='temperature', slugs=('temperature',))]}
    """
    found: dict[str, list[Meaning]] = {}
    rows: dict[int, list[prose.Block]] = {}
    for block in prose.blocks(notation):
        rows.setdefault(notation.count("\n", 0, block.offset(0)), []).append(block)
    for cells in rows.values():
        if len(cells) == 2:
            text = re.sub(r"\[([^]]*)\]\(#[^)]*\)", r"\1", cells[1].text)
            slugs = tuple(span.content[1:] for span in cells[1].spans if span.content.startswith("#"))
            for span in cells[0].spans:
                for symbol in symbols(span.content):
                    found.setdefault(symbol, []).append(Meaning(text, slugs))
    return found


def unexplained(
    blocks: list[prose.Block], notation: dict[str, list[Meaning]], known: Collection[str]
) -> list[Unexplained]:
    r"""Return the symbols of a page that no sentence explains, in the order of their first use.

    Parameters
    ----------
    blocks : list of Block
        The page.
    notation : dict of str to list of Meaning
        The notation page.
    known : collection of str
        The slugs that the page requires, directly or through others.

    Examples
    --------
    >>> page = prose.blocks("Let $s$ be the scale.\n\n$$ q = x/s $$\n\nHere $x$ is the value.\n")
    >>> [found.symbol for found in unexplained(page, {}, ())]
    ['q']
    """
    first: dict[str, Unexplained] = {}
    told: dict[str, int] = {}
    for block in blocks:
        words = len(_WORD.findall(block.prose)) > 1
        for span in block.spans:
            if not span.kind.startswith("math"):
                continue
            for symbol in symbols(span.content):
                first.setdefault(symbol, Unexplained(symbol, block, span.start))
            for symbol in explained(span.content) if words else ():
                told.setdefault(symbol, block.section)
    return [
        use
        for symbol, use in first.items()
        if told.get(symbol, use.block.section + 1) > use.block.section
        and not any(set(meaning.slugs) & set(known) for meaning in notation.get(symbol, ()))
    ]


def _walk(tokens: list[str]) -> Iterator[str]:
    """Yield the symbols in a list of tokens; a token that is no letter is passed over."""
    at = 0
    while at < len(tokens):
        token, name = tokens[at], tokens[at].removeprefix("\\")
        at += 1
        if token.startswith("\\") and name in NAMES:
            at = _argument(tokens, at)
        elif token.startswith("\\") and name in FONTS + ACCENTS:
            end = _argument(tokens, at)
            inner = list(_walk(tokens[at:end]))
            at = end
            if len(inner) == 1:
                at, index = _index(tokens, at)
                yield f"{token}{{{inner[0]}}}{index}"
        elif (len(token) == 1 and token.isalpha()) or _GREEK.fullmatch(token):
            at, index = _index(tokens, at)
            yield token + index
        elif token.startswith("\\") and tokens[at : at + 1] == ["_"]:  # \sum_{j=1}: its first letter is bound here
            end = _argument(tokens, at + 1)
            letters = [place for place in range(at + 1, end) if tokens[place].isalpha()]
            yield from _walk(tokens[letters[0] + 1 : end] if letters else [])
            at = end


def _index(tokens: list[str], at: int) -> tuple[int, str]:
    """Pass over an index, and over a label above it (``q^a_{ij}``); return its name if it is one."""
    if tokens[at : at + 1] == ["^"] and tokens[at + 1 : at + 2] != ["{"] and tokens[at + 2 : at + 3] == ["_"]:
        at += 2
    if tokens[at : at + 1] != ["_"]:
        return at, ""
    end = _argument(tokens, at + 1)
    named = _INDEX.search("".join(tokens[at + 1 : end]))
    return end, f"_{{{next(filter(None, named.groups()))}}}" if named and any(named.groups()) else ""


def _argument(tokens: list[str], at: int) -> int:
    """Return where the argument that begins at a token ends: with that token, or with the brace that closes it."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place] == "{") - (tokens[place] == "}")
        if depth == 0 and not tokens[place].startswith(("\\text", "\\math")):
            return place + 1
    return len(tokens)


def _without_index(side: str) -> str:
    return re.sub(r"_(\{[^{}]*(\{[^{}]*\}[^{}]*)*\}|.)", "", side)
