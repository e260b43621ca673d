import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.causal_mask import causal_mask
from code_examples.architectures.self_attention import scaled_dot_product_attention


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33])
def test_allows_what_is_not_later(n):
    assert_array_equal(causal_mask(n), [[key <= query for key in range(n)] for query in range(n)])
    assert causal_mask(n).dtype == bool
    assert causal_mask(n).sum() == n * (n + 1) // 2


def test_gives_what_jax_calls_causal():
    queries, keys, values = np.random.default_rng(0).standard_normal((3, 6, 4))
    with jax.enable_x64(True):
        lifted = [part[None, :, None] for part in (queries, keys, values)]
        expected = jax.nn.dot_product_attention(*lifted, is_causal=True)[0, :, 0]
    # JAX takes the softmax in single precision
    assert_allclose(scaled_dot_product_attention(queries, keys, values, causal_mask(6)), expected, rtol=2e-5, atol=1e-6)


def test_no_output_depends_on_a_later_input():
    """The Jacobian by automatic differentiation is zero exactly where the mask is."""
    x = np.random.default_rng(1).standard_normal((5, 3))
    mask = causal_mask(5)

    def attend(x):
        lifted = x[None, :, None]
        return jax.nn.dot_product_attention(lifted, lifted, lifted, mask=mask[None, None])[0, :, 0]

    with jax.enable_x64(True):
        moves = np.abs(jax.jacobian(attend)(x)).max(axis=(1, 3))
    assert_array_equal(moves > 0, np.tri(5, dtype=bool))


@pytest.mark.parametrize("n", [0, -1, 0.5, 2.5, float("nan"), float("inf")])
def test_refuses_a_length_that_is_none(n):
    with pytest.raises(ValueError, match=rf"^n is {n}; pass an integer of at least 1$"):
        causal_mask(n)


def test_takes_any_kind_of_integer():
    assert_array_equal(causal_mask(np.int64(3)), causal_mask(3.0))
