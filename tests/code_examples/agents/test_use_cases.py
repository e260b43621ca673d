"""Worth and tails of errors against enumeration, SciPy's binomial distribution and closed forms."""

import itertools
import math

import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from code_examples.agents.use_cases import case_worth, more_errors_than

pytestmark = pytest.mark.unit


# --- worth -------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [0.0, 0.3, 1.0])
def test_worth_is_the_mean_over_all_outcomes(found):
    right, gain, harm, check = 0.7, 5.0, 40.0, 2.0
    mean = 0.0
    for is_right, is_found in itertools.product((True, False), repeat=2):
        weight = (right if is_right else 1 - right) * (found if is_found else 1 - found)
        if is_right:
            outcome = gain
        elif is_found:
            outcome = 0
        else:
            outcome = -harm
        mean += weight * (outcome - check)
    assert_allclose(case_worth(right, gain, harm, check, found), mean, rtol=1e-12)


def test_limits_of_worth():
    assert case_worth(1, 5, 40, 0, 0) == 5
    assert case_worth(0, 5, 40, 0, 0) == -40
    assert case_worth(0, 5, 40, 2, 1) == -2
    assert case_worth(0.5, 0, 0, 0, 0) == 0


def test_check_pays_from_the_error_rate_on_that_its_cost_implies():
    harm, check, found = 30.0, 2.0, 0.8
    right = 1 - check / (found * harm)
    for step, sign in ((-0.01, 1), (0.01, -1)):
        better = case_worth(right + step, 5, harm, check, found) - case_worth(right + step, 5, harm, 0, 0)
        assert math.copysign(1, better) == sign


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"right": 1.2}, "right is 1.2; pass a probability from 0 to 1"),
        ({"found": -0.2}, "found is -0.2; pass a probability"),
        ({"right": math.nan}, "right is nan"),
        ({"gain": -1}, "gain is -1; pass an amount, finite and at least 0"),
        ({"harm": math.inf}, "harm is inf; pass an amount"),
        ({"check": math.nan}, "check is nan; pass an amount"),
    ],
)
def test_worth_refuses(change, message):
    arguments = {"right": 0.5, "gain": 1, "harm": 1, "check": 1, "found": 0.5}
    with pytest.raises(ValueError, match=message):
        case_worth(**{**arguments, **change})


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "n", "error", "together"),
    [
        (3, 20, 0.2, 1),
        (0, 7, 0.01, 1),
        (5, 20, 0.2, 4),
        (8, 20, 0.2, 4),
        (10, 1000, 0.001, 1),
        (10, 1000, 0.001, 100),
        (2500, 5000, 0.5, 1),
        (9, 9000, 0.001, 3),
    ],
)
def test_agrees_with_the_binomial_distribution(limit, n, error, together):
    expected = binom.sf(limit / together, n // together, error)
    assert_allclose(more_errors_than(limit, n, error, together), expected, rtol=1e-9)


def test_all_at_once_is_one_draw():
    assert_allclose(more_errors_than(0, 50, 0.3, 50), 0.3, rtol=1e-12)
    assert_allclose(more_errors_than(49, 50, 0.3, 50), 0.3, rtol=1e-12)
    assert more_errors_than(50, 50, 0.3, 50) == 0


def test_by_enumeration():
    n, error, limit = 6, 0.3, 3
    for together in (1, 2, 3):
        total = 0.0
        for bad in itertools.product((True, False), repeat=n // together):
            weight = math.prod(error if one else 1 - error for one in bad)
            total += weight * (together * sum(bad) > limit)
        assert_allclose(more_errors_than(limit, n, error, together), total, rtol=1e-12)


def test_ends_of_the_range():
    assert more_errors_than(0, 5, 0, 1) == 0
    assert more_errors_than(4, 5, 1, 1) == 1
    assert more_errors_than(5, 5, 1, 1) == 0
    assert max(more_errors_than(0, n, 0.5, 1) for n in range(60, 400, 7)) <= 1
    assert isinstance(more_errors_than(9, 5, 0.5, 1), float)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 4, 0.5, 1), "limit is -1, n is 4 and together is 1; pass a limit of at least 0 and groups"),
        ((1, 0, 0.5, 1), "n is 0"),
        ((1, 4, 0.5, 0), "together is 0"),
        ((1, 4, 0.5, 3), "together is 3"),
        ((1, 4, 1.5, 2), "error is 1.5; pass a probability from 0 to 1"),
        ((1, 4, -0.5, 2), "error is -0.5"),
        ((1, 4, math.nan, 2), "error is nan"),
    ],
)
def test_errors_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        more_errors_than(*arguments)
