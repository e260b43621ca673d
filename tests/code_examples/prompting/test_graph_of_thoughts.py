import math
import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.prompting.graph_of_thoughts import Scribe, Thought, ancestors, errors, sort_at_once, sort_by_graph

DIGITS = st.lists(st.integers(0, 9), max_size=12)


def as_graph(thought):
    graph, left = nx.DiGraph(), [thought]
    while left:
        child = left.pop()
        graph.add_node(child)
        graph.add_edges_from((parent, child) for parent in child.parents)
        left += child.parents
    return graph


def exact(seed=0):
    return Scribe(np.random.default_rng(seed), 0, 0)


@settings(max_examples=30, deadline=None)
@given(DIGITS, DIGITS)
def test_errors_are_those_counted_digit_by_digit(value, source):
    disorder = sum(1 for i in range(len(value) - 1) if value[i] > value[i + 1])
    counts = np.bincount(value, minlength=10)[:10] - np.bincount(source, minlength=10)[:10]
    assert errors(value, source) == disorder + np.abs(counts).sum()
    assert errors(sorted(source), source) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-5, 9), min_size=8, max_size=20), st.sampled_from([2, 4, 8]))
def test_without_slips_both_ways_sort(values, parts):
    before = list(values)
    for model, end in ((m := exact(), sort_by_graph(m, values, parts, 2)), (m := exact(), sort_at_once(m, values, 2))):
        assert list(end.value) == sorted(values)
        assert list(end.source) == values == before
        assert model.items_in == model.items_out


@pytest.mark.parametrize(("parts", "depth"), [(2, 2), (4, 3), (8, 4)])
def test_the_shape_of_the_graph(parts, depth):
    model = exact()
    end = sort_by_graph(model, list(range(19, 0, -1)), parts, tries=3)
    graph = as_graph(end)
    assert len(graph) == 2 * parts
    assert ancestors(end) == nx.ancestors(graph, end)
    assert nx.dag_longest_path_length(graph) == depth
    assert sorted(d for _, d in graph.in_degree()) == [0] + [1] * parts + [2] * (parts - 1)
    assert model.calls == 3 * (2 * parts - 1)
    assert model.items_in == 3 * 19 * depth  # each level reads every number once
    merges = [thought for thought in graph if len(thought.parents) == 2]
    assert all(m.source == m.parents[0].source + m.parents[1].source for m in merges)
    assert all(sorted(thought.source) == list(thought.value) for thought in graph if thought.parents)
    assert list(end.source) == list(range(19, 0, -1))
    sizes = [len(thought.source) for thought in graph if len(thought.parents) == 1]
    assert max(sizes) - min(sizes) <= 1


def test_ancestors_of_a_shared_parent_are_counted_once():
    a = Thought((), ())
    b, c = Thought((), (), (a,)), Thought((), (), (a,))
    d = Thought((), (), (b, c, a))
    assert ancestors(d) == {a, b, c}
    assert ancestors(a) == set()


def test_slips_come_as_often_as_asked_and_lose_as_many_as_they_double():
    model = Scribe(np.random.default_rng(1), sort_slip=0.01, merge_slip=0.3)
    values = list(range(20))
    for call, slip in ((lambda: model.sort(values), 0.2), (lambda: model.merge(values[:5], values[5:]), 0.3)):
        texts = [call() for _ in range(500)]
        counts = np.array([[text.count(v) for v in values] for text in texts])
        assert all(list(text) == sorted(text) for text in texts)
        assert set(np.unique(counts)) == {0, 1, 2}
        for n in (0, 2):
            assert abs((counts == n).mean() - slip / 2) < 5 * math.sqrt(slip / 2 / counts.size)
    assert model.calls == 1000
    assert model.items_in == 20_000


def test_the_best_of_several_is_kept():
    class Script:
        def __init__(self, *texts):
            self.texts = iter(texts)

        def sort(self, values):
            return next(self.texts)

        def merge(self, left, right):
            self.heard = left, right
            return next(self.texts)

    assert sort_at_once(Script((1,), (1, 2, 2), (1, 2)), [2, 1], tries=3).value == (1, 2)
    script = Script((5,), (2, 2), (1,), (9, 9), (1, 3), (1, 2))
    end = sort_by_graph(script, [2, 1], parts=2, tries=2)
    assert script.heard == ((2, 2), (1,))
    assert end.value == (1, 2)
    assert [parent.source for parent in end.parents] == [(2,), (1,)]


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Scribe(RNG, -0.1, 0), "slips are -0.1 and 0; pass numbers from 0, the second at most 1"),
        (lambda: Scribe(RNG, 0, 1.1), "slips are 0 and 1.1"),
        (lambda: Scribe(RNG, 0, -0.1), "slips are 0 and -0.1"),
        (lambda: Scribe(RNG, math.nan, 0), "slips are nan"),
        (lambda: sort_at_once(exact(), [], 1), "no number to sort; pass at least one"),
        (lambda: sort_at_once(exact(), [1], 0), "tries is 0; pass an integer of at least 1"),
        (lambda: sort_by_graph(exact(), [1, 2], 2, 1.0), "tries is 1.0"),
        (lambda: sort_by_graph(exact(), [1, 2, 3], 4, 1), "parts is 4 for 3 numbers; pass 2, 4, 8 …"),
        (lambda: sort_by_graph(exact(), [1, 2, 3], 3, 1), "parts is 3"),
        (lambda: sort_by_graph(exact(), [1, 2, 3], 1, 1), "parts is 1"),
        (lambda: sort_by_graph(exact(), range(9), 6, 1), "parts is 6 for 9 numbers"),
        (lambda: sort_by_graph(exact(), [1, 2, 3], 2.0, 1), "parts is 2.0"),
        (lambda: sort_by_graph(exact(), [], 2, 1), "parts is 2 for 0 numbers"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
