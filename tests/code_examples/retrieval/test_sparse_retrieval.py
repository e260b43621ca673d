import math
import re
from collections import Counter

import bm25s
import numpy as np
import pytest
from bm25s.scoring import _select_idf_scorer
from numpy.testing import assert_allclose
from sklearn.feature_extraction.text import TfidfVectorizer

from code_examples.retrieval.chunking import chunk_paragraphs
from code_examples.retrieval.sparse_retrieval import BM25, TfIdf, idf
from code_examples.shared.corpus import DOCUMENTS, QUERIES, tokens

TEXTS = [chunk.text for chunk in chunk_paragraphs(DOCUMENTS)]


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.3, 0.0), (2.5, 1.0), (0, 0.5)])
def test_scores_are_those_of_bm25s(k1, b):
    ours = BM25(TEXTS, k1=k1, b=b)
    theirs = bm25s.BM25(method="lucene", k1=k1, b=b, dtype="float64")
    theirs.index([tokens(text) for text in TEXTS], show_progress=False)
    for query in [query.text for query in QUERIES[::6]] + ["LoRA rank of LoRA"]:
        known = [word for word in tokens(query) if word in theirs.vocab_dict]
        assert_allclose(ours.scores(query), theirs.get_scores(known), rtol=1e-6, atol=1e-9)


def test_the_usual_settings_are_the_default():
    assert_allclose(BM25(TEXTS).scores("learning rate"), BM25(TEXTS, 1.2, 0.75).scores("learning rate"))


@pytest.mark.parametrize(("form", "method"), [("lucene", "lucene"), ("robertson", "robertson"), ("atire", "atire")])
def test_idf_is_that_of_bm25s(form, method):
    theirs = _select_idf_scorer(method)
    for n, df in [(130, 1), (130, 64), (7, 3)]:
        assert float(idf(n, df, form)) == pytest.approx(theirs(df, n))


def test_idf_of_frequent_words():
    assert idf(10, [5, 6], "robertson").tolist() == pytest.approx([0, math.log(4.5 / 6.5)])
    for form in ("lucene", "atire", "smooth"):
        values = idf(10, np.arange(1, 11), form)
        assert (np.diff(values) < 0).all()
        assert values[-1] >= 0


def test_vectors_are_those_of_scikit_learn():
    theirs = TfidfVectorizer(analyzer=tokens, sublinear_tf=True).fit(TEXTS)
    ours = TfIdf(TEXTS)
    assert ours.vocabulary == theirs.get_feature_names_out().tolist()
    asked = [*TEXTS[::9], "learning rate rate", "xyzzy", ""]
    assert_allclose(ours.encode(asked), theirs.transform(asked).toarray(), atol=1e-12)


def test_a_score_is_a_sum_over_shared_words():
    model = BM25(TEXTS)
    words = ["rank", "of", "unheard", "rank", "lora"]
    assert_allclose(model.scores(" ".join(words)), sum(model.scores(word) for word in words))
    held = Counter(word for text in TEXTS for word in set(tokens(text)))
    scored = (model.scores("adapters") > 0).sum()
    assert scored == held["adapters"]


def test_repetition_saturates_and_length_counts_only_with_b():
    texts = ["car " * n + "bus " * (20 - n) for n in (1, 2, 4, 8, 16)] + ["tram"]
    gains = np.diff(BM25(texts, b=0).scores("car")[:5]) / [1, 2, 4, 8]
    assert (gains > 0).all()
    assert (np.diff(gains) < 0).all()
    assert len(set(BM25(texts, k1=0).scores("car")[:5])) == 1
    pair = ["car", "car bus tram taxi"]
    assert len(set(BM25(pair, b=0).scores("car"))) == 1
    short, long = BM25(pair, b=0.75).scores("car")
    assert short > long


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BM25([]), "no text has a word; pass at least one text with a letter"),
        (lambda: TfIdf(["…", ""]), "no text has a word"),
        (lambda: BM25(["car", None]), "texts is one text, or holds something else; pass a list of texts"),
        (lambda: BM25("a red car"), "texts is one text, or holds something else; pass a list of texts"),
        (lambda: TfIdf(["a"]).encode("a"), "texts is one text, or holds something else; pass a list of texts"),
        (lambda: BM25(["a"], k1=-0.1), "k1 is -0.1; pass a number of at least 0"),
        (lambda: BM25(["a"], k1=math.inf), "k1 is inf; pass a number"),
        (lambda: BM25(["a"], b=1.1), "b is 1.1; pass a number from 0 to 1"),
        (lambda: BM25(["a"], b=-0.1), "b is -0.1; pass a number from 0 to 1"),
        (lambda: BM25(["a"], b=math.nan), "b is nan; pass a number from 0 to 1"),
        (lambda: idf(3, 1, "plain"), "form is 'plain'; pass one of robertson, lucene, atire, smooth"),
        (lambda: idf(3, [1, 0]), "a df is not from 1 to n = 3; pass in how many"),
        (lambda: idf(3, 4), "a df is not from 1 to n = 3"),
        (lambda: idf(3, math.nan), "a df is not from 1 to n = 3"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
