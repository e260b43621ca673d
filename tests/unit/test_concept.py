"""The front matter: what is accepted, and each fault with its line and remedy."""

from __future__ import annotations

import pytest

from fieldbook import concept

GOOD = """---
file_format: mystnb
kernelspec: {name: python3}
summary: Turns scores into shares that add up to one.
aliases: [normalized exponential, "logits: to probabilities"]
requires: [gradient-descent]
contrasts: []
reviewed: 2026-11
---

# Softmax
"""


def faults(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in concept.parse(text, "docs/a/b").faults]


def test_a_good_block_is_a_typed_record():
    front = concept.parse(GOOD, "docs/a/b")
    assert front.faults == ()
    assert front.concept.summary == "Turns scores into shares that add up to one."
    assert front.concept.aliases == ("normalized exponential", "logits: to probabilities")
    assert front.concept.requires == ("gradient-descent",)
    assert front.concept.reviewed == "2026-11"
    assert front.line("requires") == 6
    assert front.end == 9


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("summary:", "sumary:", 4, "unknown key 'sumary'; did you mean 'summary'?"),
        ("reviewed: 2026-11\n", "", 1, "key 'reviewed' is missing; write year and month"),
        ("2026-11", "2026-13", 8, "'reviewed' is not as it should be"),
        ("2026-11", "2026", 8, "'reviewed' is not as it should be"),
        ("contrasts: []", "contrasts: softmax", 7, "write a list of slugs"),
        (
            "[gradient-descent]",
            "[Gradient descent]",
            6,
            "'Gradient descent' in requires is no slug",
        ),
        (
            "contrasts: []",
            "contrasts: []\ncontrasts: []",
            8,
            "key 'contrasts' stands twice; keep one",
        ),
        ("kernelspec: {name: python3}\n", "", 2, "'file_format' without 'kernelspec'"),
        ("python3", "julia", 3, "write 'kernelspec: {name: python3}' or leave it out"),
        ("file_format: mystnb", "file_format: ipynb", 2, "write 'file_format: mystnb'"),
        ("summary: T", "summary: T: t", 4, "front matter is not YAML"),
        ("Turns scores", "x" * 161, 4, "summary has 193 characters, 33 more than 160; shorten it"),
        (
            "summary: Turns scores into shares that add up to one.",
            "summary:",
            4,
            "'summary' is not",
        ),
    ],
)
def test_a_fault_is_located_and_says_the_remedy(old, new, line, message):
    assert old in GOOD
    found = faults(GOOD.replace(old, new))
    assert any(at == line and message in said for at, said in found), found
    assert len(found) == (2 if "sumary" in new else 1)  # a key under a wrong name is missing as well


def test_a_summary_of_exactly_the_limit_is_accepted():
    text = GOOD.replace("Turns scores into shares that add up to one.", "x" * 160)
    assert faults(text) == []


def test_disorder_is_refused_once_with_the_order():
    lines = GOOD.splitlines()
    lines[3], lines[5] = lines[5], lines[3]
    [(line, message)] = faults("\n".join(lines))
    assert line == 5
    assert message.startswith("key 'aliases' stands after 'requires'; the order is file_format, ")


def test_all_faults_come_together():
    text = GOOD.replace("reviewed: 2026-11\n", "").replace("aliases", "alias")
    assert [message.split(";")[0] for _, message in faults(text)] == [
        "key 'aliases' is missing",
        "key 'reviewed' is missing",
        "unknown key 'alias'",
    ]


@pytest.mark.parametrize("text", ["# Softmax\n", "", "---\nsummary: never closed\n"])
def test_no_block_is_one_fault(text):
    [(line, message)] = faults(text)
    assert line == 1
    assert message.startswith("no front matter; begin the file with '---'")


def test_a_date_stays_the_text_that_stands_there():
    assert concept.parse(GOOD.replace("2026-11", "'2026-11'"), "d").concept.reviewed == "2026-11"


# --- questions -------------------------------------------------------------------------------------------------------

QUESTIONS = """questions:
- How do scores become shares?
- "Which comes first: scaling or normalizing?"
"""
ASKED = GOOD.replace("requires:", f"{QUESTIONS}requires:")


def test_questions_may_be_left_out_and_stand_behind_the_aliases():
    assert concept.parse(GOOD, "d").concept.questions == ()
    front = concept.parse(ASKED, "d")
    assert front.faults == ()
    assert front.concept.questions == ("How do scores become shares?", "Which comes first: scaling or normalizing?")
    assert (front.line("questions"), front.line("requires"), front.end) == (6, 9, 12)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("How scores become shares.", "'How scores become shares.' is no question of at most 100 letters"),
        ("'?'", "'?' is no question of at most 100 letters that ends in '?'; rewrite or shorten it"),
        ("''", "'' is no question"),
        (f"{'x' * 100}?", "is no question of at most 100 letters"),
        ("Which: this or that?", "an entry of 'questions' holds ': '; put it between quotes"),
        ("[Why?]", "'questions' is not as it should be (input should be a valid string); write a list of questions"),
        ("", "'questions' is not as it should be (input should be a valid string); write a list of questions"),
    ],
)
def test_a_faulty_question_is_said_at_its_own_line(question, message):
    found = faults(ASKED.replace('- "Which comes first: scaling or normalizing?"', f"- {question}"))
    assert [line for line, _ in found] == [8]
    assert message in found[0][1]


def test_a_question_of_exactly_the_limit_is_accepted():
    assert faults(ASKED.replace("How do scores become shares?", f"{'x' * 99}?")) == []


def test_a_faulty_entry_of_any_list_is_said_at_its_own_line():
    text = GOOD.replace("requires: [gradient-descent]", "requires:\n- gradient-descent\n- Two words")
    assert [line for line, _ in faults(text)] == [8]
    text = GOOD.replace("aliases: [normalized exponential,", "aliases: [\n  one: two,\n ")
    assert faults(text) == [(6, "an entry of 'aliases' holds ': '; put it between quotes")]


@pytest.mark.parametrize("value", ["Why?", "{why: so}", "", "5"])
def test_questions_that_are_no_list_are_said_at_their_key(value):
    found = faults(GOOD.replace("requires:", f"questions: {value}\nrequires:"))
    assert [(line, message.partition(";")[0]) for line, message in found] == [
        (6, "'questions' is not as it should be (input should be a valid list)")
    ]


def test_the_table_of_keys_says_when_each_is_needed():
    when = {key: needed for key, needed, _ in concept.schema_rows()}
    assert {key for key, needed in when.items() if needed == "always"} == set(concept.REQUIRED)
    assert {key: when[key] for key in ("file_format", "kernelspec", "questions")} == {
        "file_format": "with cells",
        "kernelspec": "with cells",
        "questions": "by `make test`",
    }
