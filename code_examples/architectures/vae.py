"""Variational autoencoder with a code of one number: training, its bound, and the exact likelihood.

Accompanies ``docs/architectures/vae.md``, whose names it follows: codes, noise, prior, bound.
"""

import math
from typing import NamedTuple

import numpy as np

from code_examples.architectures.feed_forward_network import feed_forward
from code_examples.foundations.weight_decay import adamw


class VAE(NamedTuple):
    """A variational autoencoder whose code is one number with a standard normal prior.

    Parameters
    ----------
    encoder : tuple of four ndarrays
        Weights and biases in and out of a two-layer network with tanh, from an input to two numbers:
        mean and log variance of its code.
    decoder : tuple of four ndarrays
        The same from a code to an input.
    noise_sd : float
        Standard deviation of the data around what is decoded, in their unit; above 0.

    Examples
    --------
    A decoder that returns 2 tanh(h) and an encoder that returns the prior for every input.

    >>> from code_examples.architectures.vae import VAE, decode
    >>> model = VAE(([[0]], [0], [[0, 0]], [0, 0]), ([[1]], [0], [[2]], [0]), 1)
    >>> decode(model, [0, 1000]).tolist()
    [[0.0], [2.0]]
    """

    encoder: tuple
    decoder: tuple
    noise_sd: float


def encode(model, data):
    """Return the distribution of the code of each input.

    Parameters
    ----------
    model : VAE
        What `train_vae` returns.
    data : array_like, shape (n, d)
        One input in each row.

    Returns
    -------
    mean : ndarray, shape (n,)
        Mean of a normal distribution, dimensionless.
    sd : ndarray, shape (n,)
        Its standard deviation.

    Raises
    ------
    ValueError
        If `data` does not fit the encoder, or an entry is not finite.

    Examples
    --------
    Weights of zero leave the biases: mean 3, log variance 0.

    >>> from code_examples.architectures.vae import VAE, encode
    >>> [part.tolist() for part in encode(VAE(([[0]], [0], [[0, 0]], [3, 0]), (), 1), [[7], [8]])]
    [[3.0, 3.0], [1.0, 1.0]]
    """
    mean, log_variance = feed_forward(data, *model.encoder, activation=np.tanh).T
    return mean, np.exp(log_variance / 2)


def decode(model, codes):
    """Return the mean of the data for each code.

    Parameters
    ----------
    model : VAE
        What `train_vae` returns.
    codes : array_like, shape (...)
        Codes, dimensionless; drawn from a standard normal distribution, they give new data.

    Returns
    -------
    ndarray, shape (..., d)
        One input for each code, without the noise around it.

    Raises
    ------
    ValueError
        If a code is not finite.

    Examples
    --------
    >>> from code_examples.architectures.vae import VAE, decode
    >>> decode(VAE((), ([[1]], [0], [[2, 4]], [1, 0]), 1), [[0], [1000]]).tolist()
    [[[1.0, 0.0]], [[3.0, 4.0]]]
    """
    return feed_forward(np.asarray(codes)[..., None], *model.decoder, activation=np.tanh)


