"""PINs and sessions of staff, as the till and the door use them. How often somebody may guess: `test_pins_bound`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing
from hub.client.pins import (
    FREE_TRIES_OF_NODE,
    FREE_TRIES_OF_STAFF,
    LONGEST_WAIT_S,
    PinCheck,
    Unready,
    Uptime,
    Wait,
    Wrong,
    uptime,
    wait_s,
)
from hub.client.sessions import LONGEST_SHIFT_S, Sessions
from hub.client.staff_rows import StaffRows, make_staff_tables
from hub.wire.pins import pepper_pin, write_pin
from hub.wire.snapshot import Staff

NOW = 1_790_000_000.0
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash
ADA, BO = Staff("s1", "Ada", HASH("4711")), Staff("s2", "Bo", HASH("0815"))
TABLES = Migrations("staff-test")


@TABLES()
def m001(db: Database) -> None:
    make_staff_tables(db)


class Steady:
    """A clock that runs since a machine was switched on."""

    def __init__(self) -> None:
        self.boot, self.seconds = "first", 50_000.0

    def __call__(self) -> Uptime:
        return Uptime(self.boot, self.seconds)


@pytest.fixture
def rows(tmp_path: Path) -> StaffRows:
    return StaffRows(Pool(tmp_path / "node.db", [TABLES]))


def test_a_guesser_waits_longer_each_time_and_never_for_ever() -> None:
    assert FREE_TRIES_OF_STAFF < FREE_TRIES_OF_NODE
    waits = [wait_s(tries, FREE_TRIES_OF_STAFF) for tries in range(40)]
    assert waits[:FREE_TRIES_OF_STAFF] == [0.0] * FREE_TRIES_OF_STAFF
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S


def test_one_persons_wrong_pins_lock_that_person_and_not_the_next(rows: StaffRows) -> None:
    steady = Steady()
    pins = PinCheck(rows, steady=steady)
    for _ in range(FREE_TRIES_OF_STAFF):
        assert isinstance(pins.check(ADA, "0000"), Wrong)
    assert isinstance(pins.check(ADA, "4711"), Wait)
    assert pins.check(BO, "0815") is BO
    steady.seconds += LONGEST_WAIT_S
    assert pins.check(ADA, "4711") is ADA


def test_names_that_nobody_has_cost_tries_too(rows: StaffRows) -> None:
    pins = PinCheck(rows, steady=Steady())
    for _ in range(FREE_TRIES_OF_NODE):
        assert isinstance(pins.check(None, "0000"), Wrong)
    assert isinstance(pins.check(None, "0000"), Wait)


def test_a_pin_under_a_pepper_is_right_with_that_pepper_alone_and_an_old_one_without(rows: StaffRows) -> None:
    pepper = random.Random(1).randbytes(32)
    new = Staff("s3", "Cem", write_pin(HASH(pepper_pin(pepper, "123456")), pepper))
    assert PinCheck(rows, lambda: pepper, Steady()).check(new, "123456") is new
    assert isinstance(PinCheck(rows, lambda: pepper, Steady()).check(new, "123457"), Wrong)
    assert PinCheck(rows, lambda: pepper, Steady()).check(ADA, "4711") is ADA


def test_a_node_that_has_not_the_pepper_says_so_and_counts_nothing(rows: StaffRows) -> None:
    pepper = random.Random(1).randbytes(32)
    new = Staff("s3", "Cem", write_pin(HASH(pepper_pin(pepper, "123456")), pepper))
    for told in (None, bytes(32)):
        pins = PinCheck(rows, lambda told=told: told, Steady())  # type: ignore[misc]  # a default binds it
        for _ in range(20):
            assert isinstance(pins.check(new, "123456"), Unready)
    with writing(rows.pool.here()) as conn:
        assert rows.wrong_pins(conn, "staff s3") == (0, 0)
        assert rows.wrong_pins(conn, "node") == (0, 0)


def test_this_machine_says_how_long_it_has_been_on() -> None:
    first, second = uptime(), uptime()
    assert 0 < first.seconds <= second.seconds
    assert first.boot == second.boot


def test_what_an_earlier_release_counted_goes_on(tmp_path: Path) -> None:
    pool = Pool(tmp_path / "node.db", [TABLES])
    with writing(pool.here()) as conn:
        conn.execute("INSERT INTO wrong_pin VALUES ('staff s1', 4, 1790000000.0)")
    steady = Steady()
    steady.seconds = 1.0
    assert isinstance(PinCheck(StaffRows(pool), steady=steady).check(ADA, "4711"), Wait)
    steady.seconds = 30.0
    assert PinCheck(StaffRows(pool), steady=steady).check(ADA, "4711") is ADA


def test_a_session_ends_when_nobody_uses_it_when_the_day_is_over_and_when_somebody_leaves_the_shop(
    rows: StaffRows,
) -> None:
    now, staff = [NOW], [ADA, BO]
    sessions = Sessions(rows, lambda: staff, lambda: now[0], random.Random(1).randbytes, idle_s=600)
    idle, busy, gone = sessions.begin(ADA), sessions.begin(BO), sessions.begin(ADA)
    assert sessions.who("not a token") is None
    now[0] += 500
    found = sessions.who(busy)
    assert found is not None
    assert found.person is BO
    assert found.made(found.mark)
    assert not found.made("0" * 32)
    now[0] += 200
    assert sessions.who(idle) is None
    while now[0] < NOW + LONGEST_SHIFT_S:
        assert sessions.who(busy) is not None
        now[0] += 500
    assert sessions.who(busy) is None
    gone = sessions.begin(ADA)
    staff.remove(ADA)
    assert sessions.who(gone) is None
    again = sessions.begin(BO)
    sessions.end(again)
    assert sessions.who(again) is None
