"""Positions against matrix exponentials, complex numbers in JAX, published wavelengths, and what they must keep."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import block_diag, expm

from code_examples.architectures.positional_encoding import frequencies, rotate, sinusoidal_encoding

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def generator(d, base):
    """The matrix whose exponential, times a position, is the rotation."""
    quarter = np.array([[0.0, -1], [1, 0]])
    return block_diag(*(base ** (-2 * i / d) * quarter for i in range(d // 2)))


# --- frequencies -------------------------------------------------------------------------------


def test_wavelengths_run_from_two_pi_as_published():
    turns = 2 * math.pi / frequencies(512)
    assert turns[0] == 2 * math.pi
    assert_allclose(turns[1:] / turns[:-1], 10_000 ** (1 / 256))
    assert turns[-1] < 10_000 * 2 * math.pi < turns[-1] * 10_000 ** (1 / 256) * (1 + 1e-9)


def test_the_default_base_is_that_of_the_papers():
    assert_array_equal(frequencies(6), frequencies(6, 10_000))
    assert_allclose(frequencies(4, base=49), [1, 1 / 7])
    assert_allclose(frequencies(np.int64(8), np.float64(16)), [1, 0.5, 0.25, 0.125])


# --- waves -------------------------------------------------------------------------------------


def test_waves_are_the_parts_of_complex_exponentials():
    positions = np.array([0, 1, 2.5, 17, 4095])
    rates = jnp.power(10_000.0, -jnp.arange(5) / 5)
    spun = jnp.exp(1j * jnp.outer(positions, rates))
    got = sinusoidal_encoding(positions, 10)
    assert got.shape == (5, 10)
    assert_allclose(got[:, 0::2], spun.imag, rtol=1e-9, atol=1e-9)
    assert_allclose(got[:, 1::2], spun.real, rtol=1e-9, atol=1e-9)


def test_a_shift_is_one_linear_map_at_all_positions():
    positions = np.arange(40)
    waves, later = (sinusoidal_encoding(positions + shift, 6, base=50) for shift in (0, 3))
    found = np.linalg.lstsq(waves, later, rcond=None)[0]
    assert_allclose(waves @ found, later, atol=1e-9)


def test_no_positions_give_no_rows():
    assert sinusoidal_encoding([], 4).shape == (0, 4)
    assert rotate(np.zeros((0, 2)), []).shape == (0, 2)


# --- rotation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [2, 50, 10_000])
def test_rotation_is_the_exponential_of_its_generator(base, rng):
    x = rng.standard_normal((4, 6))
    positions = [0, 1, 7, -2.5]
    expected = [expm(t * generator(6, base)) @ row for t, row in zip(positions, x, strict=True)]
    assert_allclose(rotate(x, positions, base), expected, rtol=1e-9, atol=1e-12)


def test_the_default_base_of_the_rotation():
    assert_allclose(rotate([[1, 0, 1, 0]], [5])[0], [math.cos(5), math.sin(5), math.cos(0.05), math.sin(0.05)])
    assert_allclose(sinusoidal_encoding([5], 4)[0], [math.sin(5), math.cos(5), math.sin(0.05), math.cos(0.05)])


def test_products_depend_on_the_distance_alone_and_lengths_stay(rng):
    query, key = rng.standard_normal((2, 8))
    for distance in (0, 3, 40):
        products = []
        for t in (40, 41, 1000):
            turned_query, turned_key = rotate([query, key], [t, t - distance])
            products.append(turned_query @ turned_key)
            assert_allclose(np.linalg.norm(turned_query), np.linalg.norm(query))
        assert_allclose(products, products[0], rtol=1e-9, atol=1e-11)
    turned = rotate([query, key], [3, 0])
    assert abs(turned[0] @ turned[1] - query @ key) > 0.01


def test_rotations_add_up(rng):
    x = rng.standard_normal((2, 5, 8))
    positions = np.array([1, 4, 9, 2, 0])
    twice = rotate(rotate(x, positions), 2 * positions)
    assert_allclose(twice, rotate(x, 3 * positions), rtol=1e-10, atol=1e-12)
    assert_allclose(rotate(rotate(x, positions), -positions), x, rtol=1e-10, atol=1e-12)
    assert_array_equal(rotate(x, np.zeros(5)), x)


def test_leading_axes_are_heads(rng):
    x = rng.standard_normal((3, 5, 4))
    positions = [0, 2, 4, 6, 9]
    assert_array_equal(rotate(x, positions), [rotate(head, positions) for head in x])


def test_leaves_its_inputs_alone(rng):
    x, positions = rng.standard_normal((5, 4)), np.arange(5.0)
    kept = x.copy(), positions.copy()
    rotate(x, positions)
    sinusoidal_encoding(positions, 4)
    assert_array_equal(x, kept[0])
    assert_array_equal(positions, kept[1])


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("d", [0, 1, 3, -2, 2.5, math.inf, math.nan])
def test_refuses_a_width_that_is_not_even(d):
    message = re.escape(f"d is {d}; pass an even integer of at least 2")
    for call in (lambda: frequencies(d), lambda: sinusoidal_encoding([0], d)):
        with pytest.raises(ValueError, match=message):
            call()


def test_refuses_vectors_of_odd_width():
    with pytest.raises(ValueError, match="d is 3; pass an even integer of at least 2"):
        rotate([[1, 2, 3]], [0])


@pytest.mark.parametrize("base", [1, 0.5, 0, -3, math.inf, math.nan])
def test_refuses_a_base_that_is_none(base):
    message = re.escape(f"base is {base}; pass a finite number above 1")
    for call in (
        lambda: frequencies(2, base),
        lambda: sinusoidal_encoding([0], 2, base),
        lambda: rotate([[1, 0]], [0], base),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("positions", [0, [[1, 2]], [math.nan], [1, math.inf]])
def test_refuses_positions_that_are_no_row(positions):
    with pytest.raises(ValueError, match="positions are no row of finite numbers; pass one number for each token"):
        sinusoidal_encoding(positions, 2)


@pytest.mark.parametrize(("shape", "n"), [((2,), 2), ((3, 2), 2), ((2, 3, 2), 2), ((), 1)])
def test_refuses_vectors_without_a_position_each(shape, n):
    message = re.escape(f"x has shape {shape}; pass (..., n, d) and n positions, not {(n,)}")
    with pytest.raises(ValueError, match=message):
        rotate(np.ones(shape), np.arange(n))


@pytest.mark.parametrize("shape", [(2,), ()])
def test_refuses_a_single_vector_with_a_single_position(shape):
    message = re.escape(f"x has shape {shape}; pass (..., n, d) and n positions, not ()")
    with pytest.raises(ValueError, match=message):
        rotate(np.ones(shape), 0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_refuses_entries_that_are_not_finite(wrong):
    with pytest.raises(ValueError, match="an entry of x is not finite; look for what made NaN or infinity first"):
        rotate([[1, wrong]], [0])
    with pytest.raises(ValueError, match="positions are no row of finite numbers"):
        rotate([[1, 2]], [wrong])
