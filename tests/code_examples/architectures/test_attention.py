import math
import re

import jax
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.attention import additive_attention, removal_effects
from code_examples.architectures.self_attention import attention_weights, scaled_dot_product_attention

SHAPES = ((3,), (5, 4), (5, 2), (3, 6), (4, 6), (6,))


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in SHAPES]


def test_agrees_with_jax(parts):
    with jax.enable_x64(True):
        query, keys, values, w_query, w_key, w_score = map(jax.numpy.asarray, parts)
        scores = jax.vmap(lambda key: w_score @ jax.numpy.tanh(w_query.T @ query + w_key.T @ key))(keys)
        expected = jax.nn.softmax(scores)
        output, weights = additive_attention(*parts)
        assert_allclose(weights, expected, rtol=1e-12)
        assert_allclose(output, values.T @ expected, rtol=1e-12)


def test_agrees_with_a_slow_loop(parts):
    query, keys, values, w_query, w_key, w_score = (part.tolist() for part in parts)
    raw = []
    for key in keys:
        hidden = [
            math.tanh(sum(query[i] * w_query[i][h] for i in range(3)) + sum(key[i] * w_key[i][h] for i in range(4)))
            for h in range(6)
        ]
        raw.append(math.exp(sum(w * h for w, h in zip(w_score, hidden, strict=True))))
    output, weights = additive_attention(*parts)
    assert_allclose(weights, np.divide(raw, sum(raw)), rtol=1e-12)
    assert_allclose(output, [sum(r * v[i] for r, v in zip(raw, values, strict=True)) / sum(raw) for i in (0, 1)])


def test_scores_are_bounded_however_long_the_query(parts):
    query, keys, values, w_query, w_key, w_score = parts
    bound = np.abs(w_score).sum()
    for scale in (1, 100, 1e6):
        _, weights = additive_attention(scale * query, keys, values, w_query, w_key, w_score)
        assert np.ptp(np.log(weights)) <= 2 * bound


def test_the_order_of_items_does_not_matter(parts):
    query, keys, values, *projections = parts
    order = [3, 0, 4, 1, 2]
    output, weights = additive_attention(*parts)
    again, mixed = additive_attention(query, keys[order], values[order], *projections)
    assert_allclose(again, output, rtol=1e-12)
    assert_allclose(mixed, weights[order], rtol=1e-12)


@pytest.mark.parametrize("place", range(6))
def test_refuses_shapes_that_do_not_fit(place):
    for wrong in ((7,) * len(SHAPES[place]), (*SHAPES[place], 1), SHAPES[place][1:]):
        arrays = [np.ones(wrong if i == place else shape) for i, shape in enumerate(SHAPES)]
        shapes = [array.shape for array in arrays]
        with pytest.raises(ValueError, match=re.escape(f"the arrays have shapes {shapes}; pass (d_query,)")):
            additive_attention(*arrays)


def test_refuses_an_empty_list_of_items():
    with pytest.raises(ValueError, match="with n at least 1"):
        additive_attention([1], np.ones((0, 2)), np.ones((0, 3)), [[1]], [[1], [1]], [1])


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_refuses_what_is_not_finite(parts, place, wrong):
    parts[place][(0,) * parts[place].ndim] = wrong
    with pytest.raises(ValueError, match="an entry is NaN or infinite; pass finite numbers, and leave out"):
        additive_attention(*parts)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6), st.integers(0, 99))
@settings(max_examples=50)
def test_removal_is_what_masking_does(scores, seed):
    """Hold the closed form against the attention of another page, once with and once without each item."""
    values = np.random.default_rng(seed).standard_normal((len(scores), 3))
    query, keys = [[1.0]], np.array(scores)[:, None]
    weights = attention_weights(query, keys)[0]
    assert_allclose(weights, scipy.special.softmax(scores), rtol=1e-12)
    full = scaled_dot_product_attention(query, keys, values)[0]
    effects = removal_effects(weights, values)
    for j in range(len(scores)):
        allowed = [[i != j for i in range(len(scores))]]
        without = scaled_dot_product_attention(query, keys, values, allowed)[0]
        assert_allclose(effects[j], math.dist(full, without), rtol=1e-9, atol=1e-12)


def test_a_shift_of_all_values_leaves_the_effects_and_a_factor_carries_over():
    weights, values = [0.6, 0.1, 0.3], np.array([[1.0, 5], [-2, 0], [4, 4]])
    effects = removal_effects(weights, values)
    assert_allclose(removal_effects(weights, values + np.array([100, -7])), effects, rtol=1e-12)
    assert_allclose(removal_effects(weights, -3 * values), 3 * effects, rtol=1e-12)
    assert removal_effects([1e-300, 1 - 1e-16], [[1.0], [2.0]])[0] < 1e-299


@pytest.mark.parametrize(
    ("weights", "values", "message"),
    [
        ([0.5, 0.5], [1, 2], "weights and values have shapes (2,) and (2,); pass (n,) and (n, d_value)"),
        ([[0.5, 0.5]], [[1], [2]], "weights and values have shapes (1, 2) and (2, 1)"),
        ([0.5, 0.5], [[1], [2], [3]], "weights and values have shapes (2,) and (3, 1)"),
        ([0.5, 0.6], [[1], [2]], "weights are [0.5 0.6]; pass shares of at least 0 that sum to 1"),
        ([1.5, -0.5], [[1], [2]], "pass shares of at least 0 that sum to 1"),
        ([float("nan"), 1], [[1], [2]], "pass shares of at least 0 that sum to 1"),
        ([1, 0], [[1], [2]], "one item holds all weight; without it nothing is left to answer with"),
        ([0, 1 + 1e-7], [[1], [2]], "one item holds all weight; without it nothing is left to answer with"),
        ([0.5, 0.5], [[1], [float("inf")]], "a value is NaN or infinite; pass finite numbers"),
        ([0.5, 0.5], [[float("nan")], [1]], "a value is NaN or infinite; pass finite numbers"),
    ],
)
def test_refuses_what_has_no_effect(weights, values, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        removal_effects(weights, values)


def test_leaves_its_input_alone(parts):
    before = [part.copy() for part in parts]
    additive_attention(*parts)
    weights = np.array([0.25, 0.75])
    removal_effects(weights, parts[2][:2])
    for part, copy in zip(parts, before, strict=True):
        assert_array_equal(part, copy)
    assert_array_equal(weights, [0.25, 0.75])
