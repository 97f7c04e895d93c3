"""What a controller was told to send, as a real kernel told it, and as no kernel would.

The two recordings of tests/data/ble were made by btmon in the lab of tests/lab (Linux 6.1, BlueZ 5.66): an iBeacon and a link at
200 ms and -8 dBm, first on hci0 (extended advertising), then on hci1 (without); BlueZ with `--experimental` and without.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.beacon import EddystoneUrl, IBeacon
from hardware.ble.readback import command_filter
from hardware.ble.sent import Told

DATA = Path(__file__).resolve().parents[1] / "data" / "ble"
BEACON = IBeacon("f7826da6-4fa2-4e98-8024-bc5b71e0893e", 1, 2, -67).encode()
LINK = EddystoneUrl("https://shop.example/a", -26).encode()


def frames(name: str) -> list[bytes]:
    """The frames of btmon's file as the monitor's socket gave them (btsnoop, datalink 2001)."""
    octets = (DATA / name).read_bytes()
    assert octets[:16] == b"btsnoop\0" + struct.pack(">II", 1, 2001)
    found, at = [], 16
    while at < len(octets):
        length, flags = struct.unpack_from(">4xII", octets, at)
        body = octets[at + 24 : at + 24 + length]
        found.append(struct.pack("<HHH", flags & 0xFFFF, flags >> 16, length) + body)
        at += 24 + length
    return found


def followed(name: str, index: int) -> list[tuple[object, object]]:
    """What is known of the two after each frame."""
    told, known = Told(index), []
    for frame in frames(name):
        told.feed(frame)
        known.append((told.sends(BEACON), told.sends(LINK)))
    return known


@pytest.mark.parametrize(
    ("name", "index", "beacon", "link"),
    [
        ("sent-experimental.btsnoop", 0, (200.0, 200.0, -8), (200.0, 200.0, -8)),
        ("sent-plain.btsnoop", 0, (1280.0, 1280.0, 0), (1280.0, 1280.0, 0)),
        ("sent-experimental.btsnoop", 1, (100.0, 150.0, None), (100.0, 150.0, None)),
        ("sent-plain.btsnoop", 1, (100.0, 150.0, None), (100.0, 150.0, None)),
    ],
)
def test_the_intervals_that_a_real_kernel_asked_of_a_controller_are_read_back(
    name: str, index: int, beacon: tuple[object, ...], link: tuple[object, ...]
) -> None:
    known = followed(name, index)
    assert beacon in [tuple(one[1:]) for one, _ in known if one is not None]
    assert link in [tuple(one[1:]) for _, one in known if one is not None]
    first = next(one for one, _ in known if one is not None)
    assert first[0] in (BEACON, b"\x02\x01\x04" + BEACON)


def test_what_has_been_removed_is_not_sent_any_more() -> None:
    assert followed("sent-experimental.btsnoop", 0)[-1] == (None, None)


def test_another_adapter_is_another_matter() -> None:
    assert set(followed("sent-experimental.btsnoop", 5)) == {(None, None)}


def command(opcode: int, parameters: bytes, status: int | None = 0, returned: bytes = b"") -> list[bytes]:
    asked = struct.pack("<HB", opcode, len(parameters)) + parameters
    sent = [struct.pack("<HHH", 2, 0, len(asked)) + asked]
    if status is not None:
        said = struct.pack("<BBBHB", 0x0E, 4 + len(returned), 1, opcode, status) + returned
        sent.append(struct.pack("<HHH", 3, 0, len(said)) + said)
    return sent


def a_set(handle: int, steps: int, octets: bytes, status: int | None = 0) -> list[bytes]:
    """The commands that put a set on the air at this many steps of 0.625 ms."""
    interval = steps.to_bytes(3, "little")
    parameters = bytes((handle, 0x10, 0)) + 2 * interval + b"\x07\x01" + bytes(8) + b"\x7f\x01\0\x01\0\0"
    return [
        *command(0x2036, parameters, status, b"\x03"),
        *command(0x2037, bytes((handle, 3, 1, len(octets))) + octets, status),
        *command(0x2039, bytes((1, 1, handle, 0, 0, 0)), status),
    ]


def told_by(sent: list[bytes]) -> Told:
    told = Told(0)
    for frame in sent:
        told.feed(frame)
    return told


def test_a_command_that_the_controller_refused_or_has_not_answered_is_not_in_force() -> None:
    assert told_by(a_set(1, 160, LINK)).sends(LINK) == (LINK, 100.0, 100.0, 3)
    assert told_by(a_set(1, 160, LINK, 0x12)).sends(LINK) is None
    assert told_by(a_set(1, 160, LINK, None)).sends(LINK) is None


@pytest.mark.parametrize(
    "ending",
    [
        command(0x2039, bytes((0, 1, 1, 0, 0, 0))),
        command(0x2039, bytes((0, 0))),
        command(0x203C, b"\x01"),
        command(0x203D, b""),
        command(0x0C03, b""),
        [struct.pack("<HHH", 9, 0, 0)],
        [struct.pack("<HHH", 1, 0, 0)],
    ],
    ids=["disabled", "all disabled", "removed", "cleared", "reset", "closed", "gone"],
)
def test_whatever_ends_a_set_ends_what_is_known_of_it(ending: list[bytes]) -> None:
    assert told_by([*a_set(1, 160, LINK), *ending]).sends(LINK) is None


def test_data_that_come_in_parts_are_put_together() -> None:
    sent = a_set(1, 320, b"")
    parts = ((1, LINK[:10]), (0, LINK[10:20]), (2, LINK[20:]))
    for operation, part in parts:
        sent += command(0x2037, bytes((1, operation, 1, len(part))) + part)
    assert told_by(sent).sends(LINK) == (LINK, 200.0, 200.0, 3)


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(0, 3))
def test_nothing_that_comes_breaks_it(octets: list[bytes], kind: int) -> None:
    told = Told(0)
    for body in octets:
        told.feed(body)
        told.feed(struct.pack("<HHH", kind, 0, len(body)) + body)
        for opcode in (0x2006, 0x2008, 0x200A, 0x2036, 0x2037, 0x2039, 0x203C):
            for frame in command(opcode, body[:30]):
                told.feed(frame)
    told.sends(LINK)


def test_the_filter_lets_through_what_is_followed_and_nothing_else() -> None:
    program = command_filter(3)
    wanted = [
        struct.pack("<HHH", 2, 3, 3) + b"\x06\x20\x00",
        struct.pack("<HHH", 3, 3, 6) + b"\x0e\x04\x01\x06\x20\x00",
        struct.pack("<HHH", 9, 3, 0),
        struct.pack("<HHH", 1, 3, 0),
    ]
    unwanted = [
        # A report, another adapter's command, data of a connection, a note of the kernel's.
        struct.pack("<HHH", 3, 3, 4) + b"\x3e\x02\x02\x00",
        struct.pack("<HHH", 2, 2, 3) + b"\x06\x20\x00",
        struct.pack("<HHH", 4, 3, 4) + bytes(4),
        struct.pack("<HHH", 12, 0xFFFF, 4) + bytes(4),
    ]
    assert [passes(program, frame) for frame in wanted] == [True] * len(wanted)
    assert [passes(program, frame) for frame in unwanted] == [False] * len(unwanted)


def passes(program: bytes, frame: bytes) -> bool:
    """A small machine for the instructions in use (Linux, Documentation/networking/filter.rst)."""
    steps = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == 0x06:
            return bool(operand)
        if code == 0x15:
            at += if_true if value == operand else if_false
            continue
        size = {0x28: 2, 0x30: 1}[code]
        if operand + size > len(frame):
            return False
        value = int.from_bytes(frame[operand : operand + size], "big")
