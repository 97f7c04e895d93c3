"""Long work: what is under way and how far, what came of it; begun here, cancelled here, and going on when the page is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.office import Office, Route, back_to
from hub.outside.running import file_of
from hub.roles import Right
from hub.sentences import Said
from hub.store.work_records import Work
from hub.storefront.languages import gettext
from hub.work import cancel, keep_upload, result_of, submit, submit_once
from hub.work_kinds import KINDS

PAGE = 20
BEGUN_HERE = ("verify", "rebuild", "backup", "export")
IMPORTS = ("products", "offers")
MOST_UPLOAD_BYTES = 20 * 2**20
SHOWN_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One piece of work as the page shows it. `share` from 0 to 1, None where nobody knows the whole."""

    work: Work
    name: str
    step: str
    unit: str
    share: float | None
    rate: float | None
    left_s: float | None
    result: dict[str, Any]
    right: str
    may_cancel: bool
    file: str


def works(office: Office) -> Response:
    """Everything that is under way, and the latest of what has ended."""
    below = request.args.get("below", type=int)
    found = office.store.work.latest(PAGE + 1, below=below)
    return office.page(
        "work.html",
        lines=[line_of(office, work) for work in found[:PAGE]],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        below=below,
        under_way=any(not work.ended for work in found),
        begin=[(name, kind_name(name), kind_what(name)) for name in BEGUN_HERE if allowed(KINDS[name].right)],
        imports=IMPORTS if allowed(Right.IMPORT_DATA) else (),
    )


def one(office: Office, number: int) -> Response:
    """One piece of work with all that came of it."""
    work = office.store.work.get(number)
    if work is None:
        abort(404)
    line = line_of(office, work)
    bad = line.result.get("lines")
    return office.page(
        "work_one.html",
        line=line,
        under_way=not work.ended,
        bad=[_bad(office, one) for one in bad[:SHOWN_LINES]] if isinstance(bad, list) else [],
    )


@needs(Right.BACKUP, "kind", export=Right.EXPORT_DATA)
def begin(office: Office) -> Response:
    """Let a worker do this."""
    kind = request.form.get("kind", "")
    if kind not in BEGUN_HERE:
        abort(400)
    with office.store.writing():
        made = submit_once(office.store, kind, {}, office.who(), office.now())
        office.note("work.begun", f"{kind} {made.id}")
    return back_to("work_one", "work-begun", number=made.id)


@needs(Right.IMPORT_DATA)
def bring_in(office: Office) -> Response:
    """Look at a CSV file, or take it in."""
    what, upload = request.form.get("what", ""), request.files.get("upload")
    body = upload.stream.read(MOST_UPLOAD_BYTES + 1) if upload else b""
    if what not in IMPORTS or not body or len(body) > MOST_UPLOAD_BYTES:
        return office.page(
            "sorry.html",
            422,
            title=gettext("There is no file to read"),
            text=gettext("Choose a CSV file of at most 20 MB, say what is in it, and send it again."),
        )
    dry = request.form.get("do") != "import"
    with office.store.writing():
        made = submit(office.store, "import", {"kind": what, "dry_run": dry}, office.who(), office.now())
        keep_upload(office.store, made.id, "import.csv", iter([body]), office.now())
        office.note("import.asked", f"{what} {made.id}")
    return back_to("work_one", "work-begun", number=made.id)


@needs(Right.IMPORT_DATA)
def bring_in_now(office: Office, number: int) -> Response:
    """Take in what a dry run has looked at: the very same file."""
    before = office.store.work.get(number)
    if before is None or before.kind != "import" or not result_of(before).get("dry_run"):
        abort(404)
    with office.store.writing():
        what = str(result_of(before).get("kind"))
        made = submit(office.store, "import", {"kind": what, "dry_run": False}, office.who(), office.now())
        keep_upload(
            office.store, made.id, "import.csv", office.store.work.parts(number, "import.csv"), office.now()
        )
        office.note("import.asked", f"{what} {made.id}")
    return back_to("work_one", "work-begun", number=made.id)


