"""How often somebody may guess a PIN: ten times an hour, whatever they do, and every guess is on disk before it is looked at."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.db import Pool, writing
from hub.client.pins import (
    GUESSES_OF_NODE,
    GUESSES_OF_STAFF,
    WINDOW_S,
    PinCheck,
    Uptime,
    Wait,
    Wrong,
    since_s,
)
from hub.client.staff_rows import StaffRows, Tried, make_staff_tables
from hub.wire.snapshot import Staff

HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash
STAFF = [Staff(f"s{place}", f"Person {place}", HASH(f"{place}{place}{place}{place}")) for place in range(6)]
TABLES = Migrations("staff-test")


@TABLES()
def m001(db: Database) -> None:
    make_staff_tables(db)


class Machine:
    """A node with a true time that only we see; it can be switched off and on at any moment."""

    def __init__(self, path: Path) -> None:
        self.pool = Pool(path, [TABLES])
        self.true_s = 1e9
        self.on_since = self.true_s - 5e4
        self.starts = 0
        self.guesses: dict[str, list[float]] = {}
        self.pins = self._open()

    def _open(self) -> PinCheck:
        return PinCheck(
            StaffRows(self.pool), steady=lambda: Uptime(f"start {self.starts}", self.true_s - self.on_since)
        )

    def restart_program(self) -> None:
        self.pins = self._open()

    def switch_off_and_on(self, takes_s: float) -> None:
        self.true_s += takes_s
        self.on_since = self.true_s
        self.starts += 1
        self.pins = self._open()

    def guess(self, person: Staff) -> float:
        """A wrong PIN; how long the node says to wait."""
        answer = self.pins.check(person, "9876")
        if isinstance(answer, Wait):
            return answer.seconds
        assert isinstance(answer, Wrong)
        self.guesses.setdefault(person.id, []).append(self.true_s)
        self.guesses.setdefault("node", []).append(self.true_s)
        return 0.0

    def sign_in(self, place: int) -> bool:
        """Somebody who works here types their own PIN."""
        person = STAFF[place]
        return self.pins.check(person, person.name[-1] * 4) is person

    def most_in_an_hour(self, who: str) -> int:
        times = self.guesses.get(who, [])
        return max((sum(at <= other < at + WINDOW_S for other in times) for at in times), default=0)


@pytest.mark.parametrize("seed", range(8))
def test_nobody_guesses_more_than_ten_times_an_hour_whatever_they_do(tmp_path: Path, seed: int) -> None:
    """A guesser who knows one PIN, restarts the program, pulls the plug, and comes back when the wait is just over."""
    rnd = random.Random(seed)
    machine = Machine(tmp_path / "node.db")
    for _ in range(350):
        match rnd.randrange(12):
            case 0:
                machine.restart_program()
            case 1:
                machine.switch_off_and_on(rnd.choice([1.0, 20.0, 400.0]))
            case 2:
                # Right PINs in between give nothing back of what was wrong before.
                machine.sign_in(rnd.randrange(len(STAFF)))
            case 3:
                machine.true_s += rnd.choice([0.0, 1.0, 10.0, 900.0, WINDOW_S - 1, WINDOW_S])
            case _:
                person = STAFF[0] if seed % 2 else rnd.choice(STAFF)
                wait = machine.guess(person)
                if wait and rnd.random() < 0.5:
                    machine.true_s += wait + 0.001
    assert machine.most_in_an_hour("node") <= GUESSES_OF_NODE
    for person in STAFF:
        assert machine.most_in_an_hour(person.id) <= GUESSES_OF_STAFF
    assert len(machine.guesses["node"]) >= 20, "the guesser did not really try"


def test_who_waits_as_told_reaches_the_bound_and_is_never_locked_out_for_good(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "node.db")
    for _ in range(60):
        wait = machine.guess(STAFF[0])
        machine.true_s += wait + 0.001 if wait else 0.0
    assert machine.most_in_an_hour("s0") == GUESSES_OF_STAFF
    machine.true_s += WINDOW_S
    assert machine.sign_in(0)


def test_the_right_pin_of_its_owner_forgives_none_of_the_wrong_ones(tmp_path: Path) -> None:
    """Else somebody beside the owner would have ten guesses between any two of the owner's own sign-ins."""
    machine = Machine(tmp_path / "node.db")
    for _ in range(30):
        machine.guess(STAFF[0])
        machine.true_s += 10.0
        machine.sign_in(0)
    assert machine.most_in_an_hour("s0") == GUESSES_OF_STAFF
    assert not machine.sign_in(0)
    machine.true_s += WINDOW_S
    assert machine.sign_in(0)


def test_one_person_cannot_lock_all_the_others_out_of_the_node(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "node.db")
    for _ in range(200):
        machine.true_s += machine.guess(STAFF[0]) and 30.0
    assert machine.sign_in(1)


def test_of_a_try_before_the_last_start_only_the_start_is_certain() -> None:
    now = Uptime("b", 120.0)
    assert since_s(Tried("b", 100.0, 1), now) == 20.0
    assert since_s(Tried("a", 1e9, 1), now) == 120.0
    assert since_s(Tried("b", 500.0, 1), now) == 0.0


def test_the_total_counts_every_wrong_pin_and_no_right_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "node.db")
    for _ in range(3):
        machine.guess(STAFF[0])
    machine.true_s += 60.0
    assert machine.sign_in(0)
    assert machine.sign_in(1)
    rows = StaffRows(machine.pool)
    with writing(machine.pool.here()) as conn:
        assert rows.wrong_pins(conn, "staff s0") == (3, 0)
        assert rows.wrong_pins(conn, "staff s1") == (0, 0)
        assert rows.wrong_pins(conn, "node")[0] == 3
