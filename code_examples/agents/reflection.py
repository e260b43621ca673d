"""Reflection: drafts, criticism, revision; what reviews do to accuracy, and a critic that runs tests.

Accompanies ``docs/agents/reflection.md``. Writer and critic are arguments, so that stubs can show what is called when.
"""

import json

from code_examples.agents.tool_use import ToolError, run_code


def review(accuracy, broken, mended, rounds):
    """Return the accuracy after rounds of review that mend some wrong answers and break some right ones.

    Parameters
    ----------
    accuracy : float
        Share of right answers before, from 0 to 1.
    broken : float
        Share of the right answers that a round makes wrong, from 0 to 1.
    mended : float
        Share of the wrong answers that a round makes right, from 0 to 1.
    rounds : int
        How many rounds; at least 0.

    Returns
    -------
    float
        Share of right answers afterwards. It tends to ``mended / (mended + broken)``, whatever it began with.

    Raises
    ------
    ValueError
        If a share is outside 0 to 1, or the number of rounds below 0.

    Examples
    --------
    Of 90 right answers a tenth is broken, of 10 wrong ones half are mended.

    >>> from code_examples.agents.reflection import review
    >>> round(review(0.9, 0.1, 0.5, 1), 12)
    0.86
    >>> review(0.9, 0.1, 0.5, 0)
    0.9
    """
    for name, share in (("accuracy", accuracy), ("broken", broken), ("mended", mended)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share}; pass a share from 0 to 1")
    if rounds < 0:
        raise ValueError(f"rounds is {rounds}; pass at least 0")
    for _ in range(rounds):
        accuracy = accuracy * (1 - broken) + (1 - accuracy) * mended
    return accuracy


def reflect(write, criticise, task, max_rounds):
    """Return a draft that was criticised and revised until the critic was content.

    Parameters
    ----------
    write : callable
        ``write(task, tried)`` returns a draft; ``tried`` holds the earlier drafts, each with its criticism.
    criticise : callable
        ``criticise(task, draft)`` returns a text that says what is wrong; an empty one if nothing is.
    task : object
        What is to be done, as both understand it.
    max_rounds : int
        How often the critic is asked at most; at least 0. The last revision may go out uncriticised.

    Returns
    -------
    draft : object
        The last draft.
    tried : list of tuple
        The drafts before it and what was said of each.

    Raises
    ------
    ValueError
        If ``max_rounds`` is below 0.

    Examples
    --------
    A writer that adds a letter, and a critic that wants three.

    >>> from code_examples.agents.reflection import reflect
    >>> write = lambda task, tried: task * (len(tried) + 1)
    >>> reflect(write, lambda task, draft: "" if len(draft) > 2 else "too short", "a", 5)
    ('aaa', [('a', 'too short'), ('aa', 'too short')])
    """
    if max_rounds < 0:
        raise ValueError(f"max_rounds is {max_rounds}; pass at least 0")
    draft, tried = write(task, ()), []
    for _ in range(max_rounds):
        criticism = criticise(task, draft)
        if not criticism:
            break
        tried.append((draft, criticism))
        draft = write(task, tuple(tried))
    return draft, tried


def verdicts(program, cases, seconds):
    """Return what is wrong with a function in each of several cases, run in a process of its own.

    Parameters
    ----------
    program : str
        A Python expression whose value is a function.
    cases : sequence of tuple
        Pairs of the arguments, a tuple, and the result that is wanted; both of plain numbers, texts and truth values.
    seconds : float
        How long all cases may take together.

    Returns
    -------
    list of str
        One text for each case, empty where the result is the wanted one. If the program cannot be run, ends early, or
        takes too long, each says why.

    Notes
    -----
    The process hears the arguments only; the wanted results stay here. A program that shared a process with them
    could read them, or return an object that claims to equal everything. It can still do what
    :func:`code_examples.agents.tool_use.run_code` cannot forbid.

    Examples
    --------
    >>> from code_examples.agents.reflection import verdicts
    >>> verdicts("lambda a, b: a * b", [((2, 2), 4), ((2, 3), 5)], 30)
    ['', 'f(2, 3) gives 6, not 5']
    >>> verdicts("lambda a: 1 / a", [((0,), 1), ((1,), 1)], 30)
    ['f(0) raises ZeroDivisionError', '']
    >>> verdicts("nothing", [((0,), 1)], 30)
    ["NameError: name 'nothing' is not defined"]
    """
    code = f"""
import json
f, said = eval({program!r}), []
for arguments in {[arguments for arguments, _ in cases]!r}:
    try:
        said.append(["gives", f(*arguments)])
    except Exception as error:
        said.append(["raises", type(error).__name__])
print()
print(json.dumps(said, default=repr))
"""
    try:
        said = json.loads(run_code(code, seconds).split("\n")[-1])
        verdict = []
        for (arguments, wanted), (how, given) in zip(cases, said, strict=True):
            right = how == "gives" and given == wanted
            what = f"gives {given!r}, not {wanted!r}" if how == "gives" else f"raises {given}"
            verdict.append("" if right else f"f({', '.join(map(repr, arguments))}) {what}")
    except ToolError as error:
        return [str(error)] * len(cases)
    except (TypeError, ValueError):
        return ["the program ended, or wrote, before all cases had run"] * len(cases)
    return verdict
