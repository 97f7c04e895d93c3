"""Who may be lost: members by their chance of staying away, why, and what might be done; and how right that was before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import request
from werkzeug.wrappers import Response

from hub.admin.calibrating import Plot, plot
from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.figures.reach import shops_of
from hub.roles import Right
from hub.store.worth_records import WorthRow
from hub.storefront.languages import gettext, language
from hub.value.keeping import KIND, Standing, standing
from hub.value.loss import AWAY_DAYS
from hub.value.members import Trial
from hub.value.reasons import URGENT_ANYWAY, URGENT_TIMES, WATCH_ANYWAY, WATCH_TIMES
from hub.value.teaching import warning
from hub.work import submit_once

LINES = 25
LEVELS = ("urgent", "watch", "all")


@dataclass(frozen=True, slots=True)
class Line:
    """One member on the list, in the reader's words. `is_known`: there is a page of theirs. `value` is None where nothing is
    known of money."""

    member: str
    name: str
    is_known: bool
    chance: str
    share: float
    level: str
    reasons: tuple[str, ...]
    step: str
    visits: str
    value: str | None


def lost(office: Office) -> Response:
    """The list."""
    told = standing(office.store)
    asked = request.args.get("level", "")
    level = asked if asked in LEVELS else "urgent" if told is None or told.levels.get("urgent") else "watch"
    rows: list[WorthRow] = []
    if told is not None:
        least, most = _between(level, told.taught.loss.base)
        rows = office.store.worth.likeliest_lost(shops_of(office.store), least, most, _after(), LINES + 1)
    shown = rows[:LINES]
    return office.page(
        "lost.html",
        told=told,
        day=None if told is None else date.fromordinal(told.taught.day),
        level=level,
        lines=[] if told is None else _lines(office, told, shown),
        after=f"{shown[-1].loss!r}:{shown[-1].member}" if len(rows) > LINES else "",
        begun="after" in request.args,
        counts=None if told is None else {**told.levels, "all": told.members},
        trial=_trial(told),
        plot=_plot(office, told),
        why="" if told is None else _say(told.taught.loss.why),
        away_days=AWAY_DAYS,
    )


def names_of(office: Office, members: Sequence[str]) -> dict[str, str]:
    """What those of these members are called who stand in the book of members. That somebody looked is on the record."""
    profiles = office.book().profiles(members)
    if profiles:
        office.note("members.listed", "members")
    return {member: one.fields.name or nameless(member) for member, one in profiles.items()}


def nameless(member: str) -> str:
    """Somebody of whom no name is known, by the end of their id."""
    return gettext("Member %(number)s", number=member[-8:])


def _between(level: str, base: float) -> tuple[float, float]:
    urgent, watch = min(URGENT_TIMES * base, URGENT_ANYWAY), min(WATCH_TIMES * base, WATCH_ANYWAY)
    return {"urgent": (urgent, math.inf), "watch": (watch, urgent)}.get(level, (0.0, math.inf))


def _after() -> tuple[float, str] | None:
    """From where the list goes on; what cannot be read is its beginning."""
    chance, _, member = request.args.get("after", "").partition(":")
    try:
        found = float(chance)
    except ValueError:
        return None
    return (found, member[:40]) if math.isfinite(found) and member else None


def _lines(office: Office, told: Standing, rows: list[WorthRow]) -> list[Line]:
    wording, taught = office.wording(), told.taught
    days = office.store.worth.days_of(shops_of(office.store), [row.member for row in rows], taught.day - 1)
    names = names_of(office, [row.member for row in rows])
    found = []
    for row in rows:
        why = warning(row.member, days.get(row.member, []), taught)
        if why is not None:
            found.append(
                Line(
                    row.member,
                    names.get(row.member) or nameless(row.member),
                    row.member in names,
                    wording.percent(row.loss),
                    round(100 * row.loss, 1),
                    why.level,
                    tuple(_say(words) for words in why.reasons),
                    _say(why.step),
                    wording.tenths(row.expected),
                    None if row.value_cents is None else wording.money(row.value_cents),
                )
            )
    return found


def _trial(told: Standing | None) -> Trial | str | None:
    if told is None:
        return None
    return told.trial or _say(told.no_trial)


def _plot(office: Office, told: Standing | None) -> Plot | None:
    if told is None or told.trial is None or len(told.trial.parts) < 2:
        return None
    return plot(told.trial.parts, office.wording().percent)


def _say(words: dict[str, str]) -> str:
    return words.get(language()) or words["en"]


@needs(Right.MEMBERS)
def work_out(office: Office) -> Response:
    """Work it out now, instead of in the coming night."""
    with office.store.writing():
        submit_once(office.store, KIND, {}, office.who(), office.now())
        office.note("worth.asked", gettext("Members"))
    return back_to("lost", "worth-asked")


ROUTES = (
    Route("/may-be-lost", "lost", needs(Right.MEMBERS)(lost)),
    Route("/may-be-lost/now", "lost_now", work_out, ("POST",)),
)
