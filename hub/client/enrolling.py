"""A new node joins its shop: it makes a key, shows the installer's code, and checks that the right hub answered."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.link import HttpLink, Link
from hub.client.node import Node, NodeRecord
from hub.wire.identity import PairingCode, fingerprint, public_text, read_public, sign_text, text_is_signed
from hub.wire.snapshot import Shop
from hub.wire.sync import EnrolReply, EnrolRequest, Problem

TIMEOUT_S = 10.0


class EnrolError(Exception):
    """The node could not join; the text is a sentence for the installer."""


def enrol(
    folder: Path,
    hub_url: str,
    code_text: str,
    program: str,
    name: str,
    link: Link | None = None,
    shop: Shop | None = None,
) -> Node:
    """Join the shop of the hub at `hub_url` with a pairing code, and keep the identity in `folder`. `shop`: a hub's own."""
    code = PairingCode.read(code_text)
    if code is None:
        raise EnrolError(
            "That is no pairing code. It has five groups of four letters and digits, or ten groups for a roll-out."
        )
    if Node.load(folder) is not None:
        raise EnrolError(f"This node has joined a shop already. Remove {folder} to join another.")
    key = Ed25519PrivateKey.generate()
    try:
        unsigned = EnrolRequest(code.secret, public_text(key), program, name, "", shop)  # type: ignore[arg-type]
        body = msgspec.json.encode(
            msgspec.structs.replace(unsigned, signature=sign_text(key, unsigned.signed_text()))
        )
        wire = link or HttpLink(hub_url)
    except ValueError as wrong:
        raise EnrolError(str(wrong)) from wrong
    answer = wire.post("/v1/enrol", body, {}, TIMEOUT_S)
    reply = _read(answer.status, answer.body, hub_url)
    if fingerprint(reply.hub) != code.hub_fingerprint:
        raise EnrolError(f"The hub at {hub_url} is not the one that made this code. Check the address.")
    return settle_in(folder, reply, key, program, name, hub_url)


def settle_in(
    folder: Path, reply: EnrolReply, key: Ed25519PrivateKey, program: str, name: str, hub_url: str
) -> Node:
    """Keep what the hub said; EnrolError where it was not said by that hub to this node. `name`: where the hub gave none."""
    if not text_is_signed(read_public(reply.hub), reply.signed_text(public_text(key)), reply.signature):
        raise EnrolError(f"The answer from {hub_url} was changed on its way. Check the network.")
    record = NodeRecord(
        reply.device,
        program,
        reply.name or name,
        reply.shop,
        reply.key_number,
        # The journal's own epoch is counted up when it begins.
        reply.epoch - 1,
        reply.hub,
        hub_url,
    )
    return Node.save(folder, record, key)


def _read(status: int, body: bytes, hub_url: str) -> EnrolReply:
    if status == 0:
        raise EnrolError(f"No hub answers at {hub_url}. Is it running, and on this network?")
    try:
        if status == 200:
            return msgspec.json.decode(body, type=EnrolReply)
        raise EnrolError(msgspec.json.decode(body, type=Problem).sentence)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise EnrolError(f"What answers at {hub_url} is not a Shopbell hub.") from None
