"""DoRA: each row of a weight matrix as a length, trained by itself, and a direction, trained by LoRA.

Accompanies ``docs/adaptation/dora.md``, whose names it follows: magnitude, row lengths, and the factors b and a.
"""

import numpy as np

from code_examples.adaptation.lora import apply_lora, factor_gradients, merge_lora


def row_lengths(weight, b, a, scale=1.0):
    """Return the length of each row of the frozen matrix plus its update, without forming the sum.

    Parameters
    ----------
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What the product of the factors is multiplied by.

    Returns
    -------
    ndarray, shape (d_out,)
        Euclidean lengths, all above 0, in the unit of the weights.

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or a row has length 0.

    Notes
    -----
    The square of a sum in three parts, as in [1]_. Equation 5 of [2]_ writes matrices the other way
    round, one output a column.

    References
    ----------
    .. [1] A. Zelenin and A. Zhuravlyova, "Scaling DoRA: High-Rank Adaptation via Factored Norms and Fused
       Kernels," 2026.
    .. [2] S.-Y. Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation," 2024.

    Examples
    --------
    The rows are (3, 0) and (0, 1); the update adds 4 to the second entry of the first row.

    >>> from code_examples.adaptation.dora import row_lengths
    >>> row_lengths([[3, 0], [0, 1]], b=[[2], [0]], a=[[0, 1]], scale=2).round(12).tolist()
    [5.0, 1.0]

    With b at zero they are those of the frozen matrix: the magnitude to start with.

    >>> row_lengths([[3, 4], [0, 1]], b=[[0], [0]], a=[[1, 1]]).tolist()
    [5.0, 1.0]
    """
    merge_lora(weight, b, a, scale)  # refuses what does not fit
    weight, b, a = (np.asarray(matrix, dtype=float) for matrix in (weight, b, a))
    unit = max(np.abs(weight).max(), np.abs(b).max()) or 1.0
    weight, b = weight / unit, b / unit  # so that squares stay in range
    across = ((weight @ a.T) * b).sum(axis=1)  # (d_out,)
    update = ((b @ (a @ a.T)) * b).sum(axis=1)
    parts = (weight**2).sum(axis=1) + scale**2 * update
    squares = parts + 2 * scale * across
    if (squares <= 1e-12 * parts).any():  # what is left is rounding
        raise ValueError("a row has length 0 and so no direction; adapt this matrix by LoRA")
    return unit * np.sqrt(squares)


def merge_dora(weight, magnitude, b, a, scale=1.0):
    """Return one matrix that does the work of the frozen one, the factors and the magnitude.

    Parameters
    ----------
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    magnitude : array_like, shape (d_out,)
        The trained length of each row; at the start ``row_lengths(weight, b, a)``.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What the product of the factors is multiplied by.

    Returns
    -------
    ndarray, shape (d_out, d_in)
        A matrix whose rows have the lengths of `magnitude`.

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or a row has length 0.

    Notes
    -----
    Equation 5 of [1]_, with a row for each output.

    References
    ----------
    .. [1] S.-Y. Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation," 2024.

    Examples
    --------
    The update turns the first row into (3, 4); its magnitude stays 3, so the row is shortened.

    >>> from code_examples.adaptation.dora import merge_dora
    >>> merge_dora([[3, 0], [0, 1]], [3, 2], b=[[2], [0]], a=[[0, 1]], scale=2).round(12).tolist()
    [[1.8, 2.4], [0.0, 2.0]]

    With b at zero and the lengths of the rows it is the frozen matrix.

    >>> merge_dora([[3, 4], [0, 1]], [5, 1], b=[[0], [0]], a=[[1, 1]]).round(12).tolist()
    [[3.0, 4.0], [0.0, 1.0]]
    """
    ratio = _checked_magnitude(magnitude, weight) / row_lengths(weight, b, a, scale)
    return ratio[:, np.newaxis] * merge_lora(weight, b, a, scale)


