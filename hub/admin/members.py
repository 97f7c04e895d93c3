"""Members over time: who joined and left by month, and how many of those who joined in a month came back within some weeks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from werkzeug.wrappers import Response

from hub.admin.heat import level
from hub.admin.naming import names_of
from hub.admin.office import Office, Route
from hub.figures.answer import Value
from hub.figures.engine import ask
from hub.figures.members import MEASURES, WEEKS, cohorts
from hub.figures.question import Days, Dimension, Question
from hub.sentences import Said

MONTHS = 12
FIGURES = tuple(f"members_{name}" for name in MEASURES)


def members(office: Office) -> Response:
    """The page."""
    wording = office.wording()
    today = wording.local(wording.now).date()
    first = today.replace(day=1)
    for _ in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    answer = ask(office.store, Question(FIGURES, Days(first, today), (Dimension.MONTH,)), wording.now)
    told = cohorts(office.store)
    shares = [share.number or 0.0 for row in (told.rows if told else ()) for share in row.share.values()]
    highest = max(shares, default=0.0)
    names = names_of(office)
    return office.page(
        "members.html",
        wrong=answer if isinstance(answer, Said) else None,
        answer=None if isinstance(answer, Said) else answer,
        question=None if isinstance(answer, Said) else answer.question,
        told=told,
        weeks=WEEKS,
        figure_names=FIGURES,
        level_of=lambda share: level(share.number, highest),
        about=lambda value: _about(value, wording.count),
        part=lambda value: _about(value, wording.percent),
        month_name=lambda day: names.time(Dimension.MONTH, day),
    )


def _about(value: Value, say: Callable[[float], str]) -> str:
    """A number with its mark; a dash where there is nothing to say."""
    if value.number is None:
        return "–"
    return f"≈{say(value.number)}" if value.noisy else say(value.number)


ROUTES = (Route("/members-over-time", "members", members),)
