import math
import re
from decimal import Decimal, localcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.weight_decay import adamw, kept_share, rotation

NAN, INF = float("nan"), float("inf")
GRADIENTS = np.random.default_rng(0).standard_normal((12, 3)) * [100, 1, 0.01]


def recorded(theta, step):
    """Return gradients that do not depend on the weights."""
    return GRADIENTS[step - 1]


def by_sums(gradients, theta, rate, decay, betas, epsilon, decoupled):
    """Adam from its moments as explicit weighted averages of all gradients so far, in plain Python floats."""
    theta, seen = list(theta), []
    for row in gradients:
        grad = [g if decoupled else g + decay * w for g, w in zip(row, theta, strict=True)]
        seen.append(grad)
        ages = range(len(seen) - 1, -1, -1)
        for i in range(len(theta)):
            first = [betas[0] ** age for age in ages]
            second = [betas[1] ** age for age in ages]
            mean = math.fsum(f * g[i] for f, g in zip(first, seen, strict=True)) / math.fsum(first)
            square = math.fsum(s * g[i] ** 2 for s, g in zip(second, seen, strict=True)) / math.fsum(second)
            shrink = rate * decay * theta[i] if decoupled else 0
            theta[i] -= shrink + rate * mean / (math.sqrt(square) + epsilon)
    return theta


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5), (0.8, 0.0)])
@pytest.mark.parametrize(("rate", "decay", "epsilon"), [(1e-3, 1e-2, 1e-8), (0.1, 2.0, 0.3)])
def test_agrees_with_moments_as_explicit_averages(rate, decay, epsilon, betas, decoupled):
    start = [1.0, -2.0, 0.5]
    expected = by_sums(GRADIENTS, start, rate, decay, betas, epsilon, decoupled)
    got = adamw(recorded, start, 12, rate, decay, betas, epsilon, decoupled)
    assert_allclose(got, expected, rtol=1e-10)


def test_the_defaults_are_those_of_pytorch():
    assert_array_equal(
        adamw(recorded, [1, 2, 3], 12), adamw(recorded, [1, 2, 3], 12, 1e-3, 1e-2, (0.9, 0.999), 1e-8, True)
    )


def test_a_penalty_is_adam_on_the_penalized_loss():
    def penalized(theta, step):
        return jax.grad(lambda w: (GRADIENTS[step - 1] * w).sum() + 0.3 / 2 * (w**2).sum())(jnp.array(theta))

    with jax.enable_x64(True):
        expected = adamw(penalized, [1, 2, 3], 12, 0.01, weight_decay=0)
    assert_allclose(adamw(recorded, [1, 2, 3], 12, 0.01, 0.3, decoupled=False), expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_decoupled_decay_does_not_depend_on_the_size_of_the_gradient(scale):
    def scaled(theta, step):
        return scale * recorded(theta, step)

    expected = adamw(recorded, [1, 2, 3], 12, 0.01, 0.5, epsilon=1e-300)
    assert_allclose(adamw(scaled, [1, 2, 3], 12, 0.01, 0.5, epsilon=1e-300), expected, rtol=1e-10)


def test_the_gradient_sees_the_weights_before_decay_and_cannot_change_them():
    seen = []

    def spoil(theta, step):
        seen.append((step, theta.tolist()))
        theta[:] = 7
        return np.zeros(2)

    result = adamw(spoil, [4.0, 8.0], 2, learning_rate=0.5, weight_decay=1)
    assert seen == [(1, [4, 8]), (2, [2, 4])]
    assert_array_equal(result, [1, 2])


def test_without_decay_a_quadratic_ends_at_its_minimum():
    result = adamw(lambda theta, step: theta - 3, [0.0], 20_000, 0.01, 0.0)
    assert_allclose(result, 3, atol=1e-3)


def test_weights_of_any_shape_and_no_steps():
    start = [[1, 2], [3, 4]]
    result = adamw(lambda theta, step: theta, start, 0)
    assert_array_equal(result, start)
    assert result.dtype == np.float64
    assert adamw(lambda theta, step: 0 * theta, 2.0, 1, 0.5, 0.5) == 1.5


def test_small_types_do_not_overflow_or_lose_digits():
    small = adamw(lambda theta, step: np.array([100], dtype=np.int8), [1.0], 3)
    assert_array_equal(small, adamw(lambda theta, step: [100.0], [1.0], 3))
    rates = np.full(1000, 0.001, dtype=np.float32)
    assert_allclose(kept_share(rates, 0.1), kept_share(rates.astype(np.float64), 0.1), rtol=1e-14)


SETTINGS = "a setting is out of range; pass finite numbers of at least 0, and epsilon above 0"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_steps": -1}, SETTINGS),
        ({"learning_rate": -1e-9}, SETTINGS),
        ({"learning_rate": INF}, SETTINGS),
        ({"learning_rate": NAN}, SETTINGS),
        ({"weight_decay": -1e-9}, SETTINGS),
        ({"weight_decay": INF}, SETTINGS),
        ({"epsilon": 0}, SETTINGS),
        ({"epsilon": INF}, SETTINGS),
        ({"betas": (1, 0.5)}, "betas are (1, 0.5); pass two numbers of at least 0 and below 1"),
        ({"betas": (0.5, 1.0)}, "betas are (0.5, 1.0); pass"),
        ({"betas": (-0.1, 0.5)}, "betas are (-0.1, 0.5); pass"),
        ({"betas": (0.9,)}, "betas are (0.9,); pass two numbers"),
        ({"betas": (0.9, 0.9, 0.9)}, "betas are (0.9, 0.9, 0.9); pass two numbers"),
        ({"learning_rate": 0.5, "weight_decay": 2.1}, "a step takes more than the whole weight; pass"),
        ({"theta": [1, 2, NAN]}, "a weight is not finite; pass finite numbers as theta"),
        ({"theta": [1, -INF, 2]}, "a weight is not finite; pass finite numbers as theta"),
        ({"gradient": lambda theta, step: [1, 2]}, "gradient has shape (2,); return one of shape (3,)"),
        ({"gradient": lambda theta, step: [1, 2, NAN]}, "a gradient is not finite or above 1e150"),
        ({"gradient": lambda theta, step: [1, 2, -INF]}, "a gradient is not finite or above 1e150"),
        ({"gradient": lambda theta, step: [1, 2, -1e200]}, "a gradient is not finite or above 1e150"),
        ({"theta": [1, 2, 1e160], "weight_decay": 1, "decoupled": False}, "a gradient is not finite or above 1e150"),
    ],
)
def test_adamw_refuses_what_has_no_answer(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        adamw(**{"gradient": recorded, "theta": [1, 2, 3], "n_steps": 3, **settings})


@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150])
def test_the_first_step_has_the_size_of_the_learning_rate(size):
    result = adamw(lambda theta, step: [size, -size], [1, 1], 1, 0.25, 0, epsilon=1e-300)
    assert_allclose(result, [0.75, 1.25], rtol=1e-12)


