"""Bradley-Terry against SciPy, many digits, JAX's automatic differentiation and finite differences."""

import re
from decimal import Decimal, localcontext

import jax
import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.reward_model import (
    bradley_terry_gradient,
    bradley_terry_loss,
    check_pairs,
    log_sigmoid,
    preference_probability,
    sigmoid,
)

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

CHOSEN, REJECTED = np.array([2.0, -1.0, 0.5, 40.0]), np.array([1.0, 3.0, 0.5, -2.0])


# --- the logistic function ---------------------------------------------------------------------


def test_agrees_with_scipy_over_the_whole_range():
    x = np.concatenate([np.linspace(-750, 750, 301), [0, 1e-9, -1e-9, np.inf, -np.inf]])
    assert_allclose(sigmoid(x), scipy.special.expit(x), rtol=2e-13, atol=1e-300)
    assert_allclose(log_sigmoid(x), scipy.special.log_expit(x), rtol=1e-14)
    assert sigmoid(x.reshape(2, -1)).shape == log_sigmoid(x.reshape(2, -1)).shape == (2, 153)


@pytest.mark.parametrize("x", [-37.5, -1.25, 0.5, 3.0, 36.0])
def test_agrees_with_the_definition_in_many_digits(x):
    with localcontext() as context:
        context.prec = 50
        p = 1 / (1 + (-Decimal(x)).exp())
        expected = float(p), float(p.ln())
    assert_allclose((sigmoid(x), log_sigmoid(x)), expected, rtol=4e-15)


def test_short_floats_and_integers_are_widened():
    for x in (np.float32(-20), -20, True):
        assert sigmoid(x).dtype == log_sigmoid(x).dtype == np.float64
    assert_allclose(log_sigmoid(np.float16(-20)), -20 - np.exp(-20.0), rtol=1e-12)


@pytest.mark.parametrize("function", [sigmoid, log_sigmoid])
def test_refuses_nan(function):
    with pytest.raises(ValueError, match="x holds NaN; look for what made it first"):
        function([0.0, float("nan")])


# --- the model ---------------------------------------------------------------------------------


def test_probability_is_the_ratio_of_strengths():
    strengths = np.exp(np.array([[1.5, -0.5, 0.0], [-1.0, 2.0, 0.0]]))
    assert_allclose(preference_probability(*np.log(strengths)), strengths[0] / strengths.sum(axis=0), rtol=1e-12)


def test_only_differences_matter_and_the_two_orders_share_one():
    forth = preference_probability(CHOSEN, REJECTED)
    assert_allclose(preference_probability(CHOSEN + 7, REJECTED + 7), forth, rtol=1e-12)
    assert_allclose(forth + preference_probability(REJECTED, CHOSEN), 1, rtol=1e-12)
    assert_allclose(bradley_terry_loss(CHOSEN - 9, REJECTED - 9), bradley_terry_loss(CHOSEN, REJECTED), rtol=1e-12)


def test_loss_is_the_likelihood_of_the_observed_order():
    likelihood = np.prod(scipy.special.expit([1.0, -4.0, 0.0, 42.0]))
    assert_allclose(np.exp(-4 * bradley_terry_loss(CHOSEN, REJECTED)), likelihood, rtol=1e-12)
    assert type(bradley_terry_loss(CHOSEN, REJECTED)) is float
    assert bradley_terry_loss(0, 1e5) == 1e5
    assert bradley_terry_loss(1e5, 0) == 0


def test_gradient_agrees_with_jax():
    def loss(chosen, rejected):
        return -jax.nn.log_sigmoid(chosen - rejected).mean()

    value, expected = jax.jit(jax.value_and_grad(loss, (0, 1)))(CHOSEN, REJECTED)
    assert_allclose(bradley_terry_loss(CHOSEN, REJECTED), value, rtol=1e-12)
    for ours, theirs in zip(bradley_terry_gradient(CHOSEN, REJECTED), expected, strict=True):
        assert_allclose(ours, theirs, rtol=1e-10)


def test_gradient_agrees_with_finite_differences():
    by_chosen, by_rejected = bradley_terry_gradient(CHOSEN, REJECTED)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-5
        up, down = bradley_terry_loss(CHOSEN + step, REJECTED), bradley_terry_loss(CHOSEN - step, REJECTED)
        assert_allclose(by_chosen[i], (up - down) / 2e-5, atol=1e-10)
        up, down = bradley_terry_loss(CHOSEN, REJECTED + step), bradley_terry_loss(CHOSEN, REJECTED - step)
        assert_allclose(by_rejected[i], (up - down) / 2e-5, atol=1e-10)


def test_arguments_stay_as_they_were():
    chosen, rejected = CHOSEN.copy(), REJECTED.copy()
    for function in (preference_probability, bradley_terry_loss, bradley_terry_gradient):
        function(chosen, rejected)
    assert_array_equal((chosen, rejected), (CHOSEN, REJECTED))


@pytest.mark.parametrize("function", [preference_probability, bradley_terry_loss, bradley_terry_gradient])
def test_refusals_name_the_row(function):
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\).*pass the same number of pairs in each, at least one"):
        function([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match=r"at least one"):
        function([], [])
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="rejected holds a number that is not finite"):
            function([0, 0], [0, wrong])
        with pytest.raises(ValueError, match="chosen holds a number that is not finite"):
            function([wrong, 0], [0, 0])


def test_rows_keep_their_names_and_order():
    rows = check_pairs(b=[True, False], a=np.float32([0.5, 2]), c=[3, 4])
    assert [row.dtype for row in rows] == [np.float64] * 3
    assert_array_equal(rows, [[1, 0], [0.5, 2], [3, 4]])
    with pytest.raises(ValueError, match=re.escape("{'a': (1,), 'b': ()}")):
        check_pairs(a=[1], b=1)
