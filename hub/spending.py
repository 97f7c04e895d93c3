"""What acts at the counter change in the ledger: redeemed, taken back, held, released, each in its turn.

`hub.folding` hands them over in the journal's order, because each depends on what stood before it: a coupon that was taken
back is good again, so the next acceptance is a normal first one, while the same two facts the other way round are a conflict.
Between journals the order is the hub's own, that of arrival; a reversal that comes before its redemption waits for it.

Where an act is taken back while another acceptance of the same coupon stands as a conflict, that one counts from now on: the
coupon was given once, is used, and costs nothing any more. The conflict stays as a row, settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.figures.folding_members import MemberSums
from hub.figures.folding_offers import OfferSums
from hub.ledger import (
    AGAIN,
    FLAGGED,
    HUB,
    Happened,
    RedeemedHere,
    RedemptionFlagged,
    ReleasedHere,
    ReservedHere,
    beyond_worth,
    fold_redeemed,
    reversal_of,
    settle,
    who_acted,
)
from hub.reading import Envelope
from hub.store.base import ActQuestions
from hub.store.purse_records import VoucherPart
from hub.store.records import Act, Reservation, Reversal, VoucherSum
from hub.wire.events import CouponRedeemed, CouponReversed, Event, Fact

KINDS: dict[str, type[Fact]] = {
    "coupon.redeemed": RedeemedHere,
    "coupon.reversed": CouponReversed,
    "coupon.reserved": ReservedHere,
    "coupon.released": ReleasedHere,
    FLAGGED: RedemptionFlagged,
}
"""What is folded here."""

QUARTER_S = 900
_CLOCKS_THAT_MAY_BE_LATE = ("unset", "restored")


@dataclass(frozen=True, slots=True)
class NewAct:
    """Something that a till did and the ledger did not have: for the audit. `of`: what was taken back, by its nonce in the
    ledger."""

    event: Envelope | Event
    redeemed: RedeemedHere | None = None
    reversed: CouponReversed | None = None
    of: str = ""


@dataclass(slots=True)
class Sums:
    """What a batch adds to the running totals. A key that was touched is written, also where it adds nothing in the end, so that
    it makes no difference how a journal is cut into batches.

    `tallies`: (campaign, device) to issued, redeemed, accepted alone. `by_quarter`: (campaign, quarter). `by_member`: (member,
    campaign).
    """

    tallies: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    by_quarter: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    by_member: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    offers: OfferSums = field(default_factory=OfferSums)
    members: MemberSums = field(default_factory=MemberSums)

    def count(self, act: Act, by: int) -> None:
        """An act counts from now on (1), or no more (-1)."""
        self.tallies[act.campaign, act.device][1] += by
        self.by_quarter[act.campaign, int(act.at) // QUARTER_S] += by
        if act.member:
            self.by_member[act.member, act.campaign] += by
        self.offers.counts(act, by)
        self.members.counts(act, by)


class Spending:
    """Folds a batch. `flaws` takes (position, device, reason) of what is a fact and cannot be used."""

    def __init__(self, ledger: ActQuestions, sums: Sums, flaws: list[tuple[int, str, str]]) -> None:
        self._ledger = ledger
        self._sums = sums
        self._flaws = flaws
        self.new: list[NewAct] = []
        self.parts: list[VoucherPart] = []

    def fold(self, facts: Iterable[tuple[int, Envelope | Event, Any]]) -> None:
        """These facts, in the journal's order."""
        for position, event, fact in facts:
            match fact:
                case RedeemedHere():
                    self._redeemed(position, event, fact)
                case CouponReversed():
                    self._reversed(position, event, fact)
                case ReservedHere() | ReleasedHere() | RedemptionFlagged() if event.device != HUB:
                    self._flaws.append((position, event.device, f"{event.kind}: only the hub may say so"))
                case ReservedHere():
                    self._reserved(position, event, fact)
                case ReleasedHere():
                    self._ledger.end_reservation(fact.asked_by, fact.nonce, "released")
                case RedemptionFlagged():
                    set_flag = self._ledger.flag_reversal if fact.reversal else self._ledger.set_flag
                    set_flag(fact.device, fact.nonce, fact.refusal)

    def _redeemed(self, position: int, event: Envelope | Event, fact: RedeemedHere) -> None:
        ledger = self._ledger
        device = who_acted(event.device, fact.asked_by)
        same = ledger.act(device, fact.nonce)
        alone = fact.offline and event.device != HUB
        if same is not None and alone and self._is_once_more(event, same):
            self._spend_right(fact.campaign, device, by=1)
            fact = msgspec.structs.replace(fact, nonce=fact.nonce + AGAIN)
            same = ledger.act(device, fact.nonce)
        else:
            # Counted for each acceptance that the till made alone, also where the hub had the same act: its right was spent.
            twice = same is not None and same.right_spent
            by_hub = same is None and fact.right_spent and event.device == HUB
            self._spend_right(fact.campaign, device, by=int((alone and not twice) or by_hub))
        if same is not None:
            return
        back = ledger.reversal(device, fact.nonce)
        voucher = ledger.voucher(fact.serial) if fact.balance_cents is not None else None
        folded = fold_redeemed(
            Happened(position, event.device, _happened_at(event, fact)),
            fact,
            None,
            ledger.first_act(fact.serial),
            taken_back=back is not None and back.serial == fact.serial,
            voucher=voucher,
            part_before=ledger.latest_part(fact.serial) if voucher is not None else None,
        )
        if folded.act is None:
            return
        ledger.add_act(folded.act)
        self._sums.count(folded.act, int(folded.act.counts))
        if folded.voucher is not None:
            ledger.put_voucher(fact.serial, fact.campaign, folded.voucher)
            self._part(folded.act, position, voucher, folded.voucher)
        if folded.conflict is not None:
            ledger.add_conflict(folded.conflict)
            self._sums.offers.conflict(folded.act, folded.conflict)
        if back is not None and folded.act.standing == "reversed":
            self._sums.offers.taken_back(folded.act, back)
        if fact.reservation and event.device == HUB:
            ledger.end_reservation(device, fact.reservation, "redeemed")
        self.new.append(NewAct(event, redeemed=fact))

    def _spend_right(self, campaign: int, device: str, *, by: int) -> None:
        self._sums.tallies[campaign, device][2] += by

    def _is_once_more(self, event: Envelope | Event, same: Act) -> bool:
        """Whether a till that decided alone gave the goods again under a nonce whose act a manager had taken back.

        The till had asked the hub, heard nothing, and kept the question under its nonce. A clock that may be late does not
        speak for it being the act that was taken back.
        """
        if same.standing != "reversed":
            return False
        back = self._ledger.reversal(same.device, same.nonce)
        if back is None or back.by != "manager":
            return False
        return event.at > back.at or event.clock in _CLOCKS_THAT_MAY_BE_LATE

    def _reversed(self, position: int, event: Envelope | Event, fact: CouponReversed) -> None:
        ledger = self._ledger
        if event.device not in (HUB, fact.redeemed_by):
            reason = f"coupon.reversed: only the hub may take back what {fact.redeemed_by} redeemed"
            self._flaws.append((position, event.device, reason))
            return
        act = standing_act(ledger, fact.redeemed_by, fact.of)
        of = act.nonce if act is not None else fact.of
        if act is not None and act.serial != fact.serial:
            reason = f"coupon.reversed: {fact.of} redeemed another coupon"
            self._flaws.append((position, event.device, reason))
            return
        if ledger.reversal(fact.redeemed_by, of) is not None:
            return
        reversal = reversal_of(Happened(position, event.device, _happened_at(event, fact)), fact, of)
        ledger.add_reversal(reversal)
        if act is not None:
            self._take_back(act, reversal)
        self.new.append(NewAct(event, reversed=fact, of=of))

    def _take_back(self, act: Act, reversal: Reversal) -> None:
        ledger = self._ledger
        ledger.set_standing(act.device, act.nonce, "reversed")
        self._sums.offers.taken_back(act, reversal)
        self._sums.count(act, -int(act.counts))
        next_first = ledger.next_conflict(act.serial) if act.standing == "first" else None
        if next_first is not None:
            ledger.set_standing(next_first.device, next_first.nonce, "first")
            self._sums.count(next_first, 1)
        left_beyond = 0
        voucher = ledger.voucher(act.serial) if act.standing == "part" else None
        if voucher is not None:
            before, voucher = voucher, VoucherSum(voucher.spent_cents - act.value_cents, voucher.worth_cents)
            ledger.put_voucher(act.serial, act.campaign, voucher)
            self._part(act, reversal.position, before, voucher)
            left_beyond = beyond_worth(voucher)
        conflicts = ledger.conflicts_of(act.serial)
        changed = settle(conflicts, act, next_first, left_beyond, reversal.at)
        for conflict in changed:
            ledger.change_conflict(conflict)
        self._sums.offers.settled(ledger, conflicts, changed)

    def _part(self, act: Act, position: int, before: VoucherSum | None, after: VoucherSum) -> None:
        """What an act changed of a voucher, for the books of value (`hub.purse.folding`)."""
        was = (before.spent_cents, before.worth_cents) if before is not None else (0, 0)
        now = (after.spent_cents, after.worth_cents)
        self.parts.append(
            VoucherPart(position, act.at, act.simulated, act.serial, was, now, f"{act.device}/{act.nonce}")
        )

    def _reserved(self, position: int, event: Envelope | Event, fact: ReservedHere) -> None:
        self._ledger.add_reservation(
            Reservation(
                device=fact.asked_by,
                nonce=fact.nonce,
                position=position,
                serial=fact.serial,
                campaign=fact.campaign,
                at=event.at,
                till=fact.till,
                staff=fact.staff,
                member=fact.member,
                until=fact.until,
            )
        )


def standing_act(ledger: ActQuestions, device: str, nonce: str) -> Act | None:
    """The act of a till under this nonce; the one that it made under the same nonce once more where the first was taken back."""
    act = ledger.act(device, nonce)
    if act is None or act.standing != "reversed":
        return act
    return ledger.act(device, nonce + AGAIN) or act


def _happened_at(event: Envelope | Event, fact: CouponRedeemed | CouponReversed) -> float:
    """When it was decided. What a till tells again to a hub that was set back happened before it was told."""
    return event.at if fact.decided_at is None else min(event.at, fact.decided_at)
