"""A new definition over all members, in the background: the old answer stands until every member is judged by the new one.

What a new definition comes to is kept beside (`segment_trial`), and is kept fresh by `hub.segments.refreshing` while it is
counted; a member of whom something came while they were read here is left to that. So a shop may go on as it likes, for as long
as a million members take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from hub.config import Config
from hub.segments.definition import Definition, read_definition
from hub.segments.judging import NEVER, judge
from hub.segments.loading import NO_BIRTHDAYS, Birthdays, portraits, wanted
from hub.segments.refreshing import COUNTING, born_of, definitions_of, today_of
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.work import Progress

KIND = COUNTING
AT_ONCE = 1_000
MOVED_AT_ONCE = 2_000
LONGEST_PAUSE_S = 0.1
"""Whoever waits for the lock of a file looks every tenth of a second at the latest."""


Coming = dict[int, tuple[int, Definition]]
"""New definitions with their versions, by the segments' numbers."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of it: how many members were judged; by the segments' numbers how many came in and how many left."""

    members: int
    moved: dict[int, tuple[int, int]]


def count_work(
    store: HubStore, config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """Every new definition, all in one pass; what was defined while that went on, in another one."""
    members = 0
    moved: dict[int, tuple[int, int]] = {}
    while coming := [one for one in store.segments.all() if one.next_body is not None]:
        counted = count(
            store,
            progress.now,
            born_of(store, config, definitions_of(coming)[1].values()),
            step=lambda done, total: progress.step(done, total, "counting", "members"),
            check=progress.check,
            last=progress.last_step,
            pause=LONGEST_PAUSE_S,
        )
        members += counted.members
        moved |= counted.moved
    entered, left = (sum(one[at] for one in moved.values()) for at in (0, 1))
    return {"members": members, "segments": len(moved), "entered": entered, "left": left}


def count(
    store: Store,
    now: Callable[[], float],
    born: Birthdays = NO_BIRTHDAYS,
    *,
    step: Callable[[int, int], None] = lambda _done, _total: None,
    check: Callable[[], None] = lambda: None,
    last: Callable[[], AbstractContextManager[None]] = nullcontext,
    pause: float = 0.0,
) -> Counted:
    """Judge every member by the definitions that are new, then let these stand. One that is changed once more meanwhile is left
    to the next pass."""
    coming: Coming = {
        one.number: (one.next_version, read_definition(one.next_body))
        for one in store.segments.all()
        if one.next_body is not None and one.next_version is not None
    }
    total, done, after = store.portraits.count(), 0, ""
    for number in coming:
        while store.segments.clear_trial(number):
            step(0, total)
    while coming and (members := store.portraits.after(after, AT_ONCE)):
        step(done, total)
        begun = time.monotonic()
        coming = _try_some(store, members, coming, now(), born, check)
        done, after = done + len(members), members[-1]
        if pause:
            time.sleep(min(pause, time.monotonic() - begun))
    moved = {}
    for number, (version, _) in coming.items():
        with last(), store.writing():
            if not _stand(store, number, version, now()):
                continue
        moved[number] = _move_over(store, number, version, now, check)
        with store.writing():
            record = store.segments.get(number)
            if record is not None and record.next_version == version:
                store.segments.put(replace(record, next_body=None, next_version=None))
        while store.segments.clear_trial(number, version):
            time.sleep(0.001)
    return Counted(done, moved)


def _try_some(
    store: Store,
    members: list[str],
    coming: Coming,
    now: float,
    born: Birthdays,
    check: Callable[[], None],
) -> Coming:
    """Judge these by the new definitions, and keep what they come to; those definitions that are still the newest."""
    stirs = store.segments.seen(members)
    today = today_of(store, now)
    found = portraits(store, members, wanted([one for _, one in coming.values()], today), born)
    inside: dict[int, list[str]] = {number: [] for number in coming}
    until = dict.fromkeys(members, NEVER)
    for number, (_, definition) in coming.items():
        for member, portrait in found.items():
            holds, day = judge(definition, number, portrait, today)
            until[member] = min(until[member], day)
            if holds:
                inside[number].append(member)
    with store.writing():
        check()
        there = {one.number: one.next_version for one in store.segments.all()}
        coming = {number: one for number, one in coming.items() if there.get(number) == one[0]}
        later = store.segments.seen(members)
        # Of the others something came meanwhile: that is looked at by itself, by the new definitions, too.
        same = {one for one in members if later.get(one, 0) == stirs.get(one, 0)}
        for number, (version, _) in coming.items():
            store.segments.try_out(number, version, [one for one in inside[number] if one in same])
        store.segments.sooner([(one, day) for one, day in until.items() if day < NEVER and one in same])
    return coming


def _stand(store: Store, number: int, version: int, now: float) -> bool:
    """Everybody is judged: from now on the new definition counts, at the counter and for whoever does something. It is kept as
    coming, too, until who is in it was moved over, so that what was tried out stays fresh until then."""
    record = store.segments.get(number)
    if record is None or record.next_version != version or record.next_body is None:
        return False
    store.segments.put(replace(record, body=record.next_body, version=version, counted_at=now))
    return True


def _move_over(
    store: Store, number: int, version: int, now: Callable[[], float], check: Callable[[], None]
) -> tuple[int, int]:
    """Who is in it becomes who would be in it, some members at a time: nobody waits for a million."""
    after, entered, left = "", 0, 0
    while True:
        some = store.portraits.after(after, MOVED_AT_ONCE)
        last = some[-1] if len(some) == MOVED_AT_ONCE else None
        with store.writing():
            check()
            record = store.segments.get(number)
            if record is None or record.next_version != version:
                return entered, left
            new, old = store.segments.differing(number, version, after, last)
            names = {number: record.name}
            store.segments.move([(number, one) for one in new], [(number, one) for one in old], names, now())
        entered, left = entered + len(new), left + len(old)
        if last is None:
            return entered, left
        after = last
        time.sleep(0.001)
