"""The driver of raw reports over real sockets: the kernel's filter, a controller that answers, and one that refuses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from hardware.ble.advertisement import Advertisement
from hardware.ble.duty import Wishes
from hardware.ble.hci_frames import MONITOR_HEADER, MonitorFrame, command, monitor_filter
from hardware.ble.hci_socket import Receiver, attach_filter
from hardware.ble.radio import Radio
from hardware.ble.raw import LARGEST_BATCH, Alone, Monitor, RawRadio
from hardware.device import DeviceError, Reason
from tests.ble_recordings import HEARD, extended, report


def framed(kind: int, index: int, body: bytes = b"") -> bytes:
    return MONITOR_HEADER.pack(kind, index, len(body)) + body


class MonitorOver(Monitor):
    """The monitor's own reading over a socket of ours: there is no BlueZ here to ask."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__("hci2", Wishes())
        self._end_of_ours = end

    async def open(self) -> socket.socket:
        return self._end_of_ours

    async def begin(self, opened: socket.socket, lost: Callable[[DeviceError], None]) -> None:
        return


async def all_of(radio: RawRadio, wanted: int) -> list[Sequence[Advertisement]]:
    batches: list[Sequence[Advertisement]] = []
    async with asyncio.timeout(5):
        async for heard in radio.scan():
            batches.append(heard)
            if sum(map(len, batches)) >= wanted:
                await radio.close()
    return batches


@contextmanager
def pair(kind: int = socket.SOCK_SEQPACKET) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    ours.setblocking(False)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    try:
        yield ours, theirs
    finally:
        ours.close()
        theirs.close()


def test_the_kernel_lets_through_reports_of_one_adapter_and_its_end_and_nothing_else() -> None:
    wanted = [
        framed(MonitorFrame.EVENT, 0x0102, report()),
        framed(MonitorFrame.EVENT, 0x0102, extended(b"")),
        framed(MonitorFrame.INDEX_GONE, 0x0102),
        framed(MonitorFrame.INDEX_CLOSED, 0x0102),
    ]
    others = [
        framed(MonitorFrame.EVENT, 0x0201, report()),
        framed(MonitorFrame.EVENT, 0x0102, b"\x0e\x04\x01\x05\x10\x00"),
        framed(MonitorFrame.EVENT, 0x0102, b"\x3e\x13\x01"),
        framed(2, 0x0102, report()),
        framed(5, 0x0102, report()),
        framed(MonitorFrame.EVENT, 0x0102, b"\x3e"),
        b"\x03",
    ]
    with pair(socket.SOCK_DGRAM) as (ours, theirs):
        attach_filter(ours, monitor_filter(0x0102))
        through = []
        for frame in (*others, *wanted):
            theirs.send(frame)
            try:
                through.append(ours.recv(300))
            except BlockingIOError:
                continue
    assert through == wanted


def test_what_comes_together_is_handed_over_together_and_every_packet_once() -> None:
    with pair() as (ours, theirs):
        for number in range(1000):
            theirs.send(framed(MonitorFrame.EVENT, 2, report(rssi=-30 - number % 60)))
        theirs.send(framed(MonitorFrame.EVENT, 2, b"\x3e\x30\x02"))
        radio = RawRadio("hci2", MonitorOver(ours))
        assert isinstance(radio, Radio)
        batches = asyncio.run(all_of(radio, 1000))
    heard = [one for batch in batches for one in batch]
    assert [one.rssi_dbm for one in heard] == [-30 - number % 60 for number in range(1000)]
    assert {(one.address, one.address_type, one.payload) for one in heard} == {
        (HEARD.address, HEARD.address_type, HEARD.payload)
    }
    assert [one.at for one in heard] == sorted(one.at for one in heard)
    assert max(map(len, batches)) == LARGEST_BATCH
    assert radio.dropped == 0


def test_packets_that_trickle_in_cost_a_waking_for_many() -> None:
    async def scenario(ours: socket.socket, theirs: socket.socket) -> int:
        async def trickle() -> None:
            for _ in range(100):
                theirs.send(framed(MonitorFrame.EVENT, 2, report()))
                await asyncio.sleep(0.002)

        sending = asyncio.create_task(trickle())
        batches = await all_of(RawRadio("hci2", MonitorOver(ours)), 100)
        await sending
        return len(batches)

    with pair() as (ours, theirs):
        assert asyncio.run(scenario(ours, theirs)) <= 20


@pytest.mark.parametrize(
    ("frame", "reason"),
    [(MonitorFrame.INDEX_GONE, Reason.NOT_FOUND), (MonitorFrame.INDEX_CLOSED, Reason.SWITCHED_OFF)],
)
def test_an_adapter_that_is_pulled_out_or_switched_off_is_told_after_its_last_packets(
    frame: MonitorFrame, reason: Reason
) -> None:
    heard: list[Advertisement] = []

    async def scenario(radio: RawRadio) -> None:
        async with asyncio.timeout(5):
            async for packets in radio.scan():
                heard.extend(packets)

    with pair() as (ours, theirs):
        theirs.send(framed(frame, 1))
        theirs.send(framed(MonitorFrame.EVENT, 2, report()))
        theirs.send(framed(frame, 2))
        with pytest.raises(DeviceError) as caught:
            asyncio.run(scenario(RawRadio("hci2", MonitorOver(ours))))
    assert caught.value.reason is reason
    assert len(heard) == 1


