"""GaLore against plain Adam where the two must agree, eigenvectors, closed forms and a loop over entries."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.adaptation.galore import count_state, galore, leading_directions
from code_examples.foundations.learning_rate import adam_updates

pytestmark = pytest.mark.unit


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- directions --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (4, 4), (1, 5), (5, 1)])
def test_directions_are_eigenvectors_of_the_shorter_side(shape, rng):
    gradient = rng.standard_normal(shape)
    square = gradient @ gradient.T if shape[0] < shape[1] else gradient.T @ gradient
    for rank in range(1, min(shape) + 1):
        found = leading_directions(gradient, rank)
        assert found.shape == (min(shape), rank)
        assert_allclose(found.T @ found, np.eye(rank), atol=1e-12)
        expected = np.linalg.eigh(square)[1][:, ::-1][:, :rank]
        assert_allclose(found @ found.T, expected @ expected.T, atol=1e-9)
        for column, other in zip(found.T, expected.T, strict=True):
            assert_allclose(np.abs(column), np.abs(other), atol=1e-8)
            assert column[np.argmax(np.abs(column))] > 0


def test_whole_numbers_may_be_floats(rng):
    gradient = rng.standard_normal((3, 4))
    assert_array_equal(leading_directions(gradient, 2.0), leading_directions(gradient, 2))
    some = galore(lambda weight: gradient, gradient, 0.1, 3.0, 2.0, gap=2.0)
    assert_array_equal(some, galore(lambda weight: gradient, gradient, 0.1, 3, 2, gap=2))


@pytest.mark.parametrize("rank", [0, 3, 1.5, -1, math.nan])
def test_refuses_a_rank_that_is_none(rank):
    message = re.escape(f"rank is {rank}; pass an integer from 1 to 2")
    for call in (
        lambda: leading_directions(np.ones((2, 3)), rank),
        lambda: galore(lambda weight: weight, np.ones((2, 3)), 0.1, 1, rank),
        lambda: count_state((2, 3), rank),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_refuses_gradients_that_are_no_matrix():
    with pytest.raises(ValueError, match=re.escape("gradient has shape (3,); pass a matrix")):
        leading_directions([1, 2, 3], 1)
    with pytest.raises(ValueError, match=re.escape("gradient has shape (0, 3); pass a matrix")):
        leading_directions(np.ones((0, 3)), 1)
    with pytest.raises(ValueError, match="must be finite"):
        leading_directions([[1, math.nan]], 1)


# --- training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tall", [False, True])
def test_a_single_row_is_plain_adam(tall, rng):
    gradients = rng.standard_normal((30, 6))
    later = iter(gradients)
    start = np.zeros((6, 1) if tall else (1, 6))
    path = galore(lambda weight: next(later).reshape(weight.shape), start, 0.3, 30, rank=1, gap=100, scale=0.5)
    updates = np.array([adam_updates(column) for column in gradients.T]).T
    steps = np.diff(path.reshape(31, 6), axis=0)
    assert_allclose(steps, -0.15 * updates, rtol=1e-6, atol=1e-9)


def slow(gradients, start, learning_rate, rank, gap, scale):
    """Adam entry by entry, in the coordinates that eigenvectors give; wide matrices only."""
    weight, path = start.copy(), [start]
    n_columns = start.shape[1]
    mean = [[0.0] * n_columns for _ in range(rank)]
    square = [[0.0] * n_columns for _ in range(rank)]
    for t, gradient in enumerate(gradients, start=1):
        if (t - 1) % gap == 0:
            vectors = np.linalg.eigh(gradient @ gradient.T)[1][:, ::-1][:, :rank]
            vectors = [v if v[np.argmax(np.abs(v))] > 0 else -v for v in vectors.T]
        weight = weight.copy()
        for k, vector in enumerate(vectors):
            for j in range(n_columns):
                r = math.fsum(vector * gradient[:, j])
                mean[k][j] += 0.1 * (r - mean[k][j])
                square[k][j] += 0.001 * (r * r - square[k][j])
                ratio = mean[k][j] / (1 - 0.9**t) / (math.sqrt(square[k][j] / (1 - 0.999**t)) + 1e-8)
                weight[:, j] -= learning_rate * scale * ratio * vector
        path.append(weight)
    return np.array(path)


@pytest.mark.parametrize("tall", [False, True])
def test_training_agrees_with_a_loop(tall, rng):
    gradients, start = rng.standard_normal((9, 3, 5)), rng.standard_normal((3, 5))
    expected = slow(gradients, start, 0.2, 2, 4, 0.7)
    later = iter(gradients)
    turned = (lambda m: m.T) if tall else (lambda m: m)
    kept = start.copy()
    path = galore(lambda weight: turned(next(later)), turned(start), 0.2, 9, rank=2, gap=4, scale=0.7)
    assert_allclose(path, [turned(weight) for weight in expected], rtol=1e-7, atol=1e-9)
    assert_array_equal(start, kept)


def test_defaults_are_a_gap_of_200_and_a_quarter(rng):
    gradients = rng.standard_normal((202, 2, 3))
    some, more = iter(gradients), iter(gradients)
    default = galore(lambda weight: next(some), np.zeros((2, 3)), 0.1, 202, 1)
    given = galore(lambda weight: next(more), np.zeros((2, 3)), 0.1, 202, 1, gap=200, scale=0.25)
    assert_array_equal(default, given)
    steps = np.diff(default, axis=0)
    planes = [np.linalg.matrix_rank(np.hstack(steps[k : k + 2]), tol=1e-9) for k in (0, 198, 199, 200)]
    assert planes == [1, 1, 2, 1]
    assert np.abs(steps[0]).max() <= 0.025


def test_the_change_has_the_rank_of_one_choice_or_of_all(rng):
    target = rng.standard_normal((8, 12))
    once = galore(lambda weight: weight - target, np.zeros((8, 12)), 0.2, 400, rank=2, gap=400)
    often = galore(lambda weight: weight - target, np.zeros((8, 12)), 0.2, 400, rank=2, gap=20)
    assert [np.linalg.matrix_rank(path[-1], tol=1e-6) for path in (once, often)] == [2, 8]
    lost = np.sqrt((np.linalg.svd(target, compute_uv=False)[2:] ** 2).sum())
    assert np.linalg.norm(once[-1] - target) == pytest.approx(lost, rel=1e-3)
    assert np.linalg.norm(often[-1] - target) < 0.05 * np.linalg.norm(target)


def test_random_directions_come_from_the_generator():
    def run(seed):
        rng = np.random.default_rng(seed)
        return galore(lambda weight: [[9.0, 0, 0], [0, 1, 0]], np.zeros((2, 3)), 0.1, 3, 1, gap=2, rng=rng)

    assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))
    drawn = np.random.default_rng(1)
    first = leading_directions(drawn.standard_normal((2, 3)), 1)
    assert_allclose(run(1)[1] - first @ (first.T @ run(1)[1]), 0, atol=1e-12)
    second = leading_directions(drawn.standard_normal((2, 3)), 1)
    last = run(1)[3] - run(1)[2]
    assert_allclose(last - second @ (second.T @ last), 0, atol=1e-12)


@pytest.mark.parametrize("start", [1.0, [1.0], [[]], [[math.nan]], [[math.inf]], [[[1.0]]]])
def test_refuses_a_start_that_is_no_matrix(start):
    with pytest.raises(ValueError, match="pass a matrix of finite numbers"):
        galore(lambda weight: weight, start, 0.1, 1, 1)


@pytest.mark.parametrize(
    "some", [(-1, 1), (1, 0), (1.5, 1), (1, 1.5), (math.nan, 1), (1, math.nan), (math.inf, 1), (1, math.inf)]
)
def test_refuses_steps_that_are_no_count(some):
    with pytest.raises(ValueError, match="n_steps and gap count steps"):
        galore(lambda weight: weight, [[1.0]], 0.1, some[0], 1, gap=some[1])


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_refuses_sizes_that_are_none(wrong):
    for some in ({"learning_rate": wrong}, {"learning_rate": 1, "scale": wrong}):
        with pytest.raises(ValueError, match="learning_rate and scale must be finite and above 0"):
            galore(lambda weight: weight, [[1.0]], n_steps=1, rank=1, **some)


@pytest.mark.parametrize("wrong", [[1.0], [[1.0, 2.0]], [[math.nan]]])
def test_refuses_gradients_of_another_shape(wrong):
    message = re.escape(f"gradient returned shape {np.shape(wrong)}; it must be (1, 1), all finite")
    with pytest.raises(ValueError, match=message):
        galore(lambda weight: wrong, [[1.0]], 0.1, 1, 1)


# --- memory ------------------------------------------------------------------------------------


def test_counts_are_what_training_would_keep(rng):
    for shape, rank in (((3, 5), 2), ((5, 3), 1), ((4, 4), 4)):
        gradient = rng.standard_normal(shape)
        directions = leading_directions(gradient, rank)
        small = directions.T @ (gradient if shape[0] < shape[1] else gradient.T)
        assert count_state(shape, rank) == directions.size + 2 * small.size
    assert type(count_state((3.0, 5.0), 2.0)) is int


@pytest.mark.parametrize("shape", [(3,), (3, 0), (0, 3), (3, 2.5), (1, 2, 3), 4, (math.inf, 2)])
def test_refuses_a_shape_that_is_none(shape):
    with pytest.raises(ValueError, match=re.escape(f"shape is {shape}; pass (n_rows, n_columns), both at least 1")):
        count_state(shape, 1)
