"""Embeddings: a row of numbers for each token, learned from what stands near it.

Accompanies ``docs/foundations/embeddings.md``, whose names it follows: ids, table, counts, scores.
"""

import numpy as np


def embed(ids, table):
    """Look up one row of the table for each id.

    Parameters
    ----------
    ids : array_like of int, any shape
        Token ids, from 0 to ``vocabulary_size - 1``.
    table : array_like, shape (vocabulary_size, d)
        The embedding of each token, dimensionless.

    Returns
    -------
    ndarray, shape of `ids` + (d,)
        The rows. It equals the one-hot matrix of the ids times `table`.

    Raises
    ------
    ValueError
        If `table` is no matrix, or an id is no integer or has no row. A negative id is refused:
        NumPy would count it from the end.

    Examples
    --------
    >>> from code_examples.foundations.embeddings import embed
    >>> embed([2, 0, 2], [[1, 2], [3, 4], [5, 6]]).tolist()
    [[5, 6], [1, 2], [5, 6]]

    No id, no row.

    >>> embed([], [[1, 2]]).shape
    (0, 2)
    """
    table, ids = _matrix(table, "table"), np.asarray(ids)
    if not ids.size:
        ids = ids.astype(int)
    if not np.issubdtype(ids.dtype, np.integer) or (ids < 0).any() or (ids >= len(table)).any():
        raise ValueError(f"an id has no row; pass integers from 0 to {len(table) - 1}")
    return table[ids]


def cooccurrence(sentences, window):
    """Count how often two words stand near each other.

    Parameters
    ----------
    sentences : list of list of str
        The words of each sentence. No pair is counted across sentences.
    window : int
        The largest distance that counts, in words, from 1 on.

    Returns
    -------
    words : list of str
        The different words, sorted; word i has row i and column i.
    counts : ndarray of int, shape (n_words, n_words)
        Symmetric counts. A word is not its own neighbour, another copy of it is.

    Raises
    ------
    ValueError
        If `window` is less than 1, a sentence is a single string, or there is no word.

    Examples
    --------
    >>> from code_examples.foundations.embeddings import cooccurrence
    >>> words, counts = cooccurrence([["hot", "tea"], ["cold", "tea"]], 1)
    >>> words, counts.tolist()
    (['cold', 'hot', 'tea'], [[0, 0, 1], [0, 0, 1], [1, 1, 0]])

    A word alone has no neighbour.

    >>> cooccurrence([["tea"]], 1)[1].tolist()
    [[0]]
    """
    if window < 1:
        raise ValueError(f"window is {window}; pass 1 or more")
    if any(isinstance(sentence, str) for sentence in sentences):
        raise ValueError("a sentence is a single string; pass a list of words for each sentence")
    words = sorted({word for sentence in sentences for word in sentence})
    if not words:
        raise ValueError("there is no word; pass at least one sentence that has one")
    place = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)), dtype=int)
    for sentence in sentences:
        row = [place[word] for word in sentence]
        for i, word in enumerate(row):
            for other in row[i + 1 : i + 1 + window]:
                counts[word, other] += 1
                counts[other, word] += 1
    return words, counts


