"""What a node keeps on its disk: journal, snapshot, coupons, counters."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.clock import Clock
from hub.client.counters import COUNTER_BLOCK, Counters
from hub.client.db import Pool, StorageError, writing
from hub.client.desk import NodeDesk
from hub.client.node import KEY_FILE, Node, NodeRecord
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.wire.coupon import Issued, read_token
from hub.wire.events import CouponIssued, OfferSeen, read_event, read_fact
from hub.wire.identity import public_text
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.snapshot import (
    Campaign,
    Manifest,
    Offer,
    Right,
    Shop,
    Snapshot,
    Value,
    content_hash,
    section_body,
)

NOW = 1_790_000_000.0
HUB = Ed25519PrivateKey.from_private_bytes(bytes(32))
CAMPAIGN = Campaign(4, Offer({"en": "Coffee"}, {}, Value("amount", 250)), int(NOW) - 10, int(NOW) + 5000)


class House:
    """One node with its folder; `restart()` is what a crash and a new start leave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool: Pool | None = None
        record = NodeRecord("kiosk-1", "kiosk", "Till 1", 1, 3, 0, public_text(HUB), "http://127.0.0.1:1")
        Node.save(folder, record, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
        self.restart()

    def restart(self) -> None:
        self.close()
        node = Node.load(self.folder)
        assert node is not None
        self.node = node
        self.pool = Pool(self.folder / "kiosk.db", [MIGRATIONS_CLIENT])
        self.clock = Clock(wall=lambda: NOW, ntp=lambda: True)
        self.outbox = Outbox(self.pool, node, self.clock)
        self.shelf = Shelf(self.pool)
        self.desk = NodeDesk(self.pool, node, self.outbox, self.shelf, "kiosk", clock=self.clock)

    def close(self) -> None:
        if self.pool is not None:
            self.pool.close()

    def adopt(self, *campaigns: Campaign, rights: tuple[Right, ...] = ()) -> bool:
        bodies = {
            "shop": section_body(Shop(1, {"en": "Corner Shop"})),
            "campaigns": section_body(list(campaigns)),
            "rights": section_body(list(rights)),
            "later": b'{"a section":"of a later release"}',
        }
        have = self.shelf.have()
        hashes = {name: content_hash(body) for name, body in bodies.items()}
        manifest = Manifest(1, "kiosk-1", NOW, hashes)
        sections = {name: msgspec.Raw(bodies[name]) for name in bodies if have.get(name) != hashes[name]}
        with writing(self.pool.here()) as conn:
            return self.shelf.adopt(conn, manifest, Snapshot("", "", sections), NOW)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def seen(campaign: int = 4) -> OfferSeen:
    return OfferSeen(campaign=campaign, channel="kiosk")


def test_a_journal_counts_from_one_without_gaps_over_restarts(house: House) -> None:
    first = [house.outbox.record(seen(), NOW).seq for _ in range(3)]
    house.restart()
    assert [*first, house.outbox.record(seen(), NOW).seq] == [1, 2, 3, 4]
    assert [seq for _, seq, _ in house.outbox.pending(10)] == [1, 2, 3, 4]


def test_a_fact_is_undone_with_the_change_that_it_reports(house: House) -> None:
    def change_that_fails() -> None:
        with writing(house.pool.here()) as conn:
            house.outbox.put(conn, seen(), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_that_fails()
    assert house.outbox.counts().pending == 0
    assert house.outbox.record(seen(), NOW).seq == 1


def test_a_clock_that_is_set_back_does_not_set_the_journal_back(house: House) -> None:
    house.outbox.record(seen(), NOW)
    assert house.outbox.record(seen(), NOW - 200).at == NOW


def test_a_clock_that_had_been_far_ahead_does_not_spoil_every_later_stamp(house: House) -> None:
    wrong = house.outbox.record(seen(), NOW + 2 * 365 * 86_400)
    right = house.outbox.record(seen(), NOW)
    assert right.at == NOW
    assert (right.epoch, right.seq) == (wrong.epoch + 1, 1)
    assert [(epoch, seq) for epoch, seq, _ in house.outbox.pending(9)] == [(1, 1), (2, 1)]
    assert house.outbox.record(seen(), NOW + 1).seq == 2


def test_a_lost_database_begins_a_journal_of_a_higher_epoch(house: House) -> None:
    before = house.outbox.record(seen(), NOW)
    house.pool.close()
    for file in house.folder.glob("kiosk.db*"):
        file.unlink()
    house.restart()
    after = house.outbox.record(seen(), NOW)
    assert (after.epoch, after.seq) == (before.epoch + 1, 1)


def test_what_is_parked_stays_visible_and_holds_up_nothing(house: House) -> None:
    for _ in range(3):
        house.outbox.record(seen(), NOW)
    with writing(house.pool.here()) as conn:
        house.outbox.park(conn, 1, 2, "cannot be read")
        house.outbox.ack(conn, [(1, 1)])
    assert [seq for _, seq, _ in house.outbox.pending(10)] == [3]
    (parked,) = house.outbox.parked()
    assert (parked.seq, parked.kind, parked.reason) == (2, "offer.seen", "cannot be read")
    counts = house.outbox.counts()
    assert (counts.pending, counts.parked, counts.oldest_at) == (1, 1, NOW)


def test_many_threads_write_one_journal_without_gaps(house: House) -> None:
    threads = [
        threading.Thread(target=lambda: [house.outbox.record(seen(), NOW) for _ in range(10)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seq for _, seq, _ in house.outbox.pending(1000)] == list(range(1, 81))


def test_the_shelf_is_empty_before_the_first_snapshot(house: House) -> None:
    assert house.shelf.shop() is None
    assert house.shelf.campaigns() == []
    assert house.desk.take(4, "request-1", NOW) == Refused(Refusal.NOT_OFFERED)


def test_an_adopted_snapshot_is_seen_at_once_also_by_another_program(house: House) -> None:
    pool = Pool(house.folder / "kiosk.db", [MIGRATIONS_CLIENT])
    other = Shelf(pool)
    assert other.campaigns() == []
    assert house.adopt(CAMPAIGN)
    assert [campaign.number for campaign in other.campaigns()] == [4]
    assert house.adopt()
    assert other.campaigns() == []
    assert "later" in other.have()
    pool.close()


def test_a_snapshot_with_a_section_missing_is_not_adopted_yet(house: House) -> None:
    manifest = Manifest(1, "kiosk-1", NOW, {"shop": "0" * 64})
    with writing(house.pool.here()) as conn:
        assert not house.shelf.adopt(conn, manifest, Snapshot("", ""), NOW)
    assert house.shelf.made_at() is None


def test_taking_an_offer_gives_a_coupon_that_this_nodes_key_signed(house: House) -> None:
    house.adopt(CAMPAIGN)
    issued = house.desk.take(4, "request-1", NOW)
    assert isinstance(issued, Issued)
    token = read_token(issued.token)
    assert token is not None
    assert token.is_signed_by(house.node.key.public_key())
    assert token.coupon == issued.coupon
    assert issued.coupon.expires_at == CAMPAIGN.ends_at
    ((_, _, text),) = house.outbox.pending(10)
    fact = read_fact(read_event(text))
    assert isinstance(fact, CouponIssued)
    assert (fact.serial, fact.code, fact.channel) == (issued.coupon.serial, issued.code, "kiosk")


def test_the_same_request_is_the_same_coupon_also_after_a_restart(house: House) -> None:
    house.adopt(CAMPAIGN)
    first = house.desk.take(4, "request-1", NOW)
    house.restart()
    assert house.desk.take(4, "request-1", NOW) == first
    assert house.desk.take(4, "request-2", NOW) != first
    assert house.outbox.counts().pending == 2


def test_a_limited_lot_is_handed_out_within_this_nodes_rights_and_no_further(house: House) -> None:
    limited = msgspec.structs.replace(CAMPAIGN, issue_limit=100)
    house.adopt(limited)
    assert house.desk.take(4, "request-0", NOW) == Refused(Refusal.SOLD_OUT)
    house.adopt(limited, rights=(Right(4, issue=2),))
    taken = [house.desk.take(4, f"request-{n}", NOW) for n in range(1, 5)]
    assert [isinstance(coupon, Issued) for coupon in taken] == [True, True, False, False]
    house.adopt(limited, rights=(Right(4, issue=3),))
    assert isinstance(house.desk.take(4, "request-9", NOW), Issued)


@pytest.mark.parametrize("now", [NOW - 11, NOW + 5000])
def test_an_offer_cannot_be_taken_before_it_starts_or_after_it_ended(house: House, now: float) -> None:
    house.adopt(CAMPAIGN)
    assert house.desk.take(4, "request-1", now) == Refused(Refusal.NOT_OFFERED)
    assert house.desk.campaigns(now) == []


def test_counters_are_never_used_twice_even_after_a_crash(house: House) -> None:
    counters = Counters(house.pool)
    used = [counters.take() for _ in range(COUNTER_BLOCK + 5)]
    house.restart()
    used += [Counters(house.pool).take() for _ in range(3)]
    assert len(set(used)) == len(used)
    assert used == sorted(used)


def test_counters_go_on_above_what_the_hub_has_seen(house: House) -> None:
    counters = Counters(house.pool)
    counters.take()
    assert counters.take(above=50_000) == 50_001
    assert counters.take(above=50_000) == 50_002


def test_the_nodes_secret_can_be_read_by_its_owner_alone(house: House) -> None:
    assert (house.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.db"
    path.write_bytes(b"this is no database at all, but a text that is long enough to look at" * 50)
    with pytest.raises(StorageError, match="not a Shopbell file"):
        Pool(path, [MIGRATIONS_CLIENT])


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence() -> None:
    with pytest.raises(StorageError, match="/proc/none"):
        Pool(Path("/proc/none/kiosk.db"), [MIGRATIONS_CLIENT])


def test_a_database_that_is_locked_for_too_long_is_told_in_a_sentence(house: House) -> None:
    db = house.pool.here()
    db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(house.folder / "kiosk.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="in use"):
        house.outbox.record(seen(), NOW)
    other.execute("ROLLBACK")
    other.close()
    assert house.outbox.record(seen(), NOW).seq == 1


def test_the_hubs_time_is_taken_only_where_there_is_no_better() -> None:
    clock = Clock(wall=lambda: 1000.0, ntp=lambda: False)
    assert clock.state() == "unset"
    clock.hear_hub(NOW)
    assert (clock.now(), clock.state()) == (NOW, "lan")
    synced = Clock(wall=lambda: NOW, ntp=lambda: True)
    synced.hear_hub(NOW + 900)
    assert (synced.now(), synced.state()) == (NOW, "ntp")
