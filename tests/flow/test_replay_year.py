"""A year of three stores, made up here, is played by the same programs as the real one: stopped, gone on with, compared."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.app import open_database
from hub.rebuild import verify
from hub.replay.house import HUB
from hub.replay.journey import TIMEZONE, Basket, Campaign, Journey, Line, Tables, Used, journey_of
from hub.replay.playing import LIST, Played, play
from hub.replay.shops import CannotPlay
from hub.wire.snapshot import Shop
from tests.prove.journey import ask, compare

SPRING, AUTUMN = 3, 14
MILK, BREAD = 11, 12
COUPON, OTHER = 500, 501


@dataclass(frozen=True)
class Expected:
    """As `tests.prove._journey_pandas.Expected`, counted by hand."""

    baskets: dict[tuple[str, int], int]
    cents: dict[tuple[str, int], int]
    by_store: dict[tuple[int, int], int]
    by_month: dict[tuple[int, str], int]
    outcomes: dict[int, tuple[int, int, str]]
    households: int


BY_HAND = Expected(
    {("2017-03", 367): 1, ("2017-03", 42): 1, ("2017-04", 367): 1, ("2017-11", 9): 3},
    {("2017-03", 367): 1_050, ("2017-03", 42): 999, ("2017-04", 367): 200, ("2017-11", 9): 0 + 7_000 + 55},
    {(SPRING, 367): 1, (AUTUMN, 9): 2},
    {(SPRING, "2017-03"): 1, (AUTUMN, "2017-11"): 2},
    {
        0: (367, 1, "accepted"),
        1: (367, 3, "already_redeemed"),
        2: (9, 5, "accepted"),
        3: (9, 5, "accepted"),
    },
    2,
)


def local(*when: int) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(TIMEZONE)).timestamp())  # type: ignore[arg-type]  # year to minute


def a_year() -> Journey:
    """Half an hour before the clock is put forward, past midnight after it was put back, a coupon used twice in two months."""
    return journey_of(
        Tables(
            [
                Basket(1, 7, 367, local(2017, 3, 12, 1, 30), 1_050, 3),
                Basket(2, 8, 42, local(2017, 3, 31, 23, 59), 999, 1),
                Basket(3, 7, 367, local(2017, 4, 1, 0, 1), 200, 1),
                Basket(4, 8, 9, local(2017, 11, 5, 0, 30), 0, 0),
                Basket(5, 8, 9, local(2017, 11, 5, 9, 0), 7_000, 40),
                Basket(6, 7, 9, local(2017, 11, 30, 23, 59), 55, 1),
            ],
            [
                Line(1, MILK, discounted=True),
                Line(4, BREAD, discounted=False),
                Line(5, MILK, discounted=True),
            ],
            [
                Campaign(SPRING, "Type A", date(2017, 3, 1), date(2017, 4, 9)),
                Campaign(AUTUMN, "Type B", date(2017, 11, 1), date(2017, 11, 30)),
            ],
            {
                (SPRING, COUPON): frozenset({MILK}),
                (AUTUMN, COUPON): frozenset({MILK}),
                (AUTUMN, OTHER): frozenset({MILK}),
            },
            [
                Used(0, 7, COUPON, SPRING, date(2017, 3, 12)),
                Used(1, 7, COUPON, SPRING, date(2017, 4, 1)),
                Used(2, 8, COUPON, AUTUMN, date(2017, 11, 5)),
                Used(3, 8, OTHER, AUTUMN, date(2017, 11, 5)),
            ],
        )
    )


class Stopped(Exception):
    """Somebody pulled the plug."""


def played_in_two_goes(journey: Journey, folder: Path) -> Played:
    """Stopped in the middle of the year, and gone on with."""

    def pull_the_plug(line: str) -> None:
        if line.startswith("2017-04"):
            raise Stopped

    with pytest.raises(Stopped):
        play(journey, folder, pull_the_plug)
    return play(journey, folder, lambda line: None)


def test_a_year_that_was_stopped_and_gone_on_with_is_what_was_counted_by_hand(tmp_path: Path) -> None:
    journey = a_year()
    played = played_in_two_goes(journey, tmp_path)
    assert [(one.accepted, one.refusal) for one in played.outcomes] == [
        (True, ""),
        (False, "already_redeemed"),
        (True, ""),
        (True, ""),
    ]
    asked = ask(journey, tmp_path)
    verdict = compare(journey, played, asked, BY_HAND)
    assert verdict.ok, verdict.figures["wrong"]
    assert (tmp_path / LIST).read_text(encoding="utf-8").count("already_redeemed") == 1

    # Each number that is compared can be found wrong.
    for name in ("baskets", "cents", "by_store", "by_month", "outcomes"):
        right = getattr(BY_HAND, name)
        key = next(iter(right))
        lied = {**right, key: (1, 1, "accepted") if name == "outcomes" else right[key] + 1}
        found = compare(journey, played, asked, replace(BY_HAND, **{name: lied}))  # type: ignore[arg-type]  # a field of its own
        assert not found.ok, name

    with closing(open_database(tmp_path / HUB, shop=1)) as store:
        for number in store.shops():
            own = store.of_shop(number)
            assert verify(own).differ == ()
            assert all(key.ended_at is not None for key in own.outside.all_keys() if key.made_by == "replay")


def test_a_folder_with_another_shop_in_it_is_left_alone(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / HUB)) as store:
        store.shop.save(Shop(7_777, {"en": "Corner"}), 0.0)
    with pytest.raises(CannotPlay, match="other shops"):
        play(a_year(), tmp_path, lambda line: None)
