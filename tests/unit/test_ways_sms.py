"""Codes by text message: limits against floods with a clock that the test moves, and the code that comes back."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ways_door import Door, at

from edge.portal.ways.entry import Admitted, CodeSent, NotYet
from edge.portal.ways.sentences import message, not_yet
from edge.portal.ways.sms import (
    CODE_LIVES_S,
    COOL_DOWN_S,
    DAY_S,
    DOOR_SENDS_A_DAY,
    PAUSE_AFTER_FAILURE_S,
    PLACE_SENDS_A_DAY,
    SENDS_A_DAY,
    WAITING,
    WRONG_TRIES,
)
from hardware.modem.modem import NotSent, Sent
from hardware.modem.sim import SimModem
from hardware.modem.text import weigh
from hub.client.settings import SettingsError
from hub.storefront.numbers import is_country, read_number
from hub.wire.events import PortalJoined

NUMBER = "0151 23456789"
E164 = "+4915123456789"


class Modem(SimModem):
    """The simulated modem without its seconds."""

    def __init__(self) -> None:
        super().__init__(delay_s=0.0)


@pytest.fixture
def modem() -> Modem:
    return Modem()


@pytest.fixture
def door(tmp_path: Path, modem: Modem) -> Iterator[Door]:
    door = Door(tmp_path, modem=modem, ways=("sms", "click"), country="DE", minutes=60)
    yield door
    door.close()


def ask(door: Door, n: int = 2, number: str = NUMBER, **more: str) -> CodeSent | NotYet:
    answer = door.desk.enter(at(n, "sms", phone_number=number, **more), door.now)
    assert not isinstance(answer, Admitted)
    return answer


def sent(answer: CodeSent | NotYet) -> str:
    assert isinstance(answer, CodeSent), answer
    return answer.handle


def bring(door: Door, handle: str, code: str, n: int = 2) -> Admitted | NotYet:
    answer = door.desk.enter(at(n, "sms", code, handle=handle), door.now)
    assert not isinstance(answer, CodeSent)
    return answer


def code_in(modem: SimModem) -> str:
    return modem.sent[-1].text[:6]


def number(n: int) -> str:
    return f"+49151234{n:05d}"


def until(true: Callable[[], bool]) -> None:
    """A worker does it: wait a moment, and fail after ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_code_that_was_sent_lets_in_and_only_once(door: Door, modem: Modem) -> None:
    assert door.desk.offered() == ("sms", "click", "member")
    answer = ask(door)
    assert isinstance(answer, CodeSent)
    assert answer.to == "+49 ••• 789"
    assert modem.sent[-1].number == E164
    code = code_in(modem)
    assert re.fullmatch("[0-9]{6}", code)
    # However it was typed: with a space, or on a keyboard of full width.
    typed = code[:3] + " " + code[3:].translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    door.come_in(at(2, "sms", typed, handle=answer.handle))
    assert door.facts() == [PortalJoined(way="sms", seconds=3_600)]
    assert bring(door, answer.handle, code) == not_yet("sms-over")


def test_a_code_is_good_until_the_gate_is_open_and_for_one_phone_only(door: Door, modem: Modem) -> None:
    handle = sent(ask(door))
    assert isinstance(bring(door, handle, code_in(modem)), Admitted)
    assert isinstance(bring(door, handle, code_in(modem)), Admitted)
    assert isinstance(bring(door, handle, code_in(modem), 3), NotYet)


def test_the_code_of_another_handle_does_not_fit(door: Door, modem: Modem) -> None:
    first = sent(ask(door))
    code = code_in(modem)
    second = sent(ask(door, 3, number(7)))
    assert code != code_in(modem)
    assert bring(door, second, code, 3) == not_yet("sms-wrong", handle=second)
    assert isinstance(bring(door, first, code), Admitted)
    assert bring(door, "", code).code == "wrong-number"  # type: ignore[union-attr]
    assert bring(door, "f" * 32, code) == not_yet("sms-over")


def test_five_wrong_tries_and_the_code_is_dead(door: Door, modem: Modem) -> None:
    handle = sent(ask(door))
    wrong = f"{(int(code_in(modem)) + 1) % 10**6:06d}"
    for _ in range(WRONG_TRIES - 1):
        assert bring(door, handle, wrong) == not_yet("sms-wrong", handle=handle)
    assert bring(door, handle, "") == not_yet("no-code", handle=handle)
    assert bring(door, handle, wrong) == not_yet("sms-dead")
    assert bring(door, handle, code_in(modem)) == not_yet("sms-dead")


