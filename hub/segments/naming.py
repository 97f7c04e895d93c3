"""Who names a segment: offers, care plans and messages to many; and which of them still need it.

They know segments by their names, so one that is taken away, or called otherwise, leaves them with nobody. What runs or rests
holds a segment; a draft is told when it is published, and what is over needs it no more. Segments themselves name no others:
their language has no line for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.care.plan import Plan, lists_named, read_plan, segments_named
from hub.messages.campaign import read_body
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.care_records import PlanRecord
from hub.store.mailing_records import MailingState
from hub.wire.conditions import segments_in
from hub.wire.snapshot import Campaign, Text

What = Literal["offer", "plan", "mailing"]
State = Literal["draft", "running", "paused", "coupons", "inside", "over"]

AT_A_TIME = 200
SPARE_S = 2 * 86_400.0
"""A coupon may be good from the next day on, and be given by a clock that is a little late."""

_MAILINGS: dict[MailingState, State] = {
    "draft": "draft",
    "running": "running",
    "paused": "paused",
    "cancelled": "over",
    "done": "over",
}
_HOLDING: frozenset[State] = frozenset({"running", "paused", "coupons", "inside"})
_NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Namer:
    """One that names a segment. `title`: what it is called, by language. `state`: "coupons" is an offer that is over while its
    coupons are good (`until`, seconds of UTC), "inside" a plan that has ended while members still walk it. `lists`: it puts
    members on the segment's own list. `opens`: of a plan, whether it was ever published."""

    what: What
    number: int
    title: Text
    state: State
    lists: bool = False
    until: int | None = None
    opens: bool = True

    @property
    def holds(self) -> bool:
        """Whether the segment has to stay, under its name, while this stands."""
        return self.state in _HOLDING


def who_names(store: Store, name: str, now: float) -> list[Namer]:
    """Everything that names this segment, what holds it first."""
    return all_names(store, now).get(name, [])


def all_names(store: Store, now: float) -> dict[str, list[Namer]]:
    """The same for every name that something asks for, also where there is no such segment (any more)."""
    found: dict[str, list[Namer]] = {}
    for names in (_offers(store, now), _plans(store), _mailings(store)):
        for name, namer in names:
            found.setdefault(name, []).append(namer)
    return {name: sorted(some, key=lambda one: not one.holds) for name, some in found.items()}


_STAYS: dict[What, Said] = {
    "offer": said("It has to stay: offer %(numbers)s asks for it. Change or end that first."),
    "plan": said(
        "It has to stay: care plan %(numbers)s asks for it. Publish that without it, or end it; members who are still inside "
        "have to come to its end, or be moved to its newest version."
    ),
    "mailing": said(
        "It has to stay: message to many %(numbers)s is not over. Cancel that, or wait until everything has gone out."
    ),
}
_KEEPS_NAME: dict[What, Said] = {
    "offer": said("Its name has to stay: offer %(numbers)s asks for it."),
    "plan": said("Its name has to stay: care plan %(numbers)s asks for it."),
    "mailing": said("Its name has to stay: message to many %(numbers)s asks for it, and is not over."),
}
COUPONS_ARE_OUT = said(
    "It has to stay under its name: offer %(numbers)s is over, but its coupons are still good, and ask for it. Call them back, "
    "or wait until they have run out."
)


def why_it_stays(namers: Iterable[Namer]) -> list[Said]:
    """Sentences that say what has to be done before it can be taken away; none where it can be."""
    return _told(namers, _STAYS)


def why_its_name_stays(namers: Iterable[Namer]) -> list[Said]:
    """Sentences that say who would not find it under another name; none where it may be called otherwise."""
    return _told(namers, _KEEPS_NAME)


def why_its_list_stays(namers: Iterable[Namer]) -> Said | None:
    """The sentence for whoever takes the line about its own list out of it while a care plan puts members there."""
    numbers = sorted(one.number for one in namers if one.holds and one.lists)
    return (
        said(
            "Keep the line about its own list: care plan %(numbers)s puts members on it.",
            numbers=", ".join(map(str, numbers)),
        )
        if numbers
        else None
    )


def segments_of_offer(campaign: Campaign) -> frozenset[str]:
    """Names of the segments for which an offer asks: for whom it is, and on what its coupons depend."""
    return _in_condition(campaign) | frozenset(campaign.audience)


