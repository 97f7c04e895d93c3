"""Who stands at the till: a session on this machine's disk, an opaque cookie, and a mark that only our own forms carry."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request, Response

from hub.wire.snapshot import Staff
from kiosk.store import CounterStore

COOKIE = "shopbell-till"
TOKEN_BYTES = 32
_TOKEN = re.compile(r"[0-9a-f]{64}")
LONGEST_SHIFT_S = 14 * 3600.0
"""A session ends after a long day at the latest, however busy it was."""

TOUCH_S = 30.0
"""How exactly idleness is known; each touch is a write to an SD card."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody at the till. `mark` stands in every form of theirs."""

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
    """The till's sessions. `staff` tells who may still sign in: somebody who left the shop is out at once."""

    def __init__(
        self,
        store: CounterStore,
        staff: Callable[[], list[Staff]],
        now: Callable[[], float],
        random: Callable[[int], bytes],
        idle_s: float,
    ) -> None:
        self._store = store
        self._staff = staff
        self._now = now
        self._random = random
        self._idle_s = idle_s

    def begin(self, person: Staff) -> str:
        """A new session's token."""
        token = self._random(TOKEN_BYTES).hex()
        self._store.begin_session(_hash(token), person.id, self._now(), self._idle_s)
        return token

    def who(self, request: Request, *, touch: bool = True) -> SignedIn | None:
        """Who sent this request; None where nobody is signed in any more. `touch`: a person did something."""
        token = _token_of(request)
        session = self._store.session(_hash(token)) if token else None
        if session is None:
            return None
        now = self._now()
        person = next((one for one in self._staff() if one.id == session.staff), None)
        too_long = abs(now - session.seen_at) > self._idle_s or abs(now - session.began_at) > LONGEST_SHIFT_S
        if person is None or too_long:
            self._store.end_session(_hash(token))
            return None
        if touch and abs(now - session.seen_at) > TOUCH_S:
            self._store.touch_session(_hash(token), now)
        return SignedIn(person, token)

    def end(self, request: Request) -> None:
        """Sign out."""
        token = _token_of(request)
        if token:
            self._store.end_session(_hash(token))


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Give the browser its session; it forgets it when it is closed."""
    response.set_cookie(COOKIE, token, path="/till", httponly=True, samesite="Strict", secure=secure)


def from_our_pages(request: Request) -> bool:
    """Whether a form was sent from a page of this very kiosk (Fetch Metadata; Origin for browsers without it)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def _token_of(request: Request) -> str:
    token = request.cookies.get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else ""


def _hash(token: str) -> bytes:
    # The disk holds what cannot be used as a cookie.
    return hashlib.sha256(token.encode()).digest()
