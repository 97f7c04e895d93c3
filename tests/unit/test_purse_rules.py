"""The one rule of purses: what is earned, what points are worth, what may be paid, and that no rounding ever pays twice."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.events_value import ValueRuled
from hub.wire.purse_lots import Lot, give_back, take
from hub.wire.purse_rules import (
    Alone,
    PunchCard,
    PurseRules,
    Spend,
    SpendFacts,
    Tier,
    TopUpFacts,
    decide_spend,
    decide_topup,
    earned,
    expires_at,
    may_take_back,
    next_tier,
    points_for,
    tier_of,
    worth,
)
from hub.wire.refusals import Refusal

NOW = 1_795_000_000.0
DAY = 86_400.0
MEI = "a" * 32
PLAIN = PurseRules(points_each=1, stored=True, cards=(PunchCard("c", {"en": "C"}, 10, {"en": "R"}, 300),))
YEN = PurseRules(points_each=1, earn_cents=10_000, worth_points=1, worth_cents=100, currency="JPY")

rules = st.builds(
    PurseRules,
    points_each=st.integers(1, 500),
    earn_cents=st.integers(1, 50_000),
    worth_points=st.integers(1, 1_000),
    worth_cents=st.integers(1, 100_000),
    currency=st.sampled_from(["EUR", "JPY"]),
)


def facts(**values: object) -> SpendFacts:
    known = {"now": NOW, "unit": "points", "have": 1_000, "member": MEI, "cents": 500, **values}
    return SpendFacts(**known)  # type: ignore[arg-type]


@given(rules, st.lists(st.integers(0, 10**7), max_size=8), st.sampled_from([100, 125, 150]))
def test_many_small_purchases_never_earn_more_than_one_large(
    how: PurseRules, parts: list[int], factor: int
) -> None:
    assert sum(earned(how, part, factor) for part in parts) <= earned(how, sum(parts), factor)


@given(rules, st.integers(1, 10**6))
def test_the_points_that_a_sum_costs_are_worth_at_least_that_sum_and_one_less_is_not(
    how: PurseRules, coins: int
) -> None:
    cents = coins * (100 if how.currency == "JPY" else 1)
    points = points_for(how, cents)
    assert points is not None
    assert worth(how, points) >= cents
    assert worth(how, points - 1) < cents


@given(rules, st.integers(0, 10**6))
def test_points_pay_for_whole_coins_only(how: PurseRules, points: int) -> None:
    assert worth(how, points) % (100 if how.currency == "JPY" else 1) == 0


def test_yen_have_no_hundredths() -> None:
    assert earned(YEN, 99_900) == 9
    assert worth(YEN, 7) == 700
    assert decide_spend(YEN, facts(cents=150)) == Refusal.SUM_NEEDED
    assert decide_spend(YEN, facts(cents=700)) == Spend(7, 700)


def test_points_run_out_with_the_shops_day_also_where_the_clocks_are_changed() -> None:
    berlin = PurseRules(points_each=1, expiry_days=120, timezone="Europe/Berlin")
    # 18 November 2026, 12:26 in Berlin; 120 days later it is 18 March, the day ends at 23:00 of UTC.
    end = expires_at(berlin, NOW)
    assert end is not None
    assert (end + 3_600) % DAY == 0
    summer = expires_at(msgspec.structs.replace(berlin, expiry_days=150), NOW)
    assert summer is not None
    assert (summer + 7_200) % DAY == 0
    assert expires_at(msgspec.structs.replace(berlin, expiry_days=0), NOW) is None


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"member": ""}, Refusal.MEMBER_NEEDED),
        ({"staff_member": MEI}, Refusal.OWN_PURSE),
        ({"cents": None}, Refusal.SUM_NEEDED),
        ({"cents": 0}, Refusal.SUM_NEEDED),
        ({"cents": -5}, Refusal.SUM_NEEDED),
        ({"basket_cents": 499}, Refusal.MORE_THAN_PURCHASE),
        ({"have": 499}, Refusal.PURSE_TOO_SMALL),
        ({"have": -20}, Refusal.PURSE_TOO_SMALL),
        ({"by_staff_for_member": 5}, Refusal.STAFF_LIMIT),
        ({"unit": "punch", "card": "tea"}, Refusal.NO_SUCH_PURSE),
        ({"alone": Alone(10_000, None, True)}, Refusal.PURSE_NEEDS_HUB),
        ({"alone": Alone(10_000, NOW - 8 * DAY, True)}, Refusal.PURSE_NEEDS_HUB),
        ({"alone": Alone(10_000, NOW + 60, True)}, Refusal.PURSE_NEEDS_HUB),
        ({"alone": Alone(10_000, NOW, False)}, Refusal.PURSE_NEEDS_HUB),
        ({"alone": Alone(499, NOW, True)}, Refusal.NO_RIGHTS_LEFT),
        ({"alone": Alone(10_000, NOW, True), "cents": 2_001, "have": 5_000}, Refusal.PURSE_NEEDS_HUB),
    ],
)
def test_each_wrong_thing_has_its_own_refusal(changed: dict[str, object], refusal: Refusal) -> None:
    assert decide_spend(PLAIN, facts()) == Spend(500, 500)
    assert decide_spend(PLAIN, facts(**changed)) == refusal


def test_limits_of_a_shop_hold() -> None:
    most = msgspec.structs.replace(PLAIN, most_percent=20, least_points=100, day_spend_cents=600)
    assert decide_spend(most, facts(cents=200)) == Refusal.BASKET_NEEDED
    assert decide_spend(most, facts(cents=201, basket_cents=1_000)) == Refusal.MORE_THAN_PART
    assert decide_spend(most, facts(cents=99, basket_cents=1_000)) == Refusal.TOO_FEW_POINTS
    assert decide_spend(most, facts(cents=200, basket_cents=1_000, spent_today_cents=401)) == (
        Refusal.PURSE_DAY_LIMIT
    )
    assert decide_spend(most, facts(cents=200, basket_cents=1_000, spent_today_cents=400)) == Spend(200, 200)
    nothing = PurseRules()
    assert decide_spend(nothing, facts()) == Refusal.NO_SUCH_PURSE
    # What was paid in stays the member's, also where the shop takes nothing new in.
    assert decide_spend(nothing, facts(unit="stored")) == Spend(500, 500)
    assert decide_spend(PLAIN, facts(unit="punch", card="c", cents=None, have=10)) == Spend(10, 300)


@pytest.mark.parametrize(
    ("cents", "have", "staff_member", "today", "refusal"),
    [
        (5_000, 0, "", 0, None),
        (499, 0, "", 0, Refusal.TOPUP_SUM),
        (20_001, 0, "", 0, Refusal.TOPUP_SUM),
        (5_000, 45_001, "", 0, Refusal.PURSE_FULL),
        (5_000, 0, MEI, 0, Refusal.OWN_PURSE),
        (5_000, 0, "", 95_001, Refusal.STAFF_LIMIT),
        (-5, 0, "", 0, Refusal.SUM_NEEDED),
    ],
)
def test_paying_in_has_its_limits(
    cents: int, have: int, staff_member: str, today: int, refusal: Refusal | None
) -> None:
    assert decide_topup(PLAIN, TopUpFacts(MEI, cents, have, staff_member, today)) == refusal


def test_what_ends_first_is_spent_first_and_what_waits_is_not() -> None:
    lots = (
        Lot("never", 50, 0, None),
        Lot("late", 50, 0, NOW + 9),
        Lot("waits", 50, NOW + 5, NOW + 6),
        Lot("soon", 50, 0, NOW + 1),
        Lot("over", 50, 0, NOW),
    )
    assert take(lots, 120, NOW).parts == (("soon", 50), ("late", 50), ("never", 20))
    assert take(lots, 200, NOW).beyond == 50
    assert take(lots, 240, NOW, any_lot=True).beyond == 0
    assert give_back(lots[4], 5, NOW).good(NOW)


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(-9, 9), st.integers(-9, 9)), max_size=9),
    st.integers(0, 400),
)
def test_a_payment_takes_what_it_says_and_never_more_than_a_part_has(
    drawn: list[tuple[int, int, int]], amount: int
) -> None:
    lots = [Lot(str(place), left, NOW + start, NOW + end) for place, (left, start, end) in enumerate(drawn)]
    for any_lot in (False, True):
        taken = take(lots, amount, NOW, any_lot=any_lot)
        by_name = {lot.id: lot for lot in lots}
        assert sum(part for _, part in taken.parts) + taken.beyond == amount
        assert len({name for name, _ in taken.parts}) == len(taken.parts)
        assert all(0 < part <= by_name[name].left for name, part in taken.parts)
        assert any_lot or all(by_name[name].good(NOW) for name, _ in taken.parts)


def test_tiers_go_by_the_sum_whatever_their_order() -> None:
    tiers = (Tier({"en": "Gold"}, 500), Tier({"en": "Silver"}, 100))
    how = PurseRules(tiers=tiers)
    assert tier_of(how, 99) is None
    assert tier_of(how, 100) == tiers[1]
    assert tier_of(how, 900) == tiers[0]
    assert next_tier(how, 99) == tiers[1]
    assert next_tier(how, 500) is None


def test_staff_undo_their_own_within_a_minute_managers_within_a_quarter_and_nobody_twice() -> None:
    own = {"same_till": True, "same_staff": True, "before": False}
    assert may_take_back("staff", NOW + 60, NOW, **own) is None
    assert may_take_back("staff", NOW + 61, NOW, **own) == Refusal.UNDO_TOO_LATE
    assert may_take_back("staff", NOW, NOW, same_till=True, same_staff=False, before=False) == (
        Refusal.UNDO_NOT_HERE
    )
    assert (
        may_take_back("manager", NOW + 89 * DAY, NOW, same_till=False, same_staff=False, before=False) is None
    )
    assert may_take_back("manager", NOW, NOW, same_till=True, same_staff=True, before=True) == (
        Refusal.ALREADY_REVERSED
    )
    assert may_take_back("staff", NOW + 9_999, NOW, **own, given_up=True) is None


def test_rules_as_large_as_a_form_takes_fit_into_a_fact() -> None:
    words = {"en": "x" * 60, "zh": "字" * 60}
    large = PurseRules(
        tiers=tuple(Tier(words, 100 * place) for place in range(3)),
        cards=tuple(PunchCard(f"card-{place}", words, 10, words, 300, 200, 5) for place in range(3)),
    )
    assert len(msgspec.json.encode(ValueRuled(rules=large, by="ines"))) < 8_000
