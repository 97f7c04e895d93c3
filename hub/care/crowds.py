"""Plans that many go into at once: on a date that they have, on a day of the year, or because they were there when it began.

A crowd goes in some at a time, by their ids; how far stands in the database. What a hub that was off missed is made up for two
days; later a greeting would be worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from hub.care.dates import in_year, read_date
from hub.care.entering import Running, enter, expect, running
from hub.care.localtime import day_of, reached
from hub.care.means import Means
from hub.care.plan import OnDay, WhenAway, WhenDate, WhenDue, WhenSegment
from hub.care.rules import timezone
from hub.care.seeing import dates_of
from hub.store.base import Store

MAKE_UP_DAYS = 2
AT_ONCE = 100
DONE = "~"
"""Behind every id: the crowd is in."""


def let_in_crowds(means: Means, now: float) -> bool:
    """Let the next part of each crowd in whose day has come; whether there may be more."""
    more = False
    for one in running(means.store):
        match one.plan.entry:
            case WhenDate():
                more = _by_date(means, one, one.plan.entry, now) or more
            case OnDay():
                more = _on_day(means, one, one.plan.entry, now) or more
            case WhenAway() | WhenDue():
                more = _of_old(means, one, now) or more
            case WhenSegment(already=True, entering=True):
                more = _already(means, one, one.plan.entry, now) or more
            case _:
                pass
    return more


def who_has_date(means: Means, entry: WhenDate, day: date) -> list[str]:
    """Members whose date lies `shift` days before that day."""
    theirs = day - timedelta(days=entry.shift)
    if entry.field == "birthday":
        found = set(means.born_on(theirs.month, theirs.day))
        if (theirs.month, theirs.day) == (2, 28) and in_year(theirs.year, 2, 29) == theirs:
            found |= set(means.born_on(2, 29))
        return sorted(found)
    zone = timezone(means.store)
    return [
        member
        for member in _everybody(means.store)
        if _falls_on(dates_of(means, member, {entry.field}, zone).get(entry.field, ""), entry, theirs)
    ]


def _falls_on(text: str, entry: WhenDate, day: date) -> bool:
    found = read_date(text)
    if found is None:
        return False
    year, month, of_month = found
    if not entry.yearly:
        return (year, month, of_month) == (day.year, day.month, day.day)
    return in_year(day.year, month, of_month) == day and day.year != year


def _by_date(means: Means, one: Running, entry: WhenDate, now: float) -> bool:
    store, zone = means.store, timezone(means.store)
    name = f"date:{one.record.number}"
    today = day_of(zone, now)
    last = today if reached(zone, today, entry.at) <= now else today - timedelta(days=1)
    kept = store.care.cursor(name)
    begun = day_of(zone, one.record.published_at or now)
    if reached(zone, begun, entry.at) < (one.record.published_at or now):
        begun += timedelta(days=1)
    first = max(begun, last - timedelta(days=MAKE_UP_DAYS))
    day, after = (first, "") if kept is None else (date.fromordinal(kept[0]), kept[1])
    if after == DONE:
        day, after = day + timedelta(days=1), ""
    if day < first:
        day, after = first, ""
    if day > last:
        return False
    those = [member for member in who_has_date(means, entry, day) if member > after]
    with store.writing():
        for member in those[:AT_ONCE]:
            enter(means, one, member, f"date:{day.isoformat()}", now)
        over = len(those) <= AT_ONCE
        store.care.set_cursor(name, day.toordinal(), DONE if over else those[AT_ONCE - 1])
    return True


def _on_day(means: Means, one: Running, entry: OnDay, now: float) -> bool:
    zone = timezone(means.store)
    today = day_of(zone, now)
    for day in (today - timedelta(days=back) for back in range(MAKE_UP_DAYS + 1)):
        at = reached(zone, day, entry.at)
        if in_year(day.year, entry.month, entry.day) == day and (one.record.published_at or now) <= at <= now:
            return _crowd(means, one, f"day:{day.isoformat()}", day.toordinal(), entry.segment, now)
    return False


def _already(means: Means, one: Running, entry: WhenSegment, now: float) -> bool:
    return _crowd(means, one, "segment:already", 1, entry.segment, now)


def _of_old(means: Means, one: Running, now: float) -> bool:
    """Who has been here before the plan began is expected, too."""
    store, name = means.store, f"old:{one.record.number}"
    _, after = store.care.cursor(name) or (0, "")
    if after == DONE:
        return False
    with store.writing():
        those = store.care.crowd(after, AT_ONCE)
        for member in those:
            expect(means, one, member, now)
        store.care.set_cursor(name, 1, those[-1] if len(those) == AT_ONCE else DONE)
    return True


def _crowd(means: Means, one: Running, key: str, turn: int, segment: str, now: float) -> bool:
    store, name = means.store, f"crowd:{one.record.number}"
    kept = store.care.cursor(name)
    after = kept[1] if kept is not None and kept[0] == turn else ""
    if after == DONE:
        return False
    with store.writing():
        those = _some_of(store, segment, after)
        for member in those:
            enter(means, one, member, key, now)
        store.care.set_cursor(name, turn, those[-1] if len(those) == AT_ONCE else DONE)
    return True


def _some_of(store: Store, segment: str, after: str) -> list[str]:
    if not segment:
        return store.care.crowd(after, AT_ONCE)
    found = store.segments.named(segment)
    return [] if found is None else store.segments.members(found.number, after, AT_ONCE)


def _everybody(store: Store) -> Iterator[str]:
    for row in store.register.each():
        if store.register.into(row.member) == row.member:
            yield row.member
