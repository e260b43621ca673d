"""Tool use: a loop in which a model writes calls and a program validates, runs and answers them.

Accompanies ``docs/agents/tool-use.md``. The model is an argument, so that a stub can show what is called when.
A call is text until :func:`run_tool` has found it whole, known, valid and allowed; only then a function runs.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from code_examples.shared.corpus import tokens

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": (int, float),
    "null": type(None),
}
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "minimum", "maximum"}
SHAPE = 'write one object {"name": ..., "arguments": {...}}'


class ToolError(Exception):
    """What a tool raises when the model may read why it failed; of any other error it hears only the kind.

    The model reads it as the word of your program: put no text of a stranger into it.

    Examples
    --------
    >>> str(ToolError("no city 'Bon'; pass a capital"))
    "no city 'Bon'; pass a capital"
    """


@dataclass(frozen=True)
class Tool:
    """A function that a model may ask for, and what the model is told about it.

    Parameters
    ----------
    name : str
        One to 64 letters, digits, hyphens and underscores.
    description : str
        When to use it, for the model.
    parameters : dict
        A JSON Schema of the arguments, in the subset that :func:`faults` checks; :func:`strict` writes one.
    function : callable
        Takes the arguments by name and returns what JSON can hold.
    acts : bool
        Whether a call changes or sends something. Then it runs only with consent. A tool that fetches an address
        sends as well: the address can carry data. If in doubt, True.

    Raises
    ------
    ValueError
        If the name is not such a name, or the schema is not of an object or has a keyword that nothing would check.

    Examples
    --------
    >>> from code_examples.agents.tool_use import Tool, strict
    >>> Tool("add", "Adds two numbers.", strict(a={"type": "number"}, b={"type": "number"}), lambda a, b: a + b).acts
    False
    """

    name: str
    description: str
    parameters: dict
    function: Callable[..., Any]
    acts: bool = False

    def __post_init__(self):
        """Refuse a name or a schema that cannot be meant."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.name):
            raise ValueError(f"the name is {self.name!r}; use 1 to 64 letters, digits, hyphens and underscores")
        if self.parameters.get("type") != "object":
            raise ValueError(f"the parameters of {self.name} are no object; write them with strict(...)")
        _check_schema(self.parameters)


@dataclass(frozen=True)
class Message:
    """One entry of a conversation.

    Parameters
    ----------
    role : str
        ``"system"``, ``"user"``, ``"assistant"`` (the model), ``"tool"``, or ``"program"`` for a remark of the loop.
    text : str
        What it says.
    calls : tuple of str
        The calls that the model writes, each a text; more than one are parallel calls.

    Examples
    --------
    >>> Message("assistant", "", ('{"name": "now", "arguments": {}}',)).text
    ''
    """

    role: str
    text: str
    calls: tuple[str, ...] = ()


