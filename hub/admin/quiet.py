"""Quiet hours and caps: what holds over everything that the shop sends of its own accord."""

from __future__ import annotations

import msgspec
from flask import request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.naming import weekday_name
from hub.admin.office import Office, Route, back_to
from hub.care.frequency import MOST_DAYS, Cap
from hub.care.quiet import QuietHours, Stretch, next_moment
from hub.care.rules import CareRules, rules
from hub.care.typed import Faults, Form, Reader
from hub.roles import Right
from hub.sentences import said

ROWS = 4
CAPS = 3


def quiet(office: Office) -> Response:
    """What holds now."""
    return _page(office, {}, {})


@needs(Right.MESSAGES)
def quiet_save(office: Office) -> Response:
    """Set it."""
    read = read_rules(request.form, [request.form.getlist(f"days{row}") for row in range(1, ROWS + 1)])
    if not isinstance(read, CareRules):
        return _page(office, read, request.form, 422)
    before = rules(office.store)
    with office.store.writing():
        office.store.care.set_rules(msgspec.json.encode(read))
        both = {
            name: {"before": msgspec.json.encode(old).decode(), "after": msgspec.json.encode(new).decode()}
            for name, old, new in (("quiet", before.quiet, read.quiet), ("caps", before.caps, read.caps))
            if old != new
        }
        office.note("care.rules", "shop", changes=both)
    return back_to("quiet", "quiet-saved")


def read_rules(form: Form, days: list[list[str]]) -> CareRules | Faults:
    """Quiet hours and caps as they were typed."""
    reader = Reader(form)
    stretches = []
    for row in range(1, ROWS + 1):
        start, end = reader.maybe_clock(f"start{row}"), reader.maybe_clock(f"end{row}")
        on = tuple(sorted({int(one) for one in days[row - 1] if one in "0123456" and len(one) == 1}))
        if start is None and end is None:
            continue
        if start is None or end is None or not on:
            reader.faults.setdefault(f"start{row}", said("Give the days, a beginning and an end."))
            continue
        stretches.append(Stretch(on, start, end or 24 * 60))
    caps = []
    for row in range(1, CAPS + 1):
        messages, within = (
            reader.number(f"messages{row}", 1, 50, 0),
            reader.number(f"within{row}", 1, MOST_DAYS, 0),
        )
        if bool(messages) != bool(within):
            reader.faults.setdefault(
                f"messages{row}", said("Give a number of messages and a number of days.")
            )
        elif messages:
            caps.append(Cap(messages, within))
    if not reader.faults and stretches and _always(QuietHours(tuple(stretches))):
        reader.faults["start1"] = said(
            "Like this nothing could ever be sent. Leave some time of the week open."
        )
    return reader.faults or CareRules(QuietHours(tuple(stretches)), tuple(caps))


def _always(hours: QuietHours) -> bool:
    return next_moment(hours, "UTC", 0.0) is None


def _page(office: Office, faults: Faults, typed: object, status: int = 200) -> Response:
    found = rules(office.store)
    rows = [*found.quiet.stretches, *([None] * ROWS)][:ROWS]
    caps = [*found.caps, *([None] * CAPS)][:CAPS]
    return office.page(
        "quiet.html",
        status,
        rows=list(enumerate(rows, 1)),
        caps=list(enumerate(caps, 1)),
        faults=faults,
        typed=typed,
        timezone=office.shop().timezone,
        weekdays=[(day, weekday_name(office.wording(), day)) for day in range(7)],
    )


ROUTES = (
    Route("/quiet", "quiet", quiet),
    Route("/quiet", "quiet_save", quiet_save, ("POST",)),
)
