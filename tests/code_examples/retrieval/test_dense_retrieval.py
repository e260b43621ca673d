"""LSA against scikit-learn's TruncatedSVD, and against the full space where nothing is cut."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from code_examples.retrieval.dense_retrieval import LSA
from code_examples.shared.corpus import DOCUMENTS, QUERIES

pytestmark = pytest.mark.unit

TEXTS = [document.text for document in DOCUMENTS]
QUESTIONS = [query.text for query in QUERIES[:9]] + ["zzz"]
VECTORIZER = TfidfVectorizer(sublinear_tf=True, token_pattern=r"[a-z0-9]+").fit(TEXTS)


@pytest.fixture(scope="module")
def lsa():
    return LSA(TEXTS, n_components=7)


def test_vectors_agree_with_scikit_learn_up_to_sign(lsa):
    svd = TruncatedSVD(7, algorithm="arpack").fit(VECTORIZER.transform(TEXTS))
    assert_allclose(np.abs(lsa.components), np.abs(svd.components_), atol=1e-9)
    theirs = normalize(svd.transform(VECTORIZER.transform(TEXTS + QUESTIONS)))
    ours = lsa.encode(TEXTS + QUESTIONS)
    assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-9)
    assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-9)
    assert ours.dtype == np.float64


def test_scores_are_cosines_with_the_collection(lsa):
    for question in QUESTIONS:
        assert_allclose(lsa.scores(question), lsa.encode(TEXTS) @ lsa.encode([question])[0], atol=1e-12)
    assert not lsa.scores("zzz").any()
    assert_allclose(lsa.scores(TEXTS[3])[3], 1)


def test_directions_are_orthonormal_strongest_first_and_signed(lsa):
    assert_allclose(lsa.components @ lsa.components.T, np.eye(7), atol=1e-9)
    strength = np.linalg.norm(VECTORIZER.transform(TEXTS) @ lsa.components.T, axis=0)
    assert (np.diff(strength) < 0).all()
    for row in lsa.components:
        assert row[np.abs(row).argmax()] > 0


def test_all_directions_give_back_the_cosines_of_tf_idf():
    texts = ["red car", "green car fast", "blue sky", "blue sky high red"]
    rows = TfidfVectorizer(sublinear_tf=True, token_pattern=r"[a-z0-9]+").fit_transform(texts)
    assert_allclose(LSA(texts, 4).encode(texts) @ LSA(texts, 4).encode(texts).T, (rows @ rows.T).toarray(), atol=1e-9)


def test_forty_directions_by_default():
    texts = [f"word{i} common{i % 3}" for i in range(41)]
    assert LSA(texts).components.shape == (40, 44)


def test_a_text_outside_the_kept_directions_is_zero():
    lsa = LSA(["car engine", "auto engine", "apple pie"], np.int64(1))
    assert lsa.encode(["apple", "", "engine"]).round(9).tolist() == [[0], [0], [1]]


def test_weak_directions_and_short_projections_count():
    assert LSA(["a"] * 200 + ["b"], 2).components.tolist() == [[1, 0], [0, 1]]  # singular values 14 and 1
    lsa = LSA(["a b", "a b", " ".join(f"w{i}" for i in range(300))], 1)
    query = "a " + " ".join(f"w{i}" for i in range(300))  # hardly one word in 300 lies in the kept direction
    assert_allclose(lsa.encode([query]), [[1]])
    assert_allclose(lsa.scores(query), [1, 1, 0], atol=1e-12)


def test_refuses_a_query_that_is_no_text():
    with pytest.raises(ValueError, match="texts is one text, or holds something else; pass a list of texts"):
        LSA(["a b", "c"], 1).scores(None)


@pytest.mark.parametrize("n_components", [0, 3, -1, 1.0])
def test_refuses_what_the_texts_cannot_give(n_components):
    with pytest.raises(ValueError, match=f"n_components is {n_components}; pass an integer from 1 to 2, the rank"):
        LSA(["a b", "a b", "c"], n_components)
