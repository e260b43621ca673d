"""Model sharding: the parts of a layer on several devices, and the memory that ZeRO leaves on each.

Accompanies ``docs/serving/model-sharding.md``, whose names it follows.
"""

import numpy as np

from code_examples.architectures.feed_forward_network import feed_forward
from code_examples.architectures.self_attention import multi_head_attention


def shard_feed_forward(x, w_in, b_in, w_out, b_out, n_devices):
    """Compute what each device adds to a feed-forward layer under tensor parallelism.

    Parameters
    ----------
    x : array_like, shape (n, d_model)
        Finite numbers; every device has all of them.
    w_in, b_in : array_like, shapes (d_model, d_ff), (d_ff,)
        Split by columns: each device makes some of the hidden numbers.
    w_out, b_out : array_like, shapes (d_ff, d_out), (d_out,)
        The matrix is split by rows; the bias belongs to the first device alone.
    n_devices : int
        At least 1, and a divisor of d_ff.

    Returns
    -------
    list of ndarray of float64, shape (n, d_out)
        One part for each device; their sum, an all-reduce, is the layer's output.

    Raises
    ------
    ValueError
        If `n_devices` does not divide d_ff, shapes do not fit, or the layer itself refuses its input.

    Notes
    -----
    Section 2.3 of [1]_, with ReLU. No device needs another before the sum.

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
       Megatron-LM," 2021, section 2.3.

    Examples
    --------
    Hidden numbers 1, 2, 3 and 4 are summed, two on each device; the bias of 100 counts once.

    >>> from code_examples.serving.model_sharding import shard_feed_forward
    >>> ones = [[1]] * 4
    >>> [part.tolist() for part in shard_feed_forward([[1]], [[1, 2, 3, 4]], [0] * 4, ones, [100], 2)]
    [[[103.0]], [[7.0]]]

    One device does it all.

    >>> [part.tolist() for part in shard_feed_forward([[1]], [[1, 2, 3, 4]], [0] * 4, ones, [100], 1)]
    [[[110.0]]]
    """
    w_in, b_in, w_out, b_out = (np.asarray(part, dtype=np.float64) for part in (w_in, b_in, w_out, b_out))
    if not w_in.shape[1:] == b_in.shape == w_out.shape[:1]:
        shapes = f"{w_in.shape}, {b_in.shape}, {w_out.shape}"
        raise ValueError(f"shapes are {shapes}; pass (d_model, d_ff), (d_ff,), (d_ff, d_out)")
    shares = _split(w_in.shape[-1], n_devices)
    biases = [b_out] + [np.zeros_like(b_out)] * (len(shares) - 1)
    return [
        feed_forward(x, w_in[:, share], b_in[share], w_out[share], bias)
        for share, bias in zip(shares, biases, strict=True)
    ]


def shard_attention(x, w_query, w_key, w_value, w_output, n_heads, n_devices):
    """Compute what each device adds to multi-head attention, with whole heads on each.

    Parameters
    ----------
    x : array_like, shape (n, d_model)
        Finite numbers; every device has all of them.
    w_query, w_key, w_value : array_like, shape (d_model, n_heads * width)
        Split by columns.
    w_output : array_like, shape (n_heads * width, d_out)
        Split by rows.
    n_heads, n_devices : int
        At least 1; `n_devices` divides `n_heads`.

    Returns
    -------
    list of ndarray of float64, shape (n, d_out)
        One part for each device; their sum is the output.

    Raises
    ------
    ValueError
        If `n_devices` does not divide `n_heads` and every width, or attention refuses its input.

    Notes
    -----
    Section 2.3 of [1]_. A head never needs another, so softmax stays inside a device.

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
       Megatron-LM," 2021, section 2.3.

    Examples
    --------
    Two heads of width 1 over one position: each device passes on its own entry.

    >>> from code_examples.serving.model_sharding import shard_attention
    >>> copy, summed = [[1, 0], [0, 1]], [[1], [1]]
    >>> [part.tolist() for part in shard_attention([[5, 7]], copy, copy, copy, summed, 2, 2)]
    [[[5.0]], [[7.0]]]
    """
    matrices = [np.asarray(part, dtype=np.float64) for part in (w_query, w_key, w_value, w_output)]
    heads = _split(n_heads, n_devices)
    widths = (*(matrix.shape[-1] for matrix in matrices[:3]), len(matrices[3]))
    parts = []
    for share, *columns, rows in zip(heads, *(_split(width, n_devices) for width in widths), strict=True):
        projections = [matrix[:, place] for matrix, place in zip(matrices[:3], columns, strict=True)]
        parts.append(multi_head_attention(x, *projections, matrices[3][rows], share.stop - share.start))
    return parts


def model_state_bytes(n_weights, n_devices, stage):
    """Return the bytes of weights, gradients and optimizer on each of several data-parallel devices.

    Parameters
    ----------
    n_weights : float
        Weights of the model, above 0.
    n_devices : int
        Devices that share the data, at least 1.
    stage : {0, 1, 2, 3}
        What ZeRO shards: nothing, the optimizer, also gradients, also weights.

    Returns
    -------
    float
        Bytes on each device; activations and buffers come on top.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Section 5 of [1]_, for Adam in mixed precision: 2 bytes for a weight, 2 for its gradient, and 12
    for a 32-bit copy and two averages.

    References
    ----------
    .. [1] S. Rajbhandari, J. Rasley, O. Ruwase and Y. He, "ZeRO: Memory Optimizations Toward
       Training Trillion Parameter Models," 2020, section 5 and table 1.

    Examples
    --------
    One weight on two devices: 16 bytes, then 2 + 2 + 6, 2 + 1 + 6 and 1 + 1 + 6.

    >>> from code_examples.serving.model_sharding import model_state_bytes
    >>> [model_state_bytes(1, 2, stage) for stage in (0, 1, 2, 3)]
    [16.0, 10.0, 9.0, 8.0]

    A single device has nothing to share.

    >>> [model_state_bytes(1, 1, stage) for stage in (0, 1, 2, 3)]
    [16.0, 16.0, 16.0, 16.0]
    """
    if not 0 < n_weights < np.inf:
        raise ValueError(f"n_weights is {n_weights}; pass a finite number above 0")
    if not isinstance(n_devices, (int, np.integer)) or n_devices < 1:
        raise ValueError(f"n_devices is {n_devices}; pass an integer of at least 1")
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage is {stage}; pass 0, 1, 2 or 3")
    weights, gradients, optimizer = 2, 2, 12
    sharded = (0, optimizer, optimizer + gradients, optimizer + gradients + weights)[stage]
    return float(n_weights * (weights + gradients + optimizer - sharded + sharded / n_devices))


def _split(n, n_devices):
    """Return a slice of `n` things for each device."""
    if not isinstance(n_devices, (int, np.integer)) or n_devices < 1 or n % n_devices:
        raise ValueError(f"{n_devices} devices cannot share {n} evenly; pass a divisor of it")
    return [slice(start, start + n // n_devices) for start in range(0, n, n // n_devices)]
