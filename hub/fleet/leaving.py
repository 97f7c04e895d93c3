"""A node leaves: withdrawn at once, or retired in good order once it has told everything that it had to tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hub.changing import changed, turned
from hub.store.base import Store
from hub.wire.sync import BATCH, Verdict


def withdraw(store: Store, device: str, now: float, who: str) -> bool:
    """Trust a node no more: its next question is refused. False where it was withdrawn before or was never there."""
    with store.writing():
        if not store.devices.withdraw(device, now):
            return False
        store.people.note(changed(now, who, "device.withdrawn", device, turned("withdrawn", False, True)))
    return True


def withdraw_all(store: Store, devices: Iterable[str], now: float, who: str) -> list[str]:
    """Trust these nodes no more, all at the same moment; those that were trusted until then."""
    with store.writing():
        return [device for device in devices if withdraw(store, device, now, who)]


def retire(store: Store, device: str, now: float, who: str) -> bool:
    """Let a node go in good order: it goes on until it has told everything, and is withdrawn then. False where it cannot.

    A node that never comes again stays in this state; withdraw it, or take its word back (`stay`).
    """
    with store.writing():
        found = store.devices.get(device)
        if found is None or found.withdrawn_at is not None:
            return False
        post = store.fleet.post(device)
        if post.retiring_at is None:
            store.fleet.put_post(replace(post, retiring_at=now))
            store.people.note(changed(now, who, "device.retiring", device, turned("retiring", False, True)))
    return True


def stay(store: Store, device: str, now: float, who: str) -> bool:
    """Take that back, as long as it has not gone; False where there is nothing to take back."""
    with store.writing():
        post = store.fleet.post(device)
        if post.retiring_at is None or post.retired_at is not None:
            return False
        store.fleet.put_post(replace(post, retiring_at=None))
        store.people.note(changed(now, who, "device.stays", device, turned("retiring", True, False)))
    return True


def has_told_all(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether nothing waits at the node after this exchange: it sent fewer facts than it might, and all of them have come."""
    return len(verdicts) < BATCH and all(one.outcome != "parked" for one in verdicts)


def leave(store: Store, device: str, now: float) -> None:
    """A node that is to retire has told everything. Call inside `store.writing()`."""
    post = store.fleet.post(device)
    store.devices.withdraw(device, now)
    store.fleet.put_post(replace(post, retired_at=now))
    store.people.note(changed(now, device, "device.retired", device, turned("withdrawn", False, True)))
