"""The one rule that says when a coupon is good.

Pure. The hub decides with it under a lock, a till that is cut off decides with it within its rights, and the hub audits with
it what was done offline. Facts are gathered first; the rule asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.wire.coupon import Coupon
from hub.wire.refusals import Refusal
from hub.wire.snapshot import Campaign, Key


@dataclass(frozen=True, slots=True)
class FirstUse:
    """When and where a coupon was used before. `nonce` tells the same act sent twice from a second one."""

    at: float
    till: str
    staff: str
    nonce: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """How a till stands that decides without its hub: what it may still accept, and whether it knows the time."""

    rights_left: int
    clock_known: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rule may look at. `now` is seconds of UTC; `basket_cents` is None where nobody said.

    `known`: the coupon's issue is in the ledger, so its signature no longer has to vouch for it.
    `redeemed`: redemptions of the campaign so far, as far as whoever decides knows. `cut_off` is None on the hub.
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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The coupon is good; `value_cents` is what the shop gives."""

    value_cents: int


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
    if facts.revoked:
        return Refused(Refusal.REVOKED)
    if campaign is None:
        return Refused(Refusal.UNKNOWN_CAMPAIGN)
    wrong = (
        _wrong_with_time(coupon, campaign, facts)
        or _wrong_with_basket(campaign, facts)
        or _wrong_with_limits(campaign, facts)
    )
    return Refused(wrong) if wrong else Accepted(campaign.offer.value.worth_cents(facts.basket_cents))


def _wrong_with_time(coupon: Coupon, campaign: Campaign, facts: Facts) -> Refusal | None:
    if facts.cut_off is not None and not facts.cut_off.clock_known:
        return Refusal.CLOCK_UNSET
    if facts.now < campaign.starts_at:
        return Refusal.NOT_STARTED
    if facts.now >= coupon.expires_at:
        return Refusal.EXPIRED
    return None


def _wrong_with_basket(campaign: Campaign, facts: Facts) -> Refusal | None:
    needs_basket = campaign.basket_min_cents > 0 or campaign.offer.value.kind == "percent"
    if needs_basket and facts.basket_cents is None:
        return Refusal.BASKET_NEEDED
    if facts.basket_cents is not None and facts.basket_cents < campaign.basket_min_cents:
        return Refusal.BASKET_TOO_SMALL
    return None


def _wrong_with_limits(campaign: Campaign, facts: Facts) -> Refusal | None:
    if campaign.redemption_limit is not None and facts.redeemed >= campaign.redemption_limit:
        return Refusal.LIMIT_REACHED
    if facts.cut_off is None:
        return None
    if campaign.offline == "refuse":
        return Refusal.HUB_UNREACHABLE
    if facts.cut_off.rights_left <= 0:
        return Refusal.NO_RIGHTS_LEFT
    return None
