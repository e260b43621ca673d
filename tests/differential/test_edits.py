"""Incremental equals fresh: after any edits, the next build gives what a build from nothing gives.

A history is a list of steps, a step the edits made between two builds. Histories are drawn by hypothesis; of one that
fails, every edit that can be spared is taken out, and the rest is shown. The short run draws the same few each time;
``FIELDBOOK_EDITS=300``, as ``make edits`` sets it, draws that many others, and makes ten edits on the real site.
"""

from __future__ import annotations

import os
import random
import re
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.differential.edits import BIBLIOGRAPHY, BREAKS, EDITS, Edit

SLUGS = ("mean", "median", "mode", "spread", "token", "sentence", "frequency", "vocabulary")
SLUGS += ("circle", "square", "triangle", "grid-of-squares")
TO_COME = ("newcomer", "polygon", "attention")
AREAS = ("numbers", "words", "shapes")
KEYS = ("gauss1809theoria", "tukey1960survey", "pearson1895skew", "zipf1935psychobiology", "euclid1956elements")
MODULES = ("numbers/mean.py", "numbers/counts.py", "numbers/mode.py", "numbers/spread.py", "shapes/area.py")

slug = st.sampled_from(SLUGS)
any_slug = st.sampled_from((*SLUGS, *TO_COME))
area = st.sampled_from(AREAS)
count = st.integers(1, 3)
flag = st.sampled_from((True, False))
key = st.sampled_from(KEYS)
field = st.sampled_from(
    (("title", "Another title"), ("year", "1999"), ("seen", "abstract"), ("seen", "text"), ("author", "Adams, A."))
)
change = st.sampled_from(
    (
        ("numbers/mean.py", "/ len(values)", "/ (len(values) + 0)"),
        ("numbers/mean.py", "sum(values) /", "1 + sum(values) /"),
        ("numbers/counts.py", "Counter(values)", "Counter(sorted(values, reverse=True))"),
        ("numbers/counts.py", "Counter(values)", "Counter([*values, 7, 7, 7])"),
        ("numbers/spread.py", "SCALE = 1", "SCALE = 2"),
        ("shapes/area.py", "PI = 3.14159", "PI = 3.14"),
        ("shapes/area.py", "PI = 3.14159", "PI = 3"),
        ("shapes/area.py", "side**2", "side * side"),
        ("shapes/area.py", "def square", "def squared"),
    )
)
output = st.sampled_from(
    (
        *("docs/numbers/mean.html", "docs/words/index.html", "index.html", "404.html", "search.html"),
        *("_static/search/data.js", "_static/search/stemmer.js", "objects.inv", ".buildinfo"),
        *("_static/katex/katex.css", "_static/own.css", "_static/pygments.css"),
    )
)
ARGUMENTS = {
    **dict.fromkeys(("build_again", "relabel", "reorder_areas", "delete_data", "mend_bibliography"), st.tuples()),
    **dict.fromkeys(
        ("retitle", "resummarize", "rename", "ask", "review", "rewrite", "warn_of"), st.tuples(slug, count)
    ),
    **dict.fromkeys(("head", "reword_card", "swap_cell"), st.tuples(slug, count)),
    **dict.fromkeys(("glue_another", "recaption"), st.tuples(st.sampled_from(("mean", "spread", "circle")), count)),
    **dict.fromkeys(("require", "contrast", "link"), st.tuples(slug, any_slug)),
    **dict.fromkeys(("touch", "remean_card", "put_back", "damage_front", "damage_encoding"), st.tuples(slug)),
    **dict.fromkeys(("delete_page", "remove_card"), st.tuples(slug, flag)),
    **dict.fromkeys(("retitle_folder", "describe_area"), st.tuples(area, count)),
    **dict.fromkeys(("change_data", "redraw", "describe_book"), st.tuples(count)),
    **dict.fromkeys(("delete_output", "spoil_output"), st.tuples(output)),
    "reorder": st.tuples(area),
    "add_page": st.tuples(area, st.sampled_from(TO_COME), flag),
    "move_page": st.tuples(slug, area, flag),
    "plan": st.tuples(area, any_slug, st.integers(0, 3)),
    "add_card": st.tuples(slug, count, flag),
    "add_source": st.tuples(count, any_slug),
    "cite": st.tuples(slug, key),
    "remove_source": st.tuples(key),
    "change_source": st.tuples(key, field).map(lambda drawn: (drawn[0], *drawn[1])),
    "comment_module": st.tuples(st.sampled_from(MODULES), count),
    "change_module": change,
    "change_static": st.tuples(st.sampled_from(("own.css", "other.css")), st.integers(0, 3)),
    "change_template": st.tuples(st.integers(0, 3)),
    "damage": st.tuples(slug, st.sampled_from(tuple(BREAKS))),
    "mend": st.tuples(slug),
    "damage_bibliography": st.tuples(st.sampled_from(("@misc{", "@misc{x,\n  title = {A}\n}", "nothing"))),
}
edits = st.sampled_from(sorted(EDITS)).flatmap(
    lambda name: ARGUMENTS[name].map(lambda arguments: Edit(name, tuple(arguments)))
)
HISTORIES = int(os.environ.get("FIELDBOOK_EDITS", "0"))
SHRINKING = 300
"""Seconds after which nothing more is taken out of a history that fails."""
known: dict[str, str] = {}
"""Each history that failed, and how."""
histories = st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=4)


