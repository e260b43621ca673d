"""Graph of thoughts: split, sort and merge as a graph of calls, in which a thought may have several parents.

Accompanies ``docs/prompting/graph-of-thoughts.md``. The operations are fixed beforehand by the program; a model is
called for single ones. `Scribe` stands in for it: a rule that sorts and merges, loses or doubles items, and counts its
calls.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral

import numpy as np


@dataclass(frozen=True, eq=False)
class Thought:
    """A vertex of the graph: a partial solution, and the thoughts that it was made from.

    Parameters
    ----------
    value : tuple of int
        The numbers, as they were written.
    source : tuple of int
        The numbers that it should hold, in any order.
    parents : tuple of Thought
        What it was made from; empty for the input.

    Examples
    --------
    Two thoughts of equal content are two vertices.

    >>> from code_examples.prompting.graph_of_thoughts import Thought
    >>> Thought((1, 2), (2, 1)) == Thought((1, 2), (2, 1)), Thought((1,), (1,)).parents
    (False, ())
    """

    value: tuple
    source: tuple
    parents: tuple = ()


def ancestors(thought):
    """Return the thoughts that a thought depends on.

    Parameters
    ----------
    thought : Thought
        A vertex.

    Returns
    -------
    set of Thought
        All that a path leads from; their number is the volume of the thought.

    References
    ----------
    .. [1] M. Besta et al., "Graph of thoughts: Solving elaborate problems with large language models," 2023.

    Examples
    --------
    >>> from code_examples.prompting.graph_of_thoughts import Thought, ancestors
    >>> root = Thought((2, 1), (2, 1))
    >>> left, right = Thought((2,), (2,), (root,)), Thought((1,), (1,), (root,))
    >>> len(ancestors(Thought((1, 2), (2, 1), (left, right)))), len(ancestors(root))
    (3, 0)
    """
    found, left = set(), list(thought.parents)
    while left:
        parent = left.pop()
        found.add(parent)
        left += parent.parents
    return found


def errors(value, source):
    """Count what is wrong with a list that should hold the source in order.

    Parameters
    ----------
    value : sequence of int
        The list.
    source : sequence of int
        The numbers that it should hold.

    Returns
    -------
    int
        Neighbours in the wrong order, plus numbers that are missing or too many.

    Notes
    -----
    It needs no solution to compare with, so a program can score every thought.

    Examples
    --------
    >>> from code_examples.prompting.graph_of_thoughts import errors
    >>> errors([1, 2, 2], [2, 1, 2]), errors([2, 1], [1, 2]), errors([1, 1, 3], [1, 2, 3]), errors([], [7])
    (0, 1, 2, 1)
    """
    have, want = Counter(value), Counter(source)
    return sum(a > b for a, b in pairwise(value)) + ((have - want) + (want - have)).total()


class Scribe:
    """A stand-in for a model that copies numbers in order, and loses or doubles some.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the slips.
    sort_slip : float
        Probability that an item slips in sorting, for each item of the list: long lists are sorted worse. From 0 up.
    merge_slip : float
        Probability that an item slips in merging, from 0 to 1.

    Attributes
    ----------
    calls, items_in, items_out : int
        Calls so far, and the numbers read and written in them.

    Raises
    ------
    ValueError
        If a probability is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.prompting.graph_of_thoughts import Scribe
    >>> model = Scribe(np.random.default_rng(0), sort_slip=0, merge_slip=0)
    >>> model.sort([3, 1, 2]), model.merge([1, 4], [2, 3, 5])
    ((1, 2, 3), (1, 2, 3, 4, 5))
    >>> model.calls, model.items_in, model.items_out
    (2, 8, 8)
    """

    def __init__(self, rng, sort_slip, merge_slip):
        if not (sort_slip >= 0 and 0 <= merge_slip <= 1):
            raise ValueError(f"slips are {sort_slip} and {merge_slip}; pass numbers from 0, the second at most 1")
        self._rng, self._sort_slip, self._merge_slip = rng, sort_slip, merge_slip
        self.calls = self.items_in = self.items_out = 0

    def _write(self, values, slip):
        slips, kinds = self._rng.random(len(values)) < slip, self._rng.choice([0, 2], len(values))
        text = tuple(np.repeat(sorted(values), np.where(slips, kinds, 1)).tolist())
        self.calls += 1
        self.items_in += len(values)
        self.items_out += len(text)
        return text

    def sort(self, values):
        """Return the values in order, with slips.

        Parameters
        ----------
        values : sequence of int
            What to sort.

        Returns
        -------
        tuple of int
            The list that was written.
        """
        return self._write(values, self._sort_slip * len(values))

    def merge(self, left, right):
        """Return two sorted lists as one, with slips.

        Parameters
        ----------
        left, right : sequence of int
            What to merge.

        Returns
        -------
        tuple of int
            The list that was written.
        """
        return self._write([*left, *right], self._merge_slip)


def _best(tries, attempt, source):
    if not isinstance(tries, Integral) or tries < 1:
        raise ValueError(f"tries is {tries}; pass an integer of at least 1")
    return min((attempt() for _ in range(tries)), key=lambda value: errors(value, source))


def sort_at_once(model, values, tries):
    """Sort the whole list several times, and keep the best.

    Parameters
    ----------
    model : Scribe
        What is called.
    values : sequence of int
        What to sort; at least one number.
    tries : int
        Attempts, at least 1.

    Returns
    -------
    Thought
        The best attempt, whose parent is the input.

    Raises
    ------
    ValueError
        If there is no number, or `tries` is not an integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from code_examples.prompting.graph_of_thoughts import Scribe, sort_at_once
    >>> sort_at_once(Scribe(np.random.default_rng(0), 0, 0), [3, 1, 2], tries=2).value
    (1, 2, 3)
    """
    source = tuple(values)
    if not source:
        raise ValueError("no number to sort; pass at least one")
    root = Thought(source, source)
    return Thought(_best(tries, lambda: model.sort(source), source), source, (root,))


def sort_by_graph(model, values, parts, tries):
    """Split the list, sort the parts, and merge them two by two, each several times, keeping the best.

    Parameters
    ----------
    model : Scribe
        What is called; the program itself splits and scores.
    values : sequence of int
        What to sort.
    parts : int
        Parts to sort by themselves: 2, 4, 8 and so on, at most one for each number.
    tries : int
        Attempts at each operation, at least 1.

    Returns
    -------
    Thought
        The last merge; its ancestors are the graph.

    Raises
    ------
    ValueError
        If `parts` is no power of two from 2 to the number of values, or `tries` is not an integer of at least 1.

    References
    ----------
    .. [1] M. Besta et al., "Graph of thoughts: Solving elaborate problems with large language models," 2023.

    Examples
    --------
    One split, four parts, two merges and a last one.

    >>> import numpy as np
    >>> from code_examples.prompting.graph_of_thoughts import Scribe, ancestors, sort_by_graph
    >>> model = Scribe(np.random.default_rng(0), 0, 0)
    >>> end = sort_by_graph(model, [5, 3, 1, 6, 2, 4], parts=4, tries=3)
    >>> end.value, len(ancestors(end)), len(end.parents), model.calls
    ((1, 2, 3, 4, 5, 6), 7, 2, 21)
    """
    source = tuple(values)
    if not isinstance(parts, Integral) or parts not in (2**i for i in range(1, len(source).bit_length())):
        raise ValueError(f"parts is {parts} for {len(source)} numbers; pass 2, 4, 8 …, at most one part a number")
    root, level = Thought(source, source), []
    for i in range(parts):
        part = source[i * len(source) // parts : (i + 1) * len(source) // parts]
        level.append(Thought(_best(tries, lambda part=part: model.sort(part), part), part, (root,)))
    while len(level) > 1:
        merged = []
        for left, right in zip(level[::2], level[1::2], strict=True):
            both = left.source + right.source
            best = _best(tries, lambda pair=(left, right): model.merge(pair[0].value, pair[1].value), both)
            merged.append(Thought(best, both, (left, right)))
        level = merged
    return level[0]
