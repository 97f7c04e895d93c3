"""Looks at members again of whom something is new, or whose day has come: a batch at a time, in between tills go on.

Whoever did something is due at once, whoever might leave or come in by time alone on the day on which that may be. Everything is
read and judged without a lock; what came of it is written under it only where nothing came meanwhile (`Due.stir`) and no
definition changed (`state().turn`), so any number of workers may share it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache

from hub.client.db import StorageError
from hub.config import Config
from hub.members.people_key import PeopleKey, people_key
from hub.segments.definition import Definition, needs, read_definition
from hub.segments.judging import NEVER, judge
from hub.segments.loading import NO_BIRTHDAYS, Birthdays, birthdays, portraits, roots_of, wanted
from hub.store.base import Store
from hub.store.local_days import QUARTER_S, place
from hub.store.segment_records import AT_EVENT, SegmentRecord
from hub.store.whole import HubStore
from hub.work import due, submit_once

AT_ONCE = 250
"""Members under one lock: some hundredths of a second."""

TURN_S = 1.0
"""So long at a time a worker goes on; then the next shop has its turn."""

SLICE = 5_000
COUNTING = "segment"
"""The kind of long work that counts new definitions (`hub.segments.counting`)."""

AGAIN_S = 600.0
KEEP_CHANGES_S = 30 * 86_400.0


def work_segments(store: HubStore, config: Config, now: float) -> None:
    """The repeated job: everybody who is due in this shop."""
    records = store.segments.all()
    if not records:
        return
    standing, coming = definitions_of(records)
    born = born_of(store, config, [*standing.values(), *coming.values()])
    catch_up(store, records, now, born)
    waits = any(one.next_body is not None for one in records) and not store.work.open(COUNTING)
    # Its work was cancelled, or was lost too often.
    if waits and due(store, "count segments again", AGAIN_S, now):
        submit_once(store, COUNTING, {}, "hub", now)
    begun = time.monotonic()
    while refresh(store, now, born) and time.monotonic() - begun < TURN_S:
        # A moment for those who wait for the lock.
        time.sleep(0.001)


def tidy_segments(store: HubStore, _config: Config, now: float) -> None:
    """Forget changes that are older than anybody reads them."""
    while store.segments.forget_changes(now - KEEP_CHANGES_S):
        time.sleep(0.01)


def today_of(store: Store, now: float) -> int:
    """The shop's day."""
    return place(store.portraits.timezone(), int(now) // QUARTER_S)[0]


def definitions_of(records: list[SegmentRecord]) -> tuple[dict[int, Definition], dict[int, Definition]]:
    """The definitions that stand, and new ones that are being counted, by the segments' numbers."""
    standing = {one.number: _read(one.body) for one in records if one.counted_at is not None}
    coming = {one.number: _read(one.next_body) for one in records if one.next_body is not None}
    return standing, coming


@lru_cache(maxsize=1_024)
def _read(body: str) -> Definition:
    return read_definition(body)


def born_of(store: Store, config: Config, definitions: Iterable[Definition]) -> Birthdays:
    """What is needed to know birthdays, where some definition asks for them. Without the key nobody has one."""
    if not any("birthday" in needs(one) for one in definitions):
        return NO_BIRTHDAYS
    try:
        return _birthdays(people_key(config.dir), store.shop.number)
    except StorageError:
        return NO_BIRTHDAYS


@lru_cache(maxsize=64)
def _birthdays(key: PeopleKey, shop: int) -> Birthdays:
    return birthdays(key, shop)


def catch_up(store: Store, records: list[SegmentRecord], now: float, born: Birthdays = NO_BIRTHDAYS) -> None:
    """Let everybody be looked at again where the shop's clock is another one, projections were made anew, or there are new
    scores that a definition asks for. With very many members that takes seconds: in between it looks at whoever did something."""
    _, clock, scores = store.segments.state()
    timezone = store.portraits.timezone()
    as_of = store.worth.as_of() or 0
    if not clock:
        # Nothing was judged by another one: every segment that there is, is being counted.
        with store.writing():
            store.segments.set_clock(timezone)
            store.segments.set_scores(as_of)
        return
    if clock != timezone:
        _everybody(store, now, born)
        with store.writing():
            store.segments.set_clock(timezone)
    if as_of != scores and any("scores" in needs(_read(one.body)) for one in records):
        _everybody(store, now, born)
        with store.writing():
            store.segments.set_scores(as_of)


def _everybody(store: Store, now: float, born: Birthdays) -> None:
    after = ""
    while some := store.portraits.after(after, SLICE):
        with store.writing():
            store.segments.stir(some)
        after = some[-1]
        refresh(store, now, born, day=AT_EVENT)


def refresh(
    store: Store, now: float, born: Birthdays = NO_BIRTHDAYS, limit: int = AT_ONCE, *, day: int | None = None
) -> int:
    """Look at the next members who are due by that day (None: by today); how many there were. 0: nobody is."""
    turn, _, _ = store.segments.state()
    records = store.segments.all()
    today = today_of(store, now)
    due = store.segments.due(today if day is None else day, limit)
    if not due:
        return 0
    members = roots_of(store, [one.member for one in due])
    stirs = store.segments.seen(members)
    standing, coming = definitions_of(records)
    found = portraits(store, members, wanted([*standing.values(), *coming.values()], today), born)
    inside: set[tuple[int, str]] = set()
    trial: set[tuple[int, str]] = set()
    until = dict.fromkeys(members, NEVER)
    for definitions, into in ((standing, inside), (coming, trial)):
        for number, definition in definitions.items():
            for member, portrait in found.items():
                verdict = judge(definition, number, portrait, today)
                until[member] = min(until[member], verdict.until)
                if verdict.holds:
                    into.add((number, member))
    with store.writing():
        if store.segments.state()[0] == turn:
            _write(store, records, members, stirs, inside, trial, until, now)
    return len(due)


def _write(
    store: Store,
    records: list[SegmentRecord],
    members: set[str],
    stirs: dict[str, int],
    inside: set[tuple[int, str]],
    trial: set[tuple[int, str]],
    until: dict[str, int],
    now: float,
) -> None:
    """What was found of those of whom nothing came meanwhile; the others are still due."""
    later = store.segments.seen(members)
    same = {one for one in members if later.get(one, 0) == stirs.get(one, 0)}
    counted = {one.number for one in records if one.counted_at is not None}
    before = {(number, one) for number, one in store.segments.of_members(same) if number in counted}
    after = {(number, one) for number, one in inside if one in same}
    store.segments.move(after - before, before - after, {one.number: one.name for one in records}, now)
    for record in records:
        if record.next_version is not None:
            number, version = record.number, record.next_version
            store.segments.untry(number, version, same)
            store.segments.try_out(
                number, version, [one for at, one in trial if at == number and one in same]
            )
    store.segments.settle_due([(one, until[one], stirs[one]) for one in same if one in stirs])
    store.segments.sooner([(one, until[one]) for one in same if one not in stirs and until[one] < NEVER])


def lag(store: Store, now: float) -> int:
    """How many members are still to be looked at."""
    return store.segments.count_due(today_of(store, now))
