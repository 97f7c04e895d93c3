"""One message on its way: cut into parts, each handed over and waited for."""

from __future__ import annotations

import re
from collections.abc import Callable

from hardware.modem.alphabet import cut
from hardware.modem.awaited import Awaited
from hardware.modem.fields import Piece
from hardware.modem.modem import Gate, NotSent, Sent
from hardware.modem.opening import has_network
from hardware.modem.pdu import Submit, tpdu_length, write_submit
from hardware.modem.talk import Talk
from hardware.modem.trouble import AGAIN, not_sent

MOST_PARTS = 10
"""TS 23.040 allows 255; networks and phones give up long before."""

TRIES = 3
VALID_S = 24 * 3600.0
"""A code is dead after minutes and a coupon's message worth nothing after days: the network tries for a day."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def refused_before(number: str, text: str) -> NotSent | None:
    """What no modem has to be asked for."""
    if not _E164.fullmatch(number):
        return NotSent("bad-number", "That is no number in international form, such as +4366012345678.")
    parts = len(cut(text)[1])
    if parts > MOST_PARTS:
        return NotSent(
            "too-long", f"The text needs {parts} messages; a modem sends at most {MOST_PARTS} for one."
        )
    return None


class Sender:
    """Counts the references of long messages. `between` is called after each part: what came must not wait for the last."""

    def __init__(self, awaited: Awaited, wait: Callable[[float], object]) -> None:
        self._awaited = awaited
        self._wait = wait
        self._long = 0
        self.begun = False
        """Whether a part of the message under way has gone out."""

    def send(
        self,
        talk: Talk,
        number: str,
        text: str,
        ticket: str,
        between: Callable[[], object],
        gate: Gate | None = None,
    ) -> Sent | NotSent:
        """Send it; the first part through the gate (`hardware.modem.talk.Held` where it is shut). OSError and `Hung` where the
        line breaks; `talk.handing_over` and `Hung.handed_over` say how far it was."""
        self.begun = False
        if not has_network(talk):
            return NotSent(
                "no-network",
                "The modem finds no network. Check the antenna, and that the SIM card is activated.",
            )
        coding, texts = cut(text)
        if len(texts) > 1:
            self._long = (self._long + 1) % 256
        references: list[int] = []
        for at, part in enumerate(texts, 1):
            piece = Piece(self._long, len(texts), at) if len(texts) > 1 else None
            pdu = write_submit(Submit(number, part, coding, piece, bool(ticket), VALID_S))
            sent = self._part(talk, pdu, None if references else gate)
            if isinstance(sent, NotSent):
                gone = f" {len(references)} of {len(texts)} parts had gone out." if references else ""
                return NotSent(sent.reason, sent.sentence + gone)
            references.append(sent)
            self.begun = True
            if ticket:
                self._awaited.sent(sent, number, ticket)
            between()
        return Sent(len(texts), references[-1], tuple(references))

    def _part(self, talk: Talk, pdu: bytes, gate: Gate | None) -> int | NotSent:
        for left in range(TRIES - 1, -1, -1):
            answer = talk.ask(f"AT+CMGS={tpdu_length(pdu)}", talk.times.prompt, pdu=pdu, gate=gate)
            if answer.good:
                said = re.search(r"(\d+)", " ".join(answer.lines))
                return int(said[1]) % 256 if said else 0
            if (answer.kind, answer.code) not in AGAIN or not left:
                break
            self._wait(talk.times.again)
        return not_sent(answer)
