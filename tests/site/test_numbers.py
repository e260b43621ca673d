"""No digit of the site's prose escaped the number gate: its record is held against the pages as a reader gets them."""

from __future__ import annotations

import pickle
import re
from collections import Counter

import pytest
from bs4 import BeautifulSoup, SoupStrainer

from fieldbook.build import DOCTREES

NOT_PROSE = {
    ".fb-letters": "the letters of the index, and its range of digits",
    ".fb-index": "the names of all pages, each judged on its own",
    "div.highlight": "code, and what cells print",
    "div.cell": "a cell with its output",
    "svg": "a picture that a cell drew",
    "figure.fb-figure": "a figure that a cell made; its words are judged in the cell",
    ".math": "mathematics, set as pictures of its source; the source is judged",
    "code": "inline code; its source is judged",
    ".bibtex-citation": "a citation, worked out from the bibliography",
    ".citation": "the list of sources, worked out from the bibliography",
    ".fb-meta": "reading time and month of review, worked out",
    ".fb-areas": "how many pages an area has, counted",
    ".fb-concepts": "titles and summaries of other pages, judged there",
    ".fb-counted": "what the build counts",
    ".fb-explore": "frames that a cell computes",
    ".fb-declared": "tables made from the declarations that enforce them",
    "section#related-concepts": "titles of other pages, judged there",
    "a.footnote-reference": "numbers that docutils gives footnotes",
    "aside.footnote > span.label": "numbers that docutils gives footnotes",
    "a[href^='#equation-']": "numbers that Sphinx gives formulas",
    ".eqno": "numbers that Sphinx gives formulas",
    "a.headerlink": "marks of headings",
}


@pytest.fixture(scope="module")
def articles(site) -> tuple[dict[str, str], list[str]]:
    """Read each page once; return the prose of each by its name, and the keys of `NOT_PROSE` that no page needs."""
    prose, unneeded = {}, list(NOT_PROSE)
    for path in (site / "index.html", *site.rglob("docs/**/*.html")):
        html = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser", parse_only=SoupStrainer("article"))
        article = html.select_one("article[role=main]")
        unneeded = [selector for selector in unneeded if not article.select_one(selector)]
        for selector in NOT_PROSE:
            for node in article.select(selector):
                node.decompose()
        prose[path.relative_to(site).with_suffix("").as_posix()] = article.get_text(" ")
    return prose, unneeded


def test_every_digit_of_the_prose_was_judged(site, articles):
    with (site.parents[1] / DOCTREES / "environment.pickle").open("rb") as file:
        record = pickle.load(file).domaindata["concept"]["numbers"]
    assert len(record) > 20
    missed, seen = {}, 0
    for docname, page in record.items():
        judged = Counter(run for line in page.lines for run in re.findall(r"\d+", line.text))
        shown = Counter(re.findall(r"\d+", articles[0][docname]))
        seen += shown.total()
        if shown - judged:
            missed[docname] = dict(shown - judged)
    assert missed == {}
    assert seen > 500


def test_nothing_is_left_out_that_is_not_there(articles):
    assert articles[1] == []
