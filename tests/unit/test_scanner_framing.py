"""From a scanner's octets to texts, and from a keyboard's events to octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.scanner.framing import AGAIN_S, GAP_S, LONGEST, Framer, Repeats
from hardware.scanner.keys import EVENT, KEYS, Dropped, Typing
from hardware.scanner.scanner import Scan, Unread

TOKEN = "SB1" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 4


def texts(found: list[Scan | Unread]) -> list[str]:
    return [one.text if isinstance(one, Scan) else one.reason for one in found]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\x03"])
def test_a_text_ends_with_whatever_a_scanner_ends_it_with(end: str) -> None:
    framer = Framer()
    assert texts(framer.feed(f"{TOKEN}{end}SECOND{end}".encode(), 1.0)) == [TOKEN, "SECOND"]


def test_the_aim_identifier_is_told_apart_from_the_text() -> None:
    (scan,) = Framer().feed(b"]Q1" + TOKEN.encode() + b"\r", 1.0)
    assert scan == Scan(TOKEN, 1.0, "Q1")


def test_what_the_scanner_was_set_up_to_put_around_a_text_is_taken_off_inside_and_outside_of_it() -> None:
    framer = Framer(prefix="~", suffix="!")
    assert texts(framer.feed(b"~]Q1ABC!\r\x02~DEF!\x03plain\r", 1.0)) == ["ABC", "DEF", "plain"]


@given(st.lists(st.integers(1, 60), max_size=12))
def test_however_the_octets_are_cut_into_pieces_the_texts_are_the_same(cuts: list[int]) -> None:
    stream = f"{TOKEN}\r\n\r\n]Q1https://shop.example/c/{TOKEN}\nABCD-EFGH-JKMN\r".encode()
    framer, found, place = Framer(), [], 0
    for number, cut in enumerate([*cuts, len(stream)]):
        found += framer.feed(stream[place : place + cut], number * 0.001)
        place += cut
    assert texts(found) == [TOKEN, f"https://shop.example/c/{TOKEN}", "ABCD-EFGH-JKMN"]


def test_a_line_that_is_too_long_is_dropped_with_one_sentence_and_the_next_one_is_read() -> None:
    framer = Framer()
    found = framer.feed(b"A" * 4000, 1.0) + framer.feed(b"A" * 4000 + b"\r" + TOKEN.encode() + b"\r", 1.1)
    assert texts(found) == ["too-long", TOKEN]
    assert texts(framer.feed(b"B" * LONGEST + b"\r", 2.0)) == ["B" * LONGEST]


def test_half_a_line_is_dropped_when_nothing_more_comes_and_does_not_spoil_the_next_one() -> None:
    framer = Framer()
    assert framer.feed(TOKEN[:50].encode(), 1.0) == []
    assert framer.idle(1.0 + GAP_S / 2) is None
    assert framer.idle(1.0 + GAP_S) == Unread("unfinished", framer_sentence("unfinished"))
    assert framer.idle(9.0) is None
    assert framer.feed(TOKEN[:50].encode(), 10.0) == []
    assert texts(framer.feed(f"{TOKEN[50:]}\r".encode(), 10.0 + 9 * GAP_S)) == [TOKEN]


def framer_sentence(reason: str) -> str:
    framer = Framer()
    framer.feed(b"x", 0.0)
    told = framer.idle(GAP_S)
    assert isinstance(told, Unread)
    assert told.reason == reason
    return told.sentence


def test_noise_of_a_wrong_speed_is_no_text() -> None:
    assert texts(Framer().feed(b"\xf8\x80\xff\x86\x1e\r", 1.0)) == ["garbled"]
    assert texts(Framer().feed(b"AB\x07C\r", 1.0)) == ["garbled"]


def test_chinese_is_read_in_both_ways_that_scanners_send_it() -> None:
    assert (
        texts(Framer().feed("优惠".encode() + b"\r" + "优惠".encode("gb18030") + b"\r", 1.0)) == ["优惠"] * 2
    )


def test_a_trigger_that_is_pulled_twice_is_one_scan_and_after_two_seconds_another() -> None:
    repeats = Repeats()
    assert repeats.is_new("A", 0.0)
    assert not repeats.is_new("A", AGAIN_S - 0.1)
    assert repeats.is_new("B", AGAIN_S - 0.1)
    assert repeats.is_new("A", AGAIN_S)
    assert repeats.is_new("A", 2 * AGAIN_S)


def test_a_code_that_stays_before_a_camera_is_one_scan_however_long_it_stays() -> None:
    repeats = Repeats(held=True)
    seen = [repeats.is_new("A", at / 5) for at in range(100)]
    assert seen == [True] + [False] * 99
    assert repeats.is_new("A", 20 + AGAIN_S)


def press(code: int, *, shift: bool = False) -> bytes:
    keys = [(42, 1)] * shift + [(code, 1), (code, 2), (code, 0)] + [(42, 0)] * shift
    return b"".join(
        EVENT.pack(0, 0, 4, 4, 458_000) + EVENT.pack(0, 0, 1, *key) + EVENT.pack(0, 0, 0, 0, 0)
        for key in keys
    )


def typed(text: str) -> bytes:
    """The events of a scanner that types this."""
    found = b""
    for sign in text:
        code = next((code for code, signs in KEYS.items() if sign in signs), None)
        found += press(28) if sign == "\r" else press(code or 0, shift=KEYS[code or 0][0] != sign)
    return found


@pytest.mark.parametrize("step", [1, 7, 24, 1000])
def test_what_a_keyboard_types_is_read_by_scan_code_with_its_shifts(step: int) -> None:
    text = "SB1abc-XYZ_0189/?:=&%#+.~ https://Shop.example\r"
    typing, events, out = Typing(), typed(text), b""
    for place in range(0, len(events), step):
        for piece in typing.feed(events[place : place + step]):
            assert isinstance(piece, bytes)
            out += piece
    assert out.decode() == text


def test_of_a_text_of_which_the_kernel_dropped_keys_no_part_is_taken_for_a_whole_one() -> None:
    typing, framer, found = Typing(), Framer(), []
    dropped = EVENT.pack(0, 0, 0, 3, 0) + press(30) + EVENT.pack(0, 0, 0, 0, 0)
    for piece in typing.feed(typed("SB1AB") + dropped + typed("CDEF\rNEXT\r")):
        found += [framer.spoil(1.0)] if isinstance(piece, Dropped) else framer.feed(piece, 1.0)
    assert texts([one for one in found if one is not None]) == ["unfinished", "NEXT"]


def test_where_the_end_of_a_text_was_dropped_a_silence_is_its_end() -> None:
    framer = Framer()
    framer.feed(b"SB1AB", 1.0)
    assert framer.spoil(1.0) is not None
    assert framer.spoil(1.1) is None
    assert framer.idle(1.1 + GAP_S) is None
    assert texts(framer.feed(b"NEXT\r", 2.0)) == ["NEXT"]