def test_a_code_lives_ten_minutes(door: Door, modem: Modem) -> None:
    handle = sent(ask(door))
    door.later(CODE_LIVES_S)
    assert isinstance(bring(door, handle, code_in(modem)), Admitted)
    door.later(1)
    assert bring(door, handle, code_in(modem)) == not_yet("sms-over")


def test_a_number_and_a_phone_wait_half_a_minute_each(door: Door, modem: Modem) -> None:
    sent(ask(door))
    door.later(10)
    assert ask(door, 3) == not_yet("number-cool-down", COOL_DOWN_S - 10)
    assert ask(door, 2, number(1)) == not_yet("place-cool-down", COOL_DOWN_S - 10)
    sent(ask(door, 4, number(2)))
    door.later(COOL_DOWN_S - 10)
    sent(ask(door, 3))
    assert len(modem.sent) == 3


def test_however_a_number_is_written_it_is_the_same_number(door: Door) -> None:
    sent(ask(door))
    for n, same in enumerate(
        ("+49 151 23456789", "0049151/2345-6789", "(0151) 234 567 89", "０１５１２３４５６７８９"), 3
    ):
        assert ask(door, n, same) == not_yet("number-cool-down", COOL_DOWN_S)


def test_five_a_day_to_one_number_whoever_asks(door: Door, modem: Modem) -> None:
    for n in range(SENDS_A_DAY):
        sent(ask(door, 2 + n))
        door.later(60)
    refused = ask(door, 50)
    assert refused == not_yet("number-today", DAY_S - 60 * SENDS_A_DAY)
    assert len(modem.sent) == SENDS_A_DAY
    door.later(DAY_S - 60 * SENDS_A_DAY)
    sent(ask(door, 51))


def test_ten_a_day_from_one_phone_whatever_number(door: Door) -> None:
    for n in range(PLACE_SENDS_A_DAY):
        sent(ask(door, 2, number(n)))
        door.later(31)
    assert isinstance(ask(door, 2, number(99)), NotYet)
    sent(ask(door, 3, number(99)))


def test_the_days_messages_of_a_door_have_an_end_that_a_restart_does_not_move(
    door: Door, modem: Modem
) -> None:
    for n in range(DOOR_SENDS_A_DAY):
        sent(ask(door, 2 + n % 250, number(n)))
        if n % 250 == 100:
            door.restart()
    door.restart()
    refused = ask(door, 252, number(77_777))
    assert isinstance(refused, NotYet)
    assert refused.code == "too-often"
    assert 0 < refused.wait_s <= DAY_S
    door.later(refused.wait_s)
    sent(ask(door, 252, number(77_777)))


def test_a_message_that_was_not_sent_costs_its_number_and_the_day_nothing(door: Door, modem: Modem) -> None:
    modem.network = False
    for _ in range(SENDS_A_DAY + 3):
        assert ask(door) == not_yet("modem-failed")
        # The phone waits all the same: each try is a write to the card.
        assert ask(door) == not_yet("place-cool-down", COOL_DOWN_S)
        door.later(COOL_DOWN_S)
    modem.network = True
    sent(ask(door))


def test_a_modem_without_network_is_left_alone_for_a_moment_whoever_asks(door: Door, modem: Modem) -> None:
    modem.network = False
    assert ask(door) == not_yet("modem-failed")
    modem.network = True
    door.later(3)
    assert ask(door, 3, number(3)) == not_yet("modem-failed", PAUSE_AFTER_FAILURE_S - 3)
    door.later(PAUSE_AFTER_FAILURE_S - 3)
    sent(ask(door, 3, number(3)))


def test_a_slow_modem_holds_up_one_form_for_a_moment_and_no_other(tmp_path: Path) -> None:
    air = threading.Event()
    slow = SimModem(sleep=lambda _: air.wait(30))
    door = Door(tmp_path, modem=slow, ways=("sms",))
    began = time.monotonic()
    first = threading.Thread(target=ask, args=(door,))
    first.start()
    until(lambda: first.is_alive())
    handles = [sent(ask(door, 3 + n, number(n))) for n in range(WAITING - 1)]
    assert ask(door, 40, number(40)) == not_yet("modem-busy", 5.0)
    first.join(30)
    assert not first.is_alive()
    assert time.monotonic() - began < 20
    air.set()
    until(lambda: len(slow.sent) == WAITING)
    by_number = {one.number: one.text[:6] for one in slow.sent}
    assert isinstance(bring(door, handles[0], by_number[number(0)], 3), Admitted)
    door.close()


