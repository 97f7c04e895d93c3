"""A node takes a new key for its coupons, without stopping: made here, made known to the shop, and used a moment later.

1. The new key is written into a file of its own, and its name into `node.json`.
2. The hub is told its public half, with a proof that we hold the other, and says its number and from when on it is to be used:
   by then every till that hears the hub knows it.
3. Both go into `node.json`. Whoever signs a coupon of this node takes the key that is in force at that moment.
4. Once it is in force, the file of the old one is deleted. The hub hears with each exchange which key is in use, and ends the
   old one only then.

Each step may be cut off and begun anew: the hub knows a public key again that it was told before.
"""

from __future__ import annotations

import contextlib
import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.files import write_whole
from hub.client.link import SignedLink
from hub.client.node import KEY_FILE, Node, NodeRecord
from hub.client.trouble import explain
from hub.wire.identity import private_bytes, public_text, sign_text
from hub.wire.sync import Problem, RenewReply, RenewRequest

TIMEOUT_S = 10.0


def renew(node: Node, link: SignedLink, now: float) -> Problem | None:
    """Take a new key, or go on where it was cut off; what the hub had against it. StorageError where the disk fails."""
    settle(node, now)
    try:
        with node.changing() as record:
            if record.next_number is not None:
                return None
            if not record.next_file or not (node.folder / record.next_file).exists():
                record = _make(node)
        key = node.key_in(record.next_file)
        unsigned = RenewRequest(public_text(key), "")
        signature = sign_text(key, unsigned.signed_text(node.device))
        body = msgspec.json.encode(RenewRequest(unsigned.public, signature))
        reply = link.post("/v1/renew", body, TIMEOUT_S)
        try:
            if reply.status != 200:
                against = msgspec.json.decode(reply.body, type=Problem)
                if against.code == "key_used":
                    # Withdrawn meanwhile, or told by a disk that was set back since: the next try makes another one.
                    _drop(node, record.next_file)
                return against
            given = msgspec.json.decode(reply.body, type=RenewReply)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Problem("hub_unreachable", "The hub does not answer.")
        with node.changing() as now_there:
            if now_there.next_file == record.next_file:
                node.change(next_number=given.key_number, next_starts_at=given.starts_at)
    except OSError as wrong:
        raise explain(wrong, node.folder) from wrong
    settle(node, now)
    return None


def settle(node: Node, now: float) -> bool:
    """Put the next key in the place of the old one once it is in force; whether that was now.

    The old one is deleted, but for the key that the node is known by. StorageError where the disk fails.
    """
    record = node.record
    if record.next_number is None or now < record.next_starts_at:
        return False
    try:
        with node.changing() as record:
            if record.next_number is None or now < record.next_starts_at:
                return False
            old = record.key_file
            node.change(
                key_number=record.next_number,
                key_file=record.next_file,
                next_file="",
                next_number=None,
                next_starts_at=0.0,
            )
            if old != KEY_FILE:
                with contextlib.suppress(OSError):
                    (node.folder / old).unlink(missing_ok=True)
    except OSError as wrong:
        raise explain(wrong, node.folder) from wrong
    return True


def _drop(node: Node, name: str) -> None:
    with node.changing() as record:
        if record.next_file == name and record.next_number is None:
            node.change(next_file="")
            (node.folder / name).unlink(missing_ok=True)


def _make(node: Node) -> NodeRecord:
    """A new key on disk, and its file's name in the record; call inside `node.changing()`."""
    key = Ed25519PrivateKey.generate()
    name = f"coupon-{hashlib.sha256(public_text(key).encode()).hexdigest()[:16]}.key"
    write_whole(node.folder / name, private_bytes(key).hex().encode(), mode=0o600)
    return node.change(next_file=name)
