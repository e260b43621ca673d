"""Residual stream: the running sum to which every layer of a transformer adds, and reading it.

Accompanies ``docs/architectures/residual-stream.md``, whose names it follows: states and writes.
"""

import numpy as np


def rms_norm(x):
    """Scale each vector so that the mean of its squared entries is 1.

    Parameters
    ----------
    x : array_like, shape (..., d_model)
        Finite numbers, dimensionless.

    Returns
    -------
    ndarray of float64, shape of `x`
        Vectors of root mean square 1; a vector of zeros stays zero.

    Raises
    ------
    ValueError
        If `x` is a single number or has no entries, or a number is not finite.

    Notes
    -----
    The class RMSNorm of [1]_, without its trained gain and without the small constant under the root. Each vector
    is divided by its largest entry first, so that no square overflows.

    References
    ----------
    .. [1] Meta, "Model code of LLaMA," 2023, llama/model.py.

    Examples
    --------
    The squares 1 and 49 have a mean of 25, so all is divided by 5.

    >>> from code_examples.architectures.residual_stream import rms_norm
    >>> rms_norm([1, 7]).round(12).tolist()
    [0.2, 1.4]

    Size does not count, and nothing stays nothing.

    >>> rms_norm([[1e300, 7e300], [0, 0]]).round(12).tolist()
    [[0.2, 1.4], [0.0, 0.0]]
    """
    x = np.asarray(x, dtype=float)
    if x.ndim == 0 or not x.size:
        raise ValueError(f"x has shape {x.shape}; pass vectors with at least one entry")
    if not np.isfinite(x).all():
        raise ValueError("an entry of x is not finite; look for what made NaN or infinity first")
    largest = np.abs(x).max(axis=-1, keepdims=True)
    x = np.divide(x, largest, out=np.zeros_like(x), where=largest > 0)
    size = np.sqrt(np.mean(x**2, axis=-1, keepdims=True))
    return np.divide(x, size, out=x, where=size > 0)


def run_stream(x, sublayers):
    """Let each sublayer read the normalized stream and add its output.

    Parameters
    ----------
    x : array_like, shape (n, d_model)
        The embeddings: one finite vector for each token.
    sublayers : iterable of callable
        Each takes an array of that shape and returns one of that shape: attention, feed-forward and so on.

    Returns
    -------
    states : ndarray of float64, shape (n_sublayers + 1, n, d_model)
        The stream before the first sublayer and after each.
    writes : ndarray of float64, shape (n_sublayers, n, d_model)
        What each sublayer added.

    Raises
    ------
    ValueError
        If `x` is no matrix, or a sublayer returns another shape.

    Notes
    -----
    The order of pre-norm models: normalize, compute, add. In [1]_ the norm came after the addition.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.1.

    Examples
    --------
    The first sublayer adds the normalized vector, the second its negative.

    >>> from code_examples.architectures.residual_stream import run_stream
    >>> states, writes = run_stream([[5, 5]], [lambda x: x, lambda x: -2 * x])
    >>> states.tolist()
    [[[5.0, 5.0]], [[6.0, 6.0]], [[4.0, 4.0]]]
    >>> writes.tolist()
    [[[1.0, 1.0]], [[-2.0, -2.0]]]

    Without sublayers the embeddings are all there is.

    >>> run_stream([[5, 5]], [])[0].tolist()
    [[[5.0, 5.0]]]
    """
    states, writes = [np.array(x, dtype=float)], []
    if states[0].ndim != 2:
        raise ValueError(f"x has shape {states[0].shape}; pass (n, d_model)")
    for sublayer in sublayers:
        write = np.asarray(sublayer(rms_norm(states[-1])), dtype=float)
        if write.shape != states[0].shape:
            raise ValueError(f"a sublayer returned shape {write.shape}; it must return {states[0].shape}, like x")
        writes.append(write)
        states.append(states[-1] + write)
    return np.array(states), np.array(writes).reshape(-1, *states[0].shape)


def attribute_logits(parts, unembedding):
    """Split the logits among the parts of the final stream.

    Parameters
    ----------
    parts : array_like, shape (n_parts, n, d_model)
        The embeddings and what each sublayer wrote; their sum is the final stream.
    unembedding : array_like, shape (d_model, vocabulary_size)
        The matrix that turns the normalized stream into logits.

    Returns
    -------
    ndarray of float64, shape (n_parts, n, vocabulary_size)
        What each part adds to each logit; they sum to the logits of the model.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the parts of a token add up to zero, NaN or more than float64 can square.

    Notes
    -----
    The last norm divides the sum by one number for each token. That number depends on all parts, so it is taken
    from the sum and then held fixed.

    Examples
    --------
    The parts (1, 0) and (0, 7) add up to (1, 7), which the norm divides by 5.

    >>> from code_examples.architectures.residual_stream import attribute_logits
    >>> attribute_logits([[[1, 0]], [[0, 7]]], [[1, 0], [0, 1]]).round(12).tolist()
    [[[0.2, 0.0]], [[0.0, 1.4]]]

    A part that cancels another still has its say.

    >>> attribute_logits([[[3]], [[-3]], [[2]]], [[1]]).tolist()
    [[[1.5]], [[-1.5]], [[1.0]]]
    """
    parts, unembedding = np.asarray(parts, dtype=float), np.asarray(unembedding, dtype=float)
    if parts.ndim != 3 or unembedding.ndim != 2 or parts.shape[2] != unembedding.shape[0]:
        shapes = parts.shape, unembedding.shape
        raise ValueError(f"shapes are {shapes}; pass (n_parts, n, d_model) and (d_model, vocabulary_size)")
    with np.errstate(over="ignore"):  # refused below
        size = np.sqrt(np.mean(parts.sum(axis=0) ** 2, axis=-1, keepdims=True))  # (n, 1)
    if not ((size > 0) & (size < np.inf)).all():
        raise ValueError(
            "the parts of a token add up to zero, NaN or more than float64 can square; there is no direction to read"
        )
    return (parts / size) @ unembedding
