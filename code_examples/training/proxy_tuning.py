"""Proxy tuning: move a large model's logits by what tuning did to a small model's.

Accompanies ``docs/training/proxy-tuning.md``, whose names it follows: base, expert, anti-expert and strength.
"""

import numpy as np


def proxy_logits(base, expert, anti_expert, strength=1.0):
    """Add to the logits of a large model the difference that tuning made to a small one.

    Parameters
    ----------
    base : array_like, shape (..., n_tokens)
        Logits of the large model, untuned; ``-inf`` where a token is forbidden.
    expert : array_like, shape (..., n_tokens)
        Logits of the small tuned model for the same tokens after the same text; finite.
    anti_expert : array_like, shape (..., n_tokens)
        Logits of the small model before tuning; finite.
    strength : float, default 1.0
        Dimensionless and finite: 0 leaves the base as it is, below 0 goes the other way.

    Returns
    -------
    ndarray of float64, shape (..., n_tokens)
        Logits to sample from.

    Raises
    ------
    ValueError
        If the shapes differ or are empty, a proxy's logit or the strength is not finite, or a base logit is NaN
        or ``+inf``.

    Notes
    -----
    The method of [1]_, which has no strength in its main form. A constant added to all logits of one model
    changes no probability, so log-probabilities do as well as logits.

    References
    ----------
    .. [1] A. Liu et al., "Tuning Language Models by Proxy," 2024.

    Examples
    --------
    Tuning made the small model like the first token more, by 2, so the large one does, too.

    >>> from code_examples.training.proxy_tuning import proxy_logits
    >>> proxy_logits(base=[1, 2, 0], expert=[3, 1, 0], anti_expert=[1, 1, 0]).tolist()
    [3.0, 2.0, 0.0]
    >>> proxy_logits([1, 2, 0], [3, 1, 0], [1, 1, 0], strength=-0.5).tolist()
    [0.0, 2.0, 0.0]

    What tuning left alone stays as the large model had it, and so does a forbidden token.

    >>> proxy_logits([5, -float("inf")], [7, 8], [7, 3], strength=2).tolist()
    [5.0, -inf]
    """
    base, expert, anti_expert = (np.asarray(logits, dtype=float) for logits in (base, expert, anti_expert))
    shapes = base.shape, expert.shape, anti_expert.shape
    if len(set(shapes)) > 1 or base.ndim == 0 or base.size == 0:
        raise ValueError(
            f"the logits have shapes {shapes}; pass one logit of each model for each token of one vocabulary"
        )
    if not (np.isfinite(expert).all() and np.isfinite(anti_expert).all() and np.isfinite(strength)):
        raise ValueError("the strength or a logit of a proxy is not finite; pass finite numbers")
    if not (base < np.inf).all():
        raise ValueError("a logit of the base is NaN or +inf; pass finite numbers, or -inf for a forbidden token")
    return base + strength * (expert - anti_expert)


def carry_offset(offset, proxy_tokens, base_tokens):
    """Bring an offset from the vocabulary of the proxies to that of the base, token by token.

    Parameters
    ----------
    offset : array_like, shape (n_proxy_tokens,)
        Logits of the expert minus those of the anti-expert.
    proxy_tokens : sequence of str
        The texts of the proxies' tokens, in the order of `offset`, each once.
    base_tokens : sequence of str
        The texts of the base's tokens.

    Returns
    -------
    ndarray of float64, shape (n_base_tokens,)
        The offset of each token that both know, and 0 where the proxies know none.

    Raises
    ------
    ValueError
        If there is not one finite offset for each token of the proxies, or a token stands twice.

    Examples
    --------
    The order differs, and only the base has a token for "unhappy".

    >>> from code_examples.training.proxy_tuning import carry_offset
    >>> carry_offset([1, -2], ["un", "happy"], ["happy", "unhappy", "un"]).tolist()
    [-2.0, 0.0, 1.0]

    Nothing in common, nothing moved.

    >>> carry_offset([3], ["a"], ["b"]).tolist()
    [0.0]
    """
    offset = np.asarray(offset, dtype=float)
    place = {token: number for number, token in enumerate(proxy_tokens)}
    if offset.shape != (len(proxy_tokens),) or len(place) != len(proxy_tokens):
        raise ValueError(
            f"offset has shape {offset.shape} for {len(proxy_tokens)} tokens, {len(place)} of them distinct; "
            "pass one offset for each token, each token once"
        )
    if not np.isfinite(offset).all():
        raise ValueError("an offset is not finite; pass the difference of finite logits")
    return np.array([offset[place[token]] if token in place else 0.0 for token in base_tokens], dtype=float)
