import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from code_examples.retrieval.corrective_rag import action, corrective_rag, coverage, refine, strips

SCORE = st.sampled_from([-1.0, -0.9, -0.5, 0.0, 0.5, 0.9, 1.0])
TEXTS = ["a cat sat", "a dog sat", "the dog ran far", "a bird"]


def looked_up(**scores):
    return lambda question, text: scores[text.strip(".")]


@settings(max_examples=100, deadline=None)
@given(st.lists(SCORE, min_size=1, max_size=5), SCORE, SCORE)
def test_the_best_passage_decides(scores, one, other):
    upper, lower = max(one, other), min(one, other)
    best = max(scores)  # any above is the best above; all below is the best below
    expected = "correct" if best > upper else "incorrect" if best < lower else "ambiguous"
    assert action(scores, upper, lower) == expected
    assert action(scores[::-1], upper, lower) == expected


def test_scores_at_the_thresholds_are_ambiguous():
    assert action([0.5], 0.5, -0.5) == action([-0.5], 0.5, -0.5) == action([0.3], 0.3, 0.3) == "ambiguous"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_strips_hold_every_sentence_once(size):
    passage = " One is 1.5. Two! Three? Four.  Five"
    cut = strips(passage, size)
    assert " ".join(cut) == "One is 1.5. Two! Three? Four. Five"
    assert [len(re.findall(r"[.!?](?= |$)|Five$", strip)) for strip in cut] == [
        min(size, 5 - start) for start in range(0, 5, size)
    ]


def test_refining_ranks_then_restores_the_order():
    scores = {"d": 0.1, "c": -0.5, "b": 0.3, "a": -0.51, "e": 0.1, "f": 0.2, "g": 0.1}
    passages = ["d. c. b.", "a. e.", "f. g."]
    evaluate = looked_up(**scores)
    assert refine("q", passages, evaluate) == ["d.", "b.", "e.", "f.", "g."]
    assert refine("q", passages, evaluate, keep=3) == ["d.", "b.", "f."]  # the first of three equals
    assert refine("q", passages, evaluate, keep=7) == ["d.", "c.", "b.", "e.", "f.", "g."]  # at the floor, not below
    assert refine("q", passages, evaluate, floor=0.15) == ["b.", "f."]
    assert refine("q", passages, lambda q, text: len(text), size=2, keep=1) == ["d. c."]
    assert refine("q", [], evaluate) == []


def test_calls_of_each_action():
    heard = []

    def evaluate(question, text):
        heard.append((question, text))
        return {"good": 0.9, "fair": 0.0, "bad": -0.9, "page": 0.8, "spam": -0.8}[text]

    def run(*passages):
        heard.clear()
        return corrective_rag("q", passages, evaluate, lambda q: q + "!", lambda query: ["spam", "page"], 0.5, -0.5)

    assert run("bad", "good", "fair") == (
        ["good", "fair"],
        [("action", "correct"), ("knowledge", "good"), ("knowledge", "fair")],
    )
    assert [text for _, text in heard] == ["bad", "good", "fair"] * 2
    assert run("bad", "bad")[1] == [("action", "incorrect"), ("web", "q!"), ("knowledge", "page")]
    assert [text for _, text in heard] == ["bad", "bad", "spam", "page"]
    knowledge, trace = run("bad", "fair")
    assert knowledge == ["fair", "page"]
    assert trace == [("action", "ambiguous"), ("web", "q!"), ("knowledge", "fair"), ("knowledge", "page")]
    assert {question for question, _ in heard} == {"q"}


def test_weights_are_those_of_scikit_learn():
    words = sorted({word for text in TEXTS for word in text.split()})
    table = np.array([[word in text.split() for word in words] for text in TEXTS], dtype=float)
    idf = dict(zip(words, TfidfTransformer().fit(table).idf_, strict=True))
    evaluate = coverage(TEXTS)
    unseen = np.log(5) + 1
    for question in ("a dog", "the bird sat zebra", "a a far"):
        weights = {word: idf.get(word, unseen) for word in question.split()}
        for text in (*TEXTS, "zebra Dog, dog!", ""):
            held = sum(weights[word] for word in weights if word in re.findall(r"\w+", text.lower()))
            assert evaluate(question, text) == pytest.approx(2 * held / sum(weights.values()) - 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: action([], 0.5, -0.5), "at least one finite number"),
        (lambda: action([[0.1]], 0.5, -0.5), "must be a row"),
        (lambda: action([np.nan], 0.5, -0.5), "finite"),
        (lambda: action([0.1], np.inf, -0.5), "both thresholds finite"),
        (lambda: action([0.1], 0.5, np.nan), "both thresholds finite"),
        (lambda: action([0.1], -0.5, 0.5), "lower is 0.5 and exceeds upper, -0.5; exchange them"),
        (lambda: strips(" ", 1), "the passage holds no text; leave it out"),
        (lambda: strips("A.", 0), "size is 0; pass an integer of at least 1"),
        (lambda: strips("A.", 1.5), "size is 1.5"),
        (lambda: refine("q", ["A."], coverage(TEXTS), keep=0), "keep is 0; pass an integer of at least 1"),
        (lambda: refine("q", ["A."], coverage(TEXTS), keep=2.0), "keep is 2.0"),
        (lambda: coverage([]), "no text; pass the collection that is searched"),
        (lambda: coverage(TEXTS)("?!", "a"), "question is '?!'; pass a text with at least one word"),
        (lambda: corrective_rag("q", [], coverage(TEXTS), str, list, 0.5, -0.5), "at least one finite number"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    passages, scores = ["b. a."], np.array([0.2, 0.1])
    refine("q", passages, looked_up(a=0.9, b=0.1)), action(scores, 0.5, 0)
    assert passages == ["b. a."]
    assert scores.tolist() == [0.2, 0.1]
