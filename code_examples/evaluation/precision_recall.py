"""Precision, recall and F1 from counts, precision and recall at a cut-off, and average precision.

Accompanies ``docs/evaluation/precision-recall.md``, whose names it follows: ranking, relevant, k.
"""

import numpy as np

from code_examples.evaluation.hit_rate import check_cutoff, check_query


def precision_recall_f1(true_positives, false_positives, false_negatives):
    """Return precision, recall and F1 of a set of predictions.

    Parameters
    ----------
    true_positives : int
        Returned and relevant.
    false_positives : int
        Returned and not relevant.
    false_negatives : int
        Relevant and not returned.

    Returns
    -------
    tuple of three floats
        Precision, recall and their harmonic mean, each from 0 to 1.

    Raises
    ------
    ValueError
        If a count is not an integer of 0 or more, nothing was returned, or nothing is relevant.

    Notes
    -----
    The harmonic mean of TP / (TP + FP) and TP / (TP + FN) is 2 TP / (2 TP + FP + FN), which has a value even where
    both are 0 [1]_.

    References
    ----------
    .. [1] C. D. Manning et al., "Introduction to Information Retrieval," 2008.

    Examples
    --------
    >>> from code_examples.evaluation.precision_recall import precision_recall_f1
    >>> [round(value, 4) for value in precision_recall_f1(8, 2, 4)]
    [0.8, 0.6667, 0.7273]
    >>> precision_recall_f1(0, 3, 1)
    (0.0, 0.0, 0.0)
    """
    counts = true_positives, false_positives, false_negatives
    if not all(isinstance(count, int | np.integer) and count >= 0 for count in counts):
        raise ValueError(f"the counts are {counts}; pass integers of 0 or more")
    hits, false, missed = map(int, counts)  # as Python has them: small NumPy integers overflow in sums
    returned, relevant = hits + false, hits + missed
    if not returned or not relevant:
        raise ValueError(
            "nothing was returned or nothing is relevant, and a share of nothing has no value; say so instead"
        )
    return hits / returned, hits / relevant, 2 * hits / (returned + relevant)


def precision_at(ranking, relevant, k):
    """Return the share of the first k places that hold a relevant result.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be shorter than `k`.
    relevant : collection of ids
        All ids that answer the query, at least one.
    k : int
        How many results are looked at, at least 1.

    Returns
    -------
    float
        From 0 to 1. Places that a short ranking leaves empty count as not relevant.

    Raises
    ------
    ValueError
        If nothing is relevant, the ranking names an id twice, or `k` is not an integer of at least 1.

    Notes
    -----
    trec_eval has it as ``P_k`` and divides by `k` in the same way [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_P.c, 2026.

    Examples
    --------
    >>> from code_examples.evaluation.precision_recall import precision_at
    >>> [precision_at([4, 9, 2, 7], {9, 7, 5}, k) for k in (1, 2, 4, 8)]
    [0.0, 0.5, 0.5, 0.25]
    """
    check_cutoff(k)
    ranking, relevant = check_query(ranking, relevant)
    return len(relevant.intersection(ranking[:k])) / int(k)


def recall_at(ranking, relevant, k):
    """Return the share of the relevant ids that are among the first k results.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be shorter than `k`.
    relevant : collection of ids
        All ids that answer the query, at least one.
    k : int
        How many results are looked at, at least 1.

    Returns
    -------
    float
        From 0 to 1; never above k divided by the number of relevant ids.

    Raises
    ------
    ValueError
        If nothing is relevant, the ranking names an id twice, or `k` is not an integer of at least 1.

    Notes
    -----
    trec_eval has it as ``recall_k`` [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_recall.c, 2026.

    Examples
    --------
    >>> from code_examples.evaluation.precision_recall import recall_at
    >>> [round(recall_at([4, 9, 2, 7], {9, 7, 5}, k), 4) for k in (1, 2, 4, 8)]
    [0.0, 0.3333, 0.6667, 0.6667]
    """
    check_cutoff(k)
    ranking, relevant = check_query(ranking, relevant)
    return len(relevant.intersection(ranking[:k])) / len(relevant)


def average_precision(ranking, relevant):
    """Return the mean, over all relevant ids, of the precision at the rank where each is found.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be empty.
    relevant : collection of ids
        All ids that answer the query, at least one.

    Returns
    -------
    float
        From 0 to 1. A relevant id that is not in the ranking adds 0 and is still counted.

    Raises
    ------
    ValueError
        If nothing is relevant, or the ranking names an id twice.

    Notes
    -----
    trec_eval has it as ``map``, whose mean over queries is the mean average precision [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_map.c, 2026.

    Examples
    --------
    Found at ranks 1 and 3, with precision 1 and 2/3 there, and one never: (1 + 2/3 + 0) / 3.

    >>> from code_examples.evaluation.precision_recall import average_precision
    >>> round(average_precision([4, 9, 7, 2], {4, 7, 5}), 4)
    0.5556

    With one relevant id it is the reciprocal rank.

    >>> average_precision([4, 9, 7, 2], {2})
    0.25
    """
    ranking, relevant = check_query(ranking, relevant)
    ranks = [rank for rank, item in enumerate(ranking, 1) if item in relevant]
    return sum(found / rank for found, rank in enumerate(ranks, 1)) / len(relevant)
