import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.agents.agents import search_tool, task_success, transcript, words_read
from code_examples.agents.tool_use import Message, converse, run_tool, usage
from code_examples.retrieval.similarity import ranking
from code_examples.retrieval.sparse_retrieval import BM25

TEXTS = ["a dog", "a cat and a dog", "a bird", "one cat", "cat cat cat dog"]
SHARE = st.floats(0, 1)


def search(**arguments):
    return run_tool(json.dumps({"name": "search", "arguments": arguments}), [search_tool(TEXTS)])


def test_pages_of_a_search_are_its_ranking():
    order = ranking(BM25(TEXTS).scores("cat dog"))
    assert [json.loads(search(query="cat dog", page=page + 1)) for page in range(5)] == [TEXTS[i] for i in order]
    assert search(query="cat", page=2.0) == search(query="cat", page=2)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"query": "cat", "page": 6}, "error: there are only 5 pages; write another query"),
        ({"query": "cat", "page": 0}, "error: arguments.page is 0; pass at least 1; correct the call"),
        ({"query": "cat"}, "error: arguments.page is missing; correct the call"),
        (
            {"query": ["cat"], "page": 1},
            "error: arguments.query is ['cat']; pass a value of type string; correct the call",
        ),
    ],
)
def test_a_faulty_search_is_answered(arguments, answer):
    assert search(**arguments) == answer


def test_transcript_keeps_the_order_of_parallel_calls():
    calls = ('{"name": "a", "arguments": {}}', '{"name": "b", "arguments": {"x": 1, "y": "z"}}')
    messages = [
        Message("system", "tools"),
        Message("user", "go"),
        Message("assistant", "both", calls),
        Message("tool", "1"),
        Message("tool", "2"),
        Message("assistant", "done"),
        Message("program", "end"),
    ]
    assert transcript(messages) == [
        "Thought: both",
        "Action: a()",
        "Action: b(x=1, y='z')",
        "Observation: 1",
        "Observation: 2",
        "Answer: done",
    ]
    assert transcript([]) == []


@settings(max_examples=100, deadline=None)
@given(SHARE, st.integers(0, 6), SHARE, st.integers(0, 3))
def test_success_is_that_of_a_walk_through_all_attempts(step, n_steps, noticed, retries):
    def walk(left, tries):
        if left == 0:
            return 1.0
        again = (1 - step) * noticed * walk(left, tries - 1) if tries else 0.0
        return step * walk(left - 1, retries) + again

    assert float(task_success(step, n_steps, noticed, retries)) == pytest.approx(walk(n_steps, retries))


def test_success_agrees_with_throwing_dice():
    rng = np.random.default_rng(0)
    ruined = np.zeros(20_000, dtype=bool)
    for _ in range(4):
        done = np.zeros(20_000, dtype=bool)
        for _ in range(3):  # two retries
            active = ~done & ~ruined
            right, seen = rng.random(20_000) < 0.7, rng.random(20_000) < 0.6
            done |= active & right
            ruined |= active & ~right & ~seen
        ruined |= ~done
    assert np.mean(~ruined) == pytest.approx(float(task_success(0.7, 4, 0.6, 2)), abs=0.01)


def test_success_takes_arrays():
    grid = task_success(np.array([[0.9], [0.5]]), np.array([1, 2, 3]), 0.0, 0)
    assert grid == pytest.approx(np.array([[0.9, 0.81, 0.729], [0.5, 0.25, 0.125]]))


def test_words_read_are_those_of_a_conversation():
    def model(messages):
        if len(messages) == 8:
            return Message("assistant", "end of it")
        return Message("assistant", "next", ("?",))

    messages = converse(model, [], "what is it", 9)
    calls, read, _ = usage(messages)
    each = usage(messages)[2]  # written: three times one word, and the answer's three
    assert (calls, each) == (4, 6)
    answer = len(re.findall(r"[a-z0-9]+", run_tool("?", []).lower()))
    assert read == words_read(3, 1 + answer, 4)


@pytest.mark.parametrize("n_steps", [0, 1, 2, 7])
def test_words_read_adds_up(n_steps):
    assert words_read(11, 5, n_steps) == sum(11 + 5 * i for i in range(n_steps))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: task_success(1.1, 1, 0, 0), "step is 1.1; pass a probability from 0 to 1"),
        (lambda: task_success([0.5, -0.1], 1, 0, 0), "step is ["),
        (lambda: task_success(np.nan, 1, 0, 0), "step is nan"),
        (lambda: task_success(0.5, 1, 2, 0), "noticed is 2; pass a probability"),
        (lambda: task_success(0.5, 1, -0.5, 0), "noticed is -0.5"),
        (lambda: task_success(0.5, -1, 0, 0), "n_steps is -1; pass a count of at least 0"),
        (lambda: task_success(0.5, 1, 0, -1), "retries is -1"),
        (lambda: words_read(-1, 0, 0), "-1, 0, 0 are start, each, n_steps; pass counts of at least 0"),
        (lambda: words_read(0, 0, -2), "0, 0, -2"),
        (lambda: search_tool([]), "at least one"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
