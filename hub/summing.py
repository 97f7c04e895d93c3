"""Adds up the facts that are only counted: visits, people present, who went past, guests, consent, offers seen and shown.

`hub.folding` gives each function the events of one kind that are new, with their positions, and the facts in them, decoded and
in the same order. A batch is added up here first, so that the database is asked for one row for each sum and not for each fact.
How a journal is cut into batches makes no difference to any sum: what is added are whole numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from math import floor
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from hub.ledger import RefusedHere, who_acted
from hub.members.records import keep_forgotten, keep_pauses, keep_records
from hub.reading import Envelope
from hub.spending import QUARTER_S
from hub.store.base import LedgerQuestions
from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    DeviceHealth,
    Event,
    OccupancyMeasured,
    OfferShown,
    PortalJoined,
    StreetCounted,
    VisitClosed,
)

LONGEST_DWELL_S = 7 * 86_400.0
"""A longer stay is a device that was left behind; one such must not be a month's mean."""

MOST_IN_A_WINDOW = 1_000_000
"""More people than any street has; a broken device's number must not fill a column up (`events.Count` goes to 2**53)."""

Placed = tuple[int, "Envelope | Event"]
"""An event and the hub's position of it."""

Summing = Callable[[LedgerQuestions, Sequence[Placed], Sequence[Any]], None]

_WINDOW = attrgetter("window_s", "people", "low", "high", "addresses", "simulated")
_REFUSED = attrgetter("refusal", "nonce", "till", "staff", "serial", "campaign", "offline", "simulated")

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")
Zoned = TypeVar("Zoned", VisitClosed, OccupancyMeasured)


def grouped(keys: Sequence[Key], things: Sequence[T]) -> Iterable[tuple[Key, Sequence[T]]]:
    """Things by their key, each group in the order in which they came. Nearly always there is one key."""
    if len(set(keys)) == 1:
        return [(keys[0], things)]
    groups: dict[Key, list[T]] = defaultdict(list)
    for key, thing in zip(keys, things, strict=True):
        groups[key].append(thing)
    return groups.items()


