"""Gathers the facts on which the one rule decides, under the lock: few reads, and none that the campaign does not need."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.called_back import is_called_back
from hub.escrow import Room, hands, is_limited, room_for
from hub.fleet.gone import with_gone
from hub.presenting import Beside, Presented
from hub.segments.counter import segments_for
from hub.store.base import Store
from hub.store.records import Reservation
from hub.wire.coupon import Coupon
from hub.wire.refusals import Refusal
from hub.wire.rotating import Judged, judge
from hub.wire.rules import MOST_FOR_ONE_MEMBER, Accepted, Decision, Facts, Refused, day_span, decide
from hub.wire.snapshot import Campaign
from hub.wire.sync import Spare

MOST_IN_A_PURCHASE = 20
"""Coupons of one purchase for one member beyond so many count each: who has the till can call anything one purchase."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a till asks for: who, for whom, what is bought. `reservation` names the one that is completed. `spare`: what it
    could still accept alone."""

    device: str
    staff: str
    basket_cents: int | None = None
    amount_cents: int | None = None
    products: tuple[str, ...] | None = None
    member: str = ""
    reservation: str = ""
    spare: tuple[Spare, ...] = ()
    purchase: str = ""

    def may_spend_right(self, campaign: int) -> bool:
        """Whether the till says that it has a right of its own left: what it accepted alone the hub may not have heard of."""
        return any(one.campaign == campaign and one.rights > 0 for one in self.spare)


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rule says. `judged`: of a QR that changes, to be kept. `right_spent`: a right of the till's own was used up."""

    decision: Decision
    judged: Judged | None = None
    right_spent: bool = False


def decide_presented(
    store: Store,
    presented: Presented,
    asked: Asked,
    now: float,
    beside: Beside,
) -> Decided:
    """Facts, then the rule. Call inside `store.writing()`."""
    coupon = presented.coupon
    if coupon is None:
        return Decided(Refused(presented.refusal or Refusal.UNKNOWN_COUPON))
    record = store.campaigns.get(coupon.campaign)
    campaign = record.campaign if record is not None and record.state != "draft" else None
    held = store.ledger.held(coupon.serial, now)
    own = held is not None and (held.device, held.nonce) == (asked.device, asked.reservation)
    issue = presented.issue
    vouched = issue is not None or presented.key is not None
    first = store.ledger.first_act(coupon.serial) if vouched else None
    bound_to = issue.member if issue is not None else ""
    facts = Facts(
        now=now,
        shop=store.shop.number,
        campaign=campaign,
        key=presented.key,
        known=issue is not None,
        revoked=vouched and is_called_back(store, coupon, issue.issued_at if issue is not None else None),
        first_use=first.as_first_use() if first is not None else None,
        basket_cents=asked.basket_cents,
        products=asked.products,
        amount_cents=asked.amount_cents,
        member=one_person(store, asked.member),
        segments=segments_for(store, campaign, asked.member, now, bound=bool(bound_to)),
        bound_to=one_person(store, bound_to),
        issued_at=issue.issued_at if issue is not None else None,
        reserved=held is not None and not own,
    )
    if campaign is None or first is not None:
        return Decided(decide(coupon, facts))
    judged = None
    if campaign.rotating:
        # Whoever holds it has shown it already, and meanwhile its QR has changed.
        if not own:
            judged = _judge(store, presented, coupon, now, beside)
        fresh = own or (judged is not None and judged.picture == "fresh")
        facts = replace(facts, picture="fresh" if fresh else "stale")
    facts = with_counts(
        store, campaign, facts, asked.staff, own=held if own else None, purchase=asked.purchase
    )
    if campaign.offer.value.kind == "voucher":
        voucher = store.ledger.voucher(coupon.serial)
        facts = replace(facts, spent_cents=voucher.spent_cents if voucher is not None else 0)
    room = _room(store, campaign, asked.device, beside)
    may_spend_right = asked.may_spend_right(campaign.number)
    decision, right_spent = _within(coupon, facts, room, may_spend_right=may_spend_right)
    return Decided(decision, judged, right_spent)


def one_person(store: Store, member: str) -> str:
    """The id under which a membership stands: what one of a person's merged memberships was given, they may all use."""
    return store.register.into(member) if member else ""


