"""Messages to many: counted beforehand, tried on oneself, put into the outbox some at a time, stopped and resumed in the middle.

Putting in goes on where it stopped (`Mailing.after`), and each letter's id is of its mailing and its member: however often a
worker is killed, each member gets it once. Whether somebody may be written to is asked when they are put in and again at the
gate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.care.rules import may_send_at
from hub.changing import changed
from hub.config import Config
from hub.members.people_key import PeopleKey, people_key
from hub.messages.campaign import Draft, read_body, words_for
from hub.messages.links import shorten
from hub.messages.outbox import Letter, NotQueued, Queued, queue
from hub.messages.people import People
from hub.messages.rules import MessageRules, read_rules
from hub.segments.membership import size
from hub.store.base import Store
from hub.store.mailing_records import Mailing
from hub.store.whole import HubStore
from hub.wire.fact import Medium
from hub.wire.holdout import in_group

AT_A_TIME = 100
"""Members of one transaction: tills wait for it."""

WORK_S = 1.0
MOST_DUE = 2_000
"""Messages that lie ready: more are put in as these go, so that a mailing to a million is paused and cancelled at once."""

LOOKED_AT = 300
"""Members of an audience whose consent and address are looked at for the preview; of a larger one it is an estimate."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a draft means. `members`: of the segment; `looked_at` of them were asked; `by`: how many of those are reached by which
    channel; `languages`: what those read."""

    members: int
    looked_at: int
    by: dict[Medium, int]
    languages: dict[str, int]

    @property
    def exact(self) -> bool:
        """Whether everybody was asked."""
        return self.looked_at >= self.members

    def reached(self, medium: Medium | None = None) -> int:
        """How many of the whole audience are reached, as far as those tell who were asked."""
        found = sum(self.by.values()) if medium is None else self.by.get(medium, 0)
        return found if self.exact else round(found * self.members / max(1, self.looked_at))


def audience(store: Store, people: People, draft: Draft, now: float) -> Audience:
    """Whom this draft would reach now."""
    members = store.portraits.count() if not draft.segment else size(store, draft.segment)
    some = _behind(store, draft, "", LOOKED_AT)
    by: dict[Medium, int] = {}
    languages: dict[str, int] = {}
    for member in some:
        medium = _reached_by(store, people, draft, member, now)
        if medium is not None:
            by[medium] = by.get(medium, 0) + 1
            language = people.language(member)
            languages[language] = languages.get(language, 0) + 1
    return Audience(max(members, len(some)), len(some), by, languages)


def start(store: Store, number: int, who: str, now: float) -> bool:
    """Let a draft run; False where it is none any more, or its segment is gone (`lacks_segment`)."""
    with store.writing():
        found = store.mailings.get(number)
        if found is None or lacks_segment(store, read_body(found.body)):
            return False
        return _turn(store, number, "draft", "running", who, now, "mailing.started")


def lacks_segment(store: Store, draft: Draft) -> bool:
    """Whether it is for a segment that was taken away, or is called otherwise now: nobody would get it."""
    return bool(draft.segment) and store.segments.named(draft.segment) is None


def pause(store: Store, number: int, who: str, now: float) -> bool:
    """Send nothing more of it for now."""
    return _turn(store, number, "running", "paused", who, now, "mailing.paused")


def resume(store: Store, number: int, who: str, now: float) -> bool:
    """Go on with it."""
    return _turn(store, number, "paused", "running", who, now, "mailing.resumed")


def cancel(store: Store, number: int, who: str, now: float) -> bool:
    """End it: what has not left yet stays here, also what a worker holds in its hands at this moment."""
    with store.writing():
        ended = any(
            _turn(store, number, before, "cancelled", who, now, "mailing.cancelled")
            for before in ("running", "paused", "draft")
        )
        if ended:
            store.messages.stop_waiting("cancelled", now, mailing=number)
        return ended


def _turn(store: Store, number: int, before: Any, after: Any, who: str, now: float, deed: str) -> bool:
    with store.writing():
        if not store.mailings.turn(number, before, after, who, now):
            return False
        store.people.note(changed(now, who, deed, str(number), {}))
        return True


def send_test(
    store: Store,
    draft: Draft,
    language: str,
    medium: Medium,
    address: str,
    key: PeopleKey,
    mark: str,
    now: float,
) -> Queued | NotQueued:
    """Send it to one address, to see it. `mark` makes each try another message. Nobody's consent is asked: it is the writer's
    own."""
    text, subject = words_for(draft, language, read_rules(store.messages.rules()), medium)
    for word in ("{name}", "{page}", "{stop}"):
        text, subject = text.replace(word, f"[{word[1:-1]}]"), subject.replace(word, f"[{word[1:-1]}]")
    letter = Letter(
        f"test {mark}", medium, "answer", text, number=address, subject=subject, language=language
    )
    return queue(store, letter, now, key=key.secret)


# Putting in


def work_mailings(store: HubStore, config: Config, now: float) -> None:
    """Put in what comes next of mailings that run, for a second at most; end those that are through."""
    running = store.mailings.running()
    waiting = [one for one in running if not one.whole]
    if waiting:
        people = People(store, people_key(config.dir), config.url)
        until = time.monotonic() + WORK_S
        for mailing in waiting:
            while time.monotonic() < until and put_in(store, people, mailing.number, now):
                pass
    for one in running:
        if one.whole and not store.messages.is_open(one.number):
            store.mailings.turn(one.number, "running", "done", "", now)
    # What was cancelled in the middle of putting in.
    for one in store.mailings.latest(20):
        if one.state == "cancelled":
            store.messages.stop_waiting("cancelled", now, mailing=one.number)


def put_in(store: Store, people: People, number: int, now: float) -> bool:
    """Put the next members of a mailing into the outbox; False where nobody is left, or it does not run any more."""
    mailing = store.mailings.get(number)
    if mailing is None or mailing.state != "running" or mailing.whole:
        return False
    draft, rules = read_body(mailing.body), read_rules(store.messages.rules())
    if draft.start > now or _has_to_wait(store, draft, now):
        return False
    some = _behind(store, draft, mailing.after, AT_A_TIME)
    turns = [_turn_of(store, people, draft, rules, mailing, member, now) for member in some]
    with store.writing():
        there = store.mailings.get(number)
        if there is None or there.state != "running" or there.after != mailing.after or there.whole:
            # Another worker was faster, or somebody has stopped it.
            return False
        queued = left_out = unreachable = 0
        for letter, held in turns:
            if letter is None:
                unreachable += 1
                continue
            done = queue(store, letter, now)
            if isinstance(done, NotQueued):
                unreachable += 1
            elif held:
                store.messages.stop_waiting("group", now, number=done.number)
                left_out += 1
            else:
                queued += 1
        whole = len(some) < AT_A_TIME
        store.mailings.move_on(
            number, some[-1] if some else there.after, queued, left_out, unreachable, whole=whole
        )
    return not whole


def _has_to_wait(store: Store, draft: Draft, now: float) -> bool:
    """Whether more would only lie about: enough are due already, or the shop is quiet now."""
    if store.messages.backlog(draft.media, now, MOST_DUE) >= MOST_DUE:
        return True
    return draft.media != ("screen",) and may_send_at(store, now) != now


def _turn_of(
    store: Store, people: People, draft: Draft, rules: MessageRules, mailing: Mailing, member: str, now: float
) -> tuple[Letter | None, bool]:
    medium = _reached_by(store, people, draft, member, now)
    if medium is None:
        return None, False
    language = people.language(member)
    text, subject = words_for(draft, language, rules, medium)
    if medium == "sms":
        text = shorten(store, text, people.base, now)
    letter = Letter(
        f"mailing {mailing.number} {member}",
        medium,
        "campaign",
        text,
        member=member,
        campaign=draft.campaign,
        not_before=draft.start,
        subject=subject,
        language=language,
        mailing=mailing.number,
    )
    return letter, bool(draft.group) and in_group(draft.salt, draft.group, member)


def _reached_by(store: Store, people: People, draft: Draft, member: str, now: float) -> Medium | None:
    if store.register.into(member) != member:
        # Merged into another membership, which has its own turn.
        return None
    return next(
        (one for one in draft.media if people.standing(member, one, now) and people.address(member, one)),
        None,
    )


def _behind(store: Store, draft: Draft, after: str, limit: int) -> Sequence[str]:
    if not draft.segment:
        return store.portraits.after(after, limit)
    found = store.segments.named(draft.segment)
    return [] if found is None else store.segments.members(found.number, after, limit)
