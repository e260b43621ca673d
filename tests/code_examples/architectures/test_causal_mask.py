import re

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.causal_mask import causal_mask, influence
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


def test_influence_of_a_linear_layer_is_what_its_matrix_says():
    mix, w = np.array([[1.0, 0, 0.5], [0, -2, 4]]), np.array([[3.0, 1, -1, 0], [1, -5, 2, 0.5]])
    x = np.random.default_rng(2).standard_normal((3, 2))
    step = np.array([1, 2]) @ w  # of every position
    expected = np.abs(mix) * np.abs(step).max()
    assert_allclose(influence(lambda x: mix @ x @ w, x), expected, rtol=1e-12)


def test_influence_is_zero_exactly_where_the_derivative_is():
    """Two masked layers on each other: automatic differentiation finds the same pairs."""
    x, mask = np.random.default_rng(3).standard_normal((5, 3)), causal_mask(5)

    def ours(x):
        for _ in range(2):
            x = x + scaled_dot_product_attention(x, x, x, mask)
        return x

    def theirs(x):
        for _ in range(2):
            scores = jax.numpy.where(mask, x @ x.T / 3**0.5, -jax.numpy.inf)
            x = x + jax.nn.softmax(scores, axis=-1) @ x
        return x

    with jax.enable_x64(True):
        assert_allclose(ours(x), theirs(x), rtol=1e-10)
        slopes = np.abs(jax.jacobian(theirs)(x)).max(axis=(1, 3))
    assert_array_equal(influence(ours, x) > 0, slopes > 0)


def test_influence_sees_through_a_normalization_of_the_mean():
    assert (influence(lambda x: x - x.mean(axis=1, keepdims=True), np.zeros((2, 3))).diagonal() > 0).all()


def test_influence_leaves_its_input_alone_even_if_the_layer_does_not():
    x = np.ones((2, 2))

    def careless(x):
        x *= 2
        return x

    assert_array_equal(influence(careless, x), [[4, 0], [0, 4]])
    assert_array_equal(x, np.ones((2, 2)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 2], "x has shape (2,); pass (n, d), with at least one position"),
        (np.ones((0, 3)), "x has shape (0, 3); pass (n, d), with at least one position"),
        ([[1, float("nan")]], "x holds NaN or infinity; pass finite numbers"),
        ([[1], [float("inf")]], "x holds NaN or infinity; pass finite numbers"),
    ],
)
def test_influence_refuses_what_is_no_sequence(x, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        influence(np.square, x)
