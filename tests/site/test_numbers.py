"""No digit of the site's prose escaped the number gate: its record is held against the pages as a reader gets them."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from pathlib import Path

from bs4 import BeautifulSoup

from fieldbook.build import DOCTREES

NOT_PROSE = {
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


def prose_of(page: Path) -> BeautifulSoup:
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select_one("article[role=main]")
    for selector in NOT_PROSE:
        for node in article.select(selector):
            node.decompose()
    return article


def test_every_digit_of_the_prose_was_judged(site):
    with (site.parents[1] / DOCTREES / "environment.pickle").open("rb") as file:
        record = pickle.load(file).domaindata["concept"]["numbers"]
    assert len(record) > 20
    missed, seen = {}, 0
    for docname, page in record.items():
        judged = Counter(run for line in page.lines for run in re.findall(r"\d+", line.text))
        shown = Counter(re.findall(r"\d+", prose_of(site / f"{docname}.html").get_text(" ")))
        seen += shown.total()
        if shown - judged:
            missed[docname] = dict(shown - judged)
    assert missed == {}
    assert seen > 500


def test_nothing_is_left_out_that_is_not_there(site):
    pages = [BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser") for page in site.rglob("docs/**/*.html")]
    pages.append(BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser"))
    assert [selector for selector in NOT_PROSE if not any(page.select_one(selector) for page in pages)] == []
