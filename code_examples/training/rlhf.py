"""RLHF small enough to enumerate: a reward learned from comparisons, and the objective of the policy.

Accompanies ``docs/training/rlhf.md``, whose names it follows: features, reference, rewards, beta. The policy that is
best for that objective is `code_examples.training.dpo.kl_regularised_optimum`.
"""

import math

import numpy as np

from code_examples.training.reward_model import check_pairs, sigmoid


def learn_reward(features, log_reference, true_rewards):
    """Return the linear reward that explains best what people say when they compare responses of the reference.

    Parameters
    ----------
    features : array_like, shape (n_responses, n_features)
        What the reward model sees of each response.
    log_reference : array_like, shape (n_responses,)
        Log-probabilities in nats of all responses under the reference, which draws both responses of each pair.
    true_rewards : array_like, shape (n_responses,)
        What people value; they prefer one response to another with the probability of the Bradley-Terry model.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        Weights: the learned reward of a response is ``features @ weights``, up to a constant.

    Raises
    ------
    ValueError
        If shapes do not fit, an entry is not finite, the reference is no distribution, the features cannot tell
        responses apart because one follows from the others, or the true rewards lie so far apart that the fit does
        not settle.

    Notes
    -----
    The minimum of the mean Bradley-Terry loss over all pairs, without sampling. Each step divides by an upper bound of
    the curvature [1]_, so that the loss never rises.

    References
    ----------
    .. [1] D. Boehning and B. G. Lindsay, "Monotonicity of quadratic-approximation algorithms," Annals of the Institute
       of Statistical Mathematics 40(4), 1988.

    Examples
    --------
    Two responses whose feature says all there is: the true lead of 1.5 over a distance of 3.

    >>> import math
    >>> from code_examples.training.rlhf import learn_reward
    >>> learn_reward([[0], [3]], [math.log(0.2), math.log(0.8)], [0, 1.5]).round(9).tolist()
    [0.5]

    A feature that has nothing to do with what people value.

    >>> learn_reward([[0], [3]], [math.log(0.5), math.log(0.5)], [2, 2]).round(9).tolist()
    [0.0]
    """
    log_reference, true_rewards = check_pairs(log_reference=log_reference, true_rewards=true_rewards)
    features = np.asarray(features, dtype=np.float64)
    if (
        features.shape[:1] != log_reference.shape
        or features.ndim != 2
        or not (features.size and np.isfinite(features).all())
    ):
        raise ValueError(f"features have shape {features.shape}; pass a row of finite numbers for each response")
    chance = _distribution("log_reference", log_reference)
    weight = np.outer(chance, chance)  # of each pair
    wanted = sigmoid(true_rewards[:, None] - true_rewards)
    apart = features[:, None] - features  # (n_responses, n_responses, n_features)
    bound = np.einsum("ij,ija,ijb->ab", weight, apart, apart) / 4
    if np.linalg.matrix_rank(bound) < len(bound):
        raise ValueError("a feature follows from the others or is the same for all; leave it out")
    weights = np.zeros(len(bound))
    for _ in range(1000):
        slope = np.einsum("ij,ija->a", weight * (sigmoid(apart @ weights) - wanted), apart)
        step = np.linalg.solve(bound, slope)
        weights = weights - step
        if abs(step).max() <= 1e-12 * max(1, abs(weights).max()):
            return weights
    raise ValueError("people nearly always agree, so that 1000 steps do not settle; bring true_rewards closer together")


def regularised_objective(log_policy, log_reference, rewards, beta):
    """Return the mean reward of a policy minus beta times its KL divergence from the reference.

    Parameters
    ----------
    log_policy : array_like, shape (n_responses,)
        Log-probabilities in nats of all responses to one prompt under the policy.
    log_reference : array_like, shape (n_responses,)
        The same under the reference.
    rewards : array_like, shape (n_responses,)
        Reward of each response.
    beta : float
        Weight of the KL penalty, in units of reward for each nat; 0 or more.

    Returns
    -------
    float
        The objective, in units of reward.

    Raises
    ------
    ValueError
        If there is no response, the shapes differ, an entry is not finite, the policy or the reference is no
        distribution, or `beta` is negative or not finite.

    Notes
    -----
    Equation 2 of [1]_ for a single prompt and without its term for pre-training text.

    References
    ----------
    .. [1] L. Ouyang et al., "Training language models to follow instructions with human feedback," 2022.

    Examples
    --------
    The reference pays no penalty: three quarters of 4.

    >>> import math
    >>> from code_examples.training.rlhf import regularised_objective
    >>> reference = [math.log(0.25), math.log(0.75)]
    >>> round(regularised_objective(reference, reference, [0, 4], beta=9), 6)
    3.0

    Exchanging the two costs half of log 3 nats, and each nat costs 2.

    >>> round(regularised_objective(reference[::-1], reference, [0, 4], beta=2), 6) == round(1 - math.log(3), 6)
    True
    """
    log_policy, log_reference, rewards = check_pairs(
        log_policy=log_policy, log_reference=log_reference, rewards=rewards
    )
    if not 0 <= beta < math.inf:
        raise ValueError(f"beta is {beta}; pass a finite number of 0 or more")
    _distribution("log_reference", log_reference)
    return float(_distribution("log_policy", log_policy) @ (rewards - beta * (log_policy - log_reference)))


def _distribution(name, row):
    if row.ndim != 1 or abs(np.exp(row).sum() - 1) > 1e-9:
        raise ValueError(f"{name} is no distribution; pass one row of log-probabilities whose exponentials sum to 1")
    return np.exp(row)
