import math
import re

import numpy as np
import pytest
import sklearn.metrics.pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from code_examples.retrieval.similarity import cosine, euclidean, ranking, unit

A = np.random.default_rng(0).normal(size=(5, 7)) * [[1], [10], [0.1], [3], [7]]
B = np.random.default_rng(1).normal(size=(8, 7)) + 0.3


def test_agrees_with_scipy_and_sklearn():
    assert_allclose(euclidean(A, B), cdist(A, B), rtol=1e-12)
    assert_allclose(cosine(A, B), 1 - cdist(A, B, "cosine"), atol=1e-12)
    assert_allclose(unit(A), sklearn.metrics.pairwise.normalize(A), rtol=1e-12)


def test_one_vector_gives_one_row():
    for measure in (cosine, euclidean):
        assert measure(A[2], B).shape == (8,)
        assert_allclose(measure(A[2], B), measure(A, B)[2], rtol=1e-12)
    assert_allclose(unit(A[1]), unit(A)[1], rtol=1e-15)


def test_unit_vectors_rank_alike():
    query, rows = unit(A[0]), unit(B)
    assert_allclose(euclidean(query, rows) ** 2, 2 - 2 * cosine(query, rows), atol=1e-12)
    assert ranking(query @ rows.T) == ranking(cosine(query, rows)) == ranking(-euclidean(query, rows))
    assert ranking(A[0] @ B.T) != ranking(cosine(A[0], B)) != ranking(-euclidean(A[0], B))


def test_lengths_at_the_ends_of_float():
    assert_allclose(cosine([1e-300, 1e-300], [[1e300, 0]]), [math.sqrt(0.5)])
    assert_allclose(np.linalg.norm(unit(A * 1e250), axis=1), 1)


def test_close_vectors_keep_their_distance():
    base = np.array([1e8, 1.0])
    assert euclidean(base, [[1e8, 1.001]]) == pytest.approx(1e-3, rel=1e-12)


def test_ranking_agrees_with_scipy():
    scores = np.random.default_rng(2).integers(0, 4, 30)
    places = rankdata(-scores, method="ordinal") - 1
    assert [ranking(scores).index(i) for i in range(30)] == places.tolist()
    assert ranking(np.array([3, 0, 7], dtype=np.uint8)) == [2, 0, 1]  # minus 3 is no uint8
    assert ranking([-math.inf, 0, math.inf]) == [2, 1, 0]
    assert ranking([5.0]) == [0]
    assert type(ranking([5.0])[0]) is int


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: unit([]), "rows of shape (0,): pass finite numbers in one or two dimensions, none empty"),
        (lambda: unit(3.0), "rows of shape (): pass finite"),
        (lambda: unit([[[1.0]]]), "rows of shape (1, 1, 1): pass finite"),
        (lambda: unit([[1, 2], [0, 0]]), "a vector is zero and has no direction; leave it out"),
        (lambda: cosine([1, 2], [[0, 0]]), "a vector is zero"),
        (lambda: cosine([1, math.nan], [[1, 2]]), "a of shape (2,): pass finite"),
        (lambda: euclidean([1, 2], [[1, math.inf]]), "b of shape (1, 2): pass finite"),
        (lambda: euclidean([1, 2], [1, 2]), "a has shape (2,) and b (2,); pass b as a matrix with as many columns"),
        (lambda: cosine([[1, 2]], [[1, 2, 3]]), "a has shape (1, 2) and b (1, 3); pass b"),
        (lambda: ranking([[1, 2]]), "scores have shape (1, 2) or hold a NaN; pass one row of numbers"),
        (lambda: ranking([1, math.nan]), "scores have shape (2,) or hold a NaN"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    a, b = A.copy(), B.copy()
    unit(a), cosine(a, b), euclidean(a, b)
    scores = np.array([1.0, 3.0, 2.0])
    ranking(scores)
    assert_array_equal(a, A)
    assert_array_equal(b, B)
    assert scores.tolist() == [1, 3, 2]
