"""How the PIN of somebody who redeems is kept."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from hub.wire.pins import KeptPin, argon2_input, pepper_name, pepper_pin, read_pin, write_pin

PEPPER, OTHER = bytes(range(32)), bytes(32)
HASHED = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"


def test_argon2_is_given_a_keyed_hash_and_never_the_pin() -> None:
    given = argon2_input(read_pin(write_pin(HASHED, PEPPER)), PEPPER, "480915")
    assert given == pepper_pin(PEPPER, "480915") == hmac.new(PEPPER, b"480915", hashlib.sha256).hexdigest()
    assert pepper_pin(OTHER, "480915") != given


def test_a_kept_pin_says_which_pepper_is_beneath_it() -> None:
    kept = read_pin(write_pin(HASHED, PEPPER))
    assert kept == KeptPin(HASHED, pepper_name(PEPPER))
    assert argon2_input(kept, OTHER, "480915") is None
    assert argon2_input(kept, None, "480915") is None


def test_a_pin_of_the_time_before_the_pepper_goes_on_being_right() -> None:
    assert read_pin(HASHED) == KeptPin(HASHED)
    assert argon2_input(read_pin(HASHED), None, "480915") == "480915"
    assert argon2_input(read_pin(HASHED), PEPPER, "480915") == "480915"


@pytest.mark.parametrize("kept", ["", "p1.", "p1.xyz$argon2id$", "p1.0123456789$a", "somebody"])
def test_what_is_no_kept_pin_is_left_as_it_is(kept: str) -> None:
    assert read_pin(kept) == KeptPin(kept)


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
def test_a_pepper_of_another_length_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        pepper_pin(wrong, "480915")
