import re

import jax
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.catastrophic_forgetting import descend, limit_rank, settle

NAN = float("nan")


def task(n_examples=6, n_inputs=9, n_outputs=3, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((n_inputs, n_outputs)),
        rng.standard_normal((n_examples, n_inputs)),
        rng.standard_normal((n_examples, n_outputs)),
    )


def positive(n, rank, seed=3):
    half = np.random.default_rng(seed).standard_normal((rank, n))
    return half.T @ half


def test_a_step_follows_the_gradient_of_automatic_differentiation():
    w, x, y = task()

    def loss(w):
        return 0.5 * ((x @ w - y) ** 2).sum(axis=1).mean()

    with jax.enable_x64(True):
        gradient = np.asarray(jax.grad(loss)(w))
    assert_allclose(descend(w, x, y, steps=1, rate=0.1), w - 0.1 * gradient, rtol=1e-12)
    with jax.enable_x64(True):
        again = np.asarray(jax.grad(loss)(w - 0.1 * gradient))
    assert_allclose(descend(w, x, y, steps=2, rate=0.1), w - 0.1 * gradient - 0.1 * again, rtol=1e-12)


def test_steps_agree_with_the_solution_of_the_recurrence():
    w, x, y = task(12, 4)
    best = scipy.linalg.lstsq(x, y)[0]
    shrink = np.linalg.matrix_power(np.eye(4) - 0.2 * x.T @ x / 12, 25)
    assert_allclose(descend(w, x, y, steps=25, rate=0.2), best + shrink @ (w - best), rtol=1e-9)


@pytest.mark.parametrize(("n_examples", "n_inputs"), [(6, 9), (12, 4)])
def test_settles_where_gradient_descent_ends(n_examples, n_inputs):
    w, x, y = task(n_examples, n_inputs)
    rate = 1.9 * n_examples / np.linalg.norm(x, 2) ** 2
    assert_allclose(settle(w, x, y), descend(w, x, y, steps=4000, rate=rate), atol=1e-6)


def test_the_rate_may_be_just_below_two_by_the_largest_eigenvalue_and_no_more():
    w, x, y = task(12, 4)
    limit = 2 / scipy.linalg.eigvalsh(x.T @ x / 12)[-1]
    best = scipy.linalg.lstsq(x, y)[0]
    assert_allclose(descend(w, x, y, steps=20000, rate=0.99 * limit), best, atol=1e-6)
    assert np.abs(descend(w, x, y, steps=2000, rate=1.01 * limit)).max() > 1e6
    with pytest.raises(ValueError, match=re.escape("the weights overflow at rate 30; pass a lower one")):
        descend([[1]], [[1]], [[0]], steps=5000, rate=30)


def test_no_step_gives_a_copy():
    w, x, y = task()
    held = w.copy()
    end = descend(w, x, y, steps=0, rate=0.1)
    end += 1
    assert_array_equal(w, held)


def test_settles_nearest_to_where_it_began():
    w, x, y = task()
    end = settle(w, x, y)
    assert_allclose(x @ end, y, atol=1e-12)
    assert_allclose(scipy.linalg.null_space(x).T @ (end - w), 0, atol=1e-12)


@pytest.mark.parametrize("rank", [1, 4, 9])
def test_anchored_end_agrees_with_a_numerical_minimizer(rank):
    (w, x, y), cost = task(12, 9, 1), positive(9, rank)

    def loss(v):
        return ((x @ v - y[:, 0]) ** 2).sum() + (v - w[:, 0]) @ cost @ (v - w[:, 0])

    found = scipy.optimize.minimize(loss, np.zeros(9), method="BFGS", options={"gtol": 1e-9})
    assert_allclose(settle(w, x, y, cost)[:, 0], found.x, atol=1e-5)


def test_the_old_examples_as_importance_are_training_on_both():
    w, x, y = task(12, 9)
    old = np.random.default_rng(8).standard_normal((15, 9))
    both = scipy.linalg.lstsq(np.vstack([x, old]), np.vstack([y, old @ w]))[0]
    assert_allclose(settle(w, x, y, old.T @ old), both, rtol=1e-9)


def test_no_importance_and_zero_importance_are_the_same_and_a_huge_one_stands_still():
    w, x, y = task()
    assert_allclose(settle(w, x, y, np.zeros((9, 9))), settle(w, x, y), rtol=1e-12)
    assert_allclose(settle(w, x, y, 1e12 * np.eye(9)), w, atol=1e-9)


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 7])
def test_limited_change_agrees_with_reduced_rank_regression(rank):
    w, x, y = task(12, 9)
    limited = limit_rank(w, settle(w, x, y), x, rank)
    assert np.linalg.matrix_rank(limited - w) == min(rank, 3)
    # the classical solution: project the targets on the leading eigenvectors of the fitted covariance
    residual = y - x @ w
    fitted = x @ np.linalg.solve(x.T @ x, x.T @ residual)
    leading = scipy.linalg.eigh(fitted.T @ fitted)[1][:, ::-1][:, :rank]
    assert_allclose(x @ (limited - w), fitted @ leading @ leading.T, atol=1e-10)


def test_no_change_of_the_same_rank_fits_better():
    w, x, y = task(12, 9)
    best = ((x @ limit_rank(w, settle(w, x, y), x, 1) - y) ** 2).sum()
    rng = np.random.default_rng(4)
    for _ in range(200):
        output = rng.standard_normal(3)
        output /= np.linalg.norm(output)
        column = scipy.linalg.lstsq(x, (y - x @ w) @ output)[0]
        assert ((x @ (w + np.outer(column, output)) - y) ** 2).sum() >= best


