"""Frames as HTML: bars, curves, heat maps, pictures and tables in the theme's colours, on axes that all frames share.

Text is HTML beside the drawing, never inside of it, so that it has the page's size on every screen. Columns have the
width of the longest text of any frame: nothing moves but what is measured. The pictures of all frames stand in one
image, each once, and a frame shows a part of it. No Sphinx import.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from html import escape
from typing import Any

from PIL import Image

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


def drawn(frames: list[dict[str, Any]], name: str = "") -> list[str]:
    """Return the HTML of each frame; pictures in it refer to `sheets` of the same name.

    Examples
    --------
    >>> one, two = ({"parts": [{"kind": "numbers", "names": ["n"], "values": [n], "format": "d"}]} for n in (5, 10))
    >>> drawn([one, two])[0]
    '<table class="fb-numbers" style="--w:2ch"><tr><th scope="row">n</th><td>5</td></tr></table>'
    """
    columns = list(zip(*(frame["parts"] for frame in frames), strict=True))  # one part, in all frames
    columns = [
        _placed(parts, f"{name}-{index}") if "width" in parts[0] else parts for index, parts in enumerate(columns)
    ]
    ranges = [extent(number for part in parts for number in _flat(part["values"])) for parts in columns]
    widths = [
        max((len(format(number, part["format"])) for part in parts for number in _flat(part["values"])), default=0)
        if "format" in parts[0]
        else 0
        for parts in columns
    ]
    return [
        "".join(
            DRAW[part["kind"]](part, *limits, width) for part, limits, width in zip(frame, ranges, widths, strict=True)
        )
        for frame in zip(*columns, strict=True)
    ]


def sheets(frames: list[dict[str, Any]], name: str) -> str:
    """Return one hidden image for each part that shows pictures: all of them, beside and below each other.

    Examples
    --------
    >>> sheets([{"parts": [{"kind": "numbers", "names": ["n"], "values": [1], "format": "d"}]}], "none")
    ''
    """
    made = ""
    for index, parts in enumerate(zip(*(frame["parts"] for frame in frames), strict=True)):
        if "width" not in parts[0]:
            continue
        places, width, height = _places(parts)
        last_left, last_top = map(max, zip(*places.values(), strict=True))
        sheet = Image.new("L", (last_left + width + 1, last_top + height + 1))
        for shades, (left, top) in places.items():
            tile = Image.frombytes("L", (width, height), bytes.fromhex(shades))
            for shift in ((-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)):  # the edge goes on: no neighbour shows through
                sheet.paste(tile, (left + shift[0], top + shift[1]))
        file = io.BytesIO()
        sheet.save(file, "png", optimize=True)
        made += (
            f'<image id="pictures-{name}-{index}" width="{sheet.width}" height="{sheet.height}" '
            f'href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/>'
        )
    return made and f'<svg class="fb-sheets" width="0" height="0" aria-hidden="true"><defs>{made}</defs></svg>'


def _places(parts: Iterable[Part]) -> tuple[dict[str, tuple[int, int]], int, int]:
    """Return where on the sheet each picture of these parts has its upper left pixel, and the size of each."""
    parts = [*parts]
    width = parts[0]["width"]
    height = len(parts[0]["values"][0]) // 2 // width
    different = list(dict.fromkeys(shades for part in parts for shades in part["values"]))
    columns = math.isqrt(len(different) - 1) + 1
    places = {
        shades: (1 + index % columns * (width + 2), 1 + index // columns * (height + 2))
        for index, shades in enumerate(different)
    }
    return places, width, height


def _placed(parts: Iterable[Part], sheet: str) -> list[Part]:
    """Return the parts with places on a sheet for values."""
    parts = [*parts]
    places, width, height = _places(parts)
    return [
        {**part, "values": [], "sheet": sheet, "views": [(*places[one], width, height) for one in part["values"]]}
        for part in parts
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
    kind = "fb-heatmap" if shown else "fb-heatmap fb-plain"
    caption = f"<caption>{escape(part['label'])}, colour from {low:.3g} to {high:.3g}</caption>"
    return f'<table class="{kind}" style="--w:{width}ch">{caption}{rows}</table>'


def _picture(part: Part, low: float, high: float, width: int) -> str:
    images = "".join(
        f'<div><svg viewBox="{left} {top} {wide} {high}" aria-hidden="true">'
        f'<use href="#pictures-{part["sheet"]}"/></svg><p>{escape(name)}</p></div>'
        for name, (left, top, wide, high) in zip(part["names"], part["views"], strict=True)
    )
    return f'<div class="fb-images"><p>{escape(part["label"])}, grey from 0 (black) to 1 (white)</p>{images}</div>'


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


DRAW = {
    "numbers": _numbers, "bars": _bars, "lines": _lines, "heatmap": _heatmap, "picture": _picture, "table": _table,
}  # fmt: skip
