"""What walking plans needs beside the store: who members are, how a coupon is given, chance, and how far the clock is trusted."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from hub.store.base import Store
from hub.wire.events import ClockState
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields


@dataclass(frozen=True, slots=True)
class Given:
    """A coupon that was given to a member. `shown`: the address at which they find it; its code, where the hub has no address
    that others reach."""

    serial: str
    shown: str


def _nobody(_: str) -> Fields:
    return Fields()


def _reached(_: str, _medium: Medium) -> bool:
    return False


def _born(_month: int, _day: int) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Means:
    """`fields`: a person's own. `reached`: whether they have an address on that channel. `born_on`: whose birthday is that day.
    `give`: a coupon of an offer for a member; the same request is the same coupon, however often it is asked; None where there is
    none. Without it plans that give coupons are not walked. `tell_clock`: how far the hub's clock is to be trusted."""

    store: Store
    fields: Callable[[str], Fields] = _nobody
    reached: Callable[[str, Medium], bool] = _reached
    born_on: Callable[[int, int], list[str]] = _born
    give: Callable[[str, int, str, float], Given | None] | None = None
    clock: ClockState = "ntp"
    random: Callable[[int], bytes] = os.urandom

    def new_id(self) -> str:
        """A name for a run or a task."""
        return self.random(8).hex()
