"""Expert parallelism: a mixture whose experts sit on several devices, and what the devices exchange.

Accompanies ``docs/serving/expert-parallelism.md``, whose names it follows. The devices are simulated:
what one of them has, another gets only through `all_to_all`.
"""

import math

import numpy as np

from code_examples.architectures.mixture_of_experts import route


def all_to_all(outboxes):
    """Exchange parcels: device b gets, in the order of the senders, what each has put down for it.

    Parameters
    ----------
    outboxes : list of list, n_devices x n_devices
        ``outboxes[a][b]`` is what device a sends to device b.

    Returns
    -------
    list of list, n_devices x n_devices
        ``inboxes[b][a]`` is what device b has from device a.

    Raises
    ------
    ValueError
        If a device does not have one parcel for each device.

    Examples
    --------
    >>> from code_examples.serving.expert_parallelism import all_to_all
    >>> all_to_all([["a to a", "a to b"], ["b to a", "b to b"]])
    [['a to a', 'b to a'], ['a to b', 'b to b']]

    A single device keeps what it has.

    >>> all_to_all([["own"]])
    [['own']]
    """
    if any(len(parcels) != len(outboxes) for parcels in outboxes):
        raise ValueError(f"the lengths do not fit; pass for each of {len(outboxes)} devices one parcel to each")
    return [[parcels[b] for parcels in outboxes] for b in range(len(outboxes))]


