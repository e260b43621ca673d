import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from code_examples.evaluation.passkey_retrieval import copy_after, first_number, passkey_prompt


def words(text):
    return re.findall(r"[A-Za-z0-9]+", text)


@settings(max_examples=40, deadline=None)
@example(key=1, length=19, depth=0.875)  # one sentence of four words is all the filler
@given(st.integers(1, 50_000), st.integers(14, 400), st.floats(0, 1))
def test_the_prompt_holds_its_key_twice_and_no_other_number(key, length, depth):
    task, text, question = passkey_prompt({"red": key}, "red", length, [depth]).split("\n")
    assert re.findall(r"\d+", text) == [str(key)] * 2
    assert length - 4 < len(words(text)) <= length
    assert not re.search(r"\d", task + question)
    before, after = text.split(f"The red pass key is {key}. Remember it. {key} is the red pass key.")
    n_filler = max(1, len(words(before + after)))
    share = len(words(before)) / n_filler
    assert depth - 4 / n_filler - 1e-9 <= share <= depth + 1e-9
    filler = {some.strip() for some in (before + after).split(".")} - {""}
    assert len(filler) <= 5


@pytest.mark.parametrize("n_keys", [1, 2, 5])
def test_secrets_stand_at_their_depths(n_keys):
    names = ["red", "blue", "green", "black", "white"][:n_keys]
    secrets = {name: 10 + i for i, name in enumerate(names)}
    depths = [(i + 0.5) / n_keys for i in range(n_keys)]
    text = passkey_prompt(secrets, "red", 600, depths).split("\n")[1]
    places = [len(words(text[: text.index(f"The {name} pass")])) / len(words(text)) for name in names]
    assert places == pytest.approx(depths, abs=0.02 + 0.01 * n_keys)


def brute_copy(text, n):
    found, every = "", words(text)
    for i in range(len(every) - n):
        if all(every[i + k] == every[len(every) - n + k] for k in range(n)):
            found = every[i + n]
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 4))
def test_copies_from_the_latest_place(letters, n):
    if len(letters) >= n:
        assert copy_after(" ".join(letters), n) == brute_copy(" ".join(letters), n)
    else:
        assert copy_after(" ".join(letters), n) == ""


def test_repeats_that_overlap_and_texts_too_short():
    assert copy_after("a a a", 2) == "a"
    assert copy_after("a, b! a", 1) == "b"
    assert [copy_after(text, 1) for text in ("", "a", "a a")] == ["", "", "a"]


def test_what_each_reader_can_do():
    secrets = {"red": 111, "blue": 222, "green": 333}
    prompts = {name: passkey_prompt(secrets, name, 300, [0.1, 0.5, 0.9]) for name in secrets}
    assert [first_number(prompt) for prompt in prompts.values()] == ["111"] * 3
    assert [copy_after(prompt, 3) for prompt in prompts.values()] == ["333"] * 3
    assert [copy_after(prompt, 4) for prompt in prompts.values()] == ["111", "222", "333"]
    chained = passkey_prompt({"red": "blue", "blue": 222}, "red", 300, [0.1, 0.5])
    assert copy_after(chained, 4) == "the"
    assert first_number(chained) == "222"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: passkey_prompt({"red": 1}, "blue", 50, [0]),
            "'blue' is asked of 1 secrets at 1 depths; pass one depth",
        ),
        (lambda: passkey_prompt({"red": 1}, "red", 50, [0, 1]), "'red' is asked of 1 secrets at 2 depths"),
        (lambda: passkey_prompt({}, "red", 50, []), "'red' is asked of 0 secrets at 0 depths"),
        (lambda: passkey_prompt({"red": 1}, "red", 50, [2]), "a depth is outside 0 to 1"),
        (
            lambda: passkey_prompt({"red": 1}, "red", 13, [0]),
            "length is 13, too small for what is planted; pass at least 14",
        ),
        (lambda: copy_after("a b", 0), "n is 0; pass at least 1"),
    ],
)
def test_refuses_what_has_no_answer(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
    passkey_prompt({"red": 1}, "red", 14, [0])
