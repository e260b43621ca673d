import re

import networkx
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors, kneighbors_graph

from code_examples.retrieval.vector_database import IVF, graph_search, neighbour_graph

VECTORS = np.random.default_rng(0).normal(size=(150, 6))
QUERIES = np.random.default_rng(1).normal(size=(12, 6))
EXACT = NearestNeighbors(n_neighbors=7).fit(VECTORS).kneighbors(QUERIES, return_distance=False).tolist()


def test_cells_agree_with_sklearn():
    index = IVF(VECTORS, 9, np.random.default_rng(3))
    init = np.random.default_rng(3).choice(VECTORS, 9, replace=False)
    other = KMeans(9, init=init, n_init=1, max_iter=10, tol=0, algorithm="lloyd").fit(VECTORS)
    assert_allclose(index.centres, other.cluster_centers_, atol=1e-12)
    for i, cell in enumerate(index.cells):
        assert cell.tolist() == np.flatnonzero(other.labels_ == i).tolist()


def test_ten_rounds_and_no_more():
    line = np.arange(200.0)[:, None] ** 2  # a slow case
    index = IVF(line, 6, np.random.default_rng(8))
    init = np.random.default_rng(8).choice(line, 6, replace=False)
    centres = {n: KMeans(6, init=init, n_init=1, max_iter=n, tol=0).fit(line).cluster_centers_ for n in (9, 10, 11)}
    assert_allclose(index.centres, centres[10])
    assert not np.allclose(centres[9], centres[10])
    assert not np.allclose(centres[11], centres[10])


def test_a_search_of_cells_agrees_with_the_definition():
    index = IVF(VECTORS, 9, np.random.default_rng(3))
    for query, exact in zip(QUERIES, EXACT, strict=True):
        near = np.argsort(cdist([query], index.centres)[0])
        for n_probes in (1, 2, 5, 9):
            ids = sorted(i for cell in near[:n_probes] for i in index.cells[cell])
            expected = sorted(ids, key=lambda i, q=query: np.linalg.norm(q - VECTORS[i]))
            assert index.search(query, 7, n_probes) == (expected[:7], 9 + len(ids))
        assert index.search(query, 7, 9)[0] == exact


def test_added_vectors_go_to_the_nearest_old_centre():
    index, old = (IVF(VECTORS[:90], 7, np.random.default_rng(3)) for _ in range(2))
    index.add(VECTORS[90:100])
    index.add(VECTORS[100:])
    assert_array_equal(index.centres, old.centres)
    homes = cdist(VECTORS, old.centres).argmin(axis=1)
    assert [cell.tolist() for cell in index.cells] == [np.flatnonzero(homes == i).tolist() for i in range(7)]
    for query, exact in zip(QUERIES, EXACT, strict=True):
        assert index.search(query, 7, 7) == (exact, 157)
        assert old.search(query, 90, 7)[1] == 97


def test_an_empty_cell():
    index = IVF([[0], [0], [5]], 3, np.random.default_rng(0))
    assert sorted(len(cell) for cell in index.cells) == [0, 1, 2]
    empty = int(np.argmin([len(cell) for cell in index.cells]))
    assert index.centres[empty] == 0
    index.cells[int(np.argmax([len(cell) for cell in index.cells]))] = np.array([], dtype=int)
    assert index.search([0], 2, 1) == ([], 3)


def test_the_graph_agrees_with_sklearn():
    for degree in (1, 4):
        links = kneighbors_graph(VECTORS, degree).toarray()
        expected = [np.flatnonzero(row).tolist() for row in links + links.T]
        assert neighbour_graph(VECTORS, degree) == expected
    assert neighbour_graph([[3], [3], [3]], 1) == [[1, 2], [0], [0]]
    assert neighbour_graph([[1], [2]], 1) == [[1], [0]]


def slow_walk(vectors, graph, query, k, width):
    """Do the same with lists that are sorted anew at every step."""
    distance = {0: np.linalg.norm(query - vectors[0])}
    kept, visited = [0], set()
    while True:
        open_ids = sorted((i for i in kept if i not in visited), key=lambda i: (distance[i], i))
        if not open_ids:
            return kept[:k], len(distance)
        visited.add(open_ids[0])
        for i in graph[open_ids[0]]:
            if i not in distance:
                distance[i] = np.linalg.norm(query - vectors[i])
                kept = sorted([*kept, i], key=lambda j: (distance[j], j))[:width]


