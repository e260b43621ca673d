import math
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from code_examples.evaluation.alignment_evaluation import combine_orders, length_controlled_win_rate


def test_both_orders():
    outcomes, agreement = combine_orders([1, 1, 0, 0.5, 0.5], [1, 0, 0, 0.5, 0])
    assert outcomes.tolist() == [1, 0.5, 0, 0.5, 0.25]
    assert agreement == 0.6
    assert type(agreement) is float


def sample(seed, n=400):
    rng = np.random.default_rng(seed)
    extra = rng.normal(60, 150, n)
    x = np.tanh(extra / extra.std())
    return rng, extra, x, (rng.random(n) < 1 / (1 + np.exp(-0.3 - 0.9 * x))).astype(float)


def test_agrees_with_scikit_learn():
    for seed in range(3):
        _, extra, x, won = sample(seed)
        model = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, None], won)
        rate, _, weight = length_controlled_win_rate(won, extra)
        assert rate == pytest.approx(float(model.predict_proba([[0.0]])[0, 1]), abs=1e-6)
        assert weight == pytest.approx(float(model.coef_[0, 0]), abs=1e-5)


def test_ties_agree_with_a_general_optimizer():
    rng, extra, x, won = sample(7)
    outcomes = np.where(rng.random(len(won)) < 0.3, 0.5, won)
    loss = lambda w: np.sum(np.logaddexp(0, w[0] + w[1] * x) - outcomes * (w[0] + w[1] * x))  # noqa: E731
    best = minimize(loss, [0, 0], tol=1e-10).x
    rate, _, weight = length_controlled_win_rate(outcomes, extra)
    assert (rate, weight) == pytest.approx((1 / (1 + math.exp(-best[0])), best[1]), abs=1e-5)


def test_interval_agrees_with_numerical_derivatives():
    """The sandwich from the losses alone: slopes of single prompts, curvature of their sum, both by differences."""
    rng, extra, x, won = sample(3)
    outcomes = np.where(rng.random(len(won)) < 0.3, 0.5, won)
    rate, (low, high), weight = length_controlled_win_rate(outcomes, extra)
    best = np.array([math.log(rate / (1 - rate)), weight])
    losses = lambda w: np.logaddexp(0, w[0] + w[1] * x) - outcomes * (w[0] + w[1] * x)  # noqa: E731
    slopes = lambda w: np.array([losses(w + d) - losses(w - d) for d in 1e-4 * np.eye(2)]) / 2e-4  # noqa: E731
    curvature = np.array([slopes(best + d).sum(1) - slopes(best - d).sum(1) for d in 1e-3 * np.eye(2)]) / 2e-3
    inverse = np.linalg.inv(curvature)
    error = math.sqrt((inverse @ slopes(best) @ slopes(best).T @ inverse)[0, 0])
    for end, side in ((low, -1), (high, 1)):
        assert math.log(end / (1 - end)) == pytest.approx(best[0] + side * 1.959964 * error, abs=1e-4)
    assert low < rate < high


def test_interval_holds_the_truth_in_about_95_percent():
    rng, held = np.random.default_rng(2), 0
    for _ in range(100):
        extra = rng.normal(60, 150, 150)
        won = rng.random(150) < 1 / (1 + np.exp(-0.3 - 0.9 * np.tanh(extra / extra.std())))
        low, high = length_controlled_win_rate(won, extra)[1]
        held += low <= 1 / (1 + math.exp(-0.3)) <= high
    assert 89 <= held <= 99


def test_what_it_must_keep():
    _, extra, _, won = sample(1)
    rate, (low, high), weight = length_controlled_win_rate(won, extra)
    for same in (
        length_controlled_win_rate(won, 7 * extra),  # any unit
        length_controlled_win_rate(list(won), list(extra)),
    ):
        assert (same[0], *same[1], same[2]) == pytest.approx((rate, low, high, weight))
    mirrored = length_controlled_win_rate(1 - won, -extra)  # the baseline's view
    assert (mirrored[0], *mirrored[1], mirrored[2]) == pytest.approx((1 - rate, 1 - high, 1 - low, weight))
    turned = length_controlled_win_rate(1 - won, extra)
    assert (turned[0], turned[2]) == pytest.approx((1 - rate, -weight))
    assert {type(number) for number in (rate, low, high, weight)} == {float}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: combine_orders([], []), "outcomes are not a row of wins (1), losses (0) and ties (0.5); pass one"),
        (lambda: combine_orders([1, 0], [1]), "there are 2 and 1 outcomes; pass one of each order for every prompt"),
        (lambda: combine_orders([0.3], [1]), "outcomes are not a row of wins"),
        (lambda: combine_orders([1], [math.nan]), "outcomes are not a row of wins"),
        (lambda: combine_orders([[1]], [[1]]), "outcomes are not a row of wins"),
        (lambda: combine_orders([1.25], [1]), "outcomes are not a row of wins"),
        (lambda: length_controlled_win_rate([1, 0], [1]), "extra_length is not one finite number for each outcome"),
        (lambda: length_controlled_win_rate([1, 0], [5, 5]), "or all are alike; pass differing lengths"),
        (lambda: length_controlled_win_rate([1, 0], [5, math.nan]), "extra_length is not one finite number"),
        (
            lambda: length_controlled_win_rate([1, 1, 0], [3, 2, -1]),
            "all was won or lost, or length alone decided; pass more prompts",
        ),
        (
            lambda: length_controlled_win_rate([1, 1, 1], [3, 2, -1]),
            "all was won or lost, or length alone decided; pass more prompts",
        ),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    won, extra = np.array([1.0, 0.0, 1.0, 0.0]), np.array([3.0, 1.0, -2.0, 0.5])
    copies = won.copy(), extra.copy()
    length_controlled_win_rate(won, extra)
    combine_orders(won, extra * 0)
    assert_array_equal([won, extra], copies)