W, X, Y = [[1.0, 2.0]], [[1.0], [2.0]], [[0.0, 0.0], [1.0, 1.0]]
SHAPES = "pass (n_inputs, n_outputs), (n_examples, n_inputs) and (n_examples, n_outputs)"


@pytest.mark.parametrize(
    ("weights", "inputs", "targets", "message"),
    [
        ([1.0, 2.0], X, Y, "weights have shape (2,), inputs (2, 1), targets (2, 2); " + SHAPES),
        (W, [1.0, 2.0], Y, "weights have shape (1, 2), inputs (2,), targets (2, 2); " + SHAPES),
        (W, [[1.0, 1.0]] * 2, Y, "weights have shape (1, 2), inputs (2, 2), targets (2, 2); " + SHAPES),
        (W, X, [[0.0], [1.0]], "weights have shape (1, 2), inputs (2, 1), targets (2, 1); " + SHAPES),
        (W, X, [[0.0, 0.0]], "weights have shape (1, 2), inputs (2, 1), targets (1, 2); " + SHAPES),
        (np.zeros((1, 0)), X, np.zeros((2, 0)), "weights have shape (1, 0), inputs (2, 1), targets (2, 0); " + SHAPES),
        (W, np.zeros((0, 1)), np.zeros((0, 2)), "weights have shape (1, 2), inputs (0, 1), targets (0, 2); " + SHAPES),
        ([[1.0, NAN]], X, Y, "a weight, an input or a target is not finite; pass finite values"),
        (W, [[1.0], [NAN]], Y, "a weight, an input or a target is not finite; pass finite values"),
        (W, X, [[0.0, 0.0], [NAN, 1.0]], "a weight, an input or a target is not finite; pass finite values"),
    ],
)
def test_refuses_what_does_not_fit(weights, inputs, targets, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        settle(weights, inputs, targets)
    with pytest.raises(ValueError, match=re.escape(message)):
        descend(weights, inputs, targets, steps=1, rate=0.1)


@pytest.mark.parametrize(
    ("steps", "rate", "message"),
    [
        (-1, 0.1, "steps is -1; pass 0 or more"),
        (1, 0, "rate is 0; pass a finite number above 0"),
        (1, NAN, "rate is nan; pass a finite number above 0"),
        (1, float("inf"), "rate is inf; pass a finite number above 0"),
    ],
)
def test_descend_refuses_what_has_no_answer(steps, rate, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        descend(W, X, Y, steps=steps, rate=rate)


@pytest.mark.parametrize(
    ("importance", "message"),
    [
        ([1.0, 1.0], "importance has shape (2,); pass finite numbers of shape (2, 2)"),
        ([[1.0]], "importance has shape (1, 1); pass finite numbers of shape (2, 2)"),
        ([[NAN, 0], [0, 1]], "importance has shape (2, 2); pass finite numbers of shape (2, 2)"),
        ([[1, 0.5], [0, 1]], "importance is not symmetric or has a negative eigenvalue; pass a sum of squares"),
        ([[1, 2e-9], [0, 1]], "importance is not symmetric or has a negative eigenvalue; pass a sum of squares"),
        ([[1, 2], [2, 1]], "importance is not symmetric or has a negative eigenvalue; pass a sum of squares"),
        ([[1, 0], [0, -2e-9]], "importance is not symmetric or has a negative eigenvalue; pass a sum of squares"),
    ],
)
def test_settle_refuses_an_importance_that_is_no_sum_of_squares(importance, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        settle([[1], [0]], [[1, 1]], [[0]], importance)


def test_settle_forgives_an_importance_its_rounding():
    exact = settle([[1], [0]], [[1, 1]], [[0]], [[1, 0], [0, 0]])
    for rounded in ([[1, 5e-10], [0, 0]], [[1, 0], [0, -5e-10]]):
        assert_allclose(settle([[1], [0]], [[1, 1]], [[0]], rounded), exact, atol=1e-8)


@pytest.mark.parametrize(
    ("before", "after", "inputs", "rank", "message"),
    [
        ([[1, 2]], [[1]], [[1]], 1, "after has shape (1, 1); pass finite numbers of shape (1, 2)"),
        ([[1]], [[NAN]], [[1]], 1, "after has shape (1, 1); pass finite numbers of shape (1, 1)"),
        ([[1]], [[2]], [[1]], -1, "rank is -1; pass 0 or more"),
        ([[1]], [[2]], [[1, 1]], 1, "weights have shape (1, 1), inputs (1, 2), targets (1, 1); " + SHAPES),
        (5, [[2]], [[1]], 1, "weights have shape (), inputs (1, 1), targets (1,); " + SHAPES),
        ([[1]], [[2]], 3, 1, "weights have shape (1, 1), inputs (), targets (1,); " + SHAPES),
        ([[NAN]], [[2]], [[1]], 1, "a weight, an input or a target is not finite; pass finite values"),
    ],
)
def test_limit_rank_refuses_what_has_no_answer(before, after, inputs, rank, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        limit_rank(before, after, inputs, rank)


def test_leave_their_input_alone():
    (w, x, y), cost = task(), positive(9, 4)
    before = w.copy(), x.copy(), y.copy(), cost.copy()
    end = settle(w, x, y, cost)
    held = end.copy()
    descend(w, x, y, steps=2, rate=0.1), limit_rank(w, end, x, 1)
    for now, then in zip((w, x, y, cost, end), (*before, held), strict=True):
        assert_array_equal(now, then)
