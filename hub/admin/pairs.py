"""Memberships that may be one person's: looked at side by side, merged, kept apart, and a merging taken back."""

from __future__ import annotations

import os
import re

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.membership import name_of
from hub.admin.office import Office, Route, back_to
from hub.admin.paging import LINES, Part, asked_page
from hub.members.consent import all_of
from hub.members.duplicates import pairs, say_different
from hub.members.merging import ACT_LONGEST, merge, part, preview
from hub.members.searching import search
from hub.roles import Right
from hub.sentences import Said
from hub.storefront.numbers import read_phone

_ACT = re.compile(rf"[0-9a-f]{{8,{ACT_LONGEST}}}")


@needs(Right.MEMBERS)
def doubles(office: Office) -> Response:
    """Everybody who may be there twice."""
    total = office.store.register.count_pairs()
    pages = max(1, -(-total // LINES))
    number = min(asked_page(request.args), pages)
    found = pairs(office.book(), LINES, (number - 1) * LINES)
    if found:
        office.note("members.listed", "pairs")
    return office.page("member_pairs.html", part=Part(found, number, pages, total), name_of=name_of)


@needs(Right.MEMBERS)
def look(office: Office, member: str) -> Response:
    """Two side by side, before they become one. `other` names the second; without one, a field to look for them."""
    book = office.book()
    first = book.profile(member)
    if first is None:
        abort(404)
    other = request.args.get("other", "")
    if not other:
        return office.page(
            "merge_with.html", person=first, name=name_of(first), found=None, words="", name_of=name_of
        )
    second = book.profile(other)
    if second is None:
        abort(404)
    for one in (first, second):
        office.note("member.seen", book.known_as(one.member))
    # Who joined first is who stays, unless somebody asks for the other way round.
    into, gone = sorted((first, second), key=lambda one: (one.joined_at, one.member))
    if request.args.get("into") == gone.member:
        into, gone = gone, into
    looked = preview(book, gone.member, into.member)
    return office.page(
        "merge.html",
        422 if isinstance(looked, Said) else 200,
        wrong=looked if isinstance(looked, Said) else None,
        looked=None if isinstance(looked, Said) else looked,
        into=into,
        gone=gone,
        consents={one.member: all_of(office.store, one.member) for one in (into, gone)},
        name_of=name_of,
        act=os.urandom(16).hex(),
    )


@needs(Right.MEMBERS)
def find(office: Office, member: str) -> Response:
    """Look for the second of two."""
    book = office.book()
    first = book.profile(member)
    if first is None:
        abort(404)
    words = request.form.get("words", "")
    found = search(book, words, lambda typed: _e164(office, typed)) if words.strip() else None
    if found is not None:
        office.note("members.searched", found.how)
    return office.page(
        "merge_with.html", person=first, name=name_of(first), found=found, words=words[:300], name_of=name_of
    )


@needs(Right.MEMBERS)
def decide(office: Office, member: str) -> Response:
    """Merge this member into another one, or say that they are two."""
    other, act = request.form.get("other", ""), request.form.get("act", "")
    book = office.book()
    if book.profile(member) is None or book.profile(other) is None:
        abort(404)
    if request.form.get("action") == "different":
        say_different(book, member, other)
        return back_to("member_pairs", "different")
    if not _ACT.fullmatch(act):
        abort(400)
    done = merge(book, member, other, act=act, by=office.who(), now=office.now(), clock=office.clock())
    if isinstance(done, Said):
        return office.page("sorry.html", 409, title=office.wording().say(done), text="")
    return back_to("person", "merged", member=done.into)


@needs(Right.MEMBERS)
def undo(office: Office, member: str) -> Response:
    """Take a merging back."""
    act = request.form.get("act", "")
    if not _ACT.fullmatch(act):
        abort(400)
    done = part(office.book(), act, by=office.who(), now=office.now(), clock=office.clock())
    if isinstance(done, Said):
        abort(404)
    return back_to("person", "parted", member=member)


def _e164(office: Office, typed: str) -> str | None:
    number = read_phone(typed, office.country())
    return number.e164 if number is not None else None


ROUTES: tuple[Route, ...] = (
    Route("/people/twice", "member_pairs", doubles),
    Route("/people/<member>/merge", "merge", look),
    Route("/people/<member>/merge/find", "merge_find", find, ("POST",)),
    Route("/people/<member>/merge", "merge_decide", decide, ("POST",)),
    Route("/people/<member>/part", "merge_undo", undo, ("POST",)),
)
