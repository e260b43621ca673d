"""Reward model: the Bradley-Terry probability of a preference, its loss and its gradient.

Accompanies ``docs/training/reward-model.md``, whose names it follows: rewards of the chosen and the rejected response.
"""

import numpy as np


def log_sigmoid(x):
    """Return the logarithm of the logistic function, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers, dimensionless; infinities are allowed, NaN is not.

    Returns
    -------
    ndarray of float64, shape of `x`
        ``-log(1 + exp(-x))`` in nats, at most 0.

    Raises
    ------
    ValueError
        If an entry is NaN.

    Examples
    --------
    Far to the left it is the identity, far to the right it is 0, and in the middle -log 2.

    >>> from code_examples.training.reward_model import log_sigmoid
    >>> log_sigmoid([-1000, 0, 1000]).round(4).tolist()
    [-1000.0, -0.6931, 0.0]
    """
    x = np.asarray(x, dtype=np.float64)
    if np.isnan(x).any():
        raise ValueError("x holds NaN; look for what made it first")
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    """Return the logistic function, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers, dimensionless; infinities are allowed, NaN is not.

    Returns
    -------
    ndarray of float64, shape of `x`
        ``1 / (1 + exp(-x))``, from 0 to 1.

    Raises
    ------
    ValueError
        If an entry is NaN.

    Examples
    --------
    Odds of 3 to 1 are 3/4, and the opposite number has the rest.

    >>> import math
    >>> from code_examples.training.reward_model import sigmoid
    >>> sigmoid([-math.log(3), 0, math.log(3)]).round(12).tolist()
    [0.25, 0.5, 0.75]

    >>> sigmoid([-1000, 1000]).tolist()
    [0.0, 1.0]
    """
    return np.exp(log_sigmoid(x))


def check_pairs(**rows):
    """Return the rows as arrays of one shape, or say which of them is wrong.

    Parameters
    ----------
    **rows : array_like, shape (n_pairs,) or one number
        What belongs to the pairs, such as their rewards, under the name that a message should use.

    Returns
    -------
    list of ndarray of float64, shape (n_pairs,)
        The rows in their order.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, or an entry is not finite.

    Examples
    --------
    >>> from code_examples.training.reward_model import check_pairs
    >>> [row.tolist() for row in check_pairs(first=[1, 2], second=[3, 4])]
    [[1.0, 2.0], [3.0, 4.0]]

    One pair needs no list.

    >>> [row.tolist() for row in check_pairs(only=7)]
    [7.0]
    """
    arrays = {name: np.asarray(row, dtype=np.float64) for name, row in rows.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or not all(array.size for array in arrays.values()):
        raise ValueError(f"the shapes are {shapes}; pass the same number of pairs in each, at least one")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds a number that is not finite; look for what made NaN or infinity first")
    return list(arrays.values())


def preference_probability(reward_chosen, reward_rejected):
    """Return the probability that the first response is preferred to the second (Bradley-Terry).

    Parameters
    ----------
    reward_chosen : array_like, shape (n_pairs,) or one number
        Reward of the first response, dimensionless.
    reward_rejected : array_like, shape of `reward_chosen`
        Reward of the second response to the same prompt.

    Returns
    -------
    ndarray of float64, shape of `reward_chosen`
        Probability from 0 to 1; it depends on the difference of the rewards only.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, or a reward is not finite.

    Notes
    -----
    The model of [1]_ with the logarithm of a response's strength as its reward.

    References
    ----------
    .. [1] R. A. Bradley and M. E. Terry, "Rank Analysis of Incomplete Block Designs: I. The Method of Paired
       Comparisons," Biometrika 39, 1952.

    Examples
    --------
    A lead of log 3 wins three times in four, wherever the two rewards lie.

    >>> import math
    >>> from code_examples.training.reward_model import preference_probability
    >>> preference_probability([math.log(3), 5 + math.log(3)], [0, 5]).round(12).tolist()
    [0.75, 0.75]

    Equal rewards are a toss-up.

    >>> float(preference_probability(2, 2))
    0.5
    """
    reward_chosen, reward_rejected = check_pairs(reward_chosen=reward_chosen, reward_rejected=reward_rejected)
    return sigmoid(reward_chosen - reward_rejected)


def bradley_terry_loss(rewards_chosen, rewards_rejected):
    """Return the mean negative log-likelihood of the preferences.

    Parameters
    ----------
    rewards_chosen : array_like, shape (n_pairs,) or one number
        Reward of the chosen response of each pair, dimensionless.
    rewards_rejected : array_like, shape of `rewards_chosen`
        Reward of the rejected response of the same pair.

    Returns
    -------
    float
        Mean over the pairs of ``-log sigmoid(chosen - rejected)``, in nats, at least 0.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, or a reward is not finite.

    Notes
    -----
    Equation 1 of [1]_, where the pairs of one prompt form one batch element and so share their weight.

    References
    ----------
    .. [1] L. Ouyang et al., "Training Language Models to Follow Instructions with Human Feedback," 2022, section 3.5.

    Examples
    --------
    A lead of 1 costs 0.3133, and the same lead the wrong way round costs 1 more.

    >>> from code_examples.training.reward_model import bradley_terry_loss
    >>> round(bradley_terry_loss([2.0], [1.0]), 4), round(bradley_terry_loss([1.0], [2.0]), 4)
    (0.3133, 1.3133)

    Over several pairs it is the mean, and a model that cannot tell them apart pays log 2.

    >>> round(bradley_terry_loss([2.0, 1.0], [1.0, 2.0]), 4), round(bradley_terry_loss(7, 7), 4)
    (0.8133, 0.6931)
    """
    rewards_chosen, rewards_rejected = check_pairs(rewards_chosen=rewards_chosen, rewards_rejected=rewards_rejected)
    return float(-log_sigmoid(rewards_chosen - rewards_rejected).mean())


def bradley_terry_gradient(rewards_chosen, rewards_rejected):
    """Return the derivatives of the mean loss by each reward.

    Parameters
    ----------
    rewards_chosen : array_like, shape (n_pairs,) or one number
        Reward of the chosen response of each pair, dimensionless.
    rewards_rejected : array_like, shape of `rewards_chosen`
        Reward of the rejected response of the same pair.

    Returns
    -------
    by_chosen : ndarray of float64, shape of `rewards_chosen`
        Minus the probability of the wrong answer, divided by the number of pairs; at most 0.
    by_rejected : ndarray of float64, shape of `rewards_chosen`
        The opposite numbers.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, or a reward is not finite.

    Examples
    --------
    The pair that the model has wrong, with odds of 3 to 1, pulls three times as hard as the other.

    >>> import math
    >>> from code_examples.training.reward_model import bradley_terry_gradient
    >>> by_chosen, by_rejected = bradley_terry_gradient([0, math.log(3)], [math.log(3), 0])
    >>> by_chosen.round(12).tolist(), by_rejected.round(12).tolist()
    ([-0.375, -0.125], [0.375, 0.125])
    """
    rewards_chosen, rewards_rejected = check_pairs(rewards_chosen=rewards_chosen, rewards_rejected=rewards_rejected)
    by_rejected = sigmoid(rewards_rejected - rewards_chosen) / rewards_chosen.size
    return -by_rejected, by_rejected
