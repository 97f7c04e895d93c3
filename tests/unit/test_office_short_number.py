"""The short number beneath a printed QR."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.short_number import HIGHEST, read_short_number, short_number, short_path, show_short_number

numbers = st.integers(1, HIGHEST)


@given(numbers)
def test_what_is_printed_is_read_back(campaign: int) -> None:
    assert read_short_number(short_number(campaign)) == campaign
    assert read_short_number(show_short_number(campaign)) == campaign
    assert short_path(campaign).removeprefix("/n/") == short_number(campaign)


@given(numbers, st.data())
def test_every_wrong_digit_is_found(campaign: int, data: st.DataObject) -> None:
    printed = short_number(campaign)
    place = data.draw(st.integers(0, len(printed) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != printed[place]]))
    assert read_short_number(printed[:place] + other + printed[place + 1 :]) is None


@given(numbers, st.data())
def test_every_swap_of_two_neighbours_is_found(campaign: int, data: st.DataObject) -> None:
    printed = short_number(campaign)
    place = data.draw(st.integers(0, len(printed) - 2))
    swapped = printed[:place] + printed[place + 1] + printed[place] + printed[place + 2 :]
    assert swapped == printed or read_short_number(swapped) is None


@pytest.mark.parametrize(
    "typed", ["", "7", "76", "076", "tea", "0075", "12345678901234", "0000", "-", "٠٠٧٦"]
)
def test_what_is_no_short_number_is_none(typed: str) -> None:
    assert read_short_number(typed) is None


@pytest.mark.parametrize("typed", ["0076", " 00 76 ", "00-76", "００７６", "0 0 7 6", "00.76"])
def test_it_is_read_however_it_is_typed(typed: str) -> None:
    assert read_short_number(typed) == 7


@pytest.mark.parametrize("wrong", [0, -1, HIGHEST + 1])
def test_what_is_no_number_of_an_offer_has_none(wrong: int) -> None:
    with pytest.raises(ValueError):
        short_number(wrong)
