"""The KV cache against JAX's attention, recomputation, and sizes that were published."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.serving.kv_cache import attend_with_cache, cache_bytes_per_token, empty_cache

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


def weights(rng, n_heads, n_kv_heads, d_head, d_model):
    kv = (d_model, n_kv_heads * d_head)
    shapes = ((d_model, n_heads * d_head), kv, kv, (n_heads * d_head, d_model))
    return [rng.standard_normal(shape) / d_model**0.5 for shape in shapes]


def by_jax(x, w_query, w_key, w_value, w_output, d_head):
    """Attention with shared heads as JAX computes it, over the whole text."""
    q, k, v = ((jnp.asarray(x) @ w).reshape(1, len(x), -1, d_head) for w in (w_query, w_key, w_value))
    return jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(len(x), -1) @ w_output


@pytest.mark.parametrize(("n_heads", "n_kv_heads"), [(1, 1), (6, 6), (6, 2), (6, 3), (6, 1)])
@pytest.mark.parametrize("pieces", [[1] * 7, [7], [3, 4], [4, 1, 2]])
def test_agrees_with_jax_however_the_text_is_cut(n_heads, n_kv_heads, pieces):
    rng = np.random.default_rng(n_heads + 10 * n_kv_heads)
    parts = weights(rng, n_heads, n_kv_heads, 5, 8)
    x = 3 * rng.standard_normal((7, 8))
    cache, rows, start = empty_cache(n_kv_heads, 5), [], 0
    for size in pieces:
        output, cache = attend_with_cache(x[start : start + size], cache, *parts)
        rows, start = [*rows, *output], start + size
    assert_allclose(rows, by_jax(x, *parts, 5), rtol=0, atol=1e-5)  # JAX takes its softmax in float32
    assert_allclose(rows, attend_with_cache(x, empty_cache(n_kv_heads, 5), *parts)[0], rtol=0, atol=1e-12)
    keys, values = cache
    assert keys.shape == values.shape == (n_kv_heads, 7, 5)
    assert_allclose(keys[-1], x @ parts[1][:, -5:], atol=1e-12)
    assert_allclose(values[0], x @ parts[2][:, :5], atol=1e-12)


def test_a_single_token_returns_its_own_value():
    rng = np.random.default_rng(1)
    parts = weights(rng, 4, 2, 3, 6)
    x = rng.standard_normal((1, 6))
    output, _ = attend_with_cache(x, empty_cache(2, 3), *parts)
    value = (x @ parts[2]).reshape(2, 3).repeat(2, axis=0).reshape(1, 12)
    assert_allclose(output, value @ parts[3], atol=1e-12)


def test_two_continuations_may_share_a_prefix():
    rng = np.random.default_rng(2)
    parts = weights(rng, 4, 2, 3, 6)
    prefix, one, other = rng.standard_normal((3, 5, 6))
    _, cache = attend_with_cache(prefix, empty_cache(2, 3), *parts)
    before = [part.copy() for part in cache]
    for tail in (one, other):
        rows = attend_with_cache(tail, cache, *parts)[0]
        assert_allclose(rows, by_jax(np.concatenate([prefix, tail]), *parts, 3)[5:], atol=1e-5)
    for part, copy in zip(cache, before, strict=True):
        assert_array_equal(part, copy)


def test_an_empty_cache_holds_nothing():
    keys, values = empty_cache(3, 7)
    assert keys.shape == values.shape == (3, 0, 7)
    assert keys.dtype == values.dtype == np.float64


@pytest.mark.parametrize(
    ("sizes", "kib"),
    [((32, 32, 128), 512), ((32, 8, 128), 128), ((80, 8, 128), 320), ((18, 1, 256), 18)],
)
def test_sizes_of_real_models(sizes, kib):
    assert cache_bytes_per_token(*sizes) == kib * 1024
    assert cache_bytes_per_token(*sizes, bits=8) == kib * 512


def test_bytes_are_those_of_arrays_of_that_size():
    n_layers, n_kv_heads, d_head = 3, 2, 5
    cached = [np.zeros((2, n_kv_heads, 1, d_head), dtype=np.float16) for _ in range(n_layers)]
    size = cache_bytes_per_token(n_layers, n_kv_heads, d_head)
    assert size == sum(part.nbytes for part in cached)
    assert type(size) is float
    assert cache_bytes_per_token(n_layers, n_kv_heads, d_head, bits=0.5) == size / 32


@pytest.mark.parametrize("shape", [(4,), (0, 4), (1, 1, 4)])
def test_refuses_what_is_no_row_of_tokens(shape):
    message = f"x has shape {shape}; pass (n_new, d_model) with at least one new token"
    with pytest.raises(ValueError, match=re.escape(message)):
        attend_with_cache(np.ones(shape), empty_cache(1, 4), *[np.eye(4)] * 4)


@pytest.mark.parametrize(("place", "name"), [(1, "w_key"), (2, "w_value")])
@pytest.mark.parametrize("shape", [(4, 8), (4, 3), (5, 6), (6,)])
def test_refuses_projections_that_do_not_fit_the_cache(place, name, shape):
    parts = [np.ones((4, 6)), np.ones((4, 6)), np.ones((4, 6)), np.ones((6, 4))]
    parts[place] = np.ones(shape)
    with pytest.raises(ValueError, match=re.escape(f"{name} has shape {shape}; with this cache, pass (4, 6)")):
        attend_with_cache(np.ones((1, 4)), empty_cache(2, 3), *parts)


def test_refuses_heads_that_cannot_be_shared():
    wide = np.ones((4, 6)), np.ones((4, 4)), np.ones((4, 4)), np.ones((6, 4))
    with pytest.raises(ValueError, match=re.escape("3 query heads cannot share 2 key-value heads; pass a multiple")):
        attend_with_cache(np.ones((1, 4)), empty_cache(2, 2), *wide)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-1, 2)])
def test_refuses_an_empty_head(sizes):
    message = f"n_kv_heads is {sizes[0]} and d_head {sizes[1]}; pass at least 1 for both"
    with pytest.raises(ValueError, match=re.escape(message)):
        empty_cache(*sizes)


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_refuses_sizes_below_one(sizes):
    message = f"sizes are {sizes[0]}, {sizes[1]} and {sizes[2]}; pass at least 1 for each"
    with pytest.raises(ValueError, match=re.escape(message)):
        cache_bytes_per_token(*sizes)


@pytest.mark.parametrize("bits", [0, -8, float("nan")])
def test_refuses_no_bits(bits):
    with pytest.raises(ValueError, match=re.escape(f"bits is {bits}; pass a number above 0")):
        cache_bytes_per_token(1, 1, 1, bits)


def test_leaves_its_input_alone():
    rng = np.random.default_rng(3)
    x, parts = rng.standard_normal((2, 6)), weights(rng, 2, 1, 3, 6)
    before = [part.copy() for part in (x, *parts)]
    attend_with_cache(x, empty_cache(1, 3), *parts)
    for part, copy in zip((x, *parts), before, strict=True):
        assert_array_equal(part, copy)
