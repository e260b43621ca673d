"""The rolling buffer against a deque, a window mask, and JAX's local attention."""

import re
from collections import deque

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.architectures.sliding_window_attention import window_mask
from code_examples.serving.rolling_buffer_cache import attend, empty_ring, oldest_first, write

pytestmark = pytest.mark.unit


def run(queries, keys, values, window):
    """Return the outputs of all tokens, and the ring after the last."""
    ring, outputs = empty_ring(window, keys.shape[1]), []
    for query, key, value in zip(queries, keys, values, strict=True):
        ring = write(ring, key, value)
        outputs.append(attend(ring, query))
    return np.array(outputs), ring


@pytest.mark.parametrize("window", [1, 2, 3, 7, 11, 12, 40])
def test_outputs_are_those_of_the_window_mask(window):
    queries, keys, values = np.random.default_rng(window).standard_normal((3, 11, 5))
    outputs, _ = run(queries, keys, values, window)
    expected = scaled_dot_product_attention(queries, keys, values, window_mask(11, window))
    assert_allclose(outputs, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("window", [1, 3, 8])
def test_agrees_with_local_attention_in_jax(window):
    queries, keys, values = np.random.default_rng(window).standard_normal((3, 20, 4))
    outputs, _ = run(queries, keys, values, window)
    shaped = (jnp.asarray(part)[None, :, None] for part in (queries, keys, values))
    expected = jax.nn.dot_product_attention(*shaped, is_causal=True, local_window_size=(window - 1, 0))
    assert_allclose(outputs, expected[0, :, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 7, 8, 9, 13])
def test_holds_what_a_deque_of_that_length_holds(n):
    ring, last = empty_ring(4, 2), deque(maxlen=4)
    for i in range(n):
        ring = write(ring, [i, 10 * i], [-i, i / 2])
        last.append(i)
    keys, values = oldest_first(ring)
    assert ring[2] == n
    assert keys.shape == values.shape == (len(last), 2)
    assert_array_equal(keys, np.reshape([[i, 10 * i] for i in last], (-1, 2)))
    assert_array_equal(values, np.reshape([[-i, i / 2] for i in last], (-1, 2)))


def test_slots_of_ten_tokens_in_a_window_of_four():
    ring = empty_ring(4, 1)
    for i in range(10):
        ring = write(ring, [i], [i + 100])
    assert ring[0].ravel().tolist() == [8, 9, 6, 7]
    assert ring[1].ravel().tolist() == [108, 109, 106, 107]


def test_the_order_of_the_slots_does_not_matter():
    queries, keys, values = np.random.default_rng(5).standard_normal((3, 9, 3))
    outputs, ring = run(queries, keys, values, 4)
    sorted_ring = (*oldest_first(ring), ring[2])
    assert_allclose(attend(sorted_ring, queries[-1]), outputs[-1], rtol=0, atol=1e-12)


def test_an_empty_ring_has_its_size_from_the_start():
    keys, values, n_written = empty_ring(5, 3)
    assert keys.shape == values.shape == (5, 3)
    assert keys.dtype == values.dtype == np.float64
    assert n_written == 0


def test_writing_leaves_the_old_ring_alone():
    old = write(empty_ring(2, 1), [1], [2])
    write(write(old, [3], [4]), [5], [6])
    assert (old[0].tolist(), old[1].tolist(), old[2]) == ([[1], [0]], [[2], [0]], 1)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-2, 3)])
def test_refuses_no_slots(sizes):
    message = f"window is {sizes[0]} and d_head {sizes[1]}; pass at least 1 for both"
    with pytest.raises(ValueError, match=re.escape(message)):
        empty_ring(*sizes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [([1], [1, 2], "key has shape (1,); pass (2,)"), ([1, 2], 3, "value has shape (); pass (2,)")],
)
def test_refuses_another_width(key, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        write(empty_ring(3, 2), key, value)


def test_refuses_to_read_before_writing():
    with pytest.raises(ValueError, match="nothing is written yet; write the token that asks before it attends"):
        attend(empty_ring(3, 2), [1, 2])
