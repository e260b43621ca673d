import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.causal_mask import causal_mask
from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.architectures.sliding_window_attention import window_mask


@pytest.mark.parametrize("n", [1, 2, 5, 9])
@pytest.mark.parametrize("window", [1, 2, 4, 9, 20])
def test_allows_the_last_few(n, window):
    expected = [[query - window < key <= query for key in range(n)] for query in range(n)]
    assert_array_equal(window_mask(n, window), expected)
    assert window_mask(n, window).dtype == bool


def test_gives_what_jax_calls_a_local_window():
    queries, keys, values = np.random.default_rng(0).standard_normal((3, 9, 4))
    with jax.enable_x64(True):
        lifted = [part[None, :, None] for part in (queries, keys, values)]
        # JAX counts the positions to the left and to the right, without the position itself
        expected = jax.nn.dot_product_attention(*lifted, is_causal=True, local_window_size=(2, 0))[0, :, 0]
    # JAX takes the softmax in single precision
    assert_allclose(
        scaled_dot_product_attention(queries, keys, values, window_mask(9, 3)), expected, rtol=2e-5, atol=1e-6
    )


def test_a_window_as_long_as_the_text_is_the_causal_mask():
    assert_array_equal(window_mask(6, 6), causal_mask(6))
    assert_array_equal(window_mask(6, 100), causal_mask(6))
    assert (window_mask(6, 5) != causal_mask(6)).sum() == 1


@pytest.mark.parametrize("window", [0, -1, 0.5, 2.5, float("nan"), float("inf")])
def test_refuses_a_window_that_is_none(window):
    with pytest.raises(ValueError, match=rf"^window is {window}; pass an integer of at least 1$"):
        window_mask(5, window)


def test_refuses_a_length_that_is_none():
    with pytest.raises(ValueError, match=r"^n is 0; pass an integer of at least 1$"):
        window_mask(0, 3)


def test_takes_any_kind_of_integer():
    assert_array_equal(window_mask(np.int64(4), np.int64(2)), window_mask(4.0, 2.0))
