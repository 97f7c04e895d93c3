"""The second step after a password: codes of an authenticator app, and recovery codes for the day on which the phone is gone.

The secret stands in the database sealed to the hub's own key, so that a copy of the database alone makes no codes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.sentences import Said, said
from hub.signing.knocking import Wait, knock
from hub.signing.passwords import in_groups, slow_hash, token_hash
from hub.signing.totp import SECRET_OCTETS, fitting_step
from hub.store.base import Store
from hub.store.person_records import TotpRecord
from hub.store.records import AuditEntry
from hub.wire.identity import CROCKFORD, crockford, fold_typed
from hub.wire.sealing import BadSeal, seal, unseal

RECOVERY_CODES = 10
RECOVERY_CHARACTERS = 12
"""60 random bits each."""

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class FreshCodes:
    """Recovery codes, each good once, in groups of four. They are shown this one time and kept as hashes."""

    codes: tuple[str, ...]


def begin_totp(
    store: Store, key: Ed25519PrivateKey, manager: str, now: float, random: Random
) -> bytes | None:
    """A secret for an app: the one that waits for its first code, or a new one; None where a code is asked for already.

    Nothing is asked for before it is confirmed.
    """
    with store.writing():
        record = store.persons.totp(manager)
        if record is not None:
            if record.confirmed_at is not None:
                return None
            waiting = _open(key, record)
            if waiting is not None:
                return waiting
        secret = random(SECRET_OCTETS)
        store.persons.put_totp(TotpRecord(manager, _close(key, secret, random), now, None, -1))
    return secret


def has_totp(store: Store, manager: str) -> bool:
    """Whether a code of an app is asked for after the password."""
    record = store.persons.totp(manager)
    return record is not None and record.confirmed_at is not None


def confirm_totp(
    store: Store, key: Ed25519PrivateKey, manager: str, typed: str, now: float, random: Random
) -> FreshCodes | Wait | Said:
    """Turn the second step on: the app shows the right code. The recovery codes come with it."""
    waiting = knock(store, "second", _subject(manager), now)
    if waiting is not None:
        return waiting
    with store.writing():
        record = store.persons.totp(manager)
        if record is None or record.confirmed_at is not None:
            return said("There is nothing to confirm any more. Open this page again.")
        secret = _open(key, record)
        step = fitting_step(secret, typed, now) if secret else None
        if step is None:
            return said("That is not the code of now. Compare the clock of your phone with this page's.")
        store.entry.forget_knocks("second", _subject(manager))
        store.persons.confirm_totp(manager, step, now)
        store.people.note(AuditEntry(now, manager, "manager.second_step_on", manager, "{}"))
        return _new_codes(store, manager, now, random)


def renew_codes(store: Store, manager: str, now: float, random: Random) -> FreshCodes:
    """New recovery codes; those before are worth nothing."""
    with store.writing():
        store.people.note(AuditEntry(now, manager, "manager.recovery_codes", manager, "{}"))
        return _new_codes(store, manager, now, random)


def end_totp(store: Store, manager: str, now: float) -> Said | None:
    """Ask for a code no more; a sentence where that cannot be."""
    with store.writing():
        if store.persons.second_step_required() and not store.persons.passkeys(manager):
            return said("An owner has said that everybody here needs a second step. Add a passkey first.")
        store.persons.drop_totp(manager)
        store.people.note(AuditEntry(now, manager, "manager.second_step_off", manager, "{}"))
    return None


def check_second(store: Store, key: Ed25519PrivateKey, manager: str, typed: str, now: float) -> bool | Wait:
    """Whether this is the code of now, or a recovery code. Each is good once; guesses are counted as those of passwords are."""
    subject = _subject(manager)
    waiting = knock(store, "second", subject, now)
    if waiting is not None:
        return waiting
    with store.writing():
        if not (_spend_step(store, key, manager, typed, now) or _spend_code(store, manager, typed, now)):
            return False
        store.entry.forget_knocks("second", subject)
    return True


def _spend_step(store: Store, key: Ed25519PrivateKey, manager: str, typed: str, now: float) -> bool:
    record = store.persons.totp(manager)
    if record is None or record.confirmed_at is None:
        return False
    secret = _open(key, record)
    step = fitting_step(secret, typed, now) if secret else None
    return step is not None and store.persons.spend_step(manager, step)


def _spend_code(store: Store, manager: str, typed: str, now: float) -> bool:
    folded = fold_typed(typed)
    if len(folded) != RECOVERY_CHARACTERS or not set(folded) <= set(CROCKFORD):
        return False
    kept = store.persons.recovery_hashes(manager)
    if not kept or not store.persons.spend_recovery_code(
        manager, slow_hash(folded, kept[0].partition(":")[0])
    ):
        return False
    left = store.persons.recovery_codes(manager)
    detail = msgspec.json.encode({"left": left}).decode()
    store.people.note(AuditEntry(now, manager, "manager.recovery_code_used", manager, detail))
    return True


def _new_codes(store: Store, manager: str, now: float, random: Random) -> FreshCodes:
    codes = [crockford(random(8), RECOVERY_CHARACTERS) for _ in range(RECOVERY_CODES)]
    salt = random(16).hex()
    store.persons.put_recovery_codes(manager, [slow_hash(code, salt) for code in codes], now)
    return FreshCodes(tuple(in_groups(code) for code in codes))


def _subject(manager: str) -> str:
    return token_hash(manager.casefold())[:32]


def _close(key: Ed25519PrivateKey, secret: bytes, random: Random) -> str:
    text = base64.b64encode(secret)
    return seal(key.public_key().public_bytes_raw(), text, random(32))


def _open(key: Ed25519PrivateKey, record: TotpRecord) -> bytes | None:
    """The secret; None where the hub has another key than the one it was sealed to."""
    try:
        return base64.b64decode(unseal(key, record.sealed))
    except BadSeal:
        return None
