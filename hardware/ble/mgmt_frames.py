"""Commands and answers of the kernel's Bluetooth management interface.

Pure: `hardware.ble.mgmt` sends and receives them.

Source: BlueZ, doc/mgmt-api.txt: the header; Command Complete and Command Status events; Read Controller Index List, Read
Controller Information, Set Powered; Read Advertisement Monitor Features, Add Advertisement Patterns Monitor, Remove
Advertisement Monitor.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

READ_INDEX_LIST, READ_CONTROLLER, SET_POWERED = 0x0003, 0x0004, 0x0005
READ_MONITOR_FEATURES, ADD_PATTERNS_MONITOR, REMOVE_MONITOR = 0x0051, 0x0052, 0x0053
LONGEST_PATTERN = 31
_COMPLETE, _STATUS = 0x0001, 0x0002
NO_CONTROLLER = 0xFFFF
_HEADER = Struct("<HHH")
# Address, version, manufacturer, settings that can be and that are in force; class and names follow.
_CONTROLLER = Struct("<6sBHII")
_POWERED = 1 << 0

STATUS_WORDS = {
    0x03: "it failed",
    0x04: "the adapter did not answer in time",
    0x0A: "it is busy",
    0x0B: "it was refused",
    0x0D: "it is not known here",
    0x0F: "it is switched off",
    0x10: "it was cancelled",
    0x11: "there is no such adapter",
    0x12: "it is blocked (rfkill unblock bluetooth)",
    0x14: "it needs CAP_NET_ADMIN",
}
"""Why a command was not carried out, for the statuses that ours can meet (doc/mgmt-api.txt, "Error Codes")."""


class Reply(NamedTuple):
    """What the kernel said to a command: 0 is success."""

    opcode: int
    adapter: int
    status: int
    returned: bytes = b""

    @property
    def why_not(self) -> str:
        """The status as the end of a sentence."""
        return STATUS_WORDS.get(self.status, f"status {self.status:#04x}")


class Controller(NamedTuple):
    """An adapter as the kernel knows it."""

    address: str
    powered: bool


def request(opcode: int, index: int = NO_CONTROLLER, parameters: bytes = b"") -> bytes:
    """A command to the kernel."""
    return _HEADER.pack(opcode, index, len(parameters)) + parameters


def reply(packet: bytes) -> Reply | None:
    """What a packet answers to a command; None for any other event."""
    if len(packet) < _HEADER.size + 3:
        return None
    event, index, _ = _HEADER.unpack_from(packet)
    if event not in (_COMPLETE, _STATUS):
        return None
    opcode, status = packet[6] | packet[7] << 8, packet[8]
    return Reply(opcode, index, status, packet[9:])


def controller(returned: bytes) -> Controller | None:
    """The answer to Read Controller Information; None where it is too short."""
    if len(returned) < _CONTROLLER.size:
        return None
    address, _, _, _, settings = _CONTROLLER.unpack_from(returned)
    return Controller(address[::-1].hex(":"), bool(settings & _POWERED))


def pattern_monitor(ad_type: int, content: bytes) -> bytes:
    """The parameters for a monitor of one pattern: AD structures of this type that begin with this content."""
    if not 1 <= len(content) <= LONGEST_PATTERN:
        raise ValueError(f"A pattern has 1 to {LONGEST_PATTERN} octets, not {len(content)}.")
    return bytes((1, ad_type, 0, len(content))) + content.ljust(LONGEST_PATTERN, b"\0")


def monitor_handle(returned: bytes) -> int:
    """The number that the kernel gave a monitor."""
    return int.from_bytes(returned[:2], "little")


def monitor_count(returned: bytes) -> int:
    """How many monitors an adapter has, from its monitor features: supported, enabled, most monitors, most patterns, count."""
    return int.from_bytes(returned[11:13], "little")


def indexes(returned: bytes) -> list[int]:
    """The answer to Read Controller Index List: the adapters' numbers."""
    count = int.from_bytes(returned[:2], "little")
    return [
        int.from_bytes(returned[at : at + 2], "little")
        for at in range(2, min(2 + 2 * count, len(returned) - 1), 2)
    ]
