"""Diffusion against SciPy's integrals, JAX's score, the posterior of DDPM and the flow that DDIM follows."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from code_examples.architectures.diffusion import linear_schedule, mixture_noise, sample, signal_shares

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)
MIXTURE = np.array([0.2, 0.5, 0.3]), np.array([-2.0, 0.5, 1.5]), 0.4


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_published_schedule():
    variances = linear_schedule()
    assert variances.shape == (1000,)
    assert_allclose(variances[[0, 1, -1]], [1e-4, 1e-4 + 0.0199 / 999, 0.02])
    shares = signal_shares(variances)
    assert_allclose(shares[-1], 4.0358e-5, rtol=1e-4)
    assert_allclose(np.log(shares[500]), np.log1p(-variances[:500]).sum())
    assert shares[0] == 1
    assert shares.shape == (1001,)
    assert linear_schedule(2.0, 0.3, 0.1).tolist() == [0.3, 0.1]


def test_shares_are_what_a_chain_keeps(rng):
    variances = [0.1, 0.4, 0.25]
    clean = rng.standard_normal(200_000)
    chain = clean
    for variance in variances:
        chain = math.sqrt(1 - variance) * chain + math.sqrt(variance) * rng.standard_normal(clean.size)
    assert_allclose((chain * clean).mean(), math.sqrt(signal_shares(variances)[-1]), atol=0.01)
    assert_allclose(chain.var(), 1, atol=0.01)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.97])
@pytest.mark.parametrize("x", [-1.7, 0.0, 2.4])
def test_guess_agrees_with_an_integral(share, x):
    weights, centres, spread = MIXTURE

    def joint(clean):
        prior = (weights * stats.norm.pdf(clean, centres, spread)).sum()
        return prior * stats.norm.pdf(x, math.sqrt(share) * clean, math.sqrt(1 - share))

    def noise(clean):
        return joint(clean) * (x - math.sqrt(share) * clean) / math.sqrt(1 - share)

    points = [*centres, x / math.sqrt(share)] if abs(x / math.sqrt(share)) < 6 else centres
    total, expected = (integrate.quad(inside, -6, 6, points=points, limit=400)[0] for inside in (joint, noise))
    assert_allclose(mixture_noise([x, 99.0], share, *MIXTURE)[0], expected / total, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("share", [0.01, 0.6])
def test_guess_is_the_score_of_jax(share, rng):
    weights, centres, spread = MIXTURE

    def log_density(x):
        variance = share * spread**2 + 1 - share
        parts = jnp.log(weights) + jax.scipy.stats.norm.logpdf(x, math.sqrt(share) * centres, math.sqrt(variance))
        return jax.scipy.special.logsumexp(parts)

    x = rng.standard_normal(5)
    expected = [-math.sqrt(1 - share) * jax.grad(log_density)(value) for value in x]
    assert_allclose(mixture_noise(x, share, *MIXTURE), expected, rtol=1e-9, atol=1e-12)


def test_far_values_do_not_underflow():
    assert np.isfinite(mixture_noise([-1e4, 1e4], 0.999, *MIXTURE)).all()


def test_a_step_of_ddpm_has_the_mean_and_variance_of_the_posterior(rng):
    share, after, x, clean = 0.3, 0.8, 1.1, -0.7

    def knows(values, share):
        return (values - math.sqrt(share) * clean) / math.sqrt(1 - share)

    variance = 1 - share / after  # of the noise that the step from `after` to `share` added
    precision = (1 - variance) / variance + 1 / (1 - after)
    mean = (math.sqrt(1 - variance) * x / variance + math.sqrt(after) * clean / (1 - after)) / precision

    class Fixed:
        def standard_normal(self, size):
            return np.array([0.0, 1.0])[:size]

    calls = []

    def predict(values, share):
        calls.append(share)
        return knows(values, share) if len(calls) == 1 else np.zeros_like(values)

    last = sample([x, x], [share, after, 1], predict, Fixed())
    assert calls == [share, after]
    assert_allclose(last * math.sqrt(after), [mean, mean + 1 / math.sqrt(precision)], rtol=1e-12)


def test_ddim_follows_the_flow_of_a_normal_distribution():
    shares = signal_shares(linear_schedule())[::-1]
    x = np.array([-1.5, 0.2, 2.0])
    ours = sample(x, shares, lambda values, share: mixture_noise(values, share, [1], [3], 0.5))
    start = shares[0]
    expected = 3 + (x - math.sqrt(start) * 3) * 0.5 / math.sqrt(start * 0.25 + 1 - start)
    assert_allclose(ours, expected, rtol=2e-3)


def test_many_steps_of_both_reach_the_mixture(rng):
    weights, centres, spread = MIXTURE
    shares = signal_shares(linear_schedule())[::-1][::5]
    shares = shares if shares[-1] == 1 else np.append(shares, 1)
    noise = rng.standard_normal(4000)
    for source in (None, np.random.default_rng(1)):
        made = sample(noise, shares, lambda values, share: mixture_noise(values, share, *MIXTURE), source)
        assert_allclose(made.mean(), weights @ centres, atol=0.06)
        assert_allclose(made.var(), weights @ centres**2 - (weights @ centres) ** 2 + spread**2, rtol=0.05)
        assert_allclose((made < -1).mean(), 0.2, atol=0.02)


def test_ddim_repeats_and_ddpm_does_not():
    shares = [0.01, 0.5, 1]
    one, two = (sample([0.3, 1], shares, lambda x, share: 0.1 * x) for _ in range(2))
    assert_array_equal(one, two)
    three = sample([0.3, 1], shares, lambda x, share: 0.1 * x, np.random.default_rng(0))
    assert abs(three - one).min() > 1e-3


@pytest.mark.parametrize(
    ("n_steps", "first", "last"),
    [(0, 0.1, 0.2), (1.5, 0.1, 0.2), (2, 0, 0.2), (2, 0.1, 1), (2, 1, 0.2), (2, 0.1, 0), (math.nan, 0.1, 0.2)],
)
def test_refuses_schedules_out_of_range(n_steps, first, last):
    message = "pass an integer of at least 1 as n_steps, and variances above 0 and below 1"
    with pytest.raises(ValueError, match=message):
        linear_schedule(n_steps, first, last)


@pytest.mark.parametrize("variances", [[], [[0.1]], [0.1, 0], [0.1, 1], [math.nan]])
def test_refuses_variances_out_of_range(variances):
    message = re.escape("pass at least one variance, (n_steps,), each above 0 and below 1")
    with pytest.raises(ValueError, match=message):
        signal_shares(variances)


@pytest.mark.parametrize("x", [0.5, [[0.5]], [math.nan], [1, math.inf]])
def test_guess_refuses_values_that_are_no_row(x):
    with pytest.raises(ValueError, match=re.escape(f"x has shape {np.shape(x)}; pass finite numbers, (n,)")):
        mixture_noise(x, 0.5, [1], [0], 1)


@pytest.mark.parametrize(("share", "spread"), [(0, 1), (1, 1), (math.nan, 1), (0.5, -1), (0.5, math.inf)])
def test_guess_refuses_what_is_out_of_range(share, spread):
    message = f"share and spread are {share} and {spread}; pass a share inside 0 to 1, a spread of 0 or more"
    with pytest.raises(ValueError, match=re.escape(message)):
        mixture_noise([0], share, [1], [0], spread)


@pytest.mark.parametrize(("weights", "centres"), [([1], [0, 1]), ([[1]], [[0]]), ([0, 1], [0, 1])])
def test_guess_refuses_parts_that_do_not_fit(weights, centres):
    message = f"weights and centres have shapes {np.shape(weights)} and {np.shape(centres)}; pass (k,) twice, above 0"
    with pytest.raises(ValueError, match=re.escape(message)):
        mixture_noise([0], 0.5, weights, centres, 1)


@pytest.mark.parametrize("shares", [[1], [0.5, 0.9], [0, 1], [0.5, 0.5, 1], [0.6, 0.5, 1], [[0.5, 1]], [math.nan, 1]])
def test_sampler_refuses_shares_that_do_not_rise_to_one(shares):
    message = "shares must rise from above 0 to 1; pass them from the noisiest step to the data"
    with pytest.raises(ValueError, match=message):
        sample([0], shares, lambda x, share: x)


def test_inputs_are_left_alone(rng):
    x, shares = rng.standard_normal(4), np.array([0.1, 0.5, 1])
    kept = x.copy(), shares.copy()
    sample(x, shares, lambda values, share: mixture_noise(values, share, *MIXTURE), rng)
    assert_array_equal(x, kept[0])
    assert_array_equal(shares, kept[1])
