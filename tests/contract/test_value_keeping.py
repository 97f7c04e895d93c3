"""What members are worth is worked out once a day, kept, and shown; on either database, nobody without standing consent."""

from __future__ import annotations

import html
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.config import read_config
from hub.figures.reach import shops_of
from hub.members.book import Book
from hub.members.people_key import people_key
from hub.people import add_manager
from hub.value.keeping import KIND, WEEKS, keep, standing, work_worth
from hub.value.members import Trial, try_out
from hub.value.office import came_before
from hub.value.teaching import MOST_TAUGHT, is_chosen, look_at
from hub.wire.events import ConsentGiven, ConsentWithdrawn, PurchasePaid, VisitClosed, write_event
from hub.wire.sync_members import Fields
from hub.working import Worker
from tests.hub_house import NOON, House
from tests.hub_office import PASSWORD, Office, words
from tests.postgres_server import PostgresServer, postgres_server

DAY_S = 86_400.0
TODAY = date(2026, 11, 18).toordinal()
MEMBERS = 160
LOST = "member-0001"
"""Came every other day until a month ago."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """160 members of different pace in 300 days, of whom some stopped coming."""
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path_factory.mktemp("worth"), database)
    fill(made)
    assert add_manager(made.store, "Ines", PASSWORD, NOON, who="shell") is None
    yield made
    made.close()


def fill(house: House) -> None:
    node = house.node("kiosk", "Till 1")
    rnd = random.Random(4)
    events = []
    for number in range(MEMBERS):
        member = f"member-{number:04}"
        begun = NOON - 300 * DAY_S + rnd.randrange(60) * DAY_S
        agreed = ConsentGiven(
            member=member,
            purpose="recognise",
            text="I agree.",
            text_version="1",
            language="en",
            place="portal",
        )
        events.append(node.event(agreed, begun))
        pause = 2.0 if member == LOST else rnd.gammavariate(2, 6)
        ends = NOON - 30 * DAY_S if member == LOST else begun + rnd.expovariate(1 / 350) * DAY_S
        at, visit = begun, 0
        while at < min(NOON - DAY_S, ends):
            name = f"{number}-{visit}"
            stay = VisitClosed(
                id=name,
                zone="door",
                arrived_at=at,
                departed_at=at + 60,
                dwell_s=60.0,
                peak_dbm=-60,
                known=member,
            )
            events.append(node.event(stay, at + 60))
            cents = rnd.randrange(1_000, 5_000)
            events.append(
                node.event(
                    PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents, member=member), at + 120
                )
            )
            at += max(1.0, pause if member == LOST else rnd.expovariate(1 / pause)) * DAY_S
            visit += 1
    for begin in range(0, len(events), 400):
        node.send(*map(write_event, events[begin : begin + 400]))


def worked(house: House) -> None:
    assert keep(house.store, TODAY) == MEMBERS


def test_one_member_after_the_other_is_what_all_together_are(house: House) -> None:
    worked(house)
    people = look_at(came_before(house.store, TODAY), TODAY, WEEKS)
    by_name = {one.scored.member: one for one in people.people}
    told = standing(house.store)
    assert told is not None
    assert told.taught == people.taught
    assert told.members == len(by_name) == MEMBERS
    assert told.levels == Counter(one.scored.level for one in people.people)
    for name in ("member-0000", LOST, "member-0159"):
        kept, scored = house.store.worth.of(name), by_name[name].scored
        assert kept is not None
        assert (kept.alive, kept.loss, kept.expected) == (scored.alive, scored.loss, scored.expected)
        assert kept.value_cents == (None if scored.value is None else round(scored.value))
        assert (kept.recency, kept.frequency, kept.money) == (scored.recency, scored.frequency, scored.money)
    assert isinstance(told.trial, Trial)
    assert told.trial == try_out(came_before(house.store, TODAY), TODAY)


def test_the_list_goes_from_the_likeliest_to_the_least_whatever_is_read_at_a_time(house: House) -> None:
    worked(house)
    shops, after, found = shops_of(house.store), None, list[tuple[float, str]]()
    while rows := house.store.worth.likeliest_lost(shops, 0.0, 2.0, after, 7):
        found += [(row.loss, row.member) for row in rows]
        after = found[-1]
    assert found == sorted(found, reverse=True)
    assert len({name for _, name in found}) == MEMBERS
    best = [row.value_cents or 0 for row in house.store.worth.worth_most(shops, MEMBERS)]
    assert best == sorted(best, reverse=True)


def test_it_is_asked_for_once_a_day_and_done_by_a_worker(house: House) -> None:
    worked(house)
    config = read_config({"HUB_DIR": str(house.folder)})
    work_worth(house.store, config, NOON)
    assert not house.store.work.open(KIND), "it is of today already"
    house.store.worth.stand(TODAY - 1, None)
    work_worth(house.store, config, NOON)
    work_worth(house.store, config, NOON)
    assert len(house.store.work.open(KIND)) == 1
    assert Worker(house.store, config, now=lambda: NOON).once([KIND])
    assert house.store.worth.as_of() == TODAY
    told = standing(house.store)
    assert told is not None
    assert told.members == MEMBERS


def test_the_page_says_who_why_and_how_right_it_was(house: House) -> None:
    worked(house)
    office = Office(house, folder=house.folder)
    office.log_in()
    page = words(office.get("/may-be-lost?level=all"))
    assert "How right was it?" in page
    assert "Area under the curve" in page
    first = house.store.worth.likeliest_lost(shops_of(house.store), 0.0, 2.0, None, 1)[0]
    assert f"Member {first.member[-8:]}" in page
    assert "has been away for" in page
    assert "/manage/people/" not in office.get("/may-be-lost?level=all").get_data(as_text=True)
    further = office.get("/may-be-lost?level=all").get_data(as_text=True)
    link = re.search(r'rel="next" href="/manage([^"]+)"', further)
    assert link is not None
    assert "To the beginning" in words(office.get(html.unescape(link[1])))
    assert "What says so" in words(office.get("/members-worth"))
    assert office.get("/may-be-lost?level=all&after=nonsense").status_code == 200
    drafted = office.post("/plans", {"ready": "back"}, page="/may-be-lost?level=all")
    assert "Win back" in words(office.get(drafted.location.removeprefix("/manage")))
    zh = words(office.get("/may-be-lost?level=all&lang=zh"))
    assert "可能流失的会员" in zh
    assert "天未光临" in zh


def test_a_member_of_the_book_has_their_name_and_the_way_to_their_page(house: House) -> None:
    worked(house)
    office = Office(house, folder=house.folder)
    office.log_in()
    first = house.store.worth.likeliest_lost(shops_of(house.store), 0.0, 2.0, None, 1)[0].member
    book = Book(house.store, people_key(house.folder))
    fields = Fields(name="<b>Mei</b> =1+1")
    with house.store.writing():
        book.join(first, fields, language="en", way="till", at=NOON)
    page = office.get("/may-be-lost?level=all").get_data(as_text=True)
    assert f'href="/manage/people/{first}"><bdi>&lt;b&gt;Mei&lt;/b&gt; =1+1</bdi>' in page


def test_who_takes_it_back_is_gone_from_the_list_at_once_and_from_the_books_the_next_day(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    fill(house)
    keep(house.store, TODAY)
    shops = shops_of(house.store)
    node = house.node("kiosk", "Till 2")
    node.send(write_event(node.event(ConsentWithdrawn(member=LOST, purpose="all", place="portal"), NOON)))
    names = {row.member for row in house.store.worth.likeliest_lost(shops, 0.0, 2.0, None, MEMBERS)}
    assert LOST not in names
    assert len(names) == MEMBERS - 1
    assert keep(house.store, TODAY + 1) == MEMBERS - 1
    assert house.store.worth.of(LOST) is None
    house.close()


def test_where_nobody_came_the_page_says_what_it_needs(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert keep(house.store, TODAY) == 0
    assert standing(house.store) is None
    assert add_manager(house.store, "Ines", PASSWORD, NOON, who="shell") is None
    office = Office(house, folder=house.folder)
    office.log_in()
    assert "Nobody to look after yet" in words(office.get("/may-be-lost"))
    assert "Nothing to tell yet" in words(office.get("/members-worth"))
    assert office.post("/may-be-lost/now", page="/may-be-lost").status_code == 303
    assert [work.kind for work in house.store.work.open(KIND)] == [KIND]
    house.close()


def test_of_very_many_members_a_sample_teaches_which_is_always_the_same() -> None:
    names = [f"{number:032x}" for number in range(60_000)]
    chosen = {name for name in names if is_chosen(name, len(names))}
    assert chosen == {name for name in names if is_chosen(name, len(names))}
    assert 0.97 * MOST_TAUGHT < len(chosen) < 1.03 * MOST_TAUGHT
    assert all(is_chosen(name, MOST_TAUGHT) for name in names[:100])
