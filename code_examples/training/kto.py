"""KTO: a loss on single responses that were marked desirable or undesirable.

Accompanies ``docs/training/kto.md``, whose names it follows: log-probabilities under policy and reference, reference
point, weights of desirable and undesirable examples.
"""

import math

import numpy as np

from code_examples.training.reward_model import check_pairs, sigmoid


def reference_point(log_policy, log_reference):
    """Estimate the reference point of a batch from mismatched prompts and responses.

    Parameters
    ----------
    log_policy : array_like, shape (n,)
        Log-probability, in nats, of a response to another prompt of the batch under the policy: its tokens' sum.
    log_reference : array_like, shape (n,)
        The same under the reference.

    Returns
    -------
    float
        Mean log ratio in nats, or 0 if that is below 0. A constant: no gradient flows through it.

    Raises
    ------
    ValueError
        If there is no response, the shapes differ, or an entry is not finite.

    Notes
    -----
    Section 4.1 of [1]_, under "Implementation". A divergence cannot be negative, the mean of a few ratios can.

    References
    ----------
    .. [1] K. Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization," first version, 2024.

    Examples
    --------
    Log ratios of 3, -1 and 1 have the mean 1.

    >>> from code_examples.training.kto import reference_point
    >>> reference_point([-7, -11, -4], [-10, -10, -5])
    1.0

    A negative mean counts as 0.

    >>> reference_point([-12], [-10])
    0.0
    """
    log_policy, log_reference = check_pairs(log_policy=log_policy, log_reference=log_reference)
    return max(0.0, float((log_policy - log_reference).mean()))


def kto_loss(log_policy, log_reference, desirable, point, beta=0.1, desirable_weight=1.0, undesirable_weight=1.0):
    """Return the KTO loss, averaged over examples.

    Parameters
    ----------
    log_policy : array_like, shape (n,)
        Log-probability of each response under the policy, in nats: the sum over its tokens.
    log_reference : array_like, shape (n,)
        The same under the reference.
    desirable : array_like of bool, shape (n,)
        True for a response that was marked desirable, False for an undesirable one.
    point : float
        Reference point in nats, at least 0, as `reference_point` returns it.
    beta : float, default 0.1
        How fast the value saturates, above 0.
    desirable_weight : float, default 1.0
        Weight of the desirable examples, at least 0.
    undesirable_weight : float, default 1.0
        Weight of the undesirable examples, at least 0.

    Returns
    -------
    float
        Mean over the examples, dimensionless, from 0 to the larger weight.

    Raises
    ------
    ValueError
        If there is no example, the shapes differ, a log-probability is not finite, `desirable` does not say True or
        False for each example, or a setting is out of its range.

    Notes
    -----
    Equation 7 of [1]_, whose reward and reference point hold beta already.

    References
    ----------
    .. [1] K. Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization," first version, 2024.

    Examples
    --------
    A log ratio of 2 at beta 0.1: the loss is 1 - sigmoid(0.2) if desirable, and sigmoid(0.2) if not.

    >>> from code_examples.training.kto import kto_loss
    >>> [round(kto_loss([-8], [-10], [mark], point=0), 4) for mark in (True, False)]
    [0.4502, 0.5498]

    At the reference point every example costs half of its weight.

    >>> kto_loss([-8, -3], [-10, -5], [True, False], point=2, desirable_weight=3)
    1.0
    """
    values, weights, _ = _values(
        log_policy, log_reference, desirable, point, beta, desirable_weight, undesirable_weight
    )
    return float((weights * (1 - values)).mean())


def kto_gradient(log_policy, log_reference, desirable, point, beta=0.1, desirable_weight=1.0, undesirable_weight=1.0):
    """Return the derivatives of the loss by the policy's log-probabilities, with the reference point held fixed.

    Parameters
    ----------
    log_policy : array_like, shape (n,)
        Log-probability of each response under the policy, in nats.
    log_reference : array_like, shape (n,)
        The same under the reference.
    desirable : array_like of bool, shape (n,)
        True for a response that was marked desirable, False for an undesirable one.
    point : float
        Reference point in nats, at least 0.
    beta : float, default 0.1
        How fast the value saturates, above 0.
    desirable_weight : float, default 1.0
        Weight of the desirable examples, at least 0.
    undesirable_weight : float, default 1.0
        Weight of the undesirable examples, at least 0.

    Returns
    -------
    ndarray of float64, shape (n,)
        At most 0 for desirable examples, at least 0 for undesirable ones.

    Raises
    ------
    ValueError
        As `kto_loss` does.

    Notes
    -----
    The derivative of equation 7 of [1]_; the slope of the logistic function is largest at the reference point.

    References
    ----------
    .. [1] K. Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization," first version, 2024.

    Examples
    --------
    Two examples at the reference point are pushed with beta / 4 each, shared by two.

    >>> from code_examples.training.kto import kto_gradient
    >>> kto_gradient([-8, -3], [-10, -5], [True, False], point=2).round(12).tolist()
    [-0.0125, 0.0125]
    """
    values, weights, signs = _values(
        log_policy, log_reference, desirable, point, beta, desirable_weight, undesirable_weight
    )
    return -signs * weights * beta * values * (1 - values) / values.size


def weight_range(n_desirable, n_undesirable):
    """Return the desirable weights that the paper advises, for an undesirable weight of 1.

    Parameters
    ----------
    n_desirable : int
        Number of desirable examples, at least 1.
    n_undesirable : int
        Number of undesirable examples, at least 1.

    Returns
    -------
    lowest : float
        The weight at which both sides count the same in all.
    highest : float
        Half as much again.

    Raises
    ------
    ValueError
        If one of the sides has no example.

    Notes
    -----
    Equation 8 of [1]_ ends at 4/3; the published version is reported to end at 3/2, as here. Divide both weights by
    the desirable one to set the undesirable one instead.

    References
    ----------
    .. [1] K. Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization," first version, 2024.

    Examples
    --------
    One thumbs-up for ten thumbs-down.

    >>> from code_examples.training.kto import weight_range
    >>> weight_range(1, 10)
    (10.0, 15.0)
    """
    if not (1 <= n_desirable < math.inf and 1 <= n_undesirable < math.inf):
        raise ValueError(f"{n_desirable} desirable and {n_undesirable} undesirable examples; pass at least 1 of each")
    return n_undesirable / n_desirable, 1.5 * n_undesirable / n_desirable


def _values(log_policy, log_reference, desirable, point, beta, desirable_weight, undesirable_weight):
    """Return value, weight and sign of each example."""
    log_policy, log_reference = check_pairs(log_policy=log_policy, log_reference=log_reference)
    desirable = np.asarray(desirable)
    if desirable.shape != log_policy.shape or desirable.dtype != bool:
        raise ValueError(
            f"desirable has shape {desirable.shape} and type {desirable.dtype}; pass True or False for each of "
            f"{log_policy.size} responses"
        )
    settings = {"point": point, "desirable_weight": desirable_weight, "undesirable_weight": undesirable_weight}
    for name, setting in settings.items():
        if not 0 <= setting < math.inf:
            raise ValueError(f"{name} is {setting}; pass a finite number of at least 0")
    if not 0 < beta < math.inf:
        raise ValueError(f"beta is {beta}; pass a finite number above 0")
    signs = np.where(desirable, 1.0, -1.0)
    weights = np.where(desirable, desirable_weight, undesirable_weight)
    return sigmoid(beta * signs * (log_policy - log_reference - point)), weights, signs
