"""Continual pre-training against simulated runs, SciPy's powers of a matrix, and counted tokens."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import fractional_matrix_power

from code_examples.training.continual_pretraining import excess_loss, train, update_budget

pytestmark = pytest.mark.unit

NAN, INF = float("nan"), float("inf")
ERRORS = np.array([[3.0, 0.5, 0.0], [0.5, 2.0, -0.4], [0.0, -0.4, 1.0]])
INPUTS = np.array([[1.0, 0.3, 0.0], [0.3, 0.5, 0.1], [0.0, 0.1, 0.2]])


def test_mean_is_that_of_simulated_runs():
    rng = np.random.default_rng(0)
    rates, noise = [0.5, 0.9, 0.2, 0.7], 0.6
    root = np.linalg.cholesky(INPUTS)
    runs = rng.standard_normal((40_000, 3)) @ np.linalg.cholesky(ERRORS).T
    for rate in rates:
        kick = np.sqrt(noise) * rng.standard_normal(runs.shape) @ root.T
        runs = runs - rate * (runs @ INPUTS + kick)
    assert_allclose(train(ERRORS, INPUTS, rates, noise), runs.T @ runs / len(runs), atol=0.03)


def test_without_noise_steps_are_powers_of_one_matrix():
    step = fractional_matrix_power(np.eye(3) - 0.4 * INPUTS, 7)
    assert_allclose(train(ERRORS, INPUTS, [0.4] * 7, 0), step @ ERRORS @ step.T, rtol=1e-12)


def test_noise_settles_where_pull_and_kick_balance():
    # One weight: E = (1 - rate * s)**2 * E + rate**2 * noise * s, so E = rate * noise / (2 - rate * s).
    assert train([[9]], [[0.5]], [0.3] * 400, 0.2)[0, 0] == pytest.approx(0.3 * 0.2 / (2 - 0.15), rel=1e-9)


def test_what_the_data_never_look_at_stays():
    after = train(np.eye(2), [[1, 0], [0, 0]], [0.5] * 50, 0.1)
    assert after[1].tolist() == [0, 1]
    assert after[0, 0] < 0.1


def test_two_runs_in_a_row_are_one():
    half = train(ERRORS, INPUTS, [0.5, 0.2], 0.3)
    assert_allclose(train(half, INPUTS, [0.1], 0.3), train(ERRORS, INPUTS, [0.5, 0.2, 0.1], 0.3), rtol=1e-14)


def test_excess_loss_is_half_the_mean_square_of_the_answers():
    rng = np.random.default_rng(1)
    errors = rng.standard_normal((300_000, 3)) @ np.linalg.cholesky(ERRORS).T
    inputs = rng.standard_normal((300_000, 3)) @ np.linalg.cholesky(INPUTS).T
    sampled = ((errors * inputs).sum(axis=1) ** 2).mean() / 2
    assert excess_loss(ERRORS, INPUTS) == pytest.approx(sampled, rel=0.02)


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0, 0.99))
def test_budget_counts_tokens(old, new, replay):
    times, replayed, fresh = update_budget(old, new, replay)
    assert times == pytest.approx(1 + old / new, rel=1e-12)
    assert replayed + fresh == pytest.approx(new, rel=1e-12)
    assert replayed == pytest.approx(new - new * (1 - replay), rel=1e-9, abs=1e-9)


def test_budget_of_the_study():
    assert update_budget(300e9, 300e9, 0.05) == (2, 15e9, 285e9)
    assert update_budget(300, 30, 0.25) == (11, 7.5, 22.5)


SHAPES = [((2, 3), (2, 3)), ((2, 2), (3, 3)), ((4,), (4,)), ((0, 0), (0, 0))]


@pytest.mark.parametrize("shapes", SHAPES)
def test_refuses_shapes_that_do_not_fit(shapes):
    message = f"errors have shape {shapes[0]}, inputs {shapes[1]}; pass two square matrices of one size"
    errors, inputs = map(np.ones, shapes)
    with pytest.raises(ValueError, match=re.escape(message)):
        train(errors, inputs, [0.1], 0)
    with pytest.raises(ValueError, match=re.escape(message)):
        excess_loss(errors, inputs)


@pytest.mark.parametrize("wrong", [NAN, INF])
def test_refuses_what_is_not_finite(wrong):
    with pytest.raises(ValueError, match="an entry is not finite; look for what made NaN or infinity first"):
        train([[wrong]], [[1]], [0.1], 0)
    with pytest.raises(ValueError, match="an entry is not finite"):
        excess_loss([[1]], [[wrong]])


@pytest.mark.parametrize(("rates", "noise"), [([-0.1], 0), ([0.1], -1), ([NAN], 0), ([INF], 0), ([0.1], INF), (0.1, 0)])
def test_refuses_what_is_no_rate(rates, noise):
    with pytest.raises(ValueError, match="pass one finite rate of 0 or more for each step"):
        train([[1]], [[1]], rates, noise)


@pytest.mark.parametrize("wrong", [0, -1, NAN, INF])
def test_refuses_what_is_no_number_of_tokens(wrong):
    with pytest.raises(ValueError, match=f"{wrong} old and 1 new tokens; pass positive, finite numbers"):
        update_budget(wrong, 1, 0)
    with pytest.raises(ValueError, match=f"1 old and {wrong} new tokens; pass positive, finite numbers"):
        update_budget(1, wrong, 0)


@pytest.mark.parametrize("wrong", [-0.1, 1, NAN])
def test_refuses_what_is_no_share(wrong):
    with pytest.raises(ValueError, match=f"replay is {wrong}; pass a share from 0 to below 1"):
        update_budget(1, 1, wrong)


def test_leaves_its_input_alone():
    errors, inputs = ERRORS.copy(), INPUTS.copy()
    train(errors, inputs, [0.5, 0.5], 0.1)
    assert errors.tolist() == ERRORS.tolist()
    assert inputs.tolist() == INPUTS.tolist()
