"""What follows a driver in a device's name: a place, and wishes such as `baud=115200`, behind commas.

Pure. `/dev/ttyUSB0,baud=115200` is the place `/dev/ttyUSB0` with one wish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hardware.reasons import DeviceError, Reason

Read = Callable[[str], Any]


def read_wishes(name: str, argument: str, known: Mapping[str, Read]) -> tuple[str, dict[str, Any]]:
    """The place and the wishes; DeviceError for one that is not known or makes no sense. A place holds no `=` and no comma."""
    parts = argument.split(",")
    place = "" if "=" in parts[0] else parts.pop(0)
    wishes: dict[str, Any] = {}
    for part in filter(None, parts):
        wish, _, value = part.partition("=")
        if wish not in known:
            there = ", ".join(sorted(known)) or "none"
            raise DeviceError(Reason.BAD_NAME, f"{name} knows no wish called {wish!r}. It knows: {there}.")
        try:
            wishes[wish] = known[wish](value)
        except ValueError as wrong:
            raise DeviceError(Reason.BAD_NAME, f"{name}: {wish}={value!r} {wrong}.") from None
    return place.strip(), wishes


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number within limits."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def short(text: str) -> str:
    """Up to eight signs of ASCII, as a scanner puts before or after a text."""
    if not text.isascii() or not text.isprintable() or len(text) > 8:
        raise ValueError("must be up to eight printable signs of ASCII")
    return text
