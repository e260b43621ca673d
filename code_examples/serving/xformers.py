"""Two ways to avoid the square of attention: exact pieces, and an approximation by random features.

Accompanies ``docs/serving/xformers.md``, whose names it follows: chunk, and directions for the features.
"""

import numpy as np

from code_examples.architectures.self_attention import scaled_dot_product_attention


def chunked_attention(queries, keys, values, chunk):
    """Compute exact attention for some queries at a time.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (n_keys, d_key)
        Finite numbers, dimensionless.
    values : array_like, shape (n_keys, d_value)
        Finite numbers in any unit.
    chunk : int
        Queries in each piece, at least 1; at most ``chunk * n_keys`` scores are held at once.

    Returns
    -------
    ndarray of float64, shape (n_queries, d_value)
        What attention in one piece gives.

    Raises
    ------
    ValueError
        If `chunk` is no integer of at least 1, there is no query, or the shapes do not fit.

    Notes
    -----
    The outer loop of [1]_. Its inner loop cuts the keys as well, which needs a running maximum.

    References
    ----------
    .. [1] M. N. Rabe and C. Staats, "Self-attention Does Not Need O(n^2) Memory," 2021.

    Examples
    --------
    Equal keys: each query gets the mean value, whatever the chunk.

    >>> from code_examples.serving.xformers import chunked_attention
    >>> chunked_attention([[1], [2], [3]], [[5], [5]], [[4, 0], [8, 2]], chunk=2).tolist()
    [[6.0, 1.0], [6.0, 1.0], [6.0, 1.0]]

    One key: its value, in any number of pieces.

    >>> chunked_attention([[1], [2]], [[5]], [[7]], chunk=1).tolist()
    [[7.0], [7.0]]
    """
    if not isinstance(chunk, (int, np.integer)) or chunk < 1:
        raise ValueError(f"chunk is {chunk}; pass an integer of at least 1")
    if np.ndim(queries) != 2 or not len(queries):
        raise ValueError(f"queries have shape {np.shape(queries)}; pass (n_queries, d_key), at least one query")
    starts = range(0, len(queries), chunk)
    return np.concatenate([scaled_dot_product_attention(queries[s : s + chunk], keys, values) for s in starts])


def positive_features(x, directions):
    """Map vectors to positive features whose dot products estimate exp(x . y).

    Parameters
    ----------
    x : array_like, shape (n, d)
        Finite numbers, dimensionless.
    directions : array_like, shape (n_features, d)
        Drawn from a standard normal distribution, the same for all vectors.

    Returns
    -------
    ndarray of float64, shape (n, n_features)
        Above 0. Over the draws, the dot product of the features of x and y has mean exp(x . y).

    Raises
    ------
    ValueError
        If the widths of `x` and `directions` differ.

    Notes
    -----
    The positive random features of [1]_: ``exp(w . x - |x|^2 / 2)``, over the root of their number.

    References
    ----------
    .. [1] K. Choromanski et al., "Rethinking Attention with Performers," 2020.

    Examples
    --------
    The zero vector has equal features, and exp(0 . 0) = 1 exactly.

    >>> from code_examples.serving.xformers import positive_features
    >>> positive_features([[0, 0]], [[3, 1], [-2, 5], [0, 1], [1, 1]]).tolist()
    [[0.5, 0.5, 0.5, 0.5]]
    """
    return np.exp(_log_features(x, directions)) / np.sqrt(len(directions))


def random_feature_attention(queries, keys, values, directions):
    """Approximate attention in a time that is linear in the number of keys.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (n_keys, d_key)
        Finite numbers, dimensionless.
    values : array_like, shape (n_keys, d_value)
        Finite numbers in any unit.
    directions : array_like, shape (n_features, d_key)
        Drawn from a standard normal distribution.

    Returns
    -------
    ndarray of float64, shape (n_queries, d_value)
        A weighted mean of the values, with positive weights that sum to 1 and only estimate those
        of softmax attention.

    Raises
    ------
    ValueError
        If the widths differ, there is not a value for each key, or queries and keys are so large that
        their features do not meet.

    Notes
    -----
    The bidirectional attention of [1]_, with independent directions, where the paper makes them
    orthogonal to lower the variance.

    References
    ----------
    .. [1] K. Choromanski et al., "Rethinking Attention with Performers," 2020.

    Examples
    --------
    Equal keys get equal weights, whatever the directions.

    >>> from code_examples.serving.xformers import random_feature_attention
    >>> random_feature_attention([[1, 2]], [[3, 0], [3, 0]], [[4], [8]], [[0.5, 1], [-1, 2], [0, 1]]).round(12).tolist()
    [[6.0]]

    Features of zero vectors are exact: a plain mean.

    >>> random_feature_attention([[0]], [[0], [0], [0]], [[3], [6], [0]], [[1.5]]).round(12).tolist()
    [[3.0]]
    """
    if len(keys) != len(values):
        raise ValueError(f"{len(keys)} keys and {len(values)} values; pass a value for each key")
    root = np.shape(keys)[-1] ** 0.25  # so that a dot product is divided by sqrt(d_key)
    query_logs = _log_features(np.divide(queries, root), directions)  # (n_queries, n_features)
    key_logs = _log_features(np.divide(keys, root), directions)  # (n_keys, n_features)
    query_features = np.exp(query_logs - query_logs.max(axis=1, keepdims=True))  # a factor for each query cancels
    key_features = np.exp(key_logs - key_logs.max())  # and so does one for all keys
    summary = key_features.T @ np.asarray(values, dtype=np.float64)  # (n_features, d_value): no n by n matrix
    total = query_features @ key_features.sum(axis=0)  # (n_queries,)
    if not (total > 0).all():
        raise ValueError("the features of a query and of the keys do not meet; pass smaller queries and keys")
    return query_features @ summary / total[:, None]


def _log_features(x, directions):
    x, directions = np.asarray(x, dtype=np.float64), np.asarray(directions, dtype=np.float64)
    if x.ndim != 2 or directions.ndim != 2 or x.shape[1] != directions.shape[1]:
        raise ValueError(f"vectors of shape {x.shape} and directions of shape {directions.shape}; give both one width")
    return x @ directions.T - (x * x).sum(axis=1, keepdims=True) / 2
