import re

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.gradient_descent import descend, numerical_gradient

INF = float("inf")


def loss(x):
    """A function without symmetry, of any shape, for real and complex entries."""
    return (x**3).sum() / 3 + (x * x[::-1]).sum() + 2 / (1 + x[0] ** 2).sum()


def complex_step(function, x):
    """The gradient from steps into the complex plane: no difference, so nothing cancels and no step is too small."""
    gradient = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        z = x.astype(complex)
        z[i] += 1e-30j
        gradient[i] = function(z).imag / 1e-30
    return gradient


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2), (2, 3, 2)])
def test_numerical_gradient_agrees_with_complex_steps(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    assert_allclose(numerical_gradient(loss, x), complex_step(loss, x), rtol=1e-8, atol=1e-8)


def test_numerical_gradient_agrees_with_scipys_differences():
    x = np.array([0.5, -1.5, 2.0])
    assert_allclose(numerical_gradient(loss, x), scipy.optimize.approx_fprime(x, loss, 1e-8), rtol=1e-6)


@pytest.mark.parametrize(("step", "x"), [(0.1, 1.0), (0.01, 0.5), (0.1, -0.2)])
def test_error_on_a_cube_is_the_square_of_the_step(step, x):
    assert_allclose(numerical_gradient(lambda x: x**3, x, step), 3 * x**2 + step**2, rtol=1e-11)


@pytest.mark.parametrize("x", [2.0, -2.0, 1000.0])
def test_the_step_grows_with_an_entry_beyond_one(x):
    assert_allclose(numerical_gradient(lambda x: x**3, x, 0.1), 3 * x**2 + (0.1 * x) ** 2, rtol=1e-12)


@pytest.mark.parametrize("x", [1e-9, 1.0, 1e6, -1e12, 1e100])
def test_large_entries_keep_their_digits(x):
    assert_allclose(numerical_gradient(lambda x: x * x, x), 2 * x, rtol=1e-9, atol=1e-16)
    assert_allclose(numerical_gradient(lambda x: 3 * x, x), 3, rtol=1e-9)


def test_the_default_step_is_near_the_best_for_doubles():
    errors = {k: abs(numerical_gradient(np.exp, 1.0, 10.0**-k) - np.e) for k in range(1, 13)}
    assert min(errors, key=errors.get) in (5, 6, 7)
    assert abs(numerical_gradient(np.exp, 1.0) - np.e) == errors[5] < 1e-9


def test_a_scalar_and_a_list_are_points_too():
    assert numerical_gradient(lambda x: x * x, 3).shape == ()
    assert_allclose(numerical_gradient(lambda x: x[0] - 2 * x[1], [5, 7]), [1, -2], rtol=1e-9)


@pytest.mark.parametrize("step", [0, -1e-5, INF, float("nan")])
def test_numerical_gradient_refuses_a_step_without_meaning(step):
    with pytest.raises(ValueError, match=re.escape(f"step is {step}; pass a positive, finite number")):
        numerical_gradient(loss, [1.0], step)


def test_numerical_gradient_refuses_a_step_that_rounds_away():
    with pytest.raises(ValueError, match=r"step is 1e-20, too small to move 1\.0; pass another one"):
        numerical_gradient(loss, [1.0], 1e-20)
    assert_allclose(numerical_gradient(lambda x: 3 * x, 0, 1e-20), 3)  # nothing rounds it away at zero


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("x", "step"), [(1.0, 1.7e308), (1e10, 1e300), (-1.79e308, 1e-2)])
def test_numerical_gradient_refuses_a_step_that_overflows(x, step):
    with pytest.raises(ValueError, match=re.escape(f"step is {step}, too large to move {x}; pass another one")):
        numerical_gradient(lambda x: 7, x, step)


def test_numerical_gradient_bears_a_function_that_writes_into_its_argument():
    def greedy(x):
        x *= 2
        return (x**2).sum()

    assert_allclose(numerical_gradient(greedy, [3.0, -1.0]), [24, -8], rtol=1e-9)


def test_single_precision_needs_a_larger_step():
    def single(x):
        return np.exp(x.astype(np.float32))

    assert 1e-4 < abs(numerical_gradient(single, 1.0) / np.e - 1) < 0.05  # about two digits, as the docstring says
    assert abs(numerical_gradient(single, 1.0, 5e-3) / np.e - 1) < 1e-4


@pytest.mark.parametrize("x", [[], [1, INF], float("nan"), np.ones((0, 2))])
def test_numerical_gradient_refuses_a_point_that_is_none(x):
    with pytest.raises(ValueError, match="x is empty or not finite; pass the point at which"):
        numerical_gradient(loss, x)


@pytest.mark.parametrize(
    ("value", "shown"), [([1, 2], "[1.0, 2.0]"), ([1], "[1.0]"), (INF, "inf"), (float("nan"), "nan")]
)
def test_numerical_gradient_refuses_a_value_that_is_no_number(value, shown):
    with pytest.raises(ValueError, match=re.escape(f"the function returned {shown}; return one finite number")):
        numerical_gradient(lambda x: value, [1.0, 2.0])


