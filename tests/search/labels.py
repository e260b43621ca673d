"""What readers ask, what answers it, and how well a ranking does: shared by the report, its page and the gate.

A labelled query has a kind and the pages that are relevant to it: grade 2 answers it, grade 1 helps. Ranks, and with
them the reciprocal rank and the hits, count answers alone; NDCG counts both grades. A query of kind ``none`` should
find nothing. `queries.yml` is the set that the search was developed with; `second.yml` was written by another hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from code_examples.evaluation.hit_rate import hit_rate
from code_examples.evaluation.mrr import reciprocal_rank
from code_examples.evaluation.ndcg import ndcg
from fieldbook import concept

ROOT = Path(__file__).parents[2]
SETS = ("queries", "second")
KINDS = ("exact", "alias", "typo", "question", "paraphrase", "compare")
"""What should find something; the other kind is ``none``."""
ENGINE = ("_static/search-engine.js", "_extensions/fieldbook/build_search.cjs")
CUTOFF = 10
RANKINGS = ROOT / "tests" / "search" / "rankings.json"
OUTSIDE = ("about", "contributing")


@dataclass(frozen=True)
class Query:
    """A labelled query."""

    text: str
    kind: str
    grades: dict[str, int]

    @property
    def answers(self) -> set[str]:
        """The slugs of the pages that answer it."""
        return {slug for slug, grade in self.grades.items() if grade == 2}


def queries(name: str) -> list[Query]:
    """Return one of the labelled sets.

    Examples
    --------
    >>> queries("queries")[0]
    Query(text='gradient descent', kind='exact', grades={'gradient-descent': 2, 'learning-rate': 1})
    """
    rows = yaml.safe_load((ROOT / "tests" / "search" / f"{name}.yml").read_text(encoding="utf-8"))
    return [Query(row["q"], row["kind"], row["relevant"]) for row in rows]


# --- measures, each of one query and the slugs that were found for it -------------------------------------------------


def mrr(query: Query, found: Sequence[str]) -> float:
    """Return one divided by the rank of the first answer, 0 if it is not among the first ten.

    Examples
    --------
    >>> mrr(Query("dora", "exact", {"dora": 2, "lora": 1}), ["lora", "dora"])
    0.5
    """
    return reciprocal_rank(found, query.answers, CUTOFF)


def ndcg_10(query: Query, found: Sequence[str]) -> float:
    """Return what the first ten results gain by their grades, as a share of the best order.

    Examples
    --------
    >>> round(ndcg_10(Query("dora", "exact", {"dora": 2, "lora": 1}), ["lora", "dora"]), 4)
    0.8597
    """
    return ndcg(found, query.grades, CUTOFF)


def hit(rank: int) -> Callable[[Query, Sequence[str]], float]:
    """Return the measure that is 1 where an answer is among the first `rank` results.

    Examples
    --------
    >>> hit(1)(Query("dora", "exact", {"dora": 2, "lora": 1}), ["lora", "dora"])
    0.0
    """
    return lambda query, found: hit_rate([found], [query.answers], rank)


def both_sides(query: Query, found: Sequence[str]) -> float:
    """Return 1 where every answer is among the first three results: what a comparison should show.

    Examples
    --------
    >>> both_sides(Query("lora vs dora", "compare", {"dora": 2, "lora": 2}), ["lora", "peft", "dora"])
    1.0
    """
    return float(query.answers <= set(found[:3]))


def silent(query: Query, found: Sequence[str]) -> float:
    """Return 1 where nothing is found: what a query off the subject should get."""
    return float(not found)


def interval(values: Sequence[float], draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean: the queries are drawn anew, with replacement.

    Examples
    --------
    >>> interval([1.0] * 50)
    (1.0, 1.0)
    >>> low, high = interval([0.0, 1.0] * 50)
    >>> round(low, 1), round(high, 1)
    (0.4, 0.6)
    """
    values = np.asarray(values)
    drawn = np.random.default_rng(seed).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


# --- what a measurement is of ----------------------------------------------------------------------------------------


def pages() -> dict[str, str]:
    """Return the document name of each concept page, by slug.

    Examples
    --------
    >>> pages()["softmax"]
    'docs/foundations/softmax'
    """
    paths = sorted((ROOT / "docs").glob("*/*.md"), key=lambda path: path.stem)
    return {
        path.stem: f"docs/{path.parent.name}/{path.stem}"
        for path in paths
        if path.parent.name not in OUTSIDE and path.stem != "index"
    }


def names() -> dict[str, dict[str, list[str]]]:
    """Return the aliases and questions of each concept page, by slug, as its front matter has them."""
    found = {}
    for slug, docname in pages().items():
        front = concept.parse((ROOT / f"{docname}.md").read_text(encoding="utf-8"), docname).concept
        found[slug] = {"aliases": list(front.aliases), "questions": list(front.questions)}
    return found


def digest() -> str:
    """Return the digest of engine, labelled queries, aliases and questions: a measurement is of these."""
    whole = hashlib.sha256()
    for path in (*ENGINE, *(f"tests/search/{name}.yml" for name in SETS)):
        whole.update((ROOT / path).read_bytes() + b"\0")
    whole.update(json.dumps(names(), sort_keys=True, ensure_ascii=False).encode())
    return whole.hexdigest()
