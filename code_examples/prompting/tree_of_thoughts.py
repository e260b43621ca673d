"""Tree of thoughts: search over partial solutions, breadth first or depth first, shown on the Game of 24.

Accompanies ``docs/prompting/tree-of-thoughts.md``. A proposer returns the next thoughts of a state, an evaluator rates
a state; in the published method both are calls of a language model. Here they are rules, so that the search itself can
be followed: `moves` proposes every legal operation, `judge` knows the truth and errs as often as it is told to.
"""

from fractions import Fraction
from functools import cache
from itertools import combinations
from numbers import Integral


def moves(numbers):
    """Return all operations on two of the numbers, and what is left after each.

    Parameters
    ----------
    numbers : sequence of int or Fraction
        The numbers that are left.

    Returns
    -------
    list of (str, tuple of Fraction)
        Each thought as text and the state after it, sorted; six for each pair, less divisions by zero.

    Examples
    --------
    >>> from code_examples.prompting.tree_of_thoughts import moves
    >>> [thought for thought, rest in moves([2, 3])]
    ['2 + 3 = 5', '2 - 3 = -1', '3 - 2 = 1', '2 * 3 = 6', '2 / 3 = 2/3', '3 / 2 = 3/2']
    >>> len(moves([4, 9, 10, 13])), len(moves([0, 5])), moves([24])
    (36, 5, [])
    """
    return list(_moves(tuple(map(Fraction, numbers))))


@cache
def _moves(numbers):
    found = []
    for i, j in combinations(range(len(numbers)), 2):
        a, b = numbers[i], numbers[j]
        others = [number for k, number in enumerate(numbers) if k not in (i, j)]
        results = [(f"{a} + {b}", a + b), (f"{a} - {b}", a - b), (f"{b} - {a}", b - a), (f"{a} * {b}", a * b)]
        results += [(f"{x} / {y}", x / y) for x, y in ((a, b), (b, a)) if y]
        found += [(f"{term} = {value}", tuple(sorted([*others, value]))) for term, value in results]
    return found


@cache
def _reachable(state, target):
    if len(state) == 1:
        return state[0] == target
    return any(_reachable(rest, target) for rest in {rest for _, rest in _moves(state)})


def reachable(numbers, target=24):
    """Say whether the numbers can make the target, each used once, by looking at all ways.

    Parameters
    ----------
    numbers : sequence of int or Fraction
        At least one number.
    target : int
        What is to be made.

    Returns
    -------
    bool
        Whether there is a way with +, -, * and / .

    Raises
    ------
    ValueError
        If there is no number.

    Examples
    --------
    >>> from code_examples.prompting.tree_of_thoughts import reachable
    >>> reachable([4, 9, 10, 13]), reachable([1, 1, 1, 1]), reachable([3, 3, 8, 8])  # 8 / (3 - 8/3)
    (True, False, True)
    >>> reachable([5, 7], target=12), reachable([24])
    (True, True)
    """
    if not len(numbers):
        raise ValueError("no number; pass at least one")
    return _reachable(tuple(map(Fraction, numbers)), target)


def judge(error, rng):
    """Return an evaluator that knows whether 24 can be reached, and says the opposite now and then.

    Parameters
    ----------
    error : float
        Probability that a state is rated wrongly, from 0 to 1.
    rng : numpy.random.Generator
        Draws the errors.

    Returns
    -------
    callable
        ``value(state)`` returns 1.0 for "can reach 24" and 0.0 for "cannot"; the same state always gets the same value.

    Raises
    ------
    ValueError
        If `error` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.prompting.tree_of_thoughts import judge
    >>> value = judge(0, np.random.default_rng(0))
    >>> value((4, 4, 10)), value((1, 1, 1))
    (1.0, 0.0)
    """
    if not 0 <= error <= 1:
        raise ValueError(f"error is {error}; pass a probability from 0 to 1")
    values = {}

    def value(state):
        if state not in values:
            values[state] = float(reachable(state) != (rng.random() < error))
        return values[state]

    return value


