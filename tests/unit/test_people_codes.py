"""One-time codes after RFC 6238, its own vectors and another implementation; browsers by family; challenges of passkeys."""

from __future__ import annotations

import base64
import hashlib

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.signing.passkeys import (
    CHALLENGE_S,
    Party,
    good_challenge,
    make_challenge,
    party_of,
)
from hub.signing.passwords import common_passwords, is_common, password_fault
from hub.signing.sessions import browser_family
from hub.signing.totp import code_at, fitting_step, key_uri, secret_text, step_at

RFC_SECRET = b"12345678901234567890"
NOW = 1_790_000_000.0
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_the_rfc(at: int, code: str) -> None:
    assert code_at(RFC_SECRET, step_at(at)) == code[-6:]


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**33))
def test_another_implementation_shows_the_same(secret: bytes, at: int) -> None:
    theirs = pyotp.TOTP(base64.b32encode(secret).decode())
    assert code_at(secret, step_at(at)) == theirs.at(at)


@pytest.mark.parametrize("steps", [-2, -1, 0, 1, 2])
def test_a_code_is_good_half_a_minute_early_or_late(steps: int) -> None:
    typed = code_at(RFC_SECRET, step_at(NOW) + steps)
    assert (fitting_step(RFC_SECRET, typed, NOW) == step_at(NOW) + steps) == (abs(steps) <= 1)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "12 34"])
def test_what_is_no_code_fits_no_step(typed: str) -> None:
    assert fitting_step(RFC_SECRET, typed, NOW) is None


def test_blanks_in_a_code_do_not_matter() -> None:
    code = code_at(RFC_SECRET, step_at(NOW))
    assert fitting_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", NOW) == step_at(NOW)


def test_an_app_reads_what_the_qr_says() -> None:
    uri = key_uri(RFC_SECRET, "Ines & Söhne", "Bäckerei: eins?")
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    assert (app.issuer, app.name) == ("Bäckerei eins?", "Ines & Söhne")
    assert app.at(NOW) == code_at(RFC_SECRET, step_at(NOW))
    assert secret_text(RFC_SECRET).replace(" ", "") == base64.b32encode(RFC_SECRET).decode()


_KIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1",
            "Safari · iPhone",
        ),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Safari/537.36 Edg/140.0.0.0", "Edge · Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {_KIT} Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_told_by_its_family_without_its_version(said: str, family: str) -> None:
    assert browser_family(said) == family


def test_the_most_used_passwords_are_refused_and_others_are_not() -> None:
    assert len(common_passwords()) >= 3_000
    for typed in ("password123", "Password123", "1q2w3e4r5t", "5201314520", "qwertyuiop", "shopbell-2026"):
        assert is_common(typed), typed
        assert password_fault(typed, "") is not None
    for typed in ("seven green kettles", "четыре слова тут", "一二三四五六七八九十百", "aaaaaaaaa b c d"):
        assert password_fault(typed, "") is None, typed


def test_the_list_holds_nothing_but_beginnings_of_hashes() -> None:
    assert all(len(one) == 10 and int(one, 16) >= 0 for one in common_passwords())
    assert hashlib.sha256(b"password123").hexdigest()[:10] in common_passwords()


@pytest.mark.parametrize(
    ("url", "asked", "party"),
    [
        ("", "http://localhost:8080", Party("localhost", "http://localhost:8080")),
        (
            "https://hub.shop.example",
            "http://hub.shop.example",
            Party("hub.shop.example", "https://hub.shop.example"),
        ),
        (
            "https://hub.shop.example:8443",
            "https://hub.shop.example:8443",
            Party("hub.shop.example", "https://hub.shop.example:8443"),
        ),
        ("https://hub.shop.example", "https://evil.example", None),
        ("http://hub.shop.example", "http://hub.shop.example", None),
        ("https://192.168.1.7", "https://192.168.1.7", None),
        ("https://[fd00::7]", "https://[fd00::7]", None),
        ("", "http://127.0.0.1:8080", None),
        (
            "https://localhost.example",
            "http://localhost.example",
            Party("localhost.example", "https://localhost.example"),
        ),
        ("", "http://[", None),
    ],
)
def test_passkeys_are_offered_by_name_and_tls_or_on_the_machine_itself(
    url: str, asked: str, party: Party | None
) -> None:
    assert party_of(url, asked) == party


@given(st.binary(max_size=60))
def test_a_challenge_that_the_hub_did_not_make_is_none(octets: bytes) -> None:
    assert not good_challenge(KEY, "log in", octets, NOW)


def test_a_challenge_is_for_one_purpose_one_hub_and_ten_minutes() -> None:
    made = make_challenge(KEY, "add Ines", NOW, lambda count: bytes(count))
    assert good_challenge(KEY, "add Ines", made, NOW)
    assert good_challenge(KEY, "add Ines", made, NOW + CHALLENGE_S - 1)
    assert not good_challenge(KEY, "add Ines", made, NOW + CHALLENGE_S + 1)
    assert not good_challenge(KEY, "add Ines", made, NOW - 3_600), (
        "from the future, by a clock that was set back"
    )
    assert not good_challenge(KEY, "add Otto", made, NOW)
    assert not good_challenge(KEY, "log in", made, NOW)
    assert not good_challenge(Ed25519PrivateKey.from_private_bytes(bytes(32)), "add Ines", made, NOW)
