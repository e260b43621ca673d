import itertools
import math
import re
import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, betabinom, binom, multinomial, nbinom

from code_examples.agents.sampling_and_voting import (
    calls_until_decided,
    majority,
    majority_accuracy,
    plurality_accuracy,
    right_votes,
)


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
def test_majority_is_the_mode(answers):
    winner, votes = majority(answers)
    assert winner == statistics.mode(answers)  # of several the first, as documented there
    assert votes == Counter(answers)
    assert list(votes) == list(dict.fromkeys(answers))


def test_majority_takes_any_iterable_once():
    answers = iter([None, 2, None])
    assert majority(answers) == (None, {None: 2, 2: 1})
    assert list(answers) == []


@pytest.mark.parametrize("p", [0.0, 0.05, 0.35, 0.5, 0.62, 0.99, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 25, np.int64(101), 3000])
def test_accuracy_is_the_tail_of_a_binomial(p, n):
    expected = binom.sf(n / 2, n, p) + binom.pmf(n / 2, n, p) / 2  # pmf is zero between integers
    assert majority_accuracy(p, n) == pytest.approx(expected, abs=1e-9)


def test_even_is_as_good_as_one_less_and_sides_are_symmetric():
    for n in (2, 6, 40):
        assert majority_accuracy(0.7, n) == pytest.approx(majority_accuracy(0.7, n - 1))
        assert majority_accuracy(0.7, n) + majority_accuracy(0.3, n) == pytest.approx(1)


@pytest.mark.parametrize(("p", "correlation"), [(0.6, 0.2), (0.37, 0.05), (0.9, 0.8), (0.5, 1e-6)])
@pytest.mark.parametrize("n", [1, 2, 7, np.int64(40), 900])
def test_correlated_votes_are_beta_binomial(p, correlation, n):
    a, b = (share * (1 - correlation) / correlation for share in (p, 1 - p))
    votes = right_votes(p, n, correlation)
    assert votes.shape == (n + 1,)
    assert votes.dtype == np.float64
    np.testing.assert_allclose(votes, betabinom.pmf(np.arange(n + 1), n, a, b), rtol=1e-7, atol=1e-12)
    expected = betabinom.sf(n / 2, n, a, b) + betabinom.pmf(n / 2, n, a, b) / 2
    assert majority_accuracy(p, n, correlation) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0, 1), st.integers(1, 60), st.floats(0, 0.99))
def test_mean_and_variance_of_the_votes(p, n, correlation):
    votes, count = right_votes(p, n, correlation), np.arange(n + 1)
    assert votes.sum() == pytest.approx(1)
    assert votes @ count == pytest.approx(n * p, abs=1e-9)
    spread = n * p * (1 - p) * (1 + (n - 1) * correlation)
    assert votes @ (count - n * p) ** 2 == pytest.approx(spread, abs=1e-7)


def test_without_correlation_the_votes_are_binomial():
    for p in (0, 0.3, 1):
        np.testing.assert_allclose(right_votes(p, 9), binom.pmf(np.arange(10), 9, p), atol=1e-13)
    assert right_votes(0.3, 9).tolist() == right_votes(0.3, 9, 0.0).tolist()


@pytest.mark.parametrize(
    ("p", "n"),
    [([0.5, 0.3, 0.2], 1), ([0.4, 0.35, 0.25], 5), ([0.1, 0.2, 0.3, 0.4], 6), ([0.3, 0.0, 0.7], 4), ([0.25] * 4, 4)],
)
def test_plurality_is_the_sum_over_all_outcomes(p, n):
    expected = 0.0
    for votes in itertools.product(range(n + 1), repeat=len(p)):
        if sum(votes) == n and votes[0] == max(votes):
            expected += multinomial.pmf(votes, n, p) / votes.count(votes[0])
    assert plurality_accuracy(p, n) == pytest.approx(expected, abs=1e-13)


