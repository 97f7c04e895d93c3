"""Under which conditions a coupon is good: a small language that is data, written by the office, evaluated by the one rule.

Pure. A condition is one line ("Monday to Friday from 9 to 11", "spends at least 20") or several joined by `All`, `Any` and `Not`.
As JSON each says what it `is`:

    {"is": "all", "of": [{"is": "hours", "days": [0, 1, 2, 3, 4], "start": 540, "end": 660}, {"is": "spends", "cents": 2000}]}

`unmet` tells the first reason why a purchase does not meet one. Nothing but `hub.wire.rules` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
from msgspec import Meta

from hub.wire.refusals import Refusal

DEEPEST = 4
MOST_LINES = 20
"""A condition that a person at the till could still be told. `flaw` holds both."""

ProductCode = Annotated[str, Meta(min_length=1, max_length=40)]
SegmentName = Annotated[str, Meta(min_length=1, max_length=40)]
DAY_MINUTES = 1_440


class Hours(msgspec.Struct, frozen=True, tag="hours", tag_field="is"):
    """On these days (0 is Monday) from minute `start` to before minute `end` of the day, on the shop's clock.

    Where `end` is not after `start` the stretch goes over midnight and belongs to the day on which it began.
    """

    days: Annotated[tuple[Annotated[int, Meta(ge=0, le=6)], ...], Meta(min_length=1, max_length=7)]
    start: Annotated[int, Meta(ge=0, lt=DAY_MINUTES)] = 0
    end: Annotated[int, Meta(ge=1, le=DAY_MINUTES)] = DAY_MINUTES


class Spends(msgspec.Struct, frozen=True, tag="spends", tag_field="is"):
    """The purchase is at least this large."""

    cents: Annotated[int, Meta(ge=1, le=10**9)]


class Buys(msgspec.Struct, frozen=True, tag="buys", tag_field="is"):
    """At least this many of these products are bought. A code is a GTIN or the shop's own number, as the till scans it."""

    any_of: Annotated[tuple[ProductCode, ...], Meta(min_length=1, max_length=50)]
    at_least: Annotated[int, Meta(ge=1, le=1_000)] = 1


class IsMember(msgspec.Struct, frozen=True, tag="member", tag_field="is"):
    """Whoever redeems has joined."""


class InSegment(msgspec.Struct, frozen=True, tag="segment", tag_field="is"):
    """Whoever redeems is in one of these segments."""

    any_of: Annotated[tuple[SegmentName, ...], Meta(min_length=1, max_length=20)]


class All(msgspec.Struct, frozen=True, tag="all", tag_field="is"):
    """Every one of them holds."""

    of: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MOST_LINES)]


class Any(msgspec.Struct, frozen=True, tag="any", tag_field="is"):
    """At least one of them holds."""

    of: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MOST_LINES)]


class Not(msgspec.Struct, frozen=True, tag="not", tag_field="is"):
    """It does not hold."""

    that: Condition


