"""Prefill in chunks: the same result as in one pass, in steps that leave room for others.

Accompanies ``docs/serving/chunked-prefill.md``, whose names it follows: prompt, chunk and budget.
"""

import numpy as np


def prefill(forward, prompt, state, chunk):
    """Run a prompt through a model piece by piece.

    Parameters
    ----------
    forward : callable
        Takes some tokens, shape (n, d), and the state that the tokens before them left, such as
        caches; returns one output row for each token, and the new state.
    prompt : array_like, shape (n_tokens, d)
        The tokens, at least one.
    state : object
        What `forward` takes before the first token.
    chunk : int
        Tokens in each piece, at least 1; the last piece may be shorter.

    Returns
    -------
    outputs : ndarray, shape (n_tokens, d_out)
        One row for each token. The last one gives the first token of the answer.
    state : object
        What the last piece left, from which decoding goes on.

    Raises
    ------
    ValueError
        If the prompt is empty or `chunk` is below 1.

    Notes
    -----
    The reference code of Mistral 7B describes it with the window size as the chunk [1]_.

    References
    ----------
    .. [1] Mistral AI, mistral-inference, README, section "Pre-fill and chunking," 2023.

    Examples
    --------
    A model whose state is a running sum, in chunks of two and one.

    >>> import numpy as np
    >>> from code_examples.serving.chunked_prefill import prefill
    >>> def forward(x, total):
    ...     sums = total + np.cumsum(x, axis=0)
    ...     return sums, sums[-1]
    >>> outputs, total = prefill(forward, [[1], [2], [4]], 0, chunk=2)
    >>> outputs.tolist(), total.tolist()
    ([[1], [3], [7]], [7])

    A chunk longer than the prompt is prefill in one pass.

    >>> prefill(forward, [[5]], 0, chunk=9)[0].tolist()
    [[5]]
    """
    prompt = np.asarray(prompt)
    if not len(prompt) or chunk < 1:
        raise ValueError(f"the prompt has {len(prompt)} tokens and chunk is {chunk}; pass at least 1 for both")
    outputs = []
    for start in range(0, len(prompt), chunk):
        rows, state = forward(prompt[start : start + chunk], state)
        outputs.append(rows)
    return np.concatenate(outputs), state


def plan_steps(n_prompt, n_decoding, budget):
    """Share the tokens of each step: one for each running answer, the rest for the prompt.

    Parameters
    ----------
    n_prompt : int
        Tokens of the waiting prompt, at least 1.
    n_decoding : int
        Answers that are being written, each of which takes one token of every step; at least 0.
    budget : int
        Most tokens in one step, above `n_decoding`.

    Returns
    -------
    list of int
        Prompt tokens in each step, until the prompt is done.

    Raises
    ------
    ValueError
        If there is no prompt, or the budget leaves nothing for it.

    Notes
    -----
    The policy of vLLM: first all decoding requests, then as much of a prompt as fits [1]_.

    References
    ----------
    .. [1] vLLM, "Optimization and Tuning," documentation, section "Chunked Prefill," 2025.

    Examples
    --------
    Three answers leave five places of eight: twelve tokens of prompt take three steps.

    >>> from code_examples.serving.chunked_prefill import plan_steps
    >>> plan_steps(n_prompt=12, n_decoding=3, budget=8)
    [5, 5, 2]

    The smallest budget gives the prompt one token a step.

    >>> plan_steps(n_prompt=2, n_decoding=0, budget=1)
    [1, 1]
    """
    room = budget - n_decoding
    if n_prompt < 1 or n_decoding < 0 or room < 1:
        raise ValueError(
            f"{n_prompt} tokens of prompt beside {n_decoding} answers in a budget of {budget}; "
            "pass a prompt of at least 1 and a budget above the answers"
        )
    return [min(room, n_prompt - start) for start in range(0, n_prompt, room)]
