"""A question as it stands in an address: any address is one, and what is written is read again as it was."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from hub.figures.address import filters_text, read, write
from hub.figures.question import LONGEST_DAYS, MOST_CUTS, Comparison, Days, Dimension
from hub.wire.snapshot import Shop

BERLIN = Shop(7, {}, timezone="Europe/Berlin")
NOW = 1_790_000_000.0
"""Monday, 21 September 2026, 16:13 in Berlin."""


def at(**arguments: object) -> MultiDict[str, str]:
    return MultiDict(arguments)  # type: ignore[arg-type]  # lists are values that repeat


@pytest.mark.parametrize(
    ("choice", "first", "last"),
    [
        ("today", "2026-09-21", "2026-09-21"),
        ("yesterday", "2026-09-20", "2026-09-20"),
        ("7", "2026-09-15", "2026-09-21"),
        ("month", "2026-09-01", "2026-09-21"),
        ("365", "2025-09-22", "2026-09-21"),
        ("plenty", "2026-09-21", "2026-09-21"),
    ],
)
def test_a_choice_of_days_is_on_the_shops_own_clock(choice: str, first: str, last: str) -> None:
    days = read(at(days=choice), BERLIN, NOW).days
    assert days == Days(date.fromisoformat(first), date.fromisoformat(last))


def test_a_saturday_is_compared_with_the_saturday_before() -> None:
    asked = read(
        at(**{"days": "custom", "from": "2026-09-19", "to": "2026-09-19", "vs": "week"}), BERLIN, NOW
    )
    question = asked.question(("visits",))
    assert question.compared() == Days(date(2026, 9, 12), date(2026, 9, 12))
    longer = read(at(days="30", vs="week"), BERLIN, NOW).question(("visits",))
    before = longer.compared()
    assert before is not None
    assert (longer.days.first - before.first).days == 35


def test_days_of_ones_own_to_compare_with_are_put_in_order() -> None:
    asked = read(at(days="7", vs="custom", vs_from="2026-08-09", vs_to="2026-08-02"), BERLIN, NOW)
    assert asked.question(("visits",)).compared() == Days(date(2026, 8, 2), date(2026, 8, 9))
    assert asked.question(("visits",)).comparison is Comparison.CUSTOM
    assert read(at(vs="custom"), BERLIN, NOW).versus == "none"


def test_filters_repeat_and_are_taken_one_by_one() -> None:
    asked = read(at(zone=["door", "café & bar"], campaign=["3", "x", "3"]), BERLIN, NOW)
    assert asked.filters.zones == ("door", "café & bar")
    assert asked.filters.campaigns == (3,)
    more = asked.narrowed(Dimension.CAMPAIGN, "4").widened(Dimension.ZONE, "door")
    assert (more.filters.campaigns, more.filters.zones) == ((3, 4), ("café & bar",))
    assert more.narrowed(Dimension.CAMPAIGN, "4") == more
    assert filters_text(more.filters) == "zone=café & bar&campaign=3&campaign=4"


names = st.sampled_from(
    ["days", "from", "to", "vs", "vs_from", "vs_to", "by", "shop", "zone", "campaign", "channel"]
)
words = st.one_of(
    st.text(max_size=12),
    st.dates(date(1999, 1, 1), date(2101, 1, 1)).map(str),
    st.sampled_from(["custom", "week", "previous", "365", "day", "zone"]),
    st.integers(-5, 10**12).map(str),
)


@given(st.dictionaries(names, st.lists(words, min_size=1, max_size=4)))
def test_any_address_is_a_question_and_is_read_again_as_it_was_written(
    arguments: dict[str, list[str]],
) -> None:
    asked = read(MultiDict(arguments), BERLIN, NOW)
    assert asked.days.first <= asked.days.last
    assert asked.days.count <= LONGEST_DAYS
    assert len(asked.by) <= MOST_CUTS
    assert read(MultiDict(write(asked)), BERLIN, NOW) == asked
