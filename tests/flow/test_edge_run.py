"""The door as a whole: radios that fail, recordings that end, stops, kills, full disks."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import read_config
from edge.daemon import Edge
from edge.health import read_status
from edge.scan import FIRST_WAIT_S, QUEUE_PACKETS, Scanner
from edge.store import DB_FILE, EdgeStore, open_pool
from hardware.ble.advertisement import Advertisement
from hardware.ble.radio import Clock as RadioClock
from hardware.device import DeviceError, Reason
from hub.client.clock import Clock
from hub.client.node import Node, NodeRecord
from hub.wire.events import Event, OccupancyMeasured, VisitClosed, read_event, read_fact
from hub.wire.identity import public_text

ROOT = Path(__file__).resolve().parents[2]
CAPTURE = "ble-captures/conference_room_45.btsnoop.xz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a node that has joined a shop whose hub does not answer."""
    key, hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    Node.save(
        tmp_path, NodeRecord("edge-1", "edge", "Door", 1, 3, 0, public_text(hub), "http://127.0.0.1:9"), key
    )
    return tmp_path


def facts(folder: Path) -> list[tuple[Event, object]]:
    with sqlite3.connect(folder / DB_FILE) as conn:
        rows = conn.execute("SELECT text FROM outbox ORDER BY epoch, seq").fetchall()
    conn.close()
    return [(event, read_fact(event)) for (text,) in rows for event in (read_event(text),)]


def edge_of(folder: Path, **settings: str) -> Edge:
    node = Node.load(folder)
    assert node is not None
    config = read_config({}, {"dir": str(folder), **settings})
    return Edge(config, node, Clock())


async def run_until(edge: Edge, done: Callable[[], bool], then: Callable[[], object] = lambda: None) -> None:
    """Run an edge until something has happened, then stop it in order."""
    stop = asyncio.Event()
    running = asyncio.create_task(edge.run(stop))
    for _ in range(600):
        if done():
            break
        await asyncio.sleep(0.05)
    happened = done()
    then()
    stop.set()
    await running
    assert happened


def state_of(folder: Path) -> str:
    status = folder / "status.json"
    return str(json.loads(status.read_bytes())["state"]) if status.exists() else ""


class ScriptedRadio:
    """A radio that does what a list says: a packet is heard, an error is raised."""

    simulated = True
    dropped = 0
    speed = 1.0

    def __init__(self, script: list[Advertisement | DeviceError], clock: RadioClock = "wall") -> None:
        self.script = script
        self.clock: RadioClock = clock
        self.closed = 0

    async def scan(self) -> AsyncIterator[list[Advertisement]]:
        for step in self.script:
            if isinstance(step, DeviceError):
                raise step
            yield [step]
        if self.clock == "wall":
            await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed += 1

    def describe(self) -> str:
        return "Scripted radio"


def packets(count: int) -> list[Advertisement | DeviceError]:
    return [Advertisement("5a:00:00:00:00:01", "random", -60, b"", float(number)) for number in range(count)]


def test_a_radio_that_fails_is_let_go_and_tried_again() -> None:
    gone = DeviceError(Reason.NOT_FOUND, "There is no adapter hci0. Plug it in.")
    radios = [ScriptedRadio([*packets(2), gone]), ScriptedRadio(packets(3))]
    opened: list[ScriptedRadio] = []

    def open_radio() -> ScriptedRadio:
        opened.append(radios[len(opened)])
        return opened[-1]

    async def play() -> tuple[int, str]:
        scanner = Scanner(open_radio, time.monotonic)
        task = asyncio.create_task(scanner.run())
        await asyncio.sleep(FIRST_WAIT_S / 2)
        trouble = scanner.trouble
        await asyncio.sleep(FIRST_WAIT_S)
        heard, ok = scanner.heard, scanner.trouble is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert ok
        return heard, trouble.sentence if trouble else ""

    heard, sentence = asyncio.run(play())
    assert heard == 5
    assert sentence == gone.sentence
    assert [radio.closed for radio in opened] == [1, 1]


