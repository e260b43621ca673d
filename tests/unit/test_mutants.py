"""Mutants: each kind made where it should be, and not made one step beside it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fieldbook import results
from tests.mutation import report
from tests.mutation.mutants import OPERATORS, mutants
from tests.mutation.run import libraries

ROOT = Path(__file__).parents[2]

MADE = {
    "arithmetic": [
        ("a + b", ["a - b"]),
        ("(a) @ (b)", ["(a) * (b)"]),
        ("a ** 2 // b", ["a * 2 // b", "a ** 2 / b"]),
        ("(a  # a * b\n * b)", ["/ b)"]),
        ("(a  # é\n * b)", ["/ b)"]),
        ("x -= y", ["x += y"]),
        ("-x", ["x"]),
        ("é = 'é' * (b - c)", ["é = 'é' * (b + c)"]),
        ("'100 % of ' + name", []),
        ("'%d' % n", []),
    ],
    "comparison": [
        ("a < b <= c", ["a <= b <= c", "a < b < c"]),
        ("a == b", ["a != b"]),
        ("a is  not None", ["a is None"]),
        ("a not in b", ["a in b"]),
    ],
    "boolean": [
        ("a and b and c", ["a or b and c", "a and b or c"]),
        ("not (a or b)", ["(a or b)", "not (a and b)"]),
    ],
    "constant": [
        ("x = 0", ["x = -1", "x = 1"]),
        ("x = 3", ["x = 2", "x = 4", "x = 6"]),
        ("x = -1", ["x = -2", "x = 0", "x = 1"]),
        ("x = 0.5", ["x = -0.5", "x = 1.5", "x = 1.0"]),
        ("f(a, keepdims=True)", ["f(a, keepdims=False)"]),
        ("kind in 'biu'", ["kind in 'iu'", "kind in 'bi'"]),
        ("kind in 'b'", []),
        ("x = 'biu'", []),
        ("x = None", []),
        ("round(x, 3)", []),
        ("x.round(3)", []),
        ("linspace(a, b, 50)", []),
    ],
    "bounds": [
        ("x[:n]", ["x[:n + 1]", "x[:n - 1]"]),
        ("x[a | b:]", ["x[(a | b) + 1:]", "x[(a | b) - 1:]"]),
        ("range(n)", ["range(n + 1)", "range(n - 1)"]),
        ("x[n]", []),
        ("x[1:-n]", []),
    ],
    "axis": [
        ("x.sum(axis=0)", ["x.sum(axis=1)", "x.sum(axis=None)"]),
        ("x.sum(axis=-1)", ["x.sum(axis=0)", "x.sum(axis=1)", "x.sum(axis=None)"]),
        ("x.sum(axis=axis)", []),
        ("axis = 0", []),
    ],
    "keyword": [
        ("f(a, b=1, **c)", ["f(a, **c)", "f(a, b=1)"]),
        ("f(x)", []),
    ],
    "call": [
        ("import math\ny = math.exp(x)", ["y = x"]),
        ("y = exp(x + 1)", ["y = (x + 1)"]),
        ("y = x.copy()", ["y = x"]),
        ("import numpy as np\ny = np.abs(x).max()", ["y = np.abs(x)", "y = x.max()"]),
        ("y = f(*x)", []),
        ("y = f()", []),
        ("y = x.tolist()", []),
        ("y = round(x, 3)", []),
        ("y = round(x)", ["y = x"]),
        ("y = x.round(3)", []),
    ],
    "statement": [
        ("x.append(1)\ny = 2", ["pass"]),
        ("y = 2\nx.mean()", []),
        ("import random\nrandom.shuffle(x)\ny = 2", []),
        ("f(x)\ny = 2", []),
    ],
    "swap": [
        ("f((a), (b), c)", ["f((b), (a), c)"]),
        ("f(a, a)", []),
        ("f(*a, b)", []),
        ("f(a, b=1)", []),
        ("max(a, b)", []),
        ("import numpy as np\nnp.multiply(a, b)", []),
        ("import numpy as np\nnp.clip(a, 0, 1)", []),  # the smaller of 1 and of the larger of a and 0
    ],
    "return": [
        ("def f(x):\n    return g(x) + 1", ["return -(g(x) + 1)", "return x"]),
        ("def f(x):\n    return x", ["return -(x)"]),
        ("def f(x):\n    return x < 1 or x > 2", ["return not (x < 1 or x > 2)", "return x"]),
        ("def f():\n    return [1]", []),
        ("def f():\n    return None", []),
        ("def f():\n    return", []),
    ],
    "condition": [
        ("if a:\n    b = 1", ["if not (a):"]),
        ("if a:\n    raise ValueError", ["if False:"]),
        ("while a:\n    b = 1", ["while not (a):"]),
        ("x = b if a else c", ["x = b if not (a) else c"]),
        ("x = [b for b in c if b]", ["x = [b for b in c if not (b)]"]),
        ("if not a:\n    b = 1", []),
        ("x = [b for b in c]", []),
    ],
}


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [(operator, *case) for operator, cases in MADE.items() for case in cases],
)
def test_each_kind_is_made_here_and_not_beside_it(operator, source, expected):
    assert [mutant.mutated for mutant in mutants(source) if mutant.operator == operator] == expected


def test_every_kind_has_its_cases():
    assert MADE.keys() == OPERATORS.keys()


def test_results_are_exchanged_as_arguments_are():
    assert "return b, a" in [
        mutant.mutated for mutant in mutants("def f(x):\n    return a, b") if mutant.operator == "swap"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy.linalg",
        "from numpy import linalg",
        '"""A docstring with 1 + 1."""',
        "def f(x: int | None = None) -> tuple[int, 2]: ...",
        "x: int | None",
        "raise ValueError('no ' + name, 1)",
        "assert x == 1",
        "f'{x + 1} is {y * 2}'",
        "__all__ = ['a'] * 2",
        "figure(fig, name='a', caption=str(x + 1), alt=text(x))",
        "print(x + 1)",
        "rng = np.random.default_rng(0)",
        "from matplotlib import pyplot as plt\nfig, ax = plt.subplots(1, 2)",
        "import matplotlib.pyplot as plt\nfig, axes = plt.subplots()\nfor a, x in zip(axes, data):\n    a.plot(x + 1)",
        "from matplotlib import pyplot as plt\nfor x in (1, 2):\n    plt.plot(x)\n    plt.text(x, x, 'x')",
        "from matplotlib import pyplot as plt\nbars = plt.bar(x, y + 1)\nbars[0].set_height(1)",
    ],
)
def test_nothing_is_made_of_what_is_no_code_or_only_draws(source):
    assert [mutant.mutated for mutant in mutants(source)] == []


def test_a_loop_that_also_computes_is_a_subject():
    source = "from matplotlib import pyplot as plt\nfor x in (1,):\n    plt.plot(x)\n    y.append(x)\ny"
    assert {mutant.operator for mutant in mutants(source)} == {"constant", "statement"}


def test_only_the_value_of_glue_is_a_subject():
    assert [mutant.mutated for mutant in mutants("glue('x', 1 + y)")] == [
        "glue('x', 0 + y)",
        "glue('x', 2 + y)",
        "glue('x', 1 - y)",
    ]


def test_names_are_bound_in_the_context():
    cell = "ax.plot(x + 1)\ny = math.exp(x)"
    alone, on_page = (
        mutants(cell),
        mutants(cell, f"import math\nfrom matplotlib import pyplot as plt\nax = plt.gca()\n{cell}"),
    )
    assert "ax.plot(x - 1)" in [mutant.mutated for mutant in alone]
    assert [mutant.mutated for mutant in on_page] == ["y = x"]


SOURCE = '''"""Ä module."""


def f(ä, b):
    """Return."""
    if ä < 0 or b == 0:
        raise ValueError("nö")
    return g(
        ä / b,
        1,
    )


x = 1; x = 1
'''


def test_a_mutant_is_the_source_but_for_one_change():
    found = mutants(SOURCE)
    assert len({mutant.source for mutant in found}) == len(found) > 10
    assert len({mutant.identity for mutant in found}) == len(found)
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(SOURCE))
        assert mutant.source.startswith('"""Ä module."""\n\n\ndef f(ä, b):\n    """Return."""\n    ')
        assert 'raise ValueError("nö")' in mutant.source
        assert mutant.original in " ".join(SOURCE.split())
    assert {mutant.scope for mutant in found} == {"f", ""}
    assert {mutant.line for mutant in found} == {6, 8, 9, 10, 14}


def test_two_ways_to_one_text_make_one_mutant():
    made = [mutant for mutant in mutants("def f(x):\n    return g(x)") if mutant.mutated == "return x"]
    assert [mutant.operator for mutant in made] == ["return"]  # and no call, which comes second


def test_mutants_that_look_alike_are_numbered():
    alike = [mutant for mutant in mutants("x = 1\nx = 1\n") if mutant.mutated == "x = 2"]
    assert [(mutant.line, mutant.ordinal) for mutant in alike] == [(1, 1), (2, 2)]


def test_source_that_is_not_python_is_refused():
    with pytest.raises(SyntaxError):
        mutants("%matplotlib inline")


def test_nothing_that_jobs_share_starts_threads_of_jax():
    """Forked from a process with such threads, a test of JAX would wait for its time limit, and so would each after."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/code_examples").rglob("test_*.py"))]
    shared = sorted(set().union(*map(libraries, texts)))
    assert {"networkx", "scipy.stats"} <= set(shared)
    code = f"import sys, {', '.join(shared)}; raise SystemExit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_each_listed_equivalent_is_a_mutant_that_there_is():
    """Else a run of many minutes ends in a complaint about its list."""
    text = (ROOT / report.EQUIVALENTS).read_text(encoding="utf-8")
    subjects = []
    for path in sorted(set(re.findall(r"^- path: (.*)$", text, re.MULTILINE))):
        source = (ROOT / path).read_text(encoding="utf-8")
        cells = results.runnable(source).cells if path.endswith(".md") else ()
        context = "\n".join(cell.source for cell in cells)
        visible = [cell.source for cell in cells if "remove-cell" not in cell.tags] if cells else [source]
        for part in visible:
            subjects += [report.Subject(path, "", 0, one, []) for one in mutants(part, context)]
    assert report.mark_equivalents(text, subjects, whole=False) == []
    assert sum(one.equivalent for one in subjects) == text.count("- path: ") > 20
