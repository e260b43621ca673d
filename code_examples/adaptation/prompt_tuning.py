"""Prompt tuning: trained vectors that stand before the embedded text of a frozen model.

Accompanies ``docs/adaptation/prompt-tuning.md``, whose names it follows. The frozen model is one
layer of attention: the last token asks, and the answer is read from what it sees.
"""

import math

import numpy as np

from code_examples.architectures.self_attention import attention_weights
from code_examples.foundations.cross_entropy import gradient as logit_gradient


def init_prompt(embeddings, token_ids, n_virtual):
    """Start virtual tokens as the embeddings of a text.

    Parameters
    ----------
    embeddings : array_like, shape (vocabulary_size, d)
        The model's table, one row for each token.
    token_ids : array_like of int, shape (n,)
        The tokens of the text, each from 0 to vocabulary_size - 1; at least one.
    n_virtual : int
        How many virtual tokens to make, at least 1.

    Returns
    -------
    ndarray of float64, shape (n_virtual, d)
        The text's embeddings: repeated from the front if too few, cut off if too many.

    Raises
    ------
    ValueError
        If there is no token, one is not in the table, its row is not finite, or `n_virtual` is no
        positive integer.

    Notes
    -----
    What PromptEmbedding in PEFT does for ``PromptTuningInit.TEXT`` [1]_.

    References
    ----------
    .. [1] Hugging Face PEFT 0.21.2, tuners/prompt_tuning/model.py.

    Examples
    --------
    >>> from code_examples.adaptation.prompt_tuning import init_prompt
    >>> table = [[1, 2], [3, 4], [5, 6]]
    >>> init_prompt(table, [2, 0], n_virtual=3).tolist()
    [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]
    >>> init_prompt(table, [2, 0], n_virtual=1).tolist()
    [[5.0, 6.0]]

    A text of one token gives equal rows.

    >>> init_prompt(table, [1], n_virtual=2).tolist()
    [[3.0, 4.0], [3.0, 4.0]]
    """
    embeddings, token_ids = np.asarray(embeddings, dtype=float), np.asarray(token_ids)
    n_virtual = _size("n_virtual", n_virtual)
    if embeddings.ndim != 2 or token_ids.ndim != 1 or not np.isin(token_ids, range(len(embeddings))).all():
        raise ValueError("an id is not in the table; pass a list of row numbers of a (vocabulary_size, d) table")
    if not token_ids.size:
        raise ValueError("the text has no token; pass at least one id")
    prompt = embeddings[np.resize(token_ids, n_virtual).astype(int)]
    if not np.isfinite(prompt).all():
        raise ValueError("an embedding of the text is not finite; look for what made NaN or infinity in the table")
    return prompt


def answer_logits(prompt, texts, model):
    """Let the frozen model answer, with virtual tokens before each text.

    Parameters
    ----------
    prompt : array_like, shape (n_virtual, d)
        The virtual tokens; none leaves the model as it is.
    texts : array_like, shape (n_texts, n_tokens, d)
        Embedded texts, all of one length.
    model : tuple of array_like
        The frozen matrices w_query, w_key of shape (d, d_key), w_value (d, d_value), and w_output
        (d_value, n_answers).

    Returns
    -------
    ndarray of float64, shape (n_texts, n_answers)
        Logits of the answers.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is not finite.

    Notes
    -----
    The concatenation of section 2 of [1]_, before one layer of attention without positions.

    References
    ----------
    .. [1] B. Lester et al., "The Power of Scale for Parameter-Efficient Prompt Tuning," 2021, section 2.

    Examples
    --------
    Width 1, keys of zero: the answer is the mean of what is seen.

    >>> from code_examples.adaptation.prompt_tuning import answer_logits
    >>> model = [[1]], [[0]], [[1]], [[2, -1]]
    >>> answer_logits([[7], [9]], [[[3], [1]]], model).tolist()
    [[10.0, -5.0]]

    Without a prompt, only the text is seen.

    >>> import numpy as np
    >>> answer_logits(np.empty((0, 1)), [[[3], [1]]], model).tolist()
    [[4.0, -2.0]]
    """
    prompt, texts, model = _checked(prompt, texts, model)
    return _read(prompt, texts, model)[-1]


