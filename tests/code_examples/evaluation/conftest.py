"""The authority on metrics of rankings: trec_eval, by pytrec_eval."""

import numpy as np
import pytest
import pytrec_eval


@pytest.fixture
def trec_eval():
    """Return a function that gives what trec_eval says of each ranking; it sorts by score, so ranks become scores."""

    def judge(rankings, gains, *measures):
        names = [f"query {i}" for i in range(len(rankings))]
        qrels = {name: {str(i): int(grade) for i, grade in row.items()} for name, row in zip(names, gains, strict=True)}
        runs = {
            name: {str(i): float(-rank) for rank, i in enumerate(ranking)}
            for name, ranking in zip(names, rankings, strict=True)
        }
        result = pytrec_eval.RelevanceEvaluator(qrels, set(measures)).evaluate(runs)
        return [result[name] for name in names]

    return judge


@pytest.fixture
def drawn():
    """Return 40 rankings of 1 to 19 of 30 ids, with one to seven graded ids and two judged worthless for each."""
    rng = np.random.default_rng(0)
    rankings = [rng.permutation(30)[: rng.integers(1, 20)].tolist() for _ in range(40)]
    gains = []
    for _ in range(40):
        judged = rng.permutation(30)[: rng.integers(3, 10)].tolist()
        gains.append({i: 0 if place < 2 else int(rng.integers(1, 5)) for place, i in enumerate(judged)})
    return rankings, gains
