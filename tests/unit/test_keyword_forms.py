"""Keywords of a shop with many, in Chinese and English: one form for all ways of typing a word, no word for two meanings."""

from __future__ import annotations

import pytest

from hub.messages.keyword_forms import as_typed, read_typed
from hub.messages.keywords import Keyword, Match, Place, form, match, nearest, wrong_words

SHOP = {
    1: Keyword(words=("Coffee", "咖啡"), does="offer", campaign=1),
    2: Keyword(words=("Café au lait", "拿铁"), does="offer", campaign=2),
    3: Keyword(words=("Bread", "面包", "全麦面包"), does="offer", campaign=3),
    4: Keyword(words=("Shop", "门店", "分店"), does="places", places=(Place("A", "", ("1020",)),)),
    5: Keyword(words=("Find", "搜索", "找"), does="search"),
    6: Keyword(words=("Points", "积分", "余额"), does="balance"),
    7: Keyword(words=("Win 2026", "抽奖"), does="text", text={"en": "Good luck"}),
    8: Keyword(words=("Tea",), does="offer", campaign=8, on=False),
}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("coffee", 1), ("ＣＯＦＦＥＥ", 1), ("C O F F E E", 1), ("Coffee!!!", 1), ("please coffee thanks", 1), ("coffe", 1),
        ("咖啡", 1), ("咖 啡", 1), ("「咖啡」", 1), ("咖啡，谢谢", 1), ("我要咖啡", 1), ("請給我" + "咖啡", None),
        ("cafe au lait", 2), ("CAFÉ AU LAIT", 2), ("cafeaulait", 2), ("拿鐵", 2),
        ("麵包", 3), ("全麥麵包", 3), ("bread", 3), ("breads and butter", None),
        ("分店 1020", 4), ("分店1020", 4), ("shop 1020", 4), ("shopping", None), ("門店", 4),
        ("搜索咖啡", 5), ("找 麵包", 5), ("find rye bread", 5), ("finding nemo", None),
        ("積分", 6), ("餘額", 6), ("points?", 6), ("win2026", 7), ("WIN-2026", 7), ("抽獎", 7),
        ("tea", None), ("a cup of coffee would be nice", None), ("", None), ("...", None), ("x" * 600, None),
    ],
)  # fmt: skip
def test_a_word_is_known_in_whatever_form_it_is_typed(text: str, number: int | None) -> None:
    found = match(text, SHOP)
    assert (found.number if found else None) == number


def test_what_stands_behind_a_word_is_what_is_looked_for() -> None:
    assert match("搜索咖啡", SHOP) == Match(5, "搜索", "咖啡")
    assert match("FIND: rye bread!", SHOP) == Match(5, "Find", "rye bread")
    assert match("门店", SHOP) == Match(4, "门店")


def test_a_slip_that_could_mean_two_words_means_neither() -> None:
    two = {1: Keyword(words=("stamp",), does="text"), 2: Keyword(words=("stomp",), does="text")}
    assert match("stump", two) is None
    assert match("stampp", two) == Match(1, "stamp")


def test_no_word_has_two_meanings() -> None:
    taken = {form("咖啡"): 1, form("coffee"): 1}
    assert wrong_words(("COFFEE", "tea", "退訂", "!!"), taken, 2) == {
        "COFFEE": "taken",
        "退訂": "reserved",
        "!!": "empty",
    }
    assert wrong_words(("Coffee",), taken, 1) == {}


def test_a_keyword_is_typed_and_shown_again_as_it_was() -> None:
    typed = {
        "words": "Shop\n门店, 門店",
        "does": "places",
        "places": "Harbour; Quay 1, 1020 Wien; Leopoldstadt 1030\nHill；Berg 2；1190",
    }
    read = read_typed(typed, {}, 0, (), ("en", "zh"))
    assert isinstance(read, Keyword)
    assert read.words == ("Shop", "门店")
    assert read.places[0] == Place("Harbour", "Quay 1, 1020 Wien", ("Leopoldstadt", "1030", "1020"))
    again = read_typed({**as_typed(read), "on": "yes"}, {}, 1, (), ("en", "zh"))
    assert again == read


def test_the_nearest_are_those_whose_postcode_begins_alike() -> None:
    places = [Place("A", "", ("1020",)), Place("B", "", ("1190",)), Place("C", "", ("8010",))]
    assert [one.name for one in nearest(places, "1021")] == ["A"]
    assert [one.name for one in nearest(places, "1199")] == ["B"]
    assert nearest(places, "9999") == []
    assert nearest(places, "") == places
