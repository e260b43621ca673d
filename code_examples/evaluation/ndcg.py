"""Discounted cumulative gain, and its share of what the ideal ranking would gain.

Accompanies ``docs/evaluation/ndcg.md``, whose names it follows: grades, gains, ranking, k.
"""

import numpy as np

from code_examples.evaluation.hit_rate import check_cutoff, check_query

FORMS = {"linear": lambda grades: grades, "exponential": lambda grades: np.exp2(grades) - 1}


def dcg(grades, form="linear"):
    """Return the discounted cumulative gain of results in their order.

    Parameters
    ----------
    grades : array_like, shape (n_results,)
        Graded relevance of each result, best rank first; from 0 to 1000, dimensionless.
    form : {"linear", "exponential"}
        Whether a grade is its own gain, or the gain is 2 to the power of the grade, less 1.

    Returns
    -------
    float
        Sum of gain over log2(rank + 1); 0 for no results.

    Raises
    ------
    ValueError
        If the grades are not one row of numbers from 0 to 1000, or the form is unknown.

    Notes
    -----
    The discount of trec_eval [2]_. The measure was defined with a discount that begins at a later rank [1]_.

    References
    ----------
    .. [1] K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques," 2002.
    .. [2] NIST, "trec_eval," source of m_ndcg.c, 2026.

    Examples
    --------
    Discounts at ranks 1 and 3 are log2(2) = 1 and log2(4) = 2.

    >>> from code_examples.evaluation.ndcg import dcg
    >>> dcg([3, 0, 2]), dcg([3, 0, 2], form="exponential")
    (4.0, 8.5)
    >>> dcg([])
    0.0
    """
    grades = np.asarray(grades, dtype=np.float64)
    if grades.ndim != 1 or not ((grades >= 0) & (grades <= 1000)).all():
        raise ValueError("grades are not one row of numbers from 0 to 1000; divide larger ones by one number")
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; pass 'linear' or 'exponential'")
    return float(FORMS[form](grades) @ (1 / np.log2(np.arange(len(grades)) + 2)))


def ndcg(ranking, gains, k=None, form="linear"):
    """Return the discounted cumulative gain of a ranking as a share of the ideal one.

    Parameters
    ----------
    ranking : sequence of ids
        Each id at most once, best first; may be empty.
    gains : dict of id to float
        Grade of every judged id, from 0 to 1000, one of them above 0. What is not in it counts as grade 0.
    k : int, optional
        How many results are looked at, in the ranking and in the ideal one, at least 1; all if it is not given.
    form : {"linear", "exponential"}
        Whether a grade is its own gain, or the gain is 2 to the power of the grade, less 1.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If `gains` are no dict or hold no grade above 0, a grade is out of range, the ranking names an id twice, `k` is
        not an integer of at least 1, or the form is unknown.

    Notes
    -----
    The ideal ranking holds all judged ids, found or not, as in trec_eval [1]_.

    References
    ----------
    .. [1] NIST, "trec_eval," source of m_ndcg.c, 2026.

    Examples
    --------
    Gained: 3 at rank 1, nothing at rank 2, 2 at rank 3, discounted to 3 + 2 / 2 = 4. Ideal: 3 + 2 / log2(3) = 4.2619.

    >>> from code_examples.evaluation.ndcg import ndcg
    >>> round(ndcg([5, 9, 8], {5: 3, 8: 2, 9: 0}), 4)
    0.9386

    One relevant result at rank 3 is discounted to a half, whatever its grade.

    >>> ndcg([7, 9, 8], {8: 5}), ndcg([7, 9, 8], {8: 5}, k=2), ndcg([7, 9, 8], {8: 5}, form="exponential")
    (0.5, 0.0, 0.5)
    """
    if k is not None:
        check_cutoff(k)
    if not isinstance(gains, dict):
        raise ValueError("gains are no dict; pass the grade of each judged id, {5: 3, 8: 2}")
    ranking, _ = check_query(ranking, gains)
    dcg(list(gains.values()))  # refuses what is no grade, also below the cut-off
    ideal = dcg(sorted(gains.values(), reverse=True)[:k], form)
    if ideal == 0:
        raise ValueError("no grade is above 0; leave out a query that nothing answers")
    return dcg([gains.get(item, 0) for item in ranking[:k]], form) / ideal
