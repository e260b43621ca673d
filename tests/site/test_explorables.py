"""Every frame of every explorable is what the page's Python gives at that point, evaluated apart from the build.

The cells run as plain Python, and each frame is asked for once more, the last point first: one that depended on those
before it would differ. The numbers are then read off the page as built: texts, lengths of bars, paths of curves,
depths of colour, pixels.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from fieldbook.source import code_cells
from tests.building import run_cells
from tests.explorables import ROOT, SAME, Placed, each_explorable, placed

EVALUATE = r"""
import ast, itertools, json, sys
import fieldbook.page, myst_nb
found, names = {}, {"Out": {}}

def explore(name, frame, **grid):
    axes = {key: [getattr(value, "item", lambda: value)() for value in values] for key, values in grid.items()}
    points = [dict(zip(axes, values)) for values in itertools.product(*axes.values())]
    frames = [(made.sentence, made.parts) for made in (frame(**point) for point in reversed(points))]
    found[name] = [[*axes.items()], frames[::-1]]

myst_nb.glue = lambda *args, **options: None
fieldbook.page.figure = lambda *args, **options: None
fieldbook.page.explore = explore
for number, source in enumerate(json.load(sys.stdin), start=1):
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and source.rstrip()[-1] != ";" else None
    exec(compile(tree, "cell", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    if value is not None:
        names["Out"][number] = value
json.dump(found, sys.__stdout__)
"""


@cache
def evaluated(source: Path) -> dict:
    """Return grid and frames of each explorable of a page, computed in a process without the build."""
    cells = [cell.source for cell in code_cells(source.read_text(encoding="utf-8"))]
    done = run_cells(EVALUATE, cells, source.parent, ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@cache
def built(page: Path) -> BeautifulSoup:
    text = page.read_text(encoding="utf-8").replace("<template>", "<frames>").replace("</template>", "</frames>")
    return BeautifulSoup(text, "html.parser")  # which takes no text out of a template


def figure_of(site: Path, explorable: Placed) -> Tag:
    figure = built(site / explorable.path).select_one(f"figure[data-explore={explorable.name}]")
    assert figure is not None
    return figure


@each_explorable
def test_every_frame_shows_what_the_page_computes_at_its_point(site, explorable):
    grid, frames = evaluated(explorable.source)[explorable.name]
    figure = figure_of(site, explorable)
    sliders = [(one["name"], json.loads(one["data-values"])) for one in figure.select("input")]
    assert [name for name, _ in sliders] == [name for name, _ in grid]
    for (_, shown), (_, values) in zip(sliders, grid, strict=True):
        given = [float(text) if isinstance(value, float) else text for text, value in zip(shown, values, strict=True)]
        assert given == [pytest.approx(v, rel=1e-5) if isinstance(v, float) else str(v) for v in values]
    drawn = figure.select("frames > div")
    for node, (sentence, parts) in zip(drawn, frames, strict=True):
        assert node["data-say"] == sentence
        shown = [child for child in node.children if isinstance(child, Tag)]
        for one, part in zip(shown, parts, strict=True):
            SAME[part["kind"]](one, part)


@each_explorable
def test_what_is_read_without_scripts_are_the_frames_of_the_points_named(site, explorable):
    figure = figure_of(site, explorable)
    names = [one["name"] for one in figure.select("input")]
    values = [json.loads(one["data-values"]) for one in figure.select("input")]
    points = [",".join(f"{n}:{v}" for n, v in zip(names, point, strict=True)) for point in product(*values)]
    frames = dict(zip(points, figure.select("frames > div"), strict=True))
    stills = figure.select(".fb-still")
    for still, point in zip(stills, (explorable.default or points[0], *explorable.shown), strict=True):
        words = still.select_one(".fb-point").get_text()
        assert [part.rpartition(" = ")[2] for part in words.split(", ")] == re.findall(r":([^,]+)", point)
        assert frames[point].decode_contents() in still.decode_contents()
        assert frames[point]["data-say"] in still.get_text()


def test_no_explorable_of_the_site_is_left_out(site):
    on_pages = {
        (path.relative_to(site).as_posix(), name)
        for path in site.rglob("*.html")
        for name in re.findall(r'<figure[^>]*data-explore="([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert on_pages == {(one.path, one.name) for one in placed()}
    assert len(on_pages) > 3
