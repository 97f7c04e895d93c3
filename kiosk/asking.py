"""Guests whom somebody of the staff has asked at this till, and what they said: on the screen beside it, or on their own phone.

Memory only: whoever restarts the kiosk asks once more. The screen's pages carry the *secret* with which a guest answers; pages of
the till know the *nonce* alone, with which nothing can be answered. So who is signed in at the till cannot say yes for anybody.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

LIVES_S = 300.0
MOST = 50

State = Literal["open", "joined", "refused", "over"]
NoUrl = Literal["", "no-hub", "no-address"]
"""Why there is nothing for the guest's own phone: the hub did not answer, or nobody has told it where phones reach it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """One guest who was asked. `url`: for their own phone, empty where there is none; `no_url` says why. `member`: once they
    joined."""

    nonce: str
    secret: str
    staff: str
    until: float
    url: str = ""
    no_url: NoUrl = "no-hub"
    state: State = "open"
    member: str = ""


class Asking:
    """The invitations of one till; the latest that is open stands on its screen. Safe from several threads."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Invitation] = OrderedDict()

    def ask(self, staff: str, now: float) -> Invitation:
        """Ask the guest who stands there. Whoever was asked before by this person, and has not answered, is not waited for."""
        with self._lock:
            for nonce, one in self._kept.items():
                if one.staff == staff and one.state == "open":
                    self._kept[nonce] = replace(one, state="over")
            made = Invitation(self._random(16).hex(), self._random(16).hex(), staff, now + LIVES_S)
            self._kept[made.nonce] = made
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return made

    def at_phone(self, nonce: str, url: str) -> None:
        """The hub gave an address for their own phone, or said with an empty one that it has none."""
        with self._lock:
            if nonce in self._kept:
                no_url: NoUrl = "" if url else "no-address"
                self._kept[nonce] = replace(self._kept[nonce], url=url, no_url=no_url)

    def of_till(self, nonce: str, now: float) -> Invitation | None:
        """What became of one, for the till that asked."""
        with self._lock:
            one = self._kept.get(nonce)
        if one is not None and one.state == "open" and now >= one.until:
            return replace(one, state="over")
        return one

    def of_guest(self, secret: str, now: float) -> Invitation | None:
        """The open invitation of whoever holds this."""
        with self._lock:
            found = next((one for one in self._kept.values() if secret and one.secret == secret), None)
        return found if found is not None and found.state == "open" and now < found.until else None

    def waiting(self, now: float) -> Invitation | None:
        """Whom the screen is to ask: the latest."""
        with self._lock:
            for one in reversed(self._kept.values()):
                if one.state == "open" and now < one.until:
                    return one
        return None

    def settle(self, nonce: str, state: State, member: str = "") -> bool:
        """They answered, or the till does not wait any more; False where that was settled before."""
        with self._lock:
            one = self._kept.get(nonce)
            if one is None or one.state != "open":
                return False
            self._kept[nonce] = replace(one, state=state, member=member)
            return True
