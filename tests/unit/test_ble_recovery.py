"""Power, USB and drivers of an adapter: over a stand-in of the kernel's management socket and of its folders."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.mgmt import Management
from hardware.ble.mgmt_frames import SET_POWERED, controller, indexes, reply, request
from hardware.ble.recovery import Outcome, place_of, power_cycle, power_off, reload, usb_reset
from hardware.ble.repeats import NOBODY_SAYS, Repeats
from hardware.device import DeviceError, Reason


class Kernel:
    """The kernel's end of the management socket (doc/mgmt-api.txt), with one controller, hci1."""

    def __init__(self, refuses: dict[bytes, int] | None = None) -> None:
        self.ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._refuses = refuses or {}
        self.powered = True
        self.switched: list[bool] = []
        self.monitors: dict[int, bytes] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._theirs.recv(512):
                self._answer(packet)

    def _answer(self, packet: bytes) -> None:
        opcode, index, parameters = packet[:2], packet[2:4], packet[6:]
        # An event of its own comes between, as it does.
        self._theirs.send(b"\x06\x00" + index + b"\x04\x00" + bytes(4))
        status, returned = self._refuses.get(opcode + parameters, 0), b""
        if opcode == b"\x03\x00":
            returned = b"\x01\x00\x01\x00"
        elif opcode == b"\x04\x00":
            settings = int(self.powered).to_bytes(4, "little")
            returned = bytes.fromhex("010000aa00c0") + b"\x0a\x3f\x00" + bytes(4) + settings + bytes(263)
        elif opcode == b"\x05\x00" and not status:
            self.powered = bool(parameters[0])
            self.switched.append(self.powered)
            returned = bytes(4)
        elif opcode == b"\x51\x00":
            held = b"".join(number.to_bytes(2, "little") for number in self.monitors)
            returned = bytes(8) + b"\x20\x00\x10" + len(self.monitors).to_bytes(2, "little") + held
        elif opcode == b"\x52\x00" and not status:
            self.monitors[7] = parameters
            returned = b"\x07\x00"
        elif opcode == b"\x53\x00":
            del self.monitors[int.from_bytes(parameters, "little")]
            returned = parameters
        body = opcode + bytes((status,)) + returned
        kind = b"\x02\x00" if status else b"\x01\x00"
        self._theirs.send(kind + index + len(body).to_bytes(2, "little") + body)

    def done(self) -> None:
        self._theirs.shutdown(socket.SHUT_RDWR)
        self._theirs.close()
        self._thread.join(5)


@contextmanager
def kernel(refuses: dict[bytes, int] | None = None) -> Iterator[tuple[Kernel, Callable[[], Management]]]:
    one = Kernel(refuses)
    try:
        yield one, lambda: Management(one.ours)
    finally:
        one.done()


def no_wait(_seconds: float) -> None:
    return


def test_the_kernel_tells_its_adapters_and_whether_they_are_on() -> None:
    with kernel() as (_, management), management() as told:
        assert told.adapters()["hci1"] == ("c0:00:aa:00:00:01", True)


def test_power_goes_off_and_on() -> None:
    with kernel() as (one, management):
        assert power_cycle("hci1", management, no_wait) == Outcome(True, "hci1 was switched off and on.")
        assert one.switched == [False, True]


@pytest.mark.parametrize(
    ("refuses", "sentence"),
    [
        ({b"\x05\x00\x00": 0x14}, "hci1 cannot be switched off: it needs CAP_NET_ADMIN."),
        ({b"\x05\x00\x01": 0x04}, "hci1 cannot be switched on again: the adapter did not answer in time."),
        ({b"\x05\x00\x01": 0x77}, "hci1 cannot be switched on again: status 0x77."),
    ],
)
def test_what_the_kernel_refuses_is_said(refuses: dict[bytes, int], sentence: str) -> None:
    with kernel(refuses) as (_, management):
        assert power_cycle("hci1", management, no_wait) == Outcome(False, sentence)


def test_power_goes_off_and_stays_off() -> None:
    with kernel() as (one, management):
        assert power_off("hci1", management) == Outcome(True, "hci1 was switched off.")
        assert one.switched == [False]
    with kernel({b"\x05\x00\x00": 0x11}) as (_, management):
        assert power_off("hci1", management).said == "hci1 cannot be switched off: there is no such adapter."


def test_an_adapter_that_is_gone_or_taken_alone_cannot_be_switched() -> None:
    with kernel() as (one, management):
        assert not power_cycle("hci0", management, no_wait).done
        assert one.switched == []


def test_a_kernel_without_bluetooth_is_a_sentence() -> None:
    def missing() -> Management:
        raise OSError(97, os.strerror(97))

    outcome = power_cycle("hci0", missing, no_wait)
    assert not outcome.done
    assert outcome.said.endswith("Address family not supported by protocol.")


@given(st.binary(max_size=40))
def test_any_octets_from_the_management_socket_are_an_answer_or_none(octets: bytes) -> None:
    said = reply(octets)
    assert said is None or 0 <= said.status <= 255
    assert all(0 <= index <= 0xFFFF for index in indexes(octets))
    assert controller(octets) is None or len(octets) >= 17


