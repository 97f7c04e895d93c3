"""Signed and counted requests, and pairing codes."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.identity import (
    REPLAY_WINDOW,
    SIGNATURE_HEADER,
    PairingCode,
    ReplayWindow,
    fingerprint,
    public_text,
    read_public,
    reply_is_signed,
    request_is_signed,
    sign_reply,
    sign_request,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_a_request_is_believed_only_as_a_whole() -> None:
    signature = sign_request(KEY, "kiosk-1", 5, "POST", "/v1/sync", b"body")[SIGNATURE_HEADER]
    public = read_public(public_text(KEY))
    assert request_is_signed(public, "kiosk-1", 5, "POST", "/v1/sync", b"body", signature)
    for device, counter, method, path, body in (
        ("kiosk-2", 5, "POST", "/v1/sync", b"body"),
        ("kiosk-1", 6, "POST", "/v1/sync", b"body"),
        ("kiosk-1", 5, "GET", "/v1/sync", b"body"),
        ("kiosk-1", 5, "POST", "/v1/redeem", b"body"),
        ("kiosk-1", 5, "POST", "/v1/sync", b"bodz"),
    ):
        assert not request_is_signed(public, device, counter, method, path, body, signature)


@given(st.text(max_size=120))
def test_any_text_as_a_signature_is_just_not_one(signature: str) -> None:
    assert not request_is_signed(KEY.public_key(), "kiosk-1", 5, "POST", "/", b"", signature)


def test_a_reply_belongs_to_the_request_that_it_answers() -> None:
    signature = sign_reply(KEY, "kiosk-1", 5, 200, b"yes")
    assert reply_is_signed(KEY.public_key(), "kiosk-1", 5, 200, b"yes", signature)
    assert not reply_is_signed(KEY.public_key(), "kiosk-1", 6, 200, b"yes", signature)
    assert not reply_is_signed(KEY.public_key(), "kiosk-1", 5, 409, b"yes", signature)


@given(st.lists(st.integers(1, 3_000), max_size=200))
def test_no_counter_is_admitted_twice_and_new_ones_are_not_refused(counters: list[int]) -> None:
    window, used = ReplayWindow(), set()
    for counter in counters:
        admitted = window.admit(counter)
        if counter in used:
            assert admitted is None
        elif counter > max(used, default=0) - REPLAY_WINDOW:
            assert admitted is not None
        if admitted is not None:
            used.add(counter)
            window = ReplayWindow.from_bytes(admitted.highest, admitted.to_bytes())
            assert window == admitted


def test_counters_below_one_are_never_admitted() -> None:
    assert ReplayWindow().admit(0) is None
    assert ReplayWindow().admit(-1) is None


def test_a_pairing_code_is_read_back_however_it_is_typed() -> None:
    code = PairingCode("K7QM4T9D", fingerprint(public_text(KEY)))
    assert len(str(code).split("-")) == 5
    assert PairingCode.read(str(code).lower().replace("-", " ").replace("0", "O")) == code


def test_what_is_no_pairing_code_is_none() -> None:
    assert PairingCode.read("") is None
    assert PairingCode.read("K7QM-4T9D") is None
    assert PairingCode.read("K7QM-4T9D-!!!!-AAAA-BBBB") is None
