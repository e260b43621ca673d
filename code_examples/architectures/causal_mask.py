"""The causal mask, so that no position reads the future, and a probe that shows who reads from whom.

Accompanies ``docs/architectures/causal-mask.md``.
"""

import numpy as np


def causal_mask(n):
    """Allow each position to look at itself and at what came before it.

    Parameters
    ----------
    n : int
        Length of the sequence in positions, at least 1.

    Returns
    -------
    ndarray of bool, shape (n, n)
        True where the position of the row may look at the position of the column: at and below
        the diagonal, ``n * (n + 1) / 2`` times.

    Raises
    ------
    ValueError
        If `n` is not an integer of at least 1.

    Notes
    -----
    The masking of section 3.2.3 in [1]_, as what is allowed instead of what is forbidden.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need," 2017, section 3.2.3.

    Examples
    --------
    >>> from code_examples.architectures.causal_mask import causal_mask
    >>> causal_mask(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]

    The only position of a sequence of one looks at itself.

    >>> causal_mask(1).tolist()
    [[True]]
    """
    if not (n >= 1 and n % 1 == 0):
        raise ValueError(f"n is {n}; pass an integer of at least 1")
    return np.tril(np.ones((int(n), int(n)), dtype=bool))


def influence(layer, x):
    """Change one position of the input after the other, and say how far each output moves.

    Parameters
    ----------
    layer : callable
        Takes an array of the shape of `x`, returns an array of shape (n_outputs, d_out), the same
        at every call for the same input; it is called ``n + 1`` times.
    x : array_like, shape (n, d)
        The sequence, one row for each position; finite, in the unit that `layer` takes.

    Returns
    -------
    ndarray of float64, shape (n_outputs, n)
        Entry (i, j) is the largest absolute change of any number in output i, in its unit, when
        the entries of position j grow by 1, 2, 3 and so on.

    Raises
    ------
    ValueError
        If `x` is not a matrix of finite numbers with at least one position.

    Notes
    -----
    A zero says that this change had no effect; a layer without any path from j to i gives exactly
    zero. The steps differ, as a normalization would take out equal ones.

    Examples
    --------
    A running sum is causal: no output moves with a later input.

    >>> from code_examples.architectures.causal_mask import influence
    >>> influence(lambda x: x.cumsum(axis=0), [[5, 0], [7, 1], [6, 3]]).tolist()
    [[2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [2.0, 2.0, 2.0]]

    Reversing the sequence hands the last input to the first output.

    >>> influence(lambda x: x[::-1], [[5], [7]]).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or not len(x):
        raise ValueError(f"x has shape {x.shape}; pass (n, d), with at least one position")
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinity; pass finite numbers")
    before, moved = layer(x.copy()), []
    for j in range(len(x)):
        changed = x.copy()
        changed[j] += 1 + np.arange(x.shape[1])
        moved.append(np.abs(layer(changed) - before).max(axis=1))
    return np.stack(moved, axis=1)  # (n_outputs, n)
