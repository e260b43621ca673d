"""Chain of code: run a program line by line, and let a model stand in for the lines that cannot run.

Accompanies ``docs/prompting/chain-of-code.md``. The program would be written by a model; the emulator would be one. It
is any function from a line and the variables to the variables that change. `run_program` uses `exec` and is no sandbox:
run only programs that you have read, or put a sandbox around it.
"""

import ast
import builtins
from copy import deepcopy
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Step:
    """One line of a program, and who ran it.

    Parameters
    ----------
    line : str
        The statement.
    by : str
        ``"interpreter"`` or ``"emulator"``.
    changed : dict
        The variables that are new or have another value after it, lists that it changed in place among them.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_code import Step
    >>> Step("n = 2", "interpreter", {"n": 2}).by
    'interpreter'
    """

    line: str
    by: str
    changed: dict


def undefined_calls(program):
    r"""Return the functions that a program calls and neither it nor Python defines.

    Parameters
    ----------
    program : str
        Python code.

    Returns
    -------
    list of str
        Their names, sorted: what an emulator would have to stand in for.

    Raises
    ------
    ValueError
        If the program cannot be parsed.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_code import undefined_calls
    >>> undefined_calls("n = len(names)\nn += is_funny(text) + is_funny(n)\nprint(totl(n))")
    ['is_funny', 'totl']
    >>> undefined_calls("from math import sqrt\nprint(sqrt(4))")
    []
    """
    called, known = set(), set(dir(builtins))
    for node in ast.walk(_parse(program)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            known.add(node.name)
        elif isinstance(node, ast.alias):  # of an import
            known.add(node.asname or node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    return sorted(called - known)


def _parse(program):
    try:
        return ast.parse(program)
    except SyntaxError as fault:
        raise ValueError(f"line {fault.lineno} of the program is no Python: {fault.msg}") from None


def _copy(state):
    return deepcopy(state, {id(value): value for value in state.values() if isinstance(value, ModuleType)})


def run_program(program, emulate, semantic=None):
    r"""Run a program statement by statement, and have an emulator supply what the interpreter cannot.

    Parameters
    ----------
    program : str
        Python code.
    emulate : callable
        ``emulate(line, state)`` returns a dict of the variables that the line sets; a copy of the state is passed.
    semantic : dict of str to type, optional
        The functions that may be emulated, and the type that each returns. Then only a line that fails because it calls
        one of these goes to the emulator, and what it returns must be of that type; so let each call be a line of its
        own, such as ``first = is_funny(text)``. Without it, every line that fails goes there, whatever the reason, as
        in the published method.

    Returns
    -------
    state : dict
        The variables at the end.
    steps : list of Step
        What ran, in order.

    Raises
    ------
    ValueError
        If the program cannot be parsed; with `semantic`, if a line fails for another reason, or the emulator returns a
        value of another type.

    Notes
    -----
    Statements of several lines, such as loops, run or are emulated as a whole, and what a failed one has changed is
    taken back. For that the state is copied after each statement, so its values must be such as `copy.deepcopy` copies
    and ``!=`` compares: those of plain Python, but neither generators nor arrays.

    References
    ----------
    .. [1] C. Li et al., "Chain of code: Reasoning with a language model-augmented code emulator," 2023.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_code import run_program
    >>> state, steps = run_program("n = 2\nfunny = is_funny('no')\nn += funny", lambda line, state: {"funny": False})
    >>> state["n"], [step.by for step in steps]
    (2, ['interpreter', 'emulator', 'interpreter'])
    """
    state, before, steps = {}, {}, []
    for node in _parse(program).body:
        line, by = ast.unparse(node), "interpreter"
        try:
            exec(compile(ast.Module([node], []), "program", "exec"), state)
        except Exception as fault:
            state.clear()
            state.update(_copy(before))
            if semantic is not None and not (isinstance(fault, NameError) and fault.name in semantic):
                raise ValueError(f"{line!r} fails: {fault}; mend the program") from None
            supplied, by, kinds = emulate(line, _copy(before)), "emulator", ()
            if semantic is not None:
                kinds = tuple(semantic[name] for name in undefined_calls(line) if name in semantic)
            for name, value in supplied.items():
                if kinds and not isinstance(value, kinds):
                    raise ValueError(
                        f"{line!r}: {name} is {value!r}, not {kinds[0].__name__}; ask the emulator again"
                    ) from None
            state.update(supplied)
        state.pop("__builtins__", None)  # which exec adds
        after = _copy(state)
        changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
        steps.append(Step(line, by, changed))
        before = after
    return state, steps


def stand_in(functions, guess):
    """Return a stand-in for a model that emulates lines: it knows some functions, and guesses where it knows nothing.

    Parameters
    ----------
    functions : dict of str to callable
        What it can judge, by the name that programs use.
    guess : object
        What it says of every variable that a line sets by other means: as a model does, it never says that it cannot.

    Returns
    -------
    callable
        ``emulate(line, state)`` for `run_program`.

    Examples
    --------
    >>> from code_examples.prompting.chain_of_code import stand_in
    >>> emulate = stand_in({"is_funny": lambda text: "ha" in text}, guess=7)
    >>> emulate("a = is_funny(joke)", {"joke": "ha!"}), emulate("b = totl / 3", {"total": 6})
    ({'a': True}, {'b': 7})
    """

    def emulate(line, state):
        scope, tree = {**state, **functions}, ast.parse(line)
        targets = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        try:
            exec(compile(tree, "line", "exec"), scope)
        except Exception:
            return dict.fromkeys(targets, guess)
        return {name: scope[name] for name in targets if name in scope}  # a loop of its own keeps its variable

    return emulate