Condition = Hours | Spends | Buys | IsMember | InSegment | All | Any | Not


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a condition may look at. `weekday` (0 is Monday) and `minute` of the day are the shop's own.

    None: nobody said. `member` is opaque; `segments` are those that whoever decides knows of.
    """

    weekday: int
    minute: int
    basket_cents: int | None = None
    products: tuple[str, ...] | None = None
    member: str | None = None
    segments: frozenset[str] | None = None


def unmet(condition: Condition, purchase: Purchase) -> Refusal | None:
    """The first reason why the purchase does not meet the condition; None where it does.

    What nobody said is asked for (`basket_needed`, `products_needed`, `member_needed`), also beneath a `Not`: to say nothing
    must never be the way to be let off.
    """
    match condition:
        case All(of=parts):
            return next((reason for part in parts if (reason := unmet(part, purchase))), None)
        case Any(of=parts):
            reasons = [unmet(part, purchase) for part in parts]
            if None in reasons:
                return None
            # What could still be said comes first: it is what staff can do something about. Whoever names no member is none,
            # beneath a `Not`; so what is not known of the purchase comes before that.
            asked = [reason for reason in reasons if reason in UNSAID]
            return next((reason for reason in asked if reason in NOT_KNOWN), (asked or reasons)[0])
        case Not(that=that):
            reason = unmet(that, purchase)
            if reason is None:
                return Refusal.CONDITION_UNMET
            # "Not a member" is met by whoever names none; an amount or a list of products has to be said.
            return reason if reason in NOT_KNOWN else None
        case IsMember() | InSegment():
            return _wrong_with_member(condition, purchase)
        case Hours():
            return None if within(condition, purchase.weekday, purchase.minute) else Refusal.NOT_AT_THIS_HOUR
        case Spends() | Buys():
            return _wrong_with_purchase(condition, purchase)


def hours_in(condition: Condition) -> tuple[Hours, ...]:
    """The hours that a condition asks for, anywhere in it."""
    match condition:
        case All(of=parts) | Any(of=parts):
            return tuple(hours for part in parts for hours in hours_in(part))
        case Not(that=that):
            return hours_in(that)
        case Hours():
            return (condition,)
        case _:
            return ()


def segments_in(condition: Condition) -> frozenset[str]:
    """The segments for which a condition asks, anywhere in it."""
    match condition:
        case All(of=parts) | Any(of=parts):
            return frozenset(name for part in parts for name in segments_in(part))
        case Not(that=that):
            return segments_in(that)
        case InSegment(any_of=names):
            return frozenset(names)
        case _:
            return frozenset()


def unmet_at_any_time(condition: Condition, purchase: Purchase) -> Refusal | None:
    """As `unmet`, for whoever does not know the time: None where some hour of the week meets it.

    Between the edges of the hours that are asked for nothing changes, so the edges are enough.
    """
    reason = unmet(condition, purchase)
    hours = hours_in(condition) if reason is not None else ()
    edges = sorted({0, *(edge % 1_440 for one in hours for edge in (one.start, one.end))}) if hours else []
    met = any(
        unmet(condition, replace(purchase, weekday=day, minute=minute)) is None
        for day in range(7)
        for minute in edges
    )
    return None if met else reason


def _wrong_with_member(condition: IsMember | InSegment, purchase: Purchase) -> Refusal | None:
    if not purchase.member:
        return Refusal.MEMBER_NEEDED
    if isinstance(condition, IsMember):
        return None
    if purchase.segments is None:
        return Refusal.HUB_UNREACHABLE
    return None if purchase.segments.intersection(condition.any_of) else Refusal.NOT_FOR_THIS_MEMBER


def _wrong_with_purchase(condition: Spends | Buys, purchase: Purchase) -> Refusal | None:
    if isinstance(condition, Spends):
        if purchase.basket_cents is None:
            return Refusal.BASKET_NEEDED
        return None if purchase.basket_cents >= condition.cents else Refusal.BASKET_TOO_SMALL
    if purchase.products is None:
        return Refusal.PRODUCTS_NEEDED
    bought = sum(product in condition.any_of for product in purchase.products)
    return None if bought >= condition.at_least else Refusal.PRODUCT_MISSING


UNSAID = frozenset(
    {Refusal.BASKET_NEEDED, Refusal.PRODUCTS_NEEDED, Refusal.MEMBER_NEEDED, Refusal.HUB_UNREACHABLE}
)
"""Reasons that say only that something is not known yet."""

NOT_KNOWN = UNSAID - {Refusal.MEMBER_NEEDED}
"""Those of them that have to be known also where their opposite is asked for."""


def flaw(condition: Condition) -> str | None:
    """What is wrong with a condition as a whole, in a word: `too_deep`, `too_long`; None where nothing is."""
    depth, lines = _measure(condition)
    if depth > DEEPEST:
        return "too_deep"
    return "too_long" if lines > MOST_LINES else None


def _measure(condition: Condition) -> tuple[int, int]:
    match condition:
        case All(of=parts) | Any(of=parts):
            measures = [_measure(part) for part in parts]
            return 1 + max(depth for depth, _ in measures), sum(lines for _, lines in measures)
        case Not(that=that):
            depth, lines = _measure(that)
            return 1 + depth, lines
        case _:
            return 1, 1


def within(hours: Hours, weekday: int, minute: int) -> bool:
    """Whether this minute of this day of the week (0 is Monday) is one of them."""
    if hours.start < hours.end:
        return weekday in hours.days and hours.start <= minute < hours.end
    if minute >= hours.start:
        return weekday in hours.days
    return minute < hours.end and (weekday - 1) % 7 in hours.days
