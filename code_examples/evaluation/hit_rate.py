"""Hit rate over queries, the interval around a share, and the test of two systems on the same queries.

Accompanies ``docs/evaluation/hit-rate.md``, whose names it follows: ranking, relevant, k.
"""

import math
from statistics import NormalDist

import numpy as np

WIDTH = NormalDist().inv_cdf((1 + 0.95) / 2)  # standard errors to either side, for 95 %


def check_query(ranking, relevant):
    """Return a ranking and its relevant ids as list and set, or say what is wrong with them.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be empty.
    relevant : collection of ids
        All ids that answer the query, at least one.

    Returns
    -------
    tuple of list and set
        Copies of both.

    Raises
    ------
    ValueError
        If one of them is a string or no sequence, nothing is relevant, or the ranking names an id twice.

    Examples
    --------
    >>> from code_examples.evaluation.hit_rate import check_query
    >>> check_query((7, 3), [3, 3])
    ([7, 3], {3})
    """
    try:
        if isinstance(ranking, str) or isinstance(relevant, str):
            raise TypeError  # list("d12") would be three ids
        ranking, relevant = list(ranking), set(relevant)
        repeated = len(set(ranking)) < len(ranking)
    except TypeError:
        raise ValueError(
            "ids do not stand in a sequence; pass [5] rather than 5, and each query's ids by its own"
        ) from None
    if not relevant:
        raise ValueError("no id is relevant; leave out a query that nothing answers, and judge refusals apart")
    if repeated:
        raise ValueError("the ranking names an id twice; keep the first place of each")
    return ranking, relevant


def check_queries(rankings, relevants):
    """Return the queries as pairs of a ranking and its relevant ids, or say that they do not match.

    Parameters
    ----------
    rankings : sequence of rankings
        One for each query.
    relevants : sequence of collections of ids
        The relevant ids of each query, in the same order.

    Returns
    -------
    list of tuples
        A ranking and its relevant ids for each query, at least one.

    Raises
    ------
    ValueError
        If there is no query, or the numbers differ.

    Examples
    --------
    >>> from code_examples.evaluation.hit_rate import check_queries
    >>> check_queries([[7, 3]], [{3}])
    [([7, 3], {3})]
    """
    if not 0 < len(rankings) == len(relevants):
        raise ValueError(f"{len(rankings)} rankings for {len(relevants)} queries; pass one for each, at least one")
    return list(zip(rankings, relevants, strict=True))


def check_cutoff(k):
    """Refuse a cut-off that is no number of results.

    Parameters
    ----------
    k : int
        How many results are looked at, at least 1.

    Raises
    ------
    ValueError
        If `k` is not an integer of at least 1.

    Examples
    --------
    >>> from code_examples.evaluation.hit_rate import check_cutoff
    >>> check_cutoff(1)
    """
    if not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k is {k}; pass an integer of at least 1")


def first_hit(ranking, relevant):
    """Return the rank of the first relevant result.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be empty.
    relevant : collection of ids
        All ids that answer the query, at least one.

    Returns
    -------
    int or None
        The rank, counted from 1; None where no relevant id is in the ranking.

    Raises
    ------
    ValueError
        If nothing is relevant, or the ranking names an id twice.

    Examples
    --------
    >>> from code_examples.evaluation.hit_rate import first_hit
    >>> first_hit([4, 9, 2, 7], {2, 7})
    3
    >>> first_hit([], {2}) is None
    True
    """
    ranking, relevant = check_query(ranking, relevant)
    return next((rank for rank, item in enumerate(ranking, 1) if item in relevant), None)


def hit_rate(rankings, relevants, k):
    """Return the share of queries with a relevant result among the first k.

    Parameters
    ----------
    rankings : sequence of rankings
        One for each query: ids, best first.
    relevants : sequence of collections of ids
        The relevant ids of each query, in the same order.
    k : int
        How many results are looked at, at least 1.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If there is no query, the numbers differ, `k` is not an integer of at least 1, or a query is malformed.

    Notes
    -----
    trec_eval has it as ``success_k`` [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_success.c, 2026.

    Examples
    --------
    Of three queries, the first is hit at rank 1, the second at rank 2 and the third nowhere.

    >>> from code_examples.evaluation.hit_rate import hit_rate
    >>> rankings, relevants = [[1, 2], [3, 1], [2, 3]], [{1}, {1, 9}, {4}]
    >>> [round(hit_rate(rankings, relevants, k), 4) for k in (1, 2, 9)]
    [0.3333, 0.6667, 0.6667]
    """
    check_cutoff(k)
    ranks = [first_hit(*query) for query in check_queries(rankings, relevants)]
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def wilson_interval(hits, n):
    """Return the 95 % interval of Wilson for a share that was counted.

    Parameters
    ----------
    hits : float
        How many of `n` queries were hit or comparisons won, from 0 to `n`; a tie counts one half.
    n : int
        How many there were, at least 1, each counted once.

    Returns
    -------
    tuple of two floats
        Lower and upper end, from 0 to 1.

    Raises
    ------
    ValueError
        If `n` is not an integer of at least 1, or `hits` is outside 0 to `n`.

    Notes
    -----
    The shares from which the counted one lies at most 1.96 of their own standard errors away [1]_. With ties it is a
    little too wide, since halves vary less than hits and misses.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference," 1927.

    Examples
    --------
    Half of 72, and no hit at all: even then the share may be above a quarter.

    >>> from code_examples.evaluation.hit_rate import wilson_interval
    >>> [round(end, 4) for end in wilson_interval(36, 72)]
    [0.3875, 0.6125]
    >>> [round(end, 4) for end in wilson_interval(0, 10)]
    [0.0, 0.2775]
    """
    if not isinstance(n, int | np.integer) or n < 1 or not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of n = {n}; pass an integer n of at least 1, and from 0 to n hits")
    share, shrunk = hits / n, 1 + WIDTH**2 / n
    centre = (share + WIDTH**2 / (2 * n)) / shrunk
    half = WIDTH * math.sqrt(share * (1 - share) / n + (WIDTH / (2 * n)) ** 2) / shrunk
    return max(centre - half, 0.0), min(centre + half, 1.0)  # rounding may carry them past the ends


def sign_test(better, worse):
    """Return how often chance alone would part two equal systems at least as far as this.

    Parameters
    ----------
    better : int
        Queries on which the first system does better than the second.
    worse : int
        Queries on which it does worse; ties are left out.

    Returns
    -------
    float
        The two-sided p-value, above 0 and at most 1; 1 where no query tells them apart.

    Raises
    ------
    ValueError
        If a count is not an integer of 0 or more.

    Notes
    -----
    The exact binomial test of even odds. On hits and misses it is the exact form of McNemar's test [1]_.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions," 1947.

    Examples
    --------
    Five coins that all fall on one side, whichever: 2 of 32 cases.

    >>> from code_examples.evaluation.hit_rate import sign_test
    >>> sign_test(5, 0), sign_test(0, 5)
    (0.0625, 0.0625)
    >>> sign_test(3, 1), sign_test(2, 2), sign_test(0, 0)
    (0.625, 1.0, 1.0)
    """
    if not all(isinstance(count, int | np.integer) and count >= 0 for count in (better, worse)):
        raise ValueError(f"the counts are {better} and {worse}; pass integers of 0 or more")
    n = int(better) + int(worse)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(min(better, worse) + 1)) / 2**n)
