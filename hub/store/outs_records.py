"""What the hub's store hands out about figures that go out by themselves: boards and digests, as plain values.

Pure. Times are seconds of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SendingState = Literal["waiting", "sent", "given_up"]
SendingWay = Literal["mail", "url"]


@dataclass(frozen=True, slots=True)
class BoardRecord:
    """A board: read by whoever has its token, of which only the hash is kept. `body`: `hub.figures.board.BoardPlan` as JSON."""

    number: int
    name: str
    token_hash: str
    body: str
    made_by: str
    made_at: float
    ended_at: float | None = None
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class DigestRecord:
    """A digest that is made at its times. `body`: `hub.figures.digest.Plan` as JSON; `sealed`: the secret with which its
    posts are signed, which only this hub's own key opens, "" without a web address. `next_at`: when it is made next."""

    number: int
    body: str
    sealed: str
    made_by: str
    made_at: float
    next_at: float
    paused: bool = False
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """One digest that was made. `body`: `hub.figures.digest.Issue` as JSON: the numbers as they were then."""

    digest: int
    number: int
    due_at: float
    made_at: float
    body: bytes


@dataclass(frozen=True, slots=True)
class SendingRecord:
    """What became of one issue on its way to one receiver: a mail address, or "" for the web address of the digest."""

    digest: int
    issue: int
    way: SendingWay
    receiver: str
    state: SendingState
    tries: int
    next_at: float
    status: int
    said: str
    tried_at: float | None
