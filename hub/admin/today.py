"""Today at a glance: who is in the shop, what was taken and redeemed, what needs attention, and how fresh each figure is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_time
from flask import request
from werkzeug.wrappers import Response

from hub.admin.charts import Chart, bars
from hub.admin.guard import allowed
from hub.admin.office import Office, Route
from hub.admin.period import Period, period_of, read_period
from hub.admin.wording import Wording
from hub.alerts import look_at_counter
from hub.health import SILENT_AFTER_S
from hub.reports import Freshness, Report, make_report, shop_zone
from hub.reports import Period as Days
from hub.roles import Right
from hub.storefront.languages import gettext

COUNTING = "edge"
"""The program that counts people; how fresh visits are is how fresh these nodes are."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart with the table of its numbers."""

    picture: Chart
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


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


def today(office: Office) -> Response:
    """The first page."""
    shop, now = office.shop(), office.now()
    period = read_period(request.args, shop, now)
    report = make_report(office.store, now, _days(period, shop.timezone))
    first = period.first - timedelta(days=period.days)
    before = period_of(shop, first, period.first - timedelta(days=1))
    wording = office.wording()
    return office.page(
        "today.html",
        period=period,
        report=report,
        before=make_report(office.store, now, _days(before, shop.timezone)),
        before_text=wording.short_span(before.first, before.last),
        people=people_in(report),
        coupon_plot=coupon_plot(report, wording),
        hour_plot=hour_plot(report, wording),
        guest_days=guest_days(report, wording),
        guest_figures_left_out=figures_left_out(report),
        way_name=way_name,
        visit_plot=visit_plot(report, wording) if period.days > 1 else None,
        warnings=office.warnings(now),
        alerts=look_at_counter(office.store, now),
        counted=freshness(report.devices, now, (COUNTING,)),
        told=freshness(report.devices, now, ("kiosk", "edge", "site")),
        has_offers=bool(office.store.campaigns.all()),
        has_devices=any(device.program == COUNTING for device in report.devices),
        conflict_cents=sum(conflict.cost_cents for conflict in report.conflicts),
        held=len(office.store.counter.held(now)),
        submitted=sum(one.state == "waiting" for one in office.store.proposals.all()),
        edits=allowed(Right.CAMPAIGN_EDIT),
    )


def people_in(report: Report) -> People | None:
    """Everybody present, or None where nothing recent says so."""
    if not report.present:
        return None
    return People(
        sum(one.people for one in report.present),
        sum(one.low for one in report.present),
        sum(one.high for one in report.present),
        min(one.at for one in report.present),
        any(one.simulated for one in report.present),
    )


def coupon_plot(report: Report, wording: Wording) -> Plot:
    """Coupons taken and redeemed, by day."""
    days = report.coupons.by_day
    labels = [wording.day(date.fromisoformat(day.day)) for day in days]
    names = (gettext("taken"), gettext("redeemed"))
    taken, redeemed = [day.issued for day in days], [day.redeemed for day in days]
    rows = tuple((label, (a, b)) for label, a, b in zip(labels, taken, redeemed, strict=True))
    return Plot(bars(labels, (taken, redeemed), names), names, rows)


def hour_plot(report: Report, wording: Wording) -> Plot:
    """Visits by the hour in which they began."""
    hours = report.visits.by_hour
    labels = [f"{hour:02d}" for hour in range(24)]
    spoken = [
        format_time(wording.local(wording.now).replace(hour=hour, minute=0), "short", locale=wording.locale)
        for hour in range(24)
    ]
    names = (gettext("visits"),)
    rows = tuple((label, (count,)) for label, count in zip(spoken, hours, strict=True) if count)
    return Plot(bars(labels, (hours,), names), names, rows)


def visit_plot(report: Report, wording: Wording) -> Plot:
    """Visits by day."""
    labels = [wording.day(date.fromisoformat(day)) for day in report.visits.by_day]
    counts = list(report.visits.by_day.values())
    names = (gettext("visits"),)
    rows = tuple((label, (count,)) for label, count in zip(labels, counts, strict=True))
    return Plot(bars(labels, (counts,), names), names, rows)


@dataclass(frozen=True, slots=True)
class GuestDay:
    """A day of the table of guests; None where a figure is left out."""

    name: str
    total: int | None
    by_way: dict[str, int | None]


def guest_days(report: Report, wording: Wording) -> list[GuestDay]:
    """The days on which guests came, the latest first."""
    return [
        GuestDay(wording.day(date.fromisoformat(day.day)), day.total, day.by_way)
        for day in reversed(report.guests.by_day)
        if day.total != 0
    ]


def figures_left_out(report: Report) -> bool:
    """Whether the table of guests has gaps, so that it has to say why."""
    guests = report.guests
    rows = [guests.by_way, *(day.by_way for day in guests.by_day if day.total != 0)]
    return guests.total is None or any(None in row.values() for row in rows)


def way_name(way: str) -> str:
    """How somebody came in through the Wi-Fi page, in the reader's words."""
    names = {
        "click": gettext("by a tap"),
        "sms": gettext("by phone number"),
        "code": gettext("by a printed code"),
        "coupon": gettext("by a coupon"),
        "member": gettext("as a member"),
    }
    return names.get(way, way)


def freshness(devices: list[Freshness], now: float, programs: tuple[str, ...]) -> Fresh:
    """When the nodes behind a figure were last heard, and which of them have not been heard of lately."""
    own = [one for one in devices if one.program in programs and not one.withdrawn]
    seen = [one.seen_at for one in own if one.seen_at is not None]
    behind = tuple(
        one.name for one in own if one.missing or one.seen_at is None or now - one.seen_at > SILENT_AFTER_S
    )
    return Fresh(max(seen, default=None), behind)


def _days(period: Period, timezone: str) -> Days:
    return Days(period.first, period.last, shop_zone(timezone))


ROUTES = (Route("/", "today", today),)
