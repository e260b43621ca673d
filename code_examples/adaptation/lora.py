"""LoRA: a frozen weight matrix and a trained update of low rank beside it.

Accompanies ``docs/adaptation/lora.md``, whose names it follows: rank, alpha, and the factors b and a.
"""

import math

import numpy as np


def lora_scale(rank, alpha, rank_stabilized=False):
    """Return the number by which the product of the factors is multiplied.

    Parameters
    ----------
    rank : int
        Columns of b and rows of a, at least 1.
    alpha : float
        Dimensionless and above 0; ``lora_alpha`` in PEFT.
    rank_stabilized : bool, default False
        Whether to divide by the root of the rank, as rsLoRA does, instead of the rank.

    Returns
    -------
    float
        ``alpha / rank``, or ``alpha / sqrt(rank)``; above 0.

    Raises
    ------
    ValueError
        If `rank` is not a positive integer or `alpha` is not a finite number above 0.

    Notes
    -----
    Section 4.1 of [1]_; the root is that of [2]_.

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.1.
    .. [2] D. Kalajdzievski, "A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA," 2023.

    Examples
    --------
    >>> from code_examples.adaptation.lora import lora_scale
    >>> lora_scale(rank=16, alpha=32), lora_scale(rank=16, alpha=32, rank_stabilized=True)
    (2.0, 8.0)

    At rank 1 the two agree.

    >>> lora_scale(rank=1, alpha=8), lora_scale(rank=1, alpha=8, rank_stabilized=True)
    (8.0, 8.0)
    """
    rank = _checked_rank(rank)
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha is {alpha}; pass a finite number above 0")
    return float(alpha / (math.sqrt(rank) if rank_stabilized else rank))


def count_parameters(shapes, rank):
    """Count the numbers that LoRA trains.

    Parameters
    ----------
    shapes : iterable of tuple of int
        ``(d_out, d_in)`` of each adapted matrix.
    rank : int
        The rank, the same for all; at least 1.

    Returns
    -------
    int
        ``rank * (d_out + d_in)``, summed over the matrices.

    Raises
    ------
    ValueError
        If `rank` is not a positive integer, or a shape is not two positive integers.

    Notes
    -----
    With square matrices of one size this is the count in section 4.2 of [1]_.

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.2.

    Examples
    --------
    One matrix of 4 rows and 6 columns: a column of 4 and a row of 6 for each rank.

    >>> from code_examples.adaptation.lora import count_parameters
    >>> count_parameters([(4, 6)], rank=1), count_parameters([(4, 6)], rank=2)
    (10, 20)

    Nothing is adapted.

    >>> count_parameters([], rank=8)
    0
    """
    rank = _checked_rank(rank)
    return rank * sum(sum(_checked_shape(shape)) for shape in shapes)


def init_factors(shape, rank, rng):
    """Draw factors whose product is zero, so that training starts at the base model.

    Parameters
    ----------
    shape : tuple of int
        ``(d_out, d_in)`` of the frozen matrix.
    rank : int
        At least 1.
    rng : numpy.random.Generator
        Where the entries of a come from.

    Returns
    -------
    b : ndarray, shape (d_out, rank)
        Zeros.
    a : ndarray, shape (rank, d_in)
        Uniform between plus and minus ``1 / sqrt(d_in)``.

    Raises
    ------
    ValueError
        If `shape` is not two positive integers, or `rank` is not a positive integer.

    Notes
    -----
    Section 4.1 of [1]_ draws a from a Gaussian. The authors' code and PEFT draw it uniformly,
    as here [2]_. Either way b is zero.

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.1.
    .. [2] Hugging Face PEFT, tuners/lora/layer.py, reset_lora_parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.adaptation.lora import init_factors
    >>> b, a = init_factors((3, 4), rank=2, rng=np.random.default_rng(0))
    >>> b.shape, a.shape, bool(np.abs(a).max() <= 0.5), (b @ a).any().item()
    ((3, 2), (2, 4), True, False)

    One input, one output: a lies between -1 and 1.

    >>> b, a = init_factors((1, 1), rank=1, rng=np.random.default_rng(0))
    >>> b.tolist(), bool(abs(a.item()) <= 1)
    ([[0.0]], True)
    """
    (d_out, d_in), rank = _checked_shape(shape), _checked_rank(rank)
    return np.zeros((d_out, rank)), rng.uniform(-1, 1, (rank, d_in)) / math.sqrt(d_in)


def apply_lora(inputs, weight, b, a, scale=1.0):
    """Return the outputs of the frozen matrix plus those of the update beside it.

    Parameters
    ----------
    inputs : array_like, shape (n, d_in)
        One input in each row.
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What `lora_scale` returns; any finite number, 0 for no update.

    Returns
    -------
    ndarray, shape (n, d_out)
        One output in each row, in the unit of the frozen matrix's outputs.

    Raises
    ------
    ValueError
        If the shapes do not fit, or an entry or the scale is not a finite number.

    Notes
    -----
    Equation 3 of [1]_, with the scale of its section 4.1. The update is never formed as a matrix:
    the inputs pass through `rank` numbers.

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.1.

    Examples
    --------
    The frozen matrix copies two inputs; the update adds twice the first to the second.

    >>> from code_examples.adaptation.lora import apply_lora
    >>> apply_lora([[3, 5]], [[1, 0], [0, 1]], b=[[0], [1]], a=[[1, 0]], scale=2).tolist()
    [[3.0, 11.0]]

    With b at zero nothing is added.

    >>> apply_lora([[3, 5]], [[1, 0], [0, 1]], b=[[0], [0]], a=[[1, 0]], scale=2).tolist()
    [[3.0, 5.0]]
    """
    inputs, scale = np.asarray(inputs, dtype=float), _checked_scale(scale)
    weight, b, a = _checked_factors(weight, b, a)
    if inputs.ndim != 2 or inputs.shape[1] != weight.shape[1]:
        raise ValueError(f"inputs have shape {inputs.shape}; pass (n, {weight.shape[1]})")
    _check_finite(inputs)
    return inputs @ weight.T + scale * ((inputs @ a.T) @ b.T)  # (n, rank) in between


