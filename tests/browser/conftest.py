"""A real Chromium, real servers on loopback, and a folder for screenshots.

`serve(app)` runs any WSGI application and gives its address; `browse(...)` opens a page in a fresh, private context;
`shots(page, name)` writes `out/shots/<name>.png`. Whoever has no Chromium gets a skip that says so.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from camera import picture_of
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}
KIOSK_TALL = {"width": 1080, "height": 1920}
KIOSK_WIDE = {"width": 1280, "height": 800}
LAPTOP = {"width": 1280, "height": 860}

SHOTS = Path(__file__).resolve().parents[2] / "out" / "shots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    where = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if where is None:
        pytest.skip("needs Chromium: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=FLAGS)
        yield browser
        browser.close()


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[WSGIApplication], str]]:
    """Run an application on a free port of loopback; the address without a slash at its end."""
    running = []

    def start(app: WSGIApplication) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody with their own browser: `browse(viewport=PHONE, locale="zh-CN", java_script_enabled=False)`."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": PHONE, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def shots() -> Callable[..., Path]:
    """Write a screenshot of the whole page to `out/shots`, which is never committed."""

    def shoot(page: Page, name: str, *, full_page: bool = True) -> Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        path.write_bytes(picture_of(page, full_page=full_page))
        return path

    return shoot