def _told(namers: Iterable[Namer], sentences: dict[What, Said]) -> list[Said]:
    holding = [one for one in namers if one.holds]
    of_coupons = [one for one in holding if one.state == "coupons"]
    groups = [
        *(
            (said_, [one for one in holding if one.what == what and one.state != "coupons"])
            for what, said_ in sentences.items()
        ),
        (COUPONS_ARE_OUT, of_coupons),
    ]
    return [
        Said(
            sentence.text,
            {"numbers": ", ".join(str(one.number) for one in sorted(some, key=lambda one: one.number))},
        )
        for sentence, some in groups
        if some
    ]


def _offers(store: Store, now: float) -> Iterator[tuple[str, Namer]]:
    proposed = {one.number: one.campaign for one in store.proposals.all()}
    for record in store.campaigns.all():
        campaign = record.campaign
        title, depends = campaign.offer.title, _in_condition(campaign)
        asked = segments_of_offer(campaign)
        over = record.state == "ended" or (record.state != "draft" and campaign.ends_at <= now)
        # Coupons follow their offer when it is over: what they depend on is asked for until the last of them has run out. For
        # whom the offer was is not.
        until = _coupons_until(store, record.number, now) if over and depends else None
        for name in sorted(asked):
            state: State = "paused" if record.state == "paused" else "running"
            if over:
                state = "coupons" if until is not None and name in depends else "over"
            elif record.state == "draft":
                state = "draft"
            yield (
                name,
                Namer("offer", record.number, title, state, until=until if state == "coupons" else None),
            )
        waiting = proposed.get(record.number)
        if waiting is not None:
            for name in sorted(segments_of_offer(waiting) - asked):
                yield name, Namer("offer", record.number, title, "draft")


def _coupons_until(store: Store, number: int, now: float) -> int | None:
    """When the last coupon of an offer that is over runs out. Coupons are looked through only while one could be out by the terms
    that the offer ever had."""
    terms = [one.campaign for one in store.campaigns.history(number)]
    last = max((one.ends_at for one in terms), default=0) + max(
        (one.coupon_lasts_s for one in terms), default=0
    )
    return store.campaigns.coupons_until(number, now) if now < last + SPARE_S else None


def _in_condition(campaign: Campaign) -> frozenset[str]:
    return segments_in(campaign.condition) if campaign.condition is not None else _NO_NAMES


def _plans(store: Store) -> Iterator[tuple[str, Namer]]:
    for record in store.care.plans():
        draft = _read(record.draft)
        ended = record.state == "ended"
        walked = {version for version, count in store.care.by_version(record.number).items() if count}
        walked |= set() if ended or record.version == 0 else {record.version}
        plans = [
            plan for plan in (_version(store, record, one) for one in sorted(walked)) if plan is not None
        ]
        last = _version(store, record, record.version) if ended else None
        asked = _NO_NAMES.union(*map(segments_named, plans))
        lists = _NO_NAMES.union(*map(lists_named, plans))
        others = _NO_NAMES.union(*(segments_named(one) for one in (draft, last) if one is not None)) - asked
        title = {"en": draft.name if draft is not None else ""}
        opens = record.version > 0
        held: State = "inside" if ended else "paused" if record.state == "paused" else "running"
        for name in sorted(asked):
            yield name, Namer("plan", record.number, title, held, name in lists, opens=opens)
        for name in sorted(others):
            yield name, Namer("plan", record.number, title, "over" if ended else "draft", opens=opens)


def _version(store: Store, record: PlanRecord, version: int) -> Plan | None:
    kept = store.care.version(record.number, version)
    return None if kept is None else _read(kept.body)


def _read(body: bytes) -> Plan | None:
    """A plan; None where this release cannot read it: then it lets its members out and asks for nothing (`hub.care.walking`)."""
    try:
        return read_plan(body)
    except msgspec.MsgspecError:
        return None


def _mailings(store: Store) -> Iterator[tuple[str, Namer]]:
    below: int | None = None
    while True:
        some = store.mailings.latest(AT_A_TIME, below=below)
        for one in some:
            draft = read_body(one.body)
            if draft.segment:
                yield draft.segment, Namer("mailing", one.number, {"en": draft.name}, _MAILINGS[one.state])
        if len(some) < AT_A_TIME:
            return
        below = some[-1].number
