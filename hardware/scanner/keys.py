"""What a keyboard-type scanner types, from the kernel's input events, by scan code: the system's layout has no say.

Pure. The scanner has to stand on its own factory layout (US); Linux input events are `struct input_event` of
include/uapi/linux/input.h, the codes those of input-event-codes.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

EVENT = struct.Struct("@llHHi")
"""Seconds, microseconds, type, code, value; as wide as the machine."""

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
UP, DOWN, HELD = 0, 1, 2

_SHIFTS = frozenset({42, 54})
_CONTROLS = frozenset({29, 97})
_ENDS = frozenset({15, 28, 96})
"""Tab, Enter and the keypad's Enter: what such scanners type after a text."""

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
)
KEYS: dict[int, tuple[str, str]] = {
    first + place: (plain, shifted)
    for first, plains, shifteds in _ROWS
    for place, (plain, shifted) in enumerate(zip(plains, shifteds, strict=True))
} | {55: ("*", "*"), 98: ("/", "/")}
"""Key code to what it types without and with shift, on a US keyboard."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The kernel had no room for some events: what was being typed is not whole."""


class Typing:
    """One keyboard's events, put together into what it types. CR stands for the end of a text."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._blind = False
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes | Dropped]:
        """Take octets as the device gave them; what was typed, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for place in range(0, whole, EVENT.size):
            _, _, kind, code, value = EVENT.unpack_from(data, place)
            typed = self._take(kind, code, value)
            if typed is not None:
                yield typed

    def forget(self) -> None:
        """No key is held: the keyboard is a new one."""
        self._held.clear()
        self._blind, self._rest = False, b""

    def _take(self, kind: int, code: int, value: int) -> bytes | Dropped | None:
        if kind == EV_SYN:
            if code == SYN_DROPPED:
                self._blind = True
                self._held.clear()
                return Dropped()
            if code == SYN_REPORT:
                self._blind = False
            return None
        if kind != EV_KEY or self._blind or value == HELD:
            return None
        if code in _SHIFTS or code in _CONTROLS:
            (self._held.add if value == DOWN else self._held.discard)(code)
            return None
        return self._typed(code) if value == DOWN else None

    def _typed(self, code: int) -> bytes | None:
        if code in _ENDS:
            return b"\r"
        signs = KEYS.get(code)
        if signs is None:
            return None
        sign = signs[bool(self._held & _SHIFTS)]
        # Control with a letter or a bracket is how such scanners type what is no sign: control and ] is the group separator.
        return bytes((ord(sign.upper()) & 0x1F,)) if self._held & _CONTROLS else sign.encode()
