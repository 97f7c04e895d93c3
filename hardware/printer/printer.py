"""The port of a receipt printer: print a page, say how it is, open the drawer; and be told honestly what came of it.

Pure. What goes wrong is an answer, not an exception: a printer without paper is an ordinary day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from hardware.printer.page import Page

Paper = Literal["there", "near-end", "out"]
Trouble = Literal[
    "paper-out",
    "cover-open",
    "off-line",
    "broken",
    "silent",
    "lost",
    "busy",
    "no-permission",
    "no-font",
    "closed",
]

SENTENCES: dict[Trouble, str] = {
    "paper-out": "The printer has no paper. Put in a new roll: what waits is printed by itself.",
    "cover-open": "The printer's cover is open. Close it: what waits is printed by itself.",
    "off-line": "The printer is off-line. Press its feed or on-line button.",
    "broken": "The printer reports an error, often its cutter. Switch it off, clear the paper path, switch it on.",
    "silent": "The printer does not say how it is. Switch it off and on; where it never can, add ,status=no to its name.",
    "lost": "The printer is not there. Check its power and its cable.",
    "busy": "Another program holds the printer. Close that one.",
    "no-permission": "This program may not use the printer. Install the rules for devices: sudo ./shopbell install --counter",
    "no-font": "There is no font with these signs. For Chinese: sudo apt install fonts-wqy-microhei",
    "closed": "The printer has been closed.",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """The page came out, as far as the printer can tell. `sure` is whether it said so itself, at the page's end."""

    sure: bool = True


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """The page did not come out, or not whole. `begun`: some of it may be on paper, so the next one is a copy."""

    reason: Trouble
    begun: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Status:
    """How the printer says that it is. `trouble` is what keeps it from printing, None where nothing does."""

    trouble: Trouble | None = None
    paper: Paper = "there"
    answers: bool = True

    @property
    def sentence(self) -> str:
        """What is wrong and what to do; empty while all is well."""
        return SENTENCES[self.trouble] if self.trouble else ""


class Printer(Protocol):
    """One printer. Safe from several threads: one does one thing at a time."""

    simulated: bool

    def print(self, page: Page) -> Printed | NotPrinted:
        """Print a page, cut it off, and wait for the printer to say so; half a minute at most while nothing moves."""

    def status(self) -> Status:
        """Ask how it is; two seconds where it does not answer."""

    def kick(self) -> bool:
        """Open the cash drawer that hangs on the printer, also while there is no paper. Whether the pulse was sent."""

    def describe(self) -> str:
        """One line for screens."""

    def close(self) -> None:
        """Let go of it; a page under way is broken off within seconds. May be called twice."""


def not_printed(reason: Trouble, begun: bool = False) -> NotPrinted:
    """That it did not come out, with the reason's own sentence."""
    return NotPrinted(reason, begun, SENTENCES[reason])
