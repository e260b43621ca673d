"""Sparse autoencoder: many directions, few of them active, learned from activations alone.

Accompanies ``docs/interpretability/sparse-autoencoder.md``, whose names it follows: latents are what
the autoencoder learns, features what the data were made of.
"""

import math
from typing import NamedTuple

import numpy as np


class SparseAutoencoder(NamedTuple):
    """The weights of a sparse autoencoder, or their gradients.

    Parameters
    ----------
    encoder : ndarray, shape (n_latents, d)
        One reading direction in each row.
    encoder_bias : ndarray, shape (n_latents,)
        Added to each reading; below 0 it is a threshold.
    decoder : ndarray, shape (n_latents, d)
        One writing direction in each row: the dictionary.
    decoder_bias : ndarray, shape (d,)
        What is written if no latent is active; taken from each input before it is read.

    Examples
    --------
    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder, decode, encode
    >>> model = SparseAutoencoder([[1, 0], [0, 1]], [0, -1], [[1, 0], [0, 2]], [0, 0])
    >>> decode(model, encode(model, [[3, 4]])).tolist()
    [[3.0, 6.0]]
    """

    encoder: np.ndarray
    encoder_bias: np.ndarray
    decoder: np.ndarray
    decoder_bias: np.ndarray


def synthetic_features(directions, n_active, n_samples, rng):
    """Return activations that are sums of a few known directions, and the strengths behind them.

    Parameters
    ----------
    directions : array_like, shape (n_features, d)
        One direction in each row; there may be more of them than dimensions.
    n_active : int
        How many features each sample has, from 1 to n_features; which ones is drawn at random.
    n_samples : int
        At least 1.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    data : ndarray, shape (n_samples, d)
        ``strengths @ directions``.
    strengths : ndarray, shape (n_samples, n_features)
        Drawn evenly from 0.5 to 1.5 where a feature is present, otherwise 0; dimensionless.

    Raises
    ------
    ValueError
        If `directions` is no finite matrix, or a number is out of range.

    Examples
    --------
    All of the features that there are: two in every sample.

    >>> import numpy as np
    >>> from code_examples.interpretability.sparse_autoencoder import synthetic_features
    >>> data, strengths = synthetic_features([[1, 0], [0, 2]], 2, 100, np.random.default_rng(0))
    >>> bool((data == strengths * [1, 2]).all()), bool(strengths.min() >= 0.5), bool(strengths.max() < 1.5)
    (True, True, True)
    """
    directions = _checked_rows(directions, "directions")
    n_active = _checked_count(n_active, "n_active", len(directions))
    n_samples = _checked_count(n_samples, "n_samples")
    present = rng.random((n_samples, len(directions))).argsort(axis=1) < n_active
    strengths = present * rng.uniform(0.5, 1.5, present.shape)
    return strengths @ directions, strengths


def encode(model, data, k=None):
    """Return how active each latent is.

    Parameters
    ----------
    model : SparseAutoencoder
        What `train_sae` returns.
    data : array_like, shape (n, d)
        One activation in each row.
    k : int, optional
        Keep only the `k` largest readings of each row (top-k); of equal ones, any. Without it all
        positive ones stay (ReLU).

    Returns
    -------
    ndarray, shape (n, n_latents)
        At least 0, in the unit of the data if the decoder's rows have length 1.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, an entry is not finite, or `k` is out of range.

    Notes
    -----
    ReLU of ``W (x - b_dec) + b_enc``; top-k as in [1]_, with a ReLU behind it, so that no negative
    reading is kept.

    References
    ----------
    .. [1] L. Gao et al., "Scaling and evaluating sparse autoencoders," 2024.

    Examples
    --------
    Three readings of one number: 2, 5 and -2.

    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder, encode
    >>> model = SparseAutoencoder([[1], [2], [-1]], [0, 1, 0], [[1], [1], [-1]], [0])
    >>> encode(model, [[2]]).tolist(), encode(model, [[2]], k=1).tolist()
    ([[2.0, 5.0, 0.0]], [[0.0, 5.0, 0.0]])

    Nothing is left if nothing is positive.

    >>> encode(SparseAutoencoder([[1]], [-3], [[1]], [0]), [[2]], k=1).tolist()
    [[0.0]]
    """
    encoder, encoder_bias, decoder, decoder_bias = _checked_model(model)
    data = _checked_rows(data, "data")
    if data.shape[1] != decoder_bias.size:
        raise ValueError(f"data have {data.shape[1]} columns; pass {decoder_bias.size}, as the model has")
    readings = (data - decoder_bias) @ encoder.T + encoder_bias  # (n, n_latents)
    if k is not None:
        k = _checked_count(k, "k", len(decoder))
        left_out = np.argpartition(-readings, k - 1, axis=1)[:, k:]
        np.put_along_axis(readings, left_out, 0, axis=1)
    return np.maximum(readings, 0)


