"""A rolling buffer cache: the last keys and values of one attention head, in a ring of fixed size.

Accompanies ``docs/serving/rolling-buffer-cache.md``, whose names it follows: window and slot. A ring is
a tuple of keys, values and the number of tokens written so far.
"""

import numpy as np

from code_examples.architectures.self_attention import scaled_dot_product_attention


def empty_ring(window, d_head):
    """Set aside the memory of one head.

    Parameters
    ----------
    window : int
        Slots, as many as a token may look at, itself included; at least 1.
    d_head : int
        Numbers in one key, and in one value; at least 1.

    Returns
    -------
    tuple of two ndarray of float64, shape (window, d_head), and an int
        Keys and values, not written yet, and 0 tokens so far.

    Raises
    ------
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> from code_examples.serving.rolling_buffer_cache import empty_ring
    >>> keys, values, n_written = empty_ring(window=3, d_head=2)
    >>> keys.shape, values.shape, n_written
    ((3, 2), (3, 2), 0)
    """
    if window < 1 or d_head < 1:
        raise ValueError(f"window is {window} and d_head {d_head}; pass at least 1 for both")
    return np.zeros((window, d_head)), np.zeros((window, d_head)), 0


def write(ring, key, value):
    """Write the next token, over the oldest one if all slots are taken.

    Parameters
    ----------
    ring : tuple
        What `empty_ring` or `write` returned.
    key, value : array_like, shape (d_head,)
        Of the next token; the position is already in the key.

    Returns
    -------
    tuple
        The ring with one token more. The old one stays as it was; a real server writes in place.

    Raises
    ------
    ValueError
        If `key` or `value` has another shape.

    Notes
    -----
    Token i, counted from 0, goes to slot ``i % window``: section 2 of [1]_.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mistral 7B," 2023.

    Examples
    --------
    Two slots, three tokens: the third overwrites the first.

    >>> from code_examples.serving.rolling_buffer_cache import empty_ring, write
    >>> ring = empty_ring(window=2, d_head=1)
    >>> for token in (5, 6, 7):
    ...     ring = write(ring, [token], [-token])
    >>> keys, values, n_written = ring
    >>> keys.tolist(), values.tolist(), n_written
    ([[7.0], [6.0]], [[-7.0], [-6.0]], 3)
    """
    keys, values, n_written = ring[0].copy(), ring[1].copy(), ring[2]
    for name, part in (("key", key), ("value", value)):
        if np.shape(part) != keys.shape[1:]:
            raise ValueError(f"{name} has shape {np.shape(part)}; pass {keys.shape[1:]}")
    slot = n_written % len(keys)
    keys[slot], values[slot] = key, value
    return keys, values, n_written + 1


def attend(ring, query):
    """Attend from the newest token to all that the ring holds.

    Parameters
    ----------
    ring : tuple
        With at least one token written, the newest being that of `query`.
    query : array_like, shape (d_head,)
        Of the newest token.

    Returns
    -------
    ndarray, shape (d_head,)
        The mix of the values. The order of the slots does not matter.

    Raises
    ------
    ValueError
        If nothing is written yet.

    Examples
    --------
    With equal keys the output is the mean of the last two values.

    >>> from code_examples.serving.rolling_buffer_cache import attend, empty_ring, write
    >>> ring = empty_ring(window=2, d_head=1)
    >>> for value in (9, 2, 4):
    ...     ring = write(ring, [1], [value])
    >>> attend(ring, [1]).tolist()
    [3.0]

    Slots that were never written are not read.

    >>> attend(write(empty_ring(window=9, d_head=1), [1], [5]), [1]).tolist()
    [5.0]
    """
    keys, values, n_written = ring
    if not n_written:
        raise ValueError("nothing is written yet; write the token that asks before it attends")
    filled = slice(n_written)  # beyond the window, a slice takes what there is
    return scaled_dot_product_attention([query], keys[filled], values[filled])[0]


def oldest_first(ring):
    """Return keys and values in the order of the text, for code that needs an order.

    Parameters
    ----------
    ring : tuple
        What `empty_ring` or `write` returned.

    Returns
    -------
    keys : ndarray, shape (min(n_written, window), d_head)
        The oldest token that is left comes first, the newest last.
    values : ndarray, shape (min(n_written, window), d_head)
        In the same order.

    Notes
    -----
    ``unrotate`` in Mistral's reference code [1]_.

    References
    ----------
    .. [1] Mistral AI, mistral-inference, mistral/cache.py, 2023.

    Examples
    --------
    >>> from code_examples.serving.rolling_buffer_cache import empty_ring, oldest_first, write
    >>> ring = empty_ring(window=2, d_head=1)
    >>> for token in (5, 6, 7):
    ...     ring = write(ring, [token], [-token])
    >>> [part.tolist() for part in oldest_first(ring)]
    [[[6.0], [7.0]], [[-6.0], [-7.0]]]

    Nothing written, nothing to order.

    >>> [part.tolist() for part in oldest_first(empty_ring(window=2, d_head=1))]
    [[], []]
    """
    keys, values, n_written = ring
    window = len(keys)
    slots = [i % window for i in range(max(0, n_written - window), n_written)]
    return keys[slots], values[slots]
