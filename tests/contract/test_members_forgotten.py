"""Whoever wants to be forgotten is: in every row, file and log of the hub, and the sums stay what they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.book import Book
from hub.members.consent import give, is_forgotten, standing, withdraw
from hub.members.erasing import clean, follow, forget_asked
from hub.members.forgotten_list import ForgottenList
from hub.members.people_key import people_key
from hub.members.retention import MONTH_S, keep_no_longer
from hub.messages.outbox import Letter, queue
from hub.reading import read_run
from hub.rebuild import verify
from hub.store.as_one import AS_ONE, ONE_STAYS
from hub.store.base import Store
from hub.store.beside import REBUILT
from hub.store.forgetting import ID_COLUMNS, NOT_SEARCHED
from hub.store.sqlite import FILE
from hub.wire.events import (
    ConsentGiven,
    ConsentWithdrawn,
    PurchasePaid,
    VisitClosed,
    write_event,
)
from hub.wire.events_members import MemberForgotten, MemberJoined, MembersMerged
from hub.wire.forgetting import mark_of
from hub.wire.holdout import in_group
from hub.wire.sync_members import Fields
from tests.hub_house import NOON, House, HouseNode, campaign
from tests.postgres_server import PostgresServer, postgres_server

ANN, ANNA, BOB = "a1" * 16, "a2" * 16, "b0" * 16
FIELDS = Fields(name="Ann Xylander", phone="+436641234567", mail="ann.xylander@example.org")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path, database)
    yield made
    made.close()


def agreed(member: str, medium: str = "", purpose: str = "messages") -> ConsentGiven:
    return ConsentGiven(
        member=member, purpose=purpose, medium=medium, text="I agree to messages.", text_version="1",
        language="en", place="portal", proof="code",
    )  # fmt: skip


def joined(member: str) -> MemberJoined:
    return MemberJoined(member=member, way="portal", place="portal", language="en")


def bought(name: str, member: str, cents: int = 1_250) -> PurchasePaid:
    return PurchasePaid(id=name, till="Till 1", staff="s1", cents=cents, member=member)


def came(member: str, at: float) -> VisitClosed:
    return VisitClosed(
        id=f"v{at}", zone="door", arrived_at=at, departed_at=at + 60, dwell_s=60.0, peak_dbm=-60, known=member
    )


def lived(house: House) -> HouseNode:
    """Ann has two memberships, Bob one; all three did something."""
    node = house.node()
    Book(house.store, people_key(house.folder)).join(ANN, FIELDS, way="portal", language="en", at=NOON)
    for member in (ANN, ANNA, BOB):
        node.report(joined(member), agreed(member), bought(f"p-{member}", member), came(member, NOON - 60))
    node.report(node.mint(member=ANN)[0])
    return node


def sums(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that is added up, without whose it is."""
    days = store.members.days(0, 10**7, standing=False)
    return {
        "tally": [(one.campaign, one.device, one.issued, one.redeemed) for one in store.ledger.tallies()],
        "days": sorted((day.day, day.visits, day.purchases, day.redemptions, day.cents) for day in days),
        "kinds": sorted(
            (kind, count)
            for kind, count in store.journal.kinds().items()
            if kind not in ("consent.withdrawn", "member.forgotten")
        ),
    }


