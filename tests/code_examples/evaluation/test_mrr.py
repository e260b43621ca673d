from fractions import Fraction

import numpy as np
import pytest

from code_examples.evaluation.mrr import mean_reciprocal_rank, reciprocal_rank

RANKED = list(range(1, 11))  # id i stands at rank i


def test_agrees_with_trec_eval(trec_eval, drawn):
    rankings, gains = drawn
    relevants = [[i for i, grade in row.items() if grade] for row in gains]
    for k in (None, 1, 4, np.int64(9)):
        found = trec_eval([ranking[:k] for ranking in rankings], gains, "recip_rank")
        expected = [row["recip_rank"] for row in found]
        ours = [reciprocal_rank(*query, k) for query in zip(rankings, relevants, strict=True)]
        assert ours == pytest.approx(expected)
        assert mean_reciprocal_rank(rankings, relevants, k) == pytest.approx(np.mean(expected))
    assert 0 in expected
    assert 1 in expected


def test_known_ranks_by_fractions():
    relevants = [{1}, {3, 5}, {7}, {11}]
    assert mean_reciprocal_rank([RANKED] * 4, relevants) == pytest.approx(
        float((1 + Fraction(1, 3) + Fraction(1, 7)) / 4)
    )
    assert mean_reciprocal_rank([RANKED] * 4, relevants, k=3) == float((1 + Fraction(1, 3)) / 4)
    assert mean_reciprocal_rank([RANKED] * 4, relevants, k=2) == 0.25
    assert mean_reciprocal_rank([[]], [{1}]) == 0
    assert type(reciprocal_rank([3], [3])) is type(reciprocal_rank([], [3])) is type(reciprocal_rank([2, 3], [3], 1))


def test_lies_between_the_hit_rates():
    """It is the mean of all hit rates, weighed by 1/k - 1/(k + 1): summation by parts."""
    rng = np.random.default_rng(1)
    rankings, relevants = [rng.permutation(10) for _ in range(9)], [rng.integers(0, 10, 2) for _ in range(9)]
    rates = [np.mean([bool({*r[:k]} & {*w}) for r, w in zip(rankings, relevants, strict=True)]) for k in range(1, 11)]
    steps = [1 / k - 1 / (k + 1) for k in range(1, 10)] + [1 / 10]
    assert mean_reciprocal_rank(rankings, relevants) == pytest.approx(np.dot(rates, steps))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reciprocal_rank([1], {1}, 0), "k is 0; pass an integer of at least 1"),
        (lambda: reciprocal_rank([2], {1}, 1.0), r"k is 1\.0; pass"),
        (lambda: reciprocal_rank([1], []), "no id is relevant"),
        (lambda: reciprocal_rank([1, 1], [1]), "names an id twice"),
        (lambda: mean_reciprocal_rank([], []), "0 rankings for 0 queries; pass one for each"),
        (lambda: mean_reciprocal_rank([[1]], [{1}, {2}]), "1 rankings for 2 queries"),
        (lambda: mean_reciprocal_rank([[1]], [{1}], -3), "k is -3; pass"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=message):
        call()
