"""Embeddings cut to their first numbers, and the nested (Matryoshka) loss that makes such cuts harmless.

Accompanies ``docs/retrieval/embedding-truncation.md``, whose names it follows: weights, width, widths.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax
from code_examples.retrieval.similarity import unit


def truncate(rows, width):
    """Keep the first numbers of each vector and scale the rest to length 1 again.

    Parameters
    ----------
    rows : array_like, shape (n, d)
        Finite numbers.
    width : int
        How many numbers are kept, from 1 to d.

    Returns
    -------
    ndarray of float64, shape (n, width)
        Rows of length 1.

    Raises
    ------
    ValueError
        If `rows` are no finite matrix, `width` is out of range, or nothing but zeros is left of a row.

    Examples
    --------
    >>> from code_examples.retrieval.embedding_truncation import truncate
    >>> truncate([[3, 4, 12], [0, -2, 5]], 2).tolist()
    [[0.6, 0.8], [0.0, -1.0]]

    One number keeps only a sign.

    >>> truncate([[3, 4, 12], [-5, 2, 5]], 1).tolist()
    [[1.0], [-1.0]]
    """
    rows = _matrix(rows, "rows")
    _check_width(width, rows.shape[1])
    return unit(rows[:, :width])


def nested_loss(weights, queries, texts, widths):
    """Return the contrastive loss of a linear encoder, averaged over several widths, and its gradient.

    Parameters
    ----------
    weights : array_like, shape (d_in, d)
        The encoder: a vector x becomes ``x @ weights``.
    queries, texts : array_like, shape (n_pairs, d_in)
        Row i of both belongs together; the texts of the other rows are the wrong answers.
    widths : sequence of int
        How many of the first numbers are used, each from 1 to d. ``[d]`` alone is ordinary training.

    Returns
    -------
    loss : float
        Mean over widths and pairs of the cross-entropy in nats of finding the own text by dot product.
    gradient : ndarray of float64, shape (d_in, d)
        Its derivative by `weights`.

    Raises
    ------
    ValueError
        If an argument is no finite matrix, shapes do not fit, there is no width, or one is out of range.

    Notes
    -----
    The sum over nested prefixes is that of [1]_, with equal weights, divided by their number so that losses of one
    and of several widths can be compared. The loss of each is softmax over the texts of the batch.

    References
    ----------
    .. [1] A. Kusupati et al., "Matryoshka Representation Learning," 2022.

    Examples
    --------
    In one dimension the two texts are alike, so the loss is log 2; in both, the own text leads by 9.

    >>> from code_examples.retrieval.embedding_truncation import nested_loss
    >>> pairs = [[1, 3], [1, -3]]
    >>> eye = [[1, 0], [0, 1]]
    >>> round(nested_loss(eye, pairs, pairs, [1])[0], 4)
    0.6931
    >>> round(nested_loss(eye, pairs, pairs, [1, 2])[0], 4)
    0.3466

    A single pair has no wrong answer.

    >>> nested_loss([[2.0]], [[1]], [[5]], [1])
    (0.0, array([[0.]]))
    """
    weights = _matrix(weights, "weights")
    queries, texts = _matrix(queries, "queries"), _matrix(texts, "texts")
    if queries.shape != texts.shape or queries.shape[1] != len(weights):
        raise ValueError(
            f"queries are {queries.shape}, texts {texts.shape}, weights {weights.shape}; pass as many queries as "
            "texts, with one number for each row of the weights"
        )
    if not len(widths):
        raise ValueError("there is no width; pass at least one")
    loss, gradient = 0.0, np.zeros_like(weights)
    for width in widths:
        _check_width(width, weights.shape[1])
        a, b = queries @ weights[:, :width], texts @ weights[:, :width]  # (n_pairs, width)
        log_p = log_softmax(a @ b.T)  # (n_pairs, n_pairs)
        loss -= float(np.diag(log_p).mean()) / len(widths)
        pull = (np.exp(log_p) - np.eye(len(a))) / (len(a) * len(widths))
        gradient[:, :width] += queries.T @ (pull @ b) + texts.T @ (pull.T @ a)
    return loss + 0.0, gradient


def _matrix(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} of shape {values.shape}: pass a matrix of finite numbers, not empty")
    return values


def _check_width(width, most):
    if not isinstance(width, int | np.integer) or not 1 <= width <= most:
        raise ValueError(f"width is {width}; pass an integer from 1 to {most}")