def ppmi(counts):
    """Return how much more often pairs meet than by chance, nothing below zero.

    Parameters
    ----------
    counts : array_like, shape (n_words, n_contexts)
        How often each pair was seen, 0 or more, not all 0.

    Returns
    -------
    ndarray of float64, shape (n_words, n_contexts)
        The positive pointwise mutual information in nats; 0 where a pair was never seen.

    Raises
    ------
    ValueError
        If `counts` is no finite matrix, has a negative entry, or only zeros.

    Notes
    -----
    ``max(0, log(p_ij / (p_i * p_j)))``. In [1]_ the same matrix, shifted by a constant, is what
    skip-gram with negative sampling factorizes.

    References
    ----------
    .. [1] O. Levy and Y. Goldberg, "Neural word embedding as implicit matrix factorization,"
       NIPS 2014.

    Examples
    --------
    Each word meets only one of two: twice as often as by chance, so log 2.

    >>> from code_examples.foundations.embeddings import ppmi
    >>> ppmi([[1, 0], [0, 1]]).round(4).tolist()
    [[0.6931, 0.0], [0.0, 0.6931]]

    Everything meets everything alike: nothing to learn.

    >>> ppmi([[5, 5], [5, 5]]).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    counts = _matrix(counts, "counts").astype(np.float64)
    if (counts < 0).any() or not counts.any():
        raise ValueError("counts are negative or all 0; pass counts of at least one pair")
    by_chance = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    seen = counts > 0
    ratio = np.divide(counts, by_chance, out=np.ones_like(counts), where=seen)
    return np.maximum(np.log(ratio), 0)


def factorize(matrix, k):
    """Compress each row to k numbers, so that inner products stay as near as they can.

    Parameters
    ----------
    matrix : array_like, shape (n_words, n_contexts)
        Such as the result of `ppmi`.
    k : int
        How many numbers to keep for each row, from 1 to the smaller side of `matrix`.

    Returns
    -------
    ndarray of float64, shape (n_words, k)
        Left singular vectors times the square roots of the singular values. Signs of columns are
        arbitrary; angles and lengths of rows are not.

    Raises
    ------
    ValueError
        If `matrix` is no finite matrix, or `k` is out of range.

    Examples
    --------
    >>> from code_examples.foundations.embeddings import factorize
    >>> abs(factorize([[4, 0], [0, 9]], 1)).tolist()
    [[0.0], [3.0]]
    """
    matrix = _matrix(matrix, "matrix")
    if not 1 <= k <= min(matrix.shape):
        raise ValueError(f"k is {k}; pass 1 to {min(matrix.shape)}")
    u, sigma, _ = np.linalg.svd(matrix, full_matrices=False)
    return (u * np.sqrt(sigma))[:, :k]


def score(vectors, measure="cosine"):
    """Compare each vector with each.

    Parameters
    ----------
    vectors : array_like, shape (n, d)
        One vector in each row.
    measure : {"cosine", "dot"}, default "cosine"
        The cosine of the angle, from -1 to 1, or the inner product, which grows with length.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Symmetric scores.

    Raises
    ------
    ValueError
        If `vectors` is no finite matrix, `measure` is unknown, or a vector is 0 and has no angle.

    Examples
    --------
    >>> from code_examples.foundations.embeddings import score
    >>> score([[3, 4], [6, 8]], "dot").tolist()
    [[25.0, 50.0], [50.0, 100.0]]

    The same direction has the cosine 1, whatever the lengths.

    >>> score([[3, 4], [6, 8]]).round(12).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    vectors = _matrix(vectors, "vectors").astype(np.float64)
    if measure not in ("cosine", "dot"):
        raise ValueError(f"measure is {measure!r}; pass 'cosine' or 'dot'")
    if measure == "cosine":
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if (lengths <= 1e-12 * lengths.max()).any():  # what rounding leaves of a zero vector
            raise ValueError("a vector is 0 and has no direction; leave it out, or pass 'dot'")
        vectors = vectors / lengths
    return vectors @ vectors.T


def nearest(scores, k):
    """Find the k highest scores of each item, itself left out.

    Parameters
    ----------
    scores : array_like, shape (n, n)
        From `score`; the diagonal is not looked at.
    k : int
        How many neighbours, from 1 to ``n - 1``.

    Returns
    -------
    ndarray of int, shape (n, k)
        The neighbours of item i in row i, the best first; of equals the smaller number first.

    Raises
    ------
    ValueError
        If `scores` is no finite square matrix, or `k` is out of range.

    Examples
    --------
    >>> from code_examples.foundations.embeddings import nearest
    >>> nearest([[9, 1, 2], [1, 9, 3], [2, 3, 9]], 2).tolist()
    [[2, 1], [2, 0], [1, 0]]

    All equal: by number.

    >>> nearest([[1, 1, 1]] * 3, 1).tolist()
    [[1], [0], [0]]
    """
    scores = _matrix(scores, "scores").astype(np.float64)  # a copy: the diagonal is changed
    n = len(scores)
    if scores.shape != (n, n):
        raise ValueError(f"scores have shape {scores.shape}; pass a square matrix")
    if not 1 <= k < n:
        raise ValueError(f"k is {k}; pass 1 to {n - 1}")
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, kind="stable")[:, :k]


def _matrix(values, name):
    """Return the values as a finite matrix with at least one entry, or say what is wrong."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} is no matrix of finite numbers; pass two dimensions, none empty")
    return values
