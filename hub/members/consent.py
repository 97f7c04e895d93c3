"""Consent: asked before anything is sent or recognised, given, and taken back.

A member is an opaque id. Each yes and each no is a fact with its words, its place, its time and how it is known; `standing` says
what holds now. Call it inside `store.writing()`, in the transaction in which something is handed over: nobody's no can then come
in between. It reads a handful of rows by index.

What is taken back at a node arrives as a fact (`hub.ingest`), and `hub.members.obeying` does the same with it as `withdraw` here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.consent_rules import MEDIA, PURPOSES, Merged, Purpose, paused_until, stands
from hub.members.obeying import obey_one
from hub.store.base import Store
from hub.store.consent_records import ConsentRow
from hub.wire.events import ClockState, ConsentGiven, ConsentWithdrawn
from hub.wire.events_members import MemberPaused
from hub.wire.fact import Medium

NO_MEDIUM: Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Consents:
    """What stands of one person, for their page and the office's. `given`: the yes on which each (purpose, medium) rests;
    "recognise" has no medium. `paused_until`: seconds of UTC, 0 where they did not pause."""

    given: dict[tuple[Purpose, Medium | Literal[""]], ConsentRow]
    paused_until: float
    records: tuple[ConsentRow, ...]
    """Every record with its words, the newest first."""


def standing(
    store: Store, member: str, purpose: Purpose, medium: Medium | Literal[""] = "", now: float = 0.0
) -> bool:
    """Whether this person agrees to that now. Messages need a medium; a pause counts as a no to them, on every medium.

    Merged memberships are one person; who was forgotten agrees to nothing. Safe inside a transaction.
    """
    if not member or (purpose == "messages" and not medium):
        return False
    group = store.register.group(member)
    if store.forgetting.any_asked(group):
        return False
    if stands(store.consents.records(group), purpose, medium, _merges(store, group)) is None:
        return False
    return purpose != "messages" or paused_until(store.consents.pauses(group)) <= now


def all_of(store: Store, member: str) -> Consents:
    """Everything that this person agreed to and took back."""
    group = store.register.group(member)
    rows = store.consents.with_words(group)
    merges = _merges(store, group)
    found: dict[tuple[Purpose, Medium | Literal[""]], ConsentRow] = {}
    for purpose in PURPOSES:
        for medium in MEDIA if purpose == "messages" else (NO_MEDIUM,):
            yes = stands(rows, purpose, medium, merges)
            if yes is not None:
                found[purpose, medium] = yes
    until = paused_until(store.consents.pauses(group))
    return Consents(found, until, tuple(sorted(rows, key=lambda row: -row.position)))


def give(
    store: Store,
    member: str,
    purpose: Purpose,
    medium: Medium | Literal[""],
    *,
    words: str,
    version: str,
    language: str,
    place: str,
    proof: str,
    now: float,
    clock: ClockState,
) -> bool:
    """Somebody agreed here, at the hub: with these words, at this place, known by this proof ("code", "link", "page", "card",
    "word"). False where they are being forgotten: then nothing is kept."""
    with store.writing():
        root = store.register.into(member)
        if store.forgetting.any_asked([root]) or is_forgotten(store, root):
            return False
        fact = ConsentGiven(
            member=root,
            purpose=purpose,
            medium=medium,
            text=words,
            text_version=version,
            language=language,
            place=place,
            proof=proof,
        )
        fold(store.ledger, [append_own(store, "consent.given", write_fact(fact), now, clock)])
    return True


def withdraw(
    store: Store,
    member: str,
    purpose: Literal["recognise", "messages", "all"],
    medium: Medium | Literal[""] = "",
    *,
    place: str,
    proof: str,
    now: float,
    clock: ClockState,
) -> None:
    """Somebody took it back here, at the hub; medium "": on every one; "all": they want to be forgotten, which begins at once.

    Nothing is sent after the block in which this stands is left, and the doors forget how to recognise them.
    """
    with store.writing():
        for one in store.register.group(member):
            fact = ConsentWithdrawn(member=one, purpose=purpose, medium=medium, place=place, proof=proof)
            fold(store.ledger, [append_own(store, "consent.withdrawn", write_fact(fact), now, clock)])
        obey_one(store, member, purpose, now)


def pause(store: Store, member: str, until: float, *, place: str, now: float, clock: ClockState) -> None:
    """They want to hear nothing until then (seconds of UTC); 0: go on."""
    with store.writing():
        fact = MemberPaused(member=store.register.into(member), until=until, place=place)
        fold(store.ledger, [append_own(store, "member.paused", write_fact(fact), now, clock)])


def is_forgotten(store: Store, member: str) -> bool:
    """Whether this id belonged to somebody who was forgotten, or is being forgotten: nothing may be kept under it any more."""
    return store.forgetting.instead_of(member) is not None or store.forgetting.any_asked([member])


def _merges(store: Store, group: Collection[str]) -> list[Merged]:
    if len(group) < 2:
        return []
    found = {
        row.act: Merged(row.member, row.into, row.at)
        for one in group
        for row in store.register.merges_of(one)
        if row.parted_at is None
    }
    return list(found.values())
