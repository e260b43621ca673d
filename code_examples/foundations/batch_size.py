"""Batch size: count steps, put micro-batches together, and measure how noisy a gradient is.

Accompanies ``docs/foundations/batch-size.md``, whose names it follows.
"""

import numpy as np


def steps_per_epoch(n_examples, batch_size, drop_last=False):
    """Return how many updates one pass over the training set makes.

    Parameters
    ----------
    n_examples : int
        Size of the training set, at least 1.
    batch_size : int
        Examples in one update over all micro-batches and devices, at least 1.
    drop_last : bool, default False
        Whether a last batch that is not full is left out.

    Returns
    -------
    int
        Updates in one epoch, at least 1.

    Raises
    ------
    ValueError
        If a number is no integer of at least 1, or no batch is full and the last one is dropped.

    Examples
    --------
    31 full batches hold 992 examples; the last 8 make one more.

    >>> from code_examples.foundations.batch_size import steps_per_epoch
    >>> steps_per_epoch(1000, 32), steps_per_epoch(1000, 32, drop_last=True)
    (32, 31)

    A batch that holds the whole set.

    >>> steps_per_epoch(1000, 1000)
    1
    """
    if not all(isinstance(number, (int, np.integer)) and number >= 1 for number in (n_examples, batch_size)):
        raise ValueError(f"{n_examples} examples in batches of {batch_size}; pass integers of at least 1")
    if drop_last and n_examples < batch_size:
        raise ValueError(f"no batch of {batch_size} is full; pass at most {n_examples}, or keep the last batch")
    return n_examples // batch_size if drop_last else -(-n_examples // batch_size)


def accumulate(gradients, n_tokens):
    """Return the gradient of the mean loss per token over all micro-batches of an update.

    Parameters
    ----------
    gradients : array_like, shape (n_micro_batches, ...)
        For each micro-batch the gradient of its own mean loss per token; or that mean loss itself.
    n_tokens : array_like of int, shape (n_micro_batches,)
        How many tokens count in each micro-batch, at least 0.

    Returns
    -------
    ndarray of float64, shape (...)
        The gradient that one large batch would have given, in the unit of `gradients`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a count is no integer of at least 0, no token counts, or a
        gradient that counts is not finite.

    Notes
    -----
    Each mean is undone by its own count, and the sum divided once by all tokens, as [1]_ describes
    it for the loss. A micro-batch without tokens is left out: its mean is 0/0, which frameworks
    return as NaN.

    References
    ----------
    .. [1] L. Debut et al., "Fixing Gradient Accumulation," Hugging Face blog, 2024.

    Examples
    --------
    One token at 5 and three tokens at 1 make 8 in four tokens.

    >>> from code_examples.foundations.batch_size import accumulate
    >>> float(accumulate([5, 1], n_tokens=[1, 3]))
    2.0

    Equal counts: the mean of the means.

    >>> accumulate([[5, 0], [1, 2]], n_tokens=[7, 7]).tolist()
    [3.0, 1.0]
    """
    gradients, n_tokens = np.asarray(gradients, dtype=np.float64), np.asarray(n_tokens)
    if n_tokens.ndim != 1 or gradients.shape[:1] != n_tokens.shape:
        raise ValueError(
            f"gradients of shape {gradients.shape} and n_tokens of shape {n_tokens.shape} do not fit; "
            "pass one gradient and one count for each micro-batch"
        )
    if n_tokens.dtype.kind not in "iu" or (n_tokens < 0).any():
        raise ValueError("n_tokens must be integers of at least 0")
    if not n_tokens.any():
        raise ValueError("no token counts; pass at least one micro-batch with a token")
    if not np.isfinite(gradients[n_tokens > 0]).all():
        raise ValueError("a gradient is not finite; leave out the micro-batch, or find what overflowed")
    counted = n_tokens > 0  # a micro-batch without tokens has no mean
    weights = n_tokens[counted] / n_tokens.sum()  # (n_counted,)
    return np.tensordot(weights, gradients[counted], axes=1)


def noise_scale(gradients, batch_size=1):
    """Estimate the batch size at which noise and gradient are equally large.

    Parameters
    ----------
    gradients : array_like, shape (n_batches, n_parameters)
        Gradients of independent batches at the same weights, at least two.
    batch_size : int, default 1
        Examples in each of these batches, at least 1.

    Returns
    -------
    float
        The noise scale in examples, at least 0.

    Raises
    ------
    ValueError
        If there are fewer than two batches, a gradient is not finite, `batch_size` is not finite or
        below 1, or the noise hides the gradient.

    Notes
    -----
    The simple noise scale of [1]_: the variance of one example's gradient, summed over the
    parameters, by the squared length of the mean gradient. The squared length of an average is
    too large by the variance of that average, which is taken off. The difference of two close
    numbers is uncertain: as long as the examples in all batches together are not many times the
    result, the result scatters widely.

    References
    ----------
    .. [1] S. McCandlish, J. Kaplan, D. Amodei et al., "An Empirical Model of Large-Batch
       Training," 2018.

    Examples
    --------
    Gradients 1 and 3: variance 2; squared mean 4, less 2 / 2. In batches of 10, ten times that.

    >>> from code_examples.foundations.batch_size import noise_scale
    >>> round(noise_scale([[1], [3]]), 9), round(noise_scale([[1], [3]], batch_size=10), 9)
    (0.666666667, 6.666666667)

    Equal gradients have no noise.

    >>> noise_scale([[1, 2], [1, 2]])
    0.0
    """
    gradients = np.asarray(gradients, dtype=np.float64)
    if gradients.ndim != 2 or len(gradients) < 2 or gradients.size == 0:
        raise ValueError(
            f"gradients have shape {gradients.shape}; pass (n_batches, n_parameters), at least two batches"
        )
    if not 1 <= batch_size < np.inf:
        raise ValueError(f"batch_size is {batch_size}; pass at least 1")
    if not np.isfinite(gradients).all():
        raise ValueError("a gradient is not finite; pass finite gradients")
    gradients = gradients / max(abs(gradients).max(), np.finfo(np.float64).tiny)  # so that no square overflows
    mean = gradients.mean(axis=0)  # (n_parameters,)
    variance = gradients.var(axis=0, ddof=1).sum()
    signal = mean @ mean - variance / len(gradients)
    if signal <= 0:
        raise ValueError("the noise hides the gradient; pass more batches, or larger ones")
    return float(batch_size * variance / signal)
