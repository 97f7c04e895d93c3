"""`scanner:serial:/dev/ttyACM0`: a scanner on a serial line, or one on USB that behaves like one, through pyserial.

`baud=115200` where it is not the usual 9600 (USB scanners take any); `prefix=` and `suffix=` for what the scanner puts around
each text.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

import serial

from hardware.reasons import DeviceError, Reason
from hardware.scanner.framing import Framer
from hardware.scanner.kept import KeptScanner
from hardware.wishes import read_wishes, short, whole

BAUD = 9600
AT_ONCE = 4096


class SerialLine:
    """An open serial line."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            self._port = serial.Serial(port, baud, timeout=0, exclusive=True)
        except serial.SerialException as wrong:
            # pyserial keeps the kernel's number where it has one.
            raise OSError(wrong.errno or errno.EIO, str(wrong)) from wrong
        except ValueError as wrong:
            raise DeviceError(Reason.BAD_NAME, f"{port} cannot run at {baud} baud: {wrong}.") from wrong

    def read(self, timeout_s: float) -> list[bytes | None]:
        """What came."""
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            if not first:
                return []
            return [first + self._port.read(min(self._port.in_waiting, AT_ONCE))]
        except (serial.SerialException, TypeError) as wrong:
            # TypeError: pyserial reads on a line that another thread has just closed.
            raise OSError(errno.EIO, str(wrong)) from wrong

    def write(self, data: bytes) -> None:
        """Send to the scanner; for setting it up."""
        try:
            self._port.write(data)
            self._port.flush()
        except serial.SerialException as wrong:
            raise OSError(errno.EIO, str(wrong)) from wrong

    def close(self) -> None:
        """Let go of it."""
        self._port.close()


def open_scanner(argument: str, clock: Callable[[], float] = time.monotonic) -> KeptScanner:
    """The scanner of `scanner:serial:PORT[,baud=N,prefix=P,suffix=S]`. It need not be there yet."""
    port, wishes = read_wishes(
        "scanner:serial", argument, {"baud": whole(300, 4_000_000), "prefix": short, "suffix": short}
    )
    if not port:
        raise DeviceError(
            Reason.BAD_NAME, "Say which port the scanner is on: scanner:serial:/dev/ttyACM0, for example."
        )
    baud = wishes.get("baud", BAUD)
    framer = Framer(prefix=wishes.get("prefix", ""), suffix=wishes.get("suffix", ""))
    return KeptScanner(
        port, f"Scanner on {port}, {baud} baud", lambda: SerialLine(port, baud), framer, clock=clock
    )
