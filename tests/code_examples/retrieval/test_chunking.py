import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from code_examples.retrieval.chunking import (
    Chunk,
    chunk_headings,
    chunk_paragraphs,
    chunk_sentences,
    chunk_words,
    first_words,
    relevant,
)
from code_examples.shared.corpus import DOCUMENTS, QUERIES, Document, Query


def _numbered(n):
    return [Document("a", "A", " ".join(map(str, range(n))))]


def _texts(chunks):
    return [chunk.text for chunk in chunks]


def test_paragraphs_of_the_corpus_are_the_common_collection():
    chunks = chunk_paragraphs(DOCUMENTS)
    expected = [
        Chunk(document.name, part)
        for document in DOCUMENTS
        for part in re.split(r"\n\n", document.text)
        if not part.startswith("#")
    ]
    assert chunks == expected
    assert len(chunks) == 130


def test_headings_keep_every_word_and_mark_every_section():
    sections = chunk_headings(DOCUMENTS)
    assert len(sections) == sum(1 + document.text.count("\n\n## ") for document in DOCUMENTS)
    assert " ".join(_texts(sections)) == " ".join(_texts(chunk_paragraphs(DOCUMENTS)))
    assert _texts(chunk_headings([Document("a", "A", "x ## y\n\n## Only\n\n##tag")])) == ["x ## y", "##tag"]
    assert chunk_headings([Document("a", "A", "")]) == []


@given(st.integers(0, 60), st.integers(1, 12), st.data())
def test_windows_follow_their_definition(n, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    expected, start = [], 0
    while n > 0:  # from the definition: step by step, until a window reaches the end
        expected.append(" ".join(map(str, range(start, min(start + size, n)))))
        if start + size >= n:
            break
        start += size - overlap
    assert _texts(chunk_words(_numbered(n), size, overlap)) == expected
    if n > size:
        assert len(expected) == math.ceil((n - overlap) / (size - overlap))


def test_integers_of_numpy_are_integers():
    assert _texts(chunk_words(_numbered(5), np.int64(3), np.int32(1))) == ["0 1 2", "2 3 4"]
    assert first_words([Chunk("a", "one two")], [0], np.int64(1)) == "one"


def test_windows_stay_within_their_document():
    documents = [Document("a", "A", "one two three"), Document("b", "B", "## four\n\nfive\n\nsix")]
    assert chunk_words(documents, 2) == [Chunk("a", "one two"), Chunk("a", "three"), Chunk("b", "five six")]


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_sentences_fill_up_and_lose_nothing(size):
    chunks = chunk_sentences(DOCUMENTS, size)
    assert " ".join(_texts(chunks)) == " ".join(_texts(chunk_paragraphs(DOCUMENTS)))
    single = chunk_sentences(DOCUMENTS, 1)
    assert all(len(chunk.text.split()) <= size or chunk in single for chunk in chunks)
    for here, there in pairwise(chunks):  # no chunk could have taken the next sentence too
        if here.document == there.document:
            first = next(s.text for s in single if s.document == there.document and there.text.startswith(s.text))
            assert len(f"{here.text} {first}".split()) > size


def test_a_sentence_ends_before_a_capital_or_a_digit():
    text = 'Is it? 4 are! See et al. say so. It ends.Not here: e.g. this. "Quoted" stays. B'
    expected = ["Is it?", "4 are!", "See et al. say so.", 'It ends.Not here: e.g. this. "Quoted" stays.', "B"]
    assert _texts(chunk_sentences([Document("a", "A", text)], 1)) == expected
    assert chunk_sentences([Document("a", "A", "## Heading")], 3) == []


def test_evidence_is_found_where_it_stands_and_only_whole():
    chunks = chunk_paragraphs(DOCUMENTS)
    for query in QUERIES:
        (only,) = relevant(chunks, query)
        assert chunks[only].document == query.document
        assert query.evidence in chunks[only].text
    assert relevant([Chunk("a", "one two"), Chunk("a", "three")], Query("?", "a", "two three")) == []


@pytest.mark.parametrize("words", [1, 5, 60, 10_000])
def test_a_limit_in_words_lets_the_first_ones_through(words):
    chunks = chunk_paragraphs(DOCUMENTS)[:6]
    order = [4, 0, 5]
    every = " ".join(chunks[i].text for i in order).split()
    text = first_words(chunks, order, words)
    assert text.split() == every[:words]
    for line, i in zip(text.split("\n"), order, strict=False):
        assert chunks[i].text.startswith(line)
    assert first_words(chunks, [], words) == ""
    exact = len(chunks[4].text.split())
    assert first_words(chunks, order, exact) == chunks[4].text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chunk_words(DOCUMENTS, 0), "size is 0; pass an integer of at least 1"),
        (lambda: chunk_words(DOCUMENTS, 2.5), "size is 2.5; pass an integer"),
        (lambda: chunk_sentences(DOCUMENTS, -1), "size is -1; pass an integer of at least 1"),
        (lambda: first_words([], [], 0), "words is 0; pass an integer of at least 1"),
        (lambda: chunk_words(DOCUMENTS, 4, 4), "overlap is 4; pass an integer from 0 to size - 1, here 3"),
        (lambda: chunk_words(DOCUMENTS, 4, -1), "overlap is -1; pass an integer from 0 to size - 1"),
        (lambda: chunk_words(DOCUMENTS, 4, 0.5), "overlap is 0.5; pass an integer"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
