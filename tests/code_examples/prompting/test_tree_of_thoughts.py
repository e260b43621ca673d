import itertools
import math
import operator
import re
from fractions import Fraction
from functools import partial

import networkx as nx
import numpy as np
import pytest

from code_examples.prompting.tree_of_thoughts import breadth_first, depth_first, judge, moves, reachable

OPERATORS = "+-*/"


def ways(numbers):
    """All values of the five bracketings of all orders, by Python's own arithmetic on fractions."""
    for a, b, c, d in sorted(set(itertools.permutations([f"Fraction({n})" for n in numbers]))):
        for x, y, z in itertools.product(OPERATORS, repeat=3):
            for form in (
                f"(({a}{x}{b}){y}{c}){z}{d}",
                f"({a}{x}({b}{y}{c})){z}{d}",
                f"({a}{x}{b}){y}({c}{z}{d})",
                f"{a}{x}(({b}{y}{c}){z}{d})",
                f"{a}{x}({b}{y}({c}{z}{d}))",
            ):
                try:
                    yield eval(form)
                except ZeroDivisionError:
                    continue


@pytest.mark.parametrize("numbers", [(1, 1, 1, 1), (3, 3, 8, 8)])
def test_reachable_agrees_with_all_bracketings(numbers):
    values = set(ways(numbers))
    for target in (24, 6, 4, 11, 100):
        assert reachable(numbers, target) == (target in values)


def test_games_solved_by_hand():
    assert reachable((1, 1, 1, 8))  # (1 + 1 + 1) * 8
    assert reachable((5, 1, 5, 5))  # 5 * (5 - 1/5)
    assert reachable((1, 7, 1, 2))  # (1 + 2) * (1 + 7)
    assert not reachable((1, 1, 1, 2))  # at most (1 + 2) * (1 + 1)


def test_moves_are_true_equations_and_leave_the_right_numbers():
    start = [Fraction(4), Fraction(9), Fraction(0), Fraction(5, 2)]
    found = moves(start)
    assert len(found) == 36 - 3  # nothing is divided by zero
    for thought, rest in found:
        left, sign, right, equals, result = thought.split()
        a, b, value = Fraction(left), Fraction(right), Fraction(result)
        assert equals == "="
        assert value == {"+": a + b, "-": a - b, "*": a * b, "/": b and a / b}[sign]
        used = [*start]
        used.remove(a)
        used.remove(b)
        assert sorted([*used, value]) == list(rest)
    assert start == [4, 9, 0, Fraction(5, 2)]
    assert moves([7]) == moves([]) == []
    found.clear()
    assert len(moves(start)) == 33  # a list of its own each time


def test_judge_errs_as_often_as_told_and_stays_with_it():
    states = [(Fraction(a), Fraction(b), Fraction(c)) for a in range(1, 9) for b in range(a, 9) for c in range(b, 9)]
    truth = np.array([reachable(state) for state in states], dtype=float)
    for error in (0, 0.2, 1):
        value = judge(error, np.random.default_rng(0))
        first = np.array([value(state) for state in states])
        assert np.array_equal(first, [value(state) for state in states])
        wrong = (first != truth).mean()
        assert abs(wrong - error) <= 4 * math.sqrt(error * (1 - error) / len(states))


def lattice(depth):
    """A tree with a few states that several thoughts lead to, and values with ties."""
    rng = np.random.default_rng(5)
    tree = nx.DiGraph()
    for level in range(depth):
        for parent in [(level, i) for i in range(4)] if level else [(0, 0)]:
            for thought in range(3):
                tree.add_edge(parent, (level + 1, int(rng.integers(4))), thought=f"{parent[1]}.{thought}")
    return tree, {node: int(rng.integers(3)) for node in tree}


@pytest.mark.parametrize("breadth", [1, 2, 9])
def test_breadth_first_keeps_the_best(breadth):
    tree, values = lattice(3)
    heard = {"propose": [], "value": []}

    def propose(state):
        heard["propose"].append(state)
        return [(tree.edges[state, child]["thought"], child) for child in tree.successors(state)]

    def value(state):
        heard["value"].append(state)
        return values[state]

    kept = [(0, 0)]
    proposed, rated = [], []
    for level in range(3):
        proposed += kept
        children = list(dict.fromkeys(child for parent in kept for child in tree.successors(parent)))
        if level < 2:
            rated += children
            order = np.argsort([-values[child] for child in children], kind="stable")
            kept = [children[i] for i in order[:breadth]]
    for goal in [(3, i) for i in range(4)]:
        heard["propose"], heard["value"] = [], []
        path, calls = breadth_first((0, 0), propose, value, partial(operator.eq, goal), 3, breadth)
        assert (heard["propose"], heard["value"]) == (proposed, rated)
        assert calls == {"propose": len(proposed), "value": len(rated)}
        assert (path is not None) == (goal in children)
        if path:
            assert len(path) == 3
            walks = nx.all_simple_edge_paths(tree, (0, 0), goal)
            assert path in [[tree.edges[edge]["thought"] for edge in walk] for walk in walks]


def test_depth_first_finds_what_can_be_found_and_prunes_the_rest():
    tree, values = lattice(4)

    def propose(state):
        return [(tree.edges[state, child]["thought"], child) for child in tree.successors(state)]

    for goal in [(4, i) for i in range(4)]:
        for floor in (-math.inf, 1, 2, 3):
            allowed = [node for node in tree if node == (0, 0) or node[0] == 4 or values[node] >= floor]
            path, calls = depth_first((0, 0), propose, values.get, partial(operator.eq, goal), 4, floor)
            part = tree.subgraph([*allowed, (0, 0)])
            assert (path is not None) == (goal in part and nx.has_path(part, (0, 0), goal))
            assert calls["propose"] >= 1
            if path:
                assert len(path) == 4
    assert depth_first((0, 0), propose, values.get, lambda state: True, 1, 9) == (
        [propose((0, 0))[0][0]],
        {"propose": 1, "value": 0},
    )


def test_depth_first_takes_the_better_child_first():
    order = []

    def propose(state):
        order.append(state)
        return [("low", state + "a"), ("high", state + "b"), ("again", state + "b"), ("also low", state + "c")]

    value = {"a": 1, "b": 2, "c": 1}
    path, calls = depth_first("", propose, lambda s: value[s[-1]], lambda s: s == "cb", 2, 1)
    assert path == ["also low", "high"]
    assert order == ["", "b", "a", "c"]
    assert calls == {"propose": 4, "value": 3}


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reachable([]), "no number; pass at least one"),
        (lambda: judge(-0.1, RNG), "error is -0.1; pass a probability from 0 to 1"),
        (lambda: judge(1.1, RNG), "error is 1.1"),
        (lambda: judge(math.nan, RNG), "error is nan"),
        (lambda: breadth_first(0, list, abs, bool, 0, 1), "depth is 0; pass an integer of at least 1"),
        (lambda: breadth_first(0, list, abs, bool, 1, 0), "breadth is 0; pass an integer of at least 1"),
        (lambda: breadth_first(0, list, abs, bool, 1, 1.5), "breadth is 1.5"),
        (lambda: depth_first(0, list, abs, bool, 0, 0), "depth is 0; pass an integer of at least 1"),
        (lambda: depth_first(0, list, abs, bool, 2.0, 0), "depth is 2.0"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
