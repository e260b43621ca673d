"""Advice on a page: links it might have, terms and symbols that its reader cannot know yet; and the links put in.

Advice never fails a build. `advice` reads the sources alone: front matter and titles of all pages, the list of pages
to come, the notation page. `python -m fieldbook advise area/slug` prints it, a line each:

    docs/foundations/temperature.md:33: 'softmax' is named without a link; type [softmax](#softmax), or run: make fix
    PAGE=foundations/temperature LINKS=softmax:33 [advice.link]

`make fix LINKS="softmax temperature:12"` puts in what the author names: all proposed links to `softmax`, and the one to
`temperature` in line 12; with `PAGE=area/slug` on that page only. It changes nothing else, and a second run finds
nothing to do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fieldbook import authoring, concept, planned, prose, symbols, terms
from fieldbook.faults import did_you_mean

NOTATION = "docs/about/notation.md"


@dataclass(frozen=True)
class Advice:
    """One piece of advice, located as a fault is; `proposal` is the link that would follow it."""

    where: str
    line: int
    rule: str
    message: str
    proposal: terms.Proposal | None = None

    @property
    def slug(self) -> str:
        """The concept that a link would lead to; nothing if no link would help."""
        return self.proposal.mention.slug if self.proposal else ""

    def __str__(self) -> str:
        """Return the line that is printed."""
        return f"{self.where}:{self.line}: {self.message} [advice.{self.rule}]"


class Site:
    """What advice on any page needs of the others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pages = {path.stem: path for path in authoring.concept_pages(root)}

    @cached_property
    def entries(self) -> dict[str, terms.Entry]:
        """What is known of each concept; of a page with faulty front matter, its title."""
        found = {}
        for slug, path in self.pages.items():
            text = path.read_text(encoding="utf-8")
            front = concept.parse(text, "")
            title = re.search(r"^# +(.+?) *$", text.split("\n---\n", 1)[-1], re.MULTILINE)  # nothing stands before it
            lists = [getattr(front.concept, key, ()) for key in ("aliases", "requires", "contrasts")]
            found[slug] = terms.Entry(title[1] if title else slug, *lists)
        listed = self.root / planned.PATH
        to_come, _ = planned.parse(listed.read_text(encoding="utf-8") if listed.exists() else "")
        return {**{slug: terms.Entry(entry.title) for slug, entry in to_come.items()}, **found}

    @cached_property
    def names(self) -> terms.Names:
        """The names of all concepts."""
        return terms.Names(self.entries)

    @cached_property
    def notation(self) -> dict[str, list[symbols.Meaning]]:
        """The symbols of the notation page."""
        path = self.root / NOTATION
        return symbols.meanings(path.read_text(encoding="utf-8")) if path.exists() else {}


def advice(site: Site, path: Path) -> list[Advice]:
    """Return all advice on one page of a site, by line."""
    text, slug, where = path.read_text(encoding="utf-8"), path.stem, path.relative_to(site.root).as_posix()
    blocks = prose.blocks(text)
    place = f"{path.parent.name}/{slug}"

    def line(block: prose.Block, position: int) -> int:
        return text.count("\n", 0, block.offset(position)) + 1

    found = []
    for proposal in terms.proposals(slug, blocks, site.entries, site.names):
        mention, at = proposal.mention, line(proposal.mention.block, proposal.mention.start)
        fix = f"type [{mention.text}](#{mention.slug}), or run: make fix PAGE={place} LINKS={mention.slug}:{at}"
        if proposal.known:
            found.append(Advice(where, at, "link", f"'{mention.text}' is named without a link; {fix}", proposal))
        else:
            message = f"'{mention.text}' is used before a page that this one requires is about it; {fix}"
            message += f"; or add {mention.slug} to requires, or say what it is"
            found.append(Advice(where, at, "term", message, proposal))
    for use in symbols.unexplained(blocks, site.notation, terms.closure(slug, site.entries)):
        message = (
            f"no sentence up to the end of this section says what ${use.symbol}$ is; add one, with that formula in it"
        )
        told = site.notation.get(use.symbol)
        message += f" (notation page: {told[0].text})" if told else ""
        found.append(Advice(where, line(use.block, use.start), "symbol", message))
    return sorted(found, key=lambda advised: (advised.line, advised.rule))


def insert(text: str, proposals: Iterable[terms.Proposal]) -> str:
    r"""Return a page with the proposed links.

    Examples
    --------
    >>> site = {"softmax": terms.Entry("Softmax")}
    >>> page = "# Attention\n\n> The *softmax* of\n> scores.\n"
    >>> insert(page, terms.proposals("attention", prose.blocks(page), site, terms.Names(site)))
    '# Attention\n\n> The *[softmax](#softmax)* of\n> scores.\n'
    """
    for mention in sorted((found.mention for found in proposals), key=lambda found: -found.block.offset(found.start)):
        start, end = mention.block.offset(mention.start), mention.block.offset(mention.end - 1) + 1
        text = terms.with_link(text, start, end, mention.slug)
    return text


def advise(root: Path, place: str) -> int:
    """Print the advice on a page."""
    path = root / "docs" / f"{place}.md"
    site = Site(root)
    if path not in site.pages.values():
        print(f"no page '{place}'{_nearest_page(site, place)}", file=sys.stderr)
        return 1
    for advised in advice(site, path):
        print(advised)
    return 0


def fix(root: Path, place: str, links: str) -> int:
    """Put in the proposed links that `links` names (``slug`` or ``slug:line``), on one page or on all."""
    site = Site(root)
    paths = [path for path in site.pages.values() if not place or path == root / "docs" / f"{place}.md"]
    wanted = set(links.split())
    unknown = sorted(slug for slug, _, _ in (word.partition(":") for word in wanted) if slug not in site.entries)
    if not paths or unknown:
        for slug in unknown:
            print(f"unknown slug '{slug}' in LINKS{did_you_mean(slug, site.entries)}", file=sys.stderr)
        if not paths:
            print(f"no page '{place}'{_nearest_page(site, place)}", file=sys.stderr)
        return 1
    done = 0
    for path in paths:
        chosen = [
            advised
            for advised in advice(site, path)
            if advised.slug in wanted or f"{advised.slug}:{advised.line}" in wanted
        ]
        if chosen:
            mended = insert(
                path.read_text(encoding="utf-8"), [advised.proposal for advised in chosen if advised.proposal]
            )
            path.write_text(mended, encoding="utf-8", newline="\n")
        for advised in chosen:
            print(f"{advised.where}:{advised.line}: linked to '{advised.slug}'")
        done += len(chosen)
    if not done:
        print(f"no proposed link to {', '.join(links.split())}; nothing changed")
    return 0


def _nearest_page(site: Site, place: str) -> str:
    return did_you_mean(place, [f"{path.parent.name}/{slug}" for slug, path in site.pages.items()])
