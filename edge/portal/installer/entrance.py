"""The way in: one code for whoever sets the door up, wrong tries that cost time, a session of two hours.

The code is made at random and shown once; here are only hashes. Shoppers on the guest Wi-Fi can reach these pages' address, so
every try is counted on disk before the code is looked at: neither many phones nor pulling the plug gives a free one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge.portal.store import InstallerStore, Tries
from hub.wire.identity import CROCKFORD, crockford, fold_typed

CODE_CHARACTERS = 12
"""60 random bits: it stays good until another is made, so it must be beyond guessing also without a clock."""

SESSION_S = 2 * 3_600.0
"""As long as one works at a door. Shorter, and a count of heads ends at a sign-in page; longer, and a lent phone is let in."""

FREE_TRIES = 5
"""Wrong tries from one place before it has to wait."""

FREE_TRIES_FROM_ANYWHERE = 20
"""Together from everywhere: more than FREE_TRIES, or one phone could lock the installer out at once."""

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
LONGEST_WAIT_ANYWHERE_S = 30.0
"""For the count of all places: the installer must not be locked out for long by others. At 60 bits it need not be more."""

FORGET_AFTER_S = 86_400.0
_ANYWHERE = "*"
_TOKEN = re.compile(r"[0-9a-f]{64}")
ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES = 19_456, 2, 1
"""OWASP's first choice for argon2id: some 40 ms on a Raspberry Pi 4."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong codes: nothing is looked at before so many seconds have passed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NoCode:
    """No code has been made yet on this node."""


def make_code(store: InstallerStore, random_bytes: Callable[[int], bytes], now: float) -> str:
    """A new code in groups of four, shown once; the one before and its sessions are worth nothing from now on."""
    from argon2 import PasswordHasher

    code = crockford(random_bytes(8), CODE_CHARACTERS)
    store.put_code(PasswordHasher(ARGON2_PASSES, ARGON2_MEMORY_KIB, ARGON2_LANES).hash(code), now)
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def wait_s(tries: Tries, now: float, *, free: int, longest_s: float) -> float:
    """How long until the next try is looked at: nothing for the first few, then doubling from the latest on."""
    over = tries.count - free
    if over < 0 or now - tries.latest_at > FORGET_AFTER_S:
        return 0.0
    step = min(longest_s, FIRST_WAIT_S * 2.0 ** min(over, 20))
    # A clock that was set back must not lock anybody out for long.
    return min(step, max(0.0, tries.latest_at + step - now))


class Entrance:
    """Lets the installer in. `now` is in seconds of UTC."""

    def __init__(
        self, store: InstallerStore, now: Callable[[], float], random_bytes: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._now = now
        self._random_bytes = random_bytes
        # One hash at a time: each takes as much memory as the rest of the portal.
        self._one = threading.Lock()

    def come_in(self, typed: str, place: str) -> str | Wait | NoCode | None:
        """The token of a new session; None where it is another code. `place` is where the request comes from."""
        with self._one:
            now = self._now()
            kept = self._store.code()
            if kept is None:
                return NoCode()
            places = (place, _ANYWHERE)
            waiting = max(
                wait_s(self._store.tries(place), now, free=FREE_TRIES, longest_s=LONGEST_WAIT_S),
                wait_s(
                    self._store.tries(_ANYWHERE),
                    now,
                    free=FREE_TRIES_FROM_ANYWHERE,
                    longest_s=LONGEST_WAIT_ANYWHERE_S,
                ),
            )
            if waiting > 0:
                return Wait(waiting)
            self._store.note_try(places, now, now - FORGET_AFTER_S)
            if not _fits(kept, fold_typed(typed[:100])):
                return None
            self._store.forget_tries(places)
            token = self._random_bytes(32).hex()
            self._store.begin_session(_hash(token), now, now - SESSION_S)
            return token

    def is_in(self, token: str) -> bool:
        """Whether this cookie is a session that lasts."""
        began = self._store.session_began(_hash(token)) if _TOKEN.fullmatch(token) else None
        return began is not None and abs(self._now() - began) <= SESSION_S

    def leave(self, token: str) -> None:
        """End the session; its cookie is worth nothing."""
        self._store.end_session(_hash(token))


def form_mark(token: str) -> str:
    """What tells our own forms from another site's. It tells nothing of the cookie that it is made from."""
    return hmac.new(token.encode(), b"installer form", hashlib.sha256).hexdigest()[:32]


def _fits(kept: str, code: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    if len(code) != CODE_CHARACTERS or set(code) - set(CROCKFORD):
        return False
    try:
        return PasswordHasher().verify(kept, code)
    except (Argon2Error, InvalidHashError):
        return False


def _hash(token: str) -> bytes:
    # The disk holds what cannot be used as a cookie.
    return hashlib.sha256(token.encode()).digest()
