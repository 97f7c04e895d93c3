"""Segments over a real hub: who is in which after each fact, and as time passes; a definition that changes; the counter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.config import Config
from hub.members.book import Book
from hub.members.consent import withdraw
from hub.members.merging import merge, part
from hub.members.people_key import people_key
from hub.rebuild import rebuild, verify
from hub.segments import keeping, membership
from hub.segments.counting import KIND, count
from hub.segments.definition import Definition, read_definition
from hub.segments.refreshing import SLICE, catch_up, lag, refresh, today_of
from hub.store.register_records import MergeRow
from hub.store.segment_records import SegmentRecord
from hub.wire.events import ConsentGiven, Fact, PurchasePaid, VisitClosed
from hub.wire.events_members import MemberJoined
from hub.wire.snapshot import Shop
from hub.wire.sync_members import Fields
from hub.work import cancel
from hub.working import Worker
from tests.hub_house import NOON, House, HouseNode
from tests.postgres_server import PostgresServer, postgres_server

DAY = 86_400.0
MEI, BO = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path / "hub", database)
    yield made
    made.close()


@pytest.fixture
def till(house: House) -> HouseNode:
    return house.node()


def joined(member: str) -> MemberJoined:
    return MemberJoined(member=member, way="till", place="Till 1", language="en", staff="Ann")


def agreed(member: str, purpose: str = "recognise", medium: str = "") -> ConsentGiven:
    return ConsentGiven(
        member=member,
        purpose=purpose,  # type: ignore[arg-type]
        medium=medium,  # type: ignore[arg-type]
        text="I agree.",
        text_version="1",
        language="zh",
        place="Till 1",
        proof="page",
    )


def paid(name: str, member: str, cents: int = 1_000) -> PurchasePaid:
    return PurchasePaid(id=name, till="Till 1", staff="ann", cents=cents, member=member)


def stay(member: str, at: float, zone: str = "Wine", dwell_s: float = 600.0) -> VisitClosed:
    return VisitClosed(
        id=f"{member}{at}",
        zone=zone,
        arrived_at=at,
        departed_at=at + dwell_s,
        dwell_s=dwell_s,
        peak_dbm=-60,
        known=member,
    )


def define(house: House, name: str, body: str, number: int | None = None) -> SegmentRecord:
    kept = keeping.define(house.store, number, name, "", read_definition(body), house.now, "Ines")
    assert isinstance(kept, SegmentRecord), kept
    count(house.store, lambda: house.now)
    return kept


def settle(house: House) -> None:
    """What a worker does again and again."""
    catch_up(house.store, house.store.segments.all(), house.now)
    for _ in range(1_000):
        if not refresh(house.store, house.now):
            return
    raise AssertionError("members stay due for ever")


def members(house: House, name: str) -> set[str]:
    settle(house)
    return set(membership.members_of(house.store, name))


def test_a_member_comes_in_with_the_event_that_makes_it_true(house: House, till: HouseNode) -> None:
    define(house, "Regulars", '{"is": "came", "at_least": 2}')
    till.report(joined(MEI))
    till.report(paid("1", MEI))
    assert members(house, "Regulars") == set()
    till.report(paid("2", MEI), at=house.now + DAY)
    assert members(house, "Regulars") == {MEI}
    assert membership.segments_of(house.store, MEI) == {"Regulars"}
    assert membership.size(house.store, "Regulars") == 1
    (change,) = membership.changes_since(house.store, 0, 10)
    assert (change.segment, change.member, change.entered) == ("Regulars", MEI, True)


def test_who_stays_away_comes_in_on_the_day_and_leaves_when_they_come_back(
    house: House, till: HouseNode
) -> None:
    define(house, "Away", '{"is": "away", "at_least": 30}')
    till.report(joined(MEI), joined(BO))
    till.report(paid("1", MEI))
    assert members(house, "Away") == set()
    house.now = NOON + 29 * DAY
    assert members(house, "Away") == set()
    house.now = NOON + 30 * DAY
    assert members(house, "Away") == {MEI, BO}, "of whoever never came it is counted from the day they joined"
    till.report(paid("2", MEI))
    assert members(house, "Away") == {BO}


def test_nobody_is_looked_at_before_their_day(house: House, till: HouseNode) -> None:
    define(house, "Away", '{"is": "away", "at_least": 30}')
    till.report(joined(MEI), joined(BO))
    settle(house)
    assert refresh(house.store, NOON + 29 * DAY) == 0
    assert refresh(house.store, NOON + 30 * DAY) == 2


def test_a_count_within_days_falls_when_its_days_grow_old(house: House, till: HouseNode) -> None:
    define(house, "Often", '{"is": "bought", "at_least": 3, "days": 7}')
    till.report(joined(MEI))
    for day in range(3):
        till.report(paid(str(day), MEI), at=NOON + day * DAY)
    house.now = NOON + 2 * DAY
    assert members(house, "Often") == {MEI}
    house.now = NOON + 6 * DAY
    assert members(house, "Often") == {MEI}
    house.now = NOON + 7 * DAY
    assert members(house, "Often") == set()
    assert [one.entered for one in membership.changes_since(house.store, 0, 10)] == [True, False]


def test_zones_and_dwell_count_only_while_recognition_is_agreed_to(house: House, till: HouseNode) -> None:
    define(
        house,
        "Wine",
        '{"is": "all", "of": [{"is": "zone", "zone": "Wine", "at_least": 2}, {"is": "stayed", "at_least": 20}]}',
    )
    till.report(joined(MEI), agreed(MEI))
    till.report(stay(MEI, NOON), stay(MEI, NOON + 3_600), stay(BO, NOON), stay(BO, NOON + 60))
    assert members(house, "Wine") == {MEI}
    withdraw(house.store, MEI, "recognise", place="page", proof="page", now=house.now + 1, clock="ntp")
    assert members(house, "Wine") == set()


def test_who_takes_everything_back_leaves_at_once(house: House, till: HouseNode) -> None:
    define(house, "Everybody", '{"is": "joined", "at_least": 0}')
    define(house, "By text", '{"is": "agreed", "purpose": "messages", "medium": "sms"}')
    till.report(joined(MEI), agreed(MEI, "messages", "sms"))
    assert members(house, "Everybody") == members(house, "By text") == {MEI}
    withdraw(house.store, MEI, "messages", "sms", place="sms", proof="word", now=house.now + 1, clock="ntp")
    assert members(house, "By text") == set()
    assert members(house, "Everybody") == {MEI}, "they are a member still"
    withdraw(house.store, MEI, "all", place="page", proof="page", now=house.now + 2, clock="ntp")
    assert members(house, "Everybody") == set()


def test_on_the_morning_of_new_scores_nobody_who_is_here_waits_for_all_the_others(
    house: House, till: HouseNode
) -> None:
    define(house, "Regulars", '{"is": "came", "at_least": 1}')
    define(house, "Likely lost", '{"is": "score", "which": "loss", "at_least": 60}')
    settle(house)
    others = [f"{number:032x}" for number in range(SLICE + 10)]
    with house.store.writing():
        house.store.ledger.add_portraits(
            [(one, 0, NOON - DAY, NOON - DAY, "till", "en", NOON - DAY) for one in others]
        )
    till.report(joined(MEI), paid("1", MEI))
    with house.store.writing():
        house.store.worth.stand(today_of(house.store, house.now), None)

    catch_up(house.store, house.store.segments.all(), house.now)

    assert membership.segments_of(house.store, MEI) == {"Regulars"}
    assert lag(house.store, house.now) >= len(others), "the others are still to be looked at"


def test_the_old_answer_stands_until_the_new_one_is_whole(house: House, till: HouseNode) -> None:
    made = define(house, "Buyers", '{"is": "bought", "at_least": 1}')
    till.report(joined(MEI), joined(BO))
    till.report(paid("1", MEI), paid("2", BO), paid("3", BO))
    assert members(house, "Buyers") == {MEI, BO}
    changed = keeping.define(
        house.store,
        made.number,
        "Buyers",
        "",
        read_definition('{"is": "bought", "at_least": 2}'),
        house.now,
        "Ines",
    )
    assert isinstance(changed, SegmentRecord)
    assert changed.next_body is not None
    assert members(house, "Buyers") == {MEI, BO}
    begun = membership.changes_since(house.store, 0, 100)[-1].position
    counted = count(house.store, lambda: house.now)
    assert (counted.members, counted.moved) == (2, {made.number: (0, 1)})
    assert members(house, "Buyers") == {BO}
    assert [(one.member, one.entered) for one in membership.changes_since(house.store, begun, 10)] == [
        (MEI, False)
    ]


def test_what_comes_while_a_definition_is_counted_is_not_lost(house: House, till: HouseNode) -> None:
    made = define(house, "Buyers", '{"is": "bought", "at_least": 5}')
    till.report(joined(MEI), joined(BO))
    till.report(paid("1", MEI))
    settle(house)
    keeping.define(
        house.store,
        made.number,
        "Buyers",
        "",
        read_definition('{"is": "bought", "at_least": 1}'),
        house.now,
        "Ines",
    )

    def meanwhile(done: int, total: int) -> None:
        if done == 0 and total == 2:
            # Read already or not: what comes now belongs to the new answer.
            till.report(paid(f"late {house.store.journal.last_position()}", BO))
            settle(house)

    count(house.store, lambda: house.now, step=meanwhile)
    assert members(house, "Buyers") == {MEI, BO}


def test_a_rebuild_gives_the_same_members(house: House, till: HouseNode) -> None:
    define(house, "Wine", '{"is": "stayed", "at_least": 5, "zone": "Wine"}')
    define(house, "Chinese", '{"is": "speaks", "any_of": ["zh"]}')
    till.report(joined(MEI), agreed(MEI), joined(BO))
    till.report(stay(MEI, NOON), paid("1", BO))
    before = members(house, "Wine"), members(house, "Chinese")
    assert before == ({MEI}, {MEI})
    assert verify(house.store).differ == ()
    rebuild(house.store)
    assert (members(house, "Wine"), members(house, "Chinese")) == before
    assert verify(house.store).differ == ()


@pytest.mark.parametrize("facts", [1, 2])
def test_how_facts_are_cut_makes_no_difference(tmp_path: Path, facts: int) -> None:
    told: list[Fact] = [
        joined(MEI),
        agreed(MEI),
        stay(MEI, NOON),
        agreed(MEI, "messages", "sms"),
        stay(MEI, NOON + 5),
    ]
    house = House(tmp_path / str(facts))
    till = house.node()
    for start in range(0, len(told), facts):
        till.report(*told[start : start + facts])
    rows = house.store.portraits.heads([MEI]), house.store.portraits.stays([MEI], 0)
    house.close()
    assert rows == ([(MEI, NOON, NOON, "till", "zh")], [(MEI, int(NOON) // 900, "Wine", 2, 1_200_000)])


def test_a_list_from_a_file_counts_with_what_else_is_asked(house: House, till: HouseNode) -> None:
    body = '{"is": "all", "of": [{"is": "listed"}, {"is": "bought", "at_least": 1}]}'
    made = define(house, "Invited", body)
    till.report(joined(MEI), joined(BO), paid("1", MEI), paid("2", BO))
    assert members(house, "Invited") == set()
    assert keeping.put_list(house.store, made.number, [MEI, BO], house.now, "Ines", instead=True) == 2
    assert members(house, "Invited") == {MEI, BO}
    assert keeping.put_list(house.store, made.number, [BO], house.now, "Ines", instead=True) == 1
    assert members(house, "Invited") == {BO}


def test_two_workers_come_to_one_answer(house: House, till: HouseNode) -> None:
    define(house, "Buyers", '{"is": "bought", "at_least": 1}')
    till.report(joined(MEI), paid("1", MEI))
    other = house.store.of_shop(house.store.shop.number)
    assert refresh(house.store, house.now) == 1
    assert refresh(other, house.now) == 0
    assert len(membership.changes_since(house.store, 0, 10)) == 1


def test_names_stay_while_an_offer_asks_for_them(house: House) -> None:
    made = define(house, "Regulars", '{"is": "came", "at_least": 2}')
    faults = keeping.define(house.store, None, "Regulars", "", _any(), house.now, "Ines")
    assert isinstance(faults, dict)
    assert list(faults) == ["name"]
    assert isinstance(keeping.define(house.store, None, "a, b", "", _any(), house.now, "Ines"), dict)
    assert keeping.remove(house.store, made.number, house.now, "Ines") is None
    assert house.store.segments.all() == []


def _any() -> Definition:
    return read_definition('{"is": "joined", "at_least": 0}')


def test_a_worker_does_it_by_itself_and_counts_again_what_was_cancelled(
    house: House, till: HouseNode
) -> None:
    worker = Worker(house.store, Config(house.folder), now=lambda: house.now)
    keeping.define(
        house.store, None, "Buyers", "", read_definition('{"is": "bought", "at_least": 1}'), NOON, "Ines"
    )
    (work,) = house.store.work.open(KIND)
    cancel(house.store, work.id, house.now)
    till.report(joined(MEI), paid("1", MEI))
    worker.chores()
    assert worker.once([KIND])
    assert set(membership.members_of(house.store, "Buyers")) == {MEI}
    till.report(joined(BO), paid("2", BO))
    worker.chores()
    assert set(membership.members_of(house.store, "Buyers")) == {MEI, BO}


def test_merged_memberships_are_one_member_and_parted_ones_two(house: House, till: HouseNode) -> None:
    define(house, "Twice", '{"is": "bought", "at_least": 2}')
    book = Book(house.store, people_key(house.folder))
    for member in (MEI, BO):
        book.join(member, Fields(), language="en", way="till", at=NOON)
    till.report(joined(MEI), joined(BO), paid("1", MEI), paid("2", BO))
    assert members(house, "Twice") == set()
    assert isinstance(merge(book, MEI, BO, act="one", by="Ines", now=NOON, clock="ntp"), MergeRow)
    assert members(house, "Twice") == {BO}
    assert membership.segments_of(house.store, MEI) == {"Twice"}
    till.report(paid("3", MEI))
    assert isinstance(part(book, "one", by="Ines", now=NOON, clock="ntp"), MergeRow)
    assert members(house, "Twice") == {MEI}, "what came to each stays with it"


def test_a_birthday_is_known_without_opening_anybodys_fields(house: House, till: HouseNode) -> None:
    define(house, "Birthday", '{"is": "date", "which": "birthday", "ahead": 3}')
    worker = Worker(house.store, Config(house.folder), now=lambda: house.now)
    book = Book(house.store, people_key(house.folder))
    day = datetime.fromtimestamp(NOON + 10 * DAY, ZoneInfo("Europe/Berlin"))
    till.report(joined(MEI), joined(BO))
    book.join(MEI, Fields(birthday=f"1980-{day.month:02}-{day.day:02}"), language="en", way="till", at=NOON)
    book.join(BO, Fields(birthday=""), language="en", way="till", at=NOON)
    for after, wanted in ((0, set()), (7, {MEI}), (10, {MEI}), (11, set())):
        house.now = NOON + after * DAY
        worker.chores()
        assert set(membership.members_of(house.store, "Birthday")) == wanted, after
    book.change(BO, Fields(birthday=f"--{day.month:02}-{day.day:02}"), at=NOON)
    house.now = NOON + 9 * DAY
    worker.chores()
    assert set(membership.members_of(house.store, "Birthday")) == {BO}


def test_each_shop_has_segments_of_its_own(house: House, till: HouseNode) -> None:
    other = house.store.of_shop(8)
    other.shop.save(Shop(8, {"en": "Elsewhere"}), NOON)
    define(house, "Buyers", '{"is": "bought", "at_least": 1}')
    till.report(joined(MEI), paid("1", MEI))
    assert members(house, "Buyers") == {MEI}
    assert other.segments.all() == []
    assert other.portraits.count() == 0
    kept = keeping.define(
        other, None, "Buyers", "", read_definition('{"is": "bought", "at_least": 1}'), NOON, "Ines"
    )
    assert isinstance(kept, SegmentRecord)
    count(other, lambda: NOON)
    assert list(membership.members_of(other, "Buyers")) == []
