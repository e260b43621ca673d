"""The contrastive loss and its training against JAX, SciPy and what a narrow vector can express."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from code_examples.retrieval.bi_encoder import in_batch_loss, train_bi_encoder

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

RNG = np.random.default_rng(0)
QUERIES, PASSAGES = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4))


def by_definition(queries, passages, tau):
    scores = queries @ passages.T / tau
    return np.mean([logsumexp(row) - row[i] for i, row in enumerate(scores)])


@pytest.mark.parametrize("tau", [0.05, 1.0, 3.0])
def test_loss_agrees_with_the_definition(tau):
    assert_allclose(in_batch_loss(QUERIES, PASSAGES, tau)[0], by_definition(QUERIES, PASSAGES, tau), rtol=1e-12)


def test_gradient_agrees_with_jax():
    def loss(queries, passages):
        return -jnp.diagonal(jax.nn.log_softmax(queries @ passages.T / 0.7)).mean()

    expected = jax.grad(loss, (0, 1))(QUERIES, PASSAGES)
    for ours, theirs in zip(in_batch_loss(QUERIES, PASSAGES, 0.7)[1:], expected, strict=True):
        assert_allclose(ours, theirs, atol=1e-12)


def test_one_is_the_default_temperature():
    assert in_batch_loss(QUERIES, PASSAGES)[0] == in_batch_loss(QUERIES, PASSAGES, 1)[0]


def test_limits():
    assert in_batch_loss([[1.0]], [[1.0]])[0] == 0  # nothing else to pick
    assert_allclose(in_batch_loss(np.zeros((4, 2)), np.ones((6, 2)))[0], np.log(6))  # no information
    assert in_batch_loss([[1e4, 0], [0, 1e4]], np.eye(2))[0] == 0
    with_hard = in_batch_loss([[1.0]], [[1.0], [1.0]])[0]  # a copy of the answer as a negative
    assert_allclose(with_hard, np.log(2))


def test_a_step_goes_down_and_arguments_stay():
    queries, passages = QUERIES.copy(), PASSAGES.copy()
    loss, by_queries, by_passages = in_batch_loss(queries, passages)
    assert in_batch_loss(queries - 0.1 * by_queries, passages - 0.1 * by_passages)[0] < loss
    assert_array_equal(queries, QUERIES)
    assert_array_equal(passages, PASSAGES)


@pytest.mark.parametrize(
    ("queries", "passages", "tau", "message"),
    [
        ([1, 2], [[1, 2]], 1, r"queries have shape \(2,\), passages \(1, 2\); pass rows of one width"),
        ([[1, 2]], [1, 2], 1, r"passages \(2,\); pass rows of one width"),
        ([[1, 2]], [[1, 2, 3]], 1, "pass rows of one width"),
        ([[1], [2]], [[1]], 1, "a query has no passage, or a number is not finite; pass a finite passage"),
        (np.zeros((0, 2)), np.zeros((0, 2)), 1, "a query has no passage"),
        ([[np.nan]], [[1]], 1, "a number is not finite"),
        ([[1]], [[np.inf]], 1, "a number is not finite"),
        ([[1]], [[1]], 0, "tau is 0; pass a finite number above 0"),
        ([[1]], [[1]], np.inf, "tau is inf; pass a finite"),
        ([[1]], [[1]], np.nan, "tau is nan; pass a finite"),
    ],
)
def test_refusals(queries, passages, tau, message):
    with pytest.raises(ValueError, match=message):
        in_batch_loss(queries, passages, tau)


def test_training_is_gradient_descent_by_jax():
    query_words, passage_words = RNG.integers(0, 3, (4, 5)), RNG.integers(0, 3, (4, 6))

    @jax.jit
    @jax.grad
    def slope(encoders):
        scores = query_words @ encoders[0] @ (passage_words @ encoders[1]).T
        return -jnp.diagonal(jax.nn.log_softmax(scores)).mean()

    rng = np.random.default_rng(3)
    encoders = [rng.normal(0, 0.1, (5, 2)), rng.normal(0, 0.1, (6, 2))]
    for steps in range(3):
        ours = train_bi_encoder(query_words, passage_words, 2, steps, 0.5, np.random.default_rng(3))
        for mine, theirs in zip(ours, encoders, strict=True):
            assert_allclose(mine, theirs, atol=1e-12)
        encoders = [e - 0.5 * np.asarray(d) for e, d in zip(encoders, slope(encoders), strict=True)]


def test_one_number_lets_only_two_passages_come_first():
    f, g = train_bi_encoder(np.eye(7), np.eye(7), 1, 80, 2.0, np.random.default_rng(1))
    scores = RNG.normal(size=(200, 1)) @ g.T  # any queries
    assert set(scores.argmax(axis=1)) == {g.argmax(), g.argmin()}
    assert f.shape == (7, 1)


def test_training_puts_each_answer_first_where_the_width_allows():
    words = np.eye(7)
    f, g = train_bi_encoder(words, words[:, ::-1], 7, 80, 2.0, np.random.default_rng(1))
    assert (f @ g[::-1].T).argmax(axis=1).tolist() == list(range(7))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"query_words": [1, 2]},
            r"counts have shapes \(2,\) and \(3, 4\); pass as many rows of finite numbers in both",
        ),
        ({"passage_words": [1, 2, 3]}, "pass as many rows of finite numbers"),
        ({"passage_words": np.ones((2, 4))}, r"shapes \(3, 2\) and \(2, 4\)"),
        ({"query_words": np.zeros((0, 2)), "passage_words": np.zeros((0, 4))}, "pass as many rows"),
        ({"query_words": np.full((3, 2), np.nan)}, "of finite numbers"),
        ({"passage_words": np.full((3, 4), np.inf)}, "of finite numbers"),
        ({"width": 0}, "width is 0, steps 1, rate 1.0; pass integers of at least 1 and 0, a rate above 0"),
        ({"width": 1.0}, "width is 1.0"),
        ({"steps": -1}, "steps -1"),
        ({"steps": 2.0}, "steps 2.0"),
        ({"learning_rate": 0}, "rate 0;"),
        ({"learning_rate": np.inf}, "rate inf;"),
        ({"learning_rate": np.nan}, "rate nan;"),
    ],
)
def test_refusals_of_training(change, message):
    sound = {
        "query_words": np.ones((3, 2)),
        "passage_words": np.ones((3, 4)),
        "width": 2,
        "steps": 1,
        "learning_rate": 1.0,
    }
    train_bi_encoder(**sound, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        train_bi_encoder(**{**sound, **change}, rng=np.random.default_rng(0))
