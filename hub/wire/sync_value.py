"""What a till asks its hub about a member's purse: pay from it, pay into it, take that back. `/v1/spend`, `/v1/topup`,
`/v1/unspend`.

Pure. `hub.purse.api` answers, `kiosk.purse` asks. A question has a nonce: the same one again gets the same answer, for something
else it is refused. `member` is the opaque id: what was scanned or typed became that before (`hub.wire.card`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.wire.events_value import Nonce
from hub.wire.fact import Cents, Short
from hub.wire.purse_rules import Unit

Member = Annotated[str, Meta(min_length=8, max_length=40)]
Till = Annotated[str, Meta(max_length=100)]


class PurseSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in a purse: points that can be spent now, those that wait, what they are worth, stored value, punches by card."""

    points: int = 0
    pending: int = 0
    worth_cents: int = 0
    stored_cents: int = 0
    punch: dict[Short, int] = {}
    tier: dict[str, str] = {}
    """The tier's name by language; empty beneath the first."""


class SpendRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pay `cents` of a purchase with points or stored value, or take the reward of a full card (`unit` "punch").

    `only_known`: answer only what was decided before. With `look` nothing is decided: what is in the purse is told.
    """

    nonce: Nonce
    member: Member
    unit: Unit
    till: Till
    staff: Till
    cents: Cents | None = None
    card: Short = ""
    basket_cents: Cents | None = None
    purchase: Short = ""
    only_known: bool = False
    look: bool = False


class SpendReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The hub's decision, on disk before it is sent. `amount` of the unit was taken and pays for `cents`; `purse`: what is in it
    now; `member`: whose it is, where two memberships were merged."""

    accepted: bool
    refusal: str | None = None
    amount: int = 0
    cents: int = 0
    at: float | None = None
    member: str = ""
    purse: PurseSeen | None = None


class TopUpRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody paid in at a till."""

    nonce: Nonce
    member: Member
    cents: Cents
    till: Till
    staff: Till


class TopUpReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether it was taken."""

    accepted: bool
    refusal: str | None = None
    cents: int = 0
    at: float | None = None
    purse: PurseSeen | None = None


class UnspendRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A till takes an act of its own back: a payment or a paying in, by its nonce.

    `given_up`: no answer to that question ever came, and nothing was handed over for it. Then it is taken back whenever this is
    heard, and the question is answered with no if it should arrive later.
    """

    nonce: Nonce
    of: Nonce
    till: Till
    staff: Till
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    given_up: bool = False


class UnspendReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether it was taken back."""

    reversed: bool
    refusal: str | None = None
    amount: int = 0
    cents: int = 0
    at: float | None = None
    purse: PurseSeen | None = None
