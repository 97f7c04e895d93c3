"""Sends one message to one web address: signed, within a time that is kept, no redirects, never to where it must not go.

The network's failures are values: `Delivered` says what happened, and whether another try could help.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.outside.addresses import Target, is_public, read_target, refusal
from hub.outside.signed import sign

WITHIN_S = 15.0
"""For all of it: the name, the connection, the answer. Standard Webhooks asks for 15 to 30 s."""

MOST_ANSWER_BYTES = 4_096
"""Of an answer's body, for whoever looks at why it was no yes. The rest is not read."""

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one try. `status` 0: there was no answer, and `said` is why; else `said` is the beginning of the answer.

    `final`: another try cannot help, since the address itself must not be used.
    """

    status: int
    said: str
    final: bool = False

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300


def deliver(
    url: str,
    body: bytes,
    *,
    message: str,
    now: float,
    secrets: Sequence[bytes] = (),
    private: bool = False,
    within_s: float = WITHIN_S,
    headers: Mapping[str, str] | None = None,
    resolve: Resolve | None = None,
    context: ssl.SSLContext | None = None,
) -> Delivered:
    """POST `body` (JSON) to `url` with the message's id, signed with each of `secrets` (`hub.outside.signed`) at `now`.

    `private`: the owner lets it go to the shop's own network or to this machine; without TLS it goes nowhere else.
    `resolve` gives the addresses of a name, `context` checks the receiver's certificate; the system's by default.
    """
    try:
        target = read_target(url)
    except ValueError as wrong:
        return Delivered(0, str(wrong), final=True)
    box: list[Delivered] = []
    line = _Line(target, private, within_s, resolve or _system_names, context)
    sent = {"Content-Type": "application/json", "User-Agent": "Shopbell", "Accept": "*/*", **(headers or {})}
    if secrets:
        sent |= sign(secrets, message, int(now), body)
    else:
        sent["webhook-id"] = message
    # In a thread, since looking a name up cannot be given a time; what comes back too late is not waited for.
    thread = threading.Thread(
        target=lambda: box.append(_post(line, target, body, sent)), name="delivery", daemon=True
    )
    thread.start()
    thread.join(within_s)
    if thread.is_alive():
        line.cut()
        thread.join(1.0)
    return box[0] if box and not line.was_cut else Delivered(0, f"No answer within {within_s:g} s.")


class _NotThere(OSError):
    """The address must not be used."""


class _Line(http.client.HTTPConnection):
    """A connection to an address that was checked, and that can be cut from another thread."""

    def __init__(
        self, target: Target, private: bool, within_s: float, resolve: Resolve, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(target.host, target.port, timeout=within_s)
        # What the header Host leaves out.
        self.default_port = 443 if target.https else 80
        self._target = target
        self._private = private
        self._resolve = resolve
        self._tls = context
        self._raw: socket.socket | None = None
        self.was_cut = False

    def connect(self) -> None:
        """To the first address that answers, of those that may be used. Every one is checked, here and at no other time."""
        addresses = list(dict.fromkeys(self._resolve(self.host, self.port)))
        if not addresses:
            raise OSError(f"{self.host} has no address.")
        allowed = [one for one in addresses if refusal(one, private=self._private) is None]
        if len(allowed) != len(addresses):
            # A name with one good and one bad address is a trick, or becomes one.
            bad = next(one for one in addresses if one not in allowed)
            raise _NotThere(refusal(bad, private=self._private))
        if not self._target.https and any(is_public(one) for one in addresses):
            raise _NotThere("Without TLS nothing is sent over the internet. Use an address with https.")
        raw = _first_that_answers(allowed, self.port, self.timeout or WITHIN_S)
        self._raw = raw
        if self.was_cut:
            raw.close()
            raise OSError("The time is over.")
        if self._target.https:
            context = self._tls or ssl.create_default_context()
            self.sock = context.wrap_socket(raw, server_hostname=self.host)
            self._raw = self.sock
        else:
            self.sock = raw

    def cut(self) -> None:
        """End it now; whoever waits for its answer is told so."""
        self.was_cut = True
        if self._raw is not None:
            with contextlib.suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)


def _first_that_answers(addresses: Sequence[str], port: int, timeout_s: float) -> socket.socket:
    last: OSError = OSError("There is no address.")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=timeout_s)
        except OSError as wrong:
            last = wrong
    raise last


def _system_names(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


def _post(line: _Line, target: Target, body: bytes, headers: Mapping[str, str]) -> Delivered:
    try:
        line.request("POST", target.path, body, dict(headers))
        response = line.getresponse()
        said = response.read(MOST_ANSWER_BYTES).decode("utf-8", "replace")
        if 300 <= response.status < 400:
            return Delivered(
                response.status, "The receiver wants us to go elsewhere. Give its new address here."
            )
        return Delivered(response.status, said)
    except _NotThere as wrong:
        return Delivered(0, str(wrong), final=True)
    except ssl.SSLCertVerificationError as wrong:
        return Delivered(0, f"The receiver's certificate is not good: {wrong.verify_message}.")
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        return Delivered(0, f"{target.shown} does not answer: {wrong}.")
    finally:
        line.close()