def test_plurality_of_two_is_the_majority_and_wins_add_up_to_one():
    for p, n in itertools.product((0.0, 0.42, 1.0), (1, 2, 9, np.int64(30), 400)):
        assert plurality_accuracy([p, 1 - p], n) == pytest.approx(majority_accuracy(p, n), abs=1e-10)
    p = np.array([0.4, 0.1, 0.3, 0.2])
    wins = [plurality_accuracy(np.roll(p, -i), 13) for i in range(4)]
    assert sum(wins) == pytest.approx(1)
    assert np.argsort(wins).tolist() == np.argsort(p).tolist()
    assert p.tolist() == [0.4, 0.1, 0.3, 0.2]


@pytest.mark.parametrize("p", [0, 0.2, 0.5, 0.85, 1])
@pytest.mark.parametrize("n", [1, 3, np.int64(5), 9])
def test_calls_until_decided_by_enumeration(p, n):
    mean = 0.0
    for samples in itertools.product((0, 1), repeat=n):
        chance = math.prod(p if sample else 1 - p for sample in samples)
        ends = (k for k in range(1, n + 1) if max(sum(samples[:k]), k - sum(samples[:k])) > n / 2)
        mean += chance * next(ends)
    assert calls_until_decided(p, n) == pytest.approx(mean)


@pytest.mark.parametrize("n", [1, 15, np.int64(401), 1201])
def test_calls_until_decided_are_two_waiting_times(n):
    needed = int(n) // 2 + 1
    calls = np.arange(needed, n + 1)
    expected = sum(calls @ nbinom.pmf(calls - needed, needed, p) for p in (0.45, 0.55))
    assert calls_until_decided(0.45, n) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("p", "correlation"), [(0.6, 0.2), (0.9, 0.05), (0.5, 0.3)])
def test_calls_until_decided_of_unequal_questions_are_a_mean_over_them(p, correlation):
    question = beta(*(share * (1 - correlation) / correlation for share in (p, 1 - p)))
    expected, _ = quad(lambda q: calls_until_decided(q, 7) * question.pdf(q), 0, 1)
    assert calls_until_decided(p, 7, correlation) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: majority([]), "no answer to vote on; pass at least one"),
        (lambda: majority_accuracy(-0.1, 3), "p is -0.1; pass a probability from 0 to 1"),
        (lambda: majority_accuracy(1.1, 3), "p is 1.1"),
        (lambda: majority_accuracy(math.nan, 3), "p is nan"),
        (lambda: majority_accuracy(0.5, 0), "n is 0; pass an integer of at least 1"),
        (lambda: majority_accuracy(0.5, 2.0), "n is 2.0"),
        (lambda: majority_accuracy(0.5, 2, 1), "correlation is 1; pass a number from 0 to below 1"),
        (lambda: right_votes(0.5, 2, -0.1), "correlation is -0.1"),
        (lambda: right_votes(0.5, 2, math.nan), "correlation is nan"),
        (lambda: plurality_accuracy([0.5, 0.4], 3), "p is [0.5, 0.4]; pass one row of probabilities that add up to 1"),
        (lambda: plurality_accuracy([1.5, -0.5], 3), "p is [1.5, -0.5]"),
        (lambda: plurality_accuracy([[1.0]], 3), "p is [[1.0]]"),
        (lambda: plurality_accuracy([], 3), "p is []"),
        (lambda: plurality_accuracy([math.nan, 1], 3), "p is [nan, 1.0]"),
        (lambda: plurality_accuracy([1], 0), "n is 0; pass an integer of at least 1"),
        (lambda: plurality_accuracy([1], 1.0), "n is 1.0"),
        (lambda: calls_until_decided(1.2, 3), "p is 1.2; pass a probability from 0 to 1"),
        (lambda: calls_until_decided(-1, 3), "p is -1"),
        (lambda: calls_until_decided(math.nan, 1), "p is nan"),
        (lambda: calls_until_decided(0.5, 3, 1), "correlation is 1; pass a number from 0 to below 1"),
        (lambda: calls_until_decided(0.5, 4), "n is 4; pass an odd integer of at least 1"),
        (lambda: calls_until_decided(0.5, -1), "n is -1"),
        (lambda: calls_until_decided(0.5, 3.0), "n is 3.0"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
