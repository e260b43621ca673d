"""Similarity of vectors: cosine, Euclidean distance, and the ranking that scores make.

Accompanies ``docs/retrieval/similarity.md``, whose names it follows. The inner product needs no function: ``a @ b.T``.
"""

import numpy as np


def unit(rows):
    """Scale each row to length 1.

    Parameters
    ----------
    rows : array_like, shape (d,) or (n, d)
        Vectors in any unit, none of them zero.

    Returns
    -------
    ndarray of float64, same shape
        The directions, dimensionless.

    Raises
    ------
    ValueError
        If `rows` are not finite numbers in one or two dimensions, none empty, or a row is zero.

    Examples
    --------
    >>> from code_examples.retrieval.similarity import unit
    >>> unit([[3, 4], [0, -2]]).tolist()
    [[0.6, 0.8], [0.0, -1.0]]

    Entries whose squares no float can hold:

    >>> unit([3e200, 4e200]).round(12).tolist()
    [0.6, 0.8]
    """
    rows = _rows(rows, "rows")
    largest = np.abs(rows).max(axis=-1, keepdims=True)
    if not largest.all():
        raise ValueError("a vector is zero and has no direction; leave it out")
    rows = rows / largest  # so that no square overflows or vanishes
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def cosine(a, b):
    """Return the cosine of the angle between each row of a and each row of b.

    Parameters
    ----------
    a : array_like, shape (d,) or (n_a, d)
        One vector or several, in any unit, none of them zero.
    b : array_like, shape (n_b, d)
        Vectors to compare with.

    Returns
    -------
    ndarray of float64, shape (n_b,) or (n_a, n_b)
        Cosines from -1 (opposite) to 1 (same direction), up to rounding.

    Raises
    ------
    ValueError
        If an argument is not finite or empty, the widths differ, `b` is no matrix, or a row is zero.

    Examples
    --------
    Lengths do not count:

    >>> from code_examples.retrieval.similarity import cosine
    >>> cosine([2, 0], [[9, 0], [0, 1], [-3, 0], [3, 4]]).round(12).tolist()
    [1.0, 0.0, -1.0, 0.6]

    Several vectors make a row each.

    >>> cosine([[2, 0], [0, 5]], [[3, 4]]).round(12).tolist()
    [[0.6], [0.8]]
    """
    a, b = _pair(a, b)
    return unit(a) @ unit(b).T


def euclidean(a, b):
    """Return the Euclidean distance from each row of a to each row of b.

    Parameters
    ----------
    a : array_like, shape (d,) or (n_a, d)
        One vector or several.
    b : array_like, shape (n_b, d)
        Vectors to compare with, in the same unit.

    Returns
    -------
    ndarray of float64, shape (n_b,) or (n_a, n_b)
        Distances of 0 or more, in the unit of the vectors. Small is similar: rank by their negative.

    Raises
    ------
    ValueError
        If an argument is not finite or empty, the widths differ, or `b` is no matrix.

    Notes
    -----
    The differences are formed before they are squared. The shorter form ``a @ a - 2 * a @ b + b @ b`` loses the
    distance of close vectors to rounding. The price is memory for n_a * n_b * d numbers.

    Examples
    --------
    >>> from code_examples.retrieval.similarity import euclidean
    >>> euclidean([0, 0], [[3, 4], [0, 0]]).tolist()
    [5.0, 0.0]
    >>> euclidean([[1, 1], [4, 5]], [[1, 1], [4, 1], [4, 5]]).tolist()
    [[0.0, 3.0, 5.0], [5.0, 4.0, 0.0]]
    """
    a, b = _pair(a, b)
    return np.linalg.norm(a[..., np.newaxis, :] - b, axis=-1)


def ranking(scores):
    """Return the ids of scored items, best first.

    Parameters
    ----------
    scores : array_like, shape (n_texts,)
        One score for each item, higher is better. For distances pass their negative.

    Returns
    -------
    list of int
        All ids from 0 to ``n_texts - 1``; of equal scores the lower id comes first.

    Raises
    ------
    ValueError
        If `scores` are not one row of numbers, or one is not a number.

    Examples
    --------
    >>> from code_examples.retrieval.similarity import ranking
    >>> ranking([0.2, 0.9, 0.2, 0.5])
    [1, 3, 0, 2]

    Nothing to rank:

    >>> ranking([])
    []
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or np.isnan(scores).any():
        raise ValueError(f"scores have shape {scores.shape} or hold a NaN; pass one row of numbers, one for each item")
    return np.argsort(-scores, kind="stable").tolist()


def _rows(values, name):
    """Return finite numbers in one or two dimensions as float64, or say what is wrong."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} of shape {values.shape}: pass finite numbers in one or two dimensions, none empty")
    return values


def _pair(a, b):
    """Return both as float64, or say what does not fit."""
    a, b = _rows(a, "a"), _rows(b, "b")
    if b.ndim != 2 or a.shape[-1] != b.shape[1]:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}; pass b as a matrix with as many columns as a")
    return a, b