def test_a_request_is_its_header_and_its_parameters() -> None:
    assert request(SET_POWERED, 1, b"\x01") == bytes.fromhex("050001000100" + "01")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A sysfs with hci0 on USB and hci1 on a serial line, as a Raspberry Pi with an adapter has."""
    for adapter, device, driver in (
        ("hci0", "devices/usb1/1-1/1-1.2/1-1.2:1.0", "bus/usb/drivers/btusb"),
        ("hci1", "devices/platform/serial0/serial0-0", "bus/serial/drivers/hci_uart_bcm"),
    ):
        place, drive = tmp_path / device, tmp_path / driver
        place.mkdir(parents=True)
        drive.mkdir(parents=True)
        (drive / "unbind").write_text("")
        (drive / "bind").write_text("")
        (place / "driver").symlink_to(drive)
        known = tmp_path / "class" / adapter
        known.mkdir(parents=True)
        (known / "device").symlink_to(place)
    usb = tmp_path / "devices/usb1/1-1/1-1.2"
    (usb / "busnum").write_text("1\n")
    (usb / "devnum").write_text("7\n")
    bare = tmp_path / "devices/virtual/tty/hvc0"
    bare.mkdir(parents=True)
    (tmp_path / "class/hci2").mkdir()
    (tmp_path / "class/hci2/device").symlink_to(bare)
    return tmp_path


def test_where_an_adapter_sits_is_told_so_that_somebody_finds_it(machine: Path) -> None:
    assert place_of("hci0", machine / "class") == ("usb", "1-1.2")
    assert place_of("hci1", machine / "class") == ("board", "")
    assert place_of("hci7", machine / "class") == ("unknown", "")


def test_only_an_adapter_on_usb_has_a_port_to_reset(machine: Path) -> None:
    assert usb_reset("hci1", machine / "class", machine / "bus") == Outcome(False, "hci1 is not on USB.")
    missing = usb_reset("hci0", machine / "class", machine / "bus")
    assert missing == Outcome(False, "USB port 1-1.2 cannot be reset: No such file or directory.")
    node = machine / "nodes" / "001"
    node.mkdir(parents=True)
    (node / "007").write_text("")
    # A plain file stands where the kernel's would: it has no port behind it.
    refused = usb_reset("hci0", machine / "class", machine / "nodes")
    assert refused == Outcome(False, "USB port 1-1.2 cannot be reset: Inappropriate ioctl for device.")


@pytest.mark.parametrize(
    ("adapter", "driver", "name"),
    [
        ("hci0", "bus/usb/drivers/btusb", "1-1.2:1.0"),
        ("hci1", "bus/serial/drivers/hci_uart_bcm", "serial0-0"),
    ],
)
def test_a_driver_lets_go_of_its_device_and_takes_it_again(
    machine: Path, adapter: str, driver: str, name: str
) -> None:
    assert reload(adapter, machine / "class", sleep=no_wait).done
    assert (machine / driver / "unbind").read_text() == name
    assert (machine / driver / "bind").read_text() == name


def test_an_adapter_without_a_driver_of_its_own_has_its_service_restarted(machine: Path) -> None:
    asked: list[str] = []

    def restart(service: str) -> Outcome:
        asked.append(service)
        return Outcome(service == "bluetooth", service)

    assert reload("hci2", machine / "class", restart, no_wait) == Outcome(True, "bluetooth")
    assert asked == ["hciuart", "bluetooth"]


async def no_bluez(*_: object) -> None:
    raise DeviceError(Reason.BROKEN, "hci1: BlueZ offers no monitors.")


def test_where_bluez_offers_no_monitor_the_kernel_keeps_one_that_matches_nothing() -> None:
    with kernel() as (one, _), kernel() as (other, _):
        # A connection is closed after each use: two commands of keeping, then one of letting go.
        connections = iter((one, other))
        other.monitors = one.monitors
        repeats = Repeats("hci1", no_bluez, lambda: Management(next(connections).ours))
        asyncio.run(repeats.keep())
        assert (repeats.kept, repeats.why_not) == ("kernel", "")
        (pattern,) = one.monitors.values()
        assert pattern == bytes((1, 0xFF, 0, len(NOBODY_SAYS))) + NOBODY_SAYS.ljust(31, b"\0")
        asyncio.run(repeats.let_go())
        assert not one.monitors
        assert not repeats.kept


def test_a_monitor_that_is_there_already_keeps_repeats_and_is_left_alone() -> None:
    with kernel() as (one, management):
        one.monitors[3] = b""
        repeats = Repeats("hci1", no_bluez, management)
        asyncio.run(repeats.keep())
        asyncio.run(repeats.let_go())
        assert list(one.monitors) == [3]


def test_why_repeats_may_be_missed_is_said_with_both_reasons() -> None:
    refusal = b"\x52\x00" + bytes((1, 0xFF, 0, len(NOBODY_SAYS))) + NOBODY_SAYS.ljust(31, b"\0")
    with kernel({refusal: 0x14}) as (_, management):
        repeats = Repeats("hci1", no_bluez, management)
        asyncio.run(repeats.keep())
        assert repeats.kept == ""
        assert repeats.why_not == "hci1: BlueZ offers no monitors. it needs CAP_NET_ADMIN"
