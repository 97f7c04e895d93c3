"""Lets nodes into the shop and out of it: the hub's own key, pairing codes, enrolment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import StorageError, explain
from hub.client.files import write_whole
from hub.fleet.admitting import admitted, welcome
from hub.fleet.plan import Plan, read_plan, write_plan
from hub.store.base import Store
from hub.upstream.receiving import joined, meant_for, why_not
from hub.wire.identity import (
    ONE_TIME_CHARACTERS,
    SECRET_CHARACTERS,
    PairingCode,
    crockford,
    fingerprint,
    fold_typed,
    private_bytes,
    public_text,
    read_public,
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
    plan: Plan | None = None,
) -> PairingCode:
    """A code of one use for a new node; good for ten minutes. `program` None: for any. `plan`: what the node becomes."""
    code = PairingCode(crockford(random(5), SECRET_CHARACTERS), fingerprint(public_text(key)))
    with store.writing():
        store.devices.open_pairing(secret_hash(code.secret), program, now, now + PAIRING_S)
        if plan is not None and plan != Plan():
            store.fleet.put_plan(secret_hash(code.secret), write_plan(plan), now + PAIRING_S, now)
    return code


def enrol(
    store: Store, key: Ed25519PrivateKey, request: EnrolRequest, now: float
) -> EnrolReply | tuple[int, Problem]:
    """Take a node in, or say why not, with the HTTP status."""
    if not text_is_signed(read_public(request.public), request.signed_text(), request.signature):
        return 401, Problem("bad_signature", "The new device could not prove that it holds its key.")
    mark = secret_hash(request.secret)
    one_time = len(request.secret) == ONE_TIME_CHARACTERS
    with store.writing():
        if one_time:
            ticket = store.fleet.ticket(mark)
            good = ticket is not None and ticket.used_at is None and now < ticket.expires_at
            program = ticket.program or None if ticket is not None else None
        else:
            good, program = store.devices.use_pairing(mark, now, wrong_limit=WRONG_SECRETS)
        if not good:
            return 403, BAD_PAIRING_CODE
        if program is not None and program != request.program:
            sentence = (
                f"This pairing code is for a new {program}, not for a new {request.program}. Make a new one."
            )
            return 403, Problem("wrong_program", sentence)
        plan = read_plan(ticket.plan if one_time and ticket is not None else store.fleet.take_plan(mark))
        request = meant_for(store, request, plan)
        against = why_not(store, request, program, plan)
        if against is not None:
            return 409, against
        device = admitted(store, request.public, request.program, request.name, plan, now, "hub")
        if isinstance(device, tuple):
            return device
        if one_time:
            store.fleet.use_ticket(mark, device.device, now)
        if request.shop is not None:
            joined(store, device.device, request.shop, now)
    return welcome(store, key, device)
