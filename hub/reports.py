"""What happened in the shop, in its own days, as one report for other programs and for the command line.

Its numbers are those of `hub.figures`, so they are the same as on every page, with the same noise. What stands beside them is no
figure: who is there now, conflicts one by one, why tills said no, how far each device's facts have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hub.capture import street_of
from hub.figures.answer import Answer, Value
from hub.figures.definitions import FIGURES
from hub.figures.engine import ask
from hub.figures.question import Days, Dimension, Question
from hub.guests import guests_of, kinds_shown
from hub.ledger import HUB
from hub.report_shapes import (
    CampaignCoupons,
    ConflictLine,
    Coupons,
    DayOfCoupons,
    Freshness,
    Number,
    Present,
    Report,
    Visits,
)
from hub.sentences import Said
from hub.store.base import Store
from hub.store.counts import Window

PRESENT_S = 900.0
"""An occupancy older than this says nothing about now."""

DAYS_AT_MOST = 3_660


class BadPeriod(ValueError):
    """The days asked for cannot be reported; the text says why."""


class Period(msgspec.Struct, frozen=True):
    """Whole days of the shop; `first` to before `end` in seconds of UTC."""

    first_day: date
    last_day: date
    zone: ZoneInfo

    @property
    def first(self) -> float:
        """The period's first moment."""
        return _midnight(self.first_day, self.zone)

    @property
    def end(self) -> float:
        """The first moment that is too late."""
        return _midnight(self.last_day + timedelta(days=1), self.zone)

    def days(self) -> list[str]:
        """Each day as 2026-01-31."""
        count = (self.last_day - self.first_day).days + 1
        return [(self.first_day + timedelta(days=place)).isoformat() for place in range(count)]

    def local(self, at: float) -> datetime:
        """A moment on the shop's wall clock."""
        return datetime.fromtimestamp(at, self.zone)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()


