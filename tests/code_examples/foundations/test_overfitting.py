import re
from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import sklearn.linear_model
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.overfitting import fit, fresh_epochs, hold_out_groups

INF, NAN = float("inf"), float("nan")


def data(n_examples, n_features, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_examples, n_features)), rng.standard_normal(n_examples)


@pytest.mark.parametrize(("n_examples", "n_features"), [(12, 4), (6, 6), (5, 9)])
@pytest.mark.parametrize("penalty", [0.3, 7.0])
def test_ridge_agrees_with_scikit_learn(n_examples, n_features, penalty):
    x, y = data(n_examples, n_features)
    expected = sklearn.linear_model.Ridge(alpha=penalty, fit_intercept=False, solver="svd").fit(x, y).coef_
    assert_allclose(fit(x, y, penalty), expected, rtol=1e-9)


@pytest.mark.parametrize(("n_examples", "n_features"), [(12, 4), (6, 6), (5, 9)])
def test_without_penalty_agrees_with_the_pseudo_inverse(n_examples, n_features):
    x, y = data(n_examples, n_features)
    assert_allclose(fit(x, y), np.linalg.pinv(x) @ y, rtol=1e-9)


def test_is_where_gradient_descent_from_zero_ends():
    x, y = data(5, 9)
    w, rate = np.zeros(9), 1 / np.linalg.norm(x, 2) ** 2
    for _ in range(3000):
        w = w - rate * x.T @ (x @ w - y)
    assert_allclose(fit(x, y), w, atol=1e-8)


def test_is_the_shortest_of_all_that_fit():
    x, y = data(3, 5)
    w = fit(x, y)
    assert_allclose(x @ w, y, atol=1e-12)
    free = np.linalg.svd(x)[2][3:]  # directions that change no prediction
    assert_allclose(free @ w, 0, atol=1e-12)


def test_copies_of_a_feature_share_its_weight_and_useless_ones_get_none():
    x, y = data(8, 2)
    one, shared = fit(x, y), fit(np.column_stack([x, x[:, 0], np.zeros(8)]), y)
    assert_allclose(shared, [one[0] / 2, one[1], one[0] / 2, 0], atol=1e-12)


def test_a_growing_penalty_shortens_the_weights_to_nothing():
    x, y = data(6, 6)
    lengths = [np.linalg.norm(fit(x, y, penalty)) for penalty in (0, 0.1, 1, 10, 1e9)]
    assert (np.diff(lengths) < 0).all()
    assert lengths[-1] < 1e-8


