"""Explore: any days beside others, in whatever part of the shop. Everything that is chosen stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from flask import request
from werkzeug.wrappers import Response

from hub.admin.explorer import MOST_DAYS, MOST_STRETCHES, Cut, Explorer
from hub.admin.floor_heat import FloorHeat, floors_of
from hub.admin.naming import dimension_name, weekday_name
from hub.admin.office import Office, Route
from hub.figures.address import read, write_filters
from hub.figures.answer import NOTHING, Answer
from hub.figures.question import Days, Dimension
from hub.sentences import Said
from hub.storefront.languages import gettext


def explore(office: Office) -> Response:
    """The page."""
    view = Explorer(office)
    leads = view.leads()
    notes = office.store.notes.between(view.asked.days.first, view.asked.days.last)
    series = view.series(notes)
    if isinstance(leads, Said) or isinstance(series, Said):
        wrong = leads if isinstance(leads, Said) else series
        return office.page(
            "explore.html",
            400,
            wrong=wrong,
            view=view,
            filters_written=write_filters(view.asked.filters),
            chips=view.chips(),
            picks=picks(view),
        )
    cuts = view.cuts()
    heat = view.heat()
    compared = leads.compared
    begun = begun_within(view, compared)
    return office.page(
        "explore.html",
        wrong=None,
        view=view,
        dimension_name=dimension_name,
        most_lines=MOST_STRETCHES,
        whole_tables=request.args.get("table") == "whole",
        question=leads.question,
        behind=behind_of(view, leads),
        back=request.full_path,
        filters_written=write_filters(view.asked.filters),
        leads=leads,
        series=series,
        cuts=cuts,
        heat=heat,
        floors=_floors(view, cuts),
        reasons=view.why(series, cuts, leads) if compared and not begun else [],
        notes_before=office.store.notes.between(compared.first, compared.last) if compared else [],
        chips=view.chips(),
        picks=picks(view),
        steps=_steps_offered(view, series.step),
        compared_text=compared_text(view, compared),
        begun=begun,
        changes=[(one, date.fromordinal(one.day)) for one in view.changes()],
        shown_leads=shown_leads(leads, view.figure.name),
        marked=marked([leads, series.answer, *(cut.answer for cut in cuts), *([heat[0]] if heat else [])]),
        hour_names=[view.names.time(Dimension.HOUR, str(hour)) for hour in range(24)],
        day_names=[weekday_name(office.wording(), day) for day in range(7)],
    )


def _floors(view: Explorer, cuts: Sequence[Cut]) -> list[FloorHeat]:
    for cut in cuts:
        if cut.dimension is Dimension.ZONE:
            values = {row.key[0]: row.values.get(view.figure.name, NOTHING) for row in cut.answer.rows}
            return floors_of(view.office.store, values)
    return []


def picks(view: Explorer) -> list[tuple[str, str, bool]]:
    """The days that are one click away: their name, their address, whether they are shown."""
    saturday = view.today - timedelta(days=(view.today.weekday() - 5) % 7 or 7)
    last_saturday = view.asked.on(Days(saturday, saturday))
    plain: list[tuple[str, Callable[[], str]]] = [
        ("today", lambda: gettext("Today")),
        ("yesterday", lambda: gettext("Yesterday")),
        ("7", lambda: gettext("7 days")),
        ("30", lambda: gettext("30 days")),
        ("90", lambda: gettext("90 days")),
        ("month", lambda: gettext("This month")),
        ("365", lambda: gettext("A year")),
    ]
    found = []
    for choice, name in plain:
        asked = view.asked.on(read(_Only({"days": choice}), view.office.shop(), view.now).days, choice)
        found.append((name(), view.url(asked), view.asked.choice == choice))
    found.insert(
        2, (gettext("Last Saturday"), view.url(last_saturday), view.asked.days == last_saturday.days)
    )
    return found


class _Only:
    """An address of one value for each name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def getlist(self, key: str) -> list[str]:
        return [self._values[key]] if key in self._values else []


def _steps_offered(view: Explorer, shown: Dimension) -> list[tuple[str, str, bool]]:
    """In which steps the chart may be drawn, where there is a choice."""
    count = view.asked.days.count
    fitting = [
        one
        for one, least, most in (
            (Dimension.HOUR, 1, 10_000),
            (Dimension.DAY, 2, MOST_DAYS),
            (Dimension.WEEK, 15, 10_000),
            (Dimension.MONTH, 62, 10_000),
        )
        if least <= count <= most and one in view.figure.cuts
    ]
    names = {
        Dimension.HOUR: gettext("by hour"),
        Dimension.DAY: gettext("by day"),
        Dimension.WEEK: gettext("by week"),
        Dimension.MONTH: gettext("by month"),
    }
    if len(fitting) < 2:
        return []
    return [(names[one], view.url(replace(view.asked, by=(one,))), one is shown) for one in fitting]


def behind_of(view: Explorer, answer: Answer) -> list[tuple[str, str]]:
    """Nodes that are behind, each once, with the earliest day from which on its facts may be missing."""
    found: dict[str, str] = {}
    for fresh in answer.fresh.values():
        for name, day in fresh.behind:
            found[name] = min(found.get(name, day), day)
    wording = view.office.wording()
    return [(name, wording.day(date.fromisoformat(day))) for name, day in sorted(found.items())]


def shown_leads(leads: Answer, chosen: str) -> list[str]:
    """The figures at the head: those in which there is anything, what is looked at, and the two that every shop has."""
    total = leads.total
    return [
        name
        for name in leads.question.figures
        if name in ("visits", "redeemed", chosen)
        or any(values.get(name, NOTHING).number for values in (total.values, total.before))
    ]


def begun_within(view: Explorer, compared: Days | None) -> str:
    """The day on which counting began, where the days of the comparison began before it; "" otherwise."""
    if not view.begun or not (view.nothing_before or (compared and compared.first < view.begun)):
        return ""
    return view.office.wording().span(view.begun, view.begun)


def compared_text(view: Explorer, compared: Days | None) -> str:
    """What the days of the comparison are called beside a number."""
    return view.office.wording().short_span(compared.first, compared.last) if compared else ""


def marked(answers: Iterable[Answer]) -> tuple[bool, bool]:
    """Whether some number carries noise, and whether some is not final: each is explained once on the page."""
    values = [
        value
        for answer in answers
        for row in (answer.total, *answer.rows)
        for value in (*row.values.values(), *row.before.values())
    ]
    return any(value.noisy for value in values), any(value.provisional for value in values)


ROUTES = (Route("/explore", "explore", explore),)
