"""Tags: what the doors may recognise, a form for a new one, and the end of one."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route, back_to
from hub.admin.paging import asked_page, asked_words, cut, found
from hub.enrolled import add_tag, is_readable, remove_tag
from hub.sentences import Said
from hub.storefront.languages import language
from hub.tags import CONSENT, WAYS, WHOSE, TypedTag, read_tag, way_of

SHOWN_AGAIN = ("name", "whose", "way", "identity", "clock")
"""What a form with a fault still holds. A key has to be typed again: no page ever shows one."""


def tags(office: Office) -> Response:
    """Everything that is enrolled, and a form for one more."""
    return _page(office, {"whose": "thing", "way": "identity"}, {})


def add(office: Office) -> Response:
    """Enrol what was typed."""
    now = office.now()
    typed = TypedTag(request.form, request.form.get("agreed") == "yes", language())
    read = read_tag(typed, now)
    faults = read if isinstance(read, dict) else None
    if not isinstance(read, dict):
        added = add_tag(office.store, office.key, read, now, who=office.who())
        faults = added if isinstance(added, dict) else None
    if faults is None:
        return back_to("tags", "tag-added")
    again = {name: typed.get(name) for name in SHOWN_AGAIN}
    if way_of(again["identity"]) != "identity":
        again["identity"] = ""
    return _page(office, again, faults)


def remove(office: Office, known: str) -> Response:
    """Recognise something no more, after asking once."""
    tag = next((one for one in office.store.tags.all() if one.known == known), None)
    if tag is None:
        abort(404)
    if request.form.get("sure") != "yes":
        return office.page("tag.html", tag=tag)
    remove_tag(office.store, known, office.now(), who=office.who())
    return back_to("tags", "tag-removed")


def _page(office: Office, typed: dict[str, str], faults: dict[str, Said]) -> Response:
    query, every = asked_words(request.args), office.store.tags.all()
    some = [tag for tag in every if found(query, (tag.name, tag.identity or ""))]
    some.sort(key=lambda tag: (WHOSE.index(tag.whose), tag.name.casefold()))
    part = cut(some, asked_page(request.args), {"q": query} if query else {})
    return office.page(
        "tags.html",
        422 if faults else 200,
        tags=[(tag, is_readable(office.key, tag)) for tag in part.lines],
        part=part,
        query=query,
        any=bool(every),
        typed=typed,
        faults=faults,
        whose=WHOSE,
        ways=WAYS,
        words=CONSENT,
    )


ROUTES = (
    Route("/tags", "tags", tags),
    Route("/tags", "tag_add", add, ("POST",)),
    Route("/tags/<known>/remove", "tag_remove", remove, ("POST",)),
)
