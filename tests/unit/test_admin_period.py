"""The days that an address asks for, and where the bars of a chart stand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.admin.charts import HEIGHT, WIDTH, bars, ceiling
from hub.admin.office import own_path
from hub.admin.period import LONGEST_DAYS, read_period
from hub.wire.snapshot import Shop

BERLIN = Shop(7, {}, timezone="Europe/Berlin")
NOW = 1_790_000_000.0
"""21 September 2026, 16:13 in Berlin."""


def test_today_is_the_shops_own_day() -> None:
    period = read_period({}, BERLIN, NOW)
    assert (period.first, period.last, period.days) == (date(2026, 9, 21), date(2026, 9, 21), 1)
    assert period.end_at - period.first_at == 86_400
    late = read_period({}, Shop(7, {}, timezone="Asia/Shanghai"), NOW + 3 * 3_600)
    assert late.first == date(2026, 9, 22)


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    period = read_period({"days": "custom", "from": "2026-10-25", "to": "2026-10-25"}, BERLIN, NOW)
    assert period.end_at - period.first_at == 25 * 3_600


def test_days_of_ones_own_are_put_in_order_and_bounded() -> None:
    period = read_period({"days": "custom", "from": "2026-09-20", "to": "2026-09-01"}, BERLIN, NOW)
    assert (period.first, period.last) == (date(2026, 9, 1), date(2026, 9, 20))
    assert read_period({"days": "custom", "from": "2001-01-01"}, BERLIN, NOW).days <= LONGEST_DAYS
    assert period.arguments() == {"days": "custom", "from": "2026-09-01", "to": "2026-09-20"}


@given(st.dictionaries(st.sampled_from(["days", "from", "to"]), st.text(max_size=12)))
def test_any_address_gives_a_period(arguments: dict[str, str]) -> None:
    period = read_period(arguments, BERLIN, NOW)
    assert period.first <= period.last
    assert read_period(period.arguments(), BERLIN, NOW) == period


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=60))
def test_every_bar_stays_inside_the_picture(pairs: list[tuple[int, int]]) -> None:
    series = ([a for a, _ in pairs], [b for _, b in pairs])
    chart = bars([str(place) for place in range(len(pairs))], series, ("taken", "redeemed"))
    assert len(chart.bars) == 2 * len(pairs)
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
    assert ceiling(max(max(values) for values in series)) >= max(max(values) for values in series)


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
        "",
        None,
        "/a\nb",
        "javascript:alert(1)",
    ],
)
def test_only_a_path_of_our_own_is_followed_after_logging_in(text: str | None) -> None:
    assert own_path(text) is None


def test_a_path_of_our_own_is_kept_with_its_filters() -> None:
    assert own_path("/manage/coupons?days=7&lang=zh") == "/manage/coupons?days=7&lang=zh"
