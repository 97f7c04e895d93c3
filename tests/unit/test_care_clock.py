"""The shop's clock in care plans: quiet hours, caps, waits and dates, when the clock is put forward or back as well."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.care.dates import next_time, read_date
from hub.care.forecast import next_use
from hub.care.frequency import Cap, room_at
from hub.care.localtime import days_later, reached
from hub.care.plan import Did, Message, Plan, Wait
from hub.care.quiet import EVERY_DAY, QuietHours, Stretch, is_quiet, next_moment
from hub.care.step import ALWAYS, Held, Seen, Taken, Walker, advance, due_at, next_shown

BERLIN = "Europe/Berlin"
LORD_HOWE = "Australia/Lord_Howe"
"""Its clock is put forward by half an hour only."""

NIGHT = QuietHours((Stretch(EVERY_DAY, 20 * 60, 9 * 60),))


def at(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def shows(moment: float | None, zone: str = BERLIN) -> str:
    assert moment is not None
    return f"{datetime.fromtimestamp(moment, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("day", ["2027-03-27", "2027-03-28", "2027-10-30", "2027-10-31", "2027-06-01"])
def test_a_night_of_quiet_ends_at_nine_whatever_the_clock_did(day: str) -> None:
    assert not is_quiet(NIGHT, BERLIN, at(f"{day}T19:59:59"))
    assert is_quiet(NIGHT, BERLIN, at(f"{day}T20:00"))
    end = next_moment(NIGHT, BERLIN, at(f"{day}T20:00"))
    assert shows(end)[11:] == "09:00:00"
    assert is_quiet(NIGHT, BERLIN, (end or 0.0) - 1)


def test_quiet_that_would_end_in_the_hour_left_out_ends_when_the_clock_jumps() -> None:
    hours = QuietHours((Stretch(EVERY_DAY, 22 * 60, 2 * 60 + 30),))
    assert shows(next_moment(hours, BERLIN, at("2027-03-27T23:00"))) == "2027-03-28 03:00:00"
    assert is_quiet(hours, BERLIN, at("2027-03-28T01:59:59"))


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = QuietHours((Stretch(EVERY_DAY, 22 * 60, 2 * 60 + 30),))
    first, again = at("2027-10-31T02:30"), at("2027-10-31T02:29", fold=1)
    assert next_moment(hours, BERLIN, at("2027-10-31T01:00")) == first
    assert is_quiet(hours, BERLIN, again)
    assert next_moment(hours, BERLIN, again) == again + 60
    assert shows(again + 60) == "2027-10-31 02:30:00"


def test_half_an_hour_of_summer_time_is_kept_as_well() -> None:
    hours = QuietHours((Stretch(EVERY_DAY, 1 * 60, 2 * 60 + 15),))
    # On 3 October 2027 the clock goes from 02:00 to 02:30.
    assert (
        shows(next_moment(hours, LORD_HOWE, at("2027-10-03T01:30", LORD_HOWE)), LORD_HOWE)
        == "2027-10-03 02:30:00"
    )


def test_a_shop_that_is_always_quiet_sends_nothing() -> None:
    always = QuietHours((Stretch(EVERY_DAY, 0, 1_440),))
    assert next_moment(always, BERLIN, at("2027-06-01T12:00")) is None


def test_a_stretch_over_midnight_belongs_to_the_day_on_which_it_began() -> None:
    saturday = QuietHours((Stretch((5,), 22 * 60, 8 * 60),))
    assert is_quiet(saturday, BERLIN, at("2027-06-06T07:59"))
    assert not is_quiet(saturday, BERLIN, at("2027-06-05T07:59"))


@pytest.mark.parametrize(
    ("begun", "then"),
    [
        ("2027-03-26T02:30", "2027-03-28 03:00:00"),
        ("2027-03-26T14:05", "2027-03-28 14:05:00"),
        ("2027-10-29T02:30", "2027-10-31 02:30:00"),
        ("2027-10-30T09:00", "2027-11-01 09:00:00"),
    ],
)
def test_two_days_later_the_clock_shows_the_same(begun: str, then: str) -> None:
    assert shows(days_later(BERLIN, at(begun), 2)) == then


def test_a_time_that_comes_twice_is_reached_the_first_time() -> None:
    moment = reached(BERLIN, datetime(2027, 10, 31, tzinfo=UTC).date(), 150)
    assert moment == at("2027-10-31T02:30", fold=0)


def test_waiting_for_nine_goes_over_a_change_of_the_clock() -> None:
    assert shows(next_shown(BERLIN, at("2027-03-27T09:01"), 540)) == "2027-03-28 09:00:00"
    assert next_shown(BERLIN, at("2027-03-28T09:00"), 540) == at("2027-03-28T09:00")
    assert at("2027-03-28T09:00") - at("2027-03-27T09:00") == 23 * 3_600


def test_a_cap_leaves_room_again_when_a_day_of_the_shop_has_left_its_window() -> None:
    caps = (Cap(1, 1), Cap(3, 7))
    sent = [at("2027-03-22T10:00"), at("2027-03-24T10:00"), at("2027-03-26T23:59")]
    assert shows(room_at(caps, BERLIN, sent, at("2027-03-26T23:59:30"))) == "2027-03-29 00:00:00"
    assert room_at(caps, BERLIN, sent[:2], at("2027-03-26T10:00")) == at("2027-03-26T10:00")
    assert shows(room_at(caps, BERLIN, sent[1:2], at("2027-03-24T10:01"))) == "2027-03-25 00:00:00"


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("1980-02-29", "2027-02-28 09:00:00"),
        ("--02-29", "2027-02-28 09:00:00"),
        ("1980-03-01", "2027-03-01 09:00:00"),
        ("1990-01-05", "2028-01-05 09:00:00"),
    ],
)
def test_a_date_comes_round_each_year_also_the_29th_of_february(text: str, then: str) -> None:
    assert shows(next_time(text, 0, 540, BERLIN, at("2027-02-01T00:00"), yearly=True)) == then


def test_the_29th_is_itself_in_a_leap_year() -> None:
    assert (
        shows(next_time("1980-02-29", 0, 540, BERLIN, at("2028-02-01T00:00"), yearly=True))
        == "2028-02-29 09:00:00"
    )


@pytest.mark.parametrize("text", ["", "soon", "1980-02-30", "2027-13-01", "--2-29x", "29.02.1980"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None
    assert next_time(text, 0, 540, BERLIN, 0.0, yearly=True) is None


def test_a_date_that_comes_once_is_over_when_it_was() -> None:
    assert next_time("2027-01-01", 0, 540, BERLIN, at("2027-02-01T00:00"), yearly=False) is None
    assert (
        shows(next_time("2027-03-01", -2, 540, BERLIN, at("2027-02-01T00:00"), yearly=False))
        == "2027-02-27 09:00:00"
    )


def test_a_forecast_is_told_of_habits_alone() -> None:
    steady = next_use([100, 130, 161, 190])
    assert steady is not None
    assert steady.day == 220
    assert next_use([100, 101, 190, 200]) is None
    assert next_use([100, 130]) is None


NOON = at("2027-06-01T12:00")


def walker(step: str = "m", came_at: float = NOON, **more: object) -> Walker:
    return Walker(
        "m" * 32, step, NOON, came_at, str(more.get("held", "")), "salt", bool(more.get("test", False))
    )


def message(**changes: object) -> Plan:
    step = Message(id="m", text={"en": "Hello"}, **changes)  # type: ignore[arg-type]  # a test's own fields
    return Plan(first="m", steps=(step,))


def seen(**changes: object) -> Seen:
    plain: dict[str, object] = {"timezone": BERLIN, "quiet": ALWAYS, "reach": frozenset({"sms"})}
    return Seen(**(plain | changes))  # type: ignore[arg-type]  # a test's own fields


def test_where_enough_was_sent_the_plan_says_whether_to_wait_or_to_leave_it_out() -> None:
    tomorrow = NOON + 86_400
    waits = advance(message(), walker(), seen(room_at=tomorrow), NOON)
    assert waits == Held("full", tomorrow)
    drops = advance(message(full="drop"), walker(), seen(room_at=tomorrow), NOON)
    assert isinstance(drops, Taken)
    assert (drops.outcome, drops.act) == ("dropped", None)


def test_a_message_that_would_have_to_wait_too_long_is_left_out() -> None:
    late = advance(message(patience=1), walker(), seen(room_at=NOON + 2 * 86_400), NOON)
    assert isinstance(late, Taken)
    assert late.outcome == "dropped"


def test_quiet_hours_end_the_wait_for_room_later_where_both_hold() -> None:
    waits = advance(message(), walker(), seen(quiet=NIGHT, room_at=at("2027-06-02T00:00")), NOON)
    assert waits == Held("full", at("2027-06-02T09:00"))


def test_who_leaves_does_so_before_anything_is_sent() -> None:
    plan = message()
    assert advance(plan, walker(), seen(took_back=True), NOON).reason == "consent"  # type: ignore[union-attr]
    assert advance(plan, walker(), seen(gone=True), NOON).reason == "gone"  # type: ignore[union-attr]
    asks = Did("purchase")
    goal = Plan(first="m", steps=plan.steps, leave=(asks,))
    assert advance(goal, walker(), seen(did={asks: 1}), NOON).reason == "goal"  # type: ignore[union-attr]


def test_whoever_tries_a_plan_out_waits_for_nothing() -> None:
    assert due_at(Wait(id="w", days=9, at=600), seen(), NOON, test=True) == NOON
    tried = advance(
        message(), walker(test=True), seen(quiet=QuietHours((Stretch(EVERY_DAY, 0, 1_440),))), NOON
    )
    assert isinstance(tried, Taken)
    assert tried.outcome == "sent"
