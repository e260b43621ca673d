"""Learning rate: schedules, Adam's early steps, and what a schedule does to a noisy loss.

Accompanies ``docs/foundations/learning-rate.md``, whose names it follows: peak, warm-up, decay.
"""

import numpy as np


def schedule(n_steps, peak, warmup_steps=0, decay_steps=None, shape="linear", final=0.0):
    """Return the learning rate of every step: a rise, a plateau and a decay, each as long as you say.

    Parameters
    ----------
    n_steps : int
        Number of steps, at least 1.
    peak : float
        The largest rate, positive and finite.
    warmup_steps : int, default 0
        Length of the linear rise, in steps and not as a share of the run; its last step has the
        peak rate.
    decay_steps : int, optional
        Length of the decay at the end. By default all steps after the rise, so that there is no
        plateau; 0 leaves the rate at its peak.
    shape : {"linear", "cosine"}, default "linear"
        How the rate falls.
    final : float, default 0.0
        What the decay leads to, from 0 to `peak`; the step after the last would have it. Without
        a decay it is not used.

    Returns
    -------
    ndarray of float64, shape (n_steps,)
        The rates, in the unit of `peak`.

    Raises
    ------
    ValueError
        If a number is out of its range, a number of steps is no integer, rise and decay do not fit
        into `n_steps`, or `shape` is unknown.

    Notes
    -----
    The rise is that of section 5.3, equation 3 of [1]_ up to its peak; the decays are those of
    `get_linear_schedule_with_warmup` and `get_cosine_with_min_lr_schedule_with_warmup` in [2]_,
    whose rise begins one step earlier, at zero. A plateau between rise and decay makes the
    trapezoid, also called warmup-stable-decay. No step is wasted on a rate of zero.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 5.3.
    .. [2] Hugging Face, Transformers, ``src/transformers/optimization.py``.

    Examples
    --------
    >>> from code_examples.foundations.learning_rate import schedule
    >>> schedule(8, peak=1, warmup_steps=2, decay_steps=4).tolist()
    [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]

    Without rise and decay every step is the same.

    >>> schedule(3, peak=0.1, decay_steps=0).tolist()
    [0.1, 0.1, 0.1]
    """
    decay_steps = n_steps - warmup_steps if decay_steps is None else decay_steps
    if not all(np.isfinite(n) and n == int(n) for n in (n_steps, warmup_steps, decay_steps)):
        raise ValueError(f"{n_steps}, {warmup_steps} and {decay_steps} steps; pass integers, not shares of the run")
    n_steps, warmup_steps, decay_steps = int(n_steps), int(warmup_steps), int(decay_steps)
    if n_steps < 1 or warmup_steps < 0 or decay_steps < 0 or warmup_steps + decay_steps > n_steps:
        raise ValueError(
            f"{warmup_steps} steps of warm-up and {decay_steps} of decay do not fit into {n_steps}; pass at least "
            "1 step, and parts of at least 0 that are no longer together"
        )
    if not (0 < peak < np.inf and 0 <= final <= peak):
        raise ValueError(f"peak is {peak} and final {final}; pass a positive, finite peak, and final from 0 to peak")
    if shape not in ("linear", "cosine"):
        raise ValueError(f"shape is {shape!r}; pass 'linear' or 'cosine'")
    rates = np.full(n_steps, float(peak))
    rates[:warmup_steps] *= np.arange(1, warmup_steps + 1) / max(1, warmup_steps)
    progress = np.arange(decay_steps) / max(1, decay_steps)  # from 0 to just below 1
    left = 1 - progress if shape == "linear" else (1 + np.cos(np.pi * progress)) / 2
    rates[n_steps - decay_steps :] = final + (peak - final) * left
    return rates


