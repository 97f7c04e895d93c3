"""Ways to reach a printer: the network (raw port 9100), a serial line, a device file such as /dev/usb/lp0.

Every wire writes as much as the printer takes at the moment and reads what it has said; OSError when it is gone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
from pathlib import Path
from typing import Protocol

import serial

CONNECT_S = 3.0
AT_ONCE = 4096


class Wire(Protocol):
    """An open way to a printer."""

    def write(self, data: bytes, timeout_s: float) -> int:
        """How many octets the printer took; 0 where it took none within the time."""

    def read(self, timeout_s: float) -> bytes:
        """What it said; empty where it said nothing within the time."""

    def close(self) -> None:
        """Let go of it."""


class _Descriptor:
    """What sockets and device files have in common."""

    def __init__(self, descriptor: int, *, reads: bool) -> None:
        self._descriptor = descriptor
        self._reads = reads

    def write(self, data: bytes, timeout_s: float) -> int:
        _, ready, _ = select.select([], [self._descriptor], [], timeout_s)
        if not ready:
            return 0
        try:
            return os.write(self._descriptor, data[:AT_ONCE])
        except BlockingIOError:
            return 0

    def read(self, timeout_s: float) -> bytes:
        if not self._reads:
            return b""
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        if not ready:
            return b""
        try:
            data = os.read(self._descriptor, AT_ONCE)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError(errno.EPIPE, "the printer has closed the line")
        return data


class NetWire(_Descriptor):
    """A printer on the network."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), CONNECT_S)
        except UnicodeError as wrong:
            raise OSError(errno.EHOSTUNREACH, "no name of a host") from wrong
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(self._socket.fileno(), reads=True)

    def close(self) -> None:
        """Let go of it; what was sent still arrives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


class FileWire(_Descriptor):
    """A printer behind a device file. One that can only be written says nothing, and is named with `status=no`."""

    def __init__(self, path: str) -> None:
        flags = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        if stat.S_ISREG(Path(path).stat().st_mode):
            descriptor, reads = os.open(path, flags | os.O_WRONLY | os.O_APPEND), False
        else:
            descriptor, reads = os.open(path, flags | os.O_RDWR), True
        super().__init__(descriptor, reads=reads)

    def read(self, timeout_s: float) -> bytes:
        """What it said. A USB printer that has nothing to say gives an end of file, again and again."""
        try:
            return super().read(timeout_s)
        except OSError as wrong:
            if wrong.errno != errno.EPIPE:
                raise
            select.select([], [], [], min(timeout_s, 0.02))
            return b""

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


class SerialWire:
    """A printer on a serial line, with the hardware's own flow control or without."""

    def __init__(self, port: str, baud: int, flow: str) -> None:
        try:
            self._port = serial.Serial(
                port,
                baud,
                timeout=0,
                write_timeout=0,
                exclusive=True,
                rtscts=flow == "rtscts",
                dsrdtr=flow == "dsrdtr",
                xonxoff=flow == "xonxoff",
            )
        except serial.SerialException as wrong:
            raise OSError(wrong.errno or errno.EIO, str(wrong)) from wrong
        except ValueError as wrong:
            raise OSError(errno.EINVAL, str(wrong)) from wrong

    def write(self, data: bytes, timeout_s: float) -> int:
        """How many octets the line took."""
        _, ready, _ = select.select([], [self._port.fileno()], [], timeout_s)
        if not ready:
            return 0
        try:
            return os.write(self._port.fileno(), data[:AT_ONCE])
        except BlockingIOError:
            return 0

    def read(self, timeout_s: float) -> bytes:
        """What it said."""
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except serial.SerialException as wrong:
            raise OSError(errno.EIO, str(wrong)) from wrong

    def close(self) -> None:
        """Let go of it."""
        self._port.close()
