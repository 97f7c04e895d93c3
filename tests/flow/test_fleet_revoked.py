"""A till that is withdrawn at a shell is refused at its very next question, and says so itself: real processes, real time."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.app import open_database
from hub.client.counters import Counters
from hub.client.db import Pool
from hub.client.exchange import REFRESH_S
from hub.client.link import HttpLink, SignedLink
from hub.client.node import Node
from hub.client.schema import MIGRATIONS_CLIENT

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0

ALLOWANCE_S = 1.0
"""For two processes that share a busy machine; the product promises `REFRESH_S` on one that is not."""


def run(*words: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


class Running:
    """A program that was started, and the address that it printed."""

    def __init__(self, *words: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        found = (re.search(r"http://[0-9.]+:[0-9]+", line) for line in self.process.stdout)
        self.url = next(one[0] for one in found if one)

    def get(self, path: str) -> tuple[int, str]:
        parts = urlsplit(self.url)
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    begun: list[Running] = []

    def begin(*words: str, **env: str) -> Running:
        begun.append(Running(*words, **env))
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def refusal(till: Running) -> dict[str, Any] | None:
    """What the till says of itself."""
    told = json.loads(till.get("/healthz")[1])
    found: dict[str, Any] | None = next(
        (one for one in told["warnings"] if one["code"] == "hub-refuses"), None
    )
    return found


def asked_by(folder: Path, database: Path) -> tuple[int, dict[str, Any]]:
    """One more question of that very node, signed and counted: not through the till's own exchange."""
    node = Node.load(folder)
    assert node is not None
    pool = Pool(database, [MIGRATIONS_CLIENT])
    try:
        link = SignedLink(HttpLink(node.hub_url, node.hub), node, Counters(pool))
        # Above whatever the till itself has counted to: the numbers of its own file are not ours to take.
        link.count_above(1_000_000)
        reply = link.post("/v1/sync", b'{"events":[],"have":{}}', 5)
    finally:
        pool.close()
    return reply.status, json.loads(reply.body)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_revoked_till_is_refused_at_once_and_says_so_within_its_refresh(
    tmp_path: Path, start: Callable[..., Running]
) -> None:
    hub_dir = str(tmp_path / "hub")
    run("hub", "--dir", hub_dir, "init", "--name", "Corner")
    address = start("hub", "--dir", hub_dir, "serve", "--port", "0", HUB_SITE="no").url
    code = run("hub", "--dir", hub_dir, "node", "code", "--program", "kiosk").strip()
    folder = tmp_path / "till"
    its_own = {"KIOSK_DIR": str(folder), "KIOSK_HUB": address, "KIOSK_PORT": "0"}
    run("kiosk", "enrol", code, **its_own)
    till = start("kiosk", "serve", **its_own)
    until(lambda: json.loads(till.get("/healthz")[1])["snapshot_made_at"] is not None)
    assert refusal(till) is None

    run("hub", "--dir", hub_dir, "node", "revoke", "kiosk-1")
    status, problem = asked_by(folder, tmp_path / "beside.db")
    assert (status, problem["code"]) == (403, "withdrawn")

    told: list[dict[str, Any]] = []

    def says_so() -> bool:
        told.extend(filter(None, [refusal(till)]))
        return bool(told)

    until(says_so)
    seen_at = time.time()
    with closing(open_database(Path(hub_dir))) as store:
        revoked_at = next(one.at for one in store.people.audit() if one.what == "device.withdrawn")
    assert 0 <= told[0]["since"] - revoked_at <= REFRESH_S + ALLOWANCE_S
    assert seen_at - told[0]["since"] < REFRESH_S, "what it knows, it tells"
    assert till.get("/healthz")[0] == 503
    # Whoever stands at the till reads it where they look: on the very page.
    assert "The hub refuses this till" in till.get("/till")[1]
    assert "Refused by the hub" in till.get("/till")[1]
