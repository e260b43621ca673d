import re
from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.foundations.temperature import fit_temperature, softmax_with_temperature

INF = float("inf")
TEMPERATURES = [0.05, 0.5, 1.0, 2.0, 100.0]


def logits(shape=(6, 5), scale=3.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def exact(z, temperature):
    """Softmax of one row in 60 decimal digits, straight from the definition."""
    with localcontext() as context:
        context.prec = 60
        weights = [(Decimal(x) / Decimal(temperature)).exp() for x in z]
        return [float(w / sum(weights)) for w in weights]


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_agrees_with_scipy_on_divided_logits(temperature, axis):
    z = logits((4, 5, 3))
    expected = scipy.special.softmax(z / temperature, axis=axis)
    assert_allclose(softmax_with_temperature(z, temperature, axis), expected, rtol=1e-12)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_agrees_with_the_definition_in_many_digits(temperature):
    p = softmax_with_temperature([2, 1, 0], temperature)
    assert_allclose(p, exact([2, 1, 0], temperature), rtol=4e-15)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 7.0])
def test_equals_a_power_of_the_probabilities(temperature):
    z = logits()
    powers = scipy.special.softmax(z, axis=-1) ** (1 / temperature)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    assert_allclose(softmax_with_temperature(z, temperature), expected, rtol=1e-12)


def test_the_default_is_temperature_one_on_the_last_axis():
    z = logits()
    assert_allclose(softmax_with_temperature(z), scipy.special.softmax(z, axis=1), rtol=1e-13)


def test_entropy_rises_and_the_top_falls_with_the_temperature():
    z = logits((20, 7))
    grid = [softmax_with_temperature(z, t) for t in np.geomspace(0.5, 50, 60)]
    entropy = np.array([scipy.stats.entropy(p, axis=-1) for p in grid])
    assert (np.diff(entropy, axis=0) > 0).all()
    assert (np.diff([p.max(axis=-1) for p in grid], axis=0) < 0).all()
    assert_allclose(entropy[-1], np.log(7), atol=0.05)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_ranking_stays(temperature):
    z = logits()
    p = softmax_with_temperature(z, temperature)
    assert_array_equal(p.argsort(axis=-1), z.argsort(axis=-1))


def test_zero_is_greedy_and_ties_share():
    z = [[3.0, 1.0, 3.0, 2.0], [0.0, 1e-9, -1.0, -INF]]
    assert_array_equal(softmax_with_temperature(z, 0), [[0.5, 0, 0.5, 0], [0, 1, 0, 0]])
    columns = np.transpose(z)
    assert_array_equal(softmax_with_temperature(columns, 0, axis=0), softmax_with_temperature(z, 0).T)


def test_the_limits_are_approached():
    z = [2.0, 1.0, 2.0]
    assert_allclose(softmax_with_temperature(z, 0.01), softmax_with_temperature(z, 0), atol=1e-40)
    assert_allclose(softmax_with_temperature(z, 1e12), 1 / 3, rtol=1e-11)


def test_extreme_temperatures_do_not_overflow():
    for temperature in (5e-324, 1e-308):
        assert_array_equal(softmax_with_temperature([1000, 1000, 999], temperature), [0.5, 0.5, 0])
    assert_array_equal(softmax_with_temperature([1000, 0], 1.7e308), [0.5, 0.5])


@pytest.mark.parametrize("temperature", [0, 0.5, 3])
def test_a_masked_position_gets_nothing(temperature):
    p = softmax_with_temperature([2, -INF, 1], temperature)
    assert p[1] == 0
    assert_array_equal(p[[0, 2]], softmax_with_temperature([2, 1], temperature))


@pytest.mark.parametrize("temperature", [-1, -1e-300, INF, float("nan")])
def test_refuses_a_temperature_without_meaning(temperature):
    message = f"temperature is {temperature}; pass a finite number of at least 0"
    with pytest.raises(ValueError, match=re.escape(message)):
        softmax_with_temperature([1, 2], temperature)


@pytest.mark.parametrize("temperature", [0, 1])
def test_refuses_logits_without_answer(temperature):
    with pytest.raises(ValueError, match="every position is masked"):
        softmax_with_temperature([[-INF, -INF], [1, 2]], temperature)
    with pytest.raises(ValueError, match=r"a logit is NaN or \+inf"):
        softmax_with_temperature([1, float("nan")], temperature)
    with pytest.raises(ValueError, match="pass an array with at least one score"):
        softmax_with_temperature([], temperature)


def likelihood_cost(tau, z, labels):
    """Mean negative log-likelihood, by SciPy."""
    return -scipy.special.log_softmax(z / tau, axis=1)[np.arange(len(labels)), labels].mean()


