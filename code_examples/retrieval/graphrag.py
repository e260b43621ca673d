"""GraphRAG's two phases with the model as an argument: an index of community reports, and answers over all of them.

Accompanies ``docs/retrieval/graphrag.md``, whose names it follows: weights, labels, entities, reports. Whoever calls
it passes the model, a function of a task and a text, so that a stub can show what is called when.
"""

from dataclasses import dataclass

import numpy as np


def modularity(weights, labels):
    """Return by how much more of the weight lies inside the communities than chance would put there.

    Parameters
    ----------
    weights : array_like, shape (n_nodes, n_nodes)
        Symmetric edge weights, not negative, at least one above 0.
    labels : array_like, shape (n_nodes,)
        The community of each node, any values.

    Returns
    -------
    float
        From -0.5 to 1; 0 if all nodes are in one community.

    Raises
    ------
    ValueError
        If `weights` is not symmetric, holds a number that is negative or not finite, or is all 0, or `labels` does not
        fit it.

    Notes
    -----
    Share of the edge ends that stay inside, less the sum of the squared shares that each community has of all ends.

    References
    ----------
    .. [1] M. E. J. Newman, "Modularity and community structure in networks," 2006.

    Examples
    --------
    Two pairs, joined by nothing: all ends stay inside, and each community has half of them.

    >>> from code_examples.retrieval.graphrag import modularity
    >>> pairs = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    >>> modularity(pairs, [7, 7, 8, 8])
    0.5
    >>> modularity(pairs, ["one"] * 4)
    0.0
    """
    weights, labels = _check(weights), np.asarray(labels)
    if labels.shape != weights.shape[:1]:
        raise ValueError(f"labels has shape {labels.shape}; pass one for each of the {len(weights)} nodes")
    if not weights.any():
        raise ValueError("no weight is above 0; pass a graph with an edge")
    share = weights / weights.sum()
    ends = share.sum(axis=1)
    same = labels[:, None] == labels  # (n_nodes, n_nodes)
    return float(((share - np.outer(ends, ends)) * same).sum())


def communities(weights):
    """Return a partition of the nodes into communities, by merging those whose merger raises modularity most.

    Parameters
    ----------
    weights : array_like, shape (n_nodes, n_nodes)
        Symmetric edge weights, not negative.

    Returns
    -------
    ndarray of int, shape (n_nodes,)
        The community of each node, numbered from 0 by its first node. A node without edges is one of its own.

    Raises
    ------
    ValueError
        If `weights` is not symmetric, or holds a number that is negative or not finite.

    Notes
    -----
    The greedy method of [1]_; of equal gains, the merger of the lowest numbers is made. GraphRAG uses Leiden, which
    also moves single nodes, and repeats it inside each community to get a hierarchy.

    References
    ----------
    .. [1] A. Clauset, M. E. J. Newman, C. Moore, "Finding community structure in very large networks," 2004.

    Examples
    --------
    Two triangles that share one edge, and a node by itself.

    >>> from code_examples.retrieval.graphrag import communities
    >>> edges = [(0, 2), (0, 3), (2, 3), (3, 4), (1, 4), (1, 5), (4, 5)]
    >>> weights = [[float((i, j) in edges or (j, i) in edges) for j in range(7)] for i in range(7)]
    >>> communities(weights).tolist()
    [0, 1, 0, 0, 1, 1, 2]
    """
    weights = _check(weights)
    labels = np.arange(len(weights))
    between = weights / weights.sum() if weights.any() else weights  # of each two communities
    while len(between) > 1:
        ends = between.sum(axis=1)
        gain = np.round(np.triu(between - np.outer(ends, ends), k=1), 12)  # half of what merging adds; ties are exact
        i, j = np.unravel_index(gain.argmax(), gain.shape)
        if gain[i, j] <= 0:
            break
        between[i] += between[j]
        between[:, i] += between[:, j]
        between = np.delete(np.delete(between, j, axis=0), j, axis=1)
        labels = np.where(labels == j, i, labels)
        labels = labels - (labels > j)
    return labels


@dataclass(frozen=True)
class Index:
    """What GraphRAG prepares before any question.

    Parameters
    ----------
    entities : list of str
        The nodes of the graph.
    labels : ndarray of int, shape (n_entities,)
        The community of each entity.
    reports : list of str
        One summary for each community.

    Examples
    --------
    >>> from code_examples.retrieval.graphrag import Index
    >>> Index(["LoRA"], [0], ["About LoRA."]).reports
    ['About LoRA.']
    """

    entities: list
    labels: np.ndarray
    reports: list