@pytest.mark.parametrize(
    ("features", "targets", "penalty", "message"),
    [
        ([1, 2], [1], 0, "features have shape (2,), targets (1,); pass rows of features and one target for each"),
        ([[1], [2]], [1], 0, "features have shape (2, 1), targets (1,); pass rows of features and one target"),
        ([[1]], [[1]], 0, "features have shape (1, 1), targets (1, 1); pass rows of features and one target"),
        (np.zeros((0, 2)), [], 0, "features have shape (0, 2), targets (0,); pass rows of features and one target"),
        (np.zeros((1, 0)), [1], 0, "features have shape (1, 0), targets (1,); pass rows of features and one target"),
        ([[NAN]], [1], 0, "a feature or a target is not finite; pass finite values"),
        ([[1]], [INF], 0, "a feature or a target is not finite; pass finite values"),
        ([[1]], [1], -1e-9, "penalty is -1e-09; pass a finite number of 0 or more"),
        ([[1]], [1], INF, "penalty is inf; pass a finite number of 0 or more"),
        ([[1]], [1], NAN, "penalty is nan; pass a finite number of 0 or more"),
    ],
)
def test_fit_refuses_what_has_no_answer(features, targets, penalty, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(features, targets, penalty)


@pytest.mark.parametrize("seed", range(20))
def test_no_group_stands_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(10, size=60).astype(str)
    held_out = hold_out_groups(groups, 0.3, rng)
    assert not set(groups[held_out]) & set(groups[~held_out])
    assert len(set(groups[held_out])) == 3


@pytest.mark.parametrize(
    ("share", "n_groups", "expected"),
    [(0.01, 5, 1), (0.99, 5, 4), (0.01, 2, 1), (0.99, 2, 1), (0.5, 5, 2), (0.26, 10, 3)],
)
def test_the_count_is_rounded_and_leaves_one_on_each_side(share, n_groups, expected):
    held_out = hold_out_groups(range(n_groups), share, np.random.default_rng(0))
    assert held_out.sum() == expected


def test_every_group_has_the_same_chance():
    rng = np.random.default_rng(0)
    counts = sum(hold_out_groups([3, 1, 2, 0, 1], 0.5, rng).astype(int) for _ in range(2000))
    assert_allclose(counts / 2000, 0.5, atol=0.05)
    assert counts[1] == counts[4]


@pytest.mark.parametrize(
    ("groups", "share", "message"),
    [
        ([], 0.5, "there are 0 groups; pass at least two, one for each side"),
        (["a", "a"], 0.5, "there are 1 groups; pass at least two, one for each side"),
        ([[1, 2], [3, 4]], 0.5, "groups have shape (2, 2); pass one group for each example"),
        ("a", 0.5, "groups have shape (); pass one group for each example"),
        ([1, NAN, NAN], 0.5, "a group is NaN; give an example without a group one of its own"),
        ([1, 2], 0, "share is 0; pass a number above 0 and below 1"),
        ([1, 2], 1, "share is 1; pass a number above 0 and below 1"),
        ([1, 2], NAN, "share is nan; pass a number above 0 and below 1"),
    ],
)
def test_hold_out_groups_refuses_what_has_no_answer(groups, share, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        hold_out_groups(groups, share, np.random.default_rng(0))


@pytest.mark.parametrize("decay", [2.0, 15.387756])
@pytest.mark.parametrize("epochs", [1, 1.5, 4, 16, 100])
def test_worth_is_the_sum_of_decaying_repetitions(epochs, decay):
    repeated, _ = scipy.integrate.quad(lambda r: np.exp(-r / decay), 0, epochs - 1)
    assert float(fresh_epochs(epochs, decay)) == pytest.approx(1 + repeated, rel=1e-12)


def test_agrees_with_the_losses_that_the_authors_print():
    # README of huggingface/datablations, section "Parametric Fit": two models on 25 billion unique tokens.
    a, b, e, power, model_decay = 6.255414, 7.3049974, 0.6254804, 0.3526596, 5.309743
    ratio = np.exp((a - b) / (2 * power))
    unique = 25e9
    enough = unique * ratio * ratio
    for size, tokens, printed in ((6.34e9, 242e9, 2.2256440889984477), (8.67e9, 178e9, 2.2269634075087867)):
        worth = enough * float(fresh_epochs(size / enough, model_decay))
        data_term = np.exp(b) / (unique * float(fresh_epochs(tokens / unique))) ** power
        assert np.exp(e) + np.exp(a) / worth**power + data_term == pytest.approx(printed, rel=1e-12)


def test_worth_rises_ever_more_slowly_to_its_limit():
    worth = fresh_epochs(np.arange(1, 200))
    assert worth[0] == 1
    assert (np.diff(worth) > 0).all()
    assert (np.diff(worth, 2) < 0).all()
    assert (worth[1:] < np.arange(2, 200)).all()
    assert float(fresh_epochs(INF)) == 1 + 15.387756


def test_small_unsigned_integers_and_short_decays_are_no_trap():
    assert_allclose(fresh_epochs(np.array([1, 4], dtype=np.uint8)), fresh_epochs([1.0, 4.0]), rtol=1e-15)
    assert float(fresh_epochs(2, 0.5)) == pytest.approx(1 + 0.5 * (1 - np.exp(-2)), rel=1e-14)
    assert_allclose(
        fit(np.array([[200], [250]], dtype=np.uint8), np.array([200, 250], dtype=np.uint8), 0.5), 1, rtol=1e-4
    )


def test_fit_answers_in_float64_whatever_it_is_given():
    x, y = data(4, 2)
    for dtype in (np.float16, np.float32, np.longdouble, object):
        found = fit(x.astype(dtype), y.astype(dtype))
        assert found.dtype == np.float64
        assert_allclose(found, np.linalg.pinv(x) @ y, atol=1e-2 if dtype is np.float16 else 1e-6)
    with pytest.raises(TypeError):
        fit([[1 + 2j]], [1])


def test_tiny_repetitions_keep_their_digits():
    extra = 2.0**-40
    exact = 1 + Fraction(extra) - Fraction(extra) ** 2 / 4  # series of the exponential, decay 2
    assert float(fresh_epochs(1 + extra, 2)) == pytest.approx(float(exact), rel=1e-16)


@pytest.mark.parametrize(
    ("epochs", "decay", "message"),
    [
        (0.99, 1, "a number of epochs is below 1 or NaN; pass 1 or more"),
        ([1, NAN], 1, "a number of epochs is below 1 or NaN; pass 1 or more"),
        (2, 0, "decay is 0; pass a finite number above 0"),
        (2, INF, "decay is inf; pass a finite number above 0"),
        (2, NAN, "decay is nan; pass a finite number above 0"),
    ],
)
def test_fresh_epochs_refuses_what_has_no_answer(epochs, decay, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fresh_epochs(epochs, decay)


def test_leave_their_input_alone():
    (x, y), groups, epochs = data(4, 6), np.array([2, 1, 2, 0]), np.array([1.0, 5.0])
    before = x.copy(), y.copy(), groups.copy(), epochs.copy()
    fit(x, y, 0.5), hold_out_groups(groups, 0.5, np.random.default_rng(0)), fresh_epochs(epochs)
    for now, then in zip((x, y, groups, epochs), before, strict=True):
        assert_array_equal(now, then)
