"""How fast facts come in, in process and over `/v1/sync`, against raw `executemany` and Datasette's insert API.

In batches of 2,000 on every side: what a node sends that has much to tell on a good line (`hub.client.pace`). In process is from
the text of a request to the end of its transaction: reading, journal, projections, `synchronous=FULL`. Over HTTP is the whole way
over real sockets on loopback: waitress in a process of its own, two signatures, verdicts, the answer.
Raw is `executemany` of the same journal rows into the same table with the same unique key (WAL, NORMAL), one transaction a
batch, nothing else. Datasette gets the same rows by its JSON insert API, in a process of its own. Sides take turns in each round.

A batch is a shop's ordinary mix: 45 % occupancy windows, 40 % visits, 11 % offers seen, 4 % coupons; plain batches have windows,
visits and offers seen alone. The goals are on plain facts: of a coupon the hub keeps a row of its own under two more keys, in
places all over the file, which neither raw nor Datasette does. What the sums take is what ingest in process takes beyond the
journal alone.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench._ingest_sides import (
    BATCH,
    BATCHES,
    SENDERS,
    InProcess,
    OurSide,
    RawSide,
    Send,
    child,
    datasette,
    free_port,
    make_hub,
)


def time_of(batches: list[Send]) -> float:
    """Seconds for all of them, one after the other."""
    start = time.perf_counter()
    for batch in batches:
        batch()
    return time.perf_counter() - start


def time_together(senders: list[list[Send]]) -> float:
    """Seconds until all senders have sent theirs, at the same time."""
    with ThreadPoolExecutor(len(senders)) as pool:
        start = time.perf_counter()
        list(pool.map(time_of, senders))
        return time.perf_counter() - start


Rates = dict[str, list[float]]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Events a second of each side; the ratios are medians of the ratios within each round."""
    rates: Rates = defaultdict(list)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        make_hub(folder)
        port = free_port()
        serve = [sys.executable, "-m", "hub", "--dir", str(folder), "serve", "--port", str(port)]
        with child(serve, port), datasette(folder) as theirs:
            nodes = [OurSide(folder, port, f"node-{number}") for number in range(SENDERS)]
            raw, inside = RawSide(folder), InProcess(folder / "inside")
            for number in range(rounds + 1):
                each = BATCHES // SENDERS
                one = nodes[0]
                turns = {
                    "raw": time_of(raw.batches()),
                    "inside": time_of(inside.batches("edge-1", inside.whole)),
                    "alone": time_of(inside.batches("edge-2", inside.journal_alone)),
                    "plain raw": time_of(raw.batches(plain=True)),
                    "plain": time_of(inside.batches("edge-3", inside.whole, plain=True)),
                    "plain alone": time_of(inside.batches("edge-4", inside.journal_alone, plain=True)),
                    "http": time_of(one.batches()),
                    "datasette": time_of(theirs.batches(BATCHES)),
                    "plain http": time_of(one.batches(plain=True)),
                    "plain datasette": time_of(theirs.batches(BATCHES, plain=True)),
                    "http at once": time_together([node.batches(each) for node in nodes]),
                    "datasette at once": time_together([theirs.batches(each) for _ in range(SENDERS)]),
                }
                # The first round warms files and caches of all sides.
                if number:
                    for name, seconds in turns.items():
                        rates[name].append(BATCHES * BATCH / seconds)
            raw.close()
            inside.store.close()
    return [
        _row("hub ingest in process, plain facts, against raw executemany", rates, "plain", "plain raw", 0.8),
        _row("hub ingest in process, a shop's mix, against raw executemany", rates, "inside", "raw", None),
        _row(
            "hub ingest /v1/sync, plain facts, against raw executemany", rates, "plain http", "plain raw", 0.5
        ),
        _row(
            "hub ingest /v1/sync, plain facts, against Datasette's insert API",
            rates,
            "plain http",
            "plain datasette",
            3.5,
        ),
        _row("hub ingest /v1/sync, a shop's mix, against raw executemany", rates, "http", "raw", None),
        _row("hub ingest /v1/sync, a shop's mix, against Datasette", rates, "http", "datasette", None),
        _row("the mix from four senders at once", rates, "http at once", "datasette at once", None),
        _upkeep(rates),
        _share("hub ingest in process: the same part of the time there", rates, "plain", "plain alone"),
    ]


def _row(name: str, rates: Rates, side: str, other: str, goal: float | None) -> dict[str, Any]:
    ratios = [own / peer for own, peer in zip(rates[side], rates[other], strict=True)]
    return {
        "name": name,
        "ours": statistics.median(rates[side]),
        "peer": statistics.median(rates[other]),
        "ratio": statistics.median(ratios),
        "goal": goal,
        "unit": "events/s",
    }


def _upkeep(rates: Rates) -> dict[str, Any]:
    """Of the time that a fact takes over HTTP, the part for the sums: what it takes in process beyond the journal."""
    parts = [
        100 * (1 / whole - 1 / alone) * http
        for whole, alone, http in zip(rates["plain"], rates["plain alone"], rates["plain http"], strict=True)
    ]
    name = "hub ingest /v1/sync: part of it that keeps sums up <="
    return {**_part(name, parts), "goal": 35, "limit": True}


def _share(name: str, rates: Rates, side: str, without: str) -> dict[str, Any]:
    pairs = zip(rates[side], rates[without], strict=True)
    return _part(name, [100 * (1 - own / bare) for own, bare in pairs])


def _part(name: str, parts: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "ours": statistics.median(parts),
        "peer": None,
        "ratio": None,
        "goal": None,
        "unit": "%",
    }
