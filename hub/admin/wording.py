"""Sums, times and ages as this reader writes them, on the shop's clock and in its currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_interval,
    format_skeleton,
    format_time,
    format_timedelta,
)
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from hub.sentences import Said
from hub.storefront import when
from hub.storefront.languages import gettext
from hub.wire.snapshot import Campaign, Shop


@dataclass(frozen=True, slots=True)
class Wording:
    """How one page says figures: for one shop, one reader, one moment (`now`, seconds of UTC)."""

    shop: Shop
    locale: Locale
    now: float

    def money(self, cents: int) -> str:
        """A sum in the shop's currency."""
        return when.money(cents, self.shop.currency, self.locale)

    def count(self, number: float) -> str:
        """A whole number, grouped."""
        return format_decimal(round(number), locale=self.locale)

    def decimal(self, number: float) -> str:
        """A number with two digits behind the point at most."""
        return format_decimal(number, "#,##0.##", locale=self.locale)

    def percent(self, share: float) -> str:
        """A share from 0 to 1."""
        return format_percent(share, locale=self.locale)

    def tenths(self, number: float) -> str:
        """A number with one digit behind the point at most."""
        return format_decimal(number, "#,##0.#", locale=self.locale)

    def share(self, share: float) -> str:
        """A share from 0 to 1, with one digit behind the point where it is small."""
        return format_percent(share, "#,##0.#%" if abs(share) < 0.1 else None, locale=self.locale)

    def signed(self, number: float) -> str:
        """A difference with its sign, one digit behind the point at most."""
        return format_decimal(number, "+#,##0.#;-#,##0.#", locale=self.locale)

    def signed_percent(self, share: float) -> str:
        """A difference from 0 to 1 and beyond, with its sign; small ones with a digit behind the point."""
        shape = "+#,##0.#%;-#,##0.#%" if abs(share) < 0.01 else "+#,##0%;-#,##0%"
        return format_percent(share, shape, locale=self.locale)

    def minutes(self, seconds: float) -> str:
        """A mean length of time, so exact that two can be compared."""
        if seconds < 90:
            return format_unit(round(seconds), "second", length="short", locale=self.locale)
        if seconds < 5_400:
            return format_unit(round(seconds / 60, 1), "minute", length="short", locale=self.locale)
        return format_unit(round(seconds / 3_600, 1), "hour", length="short", locale=self.locale)

    def local(self, at: float) -> datetime:
        """A time on the shop's clock."""
        return when.local_time(at, self.shop)

    def moment(self, at: float) -> str:
        """Day and time; only the time where it is today."""
        if self.local(at).date() == self.local(self.now).date():
            return format_time(self.local(at), "short", tzinfo=self.local(at).tzinfo, locale=self.locale)
        return self.dated(at)

    def dated(self, at: float) -> str:
        """Day and time, without the year where it is this one."""
        there = self.local(at)
        skeleton = "MMMd" if there.year == self.local(self.now).year else "yMMMd"
        day = format_skeleton(skeleton, there, tzinfo=there.tzinfo, locale=self.locale)
        return f"{day} {format_time(there, 'short', tzinfo=there.tzinfo, locale=self.locale)}"

    def full(self, at: float) -> str:
        """Day and time, always both."""
        return format_datetime(self.local(at), "medium", tzinfo=self.local(at).tzinfo, locale=self.locale)

    def day(self, day: date) -> str:
        """A day, short enough for an axis."""
        return format_date(day, "M月d日" if self.locale.language == "zh" else "d MMM", locale=self.locale)

    def birthday(self, text: str) -> str:
        """A day of birth as it is kept (`hub.wire.sync_members.Fields`), as the reader writes days; empty where none was told."""
        if not text:
            return ""
        if text.startswith("--"):
            return format_skeleton("MMMMd", date(2000, int(text[2:4]), int(text[5:])), locale=self.locale)
        return format_date(date.fromisoformat(text), "long", locale=self.locale)

    def span(self, first: date, last: date) -> str:
        """A run of days."""
        if first == last:
            return format_date(first, "long", locale=self.locale)
        return format_interval(first, last, "yMMMd", locale=self.locale)

    def short_span(self, first: date, last: date) -> str:
        """A run of days, without its year."""
        return self.day(first) if first == last else f"{self.day(first)} – {self.day(last)}"

    def ago(self, at: float) -> str:
        """How long ago something was."""
        seconds = max(0.0, self.now - at)
        if seconds < 2:
            return gettext("just now")
        return str(
            format_timedelta(
                -timedelta(seconds=seconds), add_direction=True, threshold=1.5, locale=self.locale
            )
        )

    def lasting(self, seconds: float) -> str:
        """A length of time."""
        return str(format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=self.locale))

    def say(self, sentence: Said) -> str:
        """A sentence in the reader's language."""
        return gettext(sentence.text, **sentence.values)

    def worth(self, campaign: Campaign) -> str:
        """What a coupon is worth, in a few words."""
        return when.worth(campaign.offer.value, self.shop.currency, self.locale)
