"""Sealed texts: opened by one key alone, spelled in one way, and never an exception but the one that is promised."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.sealing import (
    LONGEST_CONTENT,
    VERSION,
    BadSeal,
    agreement_private,
    agreement_public,
    seal,
    unseal,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key().public_bytes_raw()
ONCE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f92ebc099ac02b0d2f2e9c2b1f0")


def test_a_key_turns_into_the_pair_that_libsodium_publishes() -> None:
    # libsodium, test/default/ed25519_convert: seed, and the curve25519 pair that it expects.
    seed = "421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee"
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    public = agreement_public(key.public_key().public_bytes_raw())
    assert public.hex() == "f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50"
    # The private half is kept as it is; X25519 sets the bits at its ends when it computes.
    private = bytearray(agreement_private(key).private_bytes_raw())
    private[0] &= 248
    private[31] = private[31] & 127 | 64
    assert private.hex() == "8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166"


@given(st.binary(min_size=32, max_size=32))
def test_both_halves_of_a_key_turn_into_halves_of_one_key(seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = agreement_public(key.public_key().public_bytes_raw())
    assert public == agreement_private(key).public_key().public_bytes_raw()


@given(st.binary(max_size=LONGEST_CONTENT), st.binary(min_size=32, max_size=32))
def test_what_is_sealed_is_opened_by_its_key_and_by_no_other(content: bytes, random32: bytes) -> None:
    sealed = seal(PUBLIC, content, random32)
    assert unseal(KEY, sealed) == content
    with pytest.raises(BadSeal, match="another key"):
        unseal(OTHER, sealed)


def test_the_text_is_the_same_in_every_release() -> None:
    assert seal(PUBLIC, b'{"kind":"irk"}', ONCE) == (
        "SBS1_wRrPuDn98FCEGZzD_xXskYCyNE1Lhq9fn2hJdaTVmWqnZCQaumUG32kM6UfoYWIE-gOguBkK-Tm6DvJvMM"
    )


def test_every_character_that_is_changed_is_noticed() -> None:
    sealed = seal(PUBLIC, b"sixteen octets!!", ONCE)
    for place in range(len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(BadSeal):
            unseal(KEY, sealed[:place] + other + sealed[place + 1 :])
    for shorter in range(len(sealed)):
        with pytest.raises(BadSeal):
            unseal(KEY, sealed[:shorter])
    for longer in ("A", "AAAA", "=", " ", "é"):
        with pytest.raises(BadSeal):
            unseal(KEY, sealed + longer)


@given(st.text(max_size=200))
def test_any_text_at_all_is_refused_with_a_sentence(text: str) -> None:
    for candidate in (text, VERSION + text, VERSION + "A" * 70 + text):
        with pytest.raises(BadSeal) as wrong:
            unseal(KEY, candidate)
        assert str(wrong.value).endswith(".")


def test_a_key_with_which_nobody_can_agree_is_refused() -> None:
    forged = VERSION + base64.urlsafe_b64encode(bytes(32 + 16)).decode().rstrip("=")
    with pytest.raises(BadSeal, match="nobody can agree"):
        unseal(KEY, forged)


@pytest.mark.parametrize(
    "public", [b"", bytes(31), (1).to_bytes(32, "little"), (2**255 - 19).to_bytes(32, "little"), b"\xff" * 32]
)
def test_octets_that_are_no_public_key_are_not_sealed_to(public: bytes) -> None:
    with pytest.raises(ValueError, match="public key"):
        seal(public, b"", ONCE)


def test_too_much_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="4096"):
        seal(PUBLIC, bytes(LONGEST_CONTENT + 1), ONCE)
