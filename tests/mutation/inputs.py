"""Changes inputs of page cells at random: each page must turn red, or show what it then computes.

    python tests/mutation/inputs.py --count 100 --seed 1

A number in a cell is changed in a copy of the site, which is built on top of what was built before. A build that fails
is red. Of one that passes, every number that the page shows (pasted into the text, or printed by a cell) is held
against an evaluation that shares nothing with the executor: the cells run as plain Python. Frames of explorables are
left out: their own tests hold each against the function that made it. Exit code 1 if any page is
stale.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup

from fieldbook.build import OUTPUT
from fieldbook.source import code_cells
from tests.building import build_html, run_cells

ROOT = Path(__file__).parents[2]
PARTS = ("docs", "code_examples", "_static", "_templates", "tests", "conf.py", "index.md", "requirements.txt")
PARTS += ("package.json", "package-lock.json")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")
PASTED = re.compile(r"\{glue:text\}`(\w+)(?::([^`]*))?`")
EVALUATE = r"""
import ast, contextlib, io, json, sys
import fieldbook.page, myst_nb
glued, shown, names = {}, [], {"Out": {}}
myst_nb.glue = lambda name, value, display=False: glued.__setitem__(name, value)
fieldbook.page.figure = lambda fig, **texts: shown.append(texts["caption"])
fieldbook.page.explore = lambda name, frame, **grid: None
for number, (source, tags) in enumerate(json.load(sys.stdin), start=1):
    said, tree = io.StringIO(), ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and source.rstrip()[-1] != ";" else None
    with contextlib.redirect_stdout(said):
        exec(compile(tree, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
        if value is not None:
            names["Out"][number] = value
            print(repr(value))
    if not {"remove-cell", "remove-output"} & set(tags):
        shown.append(said.getvalue())
json.dump([glued, shown], sys.stdout)
"""


def inputs(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and spelling of each number in the cells of a page; those in assertions check, and stay.

    Examples
    --------
    >>> inputs("```{code-cell} ipython3\\nx = 1.5\\nassert x > 1\\n```\\n")
    [(2, 4, '1.5')]
    """
    found = []
    lines = text.split("\n")
    for cell in code_cells(text):
        first = cell.line
        while lines[first].startswith(":"):
            first += 1
        tree = ast.parse(cell.source)
        checks = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        inside = {id(part) for check in checks for part in ast.walk(check)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float) and id(node) not in inside:
                line = first + node.lineno
                spelling = ast.get_source_segment(cell.source, node) or ""
                if lines[line - 1][node.col_offset :].startswith(spelling):
                    found.append((line, node.col_offset, spelling))
    return sorted(found)


def changed(spelling: str, chance: random.Random) -> str:
    """Return another number of the same type."""
    value = ast.literal_eval(spelling)
    if isinstance(value, int):
        return str(value + chance.choice([1, 2, max(1, value)]))
    return repr(value * chance.choice([0.5, 1.5, 3]) + chance.choice([0, 0.125]))


def stale(root: Path, page: Path) -> list[str]:
    """Return what a built page shows otherwise than its cells, run as plain Python, compute."""
    text = page.read_text(encoding="utf-8")
    cells = [(cell.source, cell.tags) for cell in code_cells(text)]
    done = run_cells(EVALUATE, cells, page.parent, root)
    if done.returncode:
        return [f"the cells fail as plain Python: {done.stderr.splitlines()[-1]}"]
    glued, printed = json.loads(done.stdout)
    name = page.relative_to(root).with_suffix(".html")
    html = BeautifulSoup((root / OUTPUT / name).read_text(encoding="utf-8"), "html.parser").select_one("article")
    assert html is not None
    pasted = [node.text for node in html.select(".pasted-text")]
    expected = [format(glued[key], form) if form else str(glued[key]) for key, form in PASTED.findall(text)]
    faults = [
        f"pasted {one!r}, computed {other!r}" for one, other in zip(pasted, expected, strict=True) if one != other
    ]
    blocks = html.select(".cell_output .output pre, figure.fb-figure figcaption")
    mine, other = (sorted(NUMBER.findall(" ".join(parts))) for parts in ([node.text for node in blocks], printed))
    return faults + ([f"cells show {mine}, computed {other}"] if mine != other else [])


def main() -> int:
    """Change, build, compare; print a line for each change and the sum."""
    parser = argparse.ArgumentParser(description="Change inputs of page cells at random.")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, results = random.Random(options.seed), {"red": 0, "fresh": 0, "stale": 0}
    with tempfile.TemporaryDirectory(prefix="fieldbook-inputs-") as folder:
        root = Path(folder, "site")
        root.mkdir()
        for part in PARTS:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, root / part)
        (root / "node_modules").symlink_to(ROOT / "node_modules")
        if (built := build_html(root)).returncode:
            raise SystemExit(f"The site does not build:\n{built.stderr[-2000:]}")
        pages = [page for page in sorted((root / "docs").glob("*/*.md")) if code_cells(page.read_text("utf-8"))]
        pages = [page for page in pages if page.parent.name not in ("contributing", "about")]
        for page in pages:
            if found := stale(root, page):
                raise SystemExit(f"{page.name} is stale before any change: {found}")
        for _ in range(options.count):
            page = chance.choice(pages)
            text = page.read_text(encoding="utf-8")
            line, column, spelling = chance.choice(inputs(text))
            other, lines = changed(spelling, chance), text.split("\n")
            before = lines[line - 1]
            lines[line - 1] = before[:column] + other + before[column + len(spelling) :]
            page.write_text("\n".join(lines), encoding="utf-8")
            found = [] if (red := build_html(root).returncode != 0) else stale(root, page)
            fate = "red" if red else "stale" if found else "fresh"
            results[fate] += 1
            print(f"{fate:5} {page.name}:{line}: {before.strip()[:70]}: {spelling} → {other} {found or ''}", flush=True)
            page.write_text(text, encoding="utf-8")
    print(results)
    return 1 if results["stale"] else 0


if __name__ == "__main__":
    sys.exit(main())
