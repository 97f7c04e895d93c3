"""The portal as a process: it starts, says what is wrong, is killed and comes back, ends in order."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from guest_shop import make_door
from portal_gate import FakeGate
from portal_shop import rest_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("door")
    make_door(folder)
    return folder / "edge"


def environment(door: Path, **settings: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return plain | {"PORTAL_DIR": str(door), "PORTAL_PORT": "0", "PYTHONWARNINGS": "error"} | settings


@contextlib.contextmanager
def portal(door: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "edge.portal", "serve"],
        cwd=ROOT,
        env=environment(door, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert running.stdout is not None
        found = re.search(rb":([0-9]+)/", running.stdout.readline())
        assert found, running.communicate(timeout=20)[1].decode()
        yield running, int(found[1])
    finally:
        running.kill()
        running.communicate(timeout=20)


def get(port: int, host: str, target: str = "/") -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return rest_of(line)


def run(door: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge.portal", *words],
        cwd=ROOT,
        env=environment(door, **settings),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_catches_phones_while_its_gate_comes_and_goes_and_ends_in_order(
    door: Path, tmp_path: Path
) -> None:
    gate = FakeGate(tmp_path / "gate.sock")
    set_up = {"PORTAL_GATE": str(gate.path), "PORTAL_CONTACT": "privacy@corner.example"}
    with portal(door, **set_up) as (running, port):
        probe = ("connectivitycheck.gstatic.com", "/generate_204")
        # The gate is not there yet: everybody is held, and the page is there.
        assert get(port, *probe).startswith(b"HTTP/1.1 302 ")
        assert get(port, "portal.internal").startswith(b"HTTP/1.1 200 ")
        assert b"privacy@corner.example" in get(port, "portal.internal", "/sign")
        with gate:
            until = time.monotonic() + 20
            while "api-off" not in (codes := _codes(port)) or "gate-silent" in codes:
                assert time.monotonic() < until, codes
                time.sleep(0.1)
        until = time.monotonic() + 20
        while "gate-silent" not in _codes(port):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert get(port, *probe).startswith(b"HTTP/1.1 302 ")
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=20)
        assert running.returncode == 0
        assert b"Traceback" not in said


def _codes(port: int) -> list[str]:
    told = json.loads(get(port, "portal.internal", "/healthz").partition(b"\r\n\r\n")[2])
    return [one["code"] for one in told["warnings"]]


def test_one_that_was_killed_is_there_again_when_it_is_started_again(door: Path, tmp_path: Path) -> None:
    with portal(door) as (running, port):
        running.kill()
        running.wait(20)
        with portal(door, PORTAL_PORT=str(port)) as (_, again):
            assert again == port
            assert get(port, "portal.internal").startswith(b"HTTP/1.1 200 ")


def test_a_port_that_is_taken_is_told_in_a_sentence(door: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(door, "serve", PORTAL_PORT=port)
        assert done.returncode == 2
        assert f"Port {port} is in use" in done.stderr
        assert "Traceback" not in done.stderr


def test_check_tells_of_a_gate_that_is_not_there_and_config_shows_what_is_in_force(
    door: Path, tmp_path: Path
) -> None:
    fine = run(door, "check")
    assert (fine.returncode, fine.stdout.strip()) == (0, "The portal is fine.")
    with FakeGate(tmp_path / "gate.sock") as gate:
        noted = run(door, "check", "--json", PORTAL_GATE=str(gate.path))
        assert noted.returncode == 0
        assert [one["code"] for one in json.loads(noted.stdout)["warnings"]] == ["api-off"]
    silent = run(door, "check", PORTAL_GATE=str(tmp_path / "gate.sock"))
    assert silent.returncode == 2
    assert "The gate does not answer" in silent.stdout
    shown = run(door, "config", "--ways", "code,click")
    assert re.search(r"PORTAL_WAYS +code,click ", shown.stdout)
    assert run(door, "config", "--name", "x").returncode == 2
