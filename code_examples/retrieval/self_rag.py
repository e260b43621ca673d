"""Self-RAG: a model that writes marks about its own retrieval and answers, and how these marks choose the text.

Accompanies ``docs/retrieval/self-rag.md``, whose names it follows: retrieval threshold delta, relevance, support,
use, weights. The trained model is a set of functions that are passed in, and `Candidate` is what it says of a passage.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A continuation that the model wrote after reading one passage, and its probabilities for the marks.

    Parameters
    ----------
    text : str
        The continuation, a sentence.
    relevance : sequence of float
        Probabilities of the two marks relevant and irrelevant.
    support : sequence of float
        Probabilities of fully supported, partially supported and no support.
    use : sequence of float
        Probabilities of the usefulness 1, 2, 3, 4 and 5.

    Examples
    --------
    >>> Candidate("It is 3.9 GB.", (0.9, 0.1), (0.6, 0.3, 0.1), (0, 0, 0.1, 0.3, 0.6)).text
    'It is 3.9 GB.'
    """

    text: str
    relevance: tuple
    support: tuple
    use: tuple


def wants_retrieval(yes, no, delta):
    """Say whether to search, given how likely the model finds each answer to that question.

    Parameters
    ----------
    yes, no : float
        Probabilities of the marks "retrieve: yes" and "retrieve: no", from 0 to 1, not both 0.
    delta : float
        Retrieval threshold, from 0 to 1; lower means more searching.

    Returns
    -------
    bool
        True if the share of yes in both exceeds `delta`.

    Raises
    ------
    ValueError
        If a number does not lie between 0 and 1, or both probabilities are 0.

    Notes
    -----
    Equation 8 of [1]_. A third mark, to go on with the same evidence, takes no part in it.

    References
    ----------
    .. [1] A. Asai et al., "Self-RAG: learning to retrieve, generate, and critique through self-reflection," 2023.

    Examples
    --------
    The model prefers no; the threshold of the paper searches all the same: 0.3 / 0.8 is 0.375.

    >>> from code_examples.retrieval.self_rag import wants_retrieval
    >>> wants_retrieval(0.3, 0.5, 0.2), wants_retrieval(0.3, 0.5, 0.5)
    (True, False)
    """
    if not all(0 <= number <= 1 for number in (yes, no, delta)) or not yes + no:
        raise ValueError(f"yes, no, delta are {yes}, {no}, {delta}; pass numbers from 0 to 1, yes and no not both 0")
    return bool(yes / (yes + no) > delta)


def critique(candidate):
    """Turn the probabilities of a candidate's marks into its three scores.

    Parameters
    ----------
    candidate : Candidate
        A continuation; the probabilities of each kind of mark need not sum to 1.

    Returns
    -------
    tuple of float
        Relevance from 0 to 1, support from 0 to 1, and use from -1 to 1.

    Raises
    ------
    ValueError
        If there are not 2, 3 and 5 probabilities, one is negative or not finite, or those of a kind are all 0.

    Notes
    -----
    Equations 5 to 7 of [1]_: partial support counts one half, and the usefulness 1 to 5 counts from -1 to 1.

    References
    ----------
    .. [1] A. Asai et al., "Self-RAG: learning to retrieve, generate, and critique through self-reflection," 2023.

    Examples
    --------
    0.6 + 0.3 / 2, and 0.3 / 2 + 0.6.

    >>> from code_examples.retrieval.self_rag import Candidate, critique
    >>> scores = critique(Candidate("So.", (0.9, 0.1), (0.6, 0.3, 0.1), (0, 0, 0.1, 0.3, 0.6)))
    >>> [round(score, 4) for score in scores]
    [0.9, 0.75, 0.75]
    """
    worth = {"relevance": (1, 0), "support": (1, 0.5, 0), "use": (-1, -0.5, 0, 0.5, 1)}
    scores = []
    for kind, values in worth.items():
        p = np.asarray(getattr(candidate, kind))
        if p.shape != (len(values),) or not (np.isfinite(p) & (p >= 0)).all() or not p.any():
            raise ValueError(f"{kind} is {getattr(candidate, kind)}; pass {len(values)} probabilities, not all 0")
        scores.append(float(p @ values / p.sum()))
    return tuple(scores)


