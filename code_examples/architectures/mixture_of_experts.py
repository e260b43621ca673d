"""Mixture of experts: a router, the layer that it steers, and what keeps its experts busy.

Accompanies ``docs/architectures/mixture-of-experts.md``, whose names it follows: logits of the router,
the k chosen experts and their weights.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax, softmax


def route(logits, k):
    """Choose the experts of each token, and their weights.

    Parameters
    ----------
    logits : array_like, shape (n_tokens, n_experts)
        What the router says of each expert; finite, dimensionless.
    k : int
        Experts for each token, from 1 to n_experts.

    Returns
    -------
    chosen : ndarray of int, shape (n_tokens, k)
        The experts with the largest logits, the best one first; of equal ones the earlier.
    weights : ndarray of float64, shape (n_tokens, k)
        From 0 to 1, each row with sum 1.

    Raises
    ------
    ValueError
        If `logits` are not a table of finite numbers, or `k` is not an integer from 1 to n_experts.

    Notes
    -----
    The gate of [1]_, section 2.1: softmax over the k largest logits. The same as softmax over all
    and division by the sum of the kept. Switch, which has k = 1, keeps the probability undivided.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mixtral of Experts," 2024, section 2.1.

    Examples
    --------
    >>> import math
    >>> from code_examples.architectures.mixture_of_experts import route
    >>> chosen, weights = route([[0, math.log(6), math.log(2)]], k=2)
    >>> chosen.tolist(), weights.round(12).tolist()
    ([[1, 2]], [[0.75, 0.25]])

    A single expert has weight 1, whatever its logit.

    >>> route([[-5, -7]], k=1)[1].tolist()
    [[1.0]]
    """
    logits = _checked_logits(logits)
    if k not in range(1, logits.shape[1] + 1):
        raise ValueError(f"k is {k}; pass an integer from 1 to {logits.shape[1]}, the number of experts")
    chosen = np.argsort(-logits, kind="stable")[:, : int(k)]
    return chosen, softmax(logits[np.arange(len(logits))[:, None], chosen])


def moe_layer(x, w_router, experts, k, capacity=None):
    """Send each token through its experts, and add up what comes back.

    Parameters
    ----------
    x : array_like, shape (n_tokens, d_model)
        Hidden states.
    w_router : array_like, shape (d_model, n_experts)
        The router: one column for each expert.
    experts : sequence of callable
        Each turns rows of shape (n, d_model) into as many rows of that width.
    k : int
        Experts for each token, from 1 to n_experts.
    capacity : int, optional
        Tokens that an expert takes at most, 1 or more; without it there is no limit.

    Returns
    -------
    ndarray of float64, shape (n_tokens, d_model)
        What the layer adds to the residual stream: zeros for a token that every expert dropped.

    Raises
    ------
    ValueError
        If the shapes do not fit, a logit is not finite, or `k` or `capacity` is out of range.

    Notes
    -----
    The last equation of section 2.1 in [1]_. Each expert is called once, with all of its tokens,
    and not at all without any.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mixtral of Experts," 2024, section 2.1.

    Examples
    --------
    Two tokens, each sent to the expert of its larger entry.

    >>> from code_examples.architectures.mixture_of_experts import moe_layer
    >>> experts = [lambda rows: 10 * rows, lambda rows: 100 * rows]
    >>> moe_layer([[3, 1], [0, 2]], [[1, 0], [0, 1]], experts, k=1).tolist()
    [[30.0, 10.0], [0.0, 200.0]]

    Three tokens want the first expert, which takes two.

    >>> moe_layer([[3, 1], [4, 1], [5, 1]], [[1, 0], [0, 1]], experts, k=1, capacity=2).tolist()
    [[30.0, 10.0], [40.0, 10.0], [0.0, 0.0]]
    """
    x, w_router = np.asarray(x, dtype=float), np.asarray(w_router)
    if x.ndim != 2 or w_router.shape != (x.shape[1], len(experts)):
        raise ValueError(
            f"x and w_router have shapes {x.shape} and {w_router.shape}, with {len(experts)} experts; "
            "pass (n_tokens, d_model), (d_model, n_experts) and n_experts"
        )
    chosen, weights = route(x @ w_router, k)
    kept = within_capacity(chosen, len(experts), len(x) if capacity is None else capacity)
    output = np.zeros_like(x)
    for i, expert in enumerate(experts):
        tokens, place = np.nonzero((chosen == i) & kept)
        if tokens.size:
            output[tokens] += weights[tokens, place, None] * expert(x[tokens])  # (n, d_model)
    return output


def within_capacity(chosen, n_experts, capacity):
    """Say which choices find room, when each expert takes only so many tokens.

    Parameters
    ----------
    chosen : array_like of int, shape (n_tokens, k)
        The experts of each token, from 0 to n_experts - 1, the best one first.
    n_experts : int
        How many experts there are.
    capacity : int
        Tokens that an expert takes at most, 1 or more.

    Returns
    -------
    ndarray of bool, shape (n_tokens, k)
        False where the expert was full. First choices come before all second ones, and among them
        earlier tokens before later ones.

    Raises
    ------
    ValueError
        If `chosen` is not a table of experts, or `capacity` is not a positive integer.

    Notes
    -----
    Algorithm 1 of [1]_, without its random skipping of second experts.

    References
    ----------
    .. [1] D. Lepikhin et al., "GShard: Scaling Giant Models with Conditional Computation and
       Automatic Sharding," 2020, section 2.2.

    Examples
    --------
    Expert 0 has room for two. The second choice of the first token comes too late.

    >>> from code_examples.architectures.mixture_of_experts import within_capacity
    >>> within_capacity([[1, 0], [0, 2], [0, 2]], n_experts=3, capacity=2).tolist()
    [[True, False], [True, True], [True, True]]

    With room for one, the last token loses both.

    >>> within_capacity([[1, 0], [0, 2], [0, 2]], n_experts=3, capacity=1).tolist()
    [[True, False], [True, True], [False, False]]
    """
    chosen = np.asarray(chosen)
    if chosen.ndim != 2 or not np.isin(chosen, range(n_experts)).all() or not chosen.size:
        raise ValueError(f"chosen is no table of experts 0 to {n_experts - 1}; pass what `route` returns")
    if capacity < 1 or capacity % 1 != 0:
        raise ValueError(f"capacity is {capacity}; pass an integer of at least 1")
    queue = chosen.T.ravel()[:, None] == np.arange(n_experts)  # (k * n_tokens, n_experts)
    place = (queue.cumsum(axis=0) * queue).sum(axis=1)  # 1 for the first in the queue of an expert
    return (place <= capacity).reshape(chosen.T.shape).T


def balance_loss(logits, k):
    """Measure how far the router is from using all experts alike.

    Parameters
    ----------
    logits : array_like, shape (n_tokens, n_experts)
        What the router says of each expert; finite, dimensionless.
    k : int
        Experts for each token, from 1 to n_experts.

    Returns
    -------
    float
        Dimensionless and above 0: 1 where loads or mean probabilities are equal, near n_experts
        where one expert takes all. It can lie below 1.

    Raises
    ------
    ValueError
        If `logits` are not a table of finite numbers, or `k` is not an integer from 1 to n_experts.

    Notes
    -----
    Equations 4 to 6 of [1]_ without its factor alpha. For more than one expert, loads are shares of
    all choices, as in equation 18 of [2]_.

    References
    ----------
    .. [1] W. Fedus, B. Zoph and N. Shazeer, "Switch Transformers," 2021, section 2.2.
    .. [2] DeepSeek-AI, "DeepSeek-V3 Technical Report," 2024, section 2.1.2.

    Examples
    --------
    Probabilities 3/4 and 1/4, and the first expert takes all: 2 x (1 x 3/4 + 0 x 1/4).

    >>> import math
    >>> from code_examples.architectures.mixture_of_experts import balance_loss
    >>> round(balance_loss([[math.log(3), 0], [math.log(3), 0]], k=1), 12)
    1.5

    Two tokens that want different experts are balanced.

    >>> round(balance_loss([[math.log(3), 0], [0, math.log(3)]], k=1), 12)
    1.0
    """
    chosen, _ = route(logits, k)
    probabilities = softmax(logits)
    load = np.bincount(chosen.ravel(), minlength=probabilities.shape[1]) / chosen.size
    return float(load.size * load @ probabilities.mean(axis=0))


def router_z_loss(logits):
    """Measure how large the router's logits are.

    Parameters
    ----------
    logits : array_like, shape (n_tokens, n_experts)
        What the router says of each expert; finite, dimensionless.

    Returns
    -------
    float
        The mean over tokens of the squared log-sum-exp; dimensionless, at least 0.

    Raises
    ------
    ValueError
        If `logits` are not a table of finite numbers.

    Notes
    -----
    Equation 5 of [1]_, without its factor.

    References
    ----------
    .. [1] B. Zoph et al., "ST-MoE: Designing Stable and Transferable Sparse Expert Models," 2022,
       section 3.3.

    Examples
    --------
    One expert: the log-sum-exp is its logit, here 3 and -1.

    >>> from code_examples.architectures.mixture_of_experts import router_z_loss
    >>> router_z_loss([[3], [-1]])
    5.0

    Probabilities as they are, with sum 1, cost nothing.

    >>> import math
    >>> router_z_loss([[math.log(0.5), math.log(0.5)]])
    0.0
    """
    logits = _checked_logits(logits)
    log_sum_exp = logits - log_softmax(logits)  # (n_tokens, n_experts), all columns alike
    return float((log_sum_exp**2).mean())


def _checked_logits(logits):
    """Return `logits` as float64, or say what is wrong with them."""
    logits = np.asarray(logits, dtype=float)
    if logits.ndim != 2 or not logits.size or not np.isfinite(logits).all():
        raise ValueError(f"logits have shape {logits.shape}; pass finite ones of shape (n_tokens, n_experts)")
    return logits
