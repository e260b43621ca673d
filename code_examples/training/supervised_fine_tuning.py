"""Supervised fine-tuning: a chat template, the targets that count, and what an average gives each token.

Accompanies ``docs/training/supervised-fine-tuning.md``, whose names it follows.
"""

import numpy as np

ROLES = ("system", "user", "assistant")


def chat_segments(messages):
    r"""Write a conversation in the ChatML template, in pieces that count in the loss or do not.

    Parameters
    ----------
    messages : list of dict
        Each with the keys ``role``, one of "system", "user" and "assistant", and ``content``, a text.

    Returns
    -------
    list of (str, bool)
        Pieces of text in their order. True for what the model is to write itself: the content of
        the assistant and the token that ends its turn.

    Raises
    ------
    ValueError
        If there is no message, or one has another role or no text.

    Notes
    -----
    The template of [1]_, which leaves open what counts.

    References
    ----------
    .. [1] Hugging Face, Transformers, documentation of chat templates.

    Examples
    --------
    >>> from code_examples.training.supervised_fine_tuning import chat_segments
    >>> chat_segments([{"role": "assistant", "content": "Blue."}])
    [('<|im_start|>assistant\n', False), ('Blue.<|im_end|>', True), ('\n', False)]

    Nothing that a user says counts.

    >>> [counts for _, counts in chat_segments([{"role": "user", "content": ""}])]
    [False, False, False]
    """
    if not messages:
        raise ValueError("there is no message; pass at least one")
    pieces = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if role not in ROLES or not isinstance(content, str):
            raise ValueError(f"a message is {message}; pass a role of {', '.join(ROLES)} and a text as content")
        pieces.append((f"<|im_start|>{role}\n", False))  # the prompt at inference ends with this one
        pieces.append((content + "<|im_end|>", role == "assistant"))
        pieces.append(("\n", False))
    return pieces


def pack(examples):
    """Lay examples end to end, with the target of each position.

    Parameters
    ----------
    examples : list of list of (sequence of int, bool)
        Each example in pieces: token ids, each 0 or more, and whether they count in the loss.

    Returns
    -------
    tokens : ndarray of int64, shape (n_tokens,)
        The tokens of all examples.
    targets : ndarray of int64, shape (n_tokens,)
        The next token where it counts and belongs to the same example, else -100.
    lengths : list of int
        Tokens of each example.

    Raises
    ------
    ValueError
        If there is no example, or one has no tokens, or a token is no integer of at least 0.

    Notes
    -----
    The targets are labels moved one place to the left, as a loss needs them. Libraries take the
    labels unmoved and set the first label of each example to -100 [1]_, with the same result.

    References
    ----------
    .. [1] Hugging Face, TRL 1.16.0, ``trl/trainer/sft_trainer.py``.

    Examples
    --------
    A prompt of two tokens and an answer of two, then a prompt and an answer of one each. No
    target leads from one example into the next, whether its first token counts or not.

    >>> from code_examples.training.supervised_fine_tuning import pack
    >>> tokens, targets, lengths = pack([[([5, 6], False), ([7, 8], True)], [([9], True), ([3], True)]])
    >>> tokens.tolist(), targets.tolist(), lengths
    ([5, 6, 7, 8, 9, 3], [-100, 7, 8, -100, 3, -100], [4, 2])

    One token has nothing before it, so nothing predicts it.

    >>> pack([[([4], True)]])[1].tolist()
    [-100]
    """
    tokens, counted, lengths = [], [], []
    for example in examples:
        pieces = [(np.atleast_1d(ids), counts) for ids, counts in example]
        ids = [token for piece, _ in pieces for token in piece.tolist()]
        if not ids or any(not isinstance(token, int) or token < 0 for token in ids):
            raise ValueError(f"an example has the tokens {ids}; pass at least one, each an integer of at least 0")
        marks = [counts for piece, counts in pieces for _ in piece]
        tokens += ids
        counted += [False, *marks[1:]]
        lengths.append(len(ids))
    if not lengths:
        raise ValueError("there is no example; pass at least one")
    labels = np.where(counted, tokens, -100)
    return np.array(tokens), np.append(labels[1:], -100), lengths


def token_weights(micro_batches, by="token"):
    """Return the weight in the loss of one token of each answer.

    Parameters
    ----------
    micro_batches : list of list of int
        The answers of one update, as they are computed together: how many tokens of each count,
        at least 1.
    by : {"token", "sequence", "micro-batch"}, default "token"
        What the mean is taken over. By token, all tokens of the update are alike. By sequence,
        each answer is averaged first. By micro-batch, each micro-batch is averaged over its
        tokens first.

    Returns
    -------
    ndarray of float64, shape (n_answers,)
        Weights, dimensionless. Times the lengths, they sum to 1. The gradient of the loss is the
        sum of the gradients of all tokens with these weights.

    Raises
    ------
    ValueError
        If there is no answer, a micro-batch is empty, a length is no integer of at least 1, or
        `by` is unknown.

    Notes
    -----
    By token is what Transformers computes since October 2024; by micro-batch what it computed
    with gradient accumulation before [1]_.

    References
    ----------
    .. [1] Hugging Face, "Fixing Gradient Accumulation," 2024.

    Examples
    --------
    One answer of one token and one of nine.

    >>> from code_examples.training.supervised_fine_tuning import token_weights
    >>> token_weights([[1, 9]]).round(3).tolist()
    [0.1, 0.1]
    >>> token_weights([[1, 9]], by="sequence").round(3).tolist()
    [0.5, 0.056]

    A micro-batch for each answer makes the second of the first.

    >>> token_weights([[1], [9]], by="micro-batch").round(3).tolist()
    [0.5, 0.056]

    A single token has all the weight.

    >>> [token_weights([[1]], by).tolist() for by in ("token", "sequence", "micro-batch")]
    [[1.0], [1.0], [1.0]]
    """
    whole = all(isinstance(n, (int, np.integer)) and n >= 1 for batch in micro_batches for n in batch)
    if len(micro_batches) == 0 or not all(len(batch) for batch in micro_batches) or not whole:
        raise ValueError(f"micro-batches are {micro_batches}; pass one or more, with integers of at least 1 in each")
    lengths = np.concatenate(micro_batches).astype(float)
    if by == "token":
        return np.full(len(lengths), 1 / lengths.sum())
    if by == "sequence":
        return 1 / (len(lengths) * lengths)
    if by == "micro-batch":
        return np.concatenate(
            [np.full(len(batch), 1 / (len(micro_batches) * np.sum(batch, dtype=float))) for batch in micro_batches]
        )
    raise ValueError(f"by is {by!r}; pass 'token', 'sequence' or 'micro-batch'")