def parallel_moe_layer(x, w_router, experts, k, n_devices):
    """Run a mixture of experts whose tokens and experts are spread over devices.

    Parameters
    ----------
    x : array_like, shape (n_tokens, d_model)
        Hidden states; each device has an equal share of the rows, in order.
    w_router : array_like, shape (d_model, n_experts)
        The router, the same on every device.
    experts : sequence of callable
        Each turns rows of shape (n, d_model) into as many rows of that width. Each device has an
        equal share of them, in order.
    k : int
        Experts for each token, from 1 to n_experts.
    n_devices : int
        Must divide both n_tokens and n_experts.

    Returns
    -------
    output : ndarray of float64, shape (n_tokens, d_model)
        What one device with all experts would compute.
    sent : ndarray of int, shape (n_devices, n_devices)
        Rows that device a (row) sent to device b (column), and got back.

    Raises
    ------
    ValueError
        If the shapes do not fit, tokens or experts cannot be shared out evenly, or `route` refuses
        the logits.

    Notes
    -----
    The order of [1]_, section 2.1: route, dispatch, compute, return, add up; a row travels for each
    choice, without a capacity.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mixtral of Experts," 2024, section 2.1.

    Examples
    --------
    Two devices, a token and an expert on each; both tokens want the second expert.

    >>> from code_examples.serving.expert_parallelism import parallel_moe_layer
    >>> experts = [lambda rows: 10 * rows, lambda rows: 100 * rows]
    >>> output, sent = parallel_moe_layer([[1, 3], [0, 2]], [[1, 0], [0, 1]], experts, k=1, n_devices=2)
    >>> output.tolist(), sent.tolist()
    ([[100.0, 300.0], [0.0, 200.0]], [[0, 1], [0, 1]])

    With one device nothing leaves it.

    >>> parallel_moe_layer([[1, 3], [0, 2]], [[1, 0], [0, 1]], experts, k=1, n_devices=1)[1].tolist()
    [[2]]
    """
    x, w_router = np.asarray(x, dtype=float), np.asarray(w_router, dtype=float)
    if x.ndim != 2 or w_router.shape != (x.shape[1], len(experts)):
        raise ValueError(
            f"x and w_router have shapes {x.shape} and {w_router.shape}, with {len(experts)} experts; "
            "pass (n_tokens, d_model), (d_model, n_experts) and n_experts"
        )
    if n_devices not in range(1, len(experts) + 1) or len(x) % n_devices or len(experts) % n_devices:
        raise ValueError(
            f"{len(x)} tokens and {len(experts)} experts cannot be shared out to {n_devices} devices; "
            "pass a number that divides both"
        )
    devices = range(n_devices)
    host = np.repeat(devices, len(experts) // n_devices)  # (n_experts,)
    tokens, results = np.split(x, n_devices), np.split(np.zeros_like(x), n_devices)
    routed = [route(tokens[a] @ w_router, k) for a in devices]
    picks = [[np.nonzero(host[chosen] == b) for b in devices] for chosen, _ in routed]  # which token, which choice
    inboxes = all_to_all([[(tokens[a][picks[a][b][0]], routed[a][0][picks[a][b]]) for b in devices] for a in devices])
    back = all_to_all([[_run(*parcel, experts) for parcel in inbox] for inbox in inboxes])
    for a in devices:
        for b in devices:
            token, choice = picks[a][b]
            weights = routed[a][1][token, choice]
            np.add.at(results[a], token, weights[:, None] * back[a][b])  # a token may have two experts there
    return np.concatenate(results), np.array([[len(rows) for rows in boxes] for boxes in back])


def exchange_bytes(n_tokens, d_model, copies, n_devices, dispatch_bytes=2, combine_bytes=2):
    """Return how many bytes leave their devices in one layer, forward, with even routing.

    Parameters
    ----------
    n_tokens, d_model : int
        Tokens in all, and numbers in one hidden state.
    copies : float
        Rows sent for each token: k, or fewer where experts on one device share a row.
    n_devices : int
        Devices, 1 or more; a share of ``1 / n_devices`` of the rows stays at home.
    dispatch_bytes, combine_bytes : float, default 2
        Bytes of one number on the way to the experts, and on the way back.

    Returns
    -------
    float
        Bytes, both ways together.

    Raises
    ------
    ValueError
        If a count is below 0, or there is no device.

    Examples
    --------
    One token to two experts elsewhere: 2 x 4 numbers, 2 bytes each way; with two devices half of it.

    >>> from code_examples.serving.expert_parallelism import exchange_bytes
    >>> exchange_bytes(1, d_model=4, copies=2, n_devices=2)
    16.0

    One byte out and three back, over four devices: 3/4 of 10 x 5 x 1 x (1 + 3).

    >>> exchange_bytes(10, 5, 1, 4, dispatch_bytes=1, combine_bytes=3)
    150.0
    """
    if min(n_tokens, d_model, copies, dispatch_bytes, combine_bytes) < 0 or n_devices < 1:
        raise ValueError("a count is below 0, or there is no device; pass counts of at least 0 and 1 device or more")
    return n_tokens * copies * d_model * (dispatch_bytes + combine_bytes) * (1 - 1 / n_devices)


def expected_devices(n_experts, n_devices, k):
    """Return on how many devices a token's experts sit, on average, if it chooses them by chance.

    Parameters
    ----------
    n_experts, n_devices : int
        Experts of a layer, in equal shares on the devices.
    k : int
        Different experts for each token, from 1 to n_experts.

    Returns
    -------
    float
        From 1 to the smaller of `k` and `n_devices`.

    Raises
    ------
    ValueError
        If the experts cannot be shared out evenly, or `k` is out of range.

    Notes
    -----
    A device is missed if all `k` fall among the other experts.

    Examples
    --------
    Four experts on two devices, two chosen: of six pairs two lie together, (2 x 1 + 4 x 2) / 6.

    >>> from code_examples.serving.expert_parallelism import expected_devices
    >>> round(expected_devices(4, 2, 2), 12)
    1.666666666667

    One expert sits on one device.

    >>> expected_devices(6, 3, 1)
    1.0
    """
    if n_devices not in range(1, n_experts + 1) or n_experts % n_devices or k not in range(1, n_experts + 1):
        raise ValueError(
            f"{n_experts} experts, {n_devices} devices and k = {k}; pass a divisor, and k from 1 to n_experts"
        )
    elsewhere = math.comb(n_experts - n_experts // n_devices, k)
    return n_devices * (1 - elsewhere / math.comb(n_experts, k))


def _run(rows, which, experts):
    """Send each row through the expert that it came for."""
    results = np.empty_like(rows)
    for i in np.unique(which):
        results[which == i] = experts[i](rows[which == i])
    return results