def test_what_does_not_fit_is_dropped_and_counted_and_the_oldest_stays() -> None:
    async def play() -> tuple[int, int]:
        scanner = Scanner(lambda: ScriptedRadio(packets(QUEUE_PACKETS + 100)), time.monotonic)
        task = asyncio.create_task(scanner.run())
        await asyncio.sleep(0.2)
        dropped, kept = scanner.dropped, sum(len(heard) for _, heard in scanner.batches.waiting())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return dropped, kept

    assert asyncio.run(play()) == (100, QUEUE_PACKETS)


def test_a_recording_waits_for_us_is_played_once_and_then_has_ended() -> None:
    async def play() -> tuple[int, int, bool]:
        scanner = Scanner(lambda: ScriptedRadio(packets(2 * QUEUE_PACKETS), "capture"), time.monotonic)
        task = asyncio.create_task(scanner.run())
        taken = 0
        while batches := await scanner.batches.get(0.2):
            taken += sum(len(heard) for _, heard in batches)
        await task
        return taken, scanner.dropped, scanner.ended.is_set()

    assert asyncio.run(play()) == (2 * QUEUE_PACKETS, 0, True)


@pytest.mark.data
def test_a_recording_in_the_shop_ends_with_visits_of_today_in_the_journal(
    folder: Path, shared_data: Path
) -> None:
    began = time.time()
    edge = edge_of(folder, radio=f"ble:replay:{shared_data / CAPTURE}", speed="0")
    asyncio.run(run_until(edge, lambda: state_of(folder) in ("ended", "stopped")))
    written = [fact for _, fact in facts(folder)]
    visits = [fact for fact in written if isinstance(fact, VisitClosed)]
    assert len(visits) >= 5
    assert all(
        visit.simulated and began - 60 < visit.arrived_at <= visit.departed_at <= time.time()
        for visit in visits
    )
    assert any(isinstance(fact, OccupancyMeasured) and fact.simulated for fact in written)
    assert all(event.at <= time.time() for event, _ in facts(folder))
    assert state_of(folder) == "stopped"


@pytest.mark.data
def test_a_recording_that_is_stopped_early_leaves_its_visits_too(folder: Path, shared_data: Path) -> None:
    edge = edge_of(folder, radio=f"ble:replay:{shared_data / CAPTURE}", speed="10")
    status = folder / "status.json"

    def somebody_came() -> bool:
        return (status.exists() and json.loads(status.read_bytes())["visits_open"] > 0) or state_of(
            folder
        ) == "stopped"

    asyncio.run(run_until(edge, somebody_came))
    assert [fact for _, fact in facts(folder) if isinstance(fact, VisitClosed)]


def test_the_simulated_street_in_a_hurry_is_counted_and_rows_match_facts(folder: Path) -> None:
    edge = edge_of(folder, radio="ble:sim:seed=3,busy=2", speed="600")

    def enough() -> bool:
        path = folder / "status.json"
        return path.exists() and json.loads(path.read_bytes())["visits_closed"] >= 10

    asyncio.run(run_until(edge, enough))
    written = facts(folder)
    visits = [fact for _, fact in written if isinstance(fact, VisitClosed)]
    assert len(visits) >= 10
    assert all(fact.departed_at <= time.time() for fact in visits)
    node = Node.load(folder)
    assert node is not None
    pool = open_pool(folder)
    rows = EdgeStore(pool, node, Clock()).visits(10_000)
    pool.close()
    assert {row.id for row in rows} == {fact.id for fact in visits}
    assert [event.seq for event, _ in written] == list(range(1, len(written) + 1))


