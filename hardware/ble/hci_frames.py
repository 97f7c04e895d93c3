"""Octets for and from the kernel's Bluetooth sockets: commands to a controller, frames of the monitor, a filter for them.

Pure: `hardware.ble.raw` sends and receives them.

Sources: Core Specification 5.4, Vol 4 Part E: 5.4.1 (command packets), 7.3.2 (Reset), 7.3.1 (Set Event Mask), 7.8.1 (LE Set
Event Mask), 7.8.10 and 7.8.11 (LE Set Scan Parameters, Enable), 7.8.64 and 7.8.65 (the extended ones), 7.8.3 (LE features),
7.7.14 (Command Complete). The monitor's header: Linux, include/net/bluetooth/hci_mon.h. The filter's machine: Linux,
Documentation/networking/filter.rst.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from hardware.ble.hci import EXTENDED, H4_EVENT, LE_META, LEGACY

H4_COMMAND = 0x01
_COMMAND_COMPLETE, _COMMAND_STATUS = 0x0E, 0x0F

RESET = 0x0C03
SET_EVENT_MASK = 0x0C01
LE_SET_EVENT_MASK = 0x2001
LE_READ_FEATURES = 0x2003
LE_SET_SCAN_PARAMETERS, LE_SET_SCAN_ENABLE = 0x200B, 0x200C
LE_SET_EXTENDED_SCAN_PARAMETERS, LE_SET_EXTENDED_SCAN_ENABLE = 0x2041, 0x2042

# LE Meta and what Reset leaves on: nothing else is read here.
_EVENT_MASK = 0x2000_1FFF_FFFF_FFFF
_LE_EVENT_MASK = 1 << (LEGACY - 1) | 1 << (EXTENDED - 1)
_EXTENDED_ADVERTISING = 1 << 12

UNIT_S = 0.000625
"""The controller's unit of time for scanning (Vol 4 Part E, 7.8.10)."""

SCAN_INTERVAL_S = 0.06
"""A controller changes its advertising channel after each: 60 ms is the kernel's own for scanning in the background. A phone
speaks on all three channels within 10 ms, so that shorter hears no more; longer dwells on a channel that is disturbed."""

MONITOR_HEADER = Struct("<HHH")


class MonitorFrame(IntEnum):
    """What a frame of the monitor holds; the others are of no use here."""

    INDEX_GONE = 1
    EVENT = 3
    INDEX_CLOSED = 9


class Answer(NamedTuple):
    """What a controller said to a command: 0 is success; otherwise an error code (Vol 1 Part F)."""

    opcode: int
    status: int
    returned: bytes = b""


def command(opcode: int, parameters: bytes = b"") -> bytes:
    """A command packet with its H4 octet."""
    return Struct("<BHB").pack(H4_COMMAND, opcode, len(parameters)) + parameters


def answer(packet: bytes) -> Answer | None:
    """What a packet with its H4 octet answers to a command; None for any other packet."""
    if len(packet) < 7 or packet[0] != H4_EVENT:
        return None
    if packet[1] == _COMMAND_COMPLETE:
        return Answer(packet[4] | packet[5] << 8, packet[6], packet[7:])
    if packet[1] == _COMMAND_STATUS:
        return Answer(packet[5] | packet[6] << 8, packet[3])
    return None


def has_extended_scanning(features: bytes) -> bool:
    """Whether LE features (8 octets, Vol 6 Part B, 4.6) say that the extended commands must be used."""
    return bool(int.from_bytes(features[:8], "little") & _EXTENDED_ADVERTISING)


def preparing() -> list[bytes]:
    """The commands that make a controller ready to be asked what it can do."""
    return [
        command(RESET),
        command(SET_EVENT_MASK, _EVENT_MASK.to_bytes(8, "little")),
        command(LE_SET_EVENT_MASK, _LE_EVENT_MASK.to_bytes(8, "little")),
        command(LE_READ_FEATURES),
    ]


def scanning(*, extended: bool, active: bool, duty: float) -> list[bytes]:
    """The commands that begin a scan in which every report comes; `duty` (0 to 1) is the share of time that it listens."""
    interval = round(SCAN_INTERVAL_S / UNIT_S)
    window = max(4, min(interval, round(interval * duty)))
    if extended:
        # Own address public, no filter, one PHY (1M: all that legacy advertising uses and where extended begins).
        parameters = Struct("<BBBBHH").pack(0, 0, 1, int(active), interval, window)
        # Duplicates are not filtered; no duration, no period: until it is stopped.
        return [
            command(LE_SET_EXTENDED_SCAN_PARAMETERS, parameters),
            command(LE_SET_EXTENDED_SCAN_ENABLE, Struct("<BBHH").pack(1, 0, 0, 0)),
        ]
    parameters = Struct("<BHHBB").pack(int(active), interval, window, 0, 0)
    return [command(LE_SET_SCAN_PARAMETERS, parameters), command(LE_SET_SCAN_ENABLE, b"\x01\x00")]


def stopping(*, extended: bool) -> bytes:
    """The command that ends a scan."""
    if extended:
        return command(LE_SET_EXTENDED_SCAN_ENABLE, bytes(6))
    return command(LE_SET_SCAN_ENABLE, bytes(2))


def monitor_frame(frame: bytes) -> tuple[int, int]:
    """What a frame of the monitor is and of which adapter (its number); (-1, -1) where it is too short to say."""
    if len(frame) < MONITOR_HEADER.size:
        return -1, -1
    kind, index, _ = MONITOR_HEADER.unpack_from(frame)
    return kind, index


# A classic BPF instruction: code, jump if true, jump if false, operand. Loads take the network's order of octets.
_BPF = Struct("=HBBI")
_LOAD_HALF, _LOAD_OCTET, _JUMP_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06
_ALL, _NOTHING = 0xFFFF_FFFF, 0


def monitor_filter(index: int) -> bytes:
    """A program for SO_ATTACH_FILTER that lets through one adapter's advertising reports, and that it is closed or gone.

    Every other frame (data of connections, other adapters, logs) then wakes nobody.
    """
    header = MONITOR_HEADER.size
    steps = [
        (_LOAD_HALF, 0, 0, 2),
        (_JUMP_EQUAL, 0, 10, _swapped(index)),
        (_LOAD_HALF, 0, 0, 0),
        (_JUMP_EQUAL, 7, 0, _swapped(MonitorFrame.INDEX_GONE)),
        (_JUMP_EQUAL, 6, 0, _swapped(MonitorFrame.INDEX_CLOSED)),
        (_JUMP_EQUAL, 0, 6, _swapped(MonitorFrame.EVENT)),
        (_LOAD_OCTET, 0, 0, header),
        (_JUMP_EQUAL, 0, 4, LE_META),
        (_LOAD_OCTET, 0, 0, header + 2),
        (_JUMP_EQUAL, 1, 0, LEGACY),
        (_JUMP_EQUAL, 0, 1, EXTENDED),
        (_RETURN, 0, 0, _ALL),
        (_RETURN, 0, 0, _NOTHING),
    ]
    return b"".join(_BPF.pack(*step) for step in steps)


def _swapped(number: int) -> int:
    """A 16-bit number of the header as the filter's machine reads it."""
    return (number & 0xFF) << 8 | number >> 8