def build_index(texts, model):
    """Return the index of some texts: their entities, the communities of these, and a report on each community.

    Parameters
    ----------
    texts : sequence of str
        The passages, at least one entity among them.
    model : callable
        ``model("extract", text)`` returns the entities of a text, a collection of str; ``model("report", (names,
        texts))`` returns a summary of the texts for the reader interested in the names.

    Returns
    -------
    Index
        The index. The model was called once for each text, and once for each community.

    Raises
    ------
    ValueError
        If the model finds no entity.

    Notes
    -----
    Two entities are joined by the number of texts that hold both. GraphRAG extracts relationships with descriptions,
    joins what they relate, and summarises the descriptions of each entity before it reports on communities [1]_.

    References
    ----------
    .. [1] D. Edge et al., "From local to global: A Graph RAG approach to query-focused summarization," 2024,
       Section 3.1.

    Examples
    --------
    A model that extracts words in capitals, and reports how many texts it was given.

    >>> from code_examples.retrieval.graphrag import build_index
    >>> def model(task, given):
    ...     return {w for w in given.split() if w.isupper()} if task == "extract" else f"{given[0]}: {len(given[1])}"
    >>> index = build_index(["PPO and KL", "KL or PPO", "only RNN", "none"], model)
    >>> index.reports
    ["['KL', 'PPO']: 2", "['RNN']: 1"]

    How often two stand together decides. A, B, C and D make a chain; a strong middle holds all four together.

    >>> build_index(["A B", "B C", "C D"], model).labels.tolist()
    [0, 0, 1, 1]
    >>> build_index(["A B", "B C", "B C", "B C", "B C", "B C", "C D"], model).labels.tolist()
    [0, 0, 0, 0]
    """
    found = [(text, set(model("extract", text))) for text in texts]
    entities = sorted(set().union(*(each for _, each in found)))
    if not entities:
        raise ValueError("the model extracts no entity; pass texts that hold some")
    held = np.array([[float(entity in each) for _, each in found] for entity in entities])  # (n_entities, n_texts)
    weights = held @ held.T
    np.fill_diagonal(weights, 0)
    labels = communities(weights)
    reports = []
    for community in range(labels.max() + 1):
        names = [entities[i] for i in np.flatnonzero(labels == community)]
        reports.append(model("report", (names, [text for text, each in found if each & set(names)])))
    return Index(entities, labels, reports)


def answer_globally(question, reports, model):
    """Return an answer that every report had a chance to contribute to.

    Parameters
    ----------
    question : str
        A question about the whole collection.
    reports : sequence of str
        All reports of one level.
    model : callable
        ``model("map", (question, report))`` returns how helpful the report is, from 0 to 100, and a partial answer;
        ``model("reduce", (question, partial_answers))`` returns the answer.

    Returns
    -------
    str
        What the model makes of the partial answers with a score above 0, the most helpful first; equally helpful ones
        stay in order.

    Notes
    -----
    GraphRAG packs several shuffled reports into one context before the first step, and cuts the list of partial
    answers where the context is full [1]_.

    References
    ----------
    .. [1] D. Edge et al., "From local to global: A Graph RAG approach to query-focused summarization," 2024,
       Section 3.1.6.

    Examples
    --------
    >>> from code_examples.retrieval.graphrag import answer_globally
    >>> def model(task, given):
    ...     return (len(given[1]), given[1].upper()) if task == "map" else " ".join(given[1])
    >>> answer_globally("What is there?", ["a", "", "bcd", "e"], model)
    'BCD A E'
    """
    partial = [model("map", (question, report)) for report in reports]
    partial = sorted((each for each in partial if each[0] > 0), key=lambda each: -each[0])
    return model("reduce", (question, [text for _, text in partial]))


def global_calls(tokens, window):
    """Return how many calls of the model one global question costs: one for each full window, and one to combine.

    Parameters
    ----------
    tokens : int
        Tokens of all reports of the level, at least 1.
    window : int
        Tokens that one call reads, at least 1.

    Returns
    -------
    int
        The least number of calls; instructions and answers take room besides.

    Raises
    ------
    ValueError
        If a number is no integer or less than 1.

    Examples
    --------
    >>> from code_examples.retrieval.graphrag import global_calls
    >>> global_calls(16_001, 8_000), global_calls(16_000, 8_000), global_calls(1, 8_000)
    (4, 3, 2)
    """
    if not all(isinstance(n, int | np.integer) and n >= 1 for n in (tokens, window)):
        raise ValueError(f"tokens is {tokens} and window {window}; pass integers of at least 1")
    return -(-tokens // window) + 1


def _check(weights):
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not np.array_equal(weights, weights.T):
        raise ValueError("weights is not a symmetric matrix of finite numbers; pass shape (n_nodes, n_nodes)")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("weights holds a number that is negative or not finite; pass others")
    return weights
