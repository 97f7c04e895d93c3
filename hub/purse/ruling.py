"""What the shop decides about its purses, and what has run out: facts of the hub's own."""

from __future__ import annotations

from hub.client.clock import Clock
from hub.config import Config
from hub.purse.moves import tell
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.wire.events import ClockState
from hub.wire.events_value import ValueExpired, ValueRuled
from hub.wire.purse_rules import PurseRules

MOST_AT_ONCE = 1_000
"""Parts that are booked as run out in one transaction: a moment for whoever waits at a till."""

MOST_ROUNDS = 20
"""In one turn; the next goes on."""

BOOKED_AFTER_S = 2 * 86_400.0
"""What has run out cannot be spent from its last second on; it is booked so much later, for tills that were cut off."""


def set_rules(store: Store, rules: PurseRules, by: str, now: float, clock: ClockState) -> None:
    """The shop decides about its purses, for purchases from now on. A part of the transaction that is open, or its own."""
    with store.writing():
        tell(store, "value.ruled", ValueRuled(rules=rules, by=by), now, clock)


def run_out(store: Store, now: float, clock: ClockState, most: int = MOST_AT_ONCE) -> bool:
    """Book the next parts that have run out; whether there were any."""
    until = max(0.0, now - BOOKED_AFTER_S)
    with store.writing():
        if not store.purse.ends_by(until):
            return False
        tell(store, "value.expired", ValueExpired(until=until, most=most), now, clock)
    return True


def work_run_out(store: HubStore, _config: Config, now: float) -> None:
    """Book what has run out, some at a time. Not by a clock that nobody has set: it would take what is good."""
    state = Clock().state()
    if state == "unset":
        return
    for _ in range(MOST_ROUNDS):
        if not run_out(store, now, state):
            return