def apply_dora(inputs, weight, magnitude, b, a, scale=1.0):
    """Return the outputs of the merged matrix, without forming it.

    Parameters
    ----------
    inputs : array_like, shape (n, d_in)
        One input in each row.
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    magnitude : array_like, shape (d_out,)
        The trained length of each row.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What the product of the factors is multiplied by.

    Returns
    -------
    ndarray, shape (n, d_out)
        One output in each row: those of LoRA, each times one number.

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or a row has length 0.

    Examples
    --------
    LoRA's outputs are 7 and 1; the rows are 5 and 1 long and shall be 10 and 3.

    >>> from code_examples.adaptation.dora import apply_dora
    >>> apply_dora([[1, 1]], [[3, 0], [0, 1]], [10, 3], b=[[2], [0]], a=[[0, 1]], scale=2).round(12).tolist()
    [[14.0, 3.0]]
    """
    ratio = _checked_magnitude(magnitude, weight) / row_lengths(weight, b, a, scale)
    return ratio * apply_lora(inputs, weight, b, a, scale)


def dora_gradients(weight_gradient, weight, magnitude, b, a, scale=1.0, exact=False):
    """Turn the gradient of the merged matrix into those of the magnitude and the factors.

    Parameters
    ----------
    weight_gradient : array_like, shape (d_out, d_in)
        Gradient of the loss by the entries of the merged matrix.
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    magnitude : array_like, shape (d_out,)
        The trained length of each row.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What the product of the factors is multiplied by.
    exact : bool, default False
        Whether the gradient passes through the lengths. Without it they count as constants.

    Returns
    -------
    magnitude_gradient : ndarray, shape (d_out,)
        Gradient of the loss by the magnitude.
    b_gradient : ndarray, shape (d_out, rank)
        Gradient of the loss by the entries of b.
    a_gradient : ndarray, shape (rank, d_in)
        Gradient of the loss by the entries of a.

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or a row has length 0.

    Notes
    -----
    Equations 6 and 7 of [1]_ are the exact ones; its section 4.3 takes the lengths as constants, to
    save memory, and PEFT does the same.

    References
    ----------
    .. [1] S.-Y. Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation," 2024.

    Examples
    --------
    One row (3, 4) of length 5, with a magnitude of 10. The gradient (1, 0) has 0.6 along it.

    >>> from code_examples.adaptation.dora import dora_gradients
    >>> parts = dora_gradients([[1, 0]], [[3, 4]], [10], b=[[0]], a=[[1, 0]])
    >>> [part.round(12).tolist() for part in parts]
    [[0.6], [[2.0]], [[0.0, 0.0]]]

    Exactly, the factors get only what is across the row: (0.64, -0.48), twice.

    >>> dora_gradients([[1, 0]], [[3, 4]], [10], b=[[0]], a=[[1, 0]], exact=True)[1].round(12).tolist()
    [[1.28]]
    """
    magnitude = _checked_magnitude(magnitude, weight)
    lengths = row_lengths(weight, b, a, scale)
    factor_gradients(weight_gradient, b, a, scale)  # refuses what does not fit
    gradient = np.asarray(weight_gradient, dtype=float)
    directions = merge_lora(weight, b, a, scale) / lengths[:, np.newaxis]
    along = (gradient * directions).sum(axis=1)  # (d_out,)
    if exact:
        gradient = gradient - along[:, np.newaxis] * directions
    ratio = (magnitude / lengths)[:, np.newaxis]
    return along, *factor_gradients(ratio * gradient, b, a, scale)


def _checked_magnitude(magnitude, weight):
    """Return the magnitude as float64, or say which shape would fit."""
    magnitude = np.asarray(magnitude, dtype=float)
    if magnitude.shape != np.shape(weight)[:1]:
        raise ValueError(f"magnitude has shape {magnitude.shape}; pass one number for each row of {np.shape(weight)}")
    if not np.isfinite(magnitude).all():
        raise ValueError("a magnitude is not finite; look for what made NaN or infinity first")
    return magnitude