def test_two_radios_are_heard_and_told_each_by_itself_and_one_that_is_not_there_stops_nobody(
    folder: Path,
) -> None:
    edge = edge_of(
        folder, radio="ble:sim:seed=3,busy=4;ble:hci977;ble:sim:seed=4,busy=4", zone="door;hall;counter"
    )
    told: dict[str, Any] = {}

    def both_hear() -> bool:
        path = folder / "status.json"
        if path.exists():
            told.update(json.loads(path.read_bytes()))
        return bool(told) and all(one["heard"] > 3 for one in told["radios"][::2])

    asyncio.run(run_until(edge, both_hear))
    assert [(one["receiver"], one["zone"]) for one in told["radios"]] == [
        (0, "door"),
        (1, "hall"),
        (2, "counter"),
    ]
    assert told["radios"][1]["heard"] == 0
    assert told["heard"] == sum(one["heard"] for one in told["radios"])
    missing = [one for one in told["warnings"] if one["code"] == "radio-missing"]
    assert [one["subject"] for one in missing] == ["ble:hci977"]


def test_a_radio_that_is_not_there_is_a_warning_and_no_crash(folder: Path) -> None:
    edge = edge_of(folder, radio="ble:replay:no-such-file")

    def told() -> bool:
        status = folder / "status.json"
        codes = (
            [one["code"] for one in json.loads(status.read_bytes())["warnings"]] if status.exists() else []
        )
        return "radio-missing" in codes

    asyncio.run(run_until(edge, told))


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--dir", str(folder), "--radio", "ble:sim", *more],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("EDGE_")},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_killed_edge_starts_again_with_a_whole_journal_and_stops_on_sigterm(folder: Path) -> None:
    def visits() -> int:
        return (
            sum(isinstance(fact, VisitClosed) for _, fact in facts(folder))
            if (folder / DB_FILE).exists()
            else 0
        )

    first = start(folder, "--speed", "600")
    wait_for(lambda: (folder / "status.json").exists() and visits() > 0)
    first.kill()
    first.communicate()
    assert read_status(folder, time.time()) is None
    before = visits()

    second = start(folder, "--speed", "600")
    wait_for(lambda: visits() > before)
    second.send_signal(signal.SIGTERM)
    _, said = second.communicate(timeout=20)
    assert second.returncode == 0, said
    assert "Traceback" not in said
    seqs = [event.seq for event, _ in facts(folder)]
    assert seqs == list(range(1, len(seqs) + 1))
    with sqlite3.connect(folder / DB_FILE) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    conn.close()


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["run", "--radio", "ble:sim"], 2, "has joined no shop yet"),
        (["replay", "nothing.pcap"], 1, "nothing.pcap cannot be opened"),
        (["run", "--radio", "hci0", "--speed", "x"], 2, "EDGE_SPEED"),
        (["enrol", "ABCD"], 2, "Say where the hub is"),
        (["enrol", "ABCD", "--hub", "http://127.0.0.1:9"], 1, "pairing code"),
        (["visits"], 2, "has joined no shop yet"),
    ],
)
def test_what_cannot_work_is_one_sentence_and_no_traceback(
    arguments: list[str], status: int, sentence: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *arguments, "--dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == status, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_check_answers_by_gravity_and_in_json(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", "check", "--json", "--dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert [warning["code"] for warning in json.loads(done.stdout)["warnings"]] == ["not-enrolled"]


def test_facts_wait_in_memory_while_the_disk_takes_nothing(folder: Path) -> None:
    edge = edge_of(folder, radio="ble:sim:seed=3,busy=2", speed="600")
    status = folder / "status.json"
    blocker = sqlite3.connect(folder / DB_FILE, isolation_level=None)
    # Another program that does not let go of the file stands for a card that takes nothing.
    blocker.execute("BEGIN IMMEDIATE")

    def warned() -> bool:
        return status.exists() and "disk" in [
            one["code"] for one in json.loads(status.read_bytes())["warnings"]
        ]

    asyncio.run(run_until(edge, warned, then=lambda: blocker.execute("ROLLBACK")))
    blocker.close()
    visits = [fact for _, fact in facts(folder) if isinstance(fact, VisitClosed)]
    assert len(visits) == len({visit.id for visit in visits}) > 0
    assert msgspec.json.decode(status.read_bytes())["visits_closed"] == len(visits)
