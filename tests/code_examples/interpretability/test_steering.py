import math
import re
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.interpretability.steering import steering_score


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 2), (2, 7)])
def test_agrees_with_scipy(shape):
    marks = np.random.default_rng(0).uniform(0.1, 2, shape)
    assert_allclose(steering_score(marks), scipy.stats.hmean(marks, axis=1), rtol=1e-12)


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=5))
@example([0, 0])
def test_lies_between_the_lowest_mark_and_the_mean(marks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [score] = steering_score([marks])
    assert min(marks) - 1e-12 <= score <= sum(marks) / len(marks) + 1e-12
    assert (score == 0) == (0 in marks)


def test_the_marks_of_one_answer_do_not_touch_another():
    marks = np.array([[0.0, 2, 1], [1, 1, 2], [2, 2, 2]])
    kept = marks.copy()
    assert_allclose(steering_score(marks), [0, 3 / 2.5, 2])
    assert_array_equal(marks, kept)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([1, 2], "marks have shape (2,); pass one row for each answer, with at least one mark"),
        (1, "marks have shape (); pass one row for each answer"),
        ([], "marks have shape (0,); pass one row"),
        (np.zeros((0, 3)), "marks have shape (0, 3); pass one row"),
        ([[]], "marks have shape (1, 0); pass one row"),
        ([[1, -1]], "a mark is negative or not finite; pass marks of at least 0"),
        ([[1, math.nan]], "a mark is negative or not finite"),
        ([[1, math.inf]], "a mark is negative or not finite"),
    ],
)
def test_refuses_what_has_no_score(marks, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        steering_score(marks)