def strict(**properties):
    """Return a schema that asks for these properties, all of them and no others.

    Parameters
    ----------
    **properties : dict
        The schema of each property.

    Returns
    -------
    dict
        A JSON Schema of an object.

    Examples
    --------
    >>> from code_examples.agents.tool_use import strict
    >>> strict(city={"type": "string"})["required"]
    ['city']
    >>> strict()["additionalProperties"]
    False
    """
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def faults(value, schema, place="arguments"):
    """Return every way in which a value breaks a schema, each with its place and what to do.

    Parameters
    ----------
    value : object
        What JSON gave.
    schema : dict
        A JSON Schema that uses no other keywords than ``type`` (one name), ``properties``, ``required``,
        ``additionalProperties`` (False), ``items``, ``enum``, ``minimum``, ``maximum``, and ``description``, which
        checks nothing.
    place : str
        How the value is called in the messages.

    Returns
    -------
    list of str
        Empty for a valid value.

    Raises
    ------
    ValueError
        If the schema uses another keyword or an unknown type: a keyword passed over is a check that is not made.

    Notes
    -----
    As in the standard [1]_, a number without a fraction, such as 2.0, is an integer, and a boolean is no number.

    References
    ----------
    .. [1] A. Wright et al., "JSON Schema Validation: A vocabulary for structural validation of JSON," 2022.

    Examples
    --------
    >>> from code_examples.agents.tool_use import faults, strict
    >>> schema = strict(city={"enum": ["Bonn", "Bern"]}, days={"type": "integer", "minimum": 1})
    >>> faults({"city": "Bonn", "days": 2}, schema)
    []
    >>> faults({"city": "Rome", "days": 2}, schema)
    ["arguments.city is 'Rome'; pass one of ['Bonn', 'Bern']"]
    >>> faults({"city": "Bern", "day": 2}, schema)
    ['arguments.days is missing', "arguments has no property 'day'; leave it out"]
    >>> faults(0, schema["properties"]["days"], "days")
    ['days is 0; pass at least 1']
    """
    _check_schema(schema)
    kind = schema.get("type")
    wrong = kind is not None and not isinstance(value, TYPES[kind])
    if kind in ("number", "integer") and not wrong:  # infinity and NaN are not JSON, but Python reads them
        wrong = isinstance(value, bool) or value - value != 0 or (kind == "integer" and value % 1 != 0)
    if wrong:
        return [f"{place} is {value!r}; pass a value of type {kind}"]
    found = []
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        if not schema.get("additionalProperties", True):
            found += [f"{place} has no property {name!r}; leave it out" for name in value if name not in properties]
        for name, inner in properties.items():
            found += faults(value[name], inner, f"{place}.{name}") if name in value else []
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += faults(item, schema["items"], f"{place}[{i}]")
    if "enum" in schema and not any(
        value == one and isinstance(value, bool) == isinstance(one, bool) for one in schema["enum"]
    ):
        found.append(f"{place} is {value!r}; pass one of {schema['enum']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and not value >= schema["minimum"]:  # so that NaN, too, is refused
            found.append(f"{place} is {value}; pass at least {schema['minimum']}")
        if "maximum" in schema and not value <= schema["maximum"]:
            found.append(f"{place} is {value}; pass at most {schema['maximum']}")
    return found


def run_tool(call_text, tools, consent=None):
    """Return the result of a call that a model wrote, or an error that tells it what to do.

    Parameters
    ----------
    call_text : str
        What the model wrote: a JSON object with the keys ``name`` and ``arguments``, or anything else.
    tools : sequence of Tool
        What may be called.
    consent : callable, optional
        ``consent(name, arguments)`` is asked before a tool that acts. Only True itself is consent: the text
        ``"no"``, or a coroutine that nobody awaited, would count as true. Without ``consent``, no such tool runs.

    Returns
    -------
    str
        The result as JSON, or a text that begins with ``error: ``. A result that is text stands in quotation marks,
        so it cannot pass for an error.

    Raises
    ------
    ValueError
        If two tools have one name: then nobody knows which is meant.

    Examples
    --------
    >>> from code_examples.agents.tool_use import Tool, run_tool, strict
    >>> tools = [Tool("weather", "Degrees now.", strict(city={"type": "string"}), lambda city: {"temperature": 59})]
    >>> run_tool('{"name": "weather", "arguments": {"city": "Austin"}}', tools)
    '{"temperature": 59}'
    >>> run_tool('{"name": "weather", "arguments": {}}', tools)
    'error: arguments.city is missing; correct the call'
    >>> run_tool("", [])
    'error: the call is no JSON at character 0; write one object {"name": ..., "arguments": {...}}'
    """
    known = {tool.name: tool for tool in tools}
    if len(known) < len(tools):
        raise ValueError(f"two tools have one name among {[tool.name for tool in tools]}; rename one")
    try:
        call = json.loads(call_text)
    except json.JSONDecodeError as error:
        return f"error: the call is no JSON at character {error.pos}; {SHAPE}"
    except (ValueError, RecursionError):  # a number too long to read, or lists nested too deep
        return f"error: the call cannot be read; {SHAPE}"
    if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
        return f"error: the call has another shape; {SHAPE}"
    name, arguments = call["name"], call["arguments"]
    if name not in known:
        return f"error: no tool is called {name!r}; the tools are {sorted(known)}"
    tool = known[name]
    if found := faults(arguments, tool.parameters):
        return f"error: {'; '.join(found)}; correct the call"
    if tool.acts and not (consent and consent(name, arguments) is True):
        return f"error: {name} needs consent, and it was not given; say so, and try no other way"
    try:
        return json.dumps(tool.function(**arguments), ensure_ascii=False, allow_nan=False)
    except ToolError as error:
        return f"error: {error}"
    except (Exception, SystemExit) as error:
        # its message may hold what the model must not see, so only the kind is told
        return f"error: {name} failed inside ({type(error).__name__}); the call was valid, so do not repeat it"


def converse(model, tools, question, max_turns, consent=None):
    """Return the messages of a conversation in which the model may call tools.

    Parameters
    ----------
    model : callable
        ``model(messages)`` returns the next :class:`Message` for a tuple of all earlier ones. One without calls is
        the answer.
    tools : sequence of Tool
        What may be called; the model finds their descriptions in the first message.
    question : str
        What the user wants.
    max_turns : int
        How often the model is asked at most; at least 1. It does not bound the calls: one reply may hold many.
    consent : callable, optional
        As in :func:`run_tool`.

    Returns
    -------
    list of Message
        All of them, the system's first. Each call is followed by one message of the role ``"tool"``, in the order of
        the calls. The last is the answer, or a remark of the program that no answer came.

    Raises
    ------
    ValueError
        If ``max_turns`` is below 1.

    Examples
    --------
    >>> from code_examples.agents.tool_use import Message, converse
    >>> [m.role for m in converse(lambda messages: Message("assistant", "4"), [], "2 + 2?", 3)]
    ['system', 'user', 'assistant']
    >>> stuck = lambda messages: Message("assistant", "", ("{",))
    >>> [m.text for m in converse(stuck, [], "2 + 2?", 2)][3:]  # doctest: +ELLIPSIS
    ['error: ...', '', 'error: ...', 'stopped after 2 turns without an answer']
    """
    if max_turns < 1:
        raise ValueError(f"max_turns is {max_turns}; ask the model at least once")
    messages = [Message("system", describe(tools)), Message("user", question)]
    for _ in range(max_turns):
        reply = model(tuple(messages))
        messages.append(reply)
        if not reply.calls:
            return messages
        messages += [Message("tool", run_tool(call, tools, consent)) for call in reply.calls]
    return [*messages, Message("program", f"stopped after {max_turns} turns without an answer")]


def describe(tools):
    """Return what the model is told of the tools, one JSON object a line.

    Parameters
    ----------
    tools : sequence of Tool
        What may be called.

    Returns
    -------
    str
        Name, description and parameters of each.

    Examples
    --------
    >>> from code_examples.agents.tool_use import Tool, describe, strict
    >>> describe([Tool("now", "The time.", {"type": "object"}, lambda: "noon")])
    '{"name": "now", "description": "The time.", "parameters": {"type": "object"}}'
    """
    return "\n".join(
        json.dumps({"name": tool.name, "description": tool.description, "parameters": tool.parameters})
        for tool in tools
    )


def usage(messages):
    """Return what a conversation costs: calls of the model, and the words that it read and wrote.

    Parameters
    ----------
    messages : sequence of Message
        As :func:`converse` returns them.

    Returns
    -------
    tuple of int
        Calls of the model; words read, where each call reads all earlier messages anew; words written.

    Examples
    --------
    The first call reads two words, the second those, the three that the first wrote, and a result of one.

    >>> from code_examples.agents.tool_use import Message, usage
    >>> call = Message("assistant", "", ('{"name": "now", "arguments": {}}',))
    >>> usage([Message("user", "What time?"), call, Message("tool", '"noon"'), Message("assistant", "Noon.")])
    (2, 8, 4)
    """
    calls = read = written = earlier = 0
    for message in messages:
        words = len(tokens(" ".join((message.text, *message.calls))))
        if message.role == "assistant":
            calls, read, written = calls + 1, read + earlier, written + words
        earlier += words
    return calls, read, written


def run_code(code, seconds):
    """Run Python code in a process of its own (Linux, macOS), and return what it printed.

    Parameters
    ----------
    code : str
        A program. It gets no input and none of this process's environment variables.
    seconds : float
        How long it may take, by the clock; then it is killed, with the processes of its session.

    Returns
    -------
    str
        Its output, without white space at the end.

    Raises
    ------
    ToolError
        If it is killed, or ends with an error; the message is then the last line of that.

    Notes
    -----
    A bound on the time of honest code, no sandbox: it can read files, use the network, fill the memory with its
    output, read this process's environment variables in ``/proc``, and leave behind a process that opened a session
    of its own. For code that you do not trust use a container or a virtual machine without network and secrets.
    A thread would not even bound the time: Python has no way to end one from outside.

    Examples
    --------
    >>> from code_examples.agents.tool_use import run_code
    >>> run_code("print(6 * 7)", 30)
    '42'
    >>> run_code("while True: pass", 0.2)
    Traceback (most recent call last):
    code_examples.agents.tool_use.ToolError: killed after 0.2 s; pass something that ends sooner
    """
    pipe = subprocess.PIPE
    command = [sys.executable, "-I", "-X", "utf8", "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, encoding="utf-8", env={}, start_new_session=True
    ) as process:
        try:
            output, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the whole session: children would hold the pipes open
            raise ToolError(f"killed after {seconds} s; pass something that ends sooner") from None
    if process.returncode:
        raise ToolError((error.strip() or f"ended with status {process.returncode}").split("\n")[-1])
    return output.rstrip()


def _check_schema(schema):
    """Refuse keywords and types that nothing here checks."""
    if unknown := schema.keys() - KEYWORDS - {"description"}:
        raise ValueError(f"nothing here checks {sorted(unknown)}; use {sorted(KEYWORDS)} or a full validator")
    if schema.get("type", "null") not in TYPES:
        raise ValueError(f"type is {schema['type']!r}; use one of {sorted(TYPES)}")
    if schema.get("additionalProperties", False) is not False:
        raise ValueError("additionalProperties is not False; leave it out or set it to False")
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        _check_schema(inner)
