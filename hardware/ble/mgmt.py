"""The kernel's management socket: which adapters there are, and their power. Blocks; not for a loop's own thread.

Reading needs no rights, switching needs CAP_NET_ADMIN.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from types import TracebackType

from hardware.ble.hci_socket import Channel, open_channel
from hardware.ble.mgmt_frames import (
    ADD_PATTERNS_MONITOR,
    READ_CONTROLLER,
    READ_INDEX_LIST,
    READ_MONITOR_FEATURES,
    REMOVE_MONITOR,
    SET_POWERED,
    Controller,
    Reply,
    controller,
    indexes,
    monitor_count,
    monitor_handle,
    pattern_monitor,
    reply,
    request,
)

ANSWER_S = 6.0
"""The kernel gives a controller 2 s for each command and powers one up in a few; longer, and the adapter hangs."""

_LONGEST_PACKET = 1024


class Management:
    """A connection to the kernel; OSError from opening where it has no Bluetooth. `opened`: a socket that is open already."""

    def __init__(self, opened: socket.socket | None = None) -> None:
        self._socket = opened if opened is not None else open_channel(Channel.CONTROL)

    def __enter__(self) -> Management:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def adapters(self) -> dict[str, Controller]:
        """Every adapter that the kernel has, by its name; one that does not tell of itself is left out. Raises OSError."""
        found = {}
        for index in indexes(self._ask(request(READ_INDEX_LIST)).returned):
            known = controller(self._ask(request(READ_CONTROLLER, index)).returned)
            if known is not None:
                found[f"hci{index}"] = known
        return found

    def set_powered(self, adapter: str, *, on: bool) -> Reply:
        """Switch an adapter on or off. Raises OSError, TimeoutError where the kernel says nothing."""
        return self._ask(request(SET_POWERED, _index(adapter), bytes((on,))))

    def monitors(self, adapter: str) -> int:
        """How many advertisement monitors an adapter has. Raises OSError, TimeoutError."""
        return monitor_count(self._done(request(READ_MONITOR_FEATURES, _index(adapter))))

    def add_monitor(self, adapter: str, ad_type: int, content: bytes) -> int:
        """Register a monitor of one pattern; its number. Needs CAP_NET_ADMIN. Raises OSError, TimeoutError."""
        parameters = pattern_monitor(ad_type, content)
        return monitor_handle(self._done(request(ADD_PATTERNS_MONITOR, _index(adapter), parameters)))

    def remove_monitor(self, adapter: str, handle: int) -> None:
        """Take a monitor away. Raises OSError, TimeoutError."""
        self._done(request(REMOVE_MONITOR, _index(adapter), handle.to_bytes(2, "little")))

    def _done(self, packet: bytes) -> bytes:
        """What a command that was carried out returned; OSError with the kernel's reason for one that was not."""
        said = self._ask(packet)
        if said.status:
            raise OSError(errno.EIO, said.why_not)
        return said.returned

    def _ask(self, packet: bytes) -> Reply:
        opcode = packet[0] | packet[1] << 8
        self._socket.send(packet)
        until = time.monotonic() + ANSWER_S
        while (left_s := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._socket], [], [], left_s)
            if not ready:
                break
            said = reply(self._socket.recv(_LONGEST_PACKET))
            if said is not None and said.opcode == opcode:
                return said
        raise TimeoutError(f"The kernel did not answer command {opcode:#06x} within {ANSWER_S:g} s.")


def _index(adapter: str) -> int:
    return int(adapter.removeprefix("hci"))
