"""A hub's file that an earlier release made opens, keeps all that it held, and learns what is new."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.app import open_store
from hub.client.db import open_db, writing
from hub.rebuild import bring_up_to_date, rebuild, verify
from hub.reversing import reverse_as_manager
from hub.store.grains import Asked
from hub.store.planning import statistics
from hub.store.schema import MIGRATIONS_HUB, PROJECTIONS
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import StreetCounted
from tests.hub_house import NOON, House, visit

SECOND = "m002_the_street_and_who_is_known"
NEW_TABLES = {"street", "tag", "tag_consent", "guest", "consent"}

# What a release with the first tables alone had written: a shop without a UUID, an offer without a word on the air, a visit.
SHOP = '{"number":7,"name":{"en":"Corner","zh":"街角"},"timezone":"Europe/Berlin","colour":"#B4541A"}'
OFFER = (
    '{"number":1,"offer":{"title":{"en":"Coffee"},"text":{},"value":{"kind":"gift","cents":120}},'
    '"starts_at":1794999940,"ends_at":1795086400}'
)
VISIT = (
    b'[{"device":"edge-1","epoch":1,"seq":1,"kind":"visit.closed","at":1795000000.0,"clock":"ntp","data":{"id":"v","zone":"door",'
    b'"arrived_at":1794999900.0,"departed_at":1794999960.0,"dwell_s":60.0,"peak_dbm":-60}}]'
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a hub that has only the first tables."""
    db = open_db(tmp_path / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db, stop_before=SECOND)
    db.execute("INSERT INTO shop (number, body, made_at) VALUES (7, ?, ?)", (SHOP, NOON - 9_000))
    db.execute("INSERT INTO campaign VALUES (7, 1, 'published', ?, 1, ?, ?, ?)", (OFFER, NOON, NOON, NOON))
    db.execute("INSERT INTO campaign_version VALUES (7, 1, 1, 'published', ?, ?, 'Ines')", (OFFER, NOON))
    db.execute("INSERT INTO journal VALUES (1, 7, 'edge-1', 1, 1, 1, ?, ?)", (NOON, VISIT))
    assert not NEW_TABLES & set(db.table_names())
    db.close()
    return tmp_path


def test_an_old_file_opens_and_keeps_what_it_held(old: Path) -> None:
    store = open_store(old)
    shop = store.shop.get()
    assert shop is not None
    assert (shop.name["zh"], shop.colour, store.shop.made_at()) == ("街角", "#B4541A", NOON - 9_000)
    (record,) = store.campaigns.all()
    assert (record.campaign.offer.title, record.campaign.air) == ({"en": "Coffee"}, None)
    assert rebuild(store) == 1
    assert verify(store).differ == ()
    assert sum(count.visits for count in store.reports.footfall(NOON - 900, NOON + 900)) == 1
    store.close()


def test_an_old_file_has_sums_by_day_and_hour_when_it_is_opened(old: Path) -> None:
    store = open_store(old)
    (row,) = store.rollups.sums(
        Asked("footfall", ("visits", "dwell_ms"), (7,), 1, 3_000_000, ("day", "hour", "zone"))
    )
    local = datetime.fromtimestamp(1_794_999_900, ZoneInfo("Europe/Berlin"))
    assert (row.key, row.numbers) == ((local.toordinal(), local.hour, "door"), (1, 60_000))
    store.close()


