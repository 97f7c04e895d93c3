"""The inbox: what people wrote to the shop, with the member's story beside it; answered by the channel from which it came."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.office import Office, Route, back_to
from hub.admin.paging import LINES, Part, asked_page
from hub.members.story import story
from hub.messages.heard import Ears, read_address
from hub.messages.inbox import (
    LONGEST_REPLY,
    SHOWS,
    Show,
    ShownTalk,
    assign,
    close,
    excerpt,
    is_silent,
    lines,
    listed,
    reply,
    shown,
    weight_of,
)
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.inbox_records import Talk

STORY_LINES = 30
THREAD_LINES = 60
_ONCE = re.compile(r"[0-9a-f]{32}")

WRONG: Mapping[str, Said] = {
    "no-text": said("Write something first."),
    "too-long": said("That is too long for text messages. Make it shorter."),
    "stopped": said("They said stop. You can answer when they have written again."),
    "not-sent": said("That could not be sent to this address."),
}


@needs(Right.MESSAGES)
def inbox(office: Office) -> Response:
    """Talks that wait for somebody, one's own, all open ones, those that are done."""
    asked = request.args.get("show", "waiting")
    show: Show = asked if asked in SHOWS else "waiting"
    number = asked_page(request.args)
    ears = ears_of(office)
    found, total = listed(ears, show, office.who(), limit=LINES, skip=(number - 1) * LINES)
    pages = max(1, -(-total // LINES))
    counts = office.store.inbox.counts()
    return office.page(
        "inbox.html",
        part=Part(found, min(number, pages), pages, total, {"show": show}),
        show=show,
        shows=SHOWS,
        counts=counts,
        mine=office.store.inbox.count_talks("open", mine=office.who()),
        names=_names(ears, found),
        excerpt=excerpt,
        any=bool(counts.open or counts.closed),
    )


@needs(Right.MESSAGES)
def talk(office: Office, number: int) -> Response:
    """One talk. That it was looked at stands in the record of changes, without who it is with."""
    found = _talk(office, number)
    office.note("talk.read", str(number))
    return _page(office, found)


@needs(Right.MESSAGES)
def answer(office: Office, number: int) -> Response:
    """Answer."""
    found = _talk(office, number)
    text, once = request.form.get("text", ""), request.form.get("once", "")
    if not _ONCE.fullmatch(once):
        abort(400)
    done = reply(ears_of(office), number, text, once, office.who(), office.now())
    if done == "no-talk":
        abort(404)
    if done != "sent":
        return _page(office, found, 422, typed=text, fault=WRONG[done])
    office.note("talk.answered", str(number))
    return back_to("talk", "talk-answered", number=number)


@needs(Right.MESSAGES)
def change(office: Office, number: int) -> Response:
    """Give a talk to somebody, close it, open it again."""
    _talk(office, number)
    action, ears = request.form.get("action", ""), ears_of(office)
    if action == "assign":
        who = request.form.get("who", "")
        if who and who not in _team(office):
            abort(400)
        assign(ears, number, who)
    elif action in ("close", "open"):
        close(ears, number, closed=action == "close")
    else:
        abort(400)
    office.note(f"talk.{action}", str(number))
    if action == "close":
        return back_to("inbox", "talk-closed")
    return back_to("talk", "saved", number=number)


def ears_of(office: Office) -> Ears:
    """What the office reads and answers with. StorageError where the key of personal fields is not there."""
    return Ears(office.store, office.book(), office.people_key().secret, office.clock, office.country())


def _page(
    office: Office, found: Talk, status: int = 200, *, typed: str = "", fault: Said | None = None
) -> Response:
    ears = ears_of(office)
    one = shown(ears, found)
    below = request.args.get("before", "")
    before = int(below) if below.isascii() and below.isdigit() and len(below) < 12 else None
    thread = lines(ears, found, THREAD_LINES, below=before)
    weight = weight_of(typed, found.channel) if typed else None
    return office.page(
        "talk.html",
        status,
        talk=found,
        one=one,
        names=_names(ears, [one]),
        address=read_address(ears.key, found) if allowed(Right.MEMBERS) else one.masked,
        thread=thread,
        earlier=thread[0].line.number if len(thread) == THREAD_LINES else 0,
        stories=[(member, story(office.store, member, STORY_LINES)) for member in one.members[:3]],
        silent=is_silent(ears, found),
        stopped=office.store.inbox.stopped_at(found.sender_hash),
        team=_team(office),
        once=os.urandom(16).hex(),
        typed=typed,
        fault=fault,
        weight=weight,
        longest=LONGEST_REPLY,
        is_text=weight_of("", found.channel) is not None,
    )


def _names(ears: Ears, talks: list[ShownTalk]) -> dict[int, list[str]]:
    """By talk, what the members with that address are called; nothing for whoever may not see personal fields."""
    if not allowed(Right.MEMBERS):
        return {one.talk.number: [] for one in talks}
    profiles = ears.book.profiles({member for one in talks for member in one.members})
    return {
        one.talk.number: [
            profiles[member].fields.name
            for member in one.members
            if member in profiles and profiles[member].fields.name
        ]
        for one in talks
    }


def _talk(office: Office, number: int) -> Talk:
    found = office.store.inbox.talk(number)
    if found is None:
        abort(404)
    return found


def _team(office: Office) -> list[str]:
    return sorted((manager.name for manager in office.store.people.managers()), key=str.casefold)


ROUTES: tuple[Route, ...] = (
    Route("/inbox", "inbox", inbox),
    Route("/inbox/<int:number>", "talk", talk),
    Route("/inbox/<int:number>/answer", "talk_answer", answer, ("POST",)),
    Route("/inbox/<int:number>/change", "talk_change", change, ("POST",)),
)
