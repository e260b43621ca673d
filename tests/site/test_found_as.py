"""Under what the pages are found: enough questions on each, none on two, no name on many; where the search leads."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from fieldbook import authoring, concept
from fieldbook.a_to_z import _key

ROOT = Path(__file__).parents[2]
PAGES_OF_A_NAME = 2


@cache
def fronts() -> dict[str, tuple[str, concept.Concept]]:
    """Return title and front matter of each concept page, by slug."""
    found = {}
    for path in authoring.concept_pages(ROOT):
        text = path.read_text(encoding="utf-8")
        front = concept.parse(text, path.stem).concept
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        assert front is not None, path
        assert title is not None, path
        found[path.stem] = (title.group(1), front)
    return found


def bearers(kind: str) -> dict[str, set[str]]:
    """Return the pages of each name, or of each question, by its letters and digits."""
    found: dict[str, set[str]] = defaultdict(set)
    for slug, (title, front) in fronts().items():
        for text in (title, *front.aliases) if kind == "names" else front.questions:
            found[_key(text)].add(slug)
    return found


def test_each_page_has_as_many_questions_as_it_should():
    assert len(fronts()) > 100
    held = {slug: len(front.questions) for slug, (_, front) in fronts().items()}
    assert {slug: count for slug, count in held.items() if count not in concept.QUESTIONS} == {}


def test_no_question_stands_twice():
    assert {question: slugs for question, slugs in bearers("questions").items() if len(slugs) > 1} == {}
    for slug, (_, front) in fronts().items():
        assert len({_key(question) for question in front.questions}) == len(front.questions), slug


def test_no_page_names_itself_twice_and_no_name_leads_to_many_pages():
    assert {name: slugs for name, slugs in bearers("names").items() if len(slugs) > PAGES_OF_A_NAME} == {}
    for slug, (_, front) in fronts().items():
        assert len(set(front.aliases)) == len(front.aliases), slug


@pytest.fixture(scope="module")
def data(site):
    text = (site / "_static/search/data.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("globalThis.fieldbookSearchData = ").rstrip(";\n"))


def test_every_place_that_the_search_leads_to_is_there(site, data):
    assert [page[0] for page in data["pages"]] == sorted(fronts())
    for slug, title, area, *_, sections, cards in data["pages"]:
        text = (site / f"docs/{area}/{slug}.html").read_text(encoding="utf-8")
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        assert {anchor for anchor, *_ in sections} <= ids, slug
        assert {anchor for anchor, *_ in cards} <= ids, slug
        assert cards, slug
        assert title, slug
    assert [address for _, address in data["places"] if not (site / address).exists()] == []
    assert len(data["places"]) > 5


@pytest.mark.parametrize("page", ["docs/about/a-to-z.html", "search.html"])
def test_the_index_holds_every_name_of_every_page(site, data, page):
    parsed = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    listed = {" ".join(item.text.split()) for item in parsed.select(".fb-index li")}
    wanted = {title for _, title, *_ in data["pages"]}
    wanted |= {
        f"{alias}: {title}" for _, title, _, _, aliases, *_ in data["pages"] for alias in aliases if alias != title
    }
    assert {re.sub(r"\s+", " ", name) for name in wanted} == listed
    for link in parsed.select(".fb-index a"):
        assert (site / page).parent.joinpath(link["href"]).resolve().exists(), link


def test_what_the_search_weighs_is_on_the_page(site, data):
    for slug, _, area, _, aliases, questions, *_ in data["pages"]:
        parsed = BeautifulSoup((site / f"docs/{area}/{slug}.html").read_text(encoding="utf-8"), "html.parser")
        shown = " ".join(parsed.select_one("#related-concepts").text.split())
        for text in (*aliases, *questions):
            assert " ".join(text.split()) in shown, (slug, text)
