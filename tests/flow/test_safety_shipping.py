"""A hub's file is shipped while others write, and put back: nothing lost, nothing believed that was altered."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.config import Config
from hub.health import look
from hub.rebuild import verify
from hub.safety.drill import differs, drill
from hub.safety.passphrase import Sealer
from hub.safety.pieces import read_segment_name
from hub.safety.restore import RestoreError, restore
from hub.safety.ship import Shipping
from hub.safety.shipper import LineBroken, Shipper, latest_place, lines_of
from hub.safety.standing import DRILL_FILE, drilled, keep, shipped
from hub.safety.targets import FolderTarget, TargetError
from hub.safety.upkeep import DAY_S, Upkeep
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House, visit

SECRET = "seven green kettles"


class Failing(FolderTarget):
    """A folder that can refuse, or say yes and keep nothing."""

    refuses = False
    forgets = False

    def put(self, name: str, body: bytes) -> None:
        if self.refuses:
            raise TargetError("The line is cut.")
        if not self.forgets:
            super().put(name, body)


@dataclass
class Place:
    """A hub with facts, its target, and what ships."""

    folder: Path
    secret: str = ""
    now: float = NOON
    house: House = field(init=False)
    target: Failing = field(init=False)
    shipper: Shipper = field(init=False)
    upkeep: Upkeep = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.house = House(self.folder / "hub")
        self.node = self.house.node("edge", "Door")
        self.target = Failing(self.folder / "kept")
        self.begin()

    def begin(self, closed: str = "") -> None:
        sealer = Sealer(self.secret)
        self.shipper = Shipper(self.folder / "hub" / FILE, self.target, sealer, lambda: self.now)
        self.shipper.begin(closed)
        self.upkeep = Upkeep(self.shipper, 8 * DAY_S, lambda: self.now, lambda: False)

    def facts(self, count: int = 5) -> None:
        self.node.report(*(visit(NOON + place) for place in range(count)))
        self.count += count

    def back(self, name: str = "back", at: float | None = None, secret: str | None = None) -> Path:
        place = self.folder / name
        restore(self.target, place, passphrase=self.secret if secret is None else secret, at=at)
        return place

    def has_all(self, place: Path) -> None:
        with closing(SqliteStore(place / FILE)) as copy:
            assert differs(copy, self.house.store, 0.0) is None
            assert copy.journal.last_position() == self.count
            assert verify(copy).differ == ()
            assert copy.setback.marked_at() is not None


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.shipper.close()
    made.house.close()


def test_what_was_shipped_comes_back_and_says_that_it_is_a_copy(place: Place) -> None:
    place.facts()
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    place.has_all(place.back())


def test_nothing_is_lost_where_others_move_the_log_into_the_file(place: Place) -> None:
    """A command beside the hub has its own connection, and makes its own checkpoints, whenever it likes."""
    place.upkeep.make_base()
    rnd = random.Random(1)
    begun_anew = 0
    log = place.folder / "hub" / f"{FILE}-wal"
    before = log.read_bytes()[16:24]
    for _ in range(250):
        match rnd.choice(("write", "move", "ship")):
            case "write":
                place.facts(rnd.randrange(1, 40))
            case "ship":
                place.shipper.step()
            case _:
                kind = rnd.choice(("PASSIVE", "FULL", "RESTART", "TRUNCATE"))
                with closing(sqlite3.connect(place.folder / "hub" / FILE, timeout=0)) as other:
                    other.execute(f"PRAGMA wal_checkpoint({kind})")
        salts = log.read_bytes()[16:24]
        begun_anew += salts != before
        before = salts
    place.shipper.step()
    assert begun_anew > 3, "the log was never begun anew, so this shows nothing"
    assert len(lines_of(place.target)) == 1
    place.has_all(place.back())


def test_a_base_copy_that_is_made_while_others_write_is_whole(place: Place) -> None:
    from threading import Event, Thread

    done = Event()

    def write() -> None:
        while not done.is_set():
            place.facts(20)
            place.house.store.checkpoint()

    writer = Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            place.now += 1
            place.upkeep.make_base()
            place.shipper.step()
    finally:
        done.set()
        writer.join(30)
    place.shipper.step()
    place.has_all(place.back())


def test_the_log_is_begun_anew_in_a_gap_and_the_line_goes_on(place: Place) -> None:
    place.upkeep.make_base()
    for _ in range(3):
        place.facts(200)
        assert place.shipper.shorten()
        place.facts(1)
        place.shipper.step()
        assert place.shipper.log_bytes() < 200_000
    place.has_all(place.back())


def test_one_change_that_is_larger_than_a_segment_comes_back_whole_or_not_at_all(place: Place) -> None:
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    with place.house.store.writing():
        for number in range(40):
            place.house.store.journal.park("d", os.urandom(512 * 1024), f"{number}", NOON)
    place.shipper.step()
    names = [
        one for one in map(read_segment_name, place.target.names(lines_of(place.target)[0] + "/seg-")) if one
    ]
    assert len(names) > 2
    with closing(SqliteStore(place.back() / FILE)) as copy:
        assert len(copy.journal.parked()) == 40
    place.target.delete(max(names, key=lambda one: one.last).name)
    with closing(SqliteStore(place.back("half") / FILE)) as copy:
        assert copy.journal.parked() == []
        assert copy.journal.last_position() == place.count


def test_a_shipper_that_was_killed_goes_on_where_it_was(place: Place) -> None:
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    killed = place.shipper
    place.begin()
    place.facts()
    place.shipper.step()
    assert len(lines_of(place.target)) == 1
    place.has_all(place.back())
    killed.close()


def test_after_an_end_in_order_the_line_goes_on_and_after_changes_behind_its_back_a_new_one_begins(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    place.upkeep.make_base()
    place.facts()
    place.house.close()
    stamp = place.shipper.close()
    assert stamp
    place.begin(stamp)
    place.house.store = SqliteStore(tmp_path / "hub" / FILE)
    assert len(lines_of(place.target)) == 1
    place.house.store.close()
    again = place.shipper.close()
    with closing(SqliteStore(tmp_path / "hub" / FILE)) as other:
        other.shop.save(Shop(7, {"en": "Other"}), NOON)
    place.begin(again)
    place.shipper.step()
    place.now += 10
    place.upkeep.make_base()
    assert len(lines_of(place.target)) == 2
    with closing(SqliteStore(place.back() / FILE)) as copy:
        shop = copy.shop.get()
        assert shop is not None
        assert shop.name == {"en": "Other"}
    place.shipper.close()


def test_while_the_target_is_away_nothing_is_lost(place: Place) -> None:
    place.upkeep.make_base()
    place.target.refuses = True
    for _ in range(10):
        place.facts(50)
        place.house.store.checkpoint()
        with pytest.raises(TargetError):
            place.shipper.step()
    place.target.refuses = False
    place.shipper.step()
    assert len(lines_of(place.target)) == 1
    place.has_all(place.back())


def test_a_moment_in_the_past_comes_back(place: Place) -> None:
    place.upkeep.make_base()
    for minute in range(1, 6):
        place.now = NOON + 60 * minute
        place.facts(1)
        place.shipper.step()
    with closing(SqliteStore(place.back(at=NOON + 190) / FILE)) as copy:
        assert copy.journal.last_position() == 3
    with pytest.raises(RestoreError, match="old enough"):
        place.back("older", at=NOON - 60)


def test_small_segments_are_folded_into_large_ones_and_the_chain_holds(place: Place) -> None:
    place.upkeep.make_base()
    for _ in range(300):
        place.now += 1
        place.facts(1)
        place.shipper.step()
    assert place.upkeep.fold() == 0
    place.now += 3_700
    folded = place.upkeep.fold()
    assert folded >= 200
    line = lines_of(place.target)[0]
    assert len(place.target.names(f"{line}/seg-")) < 120
    place.facts()
    place.shipper.step()
    place.has_all(place.back())
    assert place.upkeep.must_have(_place_of(place)) is not None


def test_what_is_older_than_its_life_is_gone_and_the_rest_comes_back(place: Place) -> None:
    """Erasure reaches the backup within that time: the letters of what was erased are nowhere in it any more."""
    mark = b"a-name-that-was-erased"
    place.house.store.journal.park("d", mark, "secret", NOON)
    place.upkeep.make_base()
    with place.house.store.writing() as conn, place.house.store.pool.erasing(conn):  # type: ignore[attr-defined]
        conn.execute("DELETE FROM parked")  # type: ignore[attr-defined]
    days = 0
    while days < 9:
        place.now, days = place.now + DAY_S, days + 1
        place.facts(1)
        place.shipper.step()
        if place.upkeep.needs_base():
            place.upkeep.make_base()
        place.upkeep.forget()
        place.has_all(place.back(f"day-{days}"))
    ages = [place.now - head.made_at for head in place.upkeep.bases()]
    assert max(ages) <= 8 * DAY_S
    assert max(ages) >= 5 * DAY_S
    assert not _holds(place, mark)


def _holds(place: Place, mark: bytes) -> bool:
    import zlib

    from hub.safety.pieces import PartHead, SegmentHead, unpack

    for name in place.target.names(lines_of(place.target)[0] + "/"):
        raw = place.target.get(name)
        kind = PartHead if "/part-" in name else SegmentHead
        if "/base-" not in name and mark in zlib.decompress(unpack(raw, kind)[1]):  # type: ignore[type-var]
            return True
    return False


def test_a_sealed_backup_says_nothing_and_brings_the_hubs_key_along(tmp_path: Path) -> None:
    place = Place(tmp_path, SECRET)
    place.house.store.journal.park("d", b"a name that nobody is to read", "x", NOON)
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    for path in (tmp_path / "kept").rglob("*"):
        assert path.is_dir() or b"SQLite format" not in path.read_bytes()
    back = place.back()
    assert (back / "hub.key").read_bytes() == (tmp_path / "hub" / "hub.key").read_bytes()
    assert (back / "hub.key").stat().st_mode & 0o077 == 0
    place.has_all(back)
    with pytest.raises(RestoreError, match="another passphrase"):
        place.back("wrong", secret="another long passphrase")
    with pytest.raises(RestoreError, match="HUB_BACKUP_SECRET_FILE"):
        place.back("none", secret="")
    assert not (tmp_path / "wrong").exists()
    place.shipper.close()
    place.house.close()


@pytest.mark.parametrize("how", ["altered", "torn", "missing", "exchanged", "renamed"])
def test_no_piece_that_is_not_as_it_was_written_is_believed(place: Place, how: str) -> None:
    place.upkeep.make_base()
    for _ in range(6):
        place.facts()
        place.shipper.step()
    line = lines_of(place.target)[0]
    names = place.target.names(f"{line}/seg-")
    third, fourth = (place.folder / "kept" / name for name in names[2:4])
    body = third.read_bytes()
    if how == "altered":
        third.write_bytes(body[:200] + bytes([body[200] ^ 1]) + body[201:])
    elif how == "torn":
        third.write_bytes(body[: len(body) // 2])
    elif how == "exchanged":
        third.write_bytes(fourth.read_bytes())
    elif how == "renamed":
        fourth.rename(third)
    else:
        third.unlink()
    if how == "missing":
        # What comes before the gap is whole; that something is missing after it is said.
        done = restore(place.target, place.folder / "back")
        assert "missing" in " ".join(done.warnings)
        return
    with pytest.raises(RestoreError):
        place.back()
    assert not (place.folder / "back" / FILE).exists()


def test_nothing_is_overwritten(place: Place) -> None:
    place.upkeep.make_base()
    (place.folder / "back").mkdir()
    (place.folder / "back" / "mine").write_text("x")
    with pytest.raises(RestoreError, match="not empty"):
        place.back()
    assert (place.folder / "back" / "mine").read_text() == "x"


def test_a_target_that_lost_a_piece_or_keeps_nothing_is_found_out(place: Place) -> None:
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    place.shipper.read_back()
    assert place.upkeep.must_have(_place_of(place)) is not None
    place.target.forgets = True
    place.facts()
    place.shipper.step()
    with pytest.raises(TargetError, match="does not have"):
        place.shipper.read_back()
    with pytest.raises(TargetError, match="lost a segment"):
        place.upkeep.must_have(_place_of(place))


def _place_of(place: Place):  # type: ignore[no-untyped-def]
    found = place.shipper.place
    assert found is not None
    return found


def test_a_log_that_was_begun_anew_behind_its_back_breaks_the_line(place: Place) -> None:
    place.upkeep.make_base()
    place.facts()
    place.shipper.step()
    found = _place_of(place)
    found.salts = bytes(8)
    with pytest.raises(LineBroken):
        place.shipper.step()
    assert latest_place(place.target) is not None


def _config(place: Place, **more: object) -> Config:
    return Config(place.folder / "hub", backup_to=f"file:{place.folder / 'kept'}", backup_check_s=1.0, **more)  # type: ignore[arg-type]


def test_a_backup_that_stops_is_a_warning_after_two_intervals_and_none_before(place: Place) -> None:
    config = _config(place, backup_drill_hours=0)
    codes = lambda now: {one.code for one in look(place.house.store, config, now)}  # noqa: E731
    assert "backup-late" in codes(time.time())
    until = time.monotonic() + 60
    Shipping(
        config,
        lambda: (
            ((state := shipped(config.dir)) is not None and state.confirmed_at is not None)
            or time.monotonic() > until
        ),
    ).run()
    state = shipped(config.dir)
    assert state is not None
    assert state.confirmed_at is not None
    # The store is open, so the file was not left in order: from now on nobody ships.
    assert "backup-late" not in codes(state.confirmed_at + 1.9)
    assert "backup-late" in codes(state.confirmed_at + 2.1)
    # A clock that was set back hides nothing.
    assert "backup-late" in codes(state.confirmed_at - 100)


def test_the_drill_compares_and_its_failure_and_its_absence_are_warnings(place: Place) -> None:
    place.facts()
    place.upkeep.make_base()
    config = _config(place)
    done = drill(config)
    assert done.ok, done.sentence
    keep(config.dir / DRILL_FILE, done)
    codes = lambda now: {one.code for one in look(place.house.store, config, now)}  # noqa: E731
    assert not {"drill-failed", "drill-late"} & codes(done.at + 1)
    line = lines_of(place.target)[0]
    part = place.folder / "kept" / place.target.names(f"{line}/part-")[0]
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    failed = drill(config)
    assert not failed.ok
    keep(config.dir / DRILL_FILE, failed)
    assert drilled(config.dir) == failed
    assert not list(config.dir.glob("drill-*/"))
