"""Hybrid retrieval: several rankings or scores of the same texts made into one.

Accompanies ``docs/retrieval/hybrid-retrieval.md``.
"""

import math

import numpy as np


def rank_scores(rankings, k=60):
    """Return the reciprocal rank score of each id: one over k plus its rank, summed over the rankings.

    Parameters
    ----------
    rankings : sequence of sequences of int
        At least one ranking of ids, best first. They may differ in length; what is missing in one gets nothing there.
    k : float
        What is added to every rank, counted from 1; 0 or more, dimensionless.

    Returns
    -------
    dict of int to float
        The score of each id that stands in a ranking, above 0, lower ids first.

    Raises
    ------
    ValueError
        If there is no ranking or one is no sequence, the ids cannot be sorted, one stands twice in a ranking, or `k` is
        no finite number from 0.

    Notes
    -----
    The score of [1]_. A sum is rounded once, so that equal ranks give equal scores whatever their order.

    References
    ----------
    .. [1] G. V. Cormack, C. L. A. Clarke and S. Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and
       individual Rank Learning Methods," 2009.

    Examples
    --------
    Id 7 is third and first, a quarter and a half; the others are missing in the second ranking.

    >>> from code_examples.retrieval.hybrid_retrieval import rank_scores
    >>> {i: round(score, 4) for i, score in rank_scores([[4, 8, 7], [7]], k=1).items()}
    {4: 0.5, 7: 0.75, 8: 0.3333}

    Ranks one and three beat two and two, by a hair.

    >>> scores = rank_scores([[10, 20, 30], [30, 20, 10]])
    >>> [round(score, 6) for score in scores.values()]
    [0.032266, 0.032258, 0.032266]
    """
    try:
        rankings = [list(ranking) for ranking in rankings]
        ids = sorted(set().union(*rankings))
    except TypeError:
        raise ValueError(
            "a ranking is no sequence, or ids cannot be sorted; pass a list of rankings, [[3, 1]] rather than [3, 1]"
        ) from None
    if not rankings or any(len(set(ranking)) < len(ranking) for ranking in rankings):
        raise ValueError("there is no ranking, or an id stands twice in one; pass rankings of different ids")
    if not 0 <= k < math.inf:
        raise ValueError(f"k is {k}; pass a finite number of 0 or more")
    shares = {i: [] for i in ids}
    for ranking in rankings:
        for rank, i in enumerate(ranking, start=1):
            shares[i].append(1 / (k + rank))
    return {i: math.fsum(row) for i, row in shares.items()}


def reciprocal_rank_fusion(rankings, k=60):
    """Merge rankings by the sum of their reciprocal ranks.

    Parameters
    ----------
    rankings : sequence of sequences of int
        At least one ranking of ids, best first. They may differ in length; what is missing in one gets nothing there.
    k : float
        What is added to every rank, counted from 1; 0 or more, dimensionless.

    Returns
    -------
    list of int
        All ids that stand in a ranking, best first; of equals the lower first.

    Raises
    ------
    ValueError
        If there is no ranking or one is no sequence, the ids cannot be sorted, one stands twice in a ranking, or `k` is
        no finite number from 0.

    See Also
    --------
    rank_scores : The sums, and their source.

    Examples
    --------
    Ranks one and three beat two and two, and of the two that have them the lower id comes first.

    >>> from code_examples.retrieval.hybrid_retrieval import reciprocal_rank_fusion
    >>> reciprocal_rank_fusion([[30, 20, 10], [10, 20, 30]])
    [10, 30, 20]

    One ranking alone stays as it is.

    >>> reciprocal_rank_fusion([[3, 1, 2]])
    [3, 1, 2]
    """
    scores = rank_scores(rankings, k)
    return sorted(scores, key=scores.get, reverse=True)


def weighted_fusion(first, second, weight):
    """Mix two rows of scores, each first stretched to the range from 0 to 1.

    Parameters
    ----------
    first, second : array_like of float, shape (n,)
        Finite scores of the same n texts, higher for better, each in a unit of its own.
    weight : float
        Share of `first`, from 0 to 1; `second` gets the rest.

    Returns
    -------
    ndarray of float64, shape (n,)
        Mixed scores from 0 to 1, dimensionless. A row whose scores are all equal adds nothing.

    Raises
    ------
    ValueError
        If the rows are no finite numbers of the same n texts, at least one, or `weight` is no share.

    Notes
    -----
    The convex combination with min-max normalization of [1]_.

    References
    ----------
    .. [1] S. Bruch, S. Gai and A. Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval," 2022.

    Examples
    --------
    The units vanish: both rows become 0, 1/2 and 1, in other orders.

    >>> from code_examples.retrieval.hybrid_retrieval import weighted_fusion
    >>> weighted_fusion([10, 20, 30], [0.5, 0.3, 0.4], weight=0.75).tolist()
    [0.25, 0.375, 0.875]

    Where all are equal, there is nothing to choose by.

    >>> weighted_fusion([7, 7], [1, 2], weight=0.5).tolist()
    [0.0, 0.5]
    """
    rows = [np.asarray(row, dtype=np.float64) / 2 for row in (first, second)]  # halves, so that no span overflows
    if rows[0].ndim != 1 or rows[0].shape != rows[1].shape or not rows[0].size or not np.isfinite(rows).all():
        raise ValueError("the scores are not two rows of finite numbers; pass one of each kind for each text")
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}; pass a share from 0 to 1")
    spans = [np.ptp(row) or math.inf for row in rows]
    stretched = [(row - row.min()) / span for row, span in zip(rows, spans, strict=True)]
    return weight * stretched[0] + (1 - weight) * stretched[1]
