import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.retrieval.chunking import chunk_paragraphs
from code_examples.retrieval.ingestion import (
    expand_ligatures,
    join_hyphens,
    known_words,
    read_columns,
    remove_furniture,
    repair_mojibake,
    typeset,
)
from code_examples.shared.corpus import DOCUMENTS

TEXTS = [chunk.text for chunk in chunk_paragraphs(DOCUMENTS)]
HEADER = "Effects of office work"


@pytest.mark.parametrize(("width", "length"), [(20, 5), (40, 24), (80, 60)])
def test_pages_hold_the_text_and_nothing_is_lost(width, length):
    pages = typeset(TEXTS[:30], HEADER, width, length)
    assert all(page[0] == "E\ufb00ects of o\ufb03ce work" for page in pages)
    assert [page[-1] for page in pages] == [f"page {i} of {len(pages)}" for i in range(1, len(pages) + 1)]
    body = [line for page in pages for line in page[1:-1]]
    assert all(len(page) == length + 2 for page in pages[:-1])
    lines = [unicodedata.normalize("NFKC", line) for line in body]  # Unicode's own expansion of the ligatures
    long = [line for line in lines if len(line) > width]
    assert all(" " not in line for line in long)
    assert body.count("") == 30
    text = "\n".join(lines)
    squeezed = re.sub(r"-?\n|[- ]", "", text)  # without any hyphen and space the letters are those of the text
    assert squeezed == re.sub(r"[- ]", "", "".join(TEXTS[:30]))
    for before, after in re.findall(r"(\w+)-\n(\w+)", text):
        assert min(len(before), len(after)) >= 2


def test_lines_are_filled_and_broken_by_rule():
    assert typeset(["abcdefghijklmnopq abcdef"], "-", 20)[0][1:3] == ["abcdefghijklmnopq", "abcdef"]  # room for 2
    assert typeset(["abcdefghijklmno abcdef"], "-", 20)[0][1:3] == ["abcdefghijklmno abc-", "def"]
    assert typeset(["abcdefghijklm abcdefgh"], "-", 20)[0][1:3] == ["abcdefghijklm abcde-", "fgh"]
    assert typeset(["abcdefghijklm abcde12"], "-", 20)[0][1:3] == ["abcdefghijklm", "abcde12"]
    assert typeset(["abcdefghijklmno abcde"], "-", 20)[0][1:3] == ["abcdefghijklmno", "abcde"]  # five letters
    assert typeset(["abcdefghijklmno pre-war"], "-", 20)[0][1:3] == ["abcdefghijklmno pre-", "war"]
    assert typeset(["abcdefghijklmnop pre-war"], "-", 20)[0][1:3] == ["abcdefghijklmnop", "pre-war"]
    assert typeset(["abcdefghijklmno co-op"], "-", 20)[0][1:3] == ["abcdefghijklmno", "co-op"]  # two letters
    assert typeset([], "-") == []
    # what cannot be broken stands by itself, without an empty line, which would end a paragraph
    assert typeset(["Abcdefghijklmnopqrstuv wxyz", ""], "-", 20)[0] == [
        "-",
        "Abcdefghijklmnopqrstuv",
        "wxyz",
        "",
        "",
        "page 1 of 1",
    ]
    assert typeset(["x" * 50], "-", 20)[0][1:3] == ["x" * 19 + "-", "x" * 31]  # broken once


def test_all_five_ligatures_come_and_go():
    word = "off fit flow office baffle"
    (page,) = typeset([word], "-")
    assert page[1] == "o\ufb00 \ufb01t \ufb02ow o\ufb03ce ba\ufb04e"
    assert expand_ligatures(page[1]) == word == unicodedata.normalize("NFKC", page[1])
    assert expand_ligatures("x² ½ Å ﬆ") == "x² ½ Å ﬆ"


def test_furniture_goes_and_text_stays():
    pages = typeset(TEXTS[:40], HEADER)
    bare = remove_furniture(pages)
    assert [line for page in bare for line in page] == [line for page in pages for line in page[1:-1]]
    odd_even = [["left", "a"], ["right", "b"], ["left", "c"], ["right", "d"]]
    assert remove_furniture(odd_even) == odd_even  # a header of every other page comes back on half of them only
    assert remove_furniture([["x", "same"], ["y", "same"], ["z", "other"]]) == [["x"], ["y"], ["z", "other"]]
    assert remove_furniture([["3 of 4"], ["4 of 4"]]) == [[], []]
    assert remove_furniture([[], ["a"], ["a"], ["a"]]) == [[], [], [], []]
    assert remove_furniture([]) == []


