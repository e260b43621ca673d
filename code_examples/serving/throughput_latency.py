"""Throughput and latency: the least time of one forward pass, the experts it reads, and Little's law.

Accompanies ``docs/serving/throughput-latency.md``, whose names it follows.
"""

import numpy as np


def matmul_intensity(n_tokens, d_in, d_out, bytes_per_number=2):
    """Return how many operations a matrix product makes for each byte that it moves.

    Parameters
    ----------
    n_tokens, d_in, d_out : int
        A matrix of shape (n_tokens, d_in) times one of shape (d_in, d_out), each at least 1.
    bytes_per_number : float, default 2
        Bytes of each number, above 0.

    Returns
    -------
    float
        Arithmetic intensity in operations per byte, if every matrix moves once.

    Raises
    ------
    ValueError
        If an argument is not above 0 and finite.

    Notes
    -----
    Part 7 of [1]_, "Linear operations".

    References
    ----------
    .. [1] J. Austin et al., "How to Scale Your Model," 2025, part 7.

    Examples
    --------
    One token by a square of 100: 20,000 operations, and 10,200 numbers of 2 bytes.

    >>> from code_examples.serving.throughput_latency import matmul_intensity
    >>> round(matmul_intensity(1, 100, 100), 4)
    0.9804

    Products of large squares do much more for each byte.

    >>> matmul_intensity(300, 300, 300)
    100.0
    """
    _check_positive(n_tokens=n_tokens, d_in=d_in, d_out=d_out, bytes_per_number=bytes_per_number)
    numbers_moved = n_tokens * d_in + d_in * d_out + n_tokens * d_out
    return 2 * n_tokens * d_in * d_out / (bytes_per_number * numbers_moved)


def pass_time(n_tokens, n_cached, *, used, read, bytes_per_weight, bytes_per_cached, flops, bandwidth):
    """Return the least time that one forward pass of a language model can take.

    Parameters
    ----------
    n_tokens : int
        Tokens that the pass computes, at least 1: the batch size in decoding, the prompt in prefill.
    n_cached : int
        Tokens whose keys and values it reads from the cache, over all sequences, at least 0.
    used : float
        Weights that each token is multiplied with, above 0.
    read : float
        Weights that the pass reads, above 0: the same for a dense model, more for experts.
    bytes_per_weight, bytes_per_cached : float
        Bytes of one weight, and of the keys and values of one token in all layers, above 0.
    flops, bandwidth : float
        What the chip computes (operations per second) and reads (bytes per second), above 0.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    ValueError
        If `n_cached` is negative, or another argument is not above 0 and finite.

    Notes
    -----
    The general step time in part 7 of [1]_: reading the weights overlaps with the products, reading
    the cache comes on top. Operations of attention itself and traffic between chips are left out.

    References
    ----------
    .. [1] J. Austin et al., "How to Scale Your Model," 2025, part 7.

    Examples
    --------
    A chip that reads 10 and computes 100 in a second. Reading 20 weights takes 2 s, 6 cached tokens
    of 5 bytes take 3 s, and the products of one token only 0.4 s.

    >>> from code_examples.serving.throughput_latency import pass_time
    >>> chip = {"flops": 100, "bandwidth": 10}
    >>> model = {"used": 20, "read": 20, "bytes_per_weight": 1, "bytes_per_cached": 5}
    >>> pass_time(1, 6, **model, **chip)
    5.0

    With ten tokens the products take 4 s, and hide the reading.

    >>> pass_time(10, 0, **model, **chip)
    4.0
    """
    if not 0 <= n_cached < np.inf:
        raise ValueError(f"n_cached is {n_cached}; pass a finite number of at least 0")
    _check_positive(
        n_tokens=n_tokens, used=used, read=read, bytes_per_weight=bytes_per_weight,
        bytes_per_cached=bytes_per_cached, flops=flops, bandwidth=bandwidth,
    )  # fmt: skip
    computing = 2 * n_tokens * used / flops  # a multiplication and an addition for each weight
    return n_cached * bytes_per_cached / bandwidth + max(computing, read * bytes_per_weight / bandwidth)


