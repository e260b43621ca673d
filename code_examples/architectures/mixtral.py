"""Parameters of a transformer with experts, part by part, and how many experts a batch needs.

Accompanies ``docs/architectures/mixtral.md``, whose names it follows: sizes as in the notation page.
"""

import numpy as np


def count_parameters(*, d_model, d_ff, n_layers, n_heads, n_kv_heads, d_head, vocab_size, n_experts, counted):
    """Count the parameters of a decoder built like Mixtral, by part.

    Parameters
    ----------
    d_model, d_ff : int
        Width of the residual stream, and of the hidden layer of one expert.
    n_layers, n_heads, n_kv_heads, d_head : int
        Layers; query heads and key-value heads of each; numbers in one head.
    vocab_size : int
        Tokens in the vocabulary; input embedding and output layer are not shared.
    n_experts : int
        Experts in each layer; with 1 the model is dense and has no router.
    counted : int
        Experts counted in each layer, up to `n_experts`: all of them for the total, those that a
        token uses for the active count.

    Returns
    -------
    dict of str to int
        Parameters of the ``experts``, ``attention``, ``embeddings``, ``router`` and ``norms``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, or `counted` is larger than `n_experts`.

    Notes
    -----
    Sizes of table 1 in [1]_; matrices, biases (none) and norms as in [2]_. An expert is a SwiGLU
    block of three matrices.

    References
    ----------
    .. [1] A. Q. Jiang et al., "Mixtral of Experts," 2024, section 2.
    .. [2] Hugging Face Transformers, modeling_mixtral.py.

    Examples
    --------
    One layer, four experts, two counted: 2 x (3 x 2 x 5), then 2 x 2 x 3 x (2 + 1), 2 x 7 x 2,
    2 x 4, and three norms of 2.

    >>> from code_examples.architectures.mixtral import count_parameters
    >>> sizes = dict(d_model=2, d_ff=5, n_layers=1, n_heads=2, n_kv_heads=1, d_head=3, vocab_size=7)
    >>> count_parameters(**sizes, n_experts=4, counted=2)
    {'experts': 60, 'attention': 36, 'embeddings': 28, 'router': 8, 'norms': 6}

    A single expert needs no router.

    >>> count_parameters(**sizes, n_experts=1, counted=1)["router"]
    0
    """
    sizes = (d_model, d_ff, n_layers, n_heads, n_kv_heads, d_head, vocab_size, n_experts, counted)
    if not all(size >= 1 and size % 1 == 0 for size in sizes) or counted > n_experts:
        raise ValueError(f"sizes are {sizes}; pass integers of at least 1, and count at most n_experts")
    return {
        "experts": n_layers * counted * 3 * d_model * d_ff,
        "attention": n_layers * 2 * d_model * d_head * (n_heads + n_kv_heads),
        "embeddings": 2 * vocab_size * d_model,
        "router": n_layers * d_model * n_experts if n_experts > 1 else 0,
        "norms": (2 * n_layers + 1) * d_model,
    }


def experts_touched(n_tokens, n_experts, k):
    """Return how many experts of a layer at least one of several tokens chooses, on average.

    Parameters
    ----------
    n_tokens : int or array_like of int
        Tokens in one step, 0 or more.
    n_experts, k : int
        Experts in the layer, and experts that each token chooses by chance, independently.

    Returns
    -------
    float or ndarray of float64
        Between 0 and `n_experts`.

    Raises
    ------
    ValueError
        If `k` is not from 1 to `n_experts`, or a number of tokens is below 0.

    Notes
    -----
    An expert escapes one token with probability ``1 - k / n_experts``, and all of them with that to
    the power of `n_tokens`. Real routing is uneven and touches fewer.

    Examples
    --------
    Two of eight for one token; for the second token, two more of which a quarter is there already.

    >>> from code_examples.architectures.mixtral import experts_touched
    >>> experts_touched(1, n_experts=8, k=2), experts_touched(2, n_experts=8, k=2)
    (2.0, 3.5)

    No tokens, no experts; and where all are chosen, all are touched.

    >>> experts_touched(0, n_experts=8, k=2), experts_touched(1, n_experts=4, k=4)
    (0.0, 4.0)
    """
    if not 1 <= k <= n_experts:
        raise ValueError(f"k is {k}; pass a number from 1 to {n_experts}, the number of experts")
    if not (np.asarray(n_tokens) >= 0).all():
        raise ValueError("a number of tokens is below 0; pass 0 or more")
    touched = n_experts * (1 - (1 - k / n_experts) ** np.asarray(n_tokens))
    return touched if np.ndim(n_tokens) else float(touched)
