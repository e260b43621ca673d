"""Generative adversarial network against JAX's gradients, SciPy's divergence and counts by hand."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import jensenshannon

from code_examples.architectures.gan import (
    GAN,
    coverage,
    gan_gradients,
    generate,
    jensen_shannon,
    judge,
    train_gan,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def network(rng, d_hidden=5):
    return tuple(rng.standard_normal(shape) for shape in ((1, d_hidden), (d_hidden,), (d_hidden, 1), (1,)))


@pytest.fixture
def model(rng):
    return GAN(network(rng, 3), network(rng))


def apply(parts, x):
    return (jnp.tanh(x[:, None] @ parts[0] + parts[1]) @ parts[2] + parts[3])[:, 0]


def test_generator_and_discriminator_are_the_two_networks(model, rng):
    x = rng.standard_normal(7)
    assert_allclose(generate(model, x), apply(model.generator, x), rtol=1e-12)
    assert_allclose(judge(model, x), jax.nn.sigmoid(apply(model.discriminator, x)), rtol=1e-12)


def test_gradients_agree_with_jax(model, rng):
    real, noise = rng.standard_normal((2, 6))

    def loss_generator(parts):
        return -jnp.mean(jax.nn.log_sigmoid(apply(model.discriminator, apply(parts, noise))))

    def loss_discriminator(parts):
        made = apply(model.generator, noise)
        return -jnp.mean(jax.nn.log_sigmoid(apply(parts, real))) - jnp.mean(jax.nn.log_sigmoid(-apply(parts, made)))

    ours = gan_gradients(model, real, noise)
    for loss, parts, mine in zip((loss_generator, loss_discriminator), model, ours, strict=True):
        for slope, expected in zip(mine, jax.grad(loss)(parts), strict=True):
            assert_allclose(slope, expected, rtol=1e-9, atol=1e-12)
    fewer = gan_gradients(model, real[:3].tolist(), noise.tolist())[1]
    assert [part.shape for part in fewer] == [(1, 5), (5,), (5, 1), (1,)]


def test_means_and_not_sums_where_the_sizes_differ(model, rng):
    real, noise = rng.standard_normal(4), rng.standard_normal(3)
    once = gan_gradients(model, real, noise)
    twice = gan_gradients(model, np.tile(real, 2), np.tile(noise, 2))
    for a, b in zip([*once[0], *once[1]], [*twice[0], *twice[1]], strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_turns_are_taken_as_described():
    data = np.array([1.0, 2, 4])
    start = train_gan(data, np.random.default_rng(5), 0)
    rng = np.random.default_rng(5)
    for parts in start:
        assert_array_equal(parts[0], rng.standard_normal((1, 16)))
        assert_array_equal(parts[2], rng.standard_normal((16, 1)) / 4)
        assert not parts[1].any()
        assert not parts[3].any()
        assert [part.shape for part in parts] == [(1, 16), (16,), (16, 1), (1,)]
    generator, discriminator = start
    for turn in (0, 1, 2, 0, 1, 2):
        batch, noise = data[rng.integers(3, size=64)], rng.standard_normal(64)
        by_generator, by_discriminator = gan_gradients(GAN(generator, discriminator), batch, noise)
        generator = [part - 0.5 * slope for part, slope in zip(generator, by_generator, strict=True)]
        if turn == 0:
            discriminator = [part - 0.2 * slope for part, slope in zip(discriminator, by_discriminator, strict=True)]
    model = train_gan(data, np.random.default_rng(5), 2, generator_steps=3)
    for ours, expected in zip([*model.generator, *model.discriminator], [*generator, *discriminator], strict=True):
        assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


def test_settings_do_what_they_say():
    model = train_gan([1.0], np.random.default_rng(0), 1, rates=(1e-9, 0.3), n_hidden=7, batch_size=2)
    start = train_gan([1.0], np.random.default_rng(0), 0, n_hidden=7)
    assert_allclose(model.generator[2], start.generator[2], atol=1e-7)
    assert abs(model.discriminator[2] - start.discriminator[2]).max() > 1e-3
    assert start.generator[0].shape == (1, 7)
    one = train_gan([1.0, 2], np.random.default_rng(1), 5)
    two = train_gan([1.0, 2], np.random.default_rng(1), 5, 1, (0.5, 0.2), 16, 64)
    assert_array_equal(one.generator[0], two.generator[0])


@pytest.mark.parametrize("seed", range(3))
def test_taking_turns_covers_both_and_running_ahead_covers_one(seed):
    rng = np.random.default_rng(0)
    data = rng.choice([-1.5, 1.5], 1000) + 0.3 * rng.standard_normal(1000)
    noise = np.random.default_rng(9).standard_normal(500)
    even = generate(train_gan(data, np.random.default_rng(seed), 500), noise)
    assert coverage(even, [-1.5, 1.5], 0.9).min() > 0.35
    ahead = generate(train_gan(data, np.random.default_rng(seed), 30, 50), noise)
    assert min((ahead > 0).mean(), (ahead < 0).mean()) < 0.01


def test_coverage_by_hand():
    assert coverage([1, 2, 3, 4, 9, 9.5], [9, 2.6, -5], 1).tolist() == [2 / 6, 2 / 6, 0]
    assert coverage([0.25], [0, 1], 0.25).tolist() == [1, 0]
    assert coverage([0.25], [0, 1], 0.24).tolist() == [0, 0]


@pytest.mark.parametrize("size", [2, 5])
def test_divergence_agrees_with_scipy(size, rng):
    p, q = rng.dirichlet(np.ones(size), 2)
    assert_allclose(jensen_shannon(p, q), jensenshannon(p, q) ** 2, rtol=1e-9)
    assert_allclose(jensen_shannon(q, p), jensen_shannon(p, q), rtol=1e-12)
    assert type(jensen_shannon(p, q)) is float


@pytest.mark.parametrize("wrong", [0.5, [[0.5]], [[]]])
def test_refuses_what_is_no_row_of_numbers(wrong, model):
    for name, call in (("noise", generate), ("samples", judge)):
        message = f"{name} of shape {np.shape(wrong)}; pass (n,), and a single number as [number]"
        with pytest.raises(ValueError, match=re.escape(message)):
            call(model, wrong)


@pytest.mark.parametrize("data", [[], [[1.0]], [math.nan], [1, math.inf]])
def test_refuses_data_that_is_none(data, rng):
    message = f"data have shape {np.shape(data)}; pass (n,), at least one finite number"
    with pytest.raises(ValueError, match=re.escape(message)):
        train_gan(data, rng, 1)


@pytest.mark.parametrize("name", ["n_rounds", "generator_steps", "n_hidden", "batch_size"])
@pytest.mark.parametrize("wrong", [-1, 1.5, 2.0, math.inf, math.nan])
def test_refuses_counts_out_of_range(name, wrong, rng):
    least = 0 if name == "n_rounds" else 1
    settings = {"n_rounds": 1} | {name: wrong}
    with pytest.raises(ValueError, match=f"{name} is {wrong}; pass an integer of at least {least}"):
        train_gan([1.0], rng, **settings)


@pytest.mark.parametrize("name", ["generator_steps", "n_hidden", "batch_size"])
def test_refuses_none_at_all(name, rng):
    with pytest.raises(ValueError, match=f"{name} is 0; pass an integer of at least 1"):
        train_gan([1.0], rng, 1, **{name: 0})


@pytest.mark.parametrize("rates", [(0, 1), (1, 0), (1, math.inf), (math.nan, 1), (1,), (1, 1, 1)])
def test_refuses_rates_out_of_range(rates, rng):
    with pytest.raises(ValueError, match=re.escape(f"rates are {rates}; pass two finite numbers above 0")):
        train_gan([1.0], rng, 1, rates=rates)


@pytest.mark.parametrize(
    ("samples", "centres", "radius"),
    [([], [1], 1), ([1], [], 1), ([[1]], [1], 1), ([1], [[1]], 1), ([1], [1], -1), ([1], [1], math.nan)],
)
def test_coverage_refuses_what_has_no_share(samples, centres, radius):
    message = "pass at least one sample and one centre, (n,) and (k,), and a radius of at least 0"
    with pytest.raises(ValueError, match=re.escape(message)):
        coverage(samples, centres, radius)


@pytest.mark.parametrize(("p", "q"), [([1], [0.5, 0.5]), ([[1.0]], [[1.0]])])
def test_divergence_refuses_other_shapes(p, q):
    message = f"p and q have shapes {np.shape(p)} and {np.shape(q)}; pass (n,) twice"
    with pytest.raises(ValueError, match=re.escape(message)):
        jensen_shannon(p, q)


def test_inputs_are_left_alone(model, rng):
    data, noise = rng.standard_normal((2, 5))
    kept = data.copy(), noise.copy(), [part.copy() for part in (*model.generator, *model.discriminator)]
    gan_gradients(model, data, noise)
    train_gan(data, rng, 2)
    coverage(data, noise, 1)
    assert_array_equal(data, kept[0])
    assert_array_equal(noise, kept[1])
    for part, before in zip((*model.generator, *model.discriminator), kept[2], strict=True):
        assert_array_equal(part, before)
