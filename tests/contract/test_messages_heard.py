"""What comes in: once under its key, a stop at once and for everybody with that number, keywords answered, loops ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.members.consent import all_of, standing
from hub.messages.answering import Answerer
from hub.messages.channel import ChannelName
from hub.messages.heard import read_line, stopped_at
from hub.messages.keywords import Keyword, Place, form, write_keyword
from hub.messages.loops import MOST_SOON
from hub.messages.people import People
from tests.hearing_house import STRANGER, URL, HearingHouse
from tests.message_house import Scripted, letter
from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HearingHouse]:
    wanted = getattr(request, "param", "sqlite")
    made = HearingHouse(tmp_path, request.getfixturevalue("server").fresh() if wanted == "postgres" else "")
    yield made
    made.close()


on_both = pytest.mark.parametrize("house", ["sqlite", "postgres"], indirect=True)


@on_both
def test_the_same_message_under_the_same_key_is_one(house: HearingHouse) -> None:
    first = house.hear("Do you sell rye bread?", key="same")
    again = house.hear("Do you sell rye bread?", key="same")
    other = house.hear("Do you sell rye bread?", key="same", channel="smpp")
    assert not first.again
    assert again.again
    assert not other.again
    assert len(house.store.inbox.lines(first.talk, 10)) == 1


def test_what_nobody_understands_waits_for_a_person_and_is_kept_sealed(house: HearingHouse) -> None:
    understood = house.hear("Do you sell rye bread on Sundays?")
    assert understood.meaning == ""
    assert house.answers() == []
    talk = house.store.inbox.talk(understood.talk)
    assert talk is not None
    assert (talk.state, talk.waiting) == ("open", 1)
    (line,) = house.store.inbox.lines(talk.number, 10)
    assert read_line(house.secret, line) == "Do you sell rye bread on Sundays?"
    assert b"rye" not in line.closed
    assert STRANGER.encode() not in talk.closed
    assert STRANGER[1:] not in talk.sender_hash


@on_both
def test_a_stop_ends_messages_for_everybody_who_shares_the_number_and_is_told_once(
    house: HearingHouse,
) -> None:
    one = house.member(phone=STRANGER, media=("sms", "mail"), mail="ann@example.org")
    other = house.member(phone=STRANGER, name="Bo Lee")
    waiting = house.queue(letter(1, one))
    assert house.hear("ＳＴＯＰ").meaning == "stop"
    assert not house.agrees(one)
    assert not house.agrees(other)
    # Whatever the way by which it came, it ends all of them.
    assert not standing(house.store, one, "messages", "mail", house.now)
    channel = Scripted()
    (said,) = house.answers()
    assert said == "Corner: You will get no more messages. Reply START to get them again."
    house.run(house.hander(channel))
    assert house.kept(waiting).state == "stopped"
    assert [(out.address, out.text) for out in channel.left] == [(STRANGER, said)]
    house.hear("stop stop stop")
    assert house.answers() == []


def test_a_stop_of_nobody_is_known_when_the_number_becomes_somebodys(house: HearingHouse) -> None:
    house.hear("退订")
    assert house.answers() == ["【街角】已退订，您不会再收到我们的消息。回复“恢复”可重新接收。"]
    assert stopped_at(house.store, house.secret, STRANGER) == house.now
    assert stopped_at(house.store, house.secret, "+49 151 1234 5678") == house.now
    assert stopped_at(house.store, house.secret, "+4915112345679") is None


def test_who_is_taken_in_with_an_older_yes_is_not_written_to_after_a_stop_of_that_number(
    house: HearingHouse,
) -> None:
    house.now += 3_600
    house.hear("STOP")
    house.now -= 3_600
    member = house.member(phone=STRANGER)
    house.now += 7_200
    people = People(house.store, house.people, URL)
    assert house.agrees(member)
    assert not people.standing(member, "sms", house.now)
    number = house.queue(letter(1, member))
    channel = Scripted()
    house.run(house.hander(channel))
    assert house.kept(number).state == "stopped"
    assert all("Letter" not in out.text for out in channel.left)
    house.agree(member, "sms")
    assert people.standing(member, "sms", house.now)


def test_start_lets_those_be_written_to_who_had_agreed_before_and_nobody_else(house: HearingHouse) -> None:
    agreed = house.member(phone=STRANGER)
    never = house.member(phone=STRANGER, media=())
    house.hear("STOP")
    house.now += 60
    house.hear("start")
    assert house.agrees(agreed)
    assert not house.agrees(never)
    assert stopped_at(house.store, house.secret, STRANGER) is None
    record = all_of(house.store, agreed).records[0]
    assert (record.proof, record.place) == ("word", "modem")
    assert "STOP" in record.words


def test_a_stranger_who_says_start_is_told_that_they_get_nothing(house: HearingHouse) -> None:
    assert "You are not on our list" in house.said("START")


def test_help_is_answered_to_anybody_in_their_own_language(house: HearingHouse) -> None:
    house.keyword("Coffee", "咖啡")
    assert "Reply STOP" in house.said("help!")
    assert house.said("幫助").startswith("【街角】")
    assert "Coffee" in house.said("?", "+4915112345670")


@pytest.mark.parametrize(
    "text",
    ["Coffee", "  ＣＯＦＦＥＥ!! ", "c o f f e e", "coffee please", "Cofee", "咖啡", "咖 啡", "咖啡谢谢"],
)
def test_a_keyword_is_known_in_whatever_form_and_gives_a_coupon_with_its_link(
    house: HearingHouse, text: str
) -> None:
    house.keyword("Coffee", "咖啡")
    said = house.said(text)
    link = said.split("https://shop.example/coupon/")[1]
    serial = link[:16]
    found = house.desks[0].coupon(serial)
    assert found is not None
    assert found[0].coupon.campaign == 1
    assert link[16:].startswith("?c=s")


def test_a_word_in_traditional_characters_is_the_same_word(house: HearingHouse) -> None:
    house.keyword("面包")
    assert "/coupon/" in house.said("麵包")
    assert house.hear("麵條").meaning == ""


def test_somebody_gets_the_coupon_of_an_offer_once_however_often_they_ask(house: HearingHouse) -> None:
    house.keyword("Coffee")
    first, again = house.said("coffee"), house.said("COFFEE")
    assert first == again
    other = house.said("coffee", "+4915112345670")
    assert other.split("/coupon/")[1][:16] != first.split("/coupon/")[1][:16]


def test_a_member_gets_one_coupon_by_whichever_channel_they_ask(house: HearingHouse) -> None:
    house.member(phone=STRANGER, media=("sms", "mail"), mail="ann@example.org")
    house.keyword("Coffee")
    house.hear("coffee")
    house.hear("coffee", "ann@example.org", channel="mail")
    one, other = house.answers()
    assert one.split("/coupon/")[1][:16] == other.split("/coupon/")[1][:16]


def test_without_an_address_of_the_hub_the_answer_holds_the_code(house: HearingHouse) -> None:
    house.keyword("Coffee")
    house.hear("coffee")
    (said,) = house.answers(url="")
    assert "Say this code at the till" in said
    assert "http" not in said


def test_an_offer_that_does_not_run_is_told_and_so_is_one_that_is_sold_out(house: HearingHouse) -> None:
    house.keyword("Tea", campaign_=99)
    assert "does not run" in house.said("tea")


def test_the_nearest_shop_is_found_by_postcode_or_name(house: HearingHouse) -> None:
    places = (
        Place("Harbour", "Hafenstr. 1, 1020 Wien", ("1020", "1030", "Leopoldstadt")),
        Place("Hill", "Bergweg 2, 1190 Wien", ("1190", "Döbling")),
    )
    house.keyword("shop", "门店", does="places", places=places)
    assert house.said("shop 1020") == "Corner: Harbour, Hafenstr. 1, 1020 Wien"
    assert "Hill" in house.said("SHOP: Dobling")
    assert "Hill" in house.said("shop 1180")
    assert "没有找到" in house.said("门店 北京")


def test_a_search_finds_what_the_shop_offers(house: HearingHouse) -> None:
    house.keyword("search", "搜索", does="search")
    assert house.said("search latte") == "Corner: Coffee https://shop.example/n/0013?c=s"
    assert house.said("搜索咖啡").startswith("【街角】咖啡 https://")
    assert "no offer" in house.said("search bicycles")


@on_both
def test_joining_by_a_word_needs_a_yes_and_keeps_the_words(house: HearingHouse) -> None:
    house.keyword("join", "加入", does="join")
    assert "text messages with its offers" in house.said("join")
    assert house.book.by_number(STRANGER) is None
    house.now += 60
    assert "Welcome" in house.said("Yes please")
    member = house.book.by_number(STRANGER)
    assert member is not None
    assert house.agrees(member)
    record = all_of(house.store, member).records[0]
    assert record.proof == "word"
    assert record.words.startswith("The shop may send me text messages")
    # A second yes, and a yes that was asked for by nobody, is for people.
    assert house.hear("yes").meaning == ""
    assert "already" in house.said("JOIN")


def test_a_yes_after_two_days_joins_nobody(house: HearingHouse) -> None:
    house.keyword("join", does="join")
    house.said("join")
    house.now += 3 * 86_400
    assert house.hear("yes").meaning == ""
    assert house.book.by_number(STRANGER) is None


def test_a_join_after_a_stop_is_the_newer_wish(house: HearingHouse) -> None:
    member = house.member(phone=STRANGER)
    house.keyword("join", does="join")
    house.said("stop")
    house.now += 60
    house.said("join")
    assert not house.agrees(member)
    house.said("yes")
    assert house.agrees(member)
    assert house.book.all_by_number(STRANGER) == (member,)


@pytest.mark.parametrize("sender", ["INFO", "72000", "MyBank", "mailer-daemon@example.org"])
def test_a_machine_is_never_answered(house: HearingHouse, sender: str) -> None:
    house.keyword("Coffee")
    channel: ChannelName = "mail" if "@" in sender else "smpp"
    assert house.hear("coffee", sender, channel=channel).meaning == "machine"
    house.hear("stop", sender, channel=channel)
    assert house.answers() == []


@pytest.mark.parametrize("text", ["Auto-Reply: coffee", "I am out of office. help", "【自动回复】咖啡"])
def test_a_reply_that_a_program_wrote_is_not_answered(house: HearingHouse, text: str) -> None:
    house.keyword("Coffee", "咖啡")
    assert house.hear(text).meaning == "machine"


def test_our_own_words_that_come_back_are_not_answered(house: HearingHouse) -> None:
    house.keyword("Coffee", text={"en": "Coffee"})
    said = house.said("coffee")
    assert house.hear(said).meaning == "machine"


def test_two_machines_do_not_answer_each_other_for_ever(house: HearingHouse) -> None:
    house.keyword("Coffee")
    answered = 0
    for _ in range(40):
        house.hear("coffee")
        answered += len(house.answers())
        house.now += 2
    assert answered == MOST_SOON
    talk = house.store.inbox.talk(1)
    assert talk is not None
    assert talk.waiting > 0
    # A stop is understood however much was said before.
    house.hear("stop")
    assert len(house.answers()) == 1


def test_an_answer_is_made_once_whoever_makes_it(house: HearingHouse) -> None:
    house.keyword("Coffee")
    house.hear("coffee")
    one, other = (Answerer(house.ears, house.desks, URL) for _ in range(2))
    assert one.answer_due(house.now) + other.answer_due(house.now) == 1
    assert house.store.messages.highest() == 1


def test_an_answer_is_made_by_whoever_starts_after_the_program_died(house: HearingHouse) -> None:
    house.keyword("Coffee")
    house.hear("coffee")
    assert [line.meaning for line in house.store.inbox.due(10)] == ["keyword 1"]
    assert len(house.answers()) == 1
    assert house.store.inbox.due(10) == []


HOSTILE = (
    "x" * 65_536,
    "\u202e" * 1_000 + "reversed",
    "=cmd|'/c calc'!A0",
    "\ud83d half a sign \udc00",
    "\x00\x01\x02",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{name} {page} {0.__class__}",
    "😀" * 500,
    "a" + "\u0301" * 20_000,
    "",
)


@on_both
def test_hostile_texts_are_kept_by_either_database(house: HearingHouse) -> None:
    for text in HOSTILE:
        understood = house.hear(text)
        (line, *_) = house.store.inbox.lines(understood.talk, 1)
        assert line.number == understood.line
        assert len(read_line(house.secret, line)) <= 10_001


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_kept_and_answered_by_nobody(house: HearingHouse, text: str) -> None:
    house.keyword("Coffee", "search", does="search")
    understood = house.hear(text)
    assert understood.meaning == ""
    (line,) = house.store.inbox.lines(understood.talk, 5)
    kept = read_line(house.secret, line)
    json.dumps(kept).encode()
    kept.encode()
    assert len(kept) <= 10_001


@pytest.mark.parametrize(
    "sender", ["\u202e+49", "x" * 5_000, "=1+1", "\ud83d", "+", "00491511234567890123456", ""]
)
def test_a_hostile_sender_does_no_harm(house: HearingHouse, sender: str) -> None:
    house.hear("hello there", sender)
    house.hear("stop", sender)
    house.answers()


def test_a_number_without_its_country_is_that_of_the_shop(house: HearingHouse) -> None:
    member = house.member(phone=STRANGER)
    house.hear("stop", "0151 12345678")
    assert not house.agrees(member)


@on_both
def test_talks_are_forgotten_with_the_member_and_the_stop_stays(house: HearingHouse) -> None:
    member = house.member(phone=STRANGER)
    house.hear("I am Ann and I love rye")
    house.hear("stop")
    house.answers()
    talk = house.store.inbox.talk(1)
    assert talk is not None
    assert house.store.inbox.forget(member, [talk.sender_hash]) == 3
    assert house.store.inbox.talk(1) is None
    assert stopped_at(house.store, house.secret, STRANGER) is not None


@on_both
def test_old_talks_are_pruned_and_stops_are_not(house: HearingHouse) -> None:
    house.hear("hello there")
    house.hear("stop", "+4915112345670")
    house.store.inbox.prune(house.now + 1, house.now + 1)
    assert house.store.inbox.counts().open == 0
    assert stopped_at(house.store, house.secret, "+4915112345670") is not None


def test_a_keyword_that_is_switched_off_is_for_people(house: HearingHouse) -> None:
    one = Keyword(words=("Coffee",), does="offer", campaign=1, on=False)
    house.store.inbox.put_keyword(0, write_keyword(one), [form("Coffee")], house.now)
    assert house.hear("coffee").meaning == ""
