"""GaLore: Adam on a gradient that is projected to few directions, and its step projected back.

Accompanies ``docs/adaptation/galore.md``, whose names it follows: rank, gap, scale, directions.
"""

import math

import numpy as np

from code_examples.foundations.low_rank_approximation import truncated_svd


def leading_directions(gradient, rank):
    """Return the directions along which a gradient is largest, as vectors of its shorter side.

    Parameters
    ----------
    gradient : array_like, shape (n_rows, n_columns)
        Finite numbers.
    rank : int
        How many directions, 1 to ``min(n_rows, n_columns)``.

    Returns
    -------
    ndarray, shape (min(n_rows, n_columns), rank)
        Leading singular vectors, one a column: left ones if there are fewer rows than columns, otherwise
        right ones. The largest entry of each is positive, so that the result does not hang on the machine.

    Raises
    ------
    ValueError
        If `gradient` is no matrix of finite numbers, or `rank` is out of range.

    Notes
    -----
    Which side is projected follows the authors' code [1]_, which leaves the signs to the machine.

    References
    ----------
    .. [1] galore-torch 1.0, galore_projector.py, proj_type "std".

    Examples
    --------
    The second row is the larger one, so the direction is that of row two.

    >>> from code_examples.adaptation.galore import leading_directions
    >>> leading_directions([[0, 3, 0], [-4, 0, 0]], rank=1).tolist()
    [[0.0], [1.0]]

    A tall matrix is projected on the side of its columns.

    >>> leading_directions([[0, -4], [3, 0], [0, 0]], rank=1).tolist()
    [[0.0], [1.0]]
    """
    gradient = np.asarray(gradient, dtype=float)
    if gradient.ndim != 2 or not gradient.size:
        raise ValueError(f"gradient has shape {gradient.shape}; pass a matrix")
    if not 1 <= rank <= min(gradient.shape) or rank != int(rank):
        raise ValueError(f"rank is {rank}; pass an integer from 1 to {min(gradient.shape)}")
    left, _, right = truncated_svd(gradient, rank)
    directions = left if gradient.shape[0] < gradient.shape[1] else right.T
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(int(rank))]) + 0.0  # no negative zeros


def galore(gradient, start, learning_rate, n_steps, rank, gap=200, scale=0.25, rng=None):
    """Train one matrix by Adam on its projected gradient.

    Parameters
    ----------
    gradient : callable
        Takes the matrix and returns an array of its shape: the gradient of the loss.
    start : array_like, shape (n_rows, n_columns)
        The matrix at the start.
    learning_rate : float
        Size of Adam's step for one entry, above 0.
    n_steps : int
        Steps to take, at least 0.
    rank : int
        Directions that the gradient is projected to, 1 to ``min(n_rows, n_columns)``.
    gap : int, default 200
        Steps from one choice of directions to the next, at least 1.
    scale : float, default 0.25
        What the step is multiplied by on the way back, above 0.
    rng : numpy.random.Generator, optional
        Draws the directions at random. Without it they are those of the gradient.

    Returns
    -------
    ndarray, shape (n_steps + 1, n_rows, n_columns)
        The matrix before the first step and after each.

    Raises
    ------
    ValueError
        If `start` is no matrix of finite numbers, a setting is out of range, or a gradient has another
        shape or is not finite.

    Notes
    -----
    The order of the authors' code [1]_: Adam's averages live in the projected space and are kept when
    the directions change. Decay rates are 0.9 and 0.999. Random directions are an idea of [2]_.

    References
    ----------
    .. [1] galore-torch 1.0, adamw.py.
    .. [2] Y. He et al., "Subspace Optimization for Large Language Models with Convergence Guarantees," 2025.

    Examples
    --------
    The gradient is largest in the first row, so only that row moves. Adam's first step has the size of
    the learning rate, whatever the gradient, and the scale makes it a quarter.

    >>> from code_examples.adaptation.galore import galore
    >>> path = galore(lambda weight: [[0, 4, 9], [1, 0, 0]], [[1, 1, 1], [1, 1, 1]], 0.4, n_steps=1, rank=1)
    >>> path[-1].round(6).tolist()
    [[1.0, 0.9, 0.9], [1.0, 1.0, 1.0]]

    Without steps there is only the start.

    >>> galore(lambda weight: weight, [[5]], 0.1, n_steps=0, rank=1).tolist()
    [[[5.0]]]
    """
    weight = np.array(start, dtype=float)
    if weight.ndim != 2 or not weight.size or not np.isfinite(weight).all():
        raise ValueError(f"start has shape {weight.shape}; pass a matrix of finite numbers")
    if not 1 <= rank <= min(weight.shape) or rank != int(rank):
        raise ValueError(f"rank is {rank}; pass an integer from 1 to {min(weight.shape)}")
    if not (0 <= n_steps < math.inf and 1 <= gap < math.inf) or n_steps != int(n_steps) or gap != int(gap):
        raise ValueError("n_steps and gap count steps; pass integers of at least 0 and 1")
    if not (0 < learning_rate < math.inf and 0 < scale < math.inf):
        raise ValueError("learning_rate and scale must be finite and above 0")
    wide = weight.shape[0] < weight.shape[1]
    path, mean, square = [weight], 0.0, 0.0
    for step in range(int(n_steps)):
        full = np.asarray(gradient(weight), dtype=float)
        if full.shape != weight.shape or not np.isfinite(full).all():
            raise ValueError(f"gradient returned shape {full.shape}; it must be {weight.shape}, all finite")
        if step % gap == 0:
            drawn = full if rng is None else rng.standard_normal(weight.shape)
            directions = leading_directions(drawn, rank)  # (shorter, rank)
        small = directions.T @ (full if wide else full.T)  # (rank, longer)
        mean = 0.9 * mean + 0.1 * small
        square = 0.999 * square + 0.001 * small**2
        size = np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8
        back = directions @ (mean / (1 - 0.9 ** (step + 1)) / size)  # (shorter, longer)
        weight = weight - learning_rate * scale * (back if wide else back.T)
        path.append(weight)
    return np.array(path)


def count_state(shape, rank):
    """Count the numbers that GaLore keeps beside a matrix: its directions and Adam's two averages.

    Parameters
    ----------
    shape : tuple of int
        ``(n_rows, n_columns)`` of the matrix.
    rank : int
        Directions, 1 to the shorter side.

    Returns
    -------
    int
        ``rank`` times the shorter side, and twice ``rank`` times the longer one.

    Raises
    ------
    ValueError
        If `shape` is not two positive integers, or `rank` is out of range.

    Examples
    --------
    Two directions of three entries each, and twice two averages of five. Adam alone keeps 30 numbers.

    >>> from code_examples.adaptation.galore import count_state
    >>> count_state((3, 5), rank=2), count_state((5, 3), rank=2)
    (26, 26)

    At full rank it is more than Adam keeps.

    >>> count_state((3, 5), rank=3)
    39
    """
    if np.shape(shape) != (2,) or not all(1 <= side < math.inf and side == int(side) for side in shape):
        raise ValueError(f"shape is {shape}; pass (n_rows, n_columns), both at least 1")
    if not 1 <= rank <= min(shape) or rank != int(rank):
        raise ValueError(f"rank is {rank}; pass an integer from 1 to {min(shape)}")
    return int(rank * (min(shape) + 2 * max(shape)))
