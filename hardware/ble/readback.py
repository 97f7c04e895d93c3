"""Reads back what the controller was really told to send: listens to the kernel's monitor where this process may.

Needs CAP_NET_RAW, as raw scanning does. Without it nothing is wrong: what is told is then reckoned from what BlueZ says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from struct import Struct

from hardware.ble.hci_frames import MONITOR_HEADER, MonitorFrame
from hardware.ble.hci_socket import Channel, attach_filter, open_channel
from hardware.ble.sent import MONITOR_COMMAND, Sent, Told

logger = logging.getLogger(__name__)

LONGEST_FRAME = 264
"""The monitor's header, and a command or an event of 258 octets."""

MOST_AT_ONCE = 256
"""Read in one turn of the loop; more wait for the next one."""


class Readback:
    """Follows one adapter from `open` to `close`."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._told = Told(index)
        self._socket: socket.socket | None = None

    def open(self) -> bool:
        """Begin to listen; whether this process may. Again is harmless."""
        if self._socket is not None:
            return True
        try:
            opened = open_channel(Channel.MONITOR)
        except OSError as problem:
            logger.debug("intervals are reckoned, not read back: %s", problem.strerror)
            return False
        # Where the kernel takes no filter we are woken more often, and read the same.
        with contextlib.suppress(OSError):
            attach_filter(opened, command_filter(self._index))
        self._socket = opened
        asyncio.get_running_loop().add_reader(opened, self._read, opened)
        return True

    def close(self) -> None:
        """Stop; may be called twice."""
        opened, self._socket = self._socket, None
        if opened is not None:
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()

    def sends(self, octets: bytes) -> Sent | None:
        """How what ends in these octets is sent; None where that cannot be seen."""
        return self._told.sends(octets)

    def _read(self, opened: socket.socket) -> None:
        try:
            for _ in range(MOST_AT_ONCE):
                self._told.feed(opened.recv(LONGEST_FRAME))
        except BlockingIOError:
            return
        except OSError as problem:
            logger.debug("the monitor ended: %s", problem.strerror)
            self.close()


# A classic BPF instruction and its codes; see `hardware.ble.hci_frames` for those of scanning.
_BPF = Struct("=HBBI")
_LOAD_HALF, _LOAD_OCTET, _JUMP_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06


def command_filter(index: int) -> bytes:
    """A program for SO_ATTACH_FILTER: one adapter's commands, their completion, and its end. Reports wake nobody."""
    completion = MONITOR_HEADER.size
    steps = [
        (_LOAD_HALF, 0, 0, 2),
        (_JUMP_EQUAL, 0, 8, _swapped(index)),
        (_LOAD_HALF, 0, 0, 0),
        (_JUMP_EQUAL, 5, 0, _swapped(MONITOR_COMMAND)),
        (_JUMP_EQUAL, 4, 0, _swapped(MonitorFrame.INDEX_GONE)),
        (_JUMP_EQUAL, 3, 0, _swapped(MonitorFrame.INDEX_CLOSED)),
        (_JUMP_EQUAL, 0, 3, _swapped(MonitorFrame.EVENT)),
        (_LOAD_OCTET, 0, 0, completion),
        (_JUMP_EQUAL, 0, 1, 0x0E),
        (_RETURN, 0, 0, 0xFFFF_FFFF),
        (_RETURN, 0, 0, 0),
    ]
    return b"".join(_BPF.pack(*step) for step in steps)


def _swapped(number: int) -> int:
    return (number & 0xFF) << 8 | number >> 8
