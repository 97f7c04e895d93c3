"""What the staff's pages say: ways in, times, amounts of data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from babel import Locale
from babel.dates import format_timedelta
from babel.numbers import format_decimal

from edge.gate.protocol import Limits, Phone
from edge.portal.guests import Guest, State, WayIn
from edge.portal.ways.batches import BatchCount
from hub.storefront.languages import gettext as _
from hub.storefront.when import moment, until
from hub.wire.snapshot import Shop


def way_name(way: WayIn) -> str:
    """A way in, in one word or two."""
    return {
        "click": _("Click"),
        "sms": _("Text message"),
        "code": _("Printed code"),
        "coupon": _("Coupon"),
        "member": _("Member"),
    }[way]


def phone_name(phone: Phone) -> str:
    """A phone by the last two numbers of its address here: enough to find it, and nothing of its MAC."""
    return ".".join(phone.ip.split(".")[2:])


@dataclass(frozen=True, slots=True)
class Wording:
    """How one page says figures, for one reader."""

    locale: Locale
    shop: Shop
    now: float

    def count(self, number: int) -> str:
        """A whole number, grouped."""
        return str(format_decimal(number, locale=self.locale))

    def data(self, octets: int) -> str:
        """An amount of data in decimal units, as phones and contracts write it."""
        for size, unit in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
            if octets >= size:
                shape = "0.0" if octets < 100 * size else "0"
                return f"{format_decimal(octets / size, shape, locale=self.locale)} {unit}"
        return f"{octets} B"

    def lasting(self, seconds: float) -> str:
        """A length of time, in words."""
        granularity: Literal["minute", "second"] = "minute" if seconds >= 60 else "second"
        return str(
            format_timedelta(
                timedelta(seconds=seconds), granularity=granularity, threshold=2, locale=self.locale
            )
        )

    def until(self, at: float) -> str:
        """An end, as a line of its own."""
        return until(at, self.now, self.shop, self.locale)

    def moment(self, at: float) -> str:
        """When something happened."""
        return moment(at, self.now, self.shop, self.locale)

    def stay(self, guest: Guest) -> str:
        """How long a guest may stay, or that it is over."""
        if guest.standing.state is State.IN:
            return self.until(guest.standing.until)
        return _("Has ended")

    def limits(self, limits: Limits) -> str:
        """The limits in one line; empty where there are none."""
        parts = []
        if limits.volume:
            parts.append(_("%(amount)s in all", amount=self.data(limits.volume)))
        if limits.down_per_s:
            parts.append(_("%(amount)s a second down", amount=self.data(limits.down_per_s)))
        if limits.up_per_s:
            parts.append(_("%(amount)s a second up", amount=self.data(limits.up_per_s)))
        return " · ".join(parts)

    def state(self, counted: BatchCount) -> tuple[str, str]:
        """How a batch is: the tone of its badge, and the word."""
        if counted.batch.ended_at is not None:
            return "no", _("Stopped")
        if not counted.runs(self.now):
            return "look", _("Over")
        return "good", _("Valid")