def experts_read(n_tokens, n_experts, top_k):
    """Return how many experts of a layer a batch reads, on average, if routing is even.

    Parameters
    ----------
    n_tokens : int
        Tokens in the batch, at least 1.
    n_experts, top_k : int
        Experts in the layer, and how many each token uses; `top_k` from 1 to `n_experts`.

    Returns
    -------
    float
        From `top_k` to `n_experts`.

    Raises
    ------
    ValueError
        If an argument is not above 0 and finite, or `top_k` is larger than `n_experts`.

    Notes
    -----
    Each token takes `top_k` different experts, all sets being as likely, whatever the others take.

    Examples
    --------
    A token reads its two; the second token finds each of eight unread with probability 3/4.

    >>> from code_examples.serving.throughput_latency import experts_read
    >>> experts_read(1, 8, 2), experts_read(2, 8, 2)
    (2.0, 3.5)

    A token that uses all reads all.

    >>> experts_read(1, 3, 3)
    3.0
    """
    _check_positive(n_tokens=n_tokens, n_experts=n_experts, top_k=top_k)
    if top_k > n_experts:
        raise ValueError(f"top_k is {top_k}; pass at most the {n_experts} experts that there are")
    return n_experts * (1 - (1 - top_k / n_experts) ** n_tokens)


def measure_flow(arrivals, departures):
    """Measure the three sides of Little's law, each by itself, on a log of requests.

    Parameters
    ----------
    arrivals, departures : array_like, shape (n_requests,)
        When each request came and when it was answered, in seconds, in any order of requests.

    Returns
    -------
    in_flight : float
        Requests in the system on average, from the first arrival to the last departure, found by
        counting at every moment.
    rate : float
        Requests per second in the same window.
    latency : float
        Mean time in the system, in seconds.

    Raises
    ------
    ValueError
        If shapes differ, there is no request, a time is not finite, or a request leaves before it
        comes or all take no time.

    Notes
    -----
    Little's law [1]_ says that the first is the product of the others. In a window that holds
    whole requests only, it holds exactly.

    References
    ----------
    .. [1] J. D. C. Little, "A Proof for the Queuing Formula: L = λW," Operations Research 9(3), 1961.

    Examples
    --------
    Latencies of 4, 1 and 3 s within 6 s: 8 seconds of presence, so 4/3 requests at a time.

    >>> from code_examples.serving.throughput_latency import measure_flow
    >>> [round(side, 3) for side in measure_flow([0, 1, 3], [4, 2, 6])]
    [1.333, 0.5, 2.667]

    A single request is always there.

    >>> measure_flow([5], [7])
    (1.0, 0.5, 2.0)
    """
    arrivals, departures = np.asarray(arrivals, dtype=np.float64), np.asarray(departures, dtype=np.float64)
    if arrivals.ndim != 1 or arrivals.shape != departures.shape or not arrivals.size:
        raise ValueError(f"shapes {arrivals.shape} and {departures.shape} do not fit; pass (n_requests,) twice")
    latencies = departures - arrivals
    if not np.isfinite(latencies).all() or latencies.min() < 0 or not latencies.any():
        raise ValueError("pass finite times, each departure at or after its arrival, and some time in between")
    times = np.concatenate([arrivals, departures])
    order = times.argsort(kind="stable")
    present = np.repeat([1, -1], arrivals.size)[order].cumsum()  # after each event
    span = times.max() - times.min()
    in_flight = present[:-1] @ np.diff(times[order]) / span
    return float(in_flight), float(arrivals.size / span), float(latencies.mean())


def _check_positive(**arguments):
    for name, value in arguments.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} is {value}; pass a finite number above 0")
