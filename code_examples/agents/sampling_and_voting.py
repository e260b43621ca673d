"""Sampling and voting: take the answer that most samples give, and how often that is the right one.

Accompanies ``docs/agents/sampling-and-voting.md``.
"""

import math
from numbers import Integral


def majority(answers):
    """Return the most frequent answer and the votes of each.

    Parameters
    ----------
    answers : iterable of hashable
        One answer for each sample, at least one; answers that mean the same must be equal, so bring them into one form.

    Returns
    -------
    winner : hashable
        The answer with most votes; of several with equally many, the one that came first.
    votes : dict
        How many samples gave each answer, in the order in which the answers came.

    Raises
    ------
    ValueError
        If there is no answer.

    Examples
    --------
    >>> from code_examples.agents.sampling_and_voting import majority
    >>> majority(["7", "35", "35", "36"])
    ('35', {'7': 1, '35': 2, '36': 1})
    >>> majority([36, 35, 35, 36])[0], majority([5])
    (36, (5, {5: 1}))
    """
    votes = {}
    for answer in answers:
        votes[answer] = votes.get(answer, 0) + 1
    if not votes:
        raise ValueError("no answer to vote on; pass at least one")
    return max(votes, key=votes.get), votes


def majority_accuracy(p, n):
    """Return how often a vote between two answers is right.

    Parameters
    ----------
    p : float
        Probability that one sample gives the right answer, from 0 to 1.
    n : int
        Number of independent samples, at least 1.

    Returns
    -------
    float
        Probability that most samples are right; a tie counts half.

    Raises
    ------
    ValueError
        If `p` or `n` is out of range.

    Notes
    -----
    The upper tail of a binomial distribution, which assumes that all wrong samples agree on one answer and that samples
    are independent: wrong answers that differ make a vote better, and samples that share an error make it worse.
    An even number of samples is as good as one less.

    Examples
    --------
    Three samples: all right, or two of the three, 0.216 + 3 * 0.36 * 0.4.

    >>> from code_examples.agents.sampling_and_voting import majority_accuracy
    >>> round(majority_accuracy(0.6, 3), 6), round(majority_accuracy(0.6, 4), 6)
    (0.648, 0.648)
    >>> round(majority_accuracy(0.4, 3), 6), majority_accuracy(0, 9), majority_accuracy(1, 2)
    (0.352, 0.0, 1.0)
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}; pass a probability from 0 to 1")
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    if p in (0, 1):
        return float(p)

    def chance(right):
        ways = math.lgamma(n + 1) - math.lgamma(right + 1) - math.lgamma(n - right + 1)
        return math.exp(ways + right * math.log(p) + (n - right) * math.log1p(-p))

    tie = chance(n // 2) / 2 if n % 2 == 0 else 0.0
    return tie + math.fsum(chance(right) for right in range(n // 2 + 1, n + 1))
