"""ORPO against JAX's derivatives, the formula of TRL and of its authors' code, and exact fractions."""

import math
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_expit, logit

from code_examples.training.orpo import log_odds, orpo_gradient, orpo_loss

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

WEIGHTS = [0, 0.1, 0.25, 3]


@pytest.fixture
def pairs():
    return -np.random.default_rng(0).gamma(2.0, 0.5, size=(2, 7))


def test_log_odds_agree_with_scipy(pairs):
    assert_allclose(log_odds(pairs[0]), logit(np.exp(pairs[0])), rtol=1e-12, atol=1e-12)


def test_log_odds_keep_their_digits_at_both_ends():
    assert log_odds([-800, -1e-300]).tolist() == [-800, -math.log(1e-300)]
    nearly_one = Fraction(-1, 10**9)  # P is 1 + x + x^2/2 + x^3/6 within 1e-36
    p = 1 + nearly_one + nearly_one**2 / 2 + nearly_one**3 / 6
    assert_allclose(log_odds([-1e-9])[0], math.log(float(p / (1 - p))), rtol=1e-14)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_loss_agrees_with_trl(weight, pairs):
    """`odds_ratio_loss` of TRL's ORPOTrainer, as it stood in 2026, written anew, plus its first term."""
    chosen, rejected = pairs
    difference = (chosen - rejected) - (np.log1p(-np.exp(chosen)) - np.log1p(-np.exp(rejected)))
    expected = -chosen.mean() - (weight * log_expit(difference)).mean()
    assert_allclose(orpo_loss(chosen, rejected, weight), expected, rtol=1e-12)
    assert type(orpo_loss(chosen, rejected, weight)) is float


def test_gradient_agrees_with_automatic_differentiation(pairs):
    def loss(chosen, rejected, weight):
        odds_ratio = jnp.exp(chosen) * (1 - jnp.exp(rejected)) / (jnp.exp(rejected) * (1 - jnp.exp(chosen)))
        return jnp.mean(-chosen + weight * jnp.log1p(1 / odds_ratio))

    derivative = jax.jit(jax.grad(loss, argnums=(0, 1)))
    for weight in WEIGHTS:
        for ours, theirs in zip(orpo_gradient(*pairs, weight), derivative(*pairs, float(weight)), strict=True):
            assert_allclose(ours, theirs, rtol=1e-9, atol=1e-15)
            assert (ours.dtype, ours.shape) == (np.float64, (7,))


def test_without_weight_it_is_imitation(pairs):
    assert orpo_loss(*pairs, 0) == pytest.approx(-pairs[0].mean())
    by_chosen, by_rejected = orpo_gradient(*pairs, 0)
    assert_allclose(by_chosen, -1 / 7)
    assert_array_equal(by_rejected, 0)


def test_unlikely_answers_have_probabilities_for_odds():
    chosen, rejected = [-60.0], [-62.0]
    assert_allclose(orpo_loss(chosen, rejected, 1) - 60, math.log1p(math.exp(-2)), rtol=1e-12)


def test_a_learned_answer_keeps_a_finite_push():
    by_chosen, by_rejected = orpo_gradient([-1e-12], [math.log(0.25)], 1)
    assert by_chosen[0] == pytest.approx(-1 - 1 / 3)  # the odds of the rejected response, over P = 1
    assert 0 < by_rejected[0] < 1e-11


@pytest.mark.parametrize(
    ("mean", "message"),
    [
        ([], "pass the same number of pairs in each, at least one"),
        ([-1, 0], "a mean log-probability is not below 0; pass logarithms of probabilities below 1"),
        ([0.5, -1], "a mean log-probability is not below 0"),
        ([-1, math.nan], "mean holds a number that is not finite"),
        (-math.inf, "mean holds a number that is not finite"),
    ],
)
def test_refuses_what_has_no_odds(mean, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        log_odds(mean)


@pytest.mark.parametrize("call", [orpo_loss, orpo_gradient])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], 1), "pass the same number of pairs in each, at least one"),
        (([-1], [-1, -2], 1), "{'chosen_mean': (1,), 'rejected_mean': (2,)}"),
        (([-1], [0], 1), "a mean log-probability is not below 0"),
        (([0], [-1], 1), "a mean log-probability is not below 0"),
        (([-1], [math.nan], 1), "rejected_mean holds a number that is not finite"),
        (([-1], [-2], -0.1), "weight is -0.1; pass a finite number of at least 0"),
        (([-1], [-2], math.inf), "weight is inf; pass"),
        (([-1], [-2], math.nan), "weight is nan; pass"),
    ],
)
def test_refuses_what_has_no_loss(call, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(*arguments)


def test_leaves_its_input_alone(pairs):
    before = pairs.copy()
    log_odds(pairs[0])
    orpo_loss(*pairs, 1)
    orpo_gradient(*pairs, 1)
    assert_array_equal(pairs, before)
