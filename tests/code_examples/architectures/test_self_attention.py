import re

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import (
    attention_weights,
    multi_head_attention,
    scaled_dot_product_attention,
)

INF = float("inf")
SINGLE = {"rtol": 2e-5, "atol": 1e-6}  # JAX's attention takes its softmax in single precision


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def parts(rng):
    """Queries, keys and values for 2 items of a batch, 5 queries, 7 keys, widths 3 and 4."""
    return [rng.standard_normal(shape) for shape in ((2, 5, 3), (2, 7, 3), (2, 7, 4))]


def some_allowed(rng, n, m):
    """Return a mask without rows that are wholly False."""
    allowed = rng.random((n, m)) < 0.5
    allowed[np.arange(n), rng.integers(m, size=n)] = True
    return allowed


def by_jax(queries, keys, values, allowed=None):
    """Attention as JAX has it: one width for keys and values, and an axis for heads before the last."""
    width = max(keys.shape[-1], values.shape[-1])
    padded = [np.pad(part, ((0, 0), (0, 0), (0, width - part.shape[-1]))) for part in (queries, keys, values)]
    mask = None if allowed is None else allowed[None, None]
    with jax.enable_x64(True):
        lifted = [part[:, :, None] for part in padded]
        result = jax.nn.dot_product_attention(*lifted, mask=mask, scale=keys.shape[-1] ** -0.5)
    return np.asarray(result)[:, :, 0, : values.shape[-1]]


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_agrees_with_jax(parts, scale):
    queries, keys, values = scale * parts[0], *parts[1:]
    assert_allclose(scaled_dot_product_attention(queries, keys, values), by_jax(queries, keys, values), **SINGLE)


def test_agrees_with_jax_under_a_mask(parts, rng):
    allowed = some_allowed(rng, 5, 7)
    assert 10 < allowed.sum() < 30
    assert_allclose(scaled_dot_product_attention(*parts, allowed), by_jax(*parts, allowed), **SINGLE)
    assert_allclose(scaled_dot_product_attention(*parts, allowed.tolist()), by_jax(*parts, allowed), **SINGLE)


def test_the_weights_are_those_with_which_jax_mixes_the_identity(parts, rng):
    queries, keys, _ = parts
    allowed = some_allowed(rng, 5, 7)
    identity = np.tile(np.eye(7), (2, 1, 1))
    weights = attention_weights(queries, keys, allowed)
    assert_allclose(weights, by_jax(queries, keys, identity, allowed), **SINGLE)
    assert_array_equal(weights[:, ~allowed], 0)
    assert_allclose(weights.sum(axis=-1), 1, rtol=1e-14)
    assert_allclose(attention_weights(queries, keys), by_jax(queries, keys, identity), **SINGLE)


def test_agrees_with_a_slow_loop(parts):
    queries, keys, values = (part[1] for part in parts)
    for query, result in zip(queries, scaled_dot_product_attention(queries, keys, values), strict=True):
        raw = [np.exp(sum(q * k for q, k in zip(query, key, strict=True)) / 3**0.5) for key in keys]
        assert_allclose(result, sum(w * value for w, value in zip(raw, values, strict=True)) / sum(raw), rtol=1e-12)


def test_keys_without_leading_axes_serve_all_queries(parts):
    queries, keys, values = parts
    expected = [scaled_dot_product_attention(one, keys[0], values[0]) for one in queries]
    assert_array_equal(scaled_dot_product_attention(queries, keys[0], values[0]), expected)


def test_the_order_of_keys_does_not_matter_and_the_order_of_queries_carries_over(parts, rng):
    queries, keys, values = (part[0] for part in parts)
    result = scaled_dot_product_attention(queries, keys, values)
    order = rng.permutation(7)
    assert_allclose(scaled_dot_product_attention(queries, keys[order], values[order]), result, rtol=1e-12)
    order = rng.permutation(5)
    assert_allclose(scaled_dot_product_attention(queries[order], keys, values), result[order], rtol=1e-12)


def test_huge_scores_do_not_overflow():
    weights = attention_weights([[1e200]], [[1e100], [1e100], [-1e100]])
    assert_array_equal(weights, [[0.5, 0.5, 0]])


def test_low_precision_is_widened():
    small = np.array([[100.0]], dtype=np.float16)
    assert scaled_dot_product_attention(small * 100, small, small).dtype == np.float64
    assert_array_equal(scaled_dot_product_attention(np.uint8([[255]]), np.uint8([[255]]), np.uint8([[3]])), [[3]])


