"""The serial line of a modem, through pyserial."""

from __future__ import annotations

import errno

import serial

from hardware.reasons import DeviceError, Reason

WRITE_S = 5.0
"""A modem that takes no octet for so long is taken for gone."""

AT_ONCE = 4096


class ModemLine:
    """An open line. OSError when it is gone."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            self._port = serial.Serial(port, baud, timeout=0, write_timeout=WRITE_S, exclusive=True)
        except serial.SerialException as wrong:
            # pyserial keeps the kernel's number where it has one.
            raise OSError(wrong.errno or errno.EIO, str(wrong)) from wrong
        except ValueError as wrong:
            raise DeviceError(Reason.BAD_NAME, f"{port} cannot run at {baud} baud: {wrong}.") from wrong

    def read(self, timeout_s: float) -> bytes:
        """What came within the time."""
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return first + self._port.read(min(self._port.in_waiting, AT_ONCE)) if first else b""
        except (serial.SerialException, TypeError) as wrong:
            # TypeError: pyserial reads on a line that has just been closed.
            raise OSError(errno.EIO, str(wrong)) from wrong

    def write(self, octets: bytes) -> None:
        """Say this."""
        try:
            self._port.write(octets)
        except serial.SerialException as wrong:
            raise OSError(errno.EIO, str(wrong)) from wrong

    def close(self) -> None:
        """Let go of it."""
        self._port.close()
