"""Variational autoencoder against SciPy's densities and integrals, JAX's gradients and what defines a bound."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from code_examples.architectures.vae import (
    VAE,
    decode,
    elbo,
    elbo_gradients,
    encode,
    gaussian_kl,
    log_likelihood,
    network_gradients,
    train_vae,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def network(rng, d_in, d_hidden, d_out):
    shapes = (d_in, d_hidden), (d_hidden,), (d_hidden, d_out), (d_out,)
    return tuple(0.7 * rng.standard_normal(shape) for shape in shapes)


@pytest.fixture
def model(rng):
    return VAE(network(rng, 3, 4, 2), network(rng, 1, 5, 3), 0.7)


def apply(parts, x):
    return jnp.tanh(x @ parts[0] + parts[1]) @ parts[2] + parts[3]


def test_encode_and_decode_are_the_two_networks(model, rng):
    data = rng.standard_normal((6, 3))
    mean, sd = encode(model, data)
    out = apply(model.encoder, data)
    assert_allclose(mean, out[:, 0], rtol=1e-12)
    assert_allclose(sd**2, np.exp(out[:, 1]), rtol=1e-12)
    codes = rng.standard_normal((2, 4))
    assert_allclose(decode(model, codes)[1, 2], apply(model.decoder, codes[1, 2:3]), rtol=1e-12)
    assert decode(model, codes).shape == (2, 4, 3)
    assert decode(model, 0).shape == (3,)


@pytest.mark.parametrize(("mean", "sd"), [(0, 1), (1, 0.5), (-2, 3), (0.3, 0.01)])
def test_divergence_agrees_with_an_integral(mean, sd):
    def inside(h):
        return stats.norm.pdf(h, mean, sd) * (stats.norm.logpdf(h, mean, sd) - stats.norm.logpdf(h))

    expected = integrate.quad(inside, mean - 12 * sd, mean + 12 * sd)[0]
    assert_allclose(gaussian_kl(mean, sd), expected, atol=1e-9)


def test_likelihood_agrees_with_scipy(model, rng):
    data = rng.standard_normal((4, 3))
    for row, ours in zip(data, log_likelihood(model, data), strict=True):

        def joint(h, row=row):
            return stats.norm.pdf(h) * stats.norm.pdf(row, apply(model.decoder, jnp.array([h])), 0.7).prod()

        assert_allclose(ours, math.log(integrate.quad(joint, -10, 10, limit=200)[0]), rtol=1e-7)


def test_likelihood_is_a_density(rng):
    model = VAE((), network(rng, 1, 5, 1), 0.5)
    grid = np.linspace(-15, 15, 3001)
    assert_allclose(np.exp(log_likelihood(model, grid[:, None])).sum() * 0.01, 1, rtol=1e-6)


def test_far_points_do_not_underflow(model):
    assert np.isfinite(log_likelihood(model, [[100.0, 0, 0]])).all()


def test_the_mean_bound_is_below_the_likelihood_and_touches_it(model, rng):
    data = rng.standard_normal((20, 3))
    draws, weights = np.polynomial.hermite_e.hermegauss(60)
    bounds = weights @ elbo(model, data, draws[:, None]) / weights.sum()
    assert (bounds < log_likelihood(model, data)).all()
    # x = h + noise, the tanh in its straight part: the code given x has mean and variance one half of x and of one
    straight = ([[1e-4]], [0], [[1e4]], [0])
    exact = VAE(([[1e-4]], [0], [[0.5e4, 0]], [0, math.log(0.5)]), straight, 1)
    ours = weights @ elbo(exact, [[2.0], [-1]], draws[:, None]) / weights.sum()
    assert_allclose(ours, stats.norm.logpdf([2, -1], 0, math.sqrt(2)), atol=1e-6)
    assert_allclose(log_likelihood(exact, [[2.0], [-1]]), stats.norm.logpdf([2, -1], 0, math.sqrt(2)), atol=1e-6)


def test_bound_by_scipy_for_given_noise(model, rng):
    data, noise = rng.standard_normal((5, 3)), rng.standard_normal((2, 5))
    mean, sd = encode(model, data)
    for k in range(2):
        codes = mean + sd * noise[k]
        fit = stats.norm.logpdf(data, apply(model.decoder, codes[:, None]), 0.7).sum(axis=1)
        assert_allclose(elbo(model, data, noise)[k], fit - gaussian_kl(mean, sd), rtol=1e-10)


def test_network_gradients_agree_with_jax(rng):
    parts, x, slope = network(rng, 3, 4, 2), rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    by_parts, by_x = jax.grad(lambda parts, x: (apply(parts, x) * slope).sum(), (0, 1))(parts, x)
    ours, ours_x = network_gradients(parts, x, slope)
    for mine, theirs in zip(ours, by_parts, strict=True):
        assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)
    assert_allclose(ours_x, by_x, rtol=1e-10, atol=1e-13)


def test_bound_gradients_agree_with_jax(model, rng):
    data, noise = rng.standard_normal((7, 3)), rng.standard_normal(7)

    def bound(encoder, decoder):
        mean, log_variance = apply(encoder, data).T
        codes = mean + jnp.exp(log_variance / 2) * noise
        missed = data - apply(decoder, codes[:, None])
        fit = -(missed**2).sum(axis=1) / (2 * 0.7**2)
        return jnp.mean(fit - (mean**2 + jnp.exp(log_variance) - 1 - log_variance) / 2)

    expected = jax.grad(bound, (0, 1))(model.encoder, model.decoder)
    ours = elbo_gradients(model, data, noise)
    for mine, theirs in zip(ours, [*expected[0], *expected[1]], strict=True):
        assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
    lists = VAE(tuple(p.tolist() for p in model.encoder), tuple(p.tolist() for p in model.decoder), 0.7)
    again = elbo_gradients(lists, data.tolist(), noise.tolist())
    assert_allclose(again[0], ours[0])


def test_training_raises_the_likelihood_and_uses_the_code(rng):
    data = np.linspace(-2, 2, 40)[:, None] * [1, 0.5]
    before, after = (train_vae(data, 0.2, np.random.default_rng(1), n_steps=n) for n in (0, 300))
    assert log_likelihood(after, data).mean() > log_likelihood(before, data).mean() + 5
    assert gaussian_kl(*encode(after, data)).mean() > 1
    best = stats.multivariate_normal([0, 0], np.cov(data.T, bias=True) + 0.04 * np.eye(2)).logpdf(data).mean()
    assert log_likelihood(after, data).mean() > best - 0.3
    assert after.noise_sd == 0.2


def test_the_first_step_has_the_size_of_the_rate_and_the_sign_of_the_gradient(rng):
    data = rng.standard_normal((9, 2))
    before, after = (train_vae(data, 0.5, np.random.default_rng(3), n_hidden=4, n_steps=n) for n in (0, 1))
    later = np.random.default_rng(3)
    for part in (*before.encoder, *before.decoder):
        if part.any():
            drawn = later.standard_normal(part.shape) / math.sqrt(len(part))
            assert_array_equal(part, drawn)
    slopes = elbo_gradients(before, data, later.standard_normal(9))
    pairs = zip((*before.encoder, *before.decoder), (*after.encoder, *after.decoder), slopes, strict=True)
    for old, new, slope in pairs:
        assert_allclose(new - old, 0.02 * np.sign(slope), rtol=1e-4, atol=1e-9)


def test_shapes_at_the_start_and_defaults():
    model = train_vae(np.ones((5, 3)), 1, np.random.default_rng(0), n_steps=0)
    assert [part.shape for part in model.encoder] == [(3, 16), (16,), (16, 2), (2,)]
    assert [part.shape for part in model.decoder] == [(1, 16), (16,), (16, 3), (3,)]
    data = np.random.default_rng(1).standard_normal((6, 1))
    one = train_vae(data, 1, np.random.default_rng(0))
    two = train_vae(data, 1, np.random.default_rng(0), n_hidden=16, n_steps=400, learning_rate=0.02)
    assert_array_equal(one.decoder[2], two.decoder[2])


@pytest.mark.parametrize("data", [[1.0, 2], np.ones((0, 2)), np.ones((2, 0)), [[1, math.nan]], [[math.inf]]])
def test_refuses_data_that_is_none(data, rng):
    message = f"data have shape {np.shape(data)}; pass finite rows and columns, at least one each"
    with pytest.raises(ValueError, match=re.escape(message)):
        train_vae(data, 1, rng)


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_refuses_noise_out_of_range(wrong, model, rng):
    message = f"noise_sd is {wrong}; pass a finite number above 0"
    with pytest.raises(ValueError, match=message):
        train_vae([[1.0]], wrong, rng)
    with pytest.raises(ValueError, match=message):
        elbo(model._replace(noise_sd=wrong), [[1.0, 2, 3]], [0])
    with pytest.raises(ValueError, match=message):
        log_likelihood(model._replace(noise_sd=wrong), [[1.0, 2, 3]])


@pytest.mark.parametrize("wrong", [0, -1, math.nan, [1, 0]])
def test_refuses_a_spread_out_of_range(wrong):
    with pytest.raises(ValueError, match="a standard deviation is not above 0; pass positive numbers as sd"):
        gaussian_kl(0, wrong)


def test_inputs_are_left_alone(model, rng):
    data, noise = rng.standard_normal((5, 3)), rng.standard_normal(5)
    kept = data.copy(), noise.copy(), [part.copy() for part in (*model.encoder, *model.decoder)]
    elbo(model, data, noise)
    elbo_gradients(model, data, noise)
    log_likelihood(model, data)
    train_vae(data, 1, rng, n_steps=2)
    assert_array_equal(data, kept[0])
    assert_array_equal(noise, kept[1])
    for part, before in zip((*model.encoder, *model.decoder), kept[2], strict=True):
        assert_array_equal(part, before)
