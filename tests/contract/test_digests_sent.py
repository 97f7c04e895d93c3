"""Digests: made at their hour, once, from the same answers as the pages; kept; sent to a real mail server and a real receiver."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller

from hub.admin.digest_mail import AFTER_S, work_digests
from hub.app import open_database
from hub.config import Config
from hub.figures.answer import Answer
from hub.figures.digest import Plan, days_of, latest_time, next_time, read_issue, read_plan
from hub.figures.digest_form import add_digest, change_digest
from hub.figures.engine import ask
from hub.figures.question import Comparison, Question
from hub.health import look
from hub.outside.signed import is_signed, read_secret
from hub.store.outs_records import DigestRecord
from tests.hub_house import NOON, House, alone, visit
from tests.hub_office import Office, words
from tests.postgres_server import PostgresServer, postgres_server
from tests.printer_emulator import free_port
from tests.webhook_receiver import Receiver, receiving

BERLIN = "Europe/Berlin"
FIGURES = ("visits", "redeemed", "given_cents")
A_DAY = 86_400.0


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Mails:
    """What a mail server took. `answer`: what it says to the next ones."""

    def __init__(self) -> None:
        self.got: list[tuple[tuple[str, ...], EmailMessage]] = []
        self.answer = "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it so
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.got.append((tuple(envelope.rcpt_tos), mail))
        return self.answer


@pytest.fixture
def mails() -> Iterator[tuple[Mails, int]]:
    kept = Mails()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    tell(made)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """The same on either database."""
    database = "" if request.param == "sqlite" else request.getfixturevalue("server").fresh()
    made = House(tmp_path, database)
    tell(made)
    yield made
    made.close()


def tell(house: House) -> None:
    """A week of visits and redemptions before the days of the first digest."""
    till, door = house.node(), house.node("edge", "Door")
    for back in range(8):
        at = NOON - 3_600 - back * A_DAY
        for place in range(12 + back):
            door.report(visit(at + place, zone="door"), at=at + place + 60)
        fact, _ = till.mint()
        till.report(fact, at=at)
        till.report(alone(fact, f"n{back}"), at=at + 5)


def config(house: House, port: int = 0) -> Config:
    return Config(
        house.folder,
        smtp_host="127.0.0.1" if port else "",
        smtp_port=port or 587,
        smtp_tls="none",
        smtp_from="bell@shop.example",
        url="https://bell.shop.example",
    )


def add(house: House, **changes: object) -> tuple[DigestRecord, str]:
    plan = msgspec.structs.replace(Plan("How it was", FIGURES, every="day", by="zone"), **changes)
    made = add_digest(house.store, house.key, plan, "Ines", house.now)
    assert isinstance(made, tuple), made
    return made


def test_a_digest_comes_at_its_hour_also_on_the_days_on_which_clocks_change() -> None:
    daily = Plan("x", FIGURES, every="day", at_hour=7)
    before_spring = moment("2026-03-28T06:00:00+00:00")
    assert next_time(daily, BERLIN, before_spring) == moment("2026-03-29T07:00:00+02:00")
    before_autumn = moment("2026-10-24T06:00:00+00:00")
    assert next_time(daily, BERLIN, before_autumn) == moment("2026-10-25T07:00:00+01:00")
    # Two in the morning is not there on that day of spring: it comes then all the same, once.
    early = msgspec.structs.replace(daily, at_hour=2)
    first = next_time(early, BERLIN, moment("2026-03-28T12:00:00+00:00"))
    assert datetime.fromtimestamp(first, UTC).date() == date(2026, 3, 29)
    assert next_time(early, BERLIN, first) == moment("2026-03-30T02:00:00+02:00")
    assert latest_time(early, BERLIN, first) == first


def test_the_days_of_a_digest_are_over_and_whole() -> None:
    monday = moment("2026-11-16T07:00:00+01:00")
    weekly = days_of(Plan("x", FIGURES, every="week"), monday, BERLIN)
    assert (weekly.first, weekly.last) == (date(2026, 11, 9), date(2026, 11, 15))
    first = moment("2026-12-01T07:00:00+01:00")
    monthly = days_of(Plan("x", FIGURES, every="month"), first, BERLIN)
    assert (monthly.first, monthly.last) == (date(2026, 11, 1), date(2026, 11, 30))
    assert next_time(Plan("x", FIGURES, every="month"), BERLIN, monday) == first
    assert next_time(Plan("x", FIGURES, every="week", weekday=2), BERLIN, monday) == moment(
        "2026-11-18T07:00:00+01:00"
    )


def test_what_is_due_is_made_once_and_has_the_numbers_of_the_pages(anywhere: House) -> None:
    house = anywhere
    digest, _ = add(house)
    work_digests(house.store, config(house), house.now)
    assert house.store.digests.issues(digest.number, 5) == []
    house.now = digest.next_at + 5
    for _ in range(3):
        work_digests(house.store, config(house), house.now)
    (record,) = house.store.digests.issues(digest.number, 5)
    issue = read_issue(record)
    days = days_of(issue.plan, digest.next_at, BERLIN)
    asked = ask(house.store, Question(FIGURES, days, comparison=Comparison.PREVIOUS), house.now)
    assert isinstance(asked, Answer)
    assert issue.answer.total == asked.total
    assert issue.answer.total.values["redeemed"].number == 1
    assert issue.cut is not None
    assert [row.key for row in issue.cut.rows] == [("door",)]
    # Later facts change the pages; what was sent stays as it was.
    till = house.node(name="Late till")
    fact, _ = till.mint()
    till.report(fact, alone(fact, "late"), at=digest.next_at - A_DAY)
    fresh = ask(house.store, Question(("redeemed",), days), house.now)
    assert isinstance(fresh, Answer)
    assert fresh.total.values["redeemed"].number == 2
    (same,) = house.store.digests.issues(digest.number, 5)
    assert read_issue(same) == issue


def test_of_workers_who_come_at_once_one_makes_it(anywhere: House) -> None:
    house = anywhere
    digest, _ = add(house)
    house.now = digest.next_at + 5
    start = threading.Barrier(4)
    broken: list[BaseException] = []

    def turn() -> None:
        try:
            start.wait(20)
            work_digests(house.store, config(house), house.now)
        except BaseException as wrong:
            broken.append(wrong)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert len(house.store.digests.issues(digest.number, 9)) == 1


def test_a_hub_that_was_off_makes_the_latest_one_and_no_others(house: House) -> None:
    digest, _ = add(house)
    house.now = digest.next_at + 3 * A_DAY + 600
    work_digests(house.store, config(house), house.now)
    (record,) = house.store.digests.issues(digest.number, 5)
    assert record.due_at == digest.next_at + 3 * A_DAY
    kept = house.store.digests.get(digest.number)
    assert kept is not None
    assert kept.next_at == digest.next_at + 4 * A_DAY


def test_each_receiver_gets_a_mail_of_their_own_in_the_words_of_the_digest(
    house: House, mails: tuple[Mails, int]
) -> None:
    kept, port = mails
    digest, _ = add(house, mails=("ines@shop.example", "bo@shop.example"), language="zh", name="昨天怎么样")
    house.now = digest.next_at + 5
    work_digests(house.store, config(house, port), house.now)
    assert sorted(to for to, _ in kept.got) == [("bo@shop.example",), ("ines@shop.example",)]
    to, mail = kept.got[0]
    assert mail["To"] == to[0]
    assert mail["Message-ID"] == f"<digest-7-{digest.number}-1@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "昨天怎么样" in mail["Subject"]
    text = mail.get_body(("plain",))
    page = mail.get_body(("html",))
    assert text is not None
    assert page is not None
    for part in (text, page):
        content = part.get_content()
        assert "已核销的优惠券" in content
        assert f"https://bell.shop.example/manage/digests/{digest.number}/1" in content
    assert "已核销的优惠券：1" in text.get_content().replace(" ", "")
    work_digests(house.store, config(house, port), house.now + A_DAY / 2)
    assert len(kept.got) == 2


def test_a_mail_server_that_says_no_is_asked_again_and_given_up_in_the_end(
    house: House, mails: tuple[Mails, int]
) -> None:
    kept, port = mails
    digest, _ = add(house, mails=("ines@shop.example",))
    kept.answer = "451 try later"
    now = digest.next_at + 5
    work_digests(house.store, config(house, port), now)
    (sending,) = house.store.digests.sendings(digest.number, 1)
    assert (sending.state, sending.tries, sending.next_at) == ("waiting", 1, now + AFTER_S[0])
    assert "451" in sending.said
    kept.answer = "250 OK"
    work_digests(house.store, config(house, port), now + AFTER_S[0] - 1)
    assert kept.got == []
    work_digests(house.store, config(house, port), now + AFTER_S[0] + 1)
    assert len(kept.got) == 1
    (sending,) = house.store.digests.sendings(digest.number, 1)
    assert sending.state == "sent"
    kept.answer = "550 never"
    assert change_digest(house.store, digest.number, "pause", read_plan, "Ines", now)
    assert change_digest(house.store, digest.number, "now", read_plan, "Ines", now + 200)
    at = now + 300
    for after in (0, *AFTER_S):
        at += after + 1
        work_digests(house.store, config(house, port), at)
    (sending,) = house.store.digests.sendings(digest.number, 2)
    assert sending.state == "given_up"
    assert [one.receiver for one in house.store.digests.failing()] == ["ines@shop.example"]
    told = [one for one in look(house.store, config(house, port), at) if one.code == "digest-not-sent"]
    assert [one.subject for one in told] == ["How it was"]


def test_a_web_address_gets_the_numbers_signed_and_a_second_try_has_the_same_id(
    anywhere: House, receiver: Receiver
) -> None:
    house = anywhere
    digest, secret = add(house, url=receiver.url, private=True)
    receiver.answer = lambda number: 500 if number == 1 else 204
    house.now = digest.next_at + 5
    work_digests(house.store, config(house), house.now)
    work_digests(house.store, config(house), house.now + AFTER_S[0] + 1)
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"digest-7-{digest.number}-1"
    headers = second.headers
    assert is_signed(
        read_secret(secret), headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], second.body,
        house.now + AFTER_S[0] + 1,
    )  # fmt: skip
    told = msgspec.json.decode(second.body)
    assert told["type"] == "figures.digest"
    values = told["data"]["answer"]["total"]["values"]
    assert values["redeemed"]["value"] == 1
    assert told["data"]["cut"]["rows"][0]["key"] == {"zone": "door"}
    # Without an owner's word nothing is posted into the shop's own network.
    closed, _ = add(house, url=receiver.url.replace("http:", "https:"))
    house.now = closed.next_at + 5
    work_digests(house.store, config(house), house.now)
    assert len(receiver.got) == 3  # the other digest's next one alone
    (refused,) = house.store.digests.sendings(closed.number, 1)
    assert refused.state == "waiting"
    assert refused.said


def test_what_is_wrong_with_a_digest_is_said_by_field(house: House) -> None:
    bad = Plan("", (), at_hour=99, mails=("nobody",), url="http://example.org/x")
    faults = add_digest(house.store, house.key, bad, "Ines", NOON)
    assert isinstance(faults, dict)
    assert set(faults) == {"digest_name", "digest_figures", "at_hour", "mails", "url"}
    for header in ("a@b.example\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>"):
        faults = add_digest(house.store, house.key, Plan("x", FIGURES, mails=(header,)), "Ines", NOON)
        assert isinstance(faults, dict)
        assert set(faults) == {"mails"}


def test_a_digest_that_is_paused_or_removed_sends_nothing(house: House, mails: tuple[Mails, int]) -> None:
    kept, port = mails
    digest, _ = add(house, mails=("ines@shop.example",))
    assert change_digest(house.store, digest.number, "pause", read_plan, "Ines", NOON)
    work_digests(house.store, config(house, port), digest.next_at + 5)
    assert kept.got == []
    assert change_digest(house.store, digest.number, "go_on", read_plan, "Ines", digest.next_at + 5)
    assert change_digest(house.store, digest.number, "remove", read_plan, "Ines", digest.next_at + 6)
    work_digests(house.store, config(house, port), digest.next_at + 3 * A_DAY)
    assert kept.got == []
    assert not change_digest(house.store, digest.number, "now", read_plan, "Ines", digest.next_at + 7)


def test_the_form_makes_a_digest_and_its_page_shows_the_numbers_as_they_were(tmp_path: Path) -> None:
    from hub.people import add_manager
    from hub.roles import Role
    from tests.hub_office import PASSWORD

    house = House(tmp_path)
    tell(house)
    add_manager(house.store, "Ines", PASSWORD, NOON, who="test", role=Role.OWNER)
    office = Office(house)
    office.log_in()
    form = {
        "digest_name": "Week",
        "digest_figures": list(FIGURES),
        "every": "week",
        "at_hour": "7",
        "weekday": "0",
        "digest_language": "en",
        "by": "zone",
        "versus": "previous",
        "mails": "ines@shop.example",
        "url": "",
    }
    assert office.post("/digests", form | {"mails": "no address"}).status_code == 422
    answer = office.post("/digests", form)
    assert answer.status_code == 303
    office.post("/digests/1", {"action": "now"})
    work_digests(house.store, config(house), house.now)
    page = office.get("/digests/1/1").get_data(as_text=True)
    (record,) = house.store.digests.issues(1, 5)
    number = read_issue(record).answer.total.values["redeemed"].number
    assert f'data-figure="redeemed" data-key="" data-by="" data-value="{number!r}"' in page
    assert "waits" in words(office.get("/digests/1"))
    house.close()
    store = open_database(tmp_path)
    assert [what.what for what in store.people.audit(5)][:2] == ["digest.asked", "digest.made"]
    store.close()
