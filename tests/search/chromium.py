"""Searches in Chromium: the site's own through its public entry, over a server and from disk, and Pagefind's.

A window is opened on a page of the site, as a reader's would be. Times are what the page's clock says, with the
processor slowed where that is asked for; sizes are those of the files that were fetched.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import BASE_PATH, Handler, find_browser
from tests.search.cost import size, spread

OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
ASK = """async ([queries, limit]) => {
  const found = [];
  for (const query of queries) found.push((await fieldbook.search(query, {limit})).map(({slug}) => slug));
  return found;
}"""
TIME = """async ([queries, limit]) => {
  let start = performance.now();
  await fieldbook.search('', {limit});
  const ready = performance.now() - start;
  const times = [];
  for (const query of queries) for (let end = 1; end <= query.length; end++) {
    start = performance.now();
    await fieldbook.search(query.slice(0, end), {limit});
    times.push(performance.now() - start);
  }
  return {ready, times};
}"""

PAGEFIND = """async ([queries, limit]) => {
  const pagefind = await import(new URL('pagefind/pagefind.js', location.href).href);
  await pagefind.init();
  const rankings = [], times = [];
  for (const query of queries) {
    const start = performance.now();
    const {results} = await pagefind.search(query);
    times.push(performance.now() - start);
    const shown = await Promise.all(results.slice(0, limit).map((result) => result.data()));
    rankings.push(shown.map(({url}) => url.match(/([^/]+)\\.html/)[1]));
  }
  return {rankings, times};
}"""
SHOWN = 6
"""Results that a search box shows while a reader types."""
SAMPLE = 60
"""Of so many queries, one is asked in a window of its own, to see what a first query loads."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine while the block runs; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{BASE_PATH}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def window(address: str, slowed: int = 1) -> Iterator[Page]:
    """Open an address in a browser of its own, its processor slowed so many times."""
    path = find_browser()
    if path is None:
        raise SystemExit("no Chromium or Chrome on this machine: install one to measure the search")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=OPTIONS) as browser:
        context = browser.new_context()
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        page.goto(address, wait_until="load")
        yield page


def rankings(address: str, queries: list[str], limit: int) -> list[list[str]]:
    """Return what the site's search finds in a window on that address: slugs of each query."""
    with window(address) as page:
        return page.evaluate(ASK, [queries, limit])


def times(address: str, queries: list[str], limit: int, slowed: int) -> dict[str, Any]:
    """Return milliseconds until the search is ready, and of every beginning of every query."""
    with window(address, slowed) as page:
        return page.evaluate(TIME, [queries, limit])


def pagefind(folder: Path, queries: list[str], limit: int) -> tuple[list[list[str]], dict[str, Any]]:
    """Return what Pagefind finds in the index of a folder, and what it costs."""
    with served(folder) as address, window(f"{address}empty.html") as page:
        found = page.evaluate(PAGEFIND, [queries, limit])
    cost = {"bytes": first_query(folder, queries), "latency": {"query, Chromium": spread(found["times"])}}
    return found["rankings"], cost


def first_query(folder: Path, queries: list[str]) -> dict[str, int]:
    """Return what a first query loads of Pagefind, with the texts of the results shown: a median of a sample."""
    sizes = []
    with served(folder) as address:
        for query in queries[::SAMPLE]:
            loaded: set[str] = set()
            with window(f"{address}empty.html") as page:
                page.on("response", lambda response, loaded=loaded: loaded.add(urlparse(response.url).path))
                page.evaluate(PAGEFIND, [[query], SHOWN])
            names = sorted(path.removeprefix(BASE_PATH) for path in loaded if "/pagefind/" in path)
            sizes.append(size(*((folder / name).read_bytes() for name in names)))
    return {kind: round(statistics.median(one[kind] for one in sizes)) for kind in ("raw", "gzip")}
