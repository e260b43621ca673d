"""Scaled dot-product attention, and the several heads of it that a transformer layer runs.

Accompanies ``docs/architectures/self-attention.md``, whose names it follows: queries, keys, values.
"""

import numpy as np

from code_examples.foundations.softmax import softmax


def attention_weights(queries, keys, allowed=None):
    """Say how much of each key's value each query takes.

    Parameters
    ----------
    queries : array_like, shape (..., n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (..., n_keys, d_key)
        Finite numbers, dimensionless; leading axes broadcast against those of `queries`.
    allowed : array_like of bool, shape (n_queries, n_keys), optional
        True where a query may look; by default everywhere.

    Returns
    -------
    ndarray of float64, shape (..., n_queries, n_keys)
        Shares from 0 to 1; every row sums to 1, and is exactly 0 where not allowed.

    Raises
    ------
    ValueError
        If shapes do not fit, an entry is not finite, `allowed` is not boolean, or a query may look
        nowhere.

    Notes
    -----
    The softmax in equation 1 of [1]_. The paper sets scores to minus infinity where `allowed` is
    False (section 3.2.3 there), and so does this function.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.2.1.

    Examples
    --------
    Width 4, so the dot products 0 and 2 log 3 are halved, and log 3 has three times the weight.

    >>> import math
    >>> from code_examples.architectures.self_attention import attention_weights
    >>> keys = [[0, 0, 0, 5], [0, 2, 0, 0]]
    >>> attention_weights([[1, math.log(3), 0, 0]], keys).round(12).tolist()
    [[0.25, 0.75]]

    A query that may look at one key only takes all from it, whatever the scores.

    >>> attention_weights([[1, 9, 0, 0]], keys, allowed=[[True, False]]).tolist()
    [[1.0, 0.0]]
    """
    queries, keys = _matrices(queries=queries, keys=keys)
    if queries.shape[-1] != keys.shape[-1]:
        raise ValueError(
            f"queries of width {queries.shape[-1]} and keys of width {keys.shape[-1]} do not fit; "
            "make both with projections of one width"
        )
    _broadcastable(queries=queries, keys=keys)
    scores = queries @ keys.swapaxes(-1, -2) / np.sqrt(keys.shape[-1])  # (..., n_queries, n_keys)
    if allowed is not None:
        allowed = np.asarray(allowed)
        if allowed.dtype != bool or allowed.shape != scores.shape[-2:]:
            raise ValueError(
                f"allowed has type {allowed.dtype} and shape {allowed.shape}; "
                f"pass booleans of shape {scores.shape[-2:]}, True where a query may look"
            )
        scores = np.where(allowed, scores, -np.inf)
    return softmax(scores)


def scaled_dot_product_attention(queries, keys, values, allowed=None):
    """Give each query the mean of the values, weighted by how well its key fits.

    Parameters
    ----------
    queries : array_like, shape (..., n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (..., n_keys, d_key)
        Finite numbers, dimensionless.
    values : array_like, shape (..., n_keys, d_value)
        Finite numbers in any unit; one row for each key.
    allowed : array_like of bool, shape (n_queries, n_keys), optional
        True where a query may look; by default everywhere.

    Returns
    -------
    ndarray of float64, shape (..., n_queries, d_value)
        One row for each query, in the unit of `values`.

    Raises
    ------
    ValueError
        If shapes do not fit, an entry is not finite, `allowed` is not boolean, or a query may look
        nowhere.

    Notes
    -----
    Equation 1 of [1]_.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.2.1.

    Examples
    --------
    Keys that are equal share equally: the result is the plain mean.

    >>> from code_examples.architectures.self_attention import scaled_dot_product_attention
    >>> scaled_dot_product_attention([[7, 1]], [[3, 2], [3, 2]], [[10, 0, 4], [20, 2, 4]]).tolist()
    [[15.0, 1.0, 4.0]]

    One key only: every query gets its value.

    >>> scaled_dot_product_attention([[7], [-7]], [[3]], [[5, 6]]).tolist()
    [[5.0, 6.0], [5.0, 6.0]]
    """
    (values,) = _matrices(values=values)
    weights = attention_weights(queries, keys, allowed)
    if values.shape[-2] != weights.shape[-1]:
        raise ValueError(f"{weights.shape[-1]} keys but {values.shape[-2]} values; pass one value for each key")
    _broadcastable(weights=weights, values=values)
    return weights @ values


