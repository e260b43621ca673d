"""Dense retrieval: texts and queries as short vectors without zeros, here by latent semantic analysis (LSA).

Accompanies ``docs/retrieval/dense-retrieval.md``. LSA learns its directions from the collection alone, by a singular
value decomposition. It stands in for a trained encoder where no model can be loaded, and is none.
"""

import numpy as np

from code_examples.foundations.low_rank_approximation import truncated_svd
from code_examples.retrieval.sparse_retrieval import TfIdf


class LSA:
    """Latent semantic analysis: TF-IDF vectors projected onto the strongest directions of the collection.

    Parameters
    ----------
    texts : sequence of str
        The collection, at least one text.
    n_components : int
        Width of the vectors, at least 1 and at most the rank of the collection's TF-IDF matrix.

    Attributes
    ----------
    components : ndarray, shape (n_components, n_words)
        The directions, orthonormal rows, strongest first; the entry of largest magnitude of each is positive.

    Raises
    ------
    ValueError
        If the collection does not have `n_components` independent directions.

    Notes
    -----
    A text is ``tfidf @ components.T``, which for the collection itself equals the left singular vectors times the
    singular values. The method is that of [1]_; that the cells are TF-IDF weights is our choice.

    References
    ----------
    .. [1] S. Deerwester, S. T. Dumais, G. W. Furnas, T. K. Landauer and R. Harshman, "Indexing by Latent Semantic
       Analysis," 1990.

    Examples
    --------
    "Car" and "auto" never stand in one text, but both stand beside "engine". In one dimension they are alike.

    >>> from code_examples.retrieval.dense_retrieval import LSA
    >>> lsa = LSA(["car engine", "auto engine", "apple pie"], n_components=1)
    >>> lsa.scores("car").round(9).tolist()
    [1.0, 1.0, 0.0]
    >>> lsa.scores("pie").round(9).tolist()
    [0.0, 0.0, 0.0]

    With all directions kept nothing is gained: "car" and "auto" are as different as before.

    >>> LSA(["car", "auto"], n_components=2).scores("car").round(9).tolist()
    [1.0, 0.0]
    """

    def __init__(self, texts, n_components=40):
        self._tfidf = TfIdf(texts)
        rows = self._tfidf.encode(texts)  # (n, n_words)
        rank = np.linalg.matrix_rank(rows)
        if not (isinstance(n_components, int | np.integer) and 1 <= n_components <= rank):
            raise ValueError(
                f"n_components is {n_components}; pass an integer from 1 to {rank}, the rank of these texts"
            )
        _, _, directions = truncated_svd(rows, n_components)  # (n_components, n_words)
        strongest = np.abs(directions).argmax(axis=1)  # (n_components,)
        signs = np.sign(directions[np.arange(n_components), strongest])
        self.components = directions * signs[:, None]
        self._encoded = self.encode(texts)

    def encode(self, texts):
        """Return the vectors of some texts.

        Parameters
        ----------
        texts : sequence of str
            Texts of the collection or others, such as queries.

        Returns
        -------
        ndarray of float64, shape (n, n_components)
            Rows of length 1, or of zeros where a text has nothing in the kept directions.

        Examples
        --------
        >>> from code_examples.retrieval.dense_retrieval import LSA
        >>> lsa = LSA(["car engine", "auto engine", "apple pie"], n_components=2)
        >>> lsa.encode(["engine", "pie", "bicycle"]).round(9).tolist()
        [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
        """
        rows = self._tfidf.encode(texts) @ self.components.T  # (n, n_components)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        lengths[lengths < 1e-9] = np.inf  # rounding errors are no direction
        return rows / lengths

    def scores(self, query):
        """Return the cosine of a query with each text of the collection.

        Parameters
        ----------
        query : str
            Any text.

        Returns
        -------
        ndarray of float64, shape (n,)
            Cosines from -1 to 1; all 0 where the query has nothing in the kept directions.

        Examples
        --------
        >>> from code_examples.retrieval.dense_retrieval import LSA
        >>> lsa = LSA(["car engine", "auto engine", "apple pie"], n_components=2)
        >>> lsa.scores("apple").round(9).tolist()
        [0.0, 0.0, 1.0]
        """
        return self._encoded @ self.encode([query])[0]
