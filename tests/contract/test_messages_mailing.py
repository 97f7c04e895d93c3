"""Messages to many: whom they reach, once each however often a worker is killed, paused, cancelled and gone on with in the
middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from hub.config import Config
from hub.messages.campaign import Draft, as_typed, read_draft, sample, write_body
from hub.messages.channel import Outgoing
from hub.messages.links import create_links, shorten
from hub.messages.mailing import (
    AT_A_TIME,
    audience,
    cancel,
    pause,
    put_in,
    resume,
    send_test,
    start,
    work_mailings,
)
from hub.messages.people import People
from hub.messages.rules import MessageRules, write_rules
from hub.wire.holdout import in_group
from tests.message_house import MessageHouse, Scripted
from tests.postgres_server import PostgresServer, postgres_server


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


def people(house: MessageHouse) -> People:
    return People(house.store, house.people, "https://shop.example")


def mailing(house: MessageHouse, **more: object) -> int:
    draft = Draft(
        **({"name": "Spring", "text": {"en": "Hello {name}", "zh": "{name}您好"}, "salt": "s"} | more)
    )  # type: ignore[arg-type]  # words
    return house.store.mailings.add(write_body(draft), "Ann", house.now)


def joined(house: MessageHouse, **more: object) -> str:
    """A member."""
    return house.member(**more)  # type: ignore[arg-type]  # words


def put_all(house: MessageHouse, number: int) -> None:
    for _ in range(50):
        if not put_in(house.store, people(house), number, house.now):
            return


def test_everybody_who_agreed_gets_it_once_in_their_language(house: MessageHouse) -> None:
    ann, mei = joined(house, name="Ann Lee"), joined(house, name="梅 王", language="zh")
    joined(house, media=("mail",), mail="x@example.org")
    number = mailing(house)
    found = audience(house.store, people(house), Draft(name="x"), house.now)
    assert (found.members, found.exact, found.reached("sms"), found.languages) == (
        3,
        True,
        2,
        {"en": 1, "zh": 1},
    )
    assert start(house.store, number, "Ann", house.now)
    assert not start(house.store, number, "Ann", house.now), "once"
    put_all(house, number)
    put_all(house, number)
    channel = Scripted()
    house.run(house.hander(channel))
    assert sorted(one.text for one in channel.left) == ["Hello Ann", "梅您好"]
    kept = house.store.mailings.get(number)
    assert kept is not None
    assert (kept.queued, kept.unreachable, kept.left_out, kept.whole) == (2, 1, 0, True)
    assert {ann, mei} == {one.member for one in house.store.messages.latest(10, mailing=number)}
    work_mailings(house.store, Config(house.folder), house.now)
    assert house.store.mailings.state(number) == "done"


def test_who_is_reached_by_the_first_choice_gets_it_there_else_by_the_second(house: MessageHouse) -> None:
    joined(house, media=("sms", "mail"), mail="both@example.org")
    joined(house, media=("sms",))
    number = mailing(house, way="mail-sms", subject={"en": "News"})
    start(house.store, number, "Ann", house.now)
    put_all(house, number)
    assert sorted(one.medium for one in house.store.messages.latest(10, mailing=number)) == ["mail", "sms"]


def test_a_group_gets_nothing_and_is_known_to_be_one(house: MessageHouse) -> None:
    members = [joined(house) for _ in range(30)]
    number = mailing(house, group=30)
    start(house.store, number, "Ann", house.now)
    put_all(house, number)
    held = {one.member for one in house.store.messages.latest(50, mailing=number, state="stopped")}
    assert held == {member for member in members if in_group("s", 30, member)}
    assert held
    channel = Scripted()
    house.run(house.hander(channel), 100)
    assert len(channel.left) == 30 - len(held)
    assert {one.reason for one in house.store.messages.counts(number) if one.state == "stopped"} == {"group"}


def test_it_is_paused_and_cancelled_in_the_middle_also_in_a_workers_hands(house: MessageHouse) -> None:
    for _ in range(6):
        joined(house)
    number = mailing(house)
    start(house.store, number, "Ann", house.now)
    put_all(house, number)
    channel = Scripted()
    hander = house.hander(channel)
    hander.once()
    assert pause(house.store, number, "Ann", house.now)
    house.now += 600
    assert hander.once() is None, "nothing of a mailing that is paused"
    assert len(channel.left) == 1
    assert resume(house.store, number, "Ann", house.now)
    house.now += 600

    def cancelled(_message: Outgoing) -> None:
        assert cancel(house.store, number, "Bo", house.now)

    # The channel is about to send when somebody cancels it.
    channel.before = cancelled
    hander.once()
    channel.before = lambda _message: None
    house.now += 600
    house.run(hander)
    assert len(channel.left) == 1
    counts = {(one.state, one.reason): one.messages for one in house.store.messages.counts(number)}
    assert counts == {("sent", ""): 1, ("stopped", "cancelled"): 5}
    assert not resume(house.store, number, "Ann", house.now)
    assert [entry.what for entry in house.store.people.audit(20) if entry.what.startswith("mailing.")][::-1] == [
        "mailing.started", "mailing.paused", "mailing.resumed", "mailing.cancelled",
    ]  # fmt: skip


def test_putting_in_goes_on_where_a_killed_worker_stopped(house: MessageHouse) -> None:
    members = {joined(house) for _ in range(AT_A_TIME + 20)}
    number = mailing(house)
    start(house.store, number, "Ann", house.now)
    assert put_in(house.store, people(house), number, house.now), "there is more"
    half = house.store.mailings.get(number)
    assert half is not None
    assert half.queued == AT_A_TIME

    class Killed(BaseException):
        """As if the program had been ended there."""

    def killed() -> None:
        with house.store.writing():
            put_in(house.store, people(house), number, house.now)
            raise Killed

    with pytest.raises(Killed):
        killed()
    put_all(house, number)
    kept = house.store.messages.latest(500, mailing=number)
    assert len(kept) == len(members)
    assert {one.member for one in kept} == members
    done = house.store.mailings.get(number)
    assert done is not None
    assert done.queued == len(members)


def test_a_mailing_waits_for_its_time_and_a_test_goes_to_one_address_at_once(house: MessageHouse) -> None:
    joined(house)
    draft = Draft(name="x", text={"en": "Hello {name} {page}"}, start=house.now + 3_600)
    number = house.store.mailings.add(write_body(draft), "Ann", house.now)
    start(house.store, number, "Ann", house.now)
    assert not put_in(house.store, people(house), number, house.now)
    send_test(house.store, draft, "en", "sms", "+4930777", house.people, "1", house.now)
    channel = Scripted()
    house.run(house.hander(channel))
    assert [(one.address, one.text) for one in channel.left] == [("+4930777", "Hello [name] [page]")]
    house.now += 3_601
    put_all(house, number)
    house.run(house.hander(channel))
    assert len(channel.left) == 2


def test_long_links_of_the_shops_own_become_short_ones_that_lead_back(house: MessageHouse) -> None:
    joined(house)
    path = "/offer/7?c=sms&from=spring-newsletter-to-everybody"
    text = f"See https://shop.example{path}, https://shop.example/me/secret-token-of-a-person and https://other.example{path}."
    number = mailing(house, text={"en": text})
    start(house.store, number, "Ann", house.now)
    put_all(house, number)
    put_all(house, number)
    (kept,) = house.store.messages.latest(5, mailing=number)
    found = re.search(r"https://shop\.example/g/([0-9A-Z]{7}),", kept.text)
    assert found
    assert "https://shop.example/me/secret-token-of-a-person" in kept.text
    assert f"https://other.example{path}" in kept.text
    app = Flask("site")
    app.register_blueprint(create_links(house.store))
    client = app.test_client()
    for code in (found[1], found[1].lower()):
        answer = client.get(f"/g/{code}")
        assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert client.get("/g/0000000").status_code == 404
    assert shorten(house.store, f"https://shop.example{path}", "https://shop.example", house.now).endswith(
        found[1]
    )


def test_a_draft_comes_back_as_it_was_typed_or_with_everything_that_is_wrong() -> None:
    rest = {
        "languages": ("en", "zh"),
        "offers": {7},
        "segments": {"loyal"},
        "timezone": "Europe/Berlin",
        "salt": "s",
    }
    typed = {
        "name": " Spring  sale ", "campaign": "7", "segment": "loyal", "way": "sms", "text_en": "Hi {name}\r\n",
        "text_zh": "您好", "subject_en": "", "start": "2026-12-01T10:30", "group": "10",
    }  # fmt: skip
    draft = read_draft(typed, **rest)  # type: ignore[arg-type]  # words
    assert isinstance(draft, Draft)
    assert (draft.name, draft.text) == ("Spring sale", {"en": "Hi {name}", "zh": "您好"})
    assert draft.start == datetime(2026, 12, 1, 10, 30, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert read_draft(as_typed(draft, "Europe/Berlin"), **rest) == draft  # type: ignore[arg-type]  # words
    wrong = {
        "name": "",
        "campaign": "9",
        "segment": "gone",
        "way": "pigeon",
        "start": "soon",
        "group": "80",
        "text_en": " ",
    }
    faults = read_draft(wrong, **rest)  # type: ignore[arg-type]  # words
    assert isinstance(faults, dict)
    assert set(faults) == {"name", "campaign", "segment", "way", "start", "group", "text_en"}
    long = read_draft(typed | {"text_zh": "字" * 671, "name": "x" * 64_000}, **rest)  # type: ignore[arg-type]  # words
    assert isinstance(long, dict)
    assert set(long) == {"text_zh", "name"}


def test_the_line_beneath_a_text_message_weighs_with_it(house: MessageHouse) -> None:
    rules = MessageRules(footer={"en": "Reply STOP to end.", "zh": "回复T退订"})
    house.store.messages.set_rules(write_rules(rules))
    draft = Draft(name="x", text={"en": "Hello {name}", "zh": "您好"})
    english = sample(draft, "en", rules, "sms", "Ann", "https://shop.example/me/x")
    assert (english.text, english.weight.parts) == ("Hello Ann\nReply STOP to end.", 1)
    assert sample(draft, "zh", rules, "sms", "梅", "").text == "您好\n回复T退订"
    assert sample(draft, "en", rules, "mail", "Ann", "").text == "Hello Ann"
