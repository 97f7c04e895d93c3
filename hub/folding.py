"""Derives the projections from events, in the journal's order: the same way at ingest and at a rebuild.

How a journal is cut into batches makes no difference to the result.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from hub.ledger import HUB, RefusedHere, who_acted
from hub.reading import Envelope
from hub.spending import KINDS as ACT_KINDS
from hub.spending import QUARTER_S, NewAct, Spending, Sums
from hub.store.base import LedgerQuestions
from hub.wire.events import (
    KINDS,
    ConsentGiven,
    ConsentWithdrawn,
    CouponIssued,
    DeviceHealth,
    Event,
    Fact,
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

_TYPES: dict[str, type[Fact]] = {
    **KINDS,
    **ACT_KINDS,
    "coupon.refused": RefusedHere,
}
_one = {kind: msgspec.json.Decoder(fact) for kind, fact in _TYPES.items()}
_many: dict[str, msgspec.json.Decoder[list[Fact]]] = {
    kind: msgspec.json.Decoder(list[fact])  # type: ignore[valid-type]
    for kind, fact in _TYPES.items()
}


_WINDOW = attrgetter("window_s", "people", "low", "high", "addresses", "simulated")
_ISSUED = attrgetter("campaign", "code", "key_number", "expires_at", "channel")
_HOW_OFTEN = attrgetter("campaign", "channel", "simulated")
_REFUSED = attrgetter("refusal", "nonce", "till", "staff", "serial", "campaign", "offline", "simulated")


@dataclass(slots=True)
class _Flaws:
    rows: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, position: int, device: str, reason: str) -> None:
        self.rows.append((position, device, reason[:500]))


def fold(ledger: LedgerQuestions, events: Sequence[Placed]) -> list[NewAct]:
    """Write what these events say into the projections; returns what tills did and was new, for the audit.

    Call inside a transaction. An event of a kind that this release does not know changes nothing.
    """
    by_kind: dict[str, list[Placed]] = defaultdict(list)
    for placed in events:
        by_kind[placed[1].kind].append(placed)
    flaws = _Flaws()
    sums = Sums()
    spending = Spending(ledger, sums, flaws.rows)
    acts: Facts = []
    for kind in sorted(by_kind.keys() & _TYPES.keys()):
        facts = _facts(kind, by_kind[kind], flaws)
        if kind in _SUMMED:
            _SUMMED[kind](ledger, facts)
        elif kind in ACT_KINDS:
            acts += facts
        else:
            _issued(ledger, facts, sums.tallies, flaws)
    # Each of them depends on what stood before it, whatever its kind.
    spending.fold(sorted(acts, key=itemgetter(0)))
    if sums.tallies:
        ledger.bump({key: (total[0], total[1], total[2]) for key, total in sums.tallies.items()})
    if sums.by_quarter:
        ledger.bump_uses(sums.by_quarter, sums.by_member)
    if flaws.rows:
        ledger.add_flaws(flaws.rows)
    ledger.count_kinds([(kind, len(placed)) for kind, placed in sorted(by_kind.items())])
    _reach(ledger, events)
    return spending.new


Facts = list[tuple[int, "Envelope | Event", Any]]


def _facts(kind: str, placed: list[Placed], flaws: _Flaws) -> Facts:
    """The facts of one kind, decoded in one go; one by one only where one of them is broken."""
    try:
        facts = _many[kind].decode(b"[" + b",".join([event.data for _, event in placed]) + b"]")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return list(_good_ones(kind, placed, flaws))
    return [(position, event, fact) for (position, event), fact in zip(placed, facts, strict=True)]


def _good_ones(
    kind: str, placed: list[Placed], flaws: _Flaws
) -> Iterator[tuple[int, Envelope | Event, Fact]]:
    for position, event in placed:
        try:
            yield position, event, _one[kind].decode(event.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            flaws.add(position, event.device, f"{kind}: {wrong}")


def _visits(ledger: LedgerQuestions, facts: Facts) -> None:
    footfall: dict[tuple[int, str, bool], tuple[int, int]] = {}
    for _, _, fact in facts:
        visit: VisitClosed = fact
        key = (int(visit.arrived_at) // QUARTER_S, visit.zone, visit.simulated)
        visits, dwell_ms = footfall.get(key, (0, 0))
        # Whole milliseconds: a sum of fractions would depend on how the journal was cut into batches.
        footfall[key] = (visits + 1, dwell_ms + int(min(visit.dwell_s, LONGEST_DWELL_S) * 1000))
    ledger.add_footfall([(*key, *total) for key, total in footfall.items()])


def _occupancy(ledger: LedgerQuestions, facts: Facts) -> None:
    latest: dict[str, tuple[object, ...]] = {}
    latest_at: dict[str, float] = {}
    sums: dict[tuple[int, str, bool], tuple[int, int, int, int, int]] = {}
    for _, event, fact in facts:
        window: OccupancyMeasured = fact
        zone = window.zone
        if event.at >= latest_at.get(zone, 0.0):
            latest_at[zone] = event.at
            latest[zone] = (zone, event.at, event.device, *_WINDOW(window))
        key = (int(event.at) // QUARTER_S, zone, window.simulated)
        windows, people, low, high, most = sums.get(key, (0, 0, 0, 0, 0))
        now = int(window.people * 1000)
        sums[key] = (
            windows + 1,
            people + now,
            low + int(window.low * 1000),
            high + int(window.high * 1000),
            max(most, now),
        )
    ledger.put_present(latest.values())
    ledger.add_occupancy([(*key, *total) for key, total in sums.items()])


def _street(ledger: LedgerQuestions, facts: Facts) -> None:
    sums: dict[tuple[int, str, bool], tuple[int, int, int, float]] = {}
    for _, event, fact in facts:
        window: StreetCounted = fact
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


def _guests(ledger: LedgerQuestions, facts: Facts) -> None:
    sums: dict[tuple[int, str, bool], tuple[int, int]] = {}
    for _, event, fact in facts:
        guest: PortalJoined = fact
        key = (int(event.at) // QUARTER_S, guest.way, guest.simulated)
        joined, known = sums.get(key, (0, 0))
        sums[key] = (joined + 1, known + bool(guest.member))
    ledger.add_guests([(*key, *total) for key, total in sums.items()])


def _consents(ledger: LedgerQuestions, facts: Facts) -> None:
    sums: dict[tuple[int, str, bool], tuple[int, int]] = {}
    for _, event, fact in facts:
        consent: ConsentGiven | ConsentWithdrawn = fact
        key = (int(event.at) // QUARTER_S, consent.purpose, consent.simulated)
        given, withdrawn = sums.get(key, (0, 0))
        is_given = isinstance(consent, ConsentGiven)
        sums[key] = (given + is_given, withdrawn + (not is_given))
    ledger.add_consents([(*key, *total) for key, total in sums.items()])


def _seen(ledger: LedgerQuestions, facts: Facts) -> None:
    interest = Counter(
        (int(event.at) // QUARTER_S, seen.campaign, seen.channel, seen.simulated) for _, event, seen in facts
    )
    ledger.add_interest([(*key, count) for key, count in interest.items()])


def _shown(ledger: LedgerQuestions, facts: Facts) -> None:
    sums: dict[tuple[Any, ...], tuple[int, int]] = {}
    for _, event, fact in facts:
        shown: OfferShown = fact
        key = (int(event.at) // QUARTER_S, *_HOW_OFTEN(shown))
        times, shown_ms = sums.get(key, (0, 0))
        # Whole milliseconds, and no more times than a screen could: as for people in a window.
        sums[key] = (times + min(shown.times, MOST_IN_A_WINDOW), shown_ms + int(shown.shown_s * 1000))
    ledger.add_exposure([(*key, *total) for key, total in sums.items()])


def _health(ledger: LedgerQuestions, facts: Facts) -> None:
    latest: dict[str, tuple[object, ...]] = {}
    for position, event, fact in facts:
        health: DeviceHealth = fact
        texts = [
            msgspec.json.encode(part).decode() for part in (health.warnings, health.counts, health.texts)
        ]
        latest[event.device] = (event.device, position, event.at, health.program, *texts)
    ledger.put_health(latest.values())


def _issued(
    ledger: LedgerQuestions, facts: Facts, tallies: dict[tuple[int, str], list[int]], flaws: _Flaws
) -> None:
    rows: list[tuple[Any, ...]] = []
    for position, event, fact in facts:
        issued: CouponIssued = fact
        rows.append(
            (
                *(issued.serial, position, *_ISSUED(issued), event.device),
                *(event.at, issued.simulated, issued.member),
            )
        )
        tallies[issued.campaign, event.device][0] += 1
    for serial, position, campaign, *rest in ledger.add_coupons(rows):
        device = str(rest[4])
        tallies[campaign, device][0] -= 1
        flaws.add(position, device, f"coupon.issued: the serial {serial} was issued before")


def _refused(ledger: LedgerQuestions, facts: Facts) -> None:
    rows = []
    for position, event, fact in facts:
        refused: RefusedHere = fact
        device = who_acted(event.device, refused.asked_by)
        rows.append((position, device, event.at, *_REFUSED(refused)))
    ledger.add_refusals(rows)


_SUMMED: dict[str, Callable[[LedgerQuestions, Facts], None]] = {
    "visit.closed": _visits,
    "occupancy.measured": _occupancy,
    "street.counted": _street,
    "portal.joined": _guests,
    "consent.given": _consents,
    "consent.withdrawn": _consents,
    "offer.seen": _seen,
    "offer.shown": _shown,
    "device.health": _health,
    "coupon.refused": _refused,
}
"""Kinds whose facts are only added up or set down; acts at the counter have to be looked at each in its turn."""


def _reach(ledger: LedgerQuestions, events: Sequence[Placed]) -> None:
    """Highest number, how many, latest stamp, for each journal in the batch."""
    journals: dict[tuple[str, int], list[Envelope | Event]] = defaultdict(list)
    for _, event in events:
        # The hub's own journal has no gaps to look for.
        if event.device != HUB:
            journals[event.device, event.epoch].append(event)
    if journals:
        ledger.extend_reach(
            [
                (*key, max([event.seq for event in own]), len(own), max([event.at for event in own]))
                for key, own in journals.items()
            ]
        )
