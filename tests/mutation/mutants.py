r"""Mutants: Python source in, every small change to it out, each a whole text that compiles and means something else.

The tree comes from `ast`; a change replaces characters of the source, so all else stays as it was written.
``OPERATORS`` names the kinds. Three things are left alone on purpose:

- what only draws or speaks: Matplotlib calls and the loops that hold nothing else, ``figure(…)``, ``print``, f-strings;
- what is arbitrary or presentation: the seed of ``default_rng``, the digits of a rounding, ``tolist``, how many points
  a ``linspace`` or ``geomspace`` has;
- what is no code of the subject: imports, annotations, docstrings, ``__all__``, ``raise`` statements, ``assert``.

Why no library does it. mutmut 3 mutates functions of installed packages only, writes the mutants into a copy of the
project, and knows no oracle but pytest; page cells, which are neither functions nor files, are out of its reach.
cosmic-ray writes each mutant over the file in the working tree and starts a test command for it, seconds a mutant.
Both have parso or LibCST keep the source text, which replacing characters does with the standard library alone.

Examples
--------
>>> for mutant in mutants("def half(x):\n    return x / 2\n"):
...     print(f"{mutant.operator}: {mutant.mutated}")
return: return -(x / 2)
return: return x
arithmetic: return x * 2
constant: return x / 1
constant: return x / 3
constant: return x / 4
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

OPERATORS = {
    "arithmetic": "another operator of arithmetic; a minus sign removed",
    "comparison": "< for <=, == for !=, in for not in, and back",
    "boolean": "and for or, and back; a not removed",
    "constant": "a number one more, one less, doubled; True for False; a letter less on the right of in",
    "bounds": "a bound of a slice, range or arange one off",
    "axis": "another axis",
    "keyword": "a keyword argument dropped",
    "call": "f(x) becomes x, x.f() becomes x",
    "statement": "a method call that stands alone is removed",
    "swap": "the first two arguments, or results, exchanged",
    "return": "the negative is returned, or the first argument",
    "condition": "a condition negated; one that guards a raise never holds",
}
"""Each kind of mutant, and what it does."""

SWAPPED: dict[type, tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
    ast.Pow: (r"\*\*", "*"),
    ast.MatMult: ("@", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: (r"\|", "&"),
    ast.BitXor: (r"\^", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
COMMUTATIVE = {"min", "max", "minimum", "maximum", "add", "multiply", "hypot", "clip", "broadcast_shapes"}
COMMUTATIVE |= {"isclose", "allclose", "array_equal"}
GRIDS = {"linspace", "geomspace", "logspace"}
SPEECH = {"figure", "print", "display"}
TEXTS = (ast.JoinedStr, ast.Dict, ast.List, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
BETWEEN = r"(?:[\s()\\]|#.*\n)*"
"""What may stand between an operand and its operator."""


@dataclass(frozen=True)
class Mutant:
    """One change.

    `line` (from 1), `scope` (the enclosing functions, "" outside), `original` and `mutated` (the lines that change, in
    one) say what and where; `ordinal` (from 1) tells apart those that agree in all but the line. `source` is the whole
    text after the change.
    """

    line: int
    scope: str
    operator: str
    original: str
    mutated: str
    ordinal: int
    source: str

    @property
    def identity(self) -> tuple[str, str, str, str, int]:
        """What stays when lines move."""
        return self.scope, self.operator, self.original, self.mutated, self.ordinal


def mutants(source: str, context: str | None = None) -> list[Mutant]:
    r"""Return every mutant of a source, in order of place.

    Parameters
    ----------
    source : str
        Python source.
    context : str, optional
        The source in which its names are bound, for one cell that of the whole page: it tells which names are modules
        and which draw. Without it `source` itself.

    Returns
    -------
    list of Mutant
        Each compiles, and no two are the same text.

    Raises
    ------
    SyntaxError
        If `source` is not Python.

    Examples
    --------
    A guard never holds; what it says is left alone.

    >>> guard = "if x < 0:\n    raise ValueError('x is below 0')\n"
    >>> [(mutant.operator, mutant.mutated) for mutant in mutants(guard)]
    [('condition', 'if False:'), ('comparison', 'if x <= 0:'), ('constant', 'if x < -1:'), ('constant', 'if x < 1:')]

    >>> mutants("")
    []
    """
    tree = ast.parse(source)
    finder = _Finder(source, tree if context is None else ast.parse(context))
    finder.last = tree.body[-1] if tree.body else None  # in a cell its value is shown
    finder.visit(tree)
    found: dict[str, Mutant] = {}
    for mutant in sorted(finder.found, key=lambda one: one[0]):
        built = finder.build(*mutant[1:])
        if built.source != source and built.source not in found and _compiles(built.source):
            found[built.source] = built
    seen: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for mutant in found.values():
        key = (mutant.scope, mutant.operator, mutant.original, mutant.mutated)
        seen[key] += 1
        numbered.append(replace(mutant, ordinal=seen[key]))
    return numbered


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as "is" with a literal
        try:
            compile(source, "mutant", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError:
            return False
    return True


def drawing_names(tree: ast.AST) -> set[str]:
    """Return the names that hold Matplotlib or something made by it.

    Examples
    --------
    >>> code = "from matplotlib import pyplot as plt\\nfig, axes = plt.subplots()\\nfor ax, x in zip(axes, data): pass"
    >>> sorted(drawing_names(ast.parse(code)))
    ['ax', 'axes', 'fig', 'plt']
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or "matplotlib" for alias in node.names if alias.name.startswith("matplotlib")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("matplotlib"):
            names |= {alias.asname or alias.name for alias in node.names}
    pairs = [pair for node in ast.walk(tree) for pair in _bindings(node)]
    while True:
        more = {name.id for target, value in pairs if root(value) in names for name in _names(target)} - names
        if not more:
            return names
        names |= more


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what a statement binds, and to what; a loop over `zip` binds each part to its own."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.For, ast.comprehension)):
        call = node.iter
        if isinstance(call, ast.Call) and root(call) in ("zip", "enumerate") and isinstance(node.target, ast.Tuple):
            parts = node.target.elts if root(call) == "zip" else node.target.elts[1:]
            yield from zip(parts, call.args, strict=False)
        else:
            yield node.target, call


