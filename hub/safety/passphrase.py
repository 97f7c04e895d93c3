"""Seals a backup with a passphrase: scrypt makes the key (RFC 7914), ChaCha20-Poly1305 seals (RFC 8439)."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from hub.safety.pieces import Broken

NONCE_BYTES = 12
_SALT_BYTES = 16
_COST, _BLOCK = 2**15, 8
"""32 MB and some tenths of a second for each try."""


class Sealer:
    """Seals with one passphrase; without one nothing is sealed: `is_open`. Salt and nonce of a piece stand in its head."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase
        self._salt = os.urandom(_SALT_BYTES).hex()
        self._ciphers: dict[str, ChaCha20Poly1305] = {}

    @property
    def is_open(self) -> bool:
        """Whether pieces stand there for everybody who may read the target."""
        return not self._passphrase

    def nonce(self) -> str:
        """A new one for a piece, "" where nothing is sealed."""
        return "" if self.is_open else f"{self._salt}:{os.urandom(NONCE_BYTES).hex()}"

    def seal(self, nonce: str, body: bytes, name: str) -> bytes:
        """The body as it is stored, bound to its name."""
        if self.is_open:
            return body
        salt, _, number = nonce.partition(":")
        return self._cipher(salt).encrypt(bytes.fromhex(number), body, name.encode())

    def unseal(self, nonce: str, body: bytes, name: str) -> bytes:
        """The body as it was; Broken where the passphrase is another one, or there is none."""
        if not nonce:
            return body
        if self.is_open:
            raise Broken("is sealed: give its passphrase as HUB_BACKUP_SECRET_FILE")
        salt, _, number = nonce.partition(":")
        try:
            return self._cipher(salt).decrypt(bytes.fromhex(number), body, name.encode())
        except (InvalidTag, ValueError) as wrong:
            raise Broken("was sealed with another passphrase, or altered") from wrong

    def _cipher(self, salt: str) -> ChaCha20Poly1305:
        if salt not in self._ciphers:
            kdf = Scrypt(salt=bytes.fromhex(salt), length=32, n=_COST, r=_BLOCK, p=1)
            self._ciphers[salt] = ChaCha20Poly1305(kdf.derive(self._passphrase.encode()))
        return self._ciphers[salt]