@needs(
    Right.BACKUP,
    "right",
    export_data=Right.EXPORT_DATA,
    import_data=Right.IMPORT_DATA,
    erase=Right.ERASE,
    campaign_edit=Right.CAMPAIGN_EDIT,
)
def stop(office: Office, number: int) -> Response:
    """End it at its next step."""
    found = office.store.work.get(number)
    if found is None:
        abort(404)
    if request.form.get("right", Right.BACKUP.value) != _right(found).value:
        # The form says which right it asks for, so it has to be the one of this very work.
        abort(400)
    with office.store.writing():
        if cancel(office.store, number, office.now()) in ("waiting", "running"):
            office.note("work.cancelled", f"{found.kind} {number}")
    return back_to("work_one", "work-cancelled", number=number)


@needs(Right.EXPORT_DATA)
def file(office: Office, number: int) -> Response:
    """What an export has given out."""
    found = office.store.work.get(number)
    if (
        found is None
        or found.kind != "export"
        or found.state != "done"
        or not office.store.work.files(number)
    ):
        abort(404)
    office.note("export.fetched", str(number))
    return file_of(office.store, number, "export")


def line_of(office: Office, work: Work) -> Line:
    """Work in the reader's words."""
    rate = work.rate(office.now())
    share = min(1.0, work.done / work.total) if work.total else None
    left = (work.total - work.done) / rate if rate and work.state == "running" and work.total else None
    files = office.store.work.files(work.id) if work.kind == "export" and work.state == "done" else []
    return Line(
        work,
        kind_name(work.kind),
        step_name(work.note),
        unit_name(work.unit),
        share,
        rate,
        left,
        result_of(work),
        _right(work).value,
        not work.ended and work.cancel_at is None and allowed(_right(work)),
        files[0].name if files and allowed(Right.EXPORT_DATA) else "",
    )


def _right(work: Work) -> Right:
    kind = KINDS.get(work.kind)
    return kind.right if kind else Right.BACKUP


def _bad(office: Office, bad: dict[str, Any]) -> dict[str, Any]:
    sentence = Said(str(bad.get("text", "")), dict(bad.get("values") or {}))
    return {"line": bad.get("line"), "column": bad.get("column"), "sentence": office.wording().say(sentence)}


def kind_name(kind: str) -> str:
    """What a kind of work is called."""
    names = {
        "verify": gettext("Check everything"),
        "rebuild": gettext("Derive everything again"),
        "worth": gettext("What members are worth"),
        "backup": gettext("Make a copy of the database"),
        "export": gettext("Give everything out"),
        "import": gettext("Take a file in"),
        "import_members": gettext("Take members in from a file"),
        "restore": gettext("Try a backup out"),
        "drill": gettext("Try a backup out"),
        "migrate": gettext("Move to another database"),
        "erase": gettext("Forget somebody"),
        "segment": gettext("Count the members of segments"),
    }
    return names.get(kind, kind)


def kind_what(kind: str) -> str:
    """What a kind of work is for."""
    texts = {
        "verify": gettext(
            "Shows that the books follow from the journal to the byte, and that nobody edited the record."
        ),
        "rebuild": gettext("Makes the books again from the journal. Tills go on meanwhile."),
        "backup": gettext("One file in the hub's own folder. Keep it elsewhere, too."),
        "export": gettext(
            "One file with every table and every event, for other programs. No secret is in it."
        ),
    }
    return texts.get(kind, "")


def step_name(note: str) -> str:
    """At which step work is."""
    names = {
        "clearing": gettext("clearing up"),
        "deriving": gettext("deriving"),
        "comparing": gettext("comparing"),
        "checking": gettext("checking the database"),
        "reading": gettext("reading"),
        "keeping": gettext("writing down"),
        "packing": gettext("packing"),
        "copying": gettext("copying"),
        "counting": gettext("judging members"),
    }
    return names.get(note, note)


def unit_name(unit: str) -> str:
    """What is counted."""
    names = {
        "events": gettext("events"),
        "rows": gettext("rows"),
        "lines": gettext("lines"),
        "kB": "kB",
        "files": gettext("files"),
        "members": gettext("members"),
    }
    return names.get(unit, unit)


ROUTES = (
    Route("/work", "work", works),
    Route("/work", "work_begin", begin, ("POST",)),
    Route("/work/import", "work_import", bring_in, ("POST",)),
    Route("/work/<int:number>", "work_one", one),
    Route("/work/<int:number>/import", "work_import_now", bring_in_now, ("POST",)),
    Route("/work/<int:number>/cancel", "work_cancel", stop, ("POST",)),
    Route("/work/<int:number>/file", "work_file", file),
)
