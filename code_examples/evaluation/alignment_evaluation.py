"""Win rates of a model against a baseline: both orders of showing, and equal length.

Accompanies ``docs/evaluation/alignment-evaluation.md``, whose names it follows. The interval of a win rate is that of a
hit rate, `wilson_interval`.
"""

import numpy as np

from code_examples.evaluation.hit_rate import WIDTH
from code_examples.training.reward_model import sigmoid


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
    ends : tuple of two floats
        Lower and upper end of its 95 % interval, from 0 to 1.
    weight : float
        How much the log-odds of a win rise with ``tanh(extra length / its standard deviation)``.

    Raises
    ------
    ValueError
        If the shapes differ, a number is out of range, all lengths differ by the same, or no finite weights fit best
        because all prompts were won, or lost, or length alone parts those won from those lost.

    Notes
    -----
    The length term of [1]_, without its term for the difficulty of each prompt and without its regularization.
    Fitted by Newton's method. The interval is that of the intercept by the sandwich estimator [2]_, which does not
    take for granted that the model is right or that no outcome is a tie.

    References
    ----------
    .. [1] Y. Dubois et al., "Length-Controlled AlpacaEval," 2024; source of glm_winrate.py.
    .. [2] W.-L. Chiang et al., "Chatbot Arena," 2024, section 5.

    Examples
    --------
    Three of four won where longer, one of four where shorter by as much: half at equal length. The log-odds are the
    mean of two that have a variance of 1 / (4 * 3/4 * 1/4) each, so their standard error is 0.8165.

    >>> from code_examples.evaluation.alignment_evaluation import length_controlled_win_rate
    >>> rate, ends, weight = length_controlled_win_rate([1, 1, 1, 0, 1, 0, 0, 0], [9, 9, 9, 9, -9, -9, -9, -9])
    >>> round(rate, 9), round(weight * 0.761594156, 6)  # log 3 for tanh(1)
    (0.5, 1.098612)
    >>> [round(end, 4) for end in ends]  # 1 / (1 + exp(1.96 * 0.8165)), and the rest to 1
    [0.1679, 0.8321]

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
            raise ValueError("all was won or lost, or length alone decided; pass more prompts")
        inverse, pulls = np.linalg.inv(curvature), design * (outcomes - p)[:, None]  # (2, 2), (n, 2)
        weights = weights + inverse @ pulls.sum(axis=0)
    error = np.sqrt((inverse @ pulls.T @ pulls @ inverse)[0, 0])
    low, rate, high = sigmoid(weights[0] + WIDTH * error * np.array([-1, 0, 1])).tolist()
    return rate, (low, high), float(weights[1])


def _outcomes(outcomes):
    outcomes = np.asarray(outcomes, dtype=float)
    if outcomes.ndim != 1 or not len(outcomes) or not np.isin(outcomes * 4, range(5)).all():
        raise ValueError("outcomes are not a row of wins (1), losses (0) and ties (0.5); pass one for each prompt")
    return outcomes
