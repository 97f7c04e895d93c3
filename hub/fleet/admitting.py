"""A node is let in: as a new one, or as the new hardware of one that was there. Its name, group, number of its key, and welcome.

Called inside `store.writing()` by whoever has found that it may: `hub.devices` for a code of the hub, `hub.fleet.doors` for
a code of the node. A replacement takes the old hardware's name, place, settings and rights under a new key and a new journal.
"""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.changing import changed, turned
from hub.fleet.plan import Plan
from hub.ingest import own_epoch
from hub.keys import clear_number, free_number, last_use
from hub.store.base import Store
from hub.store.fleet_records import Former, Spent
from hub.store.records import Device
from hub.wire.identity import public_text, sign_text
from hub.wire.sync import EnrolReply, Problem

EPOCHS_BETWEEN = 1_000
"""Between the journals of old hardware and those of new: the old one may have begun some of which the hub has not heard."""

_WITHDRAWN = Problem("withdrawn", "This device was withdrawn. Remove its folder and enrol it anew.")
_NO_NUMBER = Problem(
    "too_many_devices",
    "This shop has used all 256 numbers for keys, and none has been free for 90 days. Withdraw devices that are gone, or take a "
    "second shop number.",
)


def admitted(
    store: Store, public: str, program: str, name: str, plan: Plan, now: float, who: str
) -> Device | tuple[int, Problem]:
    """The node, or why it is not let in, with the HTTP status. The same key again is the same node."""
    device = store.devices.by_public(public)
    if device is not None:
        return (403, _WITHDRAWN) if device.withdrawn_at is not None else device
    if plan.replaces:
        return _replaced(store, public, program, plan, now, who)
    number = free_number(store, now)
    if number is None:
        return 409, _NO_NUMBER
    clear_number(store, number, now, who)
    device = store.devices.enrol(program, plan.name or name, public, now, number)
    if device is None:
        return 409, _NO_NUMBER
    if plan.team and store.fleet.team(plan.team) is not None:
        store.fleet.put_post(replace(store.fleet.post(device.device), team=plan.team))
    both = turned("program", None, device.program) | turned("name", None, device.name)
    store.people.note(changed(now, who, "device.enrolled", device.device, both))
    return device


def _replaced(
    store: Store, public: str, program: str, plan: Plan, now: float, who: str
) -> Device | tuple[int, Problem]:
    """Other hardware is this node from now on. The old one is refused at once; its coupons stay good, unless it was stolen."""
    old = store.devices.get(plan.replaces)
    if old is None or old.program != program:
        return 409, Problem(
            "unknown_device", f"There is no {program} {plan.replaces} that could be replaced."
        )
    number = free_number(store, now)
    if number is None:
        return 409, _NO_NUMBER
    for key in store.keys.all():
        if key.device != old.device or key.over_at() is not None:
            continue
        if plan.stolen:
            store.keys.put(replace(key, withdrawn_at=now))
        else:
            store.keys.put(replace(key, ends_at=last_use(store, key, now)))
    clear_number(store, number, now, who)
    former = Former(
        old.device,
        old.public,
        old.key_number,
        now,
        _last_epoch(store, old.device),
        "stolen" if plan.stolen else "replaced",
    )
    spent = () if plan.keep_rights else store.ledger.grants()
    gone = [
        Spent(one.campaign, one.device, one.issue, one.accept) for one in spent if one.device == old.device
    ]
    store.fleet.replace_hardware(old.device, public, number, former, gone, now)
    post = store.fleet.post(old.device)
    if post.retiring_at is not None or post.retired_at is not None:
        store.fleet.put_post(replace(post, retiring_at=None, retired_at=None))
    both = turned("key", old.public[:16], public[:16]) | turned("why", None, former.why)
    store.people.note(changed(now, who, "device.replaced", old.device, both))
    found = store.devices.get(old.device)
    return found if found is not None else (409, _NO_NUMBER)


def _last_epoch(store: Store, device: str) -> int:
    """The latest journal of this node that the hub has heard of, or has set apart for earlier hardware."""
    heard = [reach.epoch for reach in store.journal.reach() if reach.device == device]
    before = [former.epoch for former in store.fleet.formers(device)]
    return max([0, *heard, *before])


def first_epoch(store: Store, device: str) -> int:
    """The number of the journal with which this node's hardware begins: 1, or one far above those of the hardware before it."""
    formers = store.fleet.formers(device)
    return 1 if not formers else max(one.epoch for one in formers) + EPOCHS_BETWEEN


def welcome(store: Store, key: Ed25519PrivateKey, device: Device) -> EnrolReply:
    """The node's place in the shop, signed by the hub for this node alone."""
    # A hub that was set back has forgotten who bore a name since, and what those wrote is known elsewhere.
    epoch = max(first_epoch(store, device.device), own_epoch(store))
    unsigned = EnrolReply(
        device=device.device,
        shop=store.shop.number,
        key_number=device.key_number,
        epoch=epoch,
        hub=public_text(key),
        signature="",
    )
    signature = sign_text(key, unsigned.signed_text(device.public))
    return EnrolReply(
        unsigned.device,
        unsigned.shop,
        unsigned.key_number,
        epoch,
        unsigned.hub,
        signature,
        name=device.name,
    )


def was_replaced(store: Store, device: str, public: str) -> bool:
    """Whether this is the key of hardware that the node was before."""
    return any(former.public == public for former in store.fleet.formers(device))
