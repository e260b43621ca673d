"""Every explorable that a page of the site places, so that tests of one are tests of all, those to come included.

And `SAME`, which holds a part of a frame as drawn against its values: it reads the numbers off what a reader sees.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import Tag
from PIL import Image

ROOT = Path(__file__).parents[1]
PLACED = re.compile(r"^(:{3,})\{explore\} (\S+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Placed:
    """An explorable and where it stands: the page's source, its name, the points that it names."""

    source: Path
    name: str
    default: str
    shown: tuple[str, ...]

    @property
    def path(self) -> str:
        """The page in the built site."""
        return self.source.relative_to(ROOT).with_suffix(".html").as_posix()

    @property
    def anchor(self) -> str:
        """The fragment that leads to it."""
        return f"#explore-{self.name}"


def placed() -> list[Placed]:
    """Return the explorables of all pages, in the order of their files."""
    found = []
    for source in sorted((ROOT / "docs").rglob("*.md")):
        for _, name, text in PLACED.findall(source.read_text(encoding="utf-8")):
            options = dict(re.findall(r"^:(\w+): *(.*)$", text, re.MULTILINE))
            found.append(Placed(source, name, options.get("default", ""), tuple(options["shown"].split())))
    return found


each_explorable = pytest.mark.parametrize("explorable", placed(), ids=lambda one: one.name)


def axis(text: str) -> tuple[float, float]:
    """Return the limits that a description of an axis states."""
    low, high = re.search(r"from (\S+) to (\S+)", text).groups()
    return float(low), float(high)


def texts(node: Tag, selector: str) -> list[str]:
    return [found.get_text() for found in node.select(selector)]


def same_numbers(node: Tag, part: dict) -> None:
    assert texts(node, "th") == part["names"]
    assert texts(node, "td") == [format(value, part["format"]) for value in part["values"]]


def same_bars(node: Tag, part: dict) -> None:
    _, high = axis(node.caption.get_text())
    assert part["label"] in node.caption.get_text()
    assert texts(node, "th") == part["names"]
    assert texts(node, "td:last-child") == [format(value, part["format"]) for value in part["values"]]
    lengths = [float(re.search(r"width:([\d.e-]+)%", bar["style"])[1]) * high / 100 for bar in node.select("i")]
    assert lengths == pytest.approx(part["values"], rel=1e-3, abs=1e-6)


def same_lines(node: Tag, part: dict) -> None:
    above, below, key = node.select("p")
    (low, high), (left, right) = axis(above.get_text()), (min(part["x"]), max(part["x"]))
    assert (part["ylabel"] in above.get_text(), part["xlabel"] in below.get_text()) == (True, True)
    assert axis(below.get_text()) == pytest.approx((left, right), rel=0.01)
    assert texts(key, "span") == part["names"]
    marks = [float(path["d"][1:].split()[0]) for path in node.select("path.fb-at")]
    assert [left + mark * (right - left) / 100 for mark in marks] == pytest.approx(
        [] if part["at"] is None else [part["at"]], abs=1e-3 * (right - left)
    )
    for path, values in zip(node.select("path:not(.fb-at)"), part["values"], strict=True):
        drawn = [float(number) for number in path["d"][1:].split()]
        assert [left + x * (right - left) / 100 for x in drawn[::2]] == pytest.approx(
            part["x"], abs=1e-3 * (right - left)
        )
        assert [high - y * (high - low) / 100 for y in drawn[1::2]] == pytest.approx(values, abs=1e-3 * (high - low))


def same_heatmap(node: Tag, part: dict) -> None:
    low, high = axis(node.caption.get_text())
    values = [value for row in part["values"] for value in row]
    cells = node.select("td[style]")
    depths = [low + float(cell["style"].partition("--v:")[2]) * (high - low) for cell in cells]
    assert depths == pytest.approx(values, abs=0.006 * (high - low))
    assert [cell.get_text() for cell in cells] == [format(v, part["format"]) if part["format"] else "" for v in values]
    assert texts(node, "th") == part["names"] + part["row_names"]


def same_picture(node: Tag, part: dict) -> None:
    assert texts(node, "svg + p") == part["names"]
    for image, shades in zip(node.select("svg"), part["values"], strict=True):
        sheet = node.find_parent("figure").select_one(image.use["href"])
        data = base64.b64decode(sheet["href"].removeprefix("data:image/png;base64,"))
        left, top, width, height = map(int, image["viewbox" if image.has_attr("viewbox") else "viewBox"].split())
        pixels = Image.open(io.BytesIO(data)).crop((left, top, left + width, top + height))
        assert (width, pixels.tobytes().hex()) == (part["width"], shades)


def same_table(node: Tag, part: dict) -> None:
    assert texts(node, "th") == part["names"] + part["row_names"]
    rows = [format(value, part["format"]) for row in part["values"] for value in row]
    assert [text for text in texts(node, "td") if text] == rows


SAME = {
    "numbers": same_numbers,
    "bars": same_bars,
    "lines": same_lines,
    "heatmap": same_heatmap,
    "picture": same_picture,
    "table": same_table,
}
