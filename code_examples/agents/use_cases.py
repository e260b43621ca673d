"""What a case is worth that a model handles, and how bad a day of its errors can be.

Accompanies ``docs/agents/use-cases.md``.
"""

import math


def case_worth(right, gain, harm, check, found):
    """Return the mean worth of one case that a model handles.

    Parameters
    ----------
    right : float
        Probability that the model's result is right, from 0 to 1.
    gain, harm, check : float
        What a right result brings, what a wrong one costs if it is carried out, and what a check by a person costs,
        in one currency; at least 0.
    found : float
        Share of the wrong results that the check finds, from 0 to 1. They are dropped: no gain and no harm.

    Returns
    -------
    float
        Worth in that currency; below 0 if the case had better be left alone.

    Raises
    ------
    ValueError
        If a probability is not from 0 to 1, or an amount is below 0 or not finite.

    Notes
    -----
    The check pays where ``(1 - right) * found * harm`` exceeds its cost: a case with a rare error can need none.

    Examples
    --------
    >>> from code_examples.agents.use_cases import case_worth
    >>> case_worth(0.75, gain=4, harm=20, check=0, found=0), case_worth(0.75, gain=4, harm=20, check=1, found=0.5)
    (-2.0, -0.5)
    >>> case_worth(1, gain=4, harm=20, check=0, found=0)
    4
    """
    for name, share in (("right", right), ("found", found)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share}; pass a probability from 0 to 1")
    for name, amount in (("gain", gain), ("harm", harm), ("check", check)):
        if not 0 <= amount < math.inf:
            raise ValueError(f"{name} is {amount}; pass an amount, finite and at least 0")
    return right * gain - (1 - right) * (1 - found) * harm - check


def more_errors_than(limit, n, error, together):
    """Return how likely more than a number of errors is, if cases err in groups.

    Parameters
    ----------
    limit : int
        Errors that can be borne, at least 0.
    n : int
        Cases, at least 1.
    error : float
        Probability that a group errs, and so that a case does, from 0 to 1.
    together : int
        Size of a group: cases that are all wrong or all right, because one cause decides. It divides ``n``. With 1 the
        cases are independent; with ``n`` all err at once.

    Returns
    -------
    float
        Probability from 0 to 1. The mean number of errors is ``n * error`` for every size of the groups.

    Raises
    ------
    ValueError
        If a count is too small, ``together`` does not divide ``n``, or ``error`` is not from 0 to 1.

    Examples
    --------
    More than one error in two cases, each wrong with probability one tenth:

    >>> from code_examples.agents.use_cases import more_errors_than
    >>> round(more_errors_than(1, 2, 0.1, 1), 4), round(more_errors_than(1, 2, 0.1, 2), 4)
    (0.01, 0.1)
    >>> more_errors_than(2, 2, 0.1, 1)
    0.0
    """
    if limit < 0 or together < 1 or n < 1 or n % together:
        raise ValueError(
            f"limit is {limit}, n is {n} and together is {together}; pass a limit of at least 0 "
            "and groups that divide at least one case"
        )
    if not 0 <= error <= 1:
        raise ValueError(f"error is {error}; pass a probability from 0 to 1")
    groups, borne = n // together, limit // together
    if error in (0, 1):
        return float(error and borne < groups)
    ways = (
        math.lgamma(groups + 1) - math.lgamma(k + 1) - math.lgamma(groups - k + 1) for k in range(borne + 1, groups + 1)
    )
    logs = (way + k * math.log(error) + (groups - k) * math.log1p(-error) for k, way in enumerate(ways, borne + 1))
    return min(1.0, math.fsum(map(math.exp, logs)))
