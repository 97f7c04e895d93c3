"""From a redemption or a coupon of this counter to its page: the sums, times and texts as the reader writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_datetime

from hardware.printer.page import Page
from hub.client.desk import NodeDesk
from hub.client.shelf import Shelf
from hub.storefront.when import local_time, money, zone_of
from hub.storefront.words import said
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Shop, Text, Value, say
from kiosk import receipt
from kiosk.receipt import PaperCoupon, PaperReceipt
from kiosk.store_jobs import Job
from kiosk.verdicts import Verdict

_FREE: Text = {"en": "Free", "zh": "免费"}
_OFF: Text = {"en": "{} off", "zh": "减 {}"}
_VOUCHER: Text = {"en": "Voucher for {}", "zh": "{} 礼品券"}
_COUPON: Text = {"en": "Coupon", "zh": "优惠券"}
NUMBER_DIGITS = 8


class Pages:
    """Puts pages together from what this counter knows."""

    def __init__(
        self,
        verdict_of: Callable[[str], Verdict | None],
        desk: NodeDesk,
        shelf: Shelf,
        till: Callable[[], str],
    ) -> None:
        self._verdict_of = verdict_of
        self._desk = desk
        self._shelf = shelf
        self._till = till

    def has_receipt(self, nonce: str, *, practice: bool = False) -> bool:
        """Whether there is something to print for an act; with `practice` also for one of which nothing came."""
        verdict = self._verdict_of(nonce)
        if verdict is None or not verdict.accepted or verdict.reversed_at is not None:
            return False
        return practice or not verdict.training

    def has_coupon(self, serial: str) -> bool:
        """Whether a coupon can be put on paper: it was taken here, and its code stays the same."""
        found = self._desk.coupon(serial)
        return found is not None and found[1] is not None and not found[1].rotating

    def language(self, wanted: str | None) -> str:
        """The language to print in: the one that is wanted, else the shop's first."""
        return wanted or next(iter(self._desk.shop().languages), "en")

    def page(self, job: Job) -> Page | None:
        """The page of a job; None where there is nothing to print any more."""
        if job.kind == "coupon":
            return self._coupon_page(job)
        verdict = self._verdict_of(job.what)
        if verdict is None or not self.has_receipt(job.what, practice=True):
            return None
        return self._receipt(verdict, job)

    def _receipt(self, verdict: Verdict, job: Job) -> Page:
        shop, language = self._desk.shop(), job.language
        locale = locale_of(language)
        campaign = self._shelf.campaign(verdict.campaign) if verdict.campaign else None
        value = campaign.offer.value if campaign else None
        title = said(campaign.offer.title, language).text if campaign else say(_COUPON, language)
        told = PaperReceipt(
            shop=say(shop.name, language) or "Shopbell",
            till=self._till(),
            when=moment(verdict.at, shop, locale),
            title=title,
            worth=_worth_now(verdict.value_cents, value, shop, language),
            number=(verdict.act or verdict.nonce)[:NUMBER_DIGITS].upper(),
            purchase=_sum(verdict.basket_cents, shop, locale),
            balance=_sum(verdict.balance_cents, shop, locale),
            voucher=value is not None and value.kind == "voucher",
            offline=verdict.offline,
            next_visit=self._next_visit(verdict, language),
        )
        return receipt.receipt(told, language, copy=job.is_copy, training=verdict.training)

    def _next_visit(self, verdict: Verdict, language: str) -> PaperCoupon | None:
        if verdict.next_coupon is None or not self.has_coupon(verdict.next_coupon):
            return None
        return self._coupon(verdict.next_coupon, language)

    def _coupon_page(self, job: Job) -> Page | None:
        coupon = self._coupon(job.what, job.language) if self.has_coupon(job.what) else None
        if coupon is None:
            return None
        shop = say(self._desk.shop().name, job.language) or "Shopbell"
        return receipt.coupon_slip(shop, coupon, job.language, copy=job.is_copy)

    def _coupon(self, serial: str, language: str) -> PaperCoupon | None:
        found = self._desk.coupon(serial)
        if found is None or found[1] is None:
            return None
        issued, campaign = found[0], found[1]
        shop, locale = self._desk.shop(), locale_of(language)
        return PaperCoupon(
            title=said(campaign.offer.title, language).text,
            worth=_worth(campaign.offer.value, shop, language),
            token=issued.token,
            code=issued.code,
            good_until=last_moment(issued.coupon.expires_at, shop, locale),
            good_from=_good_from(issued, campaign, shop, locale),
            small_print=said(campaign.offer.small_print, language).text,
            voucher=campaign.offer.value.kind == "voucher",
        )


def locale_of(language: str) -> Locale:
    """How that language writes sums and dates."""
    return Locale("zh", script="Hans") if language.startswith("zh") else Locale("en", "GB")


def moment(at: float, shop: Shop, locale: Locale) -> str:
    """Day and time, with its year: paper lies around."""
    return format_datetime(
        local_time(at, shop), _PATTERN[locale.language], tzinfo=zone_of(shop), locale=locale
    )


_PATTERN = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}


def day(at: datetime, locale: Locale) -> str:
    """A day with its year."""
    return format_date(at.date(), "long", locale=locale)


def last_moment(ends_at: float, shop: Shop, locale: Locale) -> str:
    """Until when something is good; the day alone where it is good all day. `ends_at` is the first second that is too late."""
    end = local_time(ends_at, shop)
    if end.hour == end.minute == 0:
        return day(end - timedelta(seconds=1), locale)
    return moment(ends_at, shop, locale)


def _good_from(issued: Issued, campaign: Campaign, shop: Shop, locale: Locale) -> str:
    taken = local_time(issued.issued_at, shop)
    if campaign.good_from == "next_day":
        return day(taken + timedelta(days=1), locale)
    return day(local_time(campaign.starts_at, shop), locale) if campaign.starts_at > issued.issued_at else ""


def _sum(cents: int | None, shop: Shop, locale: Locale) -> str:
    return money(cents, shop.currency, locale) if cents is not None else ""


def _worth_now(cents: int, value: Value | None, shop: Shop, language: str) -> str:
    if value is not None and value.kind == "gift":
        return say(_FREE, language)
    return f"−{money(cents, shop.currency, locale_of(language))}" if cents else ""


def _worth(value: Value, shop: Shop, language: str) -> str:
    """As a sign says it; Chinese counts what is left to pay, in tenths."""
    amount = money(value.cents, shop.currency, locale_of(language))
    if value.kind == "voucher":
        return say(_VOUCHER, language).format(amount)
    if value.kind == "gift" or (value.kind == "percent" and value.percent >= 100):
        return say(_FREE, language)
    if value.kind == "amount":
        return say(_OFF, language).format(amount)
    if language.startswith("zh"):
        tenths = f"{(100 - value.percent) / 10:.1f}".removesuffix(".0")
        return f"{tenths} 折"
    return say(_OFF, language).format(f"{value.percent}%")