def test_a_whole_weight_may_go_in_one_step_and_a_penalty_has_no_such_limit():
    assert_array_equal(adamw(lambda w, step: 0 * w, [4.0], 1, 0.5, 2), [0])
    assert_allclose(adamw(lambda w, step: 0 * w, [4.0], 1, 1, 3, decoupled=False), [3], rtol=1e-8)


@pytest.mark.parametrize(("rate", "decay", "n_steps"), [(1e-3, 0.1, 1000), (6e-4, 0.1, 500), (0.3, 3, 7)])
def test_kept_share_agrees_with_many_digits(rate, decay, n_steps):
    with localcontext() as context:
        context.prec = 60
        expected = float((1 - Decimal(repr(rate)) * Decimal(repr(decay))) ** n_steps)
    assert_allclose(kept_share(np.full(n_steps, rate), decay), expected, rtol=1e-11)


def test_kept_share_follows_a_schedule_and_adamw_without_gradient():
    rates = [0.5, 0.1, 0.0]
    theta = 1.0
    for rate in rates:
        theta = adamw(lambda w, step: 0 * w, theta, 1, rate, 0.4)
    assert_allclose(kept_share(rates, 0.4), theta, rtol=1e-14)
    assert kept_share([1, 0.5], 1) == 0
    assert kept_share([3, 4], 0) == 1


@pytest.mark.parametrize(
    ("rates", "decay"), [([-0.1], 1), ([0.1], -1), ([-0.1], -1), ([NAN], 1), ([0.1], NAN), ([1], INF), ([0], INF)]
)
def test_kept_share_refuses_what_is_negative_or_not_finite(rates, decay):
    with pytest.raises(ValueError, match="pass a finite weight_decay and learning rates, all of at least 0"):
        kept_share(rates, decay)


@pytest.mark.parametrize(("rates", "decay"), [([0.1, 2], 1), ([0.1], 10.1), ([INF], 1)])
def test_kept_share_refuses_to_take_more_than_there_is(rates, decay):
    with pytest.raises(ValueError, match="a step takes more than the whole weight; pass learning_rate"):
        kept_share(rates, decay)


@pytest.mark.parametrize("product", [1e-12, 1e-5, 0.01, 0.5, 1])
def test_rotation_is_the_angle_of_that_cosine(product):
    with localcontext() as context:
        context.prec = 60
        cosine = 1 - Decimal(repr(float(product)))
        sine = float((1 - cosine * cosine).sqrt())
    assert_allclose(math.sin(rotation(product, 1)), sine, rtol=1e-12)
    assert rotation(product, 1) == rotation(product / 4, 4)
    assert 0 < rotation(product, 1) <= math.pi / 2 + 1e-15


def test_rotation_is_where_a_scale_invariant_loss_ends():
    def loss(weights, target):
        return (weights @ target) / jnp.linalg.norm(weights)

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(loss))
        rng = np.random.default_rng(0)
        weights, angles = np.eye(400)[0], []
        for step in range(300):
            g = np.asarray(gradient(weights, rng.standard_normal(400) / 20))
            assert abs(g @ weights) < 1e-12
            new = (1 - 0.2 * 0.1) * weights - 0.2 * g
            if step >= 200:
                angles.append(math.acos(new @ weights / np.linalg.norm(new) / np.linalg.norm(weights)))
            weights = new
    assert_allclose(np.mean(angles), rotation(0.2, 0.1), rtol=0.02)


@pytest.mark.parametrize(("rate", "decay"), [(2, 1), (-0.1, 1), (1, -0.1), (-0.5, -1), (NAN, 1), (0, INF)])
def test_rotation_refuses_products_out_of_range(rate, decay):
    with pytest.raises(ValueError, match=re.escape(f"learning_rate * weight_decay is {rate * decay}; pass numbers")):
        rotation(rate, decay)


def test_inputs_are_left_alone():
    theta, rates = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2])
    kept = theta.copy(), rates.copy()
    adamw(recorded, theta, 3)
    kept_share(rates, 0.5)
    assert_array_equal(theta, kept[0])
    assert_array_equal(rates, kept[1])
