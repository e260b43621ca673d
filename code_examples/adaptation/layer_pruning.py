"""Layer pruning: how far a block of layers turns the residual stream, and which block turns it least.

Accompanies ``docs/adaptation/layer-pruning.md``, whose names it follows: states, block, angular distance.
"""

import numpy as np


def angular_distance(x, y):
    """Return the angles between pairs of vectors, as shares of a half turn.

    Parameters
    ----------
    x, y : array_like, shape (..., d)
        Vectors other than zero, paired along the leading axes; the two shapes are equal.

    Returns
    -------
    ndarray, shape (...)
        From 0 for the same direction over 0.5 for a right angle to 1 for the opposite one.

    Raises
    ------
    ValueError
        If the shapes differ, a vector is zero, or a number is not finite.

    Notes
    -----
    Equation 7 of [1]_, there for the last token of each text.

    References
    ----------
    .. [1] A. Gromov et al., "The Unreasonable Ineffectiveness of the Deeper Layers," 2024, section 3.2.

    Examples
    --------
    A right angle, an eighth of a turn, and the opposite; lengths do not count.

    >>> from code_examples.adaptation.layer_pruning import angular_distance
    >>> angular_distance([[1, 0], [2, 0], [3, 0]], [[0, 5], [1, 1], [-1, 0]]).round(12).tolist()
    [0.5, 0.25, 1.0]

    A vector and itself.

    >>> angular_distance([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]).item() < 1e-7
    True
    """
    x, y = _checked(x), _checked(y)
    if x.shape != y.shape:
        raise ValueError(f"x has shape {x.shape} and y {y.shape}; pass equally many vectors of one width")
    x, y = (vectors / np.abs(vectors).max(axis=-1, keepdims=True) for vectors in (x, y))  # squares stay in range
    cosines = (x * y).sum(axis=-1) / (np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1))
    return np.arccos(np.clip(cosines, -1, 1)) / np.pi  # rounding may leave the range


def block_distances(states, n_pruned):
    """Return, for each place, how far a block of layers turns the stream.

    Parameters
    ----------
    states : array_like, shape (n_layers + 1, n, d)
        The residual stream before the first layer and after each, for n tokens.
    n_pruned : int
        Layers in the block, 1 to `n_layers`.

    Returns
    -------
    ndarray, shape (n_layers - n_pruned + 1,)
        Mean angular distance over the tokens between the input of the block and its output, by its first
        layer, counted from zero.

    Raises
    ------
    ValueError
        If `states` are no such stack, a vector is zero, or `n_pruned` is out of range.

    Notes
    -----
    Step 1 of the algorithm of [1]_. The block to remove begins where the distance is least.

    References
    ----------
    .. [1] A. Gromov et al., "The Unreasonable Ineffectiveness of the Deeper Layers," 2024, section 3.2.

    Examples
    --------
    The second layer only scales, so a block of that one alone turns nothing.

    >>> from code_examples.adaptation.layer_pruning import block_distances
    >>> states = [[[1, 0]], [[1, 1]], [[2, 2]], [[0, 2]]]
    >>> block_distances(states, n_pruned=1).round(6).tolist(), block_distances(states, n_pruned=2).round(6).tolist()
    ([0.25, 0.0, 0.25], [0.25, 0.25])

    All layers are one block.

    >>> block_distances(states, n_pruned=3).round(6).tolist()
    [0.5]
    """
    states = _checked(states)
    if states.ndim != 3 or len(states) < 2 or not states.shape[1]:
        raise ValueError(f"states have shape {states.shape}; pass (n_layers + 1, n, d), with a layer and a token")
    n_layers = len(states) - 1
    if not 1 <= n_pruned <= n_layers or n_pruned != int(n_pruned):
        raise ValueError(f"n_pruned is {n_pruned}; pass an integer from 1 to {n_layers}")
    n_pruned = int(n_pruned)
    return angular_distance(states[:-n_pruned], states[n_pruned:]).mean(axis=1)


def block_influence(states):
    """Return how much each layer changes the direction of the stream, by the cosine.

    Parameters
    ----------
    states : array_like, shape (n_layers + 1, n, d)
        The residual stream before the first layer and after each, for n tokens.

    Returns
    -------
    ndarray, shape (n_layers,)
        One minus the mean cosine over the tokens between input and output of each layer, 0 to 2.

    Raises
    ------
    ValueError
        If `states` are no such stack, or a vector is zero.

    Notes
    -----
    The score of [1]_, which removes the layers with the lowest scores, neighbours or not.

    References
    ----------
    .. [1] X. Men et al., "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect," 2024.

    Examples
    --------
    The first layer turns one token by a right angle and leaves the other; the second turns both round.

    >>> from code_examples.adaptation.layer_pruning import block_influence
    >>> states = [[[1, 0], [0, 1]], [[0, 1], [0, 2]], [[0, -1], [0, -1]]]
    >>> block_influence(states).round(12).tolist()
    [0.5, 2.0]
    """
    block_distances(states, 1)  # refuses what is no stack
    return 1 - np.cos(np.pi * angular_distance(states[:-1], states[1:])).mean(axis=1)


def _checked(vectors):
    """Return vectors as float64, or say what is wrong with them."""
    vectors = np.asarray(vectors, dtype=float)
    if not vectors.ndim:
        raise ValueError("a single number has no direction; pass vectors")
    if not np.isfinite(vectors).all() or not vectors.any(axis=-1).all():
        raise ValueError("a vector is zero or not finite and has no direction; look for what made it")
    return vectors
