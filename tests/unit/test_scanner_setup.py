"""Setting a scanner up: printed codes that hold the maker's commands, and registers written over a line."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp

from hardware.reasons import DeviceError, Reason
from hardware.scanner.setting_up import set_up
from hardware.scanner.setup_codes import (
    GM_WRITTEN,
    HONEYWELL,
    HONEYWELL_WAYS,
    code128,
    crc16,
    gm_keep,
    gm_write,
    over_the_line,
)
from hardware.scanner.setup_page import honeywell_page, picture_of, save_page


def test_every_set_up_code_holds_its_command_and_says_that_it_is_one() -> None:
    for step in (*HONEYWELL, *HONEYWELL_WAYS.values()):
        (read,) = zxingcpp.read_barcodes(picture_of(step))
        assert read.text == step.command
        assert read.format == zxingcpp.BarcodeFormat.Code128
        # Start B, then FNC3: bars of the values 104 and 96 (ISO/IEC 15417, table 1).
        assert code128(step.command).startswith("211214" + "114311")


def test_a_page_has_its_codes_in_order_and_can_be_printed(tmp_path: Path) -> None:
    for way, first in HONEYWELL_WAYS.items():
        page = honeywell_page(way)
        read = sorted(zxingcpp.read_barcodes(page), key=lambda code: code.position.top_left.y)
        assert [code.text for code in read] == [first.command, *(step.command for step in HONEYWELL)]
    save_page(page, tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


def test_frames_are_those_that_are_published() -> None:
    assert gm_keep() == bytes.fromhex("7E 00 09 01 00 00 00 DE C8")
    assert gm_write(0x00D9, 0x50)[:7] == bytes.fromhex("7E 00 08 01 00 D9 50")
    assert crc16(b"123456789") == bytes.fromhex("31C3"), "the check value of CRC-16/XMODEM"
    assert over_the_line(HONEYWELL[0]) == b"\x16M\rPRECA2."


class Module:
    """A GM module at the far end of a pseudo terminal: registers, and answers with checksums."""

    def __init__(self, folder: Path, *, takes: bool = True) -> None:
        self.registers = {0x0060: 0b1111_1110, 0x0000: 0b1101_0100}
        self.kept: dict[int, int] = {}
        self._takes = takes
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.port = folder / "ttyModule"
        self.port.symlink_to(os.ttyname(theirs))
        self._theirs = theirs
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                frame = os.read(self._ours, 64)
            except OSError:
                return
            if not frame or frame == b"\xff":
                return
            assert frame[:2] == b"\x7e\x00"
            assert crc16(frame[2:-2]) == frame[-2:]
            kind, address = frame[2], int.from_bytes(frame[4:6], "big")
            if not self._takes:
                continue
            if kind == 7:
                data = b"\x02\x00\x00\x01" + bytes((self.registers[address],))
                os.write(self._ours, data + crc16(data[2:]))
                continue
            if kind == 8:
                self.registers[address] = frame[6]
            else:
                self.kept = dict(self.registers)
            os.write(self._ours, GM_WRITTEN)

    def close(self) -> None:
        os.write(self._theirs, b"\xff")
        self._thread.join(10)
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Module]:
    made = Module(tmp_path)
    yield made
    made.close()


def test_a_module_is_set_up_over_its_line_and_what_else_is_set_in_it_stays(module: Module) -> None:
    told = list(set_up("gm", str(module.port)))
    assert module.registers == {0x0060: 0b1001_1111, 0x0000: 0b1101_0111}
    assert module.kept == module.registers
    assert told[-1] == "Kept for good."
    assert any("done" in sentence for sentence in told)
    assert all("so already" in sentence for sentence in list(set_up("gm", str(module.port)))[:-1])


def test_a_scanner_that_does_not_answer_is_told_and_nothing_is_claimed(tmp_path: Path) -> None:
    module = Module(tmp_path, takes=False)
    with pytest.raises(DeviceError) as caught:
        list(set_up("gm", str(module.port)))
    assert caught.value.reason == Reason.NO_SERVICE
    module.close()
    with pytest.raises(DeviceError) as caught:
        list(set_up("honeywell", str(tmp_path / "none")))
    assert caught.value.reason == Reason.NOT_FOUND
