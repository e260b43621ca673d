import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.prompting.chain_of_code import Step, run_program, stand_in, undefined_calls

LINES = st.lists(
    st.builds(
        "{} = {} {} {}".format,
        st.sampled_from("abc"),
        st.sampled_from("abc12"),
        st.sampled_from("+-*"),
        st.sampled_from("abc7"),
    ),
    max_size=6,
)


def never(line, state):
    raise AssertionError("nothing to emulate")


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_what_can_run_is_run_as_python_runs_it(lines):
    program = "\n".join(["a, b, c = 1, 2, 3", *lines])
    expected = {}
    exec(program, expected)
    state, steps = run_program(program, never)
    assert state == {name: expected[name] for name in "abc"}
    assert [step.by for step in steps] == ["interpreter"] * (len(lines) + 1)
    replayed = {}
    for step in steps:
        replayed |= step.changed
    assert replayed == state


def test_failing_lines_go_to_the_emulator_with_a_copy_of_the_state():
    heard = []

    def emulate(line, state):
        heard.append((line, dict(state)))
        state["n"] = 99
        return {"x": len(heard)}

    state, steps = run_program("n = 2\nx = guess(n)\nn = n + x\nx = n / 0\ny = x", emulate)
    assert heard == [("x = guess(n)", {"n": 2}), ("x = n / 0", {"n": 3, "x": 1})]
    assert state == {"n": 3, "x": 2, "y": 2}
    assert steps == [
        Step("n = 2", "interpreter", {"n": 2}),
        Step("x = guess(n)", "emulator", {"x": 1}),
        Step("n = n + x", "interpreter", {"n": 3}),
        Step("x = n / 0", "emulator", {"x": 2}),
        Step("y = x", "interpreter", {"y": 2}),
    ]


def test_a_loop_that_fails_midway_leaves_nothing_behind():
    program = "n = 0\nfor i in range(4):\n    n += 1\n    if i == 2:\n        n += judge(i)"
    state, steps = run_program(program, lambda line, state: {"n": 5} if state["n"] == 0 else {"n": -1})
    assert state == {"n": 5}
    assert steps[1].line.startswith("for i in range(4):\n    n += 1")


def test_what_changes_in_place_is_seen_and_taken_back():
    heard = []

    def emulate(line, state):
        heard.append(state["kept"][:])
        state["kept"].append("lost")
        return {"n": 7}

    program = "kept = [1]\nalso = kept\nfor i in (2, 3):\n    kept.append(i)\n    kept.append(judge(i))\nkept.append(4)"
    state, steps = run_program(program, emulate)
    assert heard == [[1]]
    assert state == {"kept": [1, 4], "also": [1, 4], "n": 7}
    assert state["kept"] is state["also"]  # two names of one list stay so, even after a line was taken back
    assert [step.changed for step in steps] == [
        {"kept": [1]},
        {"also": [1]},
        {"n": 7},
        {"kept": [1, 4], "also": [1, 4]},
    ]


def test_functions_and_modules_work_as_in_python():
    program = (
        "import math\nfrom math import sqrt as root\ndef f(n):\n    return g(n) + shift\n"
        "def g(n):\n    return 1 if n == 0 else n * g(n - 1)\nshift = 0\nx = judge(1)\nshift = 100\n"
        "y = f(4) + math.floor(root(17))"
    )
    state, steps = run_program(program, lambda line, state: {"x": 5}, {"judge": int})
    assert (state["x"], state["y"]) == (5, 24 + 100 + 4)
    assert [step.by for step in steps] == ["interpreter"] * 5 + ["emulator"] + ["interpreter"] * 2
    assert "__builtins__" not in state
    assert list(steps[-1].changed) == ["y"]


def test_declared_functions_and_types():
    program = "a = is_odd(3)\nb = a + 1"
    assert run_program(program, lambda line, state: {"a": True}, {"is_odd": bool})[0] == {"a": True, "b": 2}
    assert run_program("a = 1", never, {})[0] == {"a": 1}
    both = {"is_odd": bool, "size": int}
    assert run_program("a = is_odd(3), size(2)", lambda line, state: {"a": 4}, both)[0] == {"a": 4}
    assert run_program(program, lambda line, state: {"a": 7})[0] == {
        "a": 7,
        "b": 8,
    }  # nothing declared, nothing checked


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("", []),
        ("print(len([1]))", []),
        ("def f(x):\n    return g(x)\nf(1)", ["g"]),
        ("z = h(1) + k(h(2))\nq.attribute(3)", ["h", "k"]),
        ("h = max\nh(1, 2)", []),
        ("import numpy as np, os\nfrom re import sub, split as cut\nsub(1)\ncut(2)\nsplit(np(os()))", ["split"]),
        ("class Box:\n    pass\ndef use(f, *fs, **named):\n    return f(fs(named(Box())))", []),
    ],
)
def test_undefined_calls(program, names):
    assert undefined_calls(program) == names


def test_the_stand_in():
    emulate = stand_in({"double": lambda x: 2 * x}, guess="?")
    state = {"n": 3, "m": 1}
    assert emulate("a = double(n) + m", state) == {"a": 7}
    assert emulate("n += double(m)", state) == {"n": 5}
    assert emulate("a, b = double(n), missing(m)", state) == {"a": "?", "b": "?"}
    assert state == {"n": 3, "m": 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_program("x = = 1", never), "line 1 of the program is no Python: invalid syntax"),
        (lambda: undefined_calls("\nx = ("), "line 2 of the program is no Python: '(' was never closed"),
        (lambda: run_program("x = f(1)", never, {}), "'x = f(1)' fails: name 'f' is not defined; mend the program"),
        (lambda: run_program("x = y + 1", never, {"f": int}), "'x = y + 1' fails: name 'y' is not defined"),
        (lambda: run_program("x = 1 / 0", never, {"f": int}), "'x = 1 / 0' fails: division by zero"),
        (lambda: run_program("x = f(y)", never, {"g": int}), "'x = f(y)' fails"),
        (
            lambda: run_program("n = 0\nn += f(1) + f(2)", lambda line, state: {"n": 2}, {"f": bool}),
            "'n += f(1) + f(2)': n is 2, not bool",  # a call that is no line of its own
        ),
        (
            lambda: run_program("x = f(1)", lambda line, state: {"x": "False"}, {"f": bool}),
            "'x = f(1)': x is 'False', not bool; ask the emulator again",
        ),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