def test_a_socket_that_ends_is_an_adapter_that_is_gone() -> None:
    heard: list[Advertisement] = []

    async def scenario(radio: RawRadio) -> None:
        async with asyncio.timeout(5):
            async for packets in radio.scan():
                heard.extend(packets)

    with pair() as (ours, theirs):
        theirs.send(framed(MonitorFrame.EVENT, 2, report()))
        theirs.close()
        with pytest.raises(DeviceError, match="hci2 is not there") as caught:
            asyncio.run(scenario(RawRadio("hci2", MonitorOver(ours))))
    assert caught.value.reason is Reason.NOT_FOUND
    assert len(heard) == 1


def test_many_packets_are_read_in_one_call_and_none_is_mixed_with_another() -> None:
    receiver = Receiver(8, 16)
    with pair() as (ours, theirs):
        assert receiver.read(ours) == []
        sent = [bytes([number]) * (number + 1) for number in range(12)]
        for one in sent:
            theirs.send(one)
        first, second = receiver.read(ours), receiver.read(ours)
        theirs.send(b"x" * 40)
        assert receiver.read(ours) == [b"x" * 16]
        assert receiver.read(ours) == []
    assert (first, second) == (sent[:8], sent[8:])


class Controller:
    """The other end of a user channel: answers commands as Vol 4 Part E says, and then reports."""

    def __init__(self, end: socket.socket, *, extended_too: bool = False, refuses: int = 0) -> None:
        self._end = end
        self._features = (1 << 12 if extended_too else 0).to_bytes(8, "little")
        self._refuses = refuses
        self.asked: list[int] = []
        self.parameters: dict[int, bytes] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._end.recv(300):
                self._answer(packet)

    def _answer(self, packet: bytes) -> None:
        opcode = packet[1] | packet[2] << 8
        self.asked.append(opcode)
        self.parameters.setdefault(opcode, packet[4:])
        status = 1 if opcode == self._refuses else 0
        returned = self._features if opcode == 0x2003 else b""
        body = b"\x01" + packet[1:3] + bytes((status,)) + returned
        self._end.send(b"\x04\x0e" + bytes((len(body),)) + body)
        if opcode in (0x200C, 0x2042) and packet[4]:
            for _ in range(3):
                self._end.send(b"\x04" + (extended if opcode == 0x2042 else report)(HEARD.payload))

    def done(self) -> None:
        self._end.close()
        self._thread.join(5)


class AloneOver(Alone):
    def __init__(self, end: socket.socket, duty: float = 1.0) -> None:
        super().__init__("hci2", Wishes(alone=True, duty=duty))
        self._end_of_ours = end

    async def open(self) -> socket.socket:
        return self._end_of_ours


@pytest.mark.parametrize(("extended_too", "enable"), [(False, 0x200C), (True, 0x2042)])
def test_a_controller_taken_alone_is_reset_and_scans_as_it_can_and_stops_at_the_end(
    extended_too: bool, enable: int
) -> None:
    with pair() as (ours, theirs):
        controller = Controller(theirs, extended_too=extended_too)
        batches = asyncio.run(all_of(RawRadio("hci2", AloneOver(ours)), 3))
        assert ours.fileno() == -1
        controller.done()
    heard = [one for batch in batches for one in batch]
    assert [(one.address, one.payload) for one in heard] == [(HEARD.address, HEARD.payload)] * 3
    assert controller.asked[:4] == [0x0C03, 0x0C01, 0x2001, 0x2003]
    assert controller.asked[-2:] == [enable, enable]


def test_a_duty_cycle_of_a_controller_taken_alone_is_the_controllers_own_window() -> None:
    with pair() as (ours, theirs):
        controller = Controller(theirs)
        asyncio.run(all_of(RawRadio("hci2", AloneOver(ours, 0.25)), 3))
        controller.done()
    kind, *_ = asked = controller.parameters[0x200B]
    interval, window = int.from_bytes(asked[1:3], "little"), int.from_bytes(asked[3:5], "little")
    assert kind == 0, "a scan that is to be passive is passive"
    assert (interval, window) == (96, 24)


def test_a_controller_that_refuses_is_a_device_error() -> None:
    with pair() as (ours, theirs):
        controller = Controller(theirs, refuses=0x200B)
        with pytest.raises(DeviceError, match=r"hci2 refuses command 0x200b \(error 0x01\)") as caught:
            asyncio.run(all_of(RawRadio("hci2", AloneOver(ours)), 1))
        controller.done()
    assert caught.value.reason is Reason.BROKEN


def test_a_command_is_its_opcode_its_length_and_its_parameters() -> None:
    assert command(0x200C, b"\x01\x00") == bytes.fromhex("010c20020100")
