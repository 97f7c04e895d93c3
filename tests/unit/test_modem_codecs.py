"""Messages as octets: the alphabets, the fields, the kinds of message, parts put together."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.modem.alphabet import cut, from_septets, from_ucs2, heal, pack, to_septets, to_ucs2, unpack
from hardware.modem.awaited import Awaited, same_number
from hardware.modem.fields import (
    BadPdu,
    Octets,
    Piece,
    read_address,
    read_coding,
    read_header,
    read_time,
    read_validity,
    write_address,
    write_time,
    write_validity,
)
from hardware.modem.joining import GAP, Joiner
from hardware.modem.pdu import (
    Deliver,
    StatusReport,
    Submit,
    outcome_of,
    read_incoming,
    read_submit,
    tpdu_length,
    write_deliver,
    write_report,
    write_submit,
)
from hardware.modem.text import ALONE, GSM_BASIC, GSM_EXTENSION, JOINED, weigh

AT = datetime(2026, 3, 29, 1, 59, 58, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
gsm_text = st.text(sorted(set(GSM_BASIC + GSM_EXTENSION) - {"\x1b"}), max_size=400)
any_text = st.text(max_size=300)


# Alphabets


def test_the_example_that_everybody_knows_is_packed_as_everybody_packs_it() -> None:
    assert pack(to_septets("hellohello")).hex() == "e8329bfd4697d9ec37"
    assert from_septets(unpack(bytes.fromhex("e8329bfd4697d9ec37"), 10)) == "hellohello"


@given(gsm_text, st.integers(0, 6))
def test_septets_come_back_as_they_were_behind_any_header(text: str, fill: int) -> None:
    septets = to_septets(text)
    assert from_septets(unpack(pack(septets, fill), len(septets), fill)) == text


def test_an_extension_that_is_not_known_shows_the_basic_sign_and_an_escape_at_the_end_a_space() -> None:
    assert from_septets(b"\x1ba\x1b\x65\x1b") == "a€ "
    with pytest.raises(ValueError, match="has no '中'"):
        to_septets("中")


@given(any_text)
def test_parts_are_as_many_as_the_text_weighs_and_none_is_too_long_or_cuts_a_sign(text: str) -> None:
    alphabet, parts = cut(text)
    assert (alphabet, len(parts)) == (weigh(text).alphabet, weigh(text).parts)
    assert "".join(parts) == text
    room = ALONE[alphabet] if len(parts) == 1 else JOINED[alphabet]
    for part in parts:
        units = len(to_septets(part)) if alphabet == "gsm-7" else len(to_ucs2(part)) // 2
        assert units <= room


def test_halves_of_a_pair_that_others_cut_are_joined_again() -> None:
    high, low = from_ucs2(to_ucs2("😀")[:2]), from_ucs2(to_ucs2("😀")[2:])
    assert heal(high + low) == "😀"
    assert heal(high) == "\ufffd"
    assert cut("中" * 66 + "😀中中中")[1] == ["中" * 66, "😀中中中"]


# Fields


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        ("+46708251358", "0b916407281553f8"),
        ("12345", "05812143f5"),
        ("*100#", "05811a00fb"),
        ("Shop", "07d0d3b4ffff"),
    ],
)
def test_addresses_are_numbers_short_codes_and_names(number: str, octets: str) -> None:
    written = write_address(number)
    assert read_address(Octets(written)) == number
    if number != "Shop":
        assert written.hex() == octets
    assert written[:2].hex() == octets[:4]


@given(st.text("abcdefgh{}€@ÄÖ中", max_size=12))
def test_a_name_comes_back_or_is_refused(name: str) -> None:
    try:
        written = write_address(name)
    except ValueError:
        return
    assert read_address(Octets(written)) == name


@given(
    st.integers(0, 3_155_000_000).map(lambda s: datetime(1990, 1, 2, tzinfo=UTC) + timedelta(seconds=s)),
    st.integers(-79, 79),
)
def test_time_stamps_keep_their_zone(at: datetime, quarters: int) -> None:
    stamped = at.astimezone(timezone(timedelta(minutes=15 * quarters)))
    read = read_time(write_time(stamped))
    assert read == stamped
    assert read is not None
    assert read.utcoffset() == stamped.utcoffset()


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_a_time_or_none(octets: bytes) -> None:
    read = read_time(octets)
    assert read is None or read.tzinfo is not None


def test_validity_is_the_next_longer_time_that_can_be_said() -> None:
    spans = [
        0,
        1,
        300,
        301,
        43_200,
        43_201,
        86_400,
        86_401,
        3 * 86_400,
        30 * 86_400,
        31 * 86_400,
        63 * 7 * 86_400,
    ]
    for seconds in spans:
        octet = write_validity(seconds)
        assert read_validity(octet) >= seconds
        assert octet == 0 or read_validity(octet - 1) < seconds
    assert write_validity(1e12) == 255


def test_coding_schemes_say_their_alphabet() -> None:
    codings = {0x00: "gsm-7", 0x04: "data", 0x08: "ucs-2", 0x11: "gsm-7", 0x18: "ucs-2", 0x20: "data"}
    codings |= {0x48: "ucs-2", 0xC8: "gsm-7", 0xE0: "ucs-2", 0xF0: "gsm-7", 0xF5: "data"}
    assert {octet: read_coding(octet) for octet in codings} == codings


def test_ports_and_national_tables_in_a_header_are_passed_over() -> None:
    assert read_header(bytes.fromhex("0504158a00002401010003070201")) == Piece(7, 2, 1)
    assert read_header(bytes.fromhex("08041234 0302".replace(" ", ""))) == Piece(0x1234, 3, 2, wide=True)
    for rubbish in ("", "00", "0003070200", "0003070203", "00030700", "00ff0102"):
        assert read_header(bytes.fromhex(rubbish)) is None


# Messages


@given(any_text, st.booleans(), st.sampled_from([None, 300.0, 86_400.0]))
def test_what_is_sent_is_read_as_it_was(text: str, report: bool, validity: float | None) -> None:
    coding, parts = cut(text)
    for at, part in enumerate(parts, 1):
        piece = Piece(200, len(parts), at) if len(parts) > 1 else None
        message = Submit("+4366012345678", part, coding, piece, report, validity)
        pdu = write_submit(message)
        assert tpdu_length(pdu) <= 164
        assert read_submit(pdu) == message


@given(
    gsm_text.map(lambda text: text[:70]), st.sampled_from([None, Piece(9, 3, 2), Piece(999, 3, 3, wide=True)])
)
def test_what_comes_is_read_as_the_network_wrote_it(text: str, piece: Piece | None) -> None:
    message = Deliver("Bakery", AT, text, piece=piece)
    assert read_incoming(write_deliver(message, "+436990000000")) == message


def test_octets_that_are_no_text_come_as_data() -> None:
    message = Deliver("+4366012345678", AT, data=bytes(range(130)), coding="data", piece=Piece(1, 2, 1))
    assert read_incoming(write_deliver(message)) == message


def test_a_report_says_which_message_and_what_became_of_it() -> None:
    report = StatusReport(255, "+4366012345678", AT, AT + timedelta(seconds=9), 0x45)
    assert read_incoming(write_report(report)) == report
    assert [outcome_of(status) for status in (0, 2, 0x20, 0x30, 0x40, 0x60, 0xFF)] == [
        *("delivered", "delivered", "waiting", "waiting", "failed", "failed", "failed")
    ]


def test_a_message_of_a_real_network_is_read() -> None:
    # From the examples that every PDU converter shows.
    pdu = bytes.fromhex("07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
    read = read_incoming(pdu)
    assert isinstance(read, Deliver)
    assert (read.sender, read.text) == ("+31641600986", "How are you?")
    assert read.at == datetime(2002, 8, 26, 19, 37, 41, tzinfo=UTC)


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_are_refused_by_name(octets: bytes) -> None:
    for read in (read_incoming, read_submit):
        with contextlib.suppress(BadPdu):
            assert read(octets) is not None


@given(st.binary(max_size=160), st.integers(0, 255), st.integers(0, 255))
def test_any_body_behind_a_sound_head_is_read_or_refused(body: bytes, coding: int, length: int) -> None:
    head = bytes.fromhex("00440b911346610089f600") + bytes([coding]) + write_time(AT) + bytes([length])
    try:
        read = read_incoming(head + body)
    except BadPdu:
        return
    assert isinstance(read, Deliver)


def test_a_text_that_is_too_long_for_one_message_is_refused() -> None:
    write_submit(Submit("+4366012345678", "x" * 160))
    for text, coding in (("x" * 161, "gsm-7"), ("中" * 71, "ucs-2")):
        with pytest.raises(ValueError, match="too long"):
            write_submit(Submit("+4366012345678", text, coding))  # type: ignore[arg-type]


# Joining


def parts_of(text: str, reference: int = 7, sender: str = "+43660") -> list[Deliver]:
    coding, parts = cut(text)
    return [
        Deliver(sender, AT, part, coding=coding, piece=Piece(reference, len(parts), at))
        for at, part in enumerate(parts, 1)
    ]


@given(st.text("a€中😀", min_size=200, max_size=500), st.randoms(use_true_random=False))
def test_parts_in_any_order_and_doubled_make_the_text_once(text: str, chance: random.Random) -> None:
    joiner: Joiner[int] = Joiner()
    parts = parts_of(text)
    coming = [(part, place) for place, part in enumerate(parts)]
    chance.shuffle(coming)
    # A double before the last part: afterwards it would begin another message, as nobody can know.
    coming.insert(0, (coming[0][0], 99))
    whole = [joined for part, place in coming for joined in joiner.add(part, place, 0.0)]
    assert [joined.text for joined in whole] == [text]
    assert set(whole[0].places) == {*range(len(parts)), 99}
    assert joiner.parts() == 0


def test_parts_of_two_senders_and_of_two_references_do_not_mix() -> None:
    joiner: Joiner[int] = Joiner()
    kinds = [parts_of("a" * 200), parts_of("b" * 200, sender="+43661"), parts_of("c" * 200, reference=8)]
    assert [joiner.add(parts[0], None, 0.0) for parts in kinds] == [[], [], []]
    assert [joiner.add(parts[1], None, 0.0)[0].text for parts in kinds] == ["a" * 200, "b" * 200, "c" * 200]


def test_parts_that_never_come_are_given_up_after_a_day_and_what_came_is_given_out() -> None:
    joiner: Joiner[int] = Joiner(wait_s=100.0)
    first, _, third = parts_of("a" * 153 + "b" * 153 + "c")
    assert joiner.add(third, 3, 0.0) == []
    assert joiner.add(first, 1, 50.0) == []
    assert joiner.late(99.0) == []
    (given_up,) = joiner.late(100.0)
    assert given_up.text == "a" * 153 + GAP + "c"
    assert given_up.missing == (2,)
    assert set(given_up.places) == {1, 3}


def test_a_reference_that_comes_round_again_begins_another_message() -> None:
    joiner: Joiner[int] = Joiner()
    old, new = parts_of("a" * 200), parts_of("b" * 200)
    assert joiner.add(old[0], 1, 0.0) == []
    (given_up,) = joiner.add(new[0], 2, 1.0)
    assert given_up.missing == (2,)
    assert joiner.add(new[1], 3, 2.0)[0].text == "b" * 200


def test_whoever_sends_first_parts_only_fills_no_memory() -> None:
    joiner: Joiner[int] = Joiner(most=4)
    given_up = [one for n in range(100) for one in joiner.add(parts_of("a" * 200, reference=n)[0], n, 0.0)]
    assert joiner.parts() == 4
    assert [one.places for one in given_up] == [(n,) for n in range(96)]


# Reports


def test_numbers_are_the_same_with_and_without_their_country() -> None:
    assert same_number("+4366012345678", "066012345678")
    assert same_number("4366012345678", "+4366012345678")
    assert not same_number("+4366012345678", "+4366012345679")
    assert not same_number("+4366012345678", "45678")


def test_a_report_finds_its_ticket_by_reference_and_number_and_the_latest_counts() -> None:
    awaited = Awaited(most=3)
    awaited.sent(1, "+4366012345678", "old")
    awaited.sent(1, "+4366012345699", "other")
    awaited.sent(1, "+4366012345678", "new")
    assert awaited.ticket(1, "066012345678", final=False) == "new"
    assert awaited.ticket(1, "066012345678", final=True) == "new"
    assert awaited.ticket(1, "066012345678", final=True) == ""
    assert awaited.ticket(2, "+4366012345699", final=True) == ""
    for reference in range(10, 14):
        awaited.sent(reference, "+4366012345678", str(reference))
    assert awaited.ticket(1, "+4366012345699", final=True) == ""
