"""A coupon is held for one purchase: for a till whose cash register asks first and pays afterwards.

A reservation ends by itself (`until`), is given up (`release`) or is completed by the redemption that names it. While it
stands the coupon is refused to everybody else with `reserved`, and it counts towards every limit of the campaign.
"""

from __future__ import annotations

from hub.store.base import Store
from hub.store.records import Device
from hub.wire.events import ClockState
from hub.wire.sync import Problem, Released, ReleaseRequest, ReserveReply, ReserveRequest


def reserve(
    store: Store, device: Device, request: ReserveRequest, now: float, clock: ClockState
) -> ReserveReply | tuple[int, Problem]:
    """Hold a coupon if it is good now. Call inside `store.writing()`."""
    raise NotImplementedError


def release(store: Store, device: Device, request: ReleaseRequest, now: float, clock: ClockState) -> Released:
    """Give a reservation of this till up; what is not held is no error. Call inside `store.writing()`."""
    raise NotImplementedError
