import itertools
import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from code_examples.retrieval.rag import build_prompt, rag_sequence, rag_token, read
from code_examples.shared.corpus import DOCUMENTS, QUERIES, UNANSWERABLE, tokens


def by_scikit_learn(question, sentences):
    """The share of the question that each sentence covers, with the library's weights."""
    words = sorted(set(tokens(question)))
    vectorizer = TfidfVectorizer(vocabulary=words, tokenizer=tokens, token_pattern=None, binary=True, norm=None)
    return vectorizer.fit_transform(sentences).toarray().sum(axis=1) / vectorizer.idf_.sum()


@pytest.mark.parametrize("query", [*QUERIES[::4], *UNANSWERABLE[:3]], ids=str)
def test_reads_what_scikit_learns_weights_choose(query):
    question = getattr(query, "text", query)
    paragraphs = [p for d in DOCUMENTS[::5] for p in d.text.split("\n\n")][:12]
    sentences = [s for p in paragraphs for s in re.split(r"(?<=[.!?])\s+", p)]
    covered = by_scikit_learn(question, sentences)
    best = sentences[int(np.argmax(covered.round(9)))]
    assert read(question, paragraphs, least=0) == best
    top = covered.max()
    assert read(question, paragraphs, least=max(top - 1e-6, 0)) == best
    assert read(question, paragraphs, least=min(top + 1e-6, 1)) == ""
    assert read(question, paragraphs) == (best if top >= 0.4 else "")


def test_a_sentence_ends_at_its_mark_before_a_space_only():
    passage = "Rate 3.5e-4 is high!  Is v2.0 the last? It is. \n"
    for question, answer in (
        ("rate high", "Rate 3.5e-4 is high!"),
        ("v2 last", "Is v2.0 the last?"),
        ("it is", "It is."),
    ):
        assert read(question, [passage]) == answer


def test_the_first_of_equals_is_returned_and_repeated_words_count_once():
    assert read("green apples", ["No green apples. Two green apples."]) == "No green apples."
    assert read("a b", ["a a a x.", "a b."]) == read("a a a b", ["a x.", "a b."]) == "a b."


def test_rare_words_weigh_more():
    common = ["the one.", "the two.", "the three.", "the four."]
    assert read("the five", [*common, "only five."]) == "only five."
    assert read("five the", ["five five.", "the five."]) == "the five."


def test_the_default_threshold_and_space_around_a_passage():
    assert read("a b c d e f g h i", ["a b c d e"]) == "a b c d e"  # 5 of 9 cover 0.425
    assert read("a b c d e f g h", ["a b c d"]) == ""  # 4 of 8 cover 0.371
    for passage in ("A red sky. A lake.", " A red sky.  A lake. \n"):  # 0.401, which a third sentence would raise
        assert read("red tree", [passage], least=0.4) == "A red sky."
        assert read("red tree", [passage], least=0.405) == ""


def test_abstains_at_nothing():
    assert read("Why?", []) == read("Why?", [], least=0) == read("Why?", ["", "Because."]) == ""
    assert read("Why?", ["Because."], least=0) == "Because."
    assert read("Why not?", ["Why not."], least=1) == "Why not."


def test_the_prompt_holds_each_passage_once_in_order_and_the_question_last():
    prompt = build_prompt("Which?", ("first text", "second text", "third"))
    lines = prompt.split("\n")
    assert lines[4:7] == ["[1] first text", "[2] second text", "[3] third"]
    assert lines[-1] == "Question: Which?"
    assert lines[3] == lines[-2] == ""
    assert len(build_prompt("Which?", []).split("\n")) == len(lines) - 3


def test_the_prompt_takes_a_question_in_any_script():
    assert build_prompt("何?", ["何 means what."]).endswith("[1] 何 means what.\n\nQuestion: 何?")


def test_both_models_of_2020_agree_with_drawing_every_passage():
    rng = np.random.default_rng(0)
    p, given = rng.dirichlet(np.ones(3)), rng.uniform(size=(3, 4))
    one = sum(p[z] * np.prod([given[z, t] for t in range(4)]) for z in range(3))
    each = sum(np.prod([p[z] * given[z, t] for t, z in enumerate(zs)]) for zs in itertools.product(range(3), repeat=4))
    assert rag_sequence(p, given) == pytest.approx(one, rel=1e-12)
    assert rag_token(p, given) == pytest.approx(each, rel=1e-12)


def test_all_answers_of_two_tokens_add_up_to_one():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(2))
    first, second = rng.dirichlet(np.ones(3), size=2), rng.dirichlet(np.ones(3), size=(2, 3))
    for model in (rag_sequence, rag_token):
        pairs = itertools.product(range(3), repeat=2)
        total = sum(model(p, np.stack([first[:, a], second[:, a, b]], axis=1)) for a, b in pairs)
        assert total == pytest.approx(1)


def test_one_passage_or_one_token_makes_them_equal():
    assert rag_sequence([1], [[0.5, 0.25]]) == rag_token([1], [[0.5, 0.25]]) == 0.125
    assert rag_sequence([0.25, 0.75], [[1], [0]]) == rag_token([0.25, 0.75], [[1], [0]]) == 0.25
    assert rag_sequence([1, 0], [[0.5], [1]]) == rag_token([0, 1], [[1], [0.5]]) == 0.5


@pytest.mark.parametrize("model", [rag_sequence, rag_token])
@pytest.mark.parametrize(
    ("p", "given", "message"),
    [
        ([1, 0], [[1]], "shapes are (2,) and (1, 1); pass (n_passages,) and (n_passages, n_tokens)"),
        ([[1]], [[1]], "shapes are (1, 1) and (1, 1)"),
        ([1], [1], "shapes are (1,) and (1,)"),
        ([0.5, 0.4], [[1], [1]], "pass probabilities from 0 to 1, those of the passages with sum 1"),
        ([1.5, -0.5], [[1], [1]], "pass probabilities"),
        ([1], [[1.1]], "pass probabilities"),
        ([1], [[-0.1]], "pass probabilities"),
        ([1], [[np.nan]], "pass probabilities"),
        ([np.nan], [[1]], "pass probabilities"),
        ([], np.zeros((0, 1)), "pass probabilities"),
    ],
)
def test_refuses_what_is_no_probability(model, p, given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        model(p, given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: read("?!", ["a"]), "question is '?!'; pass one with a word of the letters a to z or digits"),
        (lambda: read(" ", ["a"]), "question is ' '; pass a text that is not empty"),
        (lambda: build_prompt("", ["a"]), "question is ''; pass a text that is not empty"),
        (lambda: build_prompt(None, ["a"]), "question is None; pass a text"),
        (lambda: read("why", "because"), "passages are not a list of texts; pass one text for each"),
        (lambda: build_prompt("why", ["a", 3]), "passages are not a list of texts"),
        (lambda: read("why", iter(["why"])), "passages are not a list of texts"),  # a check would use it up
        (lambda: build_prompt("why", None), "passages are not a list of texts"),
        (lambda: read("why", ["a"], least=1.1), "least is 1.1; pass a number from 0 to 1"),
        (lambda: read("why", ["a"], least=-0.1), "least is -0.1; pass"),
        (lambda: read("why", ["a"], least=np.nan), "least is nan; pass"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    passages = ["a b.", "c d."]
    read("a d", passages)
    build_prompt("a d", passages)
    assert passages == ["a b.", "c d."]