@pytest.mark.parametrize(("n_heads", "masked"), [(1, False), (2, True), (3, False), (6, True)])
def test_heads_agree_with_jax(rng, n_heads, masked):
    n, d_model, width = 5, 8, 6
    x = rng.standard_normal((n, d_model))
    projections = rng.standard_normal((3, d_model, width))
    w_output = rng.standard_normal((width, 4))
    allowed = some_allowed(rng, n, n) if masked else None
    result = multi_head_attention(x, *projections, w_output, n_heads, allowed)
    with jax.enable_x64(True):
        split = [(x @ w).reshape(1, n, n_heads, width // n_heads) for w in projections]
        mask = allowed[None, None] if masked else None
        heads = jax.nn.dot_product_attention(*split, mask=mask)
        expected = np.asarray(heads).reshape(n, width) @ w_output
    assert_allclose(result, expected, rtol=2e-5, atol=1e-5)


def test_heads_agree_with_each_head_by_itself(rng):
    """The paper's form: each head has projections of its own, and values may be wider than keys."""
    x, w_query, w_key = (rng.standard_normal(shape) for shape in ((4, 5), (5, 6), (5, 6)))
    w_value, w_output = rng.standard_normal((5, 9)), rng.standard_normal((9, 2))
    expected = 0
    for head in range(3):
        q, k = (x @ w[:, 2 * head : 2 * head + 2] for w in (w_query, w_key))
        v = x @ w_value[:, 3 * head : 3 * head + 3]
        expected = expected + by_jax_wide(q, k, v) @ w_output[3 * head : 3 * head + 3]
    assert_allclose(multi_head_attention(x, w_query, w_key, w_value, w_output, 3), expected, rtol=1e-11)
    assert_array_equal(
        multi_head_attention(x, w_query, w_key, w_value, w_output, 3.0),
        multi_head_attention(x, w_query, w_key, w_value, w_output, 3),
    )


def by_jax_wide(q, k, v):
    with jax.enable_x64(True):
        return np.asarray(jax.nn.softmax(q @ k.T / np.sqrt(q.shape[1]), axis=-1)) @ v


def test_reordering_the_positions_reorders_the_output(rng):
    x = rng.standard_normal((6, 4))
    weights = rng.standard_normal((4, 4, 4))
    order = rng.permutation(6)
    assert_allclose(
        multi_head_attention(x[order], *weights, 2), multi_head_attention(x, *weights, 2)[order], rtol=1e-11
    )


def ones(*shapes):
    return [np.ones(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (attention_weights, ones((2,), (3, 2)), "queries has shape (2,); pass a matrix that is not empty"),
        (attention_weights, ones((2, 2), (0, 2)), "keys has shape (0, 2); pass a matrix that is not empty"),
        (attention_weights, ones((2, 2), (5, 3)), "queries of width 2 and keys of width 3 do not fit; make both with"),
        (attention_weights, [[[1, INF]], [[1, 2]]], "queries holds NaN or infinity; pass finite numbers, and mask"),
        (attention_weights, [[[1, 2]], [[1, -INF]]], "keys holds NaN or infinity"),
        (
            attention_weights,
            [*ones((2, 4), (3, 4)), np.ones((2, 3))],
            "allowed has type float64 and shape (2, 3); pass booleans of shape (2, 3), True where a query may look",
        ),
        (
            attention_weights,
            [*ones((2, 4), (3, 4)), np.ones((3, 2), dtype=bool)],
            "allowed has type bool and shape (3, 2); pass booleans of shape (2, 3)",
        ),
        (attention_weights, [*ones((2, 4), (1, 4)), [[True], [False]]], "every position is masked"),
        (
            attention_weights,
            ones((2, 5, 4), (3, 6, 4)),
            "leading axes (2,) of queries and (3,) of keys do not fit; make them equal, or 1 where one is shared",
        ),
        (
            scaled_dot_product_attention,
            ones((2, 5, 4), (1, 6, 4), (3, 6, 7)),
            "leading axes (2,) of weights and (3,) of values do not fit",
        ),
        (scaled_dot_product_attention, ones((2, 4), (3, 4), (3,)), "values has shape (3,)"),
        (
            scaled_dot_product_attention,
            ones((2, 4), (3, 4), (2, 4)),
            "3 keys but 2 values; pass one value for each key",
        ),
        (scaled_dot_product_attention, [[[1.0]], [[1.0]], [[float("nan")]]], "values holds NaN or infinity"),
        (
            multi_head_attention,
            [*ones((3, 4), (4, 2), (4, 2), (5, 2), (2, 4)), 2],
            "x and the projections have shapes [(3, 4), (4, 2), (4, 2), (5, 2), (2, 4)]; pass (n, d_model), three",
        ),
        (multi_head_attention, [*ones((3, 4), (5, 2), (4, 2), (4, 2), (2, 4)), 2], "x and the projections have"),
        (multi_head_attention, [*ones((3, 4), (4, 2), (5, 2), (4, 2), (2, 4)), 2], "x and the projections have"),
        (multi_head_attention, [*ones((3, 4), (4, 2), (4, 2), (4, 2), (3, 4)), 2], "x and the projections have"),
        (multi_head_attention, [*ones((1, 3, 4), (4, 2), (4, 2), (4, 2), (2, 4)), 2], "x and the projections have"),
        (multi_head_attention, [*ones((3, 4), (4, 2), (4, 2), (4, 2), (1, 2, 4)), 2], "x and the projections have"),
        (
            multi_head_attention,
            [*ones((3, 4), (4, 6), (4, 6), (4, 4), (4, 4)), 3],
            "3 heads cannot share widths [6, 6, 4]",
        ),
        (multi_head_attention, [*ones((3, 4), (4, 4), (4, 6), (4, 6), (6, 4)), 3], "pass a count that divides them"),
        (multi_head_attention, [*ones((3, 4), (4, 2), (4, 2), (4, 2), (2, 4)), 0], "0 heads cannot share"),
        (multi_head_attention, [*ones((3, 4), (4, 3), (4, 3), (4, 3), (3, 4)), 1.5], "1.5 heads cannot share"),
        (multi_head_attention, [*ones((3, 4), (4, 3), (4, 3), (4, 3), (3, 4)), -1], "-1 heads cannot share"),
        (
            multi_head_attention,
            [*ones((3, 4), (4, 4), (4, 2), (4, 2), (2, 4)), 2],
            "queries of width 2 and keys of width 1",
        ),
    ],
)
def test_refuses_what_has_no_answer(call, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(*arguments)


def test_leaves_its_input_alone(parts, rng):
    allowed = some_allowed(rng, 5, 7)
    before = [part.copy() for part in (*parts, allowed)]
    scaled_dot_product_attention(*parts, allowed)
    for part, copy in zip((*parts, allowed), before, strict=True):
        assert_array_equal(part, copy)
