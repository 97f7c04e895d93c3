"""A year of grocery baskets as what would have happened in shops of ours: who joined, came in, paid, took a coupon, used it.

Pure. The data are those of "The Complete Journey" (84.51°): baskets with their lines, campaigns with their days, the products of
each coupon, and which household used which coupon on which day. Its stamps are UTC; its days are those of `TIMEZONE`.

Rules, where the data leave something open:

- A redemption names a household, a coupon, a campaign and a day, and no basket. It belongs to a basket of that household on that
  day: to the first in which a product of that coupon was paid with a discount of a coupon; where there is none, to the first with
  a product of that coupon; where there is none, to the first. First is by time, then by the basket's number.
- A household has one coupon of each number of each campaign. So a second use of it is one of a coupon that was used.
- A coupon is taken when its campaign begins, and a household joins when it takes or buys something first.
- What a coupon was worth is not known; each is worth `WORTH_CENTS`, the middle of the discounts of coupons that the data have.
- What was paid is the sum of `sales_value`, each line rounded to a cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

TIMEZONE = "America/New_York"
CURRENCY = "USD"
WORTH_CENTS = 100
HEAD_OFFICE = 1
"""The number of head office; stores have the numbers behind it, in the order of their own."""


@dataclass(frozen=True, slots=True)
class Basket:
    """What a household paid at once. `at`: seconds of UTC."""

    id: int
    household: int
    store: int
    at: int
    cents: int
    items: int


@dataclass(frozen=True, slots=True)
class Line:
    """A product of a basket; whether a coupon's discount was on it."""

    basket: int
    product: int
    discounted: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of the data: its days, both included."""

    id: int
    kind: str
    first: date
    last: date

    def starts_at(self) -> int:
        """Seconds of UTC."""
        return _midnight(self.first)

    def ends_at(self) -> int:
        """Seconds of UTC; from then on it is over."""
        return _midnight(self.last + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Used:
    """A row of the data's redemptions; `place` is its place there."""

    place: int
    household: int
    coupon: int
    campaign: int
    day: date


@dataclass(frozen=True, slots=True)
class Tables:
    """The data as they were read. `lines`: at least those of baskets of households that used a coupon. `products`: by campaign
    and coupon."""

    baskets: Sequence[Basket]
    lines: Iterable[Line]
    campaigns: Sequence[Campaign]
    products: Mapping[tuple[int, int], frozenset[int]]
    used: Sequence[Used]


@dataclass(frozen=True, slots=True)
class Redemption:
    """A use of a coupon, and the basket for which it was used."""

    used: Used
    basket: Basket

    @property
    def coupon(self) -> str:
        """The coupon of a household: campaign, household, number."""
        return coupon_name(self.used)


@dataclass(frozen=True, slots=True)
class Journey:
    """What is played. Everything is in the order of time. `joined`: by household, when and in which store. `without`: redemptions
    on a day on which their household has no basket."""

    stores: tuple[int, ...]
    baskets: tuple[Basket, ...]
    campaigns: tuple[Campaign, ...]
    redemptions: tuple[Redemption, ...]
    joined: Mapping[int, tuple[int, int]]
    without: tuple[Used, ...]

    def shop_of(self, store: int) -> int:
        """The number of a store among our shops."""
        return HEAD_OFFICE + 1 + self.stores.index(store)


def coupon_name(used: Used) -> str:
    """Names the coupon of a household."""
    return f"{used.campaign}-{used.household}-{used.coupon}"


def member_of(household: int) -> str:
    """Under which opaque id a household is known."""
    return f"household-{household:05d}"


def day_of(at: float) -> date:
    """The shops' own day at a moment (seconds of UTC)."""
    return datetime.fromtimestamp(at, ZoneInfo(TIMEZONE)).date()


def month_of(at: float) -> str:
    """The shops' own month, as 2017-03."""
    return day_of(at).strftime("%Y-%m")


def of_households(tables: Tables, count: int) -> Tables:
    """The same for so many households alone, the lowest numbers first; 0: all of them."""
    if not count:
        return tables
    some = set(sorted({one.household for one in tables.baskets})[:count])
    kept = [one for one in tables.baskets if one.household in some]
    ids = {one.id for one in kept}
    return Tables(
        kept,
        [one for one in tables.lines if one.basket in ids],
        tables.campaigns,
        tables.products,
        [one for one in tables.used if one.household in some],
    )


def journey_of(tables: Tables) -> Journey:
    """What is played of these data."""
    baskets = sorted(tables.baskets, key=lambda one: (one.at, one.id))
    of_day: dict[tuple[int, date], list[Basket]] = {}
    users = {one.household for one in tables.used}
    for one in baskets:
        if one.household in users:
            of_day.setdefault((one.household, day_of(one.at)), []).append(one)
    wanted = {one.id for some in of_day.values() for one in some}
    lines: dict[int, list[Line]] = {}
    for line in tables.lines:
        if line.basket in wanted:
            lines.setdefault(line.basket, []).append(line)
    redemptions, without = [], []
    for used in tables.used:
        candidates = of_day.get((used.household, used.day), [])
        products = tables.products.get((used.campaign, used.coupon), frozenset())
        basket = _basket_of(candidates, lines, products)
        if basket is None:
            without.append(used)
        else:
            redemptions.append(Redemption(used, basket))
    redemptions.sort(key=lambda one: (one.basket.at, one.used.place))
    starts = {one.id: one.starts_at() for one in tables.campaigns}
    joined: dict[int, tuple[int, int]] = {}
    for one in baskets:
        joined.setdefault(one.household, (one.at, one.store))
    for redemption in redemptions:
        at, store = joined[redemption.used.household]
        joined[redemption.used.household] = (min(at, starts[redemption.used.campaign]), store)
    return Journey(
        tuple(sorted({one.store for one in baskets})),
        tuple(baskets),
        tuple(sorted(tables.campaigns, key=lambda one: (one.first, one.id))),
        tuple(redemptions),
        joined,
        tuple(without),
    )


def _basket_of(
    candidates: Sequence[Basket], lines: Mapping[int, Sequence[Line]], products: frozenset[int]
) -> Basket | None:
    """The basket of a redemption among those of its household's day, which are in the order of time."""

    def first(discounted: bool) -> Basket | None:
        for one in candidates:
            for line in lines.get(one.id, ()):
                if line.product in products and (line.discounted or not discounted):
                    return one
        return None

    return first(True) or first(False) or (candidates[0] if candidates else None)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(TIMEZONE)).timestamp())
