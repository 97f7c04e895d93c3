"""Moments and sums as a reader writes them: in the shop's time zone and currency, in the reader's language."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal

from hub.storefront.languages import gettext as _
from hub.wire.snapshot import Shop, Value

WEEKDAYS_AHEAD = 6
"""Up to this many days ahead the day of the week says it; one more would name today's."""


def zone_of(shop: Shop) -> ZoneInfo:
    """The shop's time zone; UTC where this machine does not know it."""
    try:
        return ZoneInfo(shop.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_time(at: float, shop: Shop) -> datetime:
    """Seconds of UTC as the shop's wall clock shows them; the calendar's ends stand for what lies beyond."""
    return datetime.fromtimestamp(min(max(at, 86_400), 253_402_128_000), zone_of(shop))


def clock_time(at: float, shop: Shop, locale: Locale) -> str:
    """14:05, or 2:05 PM for those who write it so."""
    return format_time(local_time(at, shop), "short", tzinfo=zone_of(shop), locale=locale)


def _day(then: datetime, today: datetime, locale: Locale) -> str:
    days = (then.date() - today.date()).days
    if 1 < days <= WEEKDAYS_AHEAD:
        return format_date(then.date(), "EEEE", locale=locale)
    skeleton = "MMMMEEEEd" if then.year == today.year else "yMMMMd"
    return format_skeleton(skeleton, then, tzinfo=then.tzinfo, locale=locale)


def until(ends_at: float, now: float, shop: Shop, locale: Locale) -> str:
    """When an offer or a coupon ends, as a line of its own. `ends_at` is the first second that is too late."""
    end, today = local_time(ends_at, shop), local_time(now, shop)
    if ends_at <= now:
        return _("This has ended")
    if end.hour == end.minute == 0:
        last = end - timedelta(seconds=1)
        days = (last.date() - today.date()).days
        if days <= 0:
            return _("All day today")
        return _("Until tomorrow") if days == 1 else _("Until %(day)s", day=_day(last, today, locale))
    time = clock_time(ends_at, shop, locale)
    days = (end.date() - today.date()).days
    if days <= 0:
        return _("Today until %(time)s", time=time)
    if days == 1:
        return _("Until tomorrow, %(time)s", time=time)
    return _("Until %(day)s, %(time)s", day=_day(end, today, locale), time=time)


def moment(at: float, now: float, shop: Shop, locale: Locale) -> str:
    """When something happened: "today at 14:05", "on Saturday 5 December at 14:05"."""
    then, today = local_time(at, shop), local_time(now, shop)
    time = clock_time(at, shop, locale)
    days = (today.date() - then.date()).days
    if days == 0:
        return _("today at %(time)s", time=time)
    if days == 1:
        return _("yesterday at %(time)s", time=time)
    return _("on %(day)s at %(time)s", day=_day(then, today, locale), time=time)


def money(cents: int, currency: str, locale: Locale) -> str:
    """A sum in the shop's currency, without cents where there are none."""
    try:
        if cents % 100 == 0:
            return format_currency(
                cents // 100, currency, locale=locale, currency_digits=False, format="¤#,##0"
            )
        return format_currency(cents / 100, currency, locale=locale)
    except (UnknownCurrencyError, UnknownLocaleError, ValueError):
        return f"{cents / 100:.2f} {currency}"


def worth(value: Value, currency: str, locale: Locale) -> str:
    """What a coupon is worth, as a shop would put it on a sign; Chinese counts what is left to pay, in tenths."""
    if value.kind == "voucher":
        return _("Voucher for %(sum)s", sum=money(value.cents, currency, locale))
    if value.kind == "gift" or (value.kind == "percent" and value.percent >= 100):
        return _("Free")
    if value.kind == "amount":
        return _("%(sum)s off", sum=money(value.cents, currency, locale))
    if locale.language == "zh":
        # A Chinese sign says what is left to pay, in tenths: 8 is a fifth off.
        return f"{format_decimal((100 - value.percent) / 10, '0.#', locale=locale)} 折"
    return _("%(percent)s%% off", percent=value.percent)
