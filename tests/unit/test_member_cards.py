"""A member's card: what stands in its QR, who made it, and what a person may type of its code."""

from __future__ import annotations

import io
import random

import pytest
import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from hub.wire.card import (
    CARD_CHARACTERS,
    Card,
    CardCode,
    CardToken,
    card_hash,
    make_card,
    make_member_code,
    read_card,
    show_member_code,
)
from hub.wire.coupon import Coupon, mint_token, read_token

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
CARD = Card(7, 513, "0123456789abcdef" * 2, 1_795_000_000)


def token() -> str:
    return make_card(KEY, CARD)


def test_a_card_comes_back_as_it_was_made() -> None:
    for card in (CARD, Card(None, 1, "f" * 32, 2**32 - 1), Card(0, 2**16 - 1, "0" * 32, 0)):
        text = make_card(KEY, card)
        assert len(text) == CARD_CHARACTERS
        read = read_card(text)
        assert isinstance(read, CardToken)
        assert read.card == card
        assert read.is_signed_by(KEY.public_key())
        assert not read.is_signed_by(OTHER.public_key())


def test_case_and_spaces_of_a_card_do_not_matter() -> None:
    text = token()
    spaced = " ".join(text[start : start + 10].lower() for start in range(0, len(text), 10)) + "\r\n"
    assert read_card(spaced) == read_card(text)


def test_a_card_with_any_other_character_is_none_or_nobody_has_signed_it() -> None:
    text, rng = token(), random.Random(8)
    for place in range(4, len(text)):
        other = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".replace(text[place], ""))
        read = read_card(text[:place] + other + text[place + 1 :])
        assert not (isinstance(read, CardToken) and read.is_signed_by(KEY.public_key())), place
    # The last character has a spare bit: its other spelling is no card of ours either.
    assert sum(read_card(text[:-1] + last) is not None for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == 16


@pytest.mark.parametrize(
    "text", ["", "SBM1", "SBM1" + "A" * 140, "SBM1" + "A" * 141, "hello", "1" * 200, "\x00" * 145]
)
def test_what_is_no_card_is_none(text: str) -> None:
    read = read_card(text)
    assert read is None or not (isinstance(read, CardToken) and read.is_signed_by(KEY.public_key()))


def test_neither_a_coupon_is_a_card_nor_a_card_a_coupon() -> None:
    coupon = mint_token(KEY, Coupon(7, 513, 1, "0" * 16, 1_795_000_000))
    assert read_card(coupon) is None
    assert read_token(token()) is None


def test_a_signature_over_the_payload_alone_makes_no_card() -> None:
    read = read_card(token())
    assert isinstance(read, CardToken)
    plain = CardToken(CARD, KEY.sign(CARD.payload()))
    assert not plain.is_signed_by(KEY.public_key())


def test_a_code_may_be_typed_in_any_form_and_each_slip_is_found() -> None:
    code = make_member_code(bytes(range(10)))
    shown = show_member_code(code)
    for typed in (
        code,
        shown,
        shown.lower(),
        shown.replace(" ", "-"),
        code.replace("0", "o").replace("1", "l"),
    ):
        assert read_card(typed) == CardCode(code)
    for place in range(len(code)):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".replace(code[place], ""):
            assert read_card(code[:place] + other + code[place + 1 :]) is None
    assert len(card_hash(code)) == 64
    assert card_hash(code) != card_hash(make_member_code(bytes(10)))


def test_a_scanner_reads_a_card_from_its_qr() -> None:
    text = token()
    made = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, box_size=4)
    made.add_data(text, optimize=0)
    made.make(fit=True)
    assert made.version <= 6
    out = io.BytesIO()
    made.make_image().save(out, "PNG")
    (found,) = zxingcpp.read_barcodes(Image.open(out))
    assert found.text == text
