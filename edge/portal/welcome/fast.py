"""The pop-up from memory: a whole HTTP answer for a guest who looks at it again, without a thread or a template.

A phone asks for the page several times in a minute (the system's probe, the pop-up, the browser), and a whole street may do so
at once. `pages` makes the page the first time, in two pieces: what all guests share, and the guest's own coupon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeVar

from babel import Locale
from flask import Response
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from hub.storefront.languages import choose_language, choose_locale

K = TypeVar("K")
V = TypeVar("V")

Kind = Literal["open", "held-online", "held-offline", "expired-online", "expired-offline", "in"]
"""How the page differs by where a guest stands. `open`: there is no gate, and nothing to let anybody through."""

FRESH_S = 2.0
"""How long the shared piece stands: a new offer, a lost upstream is on the page no later than this."""

STALE_S = 6.0
"""How long it still serves the others while one request makes the new one."""

TICKET_FRESH_S = 30.0
"""How long a guest's piece stands: it says "until 18:00" and must not outlive that by much."""

MOST_SHARED = 32
MOST_TICKETS = 512
"""Some 5 kB each. More guests than a shop's network has addresses that look twice within half a minute."""

LONGEST_ACCEPT = 200
_ASKED = {"": "", "lang=en": "en", "lang=zh": "zh"}


@dataclass(frozen=True, slots=True)
class Voice:
    """How a page speaks: the language that stands in its address ("" for none), the one it has, how it writes dates."""

    asked: str
    language: str
    writes: str
    locale: Locale = field(compare=False)


@dataclass(frozen=True, slots=True)
class Shared:
    """The page around the coupon. `campaign` 0: no coupon belongs there."""

    head: bytes
    before: bytes
    after: bytes
    campaign: int
    made_at: float

    def around(self, ticket: bytes) -> bytes:
        """The whole answer."""
        length = len(self.before) + len(ticket) + len(self.after)
        return b"%sContent-Length: %d\r\n\r\n%s%s%s" % (self.head, length, self.before, ticket, self.after)


@lru_cache(maxsize=256)
def voice_of(accept: str, asked: str, offered: tuple[str, ...]) -> Voice:
    """How the page speaks to a browser that sends this Accept-Language."""
    wanted = parse_accept_header(accept, LanguageAccept)
    language = choose_language(asked or None, wanted, offered)
    locale = choose_locale(language, wanted)
    return Voice(asked, language, str(locale), locale)


def head_of(response: Response) -> bytes:
    """Status line and headers of an answer without its length and its last line."""
    lines = [f"HTTP/1.1 {response.status}"]
    lines += [
        f"{name}: {value}" for name, value in response.headers.items() if name.lower() != "content-length"
    ]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _is_fresh(made_at: float, now: float, for_s: float) -> bool:
    return 0 <= now - made_at < for_s


class FrontPage:
    """Whole answers for `GET /`, put together from pieces that the pages made before. Belongs to one `create_welcome`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kind: Callable[[str, float], Kind] = lambda _ip, _now: "in"
        self._mark: Callable[[str, int, float], str] = lambda _ip, _campaign, _now: ""
        self._offered: tuple[str, ...] = ()
        self._shared: dict[tuple[Kind, Voice], Shared] = {}
        self._tickets: dict[tuple[str, Voice], tuple[bytes, float]] = {}
        self._asked_at: dict[tuple[Kind, Voice], float] = {}

    def belong(self, kind: Callable[[str, float], Kind], mark: Callable[[str, int, float], str]) -> None:
        """Whose pages these are: how a phone stands, and its mark for a campaign, by its address."""
        self._kind, self._mark = kind, mark

    def answer(self, ip: str, accept_language: str, query: str, now: float) -> bytes | None:
        """The answer for the phone at this address, headers and all; None where the pages have to make it.

        For a GET of HTTP/1.1 on `/` of this portal. Never hands out a coupon, so it may answer anybody; waits for nothing.
        """
        asked = _ASKED.get(query)
        if asked is None or len(accept_language) > LONGEST_ACCEPT or not self._offered:
            return None
        kind = self._kind(ip, now)
        if kind == "in":
            return None
        voice = voice_of(accept_language, asked, self._offered)
        shared = self._serve((kind, voice), now)
        if shared is None:
            return None
        if not shared.campaign:
            return shared.around(b"")
        ticket = self.ticket(self._mark(ip, shared.campaign, now), voice, now)
        return None if ticket is None else shared.around(ticket)

    def _serve(self, key: tuple[Kind, Voice], now: float) -> Shared | None:
        shared = self._shared.get(key)
        if shared is None or _is_fresh(shared.made_at, now, FRESH_S):
            return shared
        # One request goes and makes it anew; it may fail, so after a while another one goes.
        if not _is_fresh(self._asked_at.get(key, shared.made_at), now, FRESH_S):
            self._asked_at[key] = now
            return None
        return shared if _is_fresh(shared.made_at, now, STALE_S) else None

    def shared(self, kind: Kind, voice: Voice, now: float) -> Shared | None:
        """The page around the coupon, where it is fresh."""
        found = self._shared.get((kind, voice))
        return found if found is not None and _is_fresh(found.made_at, now, FRESH_S) else None

    def ticket(self, mark: str, voice: Voice, now: float) -> bytes | None:
        """A guest's own piece, where it is fresh."""
        found = self._tickets.get((mark, voice))
        return found[0] if found is not None and _is_fresh(found[1], now, TICKET_FRESH_S) else None

    def keep_shared(self, kind: Kind, voice: Voice, shared: Shared, offered: Sequence[str]) -> None:
        """Keep a page around the coupon. `offered`: the languages of the shop."""
        with self._lock:
            self._offered = tuple(offered)
            self._asked_at.pop((kind, voice), None)
            _put(self._shared, (kind, voice), shared, MOST_SHARED)

    def keep_ticket(self, mark: str, voice: Voice, ticket: bytes, now: float) -> None:
        """Keep a guest's own piece."""
        with self._lock:
            _put(self._tickets, (mark, voice), (ticket, now), MOST_TICKETS)


def _put(kept: dict[K, V], key: K, value: V, most: int) -> None:
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]
