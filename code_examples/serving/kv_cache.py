"""The KV cache of one attention layer: decoding with it, and its size.

Accompanies ``docs/serving/kv-cache.md``, whose names it follows: a cache is a pair of keys and values.
"""

import numpy as np

from code_examples.architectures.causal_mask import causal_mask
from code_examples.architectures.self_attention import scaled_dot_product_attention


def empty_cache(n_kv_heads, d_head):
    """Return the cache of one layer before the first token.

    Parameters
    ----------
    n_kv_heads : int
        Heads that have keys and values of their own, at least 1.
    d_head : int
        Numbers in one key, and in one value; at least 1.

    Returns
    -------
    tuple of two ndarray of float64, shape (n_kv_heads, 0, d_head)
        No keys and no values yet.

    Raises
    ------
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> from code_examples.serving.kv_cache import empty_cache
    >>> keys, values = empty_cache(n_kv_heads=2, d_head=3)
    >>> keys.shape, values.shape
    ((2, 0, 3), (2, 0, 3))
    """
    if n_kv_heads < 1 or d_head < 1:
        raise ValueError(f"n_kv_heads is {n_kv_heads} and d_head {d_head}; pass at least 1 for both")
    return np.empty((n_kv_heads, 0, d_head)), np.empty((n_kv_heads, 0, d_head))


def attend_with_cache(x, cache, w_query, w_key, w_value, w_output):
    """Attend from new tokens to themselves and to all tokens in the cache.

    Parameters
    ----------
    x : array_like, shape (n_new, d_model)
        The new tokens, in order, at least one.
    cache : tuple of two ndarray, shape (n_kv_heads, n_past, d_head)
        Keys and values of all earlier tokens; `empty_cache` for none.
    w_query : array_like, shape (d_model, n_heads * d_head)
        Projection to the queries. `n_heads` is a multiple of `n_kv_heads`, and neighbouring query
        heads share a key-value head: all equal is multi-head, one is multi-query attention.
    w_key, w_value : array_like, shape (d_model, n_kv_heads * d_head)
        Projections to keys and values.
    w_output : array_like, shape (n_heads * d_head, d_model)
        Projection of all heads, one after the other, to the output.

    Returns
    -------
    output : ndarray, shape (n_new, d_model)
        One row for each new token.
    cache : tuple of two ndarray, shape (n_kv_heads, n_past + n_new, d_head)
        The old cache with the new keys and values behind it. The old one stays as it was; a real
        server writes into memory set aside, because copying costs as much as reading.

    Raises
    ------
    ValueError
        If there is no new token, `w_key` or `w_value` does not fit the cache, or the query heads
        cannot share the key-value heads evenly.

    Notes
    -----
    Causal attention, with only the rows of the mask that belong to the new tokens. Sharing heads is
    the grouped-query attention of [1]_.

    References
    ----------
    .. [1] J. Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from
       Multi-Head Checkpoints," EMNLP 2023.

    Examples
    --------
    With a key of zero every token counts the same, so the output is the mean of the values so far.

    >>> import numpy as np
    >>> from code_examples.serving.kv_cache import attend_with_cache, empty_cache
    >>> weights = np.eye(1), np.zeros((1, 1)), np.eye(1), np.eye(1)
    >>> output, cache = attend_with_cache([[6.0], [2.0]], empty_cache(1, 1), *weights)
    >>> output.tolist()
    [[6.0], [4.0]]

    The third token alone, with the cache: the mean of 6, 2 and 1.

    >>> output, cache = attend_with_cache([[1.0]], cache, *weights)
    >>> output.tolist(), cache[1].tolist()
    ([[3.0]], [[[6.0], [2.0], [1.0]]])
    """
    x = np.asarray(x)
    past_keys, past_values = cache
    n_kv_heads, n_past, d_head = past_keys.shape
    if x.ndim != 2 or not len(x):
        raise ValueError(f"x has shape {x.shape}; pass (n_new, d_model) with at least one new token")

    needed = (x.shape[1], n_kv_heads * d_head)
    for name, weights in (("w_key", w_key), ("w_value", w_value)):
        if np.shape(weights) != needed:
            raise ValueError(f"{name} has shape {np.shape(weights)}; with this cache, pass {needed}")

    def heads(weights):
        return (x @ weights).reshape(len(x), -1, d_head).transpose(1, 0, 2)  # (heads, n_new, d_head)

    queries = heads(w_query)
    if len(queries) % n_kv_heads:
        raise ValueError(f"{len(queries)} query heads cannot share {n_kv_heads} key-value heads; pass a multiple")
    keys = np.concatenate([past_keys, heads(w_key)], axis=1)  # (n_kv_heads, n_past + n_new, d_head)
    values = np.concatenate([past_values, heads(w_value)], axis=1)
    shared = len(queries) // n_kv_heads
    mixed = scaled_dot_product_attention(
        queries,
        keys.repeat(shared, axis=0),  # for the computation only; the cache keeps n_kv_heads
        values.repeat(shared, axis=0),
        allowed=causal_mask(n_past + len(x))[n_past:],  # (n_new, n_past + n_new)
    )
    return mixed.transpose(1, 0, 2).reshape(len(x), -1) @ w_output, (keys, values)


def cache_bytes_per_token(n_layers, n_kv_heads, d_head, bits=16):
    """Return how many bytes the keys and values of one token take.

    Parameters
    ----------
    n_layers : int
        Layers that cache, at least 1.
    n_kv_heads : int
        Key-value heads of each layer, at least 1.
    d_head : int
        Numbers in one key, and in one value; at least 1.
    bits : float, default 16
        Bits of one stored number, above 0; scales of a quantized cache count too, shared among
        the numbers that use them.

    Returns
    -------
    float
        Bytes per token and sequence.

    Raises
    ------
    ValueError
        If a size is below 1, or `bits` is not above 0.

    Notes
    -----
    One key and one value, for each layer and each key-value head. Query heads do not appear.

    Examples
    --------
    Two layers, three heads, five numbers: 60 numbers, 2 bytes each.

    >>> from code_examples.serving.kv_cache import cache_bytes_per_token
    >>> cache_bytes_per_token(n_layers=2, n_kv_heads=3, d_head=5)
    120.0

    The least there is: one key and one value of one number, a byte each.

    >>> cache_bytes_per_token(1, 1, 1, bits=8)
    2.0
    """
    if min(n_layers, n_kv_heads, d_head) < 1:
        raise ValueError(f"sizes are {n_layers}, {n_kv_heads} and {d_head}; pass at least 1 for each")
    if not bits > 0:
        raise ValueError(f"bits is {bits}; pass a number above 0")
    return 2 * n_layers * n_kv_heads * d_head * bits / 8
