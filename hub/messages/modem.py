"""Text messages by a modem at the shop: the modem is open for as long as the hub runs, sends, and hears what comes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from hardware.device import open_device
from hardware.modem import modem as port
from hardware.reasons import Found, Lost
from hub.client.trouble import StorageError
from hub.messages.channel import (
    ChannelName,
    FailReason,
    Gate,
    Heard,
    Listener,
    NotSent,
    Outcome,
    Outgoing,
    Reported,
    Sent,
    Unsure,
)
from hub.wire.fact import Medium

logger = logging.getLogger(__name__)

_REASONS: dict[str, FailReason] = {
    "busy": "busy",
    "no-network": "no-network",
    "no-credit": "no-credit",
    "bad-number": "bad-number",
    "too-long": "too-long",
    "refused": "refused",
    "held": "held",
    "closed": "gone",
    "no-sim": "gone",
    "gone": "gone",
}


class ModemChannel:
    """A modem as a channel. It is told apart from `hardware.modem` by its gate and by who keeps what comes."""

    name: ChannelName = "modem"
    medium: Medium = "sms"

    def __init__(self, modem: port.TwoWayModem) -> None:
        self._modem = modem
        self._broken: list[StorageError] = []

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it; the modem's thread passes the gate when the modem waits for the first part."""
        self._broken.clear()

        @contextmanager
        def passing() -> Iterator[bool]:
            # A database that fails is none of the modem's business: nothing leaves then, and the modem stays as it is.
            shut = False
            try:
                with gate() as go:
                    yield go
                    shut = True
            except StorageError as wrong:
                self._broken.append(wrong)
                if not shut:
                    yield False

        ticket = message.id if message.report else ""
        answer = self._modem.send(message.address, message.text, ticket=ticket, gate=passing)
        if isinstance(answer, port.Sent):
            return Sent(answer.parts, tuple(str(one) for one in answer.references or (answer.reference,)))
        if answer.reason == "unsure":
            return Unsure(answer.sentence)
        if answer.reason == "held" and self._broken:
            return NotSent("gone", f"The database could not be used: {self._broken[0]}")
        return NotSent(_REASONS[answer.reason], answer.sentence)

    def listen(self, listener: Listener) -> None:
        """Give what comes, and what lies on the card, to this listener."""
        self._modem.listen(_Owner(listener))

    def trouble(self) -> str:
        """What is wrong with the modem."""
        status = self._modem.status()
        return "" if status.ready else status.sentence

    def close(self) -> None:
        """Let go of it."""
        self._modem.close()


class _Owner:
    """Keeps what a modem gives: where it raises, the modem gives it again."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def received(self, message: port.Received) -> None:
        """Keep a message. What is no text, such as a phone's settings, nobody can answer."""
        if message.data and not message.text:
            return
        at = None if message.at is None else message.at.timestamp()
        whole = not message.missing
        self._listener.heard(Heard(message.key, "modem", message.number, message.text, at, whole=whole))

    def reported(self, report: port.Report) -> None:
        """Keep a report."""
        at = None if report.at is None else report.at.timestamp()
        self._listener.reported(
            Reported(
                report.key,
                "modem",
                "trying" if report.outcome == "waiting" else report.outcome,
                reference=str(report.reference),
                address=report.number,
                message=report.ticket,
                at=at,
            )
        )

    def told(self, what: Lost | Found) -> None:
        """The modem went or came back."""
        if isinstance(what, Lost):
            logger.warning("the modem for text messages cannot be used: %s", what.sentence)
        else:
            logger.info("the modem for text messages is ready")


def open_modem_channel(name: str) -> ModemChannel:
    """The channel of a modem by its name (`modem:/dev/ttyUSB2`, `modem:sim`); DeviceError where there is none of that name."""
    modem: port.TwoWayModem = open_device(name)
    return ModemChannel(modem)
