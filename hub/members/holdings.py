"""What a member has here: points, what is stored, punch cards, coupons that were given to them. For their page and for a till."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from babel import Locale

from hub.purse.balances import Balances, balances
from hub.question import Here
from hub.store.base import Store
from hub.storefront.when import money, until
from hub.wire.coupon import show_code
from hub.wire.snapshot import Shop, say
from hub.wire.sync_members import HeldCoupon, MemberReply

MOST_COUPONS = 50


@dataclass(frozen=True, slots=True)
class CouponLine:
    """A coupon of theirs, in words."""

    title: str
    code: str
    until: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """In words. `stored` and `worth` empty where there is nothing."""

    purse: Balances
    tier: str
    stored: str
    worth: str
    ends: str
    punch: list[tuple[str, int, int]]
    coupons: list[CouponLine]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing at all."""
        purse = self.purse
        return not (purse.points or purse.pending or purse.stored_cents or self.punch or self.coupons)


def holdings(store: Store, member: str, now: float, shop: Shop, language: str, locale: Locale) -> Holdings:
    """What a member has now."""
    purse = balances(store, member, now)
    lines = [
        CouponLine(say(one.title, language), show_code(one.code), until(one.expires_at, now, shop, locale))
        for one in held_coupons(store, member, now)
    ]
    return Holdings(
        purse,
        say(purse.tier, language),
        money(purse.stored_cents, shop.currency, locale) if purse.stored_cents else "",
        money(purse.worth_cents, shop.currency, locale) if purse.worth_cents else "",
        until(purse.ends[1], now, shop, locale) if purse.ends else "",
        [(say(one.name, language), one.have, one.need) for one in purse.punch],
        lines,
    )


def held_coupons(store: Store, member: str, now: float) -> tuple[HeldCoupon, ...]:
    """Coupons that were given to this person and can be used now, the one that ends first first."""
    found = []
    titles: dict[int, dict[str, str]] = {}
    for row in store.doors.coupons_of(store.register.group(member), now, MOST_COUPONS):
        if row.campaign not in titles:
            stored = store.campaigns.get(row.campaign)
            titles[row.campaign] = stored.campaign.offer.title if stored is not None else {}
        found.append(HeldCoupon(row.serial, row.campaign, row.code, titles[row.campaign], row.expires_at))
    return tuple(found)


def tell_coupons(here: Here, reply: MemberReply, now: float) -> MemberReply:
    """For a till: what whoever stands there can use."""
    return msgspec.structs.replace(reply, coupons=held_coupons(here.store, reply.member, now))
