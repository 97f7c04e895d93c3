"""The one rule that says when a coupon is good, and the one that says when a redemption may be taken back.

Pure. The hub decides with it under a lock, a till that is cut off decides with it within its rights, and the hub audits with
it what was done offline. Facts are gathered first; the rule asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from hub.wire.conditions import InSegment, Purchase, hours_in, unmet, unmet_at_any_time, within
from hub.wire.coupon import Coupon
from hub.wire.refusals import Refusal
from hub.wire.snapshot import Campaign, Key

UNDO_S = 60.0
"""How long staff may take a redemption of their own back: until the customer has turned around."""

MANAGER_UNDO_S = 90 * 86_400.0
"""How long a manager may: a quarter's books."""

LATEST = 253_402_128_000.0
"""Two days before the calendar ends, so that no shop's clock goes over its end: a broken clock may say anything."""

MOST_FOR_ONE_MEMBER = 5
"""Redemptions in one day by one member of staff for one member. A sixth needs a colleague, or is a habit to look at."""


@dataclass(frozen=True, slots=True)
class FirstUse:
    """When and where a coupon was used before. `nonce` tells the same act sent twice from a second one."""

    at: float
    till: str
    staff: str
    nonce: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """How a till stands that decides without its hub: what it may still accept, and whether it knows the time.

    Where it does not (its clock was not set since the start), nothing is refused for the time that might be good: only what was
    over at `not_before` (seconds of UTC), the latest time that the hub is known to have been. The hub marks what it then finds.
    """

    rights_left: int
    clock_known: bool
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rule may look at. `now` is seconds of UTC; amounts are None where nobody said.

    `known`: the coupon's issue is in the ledger, so its signature no longer has to vouch for it. `key`: the one under whose
    number it was issued, also where it is known: what a key signed ends with the key.
    `first_use`: the use that counts; None again once it was taken back. For a voucher it is never set, `spent_cents` is.
    `redeemed`, `redeemed_today`: redemptions of the campaign that count so far, and on this day of the shop, as far as whoever
    decides knows, those included that are reserved for others. `redeemed_by_member`: of them those of `member`.
    `by_staff_for_member`: what this member of staff redeemed for this member today, of any campaign.
    `taken`: coupons of the campaign that were taken, for a group offer. `issued_at`: None where only the token tells.
    `bound_to`: the member to whom alone the coupon was given. `staff_member`: the own membership of whoever redeems.
    `reserved`: somebody else holds the coupon for a purchase. `picture`: for a rotating coupon, whether what was shown is of
    now. `cut_off` is None on the hub.
    """

    now: float
    shop: int
    campaign: Campaign | None
    key: Key | None
    known: bool = False
    revoked: bool = False
    first_use: FirstUse | None = None
    redeemed: int = 0
    basket_cents: int | None = None
    cut_off: CutOff | None = None
    timezone: str = "UTC"
    products: tuple[str, ...] | None = None
    amount_cents: int | None = None
    spent_cents: int = 0
    member: str = ""
    segments: frozenset[str] | None = None
    bound_to: str = ""
    staff_member: str = ""
    redeemed_today: int = 0
    redeemed_by_member: int = 0
    by_staff_for_member: int = 0
    taken: int = 0
    issued_at: float | None = None
    reserved: bool = False
    picture: Literal["fresh", "stale"] = "stale"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The coupon is good; `value_cents` is what the shop gives. `balance_cents`: what is left on a voucher afterwards."""

    value_cents: int
    balance_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The coupon is not good; `first_use` where it was used before."""

    refusal: Refusal
    first_use: FirstUse | None = None


Decision = Accepted | Refused


def decide(coupon: Coupon, facts: Facts) -> Decision:
    """The one redemption rule. A coupon that was used is told as used, whatever else is wrong with it."""
    campaign = facts.campaign
    if coupon.shop != facts.shop:
        return Refused(Refusal.WRONG_STORE)
    if facts.first_use is not None:
        return Refused(Refusal.ALREADY_REDEEMED, facts.first_use)
    if not facts.known and (facts.key is None or facts.key.withdrawn_at is not None):
        return Refused(Refusal.BAD_SIGNATURE)
    if facts.key is not None and facts.key.ends_at is not None and _at_least(facts) >= facts.key.ends_at:
        return Refused(Refusal.KEY_ENDED)
    if facts.revoked:
        return Refused(Refusal.REVOKED)
    if campaign is None:
        return Refused(Refusal.UNKNOWN_CAMPAIGN)
    wrong = (
        _wrong_with_time(coupon, campaign, facts)
        or _wrong_with_holding(campaign, facts)
        or _wrong_with_purchase(campaign, facts)
        or _wrong_with_limits(campaign, facts)
    )
    if wrong:
        return Refused(wrong)
    if campaign.offer.value.kind == "voucher":
        return _spend(campaign, facts)
    return Accepted(campaign.offer.value.worth_cents(facts.basket_cents))


def shop_day(at: float, timezone: str) -> date:
    """The day on the shop's clock."""
    return _local(at, timezone).date()


