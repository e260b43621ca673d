"""Sliding-window attention: the causal mask with a second bound, and how far layers of it reach.

Accompanies ``docs/architectures/sliding-window-attention.md``, whose names it follows: window, layers.
"""

import numpy as np

from code_examples.architectures.causal_mask import causal_mask


def window_mask(n, window):
    """Allow each position to look at itself and the last few before it.

    Parameters
    ----------
    n : int
        Length of the sequence in positions, at least 1.
    window : int
        How many positions each may look at, itself included; at least 1. From `n` on this is the
        causal mask.

    Returns
    -------
    ndarray of bool, shape (n, n)
        True where the position of the row may look at the position of the column: position i at
        ``i - window + 1`` to i.

    Raises
    ------
    ValueError
        If `n` or `window` is not an integer of at least 1.

    Notes
    -----
    A band along the diagonal. Section 2 of [1]_ says "between i - W and i", which is one position
    more; its cache keeps W positions, and so does this window.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mistral 7B," 2023, section 2.

    Examples
    --------
    >>> from code_examples.architectures.sliding_window_attention import window_mask
    >>> window_mask(4, 2).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]

    A window of one sees only itself.

    >>> window_mask(2, window=1).tolist()
    [[True, False], [False, True]]
    """
    if not (window >= 1 and window % 1 == 0):
        raise ValueError(f"window is {window}; pass an integer of at least 1")
    return np.triu(causal_mask(n), 1 - int(window))
