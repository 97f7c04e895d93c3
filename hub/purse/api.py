"""What tills ask about purses: `POST /v1/spend`, `/v1/topup`, `/v1/unspend`; and what `/v1/member` tells of a purse."""

from __future__ import annotations

import msgspec

from hub.members.consent import is_forgotten
from hub.purse.balances import balances
from hub.purse.moves import spend, take_back, top_up
from hub.question import TILLS, Answer, AnyQuestion, Here, Question
from hub.store.records import Device
from hub.wire.refusals import Refusal
from hub.wire.snapshot import say
from hub.wire.sync_members import MemberReply
from hub.wire.sync_value import (
    SpendReply,
    SpendRequest,
    TopUpReply,
    TopUpRequest,
    UnspendReply,
    UnspendRequest,
)


def tell_purse(here: Here, reply: MemberReply, now: float) -> MemberReply:
    """Points, tier, stored value and punch cards of a member, for the answer of `/v1/member`."""
    have = balances(here.store, reply.member, now)
    return msgspec.structs.replace(
        reply,
        points=have.points,
        pending=have.pending,
        tier=say(have.tier, reply.language) if have.tier else "",
        stored_cents=max(0, have.stored_cents),
        punch=have.punch,
    )


def _top_up(here: Here, device: Device, asked: TopUpRequest, now: float) -> Answer:
    if is_forgotten(here.store, asked.member):
        return TopUpReply(accepted=False, refusal=Refusal.MEMBER_NEEDED.value)
    return top_up(here.store, device, asked, now, here.clock)


QUESTIONS: tuple[AnyQuestion, ...] = (
    Question(
        "spend",
        "A till is paid from a member's purse.",
        SpendRequest,
        SpendReply,
        lambda here, device, asked, now: spend(here.store, device, asked, now, here.clock),
        TILLS,
    ),
    Question(
        "topup",
        "Somebody pays into a member's purse at a till.",
        TopUpRequest,
        TopUpReply,
        _top_up,
        TILLS,
    ),
    Question(
        "unspend",
        "A till takes a payment or a paying in of its own back.",
        UnspendRequest,
        UnspendReply,
        lambda here, device, asked, now: take_back(here.store, device, asked, now, here.clock),
        TILLS,
    ),
)
