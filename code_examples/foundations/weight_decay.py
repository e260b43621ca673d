"""Weight decay: Adam with a penalty or with decoupled decay, and what decay does to the weights.

Accompanies ``docs/foundations/weight-decay.md``, whose names it follows.
"""

import numpy as np


def adamw(
    gradient, theta, n_steps, learning_rate=1e-3, weight_decay=1e-2, betas=(0.9, 0.999), epsilon=1e-8, decoupled=True
):
    """Train some weights with AdamW, or with Adam and an L2 penalty.

    Parameters
    ----------
    gradient : callable
        Called with the weights and the number of the step, from 1; returns the gradient of the
        loss, of the shape of `theta`.
    theta : array_like
        Weights to begin with, of any shape; finite.
    n_steps : int
        Steps to take, at least 0.
    learning_rate : float, default 1e-3
        At least 0.
    weight_decay : float, default 1e-2
        At least 0; if `decoupled`, each step shrinks the weights by the share
        ``learning_rate * weight_decay``, at most 1.
    betas : (float, float), default (0.9, 0.999)
        Decay rates of the averages of the gradient and of its square, at least 0 and below 1.
    epsilon : float, default 1e-8
        Above 0; keeps the division safe.
    decoupled : bool, default True
        Whether the weights are shrunk directly (AdamW). If not, ``weight_decay * theta`` is added
        to the gradient: Adam on a loss with an L2 penalty.

    Returns
    -------
    ndarray of float64, shape of `theta`
        The weights after the last step.

    Raises
    ------
    ValueError
        If a setting is out of range, a weight is not finite, or a gradient has the wrong shape, is not
        finite, or is so large (above 1e150, penalty included) that its square would overflow.

    Notes
    -----
    With `decoupled`, the algorithm and the defaults of PyTorch's AdamW [1]_, without its variants.
    The paper behind it multiplies the decay by the schedule only, not by the base learning rate
    (as reported in [2]_), so that its values are smaller for the same effect.

    References
    ----------
    .. [1] PyTorch, "torch.optim.AdamW," documentation.
    .. [2] PyTorch, "Weight decay in AdamW," issue 38853, 2020.

    Examples
    --------
    No gradient: only decay, a thousandth in each of two steps.

    >>> from code_examples.foundations.weight_decay import adamw
    >>> def nothing(theta, step):
    ...     return 0 * theta
    >>> adamw(nothing, [100.0], n_steps=2, learning_rate=0.01, weight_decay=0.1).round(6).tolist()
    [99.8001]

    No decay: the first step has the size of the learning rate, whatever the gradient's.

    >>> def steep(theta, step):
    ...     return 1e6 + theta
    >>> adamw(steep, [3.0], n_steps=1, learning_rate=0.5, weight_decay=0).round(6).tolist()
    [2.5]
    """
    theta = np.array(theta, dtype=np.float64)
    if not (n_steps >= 0 and 0 <= learning_rate < np.inf and 0 <= weight_decay < np.inf and 0 < epsilon < np.inf):
        raise ValueError("a setting is out of range; pass finite numbers of at least 0, and epsilon above 0")
    if decoupled and learning_rate * weight_decay > 1:
        raise ValueError("a step takes more than the whole weight; pass learning_rate * weight_decay of at most 1")
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas are {betas}; pass two numbers of at least 0 and below 1")
    if not np.isfinite(theta).all():
        raise ValueError("a weight is not finite; pass finite numbers as theta")
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, n_steps + 1):
        g = np.asarray(gradient(theta.copy(), step), dtype=np.float64)
        if g.shape != theta.shape:
            raise ValueError(f"gradient has shape {g.shape}; return one of shape {theta.shape}")
        if decoupled:
            theta = (1 - learning_rate * weight_decay) * theta
        else:
            g = g + weight_decay * theta
        if not (abs(g) <= 1e150).all():  # its square must not overflow
            raise ValueError("a gradient is not finite or above 1e150; find what overflowed")
        mean = betas[0] * mean + (1 - betas[0]) * g
        square = betas[1] * square + (1 - betas[1]) * g**2
        unbiased_mean, unbiased_square = mean / (1 - betas[0] ** step), square / (1 - betas[1] ** step)
        theta = theta - learning_rate * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)
    return theta


def kept_share(learning_rates, weight_decay):
    """Return which share of a weight decay alone leaves after a run.

    Parameters
    ----------
    learning_rates : array_like, shape (n_steps,)
        Learning rate of each step, at least 0.
    weight_decay : float
        At least 0, and at most 1 divided by the largest learning rate.

    Returns
    -------
    float
        The product of ``1 - learning_rate * weight_decay`` over the steps, from 0 to 1.

    Raises
    ------
    ValueError
        If a number is negative, or a step would not leave a share from 0 to 1.

    Notes
    -----
    The first weights are still in the last ones with this share, below all updates.

    Examples
    --------
    Two steps that each take a tenth.

    >>> from code_examples.foundations.weight_decay import kept_share
    >>> round(kept_share([0.5, 0.5], weight_decay=0.2), 6)
    0.81

    No step takes nothing.

    >>> kept_share([], weight_decay=0.2)
    1.0
    """
    learning_rates = np.asarray(learning_rates, dtype=np.float64)
    if not (0 <= weight_decay < np.inf and (learning_rates >= 0).all()):
        raise ValueError("pass a finite weight_decay and learning rates, all of at least 0")
    factors = 1 - weight_decay * learning_rates  # (n_steps,)
    if not (factors >= 0).all():
        raise ValueError("a step takes more than the whole weight; pass learning_rate * weight_decay of at most 1")
    return float(factors.prod())


def rotation(learning_rate, weight_decay):
    """Return the angle by which scale-invariant weights turn in each step of gradient descent, in the end.

    Parameters
    ----------
    learning_rate, weight_decay : float
        At least 0, with a product of at most 1.

    Returns
    -------
    float
        Angle in radians, from 0 to pi / 2.

    Raises
    ------
    ValueError
        If one of them is negative, or their product is not from 0 to 1.

    Notes
    -----
    If the scale of the weights does not change the loss, its gradient is orthogonal to them [1]_.
    A step then keeps ``1 - learning_rate * weight_decay`` of the weights in their own direction;
    once their length has settled, that is the cosine of the angle. To settle takes some
    ``1 / (learning_rate * weight_decay)`` steps, more if the weights begin too long.

    References
    ----------
    .. [1] T. van Laarhoven, "L2 Regularization versus Batch and Weight Normalization," 2017.

    Examples
    --------
    Half of the old direction left, at the old length: 60 degrees.

    >>> import math
    >>> from code_examples.foundations.weight_decay import rotation
    >>> round(math.degrees(rotation(0.5, 1)), 9)
    60.0

    Without decay the weights grow, and in the end do not turn.

    >>> rotation(0.5, 0)
    0.0
    """
    product = learning_rate * weight_decay
    if learning_rate < 0 or not 0 <= product <= 1:
        raise ValueError(
            f"learning_rate * weight_decay is {product}; pass numbers of at least 0, with a product up to 1"
        )
    return float(2 * np.arcsin(np.sqrt(product / 2)))  # arccos(1 - product), without its cancellation
