"""FLARE: draft the next sentence, search only if the model doubted a word of it, and write it again.

Accompanies ``docs/retrieval/flare.md``, whose names it follows: theta, beta, draft, query. The language model is a
function that is passed in; `scripted` makes one that follows a script, so that a run can be read call by call.
"""

from dataclasses import dataclass
from itertools import compress

import numpy as np


def triggers(probabilities, theta):
    """Say whether a draft is doubtful enough to search.

    Parameters
    ----------
    probabilities : array_like, shape (n_tokens,)
        The probability that the model gave to each token of its draft, from 0 to 1, at least one.
    theta : float
        Confidence threshold from 0 (never search) to 1 (search for every sentence that is not certain).

    Returns
    -------
    bool
        True if any token is less probable than `theta`.

    Raises
    ------
    ValueError
        If there is no probability, or a number does not lie between 0 and 1.

    Notes
    -----
    The rule of Section 3.2.1 of [1]_. The code of its authors also searches at equality.

    References
    ----------
    .. [1] Z. Jiang et al., "Active retrieval augmented generation," 2023.

    Examples
    --------
    >>> from code_examples.retrieval.flare import triggers
    >>> triggers([0.95, 0.90, 0.30, 0.80], 0.8), triggers([0.95, 0.90, 0.30, 0.80], 0.2)
    (True, False)

    A token at the threshold is confident enough.

    >>> triggers([0.8], 0.8)
    False
    """
    _within("theta", theta)
    return bool((_probabilities(probabilities) < theta).any())


def masked_query(tokens, probabilities, beta):
    """Return a draft without its doubtful words, as a query.

    Parameters
    ----------
    tokens : sequence of str
        The draft.
    probabilities : array_like, shape (n_tokens,)
        Probability of each token, from 0 to 1.
    beta : float
        Tokens less probable than this are left out, from 0 (none) to 1 (all that are not certain).

    Returns
    -------
    str
        The other tokens, with spaces between them; empty if none is left.

    Raises
    ------
    ValueError
        If there is no token, the lengths differ, or a number does not lie between 0 and 1.

    Notes
    -----
    The implicit query of Section 3.2.2 of [1]_.

    References
    ----------
    .. [1] Z. Jiang et al., "Active retrieval augmented generation," 2023.

    Examples
    --------
    >>> from code_examples.retrieval.flare import masked_query
    >>> masked_query(["born", "in", "Oslo", "then"], [0.95, 0.90, 0.30, 0.80], 0.4)
    'born in then'
    """
    return " ".join(compress(tokens, ~_doubtful(tokens, probabilities, beta)))


def low_spans(tokens, probabilities, beta):
    """Return the runs of doubtful words; explicit FLARE lets a model ask one question about each.

    Parameters
    ----------
    tokens : sequence of str
        The draft.
    probabilities : array_like, shape (n_tokens,)
        Probability of each token, from 0 to 1.
    beta : float
        Tokens less probable than this are doubtful, from 0 to 1.

    Returns
    -------
    list of str
        Neighbouring doubtful tokens joined by spaces, in order.

    Raises
    ------
    ValueError
        If there is no token, the lengths differ, or a number does not lie between 0 and 1.

    Notes
    -----
    The spans of Section 3.2.2 of [1]_. The code of its authors also joins spans that stand close together.

    References
    ----------
    .. [1] Z. Jiang et al., "Active retrieval augmented generation," 2023.

    Examples
    --------
    >>> from code_examples.retrieval.flare import low_spans
    >>> low_spans(["in", "May", "2019", "at", "Rome"], [0.9, 0.3, 0.2, 0.7, 0.1], 0.4)
    ['May 2019', 'Rome']
    >>> low_spans(["sure"], [0.9], 0.4)
    []
    """
    spans, doubtful = [], _doubtful(tokens, probabilities, beta)
    for i in np.flatnonzero(doubtful):
        if i > 0 and doubtful[i - 1]:
            spans[-1] += f" {tokens[i]}"
        else:
            spans.append(tokens[i])
    return spans


