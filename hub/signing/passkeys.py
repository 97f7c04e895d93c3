"""Passkeys (WebAuthn, level 2): a key pair in the manager's own device, opened by their finger, face or PIN there.

They need a name and TLS, or this very machine (`localhost`): browsers offer them nowhere else. Registration and log-in are each
one form: the page brings a challenge, a small script asks the device, the answer is sent as a field. A challenge is no row: it
carries its end and a code of the hub's key, is made for one purpose, and is spent once when it was answered rightly.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.sentences import Said, said
from hub.signing.passwords import name_fault, token_hash
from hub.store.base import Store
from hub.store.person_records import PasskeyRecord, TicketRecord
from hub.store.records import AuditEntry
from hub.wire.identity import private_bytes

CHALLENGE_S = 600.0
MOST_PASSKEYS = 20
LONGEST_ANSWER = 20_000
_CODE_OCTETS = 16
_BAD = said("Your device's answer could not be used. Open this page again, then try once more.")


@dataclass(frozen=True, slots=True)
class Party:
    """Whom an authenticator makes keys for: a name, and the one address from which it may be asked."""

    name: str
    origin: str


def party_of(url: str, asked: str) -> Party | None:
    """The party for a page at the address `asked` of a hub that others reach at `url`; None where browsers offer no passkeys.

    `asked`: scheme, host and port as the browser says them.
    """
    try:
        here, public = urlsplit(asked), urlsplit(url)
        if here.hostname == "localhost":
            return Party("localhost", f"{here.scheme}://{here.netloc}")
        named = public.scheme == "https" and public.hostname and public.hostname == here.hostname
        if named and not _is_number(public.hostname or ""):
            return Party(public.hostname or "", f"https://{public.netloc}")
    except ValueError:
        pass
    return None


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def make_challenge(key: Ed25519PrivateKey, purpose: str, now: float, random: Callable[[int], bytes]) -> bytes:
    """A challenge for one purpose, such as `add Ines`: 16 random octets, its end, and a code that only this hub can make."""
    head = random(16) + int(now + CHALLENGE_S).to_bytes(8, "big")
    return head + _code(key, purpose, head)


def good_challenge(key: Ed25519PrivateKey, purpose: str, challenge: bytes, now: float) -> bool:
    """Whether this hub made it, for this purpose, and lately."""
    head, code = challenge[:24], challenge[24:]
    if not hmac.compare_digest(code, _code(key, purpose, head)):
        return False
    return now <= int.from_bytes(head[16:], "big") <= now + CHALLENGE_S + 1


def _code(key: Ed25519PrivateKey, purpose: str, head: bytes) -> bytes:
    secret = hashlib.sha256(b"shopbell passkey\n" + private_bytes(key)).digest()
    return hmac.digest(secret, purpose.encode() + b"\n" + head, hashlib.sha256)[:_CODE_OCTETS]


def registration_options(store: Store, party: Party, challenge: bytes, manager: str, shop: str) -> str:
    """What the browser is asked for a new passkey, as JSON."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = store.persons.passkeys(manager)
    options = generate_registration_options(
        rp_id=party.name,
        rp_name=shop,
        user_name=manager,
        user_id=_octets(_handle(known, manager)),
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=_octets(one.credential)) for one in known],
    )
    return options_to_json(options)


def login_options(party: Party, challenge: bytes) -> str:
    """What the browser is asked to log somebody in, as JSON; nobody is named, the device knows."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    return options_to_json(
        generate_authentication_options(
            rp_id=party.name, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def add_passkey(
    store: Store, key: Ed25519PrivateKey, party: Party, manager: str, name: str, answer: str, now: float
) -> Said | None:
    """Keep the passkey that a device has made; a sentence where that cannot be."""
    from webauthn import verify_registration_response

    name = name.strip()
    fault = name_fault(name)
    if fault is not None:
        return fault
    challenge = _challenge_of(answer)
    if challenge is None or not good_challenge(key, f"add {manager}", challenge, now):
        return _BAD
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - the library and its decoders raise many kinds for what a stranger may send
        return _BAD
    with store.writing():
        known = store.persons.passkeys(manager)
        if len(known) >= MOST_PASSKEYS:
            return said("You have %(count)s passkeys. Remove one first.", count=len(known))
        record = PasskeyRecord(
            _text(made.credential_id),
            manager,
            _handle(known, manager),
            _text(made.credential_public_key),
            made.sign_count,
            name,
            now,
            None,
        )
        if not _spend(store, challenge, now) or not store.persons.add_passkey(record):
            return _BAD
        detail = msgspec.json.encode({"name": name}).decode()
        store.people.note(AuditEntry(now, manager, "manager.passkey_added", manager, detail))
    return None


def log_in_by_passkey(
    store: Store, key: Ed25519PrivateKey, party: Party, answer: str, now: float, purpose: str = "log in"
) -> str | None:
    """The manager whose passkey answered; None where none of ours did, without saying why."""
    from webauthn import verify_authentication_response

    challenge = _challenge_of(answer)
    if challenge is None or not good_challenge(key, purpose, challenge, now):
        return None
    record = store.persons.passkey(_credential_of(answer))
    if record is None or store.people.manager(record.manager) is None:
        return None
    try:
        proved = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=_octets(record.public),
            credential_current_sign_count=record.sign_count,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - as above
        return None
    with store.writing():
        if not _spend(store, challenge, now):
            return None
        store.persons.use_passkey(record.credential, proved.new_sign_count, now)
    return record.manager


def drop_passkey(store: Store, manager: str, credential: str, now: float) -> Said | None:
    """Trust a passkey of this manager no more; a sentence where that cannot be."""
    with store.writing():
        known = store.persons.passkeys(manager)
        gone = next((one for one in known if one.credential == credential), None)
        if gone is None:
            return said("There is no such passkey.")
        record = store.persons.totp(manager)
        has_totp = record is not None and record.confirmed_at is not None
        if len(known) == 1 and not has_totp and store.persons.second_step_required():
            return said("An owner has said that everybody here needs a second step. Turn codes on first.")
        store.persons.drop_passkey(manager, credential)
        detail = msgspec.json.encode({"name": gone.name}).decode()
        store.people.note(AuditEntry(now, manager, "manager.passkey_removed", manager, detail))
    return None


def _spend(store: Store, challenge: bytes, now: float) -> bool:
    """Use a challenge up; False where it has been."""
    spent = TicketRecord(token_hash(_text(challenge)), "challenge", "", "", now + CHALLENGE_S + 1)
    return store.persons.spend_once(spent, now)


def _handle(known: list[PasskeyRecord], manager: str) -> str:
    """What an authenticator calls a manager: without it each new key would stand beside the old one as another person."""
    return (
        known[0].handle if known else _text(hashlib.sha256(b"shopbell manager\n" + manager.encode()).digest())
    )


def _challenge_of(answer: str) -> bytes | None:
    try:
        if len(answer) > LONGEST_ANSWER:
            return None
        said_by_browser = json.loads(_octets(json.loads(answer)["response"]["clientDataJSON"]))
        return _octets(said_by_browser["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _credential_of(answer: str) -> str:
    try:
        return _text(_octets(json.loads(answer)["rawId"]))
    except (ValueError, TypeError, KeyError):
        return ""


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
