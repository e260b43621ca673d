import itertools
import random

import pytest
from sklearn.metrics import f1_score

from code_examples.evaluation.exact_match_f1 import exact_match, normalize, token_f1

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
TEXTS = [
    "",
    "the",
    "The U.S.A.",
    "a-the an, THE. theatre",
    "well-known  people\tand\nplaces",
    "  42 %",
    "$1,000.50",
    "«the» naïve École — a–b",
    "“the end”",
    "The the The",
    "a cat, a hat, the cat",
    "An apple a day",
    "R&B / b_c a_the",
    "²the a² the",
]


def by_letters(text):
    """Return the normalised text by walking over its letters: words are what \\w matches, but articles go."""
    kept = [letter for letter in text.lower() if letter not in PUNCTUATION]
    pieces = ["".join(group) for _, group in itertools.groupby(kept, lambda c: c.isalnum())]
    return " ".join("".join(" " if piece in {"a", "an", "the"} else piece for piece in pieces).split())


def test_normalises_as_a_walk_over_the_letters_does():
    draw = random.Random(0)
    alphabet = ["a", "an", "the", "The", " ", "  ", "-", ".", "'", "é", "7", "x", "“", "—", "\n", "_"]
    texts = TEXTS + ["".join(draw.choices(alphabet, k=draw.randint(0, 12))) for _ in range(500)]
    for text in texts:
        assert normalize(text) == by_letters(text)
    assert {normalize(text) for text in texts[:2]} == {""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S.A.", "usa"),
        ("a-the an, THE. theatre", "athe theatre"),
        ("$1,000.50", "100050"),
        ("«the» naïve", "« » naïve"),
        ("well-known", "wellknown"),
        ("Vitamin A", "vitamin"),
    ],
)
def test_normal_forms_by_hand(text, expected):
    assert normalize(text) == expected


def overlap_by_flags(said, gold):
    """Return F1 by scikit-learn: each occurrence of a word is an item, numbered within its text."""
    numbered = [
        {(word, text.split()[:place].count(word)) for place, word in enumerate(text.split())} for text in (said, gold)
    ]
    items = sorted(numbered[0] | numbered[1] | {("neither", 0)})
    return f1_score([item in numbered[1] for item in items], [item in numbered[0] for item in items], zero_division=1)


def test_f1_agrees_with_scikit_learn():
    draw = random.Random(1)
    for _ in range(150):
        said, gold, other = (" ".join(draw.choices("pqrst", k=draw.randint(0, 6))) for _ in range(3))
        assert token_f1(said, [gold]) == pytest.approx(overlap_by_flags(said, gold))
        counted = [text for text in (gold, other) if text] or [""]  # as the official script has it
        assert token_f1(said, [gold, other]) == pytest.approx(max(overlap_by_flags(said, text) for text in counted))
        assert exact_match(said, [other, gold]) is (said in counted)
        assert token_f1(said, [gold]) == token_f1(gold, [said])


def test_worked_examples():
    assert exact_match("the cat sat on the mat", ["a cat sat on a mat"])
    assert token_f1("Barack Obama", ["President Barack Obama"]) == 0.8
    assert not exact_match("Barack Obama", ["President Barack Obama"])
    assert token_f1("no no no", ["no"]) == 0.5
    assert token_f1("", ["x"]) == token_f1("x", [""]) == 0
    assert token_f1("", [""]) == 1
    assert type(token_f1("x", ["y"])) is float
    assert token_f1("", ["the", "Paris"]) == 0  # "the" has no word left, so it is no gold answer beside "Paris"
    assert not exact_match("the", ["the", "Paris"])
    assert exact_match("the", ["a", ""])
    assert token_f1("five years", ["five", "years five"]) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normalize(42), "42 is no text; pass a string"),
        (lambda: exact_match("x", "x"), "answers are 'x'; pass a list of at least one string"),
        (lambda: exact_match("x", []), r"answers are \[\]; pass a list"),
        (lambda: token_f1("x", ()), r"answers are \(\); pass a list"),
        (lambda: token_f1("x", ["x", None]), "None is no text"),
        (lambda: token_f1(None, ["x"]), "None is no text"),
        (lambda: exact_match(None, ["x"]), "None is no text"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=message):
        call()
