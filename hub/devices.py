"""Lets nodes into the shop and out of it: the hub's own key, pairing codes, enrolment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.changing import changed, turned
from hub.client.db import StorageError, explain
from hub.client.files import write_whole
from hub.keys import clear_number, free_number
from hub.store.base import Store
from hub.store.records import Device
from hub.wire.identity import (
    SECRET_CHARACTERS,
    PairingCode,
    crockford,
    fingerprint,
    fold_typed,
    private_bytes,
    public_text,
    read_public,
    sign_text,
    text_is_signed,
)
from hub.wire.sync import EnrolReply, EnrolRequest, Problem

KEY_FILE = "hub.key"
PAIRING_S = 600
WRONG_SECRETS = 20
"""Wrong codes that an open pairing code survives. With 40 random bits, twenty guesses are nothing; a typing error is forgiven."""

BAD_PAIRING_CODE = Problem("bad_pairing_code", "This pairing code is wrong or too old. Make a new one.")


def hub_key(folder: Path) -> Ed25519PrivateKey:
    """The hub's own key, made at the first start; its file can be read by its owner alone. StorageError where it cannot."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, private_bytes(Ed25519PrivateKey.generate()).hex().encode(), mode=0o600)
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError as wrong:
        raise StorageError(
            f"{path} does not hold the hub's key any more. Restore it from a backup."
        ) from wrong
    except OSError as wrong:
        raise explain(wrong, path) from wrong


def secret_hash(secret: str) -> str:
    """How a pairing secret is kept. It has 40 random bits and lives ten minutes, so a plain hash is enough."""
    return hashlib.sha256(f"shopbell1 pairing\n{fold_typed(secret)}".encode()).hexdigest()


def open_pairing(
    store: Store,
    key: Ed25519PrivateKey,
    program: str | None,
    now: float,
    random: Callable[[int], bytes] = os.urandom,
) -> PairingCode:
    """A code of one use for a new node; good for ten minutes. `program` None: for any."""
    code = PairingCode(crockford(random(5), SECRET_CHARACTERS), fingerprint(public_text(key)))
    store.devices.open_pairing(secret_hash(code.secret), program, now, now + PAIRING_S)
    return code


def enrol(
    store: Store, key: Ed25519PrivateKey, request: EnrolRequest, now: float
) -> EnrolReply | tuple[int, Problem]:
    """Take a node in, or say why not, with the HTTP status."""
    if not text_is_signed(read_public(request.public), request.signed_text(), request.signature):
        return 401, Problem("bad_signature", "The new device could not prove that it holds its key.")
    with store.writing():
        good, program = store.devices.use_pairing(secret_hash(request.secret), now, wrong_limit=WRONG_SECRETS)
        if not good:
            return 403, BAD_PAIRING_CODE
        if program is not None and program != request.program:
            sentence = (
                f"This pairing code is for a new {program}, not for a new {request.program}. Make a new one."
            )
            return 403, Problem("wrong_program", sentence)
        device = store.devices.by_public(request.public)
        if device is None:
            number = free_number(store, now)
            if number is None:
                sentence = (
                    "This shop has used all 256 numbers for keys, and none has been free for 90 days. Withdraw devices that are "
                    "gone, or take a second shop number."
                )
                return 409, Problem("too_many_devices", sentence)
            clear_number(store, number, now, "hub")
            device = store.devices.enrol(request.program, request.name, request.public, now, number)
            if device is not None:
                both = turned("program", None, device.program) | turned("name", None, device.name)
                store.people.note(changed(now, "hub", "device.enrolled", device.device, both))
        if device is None:
            return 409, Problem("too_many_devices", "This shop has no number left for the key of a device.")
        if device.withdrawn_at is not None:
            return 403, Problem(
                "withdrawn", "This device was withdrawn. Remove its folder and enrol it anew."
            )
    return _welcome(store, key, device)


def _welcome(store: Store, key: Ed25519PrivateKey, device: Device) -> EnrolReply:
    unsigned = EnrolReply(
        device=device.device,
        shop=store.shop.number,
        key_number=device.key_number,
        epoch=1,
        hub=public_text(key),
        signature="",
    )
    signature = sign_text(key, unsigned.signed_text(device.public))
    return EnrolReply(
        unsigned.device, unsigned.shop, unsigned.key_number, unsigned.epoch, unsigned.hub, signature
    )
