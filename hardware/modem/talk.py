"""Commands and answers on an open line; what comes unasked meanwhile is kept for later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

from hardware.modem.at import ESCAPE, Answer, Came, Dialogue, Event, Kept, News, Silent, Write
from hardware.modem.modem import Gate

LOOK_S = 0.1
"""How long one look at the line takes at most: whoever closes the modem waits so long."""

MOST_WAITING = 256


@dataclass(frozen=True, slots=True)
class Times:
    """How long things may take (s). Makers give 5 s for most commands and 60 to 120 s for a message that the network takes."""

    answer: float = 8.0
    prompt: float = 10.0
    network: float = 90.0
    lists: float = 30.0
    opening: float = 20.0
    again: float = 2.0
    look: float = 60.0
    restart: float = 60.0
    stuck: float = 10.0


class Line(Protocol):
    """An open line. OSError when it is gone."""

    def read(self, timeout_s: float) -> bytes:
        """What came within the time."""

    def write(self, octets: bytes) -> None:
        """Say this."""

    def close(self) -> None:
        """Let go of it."""


class Hung(Exception):
    """The modem does not answer. `handed_over`: it had the text of a message, and may have sent it."""

    def __init__(self, command: str, *, handed_over: bool) -> None:
        # What follows the name of a command may be a PIN.
        super().__init__(f"no answer to {command.partition('=')[0]}")
        self.handed_over = handed_over


class Held(Exception):
    """The gate was shut: the modem waited for a message and got none."""


class Talk:
    """One line, one thread."""

    def __init__(self, line: Line, clock: Callable[[], float], times: Times) -> None:
        self.times = times
        self.unasked: deque[Came | Kept | News] = deque(maxlen=MOST_WAITING)
        self.handing_over = False
        """Whether a text is with the modem and its end is not known; for whoever sees the line break."""
        self._line = line
        self._clock = clock
        self._dialogue = Dialogue()
        self._gate: Gate | None = None

    def ask(
        self,
        command: str,
        within_s: float | None = None,
        *,
        prefix: str | None = None,
        pdu: bytes | None = None,
        gate: Gate | None = None,
    ) -> Answer:
        """What the modem says to a command; Hung where it says nothing, Held where the gate does not let the PDU through."""
        self._gate = gate
        within_s = self.times.answer if within_s is None else within_s
        self.handing_over = False
        octets = self._dialogue.ask(
            command, self._clock(), within_s=within_s, prefix=prefix, pdu=pdu, pdu_s=self.times.network
        )
        self._line.write(octets)
        while True:
            for event in self._look(LOOK_S):
                if isinstance(event, Answer):
                    self.handing_over = False
                    return event
                if isinstance(event, Silent):
                    raise Hung(command, handed_over=event.handed_over)

    def try_all(self, *commands: str) -> Answer:
        """The answer to the first command that the modem takes; to the last where it takes none."""
        for command in commands:
            answer = self.ask(command)
            if answer.good:
                break
        return answer

    def wait(self, timeout_s: float) -> None:
        """Hear what comes unasked."""
        self._look(timeout_s)

    def escape(self) -> bool:
        """Leave whatever dialogue the modem thinks it is in; whether it answers then."""
        self._dialogue.forget()
        # Escape ends a prompt without sending; the carriage return ends a command that was cut.
        self._line.write(ESCAPE + b"\r")
        self._hush()
        for _ in range(3):
            try:
                if self.ask("AT", min(1.0, self.times.answer)).good:
                    # A late answer to what was asked before must not be taken for the next one's.
                    self._hush()
                    return True
            except Hung:
                continue
        return False

    def _hush(self) -> None:
        """Hear out what is still under way."""
        for _ in range(20):
            if not self._look(LOOK_S / 2, hushed=True):
                return

    def _hand_over(self, octets: bytes) -> None:
        with self._gate() if self._gate is not None else nullcontext(True) as go:
            if go:
                self.handing_over = True
                self._line.write(octets)
                return
        raise Held

    def _look(self, timeout_s: float, *, hushed: bool = False) -> list[Event]:
        octets = self._line.read(timeout_s)
        now = self._clock()
        events = self._dialogue.feed(octets, now) or self._dialogue.tick(now)
        for event in events:
            if isinstance(event, Write):
                self._hand_over(event.octets)
            elif isinstance(event, Came | Kept | News):
                self.unasked.append(event)
        return events if octets or not hushed else []
