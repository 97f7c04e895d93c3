"""Signatures that anybody can check: the format of minisign, over the library that is there (Ed25519, RFC 8032).

Pure. A public key is 2 octets of algorithm, 8 of a number, 32 of the key; a signature 2, 8 and 64, over the BLAKE2b hash of what
is signed (`ED`), and a second one over the first and the trusted comment. `minisign -Vm FILE -p KEY.pub` says what `verify` says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_KEY, _HASHED = b"Ed", b"ED"
_NUMBER, _RAW, _SIGNATURE = 8, 32, 64
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "


class NotSigned(Exception):
    """It is not signed by a key that is trusted; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that is trusted, with its number."""

    number: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """How minisign shows the number."""
        return self.number[::-1].hex().upper()


def public_key(private: Ed25519PrivateKey) -> PublicKey:
    """The public half; its number is made from itself."""
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PublicKey(hashlib.blake2b(raw, digest_size=_NUMBER).digest(), raw)


def write_key(key: PublicKey) -> str:
    """A key as its file has it."""
    return f"{_UNTRUSTED}minisign public key {key.name}\n{_text(_KEY + key.number + key.raw)}\n"


def read_keys(text: str) -> list[PublicKey]:
    """Every key of a file, one a line beside the comments. ValueError where a line is none."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.startswith((_UNTRUSTED, "#")):
            continue
        octets = _octets(line, 2 + _NUMBER + _RAW)
        if octets is None or octets[:2] != _KEY:
            raise ValueError(f"{line[:60]} is no public key")
        found.append(PublicKey(octets[2 : 2 + _NUMBER], octets[2 + _NUMBER :]))
    return found


def sign(content: bytes, private: Ed25519PrivateKey, comment: str) -> str:
    """The signature file of this content. `comment` is signed, too: one line."""
    if "\n" in comment or "\r" in comment:
        raise ValueError("A comment is one line.")
    key = public_key(private)
    signature = private.sign(_hash(content))
    whole = private.sign(signature + comment.encode())
    return (
        f"{_UNTRUSTED}signature from key {key.name}\n{_text(_HASHED + key.number + signature)}\n"
        f"{_TRUSTED}{comment}\n{_text(whole)}\n"
    )


def verify(content: bytes, signature: str, trusted: Iterable[PublicKey]) -> PublicKey:
    """The key that has signed this; NotSigned where that is none of the trusted ones."""
    lines = signature.splitlines()
    if len(lines) != 4 or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
        raise NotSigned("Its signature cannot be read.")
    octets = _octets(lines[1], 2 + _NUMBER + _SIGNATURE)
    whole = _octets(lines[3], _SIGNATURE)
    if octets is None or whole is None or octets[:2] != _HASHED:
        raise NotSigned("Its signature cannot be read.")
    number, made = octets[2 : 2 + _NUMBER], octets[2 + _NUMBER :]
    key = next((one for one in trusted if one.number == number), None)
    if key is None:
        raise NotSigned(
            f"It is signed with the key {number[::-1].hex().upper()}, which this machine does not trust."
        )
    check = Ed25519PublicKey.from_public_bytes(key.raw)
    try:
        check.verify(made, _hash(content))
        check.verify(whole, made + lines[2].removeprefix(_TRUSTED).encode())
    except InvalidSignature:
        raise NotSigned("Its signature is wrong: it was changed after it was signed.") from None
    return key


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content).digest()


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(text: str, length: int) -> bytes | None:
    try:
        octets = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if len(octets) == length else None
