"""Pre-training against JAX's derivatives, long sampled texts, SciPy's minimum, and published costs."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

from code_examples.training.pretraining import (
    long_run_loss,
    next_token_loss,
    optimal_split,
    predicted_loss,
    training_flops,
)

pytestmark = pytest.mark.unit

NAN, INF = float("nan"), float("inf")
TEXT = [2, 0, 1, 1, 3, 0, 1]


def test_loss_and_gradient_are_those_of_jax():
    logits = np.random.default_rng(0).standard_normal((5, 5))
    tokens = jnp.array(TEXT)

    def loss(logits):
        return -jnp.mean(jax.nn.log_softmax(logits[tokens[:-1]])[jnp.arange(len(TEXT) - 1), tokens[1:]])

    value, slope = jax.jit(jax.value_and_grad(loss))(jnp.array(logits))
    ours, gradient = next_token_loss(logits, TEXT)
    assert ours == pytest.approx(float(value), rel=1e-5)
    assert_allclose(gradient, slope, atol=1e-6)
    assert gradient[4].tolist() == [0] * 5  # never read


def test_a_model_that_counts_has_no_slope():
    text = [0, 1, 0, 0, 1, 1, 0]
    counts = np.array([[1, 2], [2, 1]])
    assert_allclose(next_token_loss(np.log(counts), text)[1], 0, atol=1e-15)


def test_extreme_scores_stay_finite():
    loss, gradient = next_token_loss([[1e4, -1e4], [0, 0]], [0, 1])
    assert loss == 2e4
    assert gradient.tolist() == [[1, -1], [0, 0]]


@pytest.mark.parametrize("logits", [[0.0], np.zeros((2, 3)), np.zeros((1, 2, 2))])
def test_refuses_what_is_no_table(logits):
    with pytest.raises(ValueError, match=re.escape(f"logits have shape {np.shape(logits)}; pass one row and one col")):
        next_token_loss(logits, [0, 0])


@pytest.mark.parametrize("tokens", [[], [1], [0.0, 1.0], [[0, 1]], [NAN, 1]])
def test_refuses_what_is_no_text(tokens):
    with pytest.raises(ValueError, match="tokens are no text; pass at least two integers in one row"):
        next_token_loss(np.zeros((2, 2)), tokens)


@pytest.mark.parametrize("tokens", [[0, 2], [-1, 0]])
def test_refuses_unknown_tokens(tokens):
    with pytest.raises(ValueError, match="a token is not in the vocabulary; pass integers from 0 to 1"):
        next_token_loss(np.zeros((2, 2)), tokens)


def test_long_run_is_what_a_long_text_costs():
    rng = np.random.default_rng(1)
    transitions = rng.dirichlet([1, 2, 3], size=3)
    logits = rng.standard_normal((3, 3))
    text = [0]
    for draw in rng.random(60_000):
        text.append(int(transitions[text[-1]].cumsum().searchsorted(draw)))
    assert long_run_loss(transitions, logits) == pytest.approx(next_token_loss(logits, text)[0], abs=0.01)


def test_the_true_probabilities_are_the_best_model():
    rng = np.random.default_rng(2)
    transitions = rng.dirichlet(np.ones(4), size=4)
    floor = long_run_loss(transitions, np.log(transitions))
    for _ in range(20):
        assert long_run_loss(transitions, np.log(transitions) + 0.1 * rng.standard_normal((4, 4))) > floor


def test_independent_tokens_have_the_entropy_of_one():
    p = np.array([0.5, 0.3, 0.2])
    assert long_run_loss(np.tile(p, (3, 1)), np.log(np.tile(p, (3, 1)))) == pytest.approx(-p @ np.log(p), rel=1e-12)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 2, 2)])
def test_refuses_transitions_that_are_not_square(shape):
    message = f"transitions have shape {shape}, logits {shape}; pass one row and one column for each token"
    with pytest.raises(ValueError, match=re.escape(message)):
        long_run_loss(np.ones(shape), np.ones(shape))


def test_refuses_a_model_of_another_size():
    with pytest.raises(ValueError, match=re.escape("transitions have shape (2, 2), logits (1, 1)")):
        long_run_loss(np.full((2, 2), 0.5), [[0]])


@pytest.mark.parametrize("row", [[0.5, 0.6], [1, 0], [NAN, 1], [1.5, -0.5]])
def test_refuses_rows_that_are_no_distributions(row):
    with pytest.raises(ValueError, match="a row is no distribution; pass positive probabilities that sum to 1"):
        long_run_loss([[0.5, 0.5], row], np.zeros((2, 2)))


@pytest.mark.parametrize("wrong", [NAN, INF, -INF])
def test_refuses_logits_that_are_not_finite(wrong):
    with pytest.raises(ValueError, match="a logit is not finite; look for what made NaN or infinity first"):
        next_token_loss([[0, wrong], [0, 0]], [0, 1])
    with pytest.raises(ValueError, match="a logit is not finite; look for what made NaN or infinity first"):
        long_run_loss([[0.5, 0.5], [0.5, 0.5]], [[0, 0], [wrong, 0]])


def test_gpt3_cost_what_was_reported():
    # Brown et al. 2020: 3640 petaflop/s-days for 175 billion weights and 300 billion tokens.
    assert training_flops(175e9, 300e9) / (1e15 * 86400) == pytest.approx(3640, rel=0.002)


def test_gopher_and_chinchilla_cost_the_same():
    # Hoffmann et al. 2022: both about 5.76e23.
    assert training_flops(280e9, 300e9) == pytest.approx(5.76e23, rel=0.15)
    assert training_flops(70e9, 1.4e12) == pytest.approx(5.76e23, rel=0.03)


def test_prediction_is_the_published_formula():
    parts = predicted_loss(8e9, 3e11)
    assert parts == pytest.approx((1.8172, 482.01 * 8e9**-0.3478, 2085.43 * 3e11**-0.3658), rel=1e-12)


@pytest.mark.parametrize("budget", [1e18, 5.76e23, 1e26])
def test_split_is_the_minimum_that_a_search_finds(budget):
    def loss(log_weights):
        n = np.exp(log_weights)
        return 482.01 * n**-0.3478 + 2085.43 * (budget / 6 / n) ** -0.3658

    found = np.exp(minimize_scalar(loss, bounds=(10, 35), method="bounded", options={"xatol": 1e-9}).x)
    n_weights, n_tokens = optimal_split(budget)
    assert n_weights == pytest.approx(found, rel=1e-4)
    assert training_flops(n_weights, n_tokens) == pytest.approx(budget, rel=1e-12)


@pytest.mark.parametrize("wrong", [0, -1, NAN, INF])
def test_refuses_what_is_no_size(wrong):
    for call in (training_flops, predicted_loss):
        for pair in ((wrong, 1), (1, wrong)):
            with pytest.raises(ValueError, match=re.escape(f"numbers are {pair}; pass positive, finite ones")):
                call(*pair)
    with pytest.raises(ValueError, match="pass positive, finite ones"):
        optimal_split(wrong)


def test_leaves_its_input_alone():
    logits, tokens = np.ones((4, 4)), np.array(TEXT)
    next_token_loss(logits, tokens)
    assert logits.tolist() == [[1] * 4] * 4
    assert tokens.tolist() == TEXT
