"""Who is in a segment, one by one; and its own list, which comes as a file."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.office import Office, Route, back_to
from hub.admin.segments import record_of
from hub.members.fields import read_mail
from hub.roles import Right
from hub.segments import keeping
from hub.segments.lists import Finder, ReadList, read_list
from hub.sentences import Said
from hub.storefront.numbers import read_phone

PAGE = 50
MOST_UPLOAD_BYTES = 20 * 2**20
SHOWN_LINES = 100


@needs(Right.MEMBERS)
def members(office: Office, number: int) -> Response:
    """Who is in it now, some at a time."""
    record = record_of(office, number)
    after = request.args.get("after", "")[:40]
    ids = office.store.segments.members(number, after, PAGE + 1)
    book = office.book()
    profiles = book.profiles(ids[:PAGE])
    office.note("segment.members_seen", str(number))
    return office.page(
        "segment_members.html",
        record=record,
        size=office.store.segments.size(number),
        shown=[(one, profiles.get(one)) for one in ids[:PAGE]],
        more=ids[PAGE - 1] if len(ids) > PAGE else None,
        after=after,
    )


@needs(Right.IMPORT_DATA)
def put_list(office: Office, number: int) -> Response:
    """Look at a file, or put the members that it means on the list."""
    record = record_of(office, number)
    upload = request.files.get("upload")
    body = upload.stream.read(MOST_UPLOAD_BYTES + 1) if upload else b""
    if not body or len(body) > MOST_UPLOAD_BYTES:
        return office.page("segment_list.html", 422, record=record, read=None, too_large=bool(body))
    read = read_list(office.store, body, _finders(office))
    do = request.form.get("do")
    takes = do == "put" and (not read.bad or request.form.get("leave_out") == "yes") and read.members
    if not takes:
        return _looked(office, number, read, refused=do == "put")
    instead = request.form.get("how") == "instead"
    kept = keeping.put_list(office.store, number, read.members, office.now(), office.who(), instead=instead)
    if isinstance(kept, Said):
        return _looked(office, number, read, refused=True)
    return back_to("segment", "segment-listed", number=number)


def _looked(office: Office, number: int, read: ReadList, *, refused: bool) -> Response:
    return office.page(
        "segment_list.html",
        422 if refused else 200,
        record=record_of(office, number),
        read=read,
        bad=read.bad[:SHOWN_LINES],
        refused=refused,
        too_large=False,
    )


def _finders(office: Office) -> dict[str, Finder]:
    """A card opens nothing that its holder has not shown; who is behind a number only those learn who may see members."""
    book = office.book()
    found: dict[str, Finder] = {"card": book.by_card}
    if allowed(Right.MEMBERS):
        country = office.country()
        found["phone"] = lambda text: (
            book.by_number(number.e164) if (number := read_phone(text, country)) is not None else None
        )
        found["mail"] = lambda text: book.by_mail(mail) if (mail := read_mail(text)) else None
    return found


ROUTES = (
    Route("/segments/<int:number>/members", "segment_members", members),
    Route("/segments/<int:number>/list", "segment_list", put_list, ("POST",)),
)
