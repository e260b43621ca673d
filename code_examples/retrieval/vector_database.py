"""Approximate nearest neighbours in the two usual ways, cells (IVF) and a graph (as in HNSW), with their work counted.

Accompanies ``docs/retrieval/vector-database.md``, whose names it follows: cells, probes, degree, width.
"""

import heapq

import numpy as np

from code_examples.retrieval.similarity import euclidean, ranking

ROUNDS = 10


class IVF:
    """An inverted file: vectors sorted into cells, of which a search looks into a few.

    Parameters
    ----------
    vectors : array_like, shape (n, d)
        Finite numbers, at least one row.
    n_cells : int
        How many cells, from 1 to n.
    rng : numpy.random.Generator
        Draws the vectors at which the centres begin.

    Attributes
    ----------
    centres : ndarray, shape (n_cells, d)
        Means of the cells after ten rounds of k-means; the centre of an empty cell stays where it was.
    cells : list of ndarray of int
        The ids in each cell, ascending. Every id is in the cell of the nearest centre.

    Raises
    ------
    ValueError
        If `vectors` are no finite matrix with a row, or `n_cells` is out of range.

    Notes
    -----
    FAISS calls this index ``IVFx,Flat`` [1]_.

    References
    ----------
    .. [1] FAISS wiki, "Guidelines to choose an index".

    Examples
    --------
    Five points on a line, in two cells. One probe costs two centres and one cell.

    >>> import numpy as np
    >>> from code_examples.retrieval.vector_database import IVF
    >>> index = IVF([[0], [1], [2], [10], [11]], 2, np.random.default_rng(0))
    >>> sorted(cell.tolist() for cell in index.cells)
    [[0, 1, 2], [3, 4]]
    >>> index.search([9], k=3, n_probes=1)
    ([3, 4], 4)

    All cells probed is exact, and dearer than no index.

    >>> index.search([9], k=3, n_probes=2)
    ([3, 4, 2], 7)
    """

    def __init__(self, vectors, n_cells, rng):
        self._vectors = _matrix(vectors)
        _check("n_cells", n_cells, len(self._vectors))
        self.centres = rng.choice(self._vectors, n_cells, replace=False)
        for _ in range(ROUNDS):
            home = self._home(self._vectors)
            for i in np.unique(home):
                self.centres[i] = self._vectors[home == i].mean(axis=0)
        home = self._home(self._vectors)
        self.cells = [np.flatnonzero(home == i) for i in range(n_cells)]

    def _home(self, vectors):
        """Return the id of the nearest centre of each vector."""
        return euclidean(vectors, self.centres).argmin(axis=1)

    def add(self, vectors):
        """Put further vectors into the cells of their nearest centres, which stay where they are.

        Parameters
        ----------
        vectors : array_like, shape (m, d)
            Finite numbers, at least one row. Their ids go on from the last one.

        Raises
        ------
        ValueError
            If `vectors` are no finite matrix of the same width with a row.

        Examples
        --------
        The cells were made for points near 0 and 10; those near 100 all fall into one.

        >>> import numpy as np
        >>> from code_examples.retrieval.vector_database import IVF
        >>> index = IVF([[0], [1], [10], [11]], 2, np.random.default_rng(0))
        >>> index.add([[100], [2], [101]])
        >>> sorted(cell.tolist() for cell in index.cells)
        [[0, 1, 5], [2, 3, 4, 6]]
        >>> index.search([99], k=1, n_probes=1)
        ([4], 6)
        """
        vectors = _matrix(vectors)
        if vectors.shape[1] != self.centres.shape[1]:
            raise ValueError(f"vectors have shape {vectors.shape}; pass rows of {self.centres.shape[1]} numbers")
        home = self._home(vectors)
        n = len(self._vectors)
        self.cells = [np.append(cell, n + np.flatnonzero(home == i)) for i, cell in enumerate(self.cells)]
        self._vectors = np.vstack([self._vectors, vectors])

    def search(self, query, k, n_probes):
        """Find near vectors in the cells whose centres are nearest.

        Parameters
        ----------
        query : array_like, shape (d,)
            What to search for.
        k : int
            How many vectors, from 1 to n.
        n_probes : int
            How many cells are looked into, from 1 to all.

        Returns
        -------
        ids : list of int
            At most k, the nearest first; fewer where the probed cells hold fewer.
        n_distances : int
            How many distances were computed, those to the centres included.

        Raises
        ------
        ValueError
            If `query` is no finite row of the same width, or `k` or `n_probes` is out of range.
        """
        query = _query(query, self.centres)
        _check("k", k, len(self._vectors))
        _check("n_probes", n_probes, len(self.cells))
        probed = ranking(-euclidean(query, self.centres))[:n_probes]
        ids = np.sort(np.concatenate([self.cells[i] for i in probed]))
        if not ids.size:
            return [], len(self.cells)
        nearest = ranking(-euclidean(query, self._vectors[ids]))[:k]
        return ids[nearest].tolist(), len(self.cells) + len(ids)


