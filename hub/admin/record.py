"""The record of who changed what: by person, by deed, by day, with both sides of each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec
from flask import request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route
from hub.admin.period import period_of
from hub.admin.wording import Wording
from hub.store.records import AuditEntry
from hub.storefront.languages import gettext

PAGE = 50
LONGEST_NAME = 200
MOST_SKIPPED = 1_000_000
LATEST_S = 2.0**37
"""Seconds of UTC that a clock can still say as a day."""


@dataclass(frozen=True, slots=True)
class Side:
    """One thing that differs, as text; None where it was not there before, or is not afterwards."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One change. `more`: the rest that was written down with it, a JSON text, or ""."""

    entry: AuditEntry
    sides: list[Side]
    more: str


def record(office: Office) -> Response:
    """The latest changes that the address asks for."""
    who, what = (request.args.get(name, "")[:LONGEST_NAME] for name in ("who", "what"))
    skip = min(MOST_SKIPPED, max(0, request.args.get("skip", 0, type=int)))
    day = _day(request.args.get("day", ""))
    period = period_of(office.shop(), day, day) if day else None
    entries = office.store.people.audit(
        PAGE + 1,
        skip,
        who=who,
        what=what,
        first=period.first_at if period else None,
        end=period.end_at if period else None,
    )
    everybody, everything = office.store.people.audit_names()
    return office.page(
        "record.html",
        lines=[line_of(office.wording(), entry) for entry in entries[:PAGE]],
        who=who,
        what=what,
        day=day.isoformat() if day else "",
        keep={name: value for name, value in (("who", who), ("what", what), ("day", day)) if value},
        everybody=everybody,
        everything=everything,
        skip=skip,
        more=len(entries) > PAGE,
        page_size=PAGE,
    )


def line_of(wording: Wording, entry: AuditEntry) -> Line:
    """A change with its two sides. Those of an older release stand in its detail."""
    before, after, detail = (_read(text) for text in (entry.before, entry.after, entry.detail))
    both = {
        name: value
        for name, value in detail.items()
        if isinstance(value, dict) and value.keys() == {"before", "after"}
    }
    if not before and not after:
        before = {name: value["before"] for name, value in both.items() if value["before"] is not None}
        after = {name: value["after"] for name, value in both.items() if value["after"] is not None}
    names = list(dict.fromkeys([*before, *after]))
    # The one thing that a turn changes stands in the detail without a name.
    alone = bool(names) and detail.keys() == {"before", "after"}
    rest = {} if alone else {name: value for name, value in detail.items() if name not in both}
    return Line(
        entry,
        [
            Side(
                side_name(name),
                _shown(wording, name, before.get(name)),
                _shown(wording, name, after.get(name)),
            )
            for name in names
        ],
        _text(rest) or "" if rest and rest != after else "",
    )


def side_name(name: str) -> str:
    """What differs, in the reader's words; terms of an offer as their text form calls them."""
    names = {
        "name": gettext("What it is called"),
        "state": gettext("State"),
        "active": gettext("May redeem"),
        "program": gettext("Program"),
        "withdrawn": gettext("Withdrawn"),
        "withdrawn_at": gettext("Withdrawn"),
        "number": gettext("Number of the key"),
        "starts_at": gettext("Starts"),
        "ends_at": gettext("Ends"),
        "title": gettext("Title"),
        "own_membership": gettext("Own membership"),
    }
    return names.get(name, name)


def _shown(wording: Wording, name: str, value: object) -> str | None:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name.endswith("_at") and isinstance(value, int | float) and 0 <= value < LATEST_S:
        return wording.moment(value)
    return _text(value)


def _read(text: str) -> dict[str, object]:
    try:
        read = msgspec.json.decode(text)
    except msgspec.DecodeError:
        # Somebody altered the file; `verify` tells where, and the page still opens.
        return {}
    return read if isinstance(read, dict) else {}


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and the last year have days that no clock can say in UTC.
    return found if 1970 <= found.year <= 9_000 else None


ROUTES = (Route("/record", "record", record),)
