"""Sparse retrieval: BM25 and TF-IDF, which score a text by the words that it shares with the query.

Accompanies ``docs/retrieval/sparse-retrieval.md``, whose names it follows: k1, b, df (texts that hold a word).
"""

import numpy as np

from code_examples.shared.corpus import tokens

IDF = {
    "robertson": lambda n, df: np.log((n - df + 0.5) / (df + 0.5)),
    "lucene": lambda n, df: np.log1p((n - df + 0.5) / (df + 0.5)),
    "atire": lambda n, df: np.log(n / df),
    "smooth": lambda n, df: np.log((1 + n) / (1 + df)) + 1,
}


def idf(n, df, form="lucene"):
    """Return how much a word is worth for being rare, its inverse document frequency.

    Parameters
    ----------
    n : int
        How many texts there are, at least 1.
    df : array_like of int
        How many of them hold the word, from 1 to `n`.
    form : {"lucene", "robertson", "atire", "smooth"}, default "lucene"
        Which formula: of Lucene's BM25, of the original BM25, of the search engine ATIRE, of scikit-learn's TF-IDF.

    Returns
    -------
    ndarray of float64
        Nats, in the shape of `df`; below zero only for "robertson", where more than half of the texts hold the word.

    Raises
    ------
    ValueError
        If `form` is unknown, or a `df` is not from 1 to `n`.

    Notes
    -----
    With N texts, "robertson" is log((N - df + 0.5) / (df + 0.5)), "lucene" the logarithm of one more than that
    ratio, "atire" log(N / df) [1]_ and "smooth" log((1 + N) / (1 + df)) + 1. For "robertson" bm25s returns 0 where
    the logarithm is negative; this function does not.

    References
    ----------
    .. [1] X. H. Lu, bm25s, source of scoring.py.

    Examples
    --------
    >>> from code_examples.retrieval.sparse_retrieval import idf
    >>> {form: idf(4, [1, 4], form).round(3).tolist() for form in ("lucene", "robertson", "atire", "smooth")}
    {'lucene': [1.204, 0.105], 'robertson': [0.847, -2.197], 'atire': [1.386, 0.0], 'smooth': [1.916, 1.0]}

    A word of every text still counts a little in Lucene's form.

    >>> float(idf(1, 1).round(4))
    0.2877
    """
    if form not in IDF:
        raise ValueError(f"form is {form!r}; pass one of {', '.join(IDF)}")
    df = np.asarray(df)
    if not ((df >= 1) & (df <= n)).all():
        raise ValueError(f"a df is not from 1 to n = {n}; pass in how many of the n texts each word stands")
    return IDF[form](n, df)


class BM25:
    """A collection of texts, ready to be scored by BM25 in Lucene's form.

    Parameters
    ----------
    texts : sequence of str
        What is searched, at least one of them with a word.
    k1 : float, default 1.2
        Where a word that is repeated stops counting more, at least 0; at 0 only its presence counts.
    b : float, default 0.75
        How much the length of a text counts against it, from 0 (not at all) to 1 (in full).

    Raises
    ------
    ValueError
        If there is no text with a word, `k1` is negative or not finite, or `b` is not from 0 to 1.

    Notes
    -----
    Each shared word adds idf * tf / (tf + k1 * (1 - b + b * length / mean length)), with tf how often the text holds
    it and lengths in words [1]_. The factor k1 + 1 of the original form is left out; it changes no order.
    The weights are a table of n_texts times n_words numbers: for thousands of texts, not for millions.

    References
    ----------
    .. [1] Apache Lucene, source of BM25Similarity.java, ``explainTF``.

    Examples
    --------
    One word in one of two texts of equal length: log(1 + 1.5 / 1.5) / (1 + 1.2), which is log(2) / 2.2.

    >>> from code_examples.retrieval.sparse_retrieval import BM25
    >>> BM25(["a red car", "a red bus"]).scores("car").round(4).tolist()
    [0.3151, 0.0]

    Texts of one and three words: their mean is two, so the lengths weigh 0.625 and 1.375.

    >>> BM25(["car", "car car bus"]).scores("car").round(4).tolist()
    [0.1042, 0.0999]

    Another word for the same thing scores nothing.

    >>> BM25(["an automobile"]).scores("car").tolist()
    [0.0]
    """

    def __init__(self, texts, k1=1.2, b=0.75):
        if not 0 <= k1 < np.inf:
            raise ValueError(f"k1 is {k1}; pass a number of at least 0")
        if not 0 <= b <= 1:
            raise ValueError(f"b is {b}; pass a number from 0 to 1")
        vocabulary, tf = _count(texts)
        self._column = {word: i for i, word in enumerate(vocabulary)}
        length = tf.sum(axis=1, keepdims=True)  # (n_texts, 1)
        half = k1 * (1 - b + b * length / length.mean())  # where a word has half of its full weight
        share = np.divide(tf, tf + half, out=np.zeros(tf.shape), where=tf > 0)
        self._weights = share * idf(len(texts), (tf > 0).sum(axis=0))  # (n_texts, n_words)

    def scores(self, query):
        """Return the score of every text.

        Parameters
        ----------
        query : str
            What is looked for; a word that stands twice in it counts twice, an unknown word not at all.

        Returns
        -------
        ndarray of float64, shape (n_texts,)
            At least 0; comparable only among the texts of one collection and one query.

        Examples
        --------
        >>> from code_examples.retrieval.sparse_retrieval import BM25
        >>> BM25(["a red car", "a bus"], b=0).scores("Car, bus and car!").round(4).tolist()
        [0.6301, 0.3151]
        """
        columns = [self._column[word] for word in tokens(query) if word in self._column]
        return self._weights[:, columns].sum(axis=1)


