"""The few words of ESC/POS that are needed, and what a printer answers.

Pure. A page goes out as a raster (GS v 0), which every printer knows and draws the same, in any script; commands and status bits
are those of Epson's ESC/POS command reference for TM printers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hardware.printer.printer import Paper, Status, Trouble

DLE, ESC, GS = b"\x10", b"\x1b", b"\x1d"

START = ESC + b"@"
CUT = GS + b"V\x42\x00"
"""Feed to the cutter, then cut and leave a point standing; a printer without a cutter feeds."""

ASK_PRINTER, ASK_OFFLINE, ASK_ERROR, ASK_PAPER = (DLE + b"\x04" + bytes((n,)) for n in (1, 2, 3, 4))
TELL_CHANGES = GS + b"a\x0e"
"""Automatic status back: on- and off-line, errors, paper."""

MARK = GS + b"r\x01"
"""Transmit the paper sensor's status: done in order with what was sent before, so the answer means that all of it was."""

CLEAR = DLE + b"\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 function 8: forget what is in the buffer. Many cheap printers do not know it, and ignore it."""

BAND_ROWS = 96
"""Rows sent in one command: 80 mm paper makes 6.9 kB of them, and the buffers of cheap printers begin at 4 to 8 kB and drain."""

_REAL_TIME = (b"\x04", b"\x05", b"\x14")
_SOFTER = b"\x18"


def kick(pin: int) -> bytes:
    """Open the drawer on connector pin 2 or 5, in order with what was sent before: 50 ms on, 500 ms off."""
    return ESC + b"p" + bytes((0 if pin == 2 else 1, 25, 250))


def kick_now(pin: int) -> bytes:
    """The same at once, also while the printer is off-line (DLE DC4 function 1): 100 ms."""
    return DLE + b"\x14\x01" + bytes((0 if pin == 2 else 1, 1))


def raster(rows: bytes, width_bytes: int) -> Iterator[bytes]:
    """A picture of one bit a dot, rows from the top, the highest bit at the left and 1 black, in bands."""
    for place in range(0, len(rows), width_bytes * BAND_ROWS):
        band = rows[place : place + width_bytes * BAND_ROWS]
        high = len(band) // width_bytes
        size = width_bytes.to_bytes(2, "little") + high.to_bytes(2, "little")
        yield GS + b"v0\x00" + size + defused(band)


def defused(band: bytes) -> bytes:
    """Without what a printer, which looks for real-time commands within pictures too, would take for one of them.

    One dot beside a lone dot is an eighth of a millimetre of black; a drawer that opens by itself is worse.
    """
    for second in _REAL_TIME:
        band = band.replace(DLE + second, _SOFTER + second)
    return band


@dataclass(frozen=True, slots=True)
class RealTime:
    """The answer to one DLE EOT."""

    octet: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What the printer says by itself (automatic status back)."""

    status: Status


@dataclass(frozen=True, slots=True)
class Marked:
    """The answer to MARK: everything before it has been printed."""


Reply = RealTime | Changed | Marked


class Replies:
    """Takes apart what a printer sends. The fixed bits tell which is which; what is none of them is passed over."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Reply]:
        """Take octets."""
        data, found = self._rest + data, list[Reply]()
        place = 0
        while place < len(data):
            octet = data[place]
            if octet & 0x93 == 0x12:
                found.append(RealTime(octet))
            elif octet & 0x93 == 0x10:
                if len(data) - place < 4:
                    break
                found.append(Changed(_of_changes(data[place : place + 4])))
                place += 3
            elif octet & 0x90 == 0x00:
                found.append(Marked())
            place += 1
        self._rest = data[place:]
        return found


def _of_changes(four: bytes) -> Status:
    paper: Paper = "out" if four[2] & 0x0C else "near-end" if four[2] & 0x03 else "there"
    trouble: Trouble | None = None
    if four[0] & 0x20:
        trouble = "cover-open"
    elif four[2] & 0x0C:
        trouble = "paper-out"
    elif four[1] & 0x68:
        trouble = "broken"
    elif four[0] & 0x08:
        trouble = "off-line"
    return Status(trouble, paper)


def read_status(printer: int, offline: int, error: int, paper: int) -> Status:
    """How a printer is, from its answers to ASK_PRINTER, ASK_OFFLINE, ASK_ERROR and ASK_PAPER."""
    level: Paper = "out" if paper & 0x60 else "near-end" if paper & 0x0C else "there"
    trouble: Trouble | None = None
    if offline & 0x04:
        trouble = "cover-open"
    elif paper & 0x60 or offline & 0x20:
        trouble = "paper-out"
    elif error & 0x68 or offline & 0x40:
        trouble = "broken"
    elif printer & 0x08:
        trouble = "off-line"
    return Status(trouble, level)
