"""One suite for every way to a printer: in memory, over the network, over a serial line, behind a device file; one mechanism."""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp

from hardware.device import DeviceError, Reason, open_device
from hardware.printer.page import Banner, Code, Page, Pair, Rule, Space, Words
from hardware.printer.printer import NotPrinted, Printed, Printer
from hardware.printer.sim import SimLine

TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4
PAGE = Page(
    (
        Words("Corner Shop", "large", bold=True, align="center"),
        Banner("COPY"),
        Rule(),
        Pair("A coffee with your cake", "-2.50"),
        Code(TOKEN),
        Space(4),
    )
)


class Bench:
    """A printer and whoever stands beside it. `far` is the mechanism at the other end."""

    def __init__(self, folder: Path) -> None:
        self.far = SimLine(80)
        self.printer: Printer

    def pull(self, there: bool = False) -> None:
        self.far.pull(there)

    def close(self) -> None:
        self.printer.close()

    def codes(self) -> list[list[str]]:
        """What can be read on each piece of paper."""
        return [[code.text for code in zxingcpp.read_barcodes(picture)] for picture in self.far.pictures()]


class SimBench(Bench):
    def __init__(self, folder: Path) -> None:
        printer = open_device("printer:sim", paper_mm=80)
        self.far = printer.line
        self.printer = printer


