"""The hub's store answers the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.app import open_database, open_store
from hub.client.settings import SettingsError
from hub.client.trouble import StorageError
from hub.config import read_config, show_config
from hub.rebuild import rebuild, verify
from hub.store.key_records import KeyRecord, RuleRecord
from hub.store.records import AuditEntry, ConsentRecord, Session, StaffMember, TagRecord
from hub.wire.snapshot import RevocationRule
from tests.hub_house import NOON, House, alone, visit
from tests.postgres_server import PostgresServer, postgres_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    database = request.getfixturevalue("server").fresh() if request.param == "postgres" else ""
    made = House(tmp_path, database)
    yield made
    made.close()


def day(house: House) -> str:
    """A bit of everything; the token of a coupon that nobody has used."""
    till, door = house.node(), house.node("edge", "Door")
    coupons = [till.mint(member="m-1" if place == 3 else "") for place in range(6)]
    till.report(*(fact for fact, _ in coupons))
    door.report(
        *(visit(NOON + 900 * place, zone=zone) for place in range(3) for zone in ("door", "Äpfel", "a"))
    )
    assert till.redeem(coupons[0][1], "first-001").accepted
    assert not till.redeem(coupons[0][1], "again-001").accepted
    assert till.redeem(coupons[1][1], "second-01").accepted
    till.reverse("second-01", "undo-0001")
    till.reserve(coupons[2][1], "hold-0001")
    till.report(alone(coupons[0][0]), alone(coupons[3][0], "alone-002", member="m-1"))
    return coupons[4][1]


def test_a_day_gives_the_same_after_a_rebuild_and_a_trial_changes_nothing(house: House) -> None:
    day(house)
    before = house.store.ledger.digest()
    assert len(set(before.values())) > 10
    result = verify(house.store)
    assert result.differ == ()
    assert result.events == house.store.journal.last_position()
    rebuild(house.store)
    assert house.store.ledger.digest() == before
    assert house.store.is_sound() is None


def test_the_same_journal_gives_the_same_bytes_on_both_databases(
    server: PostgresServer, tmp_path: Path
) -> None:
    with closing(House(tmp_path)) as here, closing(open_database(tmp_path, server.fresh())) as there:
        day(here)
        shop = here.store.shop.get()
        assert shop is not None
        there.shop.save(shop, NOON)
        there.journal.append(here.store.journal.runs())
        rebuild(there)
        assert there.ledger.digest() == here.store.ledger.digest()
        assert list(there.journal.runs()) == list(here.store.journal.runs())
        assert there.journal.kinds(1.0) == here.store.journal.kinds(1.0) != {}
        for first, end in ((0.0, 3e9), (NOON, NOON + 900)):
            for question in (
                "footfall",
                "street",
                "guests",
                "redeemed",
                "exposures",
                "refusal_codes",
                "conflicts",
            ):
                assert repr(getattr(there.reports, question)(first, end)) == repr(
                    getattr(here.store.reports, question)(first, end)
                )
            assert repr(there.counter.acts(first, end)) == repr(here.store.counter.acts(first, end))
            assert repr(there.counter.acts(first, end, campaign=1)) == repr(
                here.store.counter.acts(first, end, campaign=1)
            )
            assert repr(there.watch.quarters(first, end)) == repr(here.store.watch.quarters(first, end))
            assert there.watch.reversals(first, end, 1) == here.store.watch.reversals(first, end, 1) != []
        assert there.watch.for_one_member(0, 3e9, 1) == here.store.watch.for_one_member(0, 3e9, 1)
        assert there.watch.refused(("already_redeemed",), 0, 3e9, 1) == here.store.watch.refused(
            ("already_redeemed",), 0, 3e9, 1
        )
        assert repr(there.reports.span()) == repr(here.store.reports.span())
        assert there.reports.troubled_acts(0) == here.store.reports.troubled_acts(0)
        assert there.reports.unknown_issue() == here.store.reports.unknown_issue() == 0
        assert there.ledger.tallies() == here.store.ledger.tallies() != []


def test_what_is_held_is_counted_for_everybody_and_for_one(house: House) -> None:
    day(house)
    assert house.store.ledger.count_held(1, house.now) == 1
    assert house.store.ledger.count_held(1, house.now, "m-1") == 0
    assert len(house.store.counter.held(house.now)) == 1
    assert house.store.ledger.by_staff_for_member("ann", "m-1", 0, 3e9, most=5) >= 0


def test_the_office_is_kept(house: House) -> None:
    people = house.store.people
    assert people.add_manager("Ines", "secret", NOON)
    assert not people.add_manager("Ines", "other", NOON)
    people.begin_session(Session("t" * 64, "Ines", NOON, NOON + 60))
    assert people.session("t" * 64, NOON + 59) is not None
    assert people.prune_sessions(NOON + 60) == 1
    ann = StaffMember("ann", "Ann", "pin", active=True, made_at=NOON, member="m-9")
    assert people.add_staff(ann)
    assert not people.add_staff(ann)
    assert people.staff() == [ann]
    assert people.membership("ann") == "m-9"
    for place in range(3):
        people.note(AuditEntry(NOON + place, "Ines", "staff.added", f"{place} \x00", "{}"))
    assert [entry.at for entry in people.audit(2)] == [NOON + 2, NOON + 1]
    assert house.store.reports.last_noted("staff.added") == NOON + 2
    for _ in range(2):
        house.store.entry.knock("door", "here", NOON, forget_after_s=60)
    assert house.store.entry.knocks("door", "here").count == 2
    assert house.store.campaigns.revoke("00" * 8, NOON, "Ines", "lost")
    assert not house.store.campaigns.revoke("00" * 8, NOON, "Ines", "lost")


def test_a_key_takes_the_place_of_the_one_with_its_number_or_its_public_half(house: House) -> None:
    keys = house.store.keys
    for number, public in ((9, "aa"), (9, "bb"), (10, "bb")):
        keys.put(KeyRecord(number, "till-1", public, NOON, None, None, None))
    assert [(key.number, key.public) for key in keys.all()] == [(10, "bb")]
    for reason in ("lost", "stolen"):
        keys.put_rule(RuleRecord(RevocationRule(1, 1), "Ines", reason))
        keys.set_policy(reason)
    assert [rule.reason for rule in keys.rules()] == ["stolen"]
    assert keys.policy() == "stolen"


def test_a_tag_goes_and_its_consent_stays(house: House) -> None:
    tag = TagRecord("k-1", "Mei", "member", "irk", None, "sealed", NOON)
    house.store.tags.add(tag, ConsentRecord("k-1", "yes", 1, "en", "desk", NOON, None))
    assert house.store.tags.all() == [tag]
    assert house.store.tags.remove("k-1", NOON + 1)
    assert house.store.tags.all() == []
    assert house.store.tags.consents()[0].withdrawn_at == NOON + 1


def test_a_set_back_asks_every_node_from_when_it_was_heard_last(house: House) -> None:
    house.node()
    number = house.store.setback.begin(NOON - 60, NOON + 5)
    assert [one.since for one in house.store.setback.retellings(number)] == [NOON - 60]
    house.store.setback.told(number, "kiosk-1", NOON + 9)
    assert house.store.setback.is_open()
    house.store.setback.end(number, NOON + 10)
    assert not house.store.setback.is_open()


def test_what_fails_half_way_leaves_nothing_and_the_next_change_goes_well(house: House) -> None:
    def half() -> None:
        house.store.entry.put_setup_code("c", NOON)
        raise KeyError("half way")

    with pytest.raises(KeyError):
        house.store.together(half)
    assert not house.store.entry.has_setup_code()
    house.store.together(lambda: house.store.entry.put_setup_code("c", NOON))
    assert house.store.entry.spend_setup_code("c")


def test_a_server_that_was_away_is_told_and_found_again(server: PostgresServer, tmp_path: Path) -> None:
    url = server.fresh()
    with closing(House(tmp_path, url)) as house:
        server.stop()
        with pytest.raises(StorageError, match="cannot be reached"), house.store.writing():
            pass
        with pytest.raises(StorageError, match="cannot be reached"):
            open_store(tmp_path, url)
        server.start()
        house.publish(house.store.campaigns.all()[0].campaign)
        assert house.store.campaigns.all()[0].version == 2
        server.stop()
        server.start()
        assert house.store.shop.get() is not None
    with closing(open_store(tmp_path, url)) as again:
        assert again.shop.number == 7
        with pytest.raises(StorageError, match="pg_dump"):
            again.copy_to(tmp_path / "copy")


def test_one_coupon_is_accepted_once_by_sixteen_tills_of_two_processes(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.fresh()
    with closing(House(tmp_path, url)) as house:
        token = day(house)
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.postgres_racer", str(tmp_path), url, token, name],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    assert sum(int(racer.communicate("go\n", timeout=90)[0]) for racer in racers) == 1
    with closing(open_store(tmp_path, url)) as store:
        assert verify(store).differ == ()


@pytest.mark.parametrize(
    "url", ["postgresql://hub:pw@server/shop", "postgresql:///shop?password=pw", "mysql://server/shop"]
)
def test_a_database_that_is_none_or_has_a_password_in_it_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read_config({"HUB_DATABASE": url})
    assert "pw" not in str(wrong.value)
    assert "HUB_DATABASE must" in str(wrong.value)


def test_a_database_may_be_named() -> None:
    config = read_config({"HUB_DATABASE": "postgresql:///shop?host=/run/postgresql"})
    assert config.database == "postgresql:///shop?host=/run/postgresql"
    assert "HUB_DATABASE" in show_config(config)


def test_a_serial_that_was_issued_before_is_told_also_within_one_batch(house: House) -> None:
    till = house.node()
    first, second = till.mint()[0], till.mint()[0]
    till.report(first)
    # The same serial again, and a new one twice: whichever comes first stands.
    till.report(first, second, second)
    assert house.store.ledger.coupon(second.serial) is not None
    assert house.store.reports.flaw_counts() == [(till.device, 2)]
    assert sum(one.issued for one in house.store.ledger.tallies()) == 2
    assert verify(house.store).differ == ()
