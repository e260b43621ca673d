"""Memory against the bytes of arrays that are made, group advantages against SciPy."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import zscore

from code_examples.training.choosing_an_alignment_method import group_advantages, model_memory

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("trained", "frozen"), [(1, 0), (1, 1), (2, 2), (0, 3)])
def test_memory_is_that_of_arrays_that_are_made(trained, frozen):
    weights = np.zeros(1000, dtype=np.float16)
    state = [weights, weights.copy(), *(np.zeros(1000, dtype=np.float32) for _ in range(3))]
    expected = trained * sum(array.nbytes for array in state) + frozen * weights.nbytes
    assert model_memory(1000, trained, frozen) == expected
    assert type(model_memory(1000, trained)) is float


@pytest.mark.parametrize(
    "counts",
    [(0, 1, 0), (5, -1, 0), (5, 1, -1), (math.nan, 1, 0), (math.inf, 1, 0), (5, math.inf, 0), (5, 1, math.inf)],
)
def test_refuses_counts_that_are_none(counts):
    weights, trained, frozen = counts
    message = f"{weights} weights, {trained} models trained and {frozen} frozen; pass finite counts, with a weight"
    with pytest.raises(ValueError, match=re.escape(message)):
        model_memory(*counts)


def test_advantages_agree_with_scipy():
    rewards = np.random.default_rng(0).normal(3, 2, size=(4, 6))
    assert_allclose(group_advantages(rewards), zscore(rewards, axis=1), rtol=1e-10)


def test_groups_of_one_opinion_teach_nothing():
    rewards = np.array([[0.1] * 7, [3.3] * 7, [0, 0, 0, 1e-9, 0, 0, 0]])
    advantages = group_advantages(rewards)
    assert_array_equal(advantages[:2], 0)
    assert_allclose(advantages[2], zscore(rewards[2]), rtol=1e-9)


@pytest.mark.parametrize(
    "rewards", [[1, 2], [[1], [2]], np.zeros((0, 3)), [[1, math.nan]], [[1, math.inf]], [[[1, 2]]]]
)
def test_refuses_what_is_no_group(rewards):
    shape = np.shape(rewards)
    with pytest.raises(ValueError, match=re.escape(f"rewards have shape {shape}; pass finite rows of at least 2")):
        group_advantages(rewards)


def test_leaves_its_input_alone():
    rewards = np.array([[1.0, 2.0], [3.0, 3.0]])
    group_advantages(rewards)
    assert_array_equal(rewards, [[1, 2], [3, 3]])
