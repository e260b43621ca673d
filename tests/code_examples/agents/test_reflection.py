import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.agents.reflection import reflect, review, verdicts

SHARE = st.floats(0, 1)


@settings(max_examples=100, deadline=None)
@given(SHARE, SHARE, SHARE, st.integers(0, 8))
def test_review_is_a_chain_of_two_states(accuracy, broken, mended, rounds):
    chain = np.array([[1 - broken, broken], [mended, 1 - mended]])  # right, wrong
    after = np.array([accuracy, 1 - accuracy]) @ np.linalg.matrix_power(chain, rounds)
    assert review(accuracy, broken, mended, rounds) == pytest.approx(after[0], abs=1e-12)


@pytest.mark.parametrize("start", [0.0, 0.4, 0.955, 1.0])
def test_review_forgets_where_it_began(start):
    assert review(start, 0.06, 0.3, 100) == pytest.approx(0.3 / 0.36)


def test_review_helps_exactly_below_its_limit():
    limit = 0.2 / 0.25
    assert review(limit, 0.05, 0.2, 1) == pytest.approx(limit)
    assert review(limit + 0.01, 0.05, 0.2, 1) < limit + 0.01
    assert review(limit - 0.01, 0.05, 0.2, 1) > limit - 0.01


def test_review_agrees_with_drawn_answers():
    rng = np.random.default_rng(0)
    right = rng.random(50_000) < 0.8
    for _ in range(2):
        draw = rng.random(50_000)
        right = np.where(right, draw >= 0.1, draw < 0.3)
    assert right.mean() == pytest.approx(review(0.8, 0.1, 0.3, 2), abs=0.01)


def play(content_after, max_rounds):
    log = []

    def write(task, tried):
        log.append(("write", task, tried))
        return len(tried)

    def criticise(task, draft):
        log.append(("criticise", task, draft))
        return "" if draft >= content_after else f"not {draft}"

    return *reflect(write, criticise, "task", max_rounds), log


def test_the_loop_ends_when_the_critic_is_content():
    draft, tried, log = play(2, 9)
    assert (draft, tried) == (2, [(0, "not 0"), (1, "not 1")])
    assert log == [
        ("write", "task", ()),
        ("criticise", "task", 0),
        ("write", "task", ((0, "not 0"),)),
        ("criticise", "task", 1),
        ("write", "task", ((0, "not 0"), (1, "not 1"))),
        ("criticise", "task", 2),
    ]


@pytest.mark.parametrize("max_rounds", [0, 1, 3])
def test_the_loop_ends_after_its_rounds(max_rounds):
    draft, tried, log = play(99, max_rounds)
    assert draft == max_rounds == len(tried)
    assert [what for what, *_ in log].count("criticise") == max_rounds
    assert log[-1][0] == "write"


def test_verdicts_are_those_of_calling_the_function():
    cases = [((1, 2), 3), ((2, 2), 5), (("a", "b"), "ab"), ((1, "a"), 0), ((True, 1), 2)]
    said = verdicts("lambda a, b: print('noise') or a + b", cases, 30)
    assert said == ["", "f(2, 2) gives 4, not 5", "", "f(1, 'a') raises TypeError", ""]
    assert verdicts("lambda s: s * 2", [(("é\n'",), "x")], 30) == ["f(\"é\\n'\") gives \"é\\n'é\\n'\", not 'x'"]
    assert verdicts("abs", [], 30) == []


def test_verdicts_of_what_does_not_run():
    cases = [((1,), 1), ((2,), 2)]
    assert verdicts("(lambda:", cases, 30)[0].startswith("SyntaxError")
    assert verdicts("7", cases, 30) == ["f(1) raises TypeError", "f(2) raises TypeError"]
    late = "killed after 0.3 s; pass something that ends sooner"
    assert verdicts("lambda a: [0 for _ in iter(int, 1)]", cases, 0.3) == [late, late]


@pytest.mark.parametrize(
    "program",
    [
        "lambda a: exit()",
        "lambda a: __import__('os')._exit(0)",
        """lambda a: [print('[["gives", 2]]', flush=True), __import__('os')._exit(0)]""",
        "lambda a: [print('7', flush=True), __import__('os')._exit(0)]",
        "lambda a: __import__('atexit').register(print, '[[1, 1], 2]')",
    ],
)
def test_a_program_that_writes_its_own_report_is_refused(program):
    said = ["the program ended, or wrote, before all cases had run"] * 2
    assert verdicts(program, [((1,), 2), ((2,), 3)], 30) == said


def test_an_object_that_equals_everything_is_not_right():
    program = "lambda a: type('Any', (), {'__eq__': lambda *_: True, '__repr__': lambda _: 'any'})()"
    assert verdicts(program, [((1,), 2)], 30) == ["f(1) gives 'any', not 2"]


def test_a_result_that_is_not_plain_is_shown_and_not_right():
    said = verdicts("lambda a: __import__('fractions').Fraction(a, 2)", [((1,), 0.5)], 30)
    assert said == ["f(1) gives 'Fraction(1, 2)', not 0.5"]


def test_the_program_cannot_read_what_is_wanted():
    program = "lambda a: str(987654320 + a) in str(__import__('sys').orig_argv)"
    assert verdicts(program, [((1,), 987654321)], 30) == ["f(1) gives False, not 987654321"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: review(1.1, 0, 0, 1), "accuracy is 1.1; pass a share from 0 to 1"),
        (lambda: review(0, -0.1, 0, 1), "broken is -0.1"),
        (lambda: review(0, 0, float("nan"), 1), "mended is nan"),
        (lambda: review(0, 0, 0, -1), "rounds is -1; pass at least 0"),
        (lambda: play(1, -1), "max_rounds is -1; pass at least 0"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
