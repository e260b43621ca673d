import math
import re
import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from code_examples.agents.sampling_and_voting import majority, majority_accuracy


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
    assert majority_accuracy(p, n) == pytest.approx(expected, abs=1e-11)


def test_even_is_as_good_as_one_less_and_sides_are_symmetric():
    for n in (2, 6, 40):
        assert majority_accuracy(0.7, n) == pytest.approx(majority_accuracy(0.7, n - 1))
        assert majority_accuracy(0.7, n) + majority_accuracy(0.3, n) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: majority([]), "no answer to vote on; pass at least one"),
        (lambda: majority_accuracy(-0.1, 3), "p is -0.1; pass a probability from 0 to 1"),
        (lambda: majority_accuracy(1.1, 3), "p is 1.1"),
        (lambda: majority_accuracy(math.nan, 3), "p is nan"),
        (lambda: majority_accuracy(0.5, 0), "n is 0; pass an integer of at least 1"),
        (lambda: majority_accuracy(0.5, 2.0), "n is 2.0"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
