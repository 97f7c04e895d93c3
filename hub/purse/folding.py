"""What facts change in the books of members' value: each in its turn, at ingest and at a rebuild alike.

Points follow from purchases, what was brought back of them and the rules as the shop had told them; everything else is a fact. An
act depends on what stood before it, so facts of all these kinds are folded in the journal's order. Every change is a move of an
amount from one account to another (`hub.store.purse_schema`); how the journal was cut into batches makes no difference.

Where more is taken than is there (a purchase was brought back whose points are spent, two tills that were cut off took the same),
the account owes it: `debt`. What comes in next pays that first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from hub.ledger import HUB
from hub.members.folding import MERGES, Merges
from hub.purse.books import Books, Happened
from hub.reading import Envelope
from hub.store.base import LedgerQuestions
from hub.store.base_purse import PurseFoldingQuestions
from hub.store.purchase_records import Purchase
from hub.store.purse_records import (
    POINTS,
    PUNCH,
    PurchaseEarned,
    PurseAct,
    PurseReversal,
    Ruled,
    VoucherPart,
)
from hub.wire.events import Event, Fact
from hub.wire.events_members import MembersMerged, MembersParted
from hub.wire.events_value import (
    VALUE_KINDS,
    PurchaseReversed,
    ValueExpired,
    ValueGranted,
    ValueReversed,
    ValueRuled,
    ValueSpent,
)
from hub.wire.purse_rules import (
    YEAR_S,
    PurseRules,
    day_of,
    earned,
    expires_at,
    tier_of,
    usable_at,
)

KINDS = MERGES | VALUE_KINDS.keys()
"""What is folded here, beside purchases and parts of vouchers."""

ALONE_LEAST = 1
"""What an act without a price uses up of a till's rights."""

Placed = tuple[int, "Envelope | Event", Any]
"""Position, event, and the fact in it (of a purchase its row)."""


def fold_value(
    ledger: LedgerQuestions,
    facts: Sequence[Placed],
    parts: Sequence[VoucherPart],
    flaws: list[tuple[int, str, str]],
) -> None:
    """Fold what a batch says about value. Call inside a transaction, when its purchases are kept."""
    if facts or parts:
        PurseFolding(ledger, Merges(ledger, flaws), flaws).fold(sorted(facts, key=itemgetter(0)), parts)


