import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.agents.tool_use import (
    Message,
    Tool,
    ToolError,
    converse,
    describe,
    faults,
    run_code,
    run_tool,
    strict,
    usage,
)

VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, -1, 1.0, 1.5, 3.0, "a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
SCHEMAS = [
    {},
    *({"type": kind} for kind in ("object", "array", "string", "boolean", "number", "integer", "null")),
    {"enum": [1, "a", None]},
    {"enum": [True, 0]},
    {"type": "number", "minimum": 1, "maximum": 1.5},
    {"minimum": 1},
    {"maximum": 1},
    {"type": "array", "items": {"type": "integer", "maximum": 2}},
    {"items": {"type": "string"}, "description": "words"},
    {"type": "object", "properties": {"x": {"type": "integer"}}},
    {"properties": {"x": {"enum": ["a"]}, "y": {"items": {"type": "number"}}}, "required": ["y"]},
    strict(x={"type": "string"}),
    strict(x={"type": "array", "items": strict(y={"type": "boolean"})}),
    strict(),
]


def fail(error):
    raise error


def noted(heard):
    return Tool("send", "Sends.", strict(to={"type": "string"}), lambda to: heard.append(to), acts=True)


ECHO = Tool("echo", "Says it again.", strict(text={"type": "string"}), lambda text: text)
DIVIDE = Tool("divide", "Divides.", strict(a={"type": "number"}, b={"type": "number"}), lambda a, b: a / b)


def call(name, **arguments):
    return json.dumps({"name": name, "arguments": arguments})


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(SCHEMAS))
def test_faults_agree_with_a_full_validator(value, schema):
    assert (faults(value, schema) == []) == jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_faults_of_fixed_values_agree_with_a_full_validator(schema):
    validator = jsonschema.Draft202012Validator(schema)
    for value in (
        None,
        True,
        0,
        1,
        1.0,
        1.5,
        2,
        3,
        "a",
        [],
        [1, 2],
        [1, 3],
        ["a"],
        {},
        {"x": "a"},
        {"x": 1},
        {"y": [1]},
    ):
        assert len(faults(value, schema)) == len(list(validator.iter_errors(value))), value


def test_faults_name_the_place():
    schema = strict(stops={"type": "array", "items": strict(km={"type": "number", "maximum": 5})})
    assert faults({"stops": [{"km": 5}, {"km": 6}, {}, 7]}, schema, "trip") == [
        "trip.stops[1].km is 6; pass at most 5",
        "trip.stops[2].km is missing",
        "trip.stops[3] is 7; pass a value of type object",
    ]


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN", "1e999"])
@pytest.mark.parametrize("kind", ["number", "integer"])
def test_what_json_does_not_know_is_no_number(text, kind):
    assert faults(json.loads(text), {"type": kind}) != []


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "error: the call is no JSON at character 0; write one object"),
        ('{"name": "echo", "arg', "error: the call is no JSON at character 17"),
        ("Sure! " + call("echo", text="a"), "error: the call is no JSON at character 0"),
        ("[" * 200_000, "error: the call cannot be read; write one object"),
        ("9" * 9_999, "error: the call cannot be read"),
        ("[]", "error: the call has another shape; write one object"),
        ("{}", "error: the call has another shape"),
        ('{"name": "echo"}', "error: the call has another shape"),
        ('{"name": "echo", "arguments": {}, "id": 1}', "error: the call has another shape"),
        ('{"name": ["echo"], "arguments": {}}', "error: the call has another shape"),
        (call("Echo", text="a"), "error: no tool is called 'Echo'; the tools are ['divide', 'echo']"),
        (
            '{"name": "echo", "arguments": "a"}',
            "error: arguments is 'a'; pass a value of type object; correct the call",
        ),
        (
            call("echo", txt="a"),
            "error: arguments.text is missing; arguments has no property 'txt'; leave it out; correct",
        ),
        (
            call("divide", a=1, b=0),
            "error: divide failed inside (ZeroDivisionError); the call was valid, so do not repeat",
        ),
    ],
)
def test_a_call_that_cannot_run_is_answered(text, start):
    assert run_tool(text, [ECHO, DIVIDE]).startswith(start)


def test_results_are_json_and_cannot_pass_for_errors():
    assert run_tool(call("echo", text='error: "é"\n'), [ECHO]) == '"error: \\"é\\"\\n"'
    assert run_tool(call("divide", a=1, b=4), [ECHO, DIVIDE]) == "0.25"


@pytest.mark.parametrize("result", [float("nan"), {1, 2}, object()])
def test_a_result_that_json_cannot_hold_is_an_error_of_the_tool(result):
    assert "failed inside" in run_tool(call("get"), [Tool("get", "", strict(), lambda: result)])


def test_only_messages_meant_for_the_model_reach_it():
    def answer(error):
        return run_tool(call("get"), [Tool("get", "", strict(), lambda: fail(error))])

    assert answer(ToolError("no city; pass one")) == "error: no city; pass one"
    assert "secret" not in answer(ValueError("secret"))
    with pytest.raises(KeyboardInterrupt):
        answer(KeyboardInterrupt())


def test_a_tool_that_acts_runs_only_with_consent():
    heard, asked = [], []

    def ask(answer):
        return lambda name, arguments: asked.append((name, arguments)) or answer

    refused = "error: send needs consent, and it was not given; say so, and try no other way"
    assert run_tool(call("send", to="a"), [noted(heard)]) == refused
    assert run_tool(call("send", to="b"), [noted(heard)], ask(False)) == refused
    assert run_tool(call("send", to=1), [noted(heard)], ask(True)).startswith("error: arguments.to")
    assert heard == []
    assert asked == [("send", {"to": "b"})]
    assert run_tool(call("send", to="c"), [noted(heard)], ask(True)) == "null"
    assert heard == ["c"]
    assert run_tool(call("echo", text="a"), [ECHO], ask(False)) == '"a"'
    assert len(asked) == 2


