"""Training examples for RAFT: a question, documents with or without the one that answers, and an answer that quotes it.

Accompanies ``docs/retrieval/raft.md``, whose names it follows: oracle, distractors, share.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Example:
    """One example of supervised fine-tuning.

    Parameters
    ----------
    prompt : str
        The documents and the question; no part of the loss.
    completion : str
        What the model learns to write.
    has_oracle : bool
        Whether the document that answers is among those of the prompt.

    Examples
    --------
    >>> from code_examples.retrieval.raft import Example
    >>> Example("Who?", "Ada.", True).completion
    'Ada.'
    """

    prompt: str
    completion: str
    has_oracle: bool


def completion(quote, answer):
    """Return an answer in the form that RAFT trains: a reason that quotes the oracle, then the answer.

    Parameters
    ----------
    quote : str
        Words of the oracle, verbatim.
    answer : str
        The answer.

    Returns
    -------
    str
        The text. The paper has a language model write the reason around the quotes; here it is one fixed sentence.

    Notes
    -----
    The marks around a quote, the reason and the answer are those of [1]_.

    References
    ----------
    .. [1] T. Zhang et al., "RAFT: Adapting language model to domain specific RAG," 2024, Figure 3.

    Examples
    --------
    >>> from code_examples.retrieval.raft import completion
    >>> completion("rank 4 was enough", "4")
    '##Reason: A document says ##begin_quote## rank 4 was enough ##end_quote##. ##Answer: 4'
    """
    return f"##Reason: A document says ##begin_quote## {quote} ##end_quote##. ##Answer: {answer}"


def raft_examples(questions, share, n_documents, rng):
    """Return one example for each question, of which a share holds its oracle and the others only distractors.

    Parameters
    ----------
    questions : sequence of tuple (str, str, str, sequence of str)
        For each: the question, the completion, the oracle, and at least `n_documents` different distractors, of which
        the first are used.
    share : float
        Share of the examples with the oracle, from 0 to 1; their number is rounded.
    n_documents : int
        Documents in every prompt, at least 1.
    rng : numpy.random.Generator
        Chooses the examples with the oracle, and the order of the documents.

    Returns
    -------
    list of Example
        In the order of the questions. With the oracle a prompt has one distractor fewer, so that the number of
        documents does not give it away.

    Raises
    ------
    ValueError
        If there is no question, `share` or `n_documents` is out of range, or the distractors of a question are too
        few, repeated, or hold its oracle.

    Notes
    -----
    The share P of [1]_, whose formulas add the oracle to equally many distractors, and whose text replaces one.

    References
    ----------
    .. [1] T. Zhang et al., "RAFT: Adapting language model to domain specific RAG," 2024, Section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.retrieval.raft import raft_examples
    >>> asked = [("Who?", "Ada.", "It was Ada.", ["It rained.", "Nobody."])]
    >>> with_oracle = raft_examples(asked, 1.0, 2, np.random.default_rng(1))[0]
    >>> print(with_oracle.prompt)
    <DOCUMENT>It rained.</DOCUMENT>
    <DOCUMENT>It was Ada.</DOCUMENT>
    Who?

    At a share of 0 the answer is the same, and no document holds it.

    >>> without = raft_examples(asked, 0.0, 2, np.random.default_rng(1))[0]
    >>> without.completion, "Ada" in without.prompt, without.has_oracle
    ('Ada.', False, False)
    """
    questions = list(questions)
    if not questions:
        raise ValueError("there is no question; pass at least one")
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; pass a number from 0 to 1")
    if not isinstance(n_documents, int | np.integer) or n_documents < 1:
        raise ValueError(f"n_documents is {n_documents}; pass an integer of at least 1")
    chosen = (rng.permutation(len(questions)) < round(share * len(questions))).tolist()  # so many are True
    examples = []
    for i, (question, answer, oracle, distractors) in enumerate(questions):
        documents = list(distractors)[:n_documents]
        if len(set(documents)) < n_documents or oracle in documents:
            raise ValueError(f"question {i}: pass {n_documents} different distractors, none of them the oracle")
        if chosen[i]:
            documents[-1] = oracle
        order = rng.permutation(n_documents)
        prompt = "".join(f"<DOCUMENT>{documents[j]}</DOCUMENT>\n" for j in order) + question
        examples.append(Example(prompt, answer, chosen[i]))
    return examples
