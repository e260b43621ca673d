"""Three other searches over the same pages, for comparison; each sees all that a reader sees of the concept pages.

- Sphinx's own: its index over the doctrees of the site's build, its scripts run in Node.
- Pagefind: its index over the built pages, its scripts run in Chromium.
- MiniSearch with its defaults, over title, headings and whole text, in Node.

Each first query loads what its own documentation says a page loads; texts of results, which Sphinx and Pagefind fetch
page by page, count for the first six of Pagefind and not at all for Sphinx.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from jinja2 import Template
from sphinx import package_dir
from sphinx.application import Sphinx
from sphinx.search import IndexBuilder, js_index

from fieldbook.build import DOCTREES, OUTPUT
from fieldbook.node import find_node
from tests.search import chromium, labels
from tests.search.cost import size, spread
from tests.search.labels import CUTOFF, ROOT

SITE = ROOT / OUTPUT
HERE = Path(__file__).parent
MINISEARCH = SITE / "_static" / "search" / "minisearch.js"
"""The library as a reader's browser loads it."""

Found = tuple[list[list[str]], dict[str, Any]]
"""The slugs that each query finds, and what that costs."""


def in_node(script: str, **given: Any) -> dict[str, Any]:
    """Run a script of this folder in Node, JSON in and out."""
    ran = subprocess.run(
        [find_node(), HERE / script], input=json.dumps(given), capture_output=True, encoding="utf-8", check=False
    )
    if ran.returncode:
        raise SystemExit(f"{script} failed:\n{ran.stderr[-4000:]}")
    return json.loads(ran.stdout)


def read_page(html: str) -> dict[str, str]:
    """Return title, headings and whole text of a built page; a formula counts once.

    Examples
    --------
    >>> read_page('<nav>x</nav><article role="main"><h1>A</h1><p>Of a.</p><h2>How</h2></article>')
    {'title': 'A', 'headings': 'How', 'text': 'A Of a. How'}
    """
    article = BeautifulSoup(html, "html.parser").find("article", role="main")
    for twice in article.select(".katex-html, .headerlink"):
        twice.decompose()
    title, *headings = (
        " ".join(heading.get_text(" ").split()) for heading in article.find_all(["h1", "h2", "h3", "h4"])
    )
    return {"title": title, "headings": " ; ".join(headings), "text": " ".join(article.get_text(" ").split())}


def minisearch(queries: list[str]) -> Found:
    """Return what MiniSearch finds with its defaults; a first query loads the library and the index."""
    pages = [
        {"slug": slug, **read_page((SITE / f"{docname}.html").read_text(encoding="utf-8"))}
        for slug, docname in labels.pages().items()
    ]
    found = in_node("minisearch.cjs", minisearch=str(MINISEARCH), pages=pages, queries=queries, limit=CUTOFF)
    cost = {
        "bytes": size(MINISEARCH.read_bytes(), found["index"].encode()),
        "latency": {"query, Node": spread(found["queries"])},
    }
    return found["rankings"], cost


@contextmanager
def sphinx_app() -> Iterator[Sphinx]:
    """Give Sphinx with what the last build of the site has read, and a folder of its own to write to."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("w") as log:
        app = Sphinx(ROOT, ROOT, Path(folder, "html"), ROOT / DOCTREES, "html", status=log, warning=log)
        app.env.get_domain("cite").env_updated()  # what it works out once all pages are read
        yield app


def sphinx_scripts() -> list[str]:
    """Return language data, search tools and index as Sphinx writes them, for the concept pages of the last build."""
    with sphinx_app() as app:
        indexer = IndexBuilder(app.env, "en", {}, "")
        for docname in labels.pages().values():
            filename = str(app.env.doc2path(docname, base=False))
            title = app.env.titles[docname].astext()
            indexer.feed(docname, filename, title, app.env.get_and_resolve_doctree(docname, app.builder))
    static = Path(package_dir, "themes", "basic", "static")
    language = Template((static / "language_data.js.jinja").read_text(encoding="utf-8"))
    return [
        language.render(indexer.context_for_searchtool()),
        (static / "searchtools.js").read_text(encoding="utf-8"),
        js_index.dumps(indexer.freeze()),
    ]


def sphinx(queries: list[str]) -> Found:
    """Return what Sphinx's own search finds."""
    scripts = sphinx_scripts()
    found = in_node("sphinx.cjs", scripts=scripts, queries=queries, limit=CUTOFF)
    cost = {"bytes": size(*(text.encode() for text in scripts)), "latency": {"query, Node": spread(found["queries"])}}
    return [[docname.rpartition("/")[2] for docname in row] for row in found["rankings"]], cost


def pagefind(queries: list[str]) -> Found:
    """Return what Pagefind finds; of its chunks a first query loads some, so its bytes are a median of queries."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for docname in labels.pages().values():
            page = folder / f"{docname}.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_bytes((SITE / f"{docname}.html").read_bytes())
        index_pagefind(folder, "--root-selector", "article", "--exclude-selectors", ".katex-html, .headerlink")
        return chromium.pagefind(folder, queries, CUTOFF)


def index_pagefind(folder: Path, *options: str) -> None:
    """Let Pagefind index the pages of a folder, and put an empty page there to search from."""
    command = [sys.executable, "-m", "pagefind_bin", "--site", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("empty.html", "404.html"):
        (folder / name).write_text("<!doctype html><title>Empty</title>", encoding="utf-8")
