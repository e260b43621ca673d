"""DPO: a classification loss on preference pairs, and a toy policy small enough to enumerate.

Accompanies ``docs/training/dpo.md``, whose names it follows: log-probabilities of whole responses under the policy and
under the reference, and the weight beta of the KL penalty.
"""

import math

import numpy as np

from code_examples.foundations.softmax import log_softmax, shift_logits
from code_examples.training.reward_model import bradley_terry_gradient, bradley_terry_loss, check_pairs


def implicit_reward(log_policy, log_reference, beta):
    """Return the reward for which the policy would be optimal, up to a constant of the prompt.

    Parameters
    ----------
    log_policy : array_like, shape (n_responses,) or one number
        Log-probability of each whole response under the policy, in nats: the sum over its tokens.
    log_reference : array_like, shape of `log_policy`
        The same under the reference.
    beta : float
        Weight of the KL penalty, above 0.

    Returns
    -------
    ndarray of float64, shape of `log_policy`
        ``beta * (log_policy - log_reference)``; only differences within one prompt mean anything.

    Raises
    ------
    ValueError
        If there is no response, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Notes
    -----
    The implicit reward of [1]_, without the term that all responses to a prompt share.

    References
    ----------
    .. [1] R. Rafailov et al., "Direct Preference Optimization: Your Language Model Is Secretly a Reward Model," 2023.

    Examples
    --------
    Two nats more probable than under the reference, at beta 0.1, is a reward of 0.2.

    >>> from code_examples.training.dpo import implicit_reward
    >>> implicit_reward([-10, -7], [-12, -7], beta=0.1).round(12).tolist()
    [0.2, 0.0]
    """
    log_policy, log_reference = check_pairs(log_policy=log_policy, log_reference=log_reference)
    return _checked_beta(beta) * (log_policy - log_reference)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """Return the mean DPO loss of preference pairs.

    Parameters
    ----------
    chosen : array_like, shape (n_pairs,) or one number
        Log-probability of each chosen response under the policy, in nats: the sum over its tokens.
    rejected : array_like, shape of `chosen`
        The same for the rejected response to the same prompt.
    ref_chosen : array_like, shape of `chosen`
        Log-probability of the chosen response under the reference.
    ref_rejected : array_like, shape of `chosen`
        Log-probability of the rejected response under the reference.
    beta : float, default 0.1
        Weight of the KL penalty, above 0.

    Returns
    -------
    float
        Mean over the pairs, in nats, at least 0; log 2 where the policy equals the reference.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Notes
    -----
    Equation 7 of [1]_: the Bradley-Terry loss of the implicit rewards.

    References
    ----------
    .. [1] R. Rafailov et al., "Direct Preference Optimization: Your Language Model Is Secretly a Reward Model," 2023.

    Examples
    --------
    The chosen response gained 2 nats against the reference and the rejected one lost 1: the loss of a lead of 0.3.

    >>> from code_examples.training.dpo import dpo_loss
    >>> round(dpo_loss([-10], [-14], [-12], [-13]), 4)
    0.5544

    At the start the policy is the reference.

    >>> round(dpo_loss([-10], [-14], [-10], [-14], beta=5), 4)
    0.6931
    """
    return bradley_terry_loss(*_rewards(chosen, rejected, ref_chosen, ref_rejected, beta))


def dpo_gradient(chosen, rejected, ref_chosen, ref_rejected, beta=0.1):
    """Return the derivatives of the mean DPO loss by the policy's log-probabilities.

    Parameters
    ----------
    chosen : array_like, shape (n_pairs,) or one number
        Log-probability of each chosen response under the policy, in nats.
    rejected : array_like, shape of `chosen`
        The same for the rejected response to the same prompt.
    ref_chosen : array_like, shape of `chosen`
        Log-probability of the chosen response under the reference.
    ref_rejected : array_like, shape of `chosen`
        Log-probability of the rejected response under the reference.
    beta : float, default 0.1
        Weight of the KL penalty, above 0.

    Returns
    -------
    by_chosen : ndarray of float64, shape of `chosen`
        ``-beta`` times the probability of the wrong order, divided by the number of pairs; at most 0.
    by_rejected : ndarray of float64, shape of `chosen`
        The opposite numbers.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Examples
    --------
    At the start each of two pairs pulls with half of half of beta.

    >>> from code_examples.training.dpo import dpo_gradient
    >>> by_chosen, by_rejected = dpo_gradient([-10, -3], [-14, -2], [-10, -3], [-14, -2])
    >>> by_chosen.tolist(), by_rejected.tolist()
    ([-0.025, -0.025], [0.025, 0.025])
    """
    by_chosen, by_rejected = bradley_terry_gradient(*_rewards(chosen, rejected, ref_chosen, ref_rejected, beta))
    return beta * by_chosen, beta * by_rejected


