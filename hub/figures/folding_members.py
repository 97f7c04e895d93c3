"""Members' days from facts: visits in which a member was recognised, purchases and redemptions of a member, and consents.

`hub.folding` and `hub.spending` say what is new in a batch; everything is added up and written at its end. What stands in the
tables follows from the journal alone, however it was cut into batches: sums, earliest and latest times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.segments.folding import PortraitSums
from hub.store.base_members import MemberFoldingQuestions
from hub.store.purchase_records import Purchase
from hub.store.records import Act
from hub.wire.events import ConsentWithdrawn

FAMILY = "member_days"
QUARTER_S = 900
_PURPOSES = ("recognise", "messages")


class MemberLedger(MemberFoldingQuestions):
    """What is asked of the ledger; a part of `hub.store.base.LedgerQuestions`."""


@dataclass(slots=True)
class MemberSums:
    """What a batch changes. Nothing is written before `write`."""

    _sums: dict[tuple[int, str, bool], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * 4)
    )
    """Quarter of an hour, member, simulated: visits, purchases, redemptions, hundredths."""
    _consents: dict[str, list[Any]] = field(default_factory=dict)
    _portraits: PortraitSums = field(default_factory=PortraitSums)

    def told(self, kind: str, placed: Sequence[tuple[int, Any]], facts: Sequence[Any]) -> None:
        """Facts that are only counted; of every other kind nothing is taken here."""
        if kind == "visit.closed":
            self._visits([fact for fact in facts if fact.known])
            return
        self._portraits.told(kind, placed, facts)
        if kind in ("consent.given", "consent.withdrawn"):
            self._agreed(placed, facts)

    def _visits(self, facts: Sequence[Any]) -> None:
        """Stays in which somebody was known, by when they came."""
        self._portraits.stays(facts)
        for fact in facts:
            self._sums[int(fact.arrived_at) // QUARTER_S, fact.known, fact.simulated][0] += 1

    def bought(self, purchases: Iterable[Purchase]) -> None:
        """Purchases that nobody had told before."""
        for one in purchases:
            if one.member:
                sums = self._sums[int(one.at) // QUARTER_S, one.member, one.simulated]
                sums[1] += 1
                sums[3] += one.cents

    def counts(self, act: Act, by: int) -> None:
        """A redemption counts from now on (1), or no more (-1); 0: it came and does not count."""
        if not act.member or act.booked_in:
            return
        sums = self._sums[int(act.at) // QUARTER_S, act.member, act.simulated]
        sums[2] += by
        if not act.purchase:
            sums[3] += by * (act.basket_cents or 0)

    def moved(self, acts: Iterable[Act]) -> None:
        """Redemptions whose coupon's way is known only now."""
        for act in acts:
            if act.member:
                # Touched, so that it is looked at again.
                self._sums[int(act.at) // QUARTER_S, act.member, act.simulated][2] += 0

    def _agreed(self, placed: Sequence[tuple[int, Any]], facts: Sequence[Any]) -> None:
        """What was agreed to, and taken back."""
        for (_, event), fact in zip(placed, facts, strict=True):
            row = self._consents.setdefault(fact.member, [False, None, None, None, None, None])
            row[0] = row[0] or fact.simulated
            purposes = _PURPOSES if fact.purpose == "all" else (fact.purpose,)
            ended = isinstance(fact, ConsentWithdrawn)
            if not ended:
                row[1] = event.at if row[1] is None else min(row[1], event.at)
            for purpose in purposes:
                place = 2 + _PURPOSES.index(purpose) + 2 * ended
                row[place] = event.at if row[place] is None else max(row[place], event.at)

    def write(self, ledger: Any) -> None:
        """Everything to the tables, after the batch's acts and the sums of offers. Call inside its transaction."""
        if self._consents:
            ledger.add_member_consents(
                [(member, int(row[0]), *row[1:]) for member, row in sorted(self._consents.items())]
            )
        if self._sums:
            self._write_days(ledger)
        self._portraits.write(ledger)

    def _write_days(self, ledger: Any) -> None:
        ledger.roll(FAMILY, [(*key, *sums) for key, sums in self._sums.items()])
        touched: dict[str, tuple[int, int]] = {}
        for quarter, member, _ in self._sums:
            low, high = touched.get(member, (quarter, quarter))
            touched[member] = (min(low, quarter), max(high, quarter))
        ledger.settle_returns(touched)
        self._portraits.touch(touched)
