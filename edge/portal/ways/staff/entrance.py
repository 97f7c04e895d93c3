"""Who may open the staff's pages: the same people with the same PINs as at the till.

Guests reach this address too. A phone that guesses waits by itself after five tries, before it can use up those that all have
together; what counts for all is on disk before the PIN is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from edge.portal.ways.tries import WrongTries
from hub.client.db import Pool
from hub.client.pins import LONGEST_PIN, PinCheck, Uptime, Wait, uptime
from hub.client.sessions import Sessions, SignedIn
from hub.client.staff_rows import StaffRows
from hub.wire.snapshot import Staff as Person

IDLE_S = 1_800.0
"""Half an hour: a phone behind the counter is looked at now and then. Shorter at the till, where a stranger can reach over."""


class StaffEntrance:
    """Lets staff in by their PIN. `staff` is who the hub says works here; `now` is seconds of UTC; `pepper` and `steady` are
    those of `hub.client.pins.PinCheck`.

    The tables are those of `WaysStore`, which has to be there first.
    """

    def __init__(
        self,
        pool: Pool,
        staff: Callable[[], list[Person]],
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
        *,
        pepper: Callable[[], bytes | None] = lambda: None,
        chain_pepper: Callable[[], bytes | None] = lambda: None,
        steady: Callable[[], Uptime] = uptime,
    ) -> None:
        rows = StaffRows(pool)
        self.staff = staff
        self._now = now
        self._pins = PinCheck(rows, pepper, steady, chain_pepper)
        self._sessions = Sessions(rows, staff, now, random, IDLE_S)
        self._tries = WrongTries()

    def come_in(self, staff: str, pin: str, place: str) -> str | Wait | None:
        """A session's token for the right PIN; None for a wrong one."""
        now = self._now()
        waiting = self._tries.begin(place, now)
        if waiting > 0:
            return Wait(waiting)
        person = next((one for one in self.staff() if one.id == staff), None)
        answer = self._pins.check(person, pin[: LONGEST_PIN + 1])
        if isinstance(answer, Wait):
            return answer
        if person is None or answer is not person:
            return None
        self._tries.right(place)
        return self._sessions.begin(person)

    def who(self, token: str) -> SignedIn | None:
        """Who holds this token; None where nobody is signed in any more."""
        return self._sessions.who(token)

    def leave(self, token: str) -> None:
        """Sign out."""
        self._sessions.end(token)
