"""What runs when: days on the shop's own clock, lanes that never cross, stretches, and offers that run at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.months import (
    Piece,
    next_month,
    overlaps_of,
    read_month,
    runs_of,
    stretches_of,
    weeks_of,
)
from hub.store.records import CampaignRecord, CampaignState
from hub.wire.conditions import Hours
from hub.wire.snapshot import Air, Campaign, Offer, Value

ZONE = "Europe/Berlin"
NOVEMBER = date(2026, 11, 1)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp())


NOW = float(at("2026-11-18T12:00"))


def record(
    number: int, starts: str, ends: str, state: CampaignState = "published", **changes: object
) -> CampaignRecord:
    campaign = Campaign(
        number, Offer({"en": f"Offer {number}"}, {}, Value("amount", 100)), at(starts), at(ends)
    )
    return CampaignRecord(msgspec.structs.replace(campaign, **changes), state, 1, NOW, NOW, NOW)


def test_a_run_ends_on_its_last_day_not_on_the_midnight_after_it() -> None:
    (run,) = runs_of([record(1, "2026-11-03T00:00", "2026-11-06T00:00")], NOVEMBER, ZONE, NOW)
    assert (run.first, run.last, run.standing) == (date(2026, 11, 3), date(2026, 11, 5), "ended")


def test_days_are_those_of_the_shop_also_where_the_clocks_are_put_back() -> None:
    one = record(1, "2026-10-25T00:30", "2026-10-25T23:59")
    (run,) = runs_of([one], date(2026, 10, 1), ZONE, NOW)
    assert (run.first, run.last) == (date(2026, 10, 25), date(2026, 10, 25))
    assert runs_of([one], NOVEMBER, ZONE, NOW) == []


def test_an_offer_that_was_ended_by_hand_ran_until_then() -> None:
    (run,) = runs_of([record(1, "2026-11-03T00:00", "2026-11-30T00:00", "ended")], NOVEMBER, ZONE, NOW)
    assert run.last == date(2026, 11, 18)
    assert runs_of([record(1, "2026-11-20T00:00", "2026-11-30T00:00", "ended")], NOVEMBER, ZONE, NOW) == []


@given(
    st.lists(st.tuples(st.integers(-20, 45), st.integers(0, 50)), max_size=12),
    st.integers(0, 6),
    st.sampled_from([date(2026, 2, 1), date(2026, 3, 1), date(2024, 2, 1), date(2026, 12, 1)]),
)
def test_each_day_shows_exactly_what_runs_on_it_once(
    spans: list[tuple[int, int]], first_weekday: int, first: date
) -> None:
    records = []
    for number, (start, days) in enumerate(spans, 1):
        begins = first + timedelta(days=start)
        ends = begins + timedelta(days=days)
        records.append(record(number, f"{begins}T08:00", f"{ends}T20:00"))
    runs = runs_of(records, first, ZONE, NOW)
    for week in weeks_of(runs, first, first_weekday):
        assert len(week) == 7
        assert week[0].day.weekday() == first_weekday
        for lane in range(len(week[0].lanes)):
            covered: dict[date, int] = {}
            for place, day in enumerate(week):
                piece = day.lanes[lane]
                if isinstance(piece, Piece):
                    assert place + piece.days <= 7
                    for step in range(piece.days):
                        where = week[place + step]
                        assert where.day not in covered
                        covered[where.day] = piece.run.number
                        assert (where.lanes[lane] is ...) == (step > 0)
            assert all((day.day in covered) == (day.lanes[lane] is not None) for day in week)
        for day in week:
            shown = {
                one.run.number
                for place, other in enumerate(week)
                for one in other.lanes
                if isinstance(one, Piece) and place <= (day.day - week[0].day).days < place + one.days
            }
            assert shown == {run.number for run in runs if run.first <= day.day <= run.last}
    inside = [day.day for week in weeks_of(runs, first, first_weekday) for day in week if day.inside]
    assert inside == [first + timedelta(days=step) for step in range((next_month(first) - first).days)]
    for stretch in stretches_of(runs, first):
        for step in range((stretch.last - stretch.first).days + 1):
            day_of = stretch.first + timedelta(days=step)
            assert stretch.runs == tuple(run for run in runs if run.first <= day_of <= run.last)


def test_two_offers_overlap_where_day_hours_and_place_do() -> None:
    mornings, evenings = (Hours(tuple(range(7)), 540, 660),), (Hours(tuple(range(7)), 1_020, 1_200),)
    span = ("2026-11-10T00:00", "2026-11-25T00:00")
    runs = runs_of(
        [
            record(1, *span, hours=mornings, channels=("kiosk",)),
            record(2, *span, hours=evenings, channels=("kiosk",)),
            record(3, *span, channels=("link",), air=Air(("ibeacon",))),
            record(
                4, "2026-11-20T00:00", "2026-12-05T00:00", channels=("kiosk", "link"), air=Air(("altbeacon",))
            ),
            record(5, *span, "ended", channels=("kiosk",)),
        ],
        NOVEMBER,
        ZONE,
        NOW,
    )
    found = {(one.one.number, one.other.number): one for one in overlaps_of(runs, NOVEMBER)}
    assert set(found) == {(1, 4), (2, 4), (3, 4)}
    assert found[3, 4].places == ("link", "air")
    assert (found[3, 4].first, found[3, 4].last) == (date(2026, 11, 20), date(2026, 11, 24))


def test_two_on_the_same_day_that_do_not_meet_do_not_overlap() -> None:
    runs = runs_of(
        [
            record(1, "2026-11-20T08:00", "2026-11-20T10:00"),
            record(2, "2026-11-20T10:00", "2026-11-20T12:00"),
        ],
        NOVEMBER,
        ZONE,
        NOW,
    )
    assert overlaps_of(runs, NOVEMBER) == []


@pytest.mark.parametrize("text", ["", "2026-13", "26-1", "0000-01", "2026-11-01", "x-y", "9999-12", "2026"])
def test_what_is_no_month_is_this_month(text: str) -> None:
    assert read_month(text, date(2026, 11, 18)) == NOVEMBER


def test_months_follow_each_other_over_the_year() -> None:
    assert read_month("2027-02", date(2026, 11, 18)) == date(2027, 2, 1)
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2027, 1, 1), -1) == date(2026, 12, 1)
