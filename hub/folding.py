"""Derives the projections from events, in the journal's order: the same way at ingest and at a rebuild.

How a journal is cut into batches makes no difference to the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from hub.care.folding import fold_care
from hub.figures.folding_purchases import paid
from hub.ledger import HUB, RefusedHere
from hub.purse.folding import KINDS as VALUE_KINDS
from hub.purse.folding import Placed as PlacedValue
from hub.purse.folding import fold_value, purchases_of_members, value_facts
from hub.reading import Envelope
from hub.spending import KINDS as ACT_KINDS
from hub.spending import NewAct, Spending, Sums
from hub.store.base import LedgerQuestions
from hub.summing import SUMMED, Placed, grouped
from hub.wire.events import KINDS, CouponIssued, Event, Fact
from hub.wire.events_care import CARE_KINDS

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


_IN_TURN = ACT_KINDS.keys() | CARE_KINDS.keys()
"""What depends on what stood before it."""

_ISSUED = attrgetter("campaign", "code", "key_number", "expires_at", "channel")


@dataclass(slots=True)
class _Flaws:
    rows: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, position: int, device: str, reason: str) -> None:
        self.rows.append((position, device, reason[:500]))


def fold(
    ledger: LedgerQuestions,
    events: Sequence[Placed],
    *,
    is_run: bool = False,
    by_kind: dict[str, list[Placed]] | None = None,
    last_at: float | None = None,
) -> list[NewAct]:
    """Write what these events say into the projections; returns what tills did and was new, for the audit.

    Call inside a transaction. `is_run`: these are known to be consecutive events of one journal. `by_kind`: the same events by
    kind, `last_at`: their latest stamp, where the caller has them. An event of a kind that this release does not know changes
    nothing.
    """
    by_kind = of_each_kind(events) if by_kind is None else by_kind
    flaws = _Flaws()
    sums = Sums()
    spending = Spending(ledger, sums, flaws.rows)
    acts: list[tuple[int, Envelope | Event, Any]] = []
    care: list[tuple[int, Envelope | Event, Any]] = []
    values: list[PlacedValue] = []
    for kind in sorted(by_kind.keys() & _TYPES.keys()):
        placed, facts = _facts(kind, by_kind[kind], flaws)
        if not facts:
            continue
        sums.offers.told(kind, placed, facts)
        sums.members.told(kind, placed, facts)
        if kind in SUMMED:
            SUMMED[kind](ledger, placed, facts)
        elif kind == "purchase.paid":
            bought = paid(ledger, placed, facts)
            sums.members.bought(bought)
            values += purchases_of_members(placed, bought)
        elif kind in _IN_TURN:
            (care if kind in CARE_KINDS else acts).extend(
                (*place, fact) for place, fact in zip(placed, facts, strict=True)
            )
        elif kind in VALUE_KINDS:
            values += value_facts(placed, facts)
        elif kind == "coupon.issued":
            _issued(ledger, placed, facts, sums, flaws)
    # Each of them depends on what stood before it, whatever its kind.
    spending.fold(sorted(acts, key=itemgetter(0)))
    fold_care(ledger, care)
    fold_value(ledger, values, spending.parts, flaws.rows)
    if sums.tallies:
        ledger.bump({key: (total[0], total[1], total[2]) for key, total in sums.tallies.items()})
    if sums.by_quarter:
        ledger.bump_uses(sums.by_quarter, sums.by_member)
    sums.offers.write(ledger)
    sums.members.moved(sums.offers.moved)
    sums.members.write(ledger)
    if flaws.rows:
        ledger.add_flaws(flaws.rows)
    ledger.count_kinds([(kind, len(those)) for kind, those in sorted(by_kind.items())])
    _reach(ledger, events, last_at, is_run=is_run)
    return spending.new


def of_each_kind(events: Sequence[Placed]) -> dict[str, list[Placed]]:
    """Events by their kind, each kind's in their order."""
    # Every event of every batch goes through this loop.
    kinds = [event.kind for _, event in events]
    by_kind: dict[str, list[Placed]] = {kind: [] for kind in set(kinds)}
    put = {kind: those.append for kind, those in by_kind.items()}
    for kind, one in zip(kinds, events, strict=True):
        put[kind](one)
    return by_kind


def _facts(kind: str, placed: list[Placed], flaws: _Flaws) -> tuple[list[Placed], list[Any]]:
    """The events of one kind with their facts, decoded in one go; one by one only where one of them is broken."""
    try:
        return placed, _many[kind].decode(b"[" + b",".join([event.data for _, event in placed]) + b"]")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _good_ones(kind, placed, flaws)


def _good_ones(kind: str, placed: list[Placed], flaws: _Flaws) -> tuple[list[Placed], list[Any]]:
    good: list[Placed] = []
    facts: list[Any] = []
    for position, event in placed:
        try:
            facts.append(_one[kind].decode(event.data))
            good.append((position, event))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            flaws.add(position, event.device, f"{kind}: {wrong}")
    return good, facts


def _issued(
    ledger: LedgerQuestions,
    placed: list[Placed],
    facts: list[CouponIssued],
    sums: Sums,
    flaws: _Flaws,
) -> None:
    rows: list[tuple[Any, ...]] = []
    for (position, event), issued in zip(placed, facts, strict=True):
        rows.append(
            (
                *(issued.serial, position, *_ISSUED(issued), event.device),
                *(event.at, issued.simulated, issued.member),
            )
        )
        sums.tallies[issued.campaign, event.device][0] += 1
    known = set()
    for serial, position, campaign, *rest in ledger.add_coupons(rows):
        device = str(rest[4])
        sums.tallies[campaign, device][0] -= 1
        known.add(position)
        flaws.add(position, device, f"coupon.issued: the serial {serial} was issued before")
    sums.offers.issued(
        ledger,
        [
            (fact.serial, event.at, fact.campaign, fact.channel, fact.simulated)
            for (position, event), fact in zip(placed, facts, strict=True)
            if position not in known
        ],
    )


def _reach(ledger: LedgerQuestions, events: Sequence[Placed], last_at: float | None, *, is_run: bool) -> None:
    """Highest number, how many, latest stamp, for each journal in the batch."""
    if is_run:
        last = events[-1][1]
        journals: Iterable[tuple[tuple[str, int], Sequence[Placed]]] = [((last.device, last.epoch), events)]
    else:
        journals = grouped([(event.device, event.epoch) for _, event in events], events)
    rows = []
    for (device, epoch), own in journals:
        # The hub's own journal has no gaps to look for.
        if device != HUB:
            highest = own[-1][1].seq if is_run else max([event.seq for _, event in own])
            # Of a run it is the latest of all.
            latest = last_at if is_run and last_at is not None else max([event.at for _, event in own])
            rows.append((device, epoch, highest, len(own), latest))
    if rows:
        ledger.extend_reach(rows)
