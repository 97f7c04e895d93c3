"""The one rule and its conditions against a second, naive statement of them: tables and enumeration instead of code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.wire.conditions import (
    DEEPEST,
    MOST_LINES,
    UNSAID,
    All,
    Any,
    Buys,
    Condition,
    Hours,
    InSegment,
    IsMember,
    Not,
    Purchase,
    Spends,
    flaw,
    unmet,
)
from hub.wire.coupon import Coupon
from hub.wire.refusals import Refusal
from hub.wire.rules import (
    LATEST,
    Accepted,
    CutOff,
    Facts,
    FirstUse,
    Refused,
    ReversalFacts,
    day_span,
    decide,
    decide_reversal,
    shop_day,
)
from hub.wire.snapshot import Campaign, Key, Offer, Value

MUCH = settings(max_examples=250, deadline=None)
NOW = 1_790_000_000
BERLIN, SHANGHAI = "Europe/Berlin", "Asia/Shanghai"

hours = st.builds(
    Hours,
    days=st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
    start=st.sampled_from([0, 1, 540, 1_320, 1_439]),
    end=st.sampled_from([1, 60, 541, 1_380, 1_440]),
)
leaves: st.SearchStrategy[Condition] = st.one_of(
    hours,
    st.builds(Spends, cents=st.sampled_from([1, 1_000, 2_000])),
    st.builds(
        Buys,
        any_of=st.lists(st.sampled_from(["tea", "milk"]), min_size=1, max_size=2).map(tuple),
        at_least=st.integers(1, 2),
    ),
    st.just(IsMember()),
    st.builds(InSegment, any_of=st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2).map(tuple)),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, of=st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any, of=st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, that=inner),
    ),
    max_leaves=6,
)
purchases = st.builds(
    Purchase,
    weekday=st.integers(0, 6),
    minute=st.integers(0, 1_439),
    basket_cents=st.sampled_from([None, 0, 999, 1_000, 5_000]),
    products=st.sampled_from([None, (), ("tea",), ("milk", "milk"), ("tea", "milk", "bread")]),
    member=st.sampled_from([None, "m-0001"]),
    segments=st.sampled_from([frozenset(), frozenset({"a"}), frozenset({"a", "b"})]),
)


def minutes_of(stretch: Hours) -> set[int]:
    """Every minute of the week that belongs to a stretch, one by one."""
    found = set()
    for day in stretch.days:
        minute, last = stretch.start, stretch.end if stretch.end > stretch.start else stretch.end + 1_440
        while minute < last:
            found.add((day * 1_440 + minute) % (7 * 1_440))
            minute += 1
    return found


def holds(condition: Condition, bought: Purchase) -> bool:
    """Plain truth, where everything about the purchase is said."""
    if isinstance(condition, All):
        return min(holds(part, bought) for part in condition.of)
    if isinstance(condition, Any):
        return max(holds(part, bought) for part in condition.of)
    if isinstance(condition, Not):
        return not holds(condition.that, bought)
    if isinstance(condition, Hours):
        return bought.weekday * 1_440 + bought.minute in minutes_of(condition)
    if isinstance(condition, Spends):
        assert bought.basket_cents is not None
        return bought.basket_cents >= condition.cents
    if isinstance(condition, Buys):
        assert bought.products is not None
        return sum(bought.products.count(code) for code in set(condition.any_of)) >= condition.at_least
    if isinstance(condition, IsMember):
        return bool(bought.member)
    return bool(bought.member) and bool(set(condition.any_of) & (bought.segments or set()))


def all_that_could_be_said(bought: Purchase) -> list[Purchase]:
    """The purchase with everything that is not said yet said in every way that makes a difference."""
    baskets = [0, 10**6] if bought.basket_cents is None else [bought.basket_cents]
    carts: list[tuple[str, ...]] = (
        [(), ("tea",) * 2, ("milk",) * 2, ("tea", "tea", "milk", "milk")]
        if bought.products is None
        else [bought.products]
    )
    return [replace(bought, basket_cents=basket, products=cart) for basket, cart in product(baskets, carts)]


@MUCH
@given(condition=conditions, bought=purchases)
@example(condition=Not(Any((IsMember(), Spends(1_000)))), bought=Purchase(0, 0))
@example(condition=Not(All((Spends(1_000), IsMember()))), bought=Purchase(0, 0))
def test_a_condition_says_what_its_truth_table_says(condition: Condition, bought: Purchase) -> None:
    reason = unmet(condition, bought)
    truths = {holds(condition, said) for said in all_that_could_be_said(bought)}
    if reason is None:
        assert truths == {True}, "whoever says nothing is never let off"
    elif reason not in UNSAID:
        assert truths == {False}
    if None not in (bought.basket_cents, bought.products):
        assert (reason is None) == truths.pop()


@MUCH
@given(condition=conditions, bought=purchases)
def test_what_is_asked_for_is_what_nobody_said(condition: Condition, bought: Purchase) -> None:
    unsaid = {
        Refusal.BASKET_NEEDED: bought.basket_cents is None,
        Refusal.PRODUCTS_NEEDED: bought.products is None,
        Refusal.MEMBER_NEEDED: not bought.member,
        Refusal.HUB_UNREACHABLE: bought.segments is None,
    }
    reason = unmet(condition, bought)
    assert reason not in UNSAID or unsaid[reason]


def test_segments_that_nobody_here_knows_are_the_hubs_to_know() -> None:
    inside = InSegment(("regulars",))
    assert unmet(inside, Purchase(0, 0, member="m-1", segments=None)) == Refusal.HUB_UNREACHABLE
    assert unmet(Not(inside), Purchase(0, 0, member="m-1", segments=None)) == Refusal.HUB_UNREACHABLE
    assert unmet(inside, Purchase(0, 0, member="m-1", segments=frozenset())) == Refusal.NOT_FOR_THIS_MEMBER
    assert unmet(inside, Purchase(0, 0)) == Refusal.MEMBER_NEEDED


@given(condition=conditions)
def test_a_condition_is_data_and_comes_back_as_it_went(condition: Condition) -> None:
    assert msgspec.json.decode(msgspec.json.encode(condition), type=Condition) == condition


def test_a_condition_that_nobody_could_explain_is_found() -> None:
    deep: Condition = IsMember()
    for _ in range(DEEPEST):
        assert flaw(deep) is None
        deep = Not(deep)
    assert flaw(deep) == "too_deep"
    assert flaw(All((Any((IsMember(),) * MOST_LINES),))) is None
    assert flaw(All((Any((IsMember(),) * MOST_LINES), Spends(1)))) == "too_long"


MAYBE = st.sampled_from([None, 1, 3])
campaigns = st.builds(
    Campaign,
    number=st.just(4),
    offer=st.builds(
        Offer,
        title=st.just({"en": "Tea"}),
        text=st.just({}),
        value=st.builds(
            Value,
            kind=st.sampled_from(["amount", "percent", "gift", "voucher"]),
            cents=st.just(2_000),
            percent=st.just(10),
        ),
    ),
    starts_at=st.sampled_from([NOW - 90_000, NOW, NOW + 1]),
    ends_at=st.just(NOW + 90_000),
    coupon_lasts_s=st.sampled_from([3_600, 172_800]),
    redemption_limit=MAYBE,
    per_day_limit=MAYBE,
    per_person_limit=MAYBE,
    group_size=MAYBE,
    basket_min_cents=st.sampled_from([0, 0, 1_000]),
    offline=st.sampled_from(["refuse", "rights"]),
    hours=st.lists(hours, max_size=2).map(tuple),
    condition=st.none() | leaves,
    rotating=st.booleans(),
    good_from=st.sampled_from(["at_once", "next_day"]),
)
FEW = st.sampled_from([0, 0, 1, 2, 3, 5])
SOMEBODY = st.sampled_from(["", "m-0001", "m-0002"])
facts = st.builds(
    Facts,
    now=st.sampled_from([NOW - 0.5, float(NOW), NOW + 0.25, NOW + 40_000.0, NOW + 80_000.0]),
    shop=st.sampled_from([1, 1, 1, 2]),
    campaign=campaigns | st.none(),
    key=st.sampled_from(
        [None, Key(1, "k", ""), Key(1, "k", "", withdrawn_at=5), Key(1, "k", "", ends_at=NOW)]
    ),
    known=st.booleans(),
    revoked=st.sampled_from([False, False, False, True]),
    first_use=st.none() | st.none() | st.just(FirstUse(1.0, "Till", "ann", "n")),
    redeemed=FEW,
    basket_cents=st.sampled_from([None, 0, 999, 1_000, 5_000]),
    cut_off=st.none()
    | st.builds(
        CutOff,
        rights_left=st.integers(-1, 1),
        clock_known=st.booleans(),
        not_before=st.sampled_from([0.0, NOW - 0.5, float(NOW), NOW + 50_000.0]),
    ),
    timezone=st.sampled_from(["UTC", BERLIN, SHANGHAI]),
    products=st.sampled_from([None, (), ("tea", "milk")]),
    amount_cents=st.sampled_from([None, 1, 500, 2_000, 2_001]),
    spent_cents=st.sampled_from([0, 1_500, 2_000, 2_500]),
    member=SOMEBODY,
    segments=st.sampled_from([None, frozenset(), frozenset({"a"})]),
    bound_to=SOMEBODY,
    staff_member=SOMEBODY,
    redeemed_today=FEW,
    redeemed_by_member=FEW,
    by_staff_for_member=FEW,
    taken=FEW,
    issued_at=st.sampled_from([None, NOW - 86_400.0, NOW - 100.0]),
    reserved=st.sampled_from([False, False, True]),
    picture=st.sampled_from(["fresh", "stale"]),
)


def on_the_wall(at: float, timezone: str) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(timezone))


def reasons(coupon: Coupon, f: Facts) -> list[tuple[bool, Refusal]]:
    """Everything that can be wrong, in the order in which it is told. Needs a campaign."""
    c = f.campaign
    assert c is not None
    wall = on_the_wall(f.now, f.timezone)
    minute = wall.weekday() * 1_440 + wall.hour * 60 + wall.minute
    taken_at = coupon.expires_at - c.coupon_lasts_s if f.issued_at is None else f.issued_at
    same_day = on_the_wall(taken_at, f.timezone).date() >= wall.date()
    bought = Purchase(
        wall.weekday(), wall.hour * 60 + wall.minute, f.basket_cents, f.products, f.member or None, f.segments
    )
    knows = f.cut_off is None or f.cut_off.clock_known
    unmet_reason = unmet(c.condition, bought) if c.condition is not None else None
    if c.condition is not None and not knows and unmet_reason is not None:
        week = (replace(bought, weekday=day, minute=minute) for day in range(7) for minute in range(1_440))
        if any(unmet(c.condition, moment) is None for moment in week):
            unmet_reason = None
    limits = [
        (f.redeemed, c.redemption_limit, Refusal.LIMIT_REACHED),
        (f.redeemed_today, c.per_day_limit, Refusal.DAY_LIMIT),
    ]
    too_few = c.group_size is not None and f.taken < c.group_size
    voucher = c.offer.value.kind == "voucher"
    alone = f.cut_off is not None
    left = c.offer.value.cents - f.spent_cents
    return [
        (knows and f.now < c.starts_at, Refusal.NOT_STARTED),
        (sure_now(f) >= coupon.expires_at, Refusal.EXPIRED),
        (knows and c.good_from == "next_day" and same_day, Refusal.NEXT_VISIT),
        (
            knows and bool(c.hours) and all(minute not in minutes_of(one) for one in c.hours),
            Refusal.NOT_AT_THIS_HOUR,
        ),
        (c.rotating and f.picture == "stale", Refusal.CODE_TOO_OLD),
        (f.reserved, Refusal.RESERVED),
        (bool(f.bound_to) and not f.member, Refusal.MEMBER_NEEDED),
        (bool(f.bound_to) and f.member != f.bound_to, Refusal.NOT_FOR_THIS_MEMBER),
        (f.member != "" and f.member == f.staff_member, Refusal.OWN_COUPON),
        (
            (c.basket_min_cents > 0 or c.offer.value.kind == "percent") and f.basket_cents is None,
            Refusal.BASKET_NEEDED,
        ),
        ((f.basket_cents or 0) < c.basket_min_cents, Refusal.BASKET_TOO_SMALL),
        (unmet_reason is not None, unmet_reason or Refusal.CONDITION_UNMET),
        *((limit is not None and count >= limit, refusal) for count, limit, refusal in limits),
        (c.per_person_limit is not None and f.member == "", Refusal.MEMBER_NEEDED),
        (
            c.per_person_limit is not None and f.redeemed_by_member >= c.per_person_limit,
            Refusal.PERSON_LIMIT,
        ),
        (f.member != "" and f.by_staff_for_member >= 5, Refusal.STAFF_LIMIT),
        (
            alone and (c.offline == "refuse" or voucher or too_few or c.per_person_limit is not None),
            Refusal.HUB_UNREACHABLE,
        ),
        (f.cut_off is not None and f.cut_off.rights_left < 1, Refusal.NO_RIGHTS_LEFT),
        (too_few, Refusal.GROUP_TOO_SMALL),
        (voucher and left <= 0, Refusal.BALANCE_TOO_SMALL),
        (voucher and f.amount_cents is None, Refusal.AMOUNT_NEEDED),
        (voucher and (f.amount_cents or 0) > left, Refusal.BALANCE_TOO_SMALL),
    ]


def sure_now(f: Facts) -> float:
    """What the time is, or is at least where a till does not know it."""
    return f.now if f.cut_off is None or f.cut_off.clock_known else f.cut_off.not_before


def restated(coupon: Coupon, f: Facts) -> Accepted | Refused:
    before = [
        (f.shop != coupon.shop, Refused(Refusal.WRONG_STORE)),
        (f.first_use is not None, Refused(Refusal.ALREADY_REDEEMED, f.first_use)),
        (
            not f.known and (f.key is None or f.key.withdrawn_at is not None),
            Refused(Refusal.BAD_SIGNATURE),
        ),
        (f.key is not None and (f.key.ends_at or 2**40) <= sure_now(f), Refused(Refusal.KEY_ENDED)),
        (f.revoked, Refused(Refusal.REVOKED)),
        (f.campaign is None, Refused(Refusal.UNKNOWN_CAMPAIGN)),
    ]
    for wrong, refused in before:
        if wrong:
            return refused
    for wrong, refusal in reasons(coupon, f):
        if wrong:
            return Refused(refusal)
    assert f.campaign is not None
    value = f.campaign.offer.value
    if value.kind == "voucher":
        assert f.amount_cents is not None
        return Accepted(f.amount_cents, value.cents - f.spent_cents - f.amount_cents)
    return Accepted((f.basket_cents or 0) // 10 if value.kind == "percent" else value.cents)


@settings(max_examples=800, deadline=None)
@given(f=facts, lasts=st.sampled_from([0, 1, 50_000, 100_000]))
def test_the_rule_says_what_its_table_says(f: Facts, lasts: int) -> None:
    coupon = Coupon(1, 1, 4, "00" * 8, NOW + lasts)
    assert decide(coupon, f) == restated(coupon, f)


@MUCH
@given(f=facts, lasts=st.sampled_from([50_000, 100_000]))
def test_a_till_alone_never_accepts_what_the_hub_would_refuse(f: Facts, lasts: int) -> None:
    coupon = Coupon(1, 1, 4, "00" * 8, NOW + lasts)
    alone = decide(coupon, replace(f, cut_off=CutOff(1, clock_known=True)))
    if isinstance(alone, Accepted):
        assert decide(coupon, replace(f, cut_off=None)) == alone


@MUCH
@given(f=facts, more=st.integers(1, 5), lasts=st.sampled_from([50_000, 100_000]))
def test_what_was_refused_for_its_limits_is_not_good_once_more_was_used(
    f: Facts, more: int, lasts: int
) -> None:
    coupon = Coupon(1, 1, 4, "00" * 8, NOW + lasts)
    if isinstance(decide(coupon, f), Refused):
        later = replace(
            f,
            redeemed=f.redeemed + more,
            redeemed_today=f.redeemed_today + more,
            redeemed_by_member=f.redeemed_by_member + more,
            spent_cents=f.spent_cents + more,
        )
        assert isinstance(decide(coupon, later), Refused)


@pytest.mark.parametrize("timezone", ["UTC", BERLIN, SHANGHAI, "America/St_Johns", "Australia/Lord_Howe"])
@given(at=st.floats(0, 2_500_000_000))
def test_a_day_of_the_shop_is_where_its_calendar_says(timezone: str, at: float) -> None:
    first, end = day_span(at, timezone)
    assert first <= at < end
    assert 23 * 3_600 <= end - first <= 25 * 3_600
    assert first % 900 == end % 900 == 0
    day = shop_day(at, timezone)
    assert shop_day(first, timezone) == day == shop_day(end - 1, timezone)
    assert shop_day(end, timezone) == day + timedelta(days=1)


def test_a_broken_clock_is_answered_too() -> None:
    for at in (0.0, 1e-9, LATEST, 253_402_300_799.0):
        assert shop_day(at, SHANGHAI).year in (1970, 9999)


@pytest.mark.parametrize("by", ["staff", "manager"])
@given(
    age=st.sampled_from([0.0, 59.9, 60.0, 60.1, 89 * 86_400.0, 90 * 86_400.0, 90 * 86_400.1]),
    there=st.booleans(),
    before=st.booleans(),
    till=st.booleans(),
    staff=st.booleans(),
)
def test_a_redemption_is_taken_back_within_its_time_by_who_may(
    by: str, age: float, *, there: bool, before: bool, till: bool, staff: bool
) -> None:
    facts_ = ReversalFacts(NOW + age, float(NOW) if there else None, by, till, staff, before)  # type: ignore[arg-type]  # a parameter is any text
    table = [
        (not there, Refusal.NOT_REDEEMED),
        (before, Refusal.ALREADY_REVERSED),
        (age > (60 if by == "staff" else 7_776_000), Refusal.UNDO_TOO_LATE),
        (by == "staff" and not (till and staff), Refusal.UNDO_NOT_HERE),
    ]
    assert decide_reversal(facts_) == next((refusal for wrong, refusal in table if wrong), None)
