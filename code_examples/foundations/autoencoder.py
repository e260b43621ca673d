"""Linear autoencoder: an encoder to few numbers and a decoder back, trained to rebuild its input.

Accompanies ``docs/foundations/autoencoder.md``, whose names it follows: codes, encoder and decoder.
"""

import math
from typing import NamedTuple

import numpy as np


class Autoencoder(NamedTuple):
    """A linear autoencoder: what it subtracts, and its two matrices.

    Parameters
    ----------
    mean : ndarray, shape (d,)
        What is taken from each input before it is encoded.
    encoder : ndarray, shape (n_codes, d)
        Turns an input into its codes.
    decoder : ndarray, shape (d, n_codes)
        Turns codes into an output.

    Examples
    --------
    A point on the line through (1, 2) comes back as it was.

    >>> from code_examples.foundations.autoencoder import Autoencoder, decode, encode
    >>> model = Autoencoder(mean=[0, 0], encoder=[[0.2, 0.4]], decoder=[[1], [2]])
    >>> decode(model, encode(model, [[3, 6]])).round(12).tolist()
    [[3.0, 6.0]]
    """

    mean: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray


def encode(model, data):
    """Return the codes of some data.

    Parameters
    ----------
    model : Autoencoder
        What `train_autoencoder` or `principal_autoencoder` returns.
    data : array_like, shape (n, d)
        One input in each row.

    Returns
    -------
    ndarray, shape (n, n_codes)
        One code in each row.

    Raises
    ------
    ValueError
        If `data` is no finite matrix with as many columns as the model has inputs, or the arrays
        of the model do not fit each other.

    Examples
    --------
    Points on the line through (1, 2), which one number tells apart.

    >>> from code_examples.foundations.autoencoder import Autoencoder, encode
    >>> model = Autoencoder(mean=[0, 0], encoder=[[0.2, 0.4]], decoder=[[1], [2]])
    >>> encode(model, [[1, 2], [2, 4], [-3, -6]]).round(12).tolist()
    [[1.0], [2.0], [-3.0]]

    The mean itself has the code zero.

    >>> encode(Autoencoder([5, 7], [[0.2, 0.4]], [[1], [2]]), [[5, 7]]).tolist()
    [[0.0]]
    """
    mean, encoder, _ = _checked_model(model)
    data = _checked_data(data)
    if data.shape[1] != mean.size:
        raise ValueError(f"data have {data.shape[1]} columns; pass {mean.size}, as the model was fitted to")
    return (data - mean) @ encoder.T  # (n, n_codes)


def decode(model, codes):
    """Rebuild data from codes.

    Parameters
    ----------
    model : Autoencoder
        What `train_autoencoder` or `principal_autoencoder` returns.
    codes : array_like, shape (n, n_codes)
        One code in each row.

    Returns
    -------
    ndarray, shape (n, d)
        One reconstruction in each row, in the unit of the data.

    Raises
    ------
    ValueError
        If `codes` is no finite matrix with as many columns as the model has codes, or the arrays
        of the model do not fit each other.

    Examples
    --------
    >>> from code_examples.foundations.autoencoder import Autoencoder, decode
    >>> model = Autoencoder(mean=[0, 0], encoder=[[0.2, 0.4]], decoder=[[1], [2]])
    >>> decode(model, [[2], [0.5]]).tolist()
    [[2.0, 4.0], [0.5, 1.0]]

    The code zero is the mean.

    >>> decode(Autoencoder([5, 7], [[0.2, 0.4]], [[1], [2]]), [[0]]).tolist()
    [[5.0, 7.0]]
    """
    mean, _, decoder = _checked_model(model)
    codes = _checked_data(codes)
    if codes.shape[1] != decoder.shape[1]:
        raise ValueError(f"codes have {codes.shape[1]} columns; pass {decoder.shape[1]}, as the model has")
    return codes @ decoder.T + mean  # (n, d)