def shop_zone(name: str) -> ZoneInfo:
    """The shop's timezone; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def make_period(store: Store, now: float, first_day: date | None, last_day: date | None) -> Period:
    """The days asked for; without a first day from the first thing that happened on. BadPeriod where they are no period."""
    shop = store.shop.get()
    zone = shop_zone(shop.timezone if shop else "UTC")
    span = store.reports.span() or (now, now)
    today = datetime.fromtimestamp(now, zone).date()
    try:
        # A fact with a wild stamp must not make a report of ten thousand years.
        begun = datetime.fromtimestamp(max(span[0], now - DAYS_AT_MOST * 86_400 / 2), zone).date()
    except (OverflowError, ValueError, OSError):
        begun = today
    last = last_day or today
    first = first_day or min(begun, last)
    if first > last:
        raise BadPeriod(f"{first} is after {last}; give the first day first.")
    if (last - first).days >= DAYS_AT_MOST:
        raise BadPeriod(f"A report covers at most {DAYS_AT_MOST} days.")
    return Period(first, last, zone)


def present_now(store: Store, now: float) -> list[Present]:
    """People in each zone, as of the newest window of each."""
    return [_present(window, now) for window in store.reports.latest_windows(now - PRESENT_S)]


def _present(window: Window, now: float) -> Present:
    return Present(
        zone=window.zone,
        people=window.people,
        low=window.low,
        high=window.high,
        at=window.at,
        age_s=max(0.0, now - window.at),
        window_s=window.window_s,
        simulated=window.simulated,
    )


class _Asking:
    """Asks for the figures of one period, and remembers what was said of all answers."""

    def __init__(self, store: Store, now: float, period: Period) -> None:
        self._store = store
        self._now = now
        self._days = Days(period.first_day, period.last_day)
        self.simulated = False

    def __call__(self, names: tuple[str, ...], *by: Dimension) -> Answer:
        answer = ask(self._store, Question(names, self._days, by), self._now)
        if isinstance(answer, Said):
            raise BadPeriod(str(answer))
        self.simulated = self.simulated or answer.simulated
        return answer


def make_report(store: Store, now: float, period: Period) -> Report:
    """Everything about a period."""
    shop = store.shop.get()
    asking = _Asking(store, now, period)
    present = present_now(store, now)
    visits = _visits(asking)
    street = street_of(
        asking(("passers", "entrants", "capture_rate"), Dimension.ZONE),
        store.reports.street(period.first, period.end),
        now,
    )
    guests = guests_of(
        asking(("guests", "guests_known_share"), Dimension.DAY),
        asking(("guests",), Dimension.DAY, Dimension.WAY),
        asking(("guests",), Dimension.WAY),
    )
    coupons = _coupons(store, period, asking)
    figures = asking(tuple(FIGURES)).total.values
    return Report(
        shop=store.shop.number,
        name=shop.name if shop else {},
        timezone=period.zone.key,
        currency=shop.currency if shop else "",
        made_at=now,
        first_day=period.first_day.isoformat(),
        last_day=period.last_day.isoformat(),
        simulated=asking.simulated or guests.simulated or any(one.simulated for one in present),
        people_now=round(sum(one.people for one in present), 1) if present else None,
        present=present,
        visits=visits,
        street=street,
        guests=guests,
        coupons=coupons,
        conflicts=[
            ConflictLine(
                one.serial,
                one.campaign,
                one.cost_cents,
                one.first_at,
                one.first_till,
                one.second_at,
                one.second_till,
            )
            for one in store.reports.conflicts(period.first, period.end)
        ],
        devices=freshness(store, now),
        events=kinds_shown(store.journal.kinds()),
        figures={
            name: Number(one.number, one.low, one.high, one.noisy, one.provisional)
            for name, one in figures.items()
        },
    )


def make_visits(store: Store, now: float, period: Period) -> Visits:
    """Visits of a period."""
    return _visits(_Asking(store, now, period))


def _visits(asking: _Asking) -> Visits:
    by_day = asking(("visits", "dwell_s"), Dimension.DAY)
    by_hour, by_zone = asking(("visits",), Dimension.HOUR), asking(("visits",), Dimension.ZONE)
    dwell_s = by_day.total.values["dwell_s"].number
    answers = (by_day, by_hour, by_zone)
    return Visits(
        whole(by_day.total.values["visits"]),
        None if dwell_s is None else round(dwell_s, 1),
        {row.key[0]: whole(row.values["visits"]) for row in by_day.rows},
        [whole(row.values["visits"]) for row in by_hour.rows],
        {row.key[0]: whole(row.values["visits"]) for row in by_zone.rows},
        any(row.values["visits"].noisy for one in answers for row in (*one.rows, one.total)),
    )


_OF_COUPONS = ("shown", "opened", "taken", "redeemed", "alone", "refused", "given_cents")


def _coupons(store: Store, period: Period, asking: _Asking) -> Coupons:
    """Coupons of a period by day and by campaign."""
    titles = {record.number: record.campaign.offer.title for record in store.campaigns.all()}
    by_campaign = asking(_OF_COUPONS, Dimension.CAMPAIGN)
    total = _wholes(by_campaign.total.values)
    days = [(row.key[0], _wholes(row.values)) for row in asking(_OF_COUPONS, Dimension.DAY).rows]
    campaigns = [(int(row.key[0]), _wholes(row.values)) for row in by_campaign.rows]
    return Coupons(
        issued=total["taken"],
        redeemed=total["redeemed"],
        refused=total["refused"],
        value_cents=total["given_cents"],
        alone=total["alone"],
        unknown_issue=store.reports.unknown_issue(),
        by_day=[
            DayOfCoupons(day, one["taken"], one["redeemed"], one["refused"], one["given_cents"])
            for day, one in days
        ],
        by_campaign=[
            CampaignCoupons(
                number,
                titles.get(number, {}),
                shown=one["shown"],
                seen=one["opened"],
                issued=one["taken"],
                redeemed=one["redeemed"],
                alone=one["alone"],
                refused=one["refused"],
                value_cents=one["given_cents"],
            )
            for number, one in campaigns
            if number
        ],
        refusals=store.reports.refusal_codes(period.first, period.end),
    )


def whole(value: Value) -> int:
    """A count; nought where there is nothing to say."""
    return round(value.number or 0)


def _wholes(values: Mapping[str, Value]) -> dict[str, int]:
    return {name: whole(value) for name, value in values.items()}


def freshness(store: Store, now: float) -> list[Freshness]:
    """How far each device's facts have come."""
    reach = store.journal.reach()
    lines = []
    for device in store.devices.all():
        own = [one for one in reach if one.device == device.device and one.device != HUB]
        lines.append(
            Freshness(
                device=device.device,
                name=device.name,
                program=device.program,
                seen_at=device.seen_at,
                age_s=None if device.seen_at is None else max(0.0, now - device.seen_at),
                withdrawn=device.withdrawn_at is not None,
                latest_at=max((one.latest_at for one in own), default=None),
                taken=sum(one.taken for one in own),
                missing=sum(one.highest - one.taken for one in own),
            )
        )
    return lines


def day_of(text: str) -> date:
    """A day as 2026-01-31; BadPeriod where it is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise BadPeriod(f"{text!r} is no day. Write it like 2026-01-31.") from None
