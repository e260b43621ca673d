"""Bi-encoder: query and passage encoded apart, trained so that each query lies nearest to its own passage.

Accompanies ``docs/retrieval/bi-encoder.md``. The encoders here are linear: one vector for each word, added up.
"""

import numpy as np

from code_examples.foundations.softmax import log_softmax


def in_batch_loss(queries, passages, tau=1.0):
    """Return the contrastive loss of a batch, and its gradient.

    Each query must pick its own passage among all passages of the batch.

    Parameters
    ----------
    queries : array_like, shape (n_queries, width)
        Vectors of the queries.
    passages : array_like, shape (n_passages, width)
        Vectors of the passages, the answer of query i in row i; rows beyond `n_queries` are further negatives.
    tau : float
        Temperature that divides the inner products, above 0.

    Returns
    -------
    loss : float
        Mean negative log-likelihood of the right passage, in nats.
    by_queries : ndarray, shape (n_queries, width)
        Its derivatives by `queries`.
    by_passages : ndarray, shape (n_passages, width)
        Its derivatives by `passages`.

    Raises
    ------
    ValueError
        If the vectors are no finite rows of one width, a query has no passage, or `tau` is not above 0.

    Notes
    -----
    Equation 2 of [1]_ with the passages of the other queries as negatives (its section 3.2); the division by `tau`
    is later practice.

    References
    ----------
    .. [1] V. Karpukhin et al., "Dense Passage Retrieval for Open-Domain Question Answering," 2020.

    Examples
    --------
    The scores are 2 and 1 for the first query, 0 and 3 for the second: log(1 + e^-1) and log(1 + e^-3), averaged.

    >>> from code_examples.retrieval.bi_encoder import in_batch_loss
    >>> round(in_batch_loss([[1, 0], [0, 1]], [[2, 0], [1, 3]])[0], 4)
    0.1809

    Two equal passages cannot be told apart, so the loss is log(2), whatever the queries.

    >>> round(in_batch_loss([[5, 1], [2, 7]], [[3, 3], [3, 3]])[0], 4)
    0.6931
    """
    queries, passages = (np.asarray(rows, dtype=np.float64) for rows in (queries, passages))
    if queries.ndim != 2 or passages.ndim != 2 or queries.shape[1] != passages.shape[1]:
        raise ValueError(f"queries have shape {queries.shape}, passages {passages.shape}; pass rows of one width")
    if not 0 < len(queries) <= len(passages) or not (np.isfinite(queries).all() and np.isfinite(passages).all()):
        raise ValueError("a query has no passage, or a number is not finite; pass a finite passage for each query")
    if not 0 < tau < np.inf:
        raise ValueError(f"tau is {tau}; pass a finite number above 0")
    log_p = log_softmax(queries @ passages.T / tau)  # (n_queries, n_passages)
    right = np.eye(*log_p.shape)
    by_scores = (np.exp(log_p) - right) / (len(queries) * tau)
    return float(-(log_p * right).sum() / len(queries)), by_scores @ passages, by_scores.T @ queries


def train_bi_encoder(query_words, passage_words, width, steps, learning_rate, rng):
    """Train a vector for each word of the queries and each of the passages, by gradient descent on the whole batch.

    Parameters
    ----------
    query_words : array_like, shape (n_pairs, n_query_words)
        How often each word stands in each query.
    passage_words : array_like, shape (n_pairs, n_passage_words)
        The same for the passages, the answer of query i in row i.
    width : int
        Width of the vectors, at least 1.
    steps : int
        Number of steps, 0 or more.
    learning_rate : float
        Step size, above 0.
    rng : numpy.random.Generator
        Source of the first vectors, normal with standard deviation 0.1.

    Returns
    -------
    query_encoder : ndarray, shape (n_query_words, width)
        One vector a word; a query is encoded as its counts times this matrix.
    passage_encoder : ndarray, shape (n_passage_words, width)
        The same for passages.

    Raises
    ------
    ValueError
        If the counts are no finite rows, as many queries as passages and at least one, or a setting is out of range.

    Examples
    --------
    Two queries and two passages without a common word. After training each word points at its partner alone.

    >>> import numpy as np
    >>> from code_examples.retrieval.bi_encoder import train_bi_encoder
    >>> f, g = train_bi_encoder(np.eye(2), np.eye(2), width=3, steps=60, learning_rate=2, rng=np.random.default_rng(0))
    >>> (f @ g.T).argmax(axis=1).tolist()
    [0, 1]

    Without a step the vectors stay as they were drawn.

    >>> f, g = train_bi_encoder([[1, 0]], [[1]], width=2, steps=0, learning_rate=2, rng=np.random.default_rng(0))
    >>> f.shape, g.shape
    ((2, 2), (1, 2))
    """
    query_words, passage_words = (np.asarray(rows, dtype=np.float64) for rows in (query_words, passage_words))
    shapes = query_words.shape, passage_words.shape
    finite = np.isfinite(query_words).all() and np.isfinite(passage_words).all()
    if not (len(shapes[0]) == len(shapes[1]) == 2 and shapes[0][0] == shapes[1][0] > 0 and finite):
        raise ValueError(f"counts have shapes {shapes[0]} and {shapes[1]}; pass as many rows of finite numbers in both")
    whole = all(isinstance(number, int | np.integer) for number in (width, steps))
    if not (whole and width >= 1 and steps >= 0 and 0 < learning_rate < np.inf):
        raise ValueError(
            f"width is {width}, steps {steps}, rate {learning_rate}; pass integers of at least 1 and 0, a rate above 0"
        )
    query_encoder = rng.normal(0, 0.1, (query_words.shape[1], width))
    passage_encoder = rng.normal(0, 0.1, (passage_words.shape[1], width))
    for _ in range(steps):
        _, by_queries, by_passages = in_batch_loss(query_words @ query_encoder, passage_words @ passage_encoder)
        query_encoder = query_encoder - learning_rate * query_words.T @ by_queries
        passage_encoder = passage_encoder - learning_rate * passage_words.T @ by_passages
    return query_encoder, passage_encoder
