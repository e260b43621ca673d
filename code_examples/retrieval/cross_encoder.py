"""Re-ranking: a first stage finds candidates, a slower scorer puts them into a new order.

Accompanies ``docs/retrieval/cross-encoder.md``. No cross-encoder is here, for it needs a trained network: `rerank`
takes the scores of any, and `max_sim` is the late interaction of token vectors.
"""

import numpy as np


def rerank(ranking, scores, k):
    """Put the first k of a ranking into the order of new scores, and leave the rest where it is.

    Parameters
    ----------
    ranking : sequence of int
        Ids from the first stage, best first.
    scores : array_like of float, shape (n_texts,)
        Score of each id under the second stage, higher is better.
    k : int
        How many candidates the second stage sees, 0 or more.

    Returns
    -------
    list of int
        The same ids; of candidates with equal scores the one that stood first stays first.

    Raises
    ------
    ValueError
        If a score is missing or not a number, an id stands twice, or `k` is no integer of 0 or more.

    Examples
    --------
    Only the first two change places; id 0 has the best score and is never seen.

    >>> from code_examples.retrieval.cross_encoder import rerank
    >>> rerank([2, 1, 0], [0.9, 0.7, 0.3], k=2)
    [1, 2, 0]

    Equal scores leave the order of the first stage.

    >>> rerank([2, 0, 1], [5, 5, 5], k=3)
    [2, 0, 1]
    """
    ranking, scores = list(ranking), np.asarray(scores, dtype=np.float64)
    known = scores.ndim == 1 and all(isinstance(i, int | np.integer) and 0 <= i < len(scores) for i in ranking)
    if not known or np.isnan(scores).any():
        raise ValueError("an id has no score, or a score is no number; pass one for each integer id, from 0 on")
    if len(set(ranking)) < len(ranking):
        raise ValueError("an id stands twice; pass a ranking of different ids")
    if not (isinstance(k, int | np.integer) and k >= 0):
        raise ValueError(f"k is {k}; pass an integer of 0 or more")
    return sorted(ranking[:k], key=lambda i: -scores[i]) + ranking[k:]


def max_sim(query, passage):
    """Return the late interaction of a query and a passage: each query token's best match, added up.

    Parameters
    ----------
    query : array_like, shape (n_query_tokens, width)
        One vector for each token of the query.
    passage : array_like, shape (n_passage_tokens, width)
        One vector for each token of the passage, at least one.

    Returns
    -------
    float
        Sum over the query's tokens of the largest inner product with a token of the passage; 0 for an empty query.
        With vectors of length 1, at most the number of query tokens.

    Raises
    ------
    ValueError
        If the vectors are no finite rows of one width, or the passage has none.

    Notes
    -----
    The MaxSim operator of ColBERT [1]_.

    References
    ----------
    .. [1] O. Khattab and M. Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late
       Interaction over BERT," 2020.

    Examples
    --------
    The first token finds itself, 1; the best match of the second is 0.6.

    >>> from code_examples.retrieval.cross_encoder import max_sim
    >>> max_sim([[1, 0], [0, 1]], [[1, 0], [0.8, 0.6], [-1, 0]])
    1.6

    The two sides are not exchangeable: the passage has three tokens to match.

    >>> round(max_sim([[1, 0], [0.8, 0.6], [-1, 0]], [[1, 0], [0, 1]]), 9)
    1.8
    """
    query, passage = (np.asarray(rows, dtype=np.float64) for rows in (query, passage))
    if query.ndim != 2 or passage.ndim != 2 or query.shape[1] != passage.shape[1] or not len(passage):
        raise ValueError(f"query has shape {query.shape}, passage {passage.shape}; pass rows of one width, one or more")
    if not (np.isfinite(query).all() and np.isfinite(passage).all()):
        raise ValueError("a vector holds a number that is not finite; pass finite ones")
    return float((query @ passage.T).max(axis=1).sum())