def _names(target: ast.expr) -> Iterator[ast.Name]:
    if isinstance(target, ast.Name):
        yield target
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _names(part)


def root(node: ast.AST) -> str:
    """Return the name that an expression begins with; "" if it begins with none.

    Examples
    --------
    >>> root(ast.parse("ax.lines[-1].get_color()", mode="eval").body)
    'ax'
    """
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


class _Finder(ast.NodeVisitor):
    """Walks a tree and notes each change as (order, where it begins and ends, what it becomes, operator, scope)."""

    def __init__(self, source: str, context: ast.AST) -> None:
        self.data = source.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.drawing = drawing_names(context)
        imports = [node for node in ast.walk(context) if isinstance(node, ast.Import)]
        self.modules = {alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names}
        self.last: ast.stmt | None = None
        self.scope: list[str] = []
        self.first: list[str] = []
        self.found: list[tuple[tuple[int, int], int, int, str, str, str]] = []

    # --- the text ---------------------------------------------------------------------------------------------------

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends, in bytes, as `ast` counts."""
        begin = self.starts[node.lineno - 1] + node.col_offset
        return begin, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        begin, end = self.span(node)
        return self.data[begin:end].decode()

    def add(self, where: ast.AST | tuple[int, int], operator: str, text: str) -> None:
        begin, end = where if isinstance(where, tuple) else self.span(where)
        self.found.append(((begin, len(self.found)), begin, end, text, operator, ".".join(self.scope)))

    def build(self, begin: int, end: int, text: str, operator: str, scope: str) -> Mutant:
        """Make the mutant; the lines around the change are shown in one, blanks joined."""
        top = self.data.rfind(b"\n", 0, begin) + 1
        bottom = self.data.find(b"\n", end) if b"\n" in self.data[end:] else len(self.data)
        before, after = self.data[top:begin].decode(), self.data[end:bottom].decode()
        shown = [" ".join(f"{before}{part}{after}".split()) for part in (self.data[begin:end].decode(), text)]
        source = f"{self.data[:begin].decode()}{text}{self.data[end:].decode()}"
        return Mutant(self.data.count(b"\n", 0, begin) + 1, scope, operator, *shown, 1, source)

    def between(self, left: ast.AST, right: ast.AST, kind: ast.AST, operator: str) -> None:
        """Exchange the operator that stands between two operands."""
        old, new = SWAPPED[type(kind)]
        begin, end = self.span(left)[1], self.span(right)[0]
        match = re.match(f"({BETWEEN})({old})", self.data[begin:end].decode())
        assert match, "an operator stands between its operands"
        at = begin + len(match[1].encode())
        self.add((at, at + len(match[2].encode())), operator, new)

    def bracketed(self, node: ast.AST) -> str:
        """Return the text of an expression so that it can stand anywhere."""
        text = self.text(node)
        closed = isinstance(node, (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict))
        return text if closed else f"({text})"

    # --- statements -------------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        if not (isinstance(node, ast.stmt) and self.only_draws(node)):
            super().visit(node)

    def only_draws(self, node: ast.stmt) -> bool:
        """Tell whether a statement does nothing but draw or speak."""
        if isinstance(node, (ast.For, ast.With, ast.If)):
            return all(self.only_draws(inner) for inner in [*node.body, *getattr(node, "orelse", [])])
        if isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, ast.Call):
            return root(node.value) in self.drawing or root(node.value) in SPEECH
        return False

    def skip(self, node: ast.AST) -> None:
        """Leave a node and what is in it alone."""

    visit_Import = visit_ImportFrom = visit_Raise = visit_Assert = visit_JoinedStr = skip  # noqa: N815 (`ast` has it so)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.scope.append(node.name)
        self.first.append(node.args.args[0].arg if node.args.args else "")
        for inner in [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]:
            self.visit(inner)
        self.scope.pop()
        self.first.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        for inner in node.body:
            self.visit(inner)
        self.scope.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.between(node.target, node.value, node.op, "arithmetic")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Constant):
            return  # a docstring
        is_method = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if is_method and root(call) not in self.modules and node is not self.last:
            self.add(node, "statement", "pass")
            for argument in [*call.args, *call.keywords]:
                self.visit(argument)
        else:
            self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        value = node.value
        if isinstance(value, ast.Tuple) and len(value.elts) > 1:
            self.swap(value.elts)
        elif isinstance(value, (ast.Compare, ast.BoolOp)):
            self.add(value, "return", f"not ({self.text(value)})")
        elif value is not None and not isinstance(value, (ast.Constant, *TEXTS)):
            self.add(value, "return", f"-({self.text(value)})")
        if value is not None and self.first and self.first[-1] not in ("", "self", "cls", self.text(value)):
            self.add(value, "return", self.first[-1])
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.body[-1], ast.Raise):
            self.add(node.test, "condition", "False")
        else:
            self.negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While | ast.IfExp) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    visit_IfExp = visit_While  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.negate(test)
        self.generic_visit(node)

    def negate(self, test: ast.expr) -> None:
        if not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):  # a not is removed elsewhere
            self.add(test, "condition", f"not ({self.text(test)})")

    # --- expressions ------------------------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> None:
        parts = (node.left, node.right)
        if not any(isinstance(part, ast.JoinedStr) or _is_string(part) for part in parts):  # texts joined or filled
            self.between(*parts, node.op, "arithmetic")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub) and _is_number(node.operand):
            self.number(node, -ast.literal_eval(node.operand))
            return
        self.add(node, "boolean" if isinstance(node.op, ast.Not) else "arithmetic", self.bracketed(node.operand))
        self.visit(node.operand)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between(left, right, node.op, "boolean")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, kind, right in zip(operands, node.ops, node.comparators, strict=False):
            self.between(left, right, kind, "comparison")
            if isinstance(kind, (ast.In, ast.NotIn)) and _is_string(right) and len(right.value) > 1:
                self.add(right, "constant", repr(right.value[1:]))
                self.add(right, "constant", repr(right.value[:-1]))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, "constant", repr(not node.value))
        elif _is_number(node):
            self.number(node, node.value)

    def number(self, node: ast.expr, value: float) -> None:
        """Change a number; one that has a sign also loses it."""
        for other in dict.fromkeys((value - 1, value + 1, 2 * value, abs(value))):
            if other != value:
                self.add(node, "constant", repr(other))

    def visit_Slice(self, node: ast.Slice) -> None:
        self.bounds([bound for bound in (node.lower, node.upper) if bound is not None])
        self.generic_visit(node)

    def bounds(self, bounds: list[ast.expr]) -> None:
        for bound in bounds:
            if not _is_number(bound) and not isinstance(bound, (ast.UnaryOp, ast.Starred)):
                self.add(bound, "bounds", f"{self.bracketed(bound)} + 1")
                self.add(bound, "bounds", f"{self.bracketed(bound)} - 1")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else root(node.func)
        if root(node) in self.drawing or root(node) in SPEECH or name == "default_rng":
            return
        if name == "glue":  # it publishes a value: only that is a subject
            for argument in node.args[1:]:
                self.visit(argument)
            return
        is_method = isinstance(node.func, ast.Attribute) and root(node) not in self.modules
        is_method |= isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, (ast.Name, ast.Attribute))
        digits = name == "round" and len(node.args) > (0 if is_method else 1)
        if name != "tolist" and not digits:
            if is_method:
                self.add(node, "call", self.bracketed(node.func.value))
            elif node.args and not isinstance(node.args[0], ast.Starred):
                self.add(node, "call", self.bracketed(node.args[0]))
        if name in ("range", "arange"):
            self.bounds(node.args)
        if name not in COMMUTATIVE and not digits:
            self.swap(node.args)
        for keyword in node.keywords:
            self.keyword(node, keyword)
        self.visit(node.func)
        meant = node.args[: 0 if is_method else 1] if digits else node.args[:2] if name in GRIDS else node.args
        for argument in meant:
            self.visit(argument)

    def swap(self, parts: list[ast.expr]) -> None:
        """Exchange the first two of several."""
        if len(parts) > 1 and not any(isinstance(part, ast.Starred) for part in parts[:2]):
            (begin, left_end), (right_begin, end) = self.span(parts[0]), self.span(parts[1])
            gap = self.data[left_end:right_begin].decode()
            self.add((begin, end), "swap", f"{self.text(parts[1])}{gap}{self.text(parts[0])}")

    def keyword(self, call: ast.Call, keyword: ast.keyword) -> None:
        """Drop a keyword argument, and change what it says."""
        parts = sorted((part for part in [*call.args, *call.keywords] if part is not keyword), key=self.span)
        self.add(call, "keyword", f"{self.text(call.func)}({', '.join(map(self.text, parts))})")
        if keyword.arg == "axis" and (_is_number(keyword.value) or isinstance(keyword.value, ast.UnaryOp)):
            for axis in ("0", "1", "None"):
                if axis != self.text(keyword.value):
                    self.add(keyword.value, "axis", axis)
        else:
            self.visit(keyword.value)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
