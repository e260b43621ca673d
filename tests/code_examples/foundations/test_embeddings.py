import math
from itertools import combinations

import jax
import numpy as np
import pytest
import sklearn.metrics.pairwise
import sklearn.neighbors
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.embeddings import (
    cooccurrence,
    embed,
    factorize,
    nearest,
    ppmi,
    score,
)

SENTENCES = [s.split() for s in ("a b a c d", "b b c", "d", "", "c a d b e a")]


def cloud(n=40, d=7, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)) + 0.5


def test_lookup_is_one_hot_times_table():
    table, ids = cloud(9, 4), np.array([[3, 0, 8], [3, 3, 1]])
    assert_allclose(embed(ids, table), jax.nn.one_hot(ids, 9) @ table, rtol=1e-6)
    assert_array_equal(embed(5, table), table[5])


@pytest.mark.parametrize("window", [1, 2, 3, 9])
def test_counts_agree_with_every_pair_of_places(window):
    words, counts = cooccurrence(SENTENCES, window)
    expected = {(a, b): 0 for a in words for b in words}
    for sentence in SENTENCES:
        for (i, a), (j, b) in combinations(enumerate(sentence), 2):
            if j - i <= window:
                expected[a, b] += 1
                expected[b, a] += 1
    assert words == ["a", "b", "c", "d", "e"]
    assert counts.tolist() == [[expected[a, b] for b in words] for a in words]


def test_ppmi_agrees_with_its_definition_entry_by_entry():
    counts = np.random.default_rng(1).integers(0, 4, (6, 9))
    counts[2] = 0
    total = int(counts.sum())
    result = ppmi(counts)
    for i in range(6):
        for j in range(9):
            p = counts[i, j] / total
            chance = (counts[i].sum() / total) * (counts[:, j].sum() / total)
            expected = max(0.0, math.log(p / chance)) if p else 0.0
            assert result[i, j] == pytest.approx(expected, abs=1e-12)
    assert_allclose(ppmi(counts * 10), result, atol=1e-12)


def test_factors_agree_with_the_eigenvalues_of_the_square():
    """The Gram matrix of the rows is the root of M M^T, cut to its k largest eigenvalues."""
    matrix = cloud(12, 9)
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    for k in (1, 4, 9):
        rows = factorize(matrix, k)
        top, directions = values[-k:], vectors[:, -k:]
        assert rows.shape == (12, k)
        assert_allclose(rows @ rows.T, directions * np.sqrt(top) @ directions.T, atol=1e-6)


def test_a_word_without_neighbours_gets_no_direction():
    _, counts = cooccurrence([*SENTENCES, ["z"]], 2)
    rows = factorize(ppmi(counts), 3)
    assert np.linalg.norm(rows[-1]) < 1e-12 < np.linalg.norm(rows[:-1], axis=1).min()
    with pytest.raises(ValueError, match="a vector is 0 and has no direction"):
        score(rows)


def test_scores_agree_with_sklearn():
    x = cloud()
    assert_allclose(score(x), sklearn.metrics.pairwise.cosine_similarity(x), atol=1e-12)
    assert_allclose(score(x, "dot"), sklearn.metrics.pairwise.linear_kernel(x), atol=1e-12)


def test_length_counts_for_dot_only():
    x = cloud(6, 3)
    longer = x * np.arange(1, 7)[:, None]
    assert_allclose(score(longer), score(x), atol=1e-12)
    assert_allclose(score(longer, "dot")[1, 2], 6 * score(x, "dot")[1, 2])


def test_neighbours_agree_with_sklearn():
    x = cloud()
    search = sklearn.neighbors.NearestNeighbors(n_neighbors=5, metric="cosine").fit(x)
    assert_array_equal(nearest(score(x), 5), search.kneighbors(return_distance=False))


def test_ties_go_to_the_smaller_number_and_never_to_itself():
    assert nearest(np.ones((4, 4)), 3).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert nearest(np.ones((60, 60)), 59)[0].tolist() == list(range(1, 60))
    assert nearest([[0, 5], [5, 9]], 1).tolist() == [[1], [0]]
    assert nearest([[9, -2, -1], [-2, 9, -3], [-1, -3, 9]], 1).tolist() == [[2], [0], [0]]


def test_arguments_are_as_they_were():
    x, counts, sentences = cloud(), np.ones((3, 3)), [["a", "b"]]
    copy = x.copy()
    scores = score(x)
    kept = scores.copy()
    nearest(scores, 3)
    assert_array_equal(scores, kept)
    embed([0], x)
    factorize(x, 2)
    assert_array_equal(x, copy)
    ppmi(counts)
    assert_array_equal(counts, np.ones((3, 3)))
    cooccurrence(sentences, 2)
    assert sentences == [["a", "b"]]


@pytest.mark.parametrize("ids", [[-1], [3], [0.0], ["a"]])
def test_refuses_ids_without_a_row(ids):
    with pytest.raises(ValueError, match="an id has no row; pass integers from 0 to 2"):
        embed(ids, np.zeros((3, 2)))


@pytest.mark.parametrize("bad", [[], [1.0, 2.0], np.zeros((0, 2)), [[np.nan, 1.0]], [[np.inf]]])
def test_refuses_what_is_no_matrix(bad):
    message = "no matrix of finite numbers; pass two dimensions, none empty"
    with pytest.raises(ValueError, match="table is " + message):
        embed([0], bad)
    with pytest.raises(ValueError, match="counts is " + message):
        ppmi(bad)
    with pytest.raises(ValueError, match="matrix is " + message):
        factorize(bad, 1)
    with pytest.raises(ValueError, match="vectors is " + message):
        score(bad)
    with pytest.raises(ValueError, match="scores is " + message):
        nearest(bad, 1)


def test_refuses_other_bad_input():
    with pytest.raises(ValueError, match="window is 0; pass 1 or more"):
        cooccurrence(SENTENCES, 0)
    for text in ("a b", ["a b"]):
        with pytest.raises(ValueError, match="pass a list of words for each sentence"):
            cooccurrence(text, 1)
    with pytest.raises(ValueError, match="there is no word; pass at least one sentence"):
        cooccurrence([[], []], 1)
    for counts in ([[0, 0]], [[1, -1]]):
        with pytest.raises(ValueError, match="pass counts of at least one pair"):
            ppmi(counts)
    for k in (0, 3):
        with pytest.raises(ValueError, match=f"k is {k}; pass 1 to 2"):
            factorize(np.ones((2, 5)), k)
        with pytest.raises(ValueError, match=f"k is {k}; pass 1 to 2"):
            nearest(np.ones((3, 3)), k)
    with pytest.raises(ValueError, match="measure is 'l2'; pass 'cosine' or 'dot'"):
        score([[1.0]], "l2")
    with pytest.raises(ValueError, match="a vector is 0 and has no direction"):
        score([[1.0, 0.0], [0.0, 0.0]])
    for vectors in ([[1.0, 0.0], [1e-15, 0.0]], [[0.0, 0.0]], [[1e8, 0.0], [0.0, 1e-5]]):  # as rounding leaves it
        with pytest.raises(ValueError, match="a vector is 0 and has no direction"):
            score(vectors)
    assert score([[1.0, 0.0], [1.5e-12, 0.0]])[0, 1] == pytest.approx(1)
    with pytest.raises(ValueError, match=r"scores have shape \(2, 3\); pass a square matrix"):
        nearest(np.ones((2, 3)), 1)