def day_span(at: float, timezone: str) -> tuple[float, float]:
    """The same day as seconds of UTC: its first, and the first of the next. It has 23 to 25 hours."""
    day = shop_day(at, timezone)
    first, end = (
        datetime(one.year, one.month, one.day, tzinfo=_zone(timezone)).timestamp()
        for one in (day, day + timedelta(days=1))
    )
    return first, end


def _local(at: float, timezone: str) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0.0), LATEST), _zone(timezone))


def _zone(timezone: str) -> tzinfo:
    return UTC if timezone == "UTC" else ZoneInfo(timezone)


def in_doubt(facts: Facts) -> bool:
    """Whether whoever decides does not know the time."""
    return facts.cut_off is not None and not facts.cut_off.clock_known


def _at_least(facts: Facts) -> float:
    """The time, or what it is at least where it is not known."""
    if facts.cut_off is not None and not facts.cut_off.clock_known:
        return facts.cut_off.not_before
    return facts.now


def time_matters(coupon: Coupon, campaign: Campaign, key: Key | None, known_since: float, by: float) -> bool:
    """Whether the time at which this coupon was accepted decides about it, where all that is known is that it was between
    `known_since`, when tills learnt of the campaign, and `by`."""
    return (
        by >= coupon.expires_at
        or known_since < campaign.starts_at
        or campaign.good_from == "next_day"
        or bool(campaign.hours)
        or (campaign.condition is not None and bool(hours_in(campaign.condition)))
        or (key is not None and key.ends_at is not None and by >= key.ends_at)
    )


def _wrong_with_time(coupon: Coupon, campaign: Campaign, facts: Facts) -> Refusal | None:
    if in_doubt(facts):
        return Refusal.EXPIRED if _at_least(facts) >= coupon.expires_at else None
    if facts.now < campaign.starts_at:
        return Refusal.NOT_STARTED
    if facts.now >= coupon.expires_at:
        return Refusal.EXPIRED
    if campaign.good_from == "next_day":
        # Where the ledger does not tell when it was taken, the token does: it lasts a known time, and never longer.
        issued_at = (
            coupon.expires_at - campaign.coupon_lasts_s if facts.issued_at is None else facts.issued_at
        )
        if shop_day(facts.now, facts.timezone) <= shop_day(issued_at, facts.timezone):
            return Refusal.NEXT_VISIT
    local = _local(facts.now, facts.timezone)
    minute = local.hour * 60 + local.minute
    if campaign.hours and not any(within(hours, local.weekday(), minute) for hours in campaign.hours):
        return Refusal.NOT_AT_THIS_HOUR
    return None


def _wrong_with_holding(campaign: Campaign, facts: Facts) -> Refusal | None:
    """Whether this coupon, as it was shown, is this shopper's to use now."""
    if campaign.rotating and facts.picture != "fresh":
        return Refusal.CODE_TOO_OLD
    if facts.reserved:
        return Refusal.RESERVED
    if facts.bound_to and not facts.member:
        return Refusal.MEMBER_NEEDED
    if facts.bound_to and facts.member != facts.bound_to:
        return Refusal.NOT_FOR_THIS_MEMBER
    if campaign.audience and not facts.bound_to:
        wrong = unmet(
            InSegment(campaign.audience), Purchase(0, 0, member=facts.member or None, segments=facts.segments)
        )
        if wrong is not None:
            return wrong
    if facts.member and facts.member == facts.staff_member:
        return Refusal.OWN_COUPON
    return None


