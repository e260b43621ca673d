"""SwiGLU against JAX, exact decimals, its limits, and the widths of published models."""

import math
import re
from decimal import Decimal, getcontext

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

from code_examples.architectures.swiglu import gated_width, swiglu_feed_forward, swish

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)
getcontext().prec = 50


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def layer(rng, d_model=3, d_ff=5, d_out=4):
    return [rng.standard_normal(shape) for shape in ((d_model, d_ff), (d_model, d_ff), (d_ff, d_out))]


# --- swish -------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0, 0.5, 1, 1.702, 20])
def test_swish_agrees_with_fifty_digits(beta):
    for x in (-700.0, -30.5, -1, -1e-9, 0, 1e-9, 0.3, 2, 40, 700):
        exact = Decimal(x) / (1 + (-Decimal(beta) * Decimal(x)).exp())
        assert_allclose(swish(x, beta), float(exact), rtol=1e-13, atol=1e-300)


def test_swish_agrees_with_jax(rng):
    x = rng.standard_normal((3, 4)) * 5
    assert_allclose(swish(x), jax.nn.silu(x), rtol=1e-12)


def test_swish_has_its_limits_and_its_minimum():
    x = np.array([-3, -0.5, 0, 0.5, 3])
    assert_array_equal(swish(x, 0), x / 2)
    assert_allclose(swish(x, 1e4), np.maximum(x, 0), atol=1e-12)
    found = minimize_scalar(swish, bounds=(-5, 0), method="bounded", options={"xatol": 1e-10})
    assert round(found.x, 4) == -1.2785
    assert_allclose(found.fun, found.x + 1, atol=1e-8)


def test_swish_is_safe_at_the_ends_of_float64():
    with np.errstate(all="raise", under="ignore"):
        assert swish([1e308, -1e308], 10).tolist() == [1e308, 0]
    assert swish(-1).dtype == np.float64


@pytest.mark.parametrize("beta", [0.25, 1.702, 6])
def test_beta_can_be_moved_outside(beta, rng):
    x = rng.standard_normal(20)
    assert_allclose(swish(x, beta), swish(beta * x) / beta, rtol=1e-12)


# --- the layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0, 1, 2.5])
def test_the_layer_agrees_with_jax_position_by_position(beta, rng):
    gate, up, down = layer(rng)
    x = rng.standard_normal((2, 6, 3))

    def one_position(row):
        opened = gate.T @ row
        return down.T @ (opened * jax.nn.sigmoid(beta * opened) * (up.T @ row))

    expected = jax.vmap(jax.vmap(one_position))(x)
    assert_allclose(swiglu_feed_forward(x, gate, up, down, beta), expected, rtol=1e-11, atol=1e-13)


def test_the_default_is_beta_one(rng):
    gate, up, down = layer(rng)
    x = rng.standard_normal((6, 3))
    assert_array_equal(swiglu_feed_forward(x, gate, up, down), swiglu_feed_forward(x, gate, up, down, 1))
    hidden = np.asarray(jax.nn.silu(x @ gate))
    assert_allclose(swiglu_feed_forward(x, gate, up, down), (hidden * (x @ up)) @ down, rtol=1e-11)


def test_gate_and_up_are_told_apart(rng):
    gate, up, down = layer(rng)
    x = rng.standard_normal((6, 3))
    assert np.abs(swiglu_feed_forward(x, gate, up, down) - swiglu_feed_forward(x, up, gate, down)).max() > 0.1
    doubled = swiglu_feed_forward(x, gate, 2 * up, down)
    assert_allclose(doubled, 2 * swiglu_feed_forward(x, gate, up, down), rtol=1e-12)


def test_takes_one_unit_and_no_positions(rng):
    assert_allclose(swiglu_feed_forward([2], [[1]], [[3]], [[5]]), [2 / (1 + math.exp(-2)) * 6 * 5])
    assert swiglu_feed_forward(np.ones((0, 3)), *layer(rng)).shape == (0, 4)


@pytest.mark.parametrize(
    ("place", "shape"),
    [(1, (3, 6)), (1, (4, 5)), (1, (3,)), (2, (4, 5)), (2, (5,)), (3, (6, 4)), (3, (5,)), (3, (1, 5, 4))],
)
def test_refuses_weights_that_do_not_fit(place, shape):
    parts = [np.ones(one) for one in ((2, 3), (3, 5), (3, 5), (5, 4))]
    parts[place] = np.ones(shape)
    shapes = tuple(part.shape for part in parts[1:])
    message = re.escape(f"weights have shapes {shapes}; pass (d_model, d_ff) twice and (d_ff, d_out)")
    with pytest.raises(ValueError, match=message):
        swiglu_feed_forward(*parts)


@pytest.mark.parametrize("shape", [(2,), (3, 4), ()])
def test_refuses_inputs_of_another_width(shape, rng):
    message = re.escape(f"x has shape {shape}; pass (..., 3), one number for each row of w_gate")
    with pytest.raises(ValueError, match=message):
        swiglu_feed_forward(np.ones(shape), *layer(rng))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_not_finite(wrong, rng):
    message = "a number is not finite; look for what made NaN or infinity first"
    with pytest.raises(ValueError, match=message):
        swish([0, wrong])
    for place in range(4):
        parts = [rng.standard_normal((2, 3)), *layer(rng)]
        parts[place][..., -1] = wrong
        with pytest.raises(ValueError, match=message):
            swiglu_feed_forward(*parts)


@pytest.mark.parametrize("beta", [-1, -1e-300, math.inf, math.nan])
def test_refuses_a_beta_that_is_none(beta, rng):
    message = re.escape(f"beta is {beta}; pass a finite number of at least 0")
    for call in (lambda: swish(1, beta), lambda: swiglu_feed_forward(np.ones((1, 3)), *layer(rng), beta)):
        with pytest.raises(ValueError, match=message):
            call()


def test_leaves_its_inputs_alone(rng):
    parts = [rng.standard_normal((2, 3)), *layer(rng)]
    before = [part.copy() for part in parts]
    swiglu_feed_forward(*parts)
    swish(parts[0])
    for part, old in zip(parts, before, strict=True):
        assert_array_equal(part, old)


# --- the width ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("d_model", "width"), [(4096, 11008), (5120, 13824), (6656, 17920), (8192, 22016)])
def test_widths_are_those_of_llama(d_model, width):
    assert gated_width(4 * d_model, 256) == width


def test_widths_are_the_least_multiples_that_reach_two_thirds():
    for d_ff in range(2, 60):
        for multiple in range(1, 9):
            width = gated_width(d_ff, multiple)
            enough = [n for n in range(multiple, 100, multiple) if 3 * n >= 2 * d_ff - 2]
            assert width == enough[0]
            assert type(width) is int
    assert gated_width(3.0) == 2
    assert type(gated_width(np.float64(30), np.int64(7))) is int


@pytest.mark.parametrize("wrong", [0, 1, -3, 2.5, math.inf, math.nan])
def test_refuses_a_width_that_is_none(wrong):
    with pytest.raises(ValueError, match=re.escape(f"d_ff is {wrong}; pass an integer of at least 2")):
        gated_width(wrong)


@pytest.mark.parametrize("wrong", [0, -3, 2.5, math.inf, math.nan])
def test_refuses_a_multiple_that_is_none(wrong):
    with pytest.raises(ValueError, match=re.escape(f"multiple is {wrong}; pass an integer of at least 1")):
        gated_width(30, wrong)
