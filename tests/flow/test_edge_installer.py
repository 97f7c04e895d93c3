"""A real door asked by its installer's pages: what it shows, what it goes by after a restart, what happens on a bad disk."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.calibration import Calibration, write_calibration
from edge.health import read_status
from edge.portal.installer.asking import DoorSilent, ask
from edge.questions import (
    Answer,
    HeadsBegin,
    HeadsDone,
    HeadsEnd,
    HeadsSet,
    Look,
    WalkBegin,
    WalkDone,
    WalkStand,
    write,
)
from edge.visits import Thresholds
from hub.client.node import Node, NodeRecord
from hub.wire.identity import public_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a node that has joined a shop whose hub does not answer."""
    key, hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    record = NodeRecord("edge-1", "edge", "Door", 1, 3, 0, public_text(hub), "http://127.0.0.1:9")
    Node.save(tmp_path, record, key)
    return tmp_path


@contextmanager
def running(folder: Path, speed: int) -> Iterator[None]:
    words = [
        "-m",
        "edge",
        "run",
        "--dir",
        str(folder),
        "--radio",
        "ble:sim:seed=3,busy=2,installer=4",
        "--speed",
        str(speed),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_")}
    edge = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: answer_of(folder) is not None)
        yield
    finally:
        edge.send_signal(signal.SIGTERM)
        _, said = edge.communicate(timeout=30)
        assert edge.returncode == 0, said
        assert "Traceback" not in said


def answer_of(folder: Path) -> Answer | None:
    try:
        return ask(folder, Look())
    except DoorSilent:
        return None


def looked(folder: Path) -> Answer:
    answer = ask(folder, Look())
    assert answer.seen is not None
    return answer


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_door_shows_what_it_hears_and_nothing_that_leads_to_anybody(folder: Path) -> None:
    with running(folder, 60):

        def whole() -> bool:
            seen = looked(folder).seen
            return (
                seen is not None
                and len(seen.ears[0].strips[0].cells) >= 3
                and seen.people is not None
                and bool(seen.stays)
            )

        wait_for(whole)
        answer = looked(folder)
    seen = answer.seen
    assert seen is not None
    (ear,) = seen.ears
    assert (ear.zone, ear.radio, ear.trouble, seen.simulated) == ("door", "Simulated street", "", True)
    assert ear.heard > 100
    assert any(cell.heard for cell in ear.strips[0].cells)
    assert any(one.type == "ibeacon" for one in ear.beacons)
    assert seen.people is not None
    assert seen.people.low <= seen.people.people <= seen.people.high
    assert sum(seen.visitors.values()) == len(seen.stays)
    told = write(answer).decode()
    assert not re.search(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", told)
    assert not (folder / "edge.sock").exists()


def test_a_door_goes_by_its_calibration_again_after_a_restart(folder: Path) -> None:
    kept = Calibration(thresholds=(Thresholds(-61, -68),), walked_at=1_796_000_000.0)
    (folder / "calibration.json").write_bytes(write_calibration(kept))
    with running(folder, 60):
        wait_for(lambda: bool(looked(folder).seen.stays))  # type: ignore[union-attr]
        answer = looked(folder)
    assert answer.made.walked_at == kept.walked_at
    assert answer.seen is not None
    assert (answer.seen.ears[0].arrive_dbm, answer.seen.ears[0].depart_dbm) == (-61, -68)
    assert {stay.depart_dbm for stay in answer.seen.stays} == {-68}
    assert all(stay.level_dbm >= -68 for stay in answer.seen.stays)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}x",
        b'{"shopbell_calibration": 99}',
        b'{"thresholds": [{"arrive_dbm": -90, "depart_dbm": -80}]}',
    ],
)
def test_a_damaged_calibration_is_a_warning_and_the_door_counts_on(folder: Path, text: bytes) -> None:
    (folder / "calibration.json").write_bytes(text)
    with running(folder, 60):

        def warned() -> bool:
            status = read_status(folder, time.time())
            return status is not None and "calibration-unreadable" in [one.code for one in status.warnings]

        wait_for(warned)
        answer = looked(folder)
    assert answer.seen is not None
    assert answer.seen.ears[0].arrive_dbm == -75


def test_heads_are_paired_with_the_doors_own_minutes_and_a_disk_that_refuses_costs_no_count(
    folder: Path,
) -> None:
    kept = folder / "calibration.json"
    with running(folder, 300):
        assert ask(folder, HeadsDone()).refused == "no-count"
        assert ask(folder, HeadsBegin(6)).refused == ""
        assert ask(folder, HeadsDone()).refused == "too-few-windows"
        ask(folder, HeadsSet(9))
        wait_for(lambda: len(looked(folder).heads.windows) >= 5)  # type: ignore[union-attr]
        counted = ask(folder, HeadsDone()).heads
        assert counted is not None
        assert counted.result is not None
        assert counted.stage == "fitted"
        assert all(6 <= one.heads <= 9 and one.names > 0 for one in counted.windows)
        # A folder in the place of the file stands for a disk that does not take it.
        kept.mkdir()
        refused = ask(folder, HeadsEnd(accept=True))
        assert (refused.refused, refused.made.counts) == ("disk", 0)
        assert looked(folder).heads is not None
        kept.rmdir()
        assert ask(folder, HeadsEnd(accept=True)).refused == ""
        after = looked(folder)
        assert (after.heads, after.made.counts) == (None, 1)
        wait_for(lambda: looked(folder).seen.people.counted_by_hand)  # type: ignore[union-attr]
    assert len(json.loads(kept.read_bytes())["counts"]) == 1


def test_a_walk_asks_for_its_steps_in_their_order(folder: Path) -> None:
    with running(folder, 60):
        assert ask(folder, WalkStand("door")).refused == "no-walk"
        begun = ask(folder, WalkBegin())
        assert begun.walk is not None
        assert begun.walk.stage == "hold"
        assert ask(folder, WalkStand("door")).refused == "not-held"
        assert ask(folder, WalkDone()).refused == "not-complete"
        wait_for(lambda: looked(folder).walk.stage == "ready")  # type: ignore[union-attr]
        assert ask(folder, WalkStand("kitchen")).refused == "no-such-place"
        assert ask(folder, WalkStand("door")).refused == ""