def test_an_old_file_learns_the_new_tables_once(old: Path) -> None:
    for _ in range(2):
        store = SqliteStore(old / FILE)
        there = {name for (name,) in store.pool.read("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert there >= NEW_TABLES | set(PROJECTIONS)
        assert store.tags.all() == store.tags.consents() == []
        assert store.reports.street(0, NOON) == store.reports.guests(0, NOON) == []
        told = dict(
            store.pool.read("SELECT tbl, stat FROM sqlite_stat1 WHERE tbl IN ('street', 'tag') AND idx = tbl")
        )
        assert told["street"] == statistics(4, unique=True)
        assert told["tag"] == statistics(2, unique=True)
        store.close()


def test_a_shop_that_was_made_before_gets_its_uuid_on_the_air_once(old: Path) -> None:
    plain = SqliteStore(old / FILE)
    shop = plain.shop.get()
    assert shop is not None
    assert shop.beacon_uuid is None
    version = plain.shop.snapshot_version()
    first, second = open_store(old), open_store(old)
    named = [store.shop.get() for store in (plain, first, second)]
    uuids = {one.beacon_uuid for one in named if one}
    assert len(uuids) == 1
    assert UUID(uuids.pop()).version == 4
    assert plain.shop.snapshot_version() == version + 1
    for store in (plain, first, second):
        store.close()


def test_the_old_and_the_new_file_have_the_same_tables(
    old: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fresh = House(tmp_path_factory.mktemp("fresh"))
    migrated = SqliteStore(old / FILE)
    question = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
    assert migrated.pool.read(question) == fresh.store.pool.read(question)
    fresh.node("edge", "Door").report(
        visit(), StreetCounted(zone="door", window_s=900, passers=3, entrants=1)
    )
    assert verify(fresh.store).differ == ()
    migrated.close()
    fresh.close()


COUNTER = "m005_what_a_coupon_may_depend_on"
USED = """[{"device":"kiosk-1","epoch":1,"seq":1,"kind":"coupon.issued","at":1795000000.0,"clock":"ntp","data":{"serial":
"00112233445566aa","campaign":1,"code":"0000000000AN","key_number":0,"expires_at":1795086400,"channel":"kiosk"}},{"device":
"kiosk-1","epoch":1,"seq":2,"kind":"coupon.redeemed","at":1795000060.0,"clock":"ntp","data":{"serial":"00112233445566aa",
"campaign":1,"nonce":"nonce-0001","till":"Till 1","staff":"s1","value_cents":120,"offline":true}},{"device":"kiosk-1","epoch":1,
"seq":3,"kind":"offer.shown","at":1795000061.0,"clock":"ntp","data":{"campaign":1,"channel":"kiosk","times":4,"shown_s":9.5}}]"""


@pytest.fixture
def before_the_counter(tmp_path: Path) -> Path:
    """A hub of the release before: one coupon was used there, and a newer kiosk has told how often an offer was shown."""
    db = open_db(tmp_path / FILE)
    with writing(db):
        MIGRATIONS_HUB.apply(db, stop_before=COUNTER)
    db.execute("INSERT INTO shop (number, body, made_at) VALUES (7, ?, ?)", (SHOP, NOON - 9_000))
    db.execute("INSERT INTO campaign VALUES (7, 1, 'published', ?, 1, ?, ?, ?)", (OFFER, NOON, NOON, NOON))
    db.execute("INSERT INTO journal VALUES (1, 7, 'kiosk-1', 1, 1, 3, ?, ?)", (NOON, USED.encode()))
    db.execute(
        "INSERT INTO coupon VALUES (7, '00112233445566aa', 1, 1, '0000000000AN', 0, 1795086400, 'kiosk', 'kiosk-1', ?, 0)",
        (NOON,),
    )
    db.execute(
        """INSERT INTO redemption VALUES (7, 'kiosk-1', 'nonce-0001', 2, '00112233445566aa', 1, ?, 'Till 1', 's1', 120, NULL,
           1, 'first', NULL, 0)""",
        (NOON + 60,),
    )
    db.execute("INSERT INTO tally VALUES (7, 1, 'kiosk-1', 1, 1, 1)")
    db.close()
    return tmp_path


def test_what_was_redeemed_before_counts_for_the_day_and_can_be_taken_back(before_the_counter: Path) -> None:
    store = SqliteStore(before_the_counter / FILE)
    quarter = int(NOON) // 900 * 900
    assert store.ledger.redeemed_between(1, quarter, quarter + 900) == 1
    act = store.ledger.first_act("00112233445566aa")
    assert act is not None
    assert (act.member, act.balance_cents, act.right_spent) == ("", None, False)
    taken = reverse_as_manager(
        store,
        "kiosk-1",
        "nonce-0001",
        manager="Ines",
        reason="a slip",
        act_id="form-0001",
        now=NOON + 900,
        clock="ntp",
    )
    assert taken.reversed
    assert store.ledger.first_act("00112233445566aa") is None
    assert store.ledger.redeemed_between(1, quarter, quarter + 900) == 0
    store.close()


def test_facts_that_an_old_release_only_kept_count_once_a_new_one_opens_its_file(
    before_the_counter: Path,
) -> None:
    plain = SqliteStore(before_the_counter / FILE)
    assert plain.reports.exposures(0, 3e9) == []
    plain.close()
    store = open_store(before_the_counter)
    (shown,) = store.reports.exposures(0, 3e9)
    assert (shown.times, shown.shown_s) == (4, 9.5)
    assert verify(store).differ == ()
    assert not bring_up_to_date(store)
    store.close()
