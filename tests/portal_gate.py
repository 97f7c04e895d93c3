"""A gate for tests of the portal: the real protocol over a real socket, its guests in memory and not in a kernel."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.gate.protocol import (
    MESSAGE_OCTETS,
    Answer,
    Ask,
    AskHealth,
    BadMessage,
    Done,
    End,
    Guests,
    Health,
    Inside,
    LetIn,
    Limits,
    ListGuests,
    Phone,
    Refused,
    SetLimits,
    read_ask,
    write,
)


@dataclass
class _Guest:
    until: float
    limits: Limits
    used: int = 0


@dataclass
class FakeGate:
    """`with FakeGate(path) as gate`. Tests push from the far side: `upstream`, `offline`, `rules_stand`, `use()`, `refuse`."""

    path: Path
    upstream: bool = True
    offline: str = "honest"
    rules_stand: bool = True
    refuse: Refused | None = None
    asked: list[Ask] = field(default_factory=list)
    guests: dict[Phone, _Guest] = field(default_factory=dict)

    def __enter__(self) -> FakeGate:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen, as a gate that has just been started: who was in stays in."""
        self.path.unlink(missing_ok=True)
        self._lines: list[socket.socket] = []
        self._ended = False
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(self.path))
        self._listening.listen(8)
        self._thread = threading.Thread(target=self._accept, args=(self._listening,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Go away, as a gate that was killed: nobody is let out by that."""
        self._ended = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self.path.unlink(missing_ok=True)

    def use(self, phone: Phone, octets: int) -> None:
        """So much went through for this phone; with its last octet it is out."""
        guest = self.guests[phone]
        guest.used += octets
        if guest.limits.volume and guest.used >= guest.limits.volume:
            guest.until = 0.0

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._answer_all, args=(line,), daemon=True).start()

    def _answer_all(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            while text := line.recv(MESSAGE_OCTETS):
                try:
                    answer = self._answer(read_ask(text))
                except BadMessage as wrong:
                    answer = Refused("bad-message", str(wrong))
                line.send(write(answer))

    def _answer(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        now = time.monotonic()
        if self.refuse is not None and not isinstance(ask, ListGuests | AskHealth):
            return self.refuse
        match ask:
            case LetIn():
                for stay in ask.stays:
                    before = self.guests.get(stay.phone)
                    used = before.used if before is not None and before.until > now else 0
                    self.guests[stay.phone] = _Guest(now + stay.seconds, stay.limits, used)
                return Done(len(ask.stays))
            case End():
                return Done(sum(self.guests.pop(phone, None) is not None for phone in ask.phones))
            case SetLimits():
                if ask.phone not in self.guests:
                    return Refused("not-in", "This phone is not in.")
                self.guests[ask.phone] = replace(self.guests[ask.phone], limits=ask.limits)
                return Done(1)
            case ListGuests():
                return Guests(
                    tuple(
                        Inside(phone, max(0.0, guest.until - now), guest.used, guest.limits)
                        for phone, guest in sorted(self.guests.items(), key=lambda row: row[0].ip)
                    )
                )
            case AskHealth():
                return Health(self.rules_stand, self.upstream, self.offline, len(self.guests), "r1")  # type: ignore[arg-type]
        return Done()
