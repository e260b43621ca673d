import math
import re

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression

from code_examples.interpretability.steering_vectors import (
    CONCEPTS,
    TOKENS,
    ablate,
    difference_of_means,
    steer,
    toy_next_token,
    toy_states,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def slow_next_token(state):
    length = math.sqrt(sum(x * x for x in state))
    praise, negation = 4 * state[0] / length, 4 * state[1] / length
    cats = 4 * (0.3 * state[0] + math.sqrt(0.91) * state[2]) / length
    if negation > 1:
        praise = -praise
    weights = [math.exp(x) for x in (praise, -praise, cats, -cats)]
    return [w / sum(weights) for w in weights]


def test_difference_of_means_is_the_slope_of_a_regression(rng):
    positive, negative = rng.standard_normal((7, 4)) + 1, rng.standard_normal((5, 4))
    label = np.repeat([1.0, 0.0], [7, 5])[:, None]
    slope = LinearRegression().fit(label, np.vstack([positive, negative])).coef_[:, 0]
    assert_allclose(difference_of_means(positive, negative), slope, atol=1e-12)


def test_difference_of_means_is_the_best_direction_in_round_clouds(rng):
    truth = rng.standard_normal(5)
    positive, negative = truth + rng.standard_normal((4000, 5)), -truth + rng.standard_normal((4000, 5))
    best = LinearDiscriminantAnalysis().fit(np.vstack([positive, negative]), [1] * 4000 + [0] * 4000).coef_[0]
    found = difference_of_means(positive, negative)
    assert best @ found / np.linalg.norm(best) / np.linalg.norm(found) > 0.995
    assert_allclose(found, 2 * truth, atol=0.1)


@pytest.mark.parametrize("alpha", [-4, -0.5, 0, 3.25])
def test_steering_moves_each_state_by_alpha_along_the_vector(alpha, rng):
    hidden, vector = rng.standard_normal((6, 5)), rng.standard_normal(5)
    unit = vector / math.sqrt(sum(vector**2))
    moved = steer(hidden, unit, alpha) - hidden
    assert_allclose(moved @ unit, alpha, atol=1e-12)
    assert_allclose(np.linalg.norm(moved, axis=1), abs(alpha), atol=1e-12)
    assert_allclose(steer(steer(hidden, vector, alpha), vector, -alpha), hidden, atol=1e-12)


def test_ablation_is_the_projection_of_least_squares(rng):
    hidden, vector = rng.standard_normal((6, 5)), 3 * rng.standard_normal(5)
    expected = [row - np.linalg.lstsq(vector[:, None], row, rcond=None)[0] * vector for row in hidden]
    assert_allclose(ablate(hidden, vector), expected, atol=1e-12)
    assert_allclose(ablate(ablate(hidden, vector), -vector), ablate(hidden, vector), atol=1e-12)


def test_the_toy_network_does_what_its_description_says(rng):
    states = toy_states(rng.normal(size=300), rng.normal(size=300), rng.normal(size=300), rng)
    found = toy_next_token(states)
    assert_allclose(found, [slow_next_token(state) for state in states], rtol=1e-9)
    assert_allclose(toy_next_token(7 * states), found, rtol=1e-9)
    assert_allclose(found.sum(axis=1), 1)
    assert_allclose(scipy.special.softmax(np.log(found), axis=1), found)
    assert TOKENS == ("great", "awful", "cat", "dog")


def test_the_toy_negates_only_above_one():
    for reading, negated in ((1 - 1e-9, False), (1 + 1e-9, True)):
        state = np.zeros(16)
        state[:2] = math.sqrt(1 - (reading / 4) ** 2), reading / 4
        probabilities = toy_next_token([state])[0]
        assert (probabilities[1] > probabilities[0]) == negated
    exactly_one = np.array([[6.0, 2, 0, 4, 2, 2, *[0] * 10]])  # of length 8
    assert toy_next_token(exactly_one)[0].argmax() == 0


def test_concepts_have_the_overlaps_that_the_page_states():
    assert_allclose(CONCEPTS @ CONCEPTS.T, [[1, 0, 0.3], [0, 1, 0], [0.3, 0, 1]], atol=1e-12)


def test_states_are_weighted_concepts_and_noise():
    n = 3000
    first, second, third = np.arange(n) % 3, np.arange(n) % 5 - 2.0, np.linspace(-1, 1, n)
    states = toy_states(first, second, third, np.random.default_rng(1))
    noise = states - np.outer(first, CONCEPTS[0]) - np.outer(second, CONCEPTS[1]) - np.outer(third, CONCEPTS[2])
    assert_allclose(noise, 0.25 * np.random.default_rng(1).standard_normal((n, 16)), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: difference_of_means([[1]], [[1, 2]]), "the widths are 1 and 2; pass states of one layer"),
        (lambda: difference_of_means([], [[1]]), "hidden states have shape (0,); pass rows and columns"),
        (lambda: difference_of_means([[1]], [[math.nan]]), "an entry of the hidden states is not finite; leave"),
        (lambda: steer([[1, 2]], [1], 1), "vector has shape (1,); pass 2 finite numbers"),
        (lambda: steer([[1, 2]], [1, math.inf], 1), "vector has shape (2,); pass 2 finite numbers"),
        (lambda: steer([[1, 2]], [1, 2], math.nan), "alpha is nan; pass a finite number"),
        (lambda: steer([1, 2], [1, 2], 1), "hidden states have shape (2,)"),
        (lambda: ablate([[1, 2]], [0, 0]), "vector is zero and has no direction; pass another"),
        (lambda: ablate([[1, 2]], [[1, 2]]), "vector has shape (1, 2); pass 2 finite numbers"),
        (lambda: toy_next_token([[1, 2]]), "hidden states have 2 entries; pass 16"),
        (lambda: toy_next_token(np.eye(2, 16) * [[1], [0]]), "a hidden state is zero and cannot be scaled"),
        (lambda: toy_states([], [], [], None), "pass praise, negation and topic with one finite number"),
        (lambda: toy_states([1], [1], [math.inf], None), "pass praise, negation and topic with one finite number"),
        (lambda: toy_states(1, 1, 1, None), "pass praise, negation and topic with one finite number"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_inputs_are_left_alone(rng):
    hidden, vector = rng.standard_normal((3, 16)), rng.standard_normal(16)
    kept = hidden.copy(), vector.copy(), CONCEPTS.copy()
    difference_of_means(hidden, hidden)
    steer(hidden, vector, 2)
    ablate(hidden, vector)
    toy_next_token(hidden)
    for now, before in zip((hidden, vector, CONCEPTS), kept, strict=True):
        assert_array_equal(now, before)
