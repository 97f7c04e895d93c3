"""The dialogue with a modem in AT commands: octets in, events and octets out.

Pure. ITU-T V.250 has lines and final results, 3GPP TS 27.007 and 27.005 the errors, the prompt of AT+CMGS and what comes unasked.
A modem says things of its own accord whenever it likes, also in the middle of an answer, and a line may be cut anywhere; what is
no line is passed over. One command at a time: a modem that is asked a second thing drops one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

CTRL_Z, ESCAPE = b"\x1a", b"\x1b"
LONGEST_LINE = 1024
"""A message's line has at most 2 * (11 + 164) signs; what is longer is rubbish."""

MOST_LINES = 1024
"""Of one answer: the fullest SIM card holds 255 messages of two lines."""

_WITH_PDU = re.compile(rb"\+(CMT|CDS): ?.*?(\d+)\s*$")
_LISTED = re.compile(rb"\+(CMGL|CMGR): ?.*?(\d+)\s*$")
_STORED = re.compile(rb'\+(CMTI|CDSI): ?"?(\w+)"?, ?(\d+)\s*$')
_FAILED = re.compile(rb"\+(CMS|CME) ERROR: ?(.*)$")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+$")
_FINAL = {
    b"OK": True,
    b"ERROR": False,
    b"COMMAND NOT SUPPORT": False,
    b"NO CARRIER": False,
    b"NO DIALTONE": False,
}
_LINE_OF_CALL = (b"NO CARRIER", b"NO DIALTONE")
"""They end a call; to anything else they are news."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A command is done. `failure`: "" for ERROR without more; `code` its number where it has one, of CMS or CME."""

    command: str
    lines: tuple[str, ...]
    good: bool
    kind: Literal["", "CMS", "CME"] = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """A command had no answer in time. `handed_over`: its text had been given before, so that it may have been done."""

    command: str
    handed_over: bool


@dataclass(frozen=True, slots=True)
class Write:
    """Octets for the modem: the prompt has come, and the text follows."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Came:
    """A message (`CMT`) or a report (`CDS`) came directly, with its octets."""

    kind: Literal["CMT", "CDS"]
    pdu: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A message (`CMTI`) or a report (`CDSI`) lies in this memory at this place."""

    kind: Literal["CMTI", "CDSI"]
    memory: str
    index: int


@dataclass(frozen=True, slots=True)
class News:
    """Anything else that it says unasked: RING, +CREG: 1, RDY."""

    line: str


Event = Answer | Silent | Write | Came | Kept | News


@dataclass(slots=True)
class _Asked:
    command: str
    prefix: bytes
    body: bytes | None
    until: float
    body_s: float
    written: bool = False
    lines: list[str] = field(default_factory=list)


