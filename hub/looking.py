"""Staff look a coupon up: what became of it, or what a member has used last. Nothing is redeemed by it.

A wrong code counts against the till exactly as when it is redeemed: looking is no way to guess.
"""

from __future__ import annotations

from hub.store.base import Store
from hub.store.records import Device
from hub.wire.sync import LookReply, LookRequest, Problem


def look(store: Store, device: Device, request: LookRequest, now: float) -> LookReply | tuple[int, Problem]:
    """What is known of a token, a code or a member's opaque id, the latest first. Call inside `store.writing()`."""
    raise NotImplementedError
