import itertools
import re

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from code_examples.prompting.automatic_prompting import StubModel, neighbours, search, winners_curse

MODEL = StubModel(gains=(0.4, -0.3, 0.0), base=0.2, quirk=0.6)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=3), st.integers(1, 3))
def test_winners_curse_agrees_with_trying_all_outcomes(accuracies, n_items):
    pmf = [scipy.stats.binom(n_items, p).pmf(range(n_items + 1)) for p in accuracies]
    promised = delivered = 0.0
    for outcome in itertools.product(range(n_items + 1), repeat=len(accuracies)):
        p = np.prod([pmf[i][k] for i, k in enumerate(outcome)])
        winner = outcome.index(max(outcome))
        promised += p * outcome[winner] / n_items
        delivered += p * accuracies[winner]
    assert_allclose(winners_curse(accuracies, n_items), (promised, delivered), atol=1e-12)


def test_winners_curse_agrees_with_the_mean_maximum_of_scipy():
    n, many = 30, 50
    at_most = scipy.stats.binom(n, 0.7).cdf(np.arange(n)) ** many
    assert_allclose(winners_curse([0.7] * many, n)[0], (1 - at_most).sum() / n, rtol=1e-10)


def test_winners_curse_agrees_with_simulation():
    accuracies = np.array([0.5, 0.7, 0.6])
    scores = np.random.default_rng(0).binomial(10, accuracies, size=(50_000, 3))
    winner = scores.argmax(axis=1)
    assert_allclose(
        winners_curse(accuracies, 10), (scores.max(axis=1).mean() / 10, accuracies[winner].mean()), atol=3e-3
    )


def test_one_candidate_promises_what_it_delivers_and_more_candidates_promise_more():
    assert_allclose(winners_curse([0.3], 7), (0.3, 0.3))
    promised = [winners_curse([0.6] * n, 25) for n in (1, 2, 8, 32)]
    assert (np.diff([p for p, _ in promised]) > 0.01).all()
    assert_allclose([d for _, d in promised], 0.6)
    assert winners_curse([0.6] * 8, 400)[0] < winners_curse([0.6] * 8, 25)[0]


def test_certain_candidates():
    assert winners_curse([0, 1, 0.5], 3) == (1.0, 1.0)
    assert winners_curse([0.5, 1.0], 1) == (1.0, 0.75)  # a tie goes to the first


@pytest.mark.parametrize("wrong", [[], 0.5, [[0.5]], [0.5, 1.1], [-0.1], [np.nan]])
def test_refuses_what_is_no_accuracy(wrong):
    with pytest.raises(ValueError, match="accuracies must be a row of at least one number from 0 to 1"):
        winners_curse(wrong, 5)


def test_many_items_do_not_overflow():
    assert_allclose(winners_curse([0.9, 0.2], 1500), (0.9, 0.9), rtol=1e-9)


@pytest.mark.parametrize("n_items", [0, -1, 2.0])
def test_refuses_a_wrong_number_of_items(n_items):
    with pytest.raises(ValueError, match=re.escape(f"n_items is {n_items}; pass an integer of at least 1")):
        winners_curse([0.5], n_items)


@pytest.mark.parametrize("prompt", [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)])
def test_accuracy_is_what_scores_tend_to(prompt):
    items = MODEL.draw(100_000, np.random.default_rng(1))
    assert_allclose(MODEL.score(prompt, items), MODEL.accuracy(prompt), atol=5e-3)


def test_accuracy_agrees_with_scipy():
    expected = scipy.stats.norm(0.2 + 0.4, np.sqrt(1 + 2 * 0.36)).sf(0)
    assert_allclose(MODEL.accuracy((1, 0, 1)), expected, rtol=1e-12)
    assert_allclose(StubModel((0.1,)).accuracy((1,)), scipy.stats.norm.cdf(0.1 / np.sqrt(1.25)), rtol=1e-12)


def test_score_counts_items_one_by_one():
    items = MODEL.draw(50, np.random.default_rng(2))
    for prompt in itertools.product((0, 1), repeat=3):
        right = 0
        for ease, *quirks in items:
            right += (
                ease + sum(on * (gain + quirk) for on, gain, quirk in zip(prompt, MODEL.gains, quirks, strict=True)) > 0
            )
        assert MODEL.score(prompt, items) == right / 50


def test_items_have_the_moments_that_they_should():
    items = MODEL.draw(100_000, np.random.default_rng(3))
    assert_allclose(items.mean(axis=0), [0.2, 0, 0, 0], atol=0.01)
    assert_allclose(items.std(axis=0), [1, 0.6, 0.6, 0.6], atol=0.01)


@pytest.mark.parametrize(
    "wrong", [{"gains": ()}, {"gains": (np.nan,)}, {"gains": (1.0,), "base": np.inf}, {"gains": (1.0,), "quirk": -0.1}]
)
def test_refuses_a_stub_without_parts_or_numbers(wrong):
    with pytest.raises(ValueError, match="pass at least one gain, finite numbers, and a quirk of at least 0"):
        StubModel(**wrong)


def test_search_finds_the_best_of_all_prompts_where_parts_do_not_interact():
    gains = np.array([0.3, -0.2, 0.5, 0.0, 0.1])
    course, scored = search((0,) * 5, neighbours, lambda prompt: float(gains @ prompt), 6)
    best = max(itertools.product((0, 1), repeat=5), key=lambda prompt: (gains @ prompt, -sum(prompt)))
    assert course[-1] == best == (1, 0, 1, 0, 1)
    assert [sum(prompt) for prompt in course] == [0, 1, 2, 3, 3, 3, 3]
    assert scored[(0, 0, 1, 0, 0)] == 0.5


def test_search_scores_each_prompt_once_and_keeps_the_first_of_equals():
    calls = []

    def score(prompt):
        calls.append(prompt)
        return 0.5

    course, scored = search((0, 0), neighbours, score, 3)
    assert course == [(0, 0)] * 4
    assert calls == list(scored) == [(0, 0), (1, 0), (0, 1)]
    assert search((1, 0), neighbours, score, 0)[0] == [(1, 0)]


def test_search_shows_the_proposer_all_scores():
    seen = []

    def propose(scored):
        seen.append(dict(scored))
        return [max(scored) + 1]

    search(0, propose, lambda x: -x, 2)
    assert seen == [{0: 0}, {0: 0, 1: -1}]


@pytest.mark.parametrize("rounds", [-1, 1.5])
def test_refuses_a_wrong_number_of_rounds(rounds):
    with pytest.raises(ValueError, match=f"rounds is {rounds}; pass an integer of at least 0"):
        search((0,), neighbours, sum, rounds)


def test_neighbours_differ_from_the_best_in_one_part():
    best = (1, 0, 1, 1)
    found = neighbours({(0, 0, 0, 0): 0.2, best: 0.8, (1, 1, 1, 1): 0.8})
    assert found == [(0, 0, 1, 1), (1, 1, 1, 1), (1, 0, 0, 1), (1, 0, 1, 0)]
