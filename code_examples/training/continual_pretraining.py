"""Continual pre-training: a linear model on old and new data, followed exactly, and what an update costs.

Accompanies ``docs/training/continual-pretraining.md``, whose names it follows.
"""

import numpy as np


def train(errors, inputs, rates, noise):
    """Follow the mean square of the weights' errors through steps of noisy gradient descent.

    Parameters
    ----------
    errors : array_like, shape (n_weights, n_weights)
        Mean of the outer product of the error with itself; the error is how far the weights are
        from those that would answer everything. Symmetric, no negative eigenvalue.
    inputs : array_like, shape (n_weights, n_weights)
        The data: mean of the outer product of an input with itself, of the same kind.
    rates : array_like, shape (n_steps,)
        Learning rate of each step, at least 0.
    noise : float
        Variance of the gradient's noise, in units of `inputs`; at least 0.

    Returns
    -------
    ndarray of float64, shape (n_weights, n_weights)
        The same mean after all steps.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or a rate or the noise is negative.

    Notes
    -----
    A step takes the error ``e`` to ``e - rate * (inputs @ e + xi)``, where ``xi`` has mean zero
    and covariance ``noise * inputs``, as for labels with noise. Its mean square needs no draw.

    Examples
    --------
    One weight, two away: a step at rate 1/2 halves the error. With noise it adds a quarter of it.

    >>> from code_examples.training.continual_pretraining import train
    >>> train([[4]], [[1]], [0.5], noise=0).tolist()
    [[1.0]]
    >>> train([[4]], [[1]], [0.5], noise=0.8).tolist()
    [[1.2]]

    No step changes nothing.

    >>> train([[4]], [[1]], [], noise=1).tolist()
    [[4.0]]
    """
    errors, inputs = _matrices(errors, inputs)
    rates = np.asarray(rates, dtype=np.float64)
    if rates.ndim != 1 or not all(0 <= value < np.inf for value in (*rates, noise)):
        raise ValueError(
            "a rate or the noise is negative or not finite; pass one finite rate of 0 or more for each step"
        )
    for rate in rates:
        step = np.eye(len(inputs)) - rate * inputs  # (n_weights, n_weights)
        errors = step @ errors @ step + rate**2 * noise * inputs
    return errors


def excess_loss(errors, inputs):
    """Return half the mean squared difference of the answers from the right ones.

    Parameters
    ----------
    errors : array_like, shape (n_weights, n_weights)
        As `train` returns them.
    inputs : array_like, shape (n_weights, n_weights)
        The data on which to test.

    Returns
    -------
    float
        Loss above that of the best weights, at least 0.

    Raises
    ------
    ValueError
        If the shapes do not fit or a number is not finite.

    Examples
    --------
    Two away in the first weight, which the second data never look at.

    >>> from code_examples.training.continual_pretraining import excess_loss
    >>> excess_loss([[4, 0], [0, 0]], [[1, 0], [0, 1]])
    2.0
    >>> excess_loss([[4, 0], [0, 0]], [[0, 0], [0, 1]])
    0.0
    """
    errors, inputs = _matrices(errors, inputs)
    return float((errors * inputs.T).sum() / 2)


def update_budget(old_tokens, new_tokens, replay):
    """Compare an update with training anew, and split its tokens.

    Parameters
    ----------
    old_tokens : float
        Tokens that the model was trained on; positive.
    new_tokens : float
        Tokens that the update trains on, replayed ones included; positive.
    replay : float
        Share of the update's tokens that are old, from 0 to below 1.

    Returns
    -------
    times : float
        Compute of training anew on as many old and new tokens, over that of the update.
    replayed : float
        Old tokens in the update.
    fresh : float
        New tokens in the update.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Replay takes the place of new tokens, so that it costs no compute: "compute-equivalent" in
    [1]_.

    References
    ----------
    .. [1] A. Ibrahim et al., "Simple and Scalable Strategies to Continually Pre-train Large
       Language Models," 2024.

    Examples
    --------
    Billions of tokens: as many new ones as old ones, then a tenth.

    >>> from code_examples.training.continual_pretraining import update_budget
    >>> update_budget(300, 300, 0.05)
    (2.0, 15.0, 285.0)
    >>> update_budget(300, 30, 0)
    (11.0, 0.0, 30.0)
    """
    if not all(0 < tokens < np.inf for tokens in (old_tokens, new_tokens)):
        raise ValueError(f"{old_tokens} old and {new_tokens} new tokens; pass positive, finite numbers")
    if not 0 <= replay < 1:
        raise ValueError(f"replay is {replay}; pass a share from 0 to below 1")
    replayed = float(replay * new_tokens)
    return float((old_tokens + new_tokens) / new_tokens), replayed, float(new_tokens - replayed)


def _matrices(errors, inputs):
    errors, inputs = np.asarray(errors, dtype=np.float64), np.asarray(inputs, dtype=np.float64)
    if errors.ndim != 2 or errors.shape[0] != errors.shape[1] or errors.size == 0 or inputs.shape != errors.shape:
        raise ValueError(
            f"errors have shape {errors.shape}, inputs {inputs.shape}; pass two square matrices of one size"
        )
    if not (np.isfinite(errors).all() and np.isfinite(inputs).all()):
        raise ValueError("an entry is not finite; look for what made NaN or infinity first")
    return errors, inputs
