"""Sums of offers from what happens to them: shown, opened, taken, redeemed, refused, taken back, accepted twice.

`hub.folding` tells of a batch what is new and `hub.spending` what counts from now on or no more; everything is added up and goes
to the rollups at the batch's end. What stands in the sums follows from the ledger alone, whatever came first and however the
journal was cut: each act stands under the way by which its coupon was taken, and under none until its issue has arrived; then it
moves. At head office, what stands in the books of the shop that sold it as well is left to those (`Act.booked_in`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from hub.store.base import ActQuestions, LedgerQuestions
from hub.store.grains import FAMILIES
from hub.store.records import Act, Conflict, Reversal

FAMILY = "offers"
MEASURES = FAMILIES[FAMILY].measures
"""In the order of the rollup. Of a purchase for which coupons of several campaigns were used, `baskets` and
`earned_cents` count it for each campaign, the last two once."""

QUARTER_S = 900
MOST_IN_A_WINDOW = 1_000_000
"""As in `hub.summing`: no screen shows an offer more often."""

Cell = tuple[int, int, str, str, str, bool]
"""Quarter of an hour, campaign, way, staff, till, simulated."""

Channels = Callable[[str], str]
"""The way of a coupon by its serial."""


_OPENED = attrgetter("campaign", "channel", "simulated")


@dataclass(slots=True)
class OfferSums:
    """What a batch changes. Nothing is written before `write`."""

    _sums: dict[Cell, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _opened: Counter[tuple[int, int, str, bool]] = field(default_factory=Counter)
    _acts: list[tuple[Act, int]] = field(default_factory=list)
    _conflicts: list[tuple[Conflict, int]] = field(default_factory=list)
    _reversals: list[Reversal] = field(default_factory=list)
    _moved: list[Act] = field(default_factory=list)
    _arrived: set[str] = field(default_factory=set)

    # Said by `hub.folding`

    def told(self, kind: str, placed: Sequence[tuple[int, Any]], facts: Sequence[Any]) -> None:
        """Facts that are only counted; of every other kind nothing is taken here."""
        if kind == "offer.seen":
            # What is opened is told in thousands: counted without a loop of ours, and its quarters put before it afterwards.
            quarters = [int(event.at) // QUARTER_S for _, event in placed]
            opened = Counter(zip(quarters, map(_OPENED, facts), strict=True))
            for (quarter, (campaign, channel, simulated)), times in opened.items():
                self._sums[quarter, campaign, channel, "", "", simulated]["opened"] += times
                self._opened[quarter, campaign, channel, simulated] += times
        if kind not in ("offer.shown", "coupon.refused"):
            return
        for (_, event), fact in zip(placed, facts, strict=True):
            if kind == "coupon.refused":
                cell = _cell(
                    event.at, fact.campaign or 0, "", fact.staff, fact.till, simulated=fact.simulated
                )
                self._sums[cell]["refused"] += 1
                continue
            cell = _cell(event.at, fact.campaign, fact.channel, simulated=fact.simulated)
            self._sums[cell]["shown"] += min(fact.times, MOST_IN_A_WINDOW)

    def issued(self, ledger: LedgerQuestions, coupons: Iterable[tuple[str, float, int, str, bool]]) -> None:
        """Coupons that are new: serial, when, campaign, way, simulated. Said before the batch's acts are folded, and after the
        coupons were added: what had been done with them before stood under no way, and is moved."""
        arrived = set()
        for serial, at, campaign, channel, simulated in coupons:
            arrived.add(serial)
            self._sums[_cell(at, campaign, channel, simulated=simulated)]["taken"] += 1
        if not arrived:
            return
        self._arrived |= arrived
        acts = ledger.acts_of_coupons(arrived)
        if not acts:
            return
        channels = ledger.channels_of({act.serial for act in acts})
        by_position = {act.position: act for act in acts}
        for act in acts:
            if act.booked_in:
                continue
            self._moved.append(act)
            if act.counts:
                self._add_act(act, "", -1)
                self._add_act(act, channels[act.serial], 1)
            back = ledger.reversal(act.device, act.nonce) if act.standing == "reversed" else None
            if back is not None:
                self._add_reversal(back, "", -1)
                self._add_reversal(back, channels[act.serial], 1)
        for conflict in ledger.conflicts_of_coupons({act.serial for act in acts}):
            second = by_position.get(conflict.position)
            if second is None or not second.booked_in:
                self._add_conflict(conflict, "", -1)
                self._add_conflict(conflict, channels[conflict.serial], 1)

    @property
    def moved(self) -> list[Act]:
        """Acts of this batch's coupons: what stands of them under no way goes to the coupon's."""
        return self._moved

    # Said by `hub.spending`

    def counts(self, act: Act, by: int) -> None:
        """An act counts from now on (1), or no more (-1)."""
        if by and not act.booked_in:
            self._acts.append((act, by))

    def conflict(self, act: Act, conflict: Conflict) -> None:
        """An act was accepted although its coupon was used."""
        if not act.booked_in:
            self._conflicts.append((conflict, 1))

    def settled(self, ledger: ActQuestions, before: Sequence[Conflict], changed: Sequence[Conflict]) -> None:
        """What second acceptances of one coupon cost is something else from now on."""
        if not changed:
            return
        earlier = {one.position: one for one in before}
        acts = ledger.acts_of_coupons({one.serial for one in changed})
        elsewhere = {act.position for act in acts if act.booked_in}
        for after in changed:
            if after.position in elsewhere:
                continue
            self._conflicts.append((earlier[after.position], -1))
            if after.settled_at is None:
                self._conflicts.append((after, 1))

    def taken_back(self, act: Act, reversal: Reversal) -> None:
        """An act was taken back, or came after it had been."""
        if not act.booked_in:
            self._reversals.append(reversal)

    # At the end

    def write(self, ledger: LedgerQuestions) -> None:
        """Everything to the rollups. Call inside the batch's transaction, when all else was written."""
        serials = {act.serial for act, _ in self._acts}
        serials |= {one.serial for one, _ in self._conflicts} | {one.serial for one in self._reversals}
        known = ledger.channels_of(serials) if serials else {}
        for act, by in self._acts:
            self._add_act(act, known.get(act.serial, ""), by)
        for conflict, by in self._conflicts:
            self._add_conflict(conflict, known.get(conflict.serial, ""), by)
        for reversal in self._reversals:
            self._add_reversal(reversal, known.get(reversal.serial, ""), 1)
        self._purchases(ledger)
        if self._opened:
            ledger.add_interest([(*key, times) for key, times in self._opened.items()])
        rows = [
            (*cell, *(sums[name] for name in MEASURES))
            for cell, sums in self._sums.items()
            if any(sums.values())
        ]
        if rows:
            ledger.roll(FAMILY, rows)

    def _purchases(self, ledger: LedgerQuestions) -> None:
        """Purchases that several coupons may share: what they add now, less what they added before this batch."""
        touched = {act.purchase for act, _ in self._acts} | {act.purchase for act in self._moved}
        touched.discard("")
        if not touched:
            return
        there: dict[str, list[Act]] = defaultdict(list)
        for act in ledger.acts_of_purchases(touched):
            if not act.booked_in:
                there[act.purchase].append(act)
        known = ledger.channels_of({act.serial for acts in there.values() for act in acts})
        net: Counter[tuple[str, str]] = Counter()
        for act, by in self._acts:
            net[act.device, act.nonce] += by
        for acts in there.values():
            now = [act for act in acts if act.counts]
            earlier = [act for act in acts if int(act.counts) - net[act.device, act.nonce] > 0]
            self._add_purchase(now, lambda serial: known.get(serial, ""), 1)
            self._add_purchase(
                earlier, lambda serial: "" if serial in self._arrived else known.get(serial, ""), -1
            )

    def _add_purchase(self, acts: Iterable[Act], channel_of: Channels, by: int) -> None:
        """A purchase stands where its earliest coupon stands that knows its sum."""
        seen: set[int] = set()
        for act in sorted(acts, key=lambda one: (one.at, one.device, one.nonce)):
            if act.basket_cents is None or act.campaign in seen:
                continue
            sums = self._sums[_cell_of(act, channel_of(act.serial))]
            sums["baskets"] += by
            sums["earned_cents"] += by * act.basket_cents
            if not seen:
                sums["baskets_once"] += by
                sums["earned_once_cents"] += by * act.basket_cents
            seen.add(act.campaign)

    def _add_act(self, act: Act, channel: str, by: int) -> None:
        sums = self._sums[_cell_of(act, channel)]
        sums["redeemed"] += by
        sums["alone"] += by * act.offline
        sums["given_cents"] += by * act.value_cents
        if not act.purchase:
            self._add_purchase([act], lambda _serial: channel, by)

    def _add_conflict(self, conflict: Conflict, channel: str, by: int) -> None:
        sums = self._sums[
            _cell(
                conflict.second_at,
                conflict.campaign,
                channel,
                conflict.second_staff,
                conflict.second_till,
                simulated=conflict.simulated,
            )
        ]
        sums["conflicts"] += by
        sums["conflict_cents"] += by * conflict.cost_cents

    def _add_reversal(self, back: Reversal, channel: str, by: int) -> None:
        cell = _cell(back.at, back.campaign, channel, back.staff, back.till, simulated=back.simulated)
        self._sums[cell]["reversed"] += by


def _cell_of(act: Act, channel: str) -> Cell:
    return _cell(act.at, act.campaign, channel, act.staff, act.till, simulated=act.simulated)


def _cell(
    at: float, campaign: int, channel: str, staff: str = "", till: str = "", *, simulated: bool
) -> Cell:
    return (int(at) // QUARTER_S, campaign, channel, staff, till, simulated)
