"""Plans with dependencies: what may run in parallel, what decides how long it takes, and what to keep after a failure.

Accompanies ``docs/agents/planning.md``. A plan maps the name of each step to a :class:`Step`, in any order.
"""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from code_examples.agents.tool_use import ToolError


@dataclass(frozen=True)
class Step:
    """A step of a plan.

    Parameters
    ----------
    seconds : float
        How long it is expected to take; at least 0.
    needs : tuple of str
        The steps whose results it needs.

    Raises
    ------
    ValueError
        If the time is below 0 or not a number.

    Examples
    --------
    >>> from code_examples.agents.planning import Step
    >>> Step(4, ("outline",)).needs
    ('outline',)
    """

    seconds: float
    needs: tuple[str, ...] = ()

    def __post_init__(self):
        """Refuse a time that is none."""
        if not self.seconds >= 0:
            raise ValueError(f"seconds is {self.seconds}; pass a time of at least 0")


def stages(plan):
    """Return the steps in groups: all steps of a group may run at the same time, once the groups before are done.

    Parameters
    ----------
    plan : dict of str to Step
        The plan.

    Returns
    -------
    list of list of str
        The groups; within one, in the order of the plan.

    Raises
    ------
    ValueError
        If a step needs one that the plan does not have, or steps need each other in a circle.

    Examples
    --------
    >>> from code_examples.agents.planning import Step, stages
    >>> stages({"eat": Step(9, ("cook", "lay")), "lay": Step(2), "cook": Step(30, ("shop",)), "shop": Step(60)})
    [['lay', 'shop'], ['cook'], ['eat']]
    >>> stages({})
    []
    """
    for name, step in plan.items():
        if missing := [need for need in step.needs if need not in plan]:
            raise ValueError(f"{name!r} needs {missing}, which the plan lacks; add the steps or drop the needs")
    sorter = TopologicalSorter({name: step.needs for name, step in plan.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"these steps wait for each other: {sorted(set(error.args[1]))}; drop a need") from None
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        groups.append([name for name in plan if name in ready])
        sorter.done(*ready)
    return groups


def timetable(plan):
    """Return when each step starts and ends, if each begins as soon as all that it needs is there.

    Parameters
    ----------
    plan : dict of str to Step
        The plan.

    Returns
    -------
    dict of str to tuple of float
        Start and end of each step, in seconds, in an order in which they could run.

    Examples
    --------
    >>> from code_examples.agents.planning import Step, timetable
    >>> timetable({"eat": Step(9, ("cook", "lay")), "lay": Step(2), "cook": Step(30)})
    {'lay': (0, 2), 'cook': (0, 30), 'eat': (30, 39)}
    """
    times = {}
    for name in _order(plan):
        start = max((times[need][1] for need in plan[name].needs), default=0)
        times[name] = start, start + plan[name].seconds
    return times


def critical_path(plan):
    """Return a longest chain of steps that wait for each other: no number of workers makes the plan faster.

    Parameters
    ----------
    plan : dict of str to Step
        The plan, of at least one step.

    Returns
    -------
    list of str
        The chain, first step first; of several equally long ones, any.

    Raises
    ------
    ValueError
        If the plan is empty.

    Examples
    --------
    >>> from code_examples.agents.planning import Step, critical_path
    >>> critical_path({"eat": Step(9, ("cook", "lay")), "lay": Step(2), "cook": Step(30)})
    ['cook', 'eat']
    """
    if not plan:
        raise ValueError("the plan is empty; pass at least one step")
    times = timetable(plan)
    path = [max(times, key=lambda name: times[name][1])]
    while plan[path[0]].needs:
        path.insert(0, max(plan[path[0]].needs, key=lambda name: times[name][1]))
    return path


def slack(plan):
    """Return how much later than in the timetable each step may start without making the whole plan later.

    Parameters
    ----------
    plan : dict of str to Step
        The plan.

    Returns
    -------
    dict of str to float
        Seconds; 0 for the steps of a critical path.

    Examples
    --------
    >>> from code_examples.agents.planning import Step, slack
    >>> slack({"eat": Step(9, ("cook", "lay")), "lay": Step(2), "cook": Step(30)})
    {'lay': 28, 'cook': 0, 'eat': 0}
    """
    times = timetable(plan)
    latest = dict.fromkeys(times, max((end for _, end in times.values()), default=0))  # latest harmless end
    for name in reversed(times):
        for need in plan[name].needs:
            latest[need] = min(latest[need], latest[name] - plan[name].seconds)
    return {name: latest[name] - end for name, (_, end) in times.items()}


def execute(plan, run, replan, keep, max_plans):
    """Run a plan step by step; when a step fails, ask for another plan.

    Parameters
    ----------
    plan : dict of str to Step
        The first plan.
    run : callable
        ``run(name, results)`` carries out a step with the results of the steps that it needs, a dict, and returns its
        result, or raises :class:`code_examples.agents.tool_use.ToolError`.
    replan : callable
        ``replan(plan, failed, reason)`` returns another plan for a step that failed with this message.
    keep : bool
        Whether results are kept whose step, with all steps before it, stands unchanged in the new plan: same name,
        time and needs. Otherwise the new plan starts from nothing.
    max_plans : int
        How many plans are tried at most; at least 1.

    Returns
    -------
    results : dict
        The results of the last plan, all of them if it succeeded.
    trace : list of tuple of str
        ``("done", name)`` and ``("failed", name)`` in the order in which it happened; the last is
        ``("gave up", name)`` if the last plan failed.

    Raises
    ------
    ValueError
        If ``max_plans`` is below 1, or a plan, the first or another, is one that :func:`stages` refuses. Errors of
        other kinds than ToolError pass through.

    Examples
    --------
    >>> from code_examples.agents.planning import Step, execute
    >>> from code_examples.agents.tool_use import ToolError
    >>> def run(name, results):
    ...     if name == "bus":
    ...         raise ToolError("no bus on Sundays")
    ...     return name
    >>> plan = {"ticket": Step(1), "bus": Step(9, ("ticket",))}
    >>> walk = lambda plan, failed, reason: {"ticket": Step(1), "walk": Step(30)}
    >>> execute(plan, run, walk, keep=True, max_plans=2)[1]
    [('done', 'ticket'), ('failed', 'bus'), ('done', 'walk')]
    >>> execute(plan, run, walk, keep=False, max_plans=2)[1]
    [('done', 'ticket'), ('failed', 'bus'), ('done', 'ticket'), ('done', 'walk')]
    """
    if max_plans < 1:
        raise ValueError(f"max_plans is {max_plans}; allow at least one")
    results, trace = {}, []
    for left in reversed(range(max_plans)):
        for name in _order(plan):
            if name in results:
                continue
            try:
                results[name] = run(name, {need: results[need] for need in plan[name].needs})
            except ToolError as error:
                trace.append(("failed", name))
                if not left:
                    return results, [*trace, ("gave up", name)]
                old, plan = plan, replan(plan, name, str(error))
                results = _unchanged(old, plan, results) if keep else {}
                break
            trace.append(("done", name))
        else:
            break
    return results, trace


def _order(plan):
    """Return all steps in an order in which they can run."""
    return [name for group in stages(plan) for name in group]


def _unchanged(old, new, results):
    """Return the results whose step, and all that it builds on, is the same in both plans."""
    kept = {}
    for name in _order(new):
        same = name in results and old[name] == new[name]
        if same and all(need in kept for need in new[name].needs):
            kept[name] = results[name]
    return kept
