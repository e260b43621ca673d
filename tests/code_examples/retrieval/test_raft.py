import re
from collections import Counter

import numpy as np
import pytest

from code_examples.retrieval.raft import Example, completion, raft_examples

QUESTIONS = [(f"q{i}?", f"a{i}", f"o{i}", [f"d{i}{letter}" for letter in "abcdef"]) for i in range(10)]


def parts(example):
    """Read the documents and the question back from a prompt, by a route of its own."""
    return re.findall(r"<DOCUMENT>(.*?)</DOCUMENT>", example.prompt), example.prompt.split("\n")[-1]


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (0.24, 2), (0.26, 3), (0.5, 5), (0.8, 8), (1, 10)])
@pytest.mark.parametrize("n_documents", [1, 2, 5])
def test_each_prompt_has_what_the_share_asks(share, expected, n_documents):
    examples = raft_examples(QUESTIONS, share, n_documents, np.random.default_rng(3))
    assert sum(example.has_oracle for example in examples) == expected
    for example, (question, answer, oracle, distractors) in zip(examples, QUESTIONS, strict=True):
        documents, asked = parts(example)
        assert isinstance(example, Example)
        assert asked == question
        assert example.completion == answer
        assert example.prompt.count("\n") == n_documents
        if example.has_oracle:
            assert Counter(documents) == Counter([oracle, *distractors[: n_documents - 1]])
        else:
            assert Counter(documents) == Counter(distractors[:n_documents])


def test_the_oracle_is_at_any_place_and_in_any_example():
    places, holders = Counter(), Counter()
    for seed in range(300):
        for i, example in enumerate(raft_examples(QUESTIONS, 0.3, 3, np.random.default_rng(seed))):
            documents, _ = parts(example)
            if example.has_oracle:
                places[documents.index(f"o{i}")] += 1
                holders[i] += 1
    assert sum(places.values()) == 900
    assert all(240 < places[place] < 360 for place in range(3))  # four standard deviations: 57
    assert all(58 < holders[i] < 122 for i in range(10))  # four standard deviations: 32


def test_the_distractors_are_shuffled_too():
    firsts = {parts(raft_examples(QUESTIONS[:1], 0, 3, np.random.default_rng(seed))[0])[0][0] for seed in range(40)}
    assert firsts == {"d0a", "d0b", "d0c"}


def test_the_same_seed_gives_the_same_examples():
    make = [raft_examples(QUESTIONS, 0.5, 4, np.random.default_rng(7)) for _ in range(2)]
    assert make[0] == make[1]
    assert make[0] != raft_examples(QUESTIONS, 0.5, 4, np.random.default_rng(8))


def test_the_form_of_the_paper():
    text = completion("head office in Delhi", "Delhi")
    assert re.fullmatch(r"##Reason: .*##begin_quote## (.*) ##end_quote##.* ##Answer: (.*)", text).groups() == (
        "head office in Delhi",
        "Delhi",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"questions": []}, "there is no question; pass at least one"),
        ({"share": 1.01}, "share is 1.01; pass a number from 0 to 1"),
        ({"share": -0.01}, "share is -0.01; pass a number from 0 to 1"),
        ({"share": np.nan}, "share is nan; pass a number"),
        ({"n_documents": 0}, "n_documents is 0; pass an integer of at least 1"),
        ({"n_documents": 2.0}, "n_documents is 2.0; pass an integer of at least 1"),
        ({"n_documents": 7}, "question 0: pass 7 different distractors, none of them the oracle"),
        ({"questions": [QUESTIONS[0], ("q", "a", "o", ["x", "o", "y"])]}, "question 1: pass 3 different distractors"),
        ({"questions": [("q", "a", "o", ["x", "x", "y"])]}, "question 0: pass 3 different distractors"),
    ],
)
def test_refuses_what_has_no_answer(change, message):
    given = {"questions": QUESTIONS, "share": 0.5, "n_documents": 3, "rng": np.random.default_rng(0)} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        raft_examples(**given)


def test_what_is_not_used_may_repeat():
    assert raft_examples([("q", "a", "o", ["x", "o"])], 0, np.int64(1), np.random.default_rng(0))[0].completion == "a"


def test_leaves_its_input_alone():
    before = repr(QUESTIONS)
    raft_examples(iter(QUESTIONS), 1, 3, np.random.default_rng(0))
    assert repr(QUESTIONS) == before
