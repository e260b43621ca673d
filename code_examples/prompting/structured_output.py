"""Structured output: check a document against a schema, and decode so that no other document can come out.

Accompanies ``docs/prompting/structured-output.md``. The schemas are a small part of JSON Schema. A *model* is a
function from the tokens so far, a tuple of str, to the probabilities of the next token, a dict; the key ``""`` means
the end.
"""

import json
from dataclasses import dataclass

KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": (int, float),
}
KEYWORDS = {"type", "enum", "properties", "required", "additionalProperties", "items"}
CHARACTERS = tuple(chr(code) for code in range(32, 127) if chr(code) not in '"\\')  # of a free string


def validate(document, schema, place="$"):
    """Return what is wrong with a document, in words that a model can be sent back.

    Parameters
    ----------
    document : object
        What ``json.loads`` returns.
    schema : dict
        A JSON Schema with the keywords type, enum (of strings), properties, required, additionalProperties (a bool)
        and items. The type must be given.
    place : str
        Where the document stands in a larger one.

    Returns
    -------
    list of str
        One line for each fault, ``[]`` where there is none.

    Raises
    ------
    ValueError
        If the schema has another keyword or another type, an enum of other values than strings, or a schema for
        additional properties, since passing over a rule would let wrong documents pass.

    Notes
    -----
    As in JSON Schema, ``1.0`` is an integer, ``true`` is no number, and a property that is not named is allowed unless
    ``additionalProperties`` is false.

    Examples
    --------
    >>> from code_examples.prompting.structured_output import validate
    >>> schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    >>> validate({"city": "Paris"}, schema)
    []
    >>> validate({"city": 3}, schema), validate({"town": 3}, schema | {"additionalProperties": False})
    (['$.city: 3 is no string'], ['$: city is missing', '$: town is not allowed'])
    """
    kind = _kind(schema)
    is_kind = isinstance(document, KINDS[kind]) and (kind == "boolean" or not isinstance(document, bool))
    if not is_kind or (kind == "integer" and document % 1 != 0):
        return [f"{place}: {json.dumps(document)} is no {kind}"]
    faults = []
    if "enum" in schema and document not in schema["enum"]:
        faults.append(f"{place}: {json.dumps(document)} is none of {', '.join(schema['enum'])}")
    if kind == "object":
        known = schema.get("properties", {})
        faults += [f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in document]
        if not schema.get("additionalProperties", True):
            faults += [f"{place}: {name} is not allowed" for name in document if name not in known]
        for name, part in known.items():
            if name in document:
                faults += validate(document[name], part, f"{place}.{name}")
    if kind == "array" and "items" in schema:
        for i, item in enumerate(document):
            faults += validate(item, schema["items"], f"{place}[{i}]")
    return faults


@dataclass(frozen=True)
class State:
    """Where a constrained decoder stands: which tokens may follow, and how far the end is.

    Parameters
    ----------
    allowed : dict of str to int
        The tokens that may come next, each with the index of the state it leads to.
    left : int
        The least number of tokens that completes the document; 0 where it is complete.

    Examples
    --------
    >>> from code_examples.prompting.structured_output import State
    >>> State({"}": 2}, 1).allowed
    {'}': 2}
    """

    allowed: dict
    left: int


def compile_masks(schema, vocabulary):
    """Turn a schema and a vocabulary into the states of a constrained decoder.

    Parameters
    ----------
    schema : dict
        As for `validate`, but of the types object, array, string, integer, boolean and null. Each object must name all
        its properties as required and allow no others; an enum must list at least one string.
    vocabulary : sequence of str
        The tokens, at least one, none of them empty.

    Returns
    -------
    list of State
        The first is the start. A token is allowed where the document can still be completed with this vocabulary.

    Raises
    ------
    ValueError
        If a schema or a vocabulary is none of these, or the vocabulary cannot spell a single valid document.

    Notes
    -----
    Documents are written without spaces, properties in the order of the schema. The states are those of the automaton
    of [1]_, found here by taking the schema apart, one character at a time. The tokens from which no end can be reached
    are then removed.

    References
    ----------
    .. [1] B. T. Willard and R. Louf, "Efficient guided generation for large language models," 2023.

    Examples
    --------
    The token ``fal`` is not allowed: no token completes it.

    >>> from code_examples.prompting.structured_output import compile_masks
    >>> states = compile_masks({"type": "boolean"}, ["t", "true", "rue", "fal", "]"])
    >>> [(state.allowed, state.left) for state in states]
    [({'t': 1, 'true': 2}, 1), ({'rue': 2}, 1), ({}, 0)]
    """
    vocabulary = list(vocabulary)
    if not vocabulary or "" in vocabulary:
        raise ValueError("the vocabulary is empty or holds an empty token; pass at least one token, each of some text")
    found = [frozenset({_pieces(schema)})]
    edges = []
    for remainders in found:  # grows while it is walked
        edges.append({})
        for token in vocabulary:
            after = remainders
            for character in token:
                after = frozenset(rest for pieces in after for rest in _take(pieces, character))
            if after:
                if after not in found:
                    found.append(after)
                edges[-1][token] = found.index(after)
    left = {i: 0 for i, remainders in enumerate(found) if any(map(_may_end, remainders))}
    for distance in range(1, len(found) + 1):
        for i, follow in enumerate(edges):
            if i not in left and any(left.get(after) == distance - 1 for after in follow.values()):
                left[i] = distance
    if 0 not in left:
        raise ValueError("no valid document can be spelled with this vocabulary; add the tokens that are missing")
    number = {i: n for n, i in enumerate(sorted(left))}
    return [
        State({token: number[after] for token, after in edges[i].items() if after in number}, left[i]) for i in number
    ]


