"""What a controller was told to send: the commands of the kernel, followed on its monitor.

Pure: `hardware.ble.readback` feeds it. BlueZ does not tell which interval is in force; the commands to the controller do, and the
controller's answers say whether it took them.

Sources: Core Specification 5.4, Vol 4 Part E: 7.8.5, 7.8.7, 7.8.9 (advertising parameters, data, enable), 7.8.53, 7.8.54, 7.8.56,
7.8.59, 7.8.60 (those of sets, and removing them), 7.7.14 (Command Complete). Linux, include/net/bluetooth/hci_mon.h.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from hardware.ble.hci_frames import MONITOR_HEADER, RESET, UNIT_S, MonitorFrame

MONITOR_COMMAND = 2
_COMMAND_COMPLETE = 0x0E

PARAMETERS, DATA, ENABLE = 0x2006, 0x2008, 0x200A
SET_PARAMETERS, SET_DATA, SET_ENABLE, SET_REMOVE, SETS_CLEAR = 0x2036, 0x2037, 0x2039, 0x203C, 0x203D
_FOLLOWED = frozenset(
    {PARAMETERS, DATA, ENABLE, SET_PARAMETERS, SET_DATA, SET_ENABLE, SET_REMOVE, SETS_CLEAR, RESET}
)

MOST_REMEMBERED = 64
"""What is sent in turns, and the commands under way: the kernel has 5 instances without extended advertising."""

NO_POWER = 127
"""The host has no preference, or the controller does not say."""


class Sent(NamedTuple):
    """What is sent, octet by octet, how often in ms (the controller chooses in between), and at which power in dBm."""

    octets: bytes
    low_ms: float
    high_ms: float
    power_dbm: int | None


class _Set:
    __slots__ = ("enabled", "high_ms", "low_ms", "octets", "power_dbm")

    def __init__(self) -> None:
        self.low_ms = self.high_ms = 0.0
        self.octets = b""
        self.power_dbm: int | None = None
        self.enabled = False


class Told:
    """Follows one adapter's advertising; `index` is its number. Anything may be fed; what is cut short is passed over."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._asked: dict[int, bytes] = {}
        self._sets: dict[int, _Set] = {}
        self._old = _Set()
        self._turns: dict[bytes, Sent] = {}

    def feed(self, frame: bytes) -> None:
        """One frame of the monitor, with its header."""
        if len(frame) < MONITOR_HEADER.size:
            return
        kind, index, _ = MONITOR_HEADER.unpack_from(frame)
        if index != self._index:
            return
        body = frame[MONITOR_HEADER.size :]
        if kind == MONITOR_COMMAND and len(body) >= 3:
            opcode = body[0] | body[1] << 8
            if opcode in _FOLLOWED:
                self._asked[opcode] = body[3:]
        elif kind == MonitorFrame.EVENT and len(body) >= 6 and body[0] == _COMMAND_COMPLETE:
            asked = self._asked.pop(body[3] | body[4] << 8, None)
            if asked is not None and body[5] == 0:
                self._done(body[3] | body[4] << 8, asked, body[6:])
        elif kind in (MonitorFrame.INDEX_GONE, MonitorFrame.INDEX_CLOSED):
            self._forget()

    def sends(self, octets: bytes) -> Sent | None:
        """How what ends in these octets is sent now, or in its turns; None where it is not, or was begun before we listened."""
        for one in self._sets.values():
            if one.enabled and one.low_ms and one.octets.endswith(octets):
                return Sent(one.octets, one.low_ms, one.high_ms, one.power_dbm)
        return next((sent for sent in self._turns.values() if sent.octets.endswith(octets)), None)

    def _forget(self) -> None:
        self._asked, self._sets, self._turns, self._old = {}, {}, {}, _Set()

    def _done(self, opcode: int, asked: bytes, answer: bytes) -> None:
        """The controller has carried out a command."""
        if opcode == RESET:
            self._forget()
        elif opcode == SETS_CLEAR:
            self._sets = {}
        elif opcode in (PARAMETERS, DATA, ENABLE):
            self._done_old(opcode, asked)
        elif opcode == SET_ENABLE:
            self._enabled(asked)
        elif asked:
            self._done_set(opcode, asked, answer)

    def _done_set(self, opcode: int, asked: bytes, answer: bytes) -> None:
        """One set: its handle is the first octet."""
        if opcode == SET_REMOVE:
            self._sets.pop(asked[0], None)
            return
        one = self._sets.setdefault(asked[0], _Set())
        if opcode == SET_PARAMETERS and len(asked) >= 9:
            one.low_ms, one.high_ms = _ms(asked[3:6]), _ms(asked[6:9])
            power = _SIGNED.unpack_from(answer)[0] if answer else NO_POWER
            one.power_dbm = None if power == NO_POWER else power
        elif opcode == SET_DATA and len(asked) >= 4:
            part = asked[4 : 4 + asked[3]]
            operation = asked[1]
            # 0 goes on, 1 begins, 2 ends, 3 is whole, 4 leaves it as it is.
            if operation in (1, 3):
                one.octets = part
            elif operation in (0, 2):
                one.octets = (one.octets + part)[:_LONGEST]

    def _enabled(self, asked: bytes) -> None:
        if len(asked) < 2:
            return
        handles = asked[2::4][: asked[1]]
        for handle, one in self._sets.items():
            if handle in handles or (not asked[0] and not asked[1]):
                one.enabled = bool(asked[0])

    def _done_old(self, opcode: int, asked: bytes) -> None:
        """Without sets: what is enabled now is one of those that take turns."""
        old = self._old
        if opcode == PARAMETERS and len(asked) >= 4:
            old.low_ms, old.high_ms = _ms(asked[:2]), _ms(asked[2:4])
        elif opcode == DATA and asked:
            old.octets = asked[1 : 1 + asked[0]]
        elif opcode == ENABLE and asked:
            old.enabled = bool(asked[0])
        if old.enabled and old.octets and old.low_ms:
            if len(self._turns) >= MOST_REMEMBERED:
                self._turns.clear()
            self._turns[old.octets] = Sent(old.octets, old.low_ms, old.high_ms, None)


_SIGNED = Struct("b")
_LONGEST = 1650
"""Core Specification 5.4, Vol 6 Part B, 2.3.4.9: no set sends more."""


def _ms(octets: bytes) -> float:
    return int.from_bytes(octets, "little") * UNIT_S * 1000
