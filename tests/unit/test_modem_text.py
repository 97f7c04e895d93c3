"""What a text message weighs, against the sizes that 3GPP TS 23.038 and 23.040 give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.modem.text import ALONE, GSM_BASIC, GSM_EXTENSION, JOINED, Weight, weigh


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", Weight("gsm-7", 0, 1)),
        ("a" * 160, Weight("gsm-7", 160, 1)),
        ("a" * 161, Weight("gsm-7", 161, 2)),
        ("a" * 306, Weight("gsm-7", 306, 2)),
        ("a" * 307, Weight("gsm-7", 307, 3)),
        ("€" * 80, Weight("gsm-7", 160, 1)),
        # An escaped character is not cut in two: 76 of them fill 152 of 153 septets.
        ("€" * 81, Weight("gsm-7", 162, 2)),
        ("€" * 152, Weight("gsm-7", 304, 2)),
        ("€" * 153, Weight("gsm-7", 306, 3)),
        ("中" * 70, Weight("ucs-2", 70, 1)),
        ("中" * 71, Weight("ucs-2", 71, 2)),
        ("a" * 70 + "中", Weight("ucs-2", 71, 2)),
        ("🔔" * 35, Weight("ucs-2", 70, 1)),
        ("🔔" * 36, Weight("ucs-2", 72, 2)),
        # 33 of them fill 66 of 67 units.
        ("🔔" * 67, Weight("ucs-2", 134, 3)),
        ("ç", Weight("ucs-2", 1, 1)),
        ("Ç", Weight("gsm-7", 1, 1)),
        ("\x1b", Weight("ucs-2", 1, 1)),
    ],
)
def test_a_text_weighs_what_the_standard_says(text: str, weight: Weight) -> None:
    assert weigh(text) == weight


def test_the_gsm_alphabet_has_128_places_each_once() -> None:
    assert len(GSM_BASIC) == len(set(GSM_BASIC)) == 128
    assert GSM_BASIC.index("A") == 0x41
    assert GSM_BASIC.index("z") == 0x7A
    assert GSM_BASIC.index("@") == 0
    assert GSM_BASIC.index("\x1b") == 0x1B
    assert GSM_BASIC.index("Δ") == 0x10
    assert GSM_BASIC.index("à") == 0x7F
    assert not set(GSM_BASIC) & set(GSM_EXTENSION)


@given(st.text(max_size=600))
def test_parts_are_never_fewer_than_fit_and_never_more_than_one_unit_each_wastes(text: str) -> None:
    found = weigh(text)
    if found.units <= ALONE[found.alphabet]:
        assert found.parts == 1
    else:
        size = JOINED[found.alphabet]
        assert -(-found.units // size) <= found.parts <= -(-found.units // (size - 1))
