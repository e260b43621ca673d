import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.foundations.tokenization import (
    decode,
    encode,
    merge,
    split_pieces,
    train_bpe,
    vocabulary,
)

TEXT = (
    "banana bandana banana, low lower lowest; 1000 2000 2024 -- the Straße, the Straßen\n\n"
    "   aaa aaaa aaaaa   new newer newest पानी पानी 水水水 __x__ __y__ it's it's"
)
TRAINED = train_bpe(TEXT, 60)
ALPHABET = st.text(alphabet="ab n1 \n\u00dfप.", max_size=40)


def sign(token):
    """One character for one token, from a private part of Unicode."""
    return chr(0xF0000 + token)


def signs(piece):
    return "".join(sign(byte) for byte in piece)


def replaced(piece, merges):
    """BPE by another route: every merge once, in its order, by string replacement."""
    text = signs(piece)
    for i, (left, right) in enumerate(merges):
        text = text.replace(sign(left) + sign(right), sign(256 + i))
    return [ord(character) - 0xF0000 for character in text]


def trained_by_replacement(data, n_merges):
    """Training by another route: one long string, pairs found by a regular expression."""
    text = "|".join(signs(piece) for piece in split_pieces(data))
    merges = []
    for i in range(n_merges):
        pairs = Counter(m[1] for m in re.finditer(r"(?=([^|][^|]))", text, re.DOTALL))
        if not pairs or max(pairs.values()) < 2:
            break
        best = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[0]
        text = text.replace(best, sign(256 + i))
        merges.append(tuple(ord(character) - 0xF0000 for character in best))
    return merges


@settings(max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 40))
def test_any_bytes_come_back(data, n_merges):
    merges = train_bpe(TEXT, n_merges)
    ids = encode(data, merges)
    assert decode(ids, merges) == data
    assert len(ids) <= len(data)


@given(st.text(max_size=60))
def test_any_text_comes_back(text):
    merges = TRAINED
    assert decode(encode(text, merges), merges).decode() == text
    assert encode(text, merges) == encode(text.encode(), merges)


@given(st.one_of(st.text(max_size=60).map(str.encode), st.binary(max_size=60)))
def test_pieces_join_to_the_data_and_none_is_empty(data):
    pieces = split_pieces(data)
    assert b"".join(pieces) == data
    assert all(pieces)


@given(ALPHABET)
def test_encoding_agrees_with_repeated_string_replacement(text):
    merges = TRAINED
    assert encode(text, merges) == [i for p in split_pieces(text) for i in replaced(p, merges)]


@settings(max_examples=60)
@given(ALPHABET, st.integers(0, 12))
def test_training_agrees_with_repeated_string_replacement(text, n_merges):
    assert train_bpe(text, n_merges) == trained_by_replacement(text, n_merges)


def test_a_longer_text_agrees_with_repeated_string_replacement():
    merges = train_bpe(TEXT, 1000)
    assert merges == trained_by_replacement(TEXT, 1000)
    assert 40 < len(merges) < 1000
    assert encode(TEXT, merges) == [i for p in split_pieces(TEXT) for i in replaced(p, merges)]


def test_the_published_example():
    """The toy words of Sennrich, Haddow and Birch: low, lower, newest and widest, in that frequency."""
    text = "low\n" * 5 + "lower\n" * 2 + "newest\n" * 6 + "widest\n" * 3
    table = vocabulary(train_bpe(text, 2))
    assert table[256:] == [b"es", b"est"]


def test_pieces_of_each_kind():
    assert split_pieces("My 2 cats' x_y") == [b"My", b" 2", b" cats", b"'", b" x", b"_", b"y"]
    assert split_pieces("a  b\n\n c ") == [b"a", b" ", b" b", b"\n\n", b" c", b" "]
    assert split_pieces("") == []


def test_no_merge_crosses_a_piece():
    table = vocabulary(train_bpe("a b a b a b 1a 1a 1a", 50))
    assert all(token.strip(b" ") in (b"a", b"b", b"1") for token in table[256:])


def test_more_merges_begin_like_fewer():
    merges = train_bpe(TEXT, 30)
    assert train_bpe(TEXT, 10) == merges[:10]
    assert train_bpe(TEXT, 0) == []


def test_frequency_decides_and_ties_go_to_the_smaller_ids():
    assert train_bpe("xyxy ab", 1) == [(120, 121)]
    assert train_bpe("yx\nyx\nab\nab", 1) == [(97, 98)]


def test_overlapping_pairs_count_each():
    assert train_bpe("aaa", 5) == [(97, 97)]
    assert train_bpe("aaa bb\nbb", 1) == [(97, 97)]  # twice each, the smaller ids first
    assert train_bpe("aaaa bb\nbb bb", 1) == [(97, 97)]  # three times each, though only two can be merged


def test_vowel_signs_are_cut_off():
    assert split_pieces("पानी") == [sign.encode() for sign in "पानी"]


def test_merges_may_be_lists_as_json_gives_them():
    lists = [list(pair) for pair in TRAINED]
    assert encode(TEXT, lists) == encode(TEXT, TRAINED)
    assert decode(encode(TEXT, lists), lists) == TEXT.encode()
    assert merge([7, 8, 7, 8], [7, 8], 300) == [300, 300]


def test_merge_takes_pairs_from_the_left_and_leaves_its_argument():
    ids = [7, 7, 7, 8, 7, 7]
    assert merge(ids, (7, 7), 300) == [300, 7, 8, 300]
    assert ids == [7, 7, 7, 8, 7, 7]
    assert merge([], (7, 7), 300) == []
    assert merge([7], (7, 7), 300) == [7]


def test_special_tokens_only_where_they_are_allowed():
    merges = train_bpe(TEXT, 20)
    marks = ["<end>", "<end>>"]
    ids = encode("the<end>>low<end>", merges, marks)
    # the longer mark wins where both fit
    assert ids.count(277) == 1
    assert ids.count(276) == 1
    assert decode(ids, merges, marks) == b"the<end>>low<end>"
    plain = encode("the<end>>low<end>", merges)
    assert max(plain) < 276
    assert decode(plain, merges) == b"the<end>>low<end>"
    assert encode(b"<end>", merges, marks) == [276]
    assert encode("low", merges, marks) == encode("low", merges)


def test_arguments_are_as_they_were():
    merges = train_bpe(TEXT, 5)
    copy, marks = list(merges), ["<end>"]
    ids = encode("banana<end>", merges, marks)
    decode(ids, merges, marks)
    assert merges == copy
    assert marks == ["<end>"]


@pytest.mark.parametrize("data", [7, None, ["a"]])
@pytest.mark.parametrize("special", [(), ("<end>",)])
def test_refuses_what_is_neither_text_nor_bytes(data, special):
    with pytest.raises(ValueError, match=r"pass text \(str\) or bytes"):
        encode(data, [], special)


def test_refuses_other_bad_input():
    with pytest.raises(ValueError, match="lone surrogate; pass valid Unicode"):
        encode("\ud800", [])
    with pytest.raises(ValueError, match="n_merges is -1; pass 0 or more"):
        train_bpe("a", -1)
    for special in ("<end>", [""], ["<end>", "<end>"]):
        with pytest.raises(ValueError, match="pass a list of different, non-empty strings"):
            encode("a", [], special)
    for bad in (256, -1):
        with pytest.raises(ValueError, match=f"id {bad} is in no vocabulary; pass ids from 0 to 255"):
            decode([bad], [])
