"""Where the marks of charts and heat maps stand, and which differences are named."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from hub.admin.charts import HEIGHT, MOST_BARS, MOST_LINKS, SMALL_WIDTH, WIDTH, Point, ceiling, draw
from hub.admin.heat import LEVELS, level, on_plan, week
from hub.admin.naming import Names
from hub.admin.reasons import Seen, reasons
from hub.admin.values import Values
from hub.admin.wording import Wording
from hub.figures.answer import Answer, Row, Value
from hub.figures.definitions import FIGURES
from hub.figures.question import Comparison, Days, Dimension, Question
from hub.wire.snapshot import Shop

amounts = st.one_of(st.none(), st.floats(0, 1e7, allow_nan=False))
points = st.builds(
    lambda value, before, spread, provisional: Point(
        "1 Jan", "1 Jan: 3", value, before,
        None if value is None else max(0.0, value - spread), None if value is None else value + spread, provisional,
        url="/x",
    ),
    amounts, amounts, st.floats(0, 100), st.booleans(),
)  # fmt: skip


@given(st.lists(points, min_size=1, max_size=130), st.sampled_from([WIDTH, SMALL_WIDTH]))
def test_every_mark_stays_inside_the_picture(drawn: list[Point], width: int) -> None:
    chart = draw(drawn, str, width=width)
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= width
        assert -0.1 <= bar.y <= bar.y + bar.height <= HEIGHT
    for one in (*chart.whiskers, *chart.ticks):
        assert all(-0.1 <= place <= max(width, HEIGHT) for place in (one.place, one.low, one.high))
    assert bool(chart.line or chart.area or not chart.bars) or len(drawn) <= MOST_BARS
    assert all(not spot.url for spot in chart.spots) or len(drawn) <= MOST_LINKS
    assert chart.has_unfinished == any(
        one.provisional and (one.value is not None or len(drawn) > MOST_BARS) for one in drawn
    )
    assert len({mark.place for mark in chart.across}) == len(chart.across) <= 9


@given(st.floats(0, 1e12), st.sampled_from([0.01, 4.0, 60.0]))
def test_an_axis_reaches_above_everything_and_not_far(highest: float, least: float) -> None:
    top = ceiling(highest, least)
    assert top >= highest
    assert top <= max(least, highest * 2.0001)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    known = [Point("", "", 1.0)] * 40 + [Point("", "", None)] * 3 + [Point("", "", 2.0)] * 40
    assert draw(known, str).line.count("M") == 2


def test_the_deepest_colour_is_the_highest_and_nothing_has_none() -> None:
    assert [level(number, 10) for number in (None, 0, 0.01, 10)] == [0, 0, 1, LEVELS]
    found = week({"9": Value(3.0), "10": Value(0.0), str(24 * 6 + 12): Value(6.0)})
    assert [hour for hour, _ in found.hours] == [9, 10, 11, 12]
    assert found.hours[0][1][0].level < found.hours[3][1][6].level == LEVELS
    assert week({"9": Value(0.0)}).empty


def test_a_zone_of_several_devices_stands_between_them_and_one_without_a_number_nowhere() -> None:
    spots = [("hall", 0, 0), ("hall", 100, 50), ("attic", 5, 5)]
    (hall,) = on_plan(spots, {"hall": Value(4.0), "cellar": Value(9.0)})
    assert (hall.zone, hall.x, hall.y, hall.level) == ("hall", 50, 25, LEVELS)


WORDING = Values(Wording(Shop(7, {}), Locale("en"), 0.0), "en")
DAYS = Days(date(2026, 11, 14), date(2026, 11, 14))


def answer(by: tuple[Dimension, ...], cells: dict[str, tuple[float, float]]) -> Answer:
    rows = tuple(
        Row((key,), {"visits": Value(now)}, {"visits": Value(before)}) for key, (now, before) in cells.items()
    )
    total = Row(
        (),
        {"visits": Value(sum(now for now, _ in cells.values()))},
        {"visits": Value(sum(before for _, before in cells.values()))},
    )
    return Answer(
        Question(("visits",), DAYS, by, comparison=Comparison.PREVIOUS), 0.0, rows, total, DAYS.back(7)
    )


def said(
    zones: dict[str, tuple[float, float]], hours: dict[str, tuple[float, float]], *, is_over: bool = True
) -> str:
    by_zone, by_hour = answer((Dimension.ZONE,), zones), answer((Dimension.HOUR,), hours)
    names = Names(WORDING.wording, {}, {}, {})
    seen = Seen(FIGURES["visits"], by_zone, is_over, [(Dimension.ZONE, by_zone)], by_hour)
    return " ".join(one.text for one in reasons(seen, WORDING, names))


def test_the_zone_and_the_hours_that_make_a_difference_are_named() -> None:
    zones = {"door": (120.0, 118.0), "café": (140.0, 60.0)}
    hours = {
        str(hour): (60.0 if 14 <= hour < 17 else 10.0, 34.0 if 14 <= hour < 17 else 9.5)
        for hour in range(8, 19)
    }
    text = said(zones, hours)
    assert "Visits went up: 260, against 178 before (+46%)." in text
    assert "Most of it: café (+80)." in text
    assert re.search(r"Most of it between 2:00\sPM and 5:00\sPM \(\+78\)\.", text)


def test_a_part_that_only_grew_with_the_rest_is_not_named() -> None:
    assert "Most of it" not in said({"door": (300.0, 200.0), "café": (30.0, 20.0)}, {"9": (330.0, 220.0)})


@pytest.mark.parametrize(("now", "before"), [(100.0, 90.0), (9.0, 14.0), (0.0, 2.0)])
def test_what_chance_alone_makes_is_called_so(now: float, before: float) -> None:
    text = said({"door": (now, before)}, {"9": (now, before)})
    assert "Chance alone makes such a difference" in text
    assert "Most of it" not in text


def test_a_day_that_is_not_over_gets_no_verdict_and_an_empty_one_no_sentence() -> None:
    assert "Today is not over" in said({"door": (10.0, 100.0)}, {"9": (10.0, 100.0)}, is_over=False)
    assert said({"door": (0.0, 0.0)}, {"9": (0.0, 0.0)}) == ""
