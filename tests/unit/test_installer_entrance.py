"""The way in to the installer's pages: a code that is kept as a hash, tries that cost time, sessions that end."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.portal.installer.entrance import (
    CODE_CHARACTERS,
    FREE_TRIES,
    FREE_TRIES_FROM_ANYWHERE,
    LONGEST_WAIT_ANYWHERE_S,
    LONGEST_WAIT_S,
    SESSION_S,
    Entrance,
    NoCode,
    Wait,
    form_mark,
    make_code,
    wait_s,
)
from edge.portal.store import InstallerStore, Tries
from edge.store import DB_FILE, open_pool

NOW = 1_796_000_000.0


class Door:
    """The way in of one node, with a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = open_pool(folder)
        self.store = InstallerStore(self.pool)
        self.now = NOW
        self.chance = random.Random(9).randbytes
        self.entrance = Entrance(self.store, lambda: self.now, self.chance)

    def code(self) -> str:
        return make_code(self.store, self.chance, self.now)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    yield door
    door.pool.close()


def test_the_figures_leave_room_for_each_other() -> None:
    assert CODE_CHARACTERS * 5 == 60
    assert FREE_TRIES < FREE_TRIES_FROM_ANYWHERE
    assert LONGEST_WAIT_ANYWHERE_S < LONGEST_WAIT_S < SESSION_S


def test_the_code_lets_in_however_it_is_typed_and_nothing_else_does(door: Door) -> None:
    code = door.code()
    for typed in (
        code,
        code.lower(),
        f"  {code.replace('-', ' ')} ",
        code.replace("0", "o").replace("1", "l"),
    ):
        token = door.entrance.come_in(typed, "a")
        assert isinstance(token, str)
        assert door.entrance.is_in(token)
    other = code[:-1] + ("A" if code[-1] != "A" else "B")
    for number, typed in enumerate((other, "", "-" * 90, code[:-2], code + "A", "ÄÖÜ")):
        assert door.entrance.come_in(typed, f"b{number}") is None


def test_before_a_code_was_made_there_is_no_way_in(door: Door) -> None:
    assert door.entrance.come_in("AAAA-BBBB-CCCC", "a") == NoCode()


def test_a_new_code_ends_the_one_before_and_its_sessions(door: Door) -> None:
    first = door.code()
    token = door.entrance.come_in(first, "a")
    assert isinstance(token, str)
    second = door.code()
    assert not door.entrance.is_in(token)
    assert door.entrance.come_in(first, "a") is None
    assert isinstance(door.entrance.come_in(second, "a"), str)


def test_wrong_codes_cost_time_also_when_the_power_was_cut_and_the_right_one_is_not_looked_at_meanwhile(
    door: Door,
) -> None:
    code = door.code()
    for _ in range(FREE_TRIES):
        assert door.entrance.come_in("AAAA-AAAA-AAAA", "a") is None
    again = Entrance(door.store, lambda: door.now, door.chance)
    waiting = again.come_in(code, "a")
    assert isinstance(waiting, Wait)
    assert 0 < waiting.seconds <= 5
    assert isinstance(again.come_in(code, "b"), str)
    door.now += waiting.seconds + 0.1
    assert isinstance(again.come_in(code, "a"), str)
    assert again.come_in("AAAA-AAAA-AAAA", "a") is None


def test_many_phones_together_are_slowed_too_but_lock_nobody_out_for_long(door: Door) -> None:
    code = door.code()
    for number in range(FREE_TRIES_FROM_ANYWHERE):
        assert door.entrance.come_in("AAAA", f"phone {number}") is None
    waiting = door.entrance.come_in(code, "the installer")
    assert isinstance(waiting, Wait)
    for _ in range(40):
        door.now += 60
        door.entrance.come_in("AAAA", f"phone {door.now}")
    door.now += LONGEST_WAIT_ANYWHERE_S + 1
    assert isinstance(door.entrance.come_in(code, "the installer"), str)


@pytest.mark.parametrize("count", [0, 1, 5, 6, 9, 30, 10_000])
def test_no_wait_grows_beyond_its_limit_and_a_clock_set_back_locks_nobody_out(count: int) -> None:
    for then in (NOW - 1, NOW, NOW + 10 * 365 * 86_400):
        assert 0 <= wait_s(Tries(count, then), NOW, free=5, longest_s=900) <= 900
    assert wait_s(Tries(count, NOW - 100_000), NOW, free=5, longest_s=900) == 0


def test_a_session_ends_after_two_hours_or_when_it_is_left(door: Door) -> None:
    code = door.code()
    token = door.entrance.come_in(code, "a")
    assert isinstance(token, str)
    door.now += SESSION_S - 1
    assert door.entrance.is_in(token)
    door.now += 2
    assert not door.entrance.is_in(token)
    again = door.entrance.come_in(code, "a")
    assert isinstance(again, str)
    door.entrance.leave(again)
    assert not door.entrance.is_in(again)
    assert not door.entrance.is_in("0" * 64)
    assert not door.entrance.is_in("nonsense")


def test_the_disk_holds_neither_the_code_nor_a_token(door: Door) -> None:
    code = door.code()
    token = door.entrance.come_in(code, "a")
    assert isinstance(token, str)
    door.pool.close()
    with sqlite3.connect(door.folder / DB_FILE) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = conn.execute("SELECT hash FROM installer_code").fetchone()[0]
    conn.close()
    assert kept.startswith("$argon2id$")
    whole = b"".join(path.read_bytes() for path in door.folder.iterdir() if path.is_file())
    for secret in (code, code.replace("-", ""), token, form_mark(token)):
        assert secret.encode() not in whole
    assert bytes.fromhex(token) not in whole
