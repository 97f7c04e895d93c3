"""What docs/conditions.md says of the language is true: its examples are conditions, its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from babel import Locale

from hub.condition_text import read_condition, show_condition
from hub.storefront.terms import condition_words
from hub.wire import conditions
from hub.wire.conditions import Condition, Hours, Purchase, unmet
from hub.wire.refusals import Refusal
from hub.wire.snapshot import Shop

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
SHOP = Shop(1, {"en": "Corner"})


def example(number: int) -> Condition:
    read = read_condition(EXAMPLES[number])
    assert isinstance(read, Condition), read
    return read


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_a_condition_that_can_be_said_in_words(number: int) -> None:
    condition = example(number)
    assert read_condition(show_condition(condition)) == condition
    assert msgspec.json.decode(EXAMPLES[number], type=Condition) == condition
    for language, locale in (("en", Locale("en", "GB")), ("zh", Locale("zh", "CN", script="Hans"))):
        assert condition_words(condition, SHOP, language, locale)


def test_every_kind_of_condition_has_an_example_and_a_row() -> None:
    kinds = {kind.__struct_config__.tag for kind in Condition.__args__}
    shown = set(re.findall(r'"is": "(\w+)"', "\n".join(EXAMPLES)))
    rows = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) - {"is"}
    assert shown == rows == kinds


def test_the_examples_hold_when_the_page_says_so() -> None:
    monday_ten, saturday_one = Purchase(0, 600), Purchase(5, 60)
    assert unmet(example(0), monday_ten) is None
    assert unmet(example(1), saturday_one) is None
    assert unmet(example(1), Purchase(4, 60)) is Refusal.NOT_AT_THIS_HOUR
    assert unmet(example(2), Purchase(0, 0, basket_cents=1_999)) is Refusal.BASKET_TOO_SMALL
    assert unmet(example(3), Purchase(0, 0, products=("101", "101"))) is None
    assert unmet(example(7), Purchase(1, 0)) is None
    assert unmet(example(8), Purchase(0, 0)) is Refusal.PRODUCTS_NEEDED
    assert unmet(example(8), Purchase(0, 0, products=("201",))) is Refusal.CONDITION_UNMET


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"At most {conditions.MOST_LINES} single conditions, at most {conditions.DEEPEST} deep" in TEXT
    assert Hours((0,)).end == conditions.DAY_MINUTES


def test_every_refusal_that_the_page_names_is_one() -> None:
    (listed,) = re.findall(r"The refusals are (.*?)\.\n", TEXT, re.DOTALL)
    for name in re.findall(r"`(\w+)`", listed):
        Refusal(name)
