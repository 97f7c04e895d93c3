"""One request to another machine in three steps: connected beforehand, given away inside a gate, answered afterwards.

Every address of the name is checked before it is connected to (`hub.outside.addresses`), and the connection goes to the one that
was checked. Without TLS nothing leaves the shop's own network.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.messages.channel import GATE_S
from hub.outside.addresses import is_public, read_target, refusal

CONNECT_S = 15.0
ANSWER_S = 30.0
MOST_ANSWER = 65_536

Resolve = Callable[[str, int], Sequence[str]]


class NoWay(Exception):
    """There is no connection, and nothing has left. `final`: the address itself must not be used. The text holds no path."""

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` 0: nothing did; the other side may have acted all the same."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def wait_s(self) -> float:
        """How long the other side asks to be left alone (Retry-After in seconds); 0: it did not say."""
        text = self.headers.get("retry-after", "")
        return min(86_400.0, float(text)) if text.isdigit() else 0.0


class Posting:
    """One connection for one POST."""

    def __init__(
        self,
        url: str,
        *,
        private: bool = False,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Connect. NoWay where that cannot be, or must not. `private`: the shop's own network and this machine are allowed."""
        try:
            self._target = read_target(url)
        except ValueError as wrong:
            raise NoWay(str(wrong), final=True) from None
        target = self._target
        self._line = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_S)
        self._line.default_port = 443 if target.https else 80
        try:
            addresses = list(dict.fromkeys((resolve or _names)(target.host, target.port)))
            bad = next((no for one in addresses if (no := refusal(one, private=private))), None)
            if bad:
                raise NoWay(bad, final=True)
            if not target.https and any(is_public(one) for one in addresses):
                raise NoWay(
                    "Without TLS nothing is sent over the internet. Use an address with https.", final=True
                )
            raw = _first(addresses, target.port)
            if target.https:
                checked = context or ssl.create_default_context()
                raw = checked.wrap_socket(raw, server_hostname=target.host)
            self._line.sock = raw
        except ssl.SSLCertVerificationError as wrong:
            raise NoWay(f"The certificate of {target.shown} is not good: {wrong.verify_message}.") from None
        except (OSError, http.client.HTTPException, UnicodeError) as wrong:
            raise NoWay(f"{target.shown} cannot be reached: {type(wrong).__name__}.") from None

    def give(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Give the request away; False where the connection broke with it. Call it inside the gate: it takes `GATE_S` at most."""
        sock = self._line.sock
        sock.settimeout(GATE_S)
        try:
            self._line.request("POST", self._target.path, body, {"User-Agent": "Shopbell", **headers})
        except (OSError, http.client.HTTPException):
            return False
        return True

    def answer(self, within_s: float = ANSWER_S) -> Answer:
        """What comes back; status 0 where nothing does."""
        try:
            if self._line.sock is not None:
                self._line.sock.settimeout(within_s)
            response = self._line.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, response.read(MOST_ANSWER), headers)
        except (OSError, http.client.HTTPException, ValueError):
            return Answer(0)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of it. May be called twice."""
        self._line.close()


def _first(addresses: Sequence[str], port: int) -> socket.socket:
    last: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_S)
        except OSError as wrong:
            last = wrong
    raise last


def _names(host: str, port: int) -> list[str]:
    return [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
