"""What networks tell of messages that they took: kept once each, whenever they come.

A report may come before the channel's answer, or after a restart, and for each part of a long message one. It is found by the
message's own number where the channel still knows it, else by the channel's name for the part; a modem's names come round again,
so there the number that it went to has to agree, too.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.messages.channel import Reported
from hub.store.base import Store
from hub.store.message_records import Kept, Told
from hub.wire.events import KIND_OF, ClockState
from hub.wire.events_messages import MessageReported

DAYS = 7
"""Networks give up on a message after a day or three, and tell so then."""

ROUND = frozenset({"modem"})
"""Channels whose names for parts come round again (eight bits)."""

SameAddress = Callable[[Kept, str], bool]
"""Whether a message went to this address, as the network writes it."""


def keep_report(
    store: Store,
    reported: Reported,
    now: float,
    clock: ClockState,
    same: SameAddress = lambda _message, _address: True,
) -> bool:
    """Keep one; False where it was kept before, or where nobody can say whose it is. Opens its own transaction."""
    with store.writing():
        number = _whose(store, reported, now, same)
        if not number and reported.channel in ROUND:
            return False
        told = Told(
            f"{reported.channel} {reported.key}"[:200],
            reported.channel,
            reported.reference,
            number,
            reported.outcome,
            now if reported.at is None else reported.at,
        )
        if not store.messages.keep_report(told):
            return False
        if number:
            settle(store, number, now, clock)
    return True


def settle(store: Store, number: int, now: float, clock: ClockState) -> None:
    """Say what became of a message, where that is known of all its parts. Call inside a transaction."""
    message = store.messages.get(number)
    if message is None or message.state != "sent" or message.outcome:
        return
    latest = {one.reference: one.outcome for one in store.messages.reports_for(number, message.channel)}
    parts = store.messages.parts_of(number)
    ends = [latest.get(part, "trying") for part in parts] if parts else list(latest.values())
    outcome = "failed" if "failed" in ends else "delivered" if ends and set(ends) == {"delivered"} else ""
    if outcome and store.messages.settle(number, outcome, now):
        fact = MessageReported(
            message=number,
            member=message.member,
            medium=message.medium,
            why=message.why,
            campaign=message.campaign,
            plan=message.plan,
            step=message.step,
            outcome="failed" if outcome == "failed" else "delivered",
        )
        fold(store.ledger, [append_own(store, KIND_OF[MessageReported], write_fact(fact), now, clock)])


def _whose(store: Store, reported: Reported, now: float, same: SameAddress) -> int:
    shop, _, number = reported.message.partition("-")
    if number.isdigit() and shop == str(store.shop.number):
        return int(number) if store.messages.get(int(number)) is not None else 0
    since = now - DAYS * 86_400.0
    for found in store.messages.parts_called(reported.channel, reported.reference, since):
        message = store.messages.get(found)
        if message is not None and (reported.channel not in ROUND or same(message, reported.address)):
            return found
    return 0