def sample(true_temperature, n_samples=4000, seed=0):
    """Logits, and labels drawn at the temperature that a fit should find again."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.standard_normal((n_samples, 4)) + 10
    p = scipy.special.softmax(z / true_temperature, axis=1)
    return z, (p.cumsum(axis=1) < rng.random((n_samples, 1))).sum(axis=1)


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 2.5])
def test_fit_agrees_with_a_general_optimizer(true_temperature):
    z, labels = sample(true_temperature)
    best = scipy.optimize.minimize_scalar(likelihood_cost, args=(z, labels), bounds=(0.01, 100), method="bounded")
    assert_allclose(fit_temperature(z, labels), best.x, rtol=1e-4)
    assert_allclose(fit_temperature(z, labels), true_temperature, rtol=0.1)


def test_fit_reaches_a_very_cold_temperature():
    z = [[0.0, -1e-9, -1.0]] * 10
    labels = [0] * 9 + [1]
    best = scipy.optimize.brentq(lambda beta: scipy.special.expit(beta * 1e-9) - 0.9, 0, 1e11)
    assert_allclose(fit_temperature(z, labels), 1 / best, rtol=1e-9)


@pytest.mark.parametrize("n_classes", [4, 100, 10_000])
def test_fit_finds_the_temperature_among_many_equal_losers(n_classes):
    z = [[1.0] + [0.0] * (n_classes - 1)] * 2  # odds of 1 to 1 against all losers together
    assert_allclose(fit_temperature(z, [0, 1]), 1 / np.log(n_classes - 1), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_fit_scales_with_the_logits(scale):
    z, labels = sample(1.5, n_samples=300)
    assert_allclose(fit_temperature(scale * z, labels), scale * fit_temperature(z, labels))


@pytest.mark.parametrize("right", [2, 3, 9])
def test_fit_makes_a_constant_gap_state_the_share_that_is_right(right):
    z, labels = [[5.0, 1.0]] * (right + 1), [0] * right + [1]
    p = softmax_with_temperature(z[0], fit_temperature(z, labels))
    assert_allclose(p[0], right / (right + 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("z", "labels", "message"),
    [
        ([1, 2], [0], "logits of shape (2,) and labels of shape (1,) do not fit; pass (n_samples,"),
        ([[1, 2]], [0, 1], "logits of shape (1, 2) and labels of shape (2,) do not fit"),
        ([[1, 2]], [[0]], "logits of shape (1, 2) and labels of shape (1, 1) do not fit"),
        (np.ones((0, 2)), [], "pass an array with at least one score"),
        ([[1, -INF]], [0], "a class is masked (-inf); pass finite logits"),
        ([[1e308, -1e308]], [0], "a class is masked (-inf); pass finite logits"),
        ([[1, 2]], [2], "labels must be integers from 0 to 1"),
        ([[1, 2]], [-1], "labels must be integers from 0 to 1"),
        ([[1, 2], [1, 2]], [0, 2], "labels must be integers from 0 to 1"),
        ([[1, 2], [1, 2]], [-1, 1], "labels must be integers from 0 to 1"),
        ([[1, 2]] * 3, [0, 1, 2], "labels must be integers from 0 to 1"),  # as many samples as the label wants classes
        ([[1, 2]], [1.0], "labels must be integers from 0 to 1"),
        ([[1, 2], [4, 3]], [1, 0], "every label has the largest logit"),
        ([[2, 2]], [0], "every label has the largest logit"),
        ([[1, 2], [4, 3]], [0, 0], "the labels' logits are no better than average"),
        ([[1, 2], [4, 3]], [0, 1], "the labels' logits are no better than average"),
    ],
)
def test_fit_refuses_what_has_no_answer(z, labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fit_temperature(z, labels)


def test_fit_takes_unsigned_labels_and_more_classes_than_samples():
    z = [[0.0, 5.0, 0.0]] * 3
    expected = 5 / np.log(4)  # two right, and one in the middle of two equal losers
    assert_allclose(fit_temperature(z, np.array([1, 1, 2], dtype=np.uint8)), expected, rtol=1e-12)
    assert_allclose(
        fit_temperature([[0.0, 1.0, 3.0, 0.0]] * 2, [2, 1]), fit_temperature([[0.0, 1.0, 3.0, 0.0]] * 4, [2, 1] * 2)
    )


def test_inputs_are_left_alone():
    z, labels = sample(1.0, n_samples=50)
    kept = z.copy(), labels.copy()
    softmax_with_temperature(z, 0.5)
    softmax_with_temperature(z, 0)
    fit_temperature(z, labels)
    assert_array_equal(z, kept[0])
    assert_array_equal(labels, kept[1])
