"""What nodes ask the hub about members: to take somebody in, and who holds a card.

Pure. `hub.members.api` answers. Personal fields travel in one direction only, sealed to the hub's public key
(`hub.wire.sealing`); what comes back is an opaque id, what a screen needs to greet, and what the member has here.

A joining is two things in one transaction of the node: the facts `member.joined` and `consent.given` in its outbox, and a sealed
row in its queue (`hub.client.joins`). The facts arrive by the ordinary exchange, the row by `POST /v1/join`; either may be first.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.wire.fact import Cents, Count, MemberId, Short, Stamp
from hub.wire.sync_notes import MOST_NOTES, Note

Mark = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
"""SHA-256 of a card's code (`hub.wire.card.card_hash`), or nothing."""

NAME_LONGEST = 200
MAIL_LONGEST = 254
"""RFC 5321, 4.5.3.1.3: a path has 256 octets, two of which are its brackets."""

MOST_FREE = 20
LABEL_LONGEST = 40
FREE_LONGEST = 500
LARGEST_FIELDS = 3_500
"""Octets of all fields as JSON: what is sealed may have 4,096."""

SEALED_LONGEST = 5_600
MEMBER_PATTERN = "^[0-9a-f]{32}$"


class Fields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The personal fields of a member; empty where they did not tell.

    `phone`: E.164, such as +4366012345678. `birthday`: 1980-02-29, or --02-29 where the year was not told (RFC 6350, 4.3.1).
    `free`: what else the shop asks, by the name of the field.
    """

    name: Annotated[str, Meta(max_length=NAME_LONGEST)] = ""
    phone: Annotated[str, Meta(pattern=r"^(\+[1-9][0-9]{3,14})?$")] = ""
    mail: Annotated[str, Meta(max_length=MAIL_LONGEST)] = ""
    birthday: Annotated[str, Meta(pattern=r"^(([0-9]{4}|-)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?$")] = ""
    free: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=LABEL_LONGEST)],
            Annotated[str, Meta(max_length=FREE_LONGEST)],
        ],
        Meta(max_length=MOST_FREE),
    ] = {}


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is inside `JoinRequest.sealed`. The id is in it, so that nobody can put one person's fields under another's."""

    member: Annotated[str, Meta(pattern=MEMBER_PATTERN)]
    fields: Fields = Fields()


class JoinRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node took somebody in. The same member again is the same joining: it gets the same answer and changes nothing.

    `sealed`: `Sealed` as JSON, sealed to the hub's key; empty: a card alone, without any personal field. `code_hash`: of their
    card's code; empty: they have no card of this node's. `joined_at`: seconds of UTC, as in the fact. `change`: who is a member
    already told something new on their own page; then fields replace the former ones, and the time of the change
    decides (`joined_at` of the latest).
    """

    member: Annotated[str, Meta(pattern=MEMBER_PATTERN)]
    language: Annotated[str, Meta(max_length=20)]
    joined_at: Stamp
    sealed: Annotated[str, Meta(max_length=SEALED_LONGEST)] = ""
    code_hash: Mark = ""
    change: bool = False


class JoinReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The hub has it: the node deletes its row. `member`: under whom they are known from now on; another id than was sent where
    they were merged with an earlier membership. `known`: it was here before. `refusal`: why it is not kept and never will be:
    "unreadable" (not sealed to this hub), "too_large", "forgotten" (they were erased meanwhile); the node deletes its row then,
    too."""

    member: MemberId
    known: bool = False
    refusal: Literal["", "unreadable", "too_large", "forgotten"] = ""


class HeldCoupon(msgspec.Struct, frozen=True, omit_defaults=True):
    """A coupon that was given to the member and is good now. `token`: empty where its QR changes or is at another node."""

    serial: Short
    campaign: int
    code: Short
    title: Annotated[dict[str, str], Meta(max_length=40)]
    expires_at: int
    token: Annotated[str, Meta(max_length=200)] = ""


class TaskLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something for staff to do for the member who stands there. `say`: by language. `outcomes`: what may come of it, each a code
    with its words by language; `/v1/task` takes one."""

    task: Short
    say: Annotated[dict[str, str], Meta(max_length=40)]
    outcomes: Annotated[dict[Short, dict[str, str]], Meta(max_length=20)] = {}
    until: float = 0.0


class Punch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A punch card: `have` of `need` are there."""

    card: Short
    name: Annotated[dict[str, str], Meta(max_length=40)]
    have: Count = 0
    need: Count = 0


class MemberRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A till or a kiosk asks who this is. `text`: what was scanned or typed (`hub.wire.card.read_card`), or an opaque id."""

    text: Annotated[str, Meta(min_length=1, max_length=300)]
    staff: Short = ""


class MemberReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who it is, and what they have. `greeting`, a first name, is for the screen: the node neither keeps nor logs it.

    `member` empty: nobody here holds that card; `refusal` says why: "unknown", "bad_signature", "withdrawn" (the card's maker is
    not believed any more), "wrong_shop", "left" (they left or were forgotten).
    """

    member: Annotated[str, Meta(max_length=40)] = ""
    greeting: Annotated[str, Meta(max_length=NAME_LONGEST)] = ""
    language: Annotated[str, Meta(max_length=20)] = ""
    refusal: Literal["", "unknown", "bad_signature", "withdrawn", "wrong_shop", "left"] = ""
    joined_at: float = 0.0
    segments: Annotated[tuple[Short, ...], Meta(max_length=500)] = ()
    points: int = 0
    pending: int = 0
    tier: Short = ""
    stored_cents: Cents = 0
    punch: Annotated[tuple[Punch, ...], Meta(max_length=50)] = ()
    tasks: Annotated[tuple[TaskLine, ...], Meta(max_length=50)] = ()
    coupons: Annotated[tuple[HeldCoupon, ...], Meta(max_length=100)] = ()
    notes: Annotated[tuple[Note, ...], Meta(max_length=MOST_NOTES)] = ()
    """What the shop wanted to tell them when they come next (messages by "screen")."""
