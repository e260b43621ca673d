import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.training.ppo import (
    clipped_gradient,
    clipped_objective,
    generalized_advantages,
    ppo_update,
    token_rewards,
)

INF, NAN = float("inf"), float("nan")


def loss_of_trl(log_new, log_old, advantage, cliprange):
    """The policy loss of TRL's PPO trainer, written anew: the larger of two negated products."""
    ratio = jnp.exp(log_new - log_old)
    return jnp.maximum(-advantage * ratio, -advantage * jnp.clip(ratio, 1.0 - cliprange, 1.0 + cliprange))


def test_objective_and_gradient_agree_with_automatic_differentiation():
    rng = np.random.default_rng(0)
    old, new, advantage = rng.normal(-2, 0.5, 64), rng.normal(-2, 0.5, 64), rng.normal(size=64)
    with jax.enable_x64(True):
        of_all = jax.jit(jax.vmap(jax.value_and_grad(loss_of_trl), (0, 0, 0, None)))
        results = [of_all(new, old, advantage, clip) for clip in (0.1, 0.2, 1.0)]
    ratio = np.exp(new - old)
    for clip, (losses, slopes) in zip((0.1, 0.2, 1.0), results, strict=True):
        assert_allclose(clipped_objective(ratio, advantage, clip), -np.asarray(losses), rtol=1e-12)
        assert_allclose(clipped_gradient(ratio, advantage, clip), -np.asarray(slopes), rtol=1e-9, atol=1e-12)


def test_without_a_clip_it_is_the_plain_policy_gradient():
    ratio, advantage = np.array([0.01, 0.7, 1.9, 30]), np.array([2.0, -1, 3, -0.5])
    assert_allclose(clipped_objective(ratio, advantage, INF), ratio * advantage)
    assert_allclose(clipped_gradient(ratio, advantage, INF), ratio * advantage)


def test_is_never_above_the_plain_objective_and_equal_in_the_range():
    ratio = np.linspace(0, 3, 301)[:, None]
    advantage = np.array([-2, -0.1, 0, 0.1, 2])
    plain, clipped = ratio * advantage, clipped_objective(ratio, advantage, 0.3)
    assert clipped.shape == (301, 5)
    assert (clipped <= plain).all()
    inside = (ratio[:, 0] > 0.701) & (ratio[:, 0] < 1.299)
    assert_array_equal(clipped[inside], plain[inside])


def test_advantages_are_the_direct_sum():
    rng = np.random.default_rng(1)
    rewards, values = rng.normal(size=7), rng.normal(size=7)
    after = [*values[1:], 0]
    for decay in (0, 0.4, 0.95, 1):
        expected = [sum(decay ** (i - t) * (rewards[i] + after[i] - values[i]) for i in range(t, 7)) for t in range(7)]
        assert_allclose(generalized_advantages(rewards, values, decay), expected, rtol=1e-12)


def test_a_perfect_critic_leaves_no_advantage():
    rewards = np.array([0.2, -1, 0, 3])
    values = np.cumsum(rewards[::-1])[::-1]
    for decay in (0, 0.5, 1):
        assert_allclose(generalized_advantages(rewards, values, decay), 0, atol=1e-15)


def test_token_rewards_sum_to_the_penalised_score():
    rng = np.random.default_rng(2)
    policy, reference = rng.normal(-1, 0.3, 9), rng.normal(-1, 0.3, 9)
    rewards = token_rewards(1.7, policy, reference, 0.3)
    assert_allclose(rewards.sum(), 1.7 - 0.3 * (policy.sum() - reference.sum()))
    assert_allclose(rewards[:-1], 0.3 * (reference - policy)[:-1])


def test_each_step_follows_the_gradient_of_the_mean_objective():
    logits, advantages = np.array([0.3, -1, 0.8, 0]), np.array([1.5, -2, 0.2, 0.4])

    def objective(z):
        old, new = jax.nn.log_softmax(jnp.asarray(logits)), jax.nn.log_softmax(z)
        return -(jnp.exp(old) * loss_of_trl(new, old, jnp.asarray(advantages), 0.15)).sum()

    with jax.enable_x64(True):
        path, slope, z = ppo_update(logits, advantages, 0.7, 6, 0.15), jax.jit(jax.grad(objective)), logits
        for row in path:
            assert_allclose(row, z, rtol=1e-9)
            z = z + 0.7 * np.asarray(slope(z))
    assert path.shape == (7, 4)
    assert_allclose(path.sum(axis=1), logits.sum())  # a gradient by logits sums to zero


def test_no_pass_moves_nothing_and_takes_integers():
    assert ppo_update([1, 2, 4], [1, 0, -1], 1, 0).tolist() == [[1, 2, 4]]
    assert ppo_update(np.array([0, 0]), np.array([1, -1]), 1, 2.0).shape == (3, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clipped_objective(-0.1, 1), "a ratio is negative, or a number is not finite; pass finite numbers"),
        (lambda: clipped_gradient(1, NAN), "a ratio is negative, or a number is not finite; pass finite numbers"),
        (lambda: clipped_objective(1, 1, 0), "clip is 0; pass a number above 0 and at most 1, or inf for no clipping"),
        (lambda: clipped_gradient(1, 1, 1.5), "clip is 1.5; pass a number above 0"),
        (lambda: token_rewards(1, [], [], 1), "log_policy must be one row of finite numbers, at least one"),
        (lambda: token_rewards(1, [-1], [-INF], 1), "log_reference must be one row of finite numbers"),
        (lambda: token_rewards(1, [-1, -2], [-1], 1), "2 and 1 log-probabilities; pass both for the same tokens"),
        (lambda: token_rewards(NAN, [-1], [-1], 1), "score is nan and beta 1; pass finite numbers, beta at least 0"),
        (lambda: token_rewards(1, [-1], [-1], -1), "score is 1 and beta -1; pass finite numbers"),
        (lambda: generalized_advantages([1], [[1]]), "values must be one row of finite numbers"),
        (lambda: generalized_advantages(3, 3), "rewards must be one row of finite numbers"),
        (lambda: generalized_advantages([1, 2], [1]), "2 rewards and 1 values; pass one of each for every token"),
        (lambda: generalized_advantages([1], [1], 1.1), "decay is 1.1; pass a number from 0 to 1"),
        (lambda: ppo_update([0, 1], [1], 1, 1), "2 logits and 1 advantages; pass one of each for every response"),
        (lambda: ppo_update([0], [1], 0, 1), "learning_rate is 0, passes 1; pass a rate above 0, and 0 or more passes"),
        (lambda: ppo_update([0], [1], 1, -1), "learning_rate is 1, passes -1; pass a rate above 0"),
        (lambda: ppo_update([0], [1], 1, INF), "learning_rate is 1, passes inf; pass a rate above 0"),
        (lambda: ppo_update([0], [1], 1, NAN), "learning_rate is 1, passes nan; pass a rate above 0"),
        (lambda: ppo_update([0], [1], 1, 0.5), "learning_rate is 1, passes 0.5; pass a rate above 0"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    one, two = np.array([-1.0, -2.0]), np.array([-1.5, -0.5])
    before = one.copy(), two.copy()
    clipped_objective(-one, two)
    clipped_gradient(-one, two)
    token_rewards(1, one, two, 0.1)
    generalized_advantages(one, two)
    ppo_update(one, two, 1, 3)
    assert_array_equal([one, two], before)
