"""Who of the staff is signed in: a session on this node's disk, an opaque token for a cookie, and a mark for our own forms."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from hub.client.staff_rows import StaffRows
from hub.wire.snapshot import Staff

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[0-9a-f]{64}")
LONGEST_SHIFT_S = 14 * 3600.0
"""A session ends after a long day at the latest, however busy it was."""

TOUCH_S = 30.0
"""How exactly idleness is known; each touch is a write to an SD card."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody of the staff. `mark` stands in every form of theirs."""

    person: Staff
    token: str

    @property
    def mark(self) -> str:
        """What tells our own forms from another site's."""
        return hashlib.blake2b(self.token.encode(), person=b"till form", digest_size=16).hexdigest()

    def made(self, mark: str) -> bool:
        """Whether this session made the form."""
        return hmac.compare_digest(self.mark.encode(), mark.encode())


class Sessions:
    """The sessions of one node. `staff` tells who may still sign in: somebody who left the shop is out at once."""

    def __init__(
        self,
        rows: StaffRows,
        staff: Callable[[], list[Staff]],
        now: Callable[[], float],
        random: Callable[[int], bytes],
        idle_s: float,
    ) -> None:
        self._rows = rows
        self._staff = staff
        self._now = now
        self._random = random
        self._idle_s = idle_s

    def begin(self, person: Staff) -> str:
        """A new session's token."""
        token = self._random(TOKEN_BYTES).hex()
        self._rows.begin_session(_hash(token), person.id, self._now(), self._idle_s)
        return token

    def who(self, token: str, *, touch: bool = True) -> SignedIn | None:
        """Who holds this token; None where nobody is signed in any more. `touch`: a person did something."""
        session = self._rows.session(_hash(token)) if _TOKEN.fullmatch(token) else None
        if session is None:
            return None
        now = self._now()
        person = next((one for one in self._staff() if one.id == session.staff), None)
        too_long = abs(now - session.seen_at) > self._idle_s or abs(now - session.began_at) > LONGEST_SHIFT_S
        if person is None or too_long:
            self._rows.end_session(_hash(token))
            return None
        if touch and abs(now - session.seen_at) > TOUCH_S:
            self._rows.touch_session(_hash(token), now)
        return SignedIn(person, token)

    def end(self, token: str) -> None:
        """Sign out."""
        if _TOKEN.fullmatch(token):
            self._rows.end_session(_hash(token))


def _hash(token: str) -> bytes:
    # The disk holds what cannot be used as a cookie.
    return hashlib.sha256(token.encode()).digest()
