"""What a search costs its reader: bytes and milliseconds."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import numpy as np


def size(*contents: bytes) -> dict[str, int]:
    """Return what files weigh together, as they are and each compressed.

    Examples
    --------
    >>> size(b"")["raw"]
    0
    """
    return {"raw": sum(map(len, contents)), "gzip": sum(len(gzip.compress(one, 9, mtime=0)) for one in contents)}


def spread(times: Iterable[float]) -> dict[str, float]:
    """Return median and 95th percentile of milliseconds.

    Examples
    --------
    >>> spread([1, 2, 3])
    {'n': 3, 'p50': 2.0, 'p95': 2.9}
    """
    times = list(times)
    low, high = np.percentile(times, [50, 95])
    return {"n": len(times), "p50": round(float(low), 3), "p95": round(float(high), 3)}
