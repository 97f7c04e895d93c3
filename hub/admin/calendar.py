"""What runs when: a month of offers, and which of them run at the same time in the same place."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_skeleton, get_day_names
from flask import request
from werkzeug.wrappers import Response

from hub.admin.offers import standings
from hub.admin.office import Office, Route
from hub.admin.paging import asked_page, cut
from hub.admin.terms_shown import channel_names
from hub.months import next_month, overlaps_of, read_month, runs_of, stretches_of, weeks_of
from hub.storefront.languages import gettext, locale


def calendar(office: Office) -> Response:
    """The month that the address asks for."""
    shop, now, wording = office.shop(), office.now(), office.wording()
    today = wording.local(now).date()
    first = read_month(request.args.get("month", ""), today)
    runs = runs_of(office.store.campaigns.all(), first, shop.timezone, now)
    weekday = locale().first_week_day
    names = get_day_names("abbreviated", context="stand-alone", locale=locale())
    return office.page(
        "calendar.html",
        title=format_skeleton("yMMMM", first, locale=locale()),
        first=first,
        before=next_month(first, -1).isoformat()[:7],
        after=next_month(first).isoformat()[:7],
        this_month=today.isoformat()[:7],
        today=today,
        weekdays=[names[(weekday + step) % 7] for step in range(7)],
        weeks=weeks_of(runs, first, weekday),
        stretches=stretches_of(runs, first),
        overlaps=cut(overlaps_of(runs, first), asked_page(request.args), {"month": first.isoformat()[:7]}),
        goes_on=...,
        last=next_month(first) - timedelta(days=1),
        places=channel_names() | {"air": gettext("on Bluetooth")},
        standings=standings(),
    )


ROUTES = (Route("/calendar", "calendar", calendar),)
