"""A receipt printer from the inside: octets go in, answers and paper come out; its paper ends, its cover opens, it goes off-line.

Pure. Holds to what real ones do: real-time commands are looked for in everything that arrives, within a picture too; all else
waits in a small buffer while the printer cannot print, and when that is full nothing more is taken; what was in the buffer is
printed when the paper is back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

BUFFER = 4096


@dataclass(slots=True)
class Sheet:
    """One piece of paper: rows of octets, 1 for black. `cut`: whether it was cut off or merely ended."""

    rows: list[bytes] = field(default_factory=list)
    cut: bool = False


class Mechanism:
    """One printer. `rows_left` is how much paper there is, in rows of dots; below `near_end_rows` it says that the end is near.

    `knows_clear`, `knows_mark`, `mute`: printers that know less, or say nothing.
    """

    def __init__(self, width_bytes: int, rows_left: int = 100_000, buffer: int = BUFFER) -> None:
        self.width_bytes = width_bytes
        self.sheets: deque[Sheet] = deque([Sheet()], maxlen=200)
        self.rows_left = rows_left
        self.near_end_rows = 0
        self.cover_open = False
        self.offline = False
        self.kicks = 0
        self.knows_clear = True
        self.knows_mark = True
        self.mute = False
        self._room = buffer
        self._waiting = bytearray()
        self._tail = b""
        self._answers = bytearray()
        self._tells = 0
        self._told: bytes | None = None
        self._band: tuple[int, int] | None = None

    # What staff do

    def refill(self, rows: int) -> None:
        """Put in a new roll."""
        self.rows_left = rows
        self.go_on()

    def set(self, *, cover_open: bool | None = None, offline: bool | None = None) -> None:
        """Open or close the cover, press the button."""
        self.cover_open = self.cover_open if cover_open is None else cover_open
        self.offline = self.offline if offline is None else offline
        self.go_on()

    # What the wire does

    @property
    def blocked(self) -> bool:
        """Whether it cannot print."""
        return self.cover_open or self.offline or self.rows_left <= 0

    def room(self) -> int:
        """How many octets it takes now."""
        return max(0, self._room - len(self._waiting))

    def feed(self, data: bytes) -> None:
        """Take octets, at most as many as there is room for."""
        self._real_time(data)
        self._waiting += data
        self.go_on()

    def answers(self) -> bytes:
        """What it has to say; once."""
        said = bytes(self._answers)
        self._answers.clear()
        return b"" if self.mute else said

    def hang_up(self) -> None:
        """Whoever printed has gone; what is in the buffer stays there."""
        self._tells = 0
        self._tail = b""

    # Inside

    def go_on(self) -> None:
        """Print what waits, as far as that can be done; tell what has changed."""
        while not self.blocked and self._step():
            pass
        now = self._status_back()
        if self._tells and now != self._told:
            self._told = now
            self._answers += now

    def _real_time(self, data: bytes) -> None:
        stream, place = self._tail + data, 0
        self._tail = b""
        while (place := stream.find(b"\x10", place)) >= 0:
            rest = stream[place : place + 10]
            length = self._length(rest)
            if length is None or len(rest) < length:
                self._tail = rest
                return
            if rest[1] == 0x04 and 1 <= rest[2] <= 4:
                self._answers.append(self._real_time_status(rest[2]))
            elif rest[1:3] == b"\x14\x01":
                self.kicks += 1
            elif rest[1:3] == b"\x14\x08" and self.knows_clear:
                self._waiting.clear()
                self._band = None
            place += length

    def _real_time_status(self, which: int) -> int:
        bad_paper = self.rows_left <= 0
        match which:
            case 1:
                return 0x12 | (0x08 if self.blocked else 0)
            case 2:
                return 0x12 | (0x04 if self.cover_open else 0) | (0x20 if bad_paper else 0)
            case 3:
                return 0x12
        return 0x12 | (0x0C if self._is_near_end() else 0) | (0x60 if bad_paper else 0)

    def _is_near_end(self) -> bool:
        return self.rows_left <= self.near_end_rows

    def _status_back(self) -> bytes:
        first = 0x10 | (0x08 if self.blocked else 0) | (0x20 if self.cover_open else 0)
        third = (0x03 if self._is_near_end() else 0) | (0x0C if self.rows_left <= 0 else 0)
        return bytes((first, 0, third, 0))

    def _step(self) -> bool:
        """Do one thing that waits; whether there was one, whole."""
        if self._band is not None:
            return self._row(*self._band)
        data = self._waiting
        if not data:
            return False
        length = self._length(bytes(data[:10]))
        if length is None or len(data) < length:
            return False
        self._do(bytes(data[:length]))
        del data[:length]
        return True

    def _length(self, head: bytes) -> int | None:
        """How long the command at the head of the buffer is; None where that cannot be told yet."""
        if head[0] == 0x10:
            if len(head) < 3:
                return 1 if len(head) > 1 and head[1] not in (0x04, 0x05, 0x14) else None
            return {0x04: 3, 0x05: 3, 0x14: {1: 5, 8: 10}.get(head[2], 3)}.get(head[1], 1)
        if head[0] not in (0x1B, 0x1D):
            return 1
        if len(head) < 2:
            return None
        match head[:2]:
            case b"\x1b@":
                return 2
            case b"\x1bp":
                return 5
            case b"\x1bJ" | b"\x1bd" | b"\x1da" | b"\x1dr":
                return 3
            case b"\x1dV":
                return (4 if head[2] in (65, 66) else 3) if len(head) > 2 else None
            case b"\x1dv":
                return 8
        return 2

    def _do(self, command: bytes) -> None:
        match command[:2]:
            case b"\x1b@":
                self._tells = 0
            case b"\x1bp":
                self.kicks += 1
            case b"\x1bJ":
                self._feed_rows(command[2])
            case b"\x1bd":
                self._feed_rows(command[2] * 30)
            case b"\x1da":
                self._tells, self._told = command[2], None
            case b"\x1dr" if self.knows_mark:
                self._answers.append(
                    (0x03 if self._is_near_end() else 0) | (0x0C if self.rows_left <= 0 else 0)
                )
            case b"\x1dV":
                self.sheets[-1].cut = True
                self.sheets.append(Sheet())
            case b"\x1dv":
                wide, high = int.from_bytes(command[4:6], "little"), int.from_bytes(command[6:8], "little")
                self._band = (wide, high) if wide and high else None

    def _row(self, wide: int, high: int) -> bool:
        """One row of the picture under way."""
        if len(self._waiting) < wide:
            return False
        self._print_row(bytes(self._waiting[:wide]).ljust(self.width_bytes, b"\0")[: self.width_bytes])
        del self._waiting[:wide]
        self._band = (wide, high - 1) if high > 1 else None
        return True

    def _feed_rows(self, rows: int) -> None:
        for _ in range(rows):
            self._print_row(bytes(self.width_bytes))

    def _print_row(self, row: bytes) -> None:
        if self.rows_left > 0:
            self.rows_left -= 1
            self.sheets[-1].rows.append(row)
