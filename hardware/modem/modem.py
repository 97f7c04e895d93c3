"""The port of a modem: send a text message to a number, and be told what became of it; hear what comes.

Pure. A modem does one thing at a time and takes seconds for it. What goes wrong on the way is an answer, not an exception:
whoever sends has a person waiting and says something to them. What comes is given to an owner, who keeps it; only then it is
taken off the modem's own store. So a message comes at least once, always under the same `key`, whenever the plug is pulled: an
owner who keeps keys has each once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from hardware.modem.pdu import Outcome
from hardware.reasons import Found, Lost

Reason = Literal[
    "busy",
    "no-network",
    "no-credit",
    "bad-number",
    "too-long",
    "refused",
    "closed",
    "no-sim",
    "gone",
    "unsure",
    "held",
]
"""`held`: whoever sends shut the gate at the last moment. `gone`: the modem is unplugged or silent, and nothing of the message
has left. `unsure`: it fell silent with the message in its hands, or with parts of it sent; sending it again may send it twice."""


Gate = Callable[[], AbstractContextManager[bool]]
"""Entered when the modem waits for the first part of a message, and left when it has it: False inside means that nothing is to
leave any more. Whoever sends can keep others out meanwhile. The modem's thread enters it, once for each try."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The network took the message, in so many parts. That it arrived is told by a `Report`, where one was asked for.

    `reference` is the modem's own number for it (TP-Message-Reference, 3GPP TS 23.040, 9.2.3.6), 0 to 255; of the last
    part, where there are several. `references` are those of all parts.
    """

    parts: int
    reference: int
    references: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was sent (but see `unsure`). `reason` is for programs, the sentence for the log and whoever keeps the modem."""

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a simulated modem was given. `at` is seconds of UTC."""

    number: str
    text: str
    at: float
    parts: int


@dataclass(frozen=True, slots=True)
class Received:
    """A message that came. `key` is the same whenever this one comes again. `at` is the network's time, None where it gave none.

    `missing` parts never came, and `text` shows where; `data` is what is no text, such as a phone's settings.
    """

    key: str
    number: str
    text: str
    at: datetime | None
    data: bytes = b""
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one part. `status`: TP-ST (TS 23.040, 9.2.3.15).

    `ticket`: of the message, where the modem still knows it; else by `reference` and `number`, which `same_number` of
    `hardware.modem.awaited` compares.
    """

    key: str
    number: str
    reference: int
    outcome: Outcome
    status: int
    at: datetime | None
    ticket: str = ""


class Owner(Protocol):
    """Who keeps what comes. Called by the modem's thread, one call at a time. When `received` and `reported` return, it is kept;
    where they raise, it comes again."""

    def received(self, message: Received) -> None:
        """Keep a message; one whose key is there already is passed over."""

    def reported(self, report: Report) -> None:
        """Keep a report; the same way."""

    def told(self, what: Lost | Found) -> None:
        """The modem cannot be used any more, and why; or can again."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a modem is. `sentence` says what is wrong and what to do, "" where nothing is. `signal_dbm`: None where not known."""

    ready: bool
    sentence: str = ""
    network: bool = False
    signal_dbm: int | None = None
    model: str = ""


class Modem(Protocol):
    """One modem. `send` may be called from several threads; it returns when the network has answered, at most after minutes."""

    simulated: bool

    @property
    def sent(self) -> tuple[Message, ...]:
        """What a simulated modem was given, the oldest first; a real one keeps nothing, and says nothing here."""

    def send(self, number: str, text: str) -> Sent | NotSent:
        """Send `text` to `number`, which is in E.164 with its plus sign: +4366012345678."""

    def describe(self) -> str:
        """One line for screens."""

    def close(self) -> None:
        """Let go of the device. A message under way is finished. May be called twice."""


class TwoWayModem(Modem, Protocol):
    """A modem that also hears."""

    def send(self, number: str, text: str, *, ticket: str = "", gate: Gate | None = None) -> Sent | NotSent:
        """As `Modem.send`. With a ticket, the network is asked for a report of each part. With a gate, nothing leaves but inside
        it; the parts behind the first follow it."""

    def listen(self, owner: Owner) -> None:
        """Give what comes, and what lies there already, to this owner from now on."""

    def status(self) -> Status:
        """How it is, as it was last seen; at once."""
