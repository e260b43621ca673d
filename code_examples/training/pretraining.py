"""Pre-training: the next-token loss and its gradient, the floor of the loss, and how to split a budget.

Accompanies ``docs/training/pretraining.md``, whose names it follows.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax, softmax

# Loss in nats per token = floor + A / weights**alpha + B / tokens**beta, for the text and the
# models of Hoffmann et al., in the fit of Besiroglu et al. 2024.
FIT = {"floor": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658}


def next_token_loss(logits, tokens):
    """Return the loss of a model that sees only the last token, and its gradient.

    Parameters
    ----------
    logits : array_like, shape (vocabulary, vocabulary)
        Row i holds the scores of every token after token i, dimensionless.
    tokens : array_like of int, shape (n_tokens,)
        The text, at least 2 tokens, each from 0 to ``vocabulary - 1``.

    Returns
    -------
    loss : float
        Mean cross-entropy of each token given the one before, in nats, at least 0.
    gradient : ndarray of float64, shape (vocabulary, vocabulary)
        Its derivative by the logits.

    Raises
    ------
    ValueError
        If the logits are no square matrix or not finite, there is no pair of tokens, or a token
        is no integer of the vocabulary.

    Notes
    -----
    The text labels itself: each token is an input, and the target of the one before it.

    Examples
    --------
    Four tokens, none preferred: each guess costs log 4.

    >>> import numpy as np
    >>> from code_examples.training.pretraining import next_token_loss
    >>> loss, gradient = next_token_loss(np.zeros((4, 4)), [0, 1, 0, 2])
    >>> round(loss, 3)
    1.386

    Token 0 was followed by 1 and by 2, in two of three pairs: model minus text, in its row.

    >>> (3 * gradient[0]).round(3).tolist()
    [0.5, -0.5, -0.5, 0.5]

    One pair, one token: nothing to guess.

    >>> next_token_loss([[7.0]], [0, 0])[0]
    0.0
    """
    logits, tokens = np.asarray(logits, dtype=np.float64), np.asarray(tokens)
    if logits.ndim != 2 or logits.shape[0] != logits.shape[1]:
        raise ValueError(f"logits have shape {logits.shape}; pass one row and one column for each token")
    if not np.isfinite(logits).all():
        raise ValueError("a logit is not finite; look for what made NaN or infinity first")
    if tokens.ndim != 1 or len(tokens) < 2 or tokens.dtype.kind not in "iu":
        raise ValueError("tokens are no text; pass at least two integers in one row")
    if tokens.min() < 0 or tokens.max() >= len(logits):
        raise ValueError(f"a token is not in the vocabulary; pass integers from 0 to {len(logits) - 1}")
    counts = np.zeros(logits.shape)
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1 / (len(tokens) - 1))  # shares of the pairs
    loss = 0 - (counts * log_softmax(logits)).sum()
    return float(loss), counts.sum(axis=1, keepdims=True) * softmax(logits) - counts


def long_run_loss(transitions, logits):
    """Return the loss on endless new text in which each token hangs on the last.

    Parameters
    ----------
    transitions : array_like, shape (vocabulary, vocabulary)
        Row i holds the true probabilities of every token after token i; all positive.
    logits : array_like, shape (vocabulary, vocabulary)
        The model: row i holds its scores of every token after token i.

    Returns
    -------
    float
        Nats per token. It is least, and the entropy of the text, where the logits are the
        logarithms of the true probabilities.

    Raises
    ------
    ValueError
        If `transitions` is not square, a row of it is no distribution of positive probabilities,
        the shapes do not fit, or a logit is not finite.

    Notes
    -----
    Each row is weighted by how often its token occurs in the long run: by the distribution that
    one step leaves as it is.

    Examples
    --------
    Every token a fair choice of two, and a model that knows it: log 2.

    >>> import numpy as np
    >>> from code_examples.training.pretraining import long_run_loss
    >>> round(long_run_loss([[0.5, 0.5], [0.5, 0.5]], [[3, 3], [0, 0]]), 4)
    0.6931

    One token: nothing to guess.

    >>> long_run_loss([[1.0]], [[5.0]])
    0.0
    """
    transitions, logits = np.asarray(transitions, dtype=np.float64), np.asarray(logits, dtype=np.float64)
    if transitions.ndim != 2 or transitions.shape[0] != transitions.shape[1] or logits.shape != transitions.shape:
        raise ValueError(
            f"transitions have shape {transitions.shape}, logits {logits.shape}; "
            "pass one row and one column for each token"
        )
    if not (transitions > 0).all() or not np.allclose(transitions.sum(axis=1), 1, rtol=0, atol=1e-9):
        raise ValueError("a row is no distribution; pass positive probabilities that sum to 1")
    if not np.isfinite(logits).all():
        raise ValueError("a logit is not finite; look for what made NaN or infinity first")
    n = len(transitions)
    unchanged = np.vstack([transitions.T - np.eye(n), np.ones(n)])  # and the shares sum to 1
    share = np.linalg.lstsq(unchanged, np.append(np.zeros(n), 1), rcond=None)[0]  # (vocabulary,)
    return float(0 - share @ (transitions * log_softmax(logits)).sum(axis=1))


def training_flops(n_weights, n_tokens):
    """Return the operations of a training run: six for each weight and token.

    Parameters
    ----------
    n_weights : float
        Weights that take part in every token; of a mixture of experts only the active ones.
    n_tokens : float
        Tokens trained on, repetitions included.

    Returns
    -------
    float
        Floating-point operations.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    Notes
    -----
    A weight multiplies and adds once in the forward pass, and twice as much work is done in the
    backward pass [1]_. Attention between tokens is left out.

    References
    ----------
    .. [1] J. Hoffmann et al., "Training Compute-Optimal Large Language Models," 2022, appendix F.

    Examples
    --------
    >>> from code_examples.training.pretraining import training_flops
    >>> training_flops(2, 5)
    60.0
    """
    _check(n_weights, n_tokens)
    return 6.0 * n_weights * n_tokens


def predicted_loss(n_weights, n_tokens):
    """Return the loss that the fit predicts, in its three parts.

    Parameters
    ----------
    n_weights : float
        Size of the model, positive.
    n_tokens : float
        Length of the run in tokens, positive.

    Returns
    -------
    floor : float
        What is left to an ideal model, in nats per token.
    from_size : float
        What a finite model adds.
    from_data : float
        What a finite run adds.

    Raises
    ------
    ValueError
        If a number is not positive and finite.

    Notes
    -----
    Section 3.3 of [1]_ in the fit of [2]_.

    References
    ----------
    .. [1] J. Hoffmann et al., "Training Compute-Optimal Large Language Models," 2022.
    .. [2] T. Besiroglu et al., "Chinchilla Scaling: A Replication Attempt," 2024.

    Examples
    --------
    >>> from code_examples.training.pretraining import predicted_loss
    >>> [round(part, 3) for part in predicted_loss(70e9, 1.4e12)]
    [1.817, 0.081, 0.075]
    """
    _check(n_weights, n_tokens)
    return FIT["floor"], float(FIT["A"] / n_weights ** FIT["alpha"]), float(FIT["B"] / n_tokens ** FIT["beta"])


def optimal_split(flops):
    """Split a training budget into a size and a number of tokens, for the least predicted loss.

    Parameters
    ----------
    flops : float
        Floating-point operations of the run, positive.

    Returns
    -------
    n_weights : float
        Size of the model.
    n_tokens : float
        Length of the run; six times the product of both is `flops`.

    Raises
    ------
    ValueError
        If `flops` is not positive and finite.

    Notes
    -----
    The closed form in section 3.3 of [1]_. It counts training only, not the use of the model.

    References
    ----------
    .. [1] J. Hoffmann et al., "Training Compute-Optimal Large Language Models," 2022.

    Examples
    --------
    >>> from code_examples.training.pretraining import optimal_split
    >>> n_weights, n_tokens = optimal_split(5.76e23)
    >>> round(n_weights / 1e9), round(n_tokens / 1e12, 2), round(n_tokens / n_weights)
    (72, 1.33, 18)
    """
    _check(flops, 1)
    alpha, beta = FIT["alpha"], FIT["beta"]
    scale = (alpha * FIT["A"] / (beta * FIT["B"])) ** (1 / (alpha + beta))
    n_weights = scale * (flops / 6) ** (beta / (alpha + beta))
    return float(n_weights), float(flops / 6 / n_weights)


def _check(*numbers):
    if not all(0 < number < np.inf for number in numbers):
        raise ValueError(f"numbers are {numbers}; pass positive, finite ones")
