"""Pipeline parallelism: two schedules as orders of work, run with every dependency kept.

Accompanies ``docs/serving/pipeline-parallelism.md``, whose names it follows: stages and micro-batches.
"""

import numpy as np


def order_of_work(schedule, stage, n_stages, n_micro):
    """List what one stage does, in its order.

    Parameters
    ----------
    schedule : {"gpipe", "1f1b"}
        All forward passes and then all backward ones, or one of each in turn as soon as possible.
    stage : int
        Which stage, from 0 to n_stages - 1.
    n_stages, n_micro : int
        Stages of the pipeline and micro-batches of a batch, at least 1.

    Returns
    -------
    list of tuple (str, int)
        ``"F"`` or ``"B"`` and the micro-batch, each pair once.

    Raises
    ------
    ValueError
        If the schedule is unknown, or a number is out of its range.

    Notes
    -----
    Figures 3 and 4 (top) of [1]_. The last stage of 1F1B turns each micro-batch round at once; the
    others first let in one more forward pass for each stage that comes after them.

    References
    ----------
    .. [1] D. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
       Megatron-LM," 2021, section 2.2.

    Examples
    --------
    >>> from code_examples.serving.pipeline_parallelism import order_of_work
    >>> order_of_work("gpipe", 0, 2, 2)
    [('F', 0), ('F', 1), ('B', 0), ('B', 1)]
    >>> order_of_work("1f1b", 1, 2, 2)
    [('F', 0), ('B', 0), ('F', 1), ('B', 1)]

    A single micro-batch leaves no choice.

    >>> order_of_work("1f1b", 0, 4, 1)
    [('F', 0), ('B', 0)]
    """
    _check_counts(n_stages=n_stages, n_micro=n_micro)
    if schedule not in ("gpipe", "1f1b"):
        raise ValueError(f"schedule is {schedule!r}; pass 'gpipe' or '1f1b'")
    if stage not in range(n_stages):
        raise ValueError(f"stage is {stage}; pass an integer from 0 to {n_stages - 1}")
    ahead = n_micro if schedule == "gpipe" else min(n_stages - stage, n_micro)
    order = [("F", i) for i in range(ahead)]
    for i in range(n_micro):
        order.append(("B", i))
        if ahead + i < n_micro:
            order.append(("F", ahead + i))
    return order


def run_pipeline(schedule, n_stages, n_micro, forward=1.0, backward=2.0):
    """Run a schedule, each stage starting a piece of work as soon as it is free and has its input.

    Parameters
    ----------
    schedule : {"gpipe", "1f1b"}
        See `order_of_work`.
    n_stages, n_micro : int
        Stages and micro-batches, at least 1.
    forward, backward : float
        Time that one stage takes for one micro-batch, above 0; sending takes none.

    Returns
    -------
    list of list of tuple (str, int, float, float)
        For each stage its pieces of work: ``"F"`` or ``"B"``, micro-batch, start and end.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    A forward pass needs the one of the stage before it, a backward pass the one of the stage after
    it, and at the last stage the micro-batch's own forward pass.

    Examples
    --------
    Two stages, one micro-batch: there and back.

    >>> from code_examples.serving.pipeline_parallelism import run_pipeline
    >>> run_pipeline("gpipe", 2, 1)
    [[('F', 0, 0.0, 1.0), ('B', 0, 4.0, 6.0)], [('F', 0, 1.0, 2.0), ('B', 0, 2.0, 4.0)]]

    A single stage never waits.

    >>> run_pipeline("1f1b", 1, 2, forward=1, backward=1)[0][-1]
    ('B', 1, 3.0, 4.0)
    """
    if not (0 < forward < np.inf and 0 < backward < np.inf):
        raise ValueError(f"forward is {forward} and backward {backward}; pass finite times above 0")
    _check_counts(n_stages=n_stages)
    left = [order_of_work(schedule, stage, n_stages, n_micro) for stage in range(n_stages)]
    ends, done = {}, [[] for _ in range(n_stages)]
    while any(left):
        for stage, order in enumerate(left):
            if not order:
                continue
            kind, i = order[0]
            needed = ("F", i, stage - 1) if kind == "F" else ("B", i, stage + 1)
            arrived = 0.0 if needed[2] in (-1, n_stages) else ends.get(needed)
            if arrived is None:
                continue  # its input is not made yet
            start = max(arrived, done[stage][-1][3] if done[stage] else 0.0)
            ends[kind, i, stage] = start + (forward if kind == "F" else backward)
            done[stage].append((kind, i, start, ends[kind, i, stage]))
            order.pop(0)
    return done


def idle_share(run):
    """Return the share of all stages' time in which they wait, from the first start to the last end.

    Parameters
    ----------
    run : list of list of tuple
        What `run_pipeline` returns.

    Returns
    -------
    float
        From 0 to 1, the *bubble*.

    Examples
    --------
    There and back through two stages: each works 3 of 6 time units.

    >>> from code_examples.serving.pipeline_parallelism import idle_share, run_pipeline
    >>> idle_share(run_pipeline("gpipe", 2, 1))
    0.5
    >>> idle_share(run_pipeline("gpipe", 1, 5))
    0.0
    """
    work = sum(end - start for stage in run for _, _, start, end in stage)
    return 1 - work / (len(run) * max(end for stage in run for _, _, _, end in stage))


def most_stored(run):
    """Return for each stage how many micro-batches it holds activations of, at most.

    Parameters
    ----------
    run : list of list of tuple
        What `run_pipeline` returns.

    Returns
    -------
    list of int
        One count for each stage: from the start of a forward pass to the end of its backward pass.

    Examples
    --------
    >>> from code_examples.serving.pipeline_parallelism import most_stored, run_pipeline
    >>> most_stored(run_pipeline("gpipe", 2, 5)), most_stored(run_pipeline("1f1b", 2, 5))
    ([5, 5], [2, 1])
    """
    return [int(np.cumsum([1 if kind == "F" else -1 for kind, *_ in stage]).max()) for stage in run]


def _check_counts(**arguments):
    for name, value in arguments.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} is {value}; pass an integer of at least 1")
