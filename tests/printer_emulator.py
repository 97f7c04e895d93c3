"""An emulated receipt printer of others' make (emupos), on a port of its own, with its pictures."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hardware.printer.fonts import NoFont, font_for
from hub.up.emulator import emulator

WIDTHS = {58: 384, 80: 576}
UP_S = 60.0


def has_chinese() -> bool:
    """Whether this machine has a font with Chinese."""
    try:
        font_for("中", 24)
    except NoFont:
        return False
    return True


needs_chinese = pytest.mark.skipif(
    not has_chinese(), reason="needs a font with Chinese: apt install fonts-noto-cjk, or fonts-wqy-microhei"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Emulated:
    """One running emulator. `port` is the printer's, raw like port 9100."""

    def __init__(self, port: int, api: str) -> None:
        self.port = port
        self._api = api

    def receipts(self) -> list[Image.Image]:
        """What it printed, drawn by itself, the oldest first."""
        found = json.loads(self._asked("GET", "/receipts"))
        pictures = [self._asked("GET", f"/receipts/{one['id']}/image") for one in reversed(found)]
        return [Image.open(BytesIO(picture)).convert("L") for picture in pictures]

    def wait_for(self, count: int, within_s: float = 20.0) -> list[Image.Image]:
        """Its receipts, once there are so many."""
        until = time.monotonic() + within_s
        while len(found := self.receipts()) < count:
            assert time.monotonic() < until, f"{len(found)} receipts came out of {count}"
            time.sleep(0.05)
        return found

    def fault(self, name: str, there: bool = True) -> None:
        """paper-out, paper-near-end, cover-open, offline."""
        self._asked("PUT" if there else "DELETE", f"/faults/{name}")

    def drawer_is_open(self) -> bool:
        """Whether the cash drawer is."""
        request = urllib.request.Request(f"{self._api}/devices")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return '"open"' in answer.read().decode()

    def _asked(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(f"{self._api}/devices/front{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def emulated(folder: Path, paper_mm: int) -> Iterator[Emulated]:
    """A printer with paper of this width; skipped where emupos is not installed."""
    program = emulator()
    if program is None:
        pytest.skip("needs emupos, which needs Python 3.13: ./shopbell test installs it where there is one")
    port, api_port = free_port(), free_port()
    (folder / "profile.yaml").write_text(
        f"type: printer\nname: Test\ndpi: 203\nwidth_dots: {WIDTHS[paper_mm]}\n"
        "font_a: { width: 12, height: 24 }\nfont_b: { width: 9, height: 17 }\n"
        "code_pages: { 0: PC437 }\ndefault_code_page: 0\ndrawer_sensor_open_level: high\n"
    )
    (folder / "emupos.yaml").write_text(
        f"schema: 1\napi: {{ host: 127.0.0.1, port: {api_port} }}\ndevices:\n  - id: front\n    type: printer\n"
        f"    profile: ./profile.yaml\n    connections:\n      - tcp: {{ port: {port} }}\n    receipts_dir: ./receipts\n"
    )
    log = (folder / "emupos.log").open("wb")
    process = subprocess.Popen(
        [str(program), "run", "--config", "emupos.yaml"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    try:
        there = Emulated(port, f"http://127.0.0.1:{api_port}/api/v1")
        until = time.monotonic() + UP_S
        while True:
            try:
                there.receipts()
                break
            except (OSError, urllib.error.URLError):
                said = (folder / "emupos.log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < until, said
                time.sleep(0.05)
        yield there
    finally:
        process.terminate()
        process.wait(20)
        log.close()
