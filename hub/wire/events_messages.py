"""Facts about messages to members: handed to a channel, arrived, refused, unsure, stopped before they went.

Pure. No text, no number, no address: a message is known by its number in the hub's outbox, a member by an opaque id (empty
where the message went to a number that is nobody's). They are the hub's own facts.
"""

from __future__ import annotations

from typing import Literal

from hub.wire.fact import Count, Fact, Medium, Ordinal, Short

Why = Literal["campaign", "plan", "answer", "keyword", "code", "confirm"]
"""What a message is for. The first two are the shop's wish and need consent; the others were asked for by who gets them."""


class MessageFact(Fact, frozen=True, kw_only=True):
    """Which message, to whom, by which channel, what for."""

    message: Ordinal
    member: Short = ""
    medium: Medium
    why: Why
    campaign: Count = 0
    plan: Short = ""
    step: Short = ""


class MessageSent(MessageFact, frozen=True, kw_only=True):
    """The channel took it, in so many parts. `cost`: what they cost, in ten-thousandths of the shop's currency; 0: nothing, or
    nobody said."""

    channel: Short
    parts: Count = 1
    cost: Count = 0


class MessageFailed(MessageFact, frozen=True, kw_only=True):
    """It was not sent and will not be; `reason` is a code."""

    reason: Short


class MessageUnsure(MessageFact, frozen=True, kw_only=True):
    """It may have gone out or not: the channel, the power or the program fell silent with it. It is never sent again."""

    reason: Short


class MessageStopped(MessageFact, frozen=True, kw_only=True):
    """It was held back before it went: `reason` is "stopped" (no consent any more), "cancelled", "late", "group" (the part of
    the members that gets nothing, for comparison) or "erased"."""

    reason: Short


class MessageReported(MessageFact, frozen=True, kw_only=True):
    """The network told what became of it, of all its parts together."""

    outcome: Literal["delivered", "failed"]


MESSAGE_KINDS: dict[str, type[Fact]] = {
    "message.sent": MessageSent,
    "message.failed": MessageFailed,
    "message.doubted": MessageUnsure,
    "message.stopped": MessageStopped,
    "message.reported": MessageReported,
}
