"""Sampling and voting: take the answer that most samples give, and how often that is the right one.

Accompanies ``docs/agents/sampling-and-voting.md``.
"""

import math
from numbers import Integral

import numpy as np


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


def right_votes(p, n, correlation=0.0):
    """Return how likely each number of right samples is, for samples of one question.

    Parameters
    ----------
    p : float
        Probability that one sample gives the right answer, from 0 to 1: the mean over all questions.
    n : int
        Number of samples, at least 1.
    correlation : float, default 0
        Correlation between two samples of the same question, from 0 to below 1.

    Returns
    -------
    ndarray
        Shape (n + 1,): the probability of 0, 1, ..., `n` right samples.

    Raises
    ------
    ValueError
        If `p`, `n` or `correlation` is out of range.

    Notes
    -----
    Without correlation this is the binomial distribution. With it, each question has a probability of its own, from a
    beta distribution with mean `p` and variance ``correlation * p * (1 - p)``; given the question, samples are
    independent. This is the beta-binomial distribution, computed as an urn: each sample makes its kind likelier.

    Examples
    --------
    Two samples agree more often when they are correlated; each is right equally often.

    >>> from code_examples.agents.sampling_and_voting import right_votes
    >>> right_votes(0.6, 2).round(6).tolist()
    [0.16, 0.48, 0.36]
    >>> right_votes(0.6, 2, 0.5).round(6).tolist()
    [0.28, 0.24, 0.48]
    >>> right_votes(1, 3, 0.5).tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}; pass a probability from 0 to 1")
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation is {correlation}; pass a number from 0 to below 1")
    count = np.arange(n + 1)

    def log_products(first, step):
        with np.errstate(divide="ignore"):  # of nothing, of the first factor, of the first two, ...
            return np.concatenate([[0.0], np.cumsum(np.log(first + step * count[:-1]))])

    right, wrong, either = (log_products(share * (1 - correlation), correlation) for share in (p, 1 - p, 1))
    factorial = log_products(1, 1)
    return np.exp(factorial[n] - factorial - factorial[::-1] + right + wrong[::-1] - either[n])


def majority_accuracy(p, n, correlation=0.0):
    """Return how often a vote between two answers is right.

    Parameters
    ----------
    p : float
        Probability that one sample gives the right answer, from 0 to 1.
    n : int
        Number of samples, at least 1.
    correlation : float, default 0
        Correlation between two samples of the same question, from 0 to below 1; see `right_votes`.

    Returns
    -------
    float
        Probability that most samples are right; a tie counts half.

    Raises
    ------
    ValueError
        If `p`, `n` or `correlation` is out of range.

    Notes
    -----
    It assumes that all wrong samples of a question agree on one answer; for more answers see `plurality_accuracy`.
    An even number of samples is as good as one less.

    Examples
    --------
    Three samples: all right, or two of the three, 0.216 + 3 * 0.36 * 0.4.

    >>> from code_examples.agents.sampling_and_voting import majority_accuracy
    >>> round(majority_accuracy(0.6, 3), 6), round(majority_accuracy(0.6, 4), 6)
    (0.648, 0.648)
    >>> round(majority_accuracy(0.4, 3), 6), majority_accuracy(0, 9), majority_accuracy(1, 2)
    (0.352, 0.0, 1.0)

    At a correlation of one half, the second right sample has probability 0.8 and the third 1.3 / 1.5.

    >>> round(majority_accuracy(0.6, 3, 0.5), 6)
    0.608
    """
    votes = right_votes(p, n, correlation)
    return float(votes[n // 2 + 1 :].sum() + (votes[n // 2] / 2 if n % 2 == 0 else 0))


def plurality_accuracy(p, n):
    """Return how often the right answer gets most votes among several answers.

    Parameters
    ----------
    p : array_like
        Shape (n_answers,): how likely each answer is in one sample, the right one first; they add up to 1.
    n : int
        Number of independent samples, at least 1.

    Returns
    -------
    float
        Probability that the right answer wins; answers that tie for most votes share the win equally.

    Raises
    ------
    ValueError
        If `p` is no such row of probabilities, or `n` is no such number.

    Notes
    -----
    Votes follow a multinomial distribution: independent Poisson variables with means ``n * p``, given their sum. So the
    probabilities of all votes below the winner's multiply, and only the sum must be followed. Time grows with the third
    power of `n`; for thousands of samples draw votes at random instead.

    Examples
    --------
    The right answer is the likeliest and below one half. Three samples: it wins with two or more (0.352), and shares
    the win if all three differ (a third of 6 * 0.4 * 0.3 * 0.3).

    >>> from code_examples.agents.sampling_and_voting import plurality_accuracy
    >>> round(plurality_accuracy([0.4, 0.3, 0.3], 3), 6)
    0.424
    >>> round(plurality_accuracy([0.6, 0.4], 3), 6), plurality_accuracy([1], 5)
    (0.648, 1.0)
    """
    p = np.asarray(p, dtype=float)
    if p.ndim != 1 or not (p >= 0).all() or not math.isclose(p.sum(), 1):
        raise ValueError(f"p is {p.tolist()}; pass one row of probabilities that add up to 1, the right answer first")
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    count = np.arange(n + 1)
    factorial = np.concatenate([[0.0], np.cumsum(np.log(count[1:]))])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(count, np.multiply.outer(np.log(n * p), count), 0.0)
    right, *others = np.exp(logs - factorial - n * p[:, None])  # (n_answers, n + 1), chance of each number of votes
    wins = 0.0
    for votes in range(1, n + 1):
        ways = [np.eye(1, n + 1)[0]]  # by the answers that tie: chance that the others' votes add up to 0, ..., n
        for other in others:
            fewer = [np.convolve(way, other[:votes])[: n + 1] for way in ways] + [np.zeros(n + 1)]
            equal = [np.zeros(n + 1)] + [np.append(np.zeros(votes), way * other[votes])[: n + 1] for way in ways]
            ways = [a + b for a, b in zip(fewer, equal, strict=True)]
        wins += right[votes] * sum(way[n - votes] / (1 + ties) for ties, way in enumerate(ways))
    return float(wins / math.exp(n * math.log(n) - n - factorial[n]))


def calls_until_decided(p, n, correlation=0.0):
    """Return how many samples are drawn on average if sampling ends once more than half of `n` agree.

    Parameters
    ----------
    p : float
        Probability that one sample gives the right answer of two, from 0 to 1.
    n : int
        Number of samples at most; odd, at least 1.
    correlation : float, default 0
        Correlation between two samples of the same question, from 0 to below 1; see `right_votes`.

    Returns
    -------
    float
        Mean number of samples. The winner is the same as after all `n`: who has more than half cannot be overtaken.

    Raises
    ------
    ValueError
        If `p`, `n` or `correlation` is out of range.

    Notes
    -----
    A further sample is drawn after each number of samples at which neither answer has more than half of `n`: the mean
    is the sum of these probabilities.

    Examples
    --------
    Of three samples the third is needed only if the first two differ, in 2 * 0.6 * 0.4 of the cases; with correlated
    samples more rarely.

    >>> from code_examples.agents.sampling_and_voting import calls_until_decided
    >>> round(calls_until_decided(0.6, 3), 6), calls_until_decided(1, 7), calls_until_decided(0.3, 1)
    (2.48, 4.0, 1.0)
    >>> round(calls_until_decided(0.6, 3, 0.5), 6)
    2.24
    """
    if not isinstance(n, Integral) or n < 1 or n % 2 == 0:
        raise ValueError(f"n is {n}; pass an odd integer of at least 1")
    needed = n // 2 + 1
    undecided = (right_votes(p, k, correlation)[k - needed + 1 : needed].sum() for k in range(needed, n + 1))
    return float(needed + sum(undecided))