@pytest.mark.parametrize("width", [1, 2, 3, 7, 20, 150])
def test_the_walk_agrees_with_a_slow_one(width):
    graph = neighbour_graph(VECTORS, 3)
    for query in QUERIES:
        k = min(7, width)
        assert graph_search(VECTORS, graph, query, k, width) == slow_walk(VECTORS, graph, query, k, width)


def test_a_walk_over_everything_is_exact():
    graph = neighbour_graph(VECTORS, 3)
    reached = networkx.node_connected_component(networkx.Graph((i, j) for i, ids in enumerate(graph) for j in ids), 0)
    assert len(reached) == 150
    for query, exact in zip(QUERIES, EXACT, strict=True):
        assert graph_search(VECTORS, graph, query, 7, 150) == (exact, 150)


def test_a_link_that_is_listed_twice_counts_once():
    assert graph_search([[9], [1], [5]], [[2, 1, 1, 2], [0], [0]], [0], 3, 3) == ([1, 2, 0], 3)


def test_equal_distances_keep_the_lower_id():
    star = [[1, 2, 3], [0], [0], [0]]
    assert graph_search([[9], [1], [-1], [1]], star, [0], 2, 2) == ([1, 2], 4)
    assert graph_search([[9], [1], [-1], [1]], star, [0], 1, 1) == ([1], 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: IVF([], 1, np.random.default_rng(0)), "vectors of shape (0,): pass a matrix of finite numbers"),
        (lambda: IVF([1, 2], 1, np.random.default_rng(0)), "vectors of shape (2,): pass a matrix"),
        (lambda: IVF([[np.nan]], 1, np.random.default_rng(0)), "vectors of shape (1, 1): pass a matrix"),
        (lambda: IVF([[1]], 0, np.random.default_rng(0)), "n_cells is 0; pass an integer from 1 to 1"),
        (lambda: IVF([[1]], 2, np.random.default_rng(0)), "n_cells is 2; pass an integer from 1 to 1"),
        (lambda: IVF([[1]], 1.0, np.random.default_rng(0)), "n_cells is 1.0; pass an integer from 1 to 1"),
        (lambda: IVF([[1]], 1, np.random.default_rng(0)).search([1], 0, 1), "k is 0; pass an integer from 1 to 1"),
        (lambda: IVF([[1]], 1, np.random.default_rng(0)).search([1], 2, 1), "k is 2; pass an integer from 1 to 1"),
        (lambda: IVF([[1]], 1, np.random.default_rng(0)).search([1], 1, 2), "n_probes is 2; pass an integer from 1 to"),
        (
            lambda: IVF([[1]], 1, np.random.default_rng(0)).search([[1]], 1, 1),
            "query has shape (1, 1); pass one row of 1 fin",
        ),
        (
            lambda: IVF([[1]], 1, np.random.default_rng(0)).search([1, 2], 1, 1),
            "query has shape (2,); pass one row of 1",
        ),
        (lambda: IVF([[1]], 1, np.random.default_rng(0)).search([np.inf], 1, 1), "query has shape (1,); pass one row"),
        (
            lambda: IVF([[1]], 1, np.random.default_rng(0)).add([[1, 2]]),
            "vectors have shape (1, 2); pass rows of 1 num",
        ),
        (lambda: IVF([[1]], 1, np.random.default_rng(0)).add([1]), "vectors of shape (1,): pass a matrix"),
        (lambda: neighbour_graph([1, 2], 1), "vectors of shape (2,): pass a matrix"),
        (lambda: neighbour_graph([[1], [2]], 2), "degree is 2; pass an integer from 1 to 1"),
        (lambda: graph_search([1], [[]], [1], 1, 1), "vectors of shape (1,): pass a matrix"),
        (lambda: graph_search([[1]], [[]], 1, 1, 1), "query has shape (); pass one row of 1 finite numbers"),
        (lambda: graph_search([[1]], [], [1], 1, 1), "graph has length 0; pass the links of each of the 1 vectors"),
        (lambda: graph_search([[1], [2]], [[1], [0]], [1], 1, 3), "width is 3; pass an integer from 1 to 2"),
        (lambda: graph_search([[1], [2]], [[1], [0]], [1], 2, 1), "k is 2; pass an integer from 1 to 1"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    copy, graph = VECTORS.copy(), neighbour_graph(VECTORS, 2)
    links = [list(ids) for ids in graph]
    IVF(VECTORS, 5, np.random.default_rng(0)).search(QUERIES[0], 3, 2)
    graph_search(VECTORS, graph, QUERIES[0], 3, 9)
    assert_array_equal(VECTORS, copy)
    assert graph == links
