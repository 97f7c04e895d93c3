"""Printed codes: batches, and the promise that a code never has more devices in than it was made for."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ways_door import NOW, Door, at

from edge.gate.protocol import Limits
from edge.portal.ways.batches import LEAST_LASTS_S, MOST_CODES, MOST_LASTS_S, MOST_USES, Wish
from edge.portal.ways.entry import Admitted
from hub.wire.coupon import read_code

USUAL = Wish(3, 3_600, NOW + 86_400)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path, ways=("code",))
    yield door
    door.close()


def test_a_batch_can_be_printed_listed_counted_and_ended(door: Door) -> None:
    wish = Wish(24, 7_200, NOW + 86_400, 2, Limits(1, 2, 3), "Breakfast guests")
    batch = door.vouchers.make(wish, "s1", NOW)
    codes = door.vouchers.unused(batch.id)
    assert [number for number, _ in codes] == list(range(1, 25))
    assert len({code for _, code in codes}) == 24
    assert all(read_code(code) == code for _, code in codes)
    door.come_in(at(2, "code", codes[4][1]))
    door.come_in(at(3, "code", codes[7][1]))
    door.later(7_201)
    door.come_in(at(4, "code", codes[9][1]))
    (counted,) = door.vouchers.latest(door.now)
    assert (counted.batch, counted.begun, counted.lasting) == (batch, 3, 1)
    assert counted.runs(door.now)
    assert [number for number, _ in door.vouchers.unused(batch.id)] == [
        n for n in range(1, 25) if n not in (5, 8, 10)
    ]
    assert door.vouchers.end(batch.id, door.now)
    assert not door.vouchers.end(batch.id, door.now)
    assert not door.vouchers.end("nothing", door.now)
    (counted,) = door.vouchers.latest(door.now)
    assert counted.batch.ended_at == door.now
    assert not counted.runs(door.now)
    assert door.vouchers.unused(batch.id) == []
    assert door.vouchers.find(batch.id) == counted.batch
    assert door.vouchers.find("nothing") is None


@pytest.mark.parametrize(
    "wish",
    [
        Wish(0, 3_600, NOW + 60),
        Wish(MOST_CODES + 1, 3_600, NOW + 60),
        Wish(1, LEAST_LASTS_S - 1, NOW + 60),
        Wish(1, MOST_LASTS_S + 1, NOW + 60),
        Wish(1, 3_600, NOW),
        Wish(1, 3_600, NOW + 500 * 86_400),
        Wish(1, 3_600, NOW + 60, 0),
        Wish(1, 3_600, NOW + 60, MOST_USES + 1),
        Wish(1, 3_600, NOW + 60, what_for="x" * 81),
    ],
)
def test_a_batch_that_makes_no_sense_is_not_made(door: Door, wish: Wish) -> None:
    with pytest.raises(ValueError, match="no such batch"):
        door.vouchers.make(wish, "s1", NOW)
    assert door.vouchers.latest(NOW) == []


def test_the_largest_batch_is_made_in_one_go_and_old_ones_go(door: Door) -> None:
    old = door.vouchers.make(USUAL, "s1", NOW)
    code = door.vouchers.unused(old.id)[0][1]
    door.come_in(at(2, "code", code))
    door.later(200 * 86_400)
    new = door.vouchers.make(Wish(MOST_CODES, MOST_LASTS_S, door.now + 60), "s1", door.now)
    assert [one.batch.id for one in door.vouchers.latest(door.now)] == [new.id]
    assert len(door.vouchers.unused(new.id)) == MOST_CODES
    assert door.vouchers.look_up(code) is None


class Guests(RuleBasedStateMachine):
    """Phones come in with few codes from several threads, leave, run out, are ended; the portal dies."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.door = Door(Path(self.folder.name), ways=("code",))
        self.uses: dict[str, int] = {}
        self.batch_of: dict[str, str] = {}
        self.ended: set[str] = set()
        # By which code each phone came in last, as the gate and nobody else knows it.
        self.by: dict[str, str] = {}

    def teardown(self) -> None:
        self.door.close()
        self.folder.cleanup()

    @initialize(uses=st.lists(st.integers(1, 3), min_size=1, max_size=3))
    def make(self, uses: list[int]) -> None:
        for quota in uses:
            batch = self.door.vouchers.make(Wish(1, 3_600, self.door.now + 7_200, quota), "s1", self.door.now)
            code = self.door.vouchers.unused(batch.id)[0][1]
            self.uses[code], self.batch_of[code] = quota, batch.id

    @rule(
        crowd=st.lists(st.tuples(st.integers(2, 7), st.integers(0, 2)), min_size=1, max_size=6),
        seed=st.integers(0, 9),
    )
    def come_in_at_once(self, crowd: list[tuple[int, int]], seed: int) -> None:
        codes = list(self.uses)
        random.Random(seed).shuffle(crowd)
        # A phone sends one form at a time.
        forms = {n: codes[which % len(codes)] for n, which in crowd}
        together = threading.Barrier(len(forms))
        wrong: list[BaseException] = []

        def one(n: int, code: str) -> None:
            try:
                entry = at(n, "code", code)
                together.wait(10)
                answer = self.door.desk.enter(entry, self.door.now)
                if isinstance(answer, Admitted):
                    self.door.keeper.let_in(entry.place, answer.grant, self.door.now)
                    self.by[entry.place] = code
                    self.door.desk.opened(entry, answer, self.door.now)
            except BaseException as trouble:
                wrong.append(trouble)

        threads = [threading.Thread(target=one, args=form) for form in forms.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert wrong == []

    @rule(n=st.integers(2, 7))
    def leave(self, n: int) -> None:
        phone = self.door.keeper.phone_at(f"10.77.0.{n}")
        assert phone is not None
        self.door.keeper.end(phone, self.door.now)

    @rule(seconds=st.sampled_from([1, 600, 3_000]))
    def wait(self, seconds: int) -> None:
        self.door.later(seconds)

    @precondition(lambda self: len(self.ended) < len(self.uses))
    @rule(which=st.integers(0, 2))
    def end_a_batch(self, which: int) -> None:
        code = list(self.uses)[which % len(self.uses)]
        self.door.vouchers.end(self.batch_of[code], self.door.now)
        for guest in self.door.keeper.guests(self.door.now):
            if guest.standing.grant is not None and guest.standing.grant.batch == self.batch_of[code]:
                self.door.keeper.end(guest.phone, self.door.now)
        self.ended.add(code)

    @invariant()
    def never_more_devices_than_the_code_is_for(self) -> None:
        inside = self.door.gate.inside()
        for code, quota in self.uses.items():
            here = [ip for ip in inside if self.by.get(ip) == code]
            assert len(here) <= (0 if code in self.ended else quota), (code, here)

    @invariant()
    def never_more_places_than_the_code_has(self) -> None:
        for code, quota in self.uses.items():
            voucher = self.door.vouchers.look_up(code)
            assert voucher is not None
            assert len(self.door.store.slots(voucher.hash)) <= quota


TestGuests = Guests.TestCase
TestGuests.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
