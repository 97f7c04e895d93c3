"""Simulated shops that differ: each habit shows in what happens, and the usual shop is what it was."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from hardware.ble import gadgets
from hardware.ble.gadgets import Carrying, Gadget
from hardware.ble.shops import Air, Shop, draw_shop
from hardware.ble.street import Street
from hardware.ble.walks import FAMILY_SIZES, Habits, Plan

NOON = 1_790_000_000 // 86400 * 86400 + 12 * 3600
HOUR = NOON // 3600


def shoppers(habits: Habits) -> list[float]:
    return [
        walk.left_at - walk.entered_at
        for hour in range(HOUR, HOUR + 20)
        for walk in Plan(3, habits=habits).hour(hour)
        if walk.entered_at is not None and walk.left_at is not None
    ]


def test_a_drawn_shop_is_the_same_each_time_and_unlike_the_next() -> None:
    assert draw_shop(Random(1)) == draw_shop(Random(1)) != draw_shop(Random(2))


def test_the_usual_shop_is_the_street_without_a_shop() -> None:
    assert list(Street(4, shop=Shop()).run(NOON, NOON + 60)) == list(Street(4).run(NOON, NOON + 60))


def test_people_stay_as_long_as_in_this_shop() -> None:
    for wanted in (180.0, 900.0):
        assert median(shoppers(Habits(dwell_median_s=wanted))) == pytest.approx(wanted, rel=0.15)


def test_families_come_and_go_together_and_children_have_nothing_on_the_air() -> None:
    walks = [
        walk for hour in range(HOUR, HOUR + 5) for walk in Plan(3, habits=Habits(family_share=0.5)).hour(hour)
    ]
    together = Counter(walk.entered_at for walk in walks if walk.kind == "shopper")
    assert set(together.values()) == {1, *FAMILY_SIZES}
    assert any(walk.bare for walk in walks)
    assert not any(walk.bare and together[walk.entered_at] < 3 for walk in walks)
    street = Street(3, shop=Shop(Habits(family_share=0.5)))
    assert len(street.visits(NOON, NOON + 3600)) > 1.3 * len(Street(3).visits(NOON, NOON + 3600))


def test_some_passers_stop_before_the_window() -> None:
    walks = Plan(3, habits=Habits(lingering_share=0.5, pavement_y_m=(-7.0, -1.0))).hour(HOUR)
    stops = [walk for walk in walks if walk.kind == "passer" and len(walk.way) == 4]
    assert 0.3 < len(stops) / sum(walk.kind == "passer" for walk in walks) < 0.7
    assert all(walk.way[1].y == walk.way[2].y == -1.0 for walk in stops)


@pytest.mark.parametrize(
    ("range_s", "least", "most"), [((600.0, 600.0), 540, 660), ((600.0, 1200.0), 560, 1240)]
)
def test_phones_change_their_address_at_times_of_their_own(
    range_s: tuple[float, float], least: float, most: float
) -> None:
    middles = []
    for number in range(12):
        phone = Gadget(f"phone {number}", 1.0, -60, "random", Carrying(rotation_s=range_s))
        turns, last = [], ""
        for at in range(NOON, NOON + 4 * 3600, 2):
            phone.refresh(float(at))
            if phone.address != last:
                turns.append(at)
                last = phone.address
        middles.append(median(b - a for a, b in pairwise(turns[1:])))
    assert all(least < middle < most for middle in middles)
    if range_s[0] != range_s[1]:
        assert max(middles) - min(middles) > 200


def test_a_phone_may_change_its_payload_at_another_time_than_its_address() -> None:
    for share, apart in ((0.0, False), (1.0, True)):
        phone = Gadget("a phone", 1.0, -60, "random", Carrying(apart_share=share))
        said: list[tuple[str, bytes]] = []
        for at in range(NOON, NOON + 2 * 3600, 2):
            phone.refresh(float(at))
            if not said or said[-1] != (phone.address, phone.payload):
                said.append((phone.address, phone.payload))
        only_one = [
            before for before, after in pairwise(said) if (before[0] == after[0]) != (before[1] == after[1])
        ]
        assert bool(only_one) == apart


def test_each_day_has_its_own_loss_within_its_range() -> None:
    air = Air((0.1, 0.5))
    by_hour = [air.lost_at(7, HOUR + number) for number in range(24 * 30)]
    assert all(0.1 <= lost <= 0.5 for lost in by_hour)
    assert max(by_hour) - min(by_hour) > 0.3
    assert by_hour == [air.lost_at(7, HOUR + number) for number in range(24 * 30)]
    few, many = (
        len(list(Street(3, shop=Shop(air=Air((lost, lost)))).run(NOON, NOON + 300))) for lost in (0.1, 0.5)
    )
    assert many / few == pytest.approx(0.5 / 0.9, rel=0.05)


def test_machines_are_on_the_air_under_changing_addresses_and_nobody_carries_them() -> None:
    bare, full = Street(5), Street(5, shop=Shop(machines=3))
    assert bare.people_inside(NOON) == full.people_inside(NOON)
    before, after = ({one.address for one in street.run(NOON, NOON + 120)} for street in (bare, full))
    assert 2 <= len(after) - len(before) <= 6
    assert len(gadgets.machines(5, 3, Carrying())) == 3


def test_people_carry_what_this_shops_people_carry() -> None:
    def phones(carrying: Carrying) -> float:
        return sum(len(gadgets.carried(1, f"p{number}", carrying)) for number in range(2000)) / 2000

    assert phones(Carrying(0.7, 0.05)) == pytest.approx(0.75, abs=0.04)
    assert phones(Carrying(0.95, 0.35)) == pytest.approx(1.3, abs=0.04)
