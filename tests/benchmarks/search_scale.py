"""What the search costs as the site grows, up to ten times its size: `make bench BENCH=search`.

The first pages are the site's own. Further ones are copies of them in which every word that few pages have is another,
made-up word, the same all over the copy: titles and aliases are all different, common words stay common, and the
vocabulary grows as fast as the pages, which is faster than in text that people write. The labelled queries are asked.

Needs the built site. The result goes to `tests/search/rankings.json`, for `docs/about/search.md`.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

from fieldbook.domain import concepts
from fieldbook.node import find_node
from fieldbook.search import ENGINE, records
from fieldbook.structure import PARTS
from tests.search import chromium, labels, quality
from tests.search.controls import SITE, in_node, index_pagefind, sphinx_app
from tests.search.cost import size, spread

SIZES = (130, 1300)
FEW = 6
"""A word on fewer pages than this is renamed in a copy; a word of the language is on more."""
BUILDER = labels.ROOT / "_extensions" / "fieldbook" / "build_search.cjs"


def word_of(rng: random.Random) -> str:
    """Make a word up, of three or four syllables."""
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.choice((3, 4))))


def grown(pages: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return so many pages: those given, then copies of them in other words."""
    texts = [json.dumps(page, ensure_ascii=False) for page in pages]
    on_pages = Counter(word for text in texts for word in set(re.findall(r"[a-z]{4,}", text.lower())))
    keys = {"slug", "title", "area", "summary", "aliases", "questions", "opening", "sections", "cards"}
    found = pages[:count]
    for number in range(len(found), count):
        rng = random.Random(number)
        renamed: dict[str, str] = {}

        def rename(match: re.Match[str], renamed: dict[str, str] = renamed, rng: random.Random = rng) -> str:
            word = match[0].lower()
            if on_pages[word] >= FEW or word in keys:
                return match[0]
            return renamed.setdefault(word, word_of(rng))

        copy = json.loads(re.sub(r"[A-Za-z]{4,}", rename, texts[number % len(pages)]))
        name = word_of(rng)
        copy |= {"slug": f"{name}-{number}", "title": f"{name.title()} {copy['title']}"}
        found.append(copy | {"area": pages[number % len(pages)]["area"]})
    return found


def write_site(folder: Path, pages: list[dict[str, Any]]) -> str:
    """Put into a folder what a search of these pages needs; return the path of a page to search from."""
    docname = f"{labels.pages()['softmax']}.html"
    (folder / docname).parent.mkdir(parents=True)
    shutil.copy(SITE / docname, folder / docname)
    shutil.copytree(SITE / "_static", folder / "_static")
    command = [find_node(), BUILDER, ENGINE, folder / "_static" / "search"]
    known = json.dumps({"pages": pages, "places": [], "parts": PARTS})
    subprocess.run(command, input=known, encoding="utf-8", check=True)
    return docname


def write_texts(folder: Path, pages: list[dict[str, Any]]) -> None:
    """Write the pages as plain HTML, for Pagefind."""
    for page in pages:
        parts = [*page["sections"], *page["cards"]]
        body = "".join(f'<h2 id="{at}">{escape(heading)}</h2><p>{escape(text)}</p>' for at, heading, text in parts)
        head = f"<h1>{escape(page['title'])}</h1><p>{escape('; '.join((*page['aliases'], *page['questions'])))}</p>"
        html = (
            f'<html lang="en"><title>{escape(page["title"])}</title><body>{head}<p>{escape(page["opening"])}</p>{body}'
        )
        (folder / f"{page['slug']}.html").write_text(html, encoding="utf-8")


def measure(pages: list[dict[str, Any]], queries: list[str]) -> dict[str, Any]:
    """Return what a search of these pages costs, ours and Pagefind's first query."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "ours")
        docname = write_site(folder, pages)
        node = in_node("ours.cjs", site=str(folder), queries=queries, limit=chromium.SHOWN, times=True)
        with chromium.served(folder) as address:
            slowed = chromium.times(address + docname, queries[:: quality.EVERY], chromium.SHOWN, quality.SLOWED)
        texts = Path(name, "pagefind")
        texts.mkdir()
        write_texts(texts, pages)
        index_pagefind(texts)
        return {
            "bytes": size(*((folder / "_static" / path).read_bytes() for path in quality.LOADED)),
            "data": size((folder / "_static" / "search" / "data.js").read_bytes()),
            "ready": {"Node": round(node["created"]), "Chromium at 1/4": round(slowed["ready"])},
            "latency": {
                "keystroke, Node": spread(node["keystrokes"]),
                "keystroke, Chromium at 1/4": spread(slowed["times"]),
            },
            "pagefind": {"bytes": chromium.first_query(texts, queries)},
        }


def main() -> dict[str, Any]:
    """Measure each size, and put the result into the report."""
    with sphinx_app() as app:
        pages = json.loads(json.dumps(records(concepts(app.env))))
    queries = [query.text for name in labels.SETS for query in labels.queries(name)]
    found = {str(count): measure(grown(pages, count), queries) for count in SIZES}
    report = json.loads(labels.RANKINGS.read_text(encoding="utf-8")) | {"scale": found}
    labels.RANKINGS.write_text(quality.written(report), encoding="utf-8")
    return found
