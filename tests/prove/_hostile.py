"""Requests that nobody of good will sends, and their senders: for the proof that the portal bears them."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote_plus

HOST = "portal.internal"
FOREIGN = (
    "connectivitycheck.gstatic.com",
    "captive.apple.com",
    "www.msftconnecttest.com",
    "detectportal.firefox.com",
    "nmcheck.gnome.org",
    "evil.example",
    "portal.internal.evil.example",
    "198.18.0.1",
    "203.0.113.9:80",
    "[2001:db8::1]",
)
STRANGE_HOSTS = (
    "",
    " ",
    ".",
    "a..b",
    "a, b",
    "portal.internal@evil.example",
    "x" * 400,
    "\xff\xfe",
    "%00",
    "[::",
    "a:b:c",
    "*",
)
PATHS = (
    "/generate_204",
    "/hotspot-detect.html",
    "/connecttest.txt",
    "/success.txt",
    "/check_network_status.txt",
    "/",
)
TRAVERSAL = (
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fshadow",
    "/static/../../node.key",
    "/picture/..%5c..%5cnode.key",
    "/coupon/../../../proc/self/environ",
    "//evil.example/%2e%2e",
    "/\\..\\..\\windows\\win.ini",
    "/%00/node.json",
    "/offer/1/../../installer",
    "/m/..%2f..%2f",
)
ODD = (
    "", "0", "-1", "1", "yes", "en", "zh", "xx", "9" * 400, "1e309", "NaN", "true", "null", "[]", "{}", "\x00", "\r\nX-Evil: 1",
    "<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "${7*7}", "%s%s%n", "é", "中文", "\U0001f514", "\u202e", "\ud7ff",
    "a" * 3_000, "ABCD-EFGH-JKMN", "+4915123456789", "+1", "0" * 20, "http://evil.example/", "//evil.example", "data:,",
)  # fmt: skip
METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 50)
AGENTS = (
    "CaptiveNetworkSupport-480 wispr",
    "Microsoft NCSI",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "",
    "\xff" * 40,
    "y" * 2_000,
)

LINE_S = 30.0
"""An answer that takes longer has not come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `sound`: it is HTTP of a usual size, so it must be answered; others may be cut off."""

    kind: str
    octets: bytes
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page: where it goes, what it has."""

    action: str
    fields: tuple[tuple[str, str], ...]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((told.get("method", "get").lower(), told.get("action", ""), []))
        elif tag in ("input", "button", "select", "textarea") and told.get("name") and self.found:
            self.found[-1][2].append((told["name"], told.get("value", "")))
        elif tag == "a" and told.get("href", "").startswith("/"):
            self.links.append(told["href"])


def read_page(text: str) -> tuple[list[Form], list[str]]:
    """The forms of a page that are sent by POST, and where its links lead."""
    reader = _Forms()
    reader.feed(text)
    forms = [
        Form(action, tuple(dict(fields).items()))
        for method, action, fields in reader.found
        if method == "post"
    ]
    return forms, reader.links


