"""Gates and costs against real imports, enumeration of all outcomes and SciPy's binomial distribution."""

import itertools
import math
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom

from code_examples.agents.vibe_coding import at_least_one, expected_minutes, first_objection, not_locked

pytestmark = pytest.mark.unit


# --- imports -----------------------------------------------------------------------------------


def test_what_it_finds_is_what_python_would_import(monkeypatch):
    source = "def f():\n    import late.part\nimport early as e, early.more\nfrom third.x import y\nimport json, kept\n"
    asked = []

    def record(name, *rest):
        asked.append(name.partition(".")[0])
        return sys

    code = compile(source.replace("from third.x import y", "import third.x") + "f()", "<text>", "exec")
    exec(code, {"__builtins__": {"__import__": record}})
    assert sorted(set(asked)) == ["early", "json", "kept", "late", "third"]
    assert not_locked(source, {"kept"}) == ["late", "early", "third"]
    assert sorted([*not_locked(source, {"kept"}), "json", "kept"]) == sorted(set(asked))


def test_a_name_stands_once_and_whole_names_count():
    assert not_locked("import a.b\nimport a.c\nfrom a import d\nimport ab", {"b"}) == ["a", "ab"]
    assert not_locked("import a.b", {"a"}) == []
    assert not_locked("import a.b", {"a.b"}) == ["a"]


def test_relative_imports_and_the_standard_library_pass():
    assert (
        not_locked("from .x import y\nfrom ..z import q\nimport os.path\nfrom __future__ import annotations", ()) == []
    )
    assert not_locked("", ()) == []
    assert not_locked("from os import nothing_like_it", ()) == []


def test_calls_are_not_seen():
    assert not_locked('__import__("ghost")', ()) == []


def test_refuses_what_is_not_python():
    with pytest.raises(ValueError, match=r"the source is not valid Python \(.*\); pass the text of a Python file"):
        not_locked("import", ())


# --- gates -------------------------------------------------------------------------------------


def test_gates_are_asked_in_order_until_one_objects():
    asked = []

    def gate(name, answer):
        def ask(source):
            asked.append((name, source))
            return answer

        return ask

    gates = {"a": gate("a", True), "b": gate("b", []), "c": gate("c", True)}
    assert first_objection("text", gates) == "b"
    assert asked == [("a", "text"), ("b", "text")]
    assert first_objection("text", {"a": gates["a"], "c": gates["c"]}) is None
    assert first_objection("text", {}) is None


def test_an_exception_is_an_objection():
    assert first_objection("1/0", {"runs": lambda s: exec(s) is None, "later": lambda s: False}) == "runs"
    assert first_objection("2/1", {"runs": lambda s: exec(s) is None}) is None


def test_leaving_with_success_is_an_objection_and_an_interrupt_is_not_swallowed():
    assert first_objection("import sys; sys.exit(0)", {"runs": lambda s: exec(s) is None}) == "runs"
    with pytest.raises(KeyboardInterrupt):
        first_objection("raise KeyboardInterrupt", {"runs": exec})


# --- packages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "shares"), [(1, (0.3,)), (7, (0.2,)), (20, (0.052, 0.4, 0.9)), (3, (1.0, 0.5))])
def test_agrees_with_the_binomial_distribution(n, shares):
    share = 1.0
    for one in shares:
        share *= one
    assert_allclose(at_least_one(n, *shares), binom.sf(0, n, share), rtol=1e-12)


def test_ends_of_the_range():
    assert at_least_one(0, 0.7) == 0
    assert at_least_one(5, 0.0) == at_least_one(5, 0.4, 0.0) == 0
    assert at_least_one(5, 1.0) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0.5), "n is -1 with 1 shares; pass a count of at least 0"),
        ((3,), "n is 3 with 0 shares; pass a count of at least 0 and at least one share"),
        ((3, 0.5, 1.5), "a share is 1.5; pass a share from 0 to 1"),
        ((3, -0.1), "a share is -0.1"),
        ((3, math.nan), "a share is nan"),
    ],
)
def test_at_least_one_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        at_least_one(*arguments)


# --- minutes -----------------------------------------------------------------------------------


def test_mean_over_all_outcomes():
    right, noticed = 0.6, 0.7
    ask, read, redo, harm = 3.0, 11.0, 50.0, 200.0
    mean = 0.0
    for is_right, is_noticed in itertools.product((True, False), repeat=2):
        weight = (right if is_right else 1 - right) * (noticed if is_noticed else 1 - noticed)
        if is_right:
            time = ask + read
        elif is_noticed:
            time = ask + read + redo
        else:
            time = ask + read + harm
        mean += weight * time
    assert_allclose(expected_minutes(right, ask, read, redo, noticed, harm), mean, rtol=1e-12)


def test_harm_may_be_many():
    harm = np.array([0.0, 10.0, 70.0])
    before = harm.copy()
    together = expected_minutes(0.3, 1, 2, 30, 0.4, harm)
    assert_allclose(together, [expected_minutes(0.3, 1, 2, 30, 0.4, one) for one in harm])
    assert_array_equal(harm, before)
    assert expected_minutes(0.3, 1, 2, 30, 0.4, [5, 6]).dtype == float


def test_limits():
    assert expected_minutes(1, 5, 7, 60, 0.2, 900) == 12
    assert expected_minutes(0, 5, 7, 60, 1, 900) == 72
    assert expected_minutes(0, 5, 7, 60, 0, 900) == 912
    assert expected_minutes(1, 0, 0, 0, 0, 0) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"right": 1.01}, "right is 1.01; pass a share from 0 to 1"),
        ({"noticed": -0.01}, "noticed is -0.01; pass a share from 0 to 1"),
        ({"right": math.nan}, "right is nan"),
        ({"ask": -1}, "ask is -1; pass minutes, finite and at least 0"),
        ({"read": math.inf}, "read is inf; pass minutes"),
        ({"redo": math.nan}, "redo is nan; pass minutes"),
        ({"harm": [1, -2]}, "harm is .*; pass minutes"),
    ],
)
def test_expected_minutes_refuses(change, message):
    arguments = {"right": 0.5, "ask": 1, "read": 1, "redo": 1, "noticed": 0.5, "harm": 1}
    with pytest.raises(ValueError, match=message):
        expected_minutes(**{**arguments, **change})
