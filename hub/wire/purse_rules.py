"""The one rule that says what a purchase earns and what may be paid with points, stored value or a full punch card.

Pure. The hub decides with it under a lock, a till that is cut off within its rights, and the hub books with it what facts say,
at ingest and at a rebuild alike. Facts are gathered first; the rule asks for nothing.

Amounts of money are hundredths of the currency; those of currencies without such are whole hundreds (`smallest`). Points are
whole. What does not divide is rounded in one way everywhere: what somebody earns and what points are worth is rounded down, the
points that a sum costs are rounded up, so that no rounding ever pays twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from hub.wire.fact import Cents, Name
from hub.wire.refusals import Refusal

DAY_S = 86_400.0
YEAR_S = 365 * DAY_S
"""The rolling year of tiers."""

UNDO_S = 60.0
MANAGER_UNDO_S = 90 * DAY_S
"""As of coupons (`hub.wire.rules`): how long staff may take an act of their own back, and how long a manager may."""

MOST_FOR_ONE_MEMBER = 5
"""Payments in one day by one member of staff from one member's purse. A sixth needs a colleague."""

LATEST = 253_402_128_000.0
SEEN_S = 7 * DAY_S
"""A balance that a till heard longer ago than this is none to go by when it is cut off."""

WITHOUT_CENTS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF")
)  # fmt: skip
"""Currencies whose smallest coin is one (ISO 4217, exponent 0)."""

Unit = Literal["points", "stored", "punch"]
Words = dict[str, str]
Whole = Annotated[int, Meta(ge=0, le=10**9)]


