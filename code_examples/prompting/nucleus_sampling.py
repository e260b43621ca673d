"""Truncated sampling: which of the next tokens may be drawn at all.

Accompanies ``docs/prompting/nucleus-sampling.md``, whose names it follows.
"""

import numpy as np


def top_k(probabilities, k):
    """Keep the k most probable tokens, and let them share what there is.

    Parameters
    ----------
    probabilities : array_like, shape (n_tokens,)
        One distribution: from 0 to 1, with sum 1.
    k : int
        How many tokens to keep, at least 1; of equals the first. More than there are keeps all.

    Returns
    -------
    ndarray of float64, shape (n_tokens,)
        Probabilities that sum to 1, exactly 0 where a token was dropped.

    Raises
    ------
    ValueError
        If `probabilities` is no distribution, or `k` is not an integer of at least 1.

    Notes
    -----
    Stories were sampled so in [1]_. Libraries differ on ties: [2]_ keeps every token as probable as the last one kept.

    References
    ----------
    .. [1] A. Fan, M. Lewis and Y. Dauphin, "Hierarchical neural story generation," 2018.
    .. [2] Hugging Face, Transformers, ``generation/logits_process.py``.

    Examples
    --------
    >>> from code_examples.prompting.nucleus_sampling import top_k
    >>> top_k([0.2, 0.6, 0.2, 0], 2).round(3).tolist()
    [0.25, 0.75, 0.0, 0.0]
    >>> top_k([0.2, 0.6, 0.2, 0], 9).tolist()
    [0.2, 0.6, 0.2, 0.0]
    """
    p = _distribution(probabilities)
    if not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"k is {k}; pass an integer of at least 1")
    kept = np.zeros_like(p)
    first = _descending(p)[:k]
    kept[first] = p[first]
    return kept / kept.sum()


def top_p(probabilities, p):
    """Keep the nucleus: the smallest set of most probable tokens that together reach p.

    Parameters
    ----------
    probabilities : array_like, shape (n_tokens,)
        One distribution: from 0 to 1, with sum 1.
    p : float
        Mass to be reached, above 0 and at most 1; 1 keeps all. Of equals the first are kept.

    Returns
    -------
    ndarray of float64, shape (n_tokens,)
        Probabilities that sum to 1, exactly 0 where a token was dropped. The most probable token is never dropped.

    Raises
    ------
    ValueError
        If `probabilities` is no distribution, or `p` is not above 0 and at most 1.

    Notes
    -----
    The nucleus of [1]_. Where rounding matters, at the very edge of `p`, libraries may keep one token more or less.

    References
    ----------
    .. [1] A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, "The curious case of neural text degeneration," 2020.

    Examples
    --------
    The first two hold 0.8, which is enough; the first alone is not.

    >>> from code_examples.prompting.nucleus_sampling import top_p
    >>> top_p([0.5, 0.3, 0.15, 0.05], 0.7).round(6).tolist()
    [0.625, 0.375, 0.0, 0.0]
    >>> top_p([0.25, 0.5, 0.25], 0.5).tolist(), top_p([0.25, 0.5, 0.25], 1).tolist()
    ([0.0, 1.0, 0.0], [0.25, 0.5, 0.25])
    """
    probabilities = _distribution(probabilities)
    if not 0 < p <= 1:
        raise ValueError(f"p is {p}; pass a number above 0 and at most 1")
    order = _descending(probabilities)
    mass = probabilities[order].cumsum()  # with that token
    # the first place where the mass reaches p belongs to the nucleus
    n_kept = len(mass) if p == 1 else int((mass < p).sum()) + 1
    kept = np.zeros_like(probabilities)
    kept[order[:n_kept]] = probabilities[order[:n_kept]]
    return kept / kept.sum()


def min_p(probabilities, p):
    """Keep the tokens that are at least p times as probable as the most probable one.

    Parameters
    ----------
    probabilities : array_like, shape (n_tokens,)
        One distribution: from 0 to 1, with sum 1.
    p : float
        Share of the largest probability, from 0 to 1; 0 keeps all, 1 the most probable token and its equals.

    Returns
    -------
    ndarray of float64, shape (n_tokens,)
        Probabilities that sum to 1, exactly 0 where a token was dropped.

    Raises
    ------
    ValueError
        If `probabilities` is no distribution, or `p` is not from 0 to 1.

    Notes
    -----
    The base probability of [1]_, times the largest probability, is the threshold.

    References
    ----------
    .. [1] M. N. Nguyen et al., "Turning up the heat: min-p sampling for creative and coherent LLM outputs," 2024.

    Examples
    --------
    A quarter of the largest is 0.125.

    >>> from code_examples.prompting.nucleus_sampling import min_p
    >>> min_p([0.5, 0.125, 0.125, 0.15, 0.1], 0.25).round(4).tolist()
    [0.5556, 0.1389, 0.1389, 0.1667, 0.0]
    >>> min_p([0.25, 0.5, 0.25], 1).tolist(), min_p([0.25, 0.5, 0.25], 0).tolist()
    ([0.0, 1.0, 0.0], [0.25, 0.5, 0.25])
    """
    probabilities = _distribution(probabilities)
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}; pass a number from 0 to 1")
    kept = np.where(probabilities >= p * probabilities.max(), probabilities, 0)
    return kept / kept.sum()


def _distribution(probabilities):
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 1 or not (p >= 0).all() or not abs(p.sum() - 1) < 1e-6:
        raise ValueError("probabilities must be one row of numbers from 0 to 1 with sum 1")
    return p


def _descending(p):
    return np.argsort(-p, kind="stable")  # of equals the first stays first
