"""Embeddings in one bit or one byte a number: packed bits with Hamming distance, int8 codes with calibrated ranges.

Accompanies ``docs/retrieval/embedding-quantization.md``, whose names it follows: low, step, codes.
"""

import numpy as np


def binarize(rows):
    """Keep one bit of each number: whether it is above zero.

    Parameters
    ----------
    rows : array_like, shape (n, d)
        Finite numbers; zero itself counts as not above.

    Returns
    -------
    ndarray of uint8, shape (n, ceil(d / 8))
        Eight dimensions in a byte, the first one in the highest bit; missing ones at the end are zeros.

    Raises
    ------
    ValueError
        If `rows` are no finite matrix, or it is empty.

    Examples
    --------
    The bits 1, 1, 0, 1 and four missing ones make 128 + 64 + 16.

    >>> from code_examples.retrieval.embedding_quantization import binarize
    >>> binarize([[12, 1, -100, 0.3], [-1, 0, 2, 0]]).tolist()
    [[208], [32]]
    """
    return np.packbits(_matrix(rows, "rows") > 0, axis=1)


def hamming(bits, rows):
    """Count in how many bits a vector differs from each of some others.

    Parameters
    ----------
    bits : array_like of uint8, shape (n_bytes,)
        One packed vector, as a row from `binarize`.
    rows : array_like of uint8, shape (n, n_bytes)
        Packed vectors.

    Returns
    -------
    ndarray of int64, shape (n,)
        Counts from 0 to ``8 * n_bytes``; small is similar.

    Raises
    ------
    ValueError
        If an argument does not hold bytes, or the widths differ.

    Examples
    --------
    >>> from code_examples.retrieval.embedding_quantization import binarize, hamming
    >>> rows = binarize([[1, 1, 1], [1, -1, 1], [-1, -1, -1]])
    >>> hamming(rows[0], rows).tolist()
    [0, 1, 3]
    """
    bits, rows = np.asarray(bits), np.asarray(rows)
    if bits.dtype != np.uint8 or rows.dtype != np.uint8 or rows.ndim != 2 or bits.shape != rows.shape[1:]:
        raise ValueError(
            f"bits are {bits.dtype} {bits.shape} and rows {rows.dtype} {rows.shape}; pass a row and a matrix of uint8"
        )
    return np.bitwise_count(bits ^ rows).sum(axis=1, dtype=np.int64)


def bit_scores(query, rows):
    """Return the dot product of a vector of floats with binary ones, whose bits stand for -1 and 1.

    Parameters
    ----------
    query : array_like, shape (d,)
        Finite numbers, not quantized.
    rows : array_like of uint8, shape (n, ceil(d / 8))
        Packed vectors, as from `binarize`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Scores, large is similar.

    Raises
    ------
    ValueError
        If `query` is no finite row, `rows` do not hold bytes, or the widths do not fit.

    Notes
    -----
    This is how Yamada et al. rescore candidates without a second copy of the vectors, as reported by [1]_.

    References
    ----------
    .. [1] A. Shakir, T. Aarsen and S. Lee, "Binary and Scalar Embedding Quantization for Significantly Faster &
       Cheaper Retrieval," 2024.

    Examples
    --------
    >>> from code_examples.retrieval.embedding_quantization import binarize, bit_scores
    >>> bit_scores([5, 2, 1], binarize([[1, 1, 1], [1, -1, 1], [-1, -1, -1]])).tolist()
    [8.0, 4.0, -8.0]
    """
    query, rows = np.asarray(query, dtype=np.float64), np.asarray(rows)
    if query.ndim != 1 or not np.isfinite(query).all():
        raise ValueError(f"query has shape {query.shape}; pass one row of finite numbers")
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != -(-len(query) // 8):
        raise ValueError(f"rows are {rows.dtype} {rows.shape}; pass a matrix of uint8, one byte for eight dimensions")
    ones = np.unpackbits(rows, axis=1, count=len(query))  # (n, d)
    return 2 * (ones @ query) - query.sum()


def calibrate(rows):
    """Choose the range of the int8 codes for each dimension.

    Parameters
    ----------
    rows : array_like, shape (n, d)
        Vectors like those that will be stored; the more, the better.

    Returns
    -------
    low : ndarray of float64, shape (d,)
        The smallest value of each dimension, which gets the code -128.
    step : ndarray of float64, shape (d,)
        The distance of two codes, so that the largest value gets 127; 1 where all values are equal.

    Raises
    ------
    ValueError
        If `rows` are no finite matrix, or it is empty.

    Examples
    --------
    >>> from code_examples.retrieval.embedding_quantization import calibrate
    >>> low, step = calibrate([[0, 7], [510, 7], [100, 7]])
    >>> low.tolist(), step.tolist()
    ([0.0, 7.0], [2.0, 1.0])
    """
    rows = _matrix(rows, "rows")
    low = rows.min(axis=0)
    step = (rows.max(axis=0) - low) / 255
    return low, np.where(step > 0, step, 1.0)


def encode_int8(rows, low, step):
    """Round each number to the nearest of 256 codes; what lies outside the range gets the code at its end.

    Parameters
    ----------
    rows : array_like, shape (n, d)
        Finite numbers.
    low, step : array_like, shape (d,)
        From `calibrate`; steps above zero.

    Returns
    -------
    ndarray of int8, shape (n, d)
        Codes from -128 to 127.

    Raises
    ------
    ValueError
        If `rows` are no finite matrix, `low` or `step` has another width or is not finite, or a step is not above zero.

    Examples
    --------
    The last value is far above the range.

    >>> from code_examples.retrieval.embedding_quantization import encode_int8
    >>> encode_int8([[0], [100], [510], [9999]], [0], [2]).tolist()
    [[-128], [-78], [127], [127]]
    """
    rows, (low, step) = _matrix(rows, "rows"), _range(low, step)
    if rows.shape[1:] != low.shape:
        raise ValueError(f"rows have shape {rows.shape} and the range {low.shape}; pass as many columns")
    return np.clip(np.rint((rows - low) / step) - 128, -128, 127).astype(np.int8)


def decode_int8(codes, low, step):
    """Read codes back as numbers.

    Parameters
    ----------
    codes : array_like of int8, shape (n, d)
        From `encode_int8`.
    low, step : array_like, shape (d,)
        The same as there.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Values within half a step of the originals, if those were in the range.

    Raises
    ------
    ValueError
        If `codes` are no matrix of integers from -128 to 127, `low` or `step` has another width or is not finite, or a
        step is not above zero.

    Examples
    --------
    >>> from code_examples.retrieval.embedding_quantization import decode_int8
    >>> decode_int8([[-128], [-78], [127]], [0], [2]).tolist()
    [[0.0], [100.0], [510.0]]
    """
    codes, (low, step) = _matrix(codes, "codes"), _range(low, step)
    if codes.shape[1:] != low.shape:
        raise ValueError(f"codes have shape {codes.shape} and the range {low.shape}; pass as many columns")
    if not np.isin(codes, np.arange(-128, 128)).all():
        raise ValueError("a code is no integer from -128 to 127; pass what encode_int8 returned")
    return (codes + 128) * step + low


def _matrix(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} of shape {values.shape}: pass a matrix of finite numbers, not empty")
    return values


def _range(low, step):
    low, step = np.asarray(low, dtype=np.float64), np.asarray(step, dtype=np.float64)
    if low.ndim != 1 or low.shape != step.shape or not np.isfinite([low, step]).all() or not (step > 0).all():
        raise ValueError(
            f"low has shape {low.shape} and step {step.shape}; pass a finite one of each a column, steps above 0"
        )
    return low, step