@pytest.mark.parametrize("answer", ["no", "yes", 1, [False], object(), print])
def test_only_true_is_consent(answer):
    heard = []
    assert run_tool(call("send", to="a"), [noted(heard)], lambda *_: answer).startswith("error: send needs consent")
    assert heard == []


def test_a_coroutine_is_no_consent():
    heard = []

    async def ask(name, arguments):
        return True

    asked = ask("send", {})
    assert "needs consent" in run_tool(call("send", to="a"), [noted(heard)], lambda *_: asked)
    asked.close()
    assert heard == []


def test_a_tool_that_exits_does_not_end_the_program():
    assert "failed inside (SystemExit)" in run_tool(
        call("get"), [Tool("get", "", strict(), lambda: fail(SystemExit()))]
    )


@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_nan_is_within_no_bound(bound):
    assert len(faults(float("nan"), {bound: 1})) == 1


def test_the_loop_answers_each_call_in_order():
    seen = []

    def model(messages):
        seen.append(messages)
        if len(messages) == 2:
            return Message("assistant", "two at once", (call("echo", text="a"), "?", call("divide", a=1, b=2)))
        return Message("assistant", "done")

    messages = converse(model, [ECHO, DIVIDE], "go", 2)
    assert [m.role for m in messages] == ["system", "user", "assistant", "tool", "tool", "tool", "assistant"]
    assert [m.text for m in messages[3:6]] == ['"a"', run_tool("?", []), "0.5"]
    assert messages[:2] == [Message("system", describe([ECHO, DIVIDE])), Message("user", "go")]
    assert seen == [tuple(messages[:2]), tuple(messages[:6])]


def test_the_loop_stops():
    asked = []

    def stuck(messages):
        asked.append(len(messages))
        return Message("assistant", "", (call("send", to="a"),))

    heard = []
    messages = converse(stuck, [noted(heard)], "go", 3, lambda name, arguments: len(heard) < 1)
    assert asked == [2, 4, 6]
    assert heard == ["a"]
    assert messages[-1] == Message("program", "stopped after 3 turns without an answer")
    assert [m.text[:5] for m in messages[3:8:2]] == ["null", "error", "error"]


def test_the_description_is_all_that_the_model_needs():
    first, second = (json.loads(line) for line in describe([ECHO, DIVIDE]).split("\n"))
    assert first == {"name": "echo", "description": "Says it again.", "parameters": ECHO.parameters}
    assert second["parameters"]["required"] == ["a", "b"]
    jsonschema.Draft202012Validator.check_schema(second["parameters"])


def test_usage_counts_by_a_slow_route():
    texts = [("system", "a b", ()), ("user", "c", ()), ("assistant", "", ("d e", "f")), ("tool", "g h i j", ())]
    messages = [Message(*text) for text in [*texts, ("assistant", "k l", ()), ("program", "m", ())]]
    assert usage(messages) == (2, (2 + 1) + (2 + 1 + 3 + 4), 3 + 2)
    assert usage([]) == (0, 0, 0)


def test_code_runs_apart(monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    assert run_code("import os, sys; print(os.environ.get('SECRET'), sys.stdin.read(), 'é')", 30) == "None  é"
    with pytest.raises(ToolError, match=r"^ZeroDivisionError: division by zero$"):
        run_code("1 / 0", 30)
    with pytest.raises(ToolError, match=r"^ended with status 3$"):
        run_code("raise SystemExit(3)", 30)


def test_what_never_ends_is_killed_with_its_children():
    child = "__import__('time').sleep(99)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(ToolError, match=r"^killed after 0.3 s; pass something that ends sooner$"):
        run_code(code, 0.3)  # would wait for 99 s, were the child left


def test_a_thread_goes_on_after_its_time():
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(end.wait)
        with pytest.raises((Late, TimeoutError)):
            future.result(timeout=0.01)
        assert future.running()
        assert not future.cancel()
        end.set()
        assert future.result() is True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tool("a b", "", strict(), print), "the name is 'a b'; use 1 to 64 letters"),
        (lambda: Tool("", "", strict(), print), "the name is ''"),
        (lambda: Tool("a" * 65, "", strict(), print), "use 1 to 64"),
        (lambda: Tool("a", "", {"type": "string"}, print), "the parameters of a are no object; write them with strict"),
        (lambda: Tool("a", "", strict(x={"pattern": "^a"}), print), "nothing here checks ['pattern']; use ["),
        (lambda: faults(1, {"type": "float"}), "type is 'float'; use one of ["),
        (lambda: faults(1, {"items": {"oneOf": []}}), "nothing here checks ['oneOf']"),
        (lambda: faults({}, {"additionalProperties": {}}), "additionalProperties is not False"),
        (
            lambda: run_tool(call("echo"), [ECHO, DIVIDE, ECHO]),
            "two tools have one name among ['echo', 'divide', 'echo']",
        ),
        (lambda: converse(print, [], "go", 0), "max_turns is 0; ask the model at least once"),
    ],
)
def test_refuses_what_cannot_be_meant(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_longest_name_is_a_name():
    assert Tool("a" * 64, "", strict(), print).name == "a" * 64
