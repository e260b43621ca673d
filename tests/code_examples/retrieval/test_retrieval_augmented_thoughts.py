import re

import pytest

from code_examples.retrieval.retrieval_augmented_thoughts import retrieval_augmented_thoughts


class Recorder:
    """A model that marks what it revises, and keeps what it was asked."""

    def __init__(self, draft):
        self.draft, self.calls = draft, []

    def __call__(self, call, given):
        self.calls.append((call, given))
        if call == "draft":
            return self.draft
        if call == "query":
            return "+".join(given[1])
        if call == "revise":
            return [*given[1][:-1], f"{given[1][-1]}*{len(given[2])}"]
        return " / ".join(given[1])


def search_in(calls):
    def search(query):
        calls.append(("search", query))
        return [query] * query.count("+")

    return search


def test_each_call_is_that_of_algorithm_1():
    model = Recorder(["a", "b", "c"])
    assert retrieval_augmented_thoughts("task", model, search_in(model.calls)) == "a*0 / b*1 / c*2"
    assert model.calls == [  # played out by hand
        ("draft", "task"),
        ("query", ("task", ["a"])),
        ("search", "a"),
        ("revise", ("task", ["a"], [])),
        ("query", ("task", ["a*0", "b"])),
        ("search", "a*0+b"),
        ("revise", ("task", ["a*0", "b"], ["a*0+b"])),
        ("query", ("task", ["a*0", "b*1", "c"])),
        ("search", "a*0+b*1+c"),
        ("revise", ("task", ["a*0", "b*1", "c"], ["a*0+b*1+c"] * 2)),
        ("answer", ("task", ["a*0", "b*1", "c*2"])),
    ]


@pytest.mark.parametrize("n", [1, 2, 7])
def test_two_calls_a_step_and_two_more(n):
    model = Recorder([str(i) for i in range(n)])
    retrieval_augmented_thoughts("task", model, lambda query: [])
    assert len(model.calls) == 2 * n + 2


def test_a_revision_may_change_earlier_steps():
    def model(call, given):
        if call == "draft":
            return ("x", "y", "z")
        return tuple(step + "!" for step in given[1]) if call == "revise" else given[1]

    assert retrieval_augmented_thoughts("task", model, list) == ["x!!!", "y!!", "z!"]


def test_later_steps_cannot_reach_earlier_searches():
    def searched(draft):
        model, queries = Recorder(draft), []
        retrieval_augmented_thoughts("task", model, lambda query: queries.append(query) or [])
        return queries

    assert searched(["a", "b", "c"])[:2] == searched(["a", "b", "other"])[:2]
    assert searched(["a", "b", "c"])[1:] != searched(["other", "b", "c"])[1:]


@pytest.mark.parametrize(
    ("draft", "revised", "message"),
    [
        ([], None, "the draft is []; let the model return a list of at least one step"),
        ("", None, "the draft is ''; let the model return a list of at least one step"),
        ("one text", None, "the draft is 'one text'; let the model return a list"),
        (["a"], [], "revision 1 returns 0 steps; let the model return as many as it was given"),
        (["a", "b"], ["a"], "revision 2 returns 1 steps; let the model return as many as it was given"),
        (["a"], ["a", "b"], "revision 1 returns 2 steps; let the model return as many"),
    ],
)
def test_refuses_what_has_no_answer(draft, revised, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        retrieval_augmented_thoughts(
            "task", lambda call, given: {"draft": draft, "query": "q"}.get(call, revised), lambda query: []
        )


def test_leaves_the_draft_alone():
    draft = ["a", "b"]
    retrieval_augmented_thoughts("task", Recorder(draft), lambda query: [])
    assert draft == ["a", "b"]