class Hostile:
    """A never-ending row of requests, made of what the portal's own pages offer. The same seed is the same row."""

    def __init__(self, rnd: random.Random, paths: Sequence[str], forms: Sequence[Form]) -> None:
        self._rnd = rnd
        self._paths = paths
        self._subsets = itertools.cycle(
            [(form, subset) for form in forms for subset in _subsets(form, rnd)] or [(Form("/enter", ()), ())]
        )
        self._kinds = (
            (22, self._form),
            (16, self._own),
            (14, self._foreign),
            (10, self._headers),
            (8, self._encodings),
            (7, self._traversal),
            (6, self._absolute),
            (5, self._method),
            (4, self._long),
            (3, self._row),
            (3, self._body),
            (2, self._noise),
        )
        self._weights = [weight for weight, _ in self._kinds]

    def __iter__(self) -> Iterator[Sent]:
        while True:
            ((_, make),) = self._rnd.choices(self._kinds, self._weights)
            yield make()

    def _request(
        self, method: str, target: str, host: str = HOST, lines: Sequence[str] = (), body: bytes = b""
    ) -> bytes:
        head = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body

    def _odd(self) -> str:
        return self._rnd.choice(ODD)

    def _query(self) -> str:
        names = (
            "lang",
            "q",
            "way",
            "next",
            "handle",
            "code",
            "page",
            "".join(self._rnd.choices("abc[]%&", k=4)),
        )
        pairs = [
            f"{self._rnd.choice(names)}={quote_plus(self._odd())}" for _ in range(self._rnd.randrange(4))
        ]
        return "?" + "&".join(pairs) if pairs else ""

    def _form(self) -> Sent:
        form, subset = next(self._subsets)
        pairs = []
        for name, value in subset:
            pairs += [(name, value if self._rnd.random() < 0.5 else self._odd())] * self._rnd.choice(
                (1, 1, 1, 2)
            )
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()
        kind = "application/x-www-form-urlencoded"
        return Sent("form", self._request("POST", form.action, lines=[f"Content-Type: {kind}"], body=body))

    def _own(self) -> Sent:
        return Sent(
            "own",
            self._request(
                self._rnd.choice(("GET", "GET", "HEAD")), self._rnd.choice(self._paths) + self._query()
            ),
        )

    def _foreign(self) -> Sent:
        host, path, agent = self._rnd.choice(FOREIGN), self._rnd.choice(PATHS), self._rnd.choice(AGENTS)
        lines = [f"User-Agent: {agent}"] if self._rnd.random() < 0.7 else []
        return Sent("foreign", self._request("GET", path + self._query(), host, lines))

    def _headers(self) -> Sent:
        lines = [
            self._rnd.choice(
                (
                    "Host: evil.example",
                    "User-Agent: a\r\nUser-Agent: b",
                    "Accept-Language: "
                    + self._rnd.choice(("zh", "*", "en;q=x", "," * 500, "a" * 900, "zh-" * 300, "\xe9")),
                    "Accept: \x7f",
                    "Cookie: " + "a=b; " * 200,
                    "Cookie: =;;==",
                    "X-Forwarded-For: 10.77.0.9",
                    "X-Forwarded-Host: evil.example",
                    "Forwarded: for=1.2.3.4",
                    "Content-Length: 3\r\nContent-Length: 4",
                    "Content-Length: 1e3",
                    "Transfer-Encoding: chunked, gzip",
                    "Content-Type: multipart/form-data; boundary=" + "-" * 80,
                    "Range: bytes=0-0,1-1,-9",
                    "If-None-Match: " + '"a",' * 100,
                    "Upgrade: h2c",
                    "Expect: 200-maybe",
                    "X: " + "b" * 5_000,
                    "Broken header",
                    ": empty",
                )
            )
            for _ in range(self._rnd.randrange(1, 5))
        ]
        host = self._rnd.choice((HOST, HOST, *STRANGE_HOSTS))
        if self._rnd.random() < 0.15:
            octets = f"GET {self._rnd.choice(self._paths)} HTTP/1.{self._rnd.randrange(3)}\r\nConnection: close\r\n\r\n".encode()
            return Sent("headers", octets)
        return Sent("headers", self._request("GET", self._rnd.choice(self._paths), host, lines), sound=False)

    def _encodings(self) -> Sent:
        tail = self._rnd.choice(
            (
                "%",
                "%ff%fe",
                "%c0%ae%c0%ae/",
                "%u0041",
                "%25%32%65",
                "%E0%80%80",
                "%F5%80",
                "+%20+",
                ";;",
                "?&&&=",
                "?%00=%00",
            )
        )
        return Sent(
            "encodings", self._request("GET", self._rnd.choice((*self._paths, "/m/", "/coupon/")) + tail)
        )

    def _traversal(self) -> Sent:
        return Sent("traversal", self._request("GET", self._rnd.choice(TRAVERSAL) + self._query()))

    def _absolute(self) -> Sent:
        target = self._rnd.choice(
            ("http://portal.internal/", "http://evil.example/", "http://[", "https://portal.internal/offers", "http:///x",
             "ftp://a/", "http://a:99999/", "http://portal.internal@evil.example/", "HTTP://PORTAL.INTERNAL", "a:b", "*")
        )  # fmt: skip
        return Sent(
            "absolute", self._request("GET", target + self._query(), self._rnd.choice((HOST, *FOREIGN)))
        )

    def _method(self) -> Sent:
        method, host = self._rnd.choice(METHODS), self._rnd.choice((HOST, HOST, *FOREIGN))
        return Sent(
            "method", self._request(method, self._rnd.choice(self._paths), host), sound=method != "CONNECT"
        )

    def _long(self) -> Sent:
        size = self._rnd.choice((4_090, 9_000, 16_300, 65_536, 65_536))
        target, lines = "/", []
        match self._rnd.randrange(3):
            case 0:
                target = "/" + "a/" * (size // 2)
            case 1:
                target = "/?q=" + "%41" * (size // 3)
            case _:
                lines = ["X-Long: " + "b" * size]
        return Sent(
            "long",
            self._request("GET", target, self._rnd.choice((HOST, "evil.example")), lines),
            sound=size < 16_000,
        )

    def _row(self) -> Sent:
        one = f"GET {self._rnd.choice(self._paths)} HTTP/1.1\r\nHost: {self._rnd.choice((HOST, 'evil.example'))}\r\n\r\n"
        return Sent("row", one.encode() * self._rnd.randrange(1, 4) + self._request("GET", "/"))

    def _body(self) -> Sent:
        size = self._rnd.choice((0, 1, 16_385, 40_000))
        kind = self._rnd.choice(
            (
                "application/json",
                "multipart/form-data; boundary=x",
                "text/plain",
                "application/x-www-form-urlencoded",
            )
        )
        octets = self._request(
            "POST",
            self._rnd.choice(self._paths),
            lines=[f"Content-Type: {kind}"],
            body=self._rnd.randbytes(size),
        )
        return Sent("body", octets, sound=size < 30_000)

    def _noise(self) -> Sent:
        octets = self._rnd.randbytes(self._rnd.randrange(1, 300))
        return Sent("noise", octets + b"\r\n\r\n", sound=False)


def _subsets(form: Form, rnd: random.Random) -> list[tuple[tuple[str, str], ...]]:
    """Every subset of a form's fields, in any order."""
    fields = form.fields[:10]
    found = [chosen for size in range(len(fields) + 1) for chosen in itertools.combinations(fields, size)]
    rnd.shuffle(found)
    return found


def send(port: int, octets: bytes) -> bytes | None:
    """What comes back until the end; None where nothing comes in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=LINE_S) as line:
        parts = []
        try:
            line.sendall(octets)
            while part := line.recv(65_536):
                parts.append(part)
        except (ConnectionResetError, BrokenPipeError):
            # It closed while we were still sending; what it said before that counts.
            with contextlib.suppress(OSError):
                while part := line.recv(65_536):
                    parts.append(part)
        except TimeoutError:
            return None
        return b"".join(parts)


class HalfOpen:
    """Phones that connect and do not come to an end: some say nothing, some begin, some send a sign now and then."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._number = number
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)
        self.opened = 0

    def __enter__(self) -> HalfOpen:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def _hold(self) -> None:
        lines: list[socket.socket | None] = [None] * self._number
        head = b"GET / HTTP/1.1\r\nHost: portal.internal\r\nUser-Agent: slow\r\n"
        told = [0] * self._number
        while not self._ended.wait(0.05):
            for place in range(self._number):
                line = lines[place]
                try:
                    if line is None:
                        # Five phones, by their addresses.
                        source = f"127.0.0.{2 + place % 5}"
                        line = socket.create_connection(("127.0.0.1", self._port), 5, (source, 0))
                        line.setblocking(False)
                        lines[place], told[place] = line, 0
                        self.opened += 1
                    elif place % 3 and told[place] < len(head) and time.monotonic() % 1 < 0.2:
                        line.send(head[told[place] : told[place] + 1])
                        told[place] += 1
                    if not line.recv(1_000):
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                except OSError:
                    if line is not None:
                        line.close()
                    lines[place] = None
        for line in lines:
            if line is not None:
                line.close()
