"""QLoRA against SciPy's quantiles, the published code book, loops over blocks and automatic differentiation."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from code_examples.adaptation.qlora import (
    INT8_LEVELS,
    backpropagate,
    nf4_levels,
    quantize_scales,
    read_base,
    training_memory,
)
from code_examples.adaptation.quantization import NF4_LEVELS, bits_per_weight, quantize_blockwise

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- levels ------------------------------------------------------------------------------------


def test_levels_are_the_published_ones():
    levels = nf4_levels()
    assert levels.shape == (16,)
    assert levels.dtype == np.float64
    assert_allclose(levels, NF4_LEVELS, atol=2e-7, rtol=0)  # Appendix E of the paper, in float32
    assert_array_equal(levels[[0, 7, 15]], [-1, 0, 1])


def test_levels_are_quantiles_by_scipy():
    """As bitsandbytes 0.50.2 computes them: create_normal_map(offset=0.9677083)."""
    above = norm.ppf(np.linspace(0.9677083, 0.5, 9)[:-1])
    below = -norm.ppf(np.linspace(0.9677083, 0.5, 8)[:-1])
    expected = np.sort([*above, 0, *below])
    assert_allclose(nf4_levels(), expected / expected.max(), atol=1e-7, rtol=0)


def test_steps_of_probability_are_even_on_either_side():
    edge = norm.ppf(1 - (1 / 30 + 1 / 32) / 2)
    steps = np.diff(norm.cdf(nf4_levels() * edge))
    assert_allclose(steps[:7], steps[0], rtol=1e-9)
    assert_allclose(steps[7:], steps[-1], rtol=1e-9)
    assert_allclose(steps[0] * 7, steps[-1] * 8)


# --- scales of scales --------------------------------------------------------------------------


def test_scales_are_coded_block_by_block(rng):
    scales = rng.uniform(2, 5, 12)
    kept = scales.copy()
    codes, second, mean = quantize_scales(scales, block_size=4)
    assert codes.dtype == np.uint8
    assert codes.shape == (12,)
    assert second.shape == (3,)
    assert type(mean) is float
    assert mean == pytest.approx(math.fsum(scales) / 12)
    for block in range(3):
        part = scales[4 * block : 4 * block + 4] - mean
        reach = max(abs(value) for value in part)
        assert second[block] == pytest.approx(reach)
        expected = [127 + round(127 * value / reach) for value in part]
        assert codes[4 * block : 4 * block + 4].tolist() == expected
    assert_array_equal(scales, kept)


def test_by_default_256_scales_share_one():
    assert quantize_scales(np.arange(512.0))[1].shape == (2,)
    assert_array_equal(INT8_LEVELS, np.array(range(-127, 128)) / 127)


@pytest.mark.parametrize("scales", [3.0, [], [[1.0, 2.0]]])
def test_refuses_scales_that_are_no_row(scales):
    with pytest.raises(ValueError, match=re.escape(f"scales have shape {np.shape(scales)}; pass one row of them")):
        quantize_scales(scales, 1)


def test_refuses_what_quantization_refuses():
    with pytest.raises(ValueError, match="do not divide into blocks of 2"):
        quantize_scales([1.0, 2.0, 3.0], 2)
    with pytest.raises(ValueError, match="must be finite"):
        quantize_scales([1.0, math.nan], 2)
    with pytest.raises(ValueError, match="mean is nan; pass it as quantize_scales returned it"):
        read_base([[0, 7]], *quantize_scales([1.0], 1)[:2], math.nan)
    with pytest.raises(ValueError, match="do not divide into one block"):
        read_base([[0, 1, 2]], *quantize_scales([1.0, 3.0], 2))


# --- the base ----------------------------------------------------------------------------------


def test_the_base_is_level_times_scale(rng):
    weight = rng.normal(size=(6, 8))
    codes, scales = quantize_blockwise(weight, NF4_LEVELS, 4)
    packed = quantize_scales(scales, 6)
    base = read_base(codes, *packed)
    assert base.shape == (6, 8)
    scale_codes, second, mean = packed
    for place, code in enumerate(codes.ravel()):
        block = place // 4
        scale = mean + second[block // 6] * (int(scale_codes[block]) - 127) / 127
        assert base.ravel()[place] == pytest.approx(NF4_LEVELS[code] * scale, abs=1e-6)
    assert_allclose(base, weight, atol=0.16 * scales.max())  # half the widest gap


def test_coding_the_scales_costs_almost_no_accuracy(rng):
    weight = rng.normal(size=(128, 256))
    codes, scales = quantize_blockwise(weight, NF4_LEVELS, 64)
    plain = np.array(NF4_LEVELS)[codes] * np.repeat(scales, 64).reshape(128, 256)
    errors = [np.sqrt(np.mean((base - weight) ** 2)) for base in (plain, read_base(codes, *quantize_scales(scales)))]
    assert 0.08 < errors[0] < 0.1
    assert errors[1] < 1.001 * errors[0]


# --- gradients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [None, 0.5])
def test_gradients_agree_with_automatic_differentiation(scale, rng):
    base, b, a = rng.normal(size=(5, 7)), rng.normal(size=(5, 3)), rng.normal(size=(3, 7))
    inputs, target = rng.normal(size=(4, 7)), rng.normal(size=(4, 5))
    factor = 1.0 if scale is None else scale

    def loss(inputs, b, a):
        return jnp.sum((inputs @ (base + factor * b @ a).T - target) ** 3)

    output_gradient = 3 * (inputs @ (base + factor * b @ a).T - target) ** 2
    kept = [array.copy() for array in (inputs, output_gradient, base, b, a)]
    arrays = (inputs, output_gradient, base, b, a)
    ours = backpropagate(*arrays) if scale is None else backpropagate(*arrays, scale)
    for mine, theirs in zip(ours, jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(inputs, b, a), strict=True):
        assert_allclose(mine, theirs, rtol=1e-9)
    for array, before in zip(arrays, kept, strict=True):
        assert_array_equal(array, before)


@pytest.mark.parametrize("place", range(5))
def test_refuses_shapes_that_do_not_fit(place):
    shapes = [(4, 7), (4, 5), (5, 7), (5, 3), (3, 7)]
    for wrong in ((shapes[place][0] + 1, shapes[place][1]), (shapes[place][0], shapes[place][1] + 1)):
        some = tuple(wrong if k == place else shape for k, shape in enumerate(shapes))
        message = f"shapes are {some}; pass (n, d_in), (n, d_out), (d_out, d_in), (d_out, rank), (rank, d_in)"
        with pytest.raises(ValueError, match=re.escape(message)):
            backpropagate(*(np.ones(shape) for shape in some))
    with pytest.raises(ValueError, match="pass five matrices"):
        backpropagate(*(np.ones(shape[: 1 + (k != place)]) for k, shape in enumerate(shapes)))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_refuses_entries_that_are_not_finite(wrong):
    arrays = [np.ones((1, 1)) for _ in range(5)]
    for place in range(5):
        with pytest.raises(ValueError, match="an entry is not finite"):
            backpropagate(*(array * (wrong if k == place else 1) for k, array in enumerate(arrays)))
    with pytest.raises(ValueError, match="an entry is not finite"):
        backpropagate(*arrays, wrong)
    with pytest.raises(ValueError, match=re.escape("scale has shape (2,); pass one number")):
        backpropagate(*arrays, [1.0, 2.0])


# --- memory ------------------------------------------------------------------------------------


def test_memory_agrees_with_the_papers_figures():
    full = training_memory(0, 16, 65e9)
    assert sum(full.values()) == 780e9  # section 1 of the paper
    assert list(full) == ["frozen", "trained", "gradients", "moments"]
    saved = [training_memory(65e9, bits, 0)["frozen"] for bits in (4.5, bits_per_weight(4, 64, 8, second_block=256))]
    assert round((saved[0] - saved[1]) / 1e9, 1) == 3.0  # "approximately 3 GB for a 65B model", section 3
    assert training_memory(0, 1, 3) == {"frozen": 0, "trained": 6, "gradients": 6, "moments": 24}


@pytest.mark.parametrize(
    "some",
    [
        (-1, 4, 0),
        (0, 4, -1),
        (1, 0, 1),
        (1, -4, 1),
        (1, math.inf, 1),
        (1, math.nan, 1),
        (math.nan, 4, 1),
        (1, 4, math.nan),
        (math.inf, 4, 1),
        (1, 4, math.inf),
    ],
)
def test_refuses_counts_that_are_none(some):
    with pytest.raises(ValueError, match="pass counts of at least 0, and frozen_bits above 0"):
        training_memory(*some)
