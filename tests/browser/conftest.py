"""A browser of the system, driven by Playwright, and the built site behind a small server.

The browser is looked for, never downloaded. Without one these tests are skipped with one line, unless
FIELDBOOK_REQUIRE_BROWSER is set, as it is where the project is checked: then the lack is a failure.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
BASE_PATH = "/llm-fieldbook/"
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


def find_browser() -> str | None:
    """Return the path of Chromium or a browser built on it, or None."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in (*found, *PLACES) if path and Path(path).exists()), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        message = "no Chromium or Chrome on this machine: install one to run the browser tests"
        if os.environ.get("FIELDBOOK_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        with playwright.chromium.launch(executable_path=path, args=options) as launched:
            yield launched


class Handler(SimpleHTTPRequestHandler):
    """Serves the site under the path it has when published, its own page for what is missing, and says nothing."""

    def translate_path(self, path: str) -> str:
        inside = urlparse(path).path.removeprefix(BASE_PATH.rstrip("/"))
        return super().translate_path(inside)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != 404:
            super().send_error(code, message, explain)
            return
        body = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Serve the site on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{BASE_PATH}"
    server.shutdown()
    thread.join()
    server.server_close()


class Visit:
    """A page that is open, and everything that went wrong while it opened."""

    def __init__(self, page: Page, home: str) -> None:
        self.page = page
        self.home = home
        self.faults: list[str] = []
        page.on("console", lambda said: self._note(f"console {said.type}: {said.text}", said.type == "error"))
        page.on("pageerror", lambda error: self._note(f"script: {error}", True))
        # Chromium breaks off its own loading of the icon when a page writes its state into the address. An icon that is
        # missing is not broken off: that is a 404, and an error on the console.
        page.on(
            "requestfailed",
            lambda request: self._note(
                f"failed: {request.url} ({request.failure})",
                not (request.url.endswith("/favicon.svg") and request.failure == "net::ERR_ABORTED"),
            ),
        )
        page.on(
            "request",
            lambda request: self._note(
                f"outside: {request.url}", not request.url.startswith((home, "data:", "file:///"))
            ),
        )

    def _note(self, what: str, is_fault: bool) -> None:
        if is_fault:
            self.faults.append(what)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def barriers(self) -> list[str]:
        """Return what axe finds on the page that keeps readers out, as it stands now."""
        if not self.page.evaluate("'axe' in window"):
            self.page.add_script_tag(path=AXE)
        found = self.page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@pytest.fixture
def visit(browser: Browser, address: str):
    """Return a function that opens a page of the site in a window of its own."""
    contexts = []

    def open_page(
        path: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        scripts: bool = True,
        base: str | None = None,
        **options: Any,
    ):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scripts, **options
        )
        contexts.append(context)
        visit = Visit(context.new_page(), address)
        visit.page.goto((base or address) + path, wait_until="load")
        return visit

    yield open_page
    for context in contexts:
        context.close()
