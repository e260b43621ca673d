"""What an explorable shows at each point of its grid: data only, computed and judged in the cell.

A frame is a sentence and some parts, made by `numbers`, `bars`, `lines`, `heatmap`, `picture` and `table`. All frames
of an explorable have one shape, so that nothing but values moves. `fieldbook.drawing` makes HTML of them when the
page is written: a new look needs no new run. No Sphinx import.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

MIME = "application/vnd.fieldbook.explorable+json"
MOST_POINTS = 1000
"""More would not fit a page: at most 40 kB are sent for an explorable, compressed."""

Part = dict[str, Any]


class ExploreError(ValueError):
    """An explorable that is refused; the build says so under a rule of its own."""


@dataclass(frozen=True)
class Frame:
    """What is seen at one point.

    Parameters
    ----------
    sentence : str
        What the frame shows, in words, with the computed values; read out where the picture cannot be seen.
    *parts : dict
        What `numbers`, `bars`, `lines`, `heatmap`, `picture` and `table` return, from top to bottom.

    Examples
    --------
    >>> Frame("The share is 0.5.", numbers({"share": 0.5})).parts
    ({'kind': 'numbers', 'names': ['share'], 'values': [0.5], 'format': '.3g'},)
    """

    sentence: str
    parts: tuple[Part, ...]

    def __init__(self, sentence: str, *parts: Part) -> None:
        object.__setattr__(self, "sentence", sentence)
        object.__setattr__(self, "parts", parts)


def numbers(values: Mapping[str, float], *, format: str = ".3g") -> Part:
    """Show a few numbers by name; a unit belongs to the name: ``{"entropy (nats)": 1.2}``."""
    if not values:
        raise ValueError("there is nothing to show; give values by name")
    return {"kind": "numbers", "names": list(values), "values": _plain(values.values()), "format": format}


def bars(values: Mapping[str, float], *, label: str, format: str = ".3g") -> Part:
    """Show values of at least 0 as bars from a common zero; `label` says what they measure, with the unit."""
    part = {**numbers(values, format=format), "kind": "bars", "label": label}
    if min(part["values"]) < 0:
        raise ValueError("a bar is negative; show such values as lines or in a table")
    return part


def lines(
    x: Iterable[float], ys: Mapping[str, Iterable[float]], *, xlabel: str, ylabel: str, at: float | None = None
) -> Part:
    """Show curves over a common axis; `at` marks the place of this frame on them."""
    part = {"kind": "lines", "names": list(ys), "values": [_plain(y) for y in ys.values()], "x": _plain(x)}
    for name, y in zip(part["names"], part["values"], strict=True):
        if not len(y) == len(part["x"]) > 1:
            raise ValueError(
                f"{name!r} has {len(y)} values over {len(part['x'])} of x; give one for each, and at least two"
            )
    return {**part, "xlabel": xlabel, "ylabel": ylabel, "at": None if at is None else _plain([at])[0]}


def heatmap(
    rows: Iterable[Iterable[float]],
    *,
    label: str,
    row_names: Sequence[str] = (),
    names: Sequence[str] = (),
    format: str = "",
) -> Part:
    """Show a matrix by depth of colour; with a format its values stand in it."""
    values = _matrix(rows, names, row_names)
    return {
        "kind": "heatmap", "values": values, "label": label,
        "row_names": list(row_names), "names": list(names), "format": format,
    }  # fmt: skip


def picture(images: Mapping[str, Iterable[Iterable[float]]], *, label: str) -> Part:
    """Show small pictures side by side, by name: rows of grey from 0, black, to 1, white, in 256 shades."""
    if not images:
        raise ValueError("there is nothing to show; give pictures by name")
    made = [_matrix(rows, (), ()) for rows in images.values()]
    for name, rows in zip(images, made, strict=True):
        if (len(rows), len(rows[0])) != (len(made[0]), len(made[0][0])):
            raise ValueError(f"{name!r} has another size than the first picture; give all one size")
        for value in (min(map(min, rows)), max(map(max, rows))):
            if not 0 <= value <= 1:
                raise ValueError(f"a pixel of {name!r} is {value}; give greys from 0 to 1 (np.clip cuts them)")
    shades = [bytes(round(255 * value) for row in rows for value in row).hex() for rows in made]
    return {"kind": "picture", "names": list(images), "values": shades, "width": len(made[0][0]), "label": label}


def table(rows: Mapping[str, Iterable[float]], *, names: Sequence[str], format: str = ".3g") -> Part:
    """Show rows of numbers under named columns."""
    values = _matrix(rows.values(), names, list(rows))
    return {"kind": "table", "row_names": list(rows), "names": list(names), "values": values, "format": format}


def _matrix(rows: Iterable[Iterable[Any]], names: Sequence[str], row_names: Sequence[str]) -> list[list[int | float]]:
    """Return rows of numbers; refuse rows that differ in length, and names that do not fit."""
    values = [_plain(row) for row in getattr(rows, "tolist", lambda: rows)()]  # quicker than by number
    if not values or not values[0]:
        raise ValueError("there is nothing to show; give rows of values")
    if len({len(row) for row in values}) > 1:
        raise ValueError("the rows have different lengths; give a matrix")
    for what, count, given in (("columns", len(values[0]), names), ("rows", len(values), row_names)):
        if len(given) not in (0, count):
            raise ValueError(f"{count} {what} have {len(given)} names; give one for each")
    return values


def _plain(values: Iterable[Any]) -> list[int | float]:
    """Return numbers as plain Python; refuse what is none, or not finite."""
    plain = []
    for value in values:
        value = value.item() if hasattr(value, "item") else value
        if not isinstance(value, (int, float)):
            raise TypeError(f"{value!r} is no number")
        if not math.isfinite(value):
            raise ValueError(f"a value is {value}; show finite numbers only")
        plain.append(value)
    return plain


def bundle(name: str, frame: Callable[..., Frame], grid: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """Return the display data of an explorable; the arguments are those of `fieldbook.page.explore`.

    Examples
    --------
    >>> made = bundle("half", lambda n: Frame(f"{n} by 2 is {n / 2}.", numbers({"half": n / 2})), {"n": [1, 2]})
    >>> made[MIME]["points"], [frame["sentence"] for frame in made[MIME]["frames"]]
    (['n:1', 'n:2'], ['1 by 2 is 0.5.', '2 by 2 is 1.0.'])
    """
    if not (name and all(word.isalnum() and word == word.lower() for word in name.split("-"))):
        raise ExploreError(f"explore name {name!r} must be lower case, digits and single hyphens")
    axes = {key: [value.item() if hasattr(value, "item") else value for value in grid[key]] for key in grid}
    if len(axes) not in (1, 2):
        raise ExploreError(f"explore {name!r} has {len(axes)} parameters; give one or two, each with its values")
    texts = {key: [point_text(value) for value in values] for key, values in axes.items()}
    for key, some in texts.items():
        if len(some) < 2 or len(set(some)) < len(some):
            raise ExploreError(f"explore {name!r}: {key} has {len(some)} values; give at least two, all different")
    total = math.prod(map(len, texts.values()))
    if total > MOST_POINTS:
        raise ExploreError(f"explore {name!r} has {total:,} points; give at most {MOST_POINTS:,}")
    points = [
        ",".join(f"{key}:{text}" for key, text in zip(axes, some, strict=True)) for some in product(*texts.values())
    ]
    frames: list[dict[str, Any]] = []
    for point, values in zip(points, product(*axes.values()), strict=True):
        made = _computed(f"explore {name!r} at {point}", frame, dict(zip(axes, values, strict=True)))
        if frames and [shape(part) for part in made["parts"]] != [shape(part) for part in frames[0]["parts"]]:
            raise ExploreError(
                f"explore {name!r} at {point}: the frame has another shape than the first; let values alone change"
            )
        frames.append(made)
    return {MIME: {"name": name, "grid": [*map(list, texts.items())], "points": points, "frames": frames}}


def _computed(where: str, frame: Callable[..., Frame], point: dict[str, Any]) -> dict[str, Any]:
    try:
        made = frame(**point)
    except Exception as error:  # whatever the page's code raises, it raised it here
        raise ExploreError(f"{where}: {type(error).__name__}: {error}") from error
    if not isinstance(made, Frame):
        raise ExploreError(f"{where}: the frame is of type {type(made).__name__}; return a Frame")
    if not isinstance(made.sentence, str) or len(made.sentence.split()) < 3:
        raise ExploreError(f"{where}: the frame has no sentence that says what is seen; put one first")
    if not made.parts:
        raise ExploreError(
            f"{where}: the frame shows nothing; add bars, lines, numbers, a heatmap, a picture or a table"
        )
    return {"sentence": made.sentence, "parts": list(made.parts)}


def shape(part: Part) -> Any:
    """Return what of a part is the same in all frames: everything but the values and the mark.

    Examples
    --------
    >>> shape(bars({"a": 1}, label="share")) == shape(bars({"a": 2}, label="share"))
    True
    >>> shape(bars({"a": 1}, label="share")) == shape(bars({"b": 1}, label="share"))
    False
    """
    fixed = {key: value for key, value in part.items() if key not in ("values", "at")}
    sizes = [len(row) if isinstance(row, (list, str)) else 0 for row in part["values"]]
    return fixed, sizes, part.get("at") is None


def point_text(value: Any) -> str:
    """Return a value of a parameter as slider, address and source have it.

    Examples
    --------
    >>> point_text(0.1 + 0.2), point_text(2.0), point_text(1000000), point_text("cold")
    ('0.3', '2', '1000000', 'cold')
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)
