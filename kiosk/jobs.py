"""What waits for the printer: redeemed first, printed after; paper that runs out loses nothing.

The queue is on disk and holds the nonces and serials of what is to be printed, and nothing of what it says; a job is wiped when
its day is over. A job of which it is not known whether it came out is printed again, marked COPY.
"""

from __future__ import annotations

from enum import StrEnum

from hub.client.warnings import Holding


class Queued(StrEnum):
    """What became of the wish to print."""

    QUEUED = "queued"
    KNOWN = "known"
    """This was asked for before: the same receipt is not printed twice by itself."""
    NOTHING = "nothing"
    """There is nothing to print: a refusal, or an act that this till does not know."""
    NO_PRINTER = "no_printer"
    FULL = "full"
    """Too many wait."""


class Jobs:
    """The print queue of one counter. All methods may be called from any thread and return at once."""

    def print_redemption(self, nonce: str, language: str | None = None) -> Queued:
        """Print the receipt of an accepted act, with its next-visit coupon where there is one, and open the drawer where the
        settings say so. The same act again prints nothing more. `language`: the shop's first where none is said."""
        raise NotImplementedError

    def reprint(self, nonce: str, language: str | None = None) -> Queued:
        """Print an act's receipt again, marked COPY. Opens no drawer."""
        raise NotImplementedError

    def print_coupon(self, serial: str, language: str | None = None) -> Queued:
        """Print a coupon that a shopper took at this kiosk."""
        raise NotImplementedError

    def waiting(self) -> int:
        """How many wait for the printer."""
        raise NotImplementedError

    def state_of(self, nonce: str) -> str:
        """How an act's receipt is: "waiting", "printing", "printed", or "" where none was asked for."""
        raise NotImplementedError

    def holding(self) -> list[Holding]:
        """What is wrong with printing, for the counter's list of warnings."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to print what waits."""
        raise NotImplementedError

    def stop(self) -> None:
        """End after the page under way, within seconds. May be called twice."""
        raise NotImplementedError
