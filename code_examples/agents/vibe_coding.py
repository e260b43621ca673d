"""Gates for code that a model wrote, and what it costs to read that code or not to.

Accompanies ``docs/agents/vibe-coding.md``.
"""

import ast
import math
import sys

import numpy as np


def _share(name, value):
    """Refuse what is no share from 0 to 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; pass a share from 0 to 1")


def not_locked(source, lock):
    """Return the modules that a Python source imports and that are neither locked nor in the standard library.

    Parameters
    ----------
    source : str
        The text of a Python file. It is read, not run.
    lock : collection of str
        Import names that were approved. They can differ from the names under which packages are installed.

    Returns
    -------
    list of str
        The first part of each other import name, once, in the order in which the names stand in the text.
        Relative imports are left out: they name the project's own files.

    Raises
    ------
    ValueError
        If the source is not valid Python.

    Notes
    -----
    An import inside a call, such as ``__import__("name")``, is not seen.

    Examples
    --------
    >>> from code_examples.agents.vibe_coding import not_locked
    >>> not_locked("import os, numpy.linalg, yaml", {"numpy"})
    ['yaml']
    >>> not_locked("from . import helpers", set())
    []
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"the source is not valid Python ({error}); pass the text of a Python file") from error
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append((node.lineno, node.module))
    found.sort(key=lambda item: item[0])
    roots = dict.fromkeys(name.partition(".")[0] for _, name in found)
    return [root for root in roots if root not in lock and root not in sys.stdlib_module_names]


def first_objection(source, gates):
    """Return the name of the first gate that a source does not pass.

    Parameters
    ----------
    source : str
        What is judged.
    gates : dict of str to callable
        For each name a function from the source to a truth value. They are asked in this order, and no gate is asked
        after the first that objects.

    Returns
    -------
    str or None
        The gate that objected: by a false value, or by an exception, ``SystemExit`` among them. None if all passed.

    Notes
    -----
    A gate that never returns stops the judging: limit its time inside the gate.

    Examples
    --------
    >>> from code_examples.agents.vibe_coding import first_objection
    >>> gates = {"short": lambda s: len(s) < 5, "number": lambda s: int(s) > 0}
    >>> [first_objection(s, gates) for s in ("12", "-3", "x", "123456")]
    [None, 'number', 'number', 'short']
    """
    for name, gate in gates.items():
        try:
            passed = gate(source)
        except (Exception, SystemExit):  # a stranger's code may raise anything, or leave with success
            passed = False
        if not passed:
            return name
    return None


def at_least_one(n, *shares):
    """Return how likely at least one of several independent cases passes through all stages.

    Parameters
    ----------
    n : int
        Cases, at least 0.
    *shares : float
        For each stage the share of what reaches it that passes on, from 0 to 1; at least one.

    Returns
    -------
    float
        Probability from 0 to 1.

    Raises
    ------
    ValueError
        If there is no stage, a share is not from 0 to 1, or ``n`` is below 0.

    Examples
    --------
    One of two packages is bad with probability one half each, and half of the bad ones get through.

    >>> from code_examples.agents.vibe_coding import at_least_one
    >>> at_least_one(2, 0.5), at_least_one(2, 0.5, 0.5)
    (0.75, 0.4375)
    >>> at_least_one(0, 1.0)
    0.0
    """
    if n < 0 or not shares:
        raise ValueError(f"n is {n} with {len(shares)} shares; pass a count of at least 0 and at least one share")
    for share in shares:
        _share("a share", share)
    return 1 - (1 - math.prod(shares)) ** n


def expected_minutes(right, ask, read, redo, noticed, harm):
    """Return the mean time that a task costs if a model writes the code.

    Parameters
    ----------
    right : float
        Probability that what comes back is right, from 0 to 1.
    ask, read, redo : float
        Minutes to ask for the code, to check it, and to write it by hand if it is found wrong; at least 0.
    noticed : float
        Share of the wrong code that the check notices, from 0 to 1.
    harm : float or array_like
        Minutes that wrong code costs if it is not noticed; at least 0.

    Returns
    -------
    ndarray
        Expected minutes, of the shape of ``harm``; a scalar if that is one.

    Raises
    ------
    ValueError
        If a share is not from 0 to 1, or a time is below 0 or not finite.

    Notes
    -----
    Code written by hand counts as right. ``expected_minutes(1, redo, 0, 0, 0, 0)`` is the time without a model.

    Examples
    --------
    >>> from code_examples.agents.vibe_coding import expected_minutes
    >>> float(expected_minutes(0.5, ask=1, read=2, redo=10, noticed=0.5, harm=30))
    13.0
    >>> float(expected_minutes(1.0, ask=1, read=2, redo=10, noticed=0.0, harm=30))
    3.0
    """
    _share("right", right)
    _share("noticed", noticed)
    for name, value in (("ask", ask), ("read", read), ("redo", redo), ("harm", harm)):
        if not np.all(np.isfinite(value) & (np.asarray(value) >= 0)):
            raise ValueError(f"{name} is {value}; pass minutes, finite and at least 0")
    return ask + read + (1 - right) * (noticed * redo + (1 - noticed) * np.asarray(harm, dtype=float))
