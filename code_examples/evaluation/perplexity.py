"""Perplexity: how many equally likely options a model was choosing among, on average.

Accompanies ``docs/evaluation/perplexity.md``, whose names it follows: p the truth, q the model, window and stride.
"""

from numbers import Integral

import numpy as np


def perplexity(log_probs):
    """Return the perplexity of a text from what a model gave to each of its tokens.

    Parameters
    ----------
    log_probs : array_like
        Log-probability in nats of each token given those before it, at most 0; ``-inf`` where the model ruled it out.

    Returns
    -------
    float
        At least 1; ``inf`` as soon as one token was ruled out.

    Raises
    ------
    ValueError
        If there is no token, or a value is above 0 or not a number.

    Notes
    -----
    The exponential of the mean negative log-probability [1]_. It is the geometric mean of one over the probabilities.

    References
    ----------
    .. [1] Hugging Face, "Perplexity of fixed-length models," Transformers documentation.

    Examples
    --------
    Probabilities of a half and an eighth: their geometric mean is a quarter.

    >>> import numpy as np
    >>> from code_examples.evaluation.perplexity import perplexity
    >>> round(perplexity(np.log([1 / 2, 1 / 8])), 9)
    4.0

    One certain token.

    >>> perplexity([0.0])
    1.0
    """
    log_probs = np.asarray(log_probs, dtype=float)
    if log_probs.size == 0 or not (log_probs <= 0).all():
        raise ValueError("log_probs holds no token, or a value that is no log-probability; pass numbers of at most 0")
    return float(np.exp(-log_probs.mean()))


def effective_choices(p, q=None):
    """Return the perplexity that a model has on average where the truth is known.

    Parameters
    ----------
    p : array_like, shape (n_options,)
        How often each option comes: probabilities that sum to 1.
    q : array_like, shape (n_options,), optional
        What the model gives each; by default `p` itself, the best that any model can do.

    Returns
    -------
    float
        Number of equally likely options; ``inf`` where the model rules out what comes.

    Raises
    ------
    ValueError
        If `p` or `q` is no distribution, or they differ in shape.

    Notes
    -----
    The exponential of the cross-entropy of p and q in nats, or of the entropy of p.

    Examples
    --------
    A fair die, and one that shows a six half of the time, to a model that thinks it fair.

    >>> from code_examples.evaluation.perplexity import effective_choices
    >>> round(effective_choices([1 / 6] * 6), 9)
    6.0
    >>> round(effective_choices([0.1] * 5 + [0.5], [1 / 6] * 6), 9)
    6.0
    >>> round(effective_choices([0.1] * 5 + [0.5]), 3)
    4.472

    Nothing to choose.

    >>> effective_choices([0, 1])
    1.0
    """
    p = _distribution("p", p)
    q = p if q is None else _distribution("q", q)
    if p.shape != q.shape:
        raise ValueError(f"p has {p.size} options, q {q.size}; pass one probability for each option in both")
    with np.errstate(divide="ignore"):
        log_q = np.log(q[p > 0])
    return float(np.exp(-(p[p > 0] * log_q).sum()))


def context_lengths(n_tokens, window, stride):
    """Return how many earlier tokens of a long text a model sees when it scores each one in sliding windows.

    Parameters
    ----------
    n_tokens : int
        Length of the text, at least 1.
    window : int
        Most tokens that the model reads at once, at least 1.
    stride : int
        By how many tokens the window moves on, from 1 to `window`; each token is scored in the first window that
        holds it. At `window` the text is cut into pieces that know nothing of each other.

    Returns
    -------
    ndarray of int, shape (n_tokens,)
        From 0 to ``window - 1``.

    Raises
    ------
    ValueError
        If a number is no integer or out of its range.

    Notes
    -----
    The windows of the example in [1]_. Its code scores no first token, as nothing is before it: neither that of the
    text nor, without overlap, that of any other window.

    References
    ----------
    .. [1] Hugging Face, "Perplexity of fixed-length models," Transformers documentation.

    Examples
    --------
    >>> from code_examples.evaluation.perplexity import context_lengths
    >>> context_lengths(7, window=4, stride=4).tolist()
    [0, 1, 2, 3, 0, 1, 2]
    >>> context_lengths(7, window=4, stride=2).tolist()
    [0, 1, 2, 3, 2, 3, 2]
    >>> context_lengths(7, window=4, stride=1).tolist()
    [0, 1, 2, 3, 3, 3, 3]
    """
    whole = all(isinstance(number, Integral) for number in (n_tokens, window, stride))
    if not (whole and n_tokens >= 1 and 1 <= stride <= window):
        raise ValueError(
            f"tokens {n_tokens}, window {window}, stride {stride}; pass integers: 1 token or more, stride 1 to window"
        )
    token = np.arange(n_tokens)
    moves = np.maximum(-(-(token + 1 - window) // stride), 0)  # until the window holds the token
    return token - moves * stride


def _distribution(name, values):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not (values >= 0).all() or abs(values.sum() - 1) > 1e-9:
        raise ValueError(f"{name} is no distribution; pass a row of probabilities that sum to 1")
    return values