def kl_regularised_optimum(log_reference, rewards, beta):
    """Return the policy with the highest mean reward minus beta times its KL divergence from the reference.

    Parameters
    ----------
    log_reference : array_like, shape (n_responses,)
        Log-probabilities in nats of all responses to one prompt under the reference.
    rewards : array_like, shape (n_responses,)
        Reward of each response, dimensionless.
    beta : float
        Weight of the KL penalty, above 0.

    Returns
    -------
    ndarray of float64, shape (n_responses,)
        Log-probabilities in nats of the optimum, proportional to ``reference * exp(reward / beta)``.

    Raises
    ------
    ValueError
        If there is no response, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Notes
    -----
    The optimum from which [1]_ derives its loss.

    References
    ----------
    .. [1] R. Rafailov et al., "Direct Preference Optimization: Your Language Model Is Secretly a Reward Model," 2023.

    Examples
    --------
    A lead of log 3 makes odds of 3 to 1 at beta 1, and of 9 to 1 at beta 1/2.

    >>> import math
    >>> import numpy as np
    >>> from code_examples.training.dpo import kl_regularised_optimum
    >>> even = [math.log(0.5), math.log(0.5)]
    >>> [np.exp(kl_regularised_optimum(even, [math.log(3), 0], beta)).round(12).tolist() for beta in (1, 0.5)]
    [[0.75, 0.25], [0.9, 0.1]]

    Equal rewards, however large, leave the reference as it is.

    >>> np.exp(kl_regularised_optimum([math.log(0.2), math.log(0.8)], [1e308, 1e308], 0.1)).round(12).tolist()
    [0.2, 0.8]
    """
    log_reference, rewards = check_pairs(log_reference=log_reference, rewards=rewards)
    return log_softmax(log_reference + shift_logits(rewards) / _checked_beta(beta))


def train_policy(gradient, logits, pairs, steps, learning_rate, features=None):
    """Train a policy over a handful of whole responses by gradient descent on a loss of pairs.

    Parameters
    ----------
    gradient : callable
        Takes the log-probabilities of the chosen and of the rejected responses under the policy, two arrays of shape
        (n_pairs,), and returns the derivatives of the loss by them as two such arrays.
    logits : array_like, shape (n_responses,)
        Logits of the responses at the start, dimensionless.
    pairs : array_like of int, shape (n_pairs, 2)
        Index of the chosen and of the rejected response of each pair, from 0.
    steps : int
        Number of steps, 0 or more.
    learning_rate : float
        Step size, above 0.
    features : array_like, shape (n_responses, n_features), optional
        What the responses share. The logits then move by ``features @ weights``, and the weights are trained from 0;
        without it each response has a logit of its own.

    Returns
    -------
    ndarray of float64, shape (steps + 1, n_responses)
        The logits before the first step and after each.

    Raises
    ------
    ValueError
        If `pairs` are no rows of two different indices of responses, `features` has another number of rows than there
        are responses, or a step, rate or number is out of its range.

    Examples
    --------
    A loss whose gradient is constant moves the two logits of the pair by the same amount each step, and no other.

    >>> import numpy as np
    >>> from code_examples.training.dpo import train_policy
    >>> push = lambda chosen, rejected: (np.array([-0.25]), np.array([0.25]))
    >>> train_policy(push, [1, 2, 4], [[0, 2]], steps=2, learning_rate=2).tolist()
    [[1.0, 2.0, 4.0], [1.5, 2.0, 3.5], [2.0, 2.0, 3.0]]

    With one feature for all, responses move together: here they have 1, 2 and -1 of it.

    >>> train_policy(push, [1, 2, 4], [[0, 1]], steps=1, learning_rate=2, features=[[1], [2], [-1]]).tolist()
    [[1.0, 2.0, 4.0], [0.5, 1.0, 4.5]]
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 1 or not np.isfinite(logits).all():
        raise ValueError("logits are not one row of finite numbers; pass one for each response")
    chosen, rejected = _checked_pairs(pairs, len(logits)).T  # (n_pairs,) each
    features = np.eye(len(logits)) if features is None else np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) != len(logits) or not np.isfinite(features).all():
        raise ValueError(f"features have shape {features.shape}; pass a row of finite numbers for each response")
    if not (isinstance(steps, int | np.integer) and steps >= 0 and 0 < learning_rate < math.inf):
        raise ValueError(f"steps are {steps} at rate {learning_rate}; pass an integer of 0 or more and a rate above 0")
    path = [logits]
    for _ in range(steps):
        log_policy = log_softmax(path[-1])
        by_chosen, by_rejected = gradient(log_policy[chosen], log_policy[rejected])
        by_log_policy = np.zeros(len(logits))
        np.add.at(by_log_policy, chosen, by_chosen)
        np.add.at(by_log_policy, rejected, by_rejected)
        by_logits = by_log_policy - np.exp(log_policy) * by_log_policy.sum()
        path.append(path[-1] - learning_rate * features @ (features.T @ by_logits))
    return np.array(path)


def _rewards(chosen, rejected, ref_chosen, ref_rejected, beta):
    rows = check_pairs(chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected)
    return implicit_reward(rows[0], rows[2], beta), implicit_reward(rows[1], rows[3], beta)


def _checked_beta(beta):
    if not 0 < beta < math.inf:
        raise ValueError(f"beta is {beta}; pass a finite number above 0")
    return beta


def _checked_pairs(pairs, n_responses):
    pairs = np.asarray(pairs)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not pairs.size or pairs.dtype.kind not in "iu":
        raise ValueError(f"pairs have shape {pairs.shape} and type {pairs.dtype}; pass integers, (n_pairs, 2)")
    if pairs.min() < 0 or pairs.max() >= n_responses or (pairs[:, 0] == pairs[:, 1]).any():
        raise ValueError(f"a pair does not name two of the responses 0 to {n_responses - 1}; pass indices from 0")
    return pairs
