"""The keys with which nodes sign coupons: when one is changed, what then becomes of the old one, and how one is called back.

A node takes a new key when the office asks for it (`ask_new_key`), by itself at an age that the office sets (`KeyPolicy`), and
when its key was withdrawn or has an end. The hub says so in its answer to an exchange; the node makes the key and tells its
public half (`renewed`); a moment later, when every till that hears the hub has learnt it, the node signs with it and says so
(`heard`). Only then the old key gets its end: so a node that is cut off in the middle loses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.changing import changed, turned
from hub.store.base import Store
from hub.store.key_records import KeyRecord
from hub.store.keys import KEY_NUMBERS
from hub.store.records import AuditEntry, Device
from hub.wire.identity import read_public, text_is_signed
from hub.wire.sync import Problem, RenewReply, RenewRequest

DAY_S = 86_400
LEAD_S = 30
"""A till asks its hub for news every five seconds; a new key is used when each has had time for several tries."""

REUSE_AFTER_S = 90 * DAY_S
"""A till that was away for so long still takes an old number for the old key, and refuses what the new one signs."""


class KeyPolicy(msgspec.Struct, frozen=True):
    """How the keys of nodes change. `every_s`: at which age by themselves; 0: never.

    `old`: what becomes of coupons that the old key signed. `expiry`: they stay good until they expire. `after`: for `after_s`
    seconds. `lead_s`: how long a new key is known before it is used. `codes_every_s`: at which age the shop's key behind codes
    that change is replaced; 0: never.
    """

    every_s: Annotated[int, Meta(ge=0, le=3_650 * DAY_S)] = 0
    old: Literal["expiry", "after"] = "expiry"
    after_s: Annotated[int, Meta(ge=0, le=3_650 * DAY_S)] = 7 * DAY_S
    lead_s: Annotated[int, Meta(ge=0, le=DAY_S)] = LEAD_S
    codes_every_s: Annotated[int, Meta(ge=0, le=3_650 * DAY_S)] = 90 * DAY_S


def key_policy(store: Store) -> KeyPolicy:
    """What the office has said, or what is usual."""
    body = store.keys.policy()
    return msgspec.json.decode(body, type=KeyPolicy) if body else KeyPolicy()


def set_key_policy(store: Store, policy: KeyPolicy, now: float, who: str) -> None:
    """Change it."""
    body = msgspec.json.encode(policy).decode()
    with store.writing():
        before = msgspec.json.encode(key_policy(store)).decode()
        store.keys.set_policy(body)
        store.people.note(AuditEntry(now, who, "keys.policy", "shop", body, before, body))


def ask_new_key(store: Store, device: str, now: float, who: str) -> bool:
    """Let a node take a new key at its next exchange; False where there is no such node, or it was withdrawn."""
    with store.writing():
        found = store.devices.get(device)
        if found is None or found.withdrawn_at is not None:
            return False
        store.keys.wish(device, now)
        store.people.note(AuditEntry(now, who, "key.asked", device, "{}"))
    return True


def wants_new_key(store: Store, device: Device, now: float, signs_with: int | None) -> bool:
    """Whether a node is to take a new key now. `signs_with`: what it says, None from a release that never changes its key."""
    if signs_with is None:
        return False
    # Another number than is known of it: this hub was set back to a backup, and has forgotten that key.
    if signs_with != device.key_number or device.device in store.keys.wishes():
        return True
    key = store.keys.get(device.key_number)
    if key is None or key.over_at() is not None:
        return True
    every_s = key_policy(store).every_s
    return every_s > 0 and now - (key.starts_at or key.made_at) >= every_s


def renewed(
    store: Store, device: Device, request: RenewRequest, now: float
) -> RenewReply | tuple[int, Problem]:
    """Give a node's new key its number, or say why not, with the HTTP status. The same key twice has one number.

    Call inside `store.writing()`.
    """
    if not text_is_signed(read_public(request.public), request.signed_text(device.device), request.signature):
        return 401, Problem("bad_signature", "The device could not prove that it holds its new key.")
    before = store.keys.by_public(request.public)
    if before is not None:
        if before.device != device.device or before.over_at() is not None:
            return 409, Problem("key_used", "This key was used before. The device has to make another one.")
        return RenewReply(before.number, int(before.starts_at or before.made_at))
    number = free_number(store, now)
    if number is None:
        sentence = (
            "All 256 numbers for keys are in use, and none has been free for 90 days. Change keys less often."
        )
        return 409, Problem("too_many_keys", sentence)
    current = store.keys.get(device.key_number)
    # A key that nobody believes needs no time: each second with it costs the shop coupons.
    lead_s = 0 if current is None or current.over_at() is not None else key_policy(store).lead_s
    starts_at = int(now) + lead_s
    clear_number(store, number, now, device.device)
    store.keys.put(KeyRecord(number, device.device, request.public, now, starts_at, None, None))
    return RenewReply(number, starts_at)


def heard(store: Store, device: Device, signs_with: int | None, now: float) -> None:
    """A node says with which key it signs: the first time with a new one, the old ones get their end.

    Call inside `store.writing()`.
    """
    if signs_with is None or signs_with == device.key_number:
        return
    used = store.keys.get(signs_with)
    if used is None or used.device != device.device:
        return
    store.keys.sign_with(device.device, signs_with)
    if used.over_at() is not None:
        # A node whose disk was set back. It is asked for a new key; what it had since then may be on its disk still.
        return
    policy = key_policy(store)
    for key in store.keys.all():
        if key.device == device.device and key.number != signs_with and key.over_at() is None:
            if key.made_at > used.made_at:
                continue
            ends_at = now + policy.after_s if policy.old == "after" else last_use(store, key, now)
            store.keys.put(replace(key, ends_at=ends_at))
    store.people.note(
        changed(
            now,
            device.device,
            "key.changed",
            device.device,
            turned("number", device.key_number, signs_with),
            f'{{"number":{signs_with}}}',
        )
    )


def end_key(store: Store, number: int, at: float, now: float, who: str) -> bool:
    """Let nothing be good from then on that this key signed; False where there is no such key."""
    with store.writing():
        key = store.keys.get(number)
        if key is None:
            return False
        store.keys.put(replace(key, ends_at=at))
        store.people.note(
            changed(
                now, who, "key.ends", str(number), turned("ends_at", key.ends_at, at), f'{{"at":{int(at)}}}'
            )
        )
    return True


def withdraw_key(store: Store, number: int, now: float, who: str) -> bool:
    """Believe this key no more: what is not in the ledger by now is refused. The node goes on, and takes a new one.

    False where there is no such key, or it was withdrawn before.
    """
    with store.writing():
        key = store.keys.get(number)
        if key is None or key.withdrawn_at is not None:
            return False
        store.keys.put(replace(key, withdrawn_at=now))
        store.people.note(
            changed(
                now,
                who,
                "key.withdrawn",
                str(number),
                turned("withdrawn_at", None, now),
                f'{{"device":"{key.device}"}}',
            )
        )
    return True


def free_number(store: Store, now: float) -> int | None:
    """A number for a new key: one that was never used, else the one that has been over for longest, of those that were over for
    90 days and have no coupon left that could be good."""
    keys = store.keys.all()
    taken = {key.number for key in keys}
    unused = next((number for number in range(KEY_NUMBERS) if number not in taken), None)
    if unused is not None:
        return unused
    over = sorted((at, key.number) for key in keys if (at := key.over_at()) is not None)
    for at, number in over:
        if at <= now - REUSE_AFTER_S and (store.keys.last_expiry(number) or 0) <= now:
            return number
    return None


def clear_number(store: Store, number: int, now: float, who: str) -> None:
    """Make a number ready for another key: rules against the one that had it go, since nothing that it signed is believed."""
    before = store.keys.get(number)
    if before is None:
        return
    for one in store.keys.rules():
        if one.rule.key_number == number:
            store.keys.remove_rule(one.rule.number)
    detail = msgspec.json.encode({"device": before.device, "public": before.public}).decode()
    store.people.note(AuditEntry(now, who, "key.number", str(number), detail))


def last_use(store: Store, key: KeyRecord, now: float) -> float:
    """The first second at which no coupon of this key can be good: of those in the ledger, and of those taken until now of which
    the hub has not heard."""
    unheard = [
        min(now + record.campaign.coupon_lasts_s, record.campaign.ends_at)
        for record in store.campaigns.all()
        if record.published_at is not None
    ]
    return max([now, float(store.keys.last_expiry(key.number) or 0), *unheard])
