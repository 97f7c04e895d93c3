"""What staff type into the forms: read strictly, with a sentence for each field that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from edge.gate.protocol import Limits
from edge.portal.ways.batches import (
    LEAST_LASTS_S,
    MOST_CODES,
    MOST_LASTS_S,
    MOST_USES,
    MOST_VALID_S,
    WHAT_FOR_CHARACTERS,
    Wish,
)
from hub.storefront.languages import gettext as _
from hub.storefront.when import local_time, zone_of
from hub.storefront.words import clean
from hub.wire.snapshot import Shop

UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400}
MOST_MBYTES = 1_000_000
MOST_KBYTES = 1_000_000
LONGEST_NUMBER = 12
PROLONG_MINUTES = (15, 30, 60, 180, 1_440)
USUAL_DAYS = 30


@dataclass(slots=True)
class Typed:
    """A form as it was sent, and what is wrong with it by the field's name."""

    values: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number within limits; `low` and a sentence where it is none."""
        text = self.values.get(name, "").strip()
        # isdecimal and int agree on digits of every script: a Chinese keyboard types full-width ones.
        if text.isdecimal() and len(text) <= LONGEST_NUMBER and low <= int(text) <= high:
            return int(text)
        self.wrong[name] = _("Type a whole number from %(low)s to %(high)s.", low=low, high=high)
        return low


def usual_batch(now: float, shop: Shop) -> Typed:
    """What the form for new codes begins with."""
    until = local_time(now, shop).date() + timedelta(days=USUAL_DAYS)
    return Typed(
        {
            "what_for": "",
            "count": "24",
            "lasts": "2",
            "unit": "hours",
            "valid_until": until.isoformat(),
            "uses": "1",
            "mbytes": "0",
            "down_kbytes": "0",
            "up_kbytes": "0",
        }
    )


def read_batch(form: Mapping[str, str], now: float, shop: Shop) -> tuple[Typed, Wish | None]:
    """The wish for a batch; None where something is wrong with it."""
    typed = Typed({name: form.get(name, "")[:200] for name in usual_batch(now, shop).values})
    what_for = clean(" ".join(typed.values["what_for"].split()), WHAT_FOR_CHARACTERS)
    wish = Wish(
        typed.whole("count", 1, MOST_CODES),
        _lasting(typed),
        _last_day(typed, now, shop),
        typed.whole("uses", 1, MOST_USES),
        read_limits(typed),
        what_for,
    )
    return typed, None if typed.wrong else wish


def read_limits(typed: Typed) -> Limits:
    """Volume and rates, 0 for no limit; what is wrong stands in `typed`."""
    return Limits(
        typed.whole("down_kbytes", 0, MOST_KBYTES) * 1_000,
        typed.whole("up_kbytes", 0, MOST_KBYTES) * 1_000,
        typed.whole("mbytes", 0, MOST_MBYTES) * 1_000_000,
    )


def _lasting(typed: Typed) -> int:
    unit = UNITS.get(typed.values["unit"])
    if unit is None:
        typed.wrong["lasts"] = _("Choose minutes, hours or days.")
        return LEAST_LASTS_S
    text = typed.values["lasts"].strip()
    seconds = int(text) * unit if text.isdecimal() and len(text) <= LONGEST_NUMBER else 0
    if not LEAST_LASTS_S <= seconds <= MOST_LASTS_S:
        typed.wrong["lasts"] = _("A code can last from 5 minutes to 31 days.")
        return LEAST_LASTS_S
    return seconds


def _last_day(typed: Typed, now: float, shop: Shop) -> float:
    """The midnight after that day on the shop's clock."""
    most_days = MOST_VALID_S // 86_400 - 2
    try:
        day = date.fromisoformat(typed.values["valid_until"].strip()[:10])
    except ValueError:
        typed.wrong["valid_until"] = _("Type a date like 2026-12-31.")
        return now
    today = local_time(now, shop).date()
    if not today <= day <= today + timedelta(days=most_days):
        typed.wrong["valid_until"] = _(
            "Choose a day from today on, not more than %(days)s days ahead.", days=most_days
        )
        return now
    return datetime.combine(day + timedelta(days=1), time(), zone_of(shop)).timestamp()
