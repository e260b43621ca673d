import copy
import itertools
import math
import random
import re

import pytest
import sacrebleu
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from code_examples.evaluation.bleu import bleu, brevity_penalty, clipped_matches, tokenize

REFERENCE = ["the", "cat", "is", "on", "the", "mat"]


def corpus(rng, sentences, n_references, longest):
    def draw():
        return rng.choices("abcde", weights=[5, 3, 2, 1, 1], k=rng.randint(0, longest))

    hypotheses = [draw() for _ in range(sentences)]
    references = [[[*draw(), "a"] for _ in range(n_references)] for _ in range(sentences)]
    return hypotheses, references


@pytest.mark.parametrize("smoothing", ["exp", "none"])
@pytest.mark.parametrize("effective_order", [False, True])
@pytest.mark.parametrize("n_references", [1, 3])
def test_agrees_with_sacrebleu(smoothing, effective_order, n_references):
    metric = BLEU(tokenize="none", force=True, smooth_method=smoothing, effective_order=effective_order)
    rng = random.Random(3)
    for sentences, longest in itertools.product((1, 2, 7), (2, 3, 5, 12)):
        for _ in range(12):
            hypotheses, references = corpus(rng, sentences, n_references, longest)
            streams = [[" ".join(some[i]) for some in references] for i in range(n_references)]
            expected = metric.corpus_score([" ".join(h) for h in hypotheses], streams).score
            ours = bleu(hypotheses, references, smoothing=smoothing, effective_order=effective_order)
            assert ours == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_the_defaults_are_those_of_sacrebleu():
    outputs = ["The cat sat on the mat, didn't it?", "A 3-day trip (1,250.5 km)."]
    references = ["The cat is on the mat, isn't it?", "It is a 3-day trip of 1,250.5 km."]
    expected = sacrebleu.corpus_bleu(outputs, [references]).score
    assert bleu([tokenize(o) for o in outputs], [[tokenize(r)] for r in references]) == pytest.approx(expected)
    expected = sacrebleu.sentence_bleu("A cat.", ["The cat."]).score
    assert bleu([tokenize("A cat.")], [[tokenize("The cat.")]], effective_order=True) == pytest.approx(expected)


def test_tokens_are_those_of_sacrebleu():
    authority, rng = Tokenizer13a(), random.Random(0)
    texts = ["".join(rng.choices("ab10 .,-'!\"#$%&()*+/:;<=>?@[\\]^_`{|}~", k=14)) for _ in range(2000)]
    for text in [*texts, "", ".5", "5.", "a.b,c-d 1-2"]:
        assert tokenize(text) == authority(text).split(), text


def test_of_two_references_equally_close_the_shorter_counts():
    hypothesis = list("abcde")
    assert bleu([hypothesis], [[list("abcdxyz"), list("abc")]]) > bleu([hypothesis], [[list("abcdxyz")]])
    closer = bleu([hypothesis], [[list("abcdxy"), list("abc")]])
    assert closer == pytest.approx(bleu([hypothesis], [[list("abcdxy")]]))


def test_the_penalty_is_one_minus_the_share_missing_where_little_is():
    for missing in (1, 5):
        assert brevity_penalty(1000 - missing, 1000) == pytest.approx(1 - missing / 1000, abs=1e-4)
    assert [brevity_penalty(n, 6) for n in (5, 6, 7)] == [pytest.approx(math.exp(-0.2)), 1, 1]
    assert [brevity_penalty(*lengths) for lengths in ((0, 0), (0, 3), (3, 0))] == [1, 0, 1]


def test_a_corpus_is_not_the_mean_of_its_sentences():
    hypotheses, references = [REFERENCE, list("wxyz")], [[REFERENCE], [list("wxzy")]]
    alone = [bleu([h], [r]) for h, r in zip(hypotheses, references, strict=True)]
    assert alone[0] == 100
    assert bleu(hypotheses, references) != pytest.approx(sum(alone) / 2, abs=5)
    assert bleu(hypotheses[::-1], references[::-1]) == pytest.approx(bleu(hypotheses, references))


def test_tokens_may_be_of_any_kind():
    assert bleu([(1, 2, 3, 4, 5)], [[(1, 2, 3, 4, 5)]]) == pytest.approx(100)
    assert clipped_matches([(1, 1, 2)], [[(1, 2), (1, 1)]], 1) == (3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bleu([], []), "there are 0 outputs and references for 0; pass as many, at least one"),
        (lambda: bleu([["a"]], []), "there are 1 outputs and references for 0; pass as many"),
        (lambda: bleu(["a b"], [[["a"]]]), "a text is a string; pass its tokens, as tokenize() returns them"),
        (lambda: bleu([["a"]], [["a"]]), "a text is a string"),
        (lambda: bleu([["a"]], ["a"]), "an output has no list of references; pass one with at least one"),
        (lambda: bleu([["a"]], [[]]), "an output has no list of references"),
        (lambda: bleu([["a"]], [[["a"]]], smoothing="floor"), "smoothing is 'floor'; pass 'exp' or 'none'"),
        (lambda: clipped_matches([["a"]], [[]], 1), "an output has no list of references"),
        (lambda: clipped_matches([["a"]], [[["a"]]], 0), "n is 0; pass an integer of at least 1"),
        (lambda: clipped_matches([["a"]], [[["a"]]], 1.0), "n is 1.0; pass an integer of at least 1"),
        (lambda: brevity_penalty(-1, 3), "the lengths are -1 and 3; pass numbers of tokens, 0 or more"),
        (lambda: brevity_penalty(1, -3), "the lengths are 1 and -3"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_leaves_its_input_alone():
    texts = [list("abcd")], [[list("abce"), list("ab")]]
    before = copy.deepcopy(texts)
    bleu(*texts)
    assert texts == before
