"""Opens the kernel's Bluetooth sockets, which Python's own socket module cannot bind to a channel.

Sources: Linux, include/net/bluetooth/hci_sock.h (addresses and channels), bluetooth.h (the numbers); `struct sock_fprog` of
linux/filter.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from enum import IntEnum
from struct import pack

from hardware.device import DeviceError, Reason

_AF_BLUETOOTH, _BTPROTO_HCI = 31, 1
_SO_ATTACH_FILTER = 26
NO_ADAPTER = 0xFFFF
"""The number that stands for no adapter in particular."""


class Channel(IntEnum):
    """What a socket is for: one controller alone, listening to all traffic, managing."""

    USER = 1
    MONITOR = 2
    CONTROL = 3


def open_channel(channel: Channel, index: int = NO_ADAPTER) -> socket.socket:
    """A socket of this channel that does not block; OSError as the kernel gives it (PermissionError, ENODEV, EBUSY)."""
    opened = socket.socket(_AF_BLUETOOTH, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _BTPROTO_HCI)
    try:
        address = pack("=HHH", _AF_BLUETOOTH, index, channel)
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.bind(opened.fileno(), address, len(address))
        opened.setblocking(False)
    except BaseException:
        opened.close()
        raise
    if failed:
        number = ctypes.get_errno()
        opened.close()
        raise OSError(number, os.strerror(number))
    return opened


def attach_filter(to: socket.socket, program: bytes) -> None:
    """Let the kernel throw away what the program (classic BPF) refuses; OSError where it does not take it."""
    steps = ctypes.create_string_buffer(program, len(program))
    # A length, and a pointer behind the gap that its alignment asks for.
    to.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, pack("@HP", len(program) // 8, ctypes.addressof(steps))
    )


def socket_error(adapter: str, problem: OSError, capability: str) -> DeviceError:
    """What the kernel refused, as a reason and a sentence with a remedy; `capability` is what opening needs."""
    match problem.errno:
        case errno.EPERM | errno.EACCES:
            return DeviceError(
                Reason.NO_PERMISSION,
                f"{adapter}: reading raw Bluetooth needs {capability}. Give it to the service: "
                f"AmbientCapabilities={capability}, or use ble:{adapter}.",
            )
        case errno.ENODEV | errno.ENXIO:
            return DeviceError(Reason.NOT_FOUND, f"{adapter} is not there. Is the adapter plugged in?")
        case errno.EBUSY | errno.EALREADY | errno.EUSERS:
            return DeviceError(
                Reason.BUSY,
                f"{adapter} is in use. Taking it alone needs it switched off and BlueZ not using it: "
                f"bluetoothctl power off, or use ble:raw:{adapter}.",
            )
        case errno.ERFKILL:
            return DeviceError(
                Reason.SWITCHED_OFF, f"{adapter} is blocked. Unblock it: rfkill unblock bluetooth."
            )
        case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT | errno.EINVAL:
            return DeviceError(
                Reason.NOT_FOUND,
                f"{adapter} is not there: this machine's kernel has no Bluetooth. Load it: modprobe bluetooth.",
            )
        case _:
            return DeviceError(
                Reason.BROKEN,
                f"{adapter} failed: {problem.strerror}. Unplug it, wait ten seconds, plug it in.",
            )
