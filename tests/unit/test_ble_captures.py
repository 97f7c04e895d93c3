"""Recordings: every container and link type, cut off anywhere, and the same air twice."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ble.advertisement import UNKNOWN_RSSI_DBM, Advertisement
from hardware.ble.captures import Capture, CaptureError
from hardware.ble.hci import HciReports
from hardware.ble.jsonlines import write_lines
from hardware.ble.linklayer import crc24
from tests.ble_recordings import (
    ADDRESS,
    HEARD,
    PAYLOAD,
    air,
    btsnoop,
    extended,
    nrf,
    pcap,
    pcapng,
    pdu,
    phdr,
    report,
)


def lines(count: int) -> bytes:
    out = io.BytesIO()
    write_lines([HEARD] * count, out)
    return out.getvalue()


KINDS: dict[str, bytes] = {
    "btsnoop h4": btsnoop([b"\x04" + report()] * 3),
    "btsnoop plain": btsnoop([report()] * 3, 1001),
    "pcap h4": pcap([b"\x04" + report()] * 3, 187),
    "pcap h4 with direction": pcap([bytes(4) + b"\x04" + report()] * 3, 201, ">"),
    "pcap nanoseconds": pcap([b"\x04" + extended(PAYLOAD)] * 3, 187, nano=True),
    "pcap nrf": pcap([nrf(pdu())] * 3, 272),
    "pcap nrf 3": pcap([nrf(pdu(), version=3, kind=2)] * 3, 272),
    "pcap phdr": pcap([phdr(pdu())] * 3, 256),
    "pcapng nrf": pcapng([nrf(pdu())] * 3, 272),
    "pcapng big end first, nanoseconds": pcapng([phdr(pdu())] * 3, 256, ">", 9),
    "lines": lines(3),
}


def read(tmp_path: Path, octets: bytes, name: str = "recording") -> list[Advertisement]:
    path = tmp_path / name
    path.write_bytes(octets)
    return list(Capture(path))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pack", [bytes, lzma.compress, gzip.compress])
def test_every_kind_of_recording_tells_the_same(
    tmp_path: Path, kind: str, pack: Callable[[bytes], bytes]
) -> None:
    assert read(tmp_path, pack(KINDS[kind])) == [HEARD] * 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pack", [bytes, lzma.compress])
def test_a_recording_cut_anywhere_yields_what_was_before_and_says_where_it_ends(
    tmp_path: Path, kind: str, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(KINDS[kind])
    path = tmp_path / "cut"
    clean = 0
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        heard: list[Advertisement] = []
        try:
            for one in Capture(path):
                heard.append(one)  # noqa: PERF402 - what came before the error counts
            clean += 1
        except CaptureError as problem:
            sentence = str(problem)
            assert sentence.startswith(("cut", str(path)))
            assert sentence.endswith(".")
        assert heard == [HEARD] * len(heard)
        assert len(heard) <= 3
    # Only between records can a file end properly (a line needs no end).
    assert clean <= 8


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([*KINDS.values(), b"btsnoop\0", b"\x0a\x0d\x0d\x0a", b"{", b"\xfd7zXZ\x00", b"\x1f\x8b"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.binary(max_size=40),
)  # fmt: skip
def test_a_recording_with_wrong_octets_is_read_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes, wrong: list[tuple[int, int]], more: bytes
) -> None:
    broken = bytearray(octets + more)
    for place, octet in wrong:
        broken[place % len(broken)] = octet
    path = tmp_path_factory.getbasetemp() / "wrong"
    path.write_bytes(broken)
    try:
        for heard in Capture(path):
            assert isinstance(heard, Advertisement)
    except CaptureError as problem:
        sentence = str(problem)
    else:
        return
    assert sentence.endswith((".", "octet of the recording)."))


def test_what_is_no_advertisement_is_passed_over_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "sniffed"
    other = bytearray(nrf(pdu()))
    other[17:21] = b"\x01\x02\x03\x04"
    packets = [
        nrf(pdu()),
        nrf(pdu(), flags=0),
        nrf(pdu(header=0x43)),
        bytes(other),
        nrf(pdu(), version=9),
        b"short",
    ]
    path.write_bytes(pcap(packets, 272))
    capture = Capture(path)
    assert list(capture) == [HEARD]
    assert capture.passed_over == {"bad_crc": 1, "not_advertising": 2, "other_packet": 1, "cut_short": 1}


def test_a_packet_without_pseudo_header_is_checked_here_and_has_no_strength(tmp_path: Path) -> None:
    bad = bytearray(air(pdu()))
    bad[-1] ^= 1
    (heard,) = read(tmp_path, pcap([air(pdu()), bytes(bad)], 251))
    assert (heard.payload, heard.rssi_dbm) == (PAYLOAD, UNKNOWN_RSSI_DBM)


def test_an_extended_advertising_packet_on_the_air_is_understood(tmp_path: Path) -> None:
    # Extended header of 9 octets: flags (address, ADI), address, ADI; then the data.
    body = bytes((9, 0x09)) + ADDRESS + b"\x12\x34" + PAYLOAD
    nameless = bytes((2, 0x08)) + b"\x12"
    packets = [air(bytes((0x47, len(body))) + body), air(bytes((0x47, len(nameless))) + nameless)]
    assert [one.payload for one in read(tmp_path, pcap(packets, 251))] == [PAYLOAD]


def test_the_pieces_of_a_long_advertisement_are_joined() -> None:
    reports = HciReports()
    assert reports.feed(extended(PAYLOAD[:10], status=1), 1.0) == []
    (heard,) = reports.feed(extended(PAYLOAD[10:]), 2.0)
    assert (heard.payload, heard.at) == (PAYLOAD, 2.0)


def test_unfinished_pieces_do_not_fill_the_memory_and_are_not_mixed_up() -> None:
    reports = HciReports()
    for number in range(200):
        event = bytearray(extended(b"\x01", status=1))
        event[7:9] = number.to_bytes(2, "little")
        assert reports.feed(bytes(event), 0.0) == []
    (heard,) = reports.feed(extended(PAYLOAD), 0.0)
    assert heard.payload == PAYLOAD


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (report(rssi=127), UNKNOWN_RSSI_DBM),
        (report(rssi=-1), -1),
        (extended(b"", rssi=127), UNKNOWN_RSSI_DBM),
    ],
)
def test_a_strength_that_was_not_measured_is_the_weakest(event: bytes, expected: int) -> None:
    assert [one.rssi_dbm for one in HciReports().feed(event, 0.0)] == [expected]


def test_anonymous_advertisers_and_other_events_are_no_advertisements() -> None:
    reports = HciReports()
    assert reports.feed(extended(PAYLOAD, who=0xFF), 0.0) == []
    assert reports.feed(b"\x0e\x04\x01\x05\x10\x00", 0.0) == []


def test_a_broken_event_in_a_good_recording_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(
        btsnoop([b"\x04" + report()[:-4], b"\x04\x3e\x03\x02\x09\x00", b"\x04" + report(), b"\x02acl"])
    )
    capture = Capture(path)
    assert list(capture) == [HEARD]
    assert capture.passed_over == {"broken_event": 2, "other_packet": 1}


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 something else", "is no btsnoop, pcap, pcapng or JSON-lines recording"),
        (pcap([b"frame"], 1), "only link type 1"),
        (btsnoop([b"?"], 2001), "only link type btsnoop 2001"),
        (b"btsnoop\0" + struct.pack(">II", 9, 1002), "btsnoop version 9 is not known"),
        (b"btsnoop\0" + struct.pack(">IIIIIIq", 1, 1002, 1 << 30, 1 << 30, 3, 0, 0), "which cannot be .record 1, octet"),
        (b'{"address":"x"}\n', "line 1 is not an advertisement"),
        (lines(2) + b"{}\n", "line 3 is not an advertisement"),
        (b"{" * 20000, "line 1 is not an advertisement"),
    ],
)  # fmt: skip
def test_a_foreign_or_broken_file_is_refused_with_a_sentence(
    tmp_path: Path, octets: bytes, sentence: str
) -> None:
    with pytest.raises(CaptureError, match=sentence):
        read(tmp_path, octets)


def test_a_recording_that_is_not_there_or_is_a_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(CaptureError, match="cannot be opened"):
            list(Capture(path))


@pytest.mark.data
def test_the_same_air_recorded_twice_is_the_same(shared_data: Path) -> None:
    folder = shared_data / "ble-captures"
    events = Capture(folder / "conference_room_45.btsnoop.xz")
    sniffed = Capture(folder / "conference_room_45.pcapng.xz")
    heard = list(events)
    assert heard == list(sniffed)
    assert len(heard) == 12_919
    assert sum(events.passed_over.values()) == 0
    # The sniffer's file also holds what it heard broken, and the questions of scanners.
    assert sniffed.passed_over == {"bad_crc": 1291, "not_advertising": 724}


@pytest.mark.data
def test_our_own_lines_keep_a_recording_whole(shared_data: Path, tmp_path: Path) -> None:
    heard = list(Capture(shared_data / "ble-captures" / "conference_room_45.btsnoop.xz"))[:2000]
    path = tmp_path / "ours.jsonl.xz"
    with lzma.open(path, "wb") as file:
        assert write_lines(heard, file) == 2000
    assert list(Capture(path)) == heard


@pytest.mark.data
def test_the_crc_of_packets_that_a_sniffer_found_good_is_right(shared_data: Path) -> None:
    folder = shared_data / "ble-captures"
    raw = lzma.decompress((folder / "conference_room_45.pcapng.xz").read_bytes())
    place = raw.find(bytes.fromhex("d6be898e"))
    end = place + 6 + raw[place + 5]
    assert crc24(raw[place + 4 : end]) == raw[end : end + 3]