def decode(model, codes):
    """Rebuild activations from the latents.

    Parameters
    ----------
    model : SparseAutoencoder
        What `train_sae` returns.
    codes : array_like, shape (n, n_latents)
        How active each latent is: from `encode`, or set by hand.

    Returns
    -------
    ndarray, shape (n, d)
        ``codes @ decoder + decoder_bias``, in the unit of the data.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or an entry is not finite.

    Examples
    --------
    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder, decode
    >>> model = SparseAutoencoder([[1, 0], [0, 1]], [0, 0], [[1, 0], [3, 4]], [10, 0])
    >>> decode(model, [[2, 5], [0, 0]]).tolist()
    [[27.0, 20.0], [10.0, 0.0]]
    """
    _, _, decoder, decoder_bias = _checked_model(model)
    codes = _checked_rows(codes, "codes")
    if codes.shape[1] != len(decoder):
        raise ValueError(f"codes have {codes.shape[1]} columns; pass {len(decoder)}, as the model has")
    return codes @ decoder + decoder_bias


def loss_and_gradient(model, data, penalty=0.0, k=None):
    """Return the loss of a sparse autoencoder and its derivative by every weight.

    Parameters
    ----------
    model : SparseAutoencoder
        The weights.
    data : array_like, shape (n, d)
        One activation in each row.
    penalty : float, default 0.0
        Weight of the sum of the codes (L1), at least 0 and finite.
    k : int, optional
        As in `encode`.

    Returns
    -------
    loss : float
        Mean over the rows of the squared distance to the reconstruction, plus `penalty` times the
        sum of the codes.
    gradient : SparseAutoencoder
        Arrays of the shapes of the weights.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, an entry is not finite, or a number is out of range.

    Notes
    -----
    The L1 loss of [1]_. A code that is 0 passes no gradient; that is also why a latent which never
    fires does not learn.

    References
    ----------
    .. [1] T. Bricken et al., "Towards Monosemanticity," 2023.

    Examples
    --------
    One latent reads 3 and writes 3: no error is left, and the code costs half of 3.

    >>> from code_examples.interpretability.sparse_autoencoder import SparseAutoencoder, loss_and_gradient
    >>> loss, gradient = loss_and_gradient(SparseAutoencoder([[1]], [0], [[1]], [0]), [[3]], penalty=0.5)
    >>> loss, gradient.encoder_bias.tolist(), gradient.decoder.tolist()
    (1.5, [0.5], [[0.0]])

    A silent latent gets no gradient, although the error is large.

    >>> loss, gradient = loss_and_gradient(SparseAutoencoder([[1]], [-9], [[1]], [0]), [[3]])
    >>> loss, gradient.encoder.tolist(), gradient.encoder_bias.tolist(), gradient.decoder.tolist()
    (9.0, [[0.0]], [0.0], [[0.0]])
    """
    if not 0 <= penalty < math.inf:
        raise ValueError(f"penalty is {penalty}; pass a finite number of at least 0")
    codes = encode(model, data, k)
    model, data = _checked_model(model), _checked_rows(data, "data")
    gap = decode(model, codes) - data  # (n, d)
    loss = float(((gap**2).sum() + penalty * codes.sum()) / len(data))
    by_output = 2 * gap / len(data)
    by_code = (by_output @ model.decoder.T + penalty / len(data)) * (codes > 0)  # (n, n_latents)
    return loss, SparseAutoencoder(
        by_code.T @ (data - model.decoder_bias),
        by_code.sum(axis=0),
        codes.T @ by_output,
        by_output.sum(axis=0) - by_code.sum(axis=0) @ model.encoder,
    )


