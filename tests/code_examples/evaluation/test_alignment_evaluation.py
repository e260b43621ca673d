import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from code_examples.evaluation.alignment_evaluation import combine_orders, length_controlled_win_rate, wilson_interval


@pytest.mark.parametrize(("wins", "n"), [(0, 1), (1, 1), (53, 100), (7, 9), (0, 40), (800, 805)])
def test_the_interval_is_that_of_scipy(wins, n):
    for level, z in ((0.95, 1.959963984540054), (0.8, 1.2815515655446004)):
        expected = binomtest(wins, n).proportion_ci(level, method="wilson")
        assert_allclose(wilson_interval(wins, n, z), (expected.low, expected.high), atol=1e-12)
    assert wilson_interval(wins, n) == wilson_interval(wins, n, z=1.96)


def test_ends_lie_z_standard_errors_from_the_share():
    for end in wilson_interval(12.5, 30, z=1.7):
        assert abs(12.5 / 30 - end) == pytest.approx(1.7 * math.sqrt(end * (1 - end) / 30))
    low, high = wilson_interval(12.5, 30)
    assert wilson_interval(17.5, 30) == pytest.approx((1 - high, 1 - low))


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
        rate, weight = length_controlled_win_rate(won, extra)
        assert rate == pytest.approx(float(model.predict_proba([[0.0]])[0, 1]), abs=1e-6)
        assert weight == pytest.approx(float(model.coef_[0, 0]), abs=1e-5)


def test_ties_agree_with_a_general_optimizer():
    rng, extra, x, won = sample(7)
    outcomes = np.where(rng.random(len(won)) < 0.3, 0.5, won)
    loss = lambda w: np.sum(np.logaddexp(0, w[0] + w[1] * x) - outcomes * (w[0] + w[1] * x))  # noqa: E731
    best = minimize(loss, [0, 0], tol=1e-10).x
    rate, weight = length_controlled_win_rate(outcomes, extra)
    assert (rate, weight) == pytest.approx((1 / (1 + math.exp(-best[0])), best[1]), abs=1e-5)


def test_what_it_must_keep():
    _, extra, _, won = sample(1)
    rate, weight = length_controlled_win_rate(won, extra)
    assert length_controlled_win_rate(won, 7 * extra) == pytest.approx((rate, weight))  # any unit
    assert length_controlled_win_rate(1 - won, -extra) == pytest.approx((1 - rate, weight))  # the baseline's view
    assert length_controlled_win_rate(1 - won, extra) == pytest.approx((1 - rate, -weight))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson_interval(1, 0), "wins is 1, n 0, z 1.96; pass 0 <= wins <= n, at least one prompt"),
        (lambda: wilson_interval(-1, 5), "wins is -1, n 5"),
        (lambda: wilson_interval(6, 5), "wins is 6, n 5"),
        (lambda: wilson_interval(math.nan, 5), "wins is nan, n 5"),
        (lambda: wilson_interval(1, 5, 0), "wins is 1, n 5, z 0"),
        (lambda: wilson_interval(1, 5, math.inf), "wins is 1, n 5, z inf"),
        (lambda: combine_orders([], []), "outcomes are not a row of wins (1), losses (0) and ties (0.5); pass one"),
        (lambda: combine_orders([1, 0], [1]), "there are 2 and 1 outcomes; pass one of each order for every prompt"),
        (lambda: combine_orders([0.3], [1]), "outcomes are not a row of wins"),
        (lambda: combine_orders([1], [math.nan]), "outcomes are not a row of wins"),
        (lambda: combine_orders([[1]], [[1]]), "outcomes are not a row of wins"),
        (lambda: combine_orders([1.25], [1]), "outcomes are not a row of wins"),
        (lambda: length_controlled_win_rate([1, 0], [1]), "extra_length is not one finite number for each outcome"),
        (lambda: length_controlled_win_rate([1, 0], [5, 5]), "or all are alike; pass differing lengths"),
        (lambda: length_controlled_win_rate([1, 0], [5, math.nan]), "extra_length is not one finite number"),
        (lambda: length_controlled_win_rate([1, 1, 0], [3, 2, -1]), "the outcomes follow the length without exception"),
        (lambda: length_controlled_win_rate([1, 1, 1], [3, 2, -1]), "the outcomes follow the length without exception"),
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