class Tier(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step that a member reaches by what they paid within a rolling year. `factor_percent`: of the points of
    everybody else."""

    name: Annotated[Words, Meta(min_length=1, max_length=10)]
    from_cents: Cents
    factor_percent: Annotated[int, Meta(ge=100, le=1_000)] = 100


class PunchCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card that is full after so many purchases. `least_cents`: a smaller purchase gives no punch; `per_day`: at most so many.
    `reward_cents`: what the reward would cost, so that it stands in the books."""

    id: Name
    title: Annotated[Words, Meta(min_length=1, max_length=10)]
    needs: Annotated[int, Meta(ge=2, le=100)]
    reward: Annotated[Words, Meta(min_length=1, max_length=10)]
    reward_cents: Cents = 0
    least_cents: Cents = 0
    per_day: Annotated[int, Meta(ge=1, le=100)] = 1


class PurseRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a shop decides about its purses. They stand in facts (`ValueRuled`), so that the same journal always makes the
    same balances. A 0 means: not at all, for what is given; without a limit, for limits."""

    points_each: Annotated[int, Meta(ge=0, le=10_000)] = 0
    earn_cents: Annotated[int, Meta(ge=1, le=10**7)] = 100
    """`points_each` points for every `earn_cents` that were paid. 0 points: the shop keeps no points."""

    pending_days: Annotated[int, Meta(ge=0, le=365)] = 14
    """So long points wait before they can be spent: as long as things may be brought back."""

    expiry_days: Annotated[int, Meta(ge=0, le=3_650)] = 365
    """Points end with the shop's day so long after they were earned; 0: never."""

    worth_points: Annotated[int, Meta(ge=1, le=10**6)] = 100
    worth_cents: Annotated[int, Meta(ge=0, le=10**7)] = 100
    """So many points pay for so many hundredths. 0 hundredths: points pay for nothing."""

    least_points: Whole = 0
    most_percent: Annotated[int, Meta(ge=1, le=100)] = 100
    """Of a purchase that may be paid with points."""

    tiers: Annotated[tuple[Tier, ...], Meta(max_length=10)] = ()
    cards: Annotated[tuple[PunchCard, ...], Meta(max_length=20)] = ()

    stored: bool = False
    """Members may pay in ahead."""

    least_topup_cents: Cents = 500
    most_topup_cents: Cents = 20_000
    most_stored_cents: Cents = 50_000
    staff_day_cents: Cents = 100_000
    """What one member of staff may take in for purses in a day."""

    day_spend_cents: Cents = 0
    """What may be paid from one purse in a day; 0: whatever is in it."""

    offline_cents: Cents = 5_000
    """What one till may accept in all while it is cut off, before the hub has heard of it; 0: nothing."""

    offline_act_cents: Cents = 2_000
    """The same of one payment."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    timezone: Annotated[str, Meta(max_length=60)] = "UTC"

    def card(self, id_: str) -> PunchCard | None:
        """The punch card of that id."""
        return next((card for card in self.cards if card.id == id_), None)


class PurseSection(msgspec.Struct, frozen=True):
    """What a till knows of the purses when it is cut off: the rules, and how much it may accept alone in all, counted from its
    beginning and never lowered (`right_cents`); `spent_cents`: what it has spent of that at least, where it forgot."""

    rules: PurseRules
    right_cents: int = 0
    spent_cents: int = 0


def smallest(currency: str) -> int:
    """The smallest sum of a currency, in hundredths of it."""
    return 100 if currency in WITHOUT_CENTS else 1


def earned(rules: PurseRules, cents: int, factor_percent: int = 100) -> int:
    """Points for what was paid; never more than for the same sum in one purchase."""
    return cents * rules.points_each * factor_percent // (rules.earn_cents * 100)


def tier_of(rules: PurseRules, year_cents: int) -> Tier | None:
    """The highest tier that somebody reached who paid so much within the rolling year; None beneath the first."""
    reached = [tier for tier in rules.tiers if tier.from_cents <= year_cents]
    return max(reached, key=lambda tier: tier.from_cents, default=None)


def next_tier(rules: PurseRules, year_cents: int) -> Tier | None:
    """The next tier above."""
    ahead = [tier for tier in rules.tiers if tier.from_cents > year_cents]
    return min(ahead, key=lambda tier: tier.from_cents, default=None)


def worth(rules: PurseRules, points: int) -> int:
    """What points pay for, in whole coins of the currency."""
    coin = smallest(rules.currency)
    return max(0, points) * rules.worth_cents // rules.worth_points // coin * coin


def points_for(rules: PurseRules, cents: int) -> int | None:
    """The points that a sum costs; None where points pay for nothing."""
    if rules.worth_cents <= 0:
        return None
    return -(-cents * rules.worth_points // rules.worth_cents)


def usable_at(rules: PurseRules, at: float) -> float:
    """From when on points of a purchase can be spent."""
    return at + rules.pending_days * DAY_S


def expires_at(rules: PurseRules, at: float) -> float | None:
    """The first second at which points of a purchase are no more; None: they stay."""
    if rules.expiry_days == 0:
        return None
    return day_of(at + rules.expiry_days * DAY_S, rules.timezone)[1]


def day_of(at: float, timezone: str) -> tuple[float, float]:
    """The shop's day in which a moment lies: its first second and that of the next."""
    zone = zone_named(timezone)
    local = datetime.fromtimestamp(min(max(at, 0.0), LATEST), zone).date()
    first, end = (
        datetime(one.year, one.month, one.day, tzinfo=zone).timestamp()
        for one in (local, local + timedelta(days=1))
    )
    return first, end


def zone_named(timezone: str) -> tzinfo:
    """The zone of that name; UTC where this machine does not know it."""
    if timezone == "UTC":
        return UTC
    try:
        return ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        return UTC


@dataclass(frozen=True, slots=True)
class Alone:
    """How a till stands that decides without its hub. `rights_cents`: what it may still accept. `seen_at`: when it last heard
    what is in this purse (`SpendFacts.have` is that, less what it accepted since); None: never."""

    rights_cents: int
    seen_at: float | None
    clock_known: bool


@dataclass(frozen=True, slots=True)
class SpendFacts:
    """All that `decide_spend` may look at. `now` is seconds of UTC.

    `unit`, `cents`, `card`: what is asked: a sum of the purchase to be paid with points or stored value, or the reward of a
    full card. `have`: what of the unit can be spent now, debts taken off. `basket_cents`: what the purchase comes to, None where
    nobody said. `spent_today_cents`: from this purse today. `by_staff_for_member`: payments from it today by this
    member of staff. `alone` is None on the hub.
    """

    now: float
    unit: Unit
    have: int
    member: str
    cents: int | None = None
    card: str = ""
    basket_cents: int | None = None
    staff_member: str = ""
    spent_today_cents: int = 0
    by_staff_for_member: int = 0
    alone: Alone | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """What is taken from the purse (`amount`, in its unit), and what it pays for (`cents`)."""

    amount: int
    cents: int


def decide_spend(rules: PurseRules, facts: SpendFacts) -> Spend | Refusal:
    """The one rule of paying from a purse: what is taken, or why not."""
    if not facts.member:
        return Refusal.MEMBER_NEEDED
    if facts.member == facts.staff_member:
        return Refusal.OWN_PURSE
    price = _price(rules, facts)
    if isinstance(price, Refusal):
        return price
    if facts.by_staff_for_member >= MOST_FOR_ONE_MEMBER:
        return Refusal.STAFF_LIMIT
    if facts.alone is not None:
        wrong = _wrong_alone(rules, facts.alone, price, facts.now)
        if wrong is not None:
            return wrong
    if price.amount > facts.have:
        return Refusal.PURSE_TOO_SMALL
    day = rules.day_spend_cents
    if day and facts.unit != "punch" and facts.spent_today_cents + price.cents > day:
        return Refusal.PURSE_DAY_LIMIT
    return price


def _price(rules: PurseRules, facts: SpendFacts) -> Spend | Refusal:
    if facts.unit == "punch":
        card = rules.card(facts.card)
        return Refusal.NO_SUCH_PURSE if card is None else Spend(card.needs, card.reward_cents)
    if facts.unit == "points" and (rules.points_each == 0 or rules.worth_cents == 0):
        return Refusal.NO_SUCH_PURSE
    cents = facts.cents
    if cents is None or cents <= 0 or cents % smallest(rules.currency):
        return Refusal.SUM_NEEDED
    if facts.basket_cents is not None and cents > facts.basket_cents:
        return Refusal.MORE_THAN_PURCHASE
    if facts.unit == "stored":
        # What was paid in stays the member's, also where the shop takes nothing new in.
        return Spend(cents, cents)
    if rules.most_percent < 100:
        if facts.basket_cents is None:
            return Refusal.BASKET_NEEDED
        if cents * 100 > facts.basket_cents * rules.most_percent:
            return Refusal.MORE_THAN_PART
    points = points_for(rules, cents)
    if points is None:
        return Refusal.NO_SUCH_PURSE
    if points < rules.least_points:
        return Refusal.TOO_FEW_POINTS
    return Spend(points, cents)


def _wrong_alone(rules: PurseRules, alone: Alone, price: Spend, now: float) -> Refusal | None:
    if rules.offline_cents == 0 or price.cents > rules.offline_act_cents:
        return Refusal.PURSE_NEEDS_HUB
    if alone.seen_at is None or not alone.clock_known or not 0 <= now - alone.seen_at <= SEEN_S:
        return Refusal.PURSE_NEEDS_HUB
    # A reward whose cost nobody named would use up no right.
    if max(price.cents, 1) > alone.rights_cents:
        return Refusal.NO_RIGHTS_LEFT
    return None


@dataclass(frozen=True, slots=True)
class TopUpFacts:
    """All that `decide_topup` may look at: what is in the purse, what is paid in, and what this member of staff took in today."""

    member: str
    cents: int
    have_cents: int
    staff_member: str = ""
    staff_today_cents: int = 0


def decide_topup(rules: PurseRules, facts: TopUpFacts) -> Refusal | None:
    """Whether somebody may pay in; only the hub takes that."""
    if not facts.member:
        return Refusal.MEMBER_NEEDED
    if not rules.stored:
        return Refusal.NO_SUCH_PURSE
    if facts.member == facts.staff_member:
        return Refusal.OWN_PURSE
    if facts.cents <= 0 or facts.cents % smallest(rules.currency):
        return Refusal.SUM_NEEDED
    if facts.cents < rules.least_topup_cents or (
        rules.most_topup_cents and facts.cents > rules.most_topup_cents
    ):
        return Refusal.TOPUP_SUM
    if rules.most_stored_cents and facts.have_cents + facts.cents > rules.most_stored_cents:
        return Refusal.PURSE_FULL
    if rules.staff_day_cents and facts.staff_today_cents + facts.cents > rules.staff_day_cents:
        return Refusal.STAFF_LIMIT
    return None


def may_take_back(
    by: Literal["staff", "manager"],
    now: float,
    at: float,
    *,
    same_till: bool,
    same_staff: bool,
    before: bool,
    given_up: bool = False,
) -> Refusal | None:
    """Whether an act (of `at`) may be taken back: None, or why not. `before`: it was. `given_up`: its till never saw an
    answer."""
    if before:
        return Refusal.ALREADY_REVERSED
    if given_up and same_till:
        return None
    if now - at > (MANAGER_UNDO_S if by == "manager" else UNDO_S):
        return Refusal.UNDO_TOO_LATE
    if by == "staff" and not (same_till and same_staff):
        return Refusal.UNDO_NOT_HERE
    return None
