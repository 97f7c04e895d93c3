"""What is not finished at this till: coupons that something is still asked for, and coupons held for a purchase.

Memory only: whoever restarts the kiosk in the middle of a purchase scans once more, and a hold ends at the hub by itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from kiosk.tillpage.purchase import Purchase
from kiosk.verdicts import Hold

MOST = 100


@dataclass(frozen=True, slots=True)
class Pending:
    """A coupon (`text`, as it was scanned) and what was said of the purchase. `holding`: it is to be held, not redeemed yet.
    `hold`: the hub's answer, where it was asked to hold it. `reservation`: the hold that its redemption completes."""

    text: str
    purchase: Purchase = field(default_factory=Purchase)
    holding: bool = False
    hold: Hold | None = None
    reservation: str = ""
    mark: str = ""


class Unfinished:
    """The unfinished acts by their nonces; the oldest goes where there are too many. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acts: OrderedDict[str, Pending] = OrderedDict()
        self._sought: dict[str, str] = {}

    def keep(self, nonce: str, pending: Pending) -> None:
        """Remember an act, or what became of it."""
        with self._lock:
            self._acts[nonce] = pending
            self._acts.move_to_end(nonce)
            while len(self._acts) > MOST:
                self._acts.popitem(last=False)

    def get(self, nonce: str) -> Pending | None:
        """What is known of it."""
        with self._lock:
            return self._acts.get(nonce)

    def add_product(self, nonce: str, text: str) -> bool:
        """One more product was scanned for it; False where there is no such act any more, or no such product."""
        with self._lock:
            pending = self._acts.get(nonce)
            if pending is None:
                return False
            purchase = pending.purchase.with_product(text)
            self._acts[nonce] = replace(pending, purchase=purchase)
            return purchase is not pending.purchase

    def name_member(self, nonce: str, text: str) -> bool:
        """The member's code was scanned for it."""
        with self._lock:
            pending = self._acts.get(nonce)
            if pending is None:
                return False
            self._acts[nonce] = replace(pending, purchase=replace(pending.purchase, member=text))
            return True

    def drop(self, nonce: str) -> None:
        """It is finished."""
        with self._lock:
            self._acts.pop(nonce, None)

    def held(self, mark: str, now: float) -> list[str]:
        """What this session holds for a purchase now, the latest first."""
        with self._lock:
            return [
                nonce
                for nonce, one in reversed(self._acts.items())
                if one.mark == mark and one.hold and one.hold.held and (one.hold.until or 0.0) > now
            ]

    def seek(self, mark: str, text: str) -> None:
        """A scanner read this for the search page of a session."""
        with self._lock:
            if len(self._sought) > MOST:
                self._sought.clear()
            self._sought[mark] = text

    def sought(self, mark: str) -> str:
        """What the scanner read last for this session's search page."""
        with self._lock:
            return self._sought.pop(mark, "")
