"""Names of concepts in prose: where one stands without a link, and which one a reader cannot know yet.

Advice, never a fault: a build does not ask for it, and an author may ignore any line of it.

What counts as the name of a concept
    The title of its page; its slug, if the words of the slug stand in the title or it is the title's acronym; its
    aliases. Hyphen, space and nothing between two words are one, plural and singular too. A capital of the name is a
    capital of the text, so that RAG is not found in "rag". Where names overlap, the longest wins.

What is proposed
    The first mention in each section that has no link to the concept. Not in headings, code, mathematics, links,
    captions and flashcards, and not beside a mark that makes it part of something else (``post-softmax``,
    ``softmax(x)``).

What keeps the noise out
    A single word that is common English (`ORDINARY`), or that is only an alias, counts where the page requires or
    contrasts its concept, and where it is written with a capital in the middle of a sentence.

What a reader cannot know yet
    A concept that the page names without a link, without introducing it (*in italics*, or with an explanation in
    parentheses behind it), and that no page it requires, directly or through others, is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from fieldbook import prose

# One-word names that are everyday English as well. Each is the slug of a page or of a planned one.
ORDINARY = {
    "adapters",
    "agents",
    "attention",
    "batching",
    "chunking",
    "diffusion",
    "grounding",
    "ingestion",
    "planning",
    "reflection",
    "similarity",
    "steering",
    "temperature",
}

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[ \t]*(?:[ -]|\n)[ \t]*")
_BEFORE = re.compile(r"""(?:(?:^|[^\w*])\*+|^|[\s("'“‘—–/])$""")
_AFTER = re.compile(r"""(?:\*+(?![\w*])|$|[\s,;:!?)'"”’—–/]|\.(?!\w))""")
_INSIDE_SENTENCE = re.compile(r"[\w,)][ \n]$")
_CAPITALIZED = re.compile(r"(?:\b[A-Z]\w*|\0)[ \n]$")  # or a link, which is where such a word stood


@dataclass(frozen=True)
class Entry:
    """What the site knows of a concept; a planned one has only a title."""

    title: str
    aliases: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    contrasts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """A concept named in a block: where its name begins and ends in the block's text."""

    slug: str
    block: prose.Block
    start: int
    end: int

    @property
    def text(self) -> str:
        """The name as it stands there."""
        return " ".join(self.block.text[self.start : self.end].split())


@dataclass(frozen=True)
class Proposal:
    """A mention that wants a link; `known` says whether a reader of the page may know the concept."""

    mention: Mention
    known: bool


@dataclass(frozen=True)
class _Name:
    slug: str
    words: tuple[str, ...]
    plain: bool = field(compare=False)  # says the concept by itself, in any sentence


class Names:
    """The names of all concepts of a site, ready to be looked for.

    Examples
    --------
    >>> names = Names({"softmax": Entry("Softmax"), "rag": Entry("Retrieval-augmented generation")})
    >>> [name.slug for name in names.find("Softmaxes, RAG; a rag, post-softmax, retrieval augmented generation.")]
    ['softmax', 'rag', 'rag']
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.by_stems: dict[tuple[str, ...], list[_Name]] = {}
        self.longest: dict[str, int] = {}
        for slug, entry in entries.items():
            for words, plain in _spellings(slug, entry):
                stems = tuple(map(_stem, words))
                named = self.by_stems.setdefault(stems, [])
                if all(other.slug == slug for other in named):  # who comes first keeps a name that two claim
                    named.append(_Name(slug, words, plain))
                self.longest[stems[0]] = max(len(stems), self.longest.get(stems[0], 0))

    def find(self, text: str) -> Iterator[_Found]:
        """Yield the names in a text in order, none within another."""
        words = list(_WORD.finditer(text))
        stems = [_stem(word[0]) for word in words]
        index = 0
        while index < len(words):
            step = 1
            for length in range(min(self.longest.get(stems[index], 0), len(words) - index), 0, -1):
                here = words[index : index + length]
                name = next(
                    (name for name in self.by_stems.get(tuple(stems[index : index + length]), ()) if _fits(name, here)),
                    None,
                )
                if name is not None and _stands_free(text, here):
                    yield _Found(name.slug, here[0].start(), here[-1].end(), name.plain)
                    step = length
                    break
            index += step


@dataclass(frozen=True)
class _Found:
    slug: str
    start: int
    end: int
    plain: bool


def _stem(word: str) -> str:
    """Return a word in lower case without the mark of a plural; only ever compared with another stem."""
    word = word.lower()
    if re.search(r"(ss|x|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > 3 and re.search(r"[^sui]s$", word) else word


def _spellings(slug: str, entry: Entry) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield each name of a concept as words, and whether it says the concept by itself."""
    first, *rest = entry.title.split(" ")
    title = " ".join([first if re.search(r"\w[A-Z0-9]", first) else first[:1].lower() + first[1:], *rest])
    inside = {word.lower(): word for word in _WORD.findall(title)}
    parts = slug.split("-")
    if all(part in inside for part in parts):
        called = " ".join(inside[part] for part in parts)
    elif len(parts) == 1 and slug not in re.sub(r"[\W_]", "", title.lower()):
        called = slug.upper()
    else:
        called = slug if len(parts) == 1 else ""
    for name in dict.fromkeys([title, called, *entry.aliases]):
        words = tuple(_WORD.findall(name))
        if not words:
            continue
        single = len(words) == 1 and name.islower() and name.isalpha()
        yield words, not single or (name in (title, called) and name not in ORDINARY)
        if "-" in name:
            yield tuple(_WORD.findall(name.replace("-", ""))), True


def _fits(name: _Name, here: list[re.Match[str]]) -> bool:
    """Tell whether every capital of a name is one in the text, and a capital of the text no part of another name."""
    if any(
        wanted.isupper() and not shown.isupper()
        for word, match in zip(name.words, here, strict=True)
        for wanted, shown in zip(word, match[0], strict=False)
    ):
        return False
    only_shown = here[0][0][0].isupper() and not name.words[0][0].isupper()
    return not (only_shown and _CAPITALIZED.search(here[0].string, 0, here[0].start()))


def _stands_free(text: str, here: list[re.Match[str]]) -> bool:
    return (
        all(_BETWEEN.fullmatch(text, left.end(), right.start()) for left, right in pairwise(here))
        and _BEFORE.search(text, 0, here[0].start()) is not None
        and _AFTER.match(text, here[-1].end()) is not None
    )


def closure(slug: str, entries: Mapping[str, Entry]) -> set[str]:
    """Return all that a page requires, directly or through others.

    Examples
    --------
    >>> site = {"dpo": Entry("DPO", requires=("rlhf",)), "rlhf": Entry("RLHF", requires=("softmax",))}
    >>> sorted(closure("dpo", site))
    ['rlhf', 'softmax']
    """
    found: set[str] = set()
    waiting = [slug]
    while waiting:
        for required in entries[slug].requires if (slug := waiting.pop()) in entries else ():
            if required not in found:
                found.add(required)
                waiting.append(required)
    return found


def linked(blocks: Iterable[prose.Block]) -> Iterator[tuple[str, prose.Block, prose.Span]]:
    """Yield the links to concepts: slug, block and span of each."""
    for block in blocks:
        for span in block.spans:
            if span.kind == "link" and span.content.startswith("#"):
                yield span.content[1:], block, span


def proposals(slug: str, blocks: list[prose.Block], entries: Mapping[str, Entry], names: Names) -> list[Proposal]:
    r"""Return the first mention of each concept in each section of a page that does not link it there.

    Examples
    --------
    >>> site = {"softmax": Entry("Softmax"), "kl-divergence": Entry("KL divergence", requires=("softmax",))}
    >>> page = "# KL divergence\n\nOf two distributions.\n\n## How it works\n\nSoftmax makes one; softmax again.\n"
    >>> for found in proposals("kl-divergence", prose.blocks(page), site, Names(site)):
    ...     print(found.mention.text, found.known)
    Softmax True
    """
    required = closure(slug, entries)
    near = required | set(entries[slug].contrasts) if slug in entries else required
    taken = {(block.section, target) for target, block, _ in linked(blocks)}
    first_link = {target: section for section, target in sorted(taken, reverse=True)}
    known = {slug, *required, *_introduced(blocks, names)}
    found = []
    for block in blocks:
        for name in names.find(block.prose):
            key = (block.section, name.slug)
            emphatic = block.text[name.start].isupper() and _INSIDE_SENTENCE.search(block.text[: name.start])
            if name.slug == slug or key in taken or not (name.plain or name.slug in near or emphatic):
                continue
            if prose.unlinked(with_link(block.text, name.start, name.end, name.slug)) != prose.unlinked(block.text):
                continue  # marks of emphasis so close that a link would undo them
            taken.add(key)
            is_known = name.slug in known or first_link.get(name.slug, block.section) < block.section
            found.append(Proposal(Mention(name.slug, block, name.start, name.end), is_known))
            known.add(name.slug)
    return found


def with_link(text: str, start: int, end: int, slug: str) -> str:
    """Return a text in which what stands from `start` to `end` is a link.

    Examples
    --------
    >>> with_link("By softmax.", 3, 10, "softmax")
    'By [softmax](#softmax).'
    """
    return f"{text[:start]}[{text[start:end]}](#{slug}){text[end:]}"


def _introduced(blocks: Iterable[prose.Block], names: Names) -> Iterator[str]:
    for block in blocks:
        text = block.prose
        for name in names.find(text):
            italic = text[name.start - 1 : name.start] == "*" and text[name.end : name.end + 1] == "*"
            if italic or text[name.end : name.end + 2] == " (":
                yield name.slug