def _wrong_with_purchase(campaign: Campaign, facts: Facts) -> Refusal | None:
    needs_basket = campaign.basket_min_cents > 0 or campaign.offer.value.kind == "percent"
    if needs_basket and facts.basket_cents is None:
        return Refusal.BASKET_NEEDED
    if facts.basket_cents is not None and facts.basket_cents < campaign.basket_min_cents:
        return Refusal.BASKET_TOO_SMALL
    if campaign.condition is None:
        return None
    local = _local(facts.now, facts.timezone)
    purchase = Purchase(
        weekday=local.weekday(),
        minute=local.hour * 60 + local.minute,
        basket_cents=facts.basket_cents,
        products=facts.products,
        member=facts.member or None,
        segments=facts.segments,
    )
    return (unmet_at_any_time if in_doubt(facts) else unmet)(campaign.condition, purchase)


def _wrong_with_limits(campaign: Campaign, facts: Facts) -> Refusal | None:
    if campaign.redemption_limit is not None and facts.redeemed >= campaign.redemption_limit:
        return Refusal.LIMIT_REACHED
    if campaign.per_day_limit is not None and facts.redeemed_today >= campaign.per_day_limit:
        return Refusal.DAY_LIMIT
    if campaign.per_person_limit is not None:
        if not facts.member:
            return Refusal.MEMBER_NEEDED
        if facts.redeemed_by_member >= campaign.per_person_limit:
            return Refusal.PERSON_LIMIT
    if facts.member and facts.by_staff_for_member >= MOST_FOR_ONE_MEMBER:
        return Refusal.STAFF_LIMIT
    if facts.cut_off is not None:
        return _wrong_alone(campaign, facts.cut_off, facts.taken)
    if campaign.group_size is not None and facts.taken < campaign.group_size:
        return Refusal.GROUP_TOO_SMALL
    return None


def _wrong_alone(campaign: Campaign, cut_off: CutOff, taken: int) -> Refusal | None:
    """What only the hub can know is not decided without it, whatever the campaign allows."""
    hub_only = campaign.per_person_limit is not None or campaign.offer.value.kind == "voucher"
    group_unknown = campaign.group_size is not None and taken < campaign.group_size
    if campaign.offline == "refuse" or hub_only or group_unknown:
        return Refusal.HUB_UNREACHABLE
    if cut_off.rights_left <= 0:
        return Refusal.NO_RIGHTS_LEFT
    return None


def _spend(campaign: Campaign, facts: Facts) -> Decision:
    left = campaign.offer.value.cents - facts.spent_cents
    if left <= 0:
        return Refused(Refusal.BALANCE_TOO_SMALL)
    if facts.amount_cents is None:
        return Refused(Refusal.AMOUNT_NEEDED)
    if facts.amount_cents > left:
        return Refused(Refusal.BALANCE_TOO_SMALL)
    return Accepted(facts.amount_cents, left - facts.amount_cents)


@dataclass(frozen=True, slots=True)
class ReversalFacts:
    """All that `decide_reversal` may look at. `redeemed_at` is None where there is no such redemption.

    `by`: whose power is used. `same_till`, `same_staff`: whether it is the till and the person that redeemed.
    """

    now: float
    redeemed_at: float | None
    by: Literal["staff", "manager"]
    same_till: bool = False
    same_staff: bool = False
    reversed_before: bool = False


def decide_reversal(facts: ReversalFacts) -> Refusal | None:
    """Whether a redemption may be taken back: None, or why not."""
    if facts.redeemed_at is None:
        return Refusal.NOT_REDEEMED
    if facts.reversed_before:
        return Refusal.ALREADY_REVERSED
    longest = MANAGER_UNDO_S if facts.by == "manager" else UNDO_S
    if facts.now - facts.redeemed_at > longest:
        return Refusal.UNDO_TOO_LATE
    if facts.by == "staff" and not (facts.same_till and facts.same_staff):
        return Refusal.UNDO_NOT_HERE
    return None
