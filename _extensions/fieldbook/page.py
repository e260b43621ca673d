"""What a page's cells may call: `glue` for a number in the prose, `figure` for a picture, `explore` for what moves.

And in its checks `refusal`, which says how a function refuses a bad input.

The first three publish through IPython's display machinery, so MyST-NB stores their result like any output. Importing
this module sets Matplotlib's style once; the colours it names become the reader's theme (see `fieldbook.svg`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import matplotlib as mpl
import myst_nb
from IPython.display import display

from fieldbook import frames, svg
from fieldbook.frames import Frame, bars, heatmap, lines, numbers, picture, table

__all__ = ["Frame", "bars", "explore", "figure", "glue", "heatmap", "lines", "numbers", "picture", "refusal", "table"]

mpl.rcParams.update(svg.STYLE)


def glue(name: str, value: Any) -> None:
    """Keep a value of a cell under a name, for ``{glue:text}`` in the prose.

    Parameters
    ----------
    name : str
        What the prose calls it; letters, digits and underscores.
    value : int, float, bool, str or NumPy scalar
        One value; a NumPy scalar is unwrapped, so that formats such as ``:.3f`` apply.

    Raises
    ------
    TypeError
        If `value` is an array, a list or anything else that is not one value.
    ValueError
        If `name` is not an identifier or `value` is not finite.

    Examples
    --------
    >>> glue("p", [0.7, 0.3])
    Traceback (most recent call last):
    ...
    TypeError: glue('p') takes one number or one text, not list; glue one element, or a text made of them
    """
    if not name.isidentifier():
        raise ValueError(f"glue name {name!r} must be letters, digits and underscores")
    myst_nb.glue(name, plain_scalar(name, value), display=False)


def plain_scalar(name: str, value: Any) -> int | float | bool | str:
    """Return `value` as a plain Python scalar; see `glue` for what is refused.

    Examples
    --------
    >>> import numpy as np
    >>> plain_scalar("half", np.float64(0.5))
    0.5
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise ValueError(f"glue({name!r}) is {value}; a page shows finite numbers only")
        return float(value)
    raise TypeError(
        f"glue({name!r}) takes one number or one text, not {type(value).__name__}; "
        "glue one element, or a text made of them"
    )


def figure(fig: Any, *, name: str, caption: str, alt: str) -> None:
    """Publish a Matplotlib figure as an SVG that follows the reader's theme.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        What to show; it is closed afterwards.
    name : str
        Lower case with hyphens; becomes the anchor ``fig-<name>`` and prefixes every id inside the SVG.
    caption : str
        What the figure shows, computed values pasted by f-string; inline Markdown is not read.
    alt : str
        What a reader who cannot see it needs to know, with the computed values.

    Raises
    ------
    ValueError
        If name, caption or alternative text is missing or too short to say anything.
    """
    display(svg.bundle(fig, name=name, caption=caption, alt=alt), raw=True)


def explore(name: str, frame: Callable[..., Frame], **grid: Iterable[Any]) -> None:
    """Compute a frame at every point of a grid, for the directive ``{explore}`` to place.

    Parameters
    ----------
    name : str
        Lower case with hyphens; becomes the anchor ``explore-<name>``.
    frame : callable
        Takes the parameters by name and returns a `Frame`, of the same shape at every point.
    **grid : iterable
        One or two parameters, each with its values in order.

    Raises
    ------
    ExploreError
        If a frame cannot be shown; the message names the point. See `fieldbook.frames`.
    """
    display(frames.bundle(name, frame, grid), raw=True)


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Return the message with which a call refuses its arguments, ``""`` if it accepts them.

    Parameters
    ----------
    call : callable
        What must raise ``ValueError`` for bad arguments; any other exception is a fault and passes through.
    *arguments, **named
        What it is called with.

    Examples
    --------
    >>> refusal(int, "two")
    "invalid literal for int() with base 10: 'two'"
    >>> refusal(int, "2")
    ''
    """
    try:
        call(*arguments, **named)
    except ValueError as error:
        return str(error)
    return ""
