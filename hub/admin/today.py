"""Today, as it happens: who is in the shop, the way from seeing an offer to coming back, what was given and earned, what needs
attention. Other days stand here too; to compare and to narrow there is Explore."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import request
from werkzeug.wrappers import Response

from hub.admin.explore import begun_within, behind_of, compared_text, marked
from hub.admin.explorer import MOST_LINES, MOST_STRETCHES, Explorer, Series
from hub.admin.guard import allowed
from hub.admin.naming import channel_name, dimension_name, way_name
from hub.admin.office import Office, Route
from hub.admin.period import period_of
from hub.alerts import look_at_counter
from hub.figures.answer import NOTHING, Answer, Row, Value
from hub.figures.definitions import FIGURES
from hub.figures.question import Dimension
from hub.health import SILENT_AFTER_S
from hub.report_shapes import Freshness, Present
from hub.reports import freshness, present_now
from hub.roles import Right
from hub.sentences import Said

COUNTING = "edge"
"""The program that counts people; how fresh visits are is how fresh these nodes are."""

FUNNEL = ("shown", "opened", "taken", "redeemed", "returned")
"""The way from a screen to the till and back."""

WORTH = ("given_cents", "earned_cents")
HEAD = (
    "visits", "dwell_s", "capture_rate", "entrants", "passers", "guests", "guests_known_share",
    *FUNNEL, *WORTH, "sales_cents", "members_joined", "members_left",
)  # fmt: skip
ALWAYS = ("visits", "taken", "redeemed", "given_cents")
"""Figures that stand at the head of the page even where nothing happened."""

CARDS = (
    "visits", "capture_rate", "dwell_s", "guests", "guests_known_share", "taken", "redeemed", *WORTH, "sales_cents",
    "members_joined", "members_left",
)  # fmt: skip
TELLING = ("edge", "kiosk", "site")
"""Programs from which coupons come."""

LIVE_EVERY_S = 20

MOST_HERE = 24
"""Rows of a table beside a chart of this page; a longer one is a click away."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """How fresh a figure is: the latest contact of the nodes behind it, and those that are behind."""

    at: float | None
    behind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """People present now over all zones. A band of a sum is at most the sum of the bands."""

    people: float
    low: float
    high: float
    at: float
    simulated: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the funnel: its share of the widest one, and of the one before it (None for the first, and beyond it)."""

    name: str
    value: Value
    share: float
    of_before: float | None


def today(office: Office) -> Response:
    """The first page."""
    now = office.now()
    view = Explorer(office, "today", "visits")
    period = period_of(office.shop(), view.asked.days.first, view.asked.days.last, view.asked.choice)
    head = _answer(view, HEAD)
    if isinstance(head, Said):
        return office.page("today.html", 400, wrong=head, view=view, period=period)
    channels = _answer(view, (*FUNNEL, *WORTH), Dimension.CHANNEL)
    offers = _answer(view, ("opened", "taken", "redeemed", "given_cents"), Dimension.CAMPAIGN)
    ways = _answer(view, ("guests",), Dimension.DAY, Dimension.WAY)
    notes = office.store.notes.between(view.asked.days.first, view.asked.days.last)
    plots = [
        (name, series)
        for name in ("visits", "redeemed")
        if isinstance(series := view.of(name).series(notes if name == "visits" else (), MOST_HERE), Series)
    ]
    devices = freshness(office.store, now)
    answers = [one for one in (head, channels, offers, ways) if isinstance(one, Answer)]
    conflicts = office.store.reports.conflicts(period.first_at, period.end_at)
    return office.page(
        "today.html",
        wrong=None,
        period=period,
        view=view,
        question=head.question,
        head=head,
        cards=_cards(head),
        is_live=period.choice == "today" and not request.args.get("vs"),
        live_ms=LIVE_EVERY_S * 1_000,
        compared_text=compared_text(view, head.compared),
        begun=begun_within(view, head.compared),
        behind=behind_of(view, head),
        people=people_in(present_now(office.store, now)),
        stages=stages(head.total),
        channels=_busy(channels),
        offers=_busy(offers),
        most_offers=MOST_LINES,
        guest_days=guest_days(ways),
        guest_ways=sorted({row.key[1] for row in ways.rows}) if isinstance(ways, Answer) else [],
        ways=ways,
        way_name=way_name,
        channel_name=channel_name,
        dimension_name=dimension_name,
        most_lines=MOST_HERE,
        whole_tables=False,
        plots=plots,
        marked=marked([*answers, *(series.answer for _, series in plots)]),
        warnings=office.warnings(now),
        alerts=look_at_counter(office.store, now),
        devices=devices,
        counted=fresh_of(devices, now, (COUNTING,)),
        told=fresh_of(devices, now, TELLING),
        has_offers=bool(office.store.campaigns.all()),
        has_devices=any(device.program == COUNTING for device in devices),
        conflicts=conflicts,
        conflict_cents=sum(conflict.cost_cents for conflict in conflicts),
        submitted=sum(one.state == "waiting" for one in office.store.proposals.all()),
        edits=allowed(Right.CAMPAIGN_EDIT),
    )


