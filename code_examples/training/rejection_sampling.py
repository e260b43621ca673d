"""Best-of-n over answers that can be enumerated: its distribution, and the usual formula for its KL divergence.

Accompanies ``docs/training/rejection-sampling.md``, whose names it follows: reference, rewards, n.
"""

import math

import numpy as np

from code_examples.training.reward_model import check_pairs


def best_of_n(log_reference, rewards, n):
    """Return how often each answer wins when n are drawn and the one with the highest reward is kept.

    Parameters
    ----------
    log_reference : array_like, shape (n_answers,)
        Log-probabilities in nats of all answers to one prompt under the reference, which draws them.
    rewards : array_like, shape (n_answers,)
        Reward of each answer; only their order matters.
    n : int
        How many are drawn, at least 1.

    Returns
    -------
    ndarray of float64, shape (n_answers,)
        Probabilities, in the order of the input. Answers of equal reward share in proportion to the reference, as if
        the first one drawn were kept.

    Raises
    ------
    ValueError
        If there is no answer, the shapes differ, an entry is not finite, the reference is no distribution, or `n` is
        not an integer of at least 1.

    Notes
    -----
    All n draws lie at or below a reward with the n-th power of the probability of one doing so; an answer wins if all
    lie at or below its reward and not all below [1]_.

    References
    ----------
    .. [1] A. Beirami et al., "Theoretical guarantees on the best-of-n alignment policy," 2024.

    Examples
    --------
    The best of two of three answers: both must be the worst, or neither the best.

    >>> import numpy as np
    >>> from code_examples.training.rejection_sampling import best_of_n
    >>> best_of_n(np.log([0.5, 0.3, 0.2]), [1, 2, 3], 2).round(6).tolist()
    [0.25, 0.39, 0.36]

    Equal rewards choose nothing.

    >>> best_of_n(np.log([0.25, 0.75]), [7, 7], 5).round(6).tolist()
    [0.25, 0.75]
    """
    log_reference, rewards = check_pairs(log_reference=log_reference, rewards=rewards)
    chance = np.exp(log_reference)
    if chance.ndim != 1 or abs(chance.sum() - 1) > 1e-9:
        raise ValueError("log_reference is no distribution; pass one row whose exponentials sum to 1")
    _check(n)
    _, level = np.unique(rewards, return_inverse=True)  # answers of equal reward are on one level
    at = np.bincount(level, weights=chance)  # (n_levels,), from the lowest reward up
    up_to = np.cumsum(at) / at.sum()
    wins = np.diff(up_to**n, prepend=0)
    return chance * (wins / np.maximum(at, np.finfo(float).tiny))[level]  # a level may be too rare for a float


def kl_formula(n):
    """Return what is usually quoted as the KL divergence of best-of-n from the reference; it is an upper bound.

    Parameters
    ----------
    n : int
        How many answers are drawn, at least 1.

    Returns
    -------
    float
        ``log(n) - (n - 1) / n``, in nats.

    Raises
    ------
    ValueError
        If `n` is not an integer of at least 1.

    Notes
    -----
    Exact if no two answers have the same reward and each answer is arbitrarily improbable, and above the divergence
    otherwise [1]_.

    References
    ----------
    .. [1] A. Beirami et al., "Theoretical guarantees on the best-of-n alignment policy," 2024.

    Examples
    --------
    >>> from code_examples.training.rejection_sampling import kl_formula
    >>> kl_formula(1)
    0.0
    >>> round(kl_formula(4), 4)
    0.6363
    """
    _check(n)
    return math.log(n) - (n - 1) / n


def _check(n):
    if not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