def test_every_edit_is_drawn():
    assert set(ARGUMENTS) == set(EDITS)


def failure(book, history):
    """Apply a history to a book as first built; return the first step after which two builds differ, and how."""
    book.reset()
    for number, step in enumerate(history, start=1):
        for one in step:
            one.apply(book.root)
        if differences := book.differences():
            return number, differences
    return None


def shortest(book, history, found):
    """Return what is left of a failing history when no single edit of it can be spared, and its failure."""
    until = time.monotonic() + SHRINKING
    history = history[: found[0]]
    places = [(at, nth) for at, step in enumerate(history) for nth in range(len(step))]
    for at, nth in reversed(places):
        if at < len(history) and time.monotonic() < until:
            step = [*history[at][:nth], *history[at][nth + 1 :]]
            shorter = [*history[:at], *([step] if step else []), *history[at + 1 :]]
            if still := failure(book, shorter):
                history, found = shorter[: still[0]], still
    return history, found


def check(book, history):
    """After each step of a history the build in place must give what a build from nothing gives."""
    if repr(history) not in known and (found := failure(book, history)):
        shorter, (_, differences) = shortest(book, history, found)
        steps = "\n".join(f"  {at}. {edits}" for at, edits in enumerate(shorter, start=1))
        known[repr(history)] = "\n".join([f"after these edits, with a build after each line:\n{steps}", *differences])
    if repr(history) in known:  # hypothesis asks twice
        pytest.fail(known[repr(history)], pytrace=False)


@settings(
    max_examples=HISTORIES or 3,
    derandomize=not HISTORIES,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(history=histories)
def test_an_incremental_build_gives_what_a_fresh_one_gives(book, history):
    check(book, history)


TEN = (
    "retitle",
    "resummarize",
    "require",
    "reword_card",
    "rewrite",
    "delete_page",
    "move_page",
    "change_source",
    "swap_cell",
    "describe_area",
)
"""One edit of each of these kinds, on the real site."""


@pytest.mark.skipif(not HISTORIES, reason="FIELDBOOK_EDITS is not set: the long run")
def test_real_site(site_book):
    book, draw = site_book, random.Random(HISTORIES)
    pages = sorted(path for path in (book.root / "docs").glob("*/*.md") if path.name != "index.md")
    pages = [path for path in pages if (path.parent / "cards.yml").exists()]
    cells = [path for path in pages if "{code-cell}" in path.read_text(encoding="utf-8")]
    areas = sorted({path.parent.name for path in pages})
    entries = sorted(re.findall(r"^@\w+\{(.*),$", (book.root / BIBLIOGRAPHY).read_text(encoding="utf-8"), re.MULTILINE))
    for name in TEN:
        one, other = draw.choice(cells if name == "swap_cell" else pages).stem, draw.choice(pages).stem
        arguments = {
            "require": (one, other),
            "delete_page": (one, True),
            "move_page": (one, draw.choice(areas), True),
            "change_source": (draw.choice(entries), "title", "Another title"),
            "describe_area": (draw.choice(areas), 2),
        }
        check(book, [[Edit(name, arguments.get(name, (one, 2)))]])
