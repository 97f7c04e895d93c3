"""Rows of HCI events: the same as one by one, whatever somebody sends, and nothing of it kept for long."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.ble.advertisement import Advertisement
from hardware.ble.codec import BadPayload
from hardware.ble.hci import LONGEST_JOINED_OCTETS, MOST_HALF_HEARD, REMEMBERED_S, HciReports
from hardware.ble.hci_frames import Answer, answer, has_extended_scanning, monitor_frame, scanning, stopping
from tests.ble_recordings import ADDRESS, PAYLOAD, extended, report


def several(*rssi: int) -> bytes:
    """One legacy event with as many reports."""
    rows = b"".join(
        bytes((0, 1)) + ADDRESS + bytes((len(PAYLOAD),)) + PAYLOAD + bytes((one & 0xFF,)) for one in rssi
    )
    body = bytes((2, len(rssi))) + rows
    return bytes((0x3E, len(body))) + body


strengths = st.integers(-128, 127)
payloads = st.sampled_from([b"", b"\x02\x01\x06", PAYLOAD, PAYLOAD[:-1]])
events = st.one_of(
    st.builds(lambda payload, rssi, who: report(payload, rssi, who), payloads, strengths, st.integers(0, 3)),
    st.builds(
        lambda payload, rssi, status: extended(payload, status, rssi=rssi),
        payloads,
        strengths,
        st.sampled_from([0, 0, 0, 1, 2]),
    ),
    st.builds(several, strengths, strengths),
    st.builds(lambda event, cut: event[:cut], st.just(report()), st.integers(0, 30)),
    st.builds(lambda event, more: event + more, st.just(report()), st.binary(min_size=1, max_size=3)),
    st.binary(max_size=40),
    st.builds(lambda rest: b"\x3e" + bytes((len(rest),)) + rest, st.binary(max_size=60)),
    st.builds(
        lambda count, rest: b"\x3e" + bytes((len(rest) + 2, 0x0D, count)) + rest,
        st.integers(0, 255),
        st.binary(max_size=60),
    ),
)


def one_by_one(packets: list[bytes], at: float) -> tuple[list[Advertisement], int]:
    reports, heard, broken = HciReports(), [], 0
    for packet in packets:
        try:
            heard += reports.feed(packet, at)
        except BadPayload:
            broken += 1
    return heard, broken


@settings(max_examples=500, deadline=None)
@given(st.lists(events, max_size=20), st.sampled_from([b"", b"\x04", b"\x03\x00\x02\x00\x2a\x00"]))
def test_a_row_of_any_octets_says_what_each_says_by_itself_and_never_raises(
    packets: list[bytes], before: bytes
) -> None:
    expected, broken = one_by_one(packets, 5.0)
    reports = HciReports()
    assert reports.feed_all([before + packet for packet in packets], 5.0, len(before)) == expected
    assert reports.broken == broken


def test_a_report_that_is_known_but_for_its_strength_shares_what_it_says() -> None:
    reports = HciReports()
    for make in (lambda rssi: report(rssi=rssi), lambda rssi: extended(PAYLOAD, rssi=rssi)):
        first, second = reports.feed_all([make(-40), make(-90)], 1.0)
        assert (first.rssi_dbm, second.rssi_dbm) == (-40, -90)
        assert first.payload is second.payload
        assert first.address is second.address


def test_what_leads_to_a_phone_is_kept_a_minute_at_most_and_let_go_when_asked() -> None:
    reports = HciReports()
    (first,) = reports.feed_all([report()], 1000.0)
    (within,) = reports.feed_all([report()], 1000.0 + REMEMBERED_S - 1)
    (after,) = reports.feed_all([report()], 1000.0 + REMEMBERED_S + 1)
    (back,) = reports.feed_all([report()], 500.0)
    assert within.payload is first.payload
    assert after.payload is not first.payload
    assert back.payload is not after.payload
    reports.forget()
    (anew,) = reports.feed_all([report()], 500.0)
    assert anew.payload is not back.payload


def test_pieces_that_never_end_do_not_fill_the_memory_and_are_nobodys() -> None:
    reports = HciReports()
    piece = extended(b"\x09" * 200, status=1)
    assert reports.feed_all([piece] * 1000, 1.0) == []
    longest = max(len(one.payload) for one in reports.feed_all([piece] * 3 + [extended(PAYLOAD)], 1.0))
    assert longest <= LONGEST_JOINED_OCTETS
    for number in range(10 * MOST_HALF_HEARD):
        event = bytearray(piece)
        event[7:9] = number.to_bytes(2, "little")
        assert reports.feed_all([bytes(event)], 1.0) == []


def test_pieces_of_two_sets_of_one_address_are_not_mixed_up() -> None:
    def piece(part_of: int, data: bytes, status: int) -> bytes:
        head = struct.pack("<HB6s2xBbb2x7xB", 0x10 | status << 5, 1, ADDRESS, part_of, 127, -74, len(data))
        body = bytes((0x0D, 1)) + head + data
        return bytes((0x3E, len(body))) + body

    heard = HciReports().feed_all(
        [
            piece(1, PAYLOAD[:10], 1),
            piece(2, b"\x02\x01", 1),
            piece(1, PAYLOAD[10:], 0),
            piece(2, b"\x06", 0),
        ],
        1.0,
    )
    assert [one.payload for one in heard] == [PAYLOAD, b"\x02\x01\x06"]


@given(st.binary(max_size=12))
def test_any_octets_are_an_answer_or_none_and_a_frame_or_none(octets: bytes) -> None:
    assert answer(octets) is None or len(octets) >= 7
    assert monitor_frame(octets) == (-1, -1) or len(octets) >= 6


def test_answers_of_a_controller_are_understood() -> None:
    assert answer(bytes.fromhex("040e0c01032000ff0000000000000000")[:15]) == Answer(
        0x2003, 0, bytes.fromhex("ff00000000000000")
    )
    assert answer(bytes.fromhex("040f040c010b20")) == Answer(0x200B, 0x0C)
    assert not has_extended_scanning(bytes(8))
    assert has_extended_scanning(b"\x00\x10" + bytes(6))


def test_scanning_is_asked_for_as_the_specification_lays_it_out() -> None:
    """Vol 4 Part E, 7.8.10, 7.8.11, 7.8.64, 7.8.65; 60 ms are 96 units."""
    assert [one.hex() for one in scanning(extended=False, active=False, duty=1.0)] == [
        "010b2007" + "00" + "6000" + "6000" + "00" + "00",
        "010c2002" + "0100",
    ]
    assert [one.hex() for one in scanning(extended=True, active=True, duty=0.5)] == [
        "01412008" + "00" + "00" + "01" + "01" + "6000" + "3000",
        "01422006" + "01" + "00" + "0000" + "0000",
    ]
    assert stopping(extended=False).hex() == "010c20020000"
    assert stopping(extended=True).hex() == "01422006000000000000"
