"""Members: who they are, found by card, number, address or name; one of them with all that belongs to them.

What is looked for goes by POST: a name or a number is never part of an address. Each search and each person that is looked at
stands in the record of changes, under a mark that means nobody once they are forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from babel import Locale, UnknownLocaleError
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.member_parts import PARTS
from hub.admin.office import Office, Route, back_to
from hub.admin.paging import LINES, Part, asked_page
from hub.members.book import Book, Profile
from hub.members.consent import all_of, pause, withdraw
from hub.members.duplicates import pairs_of
from hub.members.exporting import as_csv, as_json, carry
from hub.members.fields import Fields, is_findable, read_fields
from hub.members.joining import join_here
from hub.members.searching import Found, search
from hub.roles import Right
from hub.sentences import Said, said
from hub.storefront.languages import TAGS, language, locale
from hub.storefront.numbers import read_phone
from hub.wire.sync_members import MEMBER_PATTERN

PLACE = "Office"
"""What stands as the place of what was done here for a member."""

PROOF = "office"
DAY_S = 86_400.0
MOST_PAGES = 200
"""Whoever is further back is looked for, and not leafed to."""

PAUSES = (30, 90, 365)
"""Days."""


@needs(Right.MEMBERS)
def people(office: Office) -> Response:
    """Who joined last, and the field to look for somebody."""
    book = office.book()
    number = asked_page(request.args)
    total = office.store.register.count_persons()
    pages = min(MOST_PAGES, max(1, -(-total // LINES)))
    number = min(number, pages)
    rows = office.store.register.page(LINES, (number - 1) * LINES)
    profiles = book.profiles([row.member for row in rows])
    shown = [
        profiles[row.member] for row in rows if row.member in profiles and not book.is_leaving(row.member)
    ]
    if shown:
        office.note("members.listed", "members")
    return _list(office, part=Part(shown, number, pages, total))


@needs(Right.MEMBERS)
def look_for(office: Office) -> Response:
    """Look for somebody."""
    words = request.form.get("words", "")
    found = search(office.book(), words, lambda typed: _e164(office, typed)) if words.strip() else None
    if found is not None:
        office.note("members.searched", found.how)
    return _list(office, found=found, words=words[:300])


@needs(Right.MEMBERS)
def add(office: Office) -> Response:
    """Somebody becomes a member in the office; they agree to messages themselves, on their own page."""
    read = _read(office)
    if isinstance(read, Fields) and not is_findable(read):
        read = {"name": said("Type a name, a number or an address: by what else could they be found?")}
    if isinstance(read, dict):
        return _list(office, 422, typed=request.form, faults=read)
    member = request.form.get("member", "")
    if not _is_id(member):
        abort(400)
    joined = join_here(
        office.book(),
        member,
        read,
        way="office",
        place=PLACE,
        language=spoken if (spoken := request.form.get("language", "")) in TAGS else language(),
        agreed=(),
        now=office.now(),
        clock=office.clock(),
    )
    if joined is None:
        abort(400)
    if not joined.known:
        office.note("member.added", office.book().known_as(joined.member))
    return back_to("person", "member-added", member=joined.member)


@needs(Right.MEMBERS)
def person(office: Office, member: str) -> Response:
    """One member."""
    book, profile = _found(office, member)
    if profile.member != member:
        return back_to("person", request.args.get("done"), member=profile.member)
    office.note("member.seen", book.known_as(member))
    return _person(office, book, profile)


@needs(Right.MEMBERS)
def change(office: Office, member: str) -> Response:
    """Their fields are others now."""
    book, profile = _found(office, member)
    read = _read(office, tuple(profile.fields.free))
    if isinstance(read, dict):
        return _person(office, book, profile, 422, typed=request.form, faults=read)
    if not profile.readable:
        abort(409)
    if read != profile.fields:
        names = _changed(profile.fields, read)
        with office.store.writing():
            book.change(profile.member, read, at=office.now())
            office.note("member.changed", book.known_as(profile.member), f'{{"fields":"{" ".join(names)}"}}')
    return back_to("person", "saved", member=profile.member)


@needs(Right.MEMBERS, "action", erase=Right.ERASE)
def act(office: Office, member: str) -> Response:
    """What they asked the shop for, face to face or in a letter: to hear nothing for a while, no messages any
    more, to be forgotten."""
    book, profile = _found(office, member)
    action, now = request.form.get("action", ""), office.now()
    store, clock = office.store, office.clock()
    if action == "pause":
        typed = request.form.get("days", "")
        days = int(typed) if typed in map(str, PAUSES) else PAUSES[0]
        pause(store, profile.member, now + days * DAY_S, place=PLACE, now=now, clock=clock)
    elif action == "go_on":
        pause(store, profile.member, 0.0, place=PLACE, now=now, clock=clock)
    elif action == "stop":
        withdraw(store, profile.member, "messages", place=PLACE, proof=PROOF, now=now, clock=clock)
    elif action == "erase":
        if request.form.get("sure") != "yes":
            return office.page("person_erase.html", person=profile, name=name_of(profile))
        mark = book.known_as(profile.member)
        withdraw(store, profile.member, "all", place=PLACE, proof=PROOF, now=now, clock=clock)
        office.note("member.erased", mark)
        return back_to("people", "member-erased")
    else:
        abort(400)
    office.note(f"member.{action}", book.known_as(profile.member))
    return back_to("person", f"member-{action}", member=profile.member)


@needs(Right.MEMBERS)
def carry_away(office: Office, member: str, kind: str) -> Response:
    """Everything that is kept of them as a file, for whoever asks the shop for it in person."""
    book, profile = _found(office, member)
    if kind not in ("json", "csv"):
        abort(404)
    office.note("member.carried", book.known_as(profile.member))
    carried = carry(office.store, office.people_key(), profile.member, office.now())
    body = as_json(carried) if kind == "json" else as_csv(carried, language())
    return Response(
        body,
        mimetype="application/json" if kind == "json" else "text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="member.{kind}"', "Cache-Control": "no-store"},
    )


def _list(
    office: Office,
    status: int = 200,
    *,
    part: Part[Profile] | None = None,
    found: Found | None = None,
    words: str = "",
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, Said] | None = None,
) -> Response:
    return office.page(
        "people.html",
        status,
        part=part,
        found=found,
        words=words,
        people=part.lines if part is not None else found.profiles if found is not None else (),
        name_of=name_of,
        tongue=_tongue,
        tongues=sorted(TAGS, key=lambda tag: tag != language()),
        typed=typed or {},
        faults=faults or {},
        new_member=os.urandom(16).hex(),
        doubles=office.store.register.count_pairs(),
        any=bool(part and part.total),
    )


def _person(
    office: Office,
    book: Book,
    profile: Profile,
    status: int = 200,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, Said] | None = None,
) -> Response:
    member, now = profile.member, office.now()
    parts = [(part.template, part.values(office, member, now)) for part in PARTS]
    merges = [
        row
        for one in office.store.register.group(member)
        for row in office.store.register.merges_of(one)
        if row.parted_at is None
    ]
    return office.page(
        "person.html",
        status,
        person=profile,
        name=name_of(profile),
        typed=typed or typed_of(profile.fields),
        faults=faults or {},
        consents=all_of(office.store, member),
        paused_now=all_of(office.store, member).paused_until > now,
        pauses=PAUSES,
        doubles=pairs_of(book, member),
        merges={row.act: row for row in merges}.values(),
        name_of=name_of,
        tongue=_tongue,
        parts=parts,
        may_erase=allowed(Right.ERASE),
    )


def typed_of(fields: Fields) -> dict[str, str]:
    """Fields as a form shows them."""
    plain = {"name": fields.name, "phone": fields.phone, "mail": fields.mail, "birthday": fields.birthday}
    return plain | {f"free:{label}": text for label, text in fields.free.items()}


def _read(office: Office, free: tuple[str, ...] = ()) -> Fields | dict[str, Said]:
    today = datetime.fromtimestamp(office.now(), UTC).date()
    return read_fields(request.form, lambda typed: _e164(office, typed), today, free)


def _e164(office: Office, typed: str) -> str | None:
    number = read_phone(typed, office.country())
    return number.e164 if number is not None else None


def _found(office: Office, member: str) -> tuple[Book, Profile]:
    book = office.book()
    profile = book.profile(member) if _is_id(member) else None
    if profile is None or book.is_leaving(profile.member):
        abort(404)
    return book, profile


def _is_id(text: str) -> bool:
    return re.fullmatch(MEMBER_PATTERN, text) is not None


def name_of(profile: Profile) -> str:
    """What a page calls somebody: their name, else the number or the address, else nothing."""
    fields = profile.fields
    return fields.name or fields.phone or fields.mail


def _tongue(tag: str) -> str:
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name(locale()) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def _changed(before: Fields, after: Fields) -> list[str]:
    """The names of the fields that differ, without what stands in them."""
    return [
        one
        for one in ("name", "phone", "mail", "birthday", "free")
        if getattr(before, one) != getattr(after, one)
    ]


ROUTES: tuple[Route, ...] = (
    Route("/people", "people", people),
    Route("/people", "people_search", look_for, ("POST",)),
    Route("/people/add", "people_add", add, ("POST",)),
    Route("/people/<member>", "person", person),
    Route("/people/<member>", "person_change", change, ("POST",)),
    Route("/people/<member>/all.<kind>", "person_carried", carry_away),
    Route("/people/<member>/act", "person_act", act, ("POST",)),
)
