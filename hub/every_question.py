"""Every question that nodes ask under `/v1` and that is answered in one transaction. A part adds its own by one line."""

from __future__ import annotations

from hub.care.api import QUESTIONS as CARE
from hub.looking import look
from hub.members.api import QUESTIONS as MEMBERS
from hub.members.doors_api import QUESTIONS as DOORS
from hub.messages.screen import QUESTIONS as NOTES
from hub.purse.api import QUESTIONS as PURSE
from hub.question import TILLS, AnyQuestion, Question
from hub.reserving import release, reserve
from hub.reversing import reverse
from hub.wire.sync import (
    LookReply,
    LookRequest,
    Released,
    ReleaseRequest,
    ReserveReply,
    ReserveRequest,
    ReverseReply,
    ReverseRequest,
)

COUNTER: tuple[AnyQuestion, ...] = (
    Question(
        "reserve",
        "A till holds a coupon for one purchase.",
        ReserveRequest,
        ReserveReply,
        lambda here, device, asked, now: reserve(here.store, device, asked, now, here.clock, here.beside),
        TILLS,
    ),
    Question(
        "release",
        "A till gives a reservation up.",
        ReleaseRequest,
        Released,
        lambda here, device, asked, now: release(here.store, device, asked, now, here.clock),
        TILLS,
    ),
    Question(
        "reverse",
        "A till takes a redemption of its own back.",
        ReverseRequest,
        ReverseReply,
        lambda here, device, asked, now: reverse(here.store, device, asked, now, here.clock),
        TILLS,
    ),
    Question(
        "look",
        "A till asks what became of a coupon, or what a member used last.",
        LookRequest,
        LookReply,
        lambda here, device, asked, now: look(here.store, device, asked, now),
        TILLS,
        changes=False,
    ),
)

EVERY: tuple[AnyQuestion, ...] = (
    *COUNTER,
    *MEMBERS,
    *DOORS,
    *CARE,
    *PURSE,
    *NOTES,
)
"""By name; `tests/unit/test_every_question.py` asks that no name stands twice."""
