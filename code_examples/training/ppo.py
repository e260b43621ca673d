"""Proximal policy optimization: the clipped objective, its gradient, advantages, and a policy one can enumerate.

Accompanies ``docs/training/ppo.md``, whose names it follows: ratio, advantage, clip, score, value.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax


def clipped_objective(ratio, advantage, clip=0.2):
    """Return the clipped objective of each sample, to be made large.

    Parameters
    ----------
    ratio : array_like
        Probability under the policy in training over probability under the one that drew the sample; 0 or more.
    advantage : array_like, same shape as `ratio` or broadcastable
        How much better than expected the sample turned out, in units of reward.
    clip : float, default 0.2
        Clipping range, above 0 and at most 1; ``inf`` for no clipping.

    Returns
    -------
    ndarray of float64
        The objective, in units of reward; never above ratio times advantage.

    Raises
    ------
    ValueError
        If a ratio is negative or not finite, an advantage is not finite, or `clip` is out of its range.

    Notes
    -----
    Equation 7 of [1]_, without the mean over samples.

    References
    ----------
    .. [1] J. Schulman et al., "Proximal Policy Optimization Algorithms," 2017.

    Examples
    --------
    A good sample earns nothing beyond 1.2; a bad one costs in full beyond 1.2, and no less than 0.8 below.

    >>> from code_examples.training.ppo import clipped_objective
    >>> clipped_objective([1.5, 0.5], 1).tolist()
    [1.2, 0.5]
    >>> clipped_objective([1.5, 0.5], -1).tolist()
    [-1.5, -0.8]

    The policy that drew the samples: nothing is clipped, however narrow the range.

    >>> clipped_objective([1, 1], [3, -2], clip=1e-9).tolist()
    [3.0, -2.0]
    """
    ratio, advantage = _check(ratio, advantage, clip)
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)


def clipped_gradient(ratio, advantage, clip=0.2):
    """Return the derivative of the clipped objective by the log-probability of each sample.

    Parameters
    ----------
    ratio, advantage : array_like
        As for `clipped_objective`.
    clip : float, default 0.2
        As for `clipped_objective`.

    Returns
    -------
    ndarray of float64
        Ratio times advantage where the objective still moves, 0 where it is clipped, in units of reward. On the edge
        itself, where the objective has a kink, the derivative from inside the range.

    Raises
    ------
    ValueError
        As for `clipped_objective`.

    Examples
    --------
    The four corners: only two are clipped.

    >>> from code_examples.training.ppo import clipped_gradient
    >>> clipped_gradient([1.5, 0.5, 1.5, 0.5], [1, 1, -1, -1]).tolist()
    [0.0, 0.5, -1.5, 0.0]

    At the first step every ratio is 1, and the derivative is the advantage.

    >>> clipped_gradient(1, -3).tolist()
    -3.0
    """
    ratio, advantage = _check(ratio, advantage, clip)
    clipped = np.where(advantage > 0, ratio > 1 + clip, ratio < 1 - clip)
    return np.where(clipped, 0.0, ratio * advantage)


def token_rewards(score, log_policy, log_reference, beta):
    """Return the reward of each token: the KL penalty everywhere, and the score at the last one.

    Parameters
    ----------
    score : float
        What the reward model gives to the whole response.
    log_policy, log_reference : array_like, shape (n_tokens,)
        Log-probability of each token, in nats, under the policy that drew the response and under the reference.
    beta : float
        Weight of the KL penalty, in units of reward for each nat; 0 or more.

    Returns
    -------
    ndarray of float64, shape (n_tokens,)
        Rewards; their sum is the score minus `beta` times the log-ratio of the whole response.

    Raises
    ------
    ValueError
        If there is no token, the shapes differ, a number is not finite or `beta` is negative.

    Examples
    --------
    The second token is likelier than under the reference by half a nat, the last one rarer by one.

    >>> from code_examples.training.ppo import token_rewards
    >>> token_rewards(3, [-1, -1, -2], [-1, -1.5, -1], beta=0.2).round(6).tolist()
    [0.0, -0.1, 3.2]

    A single token of the reference itself keeps the whole score.

    >>> token_rewards(3, [-1], [-1], beta=0.2).tolist()
    [3.0]
    """
    log_policy, log_reference = _row("log_policy", log_policy), _row("log_reference", log_reference)
    if log_policy.shape != log_reference.shape:
        raise ValueError(f"{len(log_policy)} and {len(log_reference)} log-probabilities; pass both for the same tokens")
    if not (np.isfinite(score) and 0 <= beta < np.inf):
        raise ValueError(f"score is {score} and beta {beta}; pass finite numbers, beta at least 0")
    rewards = beta * (log_reference - log_policy)
    rewards[-1] += score
    return rewards


def generalized_advantages(rewards, values, decay=0.95):
    """Return the generalized advantage estimate of each token of one response.

    Parameters
    ----------
    rewards : array_like, shape (n_tokens,)
        Reward of each token.
    values : array_like, shape (n_tokens,)
        What the critic expected before each token: the sum of all rewards from there on.
    decay : float, default 0.95
        How much of the surprise at the next token counts, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_tokens,)
        Advantages, in units of reward.

    Raises
    ------
    ValueError
        If there is no token, the shapes differ, a number is not finite or `decay` is out of its range.

    Notes
    -----
    Equations 11 and 12 of [1]_ with a discount of 1, as is usual for responses; after the last token the value is 0.
    Run from the end, each advantage is the surprise at its token plus `decay` times the next advantage.

    References
    ----------
    .. [1] J. Schulman et al., "Proximal Policy Optimization Algorithms," 2017.

    Examples
    --------
    The surprises are 0.1, 0.2 and 0.2.

    >>> from code_examples.training.ppo import generalized_advantages
    >>> generalized_advantages([0, 0, 1], [0.5, 0.6, 0.8], decay=0.5).round(6).tolist()
    [0.25, 0.3, 0.2]

    Decay 0 keeps each surprise alone; decay 1 compares what came with what was expected.

    >>> generalized_advantages([0, 0, 1], [0.5, 0.6, 0.8], decay=0).round(6).tolist()
    [0.1, 0.2, 0.2]
    >>> generalized_advantages([0, 0, 1], [0.5, 0.6, 0.8], decay=1).round(6).tolist()
    [0.5, 0.4, 0.2]
    """
    rewards, values = _row("rewards", rewards), _row("values", values)
    if rewards.shape != values.shape:
        raise ValueError(f"{len(rewards)} rewards and {len(values)} values; pass one of each for every token")
    if not 0 <= decay <= 1:
        raise ValueError(f"decay is {decay}; pass a number from 0 to 1")
    advantages = rewards + np.append(values[1:], 0.0) - values  # the surprises
    for t in reversed(range(len(advantages) - 1)):
        advantages[t] += decay * advantages[t + 1]
    return advantages


def ppo_update(logits, advantages, learning_rate, passes, clip=0.2):
    """Make several gradient steps on one batch, for a policy over a handful of whole responses.

    Parameters
    ----------
    logits : array_like, shape (n_responses,)
        The policy that drew the batch.
    advantages : array_like, shape (n_responses,)
        Advantage of each response, in units of reward.
    learning_rate : float
        Size of a step, above 0.
    passes : int
        How many steps are made before a new batch is drawn; 0 or more.
    clip : float, default 0.2
        Clipping range, above 0 and at most 1; ``inf`` for no clipping.

    Returns
    -------
    ndarray of float64, shape (passes + 1, n_responses)
        The logits before the first step and after each.

    Raises
    ------
    ValueError
        If there is no response, the shapes differ, a number is not finite or a setting is out of its range.

    Notes
    -----
    The batch is all responses, each weighted by its probability under the policy that drew it, so that the mean is
    exact and no luck is involved. The steps are plain gradient ascent.

    Examples
    --------
    Without advantages nothing moves.

    >>> from code_examples.training.ppo import ppo_update
    >>> ppo_update([0, 1], [0, 0], 0.5, 1).tolist()
    [[0.0, 1.0], [0.0, 1.0]]

    Two equal responses: each step adds a quarter of the difference of the advantages, until both are clipped.

    >>> ppo_update([0, 0], [1, -1], 0.5, 3).round(4).tolist()
    [[0.0, 0.0], [0.25, -0.25], [0.25, -0.25], [0.25, -0.25]]
    """
    logits, advantages = _row("logits", logits), _row("advantages", advantages)
    if logits.shape != advantages.shape:
        raise ValueError(f"{len(logits)} logits and {len(advantages)} advantages; pass one of each for every response")
    if not (0 < learning_rate < np.inf and 0 <= passes < np.inf and passes == int(passes)):
        raise ValueError(
            f"learning_rate is {learning_rate}, passes {passes}; pass a rate above 0, and 0 or more passes"
        )
    start, path = log_softmax(logits), [logits]
    for _ in range(int(passes)):
        now = log_softmax(path[-1])
        pull = np.exp(start) * clipped_gradient(np.exp(now - start), advantages, clip)  # on each log-probability
        path.append(path[-1] + learning_rate * (pull - pull.sum() * np.exp(now)))
    return np.array(path)


def _check(ratio, advantage, clip):
    ratio, advantage = (np.asarray(row, dtype=np.float64) for row in (ratio, advantage))
    if not (np.isfinite(ratio).all() and (ratio >= 0).all() and np.isfinite(advantage).all()):
        raise ValueError("a ratio is negative, or a number is not finite; pass finite numbers, ratios of 0 or more")
    if not (0 < clip <= 1 or clip == np.inf):
        raise ValueError(f"clip is {clip}; pass a number above 0 and at most 1, or inf for no clipping")
    return ratio, advantage


def _row(name, row):
    row = np.array(row, dtype=np.float64)
    if row.ndim != 1 or not row.size or not np.isfinite(row).all():
        raise ValueError(f"{name} must be one row of finite numbers, at least one")
    return row
