"""What is played of a year of baskets: to which basket a redemption belongs, when somebody joins, by which clock."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hub.replay.journey import (
    Basket,
    Campaign,
    Line,
    Tables,
    Used,
    day_of,
    journey_of,
    month_of,
    of_households,
)
from hub.replay.script import DOOR, TILL, acts_by_month, facts_of, months_of
from hub.wire.events import ConsentGiven, PurchasePaid, VisitClosed

NOON = 1_488_646_800
"""4 March 2017, noon in New York."""

DAY = date(2017, 3, 4)
MARCH = Campaign(7, "Type A", date(2017, 3, 1), date(2017, 4, 9))
COUPON, MILK, BREAD = 500, 11, 12


def basket(id_: int, at: int = NOON, household: int = 1, store: int = 367) -> Basket:
    return Basket(id_, household, store, at, 1_000 + id_, 3)


def tables(baskets: list[Basket], lines: list[Line], *used: Used) -> Tables:
    return Tables(
        baskets, lines, [MARCH], {(7, COUPON): frozenset({MILK})}, used or [Used(0, 1, COUPON, 7, DAY)]
    )


def chosen(baskets: list[Basket], *lines: Line) -> int:
    (redemption,) = journey_of(tables(baskets, list(lines))).redemptions
    return redemption.basket.id


def test_a_redemption_belongs_to_the_basket_in_which_its_product_was_discounted() -> None:
    day = [basket(1), basket(2, NOON + 60), basket(3, NOON + 120)]
    plain, discounted = Line(2, MILK, discounted=False), Line(3, MILK, discounted=True)
    assert chosen(day, plain, discounted, Line(1, BREAD, discounted=True)) == 3
    assert chosen(day, plain, Line(1, BREAD, discounted=True)) == 2
    assert chosen(day, Line(1, BREAD, discounted=True)) == 1


def test_first_is_by_time_and_then_by_number_whatever_order_the_data_have() -> None:
    assert chosen([basket(9, NOON + 60), basket(5), basket(4)]) == 4


def test_a_day_is_that_of_the_stores_also_when_their_clock_is_put_forward_and_back() -> None:
    # 00:30 on 12 March, when the clock is put forward at two; 23:30 on 5 November, when it was put back.
    assert day_of(1_489_296_600) == date(2017, 3, 12)
    assert day_of(1_509_942_600) == date(2017, 11, 5)
    # What is 1 January in UTC may still be the year before.
    assert month_of(1_514_779_280) == "2017-12"


def test_a_redemption_on_a_day_without_a_basket_is_told_and_not_played() -> None:
    lost = Used(0, 1, COUPON, 7, date(2017, 3, 5))
    journey = journey_of(tables([basket(1)], [], lost))
    assert journey.redemptions == ()
    assert journey.without == (lost,)


def test_a_coupon_is_taken_once_when_its_campaign_begins_and_used_as_often_as_the_data_say() -> None:
    late = basket(2, NOON + 86_400)
    journey = journey_of(
        tables([basket(1), late], [], Used(0, 1, COUPON, 7, DAY), Used(1, 1, COUPON, 7, date(2017, 3, 5)))
    )
    acts = acts_by_month(journey)["2017-03"]
    assert [at for at, _ in acts] == [MARCH.starts_at(), NOON, NOON + 86_400]
    assert acts[0][1] == (7, 1, "7-1-500")


def test_a_household_joins_with_what_it_does_first() -> None:
    journey = journey_of(tables([basket(1), basket(2, NOON + 60, household=2, store=9)], []))
    # The first took a coupon before it bought anything, the second bought something.
    assert journey.joined == {1: (MARCH.starts_at(), 367), 2: (NOON + 60, 9)}
    facts = facts_of(journey)
    assert [type(fact) for _, fact in facts[DOOR, 367]] == [ConsentGiven, VisitClosed]
    assert [type(fact) for _, fact in facts[TILL, 9]] == [PurchasePaid]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 400)), min_size=1, max_size=30)
)
def test_every_basket_is_told_once_as_a_visit_and_once_as_a_purchase(
    made: list[tuple[int, int, int]],
) -> None:
    baskets = [
        basket(number, NOON + days * 86_400, household, store)
        for number, (household, store, days) in enumerate(made)
    ]
    journey = journey_of(Tables(baskets, [], [MARCH], {}, []))
    facts = facts_of(journey)
    for program, kind in ((DOOR, VisitClosed), (TILL, PurchasePaid)):
        told = [
            fact.id
            for (of, _), some in facts.items()
            if of == program
            for _, fact in some
            if isinstance(fact, kind)
        ]
        assert sorted(told) == sorted(str(one.id) for one in baskets)
    assert all(list(some) == sorted(some, key=lambda one: one[0]) for some in facts.values())
    ends = [end for _, end in months_of(journey)]
    assert ends == sorted(ends)
    assert max(one.at for one in baskets) < ends[-1]


def test_fewer_households_are_those_with_the_lowest_numbers() -> None:
    whole = tables(
        [basket(1, household=5), basket(2, household=3), basket(3, household=4)],
        [Line(1, MILK, discounted=True)],
    )
    some = of_households(whole, 2)
    assert sorted(one.household for one in some.baskets) == [3, 4]
    assert (list(some.lines), list(some.used)) == ([], [])
    assert of_households(whole, 0) is whole
