"""What other programs ask about members: find, add, change, merge, end messages, forget. A key needs the right `members`.

Nobody agrees to messages by a program: only people themselves do. Nothing personal stands in an address.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.members.book import Book, Profile
from hub.members.consent import all_of, withdraw
from hub.members.fields import is_findable, read_fields
from hub.members.joining import join_here
from hub.members.merging import merge, part
from hub.members.people_key import people_key
from hub.members.searching import search
from hub.outside.asking import Call, Refused, missing, told
from hub.outside.shapes import Nothing
from hub.outward import outward_of
from hub.roles import Right
from hub.sentences import said
from hub.storefront.numbers import read_phone
from hub.wire.fact import Medium
from hub.wire.identity import public_text
from hub.wire.sync_members import FREE_LONGEST, LABEL_LONGEST, MEMBER_PATTERN, MOST_FREE, Fields

PLACE = "Another program"
MOST = 200

Id = Annotated[str, Meta(pattern=MEMBER_PATTERN)]
Typed = Annotated[str, Meta(max_length=500)]


class FieldsTold(msgspec.Struct, frozen=True):
    """Personal fields as they are typed. `phone`: with + and the country's code, or as it is dialled in the shop's country.
    `birthday`: 1980-02-29, or --02-29 without the year. `free`: what else the shop keeps, by its name."""

    name: Typed = ""
    phone: Typed = ""
    mail: Typed = ""
    birthday: Typed = ""
    free: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=LABEL_LONGEST)],
            Annotated[str, Meta(max_length=FREE_LONGEST)],
        ],
        Meta(max_length=MOST_FREE),
    ] = {}


class MemberTold(msgspec.Struct, frozen=True):
    """Somebody who asked to be a member. `member`: their id where the program made one; the same one again is the same person."""

    fields: FieldsTold
    language: Annotated[str, Meta(min_length=2, max_length=20)]
    member: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$")] = ""


class MemberKept(msgspec.Struct, frozen=True):
    """The id under which somebody is known. `known`: they were here before."""

    member: str
    known: bool


class Agreement(msgspec.Struct, frozen=True):
    """What a member agreed to, since when and where. `medium`: the channel of messages."""

    purpose: str
    medium: str
    since: float
    place: str
    proof: str


class MemberShown(msgspec.Struct, frozen=True):
    """A member. `merged`: other ids of the same person. `phone` in E.164."""

    member: str
    name: str
    phone: str
    mail: str
    birthday: str
    free: dict[str, str]
    language: str
    joined_at: float
    merged: list[str]
    agreed: list[Agreement]
    paused_until: float


class MemberPage(msgspec.Struct, frozen=True):
    """Members; of a list, those who joined last first."""

    items: list[MemberShown]
    next: str | None


class MembersWanted(msgspec.Struct, frozen=True):
    """By a card (scanned or typed), a number, a mail address, a name, or an id."""

    words: Annotated[str, Meta(min_length=1, max_length=300)]


class MergeWanted(msgspec.Struct, frozen=True):
    """Into which member; `act` names the merging, so that it can be taken back."""

    into: Id
    act: Annotated[str, Meta(pattern="^[0-9a-f]{8,64}$")]


class PartWanted(msgspec.Struct, frozen=True):
    """Which merging was a mistake."""

    act: Annotated[str, Meta(pattern="^[0-9a-f]{8,64}$")]


class WithdrawWanted(msgspec.Struct, frozen=True):
    """What a member took back. `medium` empty: messages on every channel."""

    purpose: Literal["messages", "recognise"]
    medium: Medium | Literal[""] = ""


class Listing(msgspec.Struct, frozen=True):
    """Which page."""

    cursor: Annotated[str, Meta(max_length=60)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 50


def members(call: Call) -> MemberPage:
    """Everybody, by pages."""
    asked: Listing = call.query
    book = _book(call)
    rows = call.store.register.page(asked.limit + 1, below=_below(asked.cursor))
    profiles = book.profiles([row.member for row in rows[: asked.limit]])
    call.note("members.listed", "members")
    items = [_shown(call, one) for one in profiles.values() if not book.is_leaving(one.member)]
    last = rows[asked.limit - 1] if len(rows) > asked.limit else None
    return MemberPage(items, f"{last.joined_at!r} {last.member}" if last is not None else None)


def find(call: Call) -> MemberPage:
    """Who fits."""
    asked: MembersWanted = call.body
    found = search(_book(call), asked.words, lambda typed: _e164(call, typed))
    call.note("members.searched", found.how)
    return MemberPage([_shown(call, one) for one in found.profiles], None)


def member(call: Call) -> MemberShown:
    """One of them."""
    profile = _profile(call)
    call.note("member.seen", _book(call).known_as(profile.member))
    return _shown(call, profile)


def add(call: Call) -> MemberKept:
    """Somebody joins, and agrees to nothing by that."""
    asked: MemberTold = call.body
    fields = _fields(call, asked.fields)
    if not is_findable(fields):
        raise Refused(
            422,
            "bad_fields",
            "A member has a name, a number or an address.",
            {"name": said("Give one of them.")},
        )
    book = _book(call)
    joined = join_here(
        book,
        asked.member or os.urandom(16).hex(),
        fields,
        way="office",
        place=PLACE,
        language=asked.language,
        agreed=(),
        now=call.now,
        clock=call.hub.clock(),
    )
    if joined is None:
        raise Refused(409, "forgotten", "Who had this id wanted to be forgotten. Take another one.")
    if not joined.known:
        call.note("member.added", book.known_as(joined.member))
    return MemberKept(joined.member, joined.known)


def change(call: Call) -> MemberShown:
    """Their fields are these from now on."""
    asked: FieldsTold = call.body
    profile, book = _profile(call), _book(call)
    with call.store.writing():
        book.change(profile.member, _fields(call, asked), at=call.now)
        call.note("member.changed", book.known_as(profile.member))
    return _shown(call, _profile(call))


def merge_with(call: Call) -> MemberKept:
    """Two memberships are one person's."""
    asked: MergeWanted = call.body
    profile = _profile(call)
    told(
        merge(
            _book(call),
            profile.member,
            asked.into,
            act=asked.act,
            by=call.who,
            now=call.now,
            clock=call.hub.clock(),
        )
    )
    return MemberKept(call.store.register.into(profile.member), known=True)


