"""Generative adversarial network for single numbers, and what tells whether it has collapsed.

Accompanies ``docs/architectures/gan.md``, whose names it follows: generator, discriminator, quality, coverage.
"""

import math
from typing import NamedTuple

import numpy as np

from code_examples.architectures.feed_forward_network import feed_forward
from code_examples.architectures.vae import network_gradients
from code_examples.foundations.kl_divergence import kl_divergence


class GAN(NamedTuple):
    """A generator and a discriminator of single numbers.

    Parameters
    ----------
    generator, discriminator : tuple of four array_likes
        Weights and biases in and out of a two-layer network with tanh: (1, n_hidden), (n_hidden,),
        (n_hidden, 1), (1,). The generator turns noise into a sample, the discriminator a sample into
        the log odds that it is real.

    Examples
    --------
    A generator that doubles the tanh of the noise and adds 1, and a discriminator that knows nothing.

    >>> from code_examples.architectures.gan import GAN, generate, judge
    >>> model = GAN(([[1]], [0], [[2]], [1]), ([[1]], [0], [[0]], [0]))
    >>> generate(model, [0, 1000]).tolist(), judge(model, [0, 7]).tolist()
    ([1.0, 3.0], [0.5, 0.5])
    """

    generator: tuple
    discriminator: tuple


def generate(model, noise):
    """Turn noise into samples.

    Parameters
    ----------
    model : GAN
        What `train_gan` returns.
    noise : array_like, shape (n,)
        Draws from a standard normal distribution.

    Returns
    -------
    ndarray, shape (n,)
        Samples, in the unit of the data.

    Raises
    ------
    ValueError
        If the noise is not finite, or is no row of numbers.

    Examples
    --------
    >>> from code_examples.architectures.gan import GAN, generate
    >>> generate(GAN(([[1]], [0], [[2]], [1]), ()), [-1000, 0]).tolist()
    [-1.0, 1.0]
    """
    return feed_forward(_column("noise", noise), *model.generator, activation=np.tanh)[:, 0]


def judge(model, samples):
    """Return the probability that the discriminator gives to each sample of being real.

    Parameters
    ----------
    model : GAN
        What `train_gan` returns.
    samples : array_like, shape (n,)
        Real or generated ones.

    Returns
    -------
    ndarray, shape (n,)
        Probabilities from 0 to 1.

    Raises
    ------
    ValueError
        If a sample is not finite, or the samples are no row of numbers.

    Examples
    --------
    Log odds of log 3 and of 0.

    >>> import math
    >>> from code_examples.architectures.gan import GAN, judge
    >>> judge(GAN((), ([[1]], [0], [[math.log(3)]], [0])), [1000, 0]).round(6).tolist()
    [0.75, 0.5]
    """
    return _logistic(feed_forward(_column("samples", samples), *model.discriminator, activation=np.tanh)[:, 0])


def gan_gradients(model, real, noise):
    """Return the gradients of the two losses, each by the weights of its own player.

    Parameters
    ----------
    model : GAN
        The two networks.
    real : array_like, shape (n,)
        Real samples.
    noise : array_like, shape (n,)
        Noise for as many generated ones.

    Returns
    -------
    by_generator : list of four ndarrays
        Gradient of the generator's loss by its parts.
    by_discriminator : list of four ndarrays
        Gradient of the discriminator's loss by its parts; both losses are to be made small.

    Notes
    -----
    The discriminator's loss is the mean of -log D(real) plus that of -log(1 - D(generated)), and the
    generator's that of -log D(generated), which does not flatten out where the discriminator is sure:
    both of [1]_.

    References
    ----------
    .. [1] I. Goodfellow et al., "Generative Adversarial Nets," 2014.

    Examples
    --------
    A discriminator that says 1/2 everywhere: what it learns is to raise the real and lower the others.

    >>> from code_examples.architectures.gan import GAN, gan_gradients
    >>> model = GAN(([[0]], [0], [[0]], [-1000]), ([[1]], [0], [[0]], [0]))
    >>> [part.ravel().tolist() for part in gan_gradients(model, real=[1000], noise=[0])[1]]
    [[0.0], [0.0], [-1.0], [0.0]]
    """
    real, noise = np.asarray(real, dtype=float), np.asarray(noise, dtype=float)
    made = generate(model, noise)
    slope_real, slope_made = -(1 - judge(model, real)) / len(real), judge(model, made) / len(made)
    from_real, _ = network_gradients(model.discriminator, real[:, None], slope_real[:, None])
    from_made, _ = network_gradients(model.discriminator, made[:, None], slope_made[:, None])
    fooled = -(1 - judge(model, made)) / len(made)
    _, by_made = network_gradients(model.discriminator, made[:, None], fooled[:, None])
    by_generator, _ = network_gradients(model.generator, noise[:, None], by_made)
    return by_generator, [a + b for a, b in zip(from_real, from_made, strict=True)]


