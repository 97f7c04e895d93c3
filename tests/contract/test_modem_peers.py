"""Our messages read by gammu, and gammu's by us: its codec on any text, and the program itself on a line with our far side."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.modem.alphabet import cut, heal
from hardware.modem.fields import Piece
from hardware.modem.joining import Joiner
from hardware.modem.modem import Sent
from hardware.modem.pdu import (
    Deliver,
    StatusReport,
    Submit,
    read_submit,
    write_deliver,
    write_report,
    write_submit,
)
from hardware.modem.text import GSM_BASIC, GSM_EXTENSION
from hub.up.packages import find_program
from tests.gammu_phone import AT, CENTRE, Gammu, carry
from tests.modem_bench import NUMBER, FarBench, until

COMMON = sorted(set(GSM_BASIC + GSM_EXTENSION) - set("\x1b\f\r\n\\"))
"""What gammu's codec and ours both call by the same name; it shows line ends and the form feed in a way of its own."""

numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
texts = st.one_of(
    st.text(COMMON, min_size=1, max_size=300), st.text("中文短信退订😀aé ", min_size=1, max_size=200)
)


@pytest.fixture(scope="module")
def gammu() -> Any:
    return pytest.importorskip(
        "gammu", reason="needs gammu's codec: pip install python-gammu (it is in the extra `dev`)"
    )


@pytest.fixture(scope="module")
def program() -> str:
    found = find_program("gammu")
    if found is None:
        pytest.skip("needs gammu itself: apt install gammu")
    return found


# The codec


@settings(max_examples=60, deadline=None)
@given(number=numbers, text=texts, report=st.booleans())
def test_gammu_reads_what_we_send(gammu: Any, number: str, text: str, report: bool) -> None:
    coding, parts = cut(text)
    for at, part in enumerate(parts, 1):
        piece = Piece(77, len(parts), at) if len(parts) > 1 else None
        read = gammu.DecodePDU(write_submit(Submit(number, part, coding, piece, report, 86_400.0)), True)
        assert read["Number"] == number
        assert read["SMSC"]["Validity"] == "1440M"
        assert_text(read, part, piece)


@settings(max_examples=60, deadline=None)
@given(number=numbers, text=texts, quarters=st.integers(-48, 56), wide=st.booleans())
def test_gammu_reads_what_our_network_brings(
    gammu: Any, number: str, text: str, quarters: int, wide: bool
) -> None:
    at = AT.astimezone(timezone(timedelta(minutes=15 * quarters)))
    part, piece = text[:60], Piece(0x1234 if wide else 0x12, 3, 2, wide)
    read = gammu.DecodePDU(
        write_deliver(Deliver(number, at, part, coding=cut(part)[0], piece=piece), CENTRE), True
    )
    assert (read["Number"], read["SMSC"]["Number"], read["Type"]) == (number, CENTRE, "Deliver")
    assert read["DateTime"] == at
    assert_text(read, part, piece)


@settings(max_examples=30, deadline=None)
@given(number=numbers, reference=st.integers(0, 255))
def test_gammu_reads_our_reports(gammu: Any, number: str, reference: int) -> None:
    read = gammu.DecodePDU(write_report(StatusReport(reference, number, AT, AT, 0), CENTRE), True)
    assert (read["Type"], read["MessageReference"], read["Number"]) == ("Status_Report", reference, number)
    assert read["Text"] == "Delivered"
    assert read["DateTime"] == read["SMSCDateTime"] == AT


@settings(max_examples=60, deadline=None)
@given(number=numbers, text=texts)
def test_we_read_what_gammu_sends_and_join_its_parts(gammu: Any, number: str, text: str) -> None:
    unicode = cut(text)[0] == "ucs-2"
    parts = gammu.EncodeSMS(
        {"Entries": [{"ID": "ConcatenatedAutoTextLong", "Buffer": text}], "Unicode": unicode}
    )
    joiner: Joiner[int] = Joiner()
    whole: list[str] = []
    for part in reversed(parts):
        part |= {"Number": number, "SMSC": {"Location": 0, "Number": "", "Validity": "Max"}}
        read = read_submit(gammu.EncodePDU(part, "Submit"))
        assert read.number == number
        came = Deliver(read.number, AT, read.text, read.data, read.coding, read.piece)
        whole += [joined.text for joined in joiner.add(came, None, 0.0)]
    assert whole == [heal(text)]


def assert_text(read: dict[str, Any], text: str, piece: Piece | None) -> None:
    # Behind signs of the extension gammu's answer is too long by as many: it counts septets, not signs.
    assert read["Text"][: len(text)] == text
    if piece:
        header = read["UDH"]
        assert (header["PartNumber"], header["AllParts"]) == (piece.number, piece.of)
        assert header["ID16bit" if piece.wide else "ID8bit"] == piece.reference


# The program


def test_gammu_and_our_driver_write_to_each_other_long_and_in_chinese(program: str, tmp_path: Path) -> None:
    there = Gammu(program, tmp_path)
    here = FarBench(tmp_path)
    try:
        here.modem.listen(here.keeper)
        question, answer = "您好 😀！请问附近有店吗？退订请回复。" * 6, "最近的店在前面。" * 12
        assert isinstance(here.modem.send("+4366099999999", question, ticket="T"), Sent)
        carry(here.line, there.line, NUMBER)
        shown = there("getallsms", f'sendsms TEXT {NUMBER} -report -autolen 500 -unicode -text "{answer}"')
        assert "".join(line for line in shown.splitlines() if line and line[0] in question) == question
        assert shown.count(f'"{NUMBER}"') == len(cut(question)[1])
        carry(there.line, here.line, "+4366099999999")
        until(lambda: here.keeper.texts())
        assert here.keeper.texts() == [("+4366099999999", answer)]
    finally:
        here.close()
        there.line.close()
