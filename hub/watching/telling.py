"""What to tell of trouble on one channel now: each once, again after hours, and when it is over; never a storm.

Pure. What was told before comes as rows of the database, so that a hub that starts again does not tell it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from hub.client.warnings import Shown
from hub.store.alarm_records import AlarmRow
from hub.wire.snapshot import Text

GAP_S = 60.0
"""At least between two messages on one channel: what comes meanwhile goes into the next one together."""

CALM_S = 120.0
"""A trouble that comes back within this was never over."""

RETRY_S, LONGEST_RETRY_S = 30.0, 3_600.0
SCREEN = "screen"
"""The channel that nothing is sent on: its rows hold who has seen what."""


class Said(msgspec.Struct, frozen=True):
    """The texts of a trouble, kept so that its end can be told."""

    what: Text
    todo: Text


@dataclass(frozen=True, slots=True)
class Turn:
    """What one look at a channel comes to. `tell`: new ones, and those that stand for hours; `over`: what has ended; both go into
    one message, and where that is taken, `after_success` says what to keep. `keep` and `drop`: rows to write or delete anyway."""

    tell: tuple[AlarmRow, ...]
    over: tuple[AlarmRow, ...]
    keep: tuple[AlarmRow, ...]
    drop: tuple[AlarmRow, ...]

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to send."""
        return not self.tell and not self.over


def look_at(
    channel: str, rows: Sequence[AlarmRow], shown: Iterable[Shown], now: float, again_s: float
) -> Turn:
    """What to do on a channel, whose `rows` these are, about the alarms among `shown`."""
    known = {row.key: row for row in rows}
    standing = {(one.code, one.subject or ""): one for one in shown if one.alarm}
    keep: list[AlarmRow] = []
    drop: list[AlarmRow] = []
    tell: list[AlarmRow] = []
    over: list[AlarmRow] = []
    for key, one in standing.items():
        row = known.get(key)
        fresh = _row(channel, one, now) if row is None else _refreshed(row, one)
        if fresh != row:
            keep.append(fresh)
        if fresh.next_at <= now and (fresh.told_at is None or _is_due_again(fresh, now, again_s)):
            tell.append(fresh)
    for key, row in known.items():
        if key in standing:
            continue
        if row.told_at is None:
            # Nobody heard of it, so nobody has to hear that it is over.
            drop.append(row)
        elif row.well_at is None:
            keep.append(replace(row, well_at=now, tries=0, next_at=now + CALM_S))
        elif now >= row.next_at and now - row.well_at >= CALM_S:
            over.append(row)
    if channel != SCREEN and _was_told_lately(rows, now):
        return Turn((), (), tuple(keep), tuple(drop))
    return Turn(tuple(tell), tuple(over), tuple(keep), tuple(drop))


def in_flight(turn: Turn, now: float, lasts_s: float) -> list[AlarmRow]:
    """The rows of a message that is being sent: another process does not send it too, and one that dies tries again later."""
    return [replace(row, next_at=now + lasts_s) for row in (*turn.tell, *turn.over)]


def after(turn: Turn, now: float, *, taken: bool) -> tuple[list[AlarmRow], list[AlarmRow]]:
    """What to keep and what to delete once a message was taken, or was not."""
    if taken:
        return [replace(row, told_at=now, tries=0, next_at=0.0) for row in turn.tell], list(turn.over)
    return [
        replace(
            row,
            tries=row.tries + 1,
            next_at=now + min(LONGEST_RETRY_S, RETRY_S * float(2 ** min(row.tries, 10))),
        )
        for row in (*turn.tell, *turn.over)
    ], []


def _row(channel: str, one: Shown, now: float) -> AlarmRow:
    since = now if one.since is None else min(one.since, now)
    return AlarmRow(channel, one.code, one.subject or "", one.severity.value, _body(one), since)


def _refreshed(row: AlarmRow, one: Shown) -> AlarmRow:
    """A row of a trouble that stands (again). Only what people would notice is written: its gravity, and that it came back."""
    if row.well_at is not None:
        return replace(row, severity=one.severity.value, body=_body(one), well_at=None, next_at=0.0)
    return replace(row, severity=one.severity.value)


def _is_due_again(row: AlarmRow, now: float, again_s: float) -> bool:
    """Whoever has seen it is not told again; a clock that was set back tells nothing twice."""
    return row.seen_at is None and row.told_at is not None and now - row.told_at >= again_s


def _was_told_lately(rows: Iterable[AlarmRow], now: float) -> bool:
    latest = max((row.told_at for row in rows if row.told_at is not None), default=None)
    return latest is not None and 0 <= now - latest < GAP_S


def _body(one: Shown) -> str:
    return msgspec.json.encode(Said(one.what, one.todo)).decode()


def said_of(row: AlarmRow) -> Said:
    """The texts that a row keeps."""
    return msgspec.json.decode(row.body, type=Said)
