"""The terms of an offer in words, English and Chinese: when it is good, on which purchase, for whom, how often.

Needs no request: the office's preview and paper say the same lines as the shopper's page. What it says is what
`hub.wire.rules` decides by; anything else about an offer is the shop's own small print.
"""

from __future__ import annotations

from datetime import time

from babel import Locale
from babel.dates import format_time, get_day_names
from babel.lists import format_list

from hub.storefront.when import money
from hub.storefront.words import clean
from hub.wire.conditions import (
    DAY_MINUTES,
    All,
    Any,
    Buys,
    Condition,
    Hours,
    InSegment,
    IsMember,
    Not,
    Spends,
)
from hub.wire.snapshot import Campaign, Shop

PRODUCTS_SHOWN = 6
"""More product codes than this are a shelf, not a sentence."""

_WEEK = tuple(range(7))


def terms(campaign: Campaign, shop: Shop, language: str, locale: Locale) -> list[str]:
    """Every term of a campaign, a line each, in the order in which a shopper asks: when, what, for whom, how often."""
    speak = _Chinese(shop, locale) if language.startswith("zh") else _English(shop, locale)
    lines = [speak.hours(campaign.hours)] if campaign.hours else []
    if campaign.good_from == "next_day":
        lines.append(speak.next_day())
    if campaign.basket_min_cents:
        lines.append(speak.line(Spends(campaign.basket_min_cents)))
    if campaign.condition is not None:
        parts = campaign.condition.of if isinstance(campaign.condition, All) else (campaign.condition,)
        lines += [speak.line(part) for part in parts]
    if campaign.offer.value.kind == "voucher":
        lines.append(speak.voucher())
    if campaign.group_size is not None:
        lines.append(speak.group(campaign.group_size))
    if campaign.per_person_limit is not None:
        lines.append(speak.per_person(campaign.per_person_limit))
    if campaign.per_day_limit is not None:
        lines.append(speak.per_day(campaign.per_day_limit))
    if campaign.redemption_limit is not None:
        lines.append(speak.first(campaign.redemption_limit))
    if campaign.rotating:
        lines.append(speak.rotating())
    return list(dict.fromkeys(line for line in lines if line))


def condition_words(condition: Condition, shop: Shop, language: str, locale: Locale) -> str:
    """One condition as a line."""
    speak = _Chinese(shop, locale) if language.startswith("zh") else _English(shop, locale)
    return speak.line(condition)


