"""Layer pruning against rotations by known angles, SciPy's cosine and loops over tokens."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cosine

from code_examples.adaptation.layer_pruning import angular_distance, block_distances, block_influence

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def turned(angle, length=1.0):
    return length * np.array([math.cos(angle), math.sin(angle)])


@pytest.mark.parametrize("share", [0, 0.1436, 0.25, 0.5, 0.75, 1])
def test_the_angle_of_a_rotation_is_found(share):
    for start in (0.3, 2.0):
        pair = turned(start, 3), turned(start + share * math.pi, 0.1)
        assert angular_distance(*pair) == pytest.approx(share, abs=1e-7)
        assert angular_distance(*pair[::-1]) == pytest.approx(share, abs=1e-7)


def test_a_cosine_of_nine_tenths_is_about_a_seventh():
    assert angular_distance([1, 0], [0.9, math.sqrt(1 - 0.81)]) == pytest.approx(0.1436, abs=5e-5)


def test_agrees_with_scipys_cosine(rng):
    x, y = rng.standard_normal((2, 4, 3, 6))
    found = angular_distance(x, y)
    assert found.shape == (4, 3)
    for index in np.ndindex(4, 3):
        assert found[index] == pytest.approx(math.acos(1 - cosine(x[index], y[index])) / math.pi)


def test_rounding_never_leaves_the_range(rng):
    x = rng.standard_normal((500, 7))
    assert angular_distance(x, 3 * x).max() < 1e-6
    assert angular_distance(x, -x).min() > 1 - 1e-6


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_lengths_do_not_count_however_large(size):
    for share in (0.1, 0.5, 0.9):
        assert angular_distance(turned(1, size), turned(1 + share * math.pi)) == pytest.approx(share)
        assert angular_distance(turned(1), turned(1 + share * math.pi, size)) == pytest.approx(share)


def test_blocks_add_up_in_the_plane():
    angles = np.cumsum([0.0, 0.3, 0.1, 0.4, 0.05, 0.2])
    lengths = [1, 2, 5, 3, 0.5, 9]
    states = [[turned(a, n), turned(-a, 2 * n)] for a, n in zip(angles, lengths, strict=True)]
    for n_pruned in range(1, 6):
        expected = [(angles[k + n_pruned] - angles[k]) / math.pi for k in range(6 - n_pruned)]
        assert_allclose(block_distances(states, n_pruned), expected, atol=1e-8)
    assert int(block_distances(states, 1).argmin()) == 3
    assert_allclose(block_influence(states), 1 - np.cos(np.diff(angles)), atol=1e-12)


def test_tokens_are_averaged(rng):
    states = rng.standard_normal((5, 3, 4))
    kept = states.copy()
    for n_pruned in (1, 2, 4):
        found = block_distances(states, n_pruned)
        assert found.shape == (5 - n_pruned,)
        for start in range(5 - n_pruned):
            angles = [math.acos(1 - cosine(states[start, i], states[start + n_pruned, i])) for i in range(3)]
            assert found[start] == pytest.approx(sum(angles) / 3 / math.pi)
    expected = [np.mean([cosine(states[k, i], states[k + 1, i]) for i in range(3)]) for k in range(4)]
    assert_allclose(block_influence(states), expected)
    assert_array_equal(states, kept)


@pytest.mark.parametrize("wrong", [[[0, 0], [1, 0]], [[1, math.nan], [1, 0]], [[1, 0], [math.inf, 0]]])
def test_refuses_vectors_without_a_direction(wrong):
    good = [[1.0, 0], [0, 1]]
    message = "a vector is zero or not finite and has no direction"
    for call in (
        lambda: angular_distance(wrong, good),
        lambda: angular_distance(good, wrong),
        lambda: block_distances([good, wrong], 1),
        lambda: block_influence([wrong, good]),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_refuses_shapes_that_do_not_pair():
    with pytest.raises(ValueError, match=re.escape("x has shape (2, 3) and y (3,); pass equally many vectors")):
        angular_distance(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ValueError, match="a single number has no direction"):
        angular_distance(1.0, 1.0)


@pytest.mark.parametrize("shape", [(3, 2), (1, 2, 3), (3, 0, 2), (2, 2, 2, 2)])
def test_refuses_what_is_no_stack(shape):
    message = re.escape(f"states have shape {shape}; pass (n_layers + 1, n, d), with a layer and a token")
    for call in (lambda: block_distances(np.ones(shape), 1), lambda: block_influence(np.ones(shape))):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("n_pruned", [0, 3, -1, 1.5, math.nan])
def test_refuses_blocks_that_do_not_fit(n_pruned):
    with pytest.raises(ValueError, match=re.escape(f"n_pruned is {n_pruned}; pass an integer from 1 to 2")):
        block_distances(np.ones((3, 1, 2)), n_pruned)


def test_takes_integers_and_one_of_each():
    assert block_distances([[[1]], [[2]]], 1.0).tolist() == [0]
    assert block_influence([[[1, 0]], [[0, 2]]]).round(12).tolist() == [1]
