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


class _Vector(ctypes.Structure):
    """`struct iovec` of readv(2)."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr` of recvmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr` of recvmmsg(2)."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class Receiver:
    """Reads many packets in one call of the system: a fifth of what a packet costs is the way into the kernel and back."""

    def __init__(self, packets: int, longest: int) -> None:
        """`packets` at most in one call, each `longest` octets at most; what is longer is cut off."""
        self.packets = packets
        self._starts = range(0, packets * longest, longest)
        self._longest = longest
        self._octets = bytearray(packets * longest)
        self._view = memoryview(self._octets)
        first = ctypes.addressof(ctypes.c_char.from_buffer(self._octets))
        self._vectors = (_Vector * packets)(*(_Vector(first + start, longest) for start in self._starts))
        self._messages = (_Message * packets)()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        words = ctypes.sizeof(_Message) // ctypes.sizeof(ctypes.c_uint)
        at = _Message.length.offset // ctypes.sizeof(ctypes.c_uint)
        self._lengths = memoryview(self._messages).cast("B").cast("I")[at::words]
        self._recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg

    def read(self, opened: socket.socket) -> list[bytes]:
        """What waits, without waiting for more; [] where nothing does. OSError as the kernel gives it."""
        count = self._recvmmsg(opened.fileno(), self._messages, self.packets, socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            if number in (errno.EAGAIN, errno.EINTR):
                return []
            raise OSError(number, os.strerror(number))
        whole = bytes(self._view[: count * self._longest])
        return [
            whole[at : at + length]
            for at, length in zip(self._starts, self._lengths[:count].tolist(), strict=False)
        ]


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
                f"{adapter} is in use, and whoever has it keeps it. Stop the other program, or use ble:raw:{adapter}, "
                "which shares it.",
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
