"""PINs and sessions of staff, as the till and the door use them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool
from hub.client.pins import (
    FREE_TRIES_OF_NODE,
    FREE_TRIES_OF_STAFF,
    LONGEST_WAIT_S,
    PinCheck,
    Wait,
    Wrong,
    wait_s,
)
from hub.client.sessions import LONGEST_SHIFT_S, Sessions
from hub.client.staff_rows import StaffRows, make_staff_tables
from hub.wire.snapshot import Staff

NOW = 1_790_000_000.0
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash
ADA, BO = Staff("s1", "Ada", HASH("4711")), Staff("s2", "Bo", HASH("0815"))
TABLES = Migrations("staff-test")


@TABLES()
def m001(db: Database) -> None:
    make_staff_tables(db)


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
    pins = PinCheck(rows)
    for _ in range(FREE_TRIES_OF_STAFF):
        assert isinstance(pins.check(ADA, "0000", NOW), Wrong)
    assert isinstance(pins.check(ADA, "4711", NOW), Wait)
    assert pins.check(BO, "0815", NOW) is BO
    assert pins.check(ADA, "4711", NOW + LONGEST_WAIT_S) is ADA


def test_names_that_nobody_has_cost_tries_too(rows: StaffRows) -> None:
    pins = PinCheck(rows)
    for _ in range(FREE_TRIES_OF_NODE):
        assert isinstance(pins.check(None, "0000", NOW), Wrong)
    assert isinstance(pins.check(None, "0000", NOW), Wait)


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
