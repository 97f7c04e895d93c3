"""The report of one offer: whether it worked, in a sentence; the way to the till and back, what it cost, when it was redeemed."""

from __future__ import annotations

from datetime import date

from werkzeug.wrappers import Response

from hub.admin import verdicts
from hub.admin.charts import SMALL_WIDTH, WIDTH, Chart, Point, draw
from hub.admin.naming import channel_name, hour_name
from hub.admin.offers import standings
from hub.admin.office import Office, Route
from hub.admin.sheets import record_or_404
from hub.admin.wording import Wording
from hub.figures.answer import NOTHING, Answer, Row
from hub.figures.campaign import FUNNEL, Effect, Outcome, days_of, effect, outcome
from hub.promises import standing
from hub.sentences import Said


def report(office: Office, number: int) -> Response:
    """The page."""
    record = record_or_404(office, number)
    campaign, now = record.campaign, office.now()
    days = days_of(campaign, office.shop().timezone, now) if record.published_at is not None else None
    found = outcome(office.store, campaign, days, now) if days is not None else None
    wrong = found if isinstance(found, Said) else None
    figures = None if isinstance(found, Said) else found
    changed = effect(office.store, campaign, days, now) if days is not None else None
    return office.page(
        "campaign_report.html",
        400 if wrong is not None else 200,
        record=record,
        wrong=wrong,
        standing=standings()[standing(record.state, campaign, now)],
        found=figures,
        **_shown(figures, changed, office.wording()),
    )


def _shown(found: Outcome | None, changed: Effect | None, wording: Wording) -> dict[str, object]:
    """What the template shows of them; nothing before an offer began."""
    if found is None:
        return {}
    given = found.cost.total.values["given_cents"].number or 0
    return {
        "funnel": FUNNEL,
        "most": _most(found.by_channel),
        "channels": _by_size(found.by_channel),
        "channel_name": channel_name,
        "hours": _hours(found.by_hour, wording),
        "hour_chart": _hour_chart(found.by_hour, wording),
        "small_chart": _hour_chart(found.by_hour, wording, SMALL_WIDTH),
        "behind": _behind(found.by_channel, wording),
        "verdict": verdicts.verdict(changed, round(given), wording),
        "effect": changed,
        "sizes": [verdicts.size(one, wording) for one in (changed.told.treated, changed.told.control)]
        if changed
        else [],
        "lines": verdicts.lines(changed, wording) if changed else [],
    }


def _behind(answer: Answer, wording: Wording) -> list[tuple[str, str]]:
    """Nodes that are behind, with the day from which on their facts may be missing."""
    days: dict[str, str] = {}
    for fresh in answer.fresh.values():
        for name, day in fresh.behind:
            days[name] = min(day, days.get(name, day))
    return [(name, wording.day(date.fromisoformat(day))) for name, day in sorted(days.items())]


def _by_size(answer: Answer) -> list[Row]:
    """The ways by which anything happened, those by which most was taken first."""
    return sorted(answer.rows, key=lambda row: -(row.values["taken"].number or 0))


def _most(answer: Answer) -> float:
    """The longest bar of the funnel."""
    return max([answer.total.values[name].number or 0 for name in FUNNEL] + [1])


def _hours(answer: Answer, wording: Wording) -> list[tuple[str, Row]]:
    return [
        (hour_name(wording, int(row.key[0])), row) for row in answer.rows if row.values["redeemed"].number
    ]


def _hour_chart(answer: Answer, wording: Wording, width: int = WIDTH) -> Chart:
    values = {int(row.key[0]): row.values["redeemed"] for row in answer.rows}
    points = []
    for hour in range(24):
        value, name = values.get(hour, NOTHING), hour_name(wording, hour)
        title = f"{name}: {wording.count(value.number or 0)}"
        points.append(Point(name, title, value.number or 0, provisional=value.provisional))
    return draw(points, wording.count, width=width)


ROUTES = (Route("/campaigns/<int:number>/report", "campaign_report", report),)
