"""Search over offers in either language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.storefront.search import Entry, fold, one_slip_apart, search

COFFEE = Entry(
    1,
    ("A second coffee on the house", "第二杯咖啡，店家请客"),
    ("hot drink, latte", "热饮，拿铁"),
    ("Bring a friend.",),
)
BREAD = Entry(2, ("Sourdough from this morning", "今早新烤的酸面包"), ("bread, bakery", "面包，烘焙"))
CAFE = Entry(3, ("Crème brûlée for two", "双人焦糖布丁"), ("dessert", "甜品"), ("Goes well with coffee.",))
SHOP = [COFFEE, BREAD, CAFE]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("latte", 1),
        ("拿铁", 1),
        ("LATTE", 1),
        ("ｌａｔｔｅ", 1),
        ("bread", 2),
        ("面包", 2),
        ("酸面包", 2),
        ("sourdouhg", 2),
        ("bak", 2),
        ("creme brulee", 3),
        ("我想喝咖啡", 1),
        ("a cup of coffee", 1),
        ("coffees", 1),
    ],
)
def test_a_word_in_one_language_finds_the_thing(query: str, first: int) -> None:
    assert search(query, SHOP)[0] == first


def test_a_title_goes_before_a_mention_in_the_text() -> None:
    assert search("coffee", [CAFE, COFFEE]) == [1, 3]


@pytest.mark.parametrize("query", ["", "   ", "!?", "garage", "汽车", "\x00", "%s"])
def test_what_the_shop_does_not_have_is_not_found(query: str) -> None:
    assert search(query, SHOP) == []


def test_equals_keep_the_order_of_the_shop() -> None:
    same = [Entry(number, ("Tea",)) for number in (9, 4, 7)]
    assert search("tea", same) == [9, 4, 7]


def test_a_short_word_forgives_no_slip() -> None:
    assert search("lake", [Entry(1, ("Cake",))]) == []


@given(st.text(max_size=80))
def test_any_text_at_all_is_answered(query: str) -> None:
    assert set(search(query, SHOP)) <= {1, 2, 3}


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text("abcde", min_size=2, max_size=8), st.data())
def test_two_neighbours_that_changed_places_are_one_slip(word: str, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert swapped == word or one_slip_apart(word, swapped)


@pytest.mark.data
def test_in_a_real_bilingual_list_every_name_comes_first_and_every_keyword_is_found(
    shared_data: Path,
) -> None:
    things = json.loads((shared_data / "search" / "bilingual_items.json").read_text())
    entries = [
        Entry(number, (each["name_en"], each["name_zh"]), (*each["tags_en"], *each["tags_zh"]))
        for number, each in enumerate(things)
    ]
    sample = list(enumerate(things))[::24]
    for name in ("name_en", "name_zh"):
        assert all(search(each[name], entries)[0] == number for number, each in sample)
    for tags in ("tags_en", "tags_zh"):
        places = [search(tag, entries).index(number) for number, each in sample for tag in each[tags]]
        assert sum(place < 10 for place in places) / len(places) >= 0.9
