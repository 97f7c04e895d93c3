"""Several workers walk a care plan and are killed in the middle of it: each step is taken once, each message sent once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from hub.care.desk import add, publish
from hub.care.entering import Running, enter
from hub.care.means import Means
from hub.care.plan import Message, Plan, Task, Wait, WhenJoined
from hub.care.walking import plan_of
from hub.members.book import Book
from hub.members.consent import give
from hub.members.people_key import people_key
from hub.rebuild import verify
from hub.wire.sync_members import Fields
from tests.hub_house import NOON, House

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = 40
KILLS = 4

WORKER = """
import sys
from pathlib import Path
from hub.app import open_database
from hub.care.means import Means
from hub.care.walking import walk
store = open_database(Path(sys.argv[1]))
means = Means(store, reached=lambda member, medium: True)
print("ready", flush=True)
while walk(means, float(sys.argv[2]), limit=3):
    print("more", flush=True)
store.close()
"""


def prepared(folder: Path) -> tuple[House, int]:
    """Members whose first step is due."""
    house = House(folder)
    store = house.store
    steps = (
        Wait(id="w1", minutes=1, next="m1"),
        Message(id="m1", text={"en": "Hello"}, next="m2"),
        Message(id="m2", text={"en": "Again"}, next="t1"),
        Task(id="t1", text={"en": "Greet"}, days=90),
    )
    plan = Plan(name="Killed", entry=WhenJoined(), control=0, first="w1", steps=steps)
    rnd = random.Random(5)
    number = add(store, plan, rnd.randbytes, NOON)
    assert publish(store, number, "Eva", NOON) == 1
    record, there = store.care.plan(number), plan_of(store, number, 1)
    assert record is not None
    assert there is not None
    book = Book(store, people_key(folder))
    for place in range(MEMBERS):
        member = rnd.randbytes(16).hex()
        book.join(member, Fields("Ann", f"+4930{1_000_000 + place}"), language="en", way="portal", at=NOON)
        give(
            store, member, "messages", "sms", words="Yes.", version="1", language="en", place="portal", proof="code",
            now=NOON, clock="ntp",
        )  # fmt: skip
        with store.writing():
            assert enter(Means(store), Running(record, there), member, "joined", NOON)
    return house, number


def worker(folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", WORKER, str(folder), str(NOON + 3_600.0)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.timeout(300)
def test_a_killed_worker_leaves_no_step_half_done_and_none_is_taken_twice(tmp_path: Path) -> None:
    house, number = prepared(tmp_path)
    rnd = random.Random(7)
    killed = 0
    running = [worker(tmp_path) for _ in range(2)]
    try:
        while running:
            one = running.pop(0)
            assert one.stdout is not None
            assert one.stdout.readline(), "a worker begins"
            if killed < KILLS:
                # Somewhere in what follows, mostly in the middle of a transaction.
                time.sleep(rnd.random() * 0.03)
                one.send_signal(signal.SIGKILL)
                killed += 1
                running.append(worker(tmp_path))
            one.communicate(timeout=120)
    finally:
        for one in running:
            one.kill()
            one.communicate(timeout=60)
    store = house.store
    runs = store.care.runs_in(number, 1_000)
    assert len(runs) == MEMBERS
    assert {tuple(line.outcome for line in store.care.path(run.run)) for run in runs} == {
        ("waited", "sent", "sent", "given")
    }
    assert all([line.number for line in store.care.path(run.run)] == [1, 2, 3, 4] for run in runs)
    letters = Counter((one.member, one.step) for one in store.messages.latest(1_000))
    assert len(letters) == 2 * MEMBERS
    assert set(letters.values()) == {1}
    assert len(store.care.tasks(1_000)) == MEMBERS
    assert verify(store).differ == ()
    house.close()
