"""Facts about members: who joined and how, what they agreed to and took back, whose two memberships are one person's.

Pure. Nothing here is personal: a member is an opaque id. Names, numbers and addresses travel sealed to the hub, beside the
journal and never in it (`hub.wire.sealing`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from hub.wire.fact import Fact, Medium, MemberId, Short, Stamp


class ConsentGiven(Fact, frozen=True, kw_only=True):
    """Somebody agreed to one purpose: with which words, in which language, where. `member` is opaque."""

    member: MemberId
    purpose: Literal["recognise", "messages"]
    text: Annotated[str, Meta(min_length=1, max_length=1_000)]
    text_version: Short
    language: Short
    place: Short
    medium: Medium | Literal[""] = ""
    """Of "messages": by which channel they may come. Empty: by every one."""

    proof: Short = ""
    """How it is known that it was they who agreed: "code" (a code that was sent to the number), "link" (a signed link), "page"
    (their own page or phone), "card", "word" (a text message from their number)."""


class ConsentWithdrawn(Fact, frozen=True, kw_only=True):
    """Somebody took their consent back; `purpose` "all" is the wish to be forgotten. `medium` empty: on every channel.

    Whatever the channel by which it came, "messages" without a medium ends them all; "all" erases the person at every node and
    hub that hears of it.
    """

    member: MemberId
    purpose: Literal["recognise", "messages", "all"]
    place: Short
    medium: Medium | Literal[""] = ""
    proof: Short = ""


class MemberJoined(Fact, frozen=True, kw_only=True):
    """Somebody became a member. `staff`: who stood by at the till, empty elsewhere; they never confirm for the guest."""

    member: MemberId
    way: Literal["portal", "kiosk", "till", "link", "poster", "sms", "office", "import"]
    place: Short
    language: Short
    staff: Short = ""


class MemberPaused(Fact, frozen=True, kw_only=True):
    """A member wants to hear nothing until `until` (seconds of UTC); 0: go on."""

    member: MemberId
    until: Stamp
    place: Short


class MembersMerged(Fact, frozen=True, kw_only=True):
    """Two memberships are one person's: what `member` did counts as done by `into` from now on. `act` names it, to take
    it back."""

    act: Short
    member: MemberId
    into: MemberId
    by: Short


class MembersParted(Fact, frozen=True, kw_only=True):
    """A merging (`act`) was a mistake: both are as they were, and what came since stays with whom it was told of."""

    act: Short
    by: Short


class MemberForgotten(Fact, frozen=True, kw_only=True):
    """A hub has forgotten somebody: what stood under an id with this keyed hash stands under `instead` (`hub.wire.forgetting`).
    Hubs above, and books that were put back from an older backup, do the same when they hear of it. Written by hubs alone."""

    salt: Short
    mark: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    instead: MemberId


MEMBER_KINDS: dict[str, type[Fact]] = {
    "consent.given": ConsentGiven,
    "consent.withdrawn": ConsentWithdrawn,
    "member.forgotten": MemberForgotten,
    "member.joined": MemberJoined,
    "member.paused": MemberPaused,
    "members.merged": MembersMerged,
    "members.parted": MembersParted,
}
