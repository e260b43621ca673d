"""Three exact ways to serve a model faster: speculative decoding, online softmax, a paged cache.

Accompanies ``docs/serving/inference-optimization.md``, whose names it follows.
"""

import numpy as np


def acceptance_rate(target, draft):
    """Return how likely a token drawn from the draft is kept.

    Parameters
    ----------
    target, draft : array_like, shape (n_tokens,)
        Probabilities of the next token under the two models, each with sum 1.

    Returns
    -------
    float
        From 0 (no token in common) to 1 (the same distribution).

    Raises
    ------
    ValueError
        If one is no distribution, or their lengths differ.

    Notes
    -----
    The sum of the smaller of both, theorem 3.5 of [1]_.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman and Y. Matias, "Fast Inference from Transformers via Speculative
       Decoding," 2022.

    Examples
    --------
    >>> from code_examples.serving.inference_optimization import acceptance_rate
    >>> acceptance_rate([0.5, 0.25, 0.25], [0.25, 0.5, 0.25])
    0.75

    Nothing in common, nothing kept.

    >>> acceptance_rate([1, 0], [0, 1])
    0.0
    """
    target, draft = _distribution(target), _distribution(draft)
    _check_vocabulary(target, draft)
    return float(np.minimum(target, draft).sum())


def expected_tokens(acceptance, n_drafted):
    """Return how many tokens one run of the target model yields, if each is kept as likely.

    Parameters
    ----------
    acceptance : float
        Probability that a drafted token is kept, from 0 to 1, the same for all and independent.
    n_drafted : int
        Tokens drafted in a round, at least 1.

    Returns
    -------
    float
        From 1 to n_drafted + 1.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Equation 1 of [1]_, as the sum of the chances that the first i drafted tokens are all kept.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman and Y. Matias, "Fast Inference from Transformers via Speculative
       Decoding," 2022, section 3.1.

    Examples
    --------
    1, then 1/2, then 1/4.

    >>> from code_examples.serving.inference_optimization import expected_tokens
    >>> expected_tokens(0.5, 2)
    1.75

    A perfect draft adds one token of the target's own.

    >>> expected_tokens(1, 4)
    5.0
    """
    if not 0 <= acceptance <= 1:
        raise ValueError(f"acceptance is {acceptance}; pass a probability")
    _check_count(n_drafted=n_drafted)
    return float(sum(acceptance**i for i in range(n_drafted + 1)))


def speculative_round(target, draft, prefix, n_drafted, rng):
    """Continue a text by one round of speculative decoding.

    Parameters
    ----------
    target, draft : callable
        Models: each takes a tuple of tokens and returns the probabilities of the next one, shape
        (n_tokens,), already adjusted for temperature and the like.
    prefix : sequence of int
        The text so far.
    n_drafted : int
        Tokens that the draft model proposes, at least 1.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of int
        From 1 to n_drafted + 1 new tokens, distributed as if the target had drawn each.

    Raises
    ------
    ValueError
        If a model returns no distribution, the two differ in length, or `n_drafted` is no integer of
        at least 1.

    Notes
    -----
    Algorithm 1 of [1]_. The runs of the target are written one after the other; a server makes them
    in one pass, which is the whole gain.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman and Y. Matias, "Fast Inference from Transformers via Speculative
       Decoding," 2022, section 2.3.

    Examples
    --------
    A draft that is certain of what the target never says is always corrected.

    >>> import numpy as np
    >>> from code_examples.serving.inference_optimization import speculative_round
    >>> speculative_round(lambda text: [0, 1], lambda text: [1, 0], (), 3, np.random.default_rng(0))
    [1]

    A draft equal to the target is always kept.

    >>> speculative_round(lambda text: [0, 1], lambda text: [0, 1], (), 3, np.random.default_rng(0))
    [1, 1, 1, 1]
    """
    _check_count(n_drafted=n_drafted)
    prefix, drafted, beliefs = tuple(prefix), [], []
    for _ in range(n_drafted):
        beliefs.append(_distribution(draft((*prefix, *drafted))))
        drafted.append(_draw(beliefs[-1], rng))
    for i, (token, q) in enumerate(zip(drafted, beliefs, strict=True)):
        p = _distribution(target((*prefix, *drafted[:i])))
        _check_vocabulary(p, q)
        if rng.random() * q[token] >= p[token]:  # rejected with probability 1 - p / q
            missing = np.maximum(p - q, 0)
            return [*drafted[:i], _draw(missing / missing.sum(), rng)]
    return [*drafted, _draw(_distribution(target((*prefix, *drafted))), rng)]