def files_with(folder: Path, *needles: str) -> list[str]:
    """Every file in which one of these stands."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(needle.encode() in path.read_bytes() for needle in needles)
    )


def erase(house: House, *members: str) -> None:
    for member in members:
        withdraw(house.store, member, "all", place="page", proof="link", now=house.now, clock="ntp")
    forget_asked(house.store, house.folder, house.now)
    assert clean(house.store)


def test_nothing_of_a_forgotten_member_is_left_in_any_file_and_the_sums_are_the_same(house: House) -> None:
    lived(house)
    before = sums(house.store)
    assert files_with(house.folder, ANN)
    assert not files_with(house.folder, FIELDS.name, FIELDS.phone, FIELDS.mail)

    erase(house, ANN)

    assert files_with(house.folder, ANN) == []
    assert sums(house.store) == before
    assert verify(house.store).differ == ()
    assert Book(house.store, people_key(house.folder)).by_number(FIELDS.phone) is None
    assert files_with(house.folder, BOB), "the others stay"


def test_what_a_node_tells_late_of_a_forgotten_member_is_nobodys(either: House) -> None:
    house = either
    node = lived(house)
    erase(house, ANN)
    other = house.node(name="Till 2")
    late = [
        write_event(other.event(bought("late", ANN, 700))),
        write_event(other.event(came(ANN, NOON - 30))),
        write_event(other.event(ConsentWithdrawn(member=ANN, purpose="all", place="till"))),
    ]
    first = other.send(*late)
    again = other.send(*late)

    assert [one.outcome for one in first.verdicts] == ["taken"] * 3 or first.taken == 3
    assert [one.outcome for one in again.verdicts] == ["known"] * 3
    assert house.store.forgetting.asked() == []
    assert clean(house.store)
    assert house.store.forgetting.find([ANN]) == {}
    assert files_with(house.folder, ANN) == []
    assert verify(house.store).differ == ()
    assert node.report(bought("later", BOB)) is not None


def test_all_memberships_of_one_person_are_forgotten_and_nobody_elses(either: House) -> None:
    house = either
    node = lived(house)
    node.report(MembersMerged(act="m1", member=ANNA, into=ANN, by="office"))
    before = sums(house.store)
    erase(house, ANNA)
    assert house.store.forgetting.find([ANN, ANNA]) == {}
    assert files_with(house.folder, ANN, ANNA) == []
    assert sums(house.store) == before
    assert verify(house.store).differ == ()
    assert standing(house.store, BOB, "messages", "sms", NOON)
    assert is_forgotten(house.store, ANN)
    assert not is_forgotten(house.store, BOB)


def test_what_was_written_to_them_goes_with_them(either: House) -> None:
    house = either
    lived(house)
    key = people_key(house.folder).secret
    for name, member, number in (
        ("a", ANN, FIELDS.phone),
        ("b", "", FIELDS.phone),
        ("c", BOB, "+43664000000"),
    ):
        queue(
            house.store,
            Letter(name, "sms", "code", f"Dear {name}", member=member, number=number),
            NOON,
            key=key,
        )
    erase(house, ANN)
    kept = [house.store.messages.get(number) for number in (1, 2, 3)]
    assert [one is not None and bool(one.closed) for one in kept] == [False, False, True]
    assert [one is not None and one.state for one in kept] == ["stopped", "stopped", "waiting"]


def test_nobody_joins_or_agrees_under_an_id_that_was_forgotten(house: House) -> None:
    lived(house)
    erase(house, ANN)
    agreed_again = give(
        house.store, ANN, "messages", "sms", words="Yes.", version="1", language="en", place="page", proof="link",
        now=NOON + 60, clock="ntp",
    )  # fmt: skip
    assert not agreed_again
    assert not standing(house.store, ANN, "messages", "sms", NOON + 60)
    assert files_with(house.folder, ANN) == []


def test_a_rebuild_that_is_under_way_brings_nobody_back(house: House) -> None:
    lived(house)
    beside = house.store.of_shop(house.store.shop.number + REBUILT)
    for run in house.store.journal.runs():
        fold(beside.ledger, list(enumerate(read_run(run.texts), run.position)))
    erase(house, ANN)
    with house.store.writing():
        house.store.beside.put_in_place(REBUILT)
    assert house.store.forgetting.find([ANN]) == {}


def test_an_older_backup_forgets_again_before_anybody_is_answered(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lived(house)
    place = tmp_path_factory.mktemp("old") / "hub"
    place.mkdir()
    house.store.copy_to(place / FILE, kept_at=NOON)
    erase(house, ANN)
    (place / ForgottenList(house.folder).path.name).write_bytes(ForgottenList(house.folder).path.read_bytes())

    from hub.app import open_store

    with closing(open_store(place)) as back:
        assert is_forgotten(back, ANN)
        assert clean(back)
        assert verify(back).differ == ()
        assert back.forgetting.instead_of(ANN) == house.store.forgetting.instead_of(ANN)
    assert files_with(place, ANN) == []
    assert files_with(place, BOB)


def test_head_office_that_heard_of_both_ids_keeps_them_as_one(either: House) -> None:
    # Before the shop forgot her, head office had heard of this much; the rest comes under the new id, or late.
    house, new, salt = either, "ee" * 16, "5a" * 16
    node = lived(house)
    node.report(
        node.mint(member=new)[0], bought("waited", new, 700), came(new, NOON + 40), agreed(new, "mail")
    )
    node.report(came(new, NOON + 86_400 * 3), at=NOON + 86_400 * 3)
    told = MemberForgotten(salt=salt, mark=mark_of(salt, ANN), instead=new)
    with house.store.writing():
        fold(house.store.ledger, [append_own(house.store, "member.forgotten", write_fact(told), NOON, "ntp")])
    before = sums(house.store)

    assert follow(house.store) == 1
    assert clean(house.store)

    mine = [day for day in house.store.members.days(0, 10**7, standing=False) if day.member == new]
    assert [(day.visits, day.purchases, day.cents) for day in mine] == [(2, 2, 1_950), (1, 0, 0)]
    assert sums(house.store)["tally"] == before["tally"]
    assert ANN not in set(house.store.forgetting.all_ids())
    assert verify(house.store).differ == ()
    assert follow(house.store) == 0


def test_every_table_with_an_id_in_its_key_says_how_two_become_one(house: House) -> None:
    kinds = {(table, column): kind for table, column, kind in house.store.forgetting.columns()}
    keyed = {
        table
        for table in {table for table, _ in kinds}
        for column in house.store.pool.key_columns(table)
        if column in ID_COLUMNS and kinds[table, column] == "text" and table not in NOT_SEARCHED
    }
    assert keyed == {*AS_ONE, *ONE_STAYS}


def test_the_new_id_is_in_the_same_control_groups(house: House) -> None:
    for number in range(2, 10):
        house.publish(campaign(number, holdout_percent=30, holdout_salt=f"salt{number}"))
    lived(house)
    erase(house, ANN, BOB)
    for member in (ANN, BOB):
        instead = house.store.forgetting.instead_of(member)
        assert instead is not None
        for number in range(2, 10):
            assert in_group(f"salt{number}", 30, instead) == in_group(f"salt{number}", 30, member)


def test_who_is_not_heard_of_is_forgotten_once_the_shop_says_so(either: House) -> None:
    house, later = either, NOON + 14 * MONTH_S
    book = Book(house.store, people_key(house.folder))
    for member in (ANN, ANNA, BOB):
        book.join(member, Fields(name=member), way="portal", language="en", at=NOON)
    node = house.node()
    node.report(*(agreed(member) for member in (ANN, ANNA, BOB)), at=NOON)
    node.report(MembersMerged(act="m1", member=ANNA, into=BOB, by="office"), at=NOON)
    node.report(bought("p", ANNA), at=NOON + 10 * MONTH_S)

    assert keep_no_longer(house.store, later) == 0
    house.store.idle.set_months(12)
    assert keep_no_longer(house.store, NOON + 11 * MONTH_S) == 0
    # Bob's other membership was here four months before.
    assert keep_no_longer(house.store, later) == 1
    assert [member for member, _ in house.store.forgetting.asked()] == [ANN]
    assert not standing(house.store, ANN, "messages", "sms", later)
    assert standing(house.store, BOB, "messages", "sms", later)
