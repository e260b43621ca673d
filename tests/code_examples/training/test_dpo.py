"""DPO against TRL's published formula, JAX, finite differences and an optimum found by enumeration."""

import math

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.kl_divergence import kl_divergence
from code_examples.training.dpo import (
    dpo_gradient,
    dpo_loss,
    implicit_reward,
    kl_regularised_optimum,
    train_policy,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

ROWS = tuple(np.array(row) for row in ([-10.0, -31, -4], [-14.0, -30, -9], [-12.0, -33, -3.5], [-13.0, -35, -2]))
FUNCTIONS = dpo_loss, dpo_gradient


def trl(chosen, rejected, ref_chosen, ref_rejected, beta):
    """The loss named "sigmoid" of TRL 1.16.0, written anew: the ratios by model, not by response."""
    return -jax.nn.log_sigmoid(beta * ((chosen - rejected) - (ref_chosen - ref_rejected))).mean()


TRL = jax.jit(jax.value_and_grad(trl, (0, 1)))  # compiled once for all values of beta


def log_softmax(logits):
    """The plain formula, enough for small logits."""
    return logits - np.log(np.exp(logits).sum())


# --- loss and gradient -------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.1, 3.0])
def test_value_and_gradient_agree_with_trl_and_jax(beta):
    value, gradient = TRL(*ROWS, beta)
    assert_allclose(dpo_loss(*ROWS, beta=beta), value, rtol=1e-12)
    for ours, theirs in zip(dpo_gradient(*ROWS, beta=beta), gradient, strict=True):
        assert_allclose(ours, theirs, rtol=1e-10)


def test_beta_is_a_tenth_by_default():
    assert dpo_loss(*ROWS) == dpo_loss(*ROWS, beta=0.1)
    assert_array_equal(dpo_gradient(*ROWS), dpo_gradient(*ROWS, beta=0.1))


@pytest.mark.parametrize("side", [0, 1])
def test_gradient_agrees_with_finite_differences(side):
    for i in range(3):
        values = []
        for step in (1e-5, -1e-5):
            rows = [row.copy() for row in ROWS]
            rows[side][i] += step
            values.append(dpo_loss(*rows, beta=0.7))
        assert_allclose(dpo_gradient(*ROWS, beta=0.7)[side][i], (values[0] - values[1]) / 2e-5, atol=1e-9)


def test_the_loss_is_logistic_regression_with_label_one():
    logits = implicit_reward(ROWS[0], ROWS[2], 0.3) - implicit_reward(ROWS[1], ROWS[3], 0.3)
    assert_allclose(dpo_loss(*ROWS, beta=0.3), np.log1p(np.exp(-logits)).mean(), rtol=1e-12)


def test_only_the_gap_counts():
    lower = [ROWS[0] - 3, ROWS[1] - 3, *ROWS[2:]]
    assert_allclose(dpo_loss(*lower), dpo_loss(*ROWS), rtol=1e-12)
    assert_allclose(dpo_gradient(*lower), dpo_gradient(*ROWS), rtol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_refusals(function):
    for beta in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"beta is {beta}; pass a finite number above 0"):
            function(*ROWS, beta=beta)
    for i, name in enumerate(("chosen", "rejected", "ref_chosen", "ref_rejected")):
        rows = list(ROWS)
        rows[i] = np.array([0, np.nan, 0])
        with pytest.raises(ValueError, match=f"^{name} holds a number that is not finite"):
            function(*rows)
        rows[i] = np.zeros(2)
        with pytest.raises(ValueError, match="pass the same number of pairs"):
            function(*rows)


# --- the optimum -------------------------------------------------------------------------------

REFERENCE, REWARDS = np.log([0.5, 0.3, 0.15, 0.05]), np.array([1.0, 2.0, -1.0, 3.0])


def objective(log_policy, beta):
    return np.exp(log_policy) @ REWARDS - beta * kl_divergence(np.exp(log_policy), np.exp(REFERENCE))


@pytest.mark.parametrize("beta", [0.2, 1.0, 4.0])
def test_no_other_policy_is_better(beta):
    best = kl_regularised_optimum(REFERENCE, REWARDS, beta)
    others = np.random.default_rng(0).dirichlet(np.ones(4), size=60)
    top = objective(best, beta)
    assert max(objective(np.log(other), beta) for other in others) < top
    for other in others:  # what a policy lacks is beta times its divergence from the optimum
        lack = beta * kl_divergence(other, np.exp(best))
        assert_allclose(top - objective(np.log(other), beta), lack, atol=1e-9)


@pytest.mark.parametrize("beta", [0.2, 1.0, 4.0])
def test_the_implicit_reward_gives_the_differences_back(beta):
    reward = implicit_reward(kl_regularised_optimum(REFERENCE, REWARDS, beta), REFERENCE, beta)
    assert_allclose(reward - reward[0], REWARDS - REWARDS[0], atol=1e-12)
    assert_allclose(np.exp(kl_regularised_optimum(REFERENCE, REWARDS, beta)).sum(), 1, rtol=1e-12)


def test_an_extreme_beta_chooses_the_best_or_the_reference():
    assert_allclose(np.exp(kl_regularised_optimum(REFERENCE, REWARDS, 1e-3)), [0, 0, 0, 1], atol=1e-12)
    assert_allclose(kl_regularised_optimum(REFERENCE, REWARDS + 1e6, 1e12), REFERENCE, atol=1e-9)
    assert kl_regularised_optimum([-3.0], [2.0], 1).tolist() == [0]


def test_refusals_of_optimum_and_reward():
    for function in (kl_regularised_optimum, implicit_reward):
        with pytest.raises(ValueError, match="beta is 0; pass a finite number above 0"):
            function(REFERENCE, REWARDS, 0)
        with pytest.raises(ValueError, match="log_reference holds a number that is not finite"):
            function(**{"beta": 1, "log_reference": [-np.inf, 0], PARTNER[function]: [0, 0]})
        with pytest.raises(ValueError, match=f"^{PARTNER[function]} holds a number that is not finite"):
            function(**{"beta": 1, "log_reference": [0, 0], PARTNER[function]: [0, np.inf]})


PARTNER = {kl_regularised_optimum: "rewards", implicit_reward: "log_policy"}


# --- the toy policy ----------------------------------------------------------------------------

LOGITS, PAIRS = np.array([0.5, -0.2, 1.0, 0.0]), np.array([[0, 1], [2, 1], [0, 3]])


def gradient_from(logits, beta=0.5):
    log_reference = log_softmax(logits)
    return lambda chosen, rejected: dpo_gradient(chosen, rejected, *log_reference[PAIRS.T], beta=beta)


def test_the_path_is_gradient_descent_by_jax():
    features = np.random.default_rng(0).standard_normal((4, 3))
    chosen, rejected = np.eye(4)[PAIRS.T]  # (n_pairs, n_responses) each: rows that pick a response
    log_reference = log_softmax(LOGITS)

    @jax.jit
    @jax.grad
    def slope(weights):
        log_policy = jax.nn.log_softmax(LOGITS + features @ weights)
        return trl(*(pick @ log for log in (log_policy, log_reference) for pick in (chosen, rejected)), 0.5)

    weights = np.zeros(3)
    path = train_policy(gradient_from(LOGITS), LOGITS, PAIRS, 3, 0.8, features)
    assert path.shape == (4, 4)
    for row in path:
        assert_allclose(row, LOGITS + features @ weights, rtol=1e-10)
        weights = weights - 0.8 * np.asarray(slope(weights))


def test_without_features_each_response_has_its_own():
    path = train_policy(gradient_from(LOGITS), LOGITS, PAIRS, 3, 0.8)
    assert_allclose(path, train_policy(gradient_from(LOGITS), LOGITS, PAIRS, 3, 0.8, np.eye(4)), rtol=1e-14)


def test_a_gradient_that_does_not_cancel_is_pulled_through_the_softmax():
    one_sided = lambda chosen, rejected: (-np.ones(3), np.zeros(3))  # noqa: E731
    moved = train_policy(one_sided, LOGITS, PAIRS, 1, 1.0)[1] - LOGITS
    p = np.exp(LOGITS) / np.exp(LOGITS).sum()
    assert_allclose(moved, np.array([2, 0, 1, 0]) - 3 * p, rtol=1e-12)


def test_training_ends_where_the_closed_form_says():
    rewards = np.array([1.0, 0.0, 0.3])
    pairs = np.array([(i, j) for i in range(3) for j in range(3) if i != j])
    share = 1 / (1 + np.exp(rewards[pairs[:, 1]] - rewards[pairs[:, 0]]))  # of votes for the first
    log_reference = np.log([0.2, 0.5, 0.3])

    def gradient(chosen, rejected):
        both = dpo_gradient(chosen, rejected, *log_reference[pairs.T], beta=0.5)
        return [share * part for part in both]

    path = train_policy(gradient, log_reference, pairs, 600, 12.0)
    assert_allclose(log_softmax(path[-1]), kl_regularised_optimum(log_reference, rewards, 0.5), atol=1e-6)


def test_no_step_leaves_the_start_and_arguments_stay():
    logits, pairs = LOGITS.copy(), PAIRS.copy()
    assert train_policy(gradient_from(LOGITS), logits, pairs, 0, 1.0).tolist() == [LOGITS.tolist()]
    train_policy(gradient_from(LOGITS), logits, pairs, np.int64(2), 1.0)
    assert_array_equal(logits, LOGITS)
    assert_array_equal(pairs, PAIRS)
    assert train_policy(gradient_from(LOGITS), [1, 2, 3, 4], pairs, 1, 1).dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": [[1.0, 2, 3, 4]]}, "logits are not one row of finite numbers"),
        ({"logits": [1.0, 2, math.nan, 4]}, "logits are not one row of finite numbers"),
        ({"pairs": [0, 1]}, r"pairs have shape \(2,\) and type int64; pass integers, \(n_pairs, 2\)"),
        ({"pairs": [[0, 1, 2]]}, r"pairs have shape \(1, 3\)"),
        ({"pairs": [[0], [1]]}, r"pairs have shape \(2, 1\)"),
        ({"pairs": np.zeros((0, 2), int)}, r"pairs have shape \(0, 2\)"),
        ({"pairs": [[0.0, 1.0]]}, "type float64; pass integers"),
        ({"pairs": [[0, 4]]}, "does not name two of the responses 0 to 3"),
        ({"pairs": [[-1, 1]]}, "does not name two of the responses"),
        ({"pairs": [[0, 1], [2, 2]]}, "does not name two of the responses"),
        ({"features": np.ones((3, 2))}, r"features have shape \(3, 2\); pass a row"),
        ({"features": np.ones(4)}, r"features have shape \(4,\)"),
        ({"features": np.full((4, 1), np.inf)}, "a row of finite numbers"),
        ({"steps": -1}, "steps are -1 at rate 1.0; pass an integer of 0 or more and a rate above 0"),
        ({"steps": 1.5}, "steps are 1.5"),
        ({"learning_rate": 0}, "at rate 0; pass"),
        ({"learning_rate": math.nan}, "at rate nan; pass"),
        ({"learning_rate": math.inf}, "at rate inf; pass"),
    ],
)
def test_refusals_of_the_toy_policy(change, message):
    arguments = {"logits": LOGITS, "pairs": PAIRS, "steps": 1, "learning_rate": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        train_policy(gradient_from(LOGITS), **arguments)
