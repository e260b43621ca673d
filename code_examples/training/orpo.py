"""ORPO: imitation of the chosen response, with a penalty on its odds against the rejected one.

Accompanies ``docs/training/orpo.md``, whose names it follows: log odds, weight.
"""

import math

import numpy as np

from code_examples.training.reward_model import bradley_terry_gradient, bradley_terry_loss, check_pairs


def log_odds(mean):
    """Return the logarithm of the odds P / (1 - P), where P is the exponential of a mean log-probability.

    Parameters
    ----------
    mean : array_like, shape (n,) or one number
        Mean log-probability per token, in nats, below 0.

    Returns
    -------
    ndarray of float64, shape of `mean`
        Log odds in nats: above 0 where P is above one half.

    Raises
    ------
    ValueError
        If there is no number, or one is infinite, NaN, or not below 0.

    Notes
    -----
    Equations 3 and 4 of [1]_; `expm1` keeps the digits that ``1 - exp(mean)`` loses near 0.

    References
    ----------
    .. [1] J. Hong, N. Lee and J. Thorne, "ORPO: Monolithic Preference Optimization without Reference Model," 2024.

    Examples
    --------
    Probabilities of 3/4 and 1/2 have odds of 3 to 1 and 1 to 1.

    >>> import math
    >>> from code_examples.training.orpo import log_odds
    >>> (math.e ** log_odds([math.log(3 / 4), math.log(1 / 2)])).round(6).tolist()
    [3.0, 1.0]

    A tiny probability is its own odds.

    >>> float(log_odds(-1000))
    -1000.0
    """
    (mean,) = check_pairs(mean=mean)
    if mean.max() >= 0:
        raise ValueError("a mean log-probability is not below 0; pass logarithms of probabilities below 1")
    return mean - np.log(-np.expm1(mean))


def orpo_loss(chosen_mean, rejected_mean, weight):
    """Return the ORPO loss, averaged over pairs.

    Parameters
    ----------
    chosen_mean : array_like, shape (n_pairs,) or one number
        Mean log-probability per token of each chosen response, in nats, below 0.
    rejected_mean : array_like, shape of `chosen_mean`
        The same for the rejected response to the same prompt.
    weight : float
        Weight of the odds-ratio penalty, at least 0; 0 leaves imitation alone.

    Returns
    -------
    float
        Mean over the pairs, in nats, above 0.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, a mean is infinite, NaN or not below 0, or `weight` is not a finite
        number of at least 0.

    Notes
    -----
    Equations 6 and 7 of [1]_. TRL calls the weight `beta` and takes the first term over the prompt's tokens too.

    References
    ----------
    .. [1] J. Hong, N. Lee and J. Thorne, "ORPO: Monolithic Preference Optimization without Reference Model," 2024.

    Examples
    --------
    Probabilities of 0.6 and 0.3 have an odds ratio of 3.5, whose penalty is log(1 + 1/3.5) = 0.2513.

    >>> import math
    >>> from code_examples.training.orpo import orpo_loss
    >>> round(orpo_loss([math.log(0.6)], [math.log(0.3)], weight=0.1), 4)
    0.536

    Without weight it is the surprise of the chosen response.

    >>> round(orpo_loss([-2, -4], [-1, -1], weight=0), 12)
    3.0
    """
    chosen_mean, rejected_mean = _checked(chosen_mean, rejected_mean, weight)
    penalty = bradley_terry_loss(log_odds(chosen_mean), log_odds(rejected_mean))
    return float(-chosen_mean.mean()) + weight * penalty


def orpo_gradient(chosen_mean, rejected_mean, weight):
    """Return the derivatives of the loss by the mean log-probabilities.

    Parameters
    ----------
    chosen_mean : array_like, shape (n_pairs,) or one number
        Mean log-probability per token of each chosen response, in nats, below 0.
    rejected_mean : array_like, shape of `chosen_mean`
        The same for the rejected response to the same prompt.
    weight : float
        Weight of the odds-ratio penalty, at least 0.

    Returns
    -------
    by_chosen : ndarray of float64, shape of `chosen_mean`
        Below 0: imitation and penalty both push it up.
    by_rejected : ndarray of float64, shape of `chosen_mean`
        At least 0: only the penalty pushes it down.

    Raises
    ------
    ValueError
        As `orpo_loss` does.

    Notes
    -----
    The derivative of equations 6 and 7 of [1]_; that of the log odds by the mean is ``1 / (1 - P)``.

    References
    ----------
    .. [1] J. Hong, N. Lee and J. Thorne, "ORPO: Monolithic Preference Optimization without Reference Model," 2024.

    Examples
    --------
    At equal probabilities of 1/2 the penalty adds weight * 1/2 * 2 to the push of 1 that imitation has.

    >>> import math
    >>> from code_examples.training.orpo import orpo_gradient
    >>> even = [math.log(1 / 2)]
    >>> [part.round(12).tolist() for part in orpo_gradient(even, even, weight=0.1)]
    [[-1.1], [0.1]]
    """
    chosen_mean, rejected_mean = _checked(chosen_mean, rejected_mean, weight)
    by_chosen, by_rejected = bradley_terry_gradient(log_odds(chosen_mean), log_odds(rejected_mean))
    by_chosen = weight * by_chosen / -np.expm1(chosen_mean) - 1 / chosen_mean.size
    return by_chosen, weight * by_rejected / -np.expm1(rejected_mean)


def _checked(chosen_mean, rejected_mean, weight):
    """Return the means as arrays of one shape, or say what is wrong with them or with the weight."""
    if not 0 <= weight < math.inf:
        raise ValueError(f"weight is {weight}; pass a finite number of at least 0")
    return check_pairs(chosen_mean=chosen_mean, rejected_mean=rejected_mean)
