"""Caps over everything: whether one more message may go to a member, asked by whoever is about to hand one over.

Every message that counts is noted here by its id, in the transaction that hands it over, so that several workers cannot both
find room for the last one. Why a message is sent decides whether it counts: `COUNTED`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.care.frequency import MOST_DAYS, room_at
from hub.care.rules import rules, timezone
from hub.store.base import Store

COUNTED = frozenset({"campaign", "plan"})
"""What the shop sends of its own accord. Whoever asked for an answer gets it."""


@dataclass(frozen=True, slots=True)
class Room:
    """Whether one more message may go to a member now; else the first moment (seconds of UTC) at which it may, if nothing else
    goes until then."""

    free: bool
    at: float


def room(store: Store, member: str, now: float) -> Room:
    """Whether one more message that counts may go to this member. Call it inside the transaction that hands it over."""
    at = room_at(rules(store).caps, timezone(store), sent_to(store, member, now), now)
    return Room(at <= now, at)


def sent_to(store: Store, member: str, now: float) -> list[float]:
    """When messages that count went to this person, as far back as any cap looks."""
    return store.care.contacts(store.register.group(member), now - (MOST_DAYS + 1) * 86_400.0)


def count(store: Store, member: str, message: str, now: float) -> None:
    """A message that counts was handed over to be sent, now. The same id counts once. Call it in the transaction that notes
    that."""
    store.care.add_contact(member, message, now)


def uncount(store: Store, member: str, message: str) -> None:
    """It did not go after all: the channel took nothing of it. Call it in the transaction that notes that."""
    store.care.drop_contact(member, message)
