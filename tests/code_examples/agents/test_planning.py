import re
from itertools import pairwise

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_examples.agents.planning import Step, critical_path, execute, slack, stages, timetable
from code_examples.agents.tool_use import ToolError


@st.composite
def plans(draw):
    names = draw(st.permutations("abcdef"))[: draw(st.integers(1, 6))]
    plan = {}
    for i, name in enumerate(names):  # each needs only earlier ones, so there is no circle
        needs = draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3)) if i else []
        plan[name] = Step(draw(st.integers(0, 9)), tuple(needs))
    return dict(draw(st.permutations(list(plan.items()))))


def graph(plan):
    made = networkx.DiGraph()
    made.add_nodes_from(plan)
    made.add_weighted_edges_from((need, name, plan[need].seconds) for name in plan for need in plan[name].needs)
    return made


def longest(plan):
    made = graph(plan)
    made.add_weighted_edges_from((name, "end", plan[name].seconds) for name in plan)
    return networkx.dag_longest_path_length(made)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_stages_are_the_generations_of_networkx(plan):
    assert [set(group) for group in stages(plan)] == [set(g) for g in networkx.topological_generations(graph(plan))]
    order = list(plan)
    assert all(group == sorted(group, key=order.index) for group in stages(plan))


@settings(max_examples=60, deadline=None)
@given(plans())
def test_critical_path_is_as_long_as_the_longest(plan):
    path = critical_path(plan)
    assert sum(plan[name].seconds for name in path) == longest(plan) == max(end for _, end in timetable(plan).values())
    assert plan[path[0]].needs == ()
    assert all(before in plan[after].needs for before, after in pairwise(path))


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(1, 3))
def test_slack_is_what_a_step_may_take_longer(plan, late):
    for name, spare in slack(plan).items():
        longer = plan | {name: Step(plan[name].seconds + spare, plan[name].needs)}
        assert longest(longer) == longest(plan)
        longer[name] = Step(longer[name].seconds + late, plan[name].needs)
        assert longest(longer) == longest(plan) + late


def test_timetable_by_hand():
    plan = {"d": Step(5, ("b", "c")), "b": Step(3, ("a",)), "a": Step(2), "c": Step(7), "e": Step(0.5, ("a",))}
    assert timetable(plan) == {"a": (0, 2), "c": (0, 7), "b": (2, 5), "e": (2, 2.5), "d": (7, 12)}
    assert slack(plan) == {"a": 2, "c": 0, "b": 2, "e": 9.5, "d": 0}
    assert (timetable({}), slack({}), stages({})) == ({}, {}, [])


def play(plan, broken, replan, keep, max_plans=3):
    seen = []

    def run(name, results):
        seen.append((name, dict(results)))
        if name in broken:
            raise ToolError(f"{name} broke")
        return name + "".join(sorted(results.values()))

    return *execute(plan, run, replan, keep, max_plans), seen


PLAN = {"a": Step(1), "b": Step(1, ("a",)), "x": Step(1, ("a",)), "c": Step(1, ("b", "x"))}


def test_a_plan_that_works_runs_once():
    results, trace, seen = play(PLAN, "", None, True)
    assert results == {"a": "a", "b": "ba", "x": "xa", "c": "cbaxa"}
    assert trace == [("done", name) for name in "abxc"]
    assert seen[3] == ("c", {"b": "ba", "x": "xa"})
    assert execute({}, None, None, True, 1) == ({}, [])


def test_only_what_stands_unchanged_is_kept():
    heard = []

    def other(plan, failed, reason):
        heard.append((plan, failed, reason))
        return {"a": Step(1), "b": Step(2, ("a",)), "c": Step(1, ("b",)), "y": Step(1, ("a",))}

    results, trace, _ = play(PLAN, "x", other, True)
    assert heard == [(PLAN, "x", "x broke")]
    assert trace == [("done", "a"), ("done", "b"), ("failed", "x"), ("done", "b"), ("done", "y"), ("done", "c")]
    assert results == {"a": "a", "b": "ba", "y": "ya", "c": "cba"}
    _, trace, _ = play(PLAN, "x", other, False)
    assert trace[3:] == [("done", name) for name in "abyc"]


def test_what_builds_on_a_change_is_not_kept():
    plan = {"a": Step(1), "b": Step(1, ("a",)), "c": Step(1, ("b",)), "x": Step(1, ("c",))}
    changed = {**plan, "a": Step(2), "x": Step(1)}  # b and c read the same, but stand on another a
    calls = iter([True, False])

    def run(name, results):
        if name == "x" and next(calls):
            raise ToolError("once")
        return name

    _, trace = execute(plan, run, lambda *_: changed, True, 2)
    assert trace[3:] == [("failed", "x"), ("done", "a"), ("done", "x"), ("done", "b"), ("done", "c")]


def test_it_gives_up():
    results, trace, _ = play(PLAN, "x", lambda plan, *_: plan, True, 2)
    assert trace == [("done", "a"), ("done", "b"), ("failed", "x"), ("failed", "x"), ("gave up", "x")]
    assert results == {"a": "a", "b": "ba"}
    assert play(PLAN, "a", None, True, 1)[:2] == ({}, [("failed", "a"), ("gave up", "a")])


def test_other_errors_pass():
    with pytest.raises(KeyError):
        execute(PLAN, lambda name, results: {}[name], None, True, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Step(-1), "seconds is -1; pass a time of at least 0"),
        (lambda: Step(float("nan")), "seconds is nan"),
        (lambda: stages({"a": Step(1, ("b", "c")), "c": Step(1)}), "'a' needs ['b'], which the plan lacks"),
        (lambda: stages({"a": Step(1, ("b",)), "b": Step(1, ("a",))}), "wait for each other: ['a', 'b']; drop a need"),
        (lambda: timetable({"a": Step(1, ("a",))}), "wait for each other: ['a']"),
        (lambda: critical_path({}), "the plan is empty; pass at least one step"),
        (lambda: execute(PLAN, None, None, True, 0), "max_plans is 0; allow at least one"),
    ],
)
def test_refuses_what_is_no_plan(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
