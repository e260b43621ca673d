"""Four textbook kinds of agent in one corridor of rooms: what each knows, does and earns.

Accompanies ``docs/agents/agent-types.md``.
"""

import math
from typing import NamedTuple


class Percept(NamedTuple):
    """What an agent perceives.

    Parameters
    ----------
    crumbs : int
        Crumbs in its room.
    wall_left, wall_right : bool
        Whether there is a wall on that side.

    Examples
    --------
    >>> from code_examples.agents.agent_types import Percept
    >>> Percept(2, True, False).wall_left
    True
    """

    crumbs: int
    wall_left: bool
    wall_right: bool


def live(agent, crumbs, start, limit):
    """Let an agent act in a corridor until it stops or has acted often enough.

    Parameters
    ----------
    agent : callable
        From a :class:`Percept` to ``"take"``, ``"left"``, ``"right"`` or ``"stop"``.
    crumbs : sequence of int, shape (n_rooms,)
        Crumbs in each room, at least one room; left alone.
    start : int
        Room in which it begins, from 0.
    limit : int
        Actions after which it is halted; at least 0.

    Returns
    -------
    collected : int
        Crumbs taken.
    moves : int
        Moves made, those against a wall included.

    Raises
    ------
    ValueError
        If there is no such room, the limit is below 0, or the agent returns something else.

    Examples
    --------
    >>> from code_examples.agents.agent_types import live, reflex
    >>> live(reflex, [5, 0, 2], start=1, limit=10)
    (2, 9)
    >>> live(lambda percept: "stop", [5], start=0, limit=10)
    (0, 0)
    """
    _room(crumbs, start)
    if limit < 0:
        raise ValueError(f"limit is {limit}; pass at least 0 actions")
    left, place, collected, moves = list(crumbs), start, 0, 0
    for _ in range(limit):
        action = agent(Percept(left[place], place == 0, place == len(left) - 1))
        if action == "stop":
            break
        if action == "take":
            collected, left[place] = collected + left[place], 0
        elif action in ("left", "right"):
            moves += 1
            place = min(max(place + (1 if action == "right" else -1), 0), len(left) - 1)
        else:
            raise ValueError(f"the agent returned {action!r}; let it return 'take', 'left', 'right' or 'stop'")
    return collected, moves


def reflex(percept):
    """Return the action of a simple reflex agent: a rule for what it perceives now, and nothing else.

    Parameters
    ----------
    percept : Percept
        What it perceives.

    Returns
    -------
    str
        Take crumbs; else go right; at the right wall go left.

    Examples
    --------
    >>> from code_examples.agents.agent_types import Percept, reflex
    >>> reflex(Percept(0, False, True))
    'left'
    """
    if percept.crumbs:
        return "take"
    return "left" if percept.wall_right else "right"


def remembering():
    """Return a model-based agent: it keeps in mind one fact that it no longer perceives.

    Returns
    -------
    callable
        From a :class:`Percept` to an action: left as far as the wall, then right as far as the wall, then stop. What
        it remembers is whether it has been at the left wall. It serves for one life.

    Examples
    --------
    >>> from code_examples.agents.agent_types import live, remembering
    >>> live(remembering(), [5, 0, 2], start=1, limit=10)
    (7, 3)
    """
    seen_left = False

    def agent(percept):
        nonlocal seen_left
        seen_left = seen_left or percept.wall_left
        if percept.crumbs:
            return "take"
        if not seen_left:
            return "left"
        return "stop" if percept.wall_right else "right"

    return agent


def planning(crumbs, start, cost=None):
    """Return an agent that knows the map and follows a plan.

    Parameters
    ----------
    crumbs : sequence of int, shape (n_rooms,)
        Crumbs in each room.
    start : int
        Room in which it begins, from 0.
    cost : float, optional
        What a move costs, in crumbs. Without it the agent is goal-based: all crumbs, by the shortest way. With it the
        agent is utility-based: the stretch of rooms in which crumbs less cost are most, of equal ones the one furthest
        left.

    Returns
    -------
    callable
        From a :class:`Percept` to an action; it looks only at the crumbs. It serves for one life.

    Raises
    ------
    ValueError
        If there is no such room, or ``cost`` is below 0 or not finite.

    Examples
    --------
    >>> from code_examples.agents.agent_types import live, planning
    >>> live(planning([5, 0, 0, 1], start=1), [5, 0, 0, 1], start=1, limit=10)
    (6, 4)
    >>> live(planning([5, 0, 0, 1], start=1, cost=1), [5, 0, 0, 1], start=1, limit=10)
    (5, 1)
    """
    _room(crumbs, start)
    if cost is not None and not 0 <= cost < math.inf:
        raise ValueError(f"cost is {cost}; pass crumbs for a move, finite and at least 0")
    wanted = [start, *(room for room, here in enumerate(crumbs) if here)]
    if cost is None:
        low, high = min(wanted), max(wanted)
    else:
        stretches = [(low, high) for low in range(start + 1) for high in range(start, len(crumbs))]
        low, high = max(stretches, key=lambda ends: sum(crumbs[ends[0] : ends[1] + 1]) - cost * _way(start, *ends)[0])
    moves, first = _way(start, low, high)
    turn = start - low if first == "left" else high - start
    second = "right" if first == "left" else "left"
    plan = [first] * turn + [second] * (moves - turn)

    def agent(percept):
        if percept.crumbs:
            return "take"
        return plan.pop(0) if plan else "stop"

    return agent


def _room(crumbs, start):
    """Refuse a room that does not exist."""
    if not 0 <= start < len(crumbs):
        raise ValueError(f"start is {start}, and there are {len(crumbs)} rooms; pass one of them, from 0")


def _way(start, low, high):
    """Return how many moves it takes to see all rooms from ``low`` to ``high``, and where to go first."""
    left, right = start - low, high - start
    return left + right + min(left, right), "left" if left <= right else "right"
