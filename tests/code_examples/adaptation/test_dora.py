"""DoRA against JAX's automatic differentiation, the matrix formed in full, and exact fractions."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.adaptation.dora import apply_dora, dora_gradients, merge_dora, row_lengths

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parts(rng, d_out=5, d_in=7, rank=3):
    shapes = (d_out, d_in), (d_out,), (d_out, rank), (rank, d_in)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("scale", [0.25, 3, -1])
def test_lengths_are_those_of_the_sum(scale, rng):
    weight, _, b, a = parts(rng)
    expected = [math.hypot(*row) for row in weight + scale * b @ a]
    assert_allclose(row_lengths(weight, b, a, scale), expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [0.25, 3])
def test_the_merged_matrix_has_the_magnitude_and_loras_direction(scale, rng):
    weight, magnitude, b, a = parts(rng)
    merged = merge_dora(weight, magnitude, b, a, scale)
    assert_allclose(np.linalg.norm(merged, axis=1), np.abs(magnitude), rtol=1e-12)
    summed = weight + scale * b @ a
    for i in range(5):
        cosine = merged[i] @ summed[i] / np.linalg.norm(merged[i]) / np.linalg.norm(summed[i])
        assert cosine == pytest.approx(np.sign(magnitude[i]))
    inputs = rng.standard_normal((4, 7))
    outputs = apply_dora(inputs, weight, magnitude, b, a, scale)
    assert_allclose(outputs, np.einsum("ij,nj->ni", merged, inputs), rtol=1e-10)


def test_training_starts_at_the_frozen_matrix(rng):
    weight, _, _, a = parts(rng)
    b = np.zeros((5, 3))
    magnitude = row_lengths(weight, b, a)
    assert_allclose(magnitude, np.linalg.norm(weight, axis=1), rtol=1e-12)
    assert_allclose(merge_dora(weight, magnitude, b, a), weight, rtol=1e-12)


def test_the_default_scale_is_one(rng):
    weight, magnitude, b, a = parts(rng)
    inputs, gradient = rng.standard_normal((2, 7)), rng.standard_normal((5, 7))
    assert_array_equal(row_lengths(weight, b, a), row_lengths(weight, b, a, 1))
    assert_array_equal(merge_dora(weight, magnitude, b, a), merge_dora(weight, magnitude, b, a, 1))
    assert_array_equal(apply_dora(inputs, weight, magnitude, b, a), apply_dora(inputs, weight, magnitude, b, a, 1))
    for default, given in zip(
        dora_gradients(gradient, weight, magnitude, b, a),
        dora_gradients(gradient, weight, magnitude, b, a, 1, False),
        strict=True,
    ):
        assert_array_equal(default, given)


@pytest.mark.parametrize("exact", [False, True])
def test_gradients_agree_with_automatic_differentiation(exact, rng):
    weight, magnitude, b, a = parts(rng)
    inputs, target = rng.standard_normal((6, 7)), rng.standard_normal((6, 5))

    def merged(magnitude, b, a):
        summed = weight + 0.5 * b @ a
        lengths = jnp.sqrt((summed**2).sum(axis=1, keepdims=True))
        return magnitude[:, None] * summed / (lengths if exact else jax.lax.stop_gradient(lengths))

    def loss(whole):
        return jnp.sum((inputs @ whole.T - target) ** 3)

    whole = merge_dora(weight, magnitude, b, a, 0.5)
    gradient = 3 * ((inputs @ whole.T - target) ** 2).T @ inputs
    kept = [array.copy() for array in (gradient, weight, magnitude, b, a)]
    found = dora_gradients(gradient, weight, magnitude, b, a, 0.5, exact)
    expected = jax.jit(jax.grad(lambda *some: loss(merged(*some)), argnums=(0, 1, 2)))(magnitude, b, a)
    for ours, theirs in zip(found, expected, strict=True):
        assert_allclose(ours, theirs, rtol=1e-9)
    for array, before in zip((gradient, weight, magnitude, b, a), kept, strict=True):
        assert_array_equal(array, before)


def test_refuses_rows_without_a_direction(rng):
    weight, magnitude, b, a = parts(rng)
    weight[3] = 0
    b[3] = 0
    for call in (
        lambda: row_lengths(weight, b, a),
        lambda: merge_dora(weight, magnitude, b, a),
        lambda: apply_dora(np.ones((1, 7)), weight, magnitude, b, a),
        lambda: dora_gradients(weight, weight, magnitude, b, a),
    ):
        with pytest.raises(ValueError, match="a row has length 0 and so no direction; adapt this matrix by LoRA"):
            call()
    weight[3] = -0.3 * a[1]  # the update takes the row away but for rounding
    b[3] = [0, 0.1, 0]
    with pytest.raises(ValueError, match="a row has length 0"):
        row_lengths(weight, b, a, 3)
    assert row_lengths(weight, b, a, 2)[3] == pytest.approx(0.1 * np.linalg.norm(a[1]))


@pytest.mark.parametrize("shape", [(), (4,), (5, 1), (7,)])
def test_refuses_magnitudes_that_do_not_fit(shape, rng):
    weight, _, b, a = parts(rng)
    message = re.escape(f"magnitude has shape {shape}; pass one number for each row of (5, 7)")
    for call in (
        lambda m: merge_dora(weight, m, b, a),
        lambda m: apply_dora(np.ones((1, 7)), weight, m, b, a),
        lambda m: dora_gradients(weight, weight, m, b, a),
    ):
        with pytest.raises(ValueError, match=message):
            call(np.ones(shape))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_refuses_what_is_not_finite(wrong, rng):
    weight, magnitude, b, a = parts(rng)
    magnitude[2] = wrong
    with pytest.raises(ValueError, match="a magnitude is not finite"):
        merge_dora(weight, magnitude, b, a)
    with pytest.raises(ValueError, match="an entry is not finite"):
        row_lengths(weight * wrong, b, a)
    with pytest.raises(ValueError, match="an entry is not finite"):
        dora_gradients(weight * wrong, weight, np.ones(5), b, a)
    with pytest.raises(ValueError, match="pass one finite number"):
        row_lengths(weight, b, a, wrong)


def test_refuses_shapes_that_do_not_fit(rng):
    weight, magnitude, b, a = parts(rng)
    with pytest.raises(ValueError, match=re.escape("pass (d_out, d_in), (d_out, rank), (rank, d_in)")):
        row_lengths(weight, b[:4], a)
    with pytest.raises(ValueError, match=re.escape("pass (d_out, d_in), (d_out, rank), (rank, d_in)")):
        dora_gradients(weight[:, :6], weight, magnitude, b, a)
    with pytest.raises(ValueError, match=re.escape("inputs have shape (2, 6); pass (n, 7)")):
        apply_dora(np.ones((2, 6)), weight, magnitude, b, a)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_lengths_of_any_size_are_found(size, rng):
    weight, _, b, a = parts(rng)
    assert_allclose(row_lengths(size * weight, size * b, a, 2), size * row_lengths(weight, b, a, 2), rtol=1e-12)
    assert_allclose(row_lengths(size * weight, 0 * b, a), size * np.linalg.norm(weight, axis=1), rtol=1e-12)


def test_takes_integers():
    assert row_lengths([[3, 4]], [[0]], [[1, 1]]).dtype == np.float64
    assert merge_dora([[3, 4]], [1], [[0]], [[1, 1]]).round(12).tolist() == [[0.6, 0.8]]
