"""What dimensions and their values are called on a page: zones, channels, campaigns, hours of the week, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from babel.dates import format_date, format_time

from hub.admin.names import staff_names, till_names, titles
from hub.admin.office import Office
from hub.admin.wording import Wording
from hub.figures.question import Dimension
from hub.figures.reach import shops_of
from hub.storefront.languages import gettext, language
from hub.wire.snapshot import say

A_MONDAY = date(2024, 1, 1)


def dimension_name(dimension: Dimension) -> str:
    """What a dimension is called, as the head of a column."""
    return {
        Dimension.SHOP: gettext("Shop"),
        Dimension.ZONE: gettext("Zone"),
        Dimension.WAY: gettext("Way in"),
        Dimension.CHANNEL: gettext("Channel"),
        Dimension.CAMPAIGN: gettext("Offer"),
        Dimension.STAFF: gettext("Staff"),
        Dimension.TILL: gettext("Till"),
        Dimension.DAY: gettext("Day"),
        Dimension.WEEK: gettext("Week"),
        Dimension.MONTH: gettext("Month"),
        Dimension.HOUR: gettext("Hour"),
        Dimension.WEEKDAY: gettext("Day of the week"),
        Dimension.WEEKHOUR: gettext("Hour of the week"),
    }[dimension]


def way_name(way: str) -> str:
    """How somebody came in through the Wi-Fi page, in the reader's words."""
    names = {
        "click": gettext("by a tap"),
        "sms": gettext("by phone number"),
        "code": gettext("by a printed code"),
        "coupon": gettext("by a coupon"),
        "member": gettext("as a member"),
    }
    return names.get(way, way)


def channel_name(channel: str) -> str:
    """Where somebody met an offer, in the reader's words."""
    names = {
        "portal": gettext("Wi-Fi page"),
        "kiosk": gettext("Kiosk"),
        "poster": gettext("Poster"),
        "beacon": gettext("Bluetooth beacon"),
        "link": gettext("Link"),
        "sms": gettext("Text message"),
        "till": gettext("Till"),
        "shell": gettext("Command line"),
        "": gettext("Not known yet"),
    }
    return names.get(channel, channel)


def hour_name(wording: Wording, hour: int) -> str:
    """An hour of the day, as the reader writes a time."""
    there = datetime(2024, 1, 1, hour)  # noqa: DTZ001 - a time on a clock, of no day
    return format_time(there, "short", locale=wording.locale)


def weekday_name(wording: Wording, day: int, width: str = "EEE") -> str:
    """A day of the week, 0 for Monday. `width`: CLDR's pattern, `EEEE` for the whole word."""
    return format_date(A_MONDAY + timedelta(days=day), width, locale=wording.locale)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what a shop's figures are cut by. `campaigns`, `staff`, `tills`, `shops`: by their number or id."""

    wording: Wording
    campaigns: Mapping[str, str]
    staff: Mapping[str, str]
    shops: Mapping[str, str]
    tills: Mapping[str, str] = field(default_factory=dict)

    def of(self, dimension: Dimension, value: str) -> str:
        """What one value is called."""
        match dimension:
            case Dimension.CAMPAIGN if value == "0":
                # What was refused, and named no offer.
                return gettext("none named")
            case Dimension.CAMPAIGN:
                return self.campaigns.get(value) or gettext("Offer %(number)s", number=value)
            case Dimension.STAFF:
                return self.staff.get(value) or value or gettext("nobody named")
            case Dimension.TILL:
                return self.tills.get(value) or value or gettext("not told")
            case Dimension.SHOP:
                return self.shops.get(value) or gettext("Shop %(number)s", number=value)
            case Dimension.ZONE:
                return value or gettext("the whole shop")
            case Dimension.WAY:
                return way_name(value)
            case Dimension.CHANNEL:
                return channel_name(value)
            case _:
                return self.time(dimension, value)

    def time(self, dimension: Dimension, value: str) -> str:
        """What a stretch of time is called; short enough for an axis."""
        match dimension:
            case Dimension.HOUR:
                return hour_name(self.wording, int(value))
            case Dimension.WEEKDAY:
                return weekday_name(self.wording, int(value), "EEEE")
            case Dimension.WEEKHOUR:
                day, hour = divmod(int(value), 24)
                return f"{weekday_name(self.wording, day)} {hour_name(self.wording, hour)}"
            case Dimension.MONTH:
                shape = "y年M月" if self.wording.locale.language == "zh" else "MMM y"
                return format_date(date.fromisoformat(value), shape, locale=self.wording.locale)
            case _:
                return self.wording.day(date.fromisoformat(value))


def names_of(office: Office) -> Names:
    """The names of this shop, and of those below it."""
    spoken = language()
    return Names(
        office.wording(),
        {str(number): title for number, title in titles(office).items()},
        staff_names(office),
        _shops(office, spoken),
        till_names(office),
    )


def _shops(office: Office, spoken: str) -> dict[str, str]:
    own = office.shop()
    found = {str(office.store.shop.number): say(own.name, spoken)}
    for number in shops_of(office.store)[1:]:
        below = office.store.of_shop(number).shop.get()
        if below is not None:
            found[str(number)] = say(below.name, spoken)
    return found
