import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.prompting.in_context_learning import gradient_reader, linear_attention

X = np.array([[1.0, 0.5, -2.0], [0.0, 3.0, 1.0], [2.0, -1.0, 0.0], [1.0, 1.0, 1.0], [-1.0, 2.0, 0.5]])
Y = np.array([2.0, -1.0, 0.5, 3.0, -2.0])
Q = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 0.5]])


def test_linear_attention_agrees_with_a_slow_loop():
    slow = [sum(y * sum(a * b for a, b in zip(q, x, strict=True)) for x, y in zip(X, Y, strict=True)) for q in Q]
    assert_allclose(linear_attention(Q, X, Y), slow, rtol=1e-12)


def test_linear_attention_is_linear_and_has_no_order():
    order = [3, 0, 4, 1, 2]
    assert_allclose(linear_attention(Q, X[order], Y[order]), linear_attention(Q, X, Y), rtol=1e-12)
    assert_allclose(linear_attention(3 * Q, X, -2 * Y), -6 * linear_attention(Q, X, Y), rtol=1e-12)


def test_steps_agree_with_slopes_by_differences():
    def slope(w):
        return scipy.optimize.approx_fprime(w, lambda v: 0.5 * np.sum((X @ v - Y) ** 2))

    for start in (np.zeros(3), np.array([0.3, -1.0, 2.0])):
        weights = start
        for steps in range(4):
            got = gradient_reader(Q, X, Y, 0.05, steps, start)
            assert_allclose(got, Q @ weights, rtol=1e-5, atol=1e-5)
            weights = weights - 0.05 * slope(weights)


def test_one_step_from_zero_is_linear_attention():
    assert_allclose(gradient_reader(Q, X, Y, 0.05), 0.05 * linear_attention(Q, X, Y), rtol=1e-12)
    assert abs(gradient_reader(Q, X, Y, 0.05, steps=2) - 0.05 * linear_attention(Q, X, Y)).max() > 0.1


def test_many_steps_reach_least_squares():
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    assert_allclose(gradient_reader(Q, X, Y, 0.05, steps=2000), Q @ best, rtol=1e-6)
    assert_allclose(gradient_reader(Q, X, Y, 0.05, steps=3, start=best), Q @ best, rtol=1e-10)


def test_many_steps_run_away_just_above_two_over_the_largest_eigenvalue():
    limit = 2 / np.linalg.norm(X, 2) ** 2
    right = Q @ np.linalg.lstsq(X, Y, rcond=None)[0]
    off = {share: np.abs(gradient_reader(Q, X, Y, share * limit, steps=900) - right).max() for share in (0.9, 1.1)}
    assert off[0.9] < 1e-6
    assert off[1.1] > 1e6


def test_no_queries_and_no_steps():
    assert linear_attention(np.zeros((0, 3)), X, Y).shape == (0,)
    assert gradient_reader(Q, X, Y, 1, steps=0).tolist() == [0, 0]
    assert gradient_reader(Q, X, Y, 1, steps=0, start=[1, 0, 2]).tolist() == [7, 0]


@pytest.mark.parametrize(
    ("q", "x", "y"),
    [
        ([1], [[1]], [1]),
        ([[1]], [1], [1]),
        ([[1, 2]], [[1]], [1]),
        ([[1]], [[1]], [1, 2]),
        ([[1]], np.zeros((0, 1)), []),
    ],
)
def test_refuses_shapes_that_do_not_fit(q, x, y):
    for call, more in ((linear_attention, ()), (gradient_reader, (1,))):
        with pytest.raises(ValueError, match="do not fit; pass rows of one length"):
            call(q, x, y, *more)


@pytest.mark.parametrize("place", range(3))
def test_refuses_numbers_that_are_not_finite(place):
    some = [Q.copy(), X.copy(), Y.copy()]
    some[place][(1, 1)[: some[place].ndim]] = np.nan
    with pytest.raises(ValueError, match="a number is not finite; pass finite numbers"):
        linear_attention(*some)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0}, "learning_rate is 0; pass a positive, finite number"),
        ({"learning_rate": np.inf}, "learning_rate is inf"),
        ({"steps": -1}, "steps is -1; pass an integer of at least 0"),
        ({"steps": 1.5}, "steps is 1.5; pass an integer"),
        ({"steps": np.nan}, "steps is nan; pass an integer"),
        ({"steps": np.inf}, "steps is inf; pass an integer"),
        ({"start": [1, 2]}, "start must be one finite number for each of the 3 entries"),
        ({"start": [1, 2, np.inf]}, "start must be one finite number"),
    ],
)
def test_refuses_wrong_settings(change, message):
    with pytest.raises(ValueError, match=message):
        gradient_reader(Q, X, Y, **{"learning_rate": 0.1, **change})


def test_leaves_its_arguments_alone():
    start, parts = np.array([0.3, -1.0, 2.0]), (Q.copy(), X.copy(), Y.copy())
    gradient_reader(Q, X, Y, 0.1, steps=2, start=start)
    assert_array_equal(start, [0.3, -1.0, 2.0])
    for part, copy in zip((Q, X, Y), parts, strict=True):
        assert_array_equal(part, copy)
