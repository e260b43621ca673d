"""Fusion against exact fractions, a table by hand, and scikit-learn's scaling."""

import math
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import minmax_scale

from code_examples.retrieval.hybrid_retrieval import rank_scores, reciprocal_rank_fusion, weighted_fusion

pytestmark = pytest.mark.unit

RANKINGS = [[5, 2, 9, 0], [2, 0, 7], [9], []]


@pytest.mark.parametrize("k", [0, 1, 60, 2.5])
def test_scores_are_sums_of_exact_fractions(k):
    scores = rank_scores(RANKINGS, k)
    assert list(scores) == [0, 2, 5, 7, 9]
    for i, score in scores.items():
        places = [ranking.index(i) + 1 for ranking in RANKINGS if i in ranking]
        assert_allclose(score, float(sum(Fraction(1) / (Fraction(k) + place) for place in places)), rtol=1e-15)


def test_sixty_is_the_default():
    assert rank_scores([[3]]) == {3: 1 / 61}
    assert rank_scores(RANKINGS) == rank_scores(RANKINGS, 60)


def test_order_by_hand():
    # k = 0: 2 has 1/2 + 1, 9 has 1/3 + 1, 5 has 1, 0 has 1/4 + 1/2, 7 has 1/3
    assert reciprocal_rank_fusion(RANKINGS, k=0) == [2, 9, 5, 0, 7]
    # k large: who is in two rankings comes first, and the sum of the ranks decides
    assert reciprocal_rank_fusion(RANKINGS, k=10**6) == [2, 9, 0, 5, 7]


def test_ranks_one_and_three_beat_two_and_two_less_and_less():
    gaps = []
    for k in (0, 1, 60, 1000):
        scores = rank_scores([[1, 2, 3], [3, 2, 1]], k)
        gaps.append(scores[1] / scores[2] - 1)
        assert scores[1] == scores[3]
    assert gaps[0] == pytest.approx(1 / 3)
    assert (np.diff(gaps) < 0).all()
    assert gaps[-1] > 0


def test_equal_ranks_are_equal_in_every_order():
    base = [[0, 1, 2], [1, 2, 0], [2, 0, 1]]  # each id is first, second and third
    for rankings in permutations(base):
        assert len(set(rank_scores(rankings).values())) == 1
        assert reciprocal_rank_fusion(rankings) == [0, 1, 2]


def test_copies_of_one_ranking_change_nothing():
    assert reciprocal_rank_fusion([[4, 1, 3]] * 3) == [4, 1, 3]
    assert reciprocal_rank_fusion([np.array([4, 1, 3])]) == [4, 1, 3]
    assert reciprocal_rank_fusion([[], []]) == []


@pytest.mark.parametrize("call", [rank_scores, reciprocal_rank_fusion])
def test_refusals_of_rankings(call):
    for wrong in ([], [[1, 2, 1]], [[0], [3, 3]]):
        with pytest.raises(ValueError, match="an id stands twice in one; pass rankings of different ids"):
            call(wrong)
    for wrong in ([3, 1], [[[1]], [[2]]], [[2], ["a"]]):
        with pytest.raises(ValueError, match=r"or ids cannot be sorted; pass a list of rankings, \[\[3, 1\]\] rather"):
            call(wrong)
    assert call([["a", "c"], ["c", "b"]], 0) in ({"a": 1, "b": 0.5, "c": 1.5}, ["c", "a", "b"])
    for k in (-1, -0.5, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"k is {k}; pass a finite number of 0 or more"):
            call([[1]], k)


@pytest.mark.parametrize("weight", [0, 0.3, 1])
def test_weighted_fusion_scales_as_scikit_learn_does(weight):
    first, second = np.random.default_rng(0).normal(3, [[5], [0.1]], size=(2, 7))
    copies = first.copy(), second.copy()
    expected = weight * minmax_scale(first) + (1 - weight) * minmax_scale(second)
    assert_allclose(weighted_fusion(first, second, weight), expected, atol=1e-12)
    assert_allclose(weighted_fusion(first * 7 - 100, second, weight), expected, atol=1e-12)
    assert_array_equal((first, second), copies)


def test_weighted_fusion_at_the_edges():
    assert weighted_fusion([4], [2], 0.5).tolist() == [0]
    assert weighted_fusion([1e308, -1e308], [1, 2], 0.75).tolist() == [0.75, 0.25]
    assert weighted_fusion([4, 4, 4], [1, 3, 2], 0.25).tolist() == [0, 0.75, 0.375]
    assert weighted_fusion([1, 3, 2], [4, 4, 4], 0.25).tolist() == [0, 0.25, 0.125]


@pytest.mark.parametrize(
    ("first", "second"),
    [([], []), ([1, 2], [1]), ([[1, 2]], [[1, 2]]), (3, 4), ([1, math.nan], [1, 2]), ([1, 2], [1, math.inf])],
)
def test_weighted_fusion_refuses_rows(first, second):
    with pytest.raises(ValueError, match="not two rows of finite numbers; pass one of each kind for each text"):
        weighted_fusion(first, second, 0.5)


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan])
def test_weighted_fusion_refuses_weights(weight):
    with pytest.raises(ValueError, match=f"weight is {weight}; pass a share from 0 to 1"):
        weighted_fusion([1], [1], weight)
