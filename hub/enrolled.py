"""Keeps what may be recognised, and closes each tag's key for the doors, one by one.

A key is a secret at rest: it stands in the database sealed to the hub's own key, is opened only to be sealed to a door, and is
shown to nobody again. Whoever steals a door, or a backup without `hub.key`, reads the keys of nobody else.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.outside.exporting import forget_exports
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.records import AuditEntry, ConsentRecord, Device, TagRecord
from hub.tags import NewTag
from hub.wire.identity import crockford, private_bytes
from hub.wire.sealing import BadSeal, seal, unseal
from hub.wire.snapshot import Tag, TagKey

KNOWN_CHARACTERS = 16
"""80 random bits: an id that says nothing, and that no other tag ever has."""

logger = logging.getLogger(__name__)


def add_tag(
    store: Store,
    key: Ed25519PrivateKey,
    new: NewTag,
    now: float,
    *,
    who: str,
    random: Callable[[int], bytes] = os.urandom,
) -> TagRecord | dict[str, Said]:
    """Let the doors recognise something or somebody; a fault by its field where it is enrolled already.

    `who` enrols it, `key` is the hub's own.
    """
    with store.writing():
        there = _same(store, key, new)
        if there is not None:
            place = "identity" if new.key is None else new.key.kind
            return {place: said("This is enrolled already, as %(name)s.", name=there.name)}
        sealed = None
        if new.key is not None:
            sealed = seal(key.public_key().public_bytes_raw(), msgspec.json.encode(new.key), random(32))
        tag = TagRecord(
            crockford(random(KNOWN_CHARACTERS * 5 // 8), KNOWN_CHARACTERS),
            new.name,
            new.whose,
            "beacon" if new.key is None else new.key.kind,
            new.identity,
            sealed,
            now,
        )
        consent = (
            None
            if new.consent is None
            else ConsentRecord(
                tag.known,
                new.consent.text,
                new.consent.version,
                new.consent.language,
                who,
                new.consent.given_at,
                None,
            )
        )
        store.tags.add(tag, consent)
        # Neither a name nor a key: the record of who changed what is kept when a person is forgotten.
        detail = msgspec.json.encode({"kind": tag.kind, "whose": tag.whose}).decode()
        store.people.note(AuditEntry(now, who, "tag.added", tag.known, detail))
    return tag


def remove_tag(store: Store, known: str, now: float, *, who: str) -> bool:
    """Recognise it no more: name and key are deleted, also from what was given out as files here; a consent is marked as taken
    back. False where there is none."""
    with store.writing():
        if not store.tags.remove(known, now):
            return False
        forget_exports(store, now)
        store.people.note(AuditEntry(now, who, "tag.removed", known, "{}"))
    return True


def open_key(key: Ed25519PrivateKey, tag: TagRecord) -> TagKey | None:
    """A tag's key; None for a beacon that needs none, and where this hub's key does not open it (any more)."""
    if tag.sealed is None:
        return None
    try:
        return msgspec.json.decode(unseal(key, tag.sealed), type=TagKey)
    except (BadSeal, msgspec.MsgspecError):
        return None


def is_readable(key: Ed25519PrivateKey, tag: TagRecord) -> bool:
    """Whether the doors can be told of it: false after the hub's key was lost, and then it has to be enrolled again."""
    return tag.sealed is None or open_key(key, tag) is not None


def _same(store: Store, key: Ed25519PrivateKey, new: NewTag) -> TagRecord | None:
    for tag in store.tags.all():
        if new.identity is not None and tag.identity == new.identity:
            return tag
        if new.key is not None and tag.sealed is not None:
            opened = open_key(key, tag)
            if opened is not None and (opened.kind, opened.key) == (new.key.kind, new.key.key):
                return tag
    return None


@dataclass(slots=True)
class TagSealer:
    """Makes a door's section of tags. The same tag for the same door is the same text, or each exchange would bring it anew."""

    store: Store
    key: Ed25519PrivateKey
    _sealed: dict[tuple[str, str], str] = field(default_factory=dict)

    def section(self, device: Device) -> list[Tag]:
        """Every tag as this device may read it, in the order of their ids."""
        records = self.store.tags.all()
        there = {record.known for record in records}
        self._sealed = {place: text for place, text in self._sealed.items() if place[0] in there}
        tags = []
        for record in records:
            if record.sealed is None:
                tags.append(Tag(record.known, record.whose, identity=record.identity))
            elif (sealed := self._for(device, record)) is not None:
                tags.append(Tag(record.known, record.whose, sealed=sealed))
        return tags

    def _for(self, device: Device, record: TagRecord) -> str | None:
        place = (record.known, device.public)
        if place not in self._sealed:
            opened = open_key(self.key, record)
            if opened is None:
                logger.warning(
                    "the key of tag %s cannot be opened; it has to be enrolled again", record.known
                )
                return None
            content = msgspec.json.encode(opened)
            public = bytes.fromhex(device.public)
            self._sealed[place] = seal(public, content, self._octets(record.known, public, content))
        return self._sealed[place]

    def _octets(self, known: str, public: bytes, content: bytes) -> bytes:
        """What sealing needs and nobody else can know, made from the hub's own key: other for each door and each content."""
        told = known.encode() + b"\n" + public + hashlib.sha256(content).digest()
        return HKDF(SHA256(), 32, salt=None, info=b"shopbell1 tag\n" + told).derive(private_bytes(self.key))