def squared_errors(model, data):
    """Return the squared distance of each input to its reconstruction.

    Parameters
    ----------
    model : Autoencoder
        What `train_autoencoder` or `principal_autoencoder` returns.
    data : array_like, shape (n, d)
        One input in each row.

    Returns
    -------
    ndarray, shape (n,)
        At least 0, in the unit of the data squared; their mean is the loss.

    Raises
    ------
    ValueError
        If `data` does not fit the model, or the arrays of the model do not fit each other.

    Examples
    --------
    The point (2, 1) has the code 0.8 and comes back as (0.8, 1.6): 1.44 and 0.36 make 1.8.

    >>> from code_examples.foundations.autoencoder import Autoencoder, squared_errors
    >>> model = Autoencoder(mean=[0, 0], encoder=[[0.2, 0.4]], decoder=[[1], [2]])
    >>> squared_errors(model, [[2, 1]]).round(12).tolist()
    [1.8]

    A point on the line comes back as it was, however far away it is.

    >>> squared_errors(model, [[1000, 2000]]).round(12).tolist()
    [0.0]
    """
    rebuilt = decode(model, encode(model, data))
    return ((rebuilt - data) ** 2).sum(axis=1)


def train_autoencoder(data, n_codes, rng, learning_rate=0.05, n_steps=2000):
    """Train encoder and decoder by gradient descent on the mean squared error.

    Parameters
    ----------
    data : array_like, shape (n, d)
        One input in each row; finite.
    n_codes : int
        How many numbers the code has, from 1 to `d`.
    rng : numpy.random.Generator
        Where the small weights at the start come from.
    learning_rate : float, default 0.05
        Above 0. The larger the spread of the data, the smaller it must be.
    n_steps : int, default 2000
        Steps over all data; at least 0.

    Returns
    -------
    Autoencoder
        Mean of the data, encoder and decoder.

    Raises
    ------
    ValueError
        If `data`, `n_codes`, `learning_rate` or `n_steps` is out of range, or a step raises the loss.

    Notes
    -----
    All its minima are global; what else has no gradient is a saddle [1]_. A learning rate that is
    too large does not always end in infinity: the loss may swing for ever, so a step that raises
    it is refused. Nothing says whether the steps were enough: compare with
    `principal_autoencoder`.

    References
    ----------
    .. [1] P. Baldi and K. Hornik, "Neural Networks and Principal Component Analysis," 1989,
       abstract.

    Examples
    --------
    Three points on a line need one number each.

    >>> import numpy as np
    >>> from code_examples.foundations.autoencoder import squared_errors, train_autoencoder
    >>> points = [[1, 2], [2, 4], [-3, -6]]
    >>> model = train_autoencoder(points, n_codes=1, rng=np.random.default_rng(0), learning_rate=0.01)
    >>> squared_errors(model, points).round(9).tolist()
    [0.0, 0.0, 0.0]

    As many codes as inputs can copy anything.

    >>> points = [[1, 0], [0, 1], [-1, 1]]
    >>> model = train_autoencoder(points, n_codes=2, rng=np.random.default_rng(0))
    >>> squared_errors(model, points).round(9).tolist()
    [0.0, 0.0, 0.0]
    """
    data = _checked_data(data)
    n_codes = _checked_codes(n_codes, data)
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate}; pass a finite number above 0")
    if not 0 <= n_steps < math.inf or n_steps != int(n_steps):
        raise ValueError(f"n_steps is {n_steps}; pass an integer of at least 0")
    mean, centred = _centred(data)
    encoder, decoder = (0.1 * rng.standard_normal(shape) for shape in ((n_codes, mean.size), (mean.size, n_codes)))
    rate = 2 * learning_rate / len(data)
    losses = []
    with np.errstate(over="ignore", invalid="ignore"):  # seen by the comparison
        while True:
            codes = centred @ encoder.T  # (n, n_codes)
            gap = codes @ decoder.T - centred  # (n, d)
            losses.append((gap**2).sum())
            if len(losses) > 1 and not losses[-1] <= losses[-2] + 1e-12 * losses[0]:  # also where it is NaN
                raise ValueError(f"the loss rose at learning_rate {learning_rate}; pass a smaller one")
            if len(losses) > n_steps:
                break
            encoder, decoder = encoder - rate * (gap @ decoder).T @ centred, decoder - rate * gap.T @ codes
    return Autoencoder(mean, encoder, decoder)