class Dialogue:
    """One line. `now` is seconds of a steady clock."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._spoiled = False
        self._asked: _Asked | None = None
        # Headers whose octets are still to come, the latest last: +CMT may come between +CMGL and its line.
        self._heads: list[tuple[str, int]] = []

    @property
    def busy(self) -> bool:
        """Whether a command waits for its end."""
        return self._asked is not None

    def ask(
        self,
        command: str,
        now: float,
        *,
        within_s: float,
        prefix: str | None = None,
        pdu: bytes | None = None,
        pdu_s: float = 0.0,
    ) -> bytes:
        """The octets of a command. Only lines that begin with `prefix` are its answer: "" every line without a sign of
        news, None the command's own name. With `pdu`, that goes out at the prompt, and its end is waited for `pdu_s` seconds."""
        if self._asked is not None:
            raise RuntimeError(f"{self._asked.command} is not answered yet")
        if prefix is None:
            name = re.match(r"AT(\+\w+)", command)
            prefix = f"{name[1]}:" if name else ""
        body = pdu.hex().upper().encode() + CTRL_Z if pdu is not None else None
        self._asked = _Asked(command, prefix.encode(), body, now + within_s, pdu_s)
        return command.encode("ascii") + b"\r"

    def forget(self) -> None:
        """Begin anew: what was asked and what has come so far are no more."""
        self._asked = None
        self._buffer.clear()
        self._heads.clear()
        self._spoiled = False

    def tick(self, now: float) -> list[Event]:
        """What the time says."""
        asked = self._asked
        if asked is None or now < asked.until:
            return []
        self._asked = None
        return [Silent(asked.command, asked.written)]

    def due(self) -> float | None:
        """When `tick` has something to say."""
        return self._asked.until if self._asked else None

    def feed(self, octets: bytes, now: float) -> list[Event]:
        """What these octets say."""
        events: list[Event] = []
        for octet in octets:
            if octet in b"\r\n":
                line, spoiled = bytes(self._buffer).strip(), self._spoiled
                self._buffer.clear()
                self._spoiled = False
                if line and not spoiled:
                    events += self._line(line)
                continue
            if not 0x20 <= octet < 0x7F:
                # No sign of a line: noise of a plug, ends of texts that are echoed.
                continue
            if len(self._buffer) >= LONGEST_LINE:
                self._spoiled = True
            else:
                self._buffer.append(octet)
            if octet == 0x3E and (prompted := self._prompt(now)):
                events.append(prompted)
        return events

    def _prompt(self, now: float) -> Write | None:
        asked = self._asked
        if asked is None or asked.body is None or asked.written or bytes(self._buffer).strip() != b">":
            return None
        self._buffer.clear()
        asked.written, asked.until = True, now + asked.body_s
        return Write(asked.body)

    def _line(self, line: bytes) -> list[Event]:
        asked = self._asked
        if _HEX.match(line):
            if (found := self._fits(line)) is not None:
                return found
            if asked and asked.body and line + CTRL_Z == asked.body:
                return []
        elif (unasked := self._unasked(line)) is not None:
            return unasked
        if asked is None:
            return [News(_text(line))] if line not in (b"OK", b"ERROR") else []
        if line.upper() == asked.command.encode().upper():
            return []
        if ended := self._end(asked, line):
            return [ended]
        if (asked.prefix and line.startswith(asked.prefix)) or (not asked.prefix and line[:1] not in b"+^*"):
            listed = _LISTED.match(line)
            if listed:
                self._heads.append(("", int(listed[2])))
            if len(asked.lines) < MOST_LINES:
                asked.lines.append(_text(line))
            return []
        return [News(_text(line))]

    def _unasked(self, line: bytes) -> list[Event] | None:
        """What a line says that nobody asked for; None where it may be an answer."""
        if head := _WITH_PDU.match(line):
            self._heads.append((head[1].decode(), int(head[2])))
            del self._heads[:-4]
            return []
        if stored := _STORED.match(line):
            return [Kept(stored[1].decode(), stored[2].decode(), int(stored[3]))]  # type: ignore[arg-type]
        return None

    def _fits(self, line: bytes) -> list[Event] | None:
        """Whose octets these are: the latest header's whose length they have."""
        pdu = bytes.fromhex(line.decode())
        length = len(pdu) - 1 - pdu[0]
        for at in range(len(self._heads) - 1, -1, -1):
            kind, wanted = self._heads[at]
            if wanted == length:
                del self._heads[at:]
                if kind:
                    return [Came(kind, pdu)]  # type: ignore[arg-type]
                if self._asked and len(self._asked.lines) < MOST_LINES:
                    self._asked.lines.append(_text(line))
                return []
        return None

    def _end(self, asked: _Asked, line: bytes) -> Answer | None:
        failed = _FAILED.match(line)
        calls = asked.command.upper().startswith("ATD") or line not in _LINE_OF_CALL
        if not failed and not (line in _FINAL and calls):
            return None
        self._asked = None
        self._heads = [head for head in self._heads if head[0]]
        lines = tuple(asked.lines)
        if failed:
            code = int(failed[2]) if failed[2].isdigit() else None
            return Answer(asked.command, lines, False, failed[1].decode(), code)  # type: ignore[arg-type]
        return Answer(asked.command, lines, _FINAL[line])


def _text(line: bytes) -> str:
    return line.decode("ascii", "replace")
