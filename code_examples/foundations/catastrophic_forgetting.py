"""Catastrophic forgetting: what training a linear model on a new task does to an old one.

Accompanies ``docs/foundations/catastrophic-forgetting.md``, whose names it follows. The model is
``inputs @ weights``; the loss is the squared error.
"""

import numpy as np


def descend(weights, inputs, targets, *, steps, rate):
    """Train on by gradient descent for some steps.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_outputs)
        Where training begins.
    inputs : array_like, shape (n_examples, n_inputs)
        One example of the new task in each row.
    targets : array_like, shape (n_examples, n_outputs)
        What the model is to give for each.
    steps : int
        How many, 0 or more.
    rate : float
        Learning rate, above 0, in units of 1 / (input squared).

    Returns
    -------
    ndarray of float64, shape (n_inputs, n_outputs)
        The weights after the last step.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, `steps` is negative, `rate` is not a finite number
        above 0, or so large that the weights overflow.

    Notes
    -----
    Each step goes against the gradient of half the squared error, averaged over all examples. It
    converges if `rate` is below 2 by the largest eigenvalue of ``inputs.T @ inputs / n_examples``.

    Examples
    --------
    One example, input 1: a rate of one half halves the error at each step.

    >>> from code_examples.foundations.catastrophic_forgetting import descend
    >>> descend([[0.0]], [[1]], [[1]], steps=2, rate=0.5).tolist()
    [[0.75]]

    No step, no change.

    >>> descend([[3]], [[1]], [[1]], steps=0, rate=0.5).tolist()
    [[3.0]]
    """
    weights, inputs, targets = _check(weights, inputs, targets)
    if steps < 0:
        raise ValueError(f"steps is {steps}; pass 0 or more")
    if not 0 < rate < np.inf:
        raise ValueError(f"rate is {rate}; pass a finite number above 0")
    pull, goal = inputs.T @ inputs / len(inputs), inputs.T @ targets / len(inputs)
    weights = weights.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            gradient = pull @ weights - goal  # (n_inputs, n_outputs)
            weights = weights - rate * gradient
    if not np.isfinite(weights).all():
        raise ValueError(f"the weights overflow at rate {rate}; pass a lower one")
    return weights


def settle(weights, inputs, targets, importance=None):
    """Train to the end, with an anchor at the old weights if asked.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_outputs)
        Where training begins.
    inputs : array_like, shape (n_examples, n_inputs)
        One example of the new task in each row.
    targets : array_like, shape (n_examples, n_outputs)
        What the model is to give for each.
    importance : array_like, shape (n_inputs, n_inputs), optional
        How much a change of the weights costs: symmetric, no negative eigenvalue, in units of input
        squared. A diagonal one is elastic weight consolidation.

    Returns
    -------
    ndarray of float64, shape (n_inputs, n_outputs)
        The weights of least loss; where several have it, those nearest to `weights`.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, or `importance` is not symmetric or has a negative eigenvalue.

    Notes
    -----
    The squared error summed over the examples plus, for each output, change' importance change: the
    penalty of elastic weight consolidation [1]_, with its diagonal replaced by a matrix. Without `importance`
    this is where gradient descent from `weights` ends. An importance above about 1e28 times the squared
    inputs drowns them in rounding, and weights that cost nothing then stay, too.

    References
    ----------
    .. [1] J. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks," PNAS 114(13), 2017.

    Examples
    --------
    An old task taught the first weight. The new one has the input (1, 1) and the target 0.

    >>> from code_examples.foundations.catastrophic_forgetting import settle
    >>> settle([[1], [0]], [[1, 1]], [[0]]).round(6).tolist()
    [[0.5], [-0.5]]

    Only the first weight is important, so the second gives way.

    >>> settle([[1], [0]], [[1, 1]], [[0]], importance=[[1, 0], [0, 0]]).round(6).tolist()
    [[1.0], [-1.0]]
    """
    weights, inputs, targets = _check(weights, inputs, targets)
    n_inputs, n_outputs = weights.shape
    root = np.zeros((n_inputs, n_inputs))
    if importance is not None:
        importance = np.asarray(importance, dtype=np.float64)
        if importance.shape != root.shape or not np.isfinite(importance).all():
            raise ValueError(f"importance has shape {importance.shape}; pass finite numbers of shape {root.shape}")
        values, vectors = np.linalg.eigh(importance)
        tolerance = 1e-9 * np.abs(importance).max()
        if np.abs(importance - importance.T).max() > tolerance or values.min() < -tolerance:
            raise ValueError("importance is not symmetric or has a negative eigenvalue; pass a sum of squares")
        root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    rows = np.vstack([inputs, root])  # (n_examples + n_inputs, n_inputs)
    left = np.vstack([targets - inputs @ weights, np.zeros((n_inputs, n_outputs))])
    return weights + np.linalg.lstsq(rows, left)[0]


