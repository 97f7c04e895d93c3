"""Tokens, links and GS1 Digital Links as they come out of a scanner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.coupon import BadToken, Coupon, check_character, make_code, mint_token, read_token, show_code
from hub.wire.digital_link import build, check_digit, parse, read_gtin
from kiosk.scans import ScannedCode, ScannedToken, Unreadable, read_scan

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TOKEN = mint_token(KEY, Coupon(3, 7, 42, "00" * 8, 1_800_000_000))
CODE = make_code(bytes(range(7)))
GTIN = "9506000134352"

AS_GS1_PRINTS_THEM = {
    "https://id.gs1.org/01/09506000134352": ("09506000134352", "", ""),
    "https://id.gs1.org/01/09506000134352/21/12345": ("09506000134352", "12345", ""),
    "https://example.com/some/path/01/9506000134352/10/AB%2F12/21/x?17=290331": (
        "09506000134352",
        "x",
        "AB/12",
    ),
    "HTTPS://ID.GS1.ORG/01/00614141123452": ("00614141123452", "", ""),
}


@pytest.mark.parametrize("address", AS_GS1_PRINTS_THEM)
def test_a_digital_link_is_read(address: str) -> None:
    link = parse(address)
    assert link is not None
    assert (link.gtin, link.serial, link.batch) == AS_GS1_PRINTS_THEM[address]


@pytest.mark.parametrize(
    "address",
    [
        "https://id.gs1.org/01/09506000134353",
        "https://id.gs1.org/01/950600013435",
        "https://id.gs1.org/01/09506000134352/21/1/10/2",
        "https://id.gs1.org/01/09506000134352/21/1/21/2",
        "https://id.gs1.org/01/09506000134352/21",
        "https://id.gs1.org/01/09506000134352/99/x",
        "https://id.gs1.org/01/09506000134352/21/" + "9" * 21,
        "https://id.gs1.org/01/09506000134352?token=a&token=b",
        "https://[id/01/09506000134352",
        "https://shop.example/n/0076",
        "ftp://id.gs1.org/01/09506000134352",
        "",
    ],
)
def test_what_is_no_digital_link_is_none(address: str) -> None:
    assert parse(address) is None


@pytest.mark.parametrize(
    ("digits", "last"), [("629104150021", "3"), ("950600013435", "2"), ("9638507", "4"), ("01234567890", "5")]
)
def test_check_digits_are_those_of_real_products(digits: str, last: str) -> None:
    assert check_digit(digits) == last
    assert read_gtin(digits + last) == (digits + last).zfill(14)
    assert read_gtin(digits + str((int(last) + 1) % 10)) is None


serials = st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789abcxyz!%&'()*+,-./:;<=>?_\"", min_size=1, max_size=20)
queries = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True), st.text(min_size=1, max_size=20)
)


@given(serials, queries)
def test_what_is_built_is_read_back(serial: str, query: dict[str, str]) -> None:
    link = parse(build("https://shop.example/app", GTIN, serial=serial, query=query))
    assert link is not None
    assert (link.gtin, link.serial, dict(link.query)) == ("0" + GTIN, serial, query)


@pytest.mark.parametrize(
    ("stem", "gtin", "serial", "name"),
    [
        ("shop.example", GTIN, "", "a"),
        ("https://shop.example?x", GTIN, "", "a"),
        ("https://shop.example", "9506000134353", "", "a"),
        ("https://shop.example", GTIN, "9" * 21, "a"),
        ("https://shop.example", GTIN, "ü", "a"),
        ("https://shop.example", GTIN, "", "17"),
    ],
)
def test_what_gs1_does_not_allow_is_not_built(stem: str, gtin: str, serial: str, name: str) -> None:
    with pytest.raises(ValueError):
        build(stem, gtin, serial=serial, query={name: "x"})


def test_a_till_reads_the_coupon_that_a_digital_link_carries() -> None:
    for address in (
        build("https://shop.example", GTIN, query={"token": TOKEN}),
        build("https://shop.example", GTIN, query={"token": TOKEN.lower()}),
        f"https://shop.example/c/{TOKEN}?from=paper#x",
    ):
        scanned = read_scan(address)
        assert isinstance(scanned, ScannedToken)
        assert (scanned.text, scanned.asked) == (TOKEN, TOKEN)
    for address in (
        build("https://shop.example", GTIN, serial=CODE),
        build("https://shop.example", GTIN, query={"code": CODE}),
    ):
        assert read_scan(address) == ScannedCode(CODE)


def test_a_product_alone_is_no_coupon() -> None:
    assert isinstance(read_scan(build("https://shop.example", GTIN)), Unreadable)


@pytest.mark.parametrize("sign", ["\uff21", "\u212a", "\u00df", "\ud800", "\u0661", "_"])
@pytest.mark.parametrize("place", [0, 3, 70, 137])
def test_a_sign_that_is_none_of_ours_makes_a_broken_token_and_no_failure(sign: str, place: int) -> None:
    text = TOKEN[:place] + sign + TOKEN[place + 1 :]
    try:
        token = read_token(text)
    except BadToken:
        return
    assert token is None
    assert isinstance(read_scan(text), Unreadable)


@given(st.text(max_size=400))
def test_whatever_is_scanned_is_read_or_refused(text: str) -> None:
    assert isinstance(read_scan(text), ScannedToken | ScannedCode | Unreadable)


@pytest.mark.parametrize(
    "write", [str, show_code, lambda code: "-".join((code[:4], code[4:8], code[8:])), str.lower]
)
def test_a_code_that_begins_as_a_token_does_is_a_code(write: Callable[[str], str]) -> None:
    body = "SB1" + "4TRM0QX9"
    code = body + check_character(body)
    scanned = read_scan(write(code))
    assert isinstance(scanned, ScannedCode)
    assert scanned.text == code
    assert read_token(code) is None
