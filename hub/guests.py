"""Guests of the shop's Wi-Fi in a period: how they came in, how many chose to be remembered, how many took that back.

Pure. `hub.reports` feeds it with counts by quarter of an hour. No figure singles out fewer than ten people (`hub.cells`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from hub.capture import band
from hub.cells import ALL, FEWEST, Cell, shown, shown_table
from hub.store.counts import ConsentCount, GuestCount

ABOUT_PEOPLE = frozenset({"portal.joined", "consent.given", "consent.withdrawn"})
"""Kinds of events of which a count is a count of people."""


class DayOfGuests(msgspec.Struct, frozen=True):
    """One day; None where a figure is left out."""

    day: str
    total: int | None
    by_way: dict[str, int | None]


class Guests(msgspec.Struct, frozen=True):
    """Times that the portal let a phone in. None: it would single out fewer than ten people, by itself or by subtraction.

    `few`: there were some, and fewer than ten. `share` of all are known by what they chose to keep, with a band that holds the
    true share nine times in ten as far as chance goes. `given` and `withdrawn` count consents, not guests.
    """

    total: int | None
    few: bool
    by_way: dict[str, int | None]
    by_day: list[DayOfGuests]
    remembered: int | None
    share: float | None
    low: float | None
    high: float | None
    given: dict[str, int | None]
    withdrawn: int | None
    simulated: bool


def make_guests(
    guests: Iterable[GuestCount],
    consents: Iterable[ConsentCount],
    days: Sequence[str],
    day_of: Callable[[float], str],
) -> Guests:
    """All counts of a period. `day_of` says on which of `days` a moment lies."""
    guests, consents = list(guests), list(consents)
    ways = sorted({count.way for count in guests})
    cells: dict[Cell, int] = {(day, way): 0 for day in days for way in ways}
    for count in guests:
        cells[day_of(count.start), count.way] += count.joined
    table = shown_table(cells)
    total = sum(cells.values())
    remembered = sum(count.known for count in guests)
    # Who chose, and who did not: neither group may be singled out by the share.
    told = total >= FEWEST and shown(remembered) is not None and shown(total - remembered) is not None
    low, high = band(remembered, total) if told else (None, None)
    given: dict[str, int] = {}
    for one in consents:
        given[one.purpose] = given.get(one.purpose, 0) + one.given
    return Guests(
        total=table[ALL, ALL],
        few=0 < total < FEWEST,
        by_way={way: table[ALL, way] for way in ways},
        by_day=[
            DayOfGuests(day, table.get((day, ALL), 0), {way: table[day, way] for way in ways}) for day in days
        ],
        remembered=remembered if told else None,
        share=round(remembered / total, 4) if told else None,
        low=None if low is None else round(low, 4),
        high=None if high is None else round(high, 4),
        given={purpose: shown(count) for purpose, count in sorted(given.items()) if count},
        withdrawn=shown(sum(one.withdrawn for one in consents)),
        simulated=any(count.simulated for count in guests) or any(one.simulated for one in consents),
    )


def kinds_shown(kinds: dict[str, int]) -> dict[str, int]:
    """Counts of events by kind, without those that would single out fewer than ten people."""
    return {
        kind: count for kind, count in kinds.items() if kind not in ABOUT_PEOPLE or shown(count) is not None
    }
