"""The running sum against a plain loop, JAX, exact decimals, and what rotations and scales must leave alone."""

import math
import re
from decimal import Decimal, getcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.architectures.residual_stream import attribute_logits, rms_norm, run_stream

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)
getcontext().prec = 50


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- the norm ----------------------------------------------------------------------------------


def test_norm_agrees_with_fifty_digits(rng):
    for row in rng.standard_normal((5, 7)) * 10.0 ** rng.integers(-150, 150, (5, 1)):
        exact = [Decimal(float(value)) for value in row]
        size = (sum(value * value for value in exact) / len(exact)).sqrt()
        assert_allclose(rms_norm(row), [float(value / size) for value in exact], rtol=1e-13)


def test_norm_works_on_the_last_axis_and_forgets_the_size(rng):
    x = rng.standard_normal((2, 3, 5))
    assert_allclose(rms_norm(x), jax.vmap(jax.vmap(lambda row: row / jnp.sqrt(jnp.mean(row**2))))(x), rtol=1e-12)
    assert_allclose(rms_norm(1e200 * x), rms_norm(x), rtol=1e-12)
    assert_allclose(rms_norm(-x), -rms_norm(x))


def test_norm_of_one_entry_is_its_sign_and_of_zeros_zero():
    assert_array_equal(rms_norm([[7], [-0.1], [0]]), [[1], [-1], [0]])
    assert_allclose(rms_norm(np.array([0, 3], np.int8)), [0, math.sqrt(2)], rtol=1e-14)


@pytest.mark.parametrize("wrong", [3.0, [], np.ones((2, 0))])
def test_norm_refuses_what_has_no_entries(wrong):
    message = re.escape(f"x has shape {np.shape(wrong)}; pass vectors with at least one entry")
    with pytest.raises(ValueError, match=message):
        rms_norm(wrong)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_norm_refuses_what_is_not_finite(wrong):
    with pytest.raises(ValueError, match="an entry of x is not finite; look for what made NaN or infinity first"):
        rms_norm([1, wrong])


# --- the stream --------------------------------------------------------------------------------


def test_states_and_writes_agree_with_a_plain_loop(rng):
    matrices = rng.standard_normal((3, 5, 5))
    x = rng.standard_normal((4, 5))
    states, writes = run_stream(x, [lambda x, m=m: np.tanh(x @ m) for m in matrices])
    assert (states.shape, writes.shape) == ((4, 4, 5), (3, 4, 5))
    for i, row in enumerate(x):
        stream = jnp.array(row)
        assert_array_equal(states[0, i], stream)
        for k, matrix in enumerate(matrices):
            added = jnp.tanh(matrix.T @ (stream / jnp.sqrt(jnp.mean(stream**2))))
            assert_allclose(writes[k, i], added, rtol=1e-10, atol=1e-12)
            stream = stream + added
            assert_allclose(states[k + 1, i], stream, rtol=1e-10, atol=1e-12)


def test_the_last_state_is_the_embedding_and_all_writes(rng):
    x = rng.standard_normal((4, 6))
    states, writes = run_stream(x, (lambda x, k=k: np.roll(x, k, axis=1) * k for k in (1, 2, 3)))
    assert_allclose(states[-1], x + writes.sum(axis=0), rtol=1e-12)
    assert_allclose(np.diff(states, axis=0), writes, rtol=1e-9, atol=1e-12)


def test_turning_the_stream_turns_the_states(rng):
    x, matrix = rng.standard_normal((4, 6)), rng.standard_normal((6, 6))
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    plain = run_stream(x, [lambda x: np.tanh(x @ matrix)])[0]
    turned = run_stream(x @ turn, [lambda x: np.tanh(x @ turn.T @ matrix) @ turn])[0]
    assert_allclose(turned, plain @ turn, rtol=1e-9, atol=1e-12)


def test_no_sublayers_leave_the_embeddings():
    states, writes = run_stream([[1, 2, 3]], [])
    assert states.tolist() == [[[1, 2, 3]]]
    assert writes.shape == (0, 1, 3)


@pytest.mark.parametrize("shape", [(3,), (1, 2, 3), ()])
def test_refuses_embeddings_that_are_no_matrix(shape):
    with pytest.raises(ValueError, match=re.escape(f"x has shape {shape}; pass (n, d_model)")):
        run_stream(np.ones(shape), [])


@pytest.mark.parametrize("shape", [(2, 4), (3,), (1, 3), (2, 3, 1)])
def test_refuses_sublayers_that_change_the_shape(shape):
    message = re.escape(f"a sublayer returned shape {shape}; it must return (2, 3), like x")
    with pytest.raises(ValueError, match=message):
        run_stream(np.ones((2, 3)), [lambda x: x, lambda x: np.ones(shape)])


# --- shares of the logits ----------------------------------------------------------------------


def test_shares_add_up_to_the_logits(rng):
    parts, unembedding = rng.standard_normal((5, 3, 4)), rng.standard_normal((4, 7))
    shares = attribute_logits(parts, unembedding)
    assert shares.shape == (5, 3, 7)
    assert_allclose(shares.sum(axis=0), rms_norm(parts.sum(axis=0)) @ unembedding, rtol=1e-11, atol=1e-13)


def test_shares_are_gradients_times_parts_with_the_size_held(rng):
    parts, unembedding = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 5))
    size = jnp.sqrt(jnp.mean(parts.sum(axis=0) ** 2, axis=1))

    def logits(scale):
        return jnp.einsum("p,pnd,dv,n->nv", scale, parts, unembedding, 1 / size)

    expected = jnp.moveaxis(jax.jacobian(logits)(jnp.ones(2)), -1, 0)
    assert_allclose(attribute_logits(parts, unembedding), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 1)), ((2, 1, 3), (3,)), ((2, 1, 3), (2, 3)), ((1, 2, 1, 3), (3, 1))])
def test_refuses_parts_that_do_not_fit(shapes):
    message = re.escape(f"shapes are {shapes}; pass (n_parts, n, d_model) and (d_model, vocabulary_size)")
    with pytest.raises(ValueError, match=message):
        attribute_logits(*(np.ones(shape) for shape in shapes))


@pytest.mark.parametrize(
    "parts", [[[[1, 1]], [[-1, -1]]], [[[math.nan, 1]]], [[[1, 1], [0, 0]]], [[[math.inf, 1]]], [[[1e200, 1]]]]
)
def test_refuses_a_sum_without_direction(parts):
    with pytest.raises(
        ValueError, match="the parts of a token add up to zero, NaN or more than float64 can square; there is no"
    ):
        attribute_logits(parts, np.eye(2))


def test_leaves_its_inputs_alone(rng):
    x, unembedding = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))
    kept = x.copy(), unembedding.copy()
    states, _ = run_stream(x, [lambda x: x])
    states += 1
    rms_norm(x)
    attribute_logits(x[None], unembedding)
    assert_array_equal(x, kept[0])
    assert_array_equal(unembedding, kept[1])
