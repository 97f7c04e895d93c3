"""Sections of the snapshot that one node alone can read: secrets of the shop, closed with that node's own key.

The same secret for the same node is the same text, or each exchange would bring it anew. So what sealing needs of chance is made
from the hub's own key: nobody else can know it, and it is another for each node, each section and each content.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.store.records import Device
from hub.wire.identity import private_bytes
from hub.wire.sealing import seal
from hub.wire.snapshot import section_body


@dataclass(frozen=True, slots=True)
class Secret:
    """A section that is sealed. `content` tells the secret as it is now, None where there is none; it is asked at every exchange,
    and may raise StorageError. `programs`: who is given it."""

    section: str
    content: Callable[[], bytes | None]
    programs: frozenset[str] = frozenset({"edge", "kiosk", "site"})


@dataclass(slots=True)
class NodeSealer:
    """Makes the sealed sections of each node. Safe to use from several threads."""

    key: Ed25519PrivateKey
    secrets: tuple[Secret, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: dict[tuple[str, str], tuple[bytes, bytes]] = field(default_factory=dict)

    def sections(self, device: Device) -> dict[str, bytes]:
        """The sealed sections of this node, by name, as they travel: a sealed text in JSON."""
        found = {}
        for secret in self.secrets:
            content = secret.content() if device.program in secret.programs else None
            if content is not None:
                found[secret.section] = self._body(secret.section, device.public, content)
        return found

    def _body(self, section: str, public: str, content: bytes) -> bytes:
        digest = hashlib.sha256(content).digest()
        with self._lock:
            made = self._made.get((section, public))
            if made is None or made[0] != digest:
                text = seal_for(self.key, section, bytes.fromhex(public), content)
                made = self._made[section, public] = (digest, section_body(text))
            return made[1]


def seal_for(key: Ed25519PrivateKey, what: str, public: bytes, content: bytes) -> str:
    """Close a content for the holder of `public`; the same text each time."""
    told = what.encode() + b"\n" + public + hashlib.sha256(content).digest()
    octets = HKDF(SHA256(), 32, salt=None, info=b"shopbell1 section\n" + told).derive(private_bytes(key))
    return seal(public, content, octets)
