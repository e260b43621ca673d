"""QLoRA: a frozen base in 4 bits, read back for each product, and a trained update in more.

Accompanies ``docs/adaptation/qlora.md``, whose names it follows: levels, scales, base, and the factors b and a.
"""

import math
from statistics import NormalDist

import numpy as np

from code_examples.adaptation.quantization import dequantize_blockwise, quantize_blockwise

INT8_LEVELS = np.arange(-127, 128) / 127
"""The code book of the scales' own codes: even steps from -1 to 1."""


def nf4_levels():
    """Derive the code book of 4-bit NormalFloat from the normal distribution.

    Returns
    -------
    ndarray, shape (16,)
        Increasing dimensionless levels from -1 to 1: seven below zero, zero itself, eight above.

    Notes
    -----
    Section 3 of [1]_ takes quantiles at even steps of probability, for either side on its own, so that
    both contain zero. Where the outermost one lies stands in the authors' library [2]_: half-way
    between the middles of the last of 15 and of 16 equal shares.

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," 2023, section 3.
    .. [2] bitsandbytes 0.50.2, functional.py, create_normal_map.

    Examples
    --------
    Both ends are exact and so is zero; the other levels have no mirror image.

    >>> from code_examples.adaptation.qlora import nf4_levels
    >>> levels = nf4_levels()
    >>> levels[[0, 7, 15]].tolist(), levels[[6, 8]].round(3).tolist()
    ([-1.0, 0.0, 1.0], [-0.091, 0.08])
    """
    outermost = 1 - (1 / 30 + 1 / 32) / 2
    quantile = NormalDist().inv_cdf
    above = [quantile(p) for p in np.linspace(outermost, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(outermost, 0.5, 8)[:-1]]
    return np.array([*below, 0.0, *reversed(above)]) / above[0]


def quantize_scales(scales, block_size=256):
    """Quantize the scales of a quantized matrix in their turn.

    Parameters
    ----------
    scales : array_like, shape (n_scales,)
        Finite numbers, as `quantize_blockwise` returns them.
    block_size : int, default 256
        How many scales share one scale of their own; divides `n_scales`.

    Returns
    -------
    codes : ndarray of uint8, shape (n_scales,)
        Positions in `INT8_LEVELS`.
    second_scales : ndarray, shape (n_scales / block_size,)
        The largest distance from the mean in each block, in the unit of `scales`.
    mean : float
        What was subtracted from all scales.

    Raises
    ------
    ValueError
        If the scales are not finite or do not divide into blocks.

    Notes
    -----
    "Double Quantization" in section 3 of [1]_: scales are positive, so their mean goes first. The
    paper stores 8-bit floats, bitsandbytes a code book of its own; here the levels are even.

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," 2023, section 3.

    Examples
    --------
    The scales 1 and 3 lie one below and one above their mean: the first code and the last.

    >>> from code_examples.adaptation.qlora import quantize_scales
    >>> codes, second_scales, mean = quantize_scales([1, 3], block_size=2)
    >>> codes.tolist(), second_scales.tolist(), mean
    ([0, 254], [1.0], 2.0)

    A single scale is its own mean.

    >>> codes, second_scales, mean = quantize_scales([5], block_size=1)
    >>> codes.tolist(), mean
    ([127], 5.0)
    """
    scales = np.asarray(scales, dtype=float)
    if scales.ndim != 1 or not scales.size:
        raise ValueError(f"scales have shape {scales.shape}; pass one row of them")
    mean = float(scales.mean())
    return *quantize_blockwise(scales - mean, INT8_LEVELS, block_size), mean


def read_base(codes, scale_codes, second_scales, mean):
    """Turn the stored base back into real numbers.

    Parameters
    ----------
    codes : array_like of int, shape (d_out, d_in)
        4-bit codes of the weights, positions in the levels of NF4.
    scale_codes : ndarray of uint8, shape (n_scales,)
        Codes of the scales, from `quantize_scales`.
    second_scales : ndarray, shape (n_second,)
        Scales of the scales.
    mean : float
        Mean of the scales, in the unit of the weights.

    Returns
    -------
    ndarray, shape (d_out, d_in)
        The weights that every product of training uses.

    Raises
    ------
    ValueError
        If codes and scales do not divide into blocks, or `mean` is not finite.

    Notes
    -----
    Equation 6 of [1]_, "doubleDequant".

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," 2023, section 3.

    Examples
    --------
    Two blocks of two weights, with the scales 1 and 3.

    >>> from code_examples.adaptation.qlora import quantize_scales, read_base
    >>> read_base([[0, 7], [15, 0]], *quantize_scales([1, 3], block_size=2)).tolist()
    [[-1.0, 0.0], [3.0, -3.0]]
    """
    if not math.isfinite(mean):
        raise ValueError(f"mean is {mean}; pass it as quantize_scales returned it")
    scales = mean + dequantize_blockwise(scale_codes, second_scales, INT8_LEVELS)  # (n_scales,)
    return dequantize_blockwise(codes, scales, nf4_levels())


def backpropagate(inputs, output_gradient, base, b, a, scale=1.0):
    """Send a gradient back through the base and the update beside it.

    Parameters
    ----------
    inputs : array_like, shape (n, d_in)
        What the layer received, one input in each row.
    output_gradient : array_like, shape (n, d_out)
        Gradient of the loss by the layer's outputs.
    base : array_like, shape (d_out, d_in)
        The frozen weights as read back; they get no gradient.
    b : array_like, shape (d_out, rank)
        The trained factor that starts at zero.
    a : array_like, shape (rank, d_in)
        The trained factor that starts at random.
    scale : float, default 1.0
        What the product of the factors is multiplied by.

    Returns
    -------
    input_gradient : ndarray, shape (n, d_in)
        Gradient by the inputs, for the layers below.
    b_gradient : ndarray, shape (d_out, rank)
        Gradient by the entries of b.
    a_gradient : ndarray, shape (rank, d_in)
        Gradient by the entries of a.

    Raises
    ------
    ValueError
        If the shapes do not fit, `scale` is not one number, or an entry is not finite.

    Notes
    -----
    The derivatives of equation 5 of [1]_. The update is never formed as a matrix.

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," 2023, section 3.

    Examples
    --------
    One input of 3 and one output: the base is 2, the update 4 times 5.

    >>> from code_examples.adaptation.qlora import backpropagate
    >>> [gradient.item() for gradient in backpropagate([[3]], [[1]], [[2]], [[4]], [[5]])]
    [22.0, 15.0, 12.0]

    With b at zero, a has no gradient, and the layers below see the base alone.

    >>> [gradient.item() for gradient in backpropagate([[3]], [[1]], [[2]], [[0]], [[5]], scale=2)]
    [2.0, 30.0, 0.0]
    """
    inputs, output_gradient, base, b, a = arrays = [
        np.asarray(array, dtype=float) for array in (inputs, output_gradient, base, b, a)
    ]
    shapes = tuple(array.shape for array in arrays)
    if any(len(shape) != 2 for shape in shapes):
        raise ValueError(f"shapes are {shapes}; pass five matrices")
    n, (d_out, rank), d_in = len(inputs), b.shape, a.shape[1]
    if shapes != ((n, d_in), (n, d_out), (d_out, d_in), (d_out, rank), (rank, d_in)):
        raise ValueError(f"shapes are {shapes}; pass (n, d_in), (n, d_out), (d_out, d_in), (d_out, rank), (rank, d_in)")
    if np.ndim(scale):
        raise ValueError(f"scale has shape {np.shape(scale)}; pass one number")
    if not all(np.isfinite(array).all() for array in (*arrays, scale)):
        raise ValueError("an entry is not finite; look for what made NaN or infinity first")
    through_b = scale * (output_gradient @ b)  # (n, rank)
    through_a = scale * (inputs @ a.T)  # (n, rank)
    return output_gradient @ base + through_b @ a, output_gradient.T @ through_a, through_b.T @ inputs


def training_memory(n_frozen, frozen_bits, n_trained):
    """Count the bytes that weights, gradients and Adam take, without activations.

    Parameters
    ----------
    n_frozen : int
        Weights that are only read, at least 0.
    frozen_bits : float
        Bits that one of them takes, scales included; above 0.
    n_trained : int
        Weights that are trained, at least 0.

    Returns
    -------
    dict of str to float
        Bytes of the frozen weights, and of the trained ones with two bytes each for weight and
        gradient and four for each of Adam's two averages.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or `frozen_bits` is not above 0.

    Notes
    -----
    With nothing frozen it is 12 bytes a weight, which makes the 780 GB of [1]_ for 65 billion.

    References
    ----------
    .. [1] T. Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs," 2023, section 1.

    Examples
    --------
    A thousand weights in 4 bits and ten trained ones.

    >>> from code_examples.adaptation.qlora import training_memory
    >>> training_memory(1000, 4, 10)
    {'frozen': 500.0, 'trained': 20, 'gradients': 20, 'moments': 80}

    >>> sum(training_memory(0, 16, 65e9).values()) / 1e9
    780.0
    """
    if not (0 <= n_frozen < math.inf and 0 <= n_trained < math.inf and 0 < frozen_bits < math.inf):
        raise ValueError("pass counts of at least 0, and frozen_bits above 0")
    return {
        "frozen": n_frozen * frozen_bits / 8,
        "trained": 2 * n_trained,
        "gradients": 2 * n_trained,
        "moments": 8 * n_trained,
    }
