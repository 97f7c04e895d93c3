"""Members from a CSV file: looked at first, then taken in; as long work, and sealed while it waits."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.members.importing import FILE, KIND, seal_file
from hub.roles import Right
from hub.storefront.languages import gettext
from hub.work import keep_upload, result_of, submit

MOST_BYTES = 20 * 2**20


@needs(Right.MEMBERS)
def page(office: Office) -> Response:
    """What a file has to look like, and where it is given."""
    return office.page("people_file.html")


@needs(Right.MEMBERS)
def take(office: Office) -> Response:
    """Look at a file, or take it in."""
    upload = request.files.get("upload")
    body = upload.stream.read(MOST_BYTES + 1) if upload else b""
    if not body or len(body) > MOST_BYTES:
        return office.page(
            "sorry.html",
            422,
            title=gettext("There is no file to read"),
            text=gettext("Choose a CSV file of at most 20 MB, and send it again."),
        )
    dry = request.form.get("do") != "import"
    with office.store.writing():
        made = submit(office.store, KIND, {"dry_run": dry}, office.who(), office.now())
        sealed = seal_file(office.people_key(), office.store.shop.number, body)
        keep_upload(office.store, made.id, FILE, iter([sealed]), office.now())
        office.note("import.asked", f"members {made.id}")
    return back_to("work_one", "work-begun", number=made.id)


@needs(Right.MEMBERS)
def take_now(office: Office, number: int) -> Response:
    """Take in what a dry run has looked at: the very same file, which is deleted there."""
    before = office.store.work.get(number)
    if before is None or before.kind != KIND or not result_of(before).get("dry_run"):
        abort(404)
    sealed = b"".join(office.store.work.parts(number, FILE))
    if not sealed:
        abort(404)
    with office.store.writing():
        made = submit(office.store, KIND, {"dry_run": False}, office.who(), office.now())
        keep_upload(office.store, made.id, FILE, iter([sealed]), office.now())
        office.store.work.drop_file(number, FILE)
        office.note("import.asked", f"members {made.id}")
    return back_to("work_one", "work-begun", number=made.id)


ROUTES: tuple[Route, ...] = (
    Route("/people/file", "people_file", page),
    Route("/people/file", "people_file_take", take, ("POST",)),
    Route("/people/file/<int:number>/now", "people_file_now", take_now, ("POST",)),
)
