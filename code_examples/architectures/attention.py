"""Attention as it began, with additive scores, and what happens when one item is left out.

Accompanies ``docs/architectures/attention.md``, whose names it follows: query, keys, values, weights.
"""

import numpy as np

from code_examples.foundations.softmax import softmax


def additive_attention(query, keys, values, w_query, w_key, w_score):
    """Answer one query with a weighted mean of values, scored by a small network.

    Parameters
    ----------
    query : array_like, shape (d_query,)
        What is looked for; finite.
    keys : array_like, shape (n_keys, d_key)
        What each item offers to be matched; finite, of any width.
    values : array_like, shape (n_keys, d_value)
        What each item passes on, in any unit; finite.
    w_query : array_like, shape (d_query, n_hidden)
        Projection of the query; finite.
    w_key : array_like, shape (d_key, n_hidden)
        Projection of the keys; finite.
    w_score : array_like, shape (n_hidden,)
        Weight of each hidden unit in the score; finite. No score is larger than the sum of the
        absolute entries, nor smaller than minus that sum.

    Returns
    -------
    output : ndarray of float64, shape (d_value,)
        The weighted mean, in the unit of `values`.
    weights : ndarray of float64, shape (n_keys,)
        Shares from 0 to 1 that sum to 1.

    Raises
    ------
    ValueError
        If shapes do not fit, there is nothing to choose from, or an entry is not finite.

    Notes
    -----
    The alignment model of appendix A.1.2 in [1]_, equations 5 and 6 there. In that paper keys and
    values are the same vectors.

    References
    ----------
    .. [1] D. Bahdanau, K. Cho and Y. Bengio, "Neural Machine Translation by Jointly Learning to
       Align and Translate," 2014, section 3.1 and appendix A.1.2.

    Examples
    --------
    The query moves both keys to where tanh is flat, so both score the same.

    >>> from code_examples.architectures.attention import additive_attention
    >>> output, weights = additive_attention([1000], [[1], [2]], [[10, 0], [20, 4]], [[1]], [[1]], [5])
    >>> output.tolist(), weights.tolist()
    ([15.0, 2.0], [0.5, 0.5])

    Only one item: it is the answer.

    >>> additive_attention([1, 2], [[3]], [[7, 8]], [[1], [1]], [[1]], [1])[0].tolist()
    [7.0, 8.0]
    """
    arrays = [np.asarray(part, dtype=np.float64) for part in (query, keys, values, w_query, w_key, w_score)]
    query, keys, values, w_query, w_key, w_score = arrays
    shapes = [array.shape for array in arrays]
    if not (
        [len(shape) for shape in shapes] == [1, 2, 2, 2, 2, 1]
        and w_query.shape == query.shape + w_score.shape
        and w_key.shape == keys.shape[1:] + w_score.shape
        and len(keys) == len(values) > 0
    ):
        raise ValueError(
            f"the arrays have shapes {shapes}; pass (d_query,), (n, d_key), (n, d_value), "
            "(d_query, n_hidden), (d_key, n_hidden), (n_hidden,), with n at least 1"
        )
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("an entry is NaN or infinite; pass finite numbers, and leave out what is masked")
    hidden = np.tanh(query @ w_query + keys @ w_key)  # (n_keys, n_hidden)
    weights = softmax(hidden @ w_score)
    return weights @ values, weights


def removal_effects(weights, values):
    """Say how far the answer moves when one item is left out and the others share its weight.

    Parameters
    ----------
    weights : array_like, shape (n_keys,)
        Attention weights of one query: shares from 0 to 1 that sum to 1, none of them 1.
    values : array_like, shape (n_keys, d_value)
        The values that they mix, in any unit; finite.

    Returns
    -------
    ndarray of float64, shape (n_keys,)
        Euclidean distance between the answers with and without each item, in the unit of `values`.

    Raises
    ------
    ValueError
        If shapes do not fit, `weights` are no shares, one item holds all weight, or a value is not
        finite.

    Notes
    -----
    Masking item j raises all other weights by the factor ``1 / (1 - p_j)``. So the answer becomes
    ``(answer - p_j * v_j) / (1 - p_j)``, which is ``p_j / (1 - p_j) * (answer - v_j)`` away.

    Examples
    --------
    The answer is 12; without the first item 16, without the second 8.

    >>> from code_examples.architectures.attention import removal_effects
    >>> removal_effects([0.5, 0.5], [[8], [16]]).tolist()
    [4.0, 4.0]

    Equal values: no item matters, whatever its weight.

    >>> removal_effects([0.75, 0.25, 0], [[3, 4], [3, 4], [3, 4]]).tolist()
    [0.0, 0.0, 0.0]
    """
    p, values = np.asarray(weights, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if p.ndim != 1 or values.ndim != 2 or len(p) != len(values):
        raise ValueError(f"weights and values have shapes {p.shape} and {values.shape}; pass (n,) and (n, d_value)")
    if not ((p >= 0).all() and np.isclose(p.sum(), 1)):
        raise ValueError(f"weights are {p}; pass shares of at least 0 that sum to 1")
    if p.max() >= 1:  # rounding may leave a weight just above 1
        raise ValueError("one item holds all weight; without it nothing is left to answer with")
    if not np.isfinite(values).all():
        raise ValueError("a value is NaN or infinite; pass finite numbers")
    return p / (1 - p) * np.linalg.norm(values - p @ values, axis=1)
