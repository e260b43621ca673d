import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from code_examples.evaluation.rag_evaluation import context_precision, corrected_rate, swap_consistency, tally

SHARE = st.floats(0, 1)


def test_every_kind_of_question_is_counted_once():
    kinds = {
        (True, True, True): "right",
        (False, True, True): "right",
        (True, True, False): "found, wrong",
        (True, False, False): "found, silent",
        (False, True, False): "missed, wrong",
        (False, False, False): "missed, silent",
    }
    for times in itertools.product((1, 2), repeat=len(kinds)):
        rows = [row for row, count in zip(kinds, times, strict=True) for _ in range(count)]
        expected = dict.fromkeys(["right", "found, wrong", "found, silent", "missed, wrong", "missed, silent"], 0)
        for row in rows:
            expected[kinds[row]] += 1
        assert tally(*zip(*rows, strict=True)) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8).filter(any))
def test_agrees_with_scikit_learn(verdicts):
    expected = average_precision_score(verdicts, -np.arange(len(verdicts)))  # of the retrieved passages alone
    assert context_precision(verdicts) == pytest.approx(expected)


def test_passages_behind_the_last_useful_one_cost_nothing():
    assert context_precision([True, True]) == context_precision([True, True, False, False]) == 1
    assert context_precision([False]) == 0
    assert context_precision(np.array([False, False, True])) == pytest.approx(1 / 3)


def test_swapped_verdicts():
    assert swap_consistency("AABBBBA", "ABBABAA") == pytest.approx(
        {"A": 2 / 7, "B": 2 / 7, "first": 1 / 7, "second": 2 / 7}
    )
    assert swap_consistency(["B"], ["B"]) == {"A": 0, "B": 1, "first": 0, "second": 0}


@settings(max_examples=100, deadline=None)
@given(SHARE, st.floats(0.55, 1), st.floats(0.55, 1))
def test_undoes_the_errors_of_a_judge(true, sensitivity, specificity):
    passed = true * sensitivity + (1 - true) * (1 - specificity)
    assert corrected_rate(min(passed, 1), sensitivity, specificity) == pytest.approx(true, abs=1e-9)


def test_a_played_out_judge():
    rng = np.random.default_rng(0)
    right = rng.random(200_000) < 0.35
    passed = np.where(right, rng.random(right.size) < 0.92, rng.random(right.size) < 0.25)
    assert corrected_rate(float(passed.mean()), 0.92, 0.75) == pytest.approx(0.35, abs=5e-3)


def test_an_impossible_rate_is_kept_within_bounds():
    assert corrected_rate(0.1, 0.9, 0.8) == 0  # fewer than the wrong answers that it would pass
    assert corrected_rate(0.95, 0.9, 0.8) == 1
    assert corrected_rate(0.2, 0.6, 0.8) == pytest.approx(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tally([], [], []), "pass found, answered, right as rows of True and False of one length"),
        (lambda: tally([True], [True, False], [True]), "of one length, at least one each"),
        (lambda: tally([1], [True], [True]), "rows of True and False"),
        (lambda: tally([True], [False], [True]), "a question without an answer counts as right; pass False"),
        (lambda: context_precision([]), "pass verdicts as rows of True and False"),
        (lambda: context_precision([0.5]), "rows of True and False"),
        (lambda: context_precision([[True]]), "rows of True and False"),
        (lambda: swap_consistency("", ""), 'at least one, each "A" or "B"'),
        (lambda: swap_consistency("A", "AB"), "pass as many verdicts in both orders"),
        (lambda: swap_consistency("AC", "AB"), 'each "A" or "B"'),
        (lambda: corrected_rate(1.2, 0.9, 0.9), "shares are 1.2, 0.9, 0.9; pass numbers from 0 to 1"),
        (lambda: corrected_rate(0.5, np.nan, 0.9), "pass numbers from 0 to 1"),
        (lambda: corrected_rate(0.5, 0.9, -0.1), "pass numbers from 0 to 1"),
        (lambda: corrected_rate(0.5, 0.4, 0.6), "tells right from wrong by chance"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    verdicts = np.array([False, True])
    context_precision(verdicts)
    assert verdicts.tolist() == [False, True]
