"""SimPO: a preference loss on mean log-probabilities, with a target margin and without a reference.

Accompanies ``docs/training/simpo.md``, whose names it follows: chosen, rejected, beta, gamma.
"""

import math

import numpy as np

from code_examples.training.reward_model import bradley_terry_gradient, bradley_terry_loss, check_pairs


def mean_log_probability(log_probabilities, mask):
    """Return the mean log-probability of the tokens of each response.

    Parameters
    ----------
    log_probabilities : array_like, shape (n, length)
        Log-probability of each token given all before it, in nats, at most 0. What stands at the
        places of prompt and padding is not looked at.
    mask : array_like of bool, shape (n, length)
        True at the tokens of the response, its end-of-text token included; at least one in each row.

    Returns
    -------
    ndarray of float64, shape (n,)
        Mean over the marked tokens, in nats per token.

    Raises
    ------
    ValueError
        If the shapes differ or hold no row, a row marks no token, or a marked number is above 0,
        infinite or NaN.

    Notes
    -----
    The reward of [1]_ without its factor beta, as `get_batch_logps` in the authors' code [2]_ computes it.

    References
    ----------
    .. [1] Y. Meng, M. Xia and D. Chen, "SimPO: Simple Preference Optimization with a Reference-Free
       Reward," NeurIPS 2024.
    .. [2] Princeton NLP, SimPO, ``scripts/simpo_trainer.py``.

    Examples
    --------
    The second response has two tokens; its third place is padding.

    >>> from code_examples.training.simpo import mean_log_probability
    >>> mean_log_probability([[-1, -2, -6], [-1, -4, 0]], [[1, 1, 1], [1, 1, 0]]).tolist()
    [-3.0, -2.5]

    One token is its own mean.

    >>> mean_log_probability([[-7, -1]], [[0, 1]]).tolist()
    [-1.0]
    """
    log_probabilities, mask = np.asarray(log_probabilities, dtype=float), np.asarray(mask, dtype=bool)
    if mask.ndim != 2 or mask.shape != log_probabilities.shape or not mask.any(axis=1).all() or not len(mask):
        raise ValueError(
            f"log_probabilities have shape {log_probabilities.shape}, mask {mask.shape}; pass both as (n, length), "
            "with at least one marked token in each row"
        )
    marked = np.where(mask, log_probabilities, 0.0)
    if not (np.isfinite(marked) & (marked <= 0)).all():
        raise ValueError("a marked token has no log-probability; pass finite numbers of at most 0")
    return marked.sum(axis=1) / mask.sum(axis=1)


def simpo_loss(chosen_mean, rejected_mean, beta, gamma):
    """Return the SimPO loss, averaged over pairs.

    Parameters
    ----------
    chosen_mean, rejected_mean : array_like, shape (n_pairs,) or one number
        Mean log-probability per token of the chosen and of the rejected response, in nats, at most 0.
    beta : float
        Scale of the reward, above 0.
    gamma : float
        Target margin between the rewards, at least 0; ``gamma / beta`` is in nats per token.

    Returns
    -------
    float
        Mean over the pairs, in nats, at least 0.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, a mean is above 0, infinite or NaN, or beta or gamma is
        out of its range.

    Notes
    -----
    The loss of [1]_. The authors' code [2]_ takes ``gamma / beta`` as its setting, TRL takes gamma.

    References
    ----------
    .. [1] Y. Meng, M. Xia and D. Chen, "SimPO: Simple Preference Optimization with a Reference-Free
       Reward," NeurIPS 2024.
    .. [2] Princeton NLP, SimPO, ``scripts/simpo_trainer.py``.

    Examples
    --------
    The margin is 2 * (0.9 - 0.5) - 0.5 = 0.3, and the loss log(1 + exp(-0.3)).

    >>> from code_examples.training.simpo import simpo_loss
    >>> round(simpo_loss([-0.5], [-0.9], beta=2, gamma=0.5), 4)
    0.5544

    A pair exactly at the target costs log 2, not nothing.

    >>> round(simpo_loss([-0.5], [-1], beta=2, gamma=1), 4)
    0.6931
    """
    return bradley_terry_loss(*_rewards(chosen_mean, rejected_mean, beta, gamma))


def simpo_gradient(chosen_mean, rejected_mean, beta, gamma):
    """Return the derivatives of the loss by the mean log-probabilities.

    Parameters
    ----------
    chosen_mean, rejected_mean : array_like, shape (n_pairs,) or one number
        Mean log-probability per token of the chosen and of the rejected response, in nats, at most 0.
    beta : float
        Scale of the reward, above 0.
    gamma : float
        Target margin between the rewards, at least 0.

    Returns
    -------
    by_chosen : ndarray of float64, shape of `chosen_mean`
        At most 0: the loss falls as the chosen response gets more likely.
    by_rejected : ndarray of float64, shape of `chosen_mean`
        The same with the other sign.

    Raises
    ------
    ValueError
        As `simpo_loss` does.

    Notes
    -----
    The derivative of the loss of [1]_. One token of a response of n tokens receives 1/n of it.

    References
    ----------
    .. [1] Y. Meng, M. Xia and D. Chen, "SimPO: Simple Preference Optimization with a Reference-Free
       Reward," NeurIPS 2024.

    Examples
    --------
    At the target, half of the full pull `beta` is left.

    >>> from code_examples.training.simpo import simpo_gradient
    >>> [part.tolist() for part in simpo_gradient([-0.5], [-1], beta=2, gamma=1)]
    [[-1.0], [1.0]]

    Two pairs share it.

    >>> simpo_gradient([-0.5, -0.5], [-1, -1], beta=2, gamma=1)[1].tolist()
    [0.5, 0.5]
    """
    by_chosen, by_rejected = bradley_terry_gradient(*_rewards(chosen_mean, rejected_mean, beta, gamma))
    return beta * by_chosen, beta * by_rejected


def _rewards(chosen_mean, rejected_mean, beta, gamma):
    """Return the rewards of both responses, the chosen one's less the margin that it owes."""
    means = check_pairs(chosen_mean=chosen_mean, rejected_mean=rejected_mean)
    if max(row.max() for row in means) > 0:
        raise ValueError("a mean log-probability is above 0; pass logarithms of probabilities, not losses")
    if not (0 < beta < math.inf and 0 <= gamma < math.inf):
        raise ValueError(
            f"beta is {beta} and gamma {gamma}; pass a finite beta above 0 and a finite gamma of at least 0"
        )
    return beta * means[0] - gamma, beta * means[1]
