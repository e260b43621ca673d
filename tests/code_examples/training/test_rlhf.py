import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, rel_entr

from code_examples.training.dpo import kl_regularised_optimum
from code_examples.training.reward_model import bradley_terry_loss
from code_examples.training.rlhf import learn_reward, regularised_objective

NAN, INF = float("nan"), float("inf")
EVEN = [math.log(0.5)] * 2


def test_the_learned_reward_minimizes_the_loss_over_all_pairs():
    rng = np.random.default_rng(0)
    features, log_reference, worth = rng.normal(size=(6, 2)), log_softmax(rng.normal(size=6)), rng.normal(size=6) * 2

    def loss(weights):
        total = 0.0
        for i in range(6):
            for j in range(6):
                chance = math.exp(log_reference[i] + log_reference[j]) * expit(worth[i] - worth[j])
                total += chance * bradley_terry_loss([features[i] @ weights], [features[j] @ weights])
        return total

    found = learn_reward(features, log_reference, worth)
    assert_allclose(found, minimize(loss, [0.0, 0.0], tol=1e-12).x, atol=1e-5)


def test_a_reward_that_the_features_can_express_is_found_exactly():
    rng = np.random.default_rng(1)
    features, weights = rng.normal(size=(9, 3)), [0.5, -1.5, 0.1]
    found = learn_reward(features, log_softmax(rng.normal(size=9)), features @ weights + 4)
    assert_allclose(found, weights, atol=1e-8)


def test_objective_agrees_with_scipy():
    rng = np.random.default_rng(2)
    (policy, reference), rewards = log_softmax(rng.normal(size=(2, 5)), axis=1), rng.normal(size=5)
    for beta in (0, 0.2, 3):
        expected = np.exp(policy) @ rewards - beta * rel_entr(np.exp(policy), np.exp(reference)).sum()
        assert regularised_objective(policy, reference, rewards, beta) == pytest.approx(expected)


def test_no_policy_beats_the_closed_form():
    rng = np.random.default_rng(3)
    reference, rewards = log_softmax(rng.normal(size=4)), rng.normal(size=4)

    def negated(logits):
        return -regularised_objective(log_softmax(logits), reference, rewards, 0.7)

    found = minimize(negated, np.zeros(4), tol=1e-12)
    best = kl_regularised_optimum(reference, rewards, 0.7)
    assert_allclose(np.exp(log_softmax(found.x)), np.exp(best), atol=1e-5)
    expected = 0.7 * math.log((np.exp(reference) * np.exp(rewards / 0.7)).sum())
    assert regularised_objective(best, reference, rewards, 0.7) == pytest.approx(expected)


def test_one_answer_is_all_there_is():
    assert regularised_objective([0], [0], [3], 5) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learn_reward([0, 1], EVEN, [1, 2]), "features have shape (2,); pass a row of finite numbers for each"),
        (
            lambda: learn_reward(np.zeros((2, 0)), EVEN, [1, 2]),
            "features have shape (2, 0); pass a row of finite numbers",
        ),
        (lambda: learn_reward([[0]], EVEN, [1, 2]), "features have shape (1, 1); pass a row of finite numbers"),
        (lambda: learn_reward([[0], [NAN]], EVEN, [1, 2]), "features have shape (2, 1); pass a row of finite numbers"),
        (lambda: learn_reward([[2], [2]], EVEN, [1, 2]), "a feature follows from the others or is the same for all"),
        (lambda: learn_reward([[0, 0], [1, 2]], EVEN, [1, 2]), "a feature follows from the others"),
        (
            lambda: learn_reward([[0], [1]], EVEN, [0, 20]),
            "people nearly always agree, so that 1000 steps do not settle",
        ),
        (lambda: learn_reward([[0], [1]], [0, 0], [1, 2]), "log_reference is no distribution; pass one row"),
        (lambda: learn_reward([[0], [1]], EVEN, [1]), "pass the same number of pairs in each"),
        (lambda: regularised_objective(EVEN, EVEN, [1, 2], -1), "beta is -1; pass a finite number of 0 or more"),
        (lambda: regularised_objective(EVEN, EVEN, [1, 2], INF), "beta is inf; pass a finite number"),
        (lambda: regularised_objective([-1, -1], EVEN, [1, 2], 1), "log_policy is no distribution; pass one row"),
        (lambda: regularised_objective(EVEN, [-1, -1], [1, 2], 1), "log_reference is no distribution"),
        (lambda: regularised_objective([EVEN], [EVEN], [[1, 2]], 1), "log_reference is no distribution; pass one row"),
        (lambda: regularised_objective(EVEN, EVEN, [1, INF], 1), "rewards holds a number that is not finite"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    features, reference, worth = np.array([[0.0], [2.0]]), np.log([0.25, 0.75]), np.array([1.0, 3.0])
    copies = features.copy(), reference.copy(), worth.copy()
    learn_reward(features, reference, worth)
    regularised_objective(reference, reference, worth, 1)
    for now, before in zip((features, reference, worth), copies, strict=True):
        assert_array_equal(now, before)