class WireBench(Bench):
    """Carries octets between a descriptor and the mechanism, and takes no more of them than there is room for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._stopping = threading.Event()

    def carry(self, take: Callable[[int], bytes], give: Callable[[bytes], object], descriptor: int) -> None:
        """Until the other side hangs up or is pulled out."""
        wire, waiting = self.far.open_wire(), b""
        try:
            while not self._stopping.is_set():
                if not waiting and select.select([descriptor], [], [], 0.005)[0]:
                    waiting = take(512)
                    if not waiting:
                        return
                if waiting:
                    waiting = waiting[wire.write(waiting, 0.005) :]
                said = wire.read(0)
                if said:
                    give(said)
        except OSError:
            return
        finally:
            wire.close()


class NetBench(WireBench):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()
        self.printer = open_device(f"printer:net:127.0.0.1:{self._port}", paper_mm=80)

    def _serve(self, listener: socket.socket) -> None:
        # A small window, as printers have: else the kernel takes a whole receipt and nothing is ever in the middle of one.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        listener.settimeout(0.05)
        while not self._stopping.is_set():
            try:
                there, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with there:
                try:
                    self.carry(there.recv, there.sendall, there.fileno())
                except OSError:
                    continue

    def pull(self, there: bool = False) -> None:
        """A printer that is switched off refuses connections."""
        super().pull(there)
        self._stopping.set()
        self._thread.join(10)
        self._stopping.clear()
        self._listener.close()
        if there:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        super().close()
        self._stopping.set()
        self._thread.join(10)
        self._listener.close()


class TerminalBench(WireBench):
    """A pseudo terminal: a serial line to one driver, a device file to the other."""

    name = "serial"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._place = folder / "printer"
        self._ends: list[int] = []
        self._plug()
        self.printer = open_device(f"printer:{self.name}:{self._place}", paper_mm=80)

    def _plug(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self._place.symlink_to(os.ttyname(theirs))
        self._ends = [ours, theirs]
        self._stopping.clear()
        self._thread = threading.Thread(target=self._serve, args=(ours,), daemon=True)
        self._thread.start()

    def _serve(self, ours: int) -> None:
        while not self._stopping.is_set():
            try:
                self.carry(lambda most: os.read(ours, most), lambda said: os.write(ours, said), ours)
            except OSError:
                return
            if not self.far.there:
                # Our end closed is a line that hangs up.
                self._ends.remove(ours)
                os.close(ours)
                return
            self._stopping.wait(0.01)

    def _unplug(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._place.unlink()
        for end in self._ends:
            os.close(end)
        self._ends = []

    def pull(self, there: bool = False) -> None:
        super().pull(there)
        if there:
            self._plug()
        else:
            self._unplug()

    def close(self) -> None:
        super().close()
        if self._ends:
            self._unplug()


class FileBench(TerminalBench):
    name = "usb"


BENCHES: dict[str, Callable[[Path], Bench]] = {
    "sim": SimBench,
    "net": NetBench,
    "serial": TerminalBench,
    "usb": FileBench,
}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made = BENCHES[request.param](tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_a_page_comes_out_whole_and_cut_off_and_its_code_can_be_read(bench: Bench) -> None:
    assert bench.printer.status().trouble is None
    assert bench.printer.print(PAGE) == Printed(sure=True)
    assert bench.printer.print(PAGE) == Printed(sure=True)
    assert bench.codes() == [[TOKEN], [TOKEN]]
    with bench.far.hands() as mechanism:
        assert [sheet.cut for sheet in mechanism.sheets] == [True, True, False]


def test_a_printer_says_what_is_wrong_with_it_before_anything_is_printed(bench: Bench) -> None:
    with bench.far.hands() as mechanism:
        mechanism.refill(0)
    assert bench.printer.status().trouble == "paper-out"
    assert bench.printer.status().paper == "out"
    outcome = bench.printer.print(PAGE)
    assert isinstance(outcome, NotPrinted)
    assert (outcome.reason, outcome.begun) == ("paper-out", False)
    assert outcome.sentence
    with bench.far.hands() as mechanism:
        mechanism.refill(50_000)
        mechanism.set(cover_open=True)
    assert bench.printer.status().trouble == "cover-open"
    with bench.far.hands() as mechanism:
        mechanism.set(cover_open=False, offline=True)
    assert bench.printer.status().trouble == "off-line"
    with bench.far.hands() as mechanism:
        mechanism.near_end_rows = 60_000
        mechanism.set(offline=False)
    status = bench.printer.status()
    assert (status.trouble, status.paper) == (None, "near-end")
    assert bench.far.pictures() == []
    assert bench.printer.print(PAGE) == Printed(sure=True)


def test_paper_that_ends_in_the_middle_is_told_and_the_next_page_is_whole(bench: Bench) -> None:
    with bench.far.hands() as mechanism:
        mechanism.refill(300)
    outcome = bench.printer.print(PAGE)
    assert isinstance(outcome, NotPrinted)
    assert (outcome.reason, outcome.begun) == ("paper-out", True)
    again = bench.printer.print(PAGE)
    assert isinstance(again, NotPrinted)
    assert not again.begun
    with bench.far.hands() as mechanism:
        mechanism.refill(50_000)
    assert bench.printer.print(PAGE) == Printed(sure=True)
    assert bench.codes()[-1] == [TOKEN]
    with bench.far.hands() as mechanism:
        assert all(sheet.cut for sheet in mechanism.sheets if sheet.rows)


def test_the_rest_of_a_broken_page_does_not_spoil_the_next_where_the_printer_cannot_forget_it(
    bench: Bench,
) -> None:
    with bench.far.hands() as mechanism:
        mechanism.knows_clear = False
        mechanism.refill(300)
    assert isinstance(bench.printer.print(PAGE), NotPrinted)
    with bench.far.hands() as mechanism:
        mechanism.refill(50_000)
    assert bench.printer.print(PAGE) == Printed(sure=True)
    assert bench.codes()[-1] == [TOKEN]


def test_a_line_that_is_lost_in_the_middle_is_told_and_used_again_when_it_is_back(bench: Bench) -> None:
    bench.far.lose_after = 9000
    outcome = bench.printer.print(PAGE)
    assert isinstance(outcome, NotPrinted)
    assert (outcome.reason, outcome.begun) == ("lost", True)
    bench.pull()
    lost = bench.printer.print(PAGE)
    assert isinstance(lost, NotPrinted)
    assert (lost.reason, lost.begun) == ("lost", False)
    assert bench.printer.status().trouble == "lost"
    bench.far.lose_after = None
    bench.pull(there=True)
    assert bench.printer.print(PAGE) == Printed(sure=True)
    assert bench.codes()[-1] == [TOKEN]


def test_the_drawer_opens_with_paper_and_without(bench: Bench) -> None:
    assert bench.printer.kick()
    assert bench.far.wait_for(lambda mechanism: mechanism.kicks == 1, 10)
    with bench.far.hands() as mechanism:
        mechanism.refill(0)
    assert bench.printer.kick()
    assert bench.far.wait_for(lambda mechanism: mechanism.kicks == 2, 10)


def test_no_picture_opens_the_drawer_or_asks_for_a_status(bench: Bench) -> None:
    from hardware.printer import escpos

    row = bytes.fromhex("1014010001 100401 100501 10140801031401060208").ljust(72, b"\x10")
    for piece in escpos.raster(row * 200, 72):
        with bench.far.hands() as mechanism:
            mechanism.feed(piece)
            assert mechanism.answers() == b""
            assert mechanism.kicks == 0


def test_a_printer_that_is_closed_prints_nothing(bench: Bench) -> None:
    bench.printer.close()
    bench.printer.close()
    outcome = bench.printer.print(PAGE)
    assert isinstance(outcome, NotPrinted)
    assert (outcome.reason, outcome.begun) == ("closed", False)
    assert bench.printer.describe()


def test_a_printer_that_never_says_how_it_is_is_told_unless_its_name_says_so() -> None:
    for name, expected in (("printer:sim", "silent"), ("printer:sim:status=no", None)):
        printer = open_device(name, paper_mm=58)
        with printer.line.hands() as mechanism:
            mechanism.mute = True
        outcome = printer.print(PAGE)
        if expected:
            assert isinstance(outcome, NotPrinted)
            assert (outcome.reason, outcome.begun) == (expected, False)
        else:
            assert outcome == Printed(sure=False)
        printer.close()


def test_a_printer_that_knows_no_mark_is_believed_while_it_says_that_all_is_well() -> None:
    printer = open_device("printer:sim", paper_mm=58)
    with printer.line.hands() as mechanism:
        mechanism.knows_mark = False
    assert printer.print(PAGE) == Printed(sure=False)
    printer.close()


@pytest.mark.parametrize(
    "name",
    [
        "printer:net:",
        "printer:net:host:port",
        "printer:serial",
        "printer:usb:lp0",
        "printer:net:10.0.0.1,status=perhaps",
        "printer:lpt:1",
    ],
)
def test_a_name_that_makes_no_sense_is_a_mistake_and_no_printer(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        open_device(name)
    assert caught.value.reason == Reason.BAD_NAME


def test_a_file_takes_the_octets_of_a_page_where_nothing_is_to_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "page.bin"
    path.touch()
    printer = open_device(f"printer:file:{path},status=no", paper_mm=58)
    assert printer.print(PAGE) == Printed(sure=False)
    printer.close()
    octets = path.read_bytes()
    assert octets.startswith(b"\x1b@\x1dv0\x00")
    assert octets.endswith(b"\x1dV\x42\x00")
