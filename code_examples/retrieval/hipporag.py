"""The retrieval of HippoRAG without its language model: a graph of names, and PageRank from the names asked for.

Accompanies ``docs/retrieval/hipporag.md``, whose names it follows: names, mentions, weights, seeds, damping. Names are
found by a rule about capital letters, where HippoRAG asks a language model.
"""

import re

import numpy as np

WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.+-]*[A-Za-z0-9+])?")


def personalized_pagerank(weights, seeds, damping=0.5):
    """Return how often a walker is at each node who, again and again, starts over from the seeds.

    Parameters
    ----------
    weights : array_like, shape (n_nodes, n_nodes)
        Weight of the edge from the node of the row to the node of the column, not negative; 0 where there is none.
    seeds : array_like, shape (n_nodes,)
        How often a walk begins at each node, in any unit, not negative, with a sum above 0.
    damping : float
        Probability of walking on, from 0 to below 1; with the rest, the walk begins anew.

    Returns
    -------
    ndarray of float64, shape (n_nodes,)
        Probabilities; their sum is 1.

    Raises
    ------
    ValueError
        If `weights` is not square, `seeds` does not fit it, a number is negative or not finite, all seeds are 0, or
        `damping` is out of range.

    Notes
    -----
    The walker leaves a node along its edges, in proportion to their weights, and from a node without any begins anew.
    The stationary distribution solves one linear system, which is exact and cheap for a small graph; libraries iterate.

    References
    ----------
    .. [1] T. H. Haveliwala, "Topic-sensitive PageRank," 2002.

    Examples
    --------
    A path of four nodes, begun at its first one.

    >>> from code_examples.retrieval.hipporag import personalized_pagerank
    >>> path = [[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    >>> personalized_pagerank(path, [1, 0, 0, 0]).round(4).tolist()
    [0.5778, 0.3111, 0.0889, 0.0222]

    Nobody who never walks on leaves the seeds, and unequal weights divide in proportion.

    >>> personalized_pagerank(path, [3, 0, 0, 1], damping=0).tolist()
    [0.75, 0.0, 0.0, 0.25]
    >>> personalized_pagerank([[0, 3, 1], [0, 0, 0], [0, 0, 0]], [1, 0, 0], damping=0.5).round(4).tolist()
    [0.6667, 0.25, 0.0833]
    """
    weights, seeds = np.asarray(weights, dtype=float), np.asarray(seeds, dtype=float)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or seeds.shape != weights.shape[:1]:
        raise ValueError(f"weights has shape {weights.shape} and seeds {seeds.shape}; pass (n, n) and (n,)")
    if not (np.isfinite(weights).all() and np.isfinite(seeds).all() and (weights >= 0).all() and (seeds >= 0).all()):
        raise ValueError("weights or seeds holds a number that is negative or not finite; pass others")
    if not seeds.any():
        raise ValueError("no seed is above 0; pass at least one node to begin at")
    if not 0 <= damping < 1:
        raise ValueError(f"damping is {damping}; pass a probability from 0 to below 1")
    seeds = seeds / seeds.sum()
    out = weights.sum(axis=1, keepdims=True)  # (n_nodes, 1)
    steps = np.where(out > 0, weights / np.where(out > 0, out, 1), seeds)  # rows sum to 1
    return np.linalg.solve(np.eye(len(seeds)) - damping * steps.T, (1 - damping) * seeds)


def words(text):
    """Return the words of a text as they are spelled, with inner dots, hyphens and plus signs.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        The words in order.

    Examples
    --------
    >>> from code_examples.retrieval.hipporag import words
    >>> words("HumanEval+, V4.1-Flash.")
    ['HumanEval+', 'V4.1-Flash']
    """
    return WORD.findall(text)


