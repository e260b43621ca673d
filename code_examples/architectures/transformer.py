"""Transformer: a decoder assembled from the other pages' layers, its weights and its work counted.

Accompanies ``docs/architectures/transformer.md``, whose names it follows.
"""

import math

import numpy as np

from code_examples.architectures.causal_mask import causal_mask
from code_examples.architectures.positional_encoding import sinusoidal_encoding
from code_examples.architectures.residual_stream import rms_norm, run_stream
from code_examples.architectures.self_attention import multi_head_attention
from code_examples.architectures.swiglu import swiglu_feed_forward
from code_examples.foundations.embeddings import embed


def init_model(vocabulary_size, d_model, n_layers, d_ff, rng):
    """Draw the weights of a decoder.

    Parameters
    ----------
    vocabulary_size, d_model, n_layers, d_ff : int
        Sizes from 1 on; d_ff is the hidden width of the gated feed-forward layer. `forward` needs an even d_model.
    rng : numpy.random.Generator
        Source of the normal weights, whose variance is 1 over the number of rows.

    Returns
    -------
    dict
        ``embedding`` of shape (vocabulary_size, d_model), ``layers``, a list of dicts of matrices and gains,
        ``final_gain`` of shape (d_model,) and ``unembedding`` of shape (d_model, vocabulary_size).

    Raises
    ------
    ValueError
        If a size is no integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.architectures.transformer import init_model
    >>> model = init_model(vocabulary_size=7, d_model=4, n_layers=2, d_ff=6, rng=np.random.default_rng(0))
    >>> model["embedding"].shape, len(model["layers"]), model["layers"][0]["down"].shape
    ((7, 4), 2, (6, 4))
    >>> model["final_gain"].tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    vocabulary_size, d_model, n_layers, d_ff = _sizes(vocabulary_size, d_model, n_layers, d_ff)

    def draw(rows, columns):
        return rng.standard_normal((rows, columns)) / math.sqrt(rows)

    layers = [
        {
            "attention_gain": np.ones(d_model),
            **{name: draw(d_model, d_model) for name in ("query", "key", "value", "output")},
            "feed_forward_gain": np.ones(d_model),
            **{name: draw(d_model, d_ff) for name in ("gate", "up")},
            "down": draw(d_ff, d_model),
        }
        for _ in range(n_layers)
    ]
    return {
        "embedding": draw(vocabulary_size, d_model),
        "layers": layers,
        "final_gain": np.ones(d_model),
        "unembedding": draw(d_model, vocabulary_size),
    }


def forward(ids, model, n_heads):
    """Return the logits of the next token at every position, in one pass.

    Parameters
    ----------
    ids : array_like of int, shape (n,)
        Token ids, from 0 to ``vocabulary_size - 1``.
    model : dict
        What `init_model` returns.
    n_heads : int
        Number of attention heads; it divides d_model.

    Returns
    -------
    ndarray of float64, shape (n, vocabulary_size)
        Row t is about the token after token t and depends on tokens 0 to t only.

    Raises
    ------
    ValueError
        If `ids` are no row of ids of the vocabulary, d_model is odd, or `n_heads` does not divide it.

    Notes
    -----
    The block of the class TransformerBlock in [1]_: pre-norm, causal attention, then a SwiGLU layer, each added to
    the stream. Instead of rotations, waves are added to the embeddings, as in section 3.5 of [2]_.

    References
    ----------
    .. [1] Meta, "Model code of LLaMA," 2023, llama/model.py.
    .. [2] A. Vaswani et al., "Attention Is All You Need," 2017.

    Examples
    --------
    Without layers, a token predicts from its own embedding and position. At position zero the wave is (0, 1), so
    the stream is (1, 7), which the norm divides by 5.

    >>> from code_examples.architectures.transformer import forward
    >>> model = {"embedding": [[1, 6], [0, 0]], "layers": [], "final_gain": [1, 2], "unembedding": [[1, 0], [0, 1]]}
    >>> forward([0], model, n_heads=1).round(12).tolist()
    [[0.2, 2.8]]
    """
    if np.ndim(ids) != 1 or not np.size(ids):
        raise ValueError(f"ids have shape {np.shape(ids)}; pass one row of at least one id")
    x = embed(ids, model["embedding"])
    x = x + sinusoidal_encoding(range(len(x)), x.shape[1])
    sublayers = [part for layer in model["layers"] for part in _sublayers(layer, n_heads, causal_mask(len(x)))]
    states, _ = run_stream(x, sublayers)
    return rms_norm(states[-1]) * model["final_gain"] @ model["unembedding"]


def count_parameters(vocabulary_size, d_model, n_layers, d_ff, ff_matrices=3, tied=False):
    """Count the weights of a decoder by what they are for.

    Parameters
    ----------
    vocabulary_size, d_model, n_layers, d_ff : int
        Sizes from 1 on.
    ff_matrices : int, default 3
        Matrices of each feed-forward layer: 3 if it is gated, else 2.
    tied : bool, default False
        Whether the output matrix is the embedding table, as in GPT-2.

    Returns
    -------
    dict of str to int
        Numbers of weights in ``embedding`` (with the output matrix), ``attention``, ``feed-forward`` and ``norms``,
        without biases and learned positions.

    Raises
    ------
    ValueError
        If a size is no integer of at least 1, or `ff_matrices` is neither 2 nor 3.

    Notes
    -----
    Attention is counted as four square matrices. Where heads share keys and values, it has less.

    Examples
    --------
    Four attention matrices of 2 by 2, three of 2 by 5, and three gains.

    >>> from code_examples.architectures.transformer import count_parameters
    >>> count_parameters(vocabulary_size=7, d_model=2, n_layers=1, d_ff=5)
    {'embedding': 28, 'attention': 16, 'feed-forward': 30, 'norms': 6}

    The smallest model of all.

    >>> sum(count_parameters(1, 1, 1, 1, ff_matrices=2, tied=True).values())
    10
    """
    vocabulary_size, d_model, n_layers, d_ff = _sizes(vocabulary_size, d_model, n_layers, d_ff)
    if ff_matrices not in (2, 3):
        raise ValueError(f"ff_matrices is {ff_matrices}; pass 3 for a gated layer, else 2")
    return {
        "embedding": (1 if tied else 2) * vocabulary_size * d_model,
        "attention": n_layers * 4 * d_model**2,
        "feed-forward": n_layers * ff_matrices * d_model * d_ff,
        "norms": (2 * n_layers + 1) * d_model,
    }


def count_flops(context, vocabulary_size, d_model, n_layers, d_ff, ff_matrices=3):
    """Count the operations that one more token costs.

    Parameters
    ----------
    context : int
        Number of tokens that the token attends to, itself included; from 1 on.
    vocabulary_size, d_model, n_layers, d_ff, ff_matrices : int
        As in `count_parameters`.

    Returns
    -------
    dict of str to int
        Multiplications and additions, each counted as one, in ``matrices`` (two for each weight, the output matrix
        included and the look-up of the embedding not) and in ``context`` (scores and weighted sums of attention).

    Raises
    ------
    ValueError
        If a size is no integer of at least 1, or `ff_matrices` is neither 2 nor 3.

    Examples
    --------
    >>> from code_examples.architectures.transformer import count_flops
    >>> count_flops(10, vocabulary_size=7, d_model=2, n_layers=1, d_ff=5)
    {'matrices': 120, 'context': 80}

    The first token attends to itself only.

    >>> count_flops(1, vocabulary_size=7, d_model=2, n_layers=1, d_ff=5)["context"]
    8
    """
    weights = count_parameters(vocabulary_size, d_model, n_layers, d_ff, ff_matrices, tied=True)
    return {
        "matrices": 2 * (weights["embedding"] + weights["attention"] + weights["feed-forward"]),
        "context": 4 * int(n_layers) * _size("context", context) * int(d_model),
    }


def _sublayers(layer, n_heads, allowed):
    """Return attention and feed-forward of one layer, as functions of the normalized stream."""

    def attend(x):
        projections = (layer[name] for name in ("query", "key", "value", "output"))
        return multi_head_attention(x * layer["attention_gain"], *projections, n_heads, allowed)

    def feed_forward(x):
        return swiglu_feed_forward(x * layer["feed_forward_gain"], layer["gate"], layer["up"], layer["down"])

    return attend, feed_forward


def _sizes(*values):
    """Return the four sizes of a model as int, or say what is wrong with one."""
    names = "vocabulary_size", "d_model", "n_layers", "d_ff"
    return (_size(name, value) for name, value in zip(names, values, strict=True))


def _size(name, value):
    """Return `value` as int, or say what is wrong with it."""
    if not 1 <= value < math.inf or value != int(value):
        raise ValueError(f"{name} is {value}; pass an integer of at least 1")
    return int(value)