def test_a_message_that_fails_after_the_page_has_gone_on_is_told_at_the_second_step(tmp_path: Path) -> None:
    air = threading.Event()
    losing = SimModem(sleep=lambda _: air.wait(30))
    door = Door(tmp_path, modem=losing, ways=("sms",))
    handle = sent(ask(door))
    losing.network = False
    air.set()
    until(lambda: bring(door, handle, "000000") == not_yet("modem-failed"))
    door.close()


class BusyModem(Modem):
    """Somebody else sends with it, twice."""

    busy = 2

    def send(self, number: str, text: str) -> Sent | NotSent:
        if self.busy:
            self.busy -= 1
            return NotSent("busy", "The modem is sending another message.")
        return super().send(number, text)


def test_a_busy_modem_is_asked_again(tmp_path: Path) -> None:
    modem = BusyModem()
    door = Door(tmp_path, modem=modem, ways=("sms",))
    sent(ask(door))
    until(lambda: len(modem.sent) == 1)
    door.close()


def test_numbers_are_on_no_disk(door: Door, modem: Modem) -> None:
    handle = sent(ask(door, remember="yes"))
    door.come_in(at(2, "sms", code_in(modem), handle=handle, remember=True))
    kept = b"".join(path.read_bytes() for path in door.folder.rglob("*") if path.is_file())
    for secret in ("15123456789", "23456789", code_in(modem)):
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("0151 23456789", "DE", "+4915123456789"),
        ("13800138000", "CN", "+8613800138000"),
        ("+43 660 1234567", "DE", "+436601234567"),
        ("0043 660 1234567", "DE", "+436601234567"),
        ("07400 123456", "GB", "+447400123456"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("030 123456", "DE", None),
        ("0900 123456", "AT", None),
        ("110", "DE", None),
        ("0151 2345", "DE", None),
        ("0151 23456789 ext. 5", "DE", None),
        ("", "DE", None),
        ("call me", "DE", None),
        ("+", "DE", None),
        ("9" * 40, "DE", None),
        ("0151 23456789" + " " * 40, "DE", None),
        ("+999 123456789", "DE", None),
    ],
)
def test_only_lines_that_take_a_message_are_numbers(typed: str, country: str, e164: str | None) -> None:
    found = read_number(typed, country)
    assert (found.e164 if found else None) == e164


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_numbers(typed: str) -> None:
    found = read_number(typed, "DE")
    assert found is None or re.fullmatch(r"\+[1-9][0-9]{6,14}", found.e164)


def test_countries_are_known() -> None:
    assert is_country("DE")
    assert is_country("CN")
    assert not is_country("XX")
    assert not is_country("de")


def test_a_country_without_phone_numbers_is_told_at_the_start_and_only_where_messages_are_sent(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="PORTAL_COUNTRY"):
        Door(tmp_path / "a", modem=Modem(), ways=("sms",), country="UK")
    Door(tmp_path / "b", ways=("sms", "click"), country="UK").close()
    Door(tmp_path / "c", modem=Modem(), ways=("click",), country="UK").close()


@given(st.sampled_from(["en", "zh", "fr"]), st.text(max_size=200))
def test_the_message_begins_with_the_code_and_is_one_part_for_every_shop(language: str, shop: str) -> None:
    text = message("123456", shop, language)
    assert text.startswith("123456 ")
    assert weigh(text).parts == 1
    assert "\n" not in text


def test_the_message_names_the_shop_where_there_is_room() -> None:
    assert message("123456", "Corner Shop", "en") == (
        "123456 is your Wi-Fi code for Corner Shop. It is good for 10 minutes. Nobody will ask you for it."
    )
    assert message("123456", "街角小店", "zh") == (
        "123456 是您在街角小店的 Wi-Fi 验证码，10 分钟内有效。请勿告诉他人。"
    )
    assert message("123456", "x" * 90, "en").startswith("123456 is your Wi-Fi code. ")
