"""What other programs ask about data that comes in and goes out as files."""

from __future__ import annotations

from flask import Response

from hub.outside.asking import Call
from hub.outside.running import file_of, work_shown
from hub.outside.shapes import ImportWanted, Nothing, WorkShown
from hub.work import keep_upload, submit, submit_once


def bring_in(call: Call) -> WorkShown:
    """Look at a CSV file, or take it in."""
    asked: ImportWanted = call.body
    with call.store.writing():
        made = submit(
            call.store, "import", {"kind": asked.kind, "dry_run": asked.dry_run}, call.who, call.now
        )
        keep_upload(call.store, made.id, "import.csv", iter([asked.text.encode()]), call.now)
        call.note("import.asked", f"{asked.kind} {made.id}")
    return work_shown(made)


def give_out(call: Call) -> WorkShown:
    """Everything of the shop in one file, as work."""
    _: Nothing = call.body
    with call.store.writing():
        made = submit_once(call.store, "export", {}, call.who, call.now)
        call.note("export.asked", str(made.id))
    return work_shown(made)


def given_out(call: Call) -> Response:
    """The file that an export came to."""
    return file_of(call.store, int(call.path["number"]), "export")
