"""Re-ranking against NumPy's stable sort and what a second stage cannot do; MaxSim against a slow loop and JAX."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.retrieval.cross_encoder import max_sim, rerank

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

RNG = np.random.default_rng(0)
RANKING = RNG.permutation(12).tolist()
SCORES = RNG.integers(0, 4, 12).astype(float)  # with ties


@pytest.mark.parametrize("k", [0, 1, 5, np.int64(11), 12, 30])
def test_the_head_is_sorted_and_the_tail_stays(k):
    ours = rerank(RANKING, SCORES, k)
    head = np.array(RANKING[:k], dtype=int)
    assert ours[:k] == head[np.argsort(-SCORES[head], kind="stable")].tolist()
    assert ours[k:] == RANKING[k:]
    assert sorted(ours) == list(range(12))


def test_the_second_stage_brings_nothing_new():
    for k in range(13):
        oracle = np.eye(12)[RANKING[7]]  # knows the answer
        place = rerank(RANKING, oracle, k).index(RANKING[7])
        assert place == (0 if k > 7 else 7)


def test_a_partial_ranking_keeps_its_ids():
    assert rerank((3, 1), [0, 2, 9, 1], 5) == [1, 3]
    assert rerank([], [], 3) == []
    assert rerank([0, 1], [-math.inf, math.inf], 2) == [1, 0]


@pytest.mark.parametrize(
    ("ranking", "scores", "k", "message"),
    [
        ([0, 2], [1, 2], 1, "an id has no score, or a score is no number; pass one for each integer id, from 0"),
        ([-1], [1, 2], 1, "an id has no score"),
        ([1.0], [1, 2], 1, "an id has no score"),
        (["0"], [1, 2], 1, "an id has no score"),
        ([0], [], 1, "an id has no score"),
        ([1, 0, 1], [1, 2], 1, "an id stands twice; pass a ranking of different ids"),
        ([0], [math.nan], 1, "a score is no number"),
        ([0], [[1.0]], 1, "an id has no score"),
        ([0], [1.0], -1, "k is -1; pass an integer of 0 or more"),
        ([0], [1.0], 1.0, "k is 1.0; pass an integer"),
    ],
)
def test_refusals_of_rerank(ranking, scores, k, message):
    with pytest.raises(ValueError, match=message):
        rerank(ranking, scores, k)


def test_max_sim_agrees_with_a_loop_and_with_jax():
    query, passage = RNG.normal(size=(3, 5)), RNG.normal(size=(7, 5))
    loop = sum(max(sum(a * b for a, b in zip(q, d, strict=True)) for d in passage) for q in query)
    assert_allclose(max_sim(query, passage), loop, rtol=1e-12)
    assert_allclose(max_sim(query, passage), jnp.einsum("qw,dw->qd", query, passage).max(1).sum(), rtol=1e-12)
    copies = query.copy(), passage.copy()
    max_sim(query, passage)
    assert_array_equal(query, copies[0])
    assert_array_equal(passage, copies[1])


def test_max_sim_at_its_limits():
    rows = RNG.normal(size=(4, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert_allclose(max_sim(rows, rows), 4)  # each token finds itself
    assert_allclose(max_sim(rows, np.vstack([rows, rows, -rows])), 4)  # copies and noise change nothing
    assert_allclose(max_sim(rows[:1], rows[1:2]), rows[0] @ rows[1])  # one token each: the inner product
    assert max_sim(np.zeros((0, 3)), rows) == 0


@pytest.mark.parametrize(
    ("query", "passage", "message"),
    [
        ([1, 2], [[1, 2]], r"query has shape \(2,\), passage \(1, 2\); pass rows of one width, one or more"),
        ([[1, 2]], [1, 2], "pass rows of one width"),
        ([[1, 2]], [[1]], "pass rows of one width"),
        ([[1]], np.zeros((0, 1)), r"passage \(0, 1\); pass rows of one width, one or more"),
        ([[math.nan]], [[1]], "a vector holds a number that is not finite; pass finite ones"),
        ([[1]], [[math.inf]], "not finite"),
    ],
)
def test_refusals_of_max_sim(query, passage, message):
    with pytest.raises(ValueError, match=message):
        max_sim(query, passage)
