"""The search of the built site against labelled queries: floors by kind, and that no label was copied into a page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from fieldbook.authoring import page_cards
from fieldbook.node import find_node
from tests.search import labels
from tests.search.labels import CUTOFF, KINDS, RANKINGS, SETS, Query

FLOORS = {
    ("queries", "all"): 0.90,
    ("second", "all"): 0.88,
    ("both", "alias"): 0.95,
    ("both", "typo"): 0.95,
    ("both", "question"): 0.85,
    ("both", "paraphrase"): 0.70,
}
"""Of the mean reciprocal rank at ten."""
SILENT = {"queries": 0.95, "second": 0.80}
BOTH_SIDES = 0.90
STOP_WORDS = ENGLISH_STOP_WORDS | {"did", "didnt", "does", "doesnt", "dont", "im", "ive", "whats", "whens", "whys"}


@cache
def found(site: Path) -> dict[str, list[tuple[Query, list[str]]]]:
    """Return each set of queries with what the built site's own engine finds."""
    sets = {name: labels.queries(name) for name in SETS}
    asked = [query.text for name in SETS for query in sets[name]]
    ran = subprocess.run(
        [find_node(), labels.ROOT / "tests" / "search" / "ours.cjs"],
        input=json.dumps({"site": str(site), "queries": asked, "limit": CUTOFF}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    rankings = iter(json.loads(ran.stdout)["rankings"])
    return {name: [(query, next(rankings)) for query in sets[name]] for name in SETS}


def hold(rows: list[tuple[Query, list[str]]], measure: Callable[[Query, Sequence[str]], float], floor: float) -> None:
    """Fail where the mean of a measure is below its floor, with the queries that lost most."""
    values = [measure(query, slugs) for query, slugs in rows]
    mean = sum(values) / len(values)
    lost = sorted(
        (value, query.text, slugs[:4]) for value, (query, slugs) in zip(values, rows, strict=True) if value < 1
    )
    listed = "\n".join(f"{value:.2f}  {text}: {', '.join(slugs) or 'nothing'}" for value, text, slugs in lost)
    assert mean >= floor, f"{mean:.3f} is below {floor:.2f}; lost are, each with what came first:\n{listed}"


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for part, kind in FLOORS for name in SETS if part in (name, "both")]
)
def test_answers_stand_high_enough(site: Path, name: str, kind: str) -> None:
    floor = FLOORS.get((name, kind)) or FLOORS["both", kind]
    hold([row for row in found(site)[name] if row[0].kind in (KINDS if kind == "all" else (kind,))], labels.mrr, floor)


@pytest.mark.parametrize("name", SETS)
def test_a_name_finds_its_page_first(site: Path, name: str) -> None:
    hold([row for row in found(site)[name] if row[0].kind == "exact"], labels.hit(1), 1.0)


@pytest.mark.parametrize("name", SETS)
def test_a_comparison_shows_both_sides(site: Path, name: str) -> None:
    hold([row for row in found(site)[name] if row[0].kind == "compare"], labels.both_sides, BOTH_SIDES)


@pytest.mark.parametrize("name", SETS)
def test_what_is_off_the_subject_finds_nothing(site: Path, name: str) -> None:
    hold([row for row in found(site)[name] if row[0].kind == "none"], labels.silent, SILENT[name])


def gist(text: str) -> frozenset[str]:
    """Return the words of a text that carry it: no case, no punctuation, no markup, no stop words."""
    plain = re.sub(r"\{[\w:]+\}|\]\(#[\w-]+\)", " ", text).replace("'", "").replace("’", "").lower()
    return frozenset(re.findall(r"\w+", plain)) - STOP_WORDS


def copied(asked: list[Query], known: dict[str, list[str]]) -> list[str]:
    """Return what pages say that is a labelled question or paraphrase; a label in a page measures nothing."""
    labelled = {gist(query.text): query.text for query in asked if query.kind in ("question", "paraphrase")}
    return [
        f"{slug}: '{text}' is the labelled query '{labelled[gist(text)]}'; word it as the page needs it, or take it out"
        for slug, texts in known.items()
        for text in texts
        if gist(text) in labelled
    ]


def test_no_page_says_what_a_labelled_query_asks() -> None:
    asked = [query for name in SETS for query in labels.queries(name)]
    known = {slug: [*names["aliases"], *names["questions"]] for slug, names in labels.names().items()}
    for path in sorted((labels.ROOT / "docs").glob("*/*.md")):
        if path.stem in known:
            known[path.stem] += [card.question for card in page_cards(path, path.stem)]
    assert copied(asked, known) == []


def test_a_copy_is_seen_through_case_marks_and_stop_words() -> None:
    asked = [Query("why does my loss go up", "question", {"learning-rate": 2}), Query("adam", "exact", {"adam": 2})]
    known = {"learning-rate": ["Why did the *loss* go up?", "Why did the gradient vanish?"], "adam": ["Adam"]}
    assert [fault.partition(";")[0] for fault in copied(asked, known)] == [
        "learning-rate: 'Why did the *loss* go up?' is the labelled query 'why does my loss go up'"
    ]


def test_the_report_is_of_this_engine_and_these_words() -> None:
    measured = json.loads(RANKINGS.read_text(encoding="utf-8"))["digest"]
    assert measured == labels.digest(), (
        "engine, labelled queries, aliases or questions are not those that were measured: run 'make search-quality'"
    )
