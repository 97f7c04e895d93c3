"""Somebody becomes a member at the hub itself: the office, an import, a text message. One transaction with its facts.

At nodes the same is two things (`hub.client.joins`): facts in the outbox, fields sealed to the hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.book import Book, Joined
from hub.members.consent import give, is_forgotten
from hub.members.consent_rules import Purpose
from hub.wire.events import ClockState
from hub.wire.events_members import MemberJoined
from hub.wire.fact import Medium
from hub.wire.sync_members import Fields

Way = Literal["till", "link", "poster", "sms", "office", "import"]


@dataclass(frozen=True, slots=True)
class Agreed:
    """One yes of theirs: to what, in which words, and how that is known ("code", "link", "page", "card", "word")."""

    purpose: Purpose
    medium: Medium | Literal[""]
    words: str
    version: str
    proof: str


def join_here(
    book: Book,
    member: str,
    fields: Fields,
    *,
    way: Way,
    place: str,
    language: str,
    agreed: Sequence[Agreed],
    now: float,
    clock: ClockState,
    staff: str = "",
    code_hash: str = "",
) -> Joined | None:
    """Keep somebody, write that they joined and what they agreed to; None where this id was forgotten.

    `member`: 32 hexadecimal digits, made by the caller, so that the same question twice is one joining: a membership that was
    here before is not told again.
    """
    store = book.store
    with store.writing():
        if is_forgotten(store, member):
            return None
        joined = book.join(member, fields, language=language, way=way, at=now, code_hash=code_hash)
        if joined.known:
            return joined
        fact = MemberJoined(member=member, way=way, place=place, language=language, staff=staff)
        fold(store.ledger, [append_own(store, "member.joined", write_fact(fact), now, clock)])
        for one in agreed:
            give(
                store,
                member,
                one.purpose,
                one.medium,
                words=one.words,
                version=one.version,
                language=language,
                place=place,
                proof=one.proof,
                now=now,
                clock=clock,
            )
        return joined