def segment_score(candidate, weights=(1.0, 1.0, 0.5)):
    """Return the score by which candidates are ranked: the weighted sum of their three scores.

    Parameters
    ----------
    candidate : Candidate
        A continuation.
    weights : sequence of float
        Weights of relevance, support and use.

    Returns
    -------
    float
        The score; with the default weights from -0.5 to 2.5.

    Raises
    ------
    ValueError
        As `critique` does, or if there are not three finite weights.

    Notes
    -----
    Equation 4 of [1]_, with the default weights of its Section 4.3. Equation 3 adds the probability of the text.

    References
    ----------
    .. [1] A. Asai et al., "Self-RAG: learning to retrieve, generate, and critique through self-reflection," 2023.

    Examples
    --------
    0.9 + 0.75 + 0.5 × 0.75.

    >>> from code_examples.retrieval.self_rag import Candidate, segment_score
    >>> round(segment_score(Candidate("So.", (0.9, 0.1), (0.6, 0.3, 0.1), (0, 0, 0.1, 0.3, 0.6))), 4)
    2.025
    >>> segment_score(Candidate("So.", (1, 0), (1, 0, 0), (0, 0, 0, 0, 1)))
    2.5
    """
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (3,) or not np.isfinite(weights).all():
        raise ValueError(f"weights are {weights.tolist()}; pass three finite numbers")
    return float(weights @ critique(candidate))


def self_rag(question, retrieve, write, answer, search, delta=0.2, weights=(1.0, 1.0, 0.5)):
    """Write an answer sentence by sentence; search where the model asks for it, and keep the best continuation.

    Parameters
    ----------
    question : str
        What was asked.
    retrieve : callable
        ``retrieve(question, written)`` returns the probabilities of the marks yes and no, or None at the end.
    write : callable
        ``write(question, written)`` returns the next sentence from memory.
    answer : callable
        ``answer(question, written, passage)`` returns a `Candidate`.
    search : callable
        ``search(query)`` returns a list of passages, at least one.
    delta : float
        Retrieval threshold, from 0 to 1.
    weights : sequence of float
        Weights of relevance, support and use.

    Returns
    -------
    written : list of str
        The sentences.
    trace : list of tuple of str
        What was called, in order: ``("search", query)``, ``("candidate", text)`` for each passage, and
        ``("keep", text)`` or ``("memory", text)``.

    Raises
    ------
    ValueError
        As `wants_retrieval` and `segment_score` do.

    Notes
    -----
    Algorithm 1 of [1]_ with a beam of one; the paper keeps the two best texts so far. The query is the question and
    the last sentence. Of equal scores the first wins.

    References
    ----------
    .. [1] A. Asai et al., "Self-RAG: learning to retrieve, generate, and critique through self-reflection," 2023.

    Examples
    --------
    >>> from code_examples.retrieval.self_rag import Candidate, self_rag
    >>> def retrieve(question, written):
    ...     return [(0.1, 0.9), (0.8, 0.2), None][len(written)]
    >>> def answer(question, written, passage):
    ...     return Candidate(f"It is {passage}.", (0.5, 0.5), (len(passage), 0, 1), (0, 0, 1, 0, 0))
    >>> written, trace = self_rag("How?", retrieve, lambda *_: "Well.", answer, lambda query: ["old", "older"])
    >>> written
    ['Well.', 'It is older.']
    >>> trace[:2], len(trace), trace[-1]
    ([('memory', 'Well.'), ('search', 'How? Well.')], 5, ('keep', 'It is older.'))
    """
    written, trace = [], []
    while marks := retrieve(question, written):
        if wants_retrieval(*marks, delta):
            query = " ".join([question, *written[-1:]])
            candidates = [answer(question, written, passage) for passage in search(query)]
            trace += [("search", query), *(("candidate", candidate.text) for candidate in candidates)]
            written.append(max(candidates, key=lambda candidate: segment_score(candidate, weights)).text)
            trace.append(("keep", written[-1]))
        else:
            written.append(write(question, written))
            trace.append(("memory", written[-1]))
    return written, trace
