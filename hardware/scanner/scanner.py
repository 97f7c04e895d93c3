"""The port of a scanner: read, and be told a text, a trouble, or that it went away and came back.

Pure. A scanner is a thing on a cable that staff pull out. That is told once and mended by the driver; `read` raises nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from hardware.reasons import Found, Lost

Trouble = Literal["too-long", "unfinished", "garbled"]


@dataclass(frozen=True, slots=True)
class Scan:
    """One text that was scanned once. `at` is seconds of a steady clock, when its last octet came.

    `symbology` is the AIM identifier that stood before it (ISO/IEC 15424), without its bracket: "Q1" for a QR code; empty where
    the scanner sends none.
    """

    text: str
    at: float
    symbology: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something came and no text could be made of it. The reason is for programs, the sentence for people."""

    reason: Trouble
    sentence: str


Heard = Scan | Unread | Lost | Found


class Scanner(Protocol):
    """One scanner. `read` is called by one thread; `close` by any."""

    simulated: bool

    def read(self, timeout_s: float) -> Heard | None:
        """What comes next; None where nothing came within `timeout_s` (s) or the scanner was closed."""

    def describe(self) -> str:
        """One line for screens."""

    def close(self) -> None:
        """Let go of the device; a `read` under way returns. May be called twice."""