def adam_updates(gradients, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Return what Adam makes of a sequence of gradients, before the learning rate.

    Parameters
    ----------
    gradients : array_like, shape (n_steps, ...)
        The gradient of each step, finite and below 1e154, so that its square is a float.
    beta1, beta2 : float, default 0.9 and 0.999
        Decay rates of the two averages, from 0 to below 1.
    epsilon : float, default 1e-8
        Keeps the division safe; positive.

    Returns
    -------
    ndarray of float64, shape of `gradients`
        Updates, dimensionless: each step subtracts the learning rate times its row.

    Raises
    ------
    ValueError
        If there is no gradient or one is not finite or too large to be squared, or a setting is out
        of its range.

    Notes
    -----
    Algorithm 1 of [1]_, with both averages corrected for their start at zero.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization," 2015.

    Examples
    --------
    The first update has size 1, whatever the gradient, if that is far above epsilon.

    >>> from code_examples.foundations.learning_rate import adam_updates
    >>> adam_updates([[1e-4, -1e4]]).round(3).tolist()
    [[1.0, -1.0]]

    No gradient, no update.

    >>> adam_updates([0, 0]).tolist()
    [0.0, 0.0]
    """
    gradients = np.asarray(gradients, dtype=float)
    if not gradients.ndim or not gradients.size or not (abs(gradients) < np.sqrt(np.finfo(float).max)).all():
        raise ValueError("there is no gradient, or one is not finite or above 1e154; pass at least one step of values")
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1 and 0 < epsilon < np.inf):
        raise ValueError(f"beta1 is {beta1}, beta2 {beta2}, epsilon {epsilon}; pass betas below 1 and a small epsilon")
    mean = square = np.zeros(gradients.shape[1:])
    updates = np.empty_like(gradients)
    for t, gradient in enumerate(gradients, start=1):
        mean = beta1 * mean + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient**2
        updates[t - 1] = mean / (1 - beta1**t) / (np.sqrt(square / (1 - beta2**t)) + epsilon)
    return updates


def expected_losses(rates, curvatures, start, noise):
    """Return the mean loss along stochastic gradient descent in a bowl, without drawing any noise.

    Parameters
    ----------
    rates : array_like, shape (n_steps,)
        Learning rate of each step, at least 0.
    curvatures : array_like, shape (n_directions,)
        Second derivative of the loss along each axis, at least 0.
    start : array_like, shape (n_directions,)
        Where to begin; the minimum is at 0.
    noise : array_like, shape (n_directions,)
        Variance of the gradient's noise along each axis, at least 0.

    Returns
    -------
    ndarray of float64, shape (n_steps + 1, n_directions)
        Expected loss in each direction, before the first step and after each; their sum is the
        expected loss.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is negative or not finite where it may not be, or the loss
        leaves the range of floats.

    Notes
    -----
    The gradient is curvature times place plus independent noise, so the mean square of the place
    is multiplied by (1 - rate * curvature)**2 and grows by rate**2 times the noise in each step.
    This noisy quadratic is the model from which [1]_ derives learning rates.

    References
    ----------
    .. [1] T. Schaul, S. Zhang and Y. LeCun, "No More Pesky Learning Rates," 2013.

    Examples
    --------
    Without noise, a rate of 0.5 at curvature 1 halves the place and quarters the loss.

    >>> from code_examples.foundations.learning_rate import expected_losses
    >>> expected_losses([0.5, 0.5], curvatures=[1], start=[2], noise=[0]).tolist()
    [[2.0], [0.5], [0.125]]

    At the minimum, noise of variance 1 alone moves the place.

    >>> expected_losses([0.5], curvatures=[1], start=[0], noise=[1]).tolist()
    [[0.0], [0.125]]
    """
    rates, curvatures, start, noise = (np.asarray(a, dtype=float) for a in (rates, curvatures, start, noise))
    if rates.ndim != 1 or not curvatures.shape == start.shape == noise.shape == (curvatures.size,):
        raise ValueError("pass one rate for each step, and one curvature, start and noise for each direction")
    if not all(((a >= 0) & np.isfinite(a)).all() for a in (rates, curvatures, noise)) or not np.isfinite(start).all():
        raise ValueError("a rate, curvature or noise is negative, or a value is not finite")
    with np.errstate(over="ignore", invalid="ignore"):
        squares = [start**2]  # mean square of the place, (n_directions,)
        for rate in rates:
            squares.append((1 - rate * curvatures) ** 2 * squares[-1] + rate**2 * noise)
        losses = np.array(squares) * curvatures / 2
    if not np.isfinite(losses).all():
        raise ValueError("the loss left the range of floats; lower the rates, or begin nearer to the minimum")
    return losses