def multi_head_attention(x, w_query, w_key, w_value, w_output, n_heads, allowed=None):
    """Let every position of a sequence read from the others, by several heads at once.

    Parameters
    ----------
    x : array_like, shape (n, d_model)
        The sequence, one row for each position; finite.
    w_query, w_key : array_like, shape (d_model, n_heads * d_key)
        Projections to queries and keys, side by side for all heads; finite.
    w_value : array_like, shape (d_model, n_heads * d_value)
        Projection to values; finite.
    w_output : array_like, shape (n_heads * d_value, d_out)
        Projection of the heads' results, laid side by side; finite.
    n_heads : int
        At least 1.
    allowed : array_like of bool, shape (n, n), optional
        True where a position may look, for all heads; by default everywhere.

    Returns
    -------
    ndarray of float64, shape (n, d_out)
        One row for each position.

    Raises
    ------
    ValueError
        If shapes do not fit, the projections cannot be split into heads, an entry is not finite,
        `allowed` is not boolean, or a position may look nowhere.

    Notes
    -----
    Section 3.2.2 of [1]_, where each head has projections of its own. Laid side by side, they
    are one matrix product for all heads.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.2.2.

    Examples
    --------
    Two positions, two heads of width 1 that copy one entry each. All scores are 0, so each head
    gives the mean of its entry; the output swaps the two.

    >>> from code_examples.architectures.self_attention import multi_head_attention
    >>> x, nothing, copy, swap = [[2, 10], [4, 30]], [[0, 0], [0, 0]], [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    >>> multi_head_attention(x, nothing, nothing, copy, swap, n_heads=2).tolist()
    [[20.0, 3.0], [20.0, 3.0]]

    If each position may look at itself only, nothing is mixed.

    >>> multi_head_attention(x, nothing, nothing, copy, swap, 2, [[True, False], [False, True]]).tolist()
    [[10.0, 2.0], [30.0, 4.0]]
    """
    x, w_query, w_key, w_value, w_output = _matrices(
        x=x, w_query=w_query, w_key=w_key, w_value=w_value, w_output=w_output
    )
    shapes = [part.shape for part in (x, w_query, w_key, w_value, w_output)]
    if any(len(shape) != 2 for shape in shapes) or not (
        shapes[0][1] == shapes[1][0] == shapes[2][0] == shapes[3][0] and shapes[3][1] == shapes[4][0]
    ):
        raise ValueError(
            f"x and the projections have shapes {shapes}; pass (n, d_model), three times "
            "(d_model, n_heads * width), and (n_heads * d_value, d_out)"
        )
    widths = [shape[1] for shape in shapes[1:4]]
    if not (n_heads >= 1 and n_heads % 1 == 0 and all(width % n_heads == 0 for width in widths)):
        raise ValueError(f"{n_heads} heads cannot share widths {widths}; pass a count that divides them")

    # each (n_heads, n, width): the columns that belong to each head
    queries, keys, values = (np.split(x @ w, n_heads, axis=1) for w in (w_query, w_key, w_value))
    heads = scaled_dot_product_attention(queries, keys, values, allowed)
    return np.hstack(heads) @ w_output


def _matrices(**parts):
    """Return the arrays as float64, each with two axes or more and finite."""
    arrays = {name: np.asarray(part, dtype=np.float64) for name, part in parts.items()}
    for name, array in arrays.items():
        if array.ndim < 2 or not array.size:
            raise ValueError(f"{name} has shape {array.shape}; pass a matrix that is not empty")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity; pass finite numbers, and mask with allowed")
    return arrays.values()


def _broadcastable(**arrays):
    """Refuse arrays whose leading axes do not broadcast."""
    leading = {name: array.shape[:-2] for name, array in arrays.items()}
    try:
        np.broadcast_shapes(*leading.values())
    except ValueError:
        axes = " and ".join(f"{shape} of {name}" for name, shape in leading.items())
        raise ValueError(f"leading axes {axes} do not fit; make them equal, or 1 where one is shared") from None