def flare(question, model, search, theta, beta):
    """Write an answer sentence by sentence, and search where the model doubts what it is about to say.

    Parameters
    ----------
    question : str
        What the user asked; also the first query.
    model : callable
        ``model(question, written, passages)`` returns the next sentence after those in the list `written` as a list
        of pairs ``(token, probability)``, and an empty list at the end.
    search : callable
        ``search(query)`` returns a list of passages.
    theta : float
        Search if a token of the draft is less probable than this, from 0 to 1.
    beta : float
        Leave tokens out of the query that are less probable than this, from 0 to 1.

    Returns
    -------
    written : list of str
        The sentences of the answer.
    trace : list of tuple of str
        What was called, in order: ``("search", query)``, ``("draft", sentence)`` or ``("rewrite", sentence)``.

    Raises
    ------
    ValueError
        If a threshold or a probability does not lie between 0 and 1.

    Notes
    -----
    Section 3.2 and Appendix A of [1]_: only the first draft sees passages, those for the question; a rewrite sees
    those for its own query and no earlier ones. Where beta leaves no word of a draft, nothing can be asked, and the
    draft stays.

    References
    ----------
    .. [1] Z. Jiang et al., "Active retrieval augmented generation," 2023.

    Examples
    --------
    >>> from code_examples.retrieval.flare import Line, flare, scripted
    >>> line = Line("It weighs 9 kg", (0.9, 0.9, 0.2, 0.9), evidence="4 kg", right="It weighs 4 kg")
    >>> library = {"How heavy?": ["It is blue."], "It weighs kg": ["The thing has 4 kg."]}
    >>> written, trace = flare("How heavy?", scripted([line]), library.get, theta=0.8, beta=0.4)
    >>> written
    ['It weighs 4 kg']
    >>> [kind for kind, _ in trace], trace[2][1]
    (['search', 'draft', 'search', 'rewrite'], 'It weighs kg')

    With theta at 0 nothing is checked.

    >>> flare("How heavy?", scripted([line]), library.get, theta=0, beta=0.4)[0]
    ['It weighs 9 kg']
    """
    written, trace = [], [("search", question)]
    draft = model(question, written, search(question))
    while draft:
        tokens, probabilities = zip(*draft, strict=True)
        trace.append(("draft", " ".join(tokens)))
        query = masked_query(tokens, probabilities, beta)
        if triggers(probabilities, theta) and query:
            trace.append(("search", query))
            tokens = [token for token, _ in model(question, written, search(query))]
            trace.append(("rewrite", " ".join(tokens)))
        written.append(" ".join(tokens))
        draft = model(question, written, [])
    return written, trace


@dataclass(frozen=True)
class Line:
    """A sentence of a script: what the model would say, and what it says after reading the evidence.

    Parameters
    ----------
    draft : str
        Words with spaces between them.
    probabilities : tuple of float
        The model's probability for each word, from 0 to 1.
    evidence : str
        Words that a passage must hold; without them the model sticks to its draft. Empty: it always does.
    right : str
        What the model says after reading the evidence.

    Examples
    --------
    >>> Line("It is so", (0.9, 0.9, 0.9)).right
    ''
    """

    draft: str
    probabilities: tuple
    evidence: str = ""
    right: str = ""


def scripted(lines):
    """Return a stand-in for a language model that follows a script, and says the same whenever it is asked.

    It is no language model: it reads a passage only for the words that its script names.

    Parameters
    ----------
    lines : sequence of Line
        The sentences, in order.

    Returns
    -------
    callable
        A model as `flare` takes it. Sentences that follow the evidence have the probability 0.95 for each word.

    Examples
    --------
    >>> from code_examples.retrieval.flare import Line, scripted
    >>> model = scripted([Line("in 1900", (0.9, 0.3), "1905", "in 1905")])
    >>> model("When?", [], []), model("When?", [], ["It was 1905."]), model("When?", ["in 1900"], [])
    ([('in', 0.9), ('1900', 0.3)], [('in', 0.95), ('1905', 0.95)], [])
    """

    def model(question, written, passages):
        if len(written) == len(lines):
            return []
        line = lines[len(written)]
        if line.evidence and any(line.evidence in passage for passage in passages):
            return [(word, 0.95) for word in line.right.split()]
        return list(zip(line.draft.split(), line.probabilities, strict=True))

    return model


def _doubtful(tokens, probabilities, beta):
    _within("beta", beta)
    probabilities = _probabilities(probabilities)
    if len(tokens) != len(probabilities):
        raise ValueError(f"{len(tokens)} tokens and {len(probabilities)} probabilities; pass one for each token")
    return probabilities < beta


def _probabilities(probabilities):
    probabilities = np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 1 or not probabilities.size or not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("probabilities must be a row of at least one number from 0 to 1, one for each token")
    return probabilities


def _within(name, threshold):
    if not 0 <= threshold <= 1:
        raise ValueError(f"{name} is {threshold}; pass a threshold from 0 to 1")