class PurseFolding:
    """Folds a batch. `flaws` takes (position, device, reason) of what is a fact and cannot be used."""

    def __init__(
        self, ledger: PurseFoldingQuestions, merges: Merges, flaws: list[tuple[int, str, str]]
    ) -> None:
        self._ledger = ledger
        self._merges = merges
        self._flaws = flaws
        self._ruled: list[Ruled] | None = None
        self._books = Books(ledger)

    def fold(self, facts: Iterable[Placed], parts: Iterable[VoucherPart] = ()) -> None:
        """These facts, in the journal's order, and these parts of vouchers. Ends with everything written."""
        for part in parts:
            happened = Happened(part.position, part.at, part.simulated)
            self._books.voucher(happened, part.serial, part.before, part.after, part.act)
        for position, event, fact in facts:
            match fact:
                case Purchase():
                    self._bought(position, event, fact)
                case PurchaseReversed():
                    self._brought_back(position, event, fact)
                case ValueSpent():
                    self._spent(position, event, fact)
                case ValueGranted():
                    self._granted(position, event, fact)
                case ValueReversed():
                    self._reversed(position, event, fact)
                case MembersMerged() | MembersParted():
                    self._merged(position, event, fact)
                case ValueRuled() | ValueExpired() if event.device != HUB:
                    self._flaw(position, event, "only the hub may say so")
                case ValueRuled():
                    ruled = Ruled(position, event.at, fact.rules, fact.by)
                    self._ledger.add_purse_rule(ruled)
                    self._rules().append(ruled)
                case ValueExpired():
                    self._run_out(position, event, fact)
        self._books.close()

    def _flaw(self, position: int, event: Envelope | Event, why: str) -> None:
        self._flaws.append((position, event.device, f"{event.kind}: {why}"))

    def _rules(self) -> list[Ruled]:
        if self._ruled is None:
            self._ruled = self._ledger.purse_rules()
        return self._ruled

    def _in_force(self, at: float) -> Ruled | None:
        """The rules that held then, as far as they have been told."""
        held = [ruled for ruled in self._rules() if ruled.since <= at]
        return max(held, key=lambda ruled: (ruled.since, ruled.position), default=None)

    def _bought(self, position: int, event: Envelope | Event, bought: Purchase) -> None:
        before = self._ledger.purse_purchase(bought.id)
        at = bought.at
        if event.clock == "unset" and self._rules():
            # A device that has never heard the time: it was not before the shop had purses that it could earn anything.
            at = max(at, self._rules()[-1].since)
        ruled = self._in_force(at)
        if ruled is None and before is None:
            return
        happened = Happened(position, at, bought.simulated)
        owner = self._ledger.purse_owner(bought.member) if bought.member else ""
        points, factor = 0, 100
        if ruled is not None and owner:
            factor = self._factor(ruled.rules, owner, at, position)
            points = earned(ruled.rules, bought.cents, factor)
        row = PurchaseEarned(
            purchase=bought.id,
            position=position,
            at=at,
            member=bought.member,
            cents=bought.cents,
            rule=ruled.position if ruled is not None else 0,
            factor=factor,
            points=points,
            back_cents=before.back_cents if before is not None else 0,
            back_all=before.back_all if before is not None else False,
            known=True,
        )
        if ruled is not None and owner:
            if points > 0:
                times = (usable_at(ruled.rules, at), expires_at(ruled.rules, at))
                self._books.put_in(
                    happened, owner, bought.member, POINTS, points, _of_purchase(bought.id), times, "earned"
                )
            self._punch(happened, ruled.rules, owner, bought)
        self._settle(happened, row)

    def _factor(self, rules: PurseRules, owner: str, at: float, position: int) -> int:
        if not rules.tiers:
            return 100
        members = self._ledger.purse_members(owner)
        tier = tier_of(rules, self._ledger.purse_year_cents(members, at - YEAR_S, at, position))
        return tier.factor_percent if tier is not None else 100

    def _punch(self, happened: Happened, rules: PurseRules, owner: str, bought: Purchase) -> None:
        for card in rules.cards:
            if bought.cents < max(card.least_cents, 1):
                continue
            unit = f"{PUNCH}{card.id}"
            members = self._ledger.purse_members(owner)
            today = day_of(happened.at, rules.timezone)
            if self._ledger.purse_lots_between(members, unit, *today) < card.per_day:
                lot, times = _of_purchase(bought.id), (happened.at, None)
                self._books.put_in(happened, owner, bought.member, unit, 1, lot, times, "earned")

    def _brought_back(self, position: int, event: Envelope | Event, fact: PurchaseReversed) -> None:
        new = self._ledger.add_purse_return(
            fact.act, position, event.at, fact.of, fact.cents, fact.till, fact.staff, fact.reason
        )
        if not new:
            return
        row = self._ledger.purse_purchase(fact.of) or self._unearned(position, event.at, fact.of)
        if fact.cents is None:
            row = replace(row, back_all=True)
        else:
            row = replace(row, back_cents=min(row.back_cents + fact.cents, 10**12))
        self._settle(Happened(position, event.at, fact.simulated), row)

    def _unearned(self, position: int, at: float, purchase: str) -> PurchaseEarned:
        """A purchase that earned nothing, or that has not been told yet."""
        told = self._ledger.purchase(purchase)
        if told is None or told.position > position:
            return PurchaseEarned(purchase, position, at, "", 0, 0, 100, 0, 0, back_all=False, known=False)
        return PurchaseEarned(
            *(purchase, told.position, told.at, told.member, told.cents, 0, 100, 0, 0),
            back_all=False,
            known=True,
        )

    def _settle(self, happened: Happened, row: PurchaseEarned) -> None:
        """Take back what a purchase earned beyond what stays of it, and keep its row."""
        if row.known:
            back = row.cents if row.back_all else min(row.back_cents, row.cents)
            row = replace(row, back_cents=back)
        rules = next((ruled.rules for ruled in self._rules() if ruled.position == row.rule), None)
        if row.known and rules is not None and row.back_cents > 0 and row.member:
            lot = _of_purchase(row.purchase)
            owner = self._owner_of(POINTS, lot, row.member)
            stays = earned(rules, row.stays_cents, row.factor)
            if stays < row.points:
                self._books.take_out(happened, owner, POINTS, row.points - stays, lot, "brought-back")
                row = replace(row, points=stays)
            if row.stays_cents == 0:
                for card in rules.cards:
                    punch = self._ledger.purse_lot(f"{PUNCH}{card.id}", lot)
                    if punch is not None and punch.amount > 0:
                        self._books.take_out(happened, punch.member, punch.unit, 1, lot, "brought-back")
                        self._books.void(punch.unit, lot)
        self._ledger.put_purse_purchase(row)

    def _owner_of(self, unit: str, lot: str, member: str) -> str:
        there = self._ledger.purse_lot(unit, lot)
        return self._ledger.purse_owner(there.member if there is not None else member)

    def _spent(self, position: int, event: Envelope | Event, fact: ValueSpent) -> None:
        device = fact.asked_by if event.device == HUB and fact.asked_by else event.device
        if fact.offline and event.device != HUB:
            # Also where the hub had said yes to the same act and its answer was lost: the till's right is spent.
            self._ledger.bump_purse_till(device, max(fact.cents, ALONE_LEAST))
        if self._ledger.purse_act(device, fact.nonce) is not None:
            return
        at = event.at if fact.decided_at is None else min(event.at, fact.decided_at)
        happened = Happened(position, at, fact.simulated)
        unit = f"{PUNCH}{fact.card}" if fact.unit == "punch" else fact.unit
        back = self._ledger.purse_reversal(device, fact.nonce) is not None
        parts: tuple[tuple[str, int], ...] = ()
        beyond = 0
        if not back:
            owner = self._ledger.purse_owner(fact.member)
            parts, beyond = self._books.pay(happened, owner, unit, fact.amount, _act(device, fact.nonce))
        self._ledger.add_purse_act(
            PurseAct(
                *(device, fact.nonce, position, at, "spent", fact.member, unit, fact.amount, fact.cents),
                *(
                    fact.till,
                    fact.staff,
                    fact.purchase,
                    fact.offline,
                    back,
                    beyond,
                    parts,
                    "",
                    fact.simulated,
                ),
            )
        )

    def _granted(self, position: int, event: Envelope | Event, fact: ValueGranted) -> None:
        by_hub = event.device == HUB
        if not by_hub and fact.why != "topup":
            self._flaw(position, event, "only the hub may give that")
            return
        device = fact.asked_by if by_hub and fact.asked_by else event.device
        if self._ledger.purse_act(device, fact.nonce) is not None:
            return
        at = event.at if fact.decided_at is None else min(event.at, fact.decided_at)
        happened = Happened(position, at, fact.simulated)
        unit = f"{PUNCH}{fact.card}" if fact.unit == "punch" else fact.unit
        back = self._ledger.purse_reversal(device, fact.nonce) is not None
        if not back:
            owner = self._ledger.purse_owner(fact.member)
            times = (at, fact.expires_at)
            lot = f"g/{_act(device, fact.nonce)}"
            self._books.put_in(happened, owner, fact.member, unit, fact.amount, lot, times, fact.why)
        self._ledger.add_purse_act(
            PurseAct(
                *(device, fact.nonce, position, at, fact.why, fact.member, unit, fact.amount, fact.cents),
                *(fact.till, fact.staff, "", not by_hub, back, 0, (), fact.reason, fact.simulated),
            )
        )

    def _reversed(self, position: int, event: Envelope | Event, fact: ValueReversed) -> None:
        if event.device not in (HUB, fact.acted):
            self._flaw(position, event, f"only the hub may take back what {fact.acted} did")
            return
        if self._ledger.purse_reversal(fact.acted, fact.of) is not None:
            return
        at = event.at if fact.decided_at is None else min(event.at, fact.decided_at)
        self._ledger.add_purse_reversal(
            PurseReversal(
                *(fact.acted, fact.of, position, at, fact.nonce, fact.till, fact.staff, fact.by, fact.reason)
            )
        )
        act = self._ledger.purse_act(fact.acted, fact.of)
        if act is None:
            return
        self._ledger.reverse_purse_act(fact.acted, fact.of)
        happened, name = Happened(position, at, fact.simulated), _act(fact.acted, fact.of)
        if act.why == "spent":
            owner = self._ledger.purse_owner(act.member)
            self._books.pay_back(happened, owner, act.member, act.unit, act.parts, act.beyond, name)
        else:
            lot = f"g/{name}"
            owner = self._owner_of(act.unit, lot, act.member)
            self._books.take_out(happened, owner, act.unit, act.amount, lot, "taken-back")

    def _merged(self, position: int, event: Envelope | Event, fact: MembersMerged | MembersParted) -> None:
        """The purse goes where the membership goes; after a parting, what is left of what came to it goes back."""
        before = self._ledger.purse_merge_of(fact.act) if isinstance(fact, MembersParted) else fact.member
        was = self._ledger.purse_owner(before) if before else ""
        if not self._merges.one(position, event, fact) or not before:
            return
        now = self._ledger.purse_owner(before)
        if was == now:
            return
        happened = Happened(position, event.at, fact.simulated)
        if isinstance(fact, MembersMerged):
            self._books.hand_over(happened, was, now, None)
        else:
            self._books.hand_over(happened, was, now, self._ledger.purse_members(now))

    def _run_out(self, position: int, event: Envelope | Event, fact: ValueExpired) -> None:
        happened = Happened(position, event.at, fact.simulated)
        for row in self._ledger.purse_lots_ended(fact.until, min(fact.most, 10_000)):
            self._books.take_out(happened, row.member, row.unit, row.lot.left, row.lot.id, "run-out")


def _of_purchase(purchase: str) -> str:
    return f"p/{purchase}"


def _act(device: str, nonce: str) -> str:
    return f"{device}/{nonce}"


def purchases_of_members(
    placed: Sequence[tuple[int, Envelope | Event]], bought: Sequence[Purchase]
) -> list[Placed]:
    """Purchases that are new, with their places; those of which nobody said whose they were earn nothing."""
    whose = [one for one in bought if one.member]
    if not whose:
        return []
    events = dict(placed)
    return [(one.position, events[one.position], one) for one in whose]


def value_facts(
    placed: Sequence[tuple[int, Envelope | Event]], facts: Sequence[Fact | Purchase]
) -> list[Placed]:
    """Facts of one kind with their places, to be folded in order with those of the others."""
    return [(*place, fact) for place, fact in zip(placed, facts, strict=True)]
