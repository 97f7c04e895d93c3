"""What the hub's store hands out for reports: counts by quarter of an hour.

Pure. `hub.store.reports` makes them; days and hours of the shop are in `hub.store.rollups`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FootfallCount:
    """Visits that began within one quarter of an hour from `start`, and their length in all."""

    start: float
    zone: str
    simulated: bool
    visits: int
    dwell_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """People present in one zone during the window that ended at `at`, with a band of nine in ten."""

    zone: str
    device: str
    at: float
    window_s: float
    people: float
    low: float
    high: float
    addresses: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class StreetCount:
    """Who went past a zone and who came in, within one quarter of an hour from `start`; `latest_at`: when that was last told."""

    start: float
    zone: str
    simulated: bool
    windows: int
    passers: int
    entrants: int
    latest_at: float


@dataclass(frozen=True, slots=True)
class GuestCount:
    """Phones that the portal let in within one quarter of an hour from `start`, by one way; `known`: with a member's code."""

    start: float
    way: str
    simulated: bool
    joined: int
    known: int


@dataclass(frozen=True, slots=True)
class ExposureCount:
    """How often an offer stood on screens of one channel within a quarter of an hour from `start`, and for how long in all."""

    start: float
    campaign: int
    channel: str
    simulated: bool
    times: int
    shown_s: float


@dataclass(frozen=True, slots=True)
class CouponCount:
    """What became of one campaign's coupons within a quarter of an hour from `start`. `alone`: by cut-off tills."""

    campaign: int
    start: float
    count: int
    value_cents: int
    alone: int
    simulated: bool
