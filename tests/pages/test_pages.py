"""What is refused, with place, rule and remedy; what is accepted. The cases are data: see `corpus.py`."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from fieldbook import remedies
from fieldbook.faults import Rule

_spec = importlib.util.spec_from_file_location("fieldbook_corpus", Path(__file__).with_name("corpus.py"))
assert _spec is not None
assert _spec.loader is not None
corpus = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = corpus
_spec.loader.exec_module(corpus)

REFUSED = corpus.refused()
ACCEPTED = corpus.accepted()


def name(case):
    return case.slug


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """Build the wrong side of every case, as `make html` does."""
    book = corpus.Book(tmp_path_factory.mktemp("wrong") / "a book", REFUSED, "wrong")
    return book, book.build("html")


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """Judge the right side of every case and every accepted one, as `make check` does."""
    book = corpus.Book(tmp_path_factory.mktemp("right") / "a book", [*REFUSED, *ACCEPTED], "right")
    return book, book.build("judge")


def of_case(said, case, side):
    """Return what is said of a case's own files; of a file that cases share, everything."""
    files = {case.path(side), *case.beside}
    return [line for line in said if line.partition(":")[0] in files]


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_it_is_refused_for_this_and_nothing_else(wrong, case):
    book, said = wrong
    mine = of_case(said, case, "wrong")
    if isinstance(case.file, str):
        assert book.fault(case) in mine
    else:
        assert mine == [book.fault(case)]


def test_nothing_is_said_besides(wrong):
    book, said = wrong
    assert sorted(said) == sorted(book.fault(case) for case in REFUSED)


@pytest.mark.parametrize("case", [*REFUSED, *ACCEPTED], ids=name)
def test_the_neighbour_and_the_honest_edit_pass(right, case):
    assert of_case(right[1], case, "right") == []


def test_nothing_at_all_is_said_of_what_is_right(right):
    assert right[1] == []


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_refuses_something(rule):
    assert [case for case in REFUSED if case.says.endswith(f"[fieldbook.{rule.value}]")] != []


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in remedies.REMEDIES])
def test_every_remedy_for_what_others_say_is_needed(pattern):
    assert any(re.match(pattern, case.says) for case in REFUSED), "no case calls for it: write one, or take it out"


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_every_message_says_what_to_do_and_the_neighbour_is_near(case):
    message = case.says.rpartition(" [")[0]
    assert ";" in message or " (use " in message, "what is wrong; what to type"
    assert (
        (case.wrong, case.path("wrong")) != (case.right, case.path("right"))
        or case.unlisted
        or case.saved_as != "utf-8"
    )


def test_the_corpus_is_large_enough():
    assert len(REFUSED) >= 40
    assert len(ACCEPTED) >= 40