def outputs(model, max_tokens, states=None):
    """Return every text that a model can write, with its probability.

    Parameters
    ----------
    model : callable
        See the module.
    max_tokens : int
        The longest text in tokens, at least 1, not counting the end.
    states : list of State, optional
        Masks, by `compile_masks`. What is not allowed then gets probability zero, and the others share the rest; a
        token after which too few are left to complete the document is not allowed either. Without masks the model
        writes freely.

    Returns
    -------
    dict of str to float
        The probability of each complete text. With masks they sum to 1; without, that of texts cut off is missing.

    Raises
    ------
    ValueError
        If `max_tokens` is too small for a document, or the model gives all allowed tokens probability zero.

    Examples
    --------
    A model that says "yes" in one case of ten, and else goes on.

    >>> from code_examples.prompting.structured_output import compile_masks, outputs
    >>> def model(tokens):
    ...     if not tokens:
    ...         return {'"yes"': 0.75, '"no"': 0.25}
    ...     return {"": 0.1, ", but": 0.9} if tokens == ('"yes"',) else {"": 1.0}
    >>> {text: round(p, 3) for text, p in outputs(model, 2).items()}
    {'"yes"': 0.075, '"yes", but': 0.675, '"no"': 0.25}
    >>> outputs(model, 2, compile_masks({"type": "string", "enum": ["yes", "no"]}, ['"yes"', '"no"', ", but"]))
    {'"yes"': 0.75, '"no"': 0.25}
    """
    if max_tokens < max(1, states[0].left if states else 1):
        raise ValueError(f"max_tokens is {max_tokens}; pass at least 1, and enough for a document")
    found = {}

    def write(tokens, p, state):
        ahead = model(tokens)
        if states:
            allowed, left = states[state].allowed, max_tokens - len(tokens)
            ahead = {
                token: q
                for token, q in ahead.items()
                if (token == "" and states[state].left == 0)
                or (token in allowed and states[allowed[token]].left < left)
            }
            total = sum(ahead.values())
            if not total > 0:
                raise ValueError(f"after {''.join(tokens)!r} the model gives no allowed token a probability above zero")
            ahead = {token: q / total for token, q in ahead.items()}
        for token, q in ahead.items():
            if token == "":
                text = "".join(tokens)
                found[text] = found.get(text, 0) + p * q
            elif len(tokens) < max_tokens and q > 0:
                write((*tokens, token), p * q, states[state].allowed[token] if states else None)

    write((), 1.0, 0)
    return found


def _kind(schema):
    """Return the type of a schema, if it is one that this module understands."""
    unknown = set(schema) - KEYWORDS
    if unknown or schema.get("type") not in KINDS:
        raise ValueError(f"schema {schema} has an unknown keyword or type; known are {', '.join(sorted(KEYWORDS))}")
    values = schema.get("enum", ("",))
    texts = values and all(isinstance(value, str) for value in values)
    if not texts or ("enum" in schema and schema["type"] != "string"):
        raise ValueError("an enum here lists strings, at least one; give it the type string")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise ValueError("additionalProperties is a schema; here it must be True or False")
    return schema["type"]


def _pieces(schema):
    """Return a schema as a row of pieces: text, ("one", rows) for a choice, ("many", row) for any number of times."""
    kind = _kind(schema)
    if "enum" in schema:
        return (("one", tuple((json.dumps(value),) for value in schema["enum"])),)
    if kind == "object":
        names = schema.get("properties", {})
        if not names or set(schema.get("required", ())) != set(names) or schema.get("additionalProperties", True):
            raise ValueError(f"an object must require all its properties and allow no others; this one is {schema}")
        row = ()
        for i, (name, part) in enumerate(names.items()):
            row += ("{" if i == 0 else ",", json.dumps(name) + ":", *_pieces(part))
        return (*row, "}")
    if kind == "array":
        if "items" not in schema:
            raise ValueError("an array must say what its items are; add items")
        item = _pieces(schema["items"])
        return (("one", (("[]",), ("[", *item, ("many", (",", *item)), "]"))),)
    one_of = {"boolean": ("true", "false"), "null": ("null",), "string": CHARACTERS, "integer": tuple("0123456789")}
    if kind not in one_of:
        raise ValueError(f"the type {kind} cannot be compiled; pass integer, string, boolean, null, object or array")
    choice = ("one", tuple((text,) for text in one_of[kind]))
    if kind == "string":
        return ('"', ("many", (choice,)), '"')
    if kind == "integer":
        digits = (("one", choice[1][1:]), ("many", (choice,)))
        return (("one", ((), ("-",))), ("one", (("0",), digits)))
    return (choice,)


def _take(pieces, character):
    """Yield what may remain of a row of pieces after its first character."""
    if not pieces:
        return
    first, rest = pieces[0], pieces[1:]
    if isinstance(first, str):
        if first[0] == character:
            yield (first[1:], *rest) if len(first) > 1 else rest
    elif first[0] == "one":
        for row in first[1]:
            yield from _take(row + rest, character)
    else:
        yield from _take(first[1] + pieces, character)
        yield from _take(rest, character)


def _may_end(pieces):
    """Tell whether nothing more is needed."""
    return all(not isinstance(piece, str) and piece[0] == "many" for piece in pieces)
