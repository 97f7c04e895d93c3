"""The port of a channel: one message out, what became of it, and what comes in.

Pure. A channel is one connection: a modem, a session with a message centre, a provider, a mail server. It prepares all it can
(connect, log in, look the address up), then passes the *gate*: a lock of the database under which nobody can take their consent
back. Only inside it the last octets leave, those without which nothing is sent; the answer is waited for outside.

    with gate() as go:
        if not go:
            return NotSent("held")
        connection.write(message)          # bounded by `GATE_S`: tills wait for that lock, too
    return what(connection.read())
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from hardware.modem.fields import Coding, Piece
from hub.wire.fact import Medium

ChannelName = Literal["modem", "smpp", "http", "mail", "push", "screen"]

GATE_S = 2.0
"""The longest that a channel may keep the gate (s). What it gives away fits into the buffers of a connection, so it is done at
once; where it is not, the connection is given up and the message is unsure."""

FailReason = Literal[
    "held", "busy", "no-network", "no-credit", "bad-number", "too-long", "refused", "gone", "no-address"
]
"""Why nothing was sent. held: the gate was shut. busy, no-network, no-credit, gone: the channel cannot now, and may later.
bad-number, too-long, refused, no-address: it never will."""

LATER: frozenset[str] = frozenset({"busy", "no-network", "no-credit", "gone"})
"""Nothing has left, and the same message may be tried again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it. `references`: its own names for it, one for each part, by which its reports will come."""

    parts: int = 1
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was sent. `sentence` is for whoever keeps the channel, and holds no number."""

    reason: FailReason
    sentence: str = ""
    wait_s: float = 0.0
    """For a reason in `LATER`: how long the channel asks to be left alone; 0: it did not say."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have gone out. Nobody sends it again by themselves."""

    sentence: str = ""


Outcome = Sent | NotSent | Unsure
Gate = Callable[[], AbstractContextManager[bool]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as a channel gets it. `id` is the same whenever it is the same message. `address`: E.164 for "sms", a mail
    address, a push subscription as JSON, a member for "screen". `stop_link`: a whole address that ends messages in one step."""

    id: str
    address: str
    text: str
    subject: str = ""
    language: str = ""
    stop_link: str = ""
    report: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came in. `key` is the same whenever this one comes again; `sender` as the channel writes it (E.164 where it
    is a number), `to` the number that it was sent to, where known. `at`: seconds of UTC, None where nobody said. `key_lasts_s`:
    after so long (s) the same key is another message, where a channel has no names but what stands in it. `whole`: no part of it
    is missing."""

    key: str
    channel: ChannelName
    sender: str
    text: str
    at: float | None = None
    to: str = ""
    key_lasts_s: float = math.inf
    whole: bool = True


@dataclass(frozen=True, slots=True)
class HeardPart:
    """A part of a long message, by a channel that does not keep parts itself. `key` is the same whenever these octets come
    again; `text` may begin or end with half of a sign. The rest as in `Heard`."""

    key: str
    channel: ChannelName
    sender: str
    text: str
    piece: Piece
    coding: Coding
    to: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What the network says became of one part. `key` is the same whenever it comes again. `message`: its `Outgoing.id`, where
    the channel knows; else `reference` and `address` name it. `trying`: nothing is decided yet."""

    key: str
    channel: ChannelName
    outcome: Literal["delivered", "failed", "trying"]
    reference: str = ""
    address: str = ""
    message: str = ""
    at: float | None = None


class Listener(Protocol):
    """Who keeps what comes in. It may be called by any thread, also before `hand_over` has returned. When a call returns, it is
    kept, and the channel may say so to the other side; where it raises, the same comes again."""

    def heard(self, heard: Heard) -> None:
        """Keep a message; one whose key is there already is passed over."""

    def heard_part(self, part: HeardPart) -> None:
        """Keep a part of one; the message is heard when the last part is kept."""

    def acknowledged(self, channel: ChannelName, key: str) -> None:
        """The other side was told that a message is kept; what comes under that key from now on is another one. For channels
        that have no names for messages but what stands in them."""

    def reported(self, reported: Reported) -> None:
        """Keep a report; the same way."""


class Channel(Protocol):
    """One way out, and perhaps in. Its methods may be called by several threads."""

    @property
    def name(self) -> ChannelName:
        """Which one it is."""

    @property
    def medium(self) -> Medium:
        """What kind of address it takes."""

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it, passing the gate once. It returns within two minutes, whatever the other side does."""

    def listen(self, listener: Listener) -> None:
        """Give what comes, and what waits there already, to this listener from now on."""

    def trouble(self) -> str:
        """What is wrong with it now and what to do, "" where nothing is."""

    def close(self) -> None:
        """Let go of it. May be called twice."""
