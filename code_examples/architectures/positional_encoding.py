"""Positional encoding: telling attention where a token stands, by adding waves or by rotating.

Accompanies ``docs/architectures/positional-encoding.md``, whose names it follows.
"""

import math

import numpy as np


def frequencies(d, base=10_000.0):
    """Return how far each pair of entries turns from one position to the next.

    Parameters
    ----------
    d : int
        Width of the vectors, even, at least 2.
    base : float, default 10000
        Finite and above 1. A larger base slows the slow pairs further.

    Returns
    -------
    ndarray of float64, shape (d / 2,)
        Radians per position, from 1 downward.

    Raises
    ------
    ValueError
        If `d` is no even integer of at least 2, or `base` is not finite and above 1.

    Notes
    -----
    The theta of section 3.2.2 in [1]_, with indices from zero; the same as in section 3.5 of [2]_.

    References
    ----------
    .. [1] J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding," 2021.
    .. [2] A. Vaswani et al., "Attention Is All You Need," 2017.

    Examples
    --------
    >>> from code_examples.architectures.positional_encoding import frequencies
    >>> frequencies(6, base=1000).round(12).tolist()
    [1.0, 0.1, 0.01]

    A single pair makes one radian a step, whatever the base.

    >>> frequencies(2).tolist()
    [1.0]
    """
    if not 2 <= d < math.inf or d % 2:
        raise ValueError(f"d is {d}; pass an even integer of at least 2")
    if not 1 < base < math.inf:
        raise ValueError(f"base is {base}; pass a finite number above 1")
    return float(base) ** (-np.arange(0, d, 2) / d)


def sinusoidal_encoding(positions, d, base=10_000.0):
    """Return the vector of waves that is added to the embedding at each position.

    Parameters
    ----------
    positions : array_like, shape (n,)
        Finite positions, usually 0, 1, 2 and so on.
    d : int
        Width of the model, even, at least 2.
    base : float, default 10000
        As in `frequencies`.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Sine and cosine of each angle side by side, from -1 to 1.

    Raises
    ------
    ValueError
        If `positions` are no row of finite numbers, or `frequencies` refuses `d` or `base`.

    Notes
    -----
    The two equations in section 3.5 of [1]_.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017.

    Examples
    --------
    After a quarter and after half a turn of a single pair.

    >>> import math
    >>> from code_examples.architectures.positional_encoding import sinusoidal_encoding
    >>> sinusoidal_encoding([math.pi / 2, math.pi], d=2).round(12).tolist()
    [[1.0, 0.0], [0.0, -1.0]]

    At position zero every sine is 0 and every cosine 1.

    >>> sinusoidal_encoding([0], d=4).tolist()
    [[0.0, 1.0, 0.0, 1.0]]
    """
    angles = _angles(positions, d, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), int(d))


def rotate(x, positions, base=10_000.0):
    """Rotate each vector by angles that grow with its position (RoPE).

    Parameters
    ----------
    x : array_like, shape (..., n, d)
        Queries or keys of one head, finite; d is even.
    positions : array_like, shape (n,)
        The position of each row, finite.
    base : float, default 10000
        As in `frequencies`.

    Returns
    -------
    ndarray of float64, shape (..., n, d)
        Vectors of the same lengths. The dot product of two of them depends on their positions only
        through the difference.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or `frequencies` refuses d or `base`.

    Notes
    -----
    Equation 15 of [1]_: entries 0 and 1 are the first pair, 2 and 3 the second. Many libraries pair
    entry i with entry i + d / 2 instead; their weights need another order of columns.

    References
    ----------
    .. [1] J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding," 2021.

    Examples
    --------
    A quarter turn to the left.

    >>> import math
    >>> from code_examples.architectures.positional_encoding import rotate
    >>> rotate([[3, 2]], [math.pi / 2]).round(12).tolist()
    [[-2.0, 3.0]]

    Position zero leaves a vector as it is.

    >>> rotate([[3, 2, 5, 7]], [0]).tolist()
    [[3.0, 2.0, 5.0, 7.0]]
    """
    x = np.asarray(x, dtype=float)
    if x.ndim < 2 or np.shape(positions) != x.shape[-2:-1]:
        raise ValueError(f"x has shape {x.shape}; pass (..., n, d) and n positions, not {np.shape(positions)}")
    if not np.isfinite(x).all():
        raise ValueError("an entry of x is not finite; look for what made NaN or infinity first")
    angles = _angles(positions, x.shape[-1], base)
    sin, cos = np.sin(angles), np.cos(angles)
    left, right = x[..., 0::2], x[..., 1::2]  # (..., n, d / 2)
    return np.stack([left * cos - right * sin, left * sin + right * cos], axis=-1).reshape(x.shape)


def _angles(positions, d, base):
    """Return position times frequency, shape (n, d / 2)."""
    positions = np.asarray(positions, dtype=float)
    if positions.ndim != 1 or not np.isfinite(positions).all():
        raise ValueError("positions are no row of finite numbers; pass one number for each token")
    return np.multiply.outer(positions, frequencies(d, base))
