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
    _check("window", window)
    return np.triu(causal_mask(n), 1 - window)


def receptive_field(n_layers, window):
    """Count the positions from which a stack of window layers can receive anything at all.

    Parameters
    ----------
    n_layers : int
        Layers on top of each other, at least 1.
    window : int
        How many positions each layer looks at, itself included; at least 1.

    Returns
    -------
    int
        The position itself and all that lie within reach before it.

    Raises
    ------
    ValueError
        If `n_layers` or `window` is not an integer of at least 1.

    Notes
    -----
    ``1 + n_layers * (window - 1)``, as for a convolution of that width. Section 2 of [1]_ rounds
    this to ``n_layers * window``.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mistral 7B," 2023, section 2.

    Examples
    --------
    >>> from code_examples.architectures.sliding_window_attention import receptive_field
    >>> receptive_field(4, window=3)
    9

    One layer reaches as far as it sees.

    >>> receptive_field(1, 5)
    5
    """
    _check("n_layers", n_layers)
    _check("window", window)
    return int(1 + n_layers * (window - 1))


def spread(n_layers, window, kept):
    """Say from which distance the weight comes if every layer reads its window evenly.

    Parameters
    ----------
    n_layers : int
        Layers on top of each other, at least 1.
    window : int
        How many positions each layer looks at, itself included; at least 1.
    kept : float
        The share that each layer takes over from its own position unchanged, as a residual
        connection does; from 0 to 1, dimensionless. The rest is a plain mean over the window.

    Returns
    -------
    ndarray of float64, shape (receptive_field(n_layers, window),)
        Shares that sum to 1: entry j belongs to the input j positions back.

    Raises
    ------
    ValueError
        If `n_layers` or `window` is not an integer of at least 1, or `kept` is no share.

    Notes
    -----
    Far from the start of the text. Each layer adds an independent step back, so the shares are
    those of a sum of random steps: a convolution of the steps of all layers.

    Examples
    --------
    Two layers of a window of two: 2, 1 or 0 steps back, like the heads of two coins.

    >>> from code_examples.architectures.sliding_window_attention import spread
    >>> spread(2, window=2, kept=0).tolist()
    [0.25, 0.5, 0.25]

    One layer that keeps half of what it had, and one that keeps all.

    >>> spread(1, 4, 0.5).tolist(), spread(1, 3, 1).tolist()
    ([0.625, 0.125, 0.125, 0.125], [1.0, 0.0, 0.0])
    """
    _check("n_layers", n_layers)
    _check("window", window)
    if not 0 <= kept <= 1:
        raise ValueError(f"kept is {kept}; pass a share from 0 to 1")
    step = np.full(int(window), (1 - kept) / window)
    step[0] += kept
    shares = step
    for _ in range(int(n_layers) - 1):
        shares = np.convolve(shares, step)
    return shares


def _check(name, count):
    """Refuse what is no count."""
    if not (count >= 1 and count % 1 == 0):
        raise ValueError(f"{name} is {count}; pass an integer of at least 1")
