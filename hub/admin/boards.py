"""Boards: numbers on a page of their own, for the shop's screen or another page. They are made and ended here."""

from __future__ import annotations

import msgspec
from flask import abort, request, url_for
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.made import family_name
from hub.admin.office import Office, Route, back_to
from hub.figures.board import MOST_FIGURES, BoardDays, BoardPlan, end_board, make_board
from hub.figures.definitions import FIGURES, Family, Figure
from hub.roles import Right
from hub.sentences import Said
from hub.storefront.languages import NAMES, gettext, language

DAYS: tuple[BoardDays, ...] = ("today", "7", "30")
FIRST = ("people_mean", "visits", "capture_rate", "redeemed", "given_cents")
"""What is ticked on a form that nobody has touched."""


@needs(Right.EXPORT_DATA)
def boards(office: Office) -> Response:
    """Every board, and the form for a new one."""
    return _page(office)


@needs(Right.EXPORT_DATA)
def add(office: Office) -> Response:
    """A new board; its address is shown once."""
    typed: dict[str, object] = {
        "board_name": request.form.get("board_name", ""),
        "board_figures": request.form.getlist("board_figures"),
        "days": request.form.get("days", "today"),
        "board_language": request.form.get("board_language", language()),
        "within": request.form.get("within", ""),
        "compared": request.form.get("compared", ""),
    }
    days, spoken = request.form.get("days", "today"), str(typed["board_language"])
    if days not in DAYS or spoken not in NAMES:
        abort(400)
    plan = BoardPlan(
        tuple(dict.fromkeys(request.form.getlist("board_figures"))),
        days,
        spoken,
        tuple(dict.fromkeys(str(typed["within"]).split())),
        typed["compared"] == "yes",
    )
    made = make_board(office.store, str(typed["board_name"]), plan, office.who(), office.now())
    if isinstance(made, dict):
        return _page(office, faults=made, typed=typed, status=422)
    number, token = made
    base = office.url.rstrip("/") or request.host_url.rstrip("/")
    return office.page("board_made.html", number=number, url=f"{base}{url_for('board.shown', token=token)}")


@needs(Right.EXPORT_DATA)
def end(office: Office, number: int) -> Response:
    """Show a board to nobody any more."""
    if not end_board(office.store, number, office.who(), office.now()):
        abort(404)
    return back_to("boards", "board-ended")


def _page(
    office: Office,
    *,
    faults: dict[str, Said] | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    return office.page(
        "boards.html",
        status,
        boards=[(one, msgspec.json.decode(one.body, type=BoardPlan)) for one in office.store.boards.all()],
        families=families(),
        days=[(one, days_name(one)) for one in DAYS],
        languages=list(NAMES.items()),
        faults=faults or {},
        typed=typed or {"board_figures": [one for one in FIRST if one in FIGURES], "compared": "yes"},
        most=MOST_FIGURES,
    )


def families() -> list[tuple[str, list[Figure]]]:
    """Every figure, by the facts that it is summed from, for a form."""
    found = [
        (family_name(family), [one for one in FIGURES.values() if one.family is family]) for family in Family
    ]
    return [(name, some) for name, some in found if some]


def days_name(days: str) -> str:
    """Which days a board shows."""
    return {
        "today": gettext("today"),
        "7": gettext("the last 7 days"),
        "30": gettext("the last 30 days"),
    }.get(days, days)


ROUTES = (
    Route("/boards", "boards", boards),
    Route("/boards", "board_add", add, ("POST",)),
    Route("/boards/<int:number>/end", "board_end", end, ("POST",)),
)
