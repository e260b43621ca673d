"""Questions asked of the code of a page's cells, answered from its syntax alone.

Which numbers stand in it (`number_literals`), which strings does it show to the reader (`shown_strings`), and is each
result held by a check (`unchecked`)? The latter two follow a name through one assignment, as a reader would. No Sphinx
import.
"""

from __future__ import annotations

import ast
import builtins
import doctest
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from fieldbook.source import Cell, Fence

SHOWN_BY_POSITION = {
    "glue": 1, "print": 0, "Markdown": 0,
    "Frame": 0, "numbers": 0, "bars": 0, "lines": 1, "table": 0,
    "set_title": 0, "suptitle": 0, "annotate": 0, "text": 2, "set_xlabel": 0, "set_ylabel": 0,
}  # fmt: skip
"""Calls that show a string, and the first argument that may be one."""
SHOWN_BY_KEYWORD = {"caption", "alt", "title", "label", "xlabel", "ylabel", "suptitle", "names", "row_names"}
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a string for what its f-string puts in."""


@lru_cache(maxsize=512)  # every question is asked of every cell; a page has a few dozen
def parsed(code: str) -> ast.Module:
    """Return the tree of a cell, to be read only; an empty one if it is not Python, which running it will tell."""
    try:
        return ast.parse(code)
    except SyntaxError:
        return ast.Module([], [])


@lru_cache(maxsize=512)
def walked(code: str) -> tuple[ast.AST, ...]:
    """Return all nodes of a cell's tree, breadth first."""
    return tuple(ast.walk(parsed(code)))


def number_literals(code: str) -> set[float]:
    """Return every number that stands literally in Python code; a minus before it counts.

    Examples
    --------
    >>> sorted(number_literals("x = -1 + 0.5 * f(1_000)"))
    [-1, 0.5, 1, 1000]
    >>> number_literals("not python at all")
    set()
    """
    found = set()
    for node in walked(code):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.add(node.value)
        elif (
            isinstance(node, ast.UnaryOp)
            and isinstance(node.op, ast.USub)
            and isinstance(node.operand, ast.Constant)
            and type(node.operand.value) in (int, float)
        ):
            found.add(-node.operand.value)
    return found


# --- strings ---------------------------------------------------------------------------------------------------------


def shown_strings(codes: Iterable[str]) -> list[tuple[int, int, str]]:
    r"""Return the strings that cells show: captions, alternative texts, titles, labels, glued and printed text.

    Parameters
    ----------
    codes : iterable of str
        The source of each cell.

    Returns
    -------
    list of (int, int, str)
        Index of the cell, line in it (from 1), and the text, with `HOLE` for each value that is put in.

    Examples
    --------
    >>> shown_strings(["title = f'{n} of 50'\nax.set_title(title)", "glue('x', f'{y:.3f} s')"])
    [(0, 1, '\ufffc of 50'), (1, 1, '\ufffc s')]
    >>> shown_strings(["ax.set(xlim=(0, 4)); print(len('4'))"])
    []
    """
    nodes = [walked(code) for code in codes]
    assigned: dict[str, tuple[int, ast.expr]] = {}
    for index, every in enumerate(nodes):
        for node in every:
            if isinstance(node, ast.Assign):
                assigned |= {target.id: (index, node.value) for target in node.targets if isinstance(target, ast.Name)}
    found: dict[tuple[int, int, int, str], None] = {}
    for index, every in enumerate(nodes):
        for node in every:
            if isinstance(node, ast.Call):
                for argument in _shown_arguments(node):
                    for at, string in _strings(argument, index, assigned, set()):
                        text = _text(string)
                        if text.strip():
                            found[at, string.lineno, string.col_offset, text] = None
    return [(at, line, text) for at, line, _, text in found]


