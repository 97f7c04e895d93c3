"""What the store says of messages to many: plain values.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MailingState = Literal["draft", "running", "paused", "cancelled", "done"]


@dataclass(frozen=True, slots=True)
class Mailing:
    """Messages to many. `body`: `hub.messages.campaign.Draft` as JSON. `queued`: put into the outbox so far; `left_out`: of the
    part that gets nothing, for comparison; `unreachable`: without an address or consent when their turn came; `after`: the member
    behind whom it goes on; `whole`: all have had their turn. Times in seconds of UTC."""

    number: int
    body: str
    state: MailingState
    made_by: str
    made_at: float
    changed_at: float
    started_by: str
    started_at: float | None
    queued: int
    left_out: int
    unreachable: int
    after: str
    whole: bool


@dataclass(frozen=True, slots=True)
class ScreenNote:
    """What a member is shown next time at the portal or the kiosk. `campaign`: an offer beside it; 0: none."""

    message: int
    member: str
    text: str
    campaign: int
    put_at: float
    until: float
    shown_at: float | None


@dataclass(frozen=True, slots=True)
class PushRow:
    """A browser that wants to be told, sealed."""

    member: str
    endpoint_hash: str
    closed: bytes
    made_at: float
