"""What a phone brings to the portal's form, and what becomes of it.

Pure. `edge.portal.welcome` reads the form and shows the answer; `edge.portal.ways.desk` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from edge.portal.guests import Grant, WayIn
from hub.wire.snapshot import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One sent form. `place` is the address from which it comes, for counting wrong tries; `typed` is a code of any kind.

    `handle` ties the second step of the SMS way to the first. `remember`: the shopper chose to be recognised next time.
    """

    way: WayIn
    place: str
    language: str
    typed: str = ""
    phone_number: str = ""
    handle: str = ""
    remember: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """The way is open: this is what the gate is to be asked."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class CodeSent:
    """An SMS is on its way; the form with the code carries `handle`. `to` is the number with its middle left out."""

    handle: str
    to: str


Trouble = Literal[
    "wrong-code", "used-up", "over", "wrong-number", "too-often", "no-modem", "not-offered", "failed"
]


@dataclass(frozen=True, slots=True)
class NotYet:
    """Not let in, and why, in the reader's words. `wait_s`: how long until a next try is looked at; 0 for at once."""

    code: Trouble
    sentence: Text
    wait_s: float = 0.0
    handle: str = ""


class Ways(Protocol):
    """Decides who is let in, and keeps what they chose to leave."""

    def offered(self) -> tuple[WayIn, ...]:
        """The ways that this portal offers now, the usual one first."""

    def enter(self, entry: Entry, now: float) -> Admitted | CodeSent | NotYet:
        """What becomes of a form. Nothing is used up before the gate is open: call `opened` then."""

    def opened(self, entry: Entry, admitted: Admitted, now: float) -> str:
        """The gate is open: count the code as used, record who came in and what they agreed to.

        The answer is the new member's code where the shopper has just joined (theirs to keep, told once), else "".
        """

    def forget(self, typed: str, now: float) -> bool:
        """Forget the member with this code, everywhere; False where there is none."""
