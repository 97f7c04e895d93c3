"""What people type into the office's forms: tidied texts, sums of money, times on the shop's clock, limits.

Pure. `hub.campaigns` and its neighbours read a form with it. What is wrong becomes a sentence next to its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.sentences import Said, said
from hub.wire.snapshot import Shop

MAX_CENTS = 10_000_000
MAX_LIMIT = 10_000_000
CHANNELS = ("portal", "kiosk", "link")
LOCAL = "%Y-%m-%dT%H:%M"

# C0 and C1 controls, and the marks with which one text could rearrange the page around it (Unicode UAX 9).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

# Digits and marks as a Chinese keyboard types them.
_WIDE = str.maketrans("０１２３４５６７８９．，。：－～；", "0123456789.,.:-~;")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: single fields by name, and what is ticked of the channels, the signs on the air, the days."""

    fields: Mapping[str, str]
    channels: tuple[str, ...] = CHANNELS
    air: tuple[str, ...] = ()
    days: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """One field, tidied: no controls, no space at its ends, line ends as in Unix."""
        return _CONTROLS.sub("", self.fields.get(name, "").replace("\r\n", "\n")).strip()

    def plain(self, name: str) -> str:
        """One field with the digits and marks of a Chinese keyboard as the others write them."""
        return narrow(self.get(name))

    def ticked(self, name: str) -> bool:
        """Whether a box of its own is ticked."""
        return self.get(name) == "yes"


@dataclass(slots=True)
class Reading:
    """A form as it is read: the faults found so far, by field. The first one of a field stands."""

    typed: Typed
    shop: Shop
    faults: dict[str, Said] = field(default_factory=dict)

    def fault(self, name: str, sentence: Said) -> None:
        """Say what is wrong with a field."""
        self.faults.setdefault(name, sentence)

    def cents(self, name: str, *, needed: bool) -> int | None:
        """A sum of money; 0 where it may stay empty and did."""
        text = self.typed.get(name)
        if not text and not needed:
            return 0
        cents = read_cents(text)
        if cents is None or (needed and cents == 0):
            self.fault(name, said("Give an amount of money, such as 2.50."))
            return None
        if cents > MAX_CENTS:
            self.fault(name, said("That is more than %(amount)s.", amount=show_cents(MAX_CENTS)))
            return None
        return cents

    def time(self, name: str) -> int | None:
        """A day and a time on the shop's clock, in seconds of UTC."""
        read = read_local(self.typed.get(name), self.shop.timezone)
        if isinstance(read, int):
            return read
        self.fault(name, read or said("Give a day and a time."))
        return None

    def limit(self, name: str, lowest: int = 1) -> int | None:
        """A whole number; None where there is no limit."""
        text = re.sub(r"\s", "", self.typed.plain(name))
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,8}", text) or not lowest <= int(text) <= MAX_LIMIT:
            self.fault(
                name, said("Give a whole number from %(lowest)s on, or leave it empty.", lowest=lowest)
            )
            return None
        return int(text)


def narrow(text: str) -> str:
    """Digits and marks of a Chinese keyboard as the others write them."""
    return text.translate(_WIDE)


def read_cents(text: str) -> int | None:
    """Cents from an amount of money as people type it: `4`, `4.5`, `4,50`, `1 200.00`; None where it is none."""
    plain = narrow(re.sub(r"[\s\u00a0\u202f']", "", text))
    if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,2})?", plain):
        return None
    whole, _, part = plain.replace(",", ".").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def show_cents(cents: int) -> str:
    """An amount as a field shows it."""
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def local_text(at: float, timezone: str) -> str:
    """A time as a field of the kind `datetime-local` shows it, on the shop's clock."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone)).strftime(LOCAL)


def read_local(text: str, timezone: str) -> int | Said | None:
    """Seconds of UTC from a time on the shop's clock; None where it is no time; a sentence where the clocks skip it."""
    try:
        naive = datetime.strptime(text[:16].replace(" ", "T"), LOCAL)  # noqa: DTZ007 - its zone comes next
    except ValueError:
        return None
    if not 2000 <= naive.year <= 2100:
        return None
    there = naive.replace(tzinfo=ZoneInfo(timezone))
    if there.astimezone(UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != naive:
        return said("On that day the clocks are put forward and skip this time.")
    return int(there.timestamp())