def breadth_first(state, propose, value, solved, depth, breadth):
    """Search level by level, and keep only the best states of each.

    Parameters
    ----------
    state : hashable
        Where the search begins.
    propose : callable
        ``propose(state)`` returns a list of pairs: a thought, and the state after it.
    value : callable
        ``value(state)`` returns a number, larger for more promising states.
    solved : callable
        ``solved(state)`` says whether a state after the last thought is a solution.
    depth : int
        Thoughts in a solution, at least 1.
    breadth : int
        States kept after each level but the last, at least 1; of equally good ones the first.

    Returns
    -------
    path : list of str or None
        The thoughts of the first solution among the states reached; None if there is none.
    calls : dict
        How often ``propose`` and ``value`` were called.

    Raises
    ------
    ValueError
        If `depth` or `breadth` is not an integer of at least 1.

    Notes
    -----
    Algorithm 1 of [1]_, with two changes: a state that two thoughts lead to is rated and kept once, and the states
    after the last thought are checked by `solved` instead of being rated.

    References
    ----------
    .. [1] S. Yao et al., "Tree of thoughts: Deliberate problem solving with large language models," 2023.

    Examples
    --------
    Count from 0 to 5 in steps of 1 or 3: larger looks better, so that a breadth of 1 runs past the goal.

    >>> from code_examples.prompting.tree_of_thoughts import breadth_first
    >>> def steps(n):
    ...     return [("+1", n + 1), ("+3", n + 3)]
    >>> breadth_first(0, steps, lambda n: n, lambda n: n == 5, depth=3, breadth=1)
    (None, {'propose': 3, 'value': 4})
    >>> breadth_first(0, steps, lambda n: n, lambda n: n == 5, depth=3, breadth=2)
    (['+3', '+1', '+1'], {'propose': 5, 'value': 5})
    """
    for name, number in (("depth", depth), ("breadth", breadth)):
        if not isinstance(number, Integral) or number < 1:
            raise ValueError(f"{name} is {number}; pass an integer of at least 1")
    kept, calls = {state: []}, {"propose": 0, "value": 0}
    for level in range(depth):
        found = {}
        for parent, path in kept.items():
            calls["propose"] += 1
            for thought, child in propose(parent):
                found.setdefault(child, [*path, thought])
        if level == depth - 1:
            break
        values = {child: value(child) for child in found}
        calls["value"] += len(values)
        kept = {child: found[child] for child in sorted(found, key=values.get, reverse=True)[:breadth]}
    return next((path for child, path in found.items() if solved(child)), None), calls


def depth_first(state, propose, value, solved, depth, floor):
    """Follow the best thought first, and go back where nothing good enough is left.

    Parameters
    ----------
    state : hashable
        Where the search begins.
    propose, value, solved : callable
        As for `breadth_first`.
    depth : int
        Thoughts in a solution, at least 1.
    floor : float
        States of a lower value are left out (pruned); ``-math.inf`` leaves out none.

    Returns
    -------
    path : list of str or None
        The thoughts of the first solution found; None if there is none.
    calls : dict
        How often ``propose`` and ``value`` were called.

    Raises
    ------
    ValueError
        If `depth` is not an integer of at least 1.

    Notes
    -----
    Algorithm 2 of [1]_, with the changes named at `breadth_first`, and it stops at the first solution.

    References
    ----------
    .. [1] S. Yao et al., "Tree of thoughts: Deliberate problem solving with large language models," 2023.

    Examples
    --------
    >>> import math
    >>> from code_examples.prompting.tree_of_thoughts import depth_first
    >>> def steps(n):
    ...     return [("+1", n + 1), ("+3", n + 3)]
    >>> depth_first(0, steps, lambda n: n, lambda n: n == 5, depth=3, floor=-math.inf)  # 9, 7, then back: 7, 5
    (['+3', '+1', '+1'], {'propose': 4, 'value': 4})
    >>> depth_first(0, steps, lambda n: n, lambda n: n == 5, depth=3, floor=5)[0] is None
    True
    """
    if not isinstance(depth, Integral) or depth < 1:
        raise ValueError(f"depth is {depth}; pass an integer of at least 1")
    calls = {"propose": 0, "value": 0}

    def visit(parent, left):
        calls["propose"] += 1
        children = {}
        for thought, child in propose(parent):
            children.setdefault(child, thought)
        if left == 1:
            return next(([thought] for child, thought in children.items() if solved(child)), None)
        values = {child: value(child) for child in children}
        calls["value"] += len(values)
        for child in sorted(children, key=values.get, reverse=True):
            rest = visit(child, left - 1) if values[child] >= floor else None
            if rest is not None:
                return [children[child], *rest]
        return None

    return visit(state, depth), calls
