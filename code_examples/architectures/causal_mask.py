"""The causal mask: which positions each position may read, so that none reads the future.

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
