"""A hub with many events moves from its file to PostgreSQL while nodes keep syncing."""

from __future__ import annotations

import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from hub.app import open_database, open_store
from hub.devices import hub_key
from hub.rebuild import FOLDING, verify
from hub.store.postgres import PostgresStore
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import OfferSeen, write_event
from hub.wire.sync import SyncRequest
from tests.hub_house import House, HouseNode, visit
from tests.postgres_server import HOW_TO_GET_IT, postgres_bin, postgres_server
from tests.prove import Verdict
from tests.prove._hubs import Branch, process

NAME = "migrating"
PROMISE = (
    "A live hub moves from its file to PostgreSQL while nodes keep syncing: every event is there once, the sums are equal, "
    "nodes wait 10 s at most, and the old file takes no change any more."
)
DEFAULT_SIZE = 1_000_000
CI_SIZE = 6_000
SIZE_NAME = "events"

AT_MOST_S = 10.0
BATCH = 2_000
NODES, FACTS, EVERY_S = 4, 5, 0.05
WITHIN_S = 3_600.0


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` events of two nodes in the file; four more nodes send five facts twenty times a second while it
    moves; the seed changes nothing."""
    if postgres_bin() is None:
        return Verdict(False, HOW_TO_GET_IT)
    hub = folder / "hub"
    _fill(hub, size)
    with postgres_server() as server:
        url = server.fresh()
        port = _free_port()
        with process(hub, "", "serve", "--port", str(port)) as serving:
            address = serving.said(r"answers at (\S+)")
            with closing(open_database(hub)) as file:
                nodes = [
                    _Sender(Branch(file, hub_key(hub), address).node("edge", f"Door {n}"))
                    for n in range(NODES)
                ]
            for node in nodes:
                node.start()
            with process(hub, "", "migrate", "--to", url) as moving:
                status = moving.wait(WITHIN_S)
                said = list(moving.lines)
            moved_at = time.monotonic()
            # Each of them has an answer from where the hub is now.
            _until(lambda: all(node.acknowledged_at > moved_at + 2 for node in nodes), 60)
            for node in nodes:
                node.end()
            last = list(serving.lines)
        wrong = [] if status == 0 else [f"migrate ended with {status}"]
        wrong += ["a node never had an answer from there"] * any(
            node.acknowledged_at <= moved_at + 2 for node in nodes
        )
        figures, found = _compare(hub, url, size, nodes)
    held = re.search(r"Writing stood still for ([0-9.]+) s; all of it took ([0-9]+) s", "".join(said))
    held_s = float(held[1]) if held else float("inf")
    waited_s = round(max(node.longest_s for node in nodes), 2)
    wrong += found
    wrong += [f"writing stood still for {held_s} s"] if held_s > AT_MOST_S else []
    wrong += [f"a node waited for {waited_s} s"] if waited_s > AT_MOST_S else []
    wrong += [] if any("a second" in line or "copying" in line for line in said) else ["no progress was told"]
    figures |= {
        "held_s": held_s,
        "took_s_in_all": int(held[2]) if held else None,
        "longest_wait_of_a_node_s": waited_s,
        "progress": [line.strip() for line in said][-12:],
        "wrong": wrong,
    }
    if wrong:
        figures["hub_said"] = [line.strip() for line in last][-12:]
    return Verdict(
        not wrong,
        f"{size} events and {figures['sent_meanwhile']} more that came meanwhile are in PostgreSQL, each once; writing stood "
        f"still for {held_s:.2f} s, no node waited longer than {waited_s} s for its answer.",
        figures,
    )


def _fill(folder: Path, size: int) -> None:
    """A hub's file with as many events: coupons of a till, visits and offers seen at a door."""
    with closing(House(folder)) as house:
        house.now = time.time()
        till, door = house.node(), house.node("edge")
        for place, first in enumerate(range(0, size, BATCH)):
            batch = range(min(BATCH, size - first))
            if place % 4 == 0:
                till.report(*(till.mint(1, int(house.now) + 86_400)[0] for _ in batch))
            else:
                seen = OfferSeen(campaign=1, channel="kiosk")
                door.report(*(visit(house.now - 900.0 * (n % 96)) if n % 3 else seen for n in batch))
        house.store.ledger.set_folding(FOLDING)


class _Sender(threading.Thread):
    """A node that sends five facts again and again until they are taken; how long it waited for that at most."""

    def __init__(self, node: HouseNode) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._ending = threading.Event()
        self.acknowledged_at = time.monotonic()
        self.longest_s = 0.0
        self.sent = 0

    def run(self) -> None:
        """Until `end()`."""
        while not self._ending.wait(EVERY_S):
            facts = tuple(
                msgspec.Raw(write_event(self._node.event(visit(time.time()), time.time())))
                for _ in range(FACTS)
            )
            body = msgspec.json.encode(SyncRequest(events=facts))
            began = time.monotonic()
            while self._node.post("/v1/sync", body).status != 200:
                if self._ending.wait(EVERY_S):
                    return
            self.acknowledged_at = time.monotonic()
            self.longest_s = max(self.longest_s, self.acknowledged_at - began)
            self.sent += FACTS

    def end(self) -> None:
        """Send no more."""
        self._ending.set()
        self.join(60)


def _compare(folder: Path, url: str, size: int, nodes: Sequence[_Sender]) -> tuple[dict[str, int], list[str]]:
    """What the old file holds is there byte by byte, what came later too, and everything follows from it."""
    sent = sum(node.sent for node in nodes)
    wrong = []
    with closing(SqliteStore(folder / FILE)) as old, closing(open_store(folder)) as new:
        if old.moved_to() != url or not isinstance(new, PostgresStore):
            wrong.append("the old file does not say where the hub is")
        in_file = 0
        there = new.journal.runs()
        for run in old.journal.runs():
            if next(there, None) != run:
                wrong.append(f"the journal at {run.position}")
                break
            in_file += run.count
        reach = new.journal.reach()
        taken = sum(one.taken for one in reach)
        if taken != size + sent or any(one.taken != one.highest for one in reach):
            wrong.append(f"{taken} events of nodes, not {size} and {sent}")
        wrong += [f"a rebuild would change {name}" for name in verify(new).differ]
    with closing(sqlite3.connect(folder / FILE)) as raw:
        try:
            raw.execute("UPDATE contact SET seen_at = 0")
            wrong.append("the old file took a change")
        except sqlite3.IntegrityError:
            pass
    return {"sent_meanwhile": sent, "of_them_before_the_end": in_file - size}, wrong


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _until(good: Callable[[], bool], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not good() and time.monotonic() < end:
        time.sleep(0.05)
