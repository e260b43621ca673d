import itertools
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.prompting.chain_of_thought import (
    chain_prompt,
    final_answer,
    rationalizer,
    reckoner,
    self_consistency,
)

VERBS = {
    "add": lambda value, number: value + number,
    "subtract": lambda value, number: value - number,
    "multiply by": lambda value, number: value * number,
    "take it from": lambda value, number: number - value,
}
OPERATIONS = st.lists(st.tuples(st.sampled_from(list(VERBS)), st.integers(0, 30)), min_size=1, max_size=6)


def ask(start, operations):
    return f"Start with {start}, " + ", ".join(f"{verb} {number}" for verb, number in operations) + "."


def solve(start, operations):
    for verb, number in operations:
        start = VERBS[verb](start, number)
    return start


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), OPERATIONS)
def test_steps_are_true_equations_that_lead_to_the_answer(start, operations):
    prompt = chain_prompt(ask(start, operations), cue="Let's think step by step.")
    text = reckoner()(prompt)
    equations = re.findall(r"(\S+ [-+*] \S+) = (-?\d+)\.", text)
    assert [eval(term) for term, _ in equations] == [int(result) for _, result in equations]  # Python does the sums
    assert len(equations) == len(operations)
    assert final_answer(text) == int(equations[-1][1]) == solve(start, operations)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), OPERATIONS)
def test_in_its_head_it_does_one_operation(start, operations):
    text = reckoner()(chain_prompt(ask(start, operations)))
    assert "=" not in text
    assert final_answer(text) == solve(start, operations[:1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30), OPERATIONS, st.data())
def test_goes_on_from_what_is_written(start, operations, data):
    done = data.draw(st.integers(1, len(operations)))
    wrong = data.draw(st.integers(-50, 50))
    cue = " ".join(f"x = {i}." for i in range(done - 1)) + f" x = {wrong}."
    text = reckoner()(chain_prompt(ask(start, operations), cue=cue))
    assert final_answer(text) == solve(wrong, operations[done:])
    assert text.count("=") == len(operations) - done


def test_an_example_with_steps_is_followed_and_one_without_is_not():
    question = ask(2, [("add", 3), ("multiply by", 4)])
    with_steps = chain_prompt(question, [("Start with 1, add 1.", "1 + 1 = 2. The answer is 2.")])
    without = chain_prompt(question, [("Start with 1, add 1.", "The answer is 2.")])
    assert reckoner()(with_steps) == "2 + 3 = 5. 5 * 4 = 20. The answer is 20."
    assert reckoner()(without) == "The answer is 5."


def test_slips_and_misreadings_come_as_often_as_asked():
    rng = np.random.default_rng(3)
    operations = [("add", 2), ("multiply by", 10), ("take it from", 100)]
    prompt = chain_prompt(ask(1, operations), cue="Let's think step by step.")
    model, expected = reckoner(rng, slip=0.2, misread=0.25), Counter()
    errors = [(0, 0.8), (-1, 0.1), (1, 0.1)]
    for (a, p), (b, q), (c, r) in itertools.product(errors, repeat=3):
        product = 10 * (3 + a) + b
        expected[100 - product + c] += p * q * r * 0.75
        expected[product - 100 + c] += p * q * r * 0.25
    n = 4000
    found = Counter(final_answer(model(prompt)) for _ in range(n))
    assert set(found) <= set(expected)
    for answer, share in expected.items():
        assert abs(found[answer] / n - share) < 5 * np.sqrt(share * (1 - share) / n)


def test_a_draw_below_the_probability_is_an_error_and_its_size_is_added():
    class Draws:
        def __init__(self, value):
            self.value = value

        def random(self):
            return self.value

        def choice(self, sizes):
            return max(sizes)

    prompt = "Q: Start with 3, take it from 5.\nA: step by step"
    answers = [final_answer(reckoner(Draws(draw), slip=0.5)(prompt)) for draw in (0, 0.4999, 0.5, 0.9)]
    assert answers == [3, 3, 2, 2]
    answers = [final_answer(reckoner(Draws(draw), misread=0.5)(prompt)) for draw in (0, 0.4999, 0.5, 0.9)]
    assert answers == [-2, -2, 2, 2]


