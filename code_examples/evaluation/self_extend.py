"""Longer context without training: Self-Extend's distances and scores, and three ways to stretch RoPE's frequencies.

Accompanies ``docs/evaluation/self-extend.md``, whose names it follows.
"""

import math

import numpy as np

from code_examples.architectures.positional_encoding import frequencies, rotate


def mapped_distance(query, key, window, group):
    """Return the relative distance at which Self-Extend shows a key to a query.

    Parameters
    ----------
    query, key : array_like of int, shapes that broadcast
        Positions, counted from 0; no key stands after its query.
    window : int
        Neighbours: distances below it stay as they are. At least 1.
    group : int
        How many positions share one number beyond the window. At least 1.

    Returns
    -------
    ndarray of int
        Distances in tokens, 0 or more.

    Raises
    ------
    ValueError
        If a position is negative or not an integer, a key stands after its query, or `window` or `group` is not an
        integer of at least 1.

    Notes
    -----
    The merge of neighbour and group attention in [1]_, where the query's group number is raised by
    ``window - window // group`` so that both meet at the edge of the window.

    References
    ----------
    .. [1] H. Jin et al., "LLM Maybe LongLM," self_extend_patch/Llama.py.

    Examples
    --------
    The last of ten tokens, with a window of 4 and groups of 2: nothing is farther than 6.

    >>> import numpy as np
    >>> from code_examples.evaluation.self_extend import mapped_distance
    >>> mapped_distance(9, np.arange(10), window=4, group=2).tolist()
    [6, 6, 5, 5, 4, 4, 3, 2, 1, 0]

    Groups of one change nothing.

    >>> mapped_distance(9, [0, 5], window=3, group=1).tolist()
    [9, 4]
    """
    query, key = np.asarray(query), np.asarray(key)
    if (
        not all(np.issubdtype(some.dtype, np.integer) for some in (query, key))
        or (key < 0).any()
        or (key > query).any()
    ):
        raise ValueError("positions are not whole numbers from 0, or a key stands after its query; pass key <= query")
    shift = _shift(window, group)
    return np.where(query - key < window, query - key, query // group - key // group + shift)


def reach(trained, window, group):
    """Return how long a text may be for every mapped distance to have occurred in training.

    Parameters
    ----------
    trained : int
        Length of the texts in training; distances 0 to ``trained - 1`` occurred.
    window, group : int
        As in `mapped_distance`; the window is shorter than `trained`.

    Returns
    -------
    int
        Tokens.

    Raises
    ------
    ValueError
        If `window` or `group` is not an integer of at least 1, or the window is not shorter than `trained`.

    Notes
    -----
    ``(trained - window) * group + window``, as [1]_ states it, where `group` divides `window`; otherwise a little less.

    References
    ----------
    .. [1] H. Jin et al., "LLM Maybe LongLM," README.md.

    Examples
    --------
    >>> from code_examples.evaluation.self_extend import reach
    >>> reach(7, window=4, group=2)
    10
    >>> reach(7, window=4, group=1)
    7
    """
    shift = _shift(window, group)
    if window >= trained:
        raise ValueError(f"window is {window} of {trained} trained tokens; pass a shorter window")
    return (trained - shift) * group


def self_extend_scores(queries, keys, window, group):
    """Return the attention scores of Self-Extend, before scaling and softmax.

    Parameters
    ----------
    queries, keys : array_like, shape (n, d_key)
        Of one head, not rotated yet; d_key is even.
    window, group : int
        As in `mapped_distance`.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Products of rotated queries and keys; minus infinity where the key comes later.

    Raises
    ------
    ValueError
        If the shapes differ, `rotate` refuses, or `window` or `group` is not an integer of at least 1.

    Notes
    -----
    Two sets of scores, near and far, are computed by the model's own attention and merged [1]_.

    References
    ----------
    .. [1] H. Jin et al., "LLM Maybe LongLM," self_extend_patch/Llama.py.

    Examples
    --------
    A single pair that turns by one radian a position: the score is the cosine of the mapped distance.

    >>> import numpy as np
    >>> from code_examples.evaluation.self_extend import self_extend_scores
    >>> same = np.tile([1.0, 0.0], (10, 1))
    >>> np.arccos(self_extend_scores(same, same, window=2, group=4)[9, 4:]).round(6).tolist()
    [3.0, 3.0, 3.0, 3.0, 1.0, 0.0]
    """
    shift = _shift(window, group)
    if np.shape(queries) != np.shape(keys):
        raise ValueError(f"queries have shape {np.shape(queries)} and keys {np.shape(keys)}; pass one of each a token")
    positions = np.arange(len(queries))
    near = rotate(queries, positions) @ rotate(keys, positions).T
    far = rotate(queries, positions // group + shift) @ rotate(keys, positions // group).T
    distance = positions[:, None] - positions  # (n, n)
    return np.where(distance < 0, -np.inf, np.where(distance < window, near, far))


def stretched_frequencies(d, factor, method, trained=4096, base=10_000.0):
    """Return RoPE's frequencies for a context that is longer by a factor.

    Parameters
    ----------
    d : int
        Width of a head, even, at least 4.
    factor : float
        How many times longer, finite and at least 1.
    method : {"interpolation", "ntk", "yarn"}
        All pairs slowed alike; a larger base; or the slow pairs slowed and the fast ones left.
    trained : int, default 4096
        Length of the texts in training; only "yarn" asks for it.
    base : float, default 10000
        Of the original frequencies.

    Returns
    -------
    ndarray of float64, shape (d / 2,)
        Radians per position.

    Raises
    ------
    ValueError
        If `d` is below 4, `factor` or `trained` is out of range, `method` is unknown, or `frequencies` refuses.

    Notes
    -----
    As in [1]_. Its YaRN leaves pairs that made 32 turns and more in training, slows those that made less than one by
    the whole factor, and mixes between, evenly in the number of the pair; both borders are rounded outwards to whole
    pairs, and the fastest pair is always left. YaRN also scales the attention scores, which is not done here.

    References
    ----------
    .. [1] B. Peng et al., "YaRN," scaled_rope/LlamaYaRNScaledRotaryEmbedding.py and LlamaNTKScaledRotaryEmbedding.py.

    Examples
    --------
    The fastest and the slowest of four pairs, relative to what they were.

    >>> from code_examples.architectures.positional_encoding import frequencies
    >>> from code_examples.evaluation.self_extend import stretched_frequencies
    >>> for method in ("interpolation", "ntk", "yarn"):
    ...     print((stretched_frequencies(8, 4, method) / frequencies(8))[[0, 3]].round(9).tolist())
    [0.25, 0.25]
    [1.0, 0.25]
    [1.0, 0.25]
    """
    original = frequencies(d, base)
    if d == 2 or not 1 <= factor < math.inf or not trained >= 1:
        raise ValueError(
            f"d is {d}, factor {factor}, trained {trained}; pass d of 4, a factor and a length of 1, or more"
        )
    if method == "interpolation":
        return original / factor
    if method == "ntk":
        return frequencies(d, base * factor ** (d / (d - 2)))
    if method != "yarn":
        raise ValueError(f"method is {method!r}; pass 'interpolation', 'ntk' or 'yarn'")
    fast, slow = (d * math.log(trained / (turns * math.tau)) / (2 * math.log(base)) for turns in (32, 1))
    low, high = max(math.floor(fast), 0), min(math.ceil(slow), d - 1)
    slowed = np.clip(
        (np.arange(len(original)) - low) / max(high - low, 1), 0, 1
    )  # 0 for the fast pairs, 1 for the slow
    return original * (1 - slowed + slowed / factor)


def _shift(window, group):
    if not all(isinstance(some, int | np.integer) and some >= 1 for some in (window, group)):
        raise ValueError(f"window is {window} and group {group}; pass an integer of at least 1 for each")
    return window - window // group