def neighbour_graph(vectors, degree):
    """Link each vector with its nearest ones, in both directions.

    Parameters
    ----------
    vectors : array_like, shape (n, d)
        Finite numbers, at least two rows.
    degree : int
        How many nearest others each is linked to, from 1 to n - 1; links from others come on top.

    Returns
    -------
    list of list of int
        The linked ids of each vector, ascending.

    Raises
    ------
    ValueError
        If `vectors` are no finite matrix, or `degree` is out of range.

    Notes
    -----
    Built from all n * (n - 1) distances, which a real index avoids: HNSW inserts one vector after another and finds
    its neighbours by searching the graph so far [1]_.

    References
    ----------
    .. [1] Y. A. Malkov and D. A. Yashunin, "Efficient and robust approximate nearest neighbor search using
       Hierarchical Navigable Small World graphs," 2016.

    Examples
    --------
    The point at 5 links to the one at 2, and gets a link from the one at 9.

    >>> from code_examples.retrieval.vector_database import neighbour_graph
    >>> neighbour_graph([[1], [2], [5], [9]], degree=1)
    [[1], [0, 2], [1, 3], [2]]
    """
    vectors = _matrix(vectors)
    _check("degree", degree, len(vectors) - 1)
    links = [set() for _ in vectors]
    for i, row in enumerate(vectors):
        distances = euclidean(row, vectors)
        distances[i] = np.inf  # not its own neighbour
        for j in np.argsort(distances, kind="stable")[:degree].tolist():
            links[i].add(j)
            links[j].add(i)
    return [sorted(ids) for ids in links]


def graph_search(vectors, graph, query, k, width):
    """Walk along links towards the query, keeping the best few found so far.

    Parameters
    ----------
    vectors : array_like, shape (n, d)
        Finite numbers, at least one row. The walk starts at the first.
    graph : sequence of sequence of int
        The linked ids of each vector, as from `neighbour_graph`.
    query : array_like, shape (d,)
        What to search for.
    k : int
        How many vectors, from 1 to `width`.
    width : int
        How many candidates are kept, from 1 to n; called ef in HNSW. The walk ends when the nearest candidate that was
        not yet visited is farther away than all kept ones.

    Returns
    -------
    ids : list of int
        At most k, the nearest first; fewer where fewer can be reached.
    n_distances : int
        How many distances were computed.

    Raises
    ------
    ValueError
        If `vectors` are no finite matrix, `graph` has another length, `query` is no finite row of the same width, or
        `k` or `width` is out of range.

    Notes
    -----
    This is the search in the lowest layer of HNSW; the layers above only find it a better start [1]_.

    References
    ----------
    .. [1] Y. A. Malkov and D. A. Yashunin, "Efficient and robust approximate nearest neighbor search using
       Hierarchical Navigable Small World graphs," 2016.

    Examples
    --------
    From 0 along a chain to the right; 13 is looked at and found to be farther than both kept ones.

    >>> from code_examples.retrieval.vector_database import graph_search
    >>> line = [[0], [4], [8], [13], [19], [26]]
    >>> chain = [[1], [0, 2], [1, 3], [2, 4], [3, 5], [4]]
    >>> graph_search(line, chain, [7], k=1, width=2)
    ([2], 4)

    A vector that nothing links to is never found.

    >>> graph_search([[0], [5]], [[], []], [5], k=1, width=1)
    ([0], 1)
    """
    vectors = _matrix(vectors)
    query = _query(query, vectors)
    if len(graph) != len(vectors):
        raise ValueError(f"graph has length {len(graph)}; pass the links of each of the {len(vectors)} vectors")
    _check("width", width, len(vectors))
    _check("k", k, width)
    seen, start = {0}, float(euclidean(query, vectors[:1])[0])
    waiting, kept = [(start, 0)], [(-start, 0)]  # heaps
    while waiting:
        distance, node = heapq.heappop(waiting)
        if distance > -kept[0][0] and len(kept) == width:
            break
        fresh = sorted(set(graph[node]) - seen)
        seen.update(fresh)
        distances = euclidean(query, vectors[fresh]).tolist() if fresh else []
        for i, distance in zip(fresh, distances, strict=True):
            heapq.heappush(kept, (-distance, -i))
            if len(kept) <= width or heapq.heappop(kept)[1] != -i:
                heapq.heappush(waiting, (distance, i))
    return [-i for _, i in sorted(kept, reverse=True)[:k]], len(seen)


def _matrix(vectors):
    vectors = np.asarray(vectors, dtype=np.float64)
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise ValueError(f"vectors of shape {vectors.shape}: pass a matrix of finite numbers with a row")
    return vectors


def _query(query, vectors):
    query = np.asarray(query, dtype=np.float64)
    if query.shape != vectors.shape[1:] or not np.isfinite(query).all():
        raise ValueError(f"query has shape {query.shape}; pass one row of {vectors.shape[1]} finite numbers")
    return query


def _check(name, value, most):
    if not isinstance(value, int | np.integer) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value}; pass an integer from 1 to {most}")
