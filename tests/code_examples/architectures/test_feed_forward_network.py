"""The feed-forward layer against exact sums over single units, JAX's layers, and functions with a closed form."""

import math
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.feed_forward_network import feed_forward, relu

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def layer(rng, d_model=3, d_ff=7, d_out=4):
    return [rng.standard_normal(shape) for shape in ((d_model, d_ff), (d_ff,), (d_ff, d_out), (d_out,))]


def by_units(row, w_in, b_in, w_out, b_out):
    """One output vector as a sum over hidden units, in exact fractions."""
    row, w_in, b_in, w_out, b_out = (
        np.vectorize(lambda value: Fraction(float(value)), otypes=[object])(part)
        for part in (row, w_in, b_in, w_out, b_out)
    )
    total = list(b_out)
    for j in range(len(b_in)):
        hidden = sum(row[i] * w_in[i, j] for i in range(len(row))) + b_in[j]
        if hidden > 0:
            total = [old + hidden * weight for old, weight in zip(total, w_out[j], strict=True)]
    return [float(value) for value in total]


def test_relu_agrees_with_jax_and_its_own_definition(rng):
    x = rng.standard_normal((4, 5)) * 100
    assert_array_equal(relu(x), jax.nn.relu(x))
    assert_array_equal(relu(x) - relu(-x), x)
    assert relu([True, False]).dtype == np.float64


def test_outputs_agree_with_exact_sums_over_units(rng):
    parts = layer(rng)
    x = rng.standard_normal((6, 3))
    assert_allclose(feed_forward(x, *parts), [by_units(row, *parts) for row in x], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", [jax.nn.gelu, jax.nn.silu, jnp.tanh, lambda hidden: jnp.maximum(hidden, 0) ** 2])
def test_other_activations_agree_with_jax(activation, rng):
    w_in, b_in, w_out, b_out = layer(rng)
    x = rng.standard_normal((2, 5, 3))

    def one_position(row):
        return w_out.T @ activation(w_in.T @ row + b_in) + b_out

    expected = jax.vmap(jax.vmap(one_position))(x)
    assert_allclose(feed_forward(x, w_in, b_in, w_out, b_out, activation), expected, rtol=1e-10)


def test_positions_do_not_see_each_other(rng):
    parts = layer(rng)
    x = rng.standard_normal((6, 3))
    before = feed_forward(x, *parts)
    order = rng.permutation(6)
    assert_allclose(feed_forward(x[order], *parts), before[order], rtol=1e-13)
    x[4] += 1
    after = feed_forward(x, *parts)
    assert_array_equal(np.abs(after - before).max(axis=1) > 1e-12, np.arange(6) == 4)
    assert_allclose(feed_forward(x[4], *parts), after[4], rtol=1e-13)


def test_without_biases_the_layer_scales_with_its_input(rng):
    w_in, _, w_out, _ = layer(rng)
    x = rng.standard_normal((5, 3))
    once, thrice = (feed_forward(factor * x, w_in, np.zeros(7), w_out, np.zeros(4)) for factor in (1, 3))
    assert_allclose(thrice, 3 * once, rtol=1e-12)


def test_computes_the_distance_and_the_larger_of_two():
    x = np.array([[5, 2], [2, 5], [4, 4], [-1, -3.5]])
    distance = feed_forward(x, [[1, -1], [-1, 1]], [0, 0], [[1], [1]], [0])
    assert_array_equal(distance[:, 0], np.abs(x[:, 0] - x[:, 1]))
    larger = feed_forward(x, [[1, 0, 0], [-1, 1, -1]], [0, 0, 0], [[1], [1], [-1]], [0])
    assert_array_equal(larger[:, 0], x.max(axis=1))


def test_without_an_activation_it_is_one_matrix(rng):
    w_in, b_in, w_out, b_out = layer(rng)
    x = rng.standard_normal((5, 3))
    got = feed_forward(x, w_in, b_in, w_out, b_out, activation=lambda hidden: hidden)
    assert_allclose(got, x @ (w_in @ w_out) + (b_in @ w_out + b_out), rtol=1e-12)


@pytest.mark.parametrize(
    ("place", "shape"),
    [(1, (3, 6)), (1, (3,)), (1, (1, 3, 7)), (2, (8,)), (2, (1, 7)), (3, (6, 4)), (3, (7,)), (4, (3,)), (4, ())],
)
def test_refuses_weights_that_do_not_fit(place, shape):
    parts = [np.ones(one) for one in ((2, 3), (3, 7), (7,), (7, 4), (4,))]
    parts[place] = np.ones(shape)
    shapes = tuple(part.shape for part in parts[1:])
    message = f"weights and biases have shapes {shapes}; pass (d_model, d_ff), (d_ff,), (d_ff, d_out), (d_out,)"
    with pytest.raises(ValueError, match=re.escape(message)):
        feed_forward(*parts)


@pytest.mark.parametrize("shape", [(2,), (2, 4), ()])
def test_refuses_inputs_of_another_width(shape, rng):
    message = re.escape(f"x has shape {shape}; pass (..., 3), one number for each row of w_in")
    with pytest.raises(ValueError, match=message):
        feed_forward(np.ones(shape), *layer(rng))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(5))
def test_refuses_what_is_not_finite(wrong, place, rng):
    parts = [rng.standard_normal((2, 3)), *layer(rng)]
    parts[place][..., -1] = wrong
    with pytest.raises(ValueError, match="a number is not finite; look for what made NaN or infinity first"):
        feed_forward(*parts)


def test_takes_single_units_no_positions_and_integers(rng):
    assert feed_forward([2], [[3]], [4], [[5]], [6]).tolist() == [56]
    assert feed_forward(np.ones((0, 3)), *layer(rng)).shape == (0, 4)
    assert feed_forward(np.ones((1, 1), np.int8), [[1]], [0], [[1]], [0]).dtype == np.float64


def test_leaves_its_inputs_alone(rng):
    parts = [rng.standard_normal((2, 3)), *layer(rng)]
    before = [part.copy() for part in parts]
    feed_forward(*parts)
    relu(parts[0])
    for part, old in zip(parts, before, strict=True):
        assert_array_equal(part, old)
