"""The corpus is what its docstring says: one answer to each query, held by one paragraph."""

from __future__ import annotations

from collections import Counter

import pytest

from code_examples.shared.corpus import DOCUMENTS, QUERIES, UNANSWERABLE, tokens

TEXTS = {document.name: document.text for document in DOCUMENTS}


def test_names_are_unique_and_texts_are_plain():
    assert len(TEXTS) == len(DOCUMENTS) == 25
    for text in TEXTS.values():
        assert text.isascii()
        assert "\n" not in text.replace("\n\n", "")
        assert [part for part in text.split("\n\n") if part.startswith("#") and not part.startswith("## ")] == []


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text)
def test_exactly_one_paragraph_of_the_corpus_holds_the_evidence(query):
    holders = [name for name, text in TEXTS.items() for part in text.split("\n\n") if query.evidence in part]
    assert holders == [query.document]


def test_each_document_answers_two_or_three_queries_and_no_query_is_asked_twice():
    assert {Counter(query.document for query in QUERIES)[name] for name in TEXTS} == {2, 3}
    asked = [*UNANSWERABLE, *(query.text for query in QUERIES)]
    assert len(set(asked)) == len(asked) == 78


def test_some_queries_share_no_telling_word_with_their_evidence():
    """Or every method that counts words would find everything."""
    common = Counter(word for text in TEXTS.values() for word in set(tokens(text)))
    telling = [{word for word in tokens(query.text) if common[word] < 9} for query in QUERIES]
    shared = [len(words & set(tokens(query.evidence))) for words, query in zip(telling, QUERIES, strict=True)]
    assert 15 <= shared.count(0) <= 50


def test_words_are_cut_at_everything_but_letters_and_digits():
    assert tokens("RoPE's base (10000), q_proj & 8x7B!") == ["rope", "s", "base", "10000", "q", "proj", "8x7b"]
    assert tokens("") == tokens("—… ½") == []
