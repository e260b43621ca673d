"""Gradient descent: slopes by small differences, and a walk against them.

Accompanies ``docs/foundations/gradient-descent.md``, whose names it follows: learning rate, gradient, step.
"""

import numpy as np


def numerical_gradient(function, x, step=1e-5):
    """Estimate a gradient from function values on both sides of a point.

    Parameters
    ----------
    function : callable
        Takes an array of the shape of `x` and returns one number, computed in float64: with the
        default step, single precision leaves two correct digits.
    x : array_like
        The point, finite, of any shape.
    step : float, default 1e-5
        How far to go to each side, relative to an entry beyond 1, absolute below; positive, finite.

    Returns
    -------
    ndarray of float64, shape of `x`
        The slope along each entry, in units of the function by units of the entry.

    Raises
    ------
    ValueError
        If `x` is empty or not finite, `step` is not positive and finite, or too small or too large
        to move an entry, or the function returns anything but one finite number.

    Notes
    -----
    The centred difference: equation 3.4.6 of [1]_ at t = 0. It calls the function twice for each
    entry. The distance is taken as it was rounded, so that large entries lose nothing to it.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, section 3.4(i).

    Examples
    --------
    The slope of x squared at 3 is 6.

    >>> from code_examples.foundations.gradient_descent import numerical_gradient
    >>> round(float(numerical_gradient(lambda x: x * x, 3)), 6)
    6.0

    A constant has none anywhere.

    >>> numerical_gradient(lambda x: 7, [1, 2]).tolist()
    [0.0, 0.0]
    """
    x = np.array(x, dtype=float)
    if not x.size or not np.isfinite(x).all():
        raise ValueError("x is empty or not finite; pass the point at which the slope is wanted")
    if not 0 < step < np.inf:
        raise ValueError(f"step is {step}; pass a positive, finite number")
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        after, before = x.copy(), x.copy()
        with np.errstate(over="ignore"):
            after[i] += step * max(1, abs(x[i]))
            before[i] -= step * max(1, abs(x[i]))
            distance = after[i] - before[i]  # now, since the function may write into what it is given
        if not 0 < distance < np.inf:
            raise ValueError(f"step is {step}, too {'large' if distance else 'small'} to move {x[i]}; pass another one")
        gradient[i] = (_value(function, after) - _value(function, before)) / distance
    return gradient


def descend(gradient, start, learning_rate, n_steps):
    """Walk downhill: again and again, subtract the learning rate times the gradient.

    Parameters
    ----------
    gradient : callable
        Takes an array of the shape of `start` and returns the gradient there, in the same shape.
    start : array_like
        Where to begin, finite, of any shape.
    learning_rate : float
        What each gradient is multiplied by; positive and finite.
    n_steps : int
        How many steps to take, at least 0.

    Returns
    -------
    ndarray of float64, shape (n_steps + 1, ...)
        Every point visited, `start` first.

    Raises
    ------
    ValueError
        If `start` is empty or not finite, `learning_rate` is not positive and finite, `n_steps` is
        negative or no integer, a gradient has another shape, or a step leads to a value that is not
        finite.

    Notes
    -----
    Gradient descent with a fixed step size, as in section 1 of [1]_.

    References
    ----------
    .. [1] J. Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of
       Stability," 2021.

    Examples
    --------
    The slope of x squared is 2 x. A rate of 0.25 takes away half of x at each step.

    >>> from code_examples.foundations.gradient_descent import descend
    >>> descend(lambda x: 2 * x, 1, learning_rate=0.25, n_steps=3).tolist()
    [1.0, 0.5, 0.25, 0.125]

    Where the slope is zero, nothing moves.

    >>> descend(lambda x: 2 * x, [0], learning_rate=0.25, n_steps=2).tolist()
    [[0.0], [0.0], [0.0]]
    """
    x = np.array(start, dtype=float)
    if not x.size or not np.isfinite(x).all():
        raise ValueError("start is empty or not finite; pass the point to begin with")
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate is {learning_rate}; pass a positive, finite number")
    if not 0 <= n_steps < np.inf or n_steps != int(n_steps):
        raise ValueError(f"n_steps is {n_steps}; pass an integer of at least 0")
    path = [x]
    for t in range(int(n_steps)):
        slope = np.asarray(gradient(x.copy()), dtype=float)
        if slope.shape != x.shape:
            raise ValueError(f"the gradient has shape {slope.shape}, not {x.shape}; return one slope for each entry")
        with np.errstate(over="ignore"):
            x = x - learning_rate * slope
        if not np.isfinite(x).all():
            raise ValueError(f"step {t + 1} is not finite; lower the learning rate, or mend the gradient")
        path.append(x)
    return np.array(path)


def _value(function, x):
    """Return the function's value at x; refuse what is not one finite number."""
    value = np.asarray(function(x), dtype=float)
    if value.shape != () or not np.isfinite(value):
        raise ValueError(f"the function returned {value.tolist()}; return one finite number")
    return value
