"""Which ways of carrying a coupon away its page offers: only those that work here, and none for a coupon that changes."""

from __future__ import annotations

from dataclasses import dataclass

from hub.storefront.offers import CouponView
from hub.storefront.views import Views
from hub.storefront.wallets import Wallets
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign


@dataclass(frozen=True, slots=True)
class Carried:
    """Addresses; empty where there is no such way."""

    picture: str = ""
    calendar: str = ""
    apple: str = ""
    google: str = ""

    def __bool__(self) -> bool:
        return bool(self.picture or self.calendar or self.apple or self.google)


def carried_of(
    issued: Issued, campaign: Campaign | None, wallets: Wallets, views: Views, shown: CouponView
) -> Carried:
    """The ways for this coupon. Where its campaign is not known any more, nobody can say that a copy of it stays good."""
    context = views.context
    serial, now = issued.coupon.serial, context.now()
    calendar = views.url("calendar", serial=serial)
    if campaign is None or campaign.rotating:
        return Carried(calendar=calendar)
    google = (
        wallets.google.make(issued, context.shop, shown, context.shop_name, now) if wallets.google else None
    )
    return Carried(
        picture=views.url("coupon_image", serial=serial),
        calendar=calendar,
        apple=views.url("apple", serial=serial) if wallets.apple and wallets.apple.is_good(now) else "",
        google=google or "",
    )
