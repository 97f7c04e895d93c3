"""Which guest looks at a page, without a name for the phone: marks made with a salt that is in memory only and dies.

A mark goes to disk with a coupon (`issued.request`), so that a reload shows the same one. Without the salt nobody can tell whose
it was, or whether two of them are of one phone.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable

SALT_BYTES = 32
SALT_LIFE_S = 12 * 3_600
"""Longer than anybody stays in a shop. Whoever comes back on another day has a coupon of that day."""


class Marks:
    """Makes marks. Several threads may use one; nothing in it waits."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._lock = threading.Lock()
        self._salt = random(SALT_BYTES)
        self._since: float | None = None

    def of(self, ip: str, mac: str, what: str, now: float) -> str:
        """The mark of a phone for one thing, such as a campaign: 32 hexadecimal digits, the same until the salt dies."""
        salt = self._salt_at(now)
        return hmac.new(salt, f"{ip}|{mac}|{what}".encode(), hashlib.sha256).hexdigest()[:32]

    def _salt_at(self, now: float) -> bytes:
        since = self._since
        if since is None or not 0 <= now - since < SALT_LIFE_S:
            with self._lock:
                if self._since is None:
                    self._since = now
                elif not 0 <= now - self._since < SALT_LIFE_S:
                    self._salt, self._since = self._random(SALT_BYTES), now
        return self._salt
