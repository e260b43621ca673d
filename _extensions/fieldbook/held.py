"""Which numbers a page's cells hold when they have run: what mathematics and inline code of the page may state.

Values of the namespace, and the elements of containers that are small enough to be written out; numbers in the text
that cells show. A large array is left out: among thousands of random values, any number would be found.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

ELEMENTS = 64
"""The most elements of a container of which each counts as a value that the cells hold."""
MOST = 5_000
"""The most values that are kept of one page."""
DEPTH = 3
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])", re.IGNORECASE)


def held_numbers(values: Iterable[Any], outputs: Iterable[list[dict[str, Any]]] = ()) -> list[float]:
    """Return the finite numbers among some values and in the texts of outputs, sorted, each once.

    Parameters
    ----------
    values : iterable
        What the names of a namespace stand for.
    outputs : iterable of list of dict
        The outputs of each cell, in Jupyter's format.

    Examples
    --------
    >>> held_numbers([2, [0.5, np.float64(0.25)], {"a": (7,)}, True, "3", np.zeros(1000), math.inf])
    [0.25, 0.5, 2.0, 7.0]
    """
    found = {number for value in values for number in _numbers(value, DEPTH)}
    for cell in outputs:
        for output in cell:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            found.update(float(part.replace(",", "").replace("_", "")) for part in _NUMBER.findall(_joined(text)))
    return sorted(number for number in found if math.isfinite(number))[:MOST]


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


def _numbers(value: Any, depth: int) -> Iterator[float]:
    if isinstance(value, (bool, np.bool_)):
        return
    if isinstance(value, numbers.Real):
        try:
            yield float(value)
        except OverflowError:
            return
    elif isinstance(value, np.ndarray):
        if value.size <= ELEMENTS and value.dtype.kind in "iuf":
            yield from (float(number) for number in value.ravel())
    elif isinstance(value, (list, tuple, set, frozenset, Mapping)) and depth and len(value) <= ELEMENTS:
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(part, depth - 1)
