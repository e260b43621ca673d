"""Prefix tuning: trained keys and values that stand in every layer before those of the text.

Accompanies ``docs/adaptation/prefix-tuning.md``, whose names it follows.
"""

import numpy as np

from code_examples.architectures.self_attention import attention_weights, scaled_dot_product_attention


def attend_with_prefix(queries, keys, values, prefix_keys, prefix_values, allowed=None):
    """Let queries look at a trained prefix as well as at the text.

    Parameters
    ----------
    queries : array_like, shape (n_queries, d_key)
        Finite numbers, dimensionless.
    keys : array_like, shape (n_keys, d_key)
        Keys of the text.
    values : array_like, shape (n_keys, d_value)
        Values of the text, in any unit.
    prefix_keys : array_like, shape (n_virtual, d_key)
        Trained keys; none leaves plain attention.
    prefix_values : array_like, shape (n_virtual, d_value)
        Trained values, in the unit of `values`.
    allowed : array_like of bool, shape (n_queries, n_keys), optional
        True where a query may look in the text; by default everywhere. The prefix is open to all.

    Returns
    -------
    outputs : ndarray of float64, shape (n_queries, d_value)
        One row for each query, in the unit of `values`.
    shares : ndarray of float64, shape (n_queries,)
        How much of each query's attention the prefix takes, from 0 to 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, `allowed` is not boolean, or there is
        nothing to look at.

    Notes
    -----
    The first line of equation 7 of [1]_ for the outputs, with the scaled scores that its footnote
    leaves out, and equation 8 for the shares.

    References
    ----------
    .. [1] J. He et al., "Towards a Unified View of Parameter-Efficient Transfer Learning," 2021, section 3.1.

    Examples
    --------
    Scores log 3 and 0, so weights 3 and 1. The prefix has score log 4, weight 4: half of all.

    >>> import math
    >>> from code_examples.adaptation.prefix_tuning import attend_with_prefix
    >>> text = [[math.log(3)], [0]], [[10.0, 0.0], [20.0, 8.0]]
    >>> outputs, shares = attend_with_prefix([[1]], *text, [[math.log(4)]], [[100.0, 0.0]])
    >>> outputs.round(12).tolist(), shares.round(12).tolist()
    ([[56.25, 1.0]], [0.5])

    Without a prefix it is attention.

    >>> outputs, shares = attend_with_prefix([[1]], *text, np.empty((0, 1)), np.empty((0, 2)))
    >>> outputs.round(12).tolist(), shares.tolist()
    ([[12.5, 2.0]], [0.0])
    """
    queries, keys, values, prefix_keys, prefix_values = (
        np.asarray(part, dtype=float) for part in (queries, keys, values, prefix_keys, prefix_values)
    )
    shapes = [part.shape for part in (keys, values, prefix_keys, prefix_values)]
    if any(len(shape) != 2 for shape in (queries.shape, *shapes)) or not (
        shapes[0][0] == shapes[1][0]
        and shapes[2][0] == shapes[3][0]
        and shapes[0][1] == shapes[2][1]
        and shapes[1][1] == shapes[3][1]
    ):
        raise ValueError(
            f"keys, values, prefix_keys and prefix_values have shapes {shapes}; pass (n_keys, d_key), "
            "(n_keys, d_value), (n_virtual, d_key), (n_virtual, d_value), and queries (n_queries, d_key)"
        )
    n_virtual = len(prefix_keys)
    if allowed is not None:
        if np.shape(allowed) != (len(queries), len(keys)):
            raise ValueError(f"allowed has shape {np.shape(allowed)}; pass {(len(queries), len(keys))}")
        allowed = np.hstack([np.full((len(queries), n_virtual), True, dtype=np.asarray(allowed).dtype), allowed])
    all_keys, all_values = np.vstack([prefix_keys, keys]), np.vstack([prefix_values, values])
    shares = attention_weights(queries, all_keys, allowed)[:, :n_virtual].sum(axis=-1)
    return scaled_dot_product_attention(queries, all_keys, all_values, allowed), shares


def count_parameters(n_virtual, n_layers, d_kv, d_hidden=None):
    """Count what prefix tuning trains, and what is kept of it.

    Parameters
    ----------
    n_virtual : int
        Length of the prefix, at least 1.
    n_layers : int
        At least 1.
    d_kv : int
        Numbers in the keys of one token in one layer: key-value heads times their width.
    d_hidden : int, optional
        Hidden width of the projection that makes the prefix in training; by default there is none.

    Returns
    -------
    trained : int
        Numbers that receive gradients.
    stored : int
        Numbers of the finished prefix: a key and a value in each layer.

    Raises
    ------
    ValueError
        If one of them is not a positive integer.

    Notes
    -----
    The embedding and the two linear layers of PrefixEncoder in PEFT [1]_. The size of the
    embedding, and of what the projection makes, follows the key-value heads there.

    References
    ----------
    .. [1] Hugging Face PEFT 0.21.2, tuners/prefix_tuning/model.py and utils/other.py.

    Examples
    --------
    Three virtual tokens, two layers, keys of 5: a key and a value each, so 3 * 2 * 10.

    >>> from code_examples.adaptation.prefix_tuning import count_parameters
    >>> count_parameters(3, 2, 5)
    (60, 60)

    With a projection of width 7: 3 * 5 inputs, 5 * 7 + 7 and 7 * 20 + 20 weights and biases.

    >>> count_parameters(3, 2, 5, d_hidden=7)
    (217, 60)
    """
    n_virtual, n_layers, d_kv = _size("n_virtual", n_virtual), _size("n_layers", n_layers), _size("d_kv", d_kv)
    made = 2 * n_layers * d_kv  # for each virtual token
    if d_hidden is None:
        return n_virtual * made, n_virtual * made
    d_hidden = _size("d_hidden", d_hidden)
    return n_virtual * d_kv + (d_kv + 1) * d_hidden + (d_hidden + 1) * made, n_virtual * made


def _size(name, value):
    """Return `value` as int, or say what is wrong with it."""
    if not 1 <= value < np.inf or value != int(value):
        raise ValueError(f"{name} is {value}; pass an integer of at least 1")
    return int(value)
