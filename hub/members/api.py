"""What nodes ask about members: `POST /v1/join` takes somebody in, `POST /v1/member` says who holds a card.

Other parts put what they know of a member into the answer of `/v1/member`: each adds its function to `TELLERS`, one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from hub.care.api import tell_tasks
from hub.members.book import Book, Holder
from hub.members.consent import is_forgotten
from hub.members.fields import first_name, fits
from hub.members.holdings import tell_coupons
from hub.messages.screen import tell_notes
from hub.presenting import count_guess, too_many
from hub.purse.api import tell_purse
from hub.question import NODES, Answer, AnyQuestion, Here, Question
from hub.segments.telling import tell as tell_segments
from hub.store.records import Device
from hub.wire.card import CardCode, read_card
from hub.wire.identity import public_text
from hub.wire.sealing import BadSeal, unseal
from hub.wire.sync_members import (
    MEMBER_PATTERN,
    Fields,
    JoinReply,
    JoinRequest,
    MemberReply,
    MemberRequest,
    Sealed,
)

PROGRAM_WAYS = {"kiosk": "kiosk", "edge": "portal", "site": "link"}

_sealed = msgspec.json.Decoder(Sealed)
_ID = re.compile(MEMBER_PATTERN)

Teller = Callable[[Here, MemberReply, float], MemberReply]
"""Puts what one part knows of `reply.member` into the reply; `now` in seconds of UTC. Called inside a transaction."""

TELLERS: tuple[Teller, ...] = (
    tell_coupons,
    tell_purse,
    tell_segments,
    tell_tasks,
    tell_notes,
)
"""In this order. Purse: points, pending, tier, stored value, punch cards; segments; care: tasks."""


def book_of(here: Here) -> Book:
    """The book of the shop whose node asks."""
    return Book(here.store, here.people(), public_text(here.key))


def join(here: Here, device: Device, asked: JoinRequest, _now: float) -> Answer:
    """A node took somebody in, now or while it was cut off. The same member again is the same joining."""
    fields = Fields()
    if is_forgotten(here.store, asked.member):
        return JoinReply(asked.member, refusal="forgotten")
    if asked.sealed:
        try:
            opened = _sealed.decode(unseal(here.key, asked.sealed))
        except (BadSeal, msgspec.MsgspecError, UnicodeDecodeError):
            return JoinReply(asked.member, refusal="unreadable")
        if opened.member != asked.member:
            return JoinReply(asked.member, refusal="unreadable")
        fields = opened.fields
        if not fits(fields):
            return JoinReply(asked.member, refusal="too_large")
    joined = book_of(here).join(
        asked.member,
        fields,
        language=asked.language,
        way=PROGRAM_WAYS.get(device.program, device.program),
        at=asked.joined_at,
        code_hash=asked.code_hash,
        change=asked.change,
    )
    return JoinReply(joined.member, joined.known)


def member(here: Here, device: Device, asked: MemberRequest, now: float) -> Answer:
    """Who holds that card, and what they have here. Guessing codes counts against the till, as with coupons."""
    stopped = too_many(here.store, device, now)
    if stopped is not None:
        return stopped
    book = book_of(here)
    is_id = _ID.fullmatch(asked.text) is not None
    holder = Holder(asked.text) if is_id else book.holder(asked.text)
    profile = book.profile(holder.member) if holder.member else None
    if profile is not None and book.is_leaving(profile.member):
        profile = None
    if profile is None and (is_id or isinstance(read_card(asked.text), CardCode)):
        count_guess(here.store, device, now)
    if holder.refusal:
        return MemberReply(refusal=holder.refusal)
    if profile is None:
        return MemberReply(refusal="unknown" if is_id else "left")
    reply = MemberReply(
        profile.member,
        first_name(profile.fields.name),
        profile.language,
        joined_at=profile.joined_at,
    )
    for tell in TELLERS:
        reply = tell(here, reply, now)
    return reply


QUESTIONS: tuple[AnyQuestion, ...] = (
    Question("join", "A node took somebody in as a member.", JoinRequest, JoinReply, join, NODES),
    Question(
        "member",
        "Who holds a card, and what they have.",
        MemberRequest,
        MemberReply,
        member,
        NODES,
        changes=False,
    ),
)
