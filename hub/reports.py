"""What happened in the shop, in its own days: visits, people present, passers-by, coupons, what they were worth, how fresh it is.

Counts come from the store by quarter of an hour (every timezone's day begins on one) and are folded here into days and hours
of the shop's timezone, whatever its clocks did that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from hub.capture import Street, make_street
from hub.guests import Guests, kinds_shown, make_guests
from hub.ledger import HUB
from hub.store.base import Store
from hub.store.counts import CouponCount, Window
from hub.wire.snapshot import Text

PRESENT_S = 900.0
"""An occupancy older than this says nothing about now."""

DAYS_AT_MOST = 3_660


class BadPeriod(ValueError):
    """The days asked for cannot be reported; the text says why."""


class Present(msgspec.Struct, frozen=True):
    """People in one zone, with the band in which the true number lies nine times in ten, and how old that is."""

    zone: str
    people: float
    low: float
    high: float
    at: float
    age_s: float
    window_s: float
    simulated: bool


class Visits(msgspec.Struct, frozen=True):
    """Stays that began in the period. `by_hour` has 24 figures, from midnight on."""

    total: int
    mean_dwell_s: float | None
    by_day: dict[str, int]
    by_hour: list[int]
    by_zone: dict[str, int]


class DayOfCoupons(msgspec.Struct, frozen=True):
    """One day: coupons taken, used and refused, and what was given."""

    day: str
    issued: int = 0
    redeemed: int = 0
    refused: int = 0
    value_cents: int = 0


class CampaignCoupons(msgspec.Struct, frozen=True):
    """One campaign. `alone`: redemptions by tills that were cut off. `shown`: how often it stood on a screen."""

    campaign: int
    title: Text
    shown: int = 0
    seen: int = 0
    issued: int = 0
    redeemed: int = 0
    alone: int = 0
    refused: int = 0
    value_cents: int = 0


class Coupons(msgspec.Struct, frozen=True):
    """What became of coupons. `refused` counts times that a till said no, with the codes of the reasons."""

    issued: int
    redeemed: int
    refused: int
    value_cents: int
    alone: int
    unknown_issue: int
    by_day: list[DayOfCoupons]
    by_campaign: list[CampaignCoupons]
    refusals: dict[str, int]


class ConflictLine(msgspec.Struct, frozen=True):
    """A coupon that was accepted twice, and what the second time cost."""

    serial: str
    campaign: int
    cost_cents: int
    first_at: float
    first_till: str
    second_at: float
    second_till: str


class Freshness(msgspec.Struct, frozen=True):
    """How much of a device's journal is here. `missing`: events below the highest that have not arrived."""

    device: str
    name: str
    program: str
    seen_at: float | None
    age_s: float | None
    withdrawn: bool
    latest_at: float | None
    taken: int
    missing: int


class Report(msgspec.Struct, frozen=True):
    """A period of whole days in the shop's timezone. `simulated`: something in it was made by a simulator or a recording."""

    shop: int
    name: Text
    timezone: str
    currency: str
    made_at: float
    first_day: str
    last_day: str
    simulated: bool
    people_now: float | None
    present: list[Present]
    visits: Visits
    street: Street
    guests: Guests
    coupons: Coupons
    conflicts: list[ConflictLine]
    devices: list[Freshness]
    events: dict[str, int]


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


def make_report(store: Store, now: float, period: Period) -> Report:
    """Everything about a period."""
    shop = store.shop.get()
    present = present_now(store, now)
    counts = {
        "issued": store.reports.issued(period.first, period.end),
        "redeemed": store.reports.redeemed(period.first, period.end),
        "refused": store.reports.refused(period.first, period.end),
        "seen": store.reports.seen(period.first, period.end),
        "shown": [
            CouponCount(one.campaign, one.start, one.times, 0, 0, one.simulated)
            for one in store.reports.exposures(period.first, period.end)
        ],
    }
    visits, visits_simulated = make_visits(store, period)
    street = make_street(store.reports.street(period.first, period.end), now)
    guests = make_guests(
        store.reports.guests(period.first, period.end),
        store.reports.consents(period.first, period.end),
        period.days(),
        lambda at: period.local(at).date().isoformat(),
    )
    conflicts = store.reports.conflicts(period.first, period.end)
    return Report(
        shop=store.shop.number,
        name=shop.name if shop else {},
        timezone=period.zone.key,
        currency=shop.currency if shop else "",
        made_at=now,
        first_day=period.first_day.isoformat(),
        last_day=period.last_day.isoformat(),
        simulated=visits_simulated
        or street.simulated
        or guests.simulated
        or any(one.simulated for one in present)
        or any(count.simulated for part in counts.values() for count in part),
        people_now=round(sum(one.people for one in present), 1) if present else None,
        present=present,
        visits=visits,
        street=street,
        guests=guests,
        coupons=make_coupons(store, period, counts),
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
            for one in conflicts
        ],
        devices=freshness(store, now),
        events=kinds_shown(store.journal.kinds()),
    )


def make_visits(store: Store, period: Period) -> tuple[Visits, bool]:
    """Visits of a period, and whether some were simulated."""
    by_day = dict.fromkeys(period.days(), 0)
    by_hour = [0] * 24
    by_zone: dict[str, int] = defaultdict(int)
    dwell_s = 0.0
    simulated = False
    for count in store.reports.footfall(period.first, period.end):
        local = period.local(count.start)
        by_day[local.date().isoformat()] += count.visits
        by_hour[local.hour] += count.visits
        by_zone[count.zone] += count.visits
        dwell_s += count.dwell_s
        simulated = simulated or count.simulated
    total = sum(by_hour)
    return Visits(
        total, round(dwell_s / total, 1) if total else None, by_day, by_hour, dict(by_zone)
    ), simulated


def make_coupons(store: Store, period: Period, counts: dict[str, list[CouponCount]]) -> Coupons:
    """Coupons of a period by day and by campaign."""
    days: dict[str, dict[str, int]] = {day: defaultdict(int) for day in period.days()}
    campaigns: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, part in counts.items():
        for count in part:
            for figures in (days[period.local(count.start).date().isoformat()], campaigns[count.campaign]):
                figures[name] += count.count
                figures["value_cents"] += count.value_cents
                figures["alone"] += count.alone if name == "redeemed" else 0
    titles = {record.number: record.campaign.offer.title for record in store.campaigns.all()}
    wanted = ("issued", "redeemed", "refused", "value_cents")
    return Coupons(
        issued=_total(counts["issued"]),
        redeemed=_total(counts["redeemed"]),
        refused=_total(counts["refused"]),
        value_cents=sum(count.value_cents for count in counts["redeemed"]),
        alone=sum(count.alone for count in counts["redeemed"]),
        unknown_issue=store.reports.unknown_issue(),
        by_day=[
            DayOfCoupons(day, **{name: figures[name] for name in wanted}) for day, figures in days.items()
        ],
        by_campaign=[
            CampaignCoupons(
                number,
                titles.get(number, {}),
                **{name: figures[name] for name in ("shown", "seen", *wanted, "alone")},
            )
            for number, figures in sorted(campaigns.items())
            if number
        ],
        refusals=store.reports.refusal_codes(period.first, period.end),
    )


def _total(counts: Iterable[CouponCount]) -> int:
    return sum(count.count for count in counts)


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
