"""The pop-up from memory: a whole HTTP answer for a guest who looks at it again, without a thread or a template.

A phone asks for the page several times in a minute (the system's probe, the pop-up, the browser), and a whole street may do so
at once. `pages` makes the page the first time, in two pieces: what all guests share, and the guest's own coupon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Literal, TypeVar

from babel import Locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from hub.storefront.languages import choose_language, choose_locale
from hub.storefront.qr import qr_svg
from hub.wire.coupon import Issued, show_code
from hub.wire.snapshot import Campaign

CODE_SLOT, QR_SLOT, URL_SLOT = "\x01code\x01", "\x01qr\x01", "\x01url\x01"
"""Where a coupon's own parts go. No text of a shop's has these: control characters are taken out of it."""

NO_SERIAL = "0" * 16

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


ShapeKey = tuple[Voice, int, int, int, int]
"""Who reads, the campaign, the level of its heading, in which minute the coupon ends, in which minute it is."""


def shape_key(voice: Voice, issued: Issued, level: int, now: float) -> ShapeKey | None:
    """By what the words around a coupon are found; None for one that is used or over, which says so in its own words."""
    ends_at = issued.coupon.expires_at
    if issued.used_at is not None or ends_at <= now:
        return None
    return voice, issued.coupon.campaign, level, ends_at // 60, int(now) // 60


@dataclass(frozen=True, slots=True)
class Shared:
    """The page around the coupon of a campaign; None: no coupon belongs there."""

    headers: tuple[tuple[str, str], ...]
    before: bytes
    after: bytes
    campaign: Campaign | None
    made_at: float
    head: bytes = field(init=False)

    def __post_init__(self) -> None:
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in self.headers)]
        object.__setattr__(self, "head", ("\r\n".join(lines) + "\r\n").encode("latin-1"))

    def around(self, ticket: bytes) -> bytes:
        """The whole answer."""
        length = len(self.before) + len(ticket) + len(self.after)
        return b"%sContent-Length: %d\r\n\r\n%s%s%s" % (self.head, length, self.before, ticket, self.after)


@dataclass(frozen=True, slots=True)
class Shape:
    """The words around a coupon with slots for what is its own. `url` is its page's address with `NO_SERIAL` in it."""

    text: str
    url: str
    label: str

    def filled(self, issued: Issued) -> bytes:
        """The ticket of one coupon."""
        url = self.url.replace(NO_SERIAL, issued.coupon.serial)
        text = self.text.replace(QR_SLOT, qr_svg(issued.token, self.label))
        return text.replace(CODE_SLOT, show_code(issued.code)).replace(URL_SLOT, escape(url)).encode()


@lru_cache(maxsize=256)
def voice_of(accept: str, asked: str, offered: tuple[str, ...]) -> Voice:
    """How the page speaks to a browser that sends this Accept-Language."""
    wanted = parse_accept_header(accept, LanguageAccept)
    language = choose_language(asked or None, wanted, offered)
    locale = choose_locale(language, wanted)
    return Voice(asked, language, str(locale), locale)


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
        self._shapes: dict[ShapeKey, tuple[Shape, float]] = {}
        self._asked_at: dict[tuple[Kind, Voice], float] = {}

    def belong(self, kind: Callable[[str, float], Kind], mark: Callable[[str, int, float], str]) -> None:
        """Whose pages these are: how a phone stands, and its mark for a campaign, by its address."""
        self._kind, self._mark = kind, mark

    def answer(self, ip: str, accept_language: str, query: str, now: float) -> bytes | None:
        """The answer for the phone at this address, headers and all; None where the pages have to make it.

        For a GET of HTTP/1.1 on `/` of this portal. Never hands out a coupon, so it may answer anybody; waits for nothing.
        """
        seen = self._look(ip, accept_language, query, now)
        if seen is None:
            return None
        key, mark = seen
        shared = self._serve(key, now)
        if shared is None:
            return None
        if shared.campaign is None:
            return shared.around(b"")
        ticket = self.ticket(mark(shared.campaign), key[1], now)
        return None if ticket is None else shared.around(ticket)

    def fresh(
        self,
        ip: str,
        accept_language: str,
        query: str,
        now: float,
        take: Callable[[Campaign, str], Issued | None],
    ) -> tuple[Shared, bytes] | None:
        """The page with a coupon that `take` hands out for a mark, in the pieces of `Shared.around`.

        None where the pages have to make it. For a GET by somebody who looks; waits for the disk.
        """
        seen = self._look(ip, accept_language, query, now)
        if seen is None:
            return None
        (kind, voice), mark = seen
        shared = self.shared(kind, voice, now)
        if shared is None or shared.campaign is None:
            return None
        number = mark(shared.campaign)
        issued = take(shared.campaign, number)
        found = None if issued is None else shape_key(voice, issued, 1, now)
        shape = None if found is None else self.shape(found, now)
        if shape is None or issued is None:
            return None
        ticket = shape.filled(issued)
        self.keep_ticket(number, voice, ticket, now)
        return shared, ticket

    def _look(
        self, ip: str, accept_language: str, query: str, now: float
    ) -> tuple[tuple[Kind, Voice], Callable[[Campaign], str]] | None:
        """Who asks for which page; None where that cannot be told from these few words."""
        asked = _ASKED.get(query)
        if asked is None or len(accept_language) > LONGEST_ACCEPT or not self._offered:
            return None
        kind = self._kind(ip, now)
        if kind == "in":
            return None
        voice = voice_of(accept_language, asked, self._offered)
        return (kind, voice), lambda campaign: self._mark(ip, campaign.number, now)

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

    def shape(self, key: ShapeKey, now: float) -> Shape | None:
        """The words around a coupon, where they are fresh: the same for all who take one in the same minute."""
        found = self._shapes.get(key)
        return found[0] if found is not None and _is_fresh(found[1], now, FRESH_S) else None

    def keep_shape(self, key: ShapeKey, shape: Shape, now: float) -> None:
        """Keep the words around a coupon."""
        with self._lock:
            _put(self._shapes, key, (shape, now), MOST_SHARED)

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
