"""Explorables hold what the page's Python gives at every point, and are drawn on one scale."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from bs4 import BeautifulSoup

from code_examples.foundations.temperature import softmax_with_temperature
from fieldbook.drawing import drawn, extent, sheets
from fieldbook.frames import MIME, ExploreError, Frame, bars, bundle, heatmap, lines, numbers, picture, table
from tests.explorables import SAME

LOGITS = np.array([4.0, 3, 1, 0, -1])


def warm(tau, n):
    p = softmax_with_temperature(LOGITS[:n], tau)
    p = np.concatenate([p, np.zeros(len(LOGITS) - n)])
    return Frame(
        f"At τ = {tau} the first of {n} holds {p[0]}.",
        bars(dict(zip("abcde", p, strict=True)), label="probability"),
        lines(range(5), {"p": p, "sum": p.cumsum()}, xlabel="token", ylabel="probability", at=n - 1),
        heatmap([p, p**2], label="powers"),
        table({"p": p}, names=list("abcde")),
        numbers({"largest": p.max()}),
        picture({"p": [p, p**2], "1 - p": [1 - p, 1 - p**2]}, label="shares"),
    )


def test_every_frame_equals_a_direct_evaluation_at_its_point():
    taus, sizes = np.linspace(0.25, 2, 8), [2, 3, 5]
    made = bundle("warm", warm, {"tau": taus, "n": sizes})[MIME]
    assert len(made["frames"]) == len(made["points"]) == 24
    for point, frame, (tau, n) in zip(made["points"], made["frames"], product(taus, sizes), strict=True):
        assert point == f"tau:{tau:g},n:{n}"
        p = np.zeros(5)
        p[:n] = np.exp(LOGITS[:n] / tau) / np.exp(LOGITS[:n] / tau).sum()
        shares, curves, powers, rows, largest = (np.array(part["values"]) for part in frame["parts"][:5])
        shades = [np.frombuffer(bytes.fromhex(one), np.uint8) / 255 for one in frame["parts"][5]["values"]]
        assert np.allclose(shades, [[*p, *p**2], [*(1 - p), *(1 - p**2)]], rtol=0, atol=0.5001 / 255)
        assert np.allclose(shares, p)
        assert np.allclose(curves, [p, p.cumsum()])
        assert np.allclose(powers, [p, p**2])
        assert np.allclose(rows, [p])
        assert np.allclose(largest, p.max())
        assert frame["sentence"] == warm(float(tau), n).sentence


def test_what_is_drawn_are_the_values_of_its_point():
    frames = bundle("warm", warm, {"tau": np.linspace(0.25, 2, 8), "n": [2, 3, 5]})[MIME]["frames"]
    drawing = sheets(frames, "warm") + "".join(f"<frame-of>{one}</frame-of>" for one in drawn(frames, "warm"))
    nodes = BeautifulSoup(f"<figure>{drawing}</figure>", "html.parser").select("frame-of")
    for node, frame in zip(nodes, frames, strict=True):
        for one, part in zip(node.find_all(recursive=False), frame["parts"], strict=True):
            SAME[part["kind"]](one, part)


def test_the_same_picture_is_sent_once():
    grey = [[0.5] * 9] * 7

    def frame(n):
        return Frame("Grey is seen.", picture({"as ever": grey, "new": [[n / 9] * 9] * 7}, label="grey"))

    frames = bundle("f", frame, {"n": range(8)})[MIME]["frames"]
    views = {re.findall(r'viewBox="([^"]+)"', one)[0] for one in drawn(frames, "f")}
    assert len(views) == 1
    assert 'width="33" height="27"' in sheets(frames, "f")  # nine pictures, three by three, each with an edge


def test_bars_of_all_frames_have_one_scale():
    frames = bundle("f", lambda n: Frame("A bar is seen.", bars({"n": n}, label="n")), {"n": [5, 10, 20]})[MIME][
        "frames"
    ]
    widths = [float(re.search(r"width:([\d.]+)%", picture)[1]) for picture in drawn(frames)]
    assert widths == [25, 50, 100]
    assert all("axis from 0 to 20<" in picture for picture in drawn(frames))


def test_curves_of_all_frames_have_one_scale():
    def line(n):
        return Frame("A line is seen.", lines([0, 2], {"y": [0, n]}, xlabel="x", ylabel="y", at=n))

    first, last = drawn(bundle("f", line, {"n": [1, 2]})[MIME]["frames"])
    assert 'd="M0 100 100 50"' in first
    assert 'd="M0 100 100 0"' in last
    assert 'd="M50 0V100"' in first


@pytest.mark.parametrize(
    ("values", "limits"),
    [([0.964], (0, 1)), ([0.3, 0.02], (0, 0.5)), ([-3, 40], (-5, 50)), ([1000], (0, 1000)), ([], (0, 1))],
)
def test_an_axis_ends_at_a_round_number(values, limits):
    assert extent(values) == pytest.approx(limits)


def test_what_stands_in_names_is_text():
    made = bundle("f", lambda n: Frame("A <b> is seen.", numbers({"<b>": n})), {"n": [1, 2]})[MIME]
    assert "<b>" not in drawn(made["frames"])[0]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (lambda n: numbers({"n": float("-inf")}), "ValueError: a value is -inf"),
        (lambda n: numbers({"n": np.nan}), "ValueError: a value is nan"),
        (lambda n: numbers({"n": "1"}), "TypeError: '1' is no number"),
        (lambda n: lines([0, 1], {"y": [0]}, xlabel="x", ylabel="y"), "ValueError: 'y' has 1 values over 2 of x"),
        (lambda n: lines([], {"y": []}, xlabel="x", ylabel="y"), "ValueError: 'y' has 0 values over 0 of x"),
        (lambda n: heatmap([[1, 2], [3]], label="m"), "ValueError: the rows have different lengths"),
        (lambda n: heatmap([[1, 2]], label="m", names=["a"]), "ValueError: 2 columns have 1 names"),
        (lambda n: table({"a": [1]}, names=["x", "y"]), "ValueError: 1 columns have 2 names"),
        (lambda n: bars({"n": -1}, label="n"), "ValueError: a bar is negative"),
        (lambda n: bars({}, label="n"), "ValueError: there is nothing to show"),
        (lambda n: picture({}, label="p"), "ValueError: there is nothing to show"),
        (lambda n: picture({"p": [[]]}, label="p"), "ValueError: there is nothing to show"),
        (lambda n: picture({"p": [[0, 1], [0]]}, label="p"), "ValueError: the rows have different lengths"),
        (
            lambda n: picture({"p": [[0, 1.01]]}, label="p"),
            "ValueError: a pixel of 'p' is 1.01; give greys",
        ),
        (lambda n: picture({"p": [[-0.01]]}, label="p"), "ValueError: a pixel of 'p' is -0.01"),
        (lambda n: picture({"p": [[np.nan]]}, label="p"), "ValueError: a value is nan"),
        (lambda n: picture({"p": [[0]], "q": [[0, 0]]}, label="p"), "ValueError: 'q' has another size than the first"),
    ],
)
def test_a_part_that_cannot_be_drawn_is_refused_at_its_point(part, says):
    with pytest.raises(ExploreError, match=re.escape(f"explore 'f' at n:1: {says}")):
        bundle("f", lambda n: Frame("A part is seen.", part(n)), {"n": [1, 2]})


@pytest.mark.parametrize("sizes", [(2, 3), (3, 2)])
def test_a_picture_keeps_its_size(sizes):
    with pytest.raises(ExploreError, match="explore 'f' at n:1: the frame has another shape than the first"):
        bundle(
            "f",
            lambda n: Frame("A part is seen.", picture({"p": np.zeros((2, 2) if n == 0 else sizes)}, label="p")),
            {"n": [0, 1]},
        )