def _by_quarter_and_zone(
    stamps: list[float], facts: Sequence[Zoned]
) -> Iterable[tuple[tuple[int, str, bool], Sequence[Zoned]]]:
    """Facts by quarter of an hour, zone, and whether they are simulated."""
    zones = {one.zone for one in facts}
    simulated = {one.simulated for one in facts}
    if len(zones) == len(simulated) == 1 and stamps == sorted(stamps):
        # Nearly always; a key for each fact would take as long as adding up.
        return _cut(stamps, facts, zones.pop(), simulated.pop())
    keys = [
        (int(stamp) // QUARTER_S, one.zone, one.simulated) for stamp, one in zip(stamps, facts, strict=True)
    ]
    return grouped(keys, facts)


def _cut(
    stamps: list[float], facts: Sequence[Zoned], zone: str, simulated: bool
) -> Iterable[tuple[tuple[int, str, bool], Sequence[Zoned]]]:
    """Facts in the order of their stamps, cut where a quarter of an hour ends."""
    start = 0
    while start < len(stamps):
        quarter = int(stamps[start]) // QUARTER_S
        end = bisect_left(stamps, (quarter + 1) * QUARTER_S, start)
        yield (quarter, zone, simulated), facts[start:end]
        start = end


def _whole(thousandths: list[float]) -> int:
    """Their sum, of each as many as are whole."""
    return sum(map(floor, thousandths))


def visits(ledger: LedgerQuestions, _placed: Sequence[Placed], facts: Sequence[VisitClosed]) -> None:
    """Visits and their length, by quarter of an hour of arrival. Whole milliseconds."""
    rows = [
        (*key, len(group), _whole(_dwells(group)))
        for key, group in _by_quarter_and_zone([one.arrived_at for one in facts], facts)
    ]
    ledger.add_footfall(rows)
    ledger.roll("footfall", rows)


def _dwells(facts: Sequence[VisitClosed]) -> list[float]:
    """Milliseconds, none more than a stay may have."""
    dwells = [one.dwell_s * 1000 for one in facts]
    longest = LONGEST_DWELL_S * 1000
    return dwells if max(dwells) <= longest else [min(one, longest) for one in dwells]


def occupancy(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[OccupancyMeasured]) -> None:
    """People present: the newest window of each zone, and sums by quarter of an hour in thousandths of a person."""
    stamps = [event.at for _, event in placed]
    ledger.put_present(_newest(stamps, placed, facts))
    rows = []
    for key, group in _by_quarter_and_zone(stamps, facts):
        people = [one.people * 1000 for one in group]
        low = _whole([one.low * 1000 for one in group])
        high = _whole([one.high * 1000 for one in group])
        rows.append((*key, len(people), _whole(people), low, high, floor(max(people))))
    ledger.add_occupancy(rows)
    ledger.roll("present", rows)


def _newest(
    stamps: list[float], placed: Sequence[Placed], facts: Sequence[OccupancyMeasured]
) -> list[tuple[object, ...]]:
    """The window with the latest stamp in each zone; of several the one that came last."""
    rows: list[tuple[object, ...]] = []
    for zone, places in grouped([one.zone for one in facts], range(len(facts))):
        own = stamps if len(places) == len(stamps) else [stamps[place] for place in places]
        # Looked at from the end: of equal stamps the first one that is met counts.
        newest = places[len(own) - 1 - own[::-1].index(max(own))]
        rows.append((zone, stamps[newest], placed[newest][1].device, *_WINDOW(facts[newest])))
    return rows


def street(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[StreetCounted]) -> None:
    """Who went past and who came in."""
    sums: dict[tuple[int, str, bool], tuple[int, int, int, float]] = {}
    for (_, event), window in zip(placed, facts, strict=True):
        # It ends when it is told, often just as a quarter (and a day) does; its middle is where it belongs.
        middle = max(0.0, event.at - window.window_s / 2)
        key = (int(middle) // QUARTER_S, window.zone, window.simulated)
        windows, passers, entrants, latest_at = sums.get(key, (0, 0, 0, 0.0))
        sums[key] = (
            windows + 1,
            passers + min(window.passers, MOST_IN_A_WINDOW),
            entrants + min(window.entrants, MOST_IN_A_WINDOW),
            max(latest_at, event.at),
        )
    ledger.add_street([(*key, *total) for key, total in sums.items()])
    ledger.roll("street", [(*key, *total[1:3]) for key, total in sums.items()])


def guests(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[PortalJoined]) -> None:
    """Who came into the Wi-Fi, by the way in."""
    sums: dict[tuple[int, str, bool], tuple[int, int]] = {}
    for (_, event), guest in zip(placed, facts, strict=True):
        key = (int(event.at) // QUARTER_S, guest.way, guest.simulated)
        joined, known = sums.get(key, (0, 0))
        sums[key] = (joined + 1, known + bool(guest.member))
    ledger.add_guests([(*key, *total) for key, total in sums.items()])
    ledger.roll("guests", [(*key, *total) for key, total in sums.items()])


def consents(
    ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[ConsentGiven | ConsentWithdrawn]
) -> None:
    """What was agreed to, and taken back."""
    sums: dict[tuple[int, str, bool], tuple[int, int]] = {}
    for (_, event), consent in zip(placed, facts, strict=True):
        key = (int(event.at) // QUARTER_S, consent.purpose, consent.simulated)
        given, withdrawn = sums.get(key, (0, 0))
        is_given = isinstance(consent, ConsentGiven)
        sums[key] = (given + is_given, withdrawn + (not is_given))
    ledger.add_consents([(*key, *total) for key, total in sums.items()])
    keep_records(ledger, placed, facts)


def shown(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[OfferShown]) -> None:
    """How often and how long a screen showed an offer. Whole milliseconds, and no more times than a screen could."""
    sums: dict[tuple[Any, ...], tuple[int, int]] = {}
    for (_, event), one in zip(placed, facts, strict=True):
        key = (int(event.at) // QUARTER_S, one.campaign, one.channel, one.simulated)
        times, shown_ms = sums.get(key, (0, 0))
        sums[key] = (times + min(one.times, MOST_IN_A_WINDOW), shown_ms + int(one.shown_s * 1000))
    ledger.add_exposure([(*key, *total) for key, total in sums.items()])


def health(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[DeviceHealth]) -> None:
    """What each node said of itself last."""
    latest: dict[str, tuple[object, ...]] = {}
    for (position, event), one in zip(placed, facts, strict=True):
        texts = [msgspec.json.encode(part).decode() for part in (one.warnings, one.counts, one.texts)]
        latest[event.device] = (event.device, position, event.at, one.program, *texts)
    ledger.put_health(latest.values())


def refused(ledger: LedgerQuestions, placed: Sequence[Placed], facts: Sequence[RefusedHere]) -> None:
    """Coupons that were not taken, and why."""
    ledger.add_refusals(
        [
            (position, who_acted(event.device, one.asked_by), event.at, *_REFUSED(one))
            for (position, event), one in zip(placed, facts, strict=True)
        ]
    )


SUMMED: dict[str, Summing] = {
    "visit.closed": visits,
    "occupancy.measured": occupancy,
    "street.counted": street,
    "portal.joined": guests,
    "consent.given": consents,
    "consent.withdrawn": consents,
    "offer.shown": shown,
    "device.health": health,
    "coupon.refused": refused,
    "member.paused": keep_pauses,
    "member.forgotten": keep_forgotten,
}
"""Kinds whose facts are only added up or set down; acts at the counter have to be looked at each in its turn."""
