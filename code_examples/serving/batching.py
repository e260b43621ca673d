"""Batches of sequences that differ in length: what padding wastes, packing, and when requests are done.

Accompanies ``docs/serving/batching.md``, whose names it follows.
"""

import heapq

import numpy as np


def padding_waste(lengths):
    """Return the share of a padded batch that is padding.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each sequence, each at least 1.

    Returns
    -------
    tokens : float
        Share of the token slots, from 0 to 1: what projections and feed-forward layers waste.
    scores : float
        Share of the entries of the square score matrices, from 0 to 1: what attention wastes.

    Raises
    ------
    ValueError
        If there is no sequence, or a length is no integer of at least 1.

    Examples
    --------
    Lengths 3 and 1: of six slots four are real, of eighteen scores ten.

    >>> from code_examples.serving.batching import padding_waste
    >>> [round(share, 4) for share in padding_waste([3, 1])]
    [0.3333, 0.4444]

    Equal lengths waste nothing.

    >>> padding_waste([7, 7])
    (0.0, 0.0)
    """
    lengths = _checked(lengths)
    longest, count = max(lengths), len(lengths)
    tokens = 1 - sum(lengths) / (count * longest)
    return tokens, 1 - sum(n * n for n in lengths) / (count * longest * longest)


def packed_mask(lengths):
    """Let each token look at itself and the earlier ones of its own sequence only.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each sequence, which lie end to end; each at least 1.

    Returns
    -------
    ndarray of bool, shape (sum of lengths, sum of lengths)
        True where the token of the row may look at the token of the column: causal blocks along
        the diagonal.

    Raises
    ------
    ValueError
        If there is no sequence, or a length is no integer of at least 1.

    Notes
    -----
    ``BlockDiagonalCausalMask`` in xFormers [1]_, which stores it as lengths.

    References
    ----------
    .. [1] Meta, xFormers, documentation of xformers.ops.fmha.attn_bias.

    Examples
    --------
    >>> from code_examples.serving.batching import packed_mask
    >>> packed_mask([1, 2]).astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 1, 1]]

    One token sees itself.

    >>> packed_mask([1]).tolist()
    [[True]]
    """
    owner = np.repeat(np.arange(len(lengths)), _checked(lengths))  # which sequence a token belongs to
    return np.tril(owner[:, None] == owner)


def packed_positions(lengths):
    """Count the positions of each sequence from zero again.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each sequence, which lie end to end; each at least 1.

    Returns
    -------
    ndarray of int, shape (sum of lengths,)
        The position of each token in its own sequence.

    Raises
    ------
    ValueError
        If there is no sequence, or a length is no integer of at least 1.

    Examples
    --------
    >>> from code_examples.serving.batching import packed_positions
    >>> packed_positions([1, 3, 2]).tolist()
    [0, 0, 1, 2, 0, 1]
    """
    return np.concatenate([np.arange(n) for n in _checked(lengths)])


def finish_static(lengths, slots):
    """Say when each request gets its answer, if a batch runs until its longest answer is done.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of the answers, in the order in which the requests came; each at least 1.
    slots : int
        Most answers written side by side, at least 1. All requests wait from the start.

    Returns
    -------
    ndarray of int, shape (n_requests,)
        The step after which each answer is returned; each step writes one token of every answer.

    Raises
    ------
    ValueError
        If there is no request, or a length or `slots` is no integer of at least 1.

    Examples
    --------
    Two batches of two, of nine steps each.

    >>> from code_examples.serving.batching import finish_static
    >>> finish_static([1, 9, 1, 9], slots=2).tolist()
    [9, 9, 18, 18]

    With one slot each waits for those before it.

    >>> finish_static([2, 3], slots=1).tolist()
    [2, 5]
    """
    lengths, ends, start = _checked(lengths, slots), [], 0
    for first in range(0, len(lengths), slots):
        batch = lengths[first : first + slots]
        start += max(batch)
        ends += [start] * len(batch)
    return np.array(ends)


def finish_continuous(lengths, slots):
    """Say when each request gets its answer, if a slot takes the next request as soon as it is free.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of the answers, in the order in which the requests came; each at least 1.
    slots : int
        Most answers written side by side, at least 1. All requests wait from the start.

    Returns
    -------
    ndarray of int, shape (n_requests,)
        The step after which each answer is returned; each step writes one token of every answer.

    Raises
    ------
    ValueError
        If there is no request, or a length or `slots` is no integer of at least 1.

    Notes
    -----
    The iteration-level scheduling of [1]_, without prefill and without a limit on memory.

    References
    ----------
    .. [1] G.-I. Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative
       Models," OSDI 2022.

    Examples
    --------
    The first slot writes the first, the third and the fourth answer.

    >>> from code_examples.serving.batching import finish_continuous
    >>> finish_continuous([1, 9, 1, 9], slots=2).tolist()
    [1, 9, 2, 11]

    With a slot for each request nobody waits.

    >>> finish_continuous([2, 3], slots=5).tolist()
    [2, 3]
    """
    lengths, ends = _checked(lengths, slots), []
    free = [0] * slots  # when each slot is free
    for n in lengths:
        ends.append(heapq.heappop(free) + n)
        heapq.heappush(free, ends[-1])
    return np.array(ends)


def _checked(lengths, slots=1):
    lengths = list(lengths)
    if not lengths or not all(isinstance(n, (int, np.integer)) and n >= 1 for n in lengths):
        raise ValueError(f"lengths are {lengths}; pass at least one, each an integer of at least 1")
    if not isinstance(slots, (int, np.integer)) or slots < 1:
        raise ValueError(f"slots is {slots}; pass an integer of at least 1")
    return [int(n) for n in lengths]  # whose squares do not overflow
