"""LoRA against JAX's automatic differentiation, slow loops, counted factors and the figures of the paper."""

import math
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.adaptation.lora import (
    apply_lora,
    count_parameters,
    factor_gradients,
    init_factors,
    lora_scale,
    merge_lora,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def factors(rng, d_out=5, d_in=7, rank=3):
    return [rng.standard_normal(shape) for shape in ((d_out, d_in), (d_out, rank), (rank, d_in))]


def loop(inputs, weight, b, a, scale):
    """Outputs by sums over single entries, in exact fractions."""
    inputs, weight, b, a = ([[Fraction(float(x)) for x in row] for row in m] for m in (inputs, weight, b, a))
    scale = Fraction(scale)
    return [
        [
            float(
                sum(weight[i][j] * x[j] for j in range(len(x)))
                + scale * sum(b[i][k] * a[k][j] * x[j] for k in range(len(a)) for j in range(len(x)))
            )
            for i in range(len(weight))
        ]
        for x in inputs
    ]


# --- scale and count ---------------------------------------------------------------------------


@pytest.mark.parametrize(("rank", "alpha"), [(1, 8), (8, 8), (8, 32), (64, 16), (256, 0.5)])
def test_the_scale_undoes_the_rank(rank, alpha):
    assert lora_scale(rank, alpha) * rank == pytest.approx(alpha)
    assert lora_scale(rank, alpha, rank_stabilized=True) ** 2 * rank == pytest.approx(alpha**2)
    assert type(lora_scale(np.int64(rank), np.float64(alpha))) is float


def test_published_settings_give_four_different_scales():
    assert [lora_scale(rank, alpha) for rank, alpha in ((8, 8), (8, 16), (8, 32), (64, 16))] == [1, 2, 4, 0.25]


@pytest.mark.parametrize(("rank", "millions"), [(1, 4.7), (8, 37.7)])
def test_counts_agree_with_the_paper_for_gpt3(rank, millions):
    shapes = [(12288, 12288)] * (2 * 96)  # query and value in 96 layers: Table 4 of Hu et al., 2021
    assert round(count_parameters(shapes, rank) / 1e6, 1) == millions


def test_counts_are_the_entries_of_factors_that_are_made(rng):
    shapes = [(3, 4), (5, 2), (1, 1)]
    for rank in (1, 2, 7):
        made = [factor for shape in shapes for factor in init_factors(shape, rank, rng)]
        assert count_parameters(iter(shapes), rank) == sum(factor.size for factor in made)
    assert type(count_parameters([(np.int64(3), 4.0)], 2.0)) is int


# --- the start ---------------------------------------------------------------------------------


def test_the_start_is_uniform_within_the_bound_and_adds_nothing(rng):
    b, a = init_factors((6, 400), 300, rng)
    assert_array_equal(b, np.zeros((6, 300)))
    assert a.shape == (300, 400)
    bound = 1 / 20
    assert abs(a).max() <= bound
    counts = np.histogram(a, bins=10, range=(-bound, bound))[0]
    assert_allclose(counts, a.size / 10, rtol=0.03)


def test_the_start_is_that_of_a_seed():
    first, again = (init_factors((3, 4), 2, np.random.default_rng(7))[1] for _ in range(2))
    assert_array_equal(first, again)
    assert not np.array_equal(first, init_factors((3, 4), 2, np.random.default_rng(8))[1])


# --- forward, merged, and backward -------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.25, 1, 3])
def test_outputs_agree_with_exact_sums(scale, rng):
    weight, b, a = factors(rng)
    inputs = rng.standard_normal((4, 7))
    expected = loop(inputs, weight, b, a, scale)
    assert_allclose(apply_lora(inputs, weight, b, a, scale), expected, rtol=1e-12)
    assert_allclose(inputs @ merge_lora(weight, b, a, scale).T, expected, rtol=1e-12)


def test_the_default_scale_is_one(rng):
    weight, b, a = factors(rng)
    assert_allclose(merge_lora(weight, b, a) - weight, b @ a)
    assert_allclose(apply_lora(np.eye(7), weight, b, a), merge_lora(weight, b, a).T)
    for default, given in zip(factor_gradients(weight, b, a), factor_gradients(weight, b, a, 1), strict=True):
        assert_array_equal(default, given)


def test_an_update_has_at_most_the_rank_of_its_factors(rng):
    for rank in (1, 3, 9):
        weight, b, a = factors(rng, rank=rank)
        assert np.linalg.matrix_rank(merge_lora(weight, b, a, 2) - weight) == min(rank, 5)


@pytest.mark.parametrize("scale", [0.5, 4])
@pytest.mark.parametrize("start", [False, True])
def test_gradients_agree_with_automatic_differentiation(scale, start, rng):
    weight, b, a = factors(rng)
    inputs, target = rng.standard_normal((6, 7)), rng.standard_normal((6, 5))
    b = b * (not start)

    def loss(merged):
        return jnp.sum(jnp.tanh(inputs @ merged.T - target) ** 2)

    whole = jax.grad(loss)(merge_lora(weight, b, a, scale))
    by_factors = jax.grad(lambda b, a: loss(weight + scale * b @ a), argnums=(0, 1))(b, a)
    for ours, theirs in zip(factor_gradients(whole, b, a, scale), by_factors, strict=True):
        assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    assert factor_gradients(whole, b, a, scale)[1].any() == (not start)


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_a_rank_that_is_none(rank, rng):
    message = re.escape(f"rank is {rank}; pass an integer of at least 1")
    for call in (
        lambda: lora_scale(rank, 8),
        lambda: count_parameters([(2, 2)], rank),
        lambda: init_factors((2, 2), rank, rng),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("alpha", [0, -1, math.inf, math.nan])
def test_refuses_an_alpha_that_is_no_scale(alpha):
    with pytest.raises(ValueError, match=re.escape(f"alpha is {alpha}; pass a finite number above 0")):
        lora_scale(8, alpha)


@pytest.mark.parametrize(
    "shape", [(2,), (2, 3, 4), (0, 3), (3, 0), (2.5, 3), (3, 2.5), (math.nan, 3), (3, math.inf), 4]
)
def test_refuses_a_shape_that_is_none(shape, rng):
    message = re.escape(f"shape is {shape}; pass (d_out, d_in), both at least 1")
    with pytest.raises(ValueError, match=message):
        count_parameters([(2, 2), shape], 1)
    with pytest.raises(ValueError, match=message):
        init_factors(shape, 1, rng)


@pytest.mark.parametrize(
    ("weight", "b", "a", "message"),
    [
        ((5, 7), (4, 3), (3, 7), "pass (d_out, d_in), (d_out, rank), (rank, d_in)"),
        ((5, 7), (5, 3), (3, 6), "pass (d_out, d_in), (d_out, rank), (rank, d_in)"),
        ((5, 7), (5, 3), (2, 7), "pass (d_out, d_in), (d_out, rank), (rank, d_in)"),
        ((5, 7), (5, 2), (3, 7), "pass (d_out, d_in), (d_out, rank), (rank, d_in)"),
        ((5, 7), (5,), (3, 7), "pass three matrices that are not empty"),
        ((35,), (5, 3), (3, 7), "pass three matrices that are not empty"),
        ((5, 7), (5, 3), (1, 3, 7), "pass three matrices that are not empty"),
        ((5, 7), (5, 0), (0, 7), "pass three matrices that are not empty"),
        ((0, 7), (0, 3), (3, 7), "pass three matrices that are not empty"),
    ],
)
def test_refuses_shapes_that_do_not_fit(weight, b, a, message):
    arrays = np.ones(weight), np.ones(b), np.ones(a)
    message = re.escape(f"matrix, b and a have shapes {(weight, b, a)}; {message}")
    for call in (merge_lora, factor_gradients, lambda *some: apply_lora(np.ones((2, 7)), *some)):
        with pytest.raises(ValueError, match=message):
            call(*arrays)


@pytest.mark.parametrize("shape", [(7,), (2, 6), (1, 2, 7)])
def test_refuses_inputs_that_do_not_fit(shape, rng):
    message = re.escape(f"inputs have shape {shape}; pass (n, 7)")
    with pytest.raises(ValueError, match=message):
        apply_lora(np.ones(shape), *factors(rng))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_refuses_entries_that_are_not_finite(wrong, rng):
    weight, b, a = factors(rng)
    arrays = [np.ones((2, 7)), weight, b, a]
    for k, call in (
        (0, apply_lora),
        *((k, call) for k in (1, 2, 3) for call in (apply_lora, merge_lora, factor_gradients)),
    ):
        some = [array.copy() for array in arrays]
        some[k][-1, -1] = wrong
        with pytest.raises(ValueError, match="an entry is not finite; look for what made NaN or infinity first"):
            call(*(some if call is apply_lora else some[1:]))


@pytest.mark.parametrize("scale", [math.nan, math.inf, [1, 2], np.ones(5)])
def test_refuses_a_scale_that_is_not_one_number(scale, rng):
    weight, b, a = factors(rng)
    message = re.escape(f"scale is {scale}; pass one finite number")
    for call in (merge_lora, factor_gradients, lambda *some: apply_lora(np.ones((2, 7)), *some)):
        with pytest.raises(ValueError, match=message):
            call(weight, b, a, scale)


def test_a_scale_may_switch_off_or_take_away(rng):
    weight, b, a = factors(rng)
    assert_array_equal(merge_lora(weight, b, a, 0), weight)
    assert_allclose(merge_lora(merge_lora(weight, b, a, 2), b, a, -2), weight, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, bool, object])
def test_results_are_float64_whatever_comes_in(dtype):
    inputs, weight, b, a = (np.array(m).astype(dtype) for m in ([[1, 0]], [[1, 1]], [[1]], [[1, 1]]))
    for result in (apply_lora(inputs, weight, b, a), merge_lora(weight, b, a), *factor_gradients(weight, b, a)):
        assert result.dtype == np.float64
    assert apply_lora(inputs, weight, b, a).tolist() == [[2]]


def test_takes_single_entries_and_no_inputs():
    assert apply_lora([[2]], [[3]], [[4]], [[5]], 0.5).tolist() == [[26]]
    assert apply_lora(np.ones((0, 1)), [[3]], [[4]], [[5]]).shape == (0, 1)


def test_inputs_are_left_alone(rng):
    weight, b, a = factors(rng)
    inputs = rng.standard_normal((4, 7))
    kept = [array.copy() for array in (inputs, weight, b, a)]
    apply_lora(inputs, weight, b, a, 2)
    merge_lora(weight, b, a, 2)
    factor_gradients(weight, b, a, 2)
    for array, before in zip((inputs, weight, b, a), kept, strict=True):
        assert_array_equal(array, before)
