"""Prefix tuning against exact sums over keys, the split into two attentions, and the counts in PEFT's documentation."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp, softmax

from code_examples.adaptation.prefix_tuning import attend_with_prefix, count_parameters

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parts(rng, n_queries=5, n_keys=6, n_virtual=3, d_key=4, d_value=2):
    shapes = (n_queries, d_key), (n_keys, d_key), (n_keys, d_value), (n_virtual, d_key), (n_virtual, d_value)
    return [rng.standard_normal(shape) for shape in shapes]


def slow(query, keys, values):
    """Attention of one query, weight by weight."""
    weights = [math.exp(sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(len(key))) for key in keys]
    return [
        math.fsum(w * value[i] for w, value in zip(weights, values, strict=True)) / math.fsum(weights) for i in (0, 1)
    ]


@pytest.mark.parametrize("masked", [False, True])
def test_outputs_agree_with_sums_over_a_longer_list_of_keys(masked, rng):
    queries, keys, values, prefix_keys, prefix_values = parts(rng)
    allowed = np.tri(5, 6, 1, dtype=bool) if masked else np.ones((5, 6), dtype=bool)
    outputs, _ = attend_with_prefix(queries, keys, values, prefix_keys, prefix_values, allowed if masked else None)
    for query, row, output in zip(queries, allowed, outputs, strict=True):
        everything = [*prefix_keys, *keys[row]], [*prefix_values, *values[row]]
        assert_allclose(output, slow(query, *everything), rtol=1e-12)


def test_it_is_a_mean_of_two_attentions_by_the_share(rng):
    queries, keys, values, prefix_keys, prefix_values = parts(rng)
    outputs, shares = attend_with_prefix(queries, keys, values, prefix_keys, prefix_values)
    scores, prefix_scores = queries @ keys.T / 2, queries @ prefix_keys.T / 2
    expected = 1 / (1 + np.exp(logsumexp(scores, axis=1) - logsumexp(prefix_scores, axis=1)))
    assert_allclose(shares, expected, rtol=1e-12)
    shares = expected[:, None]
    split = (1 - shares) * softmax(scores, axis=1) @ values + shares * softmax(prefix_scores, axis=1) @ prefix_values
    assert_allclose(outputs, split, rtol=1e-12)


def test_text_is_read_in_the_old_proportions(rng):
    queries, keys, _, prefix_keys, _ = parts(rng)
    weights, shares = attend_with_prefix(queries, keys, np.eye(6), prefix_keys, np.zeros((3, 6)))
    assert_allclose(weights / (1 - shares[:, None]), softmax(queries @ keys.T / 2, axis=1), rtol=1e-12)


def test_a_prefix_of_zeros_takes_as_much_as_keys_that_fit_averagely(rng):
    queries = rng.standard_normal((4, 3))
    outputs, shares = attend_with_prefix(
        queries, np.zeros((10, 3)), np.ones((10, 2)), np.zeros((30, 3)), np.zeros((30, 2))
    )
    assert_allclose(shares, 0.75)
    assert_allclose(outputs, 0.25)


def test_a_prefix_that_fits_no_query_changes_nothing(rng):
    queries, keys, values, prefix_keys, prefix_values = parts(rng)
    queries = np.abs(queries)
    outputs, shares = attend_with_prefix(queries, keys, values, np.full((3, 4), -1e4), prefix_values)
    plain, none = attend_with_prefix(queries, keys, values, prefix_keys[:0], prefix_values[:0])
    assert_array_equal(shares, none)
    assert_allclose(outputs, plain)


def test_takes_integers_and_one_of_each_and_leaves_its_arguments_alone(rng):
    outputs, shares = attend_with_prefix([[0]], [[1]], [[2]], [[3]], [[4]])
    assert (outputs.tolist(), shares.tolist()) == ([[3.0]], [0.5])
    given = parts(rng)
    kept = [part.copy() for part in given]
    attend_with_prefix(*given)
    for part, before in zip(given, kept, strict=True):
        assert_array_equal(part, before)


# --- counts ------------------------------------------------------------------------------------


def test_counts_agree_with_the_documentation_of_peft():
    # "trainable params: 983,040" for bigscience/bloomz-560m: 24 layers of width 1024, 20 virtual tokens
    assert count_parameters(20, 24, 1024) == (983_040, 983_040)


@pytest.mark.parametrize(
    ("n_virtual", "n_layers", "d_kv", "d_hidden"), [(30, 12, 768, 768), (3, 2, 5, 7), (1, 1, 1, 1)]
)
def test_counts_are_the_entries_of_what_would_be_made(n_virtual, n_layers, d_kv, d_hidden):
    shapes = (n_virtual, d_kv), (d_kv, d_hidden), (d_hidden,), (d_hidden, n_layers * 2 * d_kv), (n_layers * 2 * d_kv,)
    trained, stored = count_parameters(n_virtual, n_layers, d_kv, d_hidden)
    assert trained == sum(np.empty(shape).size for shape in shapes)
    assert stored == np.empty((n_virtual, n_layers, 2, d_kv)).size
    assert count_parameters(float(n_virtual), n_layers, d_kv) == (stored, stored)
    assert type(trained) is type(stored) is int


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_a_size_that_is_none(wrong):
    for k, name in enumerate(("n_virtual", "n_layers", "d_kv", "d_hidden")):
        sizes = [2, 2, 2, 2]
        sizes[k] = wrong
        with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass an integer of at least 1")):
            count_parameters(*sizes)


@pytest.mark.parametrize(
    "change", [{0: (4,)}, {1: (6, 3)}, {1: (5, 4)}, {2: (6, 3)}, {3: (3, 3)}, {4: (2, 2)}, {4: (3, 1)}, {3: (3,)}]
)
def test_refuses_shapes_that_do_not_fit(change, rng):
    given = parts(rng)
    for place, shape in change.items():
        given[place] = np.ones(shape)
    shapes = [part.shape for part in given[1:]]
    message = f"keys, values, prefix_keys and prefix_values have shapes {shapes}; pass (n_keys, d_key)"
    with pytest.raises(ValueError, match=re.escape(message)):
        attend_with_prefix(*given)


def test_refuses_a_width_of_queries_that_does_not_fit(rng):
    with pytest.raises(ValueError, match="queries of width 3 and keys of width 4 do not fit"):
        attend_with_prefix(np.ones((5, 3)), *parts(rng)[1:])


@pytest.mark.parametrize(
    ("allowed", "message"),
    [
        (np.ones((5, 9), dtype=bool), "allowed has shape (5, 9); pass (5, 6)"),
        (np.ones(6, dtype=bool), "allowed has shape (6,); pass (5, 6)"),
        (np.ones((5, 6), dtype=int), "allowed has type int64"),
    ],
)
def test_refuses_a_mask_that_does_not_fit(allowed, message, rng):
    with pytest.raises(ValueError, match=re.escape(message)):
        attend_with_prefix(*parts(rng), allowed)


@pytest.mark.parametrize("place", range(5))
def test_refuses_numbers_that_are_not_finite(place, rng):
    given = parts(rng)
    given[place][-1, -1] = math.nan
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        attend_with_prefix(*given)


def test_refuses_nothing_to_look_at(rng):
    queries, keys, values, prefix_keys, prefix_values = parts(rng)
    with pytest.raises(ValueError, match="pass a matrix that is not empty"):
        attend_with_prefix(queries, keys[:0], values[:0], prefix_keys[:0], prefix_values[:0])