def train_sae(data, n_latents, rng, penalty=0.0, k=None, n_steps=500, learning_rate=0.01):
    """Train a sparse autoencoder by Adam on batches of 200 rows.

    Parameters
    ----------
    data : array_like, shape (n, d)
        One activation in each row; finite.
    n_latents : int
        Size of the dictionary, at least 1; more than `d` is the rule.
    rng : numpy.random.Generator
        Source of the first directions and of the batches, which are drawn with replacement.
    penalty : float, default 0.0
        Weight of the L1 penalty, at least 0.
    k : int, optional
        As in `encode`.
    n_steps : int, default 500
        At least 1.
    learning_rate : float, default 0.01
        Above 0 and finite.

    Returns
    -------
    SparseAutoencoder
        The rows of its decoder have length 1, and are brought back to it after each step:
        otherwise long rows and small codes would cheat the penalty.

    Raises
    ------
    ValueError
        If `data` is no finite matrix, or a number is out of range.

    Notes
    -----
    Encoder and decoder begin equal and are then trained apart. Without decay of the learning rate
    and without revival of dead latents, which real training has [1]_.

    References
    ----------
    .. [1] L. Gao et al., "Scaling and evaluating sparse autoencoders," 2024.

    Examples
    --------
    The first step of Adam moves a bias by the learning rate, up or down.

    >>> import numpy as np
    >>> from code_examples.interpretability.sparse_autoencoder import train_sae
    >>> model = train_sae([[2, 0], [2, 0]], 3, np.random.default_rng(0), penalty=1, n_steps=1)
    >>> model.decoder_bias.round(6).tolist(), np.linalg.norm(model.decoder, axis=1).round(9).tolist()
    ([2.0, 0.0], [1.0, 1.0, 1.0])

    Two points need one latent: the line through both.

    >>> model = train_sae([[0, 0], [3, 4]], 1, np.random.default_rng(1))
    >>> bool(abs(model.decoder @ [0.6, 0.8]) > 0.99)
    True
    """
    data = _checked_rows(data, "data")
    n_latents, n_steps = _checked_count(n_latents, "n_latents"), _checked_count(n_steps, "n_steps")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate}; pass a finite number above 0")
    start = unit_rows(rng.standard_normal((n_latents, data.shape[1])))
    weights = SparseAutoencoder(start, np.zeros(n_latents), start, data.mean(axis=0))
    means = squares = [0.0] * len(weights)
    for t in range(1, n_steps + 1):
        batch = data[rng.integers(len(data), size=200)]
        gradient = loss_and_gradient(weights, batch, penalty, k)[1]
        means = [0.9 * m + 0.1 * g for m, g in zip(means, gradient, strict=True)]
        squares = [0.999 * s + 0.001 * g**2 for s, g in zip(squares, gradient, strict=True)]
        size = learning_rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        moves = [size * m / (np.sqrt(s) + 1e-9) for m, s in zip(means, squares, strict=True)]
        weights = SparseAutoencoder(*(w - move for w, move in zip(weights, moves, strict=True)))
        weights = weights._replace(decoder=unit_rows(weights.decoder))
    return weights


def unit_rows(rows):
    """Divide each row by its length.

    Parameters
    ----------
    rows : array_like, shape (n, d)
        Finite; no row may be zero.

    Returns
    -------
    ndarray, shape (n, d)
        Rows of length 1.

    Raises
    ------
    ValueError
        If `rows` is no finite matrix, or a row is zero.

    Examples
    --------
    >>> from code_examples.interpretability.sparse_autoencoder import unit_rows
    >>> unit_rows([[3, 4], [0, -2]]).tolist()
    [[0.6, 0.8], [0.0, -1.0]]
    """
    rows = _checked_rows(rows, "rows")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError("a row is zero and has no direction; leave it out")
    return rows / lengths


def match_directions(found, true):
    """Return for each true direction the nearest one found.

    Parameters
    ----------
    found : array_like, shape (n_found, d)
        Directions in rows, such as a decoder.
    true : array_like, shape (n_true, d)
        Directions in rows.

    Returns
    -------
    cosines : ndarray, shape (n_true,)
        The largest cosine with any found direction, from -1 to 1.
    which : ndarray of int, shape (n_true,)
        The row of `found` that has it; two true directions may share one.

    Raises
    ------
    ValueError
        If an argument is no finite matrix, a row is zero, or the widths differ.

    Examples
    --------
    >>> from code_examples.interpretability.sparse_autoencoder import match_directions
    >>> cosines, which = match_directions([[3, 4], [0, 2]], [[1, 0], [0, 5], [0, -1]])
    >>> cosines.round(9).tolist(), which.tolist()
    ([0.6, 1.0, -0.8], [0, 1, 0])
    """
    found, true = unit_rows(found), unit_rows(true)
    if found.shape[1] != true.shape[1]:
        raise ValueError(f"directions have {found.shape[1]} and {true.shape[1]} entries; pass as many in both")
    cosines = true @ found.T  # (n_true, n_found)
    return cosines.max(axis=1), cosines.argmax(axis=1)


def _checked_rows(rows, name):
    """Return `rows` as float64, or say what is wrong with it."""
    rows = np.asarray(rows, dtype=float)
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"{name} has shape {rows.shape}; pass rows and columns, at least one each")
    if not np.isfinite(rows).all():
        raise ValueError(f"an entry of {name} is not finite; remove or fill NaN and infinity first")
    return rows


def _checked_count(number, name, most=math.inf):
    """Return `number` as int, or refuse what is no integer from 1 to `most`."""
    if not 1 <= number <= most or number == math.inf or number != int(number):
        raise ValueError(
            f"{name} is {number}; pass an integer of at least 1" + f" and at most {most}" * (most < math.inf)
        )
    return int(number)


def _checked_model(model):
    """Return the four arrays of `model` as float64, or say which shapes would fit."""
    parts = [np.asarray(part, dtype=float) for part in model]
    shapes = [part.shape for part in parts]
    encoder = parts[0]
    if (
        encoder.ndim != 2
        or not encoder.size
        or shapes != [encoder.shape, encoder.shape[:1], encoder.shape, encoder.shape[1:]]
    ):
        raise ValueError(
            f"the model has arrays of shapes {shapes}; pass (n_latents, d), (n_latents,), (n_latents, d), (d,)"
        )
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError("an entry of the model is not finite; train it anew")
    return SparseAutoencoder(*parts)