def with_counts(
    store: Store,
    campaign: Campaign,
    facts: Facts,
    staff: str,
    *,
    own: Reservation | None = None,
    most_by_staff: int = MOST_FOR_ONE_MEMBER,
    of_now: bool = True,
    purchase: str = "",
) -> Facts:
    """The facts with what the campaign's limits ask for. Coupons that are held for others count as used, where it is of now
    that is asked. `own`: the reservation that is being completed. `purchase`: for which one; whoever redeems many coupons of one
    purchase is busy and not generous, so they count once for `by_staff_for_member`, up to `MOST_IN_A_PURCHASE`."""
    ledger, number, member, now = store.ledger, campaign.number, facts.member, facts.now
    by_clock = campaign.hours or campaign.condition is not None or campaign.good_from == "next_day"
    if by_clock or campaign.per_day_limit is not None or member:
        shop = store.shop.get()
        facts = replace(facts, timezone=shop.timezone if shop is not None else "UTC")
    if is_limited(campaign):
        held = ledger.count_held(number, now) - (own is not None) if of_now else 0
        if campaign.redemption_limit is not None:
            facts = replace(facts, redeemed=ledger.redeemed(number) + held)
        if campaign.per_day_limit is not None:
            first, end = day_span(now, facts.timezone)
            facts = replace(facts, redeemed_today=ledger.redeemed_between(number, first, end) + held)
    if campaign.group_size is not None:
        facts = replace(facts, taken=ledger.taken(number))
    if not member:
        return facts
    group = store.register.group(member)
    if campaign.per_person_limit is not None:
        mine = own is not None and own.member in group
        held = sum(ledger.count_held(number, now, one) for one in group) - mine if of_now else 0
        used = sum(ledger.redeemed_by_member(number, one) for one in group)
        facts = replace(facts, redeemed_by_member=used + held)
    first, end = day_span(now, facts.timezone)
    if purchase:
        counted = [
            ledger.purchases_by_staff_for_member(staff, one, first, end, purchase, most=most_by_staff)
            for one in group
        ]
        of_this = sum(these for _, these in counted)
        by_staff = sum(others for others, _ in counted) + (of_this if of_this >= MOST_IN_A_PURCHASE else 0)
    else:
        by_staff = sum(
            ledger.by_staff_for_member(staff, one, first, end, most=most_by_staff) for one in group
        )
    own_account = one_person(store, store.people.membership(staff))
    return replace(facts, staff_member=own_account, by_staff_for_member=by_staff)


def _judge(store: Store, presented: Presented, coupon: Coupon, now: float, beside: Beside) -> Judged | None:
    """A picture that stands behind a token which its key did not sign is nobody's."""
    if presented.key is None or not presented.picture:
        return None
    seen = store.pictures.seen(coupon.key_number, coupon.serial)
    return judge(presented.picture, coupon.serial, beside.rotating_keys(), seen, now)


def _room(store: Store, campaign: Campaign, device: str, beside: Beside) -> Room:
    if not is_limited(campaign) or campaign.offline != "rights":
        return Room(0, 0)
    ledger, number = store.ledger, campaign.number
    nodes, tallies = store.devices.all(), with_gone(store, ledger.tallies_of(number))
    return room_for(
        campaign, device, hands(campaign, nodes, tallies, ledger.grants_of(number), beside.told(number))
    )


def _within(coupon: Coupon, facts: Facts, room: Room, *, may_spend_right: bool) -> tuple[Decision, bool]:
    """What tills may still accept alone counts as used. Only where nothing else is left the till's own rights do: then it uses
    up one of them with this act."""
    away = room.with_others + room.own
    full = replace(facts, redeemed=facts.redeemed + away, redeemed_today=facts.redeemed_today + away)
    decision = decide(coupon, full)
    limited = isinstance(decision, Refused) and decision.refusal in (Refusal.LIMIT_REACHED, Refusal.DAY_LIMIT)
    if not limited or room.own == 0 or not may_spend_right:
        return decision, False
    away = room.with_others
    decision = decide(
        coupon, replace(facts, redeemed=facts.redeemed + away, redeemed_today=facts.redeemed_today + away)
    )
    return decision, isinstance(decision, Accepted)
