"""What `rankings.json` says, as the page about the search shows it: measures by kind and engine, and what was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.search import labels
from tests.search.labels import KINDS, SETS, Query

ENGINES = ("ours", "sphinx", "pagefind", "minisearch")
Row = tuple[Query, list[str]]
"""A labelled query and the slugs that were found for it."""
MORE = (labels.ndcg_10, labels.hit(1), labels.hit(5))


def rows(report: dict[str, Any], name: str, engine: str) -> list[Row]:
    """Return a labelled set with what an engine found.

    Raises
    ------
    ValueError
        If the report is not of these queries.
    """
    asked, measured = labels.queries(name), report["rankings"][name]
    if [query.text for query in asked] != [row["q"] for row in measured]:
        raise ValueError(f"{name}.yml is not what was measured: run 'make search-quality'")
    return [(query, row[engine].split()) for query, row in zip(asked, measured, strict=True)]


def of_kind(found: list[Row], kind: str) -> list[Row]:
    """Return the queries of a kind; ``all`` are those that should find something."""
    return [row for row in found if row[0].kind in (KINDS if kind == "all" else (kind,))]


def values(found: list[Row], measure: Callable[[Query, Sequence[str]], float]) -> list[float]:
    """Return a measure of each query."""
    return [measure(query, slugs) for query, slugs in found]


def mean(numbers: Sequence[float]) -> float:
    """Return the mean.

    Examples
    --------
    >>> mean([0.0, 1.0])
    0.5
    """
    return sum(numbers) / len(numbers)


def with_interval(numbers: Sequence[float]) -> str:
    """Return a mean and its 95 % interval as text.

    Examples
    --------
    >>> with_interval([1.0, 1.0])
    '1.00 (1.00–1.00)'
    """
    low, high = labels.interval(numbers)
    return f"{mean(numbers):.2f} ({low:.2f}–{high:.2f})"


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """Return every figure of the tables by kind, by the name that the page calls it.

    ``queries_ours_typo_mrr`` is text with its interval, ``…_more`` is NDCG and the hits at one and five.
    """
    found: dict[str, Any] = {}
    for name in SETS:
        for engine in ENGINES:
            asked = rows(report, name, engine)
            for kind in (*KINDS, "all"):
                part, key = of_kind(asked, kind), f"{name}_{engine}_{kind}"
                found[f"{key}_mrr"] = with_interval(values(part, labels.mrr))
                found[f"{key}_more"] = " · ".join(f"{mean(values(part, measure)):.2f}" for measure in MORE)
                found[f"{key}_mean"] = mean(values(part, labels.mrr))
                found[f"{name}_{kind}_n"] = len(part)
            found[f"{name}_{engine}_both"] = mean(values(of_kind(asked, "compare"), labels.both_sides))
            found[f"{name}_{engine}_silent"] = mean(values(of_kind(asked, "none"), labels.silent))
        found[f"{name}_none_n"] = len(of_kind(asked, "none"))
    return found


def worst(found: list[Row], count: int) -> list[dict[str, str]]:
    """Return the queries whose answer stands lowest, with what came first instead and what that tells.

    Examples
    --------
    >>> dora = Query("weight split", "paraphrase", {"dora": 2, "lora": 1})
    >>> [row] = worst([(dora, ["lora", "galore", "dora"])], 1)
    >>> row["rank"], row["first"], row["why"]
    ('3', 'lora', 'a page that helps came first')
    """
    lost = sorted((labels.mrr(*row), labels.ndcg_10(*row), number) for number, row in enumerate(found))
    return [_loss(*found[number]) for *_, number in lost[:count]]


def _loss(query: Query, slugs: list[str]) -> dict[str, str]:
    rank = next((str(place) for place, slug in enumerate(slugs, start=1) if slug in query.answers), "none")
    if not slugs:
        why = "too little evidence, so nothing was shown"
    elif query.grades.get(slugs[0]) == 1:
        why = "a page that helps came first"
    elif rank == "none":
        why = "its words lead elsewhere"
    else:
        why = "another page has more of its words"
    return {
        "query": query.text,
        "kind": query.kind,
        "rank": rank,
        "wanted": ", ".join(sorted(query.answers)),
        "first": slugs[0] if slugs else "nothing",
        "why": why,
    }
