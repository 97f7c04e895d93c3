"""Guests of the Wi-Fi in a period: how they came in, how many chose to be remembered.

Pure. The figures are those of `hub.figures`, with their noise where they would single out fewer than ten people; who agreed to
something and took it back is told by the figures of members.
"""

from __future__ import annotations

from collections import defaultdict

import msgspec

from hub.capture import band
from hub.figures.answer import Answer, Value

ABOUT_PEOPLE = frozenset({"portal.joined", "consent.given", "consent.withdrawn", "visit.closed"})
"""Kinds of events of which a count is a count of people: looked at twice, it tells that somebody came in between."""


class DayOfGuests(msgspec.Struct, frozen=True):
    """One day."""

    day: str
    total: int
    by_way: dict[str, int]


class Guests(msgspec.Struct, frozen=True):
    """Times that the portal let a phone in. `noisy`: some of these figures carry noise.

    `share` of all are known by what they chose to keep, with a band that holds the true share nine times in ten as far as chance
    goes.
    """

    total: int
    by_way: dict[str, int]
    by_day: list[DayOfGuests]
    remembered: int | None
    share: float | None
    low: float | None
    high: float | None
    noisy: bool
    simulated: bool


def guests_of(by_day: Answer, by_day_way: Answer, by_way: Answer) -> Guests:
    """The answers for guests, and for the share of members among them, of the same days."""
    ways: dict[str, dict[str, int]] = defaultdict(dict)
    for row in by_day_way.rows:
        ways[row.key[0]][row.key[1]] = _whole(row.values["guests"])
    total, known = _whole(by_day.total.values["guests"]), by_day.total.values["guests_known_share"]
    remembered = None if known.number is None else min(total, round(known.number * total))
    low, high = band(remembered, total) if remembered is not None and total > 0 else (None, None)
    answers = (by_day, by_day_way, by_way)
    return Guests(
        total=total,
        by_way={row.key[0]: _whole(row.values["guests"]) for row in by_way.rows},
        by_day=[
            DayOfGuests(row.key[0], _whole(row.values["guests"]), ways.get(row.key[0], {}))
            for row in by_day.rows
        ],
        remembered=remembered,
        share=None if known.number is None else round(known.number, 4),
        low=None if low is None else round(low, 4),
        high=None if high is None else round(high, 4),
        noisy=any(row.values["guests"].noisy for one in answers for row in (*one.rows, one.total)),
        simulated=any(one.simulated for one in answers),
    )


def _whole(value: Value) -> int:
    return round(value.number or 0)


def kinds_shown(kinds: dict[str, int]) -> dict[str, int]:
    """Counts of events by kind, without those that count people."""
    return {kind: count for kind, count in kinds.items() if kind not in ABOUT_PEOPLE}
