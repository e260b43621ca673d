"""Adapters against exact sums over bottleneck units, SciPy's truncated normal and published counts."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from code_examples.adaptation.adapters import apply_adapter, count_parameters, init_adapter

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def adapter(rng, d=5, m=3):
    return [rng.standard_normal(shape) for shape in ((d, m), (m,), (m, d), (d,))]


def by_units(row, w_down, b_down, w_up, b_up):
    """One output as its input plus what each bottleneck unit adds, in exact fractions."""
    row, w_down, b_down, w_up, b_up = (
        np.vectorize(lambda value: Fraction(float(value)), otypes=[object])(part)
        for part in (row, w_down, b_down, w_up, b_up)
    )
    total = [x + bias for x, bias in zip(row, b_up, strict=True)]
    for unit, bias in enumerate(b_down):
        reading = sum(x * w for x, w in zip(row, w_down[:, unit], strict=True)) + bias
        total = [old + max(reading, 0) * w for old, w in zip(total, w_up[unit], strict=True)]
    return [float(value) for value in total]


def test_outputs_agree_with_exact_sums_over_units(rng):
    parts, h = adapter(rng), rng.standard_normal((6, 5))
    assert_allclose(apply_adapter(h, *parts), [by_units(row, *parts) for row in h], rtol=1e-12, atol=1e-13)


def test_a_bottleneck_may_be_wider_than_the_model_and_leading_axes_are_kept(rng):
    parts, h = adapter(rng, d=2, m=7), rng.standard_normal((3, 4, 2))
    result = apply_adapter(h, *parts)
    assert result.shape == (3, 4, 2)
    assert_allclose(result[2, 1], by_units(h[2, 1], *parts), rtol=1e-12)


def test_a_token_depends_on_itself_alone(rng):
    parts, h = adapter(rng), rng.standard_normal((4, 5))
    assert_allclose(apply_adapter(h[::-1], *parts), apply_adapter(h, *parts)[::-1])


def test_at_a_start_of_zeros_only_the_last_bias_makes_a_difference_alone(rng):
    h, zeros, moved = rng.standard_normal((6, 5)), init_adapter(5, 3, rng, sd=0), adapter(rng)
    for place in range(4):
        parts = [moved[k] if k == place else zeros[k] for k in range(4)]
        assert np.array_equal(apply_adapter(h, *parts), h) == (place < 3)


# --- the start ---------------------------------------------------------------------------------


def test_the_start_is_a_normal_cut_at_two_deviations(rng):
    w_down, b_down, w_up, b_up = init_adapter(300, 70, rng)
    assert (w_down.shape, w_up.shape) == ((300, 70), (70, 300))
    assert (b_down.shape, b_up.shape) == ((70,), (300,))
    assert not b_down.any()
    assert not b_up.any()
    for weights in (w_down, w_up):
        assert np.abs(weights).max() <= 0.02
        assert stats.kstest(weights.ravel() / 0.01, stats.truncnorm(-2, 2).cdf).pvalue > 0.01
    assert abs(np.corrcoef(w_down.ravel(), w_up.ravel())[0, 1]) < 0.03


def test_the_start_is_that_of_a_seed_and_scales_with_its_deviation():
    one, two = (init_adapter(4, 3, np.random.default_rng(7), sd=sd) for sd in (0.01, 0.03))
    for small, large in zip(one, two, strict=True):
        assert_allclose(3 * small, large)
    assert not np.array_equal(one[0], init_adapter(4, 3, np.random.default_rng(8))[0])


@pytest.mark.parametrize("sd", [0.01, 0.1])
def test_a_fresh_adapter_adds_what_the_moments_say(sd, rng):
    d, m = 400, 60
    h = rng.standard_normal((50, d))
    added = apply_adapter(h, *init_adapter(d, m, rng, sd)) - h
    # half of the units are on; two layers of variance sd**2 times that of a normal cut at two
    expected = sd**2 * stats.truncnorm(-2, 2).var() * math.sqrt(d * m / 2)
    assert np.linalg.norm(added) / np.linalg.norm(h) == pytest.approx(expected, rel=0.05)


# --- counts ------------------------------------------------------------------------------------


def test_counts_are_the_entries_of_adapters_that_are_made(rng):
    for d, m, n_adapters in ((3, 2, 1), (5, 7, 4), (1, 1, 3)):
        made = sum(part.size for _ in range(n_adapters) for part in init_adapter(d, m, rng))
        assert count_parameters(d, m, n_adapters) == made
    assert type(count_parameters(np.int64(3), 2.0, 1)) is int


def test_counts_agree_with_published_ones():
    # Houlsby et al., 2019, section 3.4: size 64 on BERT base, two for each of 12 layers, about 2 million
    assert round(count_parameters(768, 64, 2 * 12) / 1e6) == 2
    # Hu et al., 2021, Table 1: 11 million on GPT-2 medium, two for each of 24 layers
    bottleneck = next(m for m in range(1, 999) if count_parameters(1024, m, 48) > 10.95e6)
    assert 110 <= bottleneck <= 112


# --- what has no answer ------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, math.inf, math.nan])
def test_refuses_a_size_that_is_none(wrong, rng):
    for k, name in enumerate(("d", "m", "n_adapters")):
        sizes = [2, 2, 2]
        sizes[k] = wrong
        message = re.escape(f"{name} is {wrong}; pass an integer of at least 1")
        with pytest.raises(ValueError, match=message):
            count_parameters(*sizes)
        if k < 2:
            with pytest.raises(ValueError, match=message):
                init_adapter(*sizes[:2], rng)


@pytest.mark.parametrize("sd", [-0.1, math.inf, math.nan])
def test_refuses_a_deviation_that_is_none(sd, rng):
    with pytest.raises(ValueError, match=re.escape(f"sd is {sd}; pass a finite number of at least 0")):
        init_adapter(2, 2, rng, sd)


def test_refuses_an_adapter_that_changes_the_width(rng):
    w_down, b_down, _, _ = adapter(rng)
    message = re.escape("the adapter turns shape (4, 5) into (4, 1); give w_up as many columns as h")
    with pytest.raises(ValueError, match=message):
        apply_adapter(np.ones((4, 5)), w_down, b_down, np.ones((3, 1)), [0])


@pytest.mark.parametrize(
    ("h", "change", "message"),
    [
        ((4, 6), {}, "x has shape (4, 6); pass (..., 5)"),
        ((), {}, "x has shape (); pass (..., 5)"),
        ((4, 5), {1: np.ones(2)}, "weights and biases have shapes"),
        ((4, 5), {3: np.full(5, np.nan)}, "a number is not finite"),
    ],
)
def test_refuses_what_does_not_fit(h, change, message, rng):
    parts = adapter(rng)
    for place, part in change.items():
        parts[place] = part
    with pytest.raises(ValueError, match=re.escape(message)):
        apply_adapter(np.ones(h), *parts)


def test_takes_integers_and_no_rows_and_leaves_its_arguments_alone(rng):
    parts, h = adapter(rng), rng.standard_normal((4, 5))
    kept = [part.copy() for part in (h, *parts)]
    apply_adapter(h, *parts)
    for part, before in zip((h, *parts), kept, strict=True):
        assert_array_equal(part, before)
    assert apply_adapter(np.ones((0, 5)), *parts).shape == (0, 5)
    assert apply_adapter([2], [[3]], [1], [[5]], [4]).tolist() == [41]