class _Speech:
    """What both languages share: days and times as the reader writes them, and which phrase belongs to which condition."""

    to = " to "
    every_day = ""
    stop = ""

    def __init__(self, shop: Shop, locale: Locale) -> None:
        self.shop = shop
        self.locale = locale

    def line(self, condition: Condition) -> str:
        """A condition as a sentence of its own."""
        return self.phrase(condition, holds=True)

    def phrase(self, condition: Condition, *, holds: bool) -> str:
        """A condition, or its opposite, as a part of a sentence."""
        match condition:
            case Not(that=that):
                return self.phrase(that, holds=not holds)
            case All(of=parts) | Any(of=parts):
                # De Morgan: not all of them is one of their opposites.
                together = isinstance(condition, All) is holds
                said = [self.phrase(part, holds=holds) for part in parts]
                return said[0] if len(said) == 1 else self.join(said, together=together)
            case Hours():
                return self.at(self._stretch(condition), holds=holds)
            case Spends(cents=cents):
                return self.spends(money(cents, self.shop.currency, self.locale), holds=holds)
            case Buys(any_of=codes, at_least=count):
                return self.buys(self._products(codes), count, holds=holds)
            case IsMember():
                return self.member(holds=holds)
            case InSegment(any_of=names):
                return self.segment(
                    format_list([clean(name, 40) for name in names], "or", locale=self.locale), holds=holds
                )

    def hours(self, stretches: tuple[Hours, ...]) -> str:
        """The hours of the week in which it is good."""
        said = [self._stretch(hours) for hours in stretches]
        return self.line_of_hours(self.stop.join(said))

    def _stretch(self, hours: Hours) -> str:
        days = self._days(hours.days)
        if hours.start == 0 and hours.end == DAY_MINUTES:
            return days
        return self.day_and_time(days, self._time(hours.start) + self.to + self._time(hours.end))

    def _days(self, days: tuple[int, ...]) -> str:
        wanted = sorted(set(days))
        if tuple(wanted) == _WEEK:
            return self.every_day
        names = get_day_names("wide", locale=self.locale)
        if len(wanted) > 2 and wanted == list(range(wanted[0], wanted[-1] + 1)):
            return f"{names[wanted[0]]}{self.to}{names[wanted[-1]]}"
        return format_list([names[day] for day in wanted], locale=self.locale)

    def _time(self, minute: int) -> str:
        minute %= DAY_MINUTES
        return format_time(time(minute // 60, minute % 60), "short", locale=self.locale)

    def _products(self, codes: tuple[str, ...]) -> str:
        shown = [*codes[:PRODUCTS_SHOWN], *(["…"] if len(codes) > PRODUCTS_SHOWN else [])]
        return ", ".join(clean(code, 40) for code in shown)

    # What each language says in its own way.

    def join(self, said: list[str], *, together: bool) -> str:
        raise NotImplementedError

    def at(self, stretch: str, *, holds: bool) -> str:
        raise NotImplementedError

    def line_of_hours(self, stretches: str) -> str:
        raise NotImplementedError

    def day_and_time(self, days: str, times: str) -> str:
        raise NotImplementedError

    def spends(self, amount: str, *, holds: bool) -> str:
        raise NotImplementedError

    def buys(self, products: str, count: int, *, holds: bool) -> str:
        raise NotImplementedError

    def member(self, *, holds: bool) -> str:
        raise NotImplementedError

    def segment(self, names: str, *, holds: bool) -> str:
        raise NotImplementedError

    def next_day(self) -> str:
        raise NotImplementedError

    def voucher(self) -> str:
        raise NotImplementedError

    def group(self, size: int) -> str:
        raise NotImplementedError

    def per_person(self, limit: int) -> str:
        raise NotImplementedError

    def per_day(self, limit: int) -> str:
        raise NotImplementedError

    def first(self, limit: int) -> str:
        raise NotImplementedError

    def rotating(self) -> str:
        raise NotImplementedError


class _English(_Speech):
    every_day = "every day"
    stop = "; "

    def line(self, condition: Condition) -> str:
        phrase = self.phrase(condition, holds=True)
        return phrase[:1].upper() + phrase[1:]

    def join(self, said: list[str], *, together: bool) -> str:
        return " and ".join(said) if together else "either " + ", or ".join(said)

    def at(self, stretch: str, *, holds: bool) -> str:
        return f"good {stretch}" if holds else f"not {stretch}"

    def line_of_hours(self, stretches: str) -> str:
        return f"Good {stretches}"

    def day_and_time(self, days: str, times: str) -> str:
        return f"{days}, {times}"

    def spends(self, amount: str, *, holds: bool) -> str:
        return f"on purchases of {amount} or more" if holds else f"on purchases below {amount}"

    def buys(self, products: str, count: int, *, holds: bool) -> str:
        if not holds:
            return (
                f"not together with product {products}"
                if count == 1
                else f"with fewer than {count} of product {products}"
            )
        return f"with product {products}" if count == 1 else f"with {count} or more of product {products}"

    def member(self, *, holds: bool) -> str:
        return "for members" if holds else "for those who are not members"

    def segment(self, names: str, *, holds: bool) -> str:
        return f"for members of {names}" if holds else f"not for members of {names}"

    def next_day(self) -> str:
        return "For your next visit: good from the day after you take it"

    def voucher(self) -> str:
        return "May be spent in parts until nothing is left on it"

    def group(self, size: int) -> str:
        return f"Good as soon as {size} people have joined"

    def per_person(self, limit: int) -> str:
        return "Once for each member" if limit == 1 else f"Up to {limit} times for each member"

    def per_day(self, limit: int) -> str:
        return f"For the first {limit} of each day"

    def first(self, limit: int) -> str:
        return f"For the first {limit} who use it"

    def rotating(self) -> str:
        return (
            "Show the coupon's page itself: its code changes every 30 seconds, a screenshot is not accepted"
        )


class _Chinese(_Speech):
    to = "至"
    every_day = "每天"
    stop = "；"

    def join(self, said: list[str], *, together: bool) -> str:
        return "，且".join(said) if together else "满足其一：" + "；或".join(said)

    def at(self, stretch: str, *, holds: bool) -> str:
        return f"{stretch}可用" if holds else f"{stretch}不可用"

    def line_of_hours(self, stretches: str) -> str:
        return f"可用时间：{stretches}"

    def day_and_time(self, days: str, times: str) -> str:
        return f"{days} {times}"

    def spends(self, amount: str, *, holds: bool) -> str:
        return f"消费满 {amount} 可用" if holds else f"消费低于 {amount} 可用"

    def buys(self, products: str, count: int, *, holds: bool) -> str:
        codes = products.replace(", ", "、")
        if not holds:
            return f"购买商品 {codes} 时不可用" if count == 1 else f"购买商品 {codes} 少于 {count} 件时可用"
        return f"购买商品 {codes} 可用" if count == 1 else f"购买商品 {codes} 共 {count} 件以上可用"

    def member(self, *, holds: bool) -> str:
        return "会员专享" if holds else "非会员专享"

    def segment(self, names: str, *, holds: bool) -> str:
        return f"{names}会员专享" if holds else f"{names}会员不可用"

    def next_day(self) -> str:
        return "下次光临使用：领取次日起有效"

    def voucher(self) -> str:
        return "可分次使用，用完为止"

    def group(self, size: int) -> str:
        return f"满 {size} 人参加即可使用"

    def per_person(self, limit: int) -> str:
        return f"每位会员限用 {limit} 次"

    def per_day(self, limit: int) -> str:
        return f"每天前 {limit} 位可用"

    def first(self, limit: int) -> str:
        return f"前 {limit} 位使用者可用"

    def rotating(self) -> str:
        return "请出示优惠券页面：二维码每 30 秒更新一次，截图无效"