def _shown_arguments(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in SHOWN_BY_POSITION:
        yield from call.args[SHOWN_BY_POSITION[name] :]
    yield from (word.value for word in call.keywords if word.arg in SHOWN_BY_KEYWORD)


def _strings(
    node: ast.expr, index: int, assigned: dict[str, tuple[int, ast.expr]], seen: set[str]
) -> Iterator[tuple[int, ast.expr]]:
    """Yield the string expressions of an argument, each with the cell that it stands in."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield index, node
        parts: list[ast.expr] = [
            part.value for part in getattr(node, "values", ()) if isinstance(part, ast.FormattedValue)
        ]
    elif isinstance(node, ast.Name):
        if node.id in assigned and node.id not in seen:
            at, value = assigned[node.id]
            yield from _strings(value, at, assigned, seen | {node.id})
        return
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, (ast.Tuple, ast.List)):
        parts = list(node.elts)
    elif isinstance(node, ast.Dict):
        parts = [part for part in (*node.keys, *node.values) if part is not None]
    elif isinstance(node, ast.DictComp):
        parts = [node.key, node.value]
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        parts = [node.elt]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "format"):
        parts = [node.func.value, *node.args]
    else:
        return
    for part in parts:
        yield from _strings(part, index, assigned, seen)


def _text(string: ast.expr) -> str:
    if isinstance(string, ast.Constant):
        return str(string.value)
    assert isinstance(string, ast.JoinedStr)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in string.values)


# --- checks ----------------------------------------------------------------------------------------------------------

HIDDEN = {"remove-cell", "remove-output", "raises-exception"}
"""Tags of cells that show no result: a cell that is to fail shows its error."""
NO_RESULT = {"glue", "figure", "explore"}
"""Helpers that show what others have worked out; a check is of that."""


@dataclass(frozen=True)
class Unchecked:
    """A cell that no check holds: its index, and what a check could name."""

    index: int
    names: tuple[str, ...]


def has_check(cells: list[Cell], fences: list[Fence]) -> bool:
    r"""Tell whether anything on a page is checked at all.

    Examples
    --------
    >>> has_check([Cell(1, "x = 1", ())], []), has_check([Cell(1, "assert 1", ())], [])
    (False, True)
    """
    return bool(list(_checks(cells, fences)))


def unchecked(cells: list[Cell], fences: list[Fence]) -> list[Unchecked]:
    r"""Return the cells whose result is shown or pasted and that no check follows.

    A check is an ``assert``, or an example with a result in a ``pycon`` fence. It holds a cell if it stands in the cell
    or after it and names, directly or through one assignment, something that the cell defines or a function of the
    site's code that it uses. A cell that defines nothing (a call, or a figure of what was worked out before) is held
    by any check that names what it calls or uses.

    Examples
    --------
    >>> page = [Cell(1, "p = f(2)\np", ()), Cell(9, "total = p.sum()\nassert total == 1", ("remove-cell",))]
    >>> unchecked(page, []), unchecked(page[:1], [])
    ([], [Unchecked(index=0, names=('p',))])
    >>> unchecked([Cell(1, "f(2)", ())], [Fence(5, ">>> f(2)\n4\n")])
    []
    """
    assigned = _assigned(cells)
    checks = [
        (line, names.union(*(assigned.get(name, set()) for name in names))) for line, names in _checks(cells, fences)
    ]
    foreign, own_code = _foreign(cells) | NO_RESULT | set(dir(builtins)), _imported(cells, own=True)
    found = []
    for index, cell in enumerate(cells):
        if not _shows(cell):
            continue
        generic = foreign | _plots(cell)
        defined = _defined(parsed(cell.source)) - generic
        used = _used(cell) - generic
        own = defined | (used & own_code) if defined else used
        if own and not any(names & own for line, names in checks if line >= cell.line or not defined):
            found.append(Unchecked(index, tuple(sorted(own))))
    return found


@dataclass(frozen=True)
class OutOfSight:
    """A name that a reader's cell takes from one that no reader sees: the index of the former, and the name."""

    index: int
    name: str


def out_of_sight(cells: list[Cell]) -> list[OutOfSight]:
    r"""Return what cells take from hidden ones; a reader who runs those that can be seen would not have it.

    Examples
    --------
    >>> out_of_sight([Cell(1, "x = 2", ("remove-cell",)), Cell(9, "x + 1", ())])
    [OutOfSight(index=1, name='x')]
    >>> out_of_sight([Cell(1, "x = 2", ("remove-cell",)), Cell(9, "x = 3", ()), Cell(15, "x + 1", ())])
    []
    """
    last_by_hidden: dict[str, bool] = {}
    found = []
    for index, cell in enumerate(cells):
        hidden = "remove-cell" in cell.tags
        own = _defined(parsed(cell.source)) | _imported([cell], own=True) | _imported([cell], own=False)
        if not hidden:
            parameters = {node.arg for node in walked(cell.source) if isinstance(node, ast.arg)}
            taken = _used(cell) - own - parameters
            found += [OutOfSight(index, name) for name in sorted(taken) if last_by_hidden.get(name)]
        last_by_hidden |= dict.fromkeys(own, hidden)
    return found


def _shows(cell: Cell) -> bool:
    tree = parsed(cell.source)
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in walked(cell.source)
        if isinstance(node, ast.Call)
    }
    if "glue" in calls:
        return True
    if HIDDEN & set(cell.tags):
        return False
    ends_in_value = bool(tree.body) and isinstance(tree.body[-1], ast.Expr) and not cell.source.rstrip().endswith(";")
    return ends_in_value or bool(calls & {"print", "display", "figure", "explore"})


