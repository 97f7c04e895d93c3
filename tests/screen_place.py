"""The shoppers' screen for tests: a kiosk's pages on a real port that can be taken away, and Chromium under its supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, request
from storefront_desk import NOW, FakeDesk, little_shop
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from hub.storefront import create_storefront
from hub.storefront.context import ScreenSettings
from kiosk.screen_browser import Supervisor, find_browser

HEADLESS = ("--no-sandbox", "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-GB")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Server:
    """A kiosk's pages. `asked` are the paths that were asked for, `clock` what is added to the time."""

    def __init__(self, screen: ScreenSettings, desk: FakeDesk | None = None) -> None:
        self.desk = desk or little_shop("kiosk")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.asked: list[str] = []
        self._screen = screen
        self._running: BaseWSGIServer | None = None

    def start(self) -> None:
        """Answer; a program that has just been started, which remembers nothing."""
        app = Flask("screen")
        began = time.monotonic()
        app.register_blueprint(
            create_storefront(
                self.desk,
                surface="kiosk",
                now=lambda: NOW + time.monotonic() - began,
                screen=self._screen,
            )
        )
        app.before_request(lambda: self.asked.append(request.path))
        self._running = make_server("127.0.0.1", self.port, app, threaded=True, request_handler=_Quiet)
        threading.Thread(target=self._running.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        if self._running is not None:
            self._running.shutdown()
            self._running.server_close()
            self._running = None

    def count(self, path: str) -> int:
        return self.asked.count(path)


@contextmanager
def serving(screen: ScreenSettings, desk: FakeDesk | None = None) -> Iterator[Server]:
    """A server that ends in the end."""
    server = Server(screen, desk)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Watched:
    """Chromium under its supervisor, with a port by which a test may do harm."""

    def __init__(self, url: str, profile: Path, *, look_s: float = 0.4, answer_s: float = 2.0) -> None:
        self.port = free_port()
        self.profile = profile
        flags = (*HEADLESS, f"--remote-debugging-port={self.port}", "--window-size=1280,800")
        self.supervisor = Supervisor(find_browser(""), flags, url, profile, look_s=look_s, answer_s=answer_s)
        self._thread = threading.Thread(target=self.supervisor.run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.supervisor.stopping.set()
        self._thread.join(20)

    @property
    def devtools(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pages(self) -> list[dict[str, str]]:
        """The pages as Chromium lists them; none while it is away."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(self.devtools + "/json", timeout=2) as answer,
        ):
            return [each for each in json.load(answer) if each["type"] == "page"]
        return []

    def shows(self, words: str) -> bool:
        return any(words in page["title"] or words in page["url"] for page in self.pages())

    def processes(self, kind: str = "") -> list[int]:
        """Its processes of this kind, such as renderer; "" is the browser itself."""
        mark = f"--user-data-dir={self.profile}".encode()
        words: dict[int, list[bytes]] = {}
        parents: dict[int, int] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    # Chromium writes its processes' command lines anew, with spaces.
                    words[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").split()
                    parents[int(folder.name)] = int(parent)
        kinds = {pid: [word for word in line if word.startswith(b"--type=")] for pid, line in words.items()}
        browsers = {
            pid for pid, line in words.items() if mark in line and not kinds[pid] and pid != os.getpid()
        }
        if not kind:
            return sorted(browsers)

        def is_below(pid: int) -> bool:
            while pid in parents and pid not in browsers:
                pid = parents[pid]
            return pid in browsers

        wanted = f"--type={kind}".encode()
        return sorted(pid for pid, found in kinds.items() if wanted in found and is_below(pid))


@contextmanager
def watched(url: str, profile: Path) -> Iterator[Watched]:
    """A browser that ends in the end."""
    browser = Watched(url, profile)
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()


def until(holds: Callable[[], bool], what: str, within_s: float = 40.0) -> None:
    """Wait for something; what it was where it does not come."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"within {within_s:g} s not: {what}")
