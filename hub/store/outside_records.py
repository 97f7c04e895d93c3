"""What the hub's store hands out about other programs: plain values.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HookState = Literal["on", "off", "disabled"]
MessageState = Literal["waiting", "sent", "given_up"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of another program. `scopes`: names of `hub.roles.Right`, with a space between. Times in seconds of UTC."""

    id: str
    name: str
    hash: str
    scopes: str
    made_by: str
    made_at: float
    used_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A web address to which what happens is told. `kinds`: of events, with a space between; `sealed`: its secrets, closed.

    `private`: the owner lets messages go into the shop's own network. `position`: how far the journal has become messages.
    `failing_since`: since when no message was taken. `state` "disabled": too long.
    """

    number: int
    name: str
    url: str
    sealed: str
    kinds: str
    private: bool
    state: HookState
    made_by: str
    made_at: float
    position: int
    failing_since: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one webhook. `id` stays the same at each try; `status` and `said` are of the latest."""

    webhook: int
    number: int
    id: str
    kind: str
    body: bytes
    made_at: float
    state: MessageState
    tries: int
    next_at: float
    status: int
    said: str
    tried_at: float | None


@dataclass(frozen=True, slots=True)
class Product:
    """What the shop sells. `code` is a GTIN or the shop's own number, as tills scan it; `price_cents` None where nobody said."""

    code: str
    name: str
    name_zh: str
    price_cents: int | None