def _answer(view: Explorer, figures: tuple[str, ...], *by: Dimension) -> Answer | Said:
    return view.ask([name for name in figures if name in FIGURES], by)


def _cards(head: Answer) -> list[str]:
    """The figures at the head of the page: those in which there is anything, and those that every shop has."""
    total = head.total
    return [
        name
        for name in CARDS
        if name in total.values
        and (name in ALWAYS or total.values[name].number or total.before.get(name, NOTHING).number)
    ]


def _busy(answer: Answer | Said) -> Answer | None:
    """The answer where anything happened in it."""
    if isinstance(answer, Said):
        return None
    rows = tuple(row for row in answer.rows if any(value.number for value in row.values.values()))
    if not rows:
        return None
    return Answer(
        answer.question,
        answer.made_at,
        rows,
        answer.total,
        answer.compared,
        answer.fresh,
        simulated=answer.simulated,
    )


def stages(total: Row) -> list[Stage]:
    """The funnel; empty where nobody has seen or taken anything."""
    values = [(name, total.values[name]) for name in FUNNEL if name in total.values]
    widest = max((value.number or 0.0 for _, value in values), default=0.0)
    if widest <= 0:
        return []
    found: list[Stage] = []
    before: float | None = None
    for name, value in values:
        number = value.number or 0.0
        found.append(
            Stage(name, value, number / widest, number / before if before and number <= before else None)
        )
        before = number
    return found


def guest_days(ways: Answer | Said) -> list[tuple[str, dict[str, Row]]]:
    """The days on which guests came, the latest first, each with its ways in."""
    if isinstance(ways, Said):
        return []
    days = [
        (day, {row.key[1]: row for row in found}) for day, found in groupby(ways.rows, lambda row: row.key[0])
    ]
    # A nought of a day on which others came stands there with its noise, like every other number.
    some = [(day, rows) for day, rows in days if any(row.values["guests"].number for row in rows.values())]
    return sorted(some, key=lambda day: day[0], reverse=True)[:MOST_STRETCHES]


def people_in(present: list[Present]) -> People | None:
    """Everybody present, or None where nothing recent says so."""
    if not present:
        return None
    return People(
        sum(one.people for one in present),
        sum(one.low for one in present),
        sum(one.high for one in present),
        min(one.at for one in present),
        any(one.simulated for one in present),
    )


def fresh_of(devices: list[Freshness], now: float, programs: tuple[str, ...]) -> Fresh:
    """When the nodes behind a figure were last heard, and which of them have not been heard of lately."""
    own = [one for one in devices if one.program in programs and not one.withdrawn]
    seen = [one.seen_at for one in own if one.seen_at is not None]
    behind = tuple(
        one.name for one in own if one.missing or one.seen_at is None or now - one.seen_at > SILENT_AFTER_S
    )
    return Fresh(max(seen, default=None), behind)


ROUTES = (Route("/", "today", today),)
