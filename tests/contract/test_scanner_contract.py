"""One suite for every scanner: the simulated one, a real serial line, a keyboard's events, and a keyboard of the kernel's own."""

from __future__ import annotations

import fcntl
import os
import queue
import struct
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.device import DeviceError, Reason, open_device
from hardware.reasons import Found, Lost
from hardware.scanner.evdev import open_scanner as open_evdev
from hardware.scanner.framing import AGAIN_S
from hardware.scanner.keys import EVENT, KEYS
from hardware.scanner.scanner import Heard, Scan, Scanner, Unread

TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4
UINPUT = Path("/dev/uinput")


class Time:
    """A steady clock that a test may move on."""

    def __init__(self) -> None:
        self.moved_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.moved_s


class Bench:
    """A scanner and the hand that holds it."""

    def __init__(self, clock: Time) -> None:
        self.clock = clock
        self.scanner: Scanner

    def send(self, octets: bytes) -> None:
        raise NotImplementedError

    def unplug(self) -> None:
        raise NotImplementedError

    def plug(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.scanner.close()

    def next(self, within_s: float = 30.0) -> Heard | None:
        """What is heard next; None where nothing was within the time."""
        return self.scanner.read(within_s)


class SimBench(Bench):
    def __init__(self, clock: Time, folder: Path) -> None:
        super().__init__(clock)
        self.scanner = self.sim = open_device("scanner:sim", clock=clock)

    def send(self, octets: bytes) -> None:
        self.sim.send(octets)

    def unplug(self) -> None:
        self.sim.unplug()

    def plug(self) -> None:
        self.sim.plug()


class SerialBench(Bench):
    """A pseudo terminal is a serial line to whoever opens it; a link to it is what udev makes of a scanner."""

    def __init__(self, clock: Time, folder: Path) -> None:
        super().__init__(clock)
        self._port = folder / "ttyScanner"
        self._ends: list[int] = []
        self.plug()
        self.scanner = open_device(f"scanner:serial:{self._port},baud=115200", clock=clock)

    def send(self, octets: bytes) -> None:
        while octets:
            octets = octets[os.write(self._ends[0], octets) :]

    def unplug(self) -> None:
        self._port.unlink()
        for end in self._ends:
            os.close(end)
        self._ends = []

    def plug(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._port.symlink_to(os.ttyname(theirs))
        # Only our end stays open: when it is closed the line hangs up, as when a plug is pulled.
        os.close(theirs)
        self._ends = [ours]

    def close(self) -> None:
        super().close()
        if self._ends:
            self.unplug()


class KeysBench(Bench):
    """A keyboard's events through the same reader; what stands in for the device is a named pipe, which cannot be grabbed."""

    def __init__(self, clock: Time, folder: Path) -> None:
        super().__init__(clock)
        self._path = folder / "event7"
        self._end = -1
        self.plug()
        self.scanner = open_evdev(str(self._path), clock, lambda descriptor: None)

    def send(self, octets: bytes) -> None:
        os.write(self._end, events_of(octets))

    def unplug(self) -> None:
        self._path.unlink()
        os.close(self._end)
        self._end = -1

    def plug(self) -> None:
        os.mkfifo(self._path)
        self._end = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def close(self) -> None:
        super().close()
        if self._end >= 0:
            self.unplug()


class KernelBench(Bench):
    """A keyboard that the kernel believes in (uinput), read from its own device file."""

    def __init__(self, clock: Time, folder: Path) -> None:
        super().__init__(clock)
        self._link = folder / "scanner-event-kbd"
        self._device = -1
        self.plug()
        self.scanner = open_device(f"scanner:evdev:{self._link}", clock=clock)

    def send(self, octets: bytes) -> None:
        """As fast as a scanner types, beside whoever reads: the kernel keeps 64 events for a reader, and no more."""
        events = events_of(octets)
        self._keys.put(
            [events[place : place + 2 * EVENT.size] for place in range(0, len(events), 2 * EVENT.size)]
        )

    def _type(self) -> None:
        while (keys := self._keys.get()) is not None:
            for key in keys:
                os.write(self._device, key)
                time.sleep(0.002)
            self._keys.task_done()

    def unplug(self) -> None:
        self._keys.put(None)
        self._writer.join(30)
        self._link.unlink()
        fcntl.ioctl(self._device, UI_DEV_DESTROY)
        os.close(self._device)
        self._device = -1

    def plug(self) -> None:
        self._device = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
        fcntl.ioctl(self._device, UI_SET_EVBIT, 1)
        for code in range(1, 128):
            fcntl.ioctl(self._device, UI_SET_KEYBIT, code)
        os.write(
            self._device, struct.pack("@80sHHHHI", b"shopbell test scanner", 3, 1, 1, 1, 0) + bytes(1024)
        )
        fcntl.ioctl(self._device, UI_DEV_CREATE)
        name = fcntl.ioctl(self._device, UI_GET_SYSNAME, bytes(64)).rstrip(b"\0").decode()
        until = time.monotonic() + 5
        while not (found := sorted(Path("/sys/devices/virtual/input", name).glob("event*"))):
            assert time.monotonic() < until
            time.sleep(0.01)
        node = Path("/dev/input", found[0].name)
        while not os.access(node, os.R_OK):
            assert time.monotonic() < until, f"{node} did not come"
            time.sleep(0.01)
        self._link.symlink_to(node)
        self._keys: queue.Queue[list[bytes] | None] = queue.Queue()
        self._writer = threading.Thread(target=self._type, daemon=True)
        self._writer.start()

    def close(self) -> None:
        super().close()
        if self._device >= 0:
            self.unplug()


UI_DEV_CREATE, UI_DEV_DESTROY = 0x5501, 0x5502
UI_SET_EVBIT, UI_SET_KEYBIT = 0x4004_5564, 0x4004_5565
UI_GET_SYSNAME = 0x8040_552C

BENCHES: dict[str, Callable[[Time, Path], Bench]] = {
    "sim": SimBench,
    "serial": SerialBench,
    "keys": KeysBench,
    "uinput": KernelBench,
}


def events_of(octets: bytes) -> bytes:
    """What a scanner types for these octets, on a US keyboard."""
    events = b""
    for sign in octets.decode():
        if sign == "\n":
            continue
        code, shift = (28, False) if sign == "\r" else key_of(sign)
        keys = [(42, 1)] * shift + [(code, 1), (code, 0)] + [(42, 0)] * shift
        events += b"".join(EVENT.pack(0, 0, 1, *key) + EVENT.pack(0, 0, 0, 0, 0) for key in keys)
    return events


def key_of(sign: str) -> tuple[int, bool]:
    for code, (plain, shifted) in KEYS.items():
        if sign in (plain, shifted):
            return code, sign != plain
    raise AssertionError(sign)


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "uinput" and not os.access(UINPUT, os.W_OK):
        pytest.skip(
            "needs /dev/uinput: a kernel with CONFIG_INPUT_UINPUT (modprobe uinput) and the right to write there"
        )
    made = BENCHES[request.param](Time(), tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_scanner_is_found_and_gives_each_text_once_in_order(bench: Bench) -> None:
    assert bench.next() == Found()
    bench.send(f"]Q1{TOKEN}\r\nABCD-EFGH-JKMN\r".encode())
    first, second = bench.next(), bench.next()
    assert isinstance(first, Scan)
    assert (first.text, first.symbology) == (TOKEN, "Q1")
    assert isinstance(second, Scan)
    assert second.text == "ABCD-EFGH-JKMN"
    assert first.at <= second.at <= bench.clock()
    assert bench.next(0.05) is None


def test_a_trigger_that_is_pulled_twice_within_two_seconds_is_one_scan(bench: Bench) -> None:
    assert bench.next() == Found()
    bench.send(f"{TOKEN}\r{TOKEN}\r".encode())
    assert isinstance(bench.next(), Scan)
    assert bench.next(0.05) is None
    bench.clock.moved_s += AGAIN_S
    bench.send(f"{TOKEN}\r".encode())
    assert isinstance(bench.next(), Scan)


def test_a_text_without_an_end_is_told_and_does_not_run_into_the_next(bench: Bench) -> None:
    assert bench.next() == Found()
    bench.send(TOKEN[:40].encode())
    told = bench.next()
    assert isinstance(told, Unread)
    assert told.reason == "unfinished"
    assert told.sentence
    bench.send(f"{TOKEN}\r".encode())
    read = bench.next()
    assert isinstance(read, Scan)
    assert read.text == TOKEN


def test_a_text_that_is_too_long_is_told_once_and_the_next_is_read(bench: Bench) -> None:
    assert bench.next() == Found()
    heard = []
    for _ in range(24):
        bench.send(b"A" * 25)
        heard += [one for one in (bench.next(0.01),) if one is not None]
    (told,) = heard or [bench.next()]
    assert isinstance(told, Unread)
    assert told.reason == "too-long"
    bench.send(f"\r{TOKEN}\r".encode())
    read = bench.next()
    assert isinstance(read, Scan)
    assert read.text == TOKEN


def test_a_scanner_that_is_pulled_out_is_told_once_and_reads_again_when_it_is_back(bench: Bench) -> None:
    assert bench.next() == Found()
    for turn in range(2):
        bench.send(f"{TOKEN[:50]}".encode())
        bench.unplug()
        lost = [
            one for one in (bench.next(), bench.next(0.3)) if one is not None and not isinstance(one, Unread)
        ]
        assert [type(one) for one in lost] == [Lost]
        assert isinstance(lost[0], Lost)
        assert lost[0].reason == Reason.NOT_FOUND
        assert lost[0].sentence
        bench.plug()
        assert bench.next() == Found()
        bench.send(f"TURN{turn}\r".encode())
        read = bench.next()
        assert isinstance(read, Scan)
        assert read.text == f"TURN{turn}"


def test_a_scanner_that_is_not_there_at_first_is_told_and_used_as_soon_as_it_is(bench: Bench) -> None:
    bench.unplug()
    lost = bench.next()
    assert isinstance(lost, Lost)
    assert lost.reason == Reason.NOT_FOUND
    bench.plug()
    assert bench.next() == Found()


def test_a_closed_scanner_gives_nothing_and_lets_go_of_a_read_under_way(bench: Bench) -> None:
    assert bench.next() == Found()
    heard: list[Heard | None] = []
    reader = threading.Thread(target=lambda: heard.append(bench.scanner.read(60)))
    reader.start()
    bench.scanner.close()
    bench.scanner.close()
    reader.join(10)
    assert heard == [None]
    assert bench.scanner.describe()


@pytest.mark.parametrize(
    "name",
    [
        "scanner:serial",
        "scanner:serial:/dev/ttyACM0,baud=fast",
        "scanner:serial:/dev/ttyACM0,speed=9600",
        "scanner:evdev:event3",
        "scanner:usb:0",
        "scanner:serial:/dev/ttyACM0,prefix=\u4e2d",
    ],
)
def test_a_name_that_makes_no_sense_is_a_mistake_and_no_device(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        open_device(name)
    assert caught.value.reason == Reason.BAD_NAME


def test_two_programs_do_not_share_a_serial_scanner(tmp_path: Path) -> None:
    bench = SerialBench(Time(), tmp_path)
    second = open_device(f"scanner:serial:{tmp_path / 'ttyScanner'}")
    try:
        assert bench.next() == Found()
        told = second.read(10)
        assert isinstance(told, Lost)
        assert told.reason == Reason.BUSY
    finally:
        second.close()
        bench.close()


def test_a_file_that_is_no_keyboard_is_not_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    scanner = open_device(f"scanner:evdev:{path}")
    told = scanner.read(10)
    assert isinstance(told, Lost)
    assert told.reason == Reason.BAD_NAME
    scanner.close()


def test_anybody_may_pull_the_trigger_of_a_simulated_scanner_with_a_pipe(tmp_path: Path) -> None:
    scanner = open_device(f"scanner:sim:{tmp_path / 'scans'}")
    assert scanner.read(10) == Found()
    (tmp_path / "scans").write_text(f"{TOKEN}\n")
    read = scanner.read(10)
    assert isinstance(read, Scan)
    assert read.text == TOKEN
    scanner.close()