def names(texts):
    """Return the names in some texts, by a rule about capital letters.

    Parameters
    ----------
    texts : sequence of str
        The passages.

    Returns
    -------
    list of str
        Each word once, sorted, that has a capital letter after its first character, or is longer than one letter and
        has a capital first one somewhere inside a sentence; without those that some text also writes in lower case.

    Examples
    --------
    >>> from code_examples.retrieval.hipporag import names
    >>> names(["The lab behind DeepSeek wrote to Meta. Others wrote, too.", "Ask others: the R1 team."])
    ['DeepSeek', 'Meta', 'R1']

    That rule misses a name that only ever begins a sentence, or is a word of the language as well.

    >>> names(["Llama is open. Is Switch a switch?"])
    []
    """
    found, lower = set(), set()
    for text in texts:
        for match in WORD.finditer(text):
            word, before = match[0], text[: match.start()].rstrip()
            inside = before != "" and before[-1] not in ".!?:"
            if any(letter.isupper() for letter in word[1:]) or (inside and word[0].isupper() and len(word) > 1):
                found.add(word)
            elif word == word.lower():
                lower.add(word)
    return sorted(word for word in found if word.lower() not in lower)


class EntityGraph:
    """A graph of the names of some passages: two names are joined when a passage holds both.

    Parameters
    ----------
    texts : sequence of str
        The passages, at least one name among them.

    Attributes
    ----------
    names : list of str
        The nodes.
    mentions : ndarray, shape (n_names, n_texts)
        1 where a passage holds the name, else 0.
    weights : ndarray, shape (n_names, n_names)
        In how many passages two names stand together; 0 on the diagonal.

    Raises
    ------
    ValueError
        If no name is found.

    Notes
    -----
    HippoRAG joins the two phrases of each relation that a language model extracts, and adds edges between phrases that
    an encoder finds similar; here every pair of a passage is joined, and only equal spelling makes a name the same.
    HippoRAG counts a phrase as often as a passage holds it; here it counts once.

    References
    ----------
    .. [1] B. Jiménez Gutiérrez et al., "HippoRAG: Neurobiologically inspired long-term memory for large language
       models," 2024, Section 2.3.

    Examples
    --------
    >>> from code_examples.retrieval.hipporag import EntityGraph
    >>> graph = EntityGraph(["Its maker, DeepSeek, calls it R1-Zero.", "Many use DeepSeek on one GPU.", "None here."])
    >>> graph.names
    ['DeepSeek', 'GPU', 'R1-Zero']
    >>> graph.weights.tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]

    The second passage shares no name with the question, and is reached by way of DeepSeek.

    >>> graph.scores("Who pays for R1-Zero?").round(4).tolist()
    [0.9167, 0.4167, 0.0]

    A question without a known name reaches nothing.

    >>> graph.scores("Who pays?").tolist()
    [0.0, 0.0, 0.0]
    """

    def __init__(self, texts):
        self.names = names(texts)
        if not self.names:
            raise ValueError("the texts hold no name; pass some with a word such as DeepSeek")
        row = {name: i for i, name in enumerate(self.names)}
        self.mentions = np.zeros((len(row), len(texts)))
        for column, text in enumerate(texts):
            self.mentions[[row[word] for word in words(text) if word in row], column] = 1
        self.weights = self.mentions @ self.mentions.T
        np.fill_diagonal(self.weights, 0)

    def seeds(self, query):
        """Return the weight of each name in a question: one divided by the number of passages that hold it.

        Parameters
        ----------
        query : str
            The question.

        Returns
        -------
        ndarray, shape (n_names,)
            The node specificity of the names that the question holds, 0 for all others.
        """
        asked = words(query)
        return np.array([name in asked for name in self.names]) / self.mentions.sum(axis=1)

    def scores(self, query, damping=0.5):
        """Return a score for each passage: the sum of the PageRank of the names that it holds.

        Parameters
        ----------
        query : str
            The question.
        damping : float
            Probability of walking on, from 0 to below 1.

        Returns
        -------
        ndarray, shape (n_texts,)
            The scores, all 0 if the question holds no name of the graph.
        """
        seeds = self.seeds(query)
        if not seeds.any():
            return np.zeros(self.mentions.shape[1])
        return personalized_pagerank(self.weights, seeds, damping) @ self.mentions