def take_apart(call: Call) -> MemberKept:
    """A merging was a mistake."""
    asked: PartWanted = call.body
    _profile(call)
    told(part(_book(call), asked.act, by=call.who, now=call.now, clock=call.hub.clock()))
    return MemberKept(call.store.register.into(str(call.path["member"])), known=True)


def take_back(call: Call) -> MemberShown:
    """They took something back that they had agreed to."""
    asked: WithdrawWanted = call.body
    profile, book = _profile(call), _book(call)
    withdraw(
        call.store,
        profile.member,
        asked.purpose,
        asked.medium if asked.purpose == "messages" else "",
        place=PLACE,
        proof="program",
        now=call.now,
        clock=call.hub.clock(),
    )
    call.note("member.stop", book.known_as(profile.member))
    return _shown(call, _profile(call))


def forget(call: Call) -> Nothing:
    """They want to be forgotten."""
    call.must(Right.ERASE, "forgetMember")
    profile = _profile(call)
    mark = _book(call).known_as(profile.member)
    withdraw(
        call.store, profile.member, "all", place=PLACE, proof="program", now=call.now, clock=call.hub.clock()
    )
    call.note("member.erased", mark)
    return Nothing()


def _below(cursor: str) -> tuple[float, str] | None:
    """When the last one of the page before joined, and who that was."""
    if not cursor:
        return None
    joined_at, _, member = cursor.partition(" ")
    if not re.fullmatch(r"[0-9.e+-]{1,25}", joined_at) or not re.fullmatch(MEMBER_PATTERN, member):
        raise Refused(
            400, "bad_cursor", "This cursor is none that a page of this list named as the next one."
        )
    try:
        return float(joined_at), member
    except ValueError:
        raise Refused(
            400, "bad_cursor", "This cursor is none that a page of this list named as the next one."
        ) from None


def _book(call: Call) -> Book:
    return Book(call.store, people_key(call.hub.config.dir), public_text(call.hub.key))


def _profile(call: Call) -> Profile:
    book = _book(call)
    profile = book.profile(str(call.path["member"]))
    if profile is None or book.is_leaving(profile.member):
        raise missing("member with this id")
    return profile


def _e164(call: Call, typed: str) -> str | None:
    shop = call.store.shop.get()
    number = read_phone(
        typed, outward_of(call.hub.config, shop.timezone if shop is not None else "UTC").country
    )
    return number.e164 if number is not None else None


def _fields(call: Call, asked: FieldsTold) -> Fields:
    typed = {"name": asked.name, "phone": asked.phone, "mail": asked.mail, "birthday": asked.birthday}
    typed |= {f"free:{label}": text for label, text in asked.free.items()}
    today = datetime.fromtimestamp(call.now, UTC).date()
    read = read_fields(typed, lambda text: _e164(call, text), today, tuple(asked.free))
    if not isinstance(read, Fields):
        raise Refused(422, "bad_fields", "Some fields cannot be kept.", read)
    return read


def _shown(call: Call, profile: Profile) -> MemberShown:
    fields, consents = profile.fields, all_of(call.store, profile.member)
    return MemberShown(
        profile.member,
        fields.name,
        fields.phone,
        fields.mail,
        fields.birthday,
        dict(fields.free),
        profile.language,
        profile.joined_at,
        list(profile.merged),
        [
            Agreement(purpose, medium, row.at, row.place, row.proof)
            for (purpose, medium), row in consents.given.items()
        ],
        consents.paused_until,
    )
