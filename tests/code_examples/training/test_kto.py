"""KTO against JAX's derivatives, TRL's published formula and slow loops."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from code_examples.training.kto import kto_gradient, kto_loss, reference_point, weight_range

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

SETTINGS = [(0.0, 0.1, 1.0, 1.0), (3.0, 0.5, 2.0, 0.25), (0.7, 0.01, 0.0, 13.3)]


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    log_policy, log_reference = -rng.gamma(3.0, 4.0, size=(2, 9))
    return log_policy, log_reference, rng.random(9) < 0.4


def trl(log_policy, log_reference, desirable, kl, beta, desirable_weight, undesirable_weight):
    """`loss_type="kto"` of TRL's KTOTrainer, as it stood in 2026, written anew."""
    ratios = log_policy - log_reference
    chosen = desirable_weight * (1 - expit(beta * (ratios[desirable] - kl)))
    rejected = undesirable_weight * (1 - expit(beta * (kl - ratios[~desirable])))
    return np.concatenate([chosen, rejected]).mean()


@pytest.mark.parametrize("settings", SETTINGS)
def test_loss_agrees_with_trl(settings, batch):
    assert_allclose(kto_loss(*batch, *settings), trl(*batch, *settings), rtol=1e-12)
    assert type(kto_loss(*batch, *settings)) is float


def test_the_defaults_are_those_of_trl(batch):
    assert kto_loss(*batch, 1.5) == pytest.approx(trl(*batch, 1.5, 0.1, 1, 1))
    assert_array_equal(kto_gradient(*batch, 1.5), kto_gradient(*batch, 1.5, 0.1, 1, 1))


def test_gradient_agrees_with_automatic_differentiation(batch):
    def loss(log_policy, log_reference, desirable, point, beta, desirable_weight, undesirable_weight):
        distance = log_policy - log_reference - point
        value = 1 / (1 + jnp.exp(-beta * jnp.where(desirable, distance, -distance)))
        return jnp.mean(jnp.where(desirable, desirable_weight, undesirable_weight) * (1 - value))

    derivative = jax.jit(jax.grad(loss))
    for settings in SETTINGS:
        ours = kto_gradient(*batch, *settings)
        assert_allclose(ours, derivative(*batch, *settings), rtol=1e-9, atol=1e-15)
        assert (ours.dtype, ours.shape) == (np.float64, (9,))


def test_reference_point_agrees_with_a_slow_loop(batch):
    log_policy, log_reference, _ = batch
    mean = math.fsum(a - b for a, b in zip(log_policy, log_reference, strict=True)) / 9
    both = reference_point(log_policy, log_reference), reference_point(log_reference, log_policy)
    assert_allclose(sorted(both), [0, abs(mean)], rtol=1e-12)
    assert type(both[0]) is float


def test_both_ends_are_left_alone():
    pushes = kto_gradient([-900, 0, 900], [0, 0, 0], [True] * 3, 0, beta=1)
    assert_allclose(pushes, [0, -1 / 12, 0], atol=1e-300)
    assert kto_loss([-900, 900], [0, 0], [True, False], 0, beta=1) == 1


def test_the_push_is_largest_at_the_reference_point():
    distances = np.linspace(-40, 40, 81)
    pushes = abs(kto_gradient(distances + 5, np.zeros(81), [False] * 81, point=5))
    assert distances[pushes.argmax()] == 0
    assert_allclose(pushes, pushes[::-1])


@pytest.mark.parametrize(
    ("counts", "expected"), [((1, 10), (10, 15)), ((900, 100), (1 / 9, 1 / 6)), ((7, 7), (1, 1.5))]
)
def test_weights_make_both_sides_count(counts, expected):
    lowest, highest = weight_range(*counts)
    assert (lowest, highest) == pytest.approx(expected)
    assert [counts[0] * weight / counts[1] for weight in (lowest, highest)] == pytest.approx([1, 1.5])


@pytest.mark.parametrize("counts", [(0, 5), (5, 0), (math.nan, 1), (1, math.inf)])
def test_refuses_a_side_without_examples(counts):
    message = f"{counts[0]} desirable and {counts[1]} undesirable examples; pass at least 1 of each"
    with pytest.raises(ValueError, match=re.escape(message)):
        weight_range(*counts)


@pytest.mark.parametrize("call", [kto_loss, kto_gradient])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], [], 0), "pass the same number of pairs in each, at least one"),
        (([-1], [-1, -2], [True], 0), "{'log_policy': (1,), 'log_reference': (2,)}"),
        (([-1], [math.nan], [True], 0), "log_reference holds a number that is not finite"),
        (([-1, -2], [-1, -2], [True], 0), "desirable has shape (1,) and type bool; pass True or False for each of 2"),
        (([-1], [-1], [1], 0), "desirable has shape (1,) and type int64; pass True or False for each of 1"),
        (([-1], [-1], [True], -1), "point is -1; pass a finite number of at least 0"),
        (([-1], [-1], [True], math.nan), "point is nan; pass"),
        (([-1], [-1], [True], 0, 0), "beta is 0; pass a finite number above 0"),
        (([-1], [-1], [True], 0, math.inf), "beta is inf; pass"),
        (([-1], [-1], [True], 0, 1, -1), "desirable_weight is -1; pass a finite number of at least 0"),
        (([-1], [-1], [True], 0, 1, 1, math.inf), "undesirable_weight is inf; pass"),
    ],
)
def test_refuses_what_has_no_loss(call, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(*arguments)


def test_refuses_no_mismatched_responses():
    with pytest.raises(ValueError, match="pass the same number of pairs in each, at least one"):
        reference_point([], [])


def test_leaves_its_input_alone(batch):
    before = [row.copy() for row in batch]
    kto_loss(*batch, 1)
    kto_gradient(*batch, 1)
    reference_point(*batch[:2])
    for row, kept in zip(batch, before, strict=True):
        assert_array_equal(row, kept)