def _checks(cells: list[Cell], fences: list[Fence]) -> Iterator[tuple[int, set[str]]]:
    """Yield the line of each check and the names in it."""
    for cell in cells:
        for node in walked(cell.source):
            if isinstance(node, ast.Assert):
                yield cell.line, _names(node)
    for fence in fences:
        try:
            examples = doctest.DocTestParser().get_examples(fence.text)
        except ValueError:
            continue  # `doctests` says so
        for example in examples:
            if example.want:
                yield fence.line, _names(parsed(example.source))


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


_SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _defined(node: ast.AST) -> set[str]:
    """Return what a cell assigns or defines, loops included; not what only a function or a comprehension knows."""
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            found.add(child.name)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            found.add(child.id)
        if not isinstance(child, _SCOPES):
            found |= _defined(child)
    return found


def _used(cell: Cell) -> set[str]:
    """Return the names that a cell reads and has not made itself."""
    names = [part for part in walked(cell.source) if isinstance(part, ast.Name)]
    made = {part.id for part in names if isinstance(part.ctx, ast.Store)}
    return {part.id for part in names if isinstance(part.ctx, ast.Load)} - made


def _foreign(cells: list[Cell]) -> set[str]:
    """Return what the cells import from elsewhere than the site's own code."""
    return _imported(cells, own=False) | {"np", "plt", "math"}


def _imported(cells: list[Cell], *, own: bool) -> set[str]:
    """Return what the cells import, from the site's own code or from elsewhere."""
    found = set()
    for cell in cells:
        for node in walked(cell.source):
            if isinstance(node, ast.Import) and not own:
                found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and ((node.module or "").partition(".")[0] == "code_examples") == own:
                found |= {alias.asname or alias.name for alias in node.names}
    return found


def _plots(cell: Cell) -> set[str]:
    """Return the names of figures, axes and what is drawn on them."""
    found = {"plt"}
    for node in walked(cell.source):
        if isinstance(node, ast.Assign) and _root(node.value) in found:
            found |= set().union(*(_names(target) for target in node.targets))
    return found


def _root(node: ast.AST) -> str:
    """Return the name with which an expression such as ``ax.bar(…)[0]`` begins."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _assigned(cells: list[Cell]) -> dict[str, set[str]]:
    """Return for each name the names in whatever it was assigned: a value, a loop's source, a function's body."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        for node in walked(cell.source):
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            elif isinstance(node, (ast.AugAssign, ast.For)):
                pairs = [(node.target, node.value if isinstance(node, ast.AugAssign) else node.iter)]
            elif isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, set()).update(*(_names(part) for part in node.body))
                continue
            else:
                continue
            for target, value in pairs:
                for name in _names(target):
                    found.setdefault(name, set()).update(_names(value))
    return found
