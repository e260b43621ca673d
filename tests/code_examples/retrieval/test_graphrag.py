import itertools
import re

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from code_examples.retrieval.graphrag import (
    Index,
    answer_globally,
    build_index,
    communities,
    global_calls,
    modularity,
)


def random_graph(seed, n):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.4), k=1)
    return weights + weights.T


def groups(labels):
    return [set(np.flatnonzero(np.asarray(labels) == label).tolist()) for label in sorted(set(labels))]


@pytest.mark.parametrize("seed", range(12))
def test_modularity_agrees_with_networkx(seed):
    weights = random_graph(seed, 9)
    labels = np.random.default_rng(seed).integers(0, 4, 9).tolist()
    expected = nx.community.modularity(nx.from_numpy_array(weights), groups(labels))
    assert modularity(weights, labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_communities_agree_with_networkx(seed):
    weights = random_graph(seed, 12)  # weights of many digits, so that no two gains are equal
    expected = nx.community.greedy_modularity_communities(nx.from_numpy_array(weights), weight="weight")
    found = communities(weights)
    assert {frozenset(group) for group in groups(found)} == set(expected)
    firsts = [min(group) for group in groups(found)]
    assert firsts == sorted(firsts)
    assert found.max() == len(firsts) - 1


def test_equal_gains_merge_the_lowest_numbers_first():
    ring = np.zeros((5, 5))
    for i in range(5):
        ring[i, (i + 1) % 5] = ring[(i + 1) % 5, i] = 1
    assert communities(ring).tolist() == [0, 0, 1, 1, 0]  # 0-1, then 2-3, then 4 to the first


@pytest.mark.parametrize("seed", range(3))
def test_never_far_below_the_best_of_all_partitions(seed):
    weights = random_graph(seed, 6)
    best = max(modularity(weights, labels) for labels in itertools.product(range(3), repeat=6))
    assert best - 0.1 < modularity(weights, communities(weights)) <= best + 1e-12


def test_the_limits():
    assert communities(np.zeros((0, 0))).tolist() == []
    assert communities([[0]]).tolist() == [0]
    assert communities([[0, 2], [2, 0]]).tolist() == [0, 0]
    assert modularity([[3]], ["x"]) == 0
    assert modularity([[0, 2], [2, 0]], [0, 1]) == -0.5


def test_the_index_calls_once_a_text_and_once_a_community():
    calls = []

    def model(task, given):
        calls.append((task, given))
        return [w for w in given.split() if w.isupper()] if task == "extract" else f"report {len(calls)}"

    texts = ["A and B and B", "C or D", "nothing", "B with A", "D", "E alone"]
    index = build_index(texts, model)
    assert isinstance(index, Index)
    assert index.entities == ["A", "B", "C", "D", "E"]
    assert index.labels.tolist() == [0, 0, 1, 1, 2]
    assert calls == [("extract", text) for text in texts] + [
        ("report", (["A", "B"], ["A and B and B", "B with A"])),
        ("report", (["C", "D"], ["C or D", "D"])),
        ("report", (["E"], ["E alone"])),
    ]
    assert index.reports == ["report 7", "report 8", "report 9"]


def test_an_edge_counts_the_texts_that_hold_both():
    texts = ["B C", "A B", "A B", "C D", "C D", "A A"]  # A-B and C-D weigh two, B-C one
    index = build_index(texts, lambda task, given: given.split() if task == "extract" else given)
    assert index.labels.tolist() == [0, 0, 1, 1]
    assert build_index(["A B"], lambda task, given: given.split() if task == "extract" else given).labels.tolist() == [
        0,
        0,
    ]
    assert index.reports == [(["A", "B"], ["B C", "A B", "A B", "A A"]), (["C", "D"], ["B C", "C D", "C D"])]


def test_a_global_answer_asks_every_report_and_combines_the_helpful():
    calls = []
    scores = {"a": 20, "b": 0, "c": 90, "d": 20, "e": -1}

    def model(task, given):
        calls.append((task, given))
        return (scores[given[1]], given[1] * 2) if task == "map" else given

    assert answer_globally("why?", list(scores), model) == ("why?", ["cc", "aa", "dd"])
    assert calls[:-1] == [("map", ("why?", report)) for report in scores]
    assert calls[-1] == ("reduce", ("why?", ["cc", "aa", "dd"]))
    assert answer_globally("why?", [], model) == ("why?", [])


def test_calls_of_numbers_that_no_float_holds():
    assert global_calls(10**17 + 1, 1) == 10**17 + 2


def test_calls_by_packing():
    for tokens, window in itertools.product((1, 7, 8, 9, 40), (1, 3, 8)):
        contexts = len(range(0, tokens, window))
        assert global_calls(tokens, window) == contexts + 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: communities([[0, 1], [2, 0]]), "weights is not a symmetric matrix of finite numbers; pass shape"),
        (lambda: communities([[0, 1]]), "weights is not a symmetric matrix"),
        (lambda: communities([1]), "weights is not a symmetric matrix"),
        (lambda: communities([[np.nan]]), "weights is not a symmetric matrix of finite numbers"),
        (lambda: communities([[np.inf]]), "weights holds a number that is negative or not finite; pass others"),
        (lambda: communities([[-1]]), "weights holds a number that is negative or not finite"),
        (lambda: modularity([[-1]], [0]), "weights holds a number that is negative or not finite"),
        (lambda: modularity([[1]], [0, 1]), "labels has shape (2,); pass one for each of the 1 nodes"),
        (lambda: modularity([[0]], [0]), "no weight is above 0; pass a graph with an edge"),
        (lambda: build_index(["x"], lambda task, given: []), "the model extracts no entity; pass texts that hold some"),
        (lambda: build_index([], lambda task, given: []), "the model extracts no entity"),
        (lambda: global_calls(0, 5), "tokens is 0 and window 5; pass integers of at least 1"),
        (lambda: global_calls(np.inf, 5), "tokens is inf and window 5; pass integers"),
        (lambda: global_calls(5, 2.5), "tokens is 5 and window 2.5; pass integers"),
        (lambda: global_calls(5, 0), "tokens is 5 and window 0; pass integers of at least 1"),
        (lambda: global_calls(np.nan, 5), "tokens is nan and window 5"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    weights = random_graph(0, 5)
    before = weights.copy()
    communities(weights)
    modularity(weights, [0, 0, 1, 1, 1])
    assert_array_equal(weights, before)
