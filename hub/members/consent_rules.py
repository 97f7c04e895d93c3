"""What of all that somebody agreed to and took back stands now.

Pure. Times are what devices' clocks said, and a clock may be wrong; positions are the order in which the hub heard. So a yes
counts only where it is known to be later than every no, and where that cannot be told the no counts:

- in one device's journal the later fact is the later one;
- between devices whose clocks were set by the hub or the network, the later time is the later one, and of equal times the no;
- where one of the two had no right clock, the yes has to be later in both orders.

Of two memberships that are one person's, the stricter counts: a no that stood on one of them when they were merged ends what
the other had agreed to before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.store.consent_records import ConsentRow, PauseRow
from hub.wire.fact import Medium

Purpose = Literal["recognise", "messages"]

PURPOSES: tuple[Purpose, ...] = ("recognise", "messages")
MEDIA: tuple[Medium, ...] = ("sms", "mail", "push", "screen")

_RIGHT = ("lan", "ntp")


@dataclass(frozen=True, slots=True)
class Merged:
    """A membership was merged into another one at that time (of the hub's clock)."""

    member: str
    into: str
    at: float


@dataclass(frozen=True, slots=True)
class _No:
    at: float
    position: int
    device: str
    is_right: bool
    member: str


def is_later(yes: ConsentRow, no: _No) -> bool:
    """Whether a yes is known to have come after a no."""
    if yes.device == no.device:
        return (yes.at, yes.position) > (no.at, no.position)
    if yes.clock in _RIGHT and no.is_right:
        return yes.at > no.at
    return yes.at > no.at and yes.position > no.position


def concerns(row: ConsentRow, purpose: str, medium: str) -> bool:
    """Whether a record says something about this purpose on this medium."""
    if row.purpose == "all":
        return not row.given
    return row.purpose == purpose and (row.medium in ("", medium) or not medium)


def stands(
    rows: Iterable[ConsentRow], purpose: str, medium: str = "", merges: Sequence[Merged] = ()
) -> ConsentRow | None:
    """The yes on which this purpose rests, on this medium; None where there is none.

    `rows`: all records of all memberships of one person, in any order; `merges`: what made them one.
    """
    those = [row for row in rows if concerns(row, purpose, medium)]
    yes = [row for row in those if row.given]
    no = [
        _No(row.at, row.position, row.device, row.clock in _RIGHT, row.member)
        for row in those
        if not row.given
    ]
    no += _carried_over(yes, no, merges)
    good = [one for one in yes if all(is_later(one, other) for other in no)]
    return max(good, key=lambda row: (row.at, row.position), default=None)


def paused_until(rows: Iterable[PauseRow]) -> float:
    """Until when they want to hear nothing (seconds of UTC): what they said last counts; 0 where they said nothing."""
    return max(rows, key=lambda row: row.position).until if (rows := list(rows)) else 0.0


def _carried_over(yes: Sequence[ConsentRow], no: Sequence[_No], merges: Sequence[Merged]) -> list[_No]:
    """A no that stood on one membership when it was merged stands from then on for the other one, too."""
    found = []
    for merge in merges:
        for member in (merge.member, merge.into):
            own = [one for one in no if one.member == member and one.at <= merge.at]
            meant = [one for one in yes if one.member == member and one.at <= merge.at]
            if any(not any(is_later(one, other) for one in meant) for other in own):
                # Position 0: it is the time of the hub's own clock that counts here.
                found.append(_No(merge.at, 0, "", is_right=True, member=""))
    return found
