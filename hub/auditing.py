"""Decides again what tills decided alone, by the one rule, and writes down what should not have been.

What an audit came to is a fact of its own: a rebuild reads it, and does not judge old acts by today's campaigns. What was taken
back in the same batch is not judged, and neither are the products of a purchase: a till does not tell them, so that nobody's
shopping stands in a journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

import msgspec

from hub.called_back import is_called_back
from hub.fleet.clocks import AHEAD_S
from hub.gathering import one_person, with_counts
from hub.ledger import RedeemedHere, RedemptionFlagged
from hub.reading import Envelope
from hub.segments.counter import segments_at
from hub.spending import NewAct
from hub.store.base import Store
from hub.store.records import Act
from hub.wire.coupon import Coupon
from hub.wire.events import CouponRedeemed, CouponReversed, Event
from hub.wire.refusals import Refusal
from hub.wire.rules import (
    MOST_FOR_ONE_MEMBER,
    Accepted,
    CutOff,
    Facts,
    Refused,
    ReversalFacts,
    decide,
    decide_reversal,
    in_doubt,
    shop_day,
    time_matters,
)
from hub.wire.snapshot import Campaign

WRONG_VALUE = "wrong_value"
"""A flag where only the amount is another."""

_NO_EXPIRY = 2**32 - 1


@dataclass(slots=True)
class _Pending:
    """Acts of a batch that stand in the sums already: each is judged by what stood before it."""

    timezone: str
    person: Callable[[str], str]
    counts: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def keys(self, act: Act) -> list[tuple[object, ...]]:
        day = shop_day(act.at, self.timezone)
        keys: list[tuple[object, ...]] = []
        if act.counts:
            keys += [("all", act.campaign), ("day", act.campaign, day)]
            if act.member:
                who = self.person(act.member)
                keys += [("member", act.campaign, who), ("staff", act.staff, who, day)]
        if act.offline:
            keys.append(("alone", act.campaign))
        return keys

    def add(self, act: Act, by: int) -> None:
        for key in self.keys(act):
            self.counts[key] += by

    def all(self, act: Act) -> int:
        return self.counts["all", act.campaign]

    def day(self, act: Act) -> int:
        return self.counts["day", act.campaign, shop_day(act.at, self.timezone)]

    def member(self, act: Act) -> int:
        return self.counts["member", act.campaign, self.person(act.member)]

    def staff(self, act: Act) -> int:
        return self.counts["staff", act.staff, self.person(act.member), shop_day(act.at, self.timezone)]

    def alone(self, act: Act) -> int:
        return self.counts["alone", act.campaign]


def audit(store: Store, new: Sequence[NewAct], received_at: float) -> list[RedemptionFlagged]:
    """What should not have been of these acts, to be written down. Call inside the transaction that folded them.

    `received_at`: the hub's time, seconds of UTC; whatever a till's clock showed, its acts were before that.
    """
    redeemed = list(_redeemed(store, new))
    shop = store.shop.get()
    pending = _Pending(shop.timezone if shop is not None else "UTC", cache(partial(one_person, store)))
    for _, _, act in redeemed:
        pending.add(act, 1)
    found = []
    for event, fact, act in redeemed:
        refusal = _should_have_been(store, event, fact, act, pending, received_at)
        pending.add(act, -1)
        if refusal is not None:
            found.append(
                RedemptionFlagged(
                    serial=act.serial,
                    nonce=act.nonce,
                    device=act.device,
                    refusal=refusal,
                    simulated=act.simulated,
                )
            )
    for one in new:
        if one.reversed is not None and not _told_again(store, one.event, one.reversed):
            found += _wrong_reversal(store, one.event, one.reversed, one.of)
    return found


def _redeemed(store: Store, new: Iterable[NewAct]) -> Iterable[tuple[Envelope | Event, RedeemedHere, Act]]:
    for one in new:
        if one.redeemed is None or _told_again(store, one.event, one.redeemed):
            continue
        act = store.ledger.act(one.event.device, one.redeemed.nonce)
        if act is not None and act.standing != "reversed":
            yield one.event, one.redeemed, act


def _told_again(store: Store, event: Envelope | Event, fact: CouponRedeemed | CouponReversed) -> bool:
    """Whether this hub decided it before it was set back: then it was judged, by what was so at that time."""
    if fact.decided_at is None:
        return False
    latest = store.setback.latest()
    return latest is not None and store.setback.retelling(latest.number, event.device) is not None


def _should_have_been(
    store: Store,
    event: Envelope | Event,
    fact: RedeemedHere,
    act: Act,
    pending: _Pending,
    received_at: float,
) -> str | None:
    """The refusal that the one rule comes to; `wrong_value` where only the amount is another; None where all is well.

    A coupon whose issue has not arrived yet is not judged by its signature: the till saw it, the hub did not.
    """
    record = store.campaigns.get(act.campaign)
    campaign = record.campaign if record is not None and record.state != "draft" else None
    issue = store.ledger.coupon(act.serial)
    expires_at = issue.expires_at if issue is not None else _NO_EXPIRY
    key_number = issue.key_number if issue is not None else 0
    coupon = Coupon(key_number, store.shop.number, act.campaign, act.serial, expires_at)
    issued_at = issue.issued_at if issue is not None else None
    first = store.ledger.first_act(act.serial)
    is_first = first is not None and (first.device, first.nonce) == (act.device, act.nonce)
    facts = Facts(
        now=event.at,
        shop=store.shop.number,
        campaign=campaign,
        key=None,
        known=True,
        revoked=is_called_back(store, coupon, issued_at),
        first_use=None if first is None or is_first else first.as_first_use(),
        basket_cents=fact.basket_cents,
        cut_off=_standing_of(store, event, act, pending, received_at) if fact.offline else None,
        amount_cents=act.value_cents if act.balance_cents is not None else None,
        member=one_person(store, act.member),
        segments=segments_at(
            store, campaign, act.member, event.at, bound=issue is not None and bool(issue.member)
        ),
        bound_to=one_person(store, issue.member if issue is not None else ""),
        issued_at=issued_at,
        # What was shown to the till, only the till has seen.
        picture="fresh",
    )
    if campaign is not None:
        facts = _with_counts(store, campaign, facts, act, pending)
    decision = decide(coupon, facts)
    if decision == Refused(Refusal.PRODUCTS_NEEDED) and campaign is not None:
        without = msgspec.structs.replace(campaign, condition=None)
        decision = decide(coupon, replace(facts, campaign=without))
    if not isinstance(decision, Accepted):
        return decision.refusal.value
    if campaign is not None and record is not None and in_doubt(facts):
        # By no clock can it be told whether the coupon was good then: it is marked, unless it was good all the time.
        known_since = record.published_at if record.published_at is not None else record.made_at
        key = store.devices.key(key_number) if issue is not None else None
        if time_matters(coupon, campaign, key, known_since, received_at):
            return Refusal.CLOCK_UNSET.value
    return None if decision.value_cents == act.value_cents else WRONG_VALUE


def _with_counts(store: Store, campaign: Campaign, facts: Facts, act: Act, pending: _Pending) -> Facts:
    """The sums hold this act and those after it: they are taken off again."""
    most = MOST_FOR_ONE_MEMBER + pending.staff(act)
    facts = with_counts(store, campaign, facts, act.staff, most_by_staff=most, of_now=False)
    spent = 0
    if act.balance_cents is not None:
        voucher = store.ledger.voucher(act.serial)
        spent = max(0, voucher.spent_cents - act.value_cents) if voucher is not None else 0
    return replace(
        facts,
        redeemed=max(0, facts.redeemed - pending.all(act)),
        redeemed_today=max(0, facts.redeemed_today - pending.day(act)),
        redeemed_by_member=max(0, facts.redeemed_by_member - pending.member(act)),
        by_staff_for_member=max(0, facts.by_staff_for_member - pending.staff(act)),
        spent_cents=spent,
    )


def _standing_of(
    store: Store, event: Envelope | Event, act: Act, pending: _Pending, received_at: float
) -> CutOff:
    """How the till stood when it accepted: its rights, less what it had accepted before; whether its clock can be believed."""
    granted = store.ledger.grant_of(act.campaign, act.device).accept
    tallies = store.ledger.tallies_of(act.campaign)
    accepted = next((tally.accepted_alone for tally in tallies if tally.device == act.device), 0)
    believed = event.clock in ("lan", "ntp") and event.at <= received_at + AHEAD_S
    return CutOff(granted - (accepted - pending.alone(act)), believed)


def _wrong_reversal(
    store: Store, event: Envelope | Event, fact: CouponReversed, of: str
) -> Iterable[RedemptionFlagged]:
    """The same for what a till took back alone. One whose redemption has not arrived cannot be judged."""
    act = store.ledger.act(fact.redeemed_by, of)
    if act is None:
        return
    refusal = decide_reversal(
        ReversalFacts(
            # Whoever does not know the time cannot have been late by it.
            now=event.at if event.clock in ("lan", "ntp") else act.at,
            redeemed_at=act.at,
            by="staff",
            same_till=True,
            same_staff=act.staff == fact.staff,
        )
    )
    if refusal is not None:
        yield RedemptionFlagged(
            serial=act.serial,
            nonce=of,
            device=act.device,
            refusal=refusal.value,
            reversal=True,
            simulated=act.simulated,
        )