def gaussian_kl(mean, sd):
    """Return the KL divergence of a normal distribution from the standard normal one.

    Parameters
    ----------
    mean : array_like, shape (...)
        Its mean.
    sd : array_like, shape (...)
        Its standard deviation, above 0.

    Returns
    -------
    ndarray, shape (...)
        Nats, at least 0.

    Raises
    ------
    ValueError
        If an entry of `sd` is not above 0.

    Notes
    -----
    The closed form of [1]_, for one number.

    References
    ----------
    .. [1] D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes," 2013.

    Examples
    --------
    A mean of 1 costs one half; so narrow a spread costs log 2 - 3/8 more.

    >>> from code_examples.architectures.vae import gaussian_kl
    >>> gaussian_kl([1, 1, 0], [1, 0.5, 1]).round(4).tolist()
    [0.5, 0.8181, 0.0]
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    if not (sd > 0).all():
        raise ValueError("a standard deviation is not above 0; pass positive numbers as sd")
    return (mean**2 + sd**2 - 1) / 2 - np.log(sd)


def elbo(model, data, noise):
    """Return the bound on the log-likelihood of each input, for given draws of its code.

    Parameters
    ----------
    model : VAE
        What `train_vae` returns.
    data : array_like, shape (n, d)
        One input in each row.
    noise : array_like, shape (..., n) or one that can be stretched to it
        Draws from a standard normal distribution; the code is the mean plus the standard deviation times this.

    Returns
    -------
    ndarray, shape (..., n)
        Nats. Only the mean over the noise is a bound.

    Raises
    ------
    ValueError
        If an argument does not fit the model, an entry is not finite, or the model's noise is out of range.

    Notes
    -----
    The estimator with a closed-form divergence of [1]_.

    References
    ----------
    .. [1] D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes," 2013.

    Examples
    --------
    The code is the prior and the decoder ignores it: what is left is the density of the input.

    >>> from code_examples.architectures.vae import VAE, elbo
    >>> model = VAE(([[0]], [0], [[0, 0]], [0, 0]), ([[1]], [0], [[0]], [0]), 1)
    >>> elbo(model, [[0], [2]], noise=[0.3, -7]).round(4).tolist()
    [-0.9189, -2.9189]
    """
    mean, sd = encode(model, data)
    return _log_density(model, data, mean + sd * np.asarray(noise)) - gaussian_kl(mean, sd)


def log_likelihood(model, data):
    """Return the log-likelihood of each input, summed over all codes.

    Parameters
    ----------
    model : VAE
        What `train_vae` returns.
    data : array_like, shape (n, d)
        One input in each row.

    Returns
    -------
    ndarray, shape (n,)
        Nats, of a density.

    Raises
    ------
    ValueError
        If `data` does not fit the model, an entry is not finite, or the model's noise is out of range.

    Notes
    -----
    A sum over 4001 codes from -8 to 8, which only a code of one number or two allows. The range of
    codes that fit an input must be wide against the step between them, 0.004.

    Examples
    --------
    A decoder that ignores the code leaves the noise alone: the density of a normal distribution at 0 and 2.

    >>> from code_examples.architectures.vae import VAE, log_likelihood
    >>> log_likelihood(VAE((), ([[1]], [0], [[0]], [0]), 1), [[0], [2]]).round(4).tolist()
    [-0.9189, -2.9189]
    """
    codes = np.linspace(-8, 8, 4001)[:, None]  # (n_codes, 1)
    joint = _log_density(model, data, codes) - codes**2 / 2 - math.log(2 * math.pi) / 2  # (n_codes, n)
    largest = joint.max(axis=0)
    return largest + np.log(np.exp(joint - largest).sum(axis=0) * 0.004)


def network_gradients(parts, x, slope):
    """Send a gradient back through a two-layer network with tanh.

    Parameters
    ----------
    parts : sequence of four array_likes
        Weights and biases of the network: (d_in, d_hidden), (d_hidden,), (d_hidden, d_out), (d_out,).
    x : array_like, shape (n, d_in)
        Its inputs.
    slope : array_like, shape (n, d_out)
        Gradient of a loss by its outputs.

    Returns
    -------
    by_parts : list of four ndarrays
        Gradient of the loss by each part, summed over the inputs.
    by_x : ndarray, shape (n, d_in)
        Gradient of the loss by each input.

    Examples
    --------
    One unit at x = 0, where tanh has the slope 1: the output is 3 tanh(2 x).

    >>> from code_examples.architectures.vae import network_gradients
    >>> by_parts, by_x = network_gradients(([[2]], [0], [[3]], [5]), [[0]], [[1]])
    >>> [part.tolist() for part in by_parts], by_x.tolist()
    ([[[0.0]], [3.0], [[0.0]], [1.0]], [[6.0]])
    """
    w_in, b_in, w_out, _ = (np.asarray(part, dtype=float) for part in parts)
    x, slope = np.asarray(x, dtype=float), np.asarray(slope, dtype=float)
    hidden = np.tanh(x @ w_in + b_in)  # (n, d_hidden)
    inner = slope @ w_out.T * (1 - hidden**2)
    return [x.T @ inner, inner.sum(axis=0), hidden.T @ slope, slope.sum(axis=0)], inner @ w_in.T


def elbo_gradients(model, data, noise):
    """Return the gradient of the mean bound by each weight of a model.

    Parameters
    ----------
    model : VAE
        The model.
    data : array_like, shape (n, d)
        One input in each row.
    noise : array_like, shape (n,)
        One draw from a standard normal distribution for each input.

    Returns
    -------
    list of eight ndarrays
        For each part of the encoder, then of the decoder.

    Notes
    -----
    The code is mean + sd * noise, so that a slope by the code is one by the mean, and noise * sd / 2
    times one by the log variance: the reparameterization of [1]_.

    References
    ----------
    .. [1] D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes," 2013.

    Examples
    --------
    A decoder that ignores the code: only its last bias has a slope, the mean miss by the noise variance.

    >>> from code_examples.architectures.vae import VAE, elbo_gradients
    >>> model = VAE(([[0]], [0], [[0, 0]], [0, 0]), ([[1]], [0], [[0]], [1]), 0.5)
    >>> [part.ravel().tolist() for part in elbo_gradients(model, [[2], [4]], [0, 0])][-1]
    [8.0]
    """
    data, noise = np.asarray(data, dtype=float), np.asarray(noise, dtype=float)
    mean, sd = encode(model, data)
    codes = (mean + sd * noise)[:, None]
    missed = (data - decode(model, codes[:, 0])) / model.noise_sd**2 / len(data)
    by_decoder, by_code = network_gradients(model.decoder, codes, missed)
    by_mean = by_code[:, 0] - mean / len(data)
    by_log_variance = by_code[:, 0] * noise * sd / 2 - (sd**2 - 1) / 2 / len(data)
    by_encoder, _ = network_gradients(model.encoder, data, np.column_stack([by_mean, by_log_variance]))
    return [*by_encoder, *by_decoder]


def train_vae(data, noise_sd, rng, n_hidden=16, n_steps=400, learning_rate=0.02):
    """Train encoder and decoder together on the bound, with Adam and new noise at each step.

    Parameters
    ----------
    data : array_like, shape (n, d)
        One input in each row; finite.
    noise_sd : float
        Standard deviation of the data around what is decoded, in their unit; above 0.
    rng : numpy.random.Generator
        Where weights at the start and noise come from.
    n_hidden : int, default 16
        Hidden units of encoder and decoder, at least 1.
    n_steps : int, default 400
        Steps over all data, at least 0.
    learning_rate : float, default 0.02
        Of Adam, above 0.

    Returns
    -------
    VAE
        The model after the last step.

    Raises
    ------
    ValueError
        If `data` is no finite matrix, or `noise_sd` is not positive and finite, or Adam refuses a setting.

    Examples
    --------
    Three points about 2 that vary less than the noise: the code is not used, and all decode to 2.

    >>> import numpy as np
    >>> from code_examples.architectures.vae import decode, encode, gaussian_kl, train_vae
    >>> model = train_vae([[1.9], [2], [2.1]], noise_sd=1, rng=np.random.default_rng(0))
    >>> bool(abs(decode(model, [-1, 0, 1]) - 2).max() < 0.2)
    True
    >>> bool(gaussian_kl(*encode(model, [[1.9], [2], [2.1]])).max() < 0.1)
    True
    """
    data = np.asarray(data, dtype=float)
    if data.ndim != 2 or not data.size or not np.isfinite(data).all():
        raise ValueError(f"data have shape {data.shape}; pass finite rows and columns, at least one each")
    _check_noise(noise_sd)
    parts = [*_start(data.shape[1], n_hidden, 2, rng), *_start(1, n_hidden, data.shape[1], rng)]
    ends = np.cumsum([part.size for part in parts])[:-1]

    def as_model(theta):
        arrays = [row.reshape(part.shape) for row, part in zip(np.split(theta, ends), parts, strict=True)]
        return VAE(tuple(arrays[:4]), tuple(arrays[4:]), noise_sd)

    def slope(theta, step):
        gradients = elbo_gradients(as_model(theta), data, rng.standard_normal(len(data)))
        return -np.concatenate([part.ravel() for part in gradients])

    start = np.concatenate([part.ravel() for part in parts])
    return as_model(adamw(slope, start, n_steps, learning_rate, weight_decay=0))


def _start(d_in, d_hidden, d_out, rng):
    """Return small random weights and biases of zero."""
    w_in, w_out = (rng.standard_normal(shape) / shape[0] ** 0.5 for shape in ((d_in, d_hidden), (d_hidden, d_out)))
    return w_in, np.zeros(d_hidden), w_out, np.zeros(d_out)


def _check_noise(noise_sd):
    """Refuse a standard deviation that is none."""
    if not 0 < noise_sd < math.inf:
        raise ValueError(f"noise_sd is {noise_sd}; pass a finite number above 0")


def _log_density(model, data, codes):
    """Return the log density of data given codes, shape (..., n)."""
    _check_noise(model.noise_sd)
    missed = np.asarray(data, dtype=float) - decode(model, codes)  # (..., n, d)
    sizes = (missed / model.noise_sd) ** 2 + math.log(2 * math.pi) + 2 * math.log(model.noise_sd)
    return -sizes.sum(axis=-1) / 2
