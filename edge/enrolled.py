"""From the shop's snapshot to whom this door may recognise: opens what the hub sealed to this very node.

Pure; `edge.daemon` says what is in the snapshot. Keys are in memory only, in `edge.recognition`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.recognition import Enrolled
from hardware.ble.eid import EidKey
from hub.wire.sealing import BadSeal, unseal
from hub.wire.snapshot import Tag, TagKey


def enrolled_of(tags: Iterable[Tag], key: Ed25519PrivateKey) -> tuple[list[Enrolled], int]:
    """Whom these tags stand for, and how many cannot be read: sealed to another key, or of a later release's kind."""
    enrolled: list[Enrolled] = []
    unreadable = 0
    for tag in tags:
        one = Enrolled(tag.known, identity=tag.identity) if tag.sealed is None else _opened(tag, key)
        if one is None:
            unreadable += 1
        else:
            enrolled.append(one)
    return enrolled, unreadable


def _opened(tag: Tag, key: Ed25519PrivateKey) -> Enrolled | None:
    try:
        opened = msgspec.json.decode(unseal(key, tag.sealed or ""), type=TagKey)
    except (BadSeal, msgspec.MsgspecError):
        return None
    octets = bytes.fromhex(opened.key)
    if opened.kind == "irk":
        return Enrolled(tag.known, irk=octets)
    if opened.exponent is None or opened.offset is None:
        return None
    return Enrolled(tag.known, eid=EidKey(octets, opened.exponent, opened.offset))