def prompt_gradient(prompt, texts, labels, model):
    """Differentiate the mean cross-entropy by the virtual tokens.

    Parameters
    ----------
    prompt : array_like, shape (n_virtual, d)
        The virtual tokens.
    texts : array_like, shape (n_texts, n_tokens, d)
        Embedded texts, all of one length.
    labels : array_like of int, shape (n_texts,)
        The right answer to each, from 0.
    model : tuple of array_like
        The frozen matrices, as for `answer_logits`.

    Returns
    -------
    ndarray of float64, shape (n_virtual, d)
        The gradient, in nats per unit of the embedding.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or a label is no answer.

    Notes
    -----
    Only the prompt is updated, as in section 2 of [1]_; the text and the matrices are constants.

    References
    ----------
    .. [1] B. Lester et al., "The Power of Scale for Parameter-Efficient Prompt Tuning," 2021, section 2.

    Examples
    --------
    Keys of zero, one text token and one virtual token: each is half of what is seen. Both logits
    are 0, so the first answer lacks one half.

    >>> from code_examples.adaptation.prompt_tuning import prompt_gradient
    >>> prompt_gradient([[0]], [[[0]]], [0], ([[1]], [[0]], [[1]], [[2, -2]])).tolist()
    [[-1.0]]

    Nothing trained, no gradient.

    >>> import numpy as np
    >>> prompt_gradient(np.empty((0, 1)), [[[0]]], [0], ([[1]], [[0]], [[1]], [[2, -2]])).shape
    (0, 1)
    """
    prompt, texts, model = _checked(prompt, texts, model)
    labels, (w_query, w_key, w_value, w_output) = np.asarray(labels), model
    if labels.shape != texts.shape[:1] or not np.isin(labels, range(w_output.shape[1])).all():
        raise ValueError(f"labels must be {len(texts)} integers from 0 to {w_output.shape[1] - 1}, one for each text")
    weights, values, logits = _read(prompt, texts, model)
    by_logit = logit_gradient(np.eye(w_output.shape[1])[labels.astype(int)], logits) / len(texts)
    by_context = by_logit @ w_output.T  # (n_texts, d_value)
    by_weight = np.einsum("bv,bjv->bj", by_context, values)
    by_score = weights * (by_weight - np.sum(weights * by_weight, axis=1, keepdims=True))
    queries = texts[:, -1] @ w_query / math.sqrt(w_query.shape[1])
    n = len(prompt)
    by_key, by_value = by_score[:, :n].T @ queries, weights[:, :n].T @ by_context  # each (n_virtual, ...)
    return by_key @ w_key.T + by_value @ w_value.T


def count_parameters(n_virtual, d_model, n_parts=1):
    """Count what prompt tuning trains.

    Parameters
    ----------
    n_virtual : int
        Virtual tokens, at least 1.
    d_model : int
        Width of an embedding, at least 1.
    n_parts : int, default 1
        How many parts of the model get a prompt: 2 for encoder and decoder.

    Returns
    -------
    int
        ``n_virtual * n_parts * d_model``, all of which are kept.

    Raises
    ------
    ValueError
        If one of them is not a positive integer.

    Notes
    -----
    The embedding of PromptEmbedding in PEFT [1]_, where ``num_transformer_submodules`` is 2 for
    sequence-to-sequence models unless set.

    References
    ----------
    .. [1] Hugging Face PEFT 0.21.2, tuners/prompt_tuning/model.py and peft_model.py.

    Examples
    --------
    >>> from code_examples.adaptation.prompt_tuning import count_parameters
    >>> count_parameters(3, 5), count_parameters(3, 5, n_parts=2)
    (15, 30)

    One vector.

    >>> count_parameters(1, 4)
    4
    """
    return _size("n_virtual", n_virtual) * _size("d_model", d_model) * _size("n_parts", n_parts)


def _read(prompt, texts, model):
    """Return attention weights, values and logits."""
    w_query, w_key, w_value, w_output = model
    seen = np.concatenate([np.broadcast_to(prompt, (len(texts), *prompt.shape)), texts], axis=1)
    weights = attention_weights(texts[:, -1:] @ w_query, seen @ w_key).squeeze(axis=1)  # (n_texts, n_seen)
    values = seen @ w_value
    return weights, values, np.einsum("bj,bjv->bv", weights, values) @ w_output


def _checked(prompt, texts, model):
    """Return everything as float64, or say which shapes would fit."""
    prompt, texts, *model = (np.asarray(part, dtype=float) for part in (prompt, texts, *model))
    shapes = [part.shape for part in (prompt, texts, *model)]
    if [len(shape) for shape in shapes] != [2, 3, 2, 2, 2, 2] or not (
        texts.size
        and shapes[0][1] == shapes[1][2] == shapes[2][0] == shapes[3][0] == shapes[4][0]
        and shapes[2][1] == shapes[3][1]
        and shapes[4][1] == shapes[5][0]
    ):
        raise ValueError(
            f"prompt, texts and model have shapes {shapes}; pass (n_virtual, d), (n_texts, n_tokens, d), "
            "(d, d_key), (d, d_key), (d, d_value), (d_value, n_answers)"
        )
    if not all(np.isfinite(part).all() for part in (prompt, texts, *model)):
        raise ValueError("a number is not finite; look for what made NaN or infinity first")
    return prompt, texts, model


def _size(name, value):
    """Return `value` as int, or say what is wrong with it."""
    if not 1 <= value < math.inf or value != int(value):
        raise ValueError(f"{name} is {value}; pass an integer of at least 1")
    return int(value)
