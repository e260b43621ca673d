"""Faults of one bibliography, which influence one another: all reported by one build, each with place, rule and remedy.

Faults of a page are in the corpus, `tests/pages`.
"""

from __future__ import annotations

import textwrap

import pytest

from fieldbook import authoring

PAGE = """---
summary: {summary}
aliases: []
requires: [{requires}]
contrasts: []
reviewed: 2026-11
---

# {title}

It opens {cite}.

:::{{pitfall}}
It falls.
:::

## How it works

{body}

## Check yourself

{cards}
"""


def page(slug: str, **changes: str) -> str:
    """Return a good page, but for the changes."""
    cards = "\n".join(
        f":::{{flashcard}} {slug}-{number}\nWhat is number {word} of {slug}?\n---\nIt is {word}.\n:::\n"
        for number, word in enumerate(["one", "two", "three"], 1)
    )
    good = {
        "summary": "One sentence.",
        "requires": "",
        "title": f"About {slug}",
        "cite": "{cite:p}`gauss1809theoria`",
        "body": "It works.",
        "cards": cards,
    }
    return PAGE.format(**{**good, **changes})


class Faulty:
    """Collects faulty files and what the build must say of each."""

    def __init__(self, project) -> None:
        self.project = project
        self.expected: list[str] = []

    def file(self, path: str, text: str) -> None:
        assert not (self.project.root / path).exists()
        self.project.write(path, text)

    def edit(self, path: str, old: str, new: str) -> None:
        self.project.edit(path, old, new)

    def expect(self, path: str, at: str | int, message: str, rule: str) -> None:
        """Expect `message` at the line of `path` on which the text `at` begins, or at a line number."""
        line = at if isinstance(at, int) else self.project.line(path, at)
        place = f"{path}:{line}" if line else path
        self.expected.append(f"{place}: WARNING: {message} [fieldbook.{rule}]")


def add_bibliography_faults(faulty: Faulty) -> None:
    faulty.file(
        "docs/words/citing.md",
        page("citing", cite="as {cite:t}`gaus1809theoria` says\nand {cite:p}`tukey1960survey{Table 2}`"),
    )
    faulty.expect(
        "docs/words/citing.md",
        "It opens",
        "unknown bibliography key 'gaus1809theoria'; did you mean 'gauss1809theoria'?",
        "bibliography",
    )
    faulty.expect(
        "docs/words/citing.md",
        "and {cite:p}",
        "'Table 2' of 'tukey1960survey' is cited, but its entry has seen = {abstract}; "
        "read that place and say seen = {text}, or cite the source as a whole",
        "bibliography",
    )
    faulty.edit("docs/about/index.md", "Half the values", "Half {cite:p}`gauss1809theoria` the values")
    faulty.expect(
        "docs/about/index.md",
        "Half {cite:p}",
        "the page cites sources and does not list them; end it with a {bibliography} directive",
        "bibliography",
    )
    faulty.file("docs/words/placeless.md", page("placeless", cite="{cite:p}`void2020journal,void2020kind`"))
    for key, what in (("journal", "missing journal in void2020journal"), ("kind", "@poem is no type of entry")):
        message = f"source 'void2020{key}' cannot be listed ({what}); mend its entry in the bibliography"
        faulty.expect("docs/words/placeless.md", 0, message, "bibliography")
    bib = "docs/references.bib"
    entry = "\n@misc{{{key},\n  title = {{T}},\n  author = {{A, B}},\n  year = {{2020}},\n{more}}}\n"
    text = (faulty.project.root / bib).read_text(encoding="utf-8")
    faulty.project.write(
        bib,
        text
        + entry.format(key="unused2020thing", more="  doi = {10.1/x},\n  seen = {no},\n")
        + entry.format(key="doubled2020thing", more="  doi = {10.1/X},\n  seen = {glanced},\n").replace(
            "2020}", "2020b}"
        )
        + entry.format(key="void2020journal", more="  doi = {10.2/j},\n  seen = {no},\n")
        .replace("@misc", "@article")
        .replace("A, B", "C, B")
        + entry.format(key="void2020kind", more="  doi = {10.2/k},\n  seen = {no},\n")
        .replace("@misc", "@poem")
        .replace("A, B", "D, B"),
    )
    message = "the year is written '2020b'; write 2020: where two sources read alike, the build gives the letters"
    faulty.expect(bib, "  year = {2020b}", message, "bibliography")
    for key, message in (
        ("unused2020thing", "entry 'unused2020thing' is cited on no page; cite it or remove it"),
        ("doubled2020thing", "entry 'doubled2020thing' stands after 'unused2020thing'; sort the entries by key"),
        (
            "doubled2020thing",
            "entry 'doubled2020thing' seen = {glanced} is unknown; add seen = {text}, {abstract}, {secondhand} or {no}",
        ),
        (
            "doubled2020thing",
            "entry 'doubled2020thing' is the same source as 'unused2020thing' (10.1/x); keep one",
        ),
        ("doubled2020thing", "entry 'doubled2020thing' is cited on no page; cite it or remove it"),
    ):
        faulty.expect(bib, f"@misc{{{key}", message, "bibliography")


def list_pages(faulty: Faulty) -> None:
    """Put every new page into its area's list, so that only the faults meant are found."""
    folder = faulty.project.root / "docs/words"
    slugs = sorted(path.stem for path in folder.glob("*.md") if path.stem not in ("index", "token"))
    faulty.edit("docs/words/index.md", "\ntoken\n", "\ntoken\n" + "\n".join(slugs) + "\n")


@pytest.fixture
def faulty(project):
    collected = Faulty(project)
    add_bibliography_faults(collected)
    authoring.fix(project.root)
    list_pages(collected)
    return collected


def test_every_fault_is_said_in_one_build_and_nothing_else(faulty):
    said = faulty.project.build().warnings
    missing = [line for line in faulty.expected if line not in said]
    surplus = [line for line in said if line not in faulty.expected]
    report = textwrap.indent("\n".join(["", "not said:", *missing, "", "said besides:", *surplus]), "  ")
    assert missing == surplus == [], report
    assert len(said) == len(set(said)) == len(faulty.expected)
