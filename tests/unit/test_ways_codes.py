"""Codes that people type, and wrong ones that cost time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.portal.installer.entrance import FREE_TRIES, LONGEST_WAIT_S
from edge.portal.ways.tries import MOST_PLACES, WrongTries
from hub.wire.card import MEMBER_CHARACTERS, MEMBER_RANDOM_BYTES, make_member_code, read_member_code
from hub.wire.identity import CROCKFORD

NOW = 1_796_040_000.0
codes = st.binary(min_size=MEMBER_RANDOM_BYTES, max_size=MEMBER_RANDOM_BYTES).map(make_member_code)


@given(codes)
def test_a_members_code_is_read_however_it_is_written(code: str) -> None:
    assert len(code) == MEMBER_CHARACTERS
    for typed in (
        code,
        code.lower(),
        "-".join(code),
        f"  {code[:4]} {code[4:]}\n",
        code.replace("0", "O").replace("1", "i"),
    ):
        assert read_member_code(typed) == code


@given(codes, st.integers(0, MEMBER_CHARACTERS - 1), st.sampled_from(CROCKFORD))
def test_every_single_wrong_character_is_found(code: str, place: int, other: str) -> None:
    typed = code[:place] + other + code[place + 1 :]
    assert (read_member_code(typed) == code) == (typed == code)
    assert read_member_code(typed) in (None, code)


@given(codes, st.integers(0, MEMBER_CHARACTERS - 1), st.integers(0, MEMBER_CHARACTERS - 1))
def test_every_swap_of_two_is_found(code: str, one: int, other: int) -> None:
    signs = list(code)
    signs[one], signs[other] = signs[other], signs[one]
    typed = "".join(signs)
    assert (read_member_code(typed) == code) == (typed == code)


@given(st.text(max_size=400))
def test_no_text_breaks_the_reading(typed: str) -> None:
    found = read_member_code(typed)
    assert found is None or set(found) <= set(CROCKFORD)


def test_waits_grow_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day() -> None:
    tries, now, waits = WrongTries(), NOW, []
    for _ in range(30):
        waiting = tries.begin("here", now)
        waits.append(waiting)
        now += waiting
        if waiting:
            assert tries.begin("here", now) == 0.0
    assert waits[:FREE_TRIES] == [0.0] * FREE_TRIES
    assert max(waits) == LONGEST_WAIT_S
    assert tries.begin("here", now + 90_000) == 0.0


def test_a_try_that_has_to_wait_is_not_counted_and_a_clock_set_back_locks_nobody_out_for_long() -> None:
    tries = WrongTries()
    for _ in range(FREE_TRIES):
        assert tries.begin("here", NOW) == 0.0
    assert {tries.begin("here", NOW) for _ in range(50)} == {5.0}
    assert tries.begin("here", NOW - 1_000_000) <= 5.0
    assert tries.begin("here", NOW + 5) == 0.0


def test_a_right_code_gives_its_own_try_back_and_no_other() -> None:
    tries = WrongTries()
    for _ in range(FREE_TRIES - 1):
        tries.begin("here", NOW)
    for _ in range(20):
        assert tries.begin("here", NOW) == 0.0
        tries.right("here")
    assert tries.begin("here", NOW) == 0.0
    assert tries.begin("here", NOW) > 0


def test_places_without_end_take_no_memory_without_end() -> None:
    tries = WrongTries()
    for _ in range(FREE_TRIES):
        tries.begin("first", NOW)
    for n in range(MOST_PLACES):
        tries.begin(f"10.{n >> 8}.{n & 255}.1", NOW)
    # The one that tried first was forgotten first.
    assert tries.begin("first", NOW) == 0.0