def principal_autoencoder(data, n_codes):
    """Return the best linear autoencoder from a singular value decomposition, without training.

    Parameters
    ----------
    data : array_like, shape (n, d)
        One input in each row; finite.
    n_codes : int
        How many numbers the code has, from 1 to `d`.

    Returns
    -------
    Autoencoder
        Mean of the data, and the leading right singular vectors of the centred data: as rows of the
        encoder and as columns of the decoder.

    Raises
    ------
    ValueError
        If `data` or `n_codes` is out of range.

    Notes
    -----
    Principal component analysis. No linear autoencoder has a smaller mean squared error [1]_.

    References
    ----------
    .. [1] P. Baldi and K. Hornik, "Neural Networks and Principal Component Analysis," 1989,
       abstract.

    Examples
    --------
    >>> from code_examples.foundations.autoencoder import principal_autoencoder
    >>> model = principal_autoencoder([[3, 4], [6, 8], [-9, -12]], n_codes=1)
    >>> abs(model.encoder).round(12).tolist(), model.mean.tolist()
    ([[0.6, 0.8]], [0.0, 0.0])

    A single point is its own mean.

    >>> principal_autoencoder([[3, 4]], n_codes=1).mean.tolist()
    [3.0, 4.0]
    """
    data = _checked_data(data)
    n_codes = _checked_codes(n_codes, data)
    mean, centred = _centred(data)
    right = np.linalg.svd(centred)[2][:n_codes]  # all directions, also those without any data
    return Autoencoder(mean, right, right.T)


def largest_angle(first, second):
    """Return the largest angle between the spaces that two sets of columns span.

    Parameters
    ----------
    first, second : array_like, shape (d, k)
        Columns that are independent of each other.

    Returns
    -------
    float
        In degrees, from 0 (the same space) to 90.

    Raises
    ------
    ValueError
        If the shapes differ, or the columns of one of them are not independent.

    Notes
    -----
    The sine of the angle is the length of the longest part of a unit vector in one space that
    lies outside the other, and its cosine the length of the shortest part that lies inside [1]_.

    References
    ----------
    .. [1] SciPy reference, scipy.linalg.subspace_angles.

    Examples
    --------
    Two sets of columns in one plane, and two lines.

    >>> from code_examples.foundations.autoencoder import largest_angle
    >>> largest_angle([[1, 0], [0, 1], [0, 0]], [[1, 1], [1, -1], [0, 0]])
    0.0
    >>> round(largest_angle([[1], [0]], [[1], [1]]), 9)
    45.0
    """
    first, second = _checked_data(first), _checked_data(second)
    if first.shape != second.shape:
        raise ValueError(f"the shapes are {first.shape} and {second.shape}; pass as many columns of one length")
    for columns in (first, second):
        if np.linalg.matrix_rank(columns) < columns.shape[1]:
            raise ValueError("the columns are not independent; leave out those that add nothing")
    first, second = np.linalg.qr(first)[0], np.linalg.qr(second)[0]
    inside = first.T @ second  # (k, k)
    outside = second - first @ inside  # (d, k)
    return math.degrees(math.atan2(np.linalg.norm(outside, 2), np.linalg.norm(inside, -2)))


def _checked_data(data):
    """Return `data` as float64, or say what is wrong with it."""
    data = np.asarray(data, dtype=float)
    if data.ndim != 2 or not data.size:
        raise ValueError(f"an array has shape {data.shape}; pass rows and columns, at least one each")
    if not np.isfinite(data).all():
        raise ValueError("an entry is not finite; remove or fill NaN and infinity first")
    return data


def _centred(data):
    """Return the mean of `data` and what is left without it, or say that its squares overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = data.mean(axis=0)
        centred = data - mean
        if not np.isfinite((centred**2).sum()):
            raise ValueError("the squares of the data overflow; divide the data by a large number first")
    return mean, centred


def _checked_model(model):
    """Return the three arrays of `model` as float64, or say which shapes would fit."""
    mean, encoder, decoder = (np.asarray(part, dtype=float) for part in model)
    shapes = mean.shape, encoder.shape, decoder.shape
    if encoder.ndim != 2 or not encoder.size or shapes != (encoder.shape[1:], encoder.shape, encoder.shape[::-1]):
        raise ValueError(f"the model has arrays of shapes {shapes}; pass (d,), (n_codes, d), (d, n_codes)")
    if not all(np.isfinite(part).all() for part in (mean, encoder, decoder)):
        raise ValueError("an entry of the model is not finite; train it anew")
    return mean, encoder, decoder


def _checked_codes(n_codes, data):
    """Return `n_codes` as int, or say which numbers there are."""
    if not 1 <= n_codes <= data.shape[1] or n_codes != int(n_codes):
        raise ValueError(f"n_codes is {n_codes}; pass an integer from 1 to {data.shape[1]}")
    return int(n_codes)
