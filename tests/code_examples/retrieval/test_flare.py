import re
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.retrieval.flare import Line, flare, low_spans, masked_query, scripted, triggers

PROBABILITY = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
LINES = [
    Line("a b c", (0.9, 0.5, 0.9), "red", "a X c"),
    Line("d e", (0.99, 0.7), "green", "d Y"),
    Line("f", (1.0,)),
    Line("g h", (0.3, 0.95), "blue", "Z h"),
]


def listening(answers=()):
    """Return a search that answers every query with the same passages, and the list of its queries."""
    heard = []
    return lambda query: heard.append(query) or list(answers), heard


@settings(max_examples=60, deadline=None)
@given(st.lists(PROBABILITY, min_size=1, max_size=6), PROBABILITY)
def test_the_least_probable_token_decides(probabilities, theta):
    assert triggers(probabilities, theta) is (min(probabilities) < theta)
    assert not triggers(probabilities, 0)
    assert triggers(probabilities, 1) is (set(probabilities) != {1.0})


@settings(max_examples=60, deadline=None)
@given(st.lists(PROBABILITY, min_size=1, max_size=6), PROBABILITY)
def test_words_go_into_the_query_or_into_a_span(probabilities, beta):
    words = [f"w{i}" for i in range(len(probabilities))]
    kept, spans = masked_query(words, probabilities, beta).split(), low_spans(words, probabilities, beta)
    assert sorted(kept + " ".join(spans).split()) == words
    expected = [list(run) for low, run in groupby(words, key=lambda w: probabilities[int(w[1:])] < beta) if low]
    assert [span.split() for span in spans] == expected
    assert kept == sorted(kept)


def test_a_run_of_calls_in_order():
    search, heard = listening(["a red one and a blue one"])
    written, trace = flare("why?", scripted(LINES), search, theta=0.8, beta=0.6)
    assert written == ["a X c", "d e", "f", "Z h"]  # the first draft has read the passages for the question
    assert heard == ["why?", "d e", "h"]
    assert trace == [
        ("search", "why?"),
        ("draft", "a X c"),
        ("draft", "d e"),
        ("search", "d e"),
        ("rewrite", "d e"),
        ("draft", "f"),
        ("draft", "g h"),
        ("search", "h"),
        ("rewrite", "Z h"),
    ]


@pytest.mark.parametrize(("theta", "searches"), [(0, 1), (0.3, 1), (0.31, 2), (0.5, 2), (0.51, 3), (0.8, 4), (1, 4)])
def test_calls_follow_from_the_sentences_that_trigger(theta, searches):
    search, heard = listening()
    calls = []

    def model(*arguments):
        calls.append(arguments)
        return scripted(LINES)(*arguments)

    written, trace = flare("q", model, search, theta, beta=0)
    assert len(heard) == searches == sum(kind == "search" for kind, _ in trace)
    assert len(calls) == 4 + (searches - 1) + 1  # drafts, rewrites, and the call that ends the text
    assert written == [line.draft for line in LINES]
    assert [len(before) for _, before, _ in calls][-1] == 4


def test_passages_are_forgotten():
    seen = []

    def model(question, written, passages):
        seen.append((len(written), list(passages)))
        return [("w", 0.1)] if len(written) < 3 else []

    written, _ = flare("q", model, lambda query: [f"for {query}"], theta=0.5, beta=0)
    assert seen == [(0, ["for q"]), (0, ["for w"]), (1, []), (1, ["for w"]), (2, []), (2, ["for w"]), (3, [])]
    assert written == ["w", "w", "w"]


def test_a_draft_of_nothing_but_doubt_asks_nothing():
    search, heard = listening(["blue"])
    written, trace = flare("q", scripted([LINES[1], Line("g h", (0.3, 0.2), "blue", "Z h")]), search, 0.8, 0.4)
    assert heard == ["q", "d e"]
    assert written == ["d e", "g h"]
    assert trace[-1] == ("draft", "g h")


def test_an_empty_answer():
    search, heard = listening()
    assert flare("q", scripted([]), search, 1, 1) == ([], [("search", "q")])
    assert heard == ["q"]


def test_the_script_reads_every_passage_for_its_evidence():
    model = scripted(LINES)
    assert model("q", [], ["nothing", "a red one"]) == [("a", 0.95), ("X", 0.95), ("c", 0.95)]
    assert model("q", ["one"], ["red"]) == [("d", 0.99), ("e", 0.7)]
    assert model("q", ["one", "two"], ["red", "", "f"]) == [("f", 1.0)]
    assert model("q", list("four"), ["blue"]) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: triggers([], 0.5), "at least one number from 0 to 1, one for each token"),
        (lambda: triggers([[0.5]], 0.5), "must be a row"),
        (lambda: triggers(0.5, 0.5), "must be a row"),
        (lambda: triggers([0.5, np.nan], 0.5), "from 0 to 1"),
        (lambda: triggers([1.01], 0.5), "from 0 to 1"),
        (lambda: triggers([-0.01], 0.5), "from 0 to 1"),
        (lambda: triggers([0.5], 1.01), "theta is 1.01; pass a threshold from 0 to 1"),
        (lambda: triggers([0.5], -0.1), "theta is -0.1"),
        (lambda: triggers([0.5], np.nan), "theta is nan"),
        (lambda: masked_query(["a"], [0.5], 2), "beta is 2; pass a threshold from 0 to 1"),
        (lambda: masked_query(["a", "b"], [0.5], 0.5), "2 tokens and 1 probabilities; pass one for each token"),
        (lambda: low_spans([], [], 0.5), "at least one number"),
        (lambda: flare("q", scripted(LINES), lambda query: [], 0.5, 1.5), "beta is 1.5"),
        (lambda: flare("q", scripted(LINES), lambda query: [], 1.5, 0.5), "theta is 1.5"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_a_script_has_a_probability_for_each_word():
    with pytest.raises(ValueError, match="shorter"):
        scripted([Line("two words", (0.9,))])("q", [], [])


def test_leaves_its_input_alone():
    tokens, probabilities = ["a", "b"], np.array([0.3, 0.9])
    masked_query(tokens, probabilities, 0.5), low_spans(tokens, probabilities, 0.5)
    assert tokens == ["a", "b"]
    assert probabilities.tolist() == [0.3, 0.9]
