"""SimPO against JAX's derivatives, TRL's published formula and slow loops."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_expit

from code_examples.training.simpo import mean_log_probability, simpo_gradient, simpo_loss

pytestmark = pytest.mark.unit

jax.config.update("jax_enable_x64", True)

SETTINGS = [(2.0, 0.5), (2.5, 1.4), (0.1, 0.5), (10.0, 0.0)]


@pytest.fixture
def pairs():
    return -np.random.default_rng(0).gamma(2.0, 0.5, size=(2, 7))


def trl(chosen, rejected, beta, gamma):
    """`loss_type="simpo"` of TRL's CPOTrainer, as it stood in 2026, written anew."""
    logits = np.asarray(chosen) - np.asarray(rejected)
    return -log_expit(beta * (logits - gamma / beta)).mean()


@pytest.mark.parametrize(("beta", "gamma"), SETTINGS)
def test_loss_agrees_with_trl(beta, gamma, pairs):
    assert_allclose(simpo_loss(*pairs, beta, gamma), trl(*pairs, beta, gamma), rtol=1e-12)
    assert type(simpo_loss(*pairs, beta, gamma)) is float


def test_gradient_agrees_with_automatic_differentiation(pairs):
    def loss(chosen, rejected, beta, gamma):
        return -jnp.mean(jax.nn.log_sigmoid(beta * chosen - beta * rejected - gamma))

    derivative = jax.jit(jax.grad(loss, argnums=(0, 1)))
    for beta, gamma in SETTINGS:
        for ours, theirs in zip(simpo_gradient(*pairs, beta, gamma), derivative(*pairs, beta, gamma), strict=True):
            assert_allclose(ours, theirs, rtol=1e-10)
            assert (ours.dtype, ours.shape) == (np.float64, (7,))


def test_only_the_difference_counts(pairs):
    assert_allclose(simpo_loss(*(pairs - 3), 2, 1), simpo_loss(*pairs, 2, 1), rtol=1e-12)


def test_the_target_is_a_midpoint_and_no_stop():
    for beta, gamma in SETTINGS:
        at_target = [-1.0], [-1.0 - gamma / beta]
        assert simpo_loss(*at_target, beta, gamma) == pytest.approx(math.log(2))
        assert simpo_gradient(*at_target, beta, gamma)[1][0] == pytest.approx(beta / 2)
    beyond = [simpo_loss([-1], [-1 - extra], 2, 1) for extra in (0, 0.5, 1, 10, 100)]
    assert beyond == sorted(beyond, reverse=True)
    assert len(set(beyond)) == 5
    assert min(beyond) > 0


def test_extreme_margins_neither_overflow_nor_vanish():
    assert simpo_loss([-2000], [0], 1, 0) == 2000
    assert_allclose(simpo_loss([0], [-700], 1, 0), math.exp(-700), rtol=1e-12)
    assert [float(part[0]) for part in simpo_gradient([-5000], [0], 3, 0)] == [-3, 3]


def test_means_agree_with_a_slow_loop():
    rng = np.random.default_rng(1)
    tokens, lengths = -rng.gamma(1.0, size=(5, 9)), [1, 9, 4, 2, 7]
    mask = np.array(
        [[start <= place < start + n for place in range(9)] for n, start in zip(lengths, (8, 0, 3, 5, 2), strict=True)]
    )
    expected = [
        math.fsum(token for token, kept in zip(row, keep, strict=True) if kept) / keep.sum()
        for row, keep in zip(tokens, mask, strict=True)
    ]
    assert_allclose(mean_log_probability(tokens, mask), expected, rtol=1e-13)
    junk = np.where(mask, tokens, np.nan)
    assert_allclose(mean_log_probability(junk, mask), expected, rtol=1e-13)
    assert mean_log_probability([[0, -1]], [[1, 0]]).tolist() == [0]


@pytest.mark.parametrize(
    ("tokens", "mask", "message"),
    [
        ([-1], [1], "log_probabilities have shape (1,), mask (1,); pass both as (n, length)"),
        ([[-1, -2]], [[1]], "log_probabilities have shape (1, 2), mask (1, 1); pass both as (n, length)"),
        ([[-1], [-2]], [[1], [0]], "with at least one marked token in each row"),
        (np.ones((0, 3)), np.ones((0, 3)), "have shape (0, 3)"),
        (np.ones((3, 0)), np.ones((3, 0)), "have shape (3, 0)"),
        ([[-1, 0.1]], [[1, 1]], "a marked token has no log-probability; pass finite numbers of at most 0"),
        ([[-1, -math.inf]], [[1, 1]], "a marked token has no log-probability"),
        ([[-1, math.nan]], [[0, 1]], "a marked token has no log-probability"),
    ],
)
def test_refuses_tokens_without_a_mean(tokens, mask, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        mean_log_probability(tokens, mask)


@pytest.mark.parametrize("call", [simpo_loss, simpo_gradient])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], 2, 1), "pass the same number of pairs in each, at least one"),
        (([-1], [-1, -2], 2, 1), "{'chosen_mean': (1,), 'rejected_mean': (2,)}; pass the same number of pairs in each"),
        (
            ([-1, 0.5], [-1, -2], 2, 1),
            "a mean log-probability is above 0; pass logarithms of probabilities, not losses",
        ),
        (([-1, -1], [-1, 0.5], 2, 1), "a mean log-probability is above 0"),
        (([-1], [math.nan], 2, 1), "rejected_mean holds a number that is not finite"),
        (([-math.inf], [-1], 2, 1), "chosen_mean holds a number that is not finite"),
        (([-1], [-2], 0, 1), "beta is 0 and gamma 1; pass a finite beta above 0 and a finite gamma of at least 0"),
        (([-1], [-2], math.inf, 1), "beta is inf and gamma 1"),
        (([-1], [-2], 2, -0.1), "beta is 2 and gamma -0.1"),
        (([-1], [-2], 2, math.nan), "beta is 2 and gamma nan"),
        (([-1], [-2], 2, math.inf), "beta is 2 and gamma inf"),
    ],
)
def test_refuses_what_has_no_loss(call, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(*arguments)


def test_leaves_its_input_alone(pairs):
    tokens, mask = -np.ones((2, 3)), np.ones((2, 3), dtype=bool)
    before = pairs.copy()
    simpo_loss(*pairs, 2, 1)
    simpo_gradient(*pairs, 2, 1)
    mean_log_probability(tokens, mask)
    assert_array_equal(pairs, before)
    assert_array_equal(tokens, -1)
    assert mask.all()
