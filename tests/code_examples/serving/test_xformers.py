"""Chunks against JAX, random features against their mean by quadrature and against the whole matrix."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from code_examples.architectures.self_attention import scaled_dot_product_attention
from code_examples.serving.xformers import chunked_attention, positive_features, random_feature_attention

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("chunk", [1, 3, 4, 9, 10, 50])
def test_chunks_of_any_size_give_the_usual_attention(chunk):
    rng = np.random.default_rng(chunk)
    queries, keys, values = rng.standard_normal((10, 4)), rng.standard_normal((7, 4)), rng.standard_normal((7, 3))
    result = chunked_attention(queries, keys, values, chunk)
    assert_allclose(result, scaled_dot_product_attention(queries, keys, values), rtol=0, atol=1e-12)
    shaped = (jnp.asarray(part)[None, :, None] for part in (queries, keys, np.pad(values, ((0, 0), (0, 1)))))
    assert_allclose(result, jax.nn.dot_product_attention(*shaped)[0, :, 0, :3], rtol=0, atol=1e-5)


def test_pieces_are_no_longer_than_the_chunk(monkeypatch):
    sizes = []

    def spy(queries, keys, values):
        sizes.append(len(queries))
        return scaled_dot_product_attention(queries, keys, values)

    monkeypatch.setattr("code_examples.serving.xformers.scaled_dot_product_attention", spy)
    chunked_attention(np.ones((8, 2)), np.ones((5, 2)), np.ones((5, 2)), 3)
    assert sizes == [3, 3, 2]


@pytest.mark.parametrize(("x", "y"), [(0.7, 0.4), (-0.5, 0.9), (0.0, 1.0), (0.6, 0.6)])
def test_features_have_the_exponential_as_their_mean(x, y):
    grid = norm.ppf((np.arange(200_000) + 0.5) / 200_000)[:, None]  # the normal distribution, evenly
    product = positive_features([[x]], grid) @ positive_features([[y]], grid).T
    assert product.item() == pytest.approx(np.exp(x * y), rel=1e-4)


def test_features_by_their_formula():
    features = positive_features([[1, 2], [0, -1]], [[3, 1], [0, -1], [1, 1]])
    expected = [[np.exp(a - b) for a in row] for row, b in (((5, -2, 3), 2.5), ((-1, 1, -1), 0.5))]
    assert_allclose(features, np.array(expected) / 3**0.5, rtol=1e-12)


def test_attention_is_that_of_the_whole_estimated_matrix():
    rng = np.random.default_rng(0)
    queries, keys, values = rng.standard_normal((5, 4)), rng.standard_normal((7, 4)), rng.standard_normal((7, 3))
    directions = rng.standard_normal((11, 4))
    root = 4**0.25
    matrix = positive_features(queries / root, directions) @ positive_features(keys / root, directions).T
    expected = matrix / matrix.sum(axis=1, keepdims=True) @ values
    assert_allclose(random_feature_attention(queries, keys, values, directions), expected, rtol=0, atol=1e-12)


def test_many_features_come_near_softmax_attention():
    rng = np.random.default_rng(1)
    queries, keys, values = 0.5 * rng.standard_normal((3, 6, 3))
    directions = rng.standard_normal((200_000, 3))
    estimate = random_feature_attention(queries, keys, values, directions)
    assert_allclose(estimate, scaled_dot_product_attention(queries, keys, values), atol=3e-3)


def test_weights_are_positive_and_sum_to_one_even_for_large_vectors():
    rng = np.random.default_rng(2)
    queries, keys = 20 * rng.standard_normal((2, 9, 4))
    weights = random_feature_attention(queries, keys, np.eye(9), rng.standard_normal((64, 4)))
    assert (weights >= 0).all()
    assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("chunk", [0, -2, 1.5, 2.0])
def test_refuses_an_empty_chunk(chunk):
    with pytest.raises(ValueError, match=re.escape(f"chunk is {chunk}; pass an integer of at least 1")):
        chunked_attention(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)), chunk)


@pytest.mark.parametrize("shape", [(0, 2), (2,), (), (3, 4, 2)])
def test_refuses_no_queries(shape):
    message = f"queries have shape {shape}; pass (n_queries, d_key), at least one query"
    with pytest.raises(ValueError, match=re.escape(message)):
        chunked_attention(np.ones(shape), np.ones((2, 2)), np.ones((2, 2)), 1)


@pytest.mark.parametrize(("x", "directions"), [((2, 3), (4, 2)), ((3,), (4, 3)), ((2, 3), (3,))])
def test_refuses_widths_that_differ(x, directions):
    message = f"vectors of shape {x} and directions of shape {directions}; give both one width"
    with pytest.raises(ValueError, match=re.escape(message)):
        positive_features(np.ones(x), np.ones(directions))


@pytest.mark.parametrize(("n_keys", "n_values"), [(3, 2), (2, 3)])
def test_refuses_keys_without_values(n_keys, n_values):
    with pytest.raises(ValueError, match=f"{n_keys} keys and {n_values} values; pass a value for each key"):
        random_feature_attention(np.ones((1, 2)), np.ones((n_keys, 2)), np.ones((n_values, 1)), np.ones((4, 2)))


def test_refuses_features_that_do_not_meet():
    message = "the features of a query and of the keys do not meet; pass smaller queries and keys"
    with pytest.raises(ValueError, match=message):
        random_feature_attention([[60.0]], [[-60.0]], [[1.0]], [[40.0], [-40.0]])


def test_leaves_its_inputs_alone():
    parts = [np.ones((2, 2)), np.ones((3, 2)), np.ones((3, 1)), np.ones((4, 2))]
    before = [part.copy() for part in parts]
    random_feature_attention(*parts)
    chunked_attention(*parts[:3], 1)
    for part, copy in zip(parts, before, strict=True):
        assert_array_equal(part, copy)