def merge_lora(weight, b, a, scale=1.0):
    """Add the update to the frozen matrix.

    Parameters
    ----------
    weight : array_like, shape (d_out, d_in)
        The frozen matrix.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What `lora_scale` returns; any finite number, 0 for no update.

    Returns
    -------
    ndarray, shape (d_out, d_in)
        One matrix that does the work of all three, in float64.

    Raises
    ------
    ValueError
        If the shapes do not fit, or an entry or the scale is not a finite number.

    Notes
    -----
    Section 4.1 of [1]_, under "No Additional Inference Latency".

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.1.

    Examples
    --------
    >>> from code_examples.adaptation.lora import merge_lora
    >>> merge_lora([[1, 0], [0, 1]], b=[[0], [1]], a=[[1, 0]], scale=2).tolist()
    [[1.0, 0.0], [2.0, 1.0]]

    With b at zero it is the frozen matrix.

    >>> merge_lora([[1, 0], [0, 1]], b=[[0], [0]], a=[[1, 0]], scale=2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    weight, b, a = _checked_factors(weight, b, a)
    return weight + _checked_scale(scale) * (b @ a)


def factor_gradients(weight_gradient, b, a, scale=1.0):
    """Turn the gradient of the whole matrix into those of the two factors.

    Parameters
    ----------
    weight_gradient : array_like, shape (d_out, d_in)
        Gradient of the loss by the entries of the merged matrix.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What `lora_scale` returns; any finite number, 0 for no update.

    Returns
    -------
    b_gradient : ndarray, shape (d_out, rank)
        Gradient of the loss by the entries of b.
    a_gradient : ndarray, shape (rank, d_in)
        Gradient of the loss by the entries of a; zero while b is zero.

    Raises
    ------
    ValueError
        If the shapes do not fit, or an entry or the scale is not a finite number.

    Notes
    -----
    The chain rule on the merged matrix of section 4.1 of [1]_. Real training never forms the
    gradient of the whole matrix.

    References
    ----------
    .. [1] E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," 2021, section 4.1.

    Examples
    --------
    >>> from code_examples.adaptation.lora import factor_gradients
    >>> b_gradient, a_gradient = factor_gradients([[1, 2], [3, 4]], b=[[1], [0]], a=[[1, 1]], scale=2)
    >>> b_gradient.tolist(), a_gradient.tolist()
    ([[6.0], [14.0]], [[2.0, 4.0]])

    At the start b is zero, so a has no gradient.

    >>> factor_gradients([[1, 2], [3, 4]], b=[[0], [0]], a=[[1, 1]], scale=2)[1].tolist()
    [[0.0, 0.0]]
    """
    weight_gradient, b, a = _checked_factors(weight_gradient, b, a)
    scale = _checked_scale(scale)
    return scale * (weight_gradient @ a.T), scale * (b.T @ weight_gradient)


def _checked_rank(rank):
    """Return `rank` as int, or say what is wrong with it."""
    if not 1 <= rank < math.inf or rank != int(rank):
        raise ValueError(f"rank is {rank}; pass an integer of at least 1")
    return int(rank)


def _checked_shape(shape):
    """Return both sides as int, or say what is wrong with them."""
    if np.shape(shape) != (2,) or not all(1 <= side < math.inf and side == int(side) for side in shape):
        raise ValueError(f"shape is {shape}; pass (d_out, d_in), both at least 1")
    return int(shape[0]), int(shape[1])


def _checked_scale(scale):
    """Return `scale` as float, or say what is wrong with it."""
    if np.ndim(scale) or not math.isfinite(scale):
        raise ValueError(f"scale is {scale}; pass one finite number")
    return float(scale)


def _check_finite(*matrices):
    """Refuse NaN and infinity."""
    if not all(np.isfinite(matrix).all() for matrix in matrices):
        raise ValueError("an entry is not finite; look for what made NaN or infinity first")


def _checked_factors(weight, b, a):
    """Return the three matrices as float64, or say which shapes would fit."""
    weight, b, a = (np.asarray(matrix, dtype=float) for matrix in (weight, b, a))
    shapes = weight.shape, b.shape, a.shape
    if any(len(shape) != 2 or 0 in shape for shape in shapes):
        raise ValueError(f"matrix, b and a have shapes {shapes}; pass three matrices that are not empty")
    if (*b.shape, *a.shape) != (weight.shape[0], a.shape[0], b.shape[1], weight.shape[1]):
        raise ValueError(f"matrix, b and a have shapes {shapes}; pass (d_out, d_in), (d_out, rank), (rank, d_in)")
    _check_finite(weight, b, a)
    return weight, b, a
