"""Quantization against exact fractions, ONNX's cases, JAX integers and SciPy quantiles."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from code_examples.adaptation.quantization import (
    NF4_LEVELS,
    affine_parameters,
    bits_per_weight,
    dequantize,
    dequantize_blockwise,
    int8_matmul,
    quantize_affine,
    quantize_blockwise,
    quantize_symmetric,
)

pytestmark = pytest.mark.unit

EPS = 1e-12


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def exact_code(value, scale, zero_point, low, high):
    """Return the code by exact rational arithmetic; `round` of a Fraction takes ties to even."""
    return min(max(round(Fraction(float(value)) / Fraction(float(scale))) + zero_point, low), high)


# --- the affine grid ---------------------------------------------------------------------------


def test_quantize_affine_gives_the_values_of_the_onnx_conformance_case():
    # onnx/backend/test/case/node/quantizelinear.py, test_quantizelinear: 3 / 2 is a tie.
    codes = quantize_affine([0, 2, 3, 1000, -254, -1000], scale=2, zero_point=128)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [128, 129, 130, 255, 1, 0]


@pytest.mark.parametrize(
    ("values", "scale", "zero_point"),
    [  # onnx/backend/test/case/node/dynamicquantizelinear.py expects these in its comments
        ([0, 2, -3, -2.5, 1.34, 0.5], 0.0196078438, 153),
        ([-1.0, -2.1, -1.3, -2.5, -3.34, -4.0], 0.0156862754, 255),
        ([1, 2.1, 1.3, 2.5, 3.34, 4.0], 0.0156862754, 0),
    ],
)
def test_affine_parameters_gives_the_values_of_onnx_dynamic_quantization(values, scale, zero_point):
    our_scale, our_zero_point = affine_parameters(min(values), max(values))
    assert our_scale == pytest.approx(scale, rel=1e-7)
    assert our_zero_point == zero_point


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_quantize_affine_agrees_with_exact_fractions(rng, bits):
    values = rng.normal(scale=3, size=300)
    scale, zero_point = affine_parameters(-2.5, 4, bits)
    expected = [exact_code(value, scale, zero_point, 0, 2**bits - 1) for value in values]
    assert quantize_affine(values, scale, zero_point, bits).tolist() == expected


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-0.3, 7), (0, 6), (-5, 0), (2, 9), (-9, -2)])
def test_affine_range_holds_zero_exactly_and_stays_within_half_a_step(low, high, bits):
    scale, zero_point = affine_parameters(low, high, bits)
    assert isinstance(zero_point, int)
    assert dequantize(quantize_affine([0.0], scale, zero_point, bits), scale, zero_point) == 0
    values = np.linspace(min(low, 0), max(high, 0), 1001)
    restored = dequantize(quantize_affine(values, scale, zero_point, bits), scale, zero_point)
    assert np.abs(restored - values).max() <= scale / 2 * (1 + EPS)
    assert scale == pytest.approx((max(high, 0) - min(low, 0)) / (2**bits - 1))


def test_ties_go_to_the_even_code():
    codes = quantize_affine([0.5, 1.5, 2.5, 3.5, -0.5], scale=1, zero_point=1)
    assert codes.tolist() == [1, 3, 3, 5, 1]


def test_page_example_by_exact_arithmetic():
    scale, zero_point = affine_parameters(-1, 1)
    assert (Fraction(scale).limit_denominator(1000), zero_point) == (Fraction(2, 255), 128)
    codes = quantize_affine([-1, 0, 0.34567, 1], scale, zero_point)
    assert codes.tolist() == [0, 128, 172, 255]
    exact = [float((code - 128) * Fraction(2, 255)) for code in (0, 128, 172, 255)]
    assert dequantize(codes, scale, zero_point) == pytest.approx(exact, abs=1e-15)


def test_clipping_error_grows_without_bound():
    scale, zero_point = affine_parameters(-1, 1)
    errors = [
        abs(value - dequantize(quantize_affine([value], scale, zero_point), scale, zero_point)[0])
        for value in (1e1, 1e3, 1e9)
    ]
    assert errors == pytest.approx([1e1 - 127 * scale, 1e3 - 127 * scale, 1e9 - 127 * scale])


def test_quotients_beyond_float64_are_clipped_without_a_warning():
    assert quantize_affine([1e308, -1e308], scale=1e-10, zero_point=7).tolist() == [255, 0]


def test_ranges_near_the_largest_double_are_accepted():
    scale, zero_point = affine_parameters(-8e307, 8e307)
    assert (scale, zero_point) == (16e307 / 255, 128)


def test_ends_of_a_range_are_widened_first():
    assert affine_parameters(np.int8(-128), np.int8(127)) == (1.0, 128)
    assert affine_parameters(np.int8(-128), 127) == (1.0, 128)
    narrow = np.float32(0.1)  # in float32 the width would lose digits
    assert float(affine_parameters(-1, narrow)[0]) == (float(narrow) + 1) / 255  # beside a float32 both are rounded


def test_dequantize_widens_before_it_subtracts():
    codes = np.array([0, 255], dtype=np.uint8)
    assert dequantize(codes, 1.0, 128).tolist() == [-128.0, 127.0]
    assert dequantize(codes, 1.0, np.uint8(128)).tolist() == [-128.0, 127.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, -1), "low .* exceeds high"),
        ((0, 0), "no finite, positive width"),
        ((0, 5e-324), "no finite, positive width"),
        ((float("nan"), 1), "no finite, positive width"),
        ((-1, float("inf")), "no finite, positive width"),
        ((-1, 1, 1), "bits is 1"),
        ((-1, 1, 9), "bits is 9"),
        ((-1, 1, 4.5), "bits is 4.5"),
    ],
)
def test_affine_parameters_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        affine_parameters(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 1, 0), "values must be finite and at least one"),
        (([np.nan], 1, 0), "values must be finite"),
        (([np.inf], 1, 0), "values must be finite"),
        (([1.0], 0, 0), "scale is 0"),
        (([1.0], -1, 0), "scale is -1"),
        (([1.0], np.inf, 0), "scale is inf"),
        (([1.0], 1, 256), "zero_point is 256; pass an integer from 0 to 255"),
        (([1.0], 1, -1), "zero_point is -1"),
        (([1.0], 1, 127.5), "zero_point is 127.5"),
        (([1.0], 1, 16, 4), "zero_point is 16; pass an integer from 0 to 15"),
        (([1.0], 1, 0, 0), "bits is 0"),
    ],
)
def test_quantize_affine_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        quantize_affine(*arguments)


def test_dequantize_refuses():
    with pytest.raises(ValueError, match="codes have dtype float64"):
        dequantize([1.0], 1.0)
    with pytest.raises(ValueError, match=r"scale of shape \(2, 1\) does not fit"):
        dequantize([1, 2], np.ones((2, 1)))


# --- the symmetric grid ------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantize_symmetric_agrees_with_exact_fractions(rng, bits):
    values = rng.normal(size=(7, 11))
    top = 2 ** (bits - 1) - 1
    codes, scale = quantize_symmetric(values, bits)
    assert scale == pytest.approx(max(abs(value) for value in values.ravel().tolist()) / top)
    expected = [exact_code(value, scale, 0, -top, top) for value in values.ravel()]
    assert codes.dtype == np.int8
    assert codes.ravel().tolist() == expected
    assert np.abs(codes).max() == top


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_quantize_symmetric_by_axis_equals_one_slice_at_a_time(rng, axis):
    values = rng.normal(size=(5, 6)) * np.logspace(-3, 3, 6)
    codes, scale = quantize_symmetric(values, axis=axis)
    restored = dequantize(codes, scale)
    for position, part in enumerate(np.moveaxis(values, axis, 0).T):
        own_codes, own_scale = quantize_symmetric(part)
        kept = [slice(None), slice(None)]
        kept[1 - axis % 2] = position
        assert codes[tuple(kept)].tolist() == own_codes.tolist()
        assert scale.ravel()[position] == own_scale
    assert scale.shape == ((1, 6) if axis == 0 else (5, 1))
    assert (np.abs(restored - values) <= scale / 2 * (1 + EPS)).all()


def test_several_axes_may_share_a_scale(rng):
    values = rng.normal(size=(2, 3, 4))
    _, scale = quantize_symmetric(values, axis=(1, 2))
    assert scale.shape == (2, 1, 1)
    assert scale.ravel() == pytest.approx([np.abs(part).max() / 127 for part in values])


def test_limit_clips_what_lies_beyond_and_changes_nothing_within():
    codes, scale = quantize_symmetric([0.5, -3.0, 50.0, -80.0], limit=4)
    assert scale == 4 / 127
    assert codes.tolist() == [16, -95, 127, -127]
    plain, scaled = quantize_symmetric([0.5, -3.0]), quantize_symmetric([0.5, -3.0], limit=4)
    assert plain[1] == scaled[1] == 3 / 127
    assert plain[0].tolist() == scaled[0].tolist()


def test_zeros_and_numbers_too_small_for_a_scale_come_back_as_zeros():
    codes, scale = quantize_symmetric([[0.0, 0.0], [1.0, -2.0]], axis=1)
    assert codes.tolist() == [[0, 0], [64, -127]]
    assert scale.ravel().tolist() == [1.0, 2 / 127]
    assert quantize_symmetric([5e-324])[0].tolist() == [0]


def test_narrow_inputs_are_widened_first():
    assert quantize_symmetric(np.array([-128, 64], dtype=np.int8))[1] == 128 / 127
    codes, scale = quantize_symmetric(np.array([65504, -655], dtype=np.float16))
    assert (codes.tolist(), scale) == ([127, -1], 65504 / 127)


def test_largest_doubles_do_not_overflow():
    assert quantize_symmetric([1.7e308, -1.7e308])[0].tolist() == [127, -127]
    assert quantize_symmetric([1e308, -1.0], limit=1e-9)[0].tolist() == [127, -127]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, "values must be finite and at least one"),
        ({"values": [[1.0, np.nan]]}, "values must be finite"),
        ({"values": [1.0], "bits": 1}, "bits is 1"),
        ({"values": [1.0], "bits": 16}, "bits is 16"),
        ({"values": [1.0], "limit": 0}, "limit is 0"),
        ({"values": [1.0], "limit": np.nan}, "limit is nan"),
        ({"values": [1.0], "limit": np.inf}, "limit is inf"),
    ],
)
def test_quantize_symmetric_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        quantize_symmetric(**arguments)


# --- blocks and code books ---------------------------------------------------------------------


def test_nf4_levels_follow_from_normal_quantiles():
    # As bitsandbytes derives them: 8 steps above zero, 7 below, both ends scaled to 1.
    offset = 1 - (1 / 30 + 1 / 32) / 2
    above = stats.norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    below = -stats.norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    levels = np.sort([*above, 0.0, *below]) / above.max()
    assert pytest.approx(levels, abs=1e-6) == NF4_LEVELS
    assert len(NF4_LEVELS) == 16
    assert 0.0 in NF4_LEVELS


@pytest.mark.parametrize("levels", [NF4_LEVELS, np.linspace(-1, 1, 16), [-1, 0.25, 1]])
def test_blockwise_takes_the_nearest_level_found_by_exhaustive_search(rng, levels):
    values = rng.normal(size=(6, 20))
    codes, scales = quantize_blockwise(values, levels, block_size=8)
    restored = dequantize_blockwise(codes, scales, levels)
    assert codes.dtype == np.uint8
    assert codes.shape == restored.shape == values.shape
    assert scales.shape == (15,)
    for position, value in enumerate(values.ravel().tolist()):
        scale = max(abs(v) for v in values.ravel()[position // 8 * 8 :][:8].tolist())
        nearest = min((scale * level for level in levels), key=lambda level: abs(level - value))
        assert scales[position // 8] == scale
        assert restored.ravel()[position] == pytest.approx(nearest, abs=1e-15)


def test_blockwise_tie_takes_the_lower_level():
    codes, _ = quantize_blockwise([1.0, 0.5, -0.5, 0.0], levels=[-1, 0, 1], block_size=4)
    assert codes.tolist() == [2, 1, 0, 1]


def test_blockwise_on_an_even_grid_equals_symmetric_by_row(rng):
    values = rng.normal(size=(9, 32))
    codes, scales = quantize_blockwise(values, np.arange(-7, 8) / 7, block_size=32)
    by_row, row_scale = quantize_symmetric(values, bits=4, axis=1)
    assert (codes.astype(int) - 7).tolist() == by_row.tolist()
    assert scales / 7 == pytest.approx(row_scale.ravel())


def test_blockwise_keeps_zeros_and_an_outlier_to_their_blocks(rng):
    values = rng.normal(size=64)
    spoilt = values.copy()
    spoilt[3] = 1000.0
    spoilt[32:40] = 0.0
    codes, scales = quantize_blockwise(spoilt, NF4_LEVELS, block_size=8)
    restored = dequantize_blockwise(codes, scales, NF4_LEVELS)
    clean = dequantize_blockwise(*quantize_blockwise(values, NF4_LEVELS, 8), NF4_LEVELS)
    assert restored[32:40].tolist() == [0.0] * 8
    assert scales[4] == 1.0
    assert restored[8:32].tolist() == clean[8:32].tolist()
    assert np.count_nonzero(restored[:8]) == 1


def test_nf4_beats_even_levels_on_normal_weights_and_loses_on_uniform_ones(rng):
    def error(values, levels):
        restored = dequantize_blockwise(*quantize_blockwise(values, levels, 64), levels)
        return np.mean((restored - values) ** 2)

    normal, uniform = rng.normal(size=(512, 64)), rng.uniform(-1, 1, size=(512, 64))
    even = np.linspace(-1, 1, 16)
    assert error(normal, NF4_LEVELS) < 0.9 * error(normal, even)
    assert error(uniform, NF4_LEVELS) > 1.1 * error(uniform, even)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0, 3.0], NF4_LEVELS, 2), "3 values do not divide into blocks of 2"),
        (([1.0], NF4_LEVELS, 0), "1 values do not divide into blocks of 0"),
        (([], NF4_LEVELS, 1), "values must be finite and at least one"),
        (([np.inf], NF4_LEVELS, 1), "values must be finite"),
        (([1.0], [0.0], 1), "levels must be 2 to 256 increasing"),
        (([1.0], np.linspace(-1, 1, 257), 1), "levels must be 2 to 256 increasing"),
        (([1.0], [0.0, 0.0], 1), "levels must be 2 to 256 increasing"),
        (([1.0], [0.0, np.nan], 1), "levels must be 2 to 256 increasing"),
        (([1.0], [[-1.0, 1.0]], 1), "levels must be 2 to 256 increasing"),
        (([1.0], np.array([1, 0], np.uint8), 1), "levels must be 2 to 256 increasing"),
        (([1.0], [-2.0, 1.0], 1), "levels must lie from -1 to 1"),
        (([1.0], [-1.0, 2.0], 1), "levels must lie from -1 to 1"),
        (([1.0], [-1.0, 0.0, 2.0], 1), "levels must lie from -1 to 1"),
    ],
)
def test_quantize_blockwise_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        quantize_blockwise(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, 2], [1.0, 1.0], [-1, 0, 1]), "3 codes do not divide into one block for each of 2"),
        (([], [1.0], [-1, 0, 1]), "0 codes do not divide"),
        (([0], [], [-1, 0, 1]), "1 codes do not divide"),
        (([0], [[1.0]], [-1, 0, 1]), "1 codes do not divide"),
        (([3], [1.0], [-1, 0, 1]), "integers from 0 to 2"),
        (([-1], [1.0], [-1, 0, 1]), "integers from 0 to 2"),
        (([0.5], [1.0], [-1, 0, 1]), "integers from 0 to 2"),
        (([0], [1.0], [1, -1]), "levels must be 2 to 256 increasing"),
    ],
)
def test_dequantize_blockwise_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        dequantize_blockwise(*arguments)


def test_a_block_of_one_keeps_every_value():
    codes, scales = quantize_blockwise([3.0, -0.25, 0.0], [-1, 0, 1], block_size=1)
    assert dequantize_blockwise(codes, scales, [-1, 0, 1]).tolist() == [3.0, -0.25, 0.0]


def test_code_books_of_two_and_of_256_levels_are_accepted():
    assert quantize_blockwise([1.0, -1.0], [-1, 1], 2)[0].tolist() == [1, 0]
    assert quantize_blockwise([1.0, -1.0], np.linspace(-1, 1, 256), 2)[0].tolist() == [255, 0]


# --- the integer product -----------------------------------------------------------------------


def test_int8_matmul_gives_the_values_of_the_onnx_conformance_case():
    # onnx/backend/test/case/node/matmulinteger.py
    a = np.array([[11, 7, 3], [10, 6, 2], [9, 5, 1], [8, 4, 0]], dtype=np.uint8)
    b = np.array([[1, 4], [2, 5], [3, 6]], dtype=np.uint8)
    expected = [[-38, -83], [-44, -98], [-50, -113], [-56, -128]]
    assert int8_matmul(a, b, 1, 1, a_zero=12).tolist() == expected


def test_int8_matmul_agrees_with_jax_int32_accumulation(rng):
    a = rng.integers(-127, 128, size=(5, 300), dtype=np.int8)
    b = rng.integers(-127, 128, size=(300, 4), dtype=np.int8)
    numbers = (((1,), (0,)), ((), ()))
    total = jax.lax.dot_general(jnp.asarray(a), jnp.asarray(b), numbers, preferred_element_type=jnp.int32)
    assert total.dtype == jnp.int32
    assert int8_matmul(a, b, 1.0, 1.0).tolist() == np.asarray(total).tolist()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_int8_matmul_agrees_with_exact_sums_of_python_integers(rng, dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    a = rng.integers(low, high, size=(3, 50), dtype=dtype, endpoint=True)
    b = rng.integers(low, high, size=(50, 2), dtype=dtype, endpoint=True)
    for a_zero, b_zero in [(0, 0), (high, low), (low, 17), (high, high)]:
        exact = [
            [sum((x - a_zero) * (y - b_zero) for x, y in zip(row, column, strict=True)) for column in b.T.tolist()]
            for row in a.tolist()
        ]
        product = int8_matmul(a, b, 0.5, 0.25, a_zero=a_zero, b_zero=b_zero)
        assert product.tolist() == [[value / 8 for value in row] for row in exact]


def test_int8_matmul_equals_the_product_of_the_dequantized_matrices(rng):
    a, b = rng.normal(size=(6, 40)), rng.normal(size=(40, 5)) ** 2
    a_codes, a_scale = quantize_symmetric(a, axis=1)
    b_scale, b_zero = affine_parameters(b.min(), b.max())
    b_codes = quantize_affine(b, b_scale, b_zero)
    product = int8_matmul(a_codes, b_codes, a_scale, b_scale, b_zero=b_zero)
    assert product == pytest.approx(dequantize(a_codes, a_scale) @ dequantize(b_codes, b_scale, b_zero), rel=1e-12)
    c_codes, c_scale = quantize_symmetric(b, axis=0)
    product = int8_matmul(a_codes, c_codes, a_scale, c_scale)
    assert product == pytest.approx(dequantize(a_codes, a_scale) @ dequantize(c_codes, c_scale))


def test_int8_matmul_takes_nested_lists_as_scales_and_narrow_zero_points():
    a = np.full((2, 200), 127, dtype=np.int8)
    product = int8_matmul(a, a.T, [[0.5], [2.0]], [[1.0, 3.0]], a_zero=np.int8(-128), b_zero=np.int8(-128))
    assert product.tolist() == [[200 * 255**2 * 0.5, 200 * 255**2 * 1.5], [200 * 255**2 * 2, 200 * 255**2 * 6]]


def test_int8_matmul_multiplies_narrow_scales_in_float64():
    a = np.array([[100, 100]], dtype=np.int8)
    tiny = np.float16(2**-14)  # its square is below the smallest float16
    product = int8_matmul(a, a.T, np.array([[tiny]]), tiny)
    assert (product.dtype, product.tolist()) == (np.float64, [[20000 / 2**28]])
    assert int8_matmul(a, a.T, 1, 2).dtype == np.float64


def test_int8_matmul_is_exact_at_the_longest_sum_it_takes():
    n_inner = (2**31 - 1) // 128**2
    a = np.full((1, n_inner), -128, dtype=np.int8)
    assert int8_matmul(a, a.T, 1, 1).tolist() == [[n_inner * 128**2]]
    longer = np.full((1, n_inner + 1), -128, dtype=np.int8)
    with pytest.raises(ValueError, match=f"safe up to {n_inner}: split the product"):
        int8_matmul(longer, longer.T, 1, 1)


@pytest.mark.parametrize(("dtype", "zero"), [(np.uint8, 0), (np.uint8, 128), (np.uint8, 255), (np.int8, -128)])
def test_int8_matmul_counts_the_zero_point_into_the_longest_sum(dtype, zero):
    n_inner = (2**31 - 1) // 255**2
    extreme = np.iinfo(dtype).max if zero < 128 else 0
    a = np.full((1, n_inner), extreme, dtype=dtype)
    expected = n_inner * (extreme - zero) ** 2
    assert int8_matmul(a, a.T, 1, 1, a_zero=zero, b_zero=zero).tolist() == [[expected]]
    longer = np.full((1, n_inner + 1), extreme, dtype=dtype)
    with pytest.raises(ValueError, match=f"safe up to {n_inner}"):
        int8_matmul(longer, longer.T, 1, 1, a_zero=zero, b_zero=zero)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"a_codes": np.zeros((2, 4), np.int8)}, r"shapes \(2, 4\) and \(3, 2\) do not multiply"),
        ({"a_codes": np.zeros(3, np.int8)}, "do not multiply"),
        ({"b_codes": np.zeros(3, np.int8)}, "do not multiply"),
        ({"a_codes": np.zeros((2, 3))}, "a_codes have dtype float64"),
        ({"a_codes": [[1, 2, 3]]}, "a_codes have dtype int"),
        ({"b_codes": [[1], [2], [3]]}, "b_codes have dtype int"),
        ({"b_codes": np.zeros((3, 2), np.int32)}, "b_codes have dtype int32"),
        ({"a_zero": 128}, "a_zero is 128; pass an integer from -128 to 127"),
        ({"b_zero": -129}, "b_zero is -129"),
        ({"b_zero": 0.5}, "b_zero is 0.5"),
        ({"a_scale": np.ones((1, 3))}, r"a_scale has shape \(1, 3\); pass one number or shape \(2"),
        ({"b_scale": np.ones((3, 1))}, r"b_scale has shape \(3, 1\); pass one number or shape \(1"),
    ],
)
def test_int8_matmul_refuses(arguments, message):
    good = {
        "a_codes": np.zeros((2, 3), np.int8),
        "b_codes": np.zeros((3, 2), np.int8),
        "a_scale": 1.0,
        "b_scale": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        int8_matmul(**{**good, **arguments})


# --- what it all takes -------------------------------------------------------------------------


def test_bits_per_weight_gives_the_published_counts():
    # QLoRA (arXiv:2305.14314), section 3: 0.5 bit of scales falls to 0.127, a saving of 0.373.
    plain = bits_per_weight(4, block_size=64)
    double = bits_per_weight(4, block_size=64, scale_bits=8, second_block=256)
    assert plain == 4.5
    assert double - 4 == 8 / 64 + 32 / (64 * 256)
    assert round(double - 4, 3) == 0.127
    assert round(plain - double, 3) == 0.373
    # NVIDIA's announcement of NVFP4 (2025-06-24): 4.5 bits; gpt-oss: MXFP4 takes 4.25.
    assert bits_per_weight(4, block_size=16, scale_bits=8) == 4.5
    assert bits_per_weight(4, block_size=32, scale_bits=8) == 4.25
    assert bits_per_weight(4, 2, 2, second_block=4, second_bits=16) == 7
    assert bits_per_weight(1, 1, 1, second_block=1, second_bits=1) == 3


@pytest.mark.parametrize(
    ("bits", "block_size", "extra"),
    [
        (0, 64, {}),
        (4, 0, {}),
        (4, 64, {"scale_bits": 0}),
        (4, 64, {"second_block": 0}),
        (4, 64, {"second_block": 256, "second_bits": 0}),
    ],
)
def test_bits_per_weight_refuses(bits, block_size, extra):
    with pytest.raises(ValueError, match="must be positive"):
        bits_per_weight(bits, block_size, **extra)


def test_inputs_are_unchanged(rng):
    values, levels = rng.normal(size=(4, 8)), np.array(NF4_LEVELS)
    kept, kept_levels = values.copy(), levels.copy()
    codes, scale = quantize_symmetric(values, axis=1, limit=1.0)
    quantize_affine(values, 0.1, 3)
    block_codes, block_scales = quantize_blockwise(values, levels, 8)
    dequantize_blockwise(block_codes, block_scales, levels)
    before = codes.copy(), scale.copy(), block_codes.copy(), block_scales.copy()
    dequantize(codes, scale)
    int8_matmul(codes, codes.T, scale, scale.T, a_zero=3, b_zero=5)
    dequantize_blockwise(block_codes, block_scales, levels)
    for array, same in zip((codes, scale, block_codes, block_scales), before, strict=True):
        assert array.tolist() == same.tolist()
    assert values.tolist() == kept.tolist()
    assert levels.tolist() == kept_levels.tolist()
