import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer

from code_examples.evaluation.needle_in_a_haystack import haystack, match, needle_map, visible
from code_examples.shared.corpus import tokens

FILLER = ["one two three.", "four five.", "six seven eight nine ten."]
NEEDLE = "Ann sings in Rome."


def words(sentences):
    return sum(len(tokens(text)) for text in sentences)


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 80), st.floats(0, 1), st.floats(0, 1))
def test_the_needle_stands_at_its_depth_to_within_a_sentence(length, depth, other):
    text = haystack(FILLER, length, [(depth, NEEDLE)])
    place = text.index(NEEDLE)
    before, filling = words(text[:place]), words(text) - 4
    assert before <= depth * filling + 1e-6
    if depth < 1 and place < len(text) - 1:
        assert words(text[:place]) + words([text[place + 1]]) > depth * filling
    assert length - 5 < words(text) <= length
    without = [some for some in text if some != NEEDLE]
    assert without == (FILLER * 30)[: len(without)]
    both = haystack(FILLER, length + 1, [(depth, NEEDLE), (other, "Stop.")])
    assert [some for some in both if some != "Stop."] == text  # a second sentence moves none


def test_first_last_and_order_of_equals():
    text = haystack(FILLER, 30, [(1, "last one"), (0, "b"), (0, "a"), (1, "very last")])
    assert text[:2] == ["b", "a"]
    assert text[-2:] == ["last one", "very last"]
    assert haystack(FILLER, 4, [(0.3, NEEDLE)]) == [NEEDLE]
    assert haystack(FILLER, 5) == FILLER[:2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 9))
def test_visible_by_single_words(first, last, n):
    text = (FILLER * 3)[:n]
    flat = [i for i, some in enumerate(text) for _ in tokens(some)]
    hidden = set(flat[first : len(flat) - last] if first + last < len(flat) else [])
    kept = visible(text, first, last)
    if first + last >= len(flat):  # nothing is cut out of the middle, yet a sentence may lie across the border
        assert set(kept) <= set(text)
    else:
        assert kept == [some for i, some in enumerate(text) if i not in hidden]


def test_a_sentence_across_both_borders_is_not_seen():
    assert visible(["one two three four"], 2, 2) == []
    assert visible(["one two three four"], 4, 0) == visible(["one two three four"], 0, 4) == ["one two three four"]


def test_match_agrees_with_counted_words():
    text = [NEEDLE, "Bo sings of Rome and rain, rain.", "rain rain rain"]
    for question in ("Who sings in Rome?", "rain in Rome", "What of rain?", "Bo"):
        stop = ["a", "and", "in", "of", "what", "who"]
        counter = CountVectorizer(binary=True, stop_words=stop, token_pattern=r"[a-z0-9]+")
        rows = counter.fit_transform([*text, question]).toarray()
        assert match(text, question) == text[int((rows[:-1] @ rows[-1]).argmax())]
    assert match(text, "Is it by the ...?") == match([], "Who sings?") == ""


def test_the_map_recovers_a_blind_spot():
    lengths, depths = [20, 60, 100], [0, 0.2, 0.5, 0.8, 1]
    blind = lambda sentences, question: match(visible(sentences, 25, 14), question)  # noqa: E731
    found = needle_map(blind, FILLER, NEEDLE, "Who sings in Rome?", "ANN", lengths, depths)
    assert found.shape == (5, 3)
    for i, depth in enumerate(depths):
        for j, length in enumerate(lengths):
            text = haystack(FILLER, length, [(depth, NEEDLE)])
            place = text.index(NEEDLE)
            assert found[i, j] == (words(text[: place + 1]) <= 25 or words(text[place:]) <= 14)
    assert found.all(axis=0).tolist() == [True, False, False]
    assert found.dtype == bool


def test_a_distractor_before_the_needle_takes_its_place():
    depths = [0, 0.3, 0.6, 0.9]
    found = needle_map(match, FILLER, NEEDLE, "Who sings in Rome?", "Ann", [50], depths, [(0.5, "Bo sings in Rome.")])
    assert found[:, 0].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: haystack([], 9), "there is no filler, or a sentence has no word; pass sentences of at least one"),
        (lambda: haystack(["a", "..."], 9), "there is no filler, or a sentence has no word"),
        (lambda: haystack(["a"], 9, [(0, "!")]), "there is no filler, or a sentence has no word"),
        (lambda: haystack(["a"], 9, [(1.1, "b")]), "a depth is outside 0 to 1; pass the share of the text"),
        (lambda: haystack(["a"], 9, [(-0.1, "b")]), "a depth is outside 0 to 1"),
        (lambda: haystack(["a"], 9, [(float("nan"), "b")]), "a depth is outside 0 to 1"),
        (lambda: haystack(["a"], 3, [(0, NEEDLE)]), "length is 3, too small for what is planted; pass at least 4"),
        (lambda: haystack(["a"], -1), "length is -1, too small for what is planted; pass at least 0"),
        (lambda: visible(["a"], -1, 2), "first is -1 and last is 2; pass numbers of words, 0 or more"),
        (lambda: visible(["a"], 1, -2), "first is 1 and last is -2; pass"),
        (lambda: needle_map(match, ["a"], "b", "b", "b c", [9], [0]), "answer is 'b c'; pass one word"),
        (lambda: needle_map(match, ["a"], "b", "b", "", [9], [0]), "answer is ''; pass one word"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    filler, planted = list(FILLER), [(1, "b"), (0, "a")]
    haystack(filler, 40, planted)
    needle_map(match, filler, NEEDLE, "Who?", "Ann", np.array([9]), np.array([0.5]), planted)
    assert_array_equal(filler, FILLER)
    assert planted == [(1, "b"), (0, "a")]
