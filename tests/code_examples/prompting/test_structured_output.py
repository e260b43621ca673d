import itertools
import json
import math
import re

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.prompting.structured_output import CHARACTERS, compile_masks, outputs, validate

FLAG = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}
TOKENS = ["{", '"ok"', '{"ok"', ":", "true", "fal", "se", "}"]

names = st.sampled_from(["a", "b", "c"])
flat = st.sampled_from(
    [
        *({"type": kind} for kind in ("string", "boolean", "null", "number", "integer", "array", "object")),
        {"type": "string", "enum": ["a", "b"]},
    ]
)
schemas = st.recursive(
    flat,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)},
            optional={"required": st.lists(names, unique=True), "additionalProperties": st.booleans()},
        ),
    ),
    max_leaves=5,
)
documents = st.recursive(
    st.sampled_from([None, True, False, 0, 1, -3, 1.0, 2.5, "a", "b", "z", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(schemas, documents)
def test_finds_faults_where_the_jsonschema_library_does(schema, document):
    theirs = {error.json_path for error in jsonschema.Draft202012Validator(schema).iter_errors(document)}
    assert {fault.split(":")[0] for fault in validate(document, schema)} == theirs


def test_says_where_and_what():
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "enum": ["Rome", "Oslo"]},
            "days": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    assert validate({"city": "Rome", "days": [1, 2.0]}, schema) == []
    assert validate({"town": 3}, schema) == ["$: city is missing", "$: days is missing", "$: town is not allowed"]
    assert validate({"city": "Bonn", "days": [1, True, 2.5]}, schema) == [
        '$.city: "Bonn" is none of Rome, Oslo',
        "$.days[1]: true is no integer",
        "$.days[2]: 2.5 is no integer",
    ]
    assert validate({"city": None, "days": 4}, schema) == ["$.city: null is no string", "$.days: 4 is no array"]
    assert validate([], schema) == ["$: [] is no object"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string", "minLength": 2}, "has an unknown keyword or type; known are additionalProperties, enum"),
        ({"type": "date"}, "has an unknown keyword or type"),
        ({}, "has an unknown keyword or type"),
        ({"type": "integer", "enum": [1]}, "an enum here lists strings, at least one; give it the type string"),
        ({"type": "string", "enum": []}, "an enum here lists strings, at least one"),
        ({"type": "string", "enum": ["a", 1]}, "an enum here lists strings, at least one"),
        ({"type": "object", "additionalProperties": {"type": "null"}}, "is a schema; here it must be True or False"),
    ],
)
def test_refuses_a_schema_it_would_have_to_ignore_a_part_of(schema, message):
    for call in (lambda: validate("a", schema), lambda: compile_masks(schema, ["a"])):
        with pytest.raises(ValueError, match=message):
            call()


def strings(vocabulary, longest):
    """All strings of up to so many tokens."""
    for n in range(1, longest + 1):
        yield from itertools.product(vocabulary, repeat=n)


def is_valid(text, schema):
    """Whether a text parses and the library accepts it; repeated names and spaces, which JSON allows, are not ours."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    same = json.dumps(document, separators=(",", ":"), ensure_ascii=True) == text.replace("-0", "0")
    return same and jsonschema.Draft202012Validator(schema).is_valid(document)


def spelled(states, longest, index=0, tokens=()):
    """All strings of tokens that the masks let through."""
    if states[index].left == 0:
        yield tokens
    for token, after in states[index].allowed.items():
        if len(tokens) < longest:
            yield from spelled(states, longest, after, (*tokens, token))


@pytest.mark.parametrize(
    ("schema", "vocabulary", "longest", "n_valid"),
    [
        (FLAG, TOKENS, 4, 1),
        (FLAG, TOKENS, 5, 3),
        ({"type": "array", "items": {"type": "boolean"}}, ["[", "]", "[]", ",", "true", ",true", "]]"], 4, 4),
        ({"type": "integer"}, ["-", "0", "7", "10", "-4"], 4, None),
        ({"type": "array", "items": {"type": "null"}}, ["[", "]", "null", ",", "l"], 5, 3),
        ({"type": "string"}, ['"', "a", "\n", 'b"', " "], 5, None),
        ({"type": "string", "enum": ["a", "ab", "b"]}, ['"', '"a', "b", "a", '"a"'], 5, None),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "null"}, "b": {"type": "string", "enum": ["x", "y"]}},
                "required": ["b", "a"],
                "additionalProperties": False,
            },
            ['{"a":', "null", ',"b":', '"x"', '"y"}', "}"],
            5,
            2,
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "null"}}},
            ["[", "]", ",", "null", "[]"],
            5,
            None,
        ),
    ],
)
def test_the_masks_let_through_exactly_the_valid_documents(schema, vocabulary, longest, n_valid):
    states = compile_masks(schema, vocabulary)
    valid = {tokens for tokens in strings(vocabulary, longest) if is_valid("".join(tokens), schema)}
    assert set(spelled(states, longest)) == valid
    assert n_valid is None or len(valid) == n_valid
    assert valid


@pytest.mark.parametrize(
    ("schema", "vocabulary"),
    [
        (FLAG, TOKENS),
        (FLAG, [*TOKENS[:6], "}"]),
        ({"type": "array", "items": {"type": "integer"}}, ["[", "[1", "0", "-", "]", ","]),
    ],
)
def test_no_state_is_a_dead_end_and_the_shortest_way_is_known(schema, vocabulary):
    states = compile_masks(schema, vocabulary)
    for index, state in enumerate(states):
        shortest = next(n for n in range(20) if any(True for _ in spelled(states, n, index)))
        assert state.left == shortest
        assert state.allowed or state.left == 0
        assert list(state.allowed) == [token for token in vocabulary if token in state.allowed]


def test_a_token_that_nothing_completes_is_never_allowed():
    states = compile_masks(FLAG, [token for token in TOKENS if token != "se"])
    assert all("fal" not in state.allowed for state in states)
    assert any("fal" in state.allowed for state in compile_masks(FLAG, TOKENS))


def test_a_free_string_takes_every_printable_character_but_two():
    states = compile_masks({"type": "string"}, [*map(chr, range(128))])
    assert set(states[0].allowed) == {'"'}
    inside = states[states[0].allowed['"']]
    assert set(inside.allowed) == {*CHARACTERS, '"'}
    assert len(CHARACTERS) == 93
    assert all(json.loads(f'"{character}"') == character for character in CHARACTERS)


@pytest.mark.parametrize(
    ("schema", "vocabulary", "message"),
    [
        (FLAG, [], "the vocabulary is empty or holds an empty token"),
        (FLAG, ["a", ""], "the vocabulary is empty or holds an empty token"),
        (FLAG, ["{", "}"], "no valid document can be spelled with this vocabulary; add the tokens"),
        ({"type": "number"}, ["1"], "the type number cannot be compiled; pass integer"),
        ({"type": "array"}, ["[]"], "an array must say what its items are; add items"),
        ({"type": "object"}, ["{}"], "an object must require all its properties and allow no others"),
        ({**FLAG, "required": []}, TOKENS, "an object must require all its properties"),
        ({**FLAG, "required": ["ok", "b"]}, TOKENS, "an object must require all its properties"),
        ({**FLAG, "additionalProperties": True}, TOKENS, "an object must require all its properties"),
    ],
)
def test_refuses_what_it_cannot_compile(schema, vocabulary, message):
    with pytest.raises(ValueError, match=message):
        compile_masks(schema, vocabulary)


def uneven(tokens):
    """Probabilities that depend on the text so far, without a pattern that the masks could share."""
    weights = [1 + (7 * i + 3 * len(tokens) + len("".join(tokens))) % 5 for i in range(len(TOKENS) + 1)]
    return {token: w / sum(weights) for token, w in zip([*TOKENS, ""], weights, strict=True)}


def test_free_outputs_are_products_of_the_models_probabilities():
    free = outputs(uneven, 3)
    by_hand = {}
    for tokens in [(), *strings(TOKENS, 3)]:
        p = math.prod(uneven(tokens[:i])[token] for i, token in enumerate((*tokens, "")))
        by_hand["".join(tokens)] = by_hand.get("".join(tokens), 0) + p
    assert free == pytest.approx(by_hand, rel=1e-12)
    assert sum(free.values()) < 1


@pytest.mark.parametrize("longest", [4, 5, 6, 9])
def test_masked_outputs_are_valid_and_their_probabilities_sum_to_one(longest):
    states = compile_masks(FLAG, TOKENS)
    masked = outputs(uneven, longest, states)
    assert all(is_valid(text, FLAG) for text in masked)
    assert math.isclose(sum(masked.values()), 1)
    assert len(masked) == (1 if longest == 4 else 2)


def test_masked_outputs_by_hand():
    states = compile_masks(FLAG, TOKENS)
    weights = {"{": 1, '{"ok"': 3, "true": 5, "fal": 1}
    masked = outputs(lambda tokens: {token: weights.get(token, 2) / 20 for token in [*TOKENS, ""]}, 6, states)
    assert masked == pytest.approx({'{"ok":true}': 5 / 6, '{"ok":false}': 1 / 6})
    short = outputs(lambda tokens: {token: weights.get(token, 2) / 20 for token in [*TOKENS, ""]}, 5, states)
    # after "{" there is no room for the two tokens of "false"
    assert short == pytest.approx({'{"ok":true}': 1 / 4 + 3 / 4 * 5 / 6, '{"ok":false}': 3 / 4 / 6})


def test_a_document_may_end_or_go_on():
    states = compile_masks({"type": "integer"}, ["1", "0"])
    coin = {"1": 0.25, "0": 0.25, "": 0.5}
    masked = outputs(lambda tokens: coin, 2, states)
    assert masked == pytest.approx({"1": 1 / 2 * 1 / 2, "11": 1 / 8, "10": 1 / 8, "0": 1 / 2})


def test_refuses_too_few_tokens_and_a_model_without_a_way():
    states = compile_masks(FLAG, TOKENS)
    for longest in (0, 3):
        with pytest.raises(ValueError, match=f"max_tokens is {longest}; pass at least 1, and enough for a document"):
            outputs(uneven, longest, states)
    with pytest.raises(ValueError, match="max_tokens is 0"):
        outputs(uneven, 0)
    with pytest.raises(
        ValueError, match=re.escape("after '{' the model gives no allowed token a probability above zero")
    ):
        outputs(lambda tokens: {"{": 1.0}, 6, states)
