"""Coupons: what the token and the code promise."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.coupon import (
    CODE_RANDOM_BYTES,
    PREFIX,
    BadToken,
    Coupon,
    check_character,
    make_code,
    mint_token,
    read_code,
    read_token,
    show_code,
)
from hub.wire.identity import CROCKFORD

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
COUPON = Coupon(key_number=7, shop=513, campaign=66_000, serial="00ff10203040abcd", expires_at=1_800_000_000)

coupons = st.builds(
    Coupon,
    key_number=st.integers(0, 255),
    shop=st.integers(0, 2**16 - 1),
    campaign=st.integers(0, 2**32 - 1),
    serial=st.binary(min_size=8, max_size=8).map(bytes.hex),
    expires_at=st.integers(0, 2**32 - 1),
)
codes = st.binary(min_size=CODE_RANDOM_BYTES, max_size=CODE_RANDOM_BYTES).map(make_code)


def test_the_payload_is_laid_out_as_the_contract_says() -> None:
    assert COUPON.payload().hex() == "01" + "07" + "0201" + "000101d0" + "00ff10203040abcd" + "6b49d200"


@given(coupons)
def test_a_token_comes_back_as_the_coupon_that_it_was_made_from(coupon: Coupon) -> None:
    text = mint_token(KEY, coupon)
    token = read_token(text)
    assert token is not None
    assert token.coupon == coupon
    assert token.is_signed_by(KEY.public_key())


def test_a_token_is_138_capital_letters_and_digits() -> None:
    text = mint_token(KEY, COUPON)
    assert len(text) == 138
    assert text.startswith(PREFIX)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" + PREFIX)


def test_a_token_is_read_in_small_letters_and_with_line_breaks_too() -> None:
    text = mint_token(KEY, COUPON).lower()
    token = read_token(f" {text[:50]}\r\n{text[50:]}\n")
    assert token is not None
    assert token.coupon == COUPON


@given(coupons, st.integers(3, 137), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_token_with_one_character_changed_is_never_believed(
    coupon: Coupon, place: int, character: str
) -> None:
    text = mint_token(KEY, coupon)
    changed = text[:place] + character + text[place + 1 :]
    if changed == text:
        return
    try:
        token = read_token(changed)
    except BadToken:
        return
    assert token is not None
    assert not token.is_signed_by(KEY.public_key())


def test_a_token_has_exactly_one_spelling() -> None:
    text = mint_token(KEY, COUPON)
    others = [text[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if last != text[-1]]
    for other in others:
        try:
            token = read_token(other)
        except BadToken:
            continue
        assert token is not None
        assert not token.is_signed_by(KEY.public_key())


def test_another_shops_key_does_not_sign_for_us() -> None:
    token = read_token(mint_token(Ed25519PrivateKey.generate(), COUPON))
    assert token is not None
    assert not token.is_signed_by(KEY.public_key())


@pytest.mark.parametrize("text", ["", "HELLO", "https://example.com/", "SB2" + "A" * 135])
def test_what_is_no_token_of_ours_is_none_and_no_error(text: str) -> None:
    assert read_token(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SB1" + "ABC" * 20, "138 characters"),
        ("SB1" + "1" * 135, "do not belong"),
        ("SB1" + "A" * 134 + "B", "does not end"),
        ("SB1" + "A" * 135, "version 0"),
    ],
)
def test_a_broken_token_says_what_is_wrong_with_it(text: str, says: str) -> None:
    with pytest.raises(BadToken, match=says):
        read_token(text)


@given(st.text(max_size=200))
def test_any_text_at_all_is_read_without_another_error(text: str) -> None:
    for candidate in (text, PREFIX + text):
        with contextlib.suppress(BadToken):
            read_token(candidate)
        read_code(candidate)


@given(codes)
def test_a_code_is_read_back_however_a_person_types_it(code: str) -> None:
    typed = show_code(code).lower().replace("0", "o").replace("1", "l")
    assert read_code(f" {typed} ") == code
    assert read_code("-".join(code)) == code


@given(codes, st.integers(0, 11), st.sampled_from(CROCKFORD))
def test_one_wrong_character_in_a_code_is_always_found(code: str, place: int, character: str) -> None:
    wrong = code[:place] + character + code[place + 1 :]
    assert wrong == code or read_code(wrong) is None


@given(codes)
def test_two_characters_swapped_in_a_code_are_always_found(code: str) -> None:
    for first, second in itertools.combinations(range(12), 2):
        swapped = list(code)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        assert "".join(swapped) == code or read_code("".join(swapped)) is None


def test_the_check_character_of_a_known_code_does_not_change_between_releases() -> None:
    assert check_character("0123456789A") == make_fixed()


def make_fixed() -> str:
    """The same sum, written the slow way: polynomial arithmetic over GF(2)."""

    def times(left: int, right: int) -> int:
        product = 0
        for bit in range(5):
            if right >> bit & 1:
                product ^= left << bit
        for bit in range(9, 4, -1):
            if product >> bit & 1:
                product ^= 0b100101 << (bit - 5)
        return product

    total = 0
    for place, character in enumerate("0123456789A"):
        weight = 1
        for _ in range(11 - place):
            weight = times(weight, 2)
        total ^= times(CROCKFORD.index(character), weight)
    return CROCKFORD[total]
