"""The key of personal fields: 32 random octets in a file beside `hub.key`, without which the table of members is noise.

Made once, at the hub's first start, mode 0600; it goes into a backup only where that is sealed by a passphrase. Two keys are
derived from it (HKDF-SHA256, RFC 5869): under one, each member's fields are sealed (ChaCha20-Poly1305, RFC 8439) by a key of
their own; under the other, what somebody is looked up by (number, mail, card) is hashed (HMAC-SHA256), so that a copy of the
database cannot be searched by whoever tries all numbers of a country.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.client.trouble import StorageError
from hub.pepper import secret_file

PEOPLE_FILE = "people.key"
KEY_BYTES = 32
NONCE_BYTES = 12
MARK_DIGITS = 32
"""128 bits: no two numbers of the world meet by chance."""

_VERSION = "P1"


@dataclass(frozen=True)
class PeopleKey:
    """The key, for all shops of a database; what is sealed or hashed is bound to its shop."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a key of personal fields has {KEY_BYTES} octets, not {len(self.secret)}")
        object.__setattr__(self, "_seal", self._derive(b"shopbell1 people seal"))
        object.__setattr__(self, "_mark", self._derive(b"shopbell1 people mark"))

    def _derive(self, what: bytes) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=what).derive(self.secret)

    @property
    def name(self) -> str:
        """By what a database remembers under which key its members are; it tells nothing of the key."""
        return self.mark(0, "key", "name")

    def seal(self, shop: int, member: str, content: bytes, random12: bytes) -> str:
        """A text that only this key opens, and only for that member of that shop. `random12`: fresh at every call."""
        closed = self._cipher(shop, member).encrypt(random12, content, _VERSION.encode())
        return _VERSION + base64.b64encode(random12 + closed).decode()

    def unseal(self, shop: int, member: str, sealed: str) -> bytes | None:
        """What was sealed; None where it was sealed by another key, for another member, or was changed."""
        if not sealed.startswith(_VERSION):
            return None
        try:
            whole = base64.b64decode(sealed[len(_VERSION) :], validate=True)
            return self._cipher(shop, member).decrypt(
                whole[:NONCE_BYTES], whole[NONCE_BYTES:], _VERSION.encode()
            )
        except (InvalidTag, binascii.Error, ValueError):
            return None

    def mark(self, shop: int, kind: str, value: str) -> str:
        """The keyed hash under which a value of this kind is looked up in that shop."""
        return self._hmac(self._mark, f"{shop}\0{kind}\0{value}").hex()[:MARK_DIGITS]  # type: ignore[attr-defined]  # set above

    def _cipher(self, shop: int, member: str) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(self._hmac(self._seal, f"{shop}\0{member}"))  # type: ignore[attr-defined]  # set above

    @staticmethod
    def _hmac(key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(errors="surrogatepass"), hashlib.sha256)


def people_key(folder: Path) -> PeopleKey:
    """The hub's key of personal fields, made where there is none; its file can be read by its owner alone. StorageError where
    it cannot be read or made."""
    secret = secret_file(folder / PEOPLE_FILE, KEY_BYTES)
    if secret is None:
        raise StorageError(
            f"{folder / PEOPLE_FILE} does not hold the key of personal fields any more. Restore it from a backup."
        )
    return PeopleKey(secret)


def no_people() -> PeopleKey:
    """For a part that has no folder: StorageError."""
    raise StorageError(f"There is no folder here in which {PEOPLE_FILE} could be.")


class KeptPeopleKey:
    """The key of one folder for whoever needs it at every request: read once. Several threads may ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: PeopleKey | None = None

    def __call__(self) -> PeopleKey:
        """As `people_key`."""
        if self._kept is None:
            self._kept = people_key(self._folder)
        return self._kept
