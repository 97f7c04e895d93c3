"""The outbox: a message is sent once, to whoever may still be written to, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.care.rules import may_send_at
from hub.members.consent import pause, withdraw
from hub.messages.channel import NotSent, Outcome, Outgoing, Reported, Sent, Unsure
from hub.messages.handing import LEASE_S
from hub.messages.outbox import Letter, cancel, queue, silence
from hub.messages.reporting import keep_report
from hub.messages.rules import MessageRules, Pace, write_rules
from tests.message_house import MORNING, MessageHouse, Scripted, letter
from tests.postgres_server import PostgresServer, postgres_server

HOUR, DAY = 3_600.0, 86_400.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MessageHouse]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = MessageHouse(tmp_path, database)
    yield made
    made.close()


def test_a_message_is_sent_once_and_the_same_id_is_the_same_message(house: MessageHouse) -> None:
    member = house.member()
    number = house.queue(letter(1, member))
    again = queue(house.store, letter(1, member, text="Something else"), house.now)
    assert again.number == number
    assert again.again
    channel = Scripted()
    house.run(house.hander(channel))
    house.run(house.hander(channel, "two"))
    assert [(one.address, one.text) for one in channel.left] == [("+493012340001", "Letter 1")]
    assert house.kept(number).state == "sent"
    assert house.facts() == ["message.sent"]


def test_nothing_is_sent_to_who_took_consent_back_however_late(house: MessageHouse) -> None:
    member = house.member()
    number = house.queue(letter(1, member))
    # The channel has connected, and is about to send, when the stop comes.
    channel = Scripted(before=lambda _message: house.stop(member))
    house.run(house.hander(channel))
    assert channel.left == []
    assert (house.kept(number).state, house.kept(number).reason) == ("stopped", "stopped")
    assert house.facts() == ["message.stopped"]


def test_a_stop_is_not_known_before_what_is_leaving_has_left(house: MessageHouse) -> None:
    member = house.member()
    house.queue(letter(1, member))
    begun, known = threading.Event(), threading.Event()

    def stop() -> None:
        begun.set()
        house.stop(member)
        known.set()

    thread = threading.Thread(target=stop)

    def leave(_message: Outgoing) -> None:
        thread.start()
        assert begun.wait(10)
        assert not known.wait(0.3), "the stop did not wait for the gate"

    channel = Scripted(inside=leave)
    house.run(house.hander(channel))
    thread.join(10)
    assert known.is_set()
    assert len(channel.left) == 1


def test_nothing_goes_to_somebody_who_is_being_forgotten_not_even_what_they_ask_for(
    house: MessageHouse,
) -> None:
    member = house.member()
    withdraw(house.store, member, "all", place="page", proof="link", now=house.now, clock="ntp")
    number = house.queue(letter(1, member, why="keyword"))
    channel = Scripted()
    house.run(house.hander(channel))
    assert channel.left == []
    assert house.kept(number).reason == "erased"


def test_a_pause_and_a_channel_that_nobody_agreed_to_hold_messages_back(house: MessageHouse) -> None:
    member, other = house.member(), house.member(media=("mail",), mail="a@example.org")
    pause(house.store, member, house.now + DAY, place="page", now=house.now, clock="ntp")
    numbers = [house.queue(letter(1, member)), house.queue(letter(2, other))]
    channel = Scripted()
    house.run(house.hander(channel))
    assert channel.left == []
    assert {house.kept(number).state for number in numbers} == {"stopped"}


def test_who_asked_gets_an_answer_without_consent_but_not_after_a_stop_that_came_since(
    house: MessageHouse,
) -> None:
    stranger, member = house.member(media=()), house.member()
    house.queue(letter(1, stranger, why="keyword"))
    late = house.queue(letter(2, member, why="answer"))
    house.stop(member)
    after = house.queue(letter(3, member, why="keyword"))
    channel = Scripted()
    house.run(house.hander(channel))
    assert [one.text for one in channel.left] == ["Letter 1", "Letter 3"]
    assert house.kept(late).reason == "stopped"
    assert house.kept(after).state == "sent"


def test_a_stop_from_a_number_holds_back_what_waits_for_it_whoever_has_it(house: MessageHouse) -> None:
    number = "+4930999111"
    waiting = house.queue(letter(1, number=number, why="keyword"))
    member = house.queue(letter(2, house.member(phone=number)))
    silence(house.store, house.secret, "+49 30 999-111", house.now)
    confirmed = house.queue(letter(3, number=number, why="confirm", text="You will hear nothing more."))
    channel = Scripted()
    house.run(house.hander(channel))
    assert [one.text for one in channel.left] == ["You will hear nothing more."]
    assert house.kept(waiting).reason == house.kept(member).reason == "stopped"
    assert house.kept(confirmed).state == "sent"


def test_no_number_and_no_private_text_stands_in_the_database(house: MessageHouse) -> None:
    house.queue(letter(1, number="+4930999222", why="answer", text="Your parcel is here, Mei."))
    kept = house.kept(1)
    assert kept.text == kept.subject == ""
    assert b"30999222" not in kept.closed
    assert b"parcel" not in kept.closed
    with pytest.raises(ValueError, match="key"):
        queue(house.store, letter(2, number="+4930999222", why="answer"), house.now)
    channel = Scripted()
    house.run(house.hander(channel))
    assert channel.left[0].address == "+4930999222"


def test_a_name_is_put_in_when_it_is_handed_over_and_is_no_template(house: MessageHouse) -> None:
    member = house.member(name="{stop} Lee")
    house.queue(letter(1, member, text="Hello {name}, {stop}"))
    channel = Scripted()
    house.run(house.hander(channel))
    words = channel.left[0].text.split()
    assert words[:2] == ["Hello", "{stop},"]
    assert words[2].startswith("https://shop.example/me/")
    assert channel.left[0].stop_link == words[2]


def test_what_may_have_gone_out_is_told_and_never_sent_again(house: MessageHouse) -> None:
    number = house.queue(letter(1, house.member()))
    channel = Scripted(does=lambda _message: Unsure("It fell silent."))
    house.run(house.hander(channel))
    house.now += 10 * LEASE_S
    again = house.hander(channel, "two")
    again.sweep()
    house.run(again)
    assert len(channel.left) == 1
    assert house.kept(number).state == "unsure"
    assert house.facts() == ["message.doubted"]


def test_a_worker_that_is_lost_before_the_gate_is_followed_and_one_behind_it_is_told(
    house: MessageHouse,
) -> None:
    class Killed(BaseException):
        """As if the program had been ended there."""

    def die(_message: Outgoing) -> None:
        raise Killed

    def die_with_it(_message: Outgoing) -> Outcome:
        raise Killed

    first, second = house.queue(letter(1, house.member())), house.queue(letter(2, house.member()))
    with pytest.raises(Killed):
        house.hander(Scripted(before=die)).once()
    house.now += 60
    behind = Scripted(does=die_with_it)
    with pytest.raises(Killed):
        house.hander(behind, "two").once()
    assert house.kept(first).state == "taken"
    assert house.kept(second).state == "handing"
    channel, third = Scripted(), house.hander
    assert third(channel, "three").once() is None, "both are held by workers that may live"
    house.now += LEASE_S + 1
    assert third(channel, "three").sweep() == 1
    house.run(third(channel, "three"))
    assert [one.text for one in channel.left] == ["Letter 1"]
    assert house.kept(second).state == "unsure"


def test_a_worker_that_comes_back_late_does_not_send_what_another_one_has(house: MessageHouse) -> None:
    number = house.queue(letter(1, house.member()))
    fast = Scripted()

    def slow(_message: Outgoing) -> None:
        house.now += LEASE_S + 1
        house.run(house.hander(fast, "two"))

    late = Scripted(before=slow)
    house.hander(late).once()
    assert len(fast.left) == 1
    assert late.left == []
    assert house.kept(number).state == "sent"


def test_a_channel_that_cannot_now_is_tried_again_less_and_less_often_until_it_is_late(
    house: MessageHouse,
) -> None:
    number = house.queue(letter(1, house.member(), not_after=house.now + HOUR))
    channel = Scripted(does=lambda _message: NotSent("gone", "No modem."))
    hander = house.hander(channel)
    tried = []
    while house.kept(number).state == "waiting" and house.now < MORNING + DAY:
        before = len(channel.left)
        hander.once()
        if len(channel.left) > before:
            tried.append(house.now)
        house.now += 5
    waits = [later - first for first, later in itertools.pairwise(tried)]
    assert waits == sorted(waits)
    assert len(tried) > 4
    assert (house.kept(number).state, house.kept(number).reason) == ("stopped", "late")


def test_a_number_that_is_none_fails_at_once(house: MessageHouse) -> None:
    number = house.queue(letter(1, house.member()))
    house.run(house.hander(Scripted(does=lambda _message: NotSent("bad-number", "No number."))))
    assert (house.kept(number).state, house.kept(number).reason) == ("failed", "bad-number")
    assert house.refused(letter(2, number="12", why="code")) == "bad-number"
    assert house.refused(letter(3)) == "no-reader"
    assert house.refused(letter(4, "m" * 32, text=" ")) == "no-text"
    assert house.refused(letter(5, "m" * 32, text="字" * 671)) == "too-long"
    assert house.refused(letter(6, "m" * 32, not_after=house.now - 1)) == "late"


def test_quiet_hours_and_caps_put_off_what_the_shop_wishes_and_nothing_else(house: MessageHouse) -> None:
    member, other = house.member(), house.member()
    first, second = house.queue(letter(1, member)), house.queue(letter(2, member))
    channel = Scripted()
    house.run(house.hander(channel))
    assert house.kept(first).state == "sent"
    assert house.kept(second).state == "waiting", "one a day"
    house.now = MORNING + 14 * HOUR
    night = house.queue(letter(3, other))
    code = house.queue(letter(4, other, why="code"))
    house.run(house.hander(channel))
    assert house.kept(code).state == "sent"
    assert house.kept(night).state == "waiting"
    assert house.kept(night).next_at == may_send_at(house.store, house.now)
    house.now = MORNING + DAY
    house.run(house.hander(channel))
    assert house.kept(night).state == house.kept(second).state == "sent"


def test_what_somebody_waits_for_goes_before_the_many(house: MessageHouse) -> None:
    for place in range(3):
        house.queue(letter(place, house.member()))
    house.queue(letter(9, number="+4930999333", why="code", text="Code 1234"))
    channel = Scripted()
    house.run(house.hander(channel))
    assert channel.left[0].text == "Code 1234"


def test_a_channel_keeps_its_pace_over_all_workers_and_long_messages_take_longer(house: MessageHouse) -> None:
    house.store.messages.set_rules(write_rules(MessageRules(paces={"modem": Pace(a_minute=6, cost=750)})))
    for place, text in enumerate(("short", "x" * 400, "short")):
        house.queue(letter(place, house.member(), text=text))
    at: list[float] = []
    channel = Scripted(
        does=lambda message: (at.append(house.now), Sent(3 if len(message.text) > 160 else 1))[1]
    )
    workers = [house.hander(channel, "one"), house.hander(channel, "two")]
    for turn in range(20):
        wait_s = workers[turn % 2].once()
        house.now += wait_s or 0
    assert [moment - at[0] for moment in at] == [0, 10, 40]
    counted = {one.state: one for one in house.store.messages.counts()}["sent"]
    assert (counted.messages, counted.parts, counted.cost) == (3, 5, 3_750)


def test_a_message_that_is_cancelled_in_time_is_not_sent(house: MessageHouse) -> None:
    first, second = house.queue(letter(1, house.member())), house.queue(letter(2, house.member()))
    assert cancel(house.store, "letter-1", house.now)
    channel = Scripted()
    house.run(house.hander(channel))
    assert [one.text for one in channel.left] == ["Letter 2"]
    assert (house.kept(first).reason, house.kept(second).state) == ("cancelled", "sent")
    assert not cancel(house.store, "letter-2", house.now)


def test_an_answer_goes_by_the_channel_that_it_is_for(house: MessageHouse) -> None:
    house.queue(Letter("a", "sms", "answer", "By SMPP", number="+4930999444", via="smpp"))
    modem, smpp = Scripted(), Scripted("smpp")
    house.run(house.hander(modem))
    house.run(house.hander(smpp))
    assert modem.left == []
    assert [one.text for one in smpp.left] == ["By SMPP"]


def report(reference: str, outcome: str = "delivered", key: str = "", **more: str) -> Reported:
    return Reported(key or f"k-{reference}", "smpp", outcome, reference=reference, **more)  # type: ignore[arg-type]  # words


def test_reports_of_all_parts_make_one_and_may_come_before_the_answer_or_twice(house: MessageHouse) -> None:
    number = house.queue(letter(1, house.member(), text="x" * 200))

    def early(_message: Outgoing) -> Outcome:
        assert keep_report(house.store, report("b"), house.now, "ntp")
        return Sent(2, ("a", "b"))

    house.run(house.hander(Scripted("smpp", does=early)))
    assert house.kept(number).outcome == ""
    assert not keep_report(house.store, report("b"), house.now, "ntp"), "it was kept before"
    keep_report(house.store, report("a", "trying"), house.now, "ntp")
    assert house.kept(number).outcome == ""
    keep_report(house.store, report("a", key="later"), house.now + 5, "ntp")
    assert house.kept(number).outcome == "delivered"
    assert house.facts() == ["message.sent", "message.reported"]


def test_a_modems_report_after_a_restart_is_found_by_reference_and_number(house: MessageHouse) -> None:
    one, other = house.member(phone="+4930111222"), house.member(phone="+4930333444")
    numbers = [house.queue(letter(1, one)), house.queue(letter(2, other))]
    house.run(house.hander(Scripted(does=lambda _message: Sent(1, ("17",)))))
    told = Reported("r1", "modem", "delivered", reference="17", address="030111222")
    same = {numbers[0]: "030111222", numbers[1]: "030333444"}
    keep_report(house.store, told, house.now, "ntp", lambda kept, address: same[kept.number] == address)
    assert [house.kept(number).outcome for number in numbers] == ["delivered", ""]
    ticket = Reported("r2", "modem", "failed", message=f"7-{numbers[1]}", reference="17")
    keep_report(house.store, ticket, house.now, "ntp")
    assert house.kept(numbers[1]).outcome == "failed"


def test_what_was_written_to_somebody_who_is_forgotten_is_taken_out(house: MessageHouse) -> None:
    member = house.member()
    sent, waiting = house.queue(letter(1, member)), house.queue(letter(2, member, why="answer"))
    house.hander(Scripted()).once()
    assert house.store.messages.forget(member, "f" * 32) == 2
    for number in (sent, waiting):
        kept = house.kept(number)
        assert (kept.member, kept.text, kept.closed, kept.number_hash) == ("f" * 32, "", b"", "")
    assert {house.kept(sent).state, house.kept(waiting).state} == {"sent", "stopped"}
    assert house.store.messages.latest(10, member=member) == []