def bowl(curvatures, seed=0):
    """A symmetric matrix with these eigenvalues, in random directions."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(curvatures),) * 2))
    return q @ np.diag(curvatures) @ q.T


@pytest.mark.parametrize("rate", [0.01, 0.19, 0.21])
def test_descent_in_a_bowl_is_a_power_of_a_matrix(rate):
    a, start = bowl([10.0, 3.0, 0.5]), np.array([1.0, -2.0, 0.5])
    path = descend(lambda x: a @ x, start, rate, 30)
    assert path.shape == (31, 3)
    for t in (0, 1, 7, 30):
        assert_allclose(path[t], np.linalg.matrix_power(np.eye(3) - rate * a, t) @ start, rtol=1e-9)


@pytest.mark.parametrize(("share", "arrives"), [(0.99, True), (1.01, False)])
def test_the_limit_is_two_over_the_largest_curvature(share, arrives):
    a = bowl([10.0, 3.0, 0.5])
    path = descend(lambda x: a @ x, [1.0, -2.0, 0.5], share * 2 / 10, 1000)
    distance = np.linalg.norm(path, axis=1)
    assert distance[-1] < 1e-8 if arrives else distance[-1] > 1e8


def test_descent_finds_the_minimum_that_scipy_finds():
    def function(x):
        return ((x - np.array([1.0, 2.0])) ** 4).sum() + (x**2).sum()

    found = descend(lambda x: complex_step(function, x), [0.0, 0.0], 0.05, 500)[-1]
    best = scipy.optimize.minimize(function, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15})
    assert_allclose(found, best.x, atol=1e-6)


def test_descent_keeps_shape_and_values_of_a_matrix():
    path = descend(lambda x: 2 * x, [[1, 2], [4, 8]], 0.25, 2)
    assert_array_equal(path, [[[1, 2], [4, 8]], [[0.5, 1], [2, 4]], [[0.25, 0.5], [1, 2]]])


def test_no_step_is_the_start():
    path = descend(lambda x: x, 3, 0.1, 0)
    assert path.tolist() == [3]
    assert path.dtype == np.float64


def test_slopes_of_single_precision_are_used_in_double():
    assert descend(lambda x: np.float32(1), 1, 0.1, 1).tolist() == [1, 0.9]
    assert descend(lambda x: np.ones(1, np.float32), [1], 0.1, 1).tolist() == [[1], [0.9]]


@pytest.mark.parametrize("start", [[], INF, [1.0, float("nan")]])
def test_descend_refuses_a_start_that_is_none(start):
    with pytest.raises(ValueError, match="start is empty or not finite; pass the point to begin with"):
        descend(lambda x: x, start, 0.1, 1)


@pytest.mark.parametrize("rate", [0, -0.1, INF, float("nan")])
def test_descend_refuses_a_rate_without_meaning(rate):
    with pytest.raises(ValueError, match=re.escape(f"learning_rate is {rate}; pass a positive, finite number")):
        descend(lambda x: x, 1.0, rate, 1)


@pytest.mark.parametrize("n_steps", [-1, 2.5, INF, float("nan")])
def test_descend_refuses_a_number_of_steps_without_meaning(n_steps):
    with pytest.raises(ValueError, match=f"n_steps is {n_steps}; pass an integer of at least 0"):
        descend(lambda x: x, 1.0, 0.1, n_steps)


def test_a_whole_number_of_steps_may_be_a_float():
    assert descend(lambda x: x, 1.0, 0.5, 2.0).tolist() == [1, 0.5, 0.25]


@pytest.mark.parametrize(("slope", "shape"), [(1.0, "()"), ([1.0], r"(1,)"), ([[1.0, 1.0]], "(1, 2)")])
def test_descend_refuses_a_gradient_of_another_shape(slope, shape):
    message = f"the gradient has shape {shape}, not (2,); return one slope for each entry"
    with pytest.raises(ValueError, match=re.escape(message)):
        descend(lambda x: slope, [1.0, 2.0], 0.1, 1)


@pytest.mark.filterwarnings("error")
def test_descend_says_when_it_left_the_floats():
    with pytest.raises(ValueError, match="step 2 is not finite; lower the learning rate, or mend the gradient"):
        descend(lambda x: 10 * x, 1.0, 1e200, 5)
    with pytest.raises(ValueError, match="step 1 is not finite"):
        descend(lambda x: float("nan"), 1.0, 1.0, 5)


def test_inputs_are_left_alone_even_by_a_gradient_that_writes():
    def greedy(x):
        x *= 2
        return x

    start = np.array([1.0, 2.0])
    assert_array_equal(descend(greedy, start, 0.25, 1), [[1, 2], [0.5, 1]])
    numerical_gradient(lambda x: x.sum(), start)
    assert_array_equal(start, [1, 2])
