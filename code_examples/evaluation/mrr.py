"""Reciprocal rank of one query, and its mean over queries.

Accompanies ``docs/evaluation/mrr.md``, whose names it follows: ranking, relevant, k.
"""

from code_examples.evaluation.hit_rate import check_cutoff, check_queries, first_hit


def reciprocal_rank(ranking, relevant, k=None):
    """Return one divided by the rank of the first relevant result.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be empty.
    relevant : collection of ids
        All ids that answer the query, at least one.
    k : int, optional
        How many results are looked at, at least 1; all of them if it is not given.

    Returns
    -------
    float
        From 0, where no relevant result is among those looked at, to 1.

    Raises
    ------
    ValueError
        If nothing is relevant, the ranking names an id twice, or `k` is not an integer of at least 1.

    Notes
    -----
    trec_eval has it as ``recip_rank``, without a cut-off [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_recip_rank.c, 2026.

    Examples
    --------
    >>> from code_examples.evaluation.mrr import reciprocal_rank
    >>> reciprocal_rank([4, 9, 2, 7], {9, 7})
    0.5
    >>> [reciprocal_rank([4, 9, 2, 7], {7}, k) for k in (3, 4)]
    [0.0, 0.25]
    """
    rank = first_hit(ranking, relevant)
    if k is not None:
        check_cutoff(k)
        if rank is not None and rank > k:
            return 0.0
    return 0.0 if rank is None else 1 / rank


def mean_reciprocal_rank(rankings, relevants, k=None):
    """Return the mean of the reciprocal rank over queries, misses included.

    Parameters
    ----------
    rankings : sequence of rankings
        One for each query: ids, best first.
    relevants : sequence of collections of ids
        The relevant ids of each query, in the same order.
    k : int, optional
        How many results are looked at, at least 1; all of them if it is not given.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If there is no query, the numbers differ, `k` is not an integer of at least 1, or a query is malformed.

    Examples
    --------
    First hits at rank 1, at rank 2 and nowhere: (1 + 1/2 + 0) / 3.

    >>> from code_examples.evaluation.mrr import mean_reciprocal_rank
    >>> rankings, relevants = [[1, 2], [3, 1], [2, 3]], [{1}, {1, 9}, {4}]
    >>> mean_reciprocal_rank(rankings, relevants)
    0.5
    >>> round(mean_reciprocal_rank(rankings, relevants, k=1), 4)
    0.3333
    """
    values = [reciprocal_rank(*query, k) for query in check_queries(rankings, relevants)]
    return sum(values) / len(values)
