"""SwiGLU: a feed-forward layer whose hidden units are multiplied by a second projection of the input.

Accompanies ``docs/architectures/swiglu.md``, whose names it follows.
"""

import math

import numpy as np


def swish(x, beta=1.0):
    """Multiply each number by the logistic function of itself.

    Parameters
    ----------
    x : array_like
        Any finite numbers, dimensionless.
    beta : float, default 1.0
        Steepness of the logistic function, finite and at least 0. 1 is the SiLU.

    Returns
    -------
    ndarray of float64, shape of `x`
        ``x * sigmoid(beta * x)``: half of x at beta 0, nearly max(x, 0) at a large beta.

    Raises
    ------
    ValueError
        If a number is not finite, or `beta` is negative.

    Notes
    -----
    Section 1 of [1]_, under the name Swish. The logistic function is computed through its logarithm, so that
    nothing overflows.

    References
    ----------
    .. [1] N. Shazeer, "GLU Variants Improve Transformer," 2020, section 1.

    Examples
    --------
    >>> from code_examples.architectures.swiglu import swish
    >>> swish([1, -1]).round(4).tolist()
    [0.7311, -0.2689]

    At beta 0 it is linear, at a large beta a ReLU.

    >>> swish([-6, 6], beta=0).tolist()
    [-3.0, 3.0]
    >>> swish([-6, 6], beta=1000).round(9).tolist()
    [-0.0, 6.0]
    """
    x = np.asarray(x, dtype=float)
    if not np.isfinite(x).all():
        raise ValueError("a number is not finite; look for what made NaN or infinity first")
    if not 0 <= beta < math.inf:
        raise ValueError(f"beta is {beta}; pass a finite number of at least 0")
    with np.errstate(over="ignore"):  # beyond float64 the logistic function is 0 or 1 anyway
        return x * np.exp(-np.logaddexp(0, -beta * x))


def swiglu_feed_forward(x, w_gate, w_up, w_down, beta=1.0):
    """Apply a gated feed-forward layer to every position.

    Parameters
    ----------
    x : array_like, shape (..., d_model)
        One vector for each position, dimensionless.
    w_gate : array_like, shape (d_model, d_ff)
        Weights of the branch that goes through Swish.
    w_up : array_like, shape (d_model, d_ff)
        Weights of the branch that stays linear.
    w_down : array_like, shape (d_ff, d_out)
        Weights of the product of both, back to the width of the model.
    beta : float, default 1.0
        Steepness of Swish, finite and at least 0.

    Returns
    -------
    ndarray of float64, shape (..., d_out)
        One output for each position, which depends on that position alone.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or `beta` is negative.

    Notes
    -----
    FFN_SwiGLU in equation 6 of [1]_, where beta is 1 and there are no biases. The matrices are W, V and
    W2 there; gate, up and down are the names in the code of Llama.

    References
    ----------
    .. [1] N. Shazeer, "GLU Variants Improve Transformer," 2020, section 2.

    Examples
    --------
    One hidden unit at beta 0: half of the gate's 2, times the other branch's 3, times 5.

    >>> from code_examples.architectures.swiglu import swiglu_feed_forward
    >>> swiglu_feed_forward([[1]], [[2]], [[3]], [[5]], beta=0).tolist()
    [[15.0]]

    Without a bias, zero stays zero.

    >>> swiglu_feed_forward([0, 0], [[1, 2], [3, 4]], [[1, 1], [1, 1]], [[7], [8]]).tolist()
    [0.0]
    """
    x, w_gate, w_up, w_down = (np.asarray(array, dtype=float) for array in (x, w_gate, w_up, w_down))
    shapes = w_gate.shape, w_up.shape, w_down.shape
    if (w_gate.ndim, w_down.ndim) != (2, 2) or w_gate.shape != w_up.shape or w_gate.shape[1] != w_down.shape[0]:
        raise ValueError(f"weights have shapes {shapes}; pass (d_model, d_ff) twice and (d_ff, d_out)")
    if x.shape[-1:] != w_gate.shape[:1]:
        raise ValueError(f"x has shape {x.shape}; pass (..., {len(w_gate)}), one number for each row of w_gate")
    if not all(np.isfinite(array).all() for array in (x, w_gate, w_up, w_down)):
        raise ValueError("a number is not finite; look for what made NaN or infinity first")
    hidden = swish(x @ w_gate, beta) * (x @ w_up)  # (..., d_ff)
    return hidden @ w_down


def gated_width(d_ff, multiple=1):
    """Return the hidden width at which three matrices hold about as many weights as two.

    Parameters
    ----------
    d_ff : int
        Hidden width of the layer with two matrices, from 2 on.
    multiple : int, default 1
        What the width must be divisible by, from 1 on; hardware likes 64, 128 or 256.

    Returns
    -------
    int
        Two thirds of `d_ff`, rounded down, then up to the next multiple.

    Raises
    ------
    ValueError
        If `d_ff` is no integer of at least 2, or `multiple` none of at least 1.

    Notes
    -----
    The factor is that of section 2 of [1]_; the rounding is that of the published code of LLaMA.

    References
    ----------
    .. [1] N. Shazeer, "GLU Variants Improve Transformer," 2020, section 2.

    Examples
    --------
    >>> from code_examples.architectures.swiglu import gated_width
    >>> gated_width(3072), gated_width(16384, multiple=256)
    (2048, 11008)

    The least that leaves a unit.

    >>> gated_width(2)
    1
    """
    for name, value, least in (("d_ff", d_ff, 2), ("multiple", multiple, 1)):
        if not least <= value < math.inf or value != int(value):
            raise ValueError(f"{name} is {value}; pass an integer of at least {least}")
    return -(-(2 * int(d_ff) // 3) // int(multiple)) * int(multiple)  # rounded up
