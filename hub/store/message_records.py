"""What the store says of messages: plain values.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.wire.events_messages import Why
from hub.wire.fact import Medium

MessageState = Literal["waiting", "taken", "handing", "sent", "failed", "unsure", "stopped"]
ENDED: tuple[MessageState, ...] = ("sent", "failed", "unsure", "stopped")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as it is put in. `closed`: number, text, subject, sealed; `text` and `subject` are empty then."""

    id: str
    medium: Medium
    via: str
    why: Why
    rank: int
    member: str
    number_hash: str
    closed: bytes
    text: str
    subject: str
    language: str
    campaign: int
    plan: str
    step: str
    mailing: int
    stood: bool
    queued_at: float
    not_after: float | None
    next_at: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the outbox. `number` is its place; `tries` the number of the latest try; times in seconds of UTC. `handed_at`:
    when its last octets left. `cost`: ten-thousandths of the currency. `outcome`: what the network told."""

    number: int
    id: str
    medium: Medium
    via: str
    why: Why
    rank: int
    member: str
    number_hash: str
    closed: bytes
    text: str
    subject: str
    language: str
    campaign: int
    plan: str
    step: str
    mailing: int
    stood: bool
    queued_at: float
    not_after: float | None
    next_at: float
    state: MessageState
    tries: int
    worker: str
    lease_until: float
    handed_at: float | None
    ended_at: float | None
    channel: str
    reason: str
    said: str
    parts: int
    cost: int
    outcome: Literal["", "delivered", "failed"]
    outcome_at: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """A report that was kept. `message` 0: nobody knows whose."""

    report: str
    channel: str
    reference: str
    message: int
    outcome: Literal["delivered", "failed", "trying"]
    at: float


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages are in one state, their parts and what they cost; `delivered` and `failed` as the network told."""

    state: MessageState
    reason: str
    messages: int
    parts: int
    cost: int
    delivered: int
    failed: int
