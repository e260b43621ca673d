import itertools
import re
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose

from code_examples.serving.pipeline_parallelism import idle_share, most_stored, order_of_work, run_pipeline

SIZES = [(1, 1), (1, 4), (2, 1), (2, 3), (3, 2), (4, 4), (4, 16), (5, 7)]
TIMES = [(1, 2), (1, 1), (3, 0.5)]
SCHEDULES = ["gpipe", "1f1b"]


@pytest.mark.parametrize(("n_stages", "n_micro"), SIZES)
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_bubble_has_the_published_size(schedule, n_stages, n_micro, times):
    run = run_pipeline(schedule, n_stages, n_micro, *times)
    assert_allclose(idle_share(run), float(Fraction(n_stages - 1, n_micro + n_stages - 1)), atol=1e-12)
    assert_allclose(max(end for stage in run for *_, end in stage), (n_micro + n_stages - 1) * sum(times))


@pytest.mark.parametrize(("n_stages", "n_micro"), SIZES)
def test_memory_is_as_published(n_stages, n_micro):
    assert most_stored(run_pipeline("gpipe", n_stages, n_micro)) == [n_micro] * n_stages
    expected = [min(n_stages - stage, n_micro) for stage in range(n_stages)]
    assert most_stored(run_pipeline("1f1b", n_stages, n_micro)) == expected


@pytest.mark.parametrize(("n_stages", "n_micro"), SIZES)
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_nothing_runs_before_its_input_or_beside_other_work(schedule, n_stages, n_micro, times):
    run = run_pipeline(schedule, n_stages, n_micro, *times)
    when = {(kind, i, stage): (start, end) for stage, work in enumerate(run) for kind, i, start, end in work}
    assert len(when) == sum(map(len, run)) == 2 * n_stages * n_micro
    for (kind, i, stage), (start, end) in when.items():
        assert_allclose(end - start, times[kind == "B"])
        if kind == "F" and stage > 0:
            assert when["F", i, stage - 1][1] <= start
        if kind == "B":
            assert when["F", i, stage][1] <= start
            assert stage == n_stages - 1 or when["B", i, stage + 1][1] <= start
    for work in run:
        assert all(before[3] <= after[2] for before, after in itertools.pairwise(work))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_starts_are_the_earliest_that_a_linear_program_allows(schedule):
    n_stages, n_micro, times = 3, 4, {"F": 1.0, "B": 2.0}
    orders = [order_of_work(schedule, stage, n_stages, n_micro) for stage in range(n_stages)]
    names = [(stage, *work) for stage, order in enumerate(orders) for work in order]
    place = {name: j for j, name in enumerate(names)}
    before = [((s, *a), (s, *b)) for s, order in enumerate(orders) for a, b in itertools.pairwise(order)]
    before += [((s - 1, "F", i), (s, "F", i)) for s in range(1, n_stages) for i in range(n_micro)]
    before += [((s + 1, "B", i), (s, "B", i)) for s in range(n_stages - 1) for i in range(n_micro)]
    rows = np.zeros((len(before), len(names)))
    for row, (first, then) in zip(rows, before, strict=True):
        row[place[first]], row[place[then]] = 1, -1
    limits = [-times[first[1]] for first, _ in before]
    best = scipy.optimize.linprog(np.ones(len(names)), A_ub=rows, b_ub=limits)
    run = run_pipeline(schedule, n_stages, n_micro)
    starts = [start for stage in run for _, _, start, _ in stage]
    assert_allclose(starts, best.x, atol=1e-7)


def test_orders_by_hand():
    assert order_of_work("1f1b", 0, 3, 4) == [
        ("F", 0), ("F", 1), ("F", 2), ("B", 0), ("F", 3), ("B", 1), ("B", 2), ("B", 3),
    ]  # fmt: skip
    assert order_of_work("gpipe", 2, 3, 2) == [("F", 0), ("F", 1), ("B", 0), ("B", 1)]


@pytest.mark.parametrize("wrong", [0, -1, 1.5])
def test_refuses_counts_that_are_none(wrong):
    for name, call in (
        ("n_stages", lambda: order_of_work("gpipe", 0, wrong, 2)),
        ("n_micro", lambda: order_of_work("gpipe", 0, 2, wrong)),
        ("n_stages", lambda: run_pipeline("gpipe", wrong, 2)),
        ("n_micro", lambda: run_pipeline("gpipe", 2, wrong)),
    ):
        with pytest.raises(ValueError, match=re.escape(f"{name} is {wrong}; pass an integer of at least 1")):
            call()


@pytest.mark.parametrize("wrong", [-1, 3, 0.5])
def test_refuses_a_stage_that_is_not_there(wrong):
    with pytest.raises(ValueError, match=f"stage is {wrong}; pass an integer from 0 to 2"):
        order_of_work("gpipe", wrong, 3, 2)


def test_refuses_an_unknown_schedule():
    with pytest.raises(ValueError, match="schedule is 'zb'; pass 'gpipe' or '1f1b'"):
        run_pipeline("zb", 2, 2)


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan")])
def test_refuses_times_without_meaning(wrong):
    for times in ((wrong, 1), (1, wrong)):
        message = re.escape(f"forward is {times[0]} and backward {times[1]}; pass finite times above 0")
        with pytest.raises(ValueError, match=message):
            run_pipeline("gpipe", 2, 2, *times)
