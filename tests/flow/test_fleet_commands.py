"""A whole pairing by command: a real hub, a real till that shows its code, set, replaced and revoked from a shell."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


def run(*words: str, env: dict[str, str] | None = None, status: int = 0) -> str:
    """One command of a program; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done.stdout + (done.stderr if status else "")


class Running:
    """A program that was started, and the address that it printed."""

    def __init__(self, *words: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.next_url()

    def next_url(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://[0-9.]+:[0-9]+", line)
            if found:
                return found[0]
        raise AssertionError("it ended before it answered")

    def get(self, path: str) -> tuple[int, str]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    begun: list[Running] = []

    def begin(*words: str, **env: str) -> Running:
        begun.append(Running(*words, env=env))
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process does; a machine that is busy has time."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def shown_code(till: Running) -> str:
    """The code on the screen of a till that has joined no shop."""
    found: list[str] = []

    def there() -> bool:
        found[:] = re.findall(r'class="big"[^>]*>([0-9A-Z-]{14})<', till.get("/")[1])
        return bool(found)

    until(there)
    return found[0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_till_is_paired_set_replaced_and_revoked_from_a_shell(tmp_path: Path, start: Start) -> None:
    hub_dir = str(tmp_path / "hub")

    def hub(*words: str, status: int = 0) -> str:
        return run("hub", "--dir", hub_dir, *words, status=status)

    hub("init", "--name", "Corner")
    address = start("hub", "--dir", hub_dir, "serve", "--port", "0", HUB_SITE="no").url
    first = {
        "KIOSK_DIR": str(tmp_path / "a"),
        "KIOSK_HUB": address,
        "KIOSK_PORT": "0",
        "KIOSK_NAME": "Till A",
    }
    till = start("kiosk", "serve", **first)
    code = shown_code(till)
    assert code in hub("node", "waiting")
    hub("node", "group", "tills", "KIOSK_IDLE_S=61")
    assert "is let in" in hub("node", "accept", code.lower(), "--name", "By the door", "--group", "tills")
    assert "used before" in hub("node", "accept", code, status=1)
    till.url = till.next_url()
    until(lambda: till.get("/healthz")[0] == 200 or "enrolled" not in till.get("/healthz")[1])

    def settings() -> dict[str, dict[str, object]]:
        shown = json.loads(hub("node", "show", "kiosk-1", "--json"))
        assert shown["name"] == "By the door"
        return {row["name"]: row for row in shown["settings"]}

    until(lambda: settings().get("KIOSK_IDLE_S", {}).get("in_force") == "45")
    assert settings()["KIOSK_IDLE_S"]["waits"] is True
    till.stop()
    till = start("kiosk", "serve", **first)
    until(lambda: settings()["KIOSK_IDLE_S"]["in_force"] == "61")
    assert settings()["KIOSK_IDLE_S"]["source"] == "hub"
    till.stop()
    till = start("kiosk", "serve", **first, KIOSK_IDLE_S="30")
    until(lambda: settings()["KIOSK_IDLE_S"]["in_force"] == "30")
    assert "goes before the hub" in str(settings()["KIOSK_IDLE_S"]["fault"])

    # Other hardware takes its place, by its own code; the old one hears that it is not used any more.
    second = {"KIOSK_DIR": str(tmp_path / "b"), "KIOSK_HUB": address, "KIOSK_PORT": "0"}
    new = start("kiosk", "serve", **second)
    assert "replaces kiosk-1" in hub("node", "replace", "kiosk-1", shown_code(new), "--keep-rights")
    new.url = new.next_url()
    until(lambda: "hub-refuses" in till.get("/healthz")[1])
    until(lambda: json.loads(hub("node", "show", "kiosk-1", "--json"))["state"] == "well")

    # Revoked, it is refused at its next question, within seconds.
    hub("node", "revoke", "kiosk-1")
    until(lambda: "hub-refuses" in new.get("/healthz")[1])
    assert '"withdrawn"' in hub("node", "list", "--json")
