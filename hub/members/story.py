"""The story of a member: what they did here and got from here, in one line each, the newest first.

For the office alone, on the member's page and beside the inbox. Nothing personal stands in it: who they are is said by the page.
All of it is read by index from what is derived from the journal, so it is as fresh as the hub.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hub.store.base import Store
from hub.store.purse_records import POINTS, STORED
from hub.wire.snapshot import Text

Kind = Literal[
    "joined", "agreed", "withdrew", "paused", "went_on", "used", "taken_back", "conflict", "wrote", "was_sent", "purse"
]  # fmt: skip

MOST = 200


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened, at `at` (seconds of UTC). `what`: of which kind more closely: the way of joining, the purpose of a
    consent, what a message was for, the move of a purse. `title`: of an offer, by language. `cents`: a sum, None where there is
    none; `points` likewise. `place`: where. `until`: the end of a pause. `campaign`, `talk`: to look at more, 0 for none."""

    at: float
    kind: Kind
    what: str = ""
    title: Text | None = None
    cents: int | None = None
    points: int | None = None
    place: str = ""
    until: float = 0.0
    campaign: int = 0
    talk: int = 0
    medium: str = ""


def story(store: Store, member: str, most: int = 50) -> list[StoryLine]:
    """The latest of what happened, of all memberships that are this person's. `most` is up to 200."""
    most = min(max(most, 0), MOST)
    group = store.register.group(member)
    lines: list[StoryLine] = []
    lines += _joined(store, group)
    lines += _consents(store, group)
    for one in group:
        lines += _acts(store, one, most)
        lines += _messages(store, one, most)
        lines += _talks(store, one)
    lines += _purse(store, group, most)
    return heapq.nlargest(most, lines, key=lambda line: line.at)


def _joined(store: Store, group: tuple[str, ...]) -> Iterable[StoryLine]:
    for row in store.register.some(group).values():
        yield StoryLine(row.joined_at, "joined", row.way)


def _consents(store: Store, group: tuple[str, ...]) -> Iterable[StoryLine]:
    for row in store.consents.records(group):
        kind: Kind = "agreed" if row.given else "withdrew"
        yield StoryLine(row.at, kind, row.purpose, place=row.place, medium=row.medium)
    for pause in store.consents.pauses(group):
        yield StoryLine(
            pause.at, "paused" if pause.until else "went_on", place=pause.place, until=pause.until
        )


def _acts(store: Store, member: str, most: int) -> Iterable[StoryLine]:
    for act in store.ledger.acts_of_member(member, most):
        campaign = store.campaigns.get(act.campaign)
        kind: Kind = "used"
        if act.standing == "reversed":
            kind = "taken_back"
        elif act.standing == "conflict":
            kind = "conflict"
        yield StoryLine(
            act.at,
            kind,
            title=campaign.campaign.offer.title if campaign is not None else None,
            cents=act.value_cents,
            place=act.till,
            campaign=act.campaign,
        )


def _messages(store: Store, member: str, most: int) -> Iterable[StoryLine]:
    for kept in store.messages.latest(most, member=member):
        # What waits has not happened, and an answer stands in the talk itself.
        if kept.state != "sent" or kept.why in ("answer", "keyword", "confirm"):
            continue
        campaign = store.campaigns.get(kept.campaign) if kept.campaign else None
        yield StoryLine(
            kept.handed_at or kept.queued_at,
            "was_sent",
            kept.why,
            title=campaign.campaign.offer.title if campaign is not None else None,
            campaign=kept.campaign,
            medium=kept.medium,
        )


def _talks(store: Store, member: str) -> Iterable[StoryLine]:
    for talk in store.inbox.talks_of(member):
        yield StoryLine(talk.last_at, "wrote", talk.channel, talk=talk.number)


def _purse(store: Store, group: tuple[str, ...], most: int) -> Iterable[StoryLine]:
    for act in store.purse.acts_of(group, most):
        yield StoryLine(
            act.at,
            "purse",
            act.why,
            cents=act.amount if act.unit == STORED else None,
            points=act.amount if act.unit == POINTS else None,
            place=act.till,
        )
