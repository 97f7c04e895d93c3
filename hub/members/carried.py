"""Everything that is kept of a member, as files that they take with them from their own page."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template
from werkzeug.exceptions import NotFound

from hub.members.doors import Doors
from hub.members.exporting import as_csv, as_json, carry, shown
from hub.storefront.languages import language
from hub.wire.snapshot import Shop, say

MOST_SHOWN = 100
"""Of one section on the page; files have all."""

_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def carried_away(doors: Doors, member: str, token: str, form: str, now: float, shop: Shop) -> Response:
    """One of the three forms: "json", "csv", "html". `token`: of the link with which they came."""
    if form not in ("html", *_TYPES):
        raise NotFound
    carried = carry(doors.store, doors.key, member, now)
    if form == "html":
        parts = [
            (
                say(part.section.title, language()),
                [say(column.title, language()) for column in part.section.columns],
                [
                    [
                        shown(carried.shop, column, value, language())
                        for column, value in zip(part.section.columns, row, strict=True)
                    ]
                    for row in part.rows
                ],
            )
            for part in carried.parts
        ]
        return make_response(render_template("me/carried.html", parts=parts, token=token, most=MOST_SHOWN))
    body = as_json(carried) if form == "json" else as_csv(carried, language())
    day = datetime.fromtimestamp(now, ZoneInfo(shop.timezone)).date()
    response = Response(body, mimetype=_TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="kept-{day.isoformat()}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    return response