def online_softmax_attention(queries, keys, values, block_size):
    """Attend to keys and values block by block, without ever holding all scores.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (n_keys, d_key)
        Finite numbers, dimensionless.
    values : array_like, shape (n_keys, d_value)
        Finite numbers in any unit.
    block_size : int
        Keys looked at in one step, at least 1.

    Returns
    -------
    ndarray of float64, shape (n_queries, d_value)
        What scaled dot-product attention gives, up to rounding.

    Raises
    ------
    ValueError
        If shapes do not fit, there are no keys, an entry is not finite, or `block_size` is no
        integer of at least 1.

    Notes
    -----
    The recurrence of FlashAttention [1]_ for the forward pass, over blocks of keys only.

    References
    ----------
    .. [1] T. Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with
       IO-Awareness," 2022.

    Examples
    --------
    Scores 0 and log 3, so weights of 1/4 and 3/4, met one at a time.

    >>> import math
    >>> from code_examples.serving.inference_optimization import online_softmax_attention
    >>> online_softmax_attention([[1]], [[0], [math.log(3)]], [[10], [20]], 1).round(12).tolist()
    [[17.5]]

    A single key gives its value, whatever its score.

    >>> online_softmax_attention([[1000.0]], [[1000.0]], [[7]], 4).tolist()
    [[7.0]]
    """
    _check_count(block_size=block_size)
    queries, keys, values = (np.asarray(m, dtype=np.float64) for m in (queries, keys, values))
    shapes = queries.shape, keys.shape, values.shape
    if any(len(shape) != 2 for shape in shapes) or shapes[0][1] != shapes[1][1] or shapes[1][0] != shapes[2][0]:
        raise ValueError(f"shapes are {shapes}; pass (n_queries, d_key), (n_keys, d_key), (n_keys, d_value)")
    if not keys.size or not all(np.isfinite(m).all() for m in (queries, keys, values)):
        raise ValueError("pass at least one key, and finite entries")
    top = np.full((len(queries), 1), -np.inf)  # the largest score so far
    total = np.zeros((len(queries), 1))  # sum of the weights so far
    output = np.zeros((len(queries), values.shape[1]))
    for start in range(0, len(keys), block_size):
        block = slice(start, start + block_size)
        scores = queries @ keys[block].T / np.sqrt(keys.shape[1])  # (n_queries, block_size)
        higher = np.maximum(top, scores.max(axis=1, keepdims=True))
        weights, shrink = np.exp(scores - higher), np.exp(top - higher)
        total = shrink * total + weights.sum(axis=1, keepdims=True)
        output = shrink * output + weights @ values[block]
        top = higher
    return output / total


def pack_sequences(lengths, n_slots, block_size):
    """Fill a cache with sequences in their order, each in whole blocks.

    Parameters
    ----------
    lengths : array_like of int, shape (n_sequences,)
        Tokens that each sequence has now, each at least 1.
    n_slots, block_size : int
        Tokens that the memory holds, and tokens in a block, at least 1. A block as long as the
        longest possible sequence is a reservation.

    Returns
    -------
    n_packed : int
        How many sequences fit, taken in order until one does not.
    used : float
        Share of the memory that holds tokens then, from 0 to 1.

    Raises
    ------
    ValueError
        If a number is no integer of at least 1, or there is no sequence.

    Examples
    --------
    In blocks of 4, lengths 5, 4 and 9 take 8, 4 and 12 slots: two fit into 20.

    >>> from code_examples.serving.inference_optimization import pack_sequences
    >>> pack_sequences([5, 4, 9], 20, 4)
    (2, 0.45)

    Blocks of one token waste nothing but what is too small for the next.

    >>> pack_sequences([5, 4, 9], 20, 1)
    (3, 0.9)
    """
    _check_count(n_slots=n_slots, block_size=block_size)
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1 or not lengths.size or lengths.min() < 1:
        raise ValueError("lengths must be integers of at least 1, one for each sequence")
    blocks = -(-lengths // block_size)
    fits = blocks.cumsum() <= n_slots // block_size
    return int(fits.sum()), float(lengths[fits].sum() / n_slots)


def _distribution(probabilities):
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 1 or not (p >= 0).all() or not abs(p.sum() - 1) < 1e-9:
        raise ValueError("pass one row of probabilities that sum to 1")
    return p


def _check_vocabulary(target, draft):
    if target.shape != draft.shape:
        raise ValueError(f"target has {target.size} tokens and draft {draft.size}; use one vocabulary")


def _draw(probabilities, rng):
    return int(rng.choice(probabilities.size, p=probabilities))


def _check_count(**arguments):
    for name, value in arguments.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} is {value}; pass an integer of at least 1")