def test_self_consistency_counts_calls_words_and_votes():
    heard = []
    texts = itertools.cycle(["the answer is 4", "The answer is -5.", "no idea at all", "So the answer is -5"])

    def model(prompt):
        heard.append(prompt)
        return next(texts)

    winner, votes, cost = self_consistency(model, "one two  three", np.int64(4))
    assert (winner, votes) == (-5, {4: 1, -5: 2})
    assert heard == ["one two  three"] * 4
    assert cost == {"calls": 4, "words_in": 12, "words_out": 4 + 4 + 4 + 5}
    assert self_consistency(lambda prompt: "nothing", "a", 2) == (
        None,
        {},
        {"calls": 2, "words_in": 2, "words_out": 2},
    )


def test_the_suggestion_is_all_that_counts_for_the_rationalizer():
    question = ask(3, [("add", 4), ("multiply by", 5)])
    cue = "Let's think step by step."
    plain, led = chain_prompt(question, cue=cue), chain_prompt(f"{question} I think the answer is -1.", cue=cue)
    assert rationalizer(plain) == reckoner()(plain) == reckoner()(led)
    assert rationalizer(led) == "3 + 4 = 7. 7 * 5 = -1. The answer is -1."
    assert rationalizer(led + " 3 + 4 = 8.") == "8 * 5 = -1. The answer is -1."
    assert rationalizer(led + " 3 + 4 = 8. 8 * 5 = 40.") == "The answer is -1."
    other = chain_prompt(question, [("Start with 1, add 1. I think the answer is 3.", "1 + 1 = 2. The answer is 2.")])
    assert rationalizer(other) == reckoner()(other)  # the suggestion in another question does not count


def test_prompts():
    assert chain_prompt("b?", [("a?", "x"), ("c?", "y")], "z") == "Q: a?\nA: x\n\nQ: c?\nA: y\n\nQ: b?\nA: z"
    assert chain_prompt("b?") == "Q: b?\nA:"
    assert final_answer("") is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 45.", 45),
        ("the answer is 45, I think", 45),
        ("The answer is 45", 45),
        ("The answer is 45/ 2", 45),
        ("The answer is 45.5", None),
        ("The answer is 1,000.", None),
        ("The answer is 45/2", None),
        ("The answer is 7. The answer is -45.25.", 7),
        ("The answer is -12. 13 is not.", -12),
    ],
)
def test_only_whole_numbers_are_answers(text, answer):
    assert final_answer(text) == answer


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chain_prompt(" "), "no question; pass a text"),
        (lambda: self_consistency(str, "a", 0), "n is 0; pass an integer of at least 1"),
        (lambda: self_consistency(str, "a", 2.0), "n is 2.0"),
        (lambda: reckoner(RNG, slip=-0.1), "slip is -0.1; pass a probability from 0 to 1"),
        (lambda: reckoner(RNG, slip=np.nan), "slip is nan"),
        (lambda: reckoner(RNG, misread=1.5), "misread is 1.5"),
        (lambda: reckoner(slip=0.1), "errors are drawn; pass a generator as rng"),
        (lambda: reckoner(misread=0.1), "pass a generator as rng"),
        (lambda: reckoner()("Q: Who?\nA:"), "the question is 'Who?'; pass one such as 'Start with 3, add 4.'"),
        (lambda: reckoner()("Q: Start with 3.\nA:"), "the question is 'Start with 3.'"),
        (lambda: reckoner()("Q: Add 3, add 4.\nA:"), "the question is 'Add 3, add 4.'"),
        (lambda: rationalizer("Hello"), "the question is 'Hello'"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
