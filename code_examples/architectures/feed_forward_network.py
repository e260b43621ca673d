"""Feed-forward network: two weight matrices with an activation between them, for each position alone.

Accompanies ``docs/architectures/feed-forward-network.md``, whose names it follows.
"""

import numpy as np


def relu(x):
    """Replace what is negative by zero.

    Parameters
    ----------
    x : array_like
        Any real numbers, dimensionless.

    Returns
    -------
    ndarray of float64, shape of `x`
        At least 0 everywhere.

    Examples
    --------
    >>> from code_examples.architectures.feed_forward_network import relu
    >>> relu([-2, 0, 3]).tolist()
    [0.0, 0.0, 3.0]
    """
    return np.maximum(np.asarray(x, dtype=float), 0)


def feed_forward(x, w_in, b_in, w_out, b_out, activation=relu):
    """Apply the same two-layer network to every position.

    Parameters
    ----------
    x : array_like, shape (..., d_model)
        One vector for each position, dimensionless.
    w_in : array_like, shape (d_model, d_ff)
        Weights into the hidden units; column j is what unit j looks for.
    b_in : array_like, shape (d_ff,)
        Biases of the hidden units.
    w_out : array_like, shape (d_ff, d_out)
        Weights out of the hidden units; row j is what unit j adds to the output.
    b_out : array_like, shape (d_out,)
        Biases of the outputs.
    activation : callable, default relu
        Function that is applied to every hidden unit alone.

    Returns
    -------
    ndarray of float64, shape (..., d_out)
        One output for each position, which depends on that position alone. In a transformer d_out
        is d_model.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is not finite.

    Notes
    -----
    Equation 2 of [1]_, with another activation if asked for.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.3.

    Examples
    --------
    The distance of two numbers, which no single matrix computes.

    >>> from code_examples.architectures.feed_forward_network import feed_forward
    >>> w_in, w_out = [[1, -1], [-1, 1]], [[1], [1]]
    >>> feed_forward([[5, 2], [2, 5], [4, 4]], w_in, [0, 0], w_out, [0]).tolist()
    [[3.0], [3.0], [0.0]]

    Without an activation, the two matrices are one.

    >>> feed_forward([[5, 2], [2, 5]], w_in, [0, 0], w_out, [0], activation=lambda hidden: hidden).tolist()
    [[0.0], [0.0]]

    Where no unit fires, only the bias is left.

    >>> feed_forward([-4], [[1, 2]], [3, 7], [[10], [10]], [5]).tolist()
    [5.0]
    """
    x, w_in, b_in, w_out, b_out = (np.asarray(array, dtype=float) for array in (x, w_in, b_in, w_out, b_out))
    shapes = w_in.shape, b_in.shape, w_out.shape, b_out.shape
    if (w_in.ndim, w_out.ndim) != (2, 2) or shapes[1:] != (w_in.shape[1:], (w_in.shape[1], *b_out.shape), b_out.shape):
        raise ValueError(
            f"weights and biases have shapes {shapes}; pass (d_model, d_ff), (d_ff,), (d_ff, d_out), (d_out,)"
        )
    if x.shape[-1:] != w_in.shape[:1]:
        raise ValueError(f"x has shape {x.shape}; pass (..., {len(w_in)}), one number for each row of w_in")
    if not all(np.isfinite(array).all() for array in (x, w_in, b_in, w_out, b_out)):
        raise ValueError("a number is not finite; look for what made NaN or infinity first")
    hidden = activation(x @ w_in + b_in)  # (..., d_ff)
    return hidden @ w_out + b_out
