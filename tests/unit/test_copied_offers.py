"""A copy of an offer: everything goes along, and dates that are over begin today on the shop's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.campaigns import copied, read_typed
from hub.wire.snapshot import Campaign, Offer, Shop, Value

BERLIN = ZoneInfo("Europe/Berlin")
SHOP = Shop(7, {"en": "Corner Bakery"}, timezone="Europe/Berlin", currency="EUR")


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp())


def offer(starts_at: int, ends_at: int) -> Campaign:
    worth = Offer(
        title={"en": "Coffee", "zh": "咖啡"},
        text={"en": "With every bread"},
        value=Value("amount", cents=150),
    )
    return Campaign(4, worth, starts_at, ends_at, coupon_lasts_s=86_400, issue_limit=200)


def copy_of(campaign: Campaign, now: float) -> Campaign:
    twin = read_typed(copied(campaign, SHOP, now), SHOP, 5, picture=campaign.offer.picture, before=campaign)
    assert isinstance(twin, Campaign)
    return twin


def test_a_copy_of_an_offer_that_is_over_begins_today_and_lasts_as_long() -> None:
    twin = copy_of(offer(at(2026, 6, 1, 8, 0), at(2026, 6, 14, 23, 59)), at(2026, 7, 3, 15, 20))
    assert (twin.starts_at, twin.ends_at) == (at(2026, 7, 3, 8, 0), at(2026, 7, 16, 23, 59))


def test_a_copy_of_an_offer_that_is_not_over_keeps_its_dates_and_all_else() -> None:
    before = offer(at(2026, 6, 1, 8, 0), at(2026, 6, 14, 23, 59))
    picture = msgspec.structs.replace(before.offer, picture="ab" * 32)
    before = msgspec.structs.replace(before, offer=picture)
    for now in (at(2026, 5, 1), at(2026, 6, 3)):
        assert copy_of(before, now) == msgspec.structs.replace(before, number=5)


@pytest.mark.parametrize("today", [(2026, 3, 28), (2026, 10, 24)], ids=["to summer time", "to winter time"])
def test_a_copy_keeps_its_times_of_day_when_the_clocks_change(today: tuple[int, int, int]) -> None:
    year, month, day = today
    twin = copy_of(offer(at(2026, 1, 5, 8, 0), at(2026, 1, 7, 18, 0)), at(year, month, day, 12, 0))
    assert (twin.starts_at, twin.ends_at) == (at(year, month, day, 8, 0), at(year, month, day + 2, 18, 0))


def test_a_copy_of_an_offer_of_two_hours_is_not_over_when_it_is_made_in_the_evening() -> None:
    twin = copy_of(offer(at(2026, 6, 1, 8, 0), at(2026, 6, 1, 10, 0)), at(2026, 6, 2, 19, 30))
    assert (twin.starts_at, twin.ends_at) == (at(2026, 6, 2, 19, 30), at(2026, 6, 2, 21, 30))
