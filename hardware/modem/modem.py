"""The port of a modem: send a text message to a number, and be told what became of it.

A modem does one thing at a time and takes seconds for it. What goes wrong on the way is an answer, not an exception: whoever
sends has a person waiting and says something to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Reason = Literal["busy", "no-network", "no-credit", "bad-number", "too-long", "refused", "closed"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The network took the message, in so many parts. That it arrived at a phone is not known here.

    `reference` is the modem's own number for it (TP-Message-Reference, 3GPP TS 23.040, 9.2.3.6), 0 to 255.
    """

    parts: int
    reference: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was sent. `reason` is for programs, the sentence for the log and for whoever looks after the modem."""

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a simulated modem was given. `at` is seconds of UTC."""

    number: str
    text: str
    at: float
    parts: int


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
