"""Corrective RAG: score what was retrieved, then keep it, replace it or do both, and hand over only what matters.

Accompanies ``docs/retrieval/corrective-rag.md``, whose names it follows: evaluator, upper and lower threshold, action,
strip. The trained evaluator, the rewriter and the web are functions that are passed in; `coverage` makes a stand-in
for the evaluator that counts words.
"""

import math
import re
from collections import Counter

import numpy as np

from code_examples.shared.corpus import tokens


def action(scores, upper, lower):
    """Return what to do with retrieved passages, given the evaluator's scores.

    Parameters
    ----------
    scores : array_like, shape (n_passages,)
        One score for each passage, usually from -1 (irrelevant) to 1 (relevant); at least one.
    upper : float
        Above it, a passage is taken to be relevant.
    lower : float
        Below it, a passage is taken to be irrelevant; at most `upper`.

    Returns
    -------
    str
        ``"correct"`` if any score exceeds `upper`, ``"incorrect"`` if all lie below `lower`, else ``"ambiguous"``.

    Raises
    ------
    ValueError
        If there is no score, a number is not finite, or `lower` exceeds `upper`.

    Notes
    -----
    Section 4.3 of [1]_. The code of its authors also counts a score equal to `upper` as above it.

    References
    ----------
    .. [1] S.-Q. Yan et al., "Corrective retrieval augmented generation," 2024.

    Examples
    --------
    >>> from code_examples.retrieval.corrective_rag import action
    >>> action([-0.6, 0.7, -1.0], 0.59, -0.99)
    'correct'
    >>> action([-0.6, -1.0, -1.0], 0.59, -0.99), action([-0.995, -1.0], 0.59, -0.99)
    ('ambiguous', 'incorrect')
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or not scores.size or not np.isfinite([*scores, upper, lower]).all():
        raise ValueError("scores must be a row of at least one finite number, and both thresholds finite")
    if lower > upper:
        raise ValueError(f"lower is {lower} and exceeds upper, {upper}; exchange them")
    if (scores > upper).any():
        return "correct"
    return "incorrect" if (scores < lower).all() else "ambiguous"


def strips(passage, size):
    """Cut a passage into strips of a few sentences.

    Parameters
    ----------
    passage : str
        Text with at least one word.
    size : int
        Sentences in each strip, at least 1; the last may have fewer.

    Returns
    -------
    list of str
        The strips, in order; a sentence ends at a period, exclamation mark or question mark before a space.

    Raises
    ------
    ValueError
        If the passage holds no text, or `size` is not an integer of at least 1.

    Examples
    --------
    >>> from code_examples.retrieval.corrective_rag import strips
    >>> strips("It is 3.9 GB. Why? So it is. Yes.", 2)
    ['It is 3.9 GB. Why?', 'So it is. Yes.']
    >>> strips("One sentence.", 5)
    ['One sentence.']
    """
    if not passage.strip():
        raise ValueError("the passage holds no text; leave it out")
    if not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(f"size is {size}; pass an integer of at least 1")
    sentences = re.split(r"(?<=[.!?])\s+", passage.strip())
    return [" ".join(sentences[i : i + size]) for i in range(0, len(sentences), size)]


def refine(question, passages, evaluate, size=1, floor=-0.5, keep=5):
    """Return the strips of the passages that bear on the question: decompose, filter, recompose.

    Parameters
    ----------
    question : str
        What was asked.
    passages : sequence of str
        What was retrieved.
    evaluate : callable
        ``evaluate(question, text)`` returns a score, usually from -1 to 1.
    size : int
        Sentences in each strip, at least 1.
    floor : float
        Strips that score less are dropped.
    keep : int
        How many strips remain at most; of equal scores the first.

    Returns
    -------
    list of str
        The best strips, in the order in which they stand in the passages.

    Raises
    ------
    ValueError
        If a passage holds no text, or `size` or `keep` is not an integer of at least 1.

    Notes
    -----
    Section 4.4 of [1]_, with the 5 strips and the floor of -0.5 of its Appendix B.3. The code of its authors instead
    joins the best strips in the order of their scores.

    References
    ----------
    .. [1] S.-Q. Yan et al., "Corrective retrieval augmented generation," 2024.

    Examples
    --------
    >>> from code_examples.retrieval.corrective_rag import refine
    >>> score = {"It rains.": 0.2, "Rome is old.": -0.9, "It pours.": 0.6}
    >>> refine("Weather?", ["It rains. Rome is old.", "It pours."], lambda question, text: score[text])
    ['It rains.', 'It pours.']
    >>> refine("Weather?", ["It rains. Rome is old.", "It pours."], lambda question, text: score[text], keep=1)
    ['It pours.']
    """
    if not isinstance(keep, int | np.integer) or keep < 1:
        raise ValueError(f"keep is {keep}; pass an integer of at least 1")
    found = [strip for passage in passages for strip in strips(passage, size)]
    scores = [evaluate(question, strip) for strip in found]
    best = sorted(range(len(found)), key=lambda i: -scores[i])[:keep]  # sorted keeps the order of equals
    return [found[i] for i in sorted(best) if scores[i] >= floor]


def corrective_rag(question, passages, evaluate, rewrite, web, upper, lower):
    """Return the knowledge that a generator is given, and what was called on the way.

    Parameters
    ----------
    question : str
        What was asked.
    passages : sequence of str
        What the retriever returned; at least one.
    evaluate : callable
        ``evaluate(question, text)`` returns a score, usually from -1 to 1.
    rewrite : callable
        ``rewrite(question)`` returns a query for the web.
    web : callable
        ``web(query)`` returns a list of pages as text.
    upper, lower : float
        Thresholds of `action`.

    Returns
    -------
    knowledge : list of str
        Strips: of the passages, of the web, or of both in this order.
    trace : list of tuple of str
        What happened, in order: ``("action", name)``, ``("web", query)`` and ``("knowledge", strip)``.

    Raises
    ------
    ValueError
        As `action` and `refine` do.

    Notes
    -----
    Algorithm 1 of [1]_, up to the generator; pages of the web are refined like passages.

    References
    ----------
    .. [1] S.-Q. Yan et al., "Corrective retrieval augmented generation," 2024.

    Examples
    --------
    >>> from code_examples.retrieval.corrective_rag import corrective_rag
    >>> def evaluate(question, text):
    ...     return 0.9 if "Emma" in text else -1.0
    >>> def web(query):
    ...     return [f"Emma again: {query}."]
    >>> corrective_rag("Who?", ["Rome."], evaluate, str.upper, web, 0.5, -0.5)
    (['Emma again: WHO?.'], [('action', 'incorrect'), ('web', 'WHO?'), ('knowledge', 'Emma again: WHO?.')])
    >>> corrective_rag("Who?", ["Rome.", "Emma."], evaluate, str.upper, web, 0.5, -0.5)
    (['Emma.'], [('action', 'correct'), ('knowledge', 'Emma.')])
    """
    chosen = action([evaluate(question, passage) for passage in passages], upper, lower)
    trace, knowledge = [("action", chosen)], []
    if chosen != "incorrect":
        knowledge += refine(question, passages, evaluate)
    if chosen != "correct":
        query = rewrite(question)
        trace.append(("web", query))
        knowledge += refine(question, web(query), evaluate)
    return knowledge, trace + [("knowledge", strip) for strip in knowledge]


def coverage(texts):
    """Return a stand-in for a trained evaluator: how much of the question a text covers.

    It counts words and understands none, so a text in other words than the question scores low.

    Parameters
    ----------
    texts : sequence of str
        The collection, by which rare words weigh more; at least one text.

    Returns
    -------
    callable
        ``evaluate(question, text)``: the weight of the question's words that the text holds, divided by that of all,
        stretched to -1 (none) to 1 (all).

    Raises
    ------
    ValueError
        If there is no text, or, when called, the question has no word.

    Notes
    -----
    A word that df of n texts hold weighs ``log((1 + n) / (1 + df)) + 1``.

    Examples
    --------
    With two texts, a word in both weighs 1, a word in none 1 + log 3.

    >>> from code_examples.retrieval.corrective_rag import coverage
    >>> evaluate = coverage(["a b", "a c"])
    >>> evaluate("A b", "a b"), evaluate("a b", "d")
    (1.0, -1.0)
    >>> round(evaluate("a z", "a"), 4)  # 2 / (1 + 2.0986) - 1
    -0.3545
    """
    counts, n = Counter(word for text in texts for word in set(tokens(text))), len(texts)
    if not n:
        raise ValueError("no text; pass the collection that is searched")

    def evaluate(question, text):
        words, held = set(tokens(question)), set(tokens(text))
        if not words:
            raise ValueError(f"question is {question!r}; pass a text with at least one word")
        weight = {word: math.log((1 + n) / (1 + counts[word])) + 1 for word in words}
        # fsum does not depend on the order of a set, which differs from run to run
        return 2 * math.fsum(weight[word] for word in words & held) / math.fsum(weight.values()) - 1

    return evaluate
