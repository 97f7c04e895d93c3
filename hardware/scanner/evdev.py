"""`scanner:evdev:/dev/input/by-id/...-event-kbd`: a scanner that types like a keyboard, read raw and by us alone.

The kernel gives what it types to nobody else (EVIOCGRAB), so a coupon never ends up in whatever window has the focus, and the
keys are read by scan code, so the system's layout, caps lock and input method have no say.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import time
from collections.abc import Callable

from hardware.reasons import DeviceError, Reason
from hardware.scanner.framing import Framer
from hardware.scanner.kept import KeptScanner
from hardware.scanner.keys import EVENT, Dropped, Typing
from hardware.wishes import read_wishes, short

EVIOCGRAB = 0x4004_4590
"""_IOW('E', 0x90, int) of include/uapi/linux/input.h; 0x8004_4590 on MIPS, PowerPC and SPARC, which no till runs on."""

AT_ONCE = 64 * EVENT.size


def grab(descriptor: int) -> None:
    """Take the device for us alone; EBUSY where another program has."""
    fcntl.ioctl(descriptor, EVIOCGRAB, 1)


class KeyLine:
    """An open input device."""

    def __init__(self, path: str, take: Callable[[int], None]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            take(self._descriptor)
        except OSError as wrong:
            os.close(self._descriptor)
            if wrong.errno == errno.ENOTTY:
                raise DeviceError(
                    Reason.BAD_NAME,
                    f"{path} is no keyboard. Take one of /dev/input/by-id/ that ends in -event-kbd.",
                ) from wrong
            raise
        self._typing = Typing()

    def read(self, timeout_s: float) -> list[bytes | None]:
        """What was typed."""
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        if not ready:
            return []
        try:
            data = os.read(self._descriptor, AT_ONCE)
        except BlockingIOError:
            return []
        if not data:
            raise OSError(errno.ENODEV, "the device has gone")
        return [None if isinstance(typed, Dropped) else typed for typed in self._typing.feed(data)]

    def close(self) -> None:
        """Let go of it; the kernel ends the grab with the last descriptor."""
        os.close(self._descriptor)


def open_scanner(
    argument: str, clock: Callable[[], float] = time.monotonic, take: Callable[[int], None] = grab
) -> KeptScanner:
    """The scanner of `scanner:evdev:PATH[,prefix=P,suffix=S]`. It need not be there yet. `take` grabs an open descriptor."""
    path, wishes = read_wishes("scanner:evdev", argument, {"prefix": short, "suffix": short})
    if not path.startswith("/"):
        raise DeviceError(
            Reason.BAD_NAME,
            "Say which keyboard the scanner is: scanner:evdev:/dev/input/by-id/usb-...-event-kbd, for example.",
        )
    framer = Framer(prefix=wishes.get("prefix", ""), suffix=wishes.get("suffix", ""))
    return KeptScanner(path, f"Scanner that types, {path}", lambda: KeyLine(path, take), framer, clock=clock)
