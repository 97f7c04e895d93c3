"""The other side of the line: a modem with SIM card and network that exist in memory only, speaking AT.

For tests, and for whoever wants to try the driver without a modem. It obeys the rules of 3GPP TS 27.005 as the driver relies
on them: stored messages are told of, direct ones wait for their acknowledgement, a prompt waits for Ctrl+Z or Escape.
`far_side_line` puts it on a pseudo terminal. What it may do wrong is in `Faults`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hardware.modem.alphabet import cut
from hardware.modem.fields import BadPdu, Piece
from hardware.modem.pdu import (
    Deliver,
    StatusReport,
    Submit,
    read_submit,
    tpdu_length,
    write_deliver,
    write_report,
)

CENTRE = "+436990000000"
ROOM = 30


@dataclass(slots=True)
class Faults:
    """What it does wrong; may be changed while it runs.

    `deaf_until`: answers nothing until this has happened (escape, ATZ, reopen, restart). `silent_with_text`: falls silent with
    the next text. `send_errors`: what it says to the next texts, "" takes one. `keeps_nothing`: gives all directly. `chatter`:
    said in the middle of each answer. `no_answer_to`: the next command that begins so. `hangs_after`: so many texts.
    """

    deaf_until: str = ""
    silent_with_text: bool = False
    send_errors: list[str] = field(default_factory=list)
    no_reports_stored: bool = False
    keeps_nothing: bool = False
    chatter: bytes = b""
    sim: str = "READY"
    pin: str = "1234"
    pin_left: int = 3
    registered: int = 1
    no_answer_to: str = ""
    hangs_after: int = -1


class FarSide:
    """A modem's end. `say` is called with what it says, from whichever thread; `now` is the network's time, with a zone."""

    def __init__(
        self,
        say: Callable[[bytes], object],
        *,
        faults: Faults | None = None,
        now: Callable[[], datetime] = lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    ) -> None:
        self.faults = faults or Faults()
        self.sent: list[Submit] = []
        self.store: dict[int, bytes] = {}
        self.acknowledged = 0
        self.commands: list[str] = []
        self._say_octets = say
        self._now = now
        self._lock = threading.RLock()
        self._buffer = bytearray()
        self._direct: list[bytes] = []
        self._forget_settings()
        self._reference = 40
        self._long = 0

    def _forget_settings(self) -> None:
        self._echo, self._codes, self._pdu, self._phase2 = True, 0, False, False
        self._cnmi = (0, 0, 0, 0, 0)
        self._text_of: int | None = None

    # The network's side

    def arrive(self, number: str, text: str, *, wide: bool = False, order: Iterable[int] = ()) -> None:
        """A message for this modem; a long one in parts, in this order (from 0) and as often as they are named."""
        coding, texts = cut(text)
        if wide and len(texts) > 1:
            # A header of 16 bits leaves one septet, or half a unit, less: parts are made a little shorter.
            texts = [text[at : at + 60] for at in range(0, len(text), 60)]
        self._long += 1
        for at in order or range(len(texts)):
            piece = Piece(self._long + (0x1234 if wide else 0), len(texts), at + 1, wide)
            deliver = Deliver(
                number, self._now(), texts[at], coding=coding, piece=piece if len(texts) > 1 else None
            )
            self.bring(write_deliver(deliver, CENTRE))

    def bring(self, pdu: bytes) -> None:
        """These octets come from the network."""
        with self._lock:
            if self._cnmi[1] in (2, 3):
                self._directly("CMT", pdu)
            else:
                self._store(pdu, "CMTI" if self._cnmi[1] == 1 else "")

    def report(self, at: int = -1, status: int = 0, number: str = "") -> None:
        """What became of a message that was sent."""
        with self._lock:
            sent = self.sent[at]
            told = StatusReport(sent.reference, number or sent.number, self._now(), self._now(), status)
            pdu = write_report(told, CENTRE)
            if self._cnmi[3] == 1:
                self._directly("CDS", pdu)
            elif self._cnmi[3] == 2:
                self._store(pdu, "CDSI")

    def _store(self, pdu: bytes, told: str) -> None:
        index = next((n for n in range(1, ROOM + 1) if n not in self.store), None)
        if index is None:
            return
        self.store[index] = pdu
        if told:
            self._line(f'+{told}: "SM",{index}')

    def _directly(self, kind: str, pdu: bytes) -> None:
        if self._phase2:
            self._direct.append(pdu)
        name = ", " if kind == "CMT" else " "
        self._line(f"+{kind}:{name.replace(', ', ' ,')}{tpdu_length(pdu)}\r\n{pdu.hex().upper()}")

    # The line's side

    def hear(self, octets: bytes) -> None:
        """What is said to it."""
        with self._lock:
            for octet in octets:
                self._octet(octet)

    def restart(self) -> None:
        """As when its power is switched on: it says that it is there, and has forgotten what it was told."""
        with self._lock:
            self._forget_settings()
            self._buffer.clear()
            if self.faults.deaf_until in ("restart", "ATZ", "escape"):
                self.faults.deaf_until = ""
            self._line("RDY")

    def reopened(self) -> None:
        """Whoever held the line has let it go and come again."""
        with self._lock:
            if self.faults.deaf_until == "reopen":
                self.faults.deaf_until = ""

    def _octet(self, octet: int) -> None:
        if octet == 0x1B:
            self._text_of = None
            self._buffer.clear()
            if self.faults.deaf_until == "escape":
                self.faults.deaf_until = ""
        elif self._text_of is not None:
            if octet == 0x1A:
                self._take(bytes(self._buffer), self._text_of)
                self._buffer.clear()
            elif len(self._buffer) < 1000:
                self._buffer.append(octet)
        elif octet == 0x0D:
            command = self._buffer.decode("ascii", "replace").strip()
            self._buffer.clear()
            if command:
                self._command(command)
        elif octet != 0x0A and len(self._buffer) < 1000:
            self._buffer.append(octet)

    def _command(self, command: str) -> None:
        self.commands.append(command)
        upper = command.upper()
        deaf = self.faults.deaf_until
        if deaf == "ATZ" and upper == "ATZ":
            self.faults.deaf_until = deaf = ""
        if deaf == "restart" and upper == "AT+CFUN=1,1":
            self.restart()
            return
        if deaf or (self.faults.no_answer_to and upper.startswith(self.faults.no_answer_to)):
            self.faults.no_answer_to = ""
            return
        if self._echo:
            self._say(command.encode() + b"\r")
        if self.faults.chatter:
            self._say(self.faults.chatter)
        self._answer(upper)

    def _answer(self, command: str) -> None:
        if not command.startswith("AT"):
            self._line("ERROR")
        elif command.startswith("AT+") and "=" in command:
            name, _, value = command[3:].partition("=")
            self._set(name, value)
        elif command.startswith("AT+"):
            self._ask(command[3:].rstrip("?"))
        else:
            if "Z" in command:
                self._forget_settings()
            self._echo = "E0" not in command and self._echo
            self._line("OK")

    def _ask(self, name: str) -> None:
        kept = f'"SM",{len(self.store)},{ROOM}'
        said = {
            "CGMI": "SHOPBELL",
            "CGMM": "FAR SIDE",
            "CGMR": "1.0",
            "CGSN": "490154203237518",
            "CIMI": "232011234567890",
            "CSQ": "+CSQ: 17,99",
            "CREG": f"+CREG: 0,{self.faults.registered}",
            "CEREG": f"+CEREG: 0,{self.faults.registered}",
            "CPMS": f"+CPMS: {kept},{kept},{kept}",
            "CSCA": f'+CSCA: "{CENTRE}",145',
            "CSCS": '+CSCS: "GSM"',
            "CMGF": f"+CMGF: {0 if self._pdu else 1}",
            "CNMI": f"+CNMI: {','.join(map(str, self._cnmi))}",
            "CSMS": f"+CSMS: {int(self._phase2)},1,1,1",
        }
        if name == "CPIN":
            self._good(f"+CPIN: {self.faults.sim}") if self.faults.sim else self._fail("CME", 10)
        elif name == "CNMA":
            if self._direct:
                self._direct.pop(0)
                self.acknowledged += 1
                self._line("OK")
            else:
                self._fail("CMS", 340)
        elif name in said:
            self._good(said[name])
        else:
            self._line("ERROR")

    def _set(self, name: str, value: str) -> None:
        numbers = [int(digits) for digits in re.findall(r"\d+", value)]
        first = numbers[0] if numbers else 0
        kept = f"{len(self.store)},{ROOM}"
        if value == "?":
            lists = {
                "CNMI": "(0-2),(0-3),(0),(0-2),(0,1)",
                "CPMS": '("SM"),("SM"),("SM")',
                "CSCS": '("GSM")',
                "CMGF": "(0)",
            }
            self._good(f"+{name}: {lists[name]}") if name in lists else self._line("OK")
        elif name == "CNMI":
            self._set_cnmi(numbers)
        elif name == "CPMS":
            self._good(f"+CPMS: {kept},{kept},{kept}")
        elif name == "CPINR":
            self._good(f"+CPINR: SIM PIN,{self.faults.pin_left},3")
        elif name == "CPIN":
            self._pin(value.strip('"'))
        elif name == "CFUN":
            self._line("OK")
            if numbers == [1, 1]:
                self.restart()
        elif name.startswith("CMG"):
            self._set_message(name, first)
        elif name in ("CMEE", "CSMS", "CSCS"):
            self._codes = first if name == "CMEE" else self._codes
            self._phase2 = first == 1 if name == "CSMS" else self._phase2
            self._good("+CSMS: 1,1,1") if name == "CSMS" else self._line("OK")
        else:
            self._line("ERROR")

    def _set_message(self, name: str, first: int) -> None:
        if name == "CMGF" and self.faults.sim == "READY":
            self._pdu = first == 0
            self._line("OK")
        elif name == "CMGL":
            self._list()
        elif name == "CMGR" and first in self.store:
            pdu = self.store[first]
            self._good(f"+CMGR: 1,,{tpdu_length(pdu)}\r\n{pdu.hex().upper()}")
        elif name == "CMGD":
            self.store.pop(first, None)
            self._line("OK")
        elif name == "CMGS" and self._pdu:
            self._text_of = first
            self._say(b"\r\n> ")
        else:
            self._fail("CMS", 321)

    def _set_cnmi(self, numbers: list[int]) -> None:
        wanted = (numbers + [0] * 5)[:5]
        if self.faults.no_reports_stored and wanted[3] == 2:
            self._fail("CMS", 303)
            return
        if self.faults.keeps_nothing:
            # A modem that gives everything directly, whatever it is told.
            wanted[1], wanted[3] = 2, min(1, wanted[3])
        self._cnmi = tuple(wanted)  # type: ignore[assignment]
        self._line("OK")

    def _pin(self, digits: str) -> None:
        if digits == self.faults.pin:
            self.faults.sim, self.faults.pin_left = "READY", 3
            self._line("OK")
            return
        self.faults.pin_left -= 1
        if not self.faults.pin_left:
            self.faults.sim = "SIM PUK"
        self._fail("CME", 16)

    def _list(self) -> None:
        lines = [
            f"+CMGL: {index},1,,{tpdu_length(pdu)}\r\n{pdu.hex().upper()}\r\n"
            for index, pdu in sorted(self.store.items())
        ]
        self._say("".join(f"\r\n{line}" for line in lines).encode())
        self._line("OK")

    def _take(self, text: bytes, length: int) -> None:
        self._text_of = None
        if self._echo:
            self._say(text)
        if self.faults.silent_with_text:
            self.faults.silent_with_text = False
            return
        try:
            pdu = bytes.fromhex(text.decode("ascii").strip())
            message = read_submit(pdu)
        except (ValueError, BadPdu):
            self._fail("CMS", 304)
            return
        if self.faults.send_errors:
            said = self.faults.send_errors.pop(0)
            if said:
                self._line(said)
                return
        if tpdu_length(pdu) != length or not self.faults.registered:
            self._fail("CMS", 304 if self.faults.registered else 331)
            return
        self._reference = (self._reference + 1) % 256
        self.sent.append(
            Submit(
                message.number,
                message.text,
                message.coding,
                message.piece,
                message.report,
                message.validity_s,
                self._reference,
                message.data,
            )
        )
        self._good(f"+CMGS: {self._reference}")
        if len(self.sent) == self.faults.hangs_after:
            self.faults.no_answer_to = "AT+CMGS"

    # Saying

    def _fail(self, kind: str, code: int) -> None:
        self._line(f"+{kind} ERROR: {code}" if self._codes or kind == "CMS" else "ERROR")

    def _good(self, line: str) -> None:
        self._line(line)
        self._line("OK")

    def _line(self, line: str) -> None:
        self._say(f"\r\n{line}\r\n".encode())

    def _say(self, octets: bytes) -> None:
        if not self.faults.deaf_until:
            self._say_octets(octets)
