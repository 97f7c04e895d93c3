"""A redemption is taken back: by the till that made it within a minute, by a manager later. Nothing is deleted.

1. The same nonce is the same act: it gets the same answer. The same nonce for something else is refused.
2. What became of the redemption is read, `hub.wire.rules.decide_reversal` decides.
3. The reversal is a fact of the hub's own; fact, ledger and answer are one transaction.
"""

from __future__ import annotations

from hub.store.base import Store
from hub.store.records import Device
from hub.wire.events import ClockState
from hub.wire.sync import Problem, ReverseReply, ReverseRequest


def reverse(
    store: Store, device: Device, request: ReverseRequest, now: float, clock: ClockState
) -> ReverseReply | tuple[int, Problem]:
    """A till takes a redemption of its own back. Call inside `store.writing()`."""
    raise NotImplementedError


def reverse_as_manager(
    store: Store,
    device: str,
    nonce: str,
    *,
    manager: str,
    reason: str,
    act_id: str,
    now: float,
    clock: ClockState,
) -> ReverseReply:
    """A manager takes a redemption back, with a reason of 1 to 200 characters. Opens its own transaction; raises StorageError.

    `(device, nonce)` name the redemption (`Act.device`, `Act.nonce`). `act_id` names this act: make it when the form is shown,
    so that a form that is sent twice is one reversal and both get the same answer. Refused with `not_redeemed`,
    `already_reversed`, `undo_too_late`.
    """
    raise NotImplementedError