_line = st.lists(st.text("abé.,-1", min_size=1, max_size=5), max_size=3).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_line, min_size=4, max_size=4), min_size=1, max_size=4), st.integers(2, 5), st.integers(0, 3))
def test_columns_come_back_in_their_order(columns, gap, indent):
    columns = [column for column in columns if any(column)]
    widths = [max(map(len, column)) + gap for column in columns]
    rows = zip(*columns, strict=True)
    page = ["".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    page = [" " * indent + line for line in page]
    before = list(page)
    found = read_columns(page)
    expected = [line for column in columns for line in column]
    assert [line.lstrip() if i < 4 else line for i, line in enumerate(found)] == expected
    assert page == before
    whole = [line for column in columns for line in column]
    assert read_columns(whole) == whole  # single spaces never part columns


def test_columns_need_two_places_that_are_empty_throughout():
    assert read_columns(["a b", "a b"]) == ["a b", "a b"]
    assert read_columns(["a  b", "a  b"]) == ["a", "a", "b", "b"]
    assert read_columns(["a  b", "a xb"]) == ["a  b", "a xb"]
    assert read_columns(["Title across", "a       b"]) == ["Title across", "a       b"]
    assert read_columns(("a   b", "c", "")) == ["a", "c", "", "b", "", ""]
    assert read_columns([]) == []


def test_hyphens_follow_what_is_known():
    assert join_hyphens("re-\nsign", {"re-sign", "resign"}) == "resign"
    assert join_hyphens("re-\nsign", {"re-sign"}) == "re-sign"
    assert join_hyphens("re-\nsign", {"resign"}) == "resign"
    assert join_hyphens("State-of-\nthe-art", {"state-of-the"}) == "State-of-the-art"
    assert join_hyphens("2-\n4 and - \nx") == "24 and - \nx"  # numbers suffer, as the page says
    assert join_hyphens("a -\nb") == "a -\nb"
    assert join_hyphens("one\ntwo") == "one\ntwo"
    assert known_words("Größen-Maß, σήμα2 _x") == {"größen-maß", "σήμα", "x"}
    assert known_words("Re-sign a mo-\ndel, the MODEL\nof GPT-2") == {"re-sign", "a", "the", "model", "of", "gpt"}


def test_repairs_give_the_corpus_back_where_no_hyphen_is_in_doubt():
    text = "\n".join(line for page in remove_furniture(typeset(TEXTS, HEADER)) for line in page)
    text = expand_ligatures(text)
    repaired = [" ".join(part.split()) for part in join_hyphens(text, known_words(text)).split("\n\n")]
    repaired = [part for part in repaired if part]
    assert len(repaired) == len(TEXTS)
    strip = [re.sub("-", "", text) for text in TEXTS]
    assert [re.sub("-", "", text) for text in repaired] == strip
    assert sum(a == b for a, b in zip(repaired, TEXTS, strict=True)) > 120


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aeéüßñx ", max_size=20))
def test_mojibake_is_undone_and_right_text_is_left(text):
    assert repair_mojibake(text) == text
    try:
        broken = text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return  # one of the five bytes that have no sign
    assert repair_mojibake(broken) == text
    assert repair_mojibake(repair_mojibake(broken)) == text


def test_mojibake_is_repaired_word_by_word():
    assert repair_mojibake("Ã¼ber\nZürich Ã\u00a0 la") == "über\nZürich à la"
    assert repair_mojibake("â‚¬ â€”") == "€ —"
    assert repair_mojibake("ß—") == "\u07d7"  # right text that happens to be UTF-8: the price of guessing
    assert repair_mojibake("schÃƒÂ¶n") == "schÃ¶n"  # twice broken takes two passes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: typeset("a text", "-"), "paragraphs is one text; pass a list of paragraphs"),
        (lambda: typeset(["a"], "-", width=19), "width is 19 and length 24; pass at least 20 signs and 1 line"),
        (lambda: typeset(["a"], "-", length=0), "width is 40 and length 0; pass at least 20 signs"),
        (lambda: remove_furniture([["a"], "M\nb"]), "a page is one text; pass its lines, text.splitlines()"),
        (lambda: read_columns("a  b"), "a page is one text; pass its lines, text.splitlines()"),
        (lambda: join_hyphens("a-\nb", "a-b"), "known is one text; pass its words, known_words(text)"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
