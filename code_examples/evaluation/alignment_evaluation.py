"""Win rates of a model against a baseline: their interval, both orders of showing, and equal length.

Accompanies ``docs/evaluation/alignment-evaluation.md``, whose names it follows.
"""

import math

import numpy as np

from code_examples.training.reward_model import sigmoid


def wilson_interval(wins, n, z=1.96):
    """Return the range of win rates that a count of wins is compatible with.

    Parameters
    ----------
    wins : float
        Prompts won; a tie counts one half. From 0 to `n`.
    n : int
        Prompts judged, at least 1, each once.
    z : float, default 1.96
        Width in standard errors, above 0; the default is for 95 percent.

    Returns
    -------
    tuple of float
        Lower and upper end, from 0 to 1.

    Raises
    ------
    ValueError
        If `n` is below 1, `wins` is outside 0 to `n`, or `z` is not finite and above 0.

    Notes
    -----
    Wilson's score interval: all rates from which the observed share lies within z standard errors. With ties it is a
    little too wide, since halves vary less than wins.

    Examples
    --------
    >>> from code_examples.evaluation.alignment_evaluation import wilson_interval
    >>> [round(end, 4) for end in wilson_interval(53, 100)]
    [0.4329, 0.6249]

    Of one prompt won, with z = 1: from a half to certainty.

    >>> wilson_interval(1, 1, z=1)
    (0.5, 1.0)
    """
    if n < 1 or not 0 <= wins <= n or not 0 < z < math.inf:
        raise ValueError(f"wins is {wins}, n {n}, z {z}; pass 0 <= wins <= n, at least one prompt, and z above 0")
    share = float(wins) / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def combine_orders(when_first, when_second):
    """Merge the verdicts on the same prompts with the model shown first and shown second.

    Parameters
    ----------
    when_first, when_second : array_like, shape (n,)
        The model's outcome on each prompt: 1 won, 0 lost, 0.5 tie.

    Returns
    -------
    outcomes : ndarray of float64, shape (n,)
        The mean of both: a verdict that turns with the order becomes a tie.
    agreement : float
        Share of the prompts on which both orders gave the same verdict.

    Raises
    ------
    ValueError
        If the shapes differ, there is no prompt, or an outcome is none of the three numbers.

    Examples
    --------
    >>> from code_examples.evaluation.alignment_evaluation import combine_orders
    >>> outcomes, agreement = combine_orders([1, 1, 0, 0.5], [1, 0, 0, 1])
    >>> outcomes.tolist(), agreement
    ([1.0, 0.5, 0.0, 0.75], 0.5)
    """
    first, second = _outcomes(when_first), _outcomes(when_second)
    if first.shape != second.shape:
        raise ValueError(f"there are {len(first)} and {len(second)} outcomes; pass one of each order for every prompt")
    return (first + second) / 2, float(np.mean(first == second))


def length_controlled_win_rate(outcomes, extra_length):
    """Return the win rate that a logistic regression expects at equal length.

    Parameters
    ----------
    outcomes : array_like, shape (n,)
        As returned by `combine_orders`: from 0 to 1, in quarters.
    extra_length : array_like, shape (n,)
        By how much the model's answer is longer than the baseline's, in any unit; finite and not all alike.

    Returns
    -------
    rate : float
        From 0 to 1.
    weight : float
        How much the logit of a win rises with ``tanh(extra length / its standard deviation)``.

    Raises
    ------
    ValueError
        If the shapes differ, a number is out of range, all lengths differ by the same, or the outcomes follow the
        length without exception, so that no finite weight fits best.

    Notes
    -----
    The length term of [1]_, without its term for the difficulty of each prompt and without its regularization.
    Fitted by Newton's method.

    References
    ----------
    .. [1] Y. Dubois et al., "Length-Controlled AlpacaEval," 2024.

    Examples
    --------
    Three of four won where longer, one of four where shorter by as much: half at equal length.

    >>> from code_examples.evaluation.alignment_evaluation import length_controlled_win_rate
    >>> rate, weight = length_controlled_win_rate([1, 1, 1, 0, 1, 0, 0, 0], [9, 9, 9, 9, -9, -9, -9, -9])
    >>> round(rate, 9), round(weight * 0.761594156, 6)  # log 3 for tanh(1)
    (0.5, 1.098612)

    Length that says nothing leaves the rate as it is.

    >>> round(length_controlled_win_rate([1, 1, 1, 0, 1, 1, 1, 0], [9, 9, 9, 9, -9, -9, -9, -9])[0], 9)
    0.75
    """
    outcomes, extra = _outcomes(outcomes), np.asarray(extra_length, dtype=float)
    if extra.shape != outcomes.shape or not np.isfinite(extra).all() or np.ptp(extra) == 0:
        raise ValueError(
            "extra_length is not one finite number for each outcome, or all are alike; pass differing lengths"
        )
    design = np.stack([np.ones(len(extra)), np.tanh(extra / extra.std())], axis=1)  # (n, 2)
    weights = np.zeros(2)
    for _ in range(30):
        p = sigmoid(design @ weights)
        curvature = design.T @ (design * (p * (1 - p))[:, None])
        if np.linalg.det(curvature) < 1e-9:
            raise ValueError("the outcomes follow the length without exception; pass more prompts")
        weights = weights + np.linalg.solve(curvature, design.T @ (outcomes - p))
    return float(sigmoid(weights[0])), float(weights[1])


def _outcomes(outcomes):
    outcomes = np.asarray(outcomes, dtype=float)
    if outcomes.ndim != 1 or not len(outcomes) or not np.isin(outcomes * 4, range(5)).all():
        raise ValueError("outcomes are not a row of wins (1), losses (0) and ties (0.5); pass one for each prompt")
    return outcomes
