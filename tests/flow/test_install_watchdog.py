"""The watchdog of what answers HTTP, on a real notify socket: pings while it works, silence when loop or workers stand still."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60.0
WATCHDOG_S = 3.0
"""What systemd is pretended to wait: a ping a second."""

STUCK = """
import sys, threading
from hub.client.serving import listen, serve

never = threading.Event()

def app(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        never.wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]

front = (lambda head, ip: None) if sys.argv[1] == "front" else None
serve(app, listen("127.0.0.1", 0), threads=2, ready=lambda address: print(address, flush=True), front=front)
"""


@dataclass
class Heard:
    """What systemd is told, on a socket of its own."""

    line: socket.socket
    path: Path
    said: list[str] = field(default_factory=list)

    def next(self, within_s: float) -> str | None:
        """The next word; None where none comes in time."""
        self.line.settimeout(within_s)
        try:
            word = self.line.recv(256).decode()
        except TimeoutError:
            return None
        self.said.append(word)
        return word

    def until(self, word: str) -> None:
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if self.next(1.0) == word:
                return
        raise AssertionError(f"{word} never came; heard {self.said}")

    def until_silent(self, for_s: float) -> None:
        """Whatever is under way comes; then nothing for so long."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            if self.next(for_s) is None:
                return
        raise AssertionError("the pings went on")


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        yield Heard(line, path)


@contextlib.contextmanager
def running(
    heard: Heard, words: list[str], env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    told = {"NOTIFY_SOCKET": str(heard.path), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **told, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[-1]


def ask(address: str) -> bytes:
    with urllib.request.urlopen(f"{address}/", timeout=10) as reply:
        return bytes(reply.read())


def send_stuck(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=10)
    line.sendall(b"GET /stuck HTTP/1.1\r\nHost: here\r\n\r\n")
    return line


@pytest.mark.parametrize("kind", ["plain", "front"])
def test_pings_come_while_a_worker_is_free_and_stop_when_all_of_them_are_stuck(
    heard: Heard, kind: str
) -> None:
    with running(heard, ["-c", STUCK, kind]) as process, contextlib.ExitStack() as stack:
        address = address_of(process)
        heard.until("READY=1")
        heard.until("WATCHDOG=1")
        stack.callback(send_stuck(address).close)
        heard.until("WATCHDOG=1")
        assert ask(address) == b"here"
        stack.callback(send_stuck(address).close)
        heard.until_silent(WATCHDOG_S)


def test_a_loop_that_stands_still_is_silent(heard: Heard) -> None:
    with running(heard, ["-c", STUCK, "plain"]) as process:
        address_of(process)
        heard.until("WATCHDOG=1")
        process.send_signal(signal.SIGSTOP)
        heard.until_silent(WATCHDOG_S)
        process.send_signal(signal.SIGCONT)
        heard.until("WATCHDOG=1")


def test_the_hub_says_when_it_answers_pings_and_says_when_it_stops(heard: Heard, tmp_path: Path) -> None:
    hub = ["-m", "hub", "--dir", str(tmp_path / "hub")]
    subprocess.run(
        [sys.executable, *hub, "init", "--name", "Corner Shop"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    with running(heard, [*hub, "serve", "--port", "0"]) as process:
        heard.until("READY=1")
        assert ask(address_of(process))
        heard.until("WATCHDOG=1")
        process.terminate()
        heard.until("STOPPING=1")
        assert process.wait(30) == 0


def test_without_systemd_nobody_is_told_anything(heard: Heard) -> None:
    with running(heard, ["-c", STUCK, "plain"], {"WATCHDOG_USEC": ""}) as process:
        assert ask(address_of(process)) == b"here"
        heard.until("READY=1")
        assert heard.next(2.5) is None
