"""Diffusion of single numbers: the noise schedule, the best guess of the noise, and two samplers.

Accompanies ``docs/architectures/diffusion.md``, whose names it follows: share of the signal, noise, step.
"""

import math
from itertools import pairwise

import numpy as np

from code_examples.foundations.softmax import softmax


def linear_schedule(n_steps=1000, first=1e-4, last=0.02):
    """Return the variance of the noise that is added at each step, rising evenly.

    Parameters
    ----------
    n_steps : int, default 1000
        Steps, at least 1.
    first, last : float, default 1e-4 and 0.02
        Variance at the first and at the last step, above 0 and below 1.

    Returns
    -------
    ndarray, shape (n_steps,)
        Dimensionless, for data of variance 1.

    Raises
    ------
    ValueError
        If there is no step, or a variance is out of range.

    Notes
    -----
    The defaults are those of [1]_.

    References
    ----------
    .. [1] J. Ho et al., "Denoising Diffusion Probabilistic Models," 2020.

    Examples
    --------
    >>> from code_examples.architectures.diffusion import linear_schedule
    >>> linear_schedule(3, 0.1, 0.5).round(6).tolist()
    [0.1, 0.3, 0.5]
    >>> linear_schedule(1).tolist()
    [0.0001]
    """
    if not n_steps >= 1 or n_steps != int(n_steps) or not (0 < first < 1 and 0 < last < 1):
        raise ValueError("pass an integer of at least 1 as n_steps, and variances above 0 and below 1")
    return np.linspace(first, last, int(n_steps))


def signal_shares(variances):
    """Return how much of the variance is still the data's after each step, the start included.

    Parameters
    ----------
    variances : array_like, shape (n_steps,)
        Variance of the noise added at each step, above 0 and below 1.

    Returns
    -------
    ndarray, shape (n_steps + 1,)
        Falling from 1; the weight of the clean value itself is its root.

    Raises
    ------
    ValueError
        If a variance is out of range, or there is none.

    Notes
    -----
    Each step multiplies the value by the root of one minus the variance before it adds the noise, so the
    shares are products [1]_.

    References
    ----------
    .. [1] J. Ho et al., "Denoising Diffusion Probabilistic Models," 2020.

    Examples
    --------
    >>> from code_examples.architectures.diffusion import signal_shares
    >>> signal_shares([0.5, 0.2]).tolist()
    [1.0, 0.5, 0.4]
    """
    variances = np.asarray(variances, dtype=float)
    if variances.ndim != 1 or not variances.size or not ((variances > 0) & (variances < 1)).all():
        raise ValueError("pass at least one variance, (n_steps,), each above 0 and below 1")
    return np.concatenate([[1.0], np.cumprod(1 - variances)])


def mixture_noise(x, share, weights, centres, spread):
    """Return the best guess of the noise in noisy values, where the clean ones are a mixture of normals.

    Parameters
    ----------
    x : array_like, shape (n,)
        Noisy values, finite.
    share : float
        Share of the signal in them, above 0 and below 1.
    weights : array_like, shape (k,)
        Probability of each part of the mixture, above 0, with sum 1.
    centres : array_like, shape (k,)
        Mean of each part.
    spread : float
        Standard deviation within each part, at least 0.

    Returns
    -------
    ndarray, shape (n,)
        Mean of the noise, given each noisy value: what a network trained by squared error comes to.

    Raises
    ------
    ValueError
        If `x` is no row of finite numbers, `share` or `spread` is out of range, or weights and centres do not
        fit each other.

    Notes
    -----
    Given its part, a noisy value is normal with variance v = share * spread**2 + 1 - share, and its
    noise is normal too. The parts are weighted by Bayes' theorem.

    Examples
    --------
    The clean value is always 2, so the noise is known: 3 = sqrt(0.25) * 2 + sqrt(0.75) * noise.

    >>> from code_examples.architectures.diffusion import mixture_noise
    >>> mixture_noise([3], 0.25, [1], [2], 0).round(4).tolist()
    [2.3094]

    Half way between two equal parts, the guess is that there was none.

    >>> abs(mixture_noise([0], 0.5, [0.5, 0.5], [-1, 1], 0.3)).tolist()
    [0.0]
    """
    x, weights, centres = (np.asarray(part, dtype=float) for part in (x, weights, centres))
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"x has shape {x.shape}; pass finite numbers, (n,)")
    if not 0 < share < 1 or not 0 <= spread < math.inf:
        raise ValueError(
            f"share and spread are {share} and {spread}; pass a share inside 0 to 1, a spread of 0 or more"
        )
    if weights.shape != centres.shape or weights.ndim != 1 or not (weights > 0).all():
        raise ValueError(
            f"weights and centres have shapes {weights.shape} and {centres.shape}; pass (k,) twice, above 0"
        )
    variance = share * spread**2 + 1 - share
    missed = x[:, None] - math.sqrt(share) * centres  # (n, k)
    parts = softmax(np.log(weights) - missed**2 / (2 * variance))
    return math.sqrt(1 - share) * (parts * missed).sum(axis=1) / variance


def sample(noise, shares, predict, rng=None):
    """Turn noise into samples, step by step.

    Parameters
    ----------
    noise : array_like, shape (n,)
        Draws from a standard normal distribution.
    shares : array_like, shape (n_steps + 1,)
        Shares of the signal to pass through, rising to 1; few of those of training will do.
    predict : callable
        Takes noisy values, shape (n,), and their share of the signal, and returns the guess of their noise.
    rng : numpy.random.Generator, optional
        Where new noise at each step comes from, as in DDPM. Without it nothing is random, as in DDIM.

    Returns
    -------
    ndarray, shape (n,)
        Samples, in the unit of the data.

    Raises
    ------
    ValueError
        If `shares` does not rise from above 0 to 1.

    Notes
    -----
    The update of [1]_ with its parameter eta at 0 (DDIM), or at 1 if there is an `rng`; that is DDPM where no
    step is left out.

    References
    ----------
    .. [1] J. Song et al., "Denoising Diffusion Implicit Models," 2021.

    Examples
    --------
    If all data are 2, one step finds them from any noise.

    >>> from code_examples.architectures.diffusion import mixture_noise, sample
    >>> sample([-1, 0, 5], [0.1, 1], lambda x, share: mixture_noise(x, share, [1], [2], 0)).round(9).tolist()
    [2.0, 2.0, 2.0]

    If nothing is noise, the signal is only scaled up.

    >>> sample([1.5], [0.25, 1], lambda x, share: 0 * x).tolist()
    [3.0]
    """
    x, shares = np.asarray(noise, dtype=float), np.asarray(shares, dtype=float)
    if shares.ndim != 1 or shares.size < 2 or not (np.diff(shares) > 0).all() or shares[0] <= 0 or shares[-1] != 1:
        raise ValueError("shares must rise from above 0 to 1; pass them from the noisiest step to the data")
    for share, after in pairwise(shares):
        guess = predict(x, float(share))
        clean = (x - math.sqrt(1 - share) * guess) / math.sqrt(share)
        fresh = 0.0 if rng is None else (1 - after) / (1 - share) * (1 - share / after)  # variance of new noise
        x = math.sqrt(after) * clean + math.sqrt(1 - after - fresh) * guess
        if rng is not None:
            x = x + math.sqrt(fresh) * rng.standard_normal(x.size)
    return x
