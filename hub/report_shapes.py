"""What a report of the shop's days holds, as JSON has it.

Pure. `hub.reports` makes it; its numbers are those of `hub.figures`.
"""

from __future__ import annotations

import msgspec

from hub.capture import Street
from hub.guests import Guests
from hub.wire.snapshot import Text


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


class Number(msgspec.Struct, frozen=True):
    """One figure of the whole period; null where there is nothing to say. `low` to `high`: its band. `noisy`: it carries noise,
    always the same, because without it fewer than ten people would be singled out. `provisional`: facts are still missing."""

    value: float | None
    low: float | None
    high: float | None
    noisy: bool
    provisional: bool


class Visits(msgspec.Struct, frozen=True):
    """Stays that began in the period. `by_hour` has 24 figures, from midnight on. `noisy`: some of these figures carry noise."""

    total: int
    mean_dwell_s: float | None
    by_day: dict[str, int]
    by_hour: list[int]
    by_zone: dict[str, int]
    noisy: bool = False


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
    """A period of whole days in the shop's timezone. `simulated`: something in it was made by a simulator or a recording.
    `figures`: every figure of the period by its name (`/manage/figures` says how each is made)."""

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
    figures: dict[str, Number] = {}