class TfIdf:
    """TF-IDF with the words of a collection: a long vector for each text, zero for every word that it lacks.

    Parameters
    ----------
    texts : sequence of str
        The collection that says which words there are and how rare, at least one of them with a word.

    Attributes
    ----------
    vocabulary : list of str
        The words, in alphabetical order: what the columns stand for.

    Raises
    ------
    ValueError
        If there is no text with a word.

    Notes
    -----
    An entry is (1 + log tf) * (log((1 + n) / (1 + df)) + 1), then rows get length 1 [1]_. That is scikit-learn's
    ``TfidfVectorizer`` with ``sublinear_tf=True``, other than in what counts as a word.

    References
    ----------
    .. [1] scikit-learn developers, "Feature extraction," user guide.

    Examples
    --------
    "bus" stands in one of two texts, log(3 / 2) + 1 = 1.405; "car" in both, log(3 / 3) + 1 = 1.

    >>> from code_examples.retrieval.sparse_retrieval import TfIdf
    >>> model = TfIdf(["car", "bus car"])
    >>> model.vocabulary
    ['bus', 'car']
    >>> model.encode(["car", "bus car"]).round(3).tolist()
    [[0.0, 1.0], [0.815, 0.58]]
    """

    def __init__(self, texts):
        self.vocabulary, tf = _count(texts)
        self._idf = idf(len(texts), (tf > 0).sum(axis=0), "smooth")

    def encode(self, texts):
        """Return one row for each text.

        Parameters
        ----------
        texts : sequence of str
            Any texts; words that the collection does not have are passed over.

        Returns
        -------
        ndarray of float64, shape (n_texts, n_words)
            Rows of length 1, or of zeros for a text without any known word.

        Raises
        ------
        ValueError
            If `texts` is a single text, or holds something else.

        Examples
        --------
        Four times "car" weighs 1 + log(4) = 2.386 against 1.405 for "bus"; a tram is unknown.

        >>> from code_examples.retrieval.sparse_retrieval import TfIdf
        >>> TfIdf(["car", "bus car"]).encode(["car car bus car car", "tram"]).round(3).tolist()
        [[0.507, 0.862], [0.0, 0.0]]
        """
        tf = _table(_words(texts), self.vocabulary)
        weights = np.log(tf, out=np.full(tf.shape, -1.0), where=tf > 0) + 1
        weights *= self._idf
        return weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), np.finfo(float).tiny)


def _count(texts):
    """Return the words of a collection in order, and how often each text holds each, shape (n_texts, n_words)."""
    words = _words(texts)
    vocabulary = sorted(set().union(*words))
    if not vocabulary:
        raise ValueError("no text has a word; pass at least one text with a letter a to z or a digit")
    return vocabulary, _table(words, vocabulary)


def _table(words, vocabulary):
    column = {word: i for i, word in enumerate(vocabulary)}
    tf = np.zeros((len(words), len(vocabulary)))
    for row, some in zip(tf, words, strict=True):
        for word in some:
            if word in column:
                row[column[word]] += 1
    return tf


def _words(texts):
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts is one text, or holds something else; pass a list of texts")
    return [tokens(text) for text in texts]
