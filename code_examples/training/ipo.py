"""IPO: a squared loss that pulls the gap of the log-ratios to a finite target.

Accompanies ``docs/training/ipo.md``, whose names it follows: log-probabilities of responses under the policy and under
the reference, and the weight beta of the KL penalty, which the paper calls tau.
"""

import math

from code_examples.training.reward_model import check_pairs


def ipo_loss(chosen, rejected, ref_chosen, ref_rejected, beta):
    """Return the mean IPO loss of preference pairs.

    Parameters
    ----------
    chosen : array_like, shape (n_pairs,) or one number
        Log-probability of each chosen response under the policy, in nats: the sum over its tokens, or their mean.
    rejected : array_like, shape of `chosen`
        The same for the rejected response to the same prompt.
    ref_chosen : array_like, shape of `chosen`
        Log-probability of the chosen response under the reference.
    ref_rejected : array_like, shape of `chosen`
        Log-probability of the rejected response under the reference.
    beta : float
        Weight of the KL penalty, above 0. With means over tokens it is a weight per token.

    Returns
    -------
    float
        Mean over the pairs of the squared distance of the gap from ``1 / (2 * beta)``, in square nats, at least 0.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Notes
    -----
    Equation 17 of [1]_, whose tau is `beta`.

    References
    ----------
    .. [1] M. G. Azar et al., "A General Theoretical Paradigm to Understand Learning from Human Preferences," 2023.

    Examples
    --------
    At beta 0.1 the target is 5. A gap of 2 + 1 misses it by 2, and so does one of 7.

    >>> from code_examples.training.ipo import ipo_loss
    >>> ipo_loss([-10], [-14], [-12], [-13], beta=0.1), ipo_loss([-5], [-14], [-12], [-14], beta=0.1)
    (4.0, 4.0)

    At the start the gap is 0; the loss is the mean over the pairs.

    >>> ipo_loss([-10], [-14], [-10], [-14], beta=0.1), ipo_loss([1, 7], [0, 0], [0, 0], [0, 0], beta=0.1)
    (25.0, 10.0)
    """
    miss = _miss(chosen, rejected, ref_chosen, ref_rejected, beta)
    return float((miss**2).mean())


def ipo_gradient(chosen, rejected, ref_chosen, ref_rejected, beta):
    """Return the derivatives of the mean IPO loss by the policy's log-probabilities.

    Parameters
    ----------
    chosen : array_like, shape (n_pairs,) or one number
        Log-probability of each chosen response under the policy, in nats: the sum over its tokens, or their mean.
    rejected : array_like, shape of `chosen`
        The same for the rejected response to the same prompt.
    ref_chosen : array_like, shape of `chosen`
        Log-probability of the chosen response under the reference.
    ref_rejected : array_like, shape of `chosen`
        Log-probability of the rejected response under the reference.
    beta : float
        Weight of the KL penalty, above 0.

    Returns
    -------
    by_chosen : ndarray of float64, shape of `chosen`
        Twice the distance of the gap from its target, divided by the number of pairs; above 0 beyond the target.
    by_rejected : ndarray of float64, shape of `chosen`
        The opposite numbers.

    Raises
    ------
    ValueError
        If there is no pair, the shapes differ, an entry is not finite, or `beta` is not a finite number above 0.

    Examples
    --------
    Before the target of 5, at it, and beyond it: the pull ends and turns.

    >>> from code_examples.training.ipo import ipo_gradient
    >>> by_chosen, by_rejected = ipo_gradient([2, 5, 11], [0, 0, 0], [0, 0, 0], [0, 0, 0], beta=0.1)
    >>> by_chosen.tolist(), by_rejected.tolist()
    ([-2.0, 0.0, 4.0], [2.0, -0.0, -4.0])
    """
    miss = _miss(chosen, rejected, ref_chosen, ref_rejected, beta)
    by_chosen = 2 * miss / miss.size
    return by_chosen, -by_chosen


def _miss(chosen, rejected, ref_chosen, ref_rejected, beta):
    rows = check_pairs(chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected)
    if not 0 < beta < math.inf:
        raise ValueError(f"beta is {beta}; pass a finite number above 0")
    return (rows[0] - rows[2]) - (rows[1] - rows[3]) - 1 / (2 * beta)