def limit_rank(before, after, inputs, rank):
    """Keep the part of a change of weights, of a given rank, that serves the inputs best.

    Parameters
    ----------
    before : array_like, shape (n_inputs, n_outputs)
        Weights before the change.
    after : array_like, shape (n_inputs, n_outputs)
        Weights after it, as `settle` returns them for `inputs`.
    inputs : array_like, shape (n_examples, n_inputs)
        Examples on which the change is to count.
    rank : int
        Largest rank of the change, 0 or more.

    Returns
    -------
    ndarray of float64, shape (n_inputs, n_outputs)
        `before` plus a change of at most this rank.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, or `rank` is negative.

    Notes
    -----
    The change in the outputs, ``inputs @ (after - before)``, is cut to its largest singular values.
    For targets that `after` fits by least squares, no change of this rank fits them better: reduced-rank
    regression.

    Examples
    --------
    Two outputs are asked to change, one by 2 and one by 1: rank 1 does the larger.

    >>> from code_examples.foundations.catastrophic_forgetting import limit_rank
    >>> change = limit_rank([[0, 0], [0, 0]], [[2, 0], [0, 1]], [[1, 0], [0, 1]], rank=1)
    >>> (abs(change).round(6)).tolist()
    [[2.0, 0.0], [0.0, 0.0]]

    Rank 0 changes nothing.

    >>> limit_rank([[5]], [[7]], [[1]], rank=0).tolist()
    [[5.0]]
    """
    before, inputs, _ = _check(before, inputs, np.zeros((*np.shape(inputs)[:1], *np.shape(before)[1:])))
    after = np.asarray(after, dtype=np.float64)
    if after.shape != before.shape or not np.isfinite(after).all():
        raise ValueError(f"after has shape {after.shape}; pass finite numbers of shape {before.shape}")
    if rank < 0:
        raise ValueError(f"rank is {rank}; pass 0 or more")
    change = after - before
    kept = np.linalg.svd(inputs @ change, full_matrices=False)[2][:rank]  # (rank, n_outputs)
    return before + change @ kept.T @ kept


def _check(weights, inputs, targets):
    weights, inputs, targets = (np.asarray(a, dtype=np.float64) for a in (weights, inputs, targets))
    fits = weights.ndim == inputs.ndim == 2 and inputs.shape[1] == len(weights) and len(inputs) > 0
    if not fits or weights.size == 0 or targets.shape != (len(inputs), weights.shape[1]):
        raise ValueError(
            f"weights have shape {weights.shape}, inputs {inputs.shape}, targets {targets.shape}; "
            "pass (n_inputs, n_outputs), (n_examples, n_inputs) and (n_examples, n_outputs)"
        )
    if not all(np.isfinite(a).all() for a in (weights, inputs, targets)):
        raise ValueError("a weight, an input or a target is not finite; pass finite values")
    return weights, inputs, targets
