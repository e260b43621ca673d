import re
from decimal import Decimal, localcontext

import jax
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.kl_divergence import kl_divergence, kl_estimates

INF = float("inf")


def pair(n=6, rows=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n), size=rows), rng.dirichlet(np.ones(n), size=rows)


def test_agrees_with_scipy():
    p, q = pair()
    assert_allclose(kl_divergence(p, q), scipy.stats.entropy(p, q, axis=1), rtol=1e-12)
    assert_allclose(kl_divergence(p, q[0]), scipy.stats.entropy(p, q[[0] * 9], axis=1), rtol=1e-12)


def test_agrees_with_jax():
    p, q = pair()
    with jax.enable_x64(True):
        assert_allclose(kl_divergence(p, q), jax.scipy.special.kl_div(p, q).sum(axis=1), rtol=1e-12)


def test_agrees_with_the_definition_in_many_digits():
    p, q = [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]
    with localcontext() as context:
        context.prec = 50
        expected = sum(Decimal(a) * (Decimal(a) / Decimal(b)).ln() for a, b in zip(p, q, strict=True))
    assert kl_divergence(p, q) == pytest.approx(float(expected), rel=1e-15)


def test_is_not_symmetric_and_no_distance():
    p, q, middle = [0.5, 0.5], [0.9, 0.1], [0.7, 0.3]
    assert kl_divergence(p, q) == pytest.approx(np.log(0.5 / 0.3), rel=1e-12)
    assert kl_divergence(q, p) == pytest.approx(0.9 * np.log(1.8) + 0.1 * np.log(0.2), rel=1e-12)
    assert kl_divergence(p, q) > kl_divergence(p, middle) + kl_divergence(middle, q)


def test_is_never_negative_and_zero_only_for_equals():
    p, q = pair(rows=200)
    assert (kl_divergence(p, q) > 0).all()
    assert_array_equal(kl_divergence(p, p), 0)
    near = p * (1 + 1e-12 * np.random.default_rng(1).standard_normal(p.shape))
    assert (kl_divergence(p, near) >= 0).all()


