"""Notes on the chart: what people of the office write beside days, with who wrote it and when."""

from __future__ import annotations

from datetime import date

from flask import abort, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, own_path
from hub.roles import Right
from hub.storefront.languages import gettext

LONGEST_NOTE = 200


@needs(Right.CAMPAIGN_EDIT)
def add(office: Office) -> Response:
    """Keep one. Days that are turned round are turned back."""
    form = request.form
    text = " ".join(form.get("text", "").split())
    first, last = _day(form.get("first", "")), _day(form.get("last", ""))
    if not text or len(text) > LONGEST_NOTE or first is None or last is None:
        return office.page(
            "sorry.html",
            422,
            title=gettext("The note was not kept"),
            text=gettext(
                "A note has a day, or two, and at most %(count)s characters. Go back and send it again.",
                count=LONGEST_NOTE,
            ),
        )
    first, last = sorted((first, last))
    with office.store.writing():
        number = office.store.notes.add(first, last, text, office.who(), office.now())
        office.note("note.added", str(number))
    return _back()


@needs(Right.CAMPAIGN_EDIT)
def remove(office: Office, number: int) -> Response:
    """Forget one."""
    with office.store.writing():
        if not office.store.notes.remove(number):
            abort(404)
        office.note("note.removed", str(number))
    return _back()


def _back() -> Response:
    """To the days that were looked at."""
    return redirect(own_path(request.form.get("back")) or url_for(".explore"), 303)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


ROUTES = (
    Route("/explore/notes", "note_add", add, ("POST",)),
    Route("/explore/notes/<int:number>/remove", "note_remove", remove, ("POST",)),
)
