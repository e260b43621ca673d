"""In-context learning in a toy: steps of gradient descent on the examples, and attention over them.

Accompanies ``docs/prompting/in-context-learning.md``, whose names it follows: examples, labels, query.
"""

import numpy as np


def linear_attention(queries, keys, values):
    """Add up the values, each times the dot product of its key and the query.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d)
        Finite numbers, dimensionless.
    keys : array_like, shape (n_keys, d)
        Finite numbers, dimensionless; at least one key.
    values : array_like, shape (n_keys,)
        One finite number for each key.

    Returns
    -------
    ndarray of float64, shape (n_queries,)
        One sum for each query, in the unit of `values`: not an average, and of any size.

    Raises
    ------
    ValueError
        If shapes do not fit, there is no key, or a number is not finite.

    Notes
    -----
    Attention without softmax, as in the layer of [1]_.

    References
    ----------
    .. [1] J. von Oswald et al., "Transformers Learn In-Context by Gradient Descent," ICML 2023.

    Examples
    --------
    The query fits the first key by 2 and the second by 3, so 2 times 10 plus 3 times -1.

    >>> from code_examples.prompting.in_context_learning import linear_attention
    >>> linear_attention([[2, 1]], [[1, 0], [1, 1]], [10, -1]).tolist()
    [17.0]

    A query at right angles to all keys reads nothing.

    >>> linear_attention([[0, 1]], [[3, 0]], [5]).tolist()
    [0.0]
    """
    queries, keys, values = _fitting(queries, keys, values)
    return queries @ keys.T @ values


def gradient_reader(queries, examples, labels, learning_rate, steps=1, start=None):
    """Fit a line through the examples by a few steps of gradient descent, then answer the queries.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d)
        What to answer; finite numbers, dimensionless.
    examples : array_like, shape (n_examples, d)
        Inputs that are shown, at least one; finite numbers, dimensionless.
    labels : array_like, shape (n_examples,)
        Their answers, finite numbers.
    learning_rate : float
        What each gradient is multiplied by; positive and finite.
    steps : int, default 1
        Steps of gradient descent, at least 0.
    start : array_like, shape (d,), optional
        Weights before the first step: what is known without examples. By default zero.

    Returns
    -------
    ndarray of float64, shape (n_queries,)
        One answer for each query, in the unit of `labels`.

    Raises
    ------
    ValueError
        If shapes do not fit, there is no example, a number is not finite, `learning_rate` is not
        positive, or `steps` is no integer of at least 0.

    Notes
    -----
    The loss is half the sum of squared errors; with their mean, as elsewhere, the learning rate would
    be the number of examples times as large. One step from zero is the step of [1]_. Many steps run away
    where the learning rate exceeds 2 divided by the largest eigenvalue of examples^T examples.

    References
    ----------
    .. [1] J. von Oswald et al., "Transformers Learn In-Context by Gradient Descent," ICML 2023.

    Examples
    --------
    From zero, the step is the learning rate times label times input: 0.5 times 4 times (1, 2).

    >>> from code_examples.prompting.in_context_learning import gradient_reader
    >>> gradient_reader([[1, 0], [0, 1]], [[1, 2]], [4], learning_rate=0.5).tolist()
    [2.0, 4.0]

    Where the start answers all examples rightly, no step changes it.

    >>> gradient_reader([[7, 1]], [[1, 2]], [4], learning_rate=0.5, steps=9, start=[0, 2]).tolist()
    [2.0]
    """
    queries, examples, labels = _fitting(queries, examples, labels)
    weights = np.zeros(examples.shape[1]) if start is None else np.array(start, dtype=float)
    if weights.shape != examples.shape[1:] or not np.isfinite(weights).all():
        raise ValueError(f"start must be one finite number for each of the {examples.shape[1]} entries of an input")
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate is {learning_rate}; pass a positive, finite number")
    if not (steps >= 0 and steps % 1 == 0):
        raise ValueError(f"steps is {steps}; pass an integer of at least 0")
    for _ in range(int(steps)):
        weights = weights - learning_rate * (examples @ weights - labels) @ examples
    return queries @ weights


def _fitting(queries, examples, labels):
    """Return the three as arrays; refuse shapes that do not fit and numbers that are not finite."""
    queries, examples, labels = (np.asarray(part, dtype=float) for part in (queries, examples, labels))
    if not (
        queries.ndim == examples.ndim == 2
        and queries.shape[1] == examples.shape[1]
        and labels.shape == examples.shape[:1]
        and examples.size
    ):
        raise ValueError(
            f"shapes {queries.shape}, {examples.shape} and {labels.shape} do not fit; pass rows of one length "
            "and one number for each row of the second, at least one"
        )
    if not all(np.isfinite(part).all() for part in (queries, examples, labels)):
        raise ValueError("a number is not finite; pass finite numbers")
    return queries, examples, labels
