"""Evaluating retrieval-augmented generation: where answers fail, a metric of the passages, and what a judge is worth.

Accompanies ``docs/evaluation/rag-evaluation.md``, whose names it follows. Measures of the search alone are those of
``hit_rate``, ``mrr`` and ``precision_recall``.
"""

import numpy as np


def tally(found, answered, right):
    """Count what became of each question, by the component that failed.

    Parameters
    ----------
    found : sequence of bool, shape (n,)
        Whether the search returned a passage with the answer.
    answered : sequence of bool, shape (n,)
        Whether the reader gave an answer, instead of saying that it does not know.
    right : sequence of bool, shape (n,)
        Whether the answer is right; only where there is one.

    Returns
    -------
    dict of str to int
        The counts of "right", "found, wrong", "found, silent", "missed, wrong" and "missed, silent".

    Raises
    ------
    ValueError
        If the lengths differ, there is no question, or a question without an answer counts as right.

    Notes
    -----
    "found" failures are the reader's, "missed" ones the search's, and silence after a miss is what a reader should
    do. A right answer without its passage counts as right.

    Examples
    --------
    >>> from code_examples.evaluation.rag_evaluation import tally
    >>> counts = tally([True, True, False, False], [True, False, True, False], [True, False, False, False])
    >>> list(counts.values())
    [1, 0, 1, 1, 1]
    """
    found, answered, right = _flags(found=found, answered=answered, right=right)
    if (right & ~answered).any():
        raise ValueError("a question without an answer counts as right; pass False for it")
    wrong = answered & ~right
    return {
        "right": int(right.sum()),
        "found, wrong": int((found & wrong).sum()),
        "found, silent": int((found & ~answered).sum()),
        "missed, wrong": int((~found & wrong).sum()),
        "missed, silent": int((~found & ~answered).sum()),
    }


def context_precision(verdicts):
    """Return how high the useful passages stand among those that were retrieved.

    Parameters
    ----------
    verdicts : sequence of bool, shape (k,)
        Whether each retrieved passage is useful, best rank first; at least one.

    Returns
    -------
    float
        From 0 (none is useful) to 1 (all useful ones stand first).

    Raises
    ------
    ValueError
        If there is no verdict, or one is neither true nor false.

    Notes
    -----
    The mean of precision@i over the ranks i of useful passages, as Ragas documents it [1]_. It divides by the useful
    passages *among the k*, where average precision divides by all: what was not retrieved costs nothing.

    References
    ----------
    .. [1] Exploding Gradients, "Ragas: context precision," 2025.

    Examples
    --------
    Precision 1/2 at rank 2 and 2/3 at rank 3.

    >>> from code_examples.evaluation.rag_evaluation import context_precision
    >>> round(context_precision([False, True, True]), 4)
    0.5833
    >>> context_precision([True, False, False]), context_precision([False, False])
    (1.0, 0.0)
    """
    (verdicts,) = _flags(verdicts=verdicts)
    precision = np.cumsum(verdicts) / np.arange(1, len(verdicts) + 1)
    return float(precision[verdicts].mean()) if verdicts.any() else 0.0


def swap_consistency(first_order, second_order):
    """Compare a judge's verdicts on pairs of answers with those on the same pairs in the other order.

    Parameters
    ----------
    first_order : sequence of {"A", "B"}, shape (n,)
        Which answer won where A was shown first.
    second_order : sequence of {"A", "B"}, shape (n,)
        Which answer won where B was shown first.

    Returns
    -------
    dict of str to float
        Shares from 0 to 1: "A" and "B" won in both orders, "first" and "second" place won in both.

    Raises
    ------
    ValueError
        If the lengths differ, there is no pair, or a verdict is neither "A" nor "B".

    Notes
    -----
    Only the first two are verdicts; the others say where the judge looks, and count as ties.

    Examples
    --------
    >>> from code_examples.evaluation.rag_evaluation import swap_consistency
    >>> swap_consistency("AABA", "AABB")
    {'A': 0.5, 'B': 0.25, 'first': 0.25, 'second': 0.0}
    """
    pairs = list(zip(first_order, second_order, strict=False))
    if len(first_order) != len(second_order) or not pairs or not {v for pair in pairs for v in pair} <= {"A", "B"}:
        raise ValueError('pass as many verdicts in both orders, at least one, each "A" or "B"')
    kinds = {"A": ("A", "A"), "B": ("B", "B"), "first": ("A", "B"), "second": ("B", "A")}
    return {kind: pairs.count(pair) / len(pairs) for kind, pair in kinds.items()}


def corrected_rate(rate, sensitivity, specificity):
    """Return the share of right answers behind the share that an imperfect judge calls right.

    Parameters
    ----------
    rate : float
        Share of answers that the judge passes, from 0 to 1.
    sensitivity : float
        Share of the right answers that it passes, from 0 to 1, measured on answers that people have labelled.
    specificity : float
        Share of the wrong answers that it rejects, from 0 to 1; with `sensitivity` above 1 in sum.

    Returns
    -------
    float
        The estimate, kept between 0 and 1.

    Raises
    ------
    ValueError
        If a number is not from 0 to 1, or the judge is no better than chance.

    Notes
    -----
    It solves ``rate = sensitivity * true + (1 - specificity) * (1 - true)`` for the true share [1]_.

    References
    ----------
    .. [1] C. Lee et al., "How to correctly report LLM-as-a-judge evaluations," 2025.

    Examples
    --------
    (0.7 + 0.8 - 1) / (0.9 + 0.8 - 1), and a judge without errors.

    >>> from code_examples.evaluation.rag_evaluation import corrected_rate
    >>> round(corrected_rate(0.7, 0.9, 0.8), 4)
    0.7143
    >>> corrected_rate(0.7, 1, 1)
    0.7
    """
    if not all(0 <= share <= 1 for share in (rate, sensitivity, specificity)):
        raise ValueError(f"shares are {rate}, {sensitivity}, {specificity}; pass numbers from 0 to 1")
    informed = sensitivity + specificity - 1
    if informed <= 0:
        raise ValueError("sensitivity and specificity sum to at most 1; this judge tells right from wrong by chance")
    return float(min(max((rate - (1 - specificity)) / informed, 0), 1))


def _flags(**columns):
    arrays = [np.asarray(column) for column in columns.values()]
    if len({a.size for a in arrays}) > 1 or any(a.ndim != 1 or not a.size or a.dtype != bool for a in arrays):
        raise ValueError(f"pass {', '.join(columns)} as rows of True and False of one length, at least one each")
    return arrays