def test_support():
    assert kl_divergence([0.5, 0.5, 0], [0.5, 0, 0.5]) == INF
    assert kl_divergence([1, 0], [1e-300, 1]) == pytest.approx(-np.log(1e-300))
    assert kl_divergence([1, 0, 0], [1, 0, 0]) == 0
    assert kl_divergence([0, 1], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert kl_divergence([1], [1]) == 0


def test_estimates_are_the_published_formulas():
    logp, logq = np.log([0.2, 0.5, 0.1]), np.log([0.4, 0.1, 0.1])
    r = np.array([2, 0.2, 1])
    assert_allclose(kl_estimates(logp, logq), [-np.log(r), np.log(r) ** 2 / 2, r - 1 - np.log(r)], atol=1e-15)


def test_mean_estimates_under_p():
    p, q = pair(rows=1)
    k1, k2, k3 = (kl_estimates(np.log(p), np.log(q)) * p).sum(axis=-1)
    exact = scipy.stats.entropy(p[0], q[0])
    assert k1[0] == pytest.approx(exact, rel=1e-12)
    assert k3[0] == pytest.approx(exact, rel=1e-12)
    assert abs(k2[0] - exact) > 0.05 * exact


def test_moments_of_gaussians_agree_with_their_closed_form():
    shift, x = 0.5, np.random.default_rng(0).standard_normal(400_000)
    norm = scipy.stats.norm
    k1, k2, k3 = kl_estimates(norm.logpdf(x), norm.logpdf(x, shift))
    square = shift**2
    assert k1.mean() == pytest.approx(square / 2, abs=0.003)
    assert k3.mean() == pytest.approx(square / 2, abs=0.002)
    assert k2.mean() == pytest.approx((square + square**2 / 4) / 2, abs=0.002)
    assert k1.std() == pytest.approx(shift, rel=0.01)
    assert k3.std() == pytest.approx(np.sqrt(np.exp(square) - 1 - square), rel=0.03)


def test_estimate_signs_and_limits():
    logq = np.array([-5.0, -1.0, -2.0, -INF])
    k1, k2, k3 = kl_estimates(np.full(4, -2.0), logq)
    assert_array_equal(k1 < 0, [False, True, False, False])
    assert (k2 >= 0).all()
    assert (k3 >= 0).all()
    assert k1[2] == k2[2] == k3[2] == 0
    assert k1[3] == k2[3] == k3[3] == INF
    assert str(k1[2]) == "0.0"


def test_k3_is_infinite_where_the_ratio_overflows_and_nothing_warns():
    k1, k2, k3 = kl_estimates([-1000.0, -709.0], [-1.0, 0.0])
    assert_array_equal(k1, [-999, -709])
    assert_array_equal(k2, [999**2 / 2, 709**2 / 2])
    assert k3[0] == INF
    assert k3[1] == pytest.approx(float(Decimal(709).exp()), rel=1e-12)


def test_k3_keeps_its_digits_where_the_two_are_close():
    k3 = kl_estimates([0.0], [1e-7])[2]
    assert_allclose(k3, 5e-15, rtol=0.05)


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.4], [0.5, 0.5], "p is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([0.5, 0.5], [1.5, -0.5], "q is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([0.5, 0.5], [np.nan, 0.5], "q is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([], [], "p is no distribution; pass probabilities of 0 or more that sum to 1"),
        (1.0, [1.0], "p is no distribution; pass probabilities of 0 or more that sum to 1"),
        ([0.5, 0.5], [1.0], "p has 2 outcomes, q has 1; pass both over the same outcomes"),
    ],
)
def test_refuses_what_is_no_pair_of_distributions(p, q, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        kl_divergence(p, q)


@pytest.mark.parametrize(
    ("logp", "logq", "message"),
    [
        ([-1.0], [-1.0, -2.0], "logp has shape (1,), logq (2,); pass both for the same samples, at least one"),
        ([], [], "logp has shape (0,), logq (0,); pass both for the same samples, at least one"),
        ([-INF], [-1.0], "a log probability is not finite; only logq may be -inf"),
        ([-1.0], [np.nan], "a log probability is not finite; only logq may be -inf"),
        ([-1.0], [INF], "a log probability is not finite; only logq may be -inf"),
    ],
)
def test_estimates_refuse_what_has_no_answer(logp, logq, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        kl_estimates(logp, logq)


def test_a_distribution_may_miss_one_by_rounding_only():
    assert kl_divergence([0.5, 0.5 + 5e-10], [0.5, 0.5]) == pytest.approx(5e-10, rel=0.01)
    for excess in (1.5e-9, 5e-9, 4e-6):
        with pytest.raises(ValueError, match="p is no distribution"):
            kl_divergence([0.5, 0.5 + excess], [0.5, 0.5])


def test_integers_and_low_precision_are_widened():
    assert kl_divergence(np.array([0, 1], dtype=np.uint8), np.array([0.5, 0.5], dtype=np.float16)).dtype == np.float64
    low = np.array([-7, -2], dtype=np.int8)
    assert_allclose(kl_estimates(low[:1], low[1:]), [[-5], [12.5], [np.exp(5) - 6]], rtol=1e-12)
    assert kl_estimates(low.astype(np.float16), low).dtype == np.float64


def test_leaves_its_input_alone():
    p, q = pair()
    before = p.copy(), q.copy()
    kl_divergence(p, q), kl_estimates(p, q)
    assert_array_equal(p, before[0])
    assert_array_equal(q, before[1])


def test_rows_of_single_precision_are_taken_with_their_rounding():
    low = np.array([0.1, 0.2, 0.7], dtype=np.float32)
    assert kl_divergence(low, low) == 0
    half = np.array([0.1, 0.2, 0.7], dtype=np.float16)
    assert half.astype(np.float64).sum() != 1
    assert kl_divergence(half, half) == 0
    for units in (15, 16):  # units of 2**-24; 16 of them are 8 eps
        assert kl_divergence(np.array([0.5, 0.5 + units * 2**-24], dtype=np.float32), [0.5, 0.5]) < 2e-6
    for units in (17, 168):
        with pytest.raises(ValueError, match="p is no distribution"):
            kl_divergence(np.array([0.5, 0.5 + units * 2**-24], dtype=np.float32), [0.5, 0.5])
