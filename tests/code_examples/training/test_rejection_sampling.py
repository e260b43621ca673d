import itertools
import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.special import log_softmax
from scipy.stats import norm

from code_examples.foundations.kl_divergence import kl_divergence
from code_examples.training.rejection_sampling import best_of_n, kl_formula


@pytest.mark.parametrize("rewards", [[3, 1, 2, 5], [1, 2, 2, 0], [4, 4, 4, 4], [-1, -1, 7, 7]])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_agrees_with_playing_out_every_draw(rewards, n):
    chance = np.array([0.1, 0.2, 0.3, 0.4])
    expected = np.zeros(4)
    for draw in itertools.product(range(4), repeat=n):
        winner = max(draw, key=lambda i: rewards[i])  # the first of equals
        expected[winner] += np.prod(chance[list(draw)])
    assert_allclose(best_of_n(np.log(chance), rewards, n), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [2, 4, 16])
def test_many_answers_come_close_to_order_statistics(n):
    z = np.linspace(-8, 8, 20001)
    log_reference = log_softmax(-(z**2) / 2)
    expected, _ = quad(lambda x: x * n * norm.pdf(x) * norm.cdf(x) ** (n - 1), -9, 9)
    assert best_of_n(log_reference, z, n) @ z == pytest.approx(expected, abs=2e-3)
    divergence = kl_divergence(best_of_n(log_reference, z, n), np.exp(log_reference))
    assert divergence == pytest.approx(kl_formula(n), abs=1e-4)


def test_the_formula_is_the_divergence_for_a_continuum():
    for n in (2, 7, 50):  # of the density n u^(n-1) of the largest of n uniform numbers
        expected, _ = quad(lambda u, n=n: n * u ** (n - 1) * math.log(n * u ** (n - 1)), 0, 1)
        assert kl_formula(n) == pytest.approx(expected, abs=1e-7)


def test_the_formula_is_never_too_low():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 30, 400):
        for size in (1, 2, 9):
            log_reference = log_softmax(rng.normal(size=size) * 2)
            wins = best_of_n(log_reference, rng.integers(0, 6, size), n)
            divergence = float(kl_divergence(wins / wins.sum(), np.exp(log_reference)))
            assert divergence <= kl_formula(n) + 1e-9


def test_two_rounds_are_one_with_the_product():
    log_reference, rewards = np.log([0.4, 0.1, 0.3, 0.2]), [2, 9, 2, 1]
    twice = best_of_n(np.log(best_of_n(log_reference, rewards, 3)), rewards, 5)
    assert_allclose(twice, best_of_n(log_reference, rewards, 15), rtol=1e-9)


def test_more_draws_never_lower_the_reward():
    rng = np.random.default_rng(1)
    log_reference, rewards = log_softmax(rng.normal(size=7)), rng.normal(size=7)
    path = [best_of_n(log_reference, rewards, n) @ rewards for n in range(1, 40)]
    assert (np.diff(path) > 0).all()
    assert path[0] == pytest.approx(np.exp(log_reference) @ rewards)
    assert best_of_n(log_reference, rewards, 10**9)[rewards.argmax()] == pytest.approx(1)


def test_one_answer_always_wins():
    assert best_of_n([0.0], [3], np.int64(4)).tolist() == [1]
    assert best_of_n([0.0, -800.0], [1, 2], 3).tolist() == [1, 0]  # too rare for a float


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: best_of_n([], [], 1), "pass the same number of pairs in each, at least one"),
        (lambda: best_of_n([0.0], [1, 2], 1), "pass the same number of pairs in each"),
        (lambda: best_of_n([0.0], [math.nan], 1), "rewards holds a number that is not finite"),
        (lambda: best_of_n([-1.0, -1.0], [1, 2], 1), "log_reference is no distribution; pass one row whose"),
        (lambda: best_of_n(0.0, 1.0, 1), "log_reference is no distribution"),
        (lambda: best_of_n([0.0], [1], 0), "n is 0; pass an integer of at least 1"),
        (lambda: best_of_n([0.0], [1], 1.5), "n is 1.5; pass an integer of at least 1"),
        (lambda: kl_formula(0), "n is 0; pass an integer of at least 1"),
        (lambda: kl_formula(2.0), "n is 2.0; pass an integer of at least 1"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    log_reference, rewards = np.log([0.5, 0.5]), np.array([2.0, 1.0])
    copies = log_reference.copy(), rewards.copy()
    best_of_n(log_reference, rewards, 3)
    assert_array_equal([log_reference, rewards], copies)
