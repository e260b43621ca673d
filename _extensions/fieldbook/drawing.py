"""Frames as HTML: bars, curves, heat maps and tables in the theme's colours, on axes that all frames share.

Text is HTML beside the drawing, never inside of it, so that it has the page's size on every screen. Columns have the
width of the longest text of any frame: nothing moves but what is measured. No Sphinx import.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any

from fieldbook.frames import Part
from fieldbook.svg import PALETTE


def colour(index: int) -> str:
    """Return the colour of a series: those of figures, in turn.

    Examples
    --------
    >>> colour(0), colour(6)
    ('var(--fb-c0, #2a70d2)', 'var(--fb-c0, #2a70d2)')
    """
    index %= len(PALETTE)
    return f"var(--fb-c{index}, {PALETTE[index]})"


def drawn(frames: list[dict[str, Any]]) -> list[str]:
    """Return the HTML of each frame.

    Examples
    --------
    >>> one, two = ({"parts": [{"kind": "numbers", "names": ["n"], "values": [n], "format": "d"}]} for n in (5, 10))
    >>> drawn([one, two])[0]
    '<table class="fb-numbers" style="--w:2ch"><tr><th scope="row">n</th><td>5</td></tr></table>'
    """
    columns = list(zip(*(frame["parts"] for frame in frames), strict=True))  # one part, in all frames
    ranges = [extent(number for part in parts for number in _flat(part["values"])) for parts in columns]
    widths = [
        max((len(format(number, part["format"])) for part in parts for number in _flat(part["values"])), default=0)
        if "format" in parts[0]
        else 0
        for parts in columns
    ]
    return [
        "".join(
            DRAW[part["kind"]](part, *limits, width)
            for part, limits, width in zip(frame["parts"], ranges, widths, strict=True)
        )
        for frame in frames
    ]


def extent(values: Iterable[float]) -> tuple[float, float]:
    """Return the limits of an axis: from 0 to a round number beyond the values of all frames.

    Examples
    --------
    >>> extent([0.2, 0.9]), extent([-1, -2]), extent([0])
    ((0, 1.0), (-2.0, 0), (0, 1))
    """
    values = [*values]
    low, high = -_round_up(-min([0, *values])), _round_up(max([0, *values]))
    return (low, high) if low < high else (0, 1)


def _round_up(value: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten that is at least `value`, which is not negative."""
    if value == 0:
        return 0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def _flat(values: list[Any]) -> list[float]:
    return [number for value in values for number in (value if isinstance(value, list) else [value])]


def _numbers(part: Part, low: float, high: float, width: int) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{value:{part["format"]}}</td></tr>'
        for name, value in zip(part["names"], part["values"], strict=True)
    )
    return f'<table class="fb-numbers" style="--w:{width}ch">{rows}</table>'


def _bars(part: Part, low: float, high: float, width: int) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f'<td><i style="width:{max(0, value) / high * 100:.4g}%"></i></td><td>{value:{part["format"]}}</td></tr>'
        for name, value in zip(part["names"], part["values"], strict=True)
    )
    caption = f"<caption>{escape(part['label'])}, axis from 0 to {high:.3g}</caption>"
    return f'<table class="fb-bars" style="--w:{width}ch">{caption}{rows}</table>'


def _lines(part: Part, low: float, high: float, width: int) -> str:
    left, right = min(part["x"]), max(part["x"])

    def place(x: float, y: float) -> str:
        return f"{(x - left) / (right - left or 1) * 100:.4g} {(high - y) / (high - low) * 100:.4g}"

    drawing, key = "", ""
    if part["at"] is not None:
        at = f"{(part['at'] - left) / (right - left or 1) * 100:.4g}"
        drawing += f'<path class="fb-at" d="M{at} 0V100"/>'
    for index, (name, values) in enumerate(zip(part["names"], part["values"], strict=True)):
        hue = colour(index)
        points = " ".join(place(x, y) for x, y in zip(part["x"], values, strict=True))
        drawing += f'<path style="stroke:{hue}" d="M{points}"/>'
        key += f'<span><i style="background:{hue}"></i>{escape(name)}</span>'
    return (
        f'<div class="fb-lines"><p>{escape(part["ylabel"])}, axis from {low:.3g} to {high:.3g}</p>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{drawing}</svg>'
        f"<p>{escape(part['xlabel'])}, axis from {left:.3g} to {right:.3g}</p><p>{key}</p></div>"
    )


def _heatmap(part: Part, low: float, high: float, width: int) -> str:
    rows, shown = _head(part), bool(part["format"])
    for index, row in enumerate(part["values"]):
        name = f'<th scope="row">{escape(part["row_names"][index])}</th>' if part["row_names"] else ""
        cells = "".join(
            f'<td style="--v:{(value - low) / (high - low):.2g}">{format(value, part["format"]) if shown else ""}</td>'
            for value in row
        )
        rows += f"<tr>{name}{cells}</tr>"
    kind = "fb-heatmap" if shown else "fb-heatmap fb-picture"
    caption = f"<caption>{escape(part['label'])}, colour from {low:.3g} to {high:.3g}</caption>"
    return f'<table class="{kind}" style="--w:{width}ch">{caption}{rows}</table>'


def _table(part: Part, low: float, high: float, width: int) -> str:
    rows = _head(part)
    for name, row in zip(part["row_names"], part["values"], strict=True):
        cells = "".join(f"<td>{value:{part['format']}}</td>" for value in row)
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return f'<table class="fb-numbers" style="--w:{width}ch">{rows}</table>'


def _head(part: Part) -> str:
    if not part["names"]:
        return ""
    corner = "<td></td>" if part["row_names"] else ""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in part["names"])
    return f"<tr>{corner}{names}</tr>"


DRAW = {"numbers": _numbers, "bars": _bars, "lines": _lines, "heatmap": _heatmap, "table": _table}
