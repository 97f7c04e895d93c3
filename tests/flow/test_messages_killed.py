"""Workers of the outbox are killed at any moment, on either database: each message goes once, and what is unsure is told."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hub.messages.outbox import Letter
from hub.messages.rules import DEFAULT_PACES, MessageRules, Pace, write_rules
from tests.message_house import MessageHouse
from tests.postgres_server import PostgresServer, postgres_server
from tests.webhook_receiver import receiving

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, KILLS, WORKERS = 40, 4, 2
WITHIN_S = 90.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_each_message_goes_once_however_often_workers_are_killed(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("server").fresh() if database == "postgres" else ""
    house = MessageHouse(tmp_path, url)
    house.now = time.time()
    paces = {name: Pace(a_minute=60_000) for name in DEFAULT_PACES}
    house.store.messages.set_rules(write_rules(MessageRules(paces=paces)))
    for place in range(MESSAGES):
        house.queue(Letter(f"code-{place}", "sms", "code", f"Code {place}", number=f"+49301234{place:04}"))
    chance = random.Random(7)
    running: list[subprocess.Popen[str]] = []

    def answer(_number: int) -> int:
        # Long enough for a kill to fall between a message and its answer.
        time.sleep(0.05)
        return 200

    with receiving(answer) as provider:

        def begin(number: int) -> None:
            command = [
                sys.executable,
                "-m",
                "tests.message_worker",
                str(tmp_path),
                url,
                provider.url,
                f"worker-{number}",
            ]
            running.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))

        try:
            for number in range(WORKERS):
                begin(number)
            for number in range(KILLS):
                provider.wait_for(len(provider.got) + chance.randrange(3, 9), 40)
                victim = running.pop(0)
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait(10)
                victim.stdout.close()  # type: ignore[union-attr]  # it has one
                begin(WORKERS + number)
            end = time.monotonic() + WITHIN_S
            while any(one.state in ("waiting", "taken", "handing") for one in house.store.messages.counts()):
                assert time.monotonic() < end, house.store.messages.counts()
                time.sleep(0.1)
        finally:
            for one in running:
                one.kill()
                one.wait(10)
                one.stdout.close()  # type: ignore[union-attr]  # it has one
    came = Counter(msgspec.json.decode(got.body)["id"] for got in provider.got)
    assert set(came.values()) == {1}, "no message twice"
    kept = {f"7-{one.number}": one.state for one in house.store.messages.latest(MESSAGES)}
    assert set(kept.values()) <= {"sent", "unsure"}
    sent = {name for name, state in kept.items() if state == "sent"}
    assert sent <= set(came), "what is called sent has come"
    # Of what is unsure nobody knows; there is at most one for each worker that was killed.
    assert len(kept) - len(sent) <= KILLS
    assert len(came) >= MESSAGES - KILLS
    house.close()
