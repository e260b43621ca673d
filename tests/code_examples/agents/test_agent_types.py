"""Four agents in a corridor against a search over all walks and lives written out by hand."""

from collections import deque

import pytest

from code_examples.agents.agent_types import Percept, live, planning, reflex, remembering

pytestmark = pytest.mark.unit

CORRIDORS = [
    ([9, 0, 0, 4, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0], 4),
    ([3, 0, 1, 0, 7], 3),
    ([0, 2, 0, 0], 0),
    ([0, 5, 0, 6, 0, 1], 5),
    ([4], 0),
    ([0, 0, 0], 1),
]


def best_walks(crumbs, start):
    """For each set of rooms that a walk can have seen, the fewest moves: by breadth-first search."""
    fewest, queue = {}, deque([(start, start, start, 0)])
    seen = {(start, start, start)}
    while queue:
        place, low, high, moves = queue.popleft()
        fewest.setdefault((low, high), moves)
        for step in (-1, 1):
            to = place + step
            if 0 <= to < len(crumbs):
                state = (to, min(low, to), max(high, to))
                if state not in seen:
                    seen.add(state)
                    queue.append((*state, moves + 1))
    return fewest


# --- planning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("crumbs", "start"), CORRIDORS)
def test_goal_based_takes_all_by_the_shortest_way(crumbs, start):
    rooms = {room for room, here in enumerate(crumbs) if here}
    fewest = min(
        moves for (low, high), moves in best_walks(crumbs, start).items() if all(low <= room <= high for room in rooms)
    )
    assert live(planning(crumbs, start), crumbs, start, 100) == (sum(crumbs), fewest)


@pytest.mark.parametrize("cost", [0.3, 0.5, 1.0, 2.5])
@pytest.mark.parametrize(("crumbs", "start"), CORRIDORS)
def test_utility_based_is_best_of_all_walks(crumbs, start, cost):
    best = max(sum(crumbs[low : high + 1]) - cost * moves for (low, high), moves in best_walks(crumbs, start).items())
    collected, moves = live(planning(crumbs, start, cost), crumbs, start, 100)
    assert collected - cost * moves == pytest.approx(best)


def test_plans_go_to_the_nearer_end_first_and_left_if_equal():
    for crumbs, start, first in (([1, 0, 0, 0, 1], 1, "left"), ([1, 0, 0, 0, 1], 3, "right"), ([1, 0, 1], 1, "left")):
        assert planning(crumbs, start)(Percept(0, False, False)) == first
    agent = planning([1, 0, 0, 1], 1)
    assert [agent(Percept(0, False, False)) for _ in range(5)] == ["left", "right", "right", "right", "stop"]
    agent = planning([1, 0, 0, 1], 2)
    assert [agent(Percept(0, False, False)) for _ in range(5)] == ["right", "left", "left", "left", "stop"]
    assert agent(Percept(3, False, False)) == "take"


def test_of_equal_stretches_the_one_furthest_left():
    assert live(planning([0, 1, 0, 1, 0], 2, cost=1), [0, 1, 0, 1, 0], 2, 9) == (1, 1)
    assert planning([0, 1, 0, 1, 0], 2, cost=1)(Percept(0, False, False)) == "left"


# --- reflex and memory -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percept", "action"),
    [
        (Percept(2, True, True), "take"),
        (Percept(0, True, False), "right"),
        (Percept(0, False, False), "right"),
        (Percept(0, False, True), "left"),
        (Percept(0, True, True), "left"),
    ],
)
def test_reflex_has_one_rule_for_each_percept(percept, action):
    assert reflex(percept) == action


@pytest.mark.parametrize(("crumbs", "start"), CORRIDORS)
def test_memory_sweeps_the_corridor_and_stops(crumbs, start):
    assert live(remembering(), crumbs, start, 100) == (sum(crumbs), start + len(crumbs) - 1)


def test_memory_takes_before_it_moves_and_forgets_nothing():
    agent = remembering()
    percepts = [Percept(1, False, False), Percept(0, False, True), Percept(4, True, False), Percept(0, True, False)]
    assert [agent(percept) for percept in percepts] == ["take", "left", "take", "right"]
    assert agent(Percept(0, False, False)) == "right"
    assert agent(Percept(0, False, True)) == "stop"


# --- the corridor ------------------------------------------------------------------------------


def test_a_life_by_hand():
    seen = []
    script = iter(["left", "take", "right", "right", "right", "take", "stop", "take"])

    def agent(percept):
        seen.append(percept)
        return next(script)

    crumbs = (3, 0, 8)
    assert live(agent, crumbs, 1, 50) == (11, 4)
    assert seen == [
        (0, False, False),
        (3, True, False),
        (0, True, False),
        (0, False, False),
        (8, False, True),
        (8, False, True),
        (0, False, True),
    ]
    assert crumbs == (3, 0, 8)


def test_walls_and_limit():
    assert live(lambda percept: "left", [1, 2], 1, 3) == (0, 3)
    assert live(lambda percept: "take", [1, 2], 1, 0) == (0, 0)
    assert live(lambda percept: "take", [1, 2], 1, 2) == (2, 0)


@pytest.mark.parametrize(
    ("crumbs", "start", "limit", "message"),
    [
        ([], 0, 5, "start is 0, and there are 0 rooms; pass one of them, from 0"),
        ([1, 2], 2, 5, "start is 2, and there are 2 rooms"),
        ([1, 2], -1, 5, "start is -1, and"),
        ([1, 2], 0, -1, "limit is -1; pass at least 0 actions"),
    ],
)
def test_corridor_refuses(crumbs, start, limit, message):
    with pytest.raises(ValueError, match=message):
        live(reflex, crumbs, start, limit)


@pytest.mark.parametrize("start", [-1, 2])
def test_planning_refuses_a_room_that_does_not_exist(start):
    with pytest.raises(ValueError, match=f"start is {start}, and there are 2 rooms; pass one of them"):
        planning([1, 2], start)


def test_refuses_an_unknown_action():
    with pytest.raises(ValueError, match="the agent returned 'jump'; let it return 'take', 'left', 'right' or 'stop'"):
        live(lambda percept: "jump", [1], 0, 1)


@pytest.mark.parametrize("cost", [-0.1, float("inf"), float("nan")])
def test_planning_refuses_a_cost_that_is_none(cost):
    with pytest.raises(ValueError, match=f"cost is {cost}; pass crumbs for a move, finite and at least 0"):
        planning([1, 0], 0, cost)