def train_gan(data, rng, n_rounds, generator_steps=1, rates=(0.5, 0.2), n_hidden=16, batch_size=64):
    """Train both networks by plain gradient descent, in turns.

    Parameters
    ----------
    data : array_like, shape (n,)
        Real samples; finite.
    rng : numpy.random.Generator
        Where weights at the start, batches and noise come from.
    n_rounds : int
        How often the discriminator takes a step, at least 0.
    generator_steps : int, default 1
        Steps of the generator in each round, at least 1.
    rates : (float, float), default (0.5, 0.2)
        Learning rates of the generator and of the discriminator, above 0.
    n_hidden : int, default 16
        Hidden units of each network, at least 1.
    batch_size : int, default 64
        Samples in each step, real and generated alike, at least 1.

    Returns
    -------
    GAN
        Both networks after the last round.

    Raises
    ------
    ValueError
        If there are no data or they are not finite, or a setting is out of range.

    Examples
    --------
    Data near 3: so are, before long, the generated ones.

    >>> import numpy as np
    >>> from code_examples.architectures.gan import generate, train_gan
    >>> model = train_gan([2.9, 3.0, 3.1], np.random.default_rng(0), n_rounds=300)
    >>> bool(abs(generate(model, [-1, 0, 1]) - 3).max() < 0.5)
    True
    """
    data = np.asarray(data, dtype=float)
    if data.ndim != 1 or not data.size or not np.isfinite(data).all():
        raise ValueError(f"data have shape {data.shape}; pass (n,), at least one finite number")
    counts = {"n_rounds": (n_rounds, 0), "generator_steps": (generator_steps, 1)}
    counts |= {"n_hidden": (n_hidden, 1), "batch_size": (batch_size, 1)}
    for name, (count, least) in counts.items():
        if not isinstance(count, (int, np.integer)) or count < least:
            raise ValueError(f"{name} is {count}; pass an integer of at least {least}")
    if len(rates) != 2 or not all(0 < rate < math.inf for rate in rates):
        raise ValueError(f"rates are {rates}; pass two finite numbers above 0")
    model = GAN(_start(n_hidden, rng), _start(n_hidden, rng))
    for _ in range(n_rounds):
        for turn in range(generator_steps):
            by_generator, by_discriminator = gan_gradients(
                model, data[rng.integers(data.size, size=batch_size)], rng.standard_normal(batch_size)
            )
            discriminator = model.discriminator
            if turn == 0:
                discriminator = _descended(discriminator, by_discriminator, rates[1])
            model = GAN(_descended(model.generator, by_generator, rates[0]), discriminator)
    return model


def coverage(samples, centres, radius):
    """Return which share of the samples lies near each of some known centres of the data.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Generated samples.
    centres : array_like, shape (k,)
        Where the data are.
    radius : float
        What counts as near, at least 0; where two centres are near, the nearest counts.

    Returns
    -------
    ndarray, shape (k,)
        Shares from 0 to 1. Their sum is the quality, the share near any centre; a centre with a share near
        0 is missing.

    Raises
    ------
    ValueError
        If there are no samples or no centres, or `radius` is below 0.

    Examples
    --------
    Three of four samples are near a centre, and none near the last.

    >>> from code_examples.architectures.gan import coverage
    >>> coverage([0, 0.1, 2, 5.2], centres=[0, 5, 9], radius=0.5).tolist()
    [0.5, 0.25, 0.0]
    >>> coverage([3], centres=[3], radius=0).tolist()
    [1.0]
    """
    samples, centres = np.asarray(samples, dtype=float), np.asarray(centres, dtype=float)
    if samples.ndim != 1 or centres.ndim != 1 or not samples.size or not centres.size or not radius >= 0:
        raise ValueError("pass at least one sample and one centre, (n,) and (k,), and a radius of at least 0")
    distances = np.abs(samples[:, None] - centres)  # (n, k)
    near = distances.min(axis=1) <= radius
    return np.bincount(distances.argmin(axis=1)[near], minlength=centres.size) / samples.size


def jensen_shannon(p, q):
    """Return the Jensen-Shannon divergence: the mean KL divergence from their mixture.

    Parameters
    ----------
    p, q : array_like, shape (n,)
        Distributions over the same outcomes: probabilities that sum to 1.

    Returns
    -------
    float
        Nats, from 0 (equal) to log 2 (nothing in common).

    Raises
    ------
    ValueError
        If a row is no distribution, or they have not the same outcomes.

    Notes
    -----
    What the generator makes small if the discriminator is the best one, as proved in [1]_.

    References
    ----------
    .. [1] I. Goodfellow et al., "Generative Adversarial Nets," 2014.

    Examples
    --------
    >>> from code_examples.architectures.gan import jensen_shannon
    >>> round(jensen_shannon([1, 0, 0], [0, 0, 1]), 6), jensen_shannon([0.2, 0.8], [0.2, 0.8])
    (0.693147, 0.0)
    """
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    if p.shape != q.shape or p.ndim != 1:
        raise ValueError(f"p and q have shapes {p.shape} and {q.shape}; pass (n,) twice")
    middle = (p + q) / 2
    return float(kl_divergence(p, middle) + kl_divergence(q, middle)) / 2


def _column(name, values):
    """Return a row of numbers as (n, 1)."""
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"{name} of shape {values.shape}; pass (n,), and a single number as [number]")
    return values[:, None]


def _start(n_hidden, rng):
    """Return small random weights and biases of zero."""
    w_in, w_out = rng.standard_normal((1, n_hidden)), rng.standard_normal((n_hidden, 1)) / n_hidden**0.5
    return w_in, np.zeros(n_hidden), w_out, np.zeros(1)


def _descended(parts, gradients, rate):
    return tuple(part - rate * gradient for part, gradient in zip(parts, gradients, strict=True))


def _logistic(z):
    return (1 + np.tanh(z / 2)) / 2
