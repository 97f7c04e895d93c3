"""The portal's door: what is meant for another machine is answered like a gate, what is ours goes to the pages.

It stands at two places: as `hub.client.fronted.Front` before the server's parser, for plain requests, which are nearly all; and
around the application, for those that came the long way. Both say the same.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Protocol

from edge.portal.asked import Asked, absolute, address, host_name, read_head
from edge.portal.keeper import Keeper
from edge.portal.probes import NO_STORE, PLAIN, REASONS, Reply, answer, octets

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

KEEP_ADDRESSES_S = 60.0
"""How long it is taken to be true that an address is one of ours: the shop's router gives us another now and then."""

MOST_ADDRESSES = 512


class Page(Protocol):
    """The first page from memory: `edge.portal.welcome.fast.FrontPage`."""

    def answer(self, ip: str, accept_language: str, query: str, now: float) -> bytes | None:
        """The whole answer to GET /, or None."""


class OwnNames:
    """By which names this machine is called: those that were given, and every address that it has."""

    def __init__(self, names: Iterable[str], tick: Callable[[], float] = time.monotonic) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names if name)
        self._tick = tick
        self._addresses: dict[str, tuple[bool, float]] = {}

    def has(self, name: str) -> bool:
        """Whether this is a name or an address of ours."""
        if name in self._names:
            return True
        known = self._addresses.get(name)
        if known is not None and known[1] > self._tick():
            return known[0]
        there = address(name)
        if there is None:
            return False
        if len(self._addresses) >= MOST_ADDRESSES:
            # Strangers fill this: with addresses that they make up.
            self._addresses = {}
        ours = _is_ours(name, there.version)
        self._addresses[name] = ours, self._tick() + KEEP_ADDRESSES_S
        return ours


def _is_ours(ip: str, version: int) -> bool:
    # Nobody can listen on another machine's address; nothing is sent.
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as line,
    ):
        line.bind((ip, 0))
        return True
    return False


@dataclass(frozen=True, slots=True)
class Door:
    """What the front works with. `portal` is the address of the first page; `now` seconds of UTC.

    `knows_time`: whether the clock is worth a Date header.
    """

    keeper: Keeper
    own: OwnNames
    portal: str
    page: Page
    now: Callable[[], float]
    knows_time: Callable[[], bool]


BAD_REQUEST = Reply(400, (("Content-Type", PLAIN), NO_STORE), b"This request names no machine.\n")


class Front:
    """Answers at the door. Without an access point everybody is a visitor of ours, under whatever name they call us."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._date = (0, "")

    def __call__(self, head: bytes, ip: str) -> bytes | None:
        """As `hub.client.fronted.Front`: the whole answer, or None for the pages."""
        asked = read_head(head)
        if asked is None:
            return None
        now = self._door.now()
        reply = self._foreign(asked, ip, now)
        if reply is not None:
            return octets(
                reply, head=asked.method == "HEAD", version=asked.version, date=self._http_date(now)
            )
        if asked.path == "/" and asked.method == "GET" and asked.version == "1.1":
            page = self._door.page.answer(ip, asked.accept_language, asked.query, now)
            return None if page is None else self._completed(page, asked, now)
        return None

    def around(self, app: Wsgi) -> Wsgi:
        """The application, asked only for what is ours."""

        def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            target = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
            whole = absolute(target)
            if whole is not None:
                # In this form Host does not count; the pages must make no link of it either.
                environ["HTTP_HOST"], target = whole
            asked = Asked(
                environ["REQUEST_METHOD"],
                environ.get("HTTP_HOST", ""),
                target,
                environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
                environ.get("HTTP_USER_AGENT", ""),
            )
            reply = self._foreign(asked, environ.get("REMOTE_ADDR", ""), self._door.now())
            return app(environ, start) if reply is None else _start(reply, asked, start)

        return guarded

    def _foreign(self, asked: Asked, ip: str, now: float) -> Reply | None:
        """The answer to what is meant for another machine; None for what is ours."""
        door = self._door
        if not door.keeper.has_gate:
            return None
        name = host_name(asked.host)
        if name is None:
            # Before 1.1 a request had to name nobody.
            return None if not asked.host and asked.version == "1.0" else BAD_REQUEST
        if door.own.has(name):
            return None
        return answer(asked, door.keeper.standing(ip, now), door.portal)

    def _completed(self, page: bytes, asked: Asked, now: float) -> bytes:
        """A page with the headers that are the connection's: it is kept, since the form comes next."""
        status, _, rest = page.partition(b"\r\n")
        date = self._http_date(now)
        more = (f"Date: {date}\r\n" if date else "") + ("Connection: close\r\n" if asked.last else "")
        return status + b"\r\n" + more.encode("ascii") + rest

    def _http_date(self, now: float) -> str:
        second = int(now)
        if self._date[0] != second:
            self._date = second, formatdate(second, usegmt=True) if self._door.knows_time() else ""
        return self._date[1]


def _start(reply: Reply, asked: Asked, start: Callable[..., Any]) -> Iterable[bytes]:
    headers = list(reply.headers)
    if reply.status != 204:
        headers.append(("Content-Length", str(len(reply.body))))
    start(f"{reply.status} {REASONS[reply.status]}", headers)
    return [] if asked.method == "HEAD" else [reply.body]
