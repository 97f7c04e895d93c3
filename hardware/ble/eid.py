"""Eddystone ephemeral identifiers: who holds a beacon's key can say what it calls itself at any time.

Pure: the times come from the caller.

Source: Eddystone Protocol Specification, "Eddystone-EID computation". The beacon's clock counts seconds since it was
set up; an identifier lasts 2**k seconds.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_OCTETS = 16
LARGEST_EXPONENT = 15


def eid(identity_key: bytes, exponent: int, beacon_time_s: int) -> bytes:
    """The eight octets on the air at this time of the beacon's clock, for an identifier that lasts 2**exponent s."""
    if not 0 <= exponent <= LARGEST_EXPONENT:
        raise ValueError(f"A rotation exponent is 0 to {LARGEST_EXPONENT}, not {exponent}.")
    key = temporary_key(identity_key, beacon_time_s)
    window = beacon_time_s >> exponent << exponent
    return _aes(key, bytes(11) + bytes((exponent,)) + window.to_bytes(4, "big"))[:8]


def temporary_key(identity_key: bytes, beacon_time_s: int) -> bytes:
    """The key of the 18 hours (2**16 s) around this time."""
    if len(identity_key) != KEY_OCTETS:
        raise ValueError(f"An identity key has {KEY_OCTETS} octets, not {len(identity_key)}.")
    if not 0 <= beacon_time_s < 1 << 32:
        raise ValueError(f"A beacon's clock has 32 bits; {beacon_time_s} does not fit.")
    return _aes(identity_key, bytes(11) + b"\xff\x00\x00" + (beacon_time_s >> 16).to_bytes(2, "big"))


def _aes(key: bytes, block: bytes) -> bytes:
    # One block of AES is what the specification asks for; ECB of a single block is exactly that.
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()
