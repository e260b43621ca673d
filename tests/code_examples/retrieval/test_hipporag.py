import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from code_examples.retrieval.hipporag import EntityGraph, names, personalized_pagerank, words


def by_networkx(weights, seeds, damping):
    graph = nx.from_numpy_array(np.asarray(weights, dtype=float), create_using=nx.DiGraph)
    ranks = nx.pagerank(graph, alpha=damping, personalization=dict(enumerate(seeds)), tol=1e-14, max_iter=2000)
    return [ranks[i] for i in range(len(seeds))]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 7), st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 0.5, 0.85]))
def test_agrees_with_networkx(n, seed, damping):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 5, (n, n)) * (rng.random((n, n)) < 0.5)  # dead ends and loops among them
    seeds = rng.integers(0, 3, n)
    seeds[rng.integers(n)] = 2
    expected = by_networkx(weights, seeds.tolist(), damping)
    assert_allclose(personalized_pagerank(weights, seeds, damping), expected, atol=1e-10)


def test_the_default_walks_on_half_of_the_time():
    weights, seeds = [[0, 1, 0], [0, 0, 1], [1, 0, 0]], [1, 0, 0]
    assert_allclose(personalized_pagerank(weights, seeds), np.array([4, 2, 1]) / 7)  # once around halves thrice


def test_the_graph_agrees_with_networkx():
    texts = ["We use vLLM and LoRA.", "So LoRA, QLoRA and LoRA.", "A GPU for QLoRA", "Nothing", "One for MoE"]
    graph = EntityGraph(texts)
    assert graph.names == ["GPU", "LoRA", "MoE", "QLoRA", "vLLM"]
    assert graph.mentions.tolist() == [
        [0, 0, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 1, 1, 0, 0],
        [1, 0, 0, 0, 0],
    ]
    assert graph.weights.tolist() == [
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0],
    ]
    seeds = graph.seeds("Does vLLM, the vLLM of old, know QLoRA?")
    assert seeds.tolist() == [0, 0, 0, 0.5, 1]
    p = by_networkx(graph.weights, seeds.tolist(), 0.5)
    assert_allclose(graph.scores("vLLM QLoRA"), [p[1] + p[4], p[1] + p[3], p[0] + p[3], 0, 0], atol=1e-10)
    p = by_networkx(graph.weights, seeds.tolist(), 0.8)
    assert_allclose(graph.scores("vLLM QLoRA", damping=0.8)[2], p[0] + p[3], atol=1e-10)
    assert graph.scores("MoE").tolist() == [0, 0, 0, 0, 1]  # a node without edges
    assert graph.scores("vllm").tolist() == [0] * 5  # another spelling is another name


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["He met Ada."], ["Ada"]),
        (["Ada met him."], []),
        (["He left. Ada came! Ada saw? Ada: Ada"], []),
        (["He left, Ada came; Ada saw"], ["Ada"]),
        (["X met I and QLoRA"], ["QLoRA"]),
        (["GPT-2 and f1", "7B"], ["7B", "GPT-2"]),
        (["by NO rule", "no"], []),
        (["it has KV, Kv and kV"], ["KV", "Kv", "kV"]),
        ([""], []),
        ([], []),
    ],
)
def test_names_by_the_rule(texts, expected):
    assert names(texts) == expected


def test_words_keep_their_spelling():
    assert words("V4.1-Flash, HumanEval+ (a 7B). R1-Zero's e.g. x-") == [
        "V4.1-Flash", "HumanEval+", "a", "7B", "R1-Zero", "s", "e.g", "x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: personalized_pagerank([[0, 1]], [1]), "weights has shape (1, 2) and seeds (1,); pass (n, n) and (n,)"),
        (lambda: personalized_pagerank([1], [1]), "weights has shape (1,) and seeds (1,)"),
        (lambda: personalized_pagerank([[0]], [1, 1]), "weights has shape (1, 1) and seeds (2,)"),
        (lambda: personalized_pagerank([[0]], [[1]]), "weights has shape (1, 1) and seeds (1, 1)"),
        (lambda: personalized_pagerank([[np.inf]], [1]), "holds a number that is negative or not finite"),
        (lambda: personalized_pagerank([[-1]], [1]), "holds a number that is negative or not finite"),
        (lambda: personalized_pagerank([[0]], [np.nan]), "holds a number that is negative or not finite"),
        (lambda: personalized_pagerank(np.zeros((2, 2)), [2, -1]), "holds a number that is negative or not finite"),
        (lambda: personalized_pagerank(np.zeros((0, 0)), []), "no seed is above 0; pass at least one node"),
        (lambda: personalized_pagerank([[0]], [0]), "no seed is above 0; pass at least one node to begin at"),
        (lambda: personalized_pagerank([[0]], [1], 1), "damping is 1; pass a probability from 0 to below 1"),
        (lambda: personalized_pagerank([[0]], [1], -0.1), "damping is -0.1; pass a probability"),
        (lambda: personalized_pagerank([[0]], [1], np.nan), "damping is nan; pass a probability"),
        (lambda: EntityGraph(["nothing here"]), "the texts hold no name; pass some with a word such as DeepSeek"),
        (lambda: EntityGraph([]), "the texts hold no name"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    weights, seeds = np.array([[0.0, 1], [1, 0]]), np.array([2.0, 1])
    personalized_pagerank(weights, seeds)
    assert_array_equal(weights, [[0, 1], [1, 0]])
    assert_array_equal(seeds, [2, 1])
