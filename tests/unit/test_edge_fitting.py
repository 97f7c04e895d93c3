"""What a walk and a count lead to, with one receiver and with several, and that nothing stays of what no longer holds."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from edge.calibration import Calibration
from edge.door import Noticed
from edge.fitting import for_one_zone, rows_of, walk_fitted
from edge.guide import LOOKED_S, DoorNow, Guide, Receiver
from edge.occupancy import Correction, Occupancy, Working
from edge.questions import (
    Answer,
    HeadsBegin,
    HeadsDone,
    HeadsEnd,
    HeadsSet,
    Look,
    Question,
    WalkBegin,
    WalkDone,
    WalkEnd,
    WalkStand,
)
from edge.standing import HOLD_S, OUTSIDE, STAND_S, Walk
from edge.visits import Thresholds
from hardware.ble.advertisement import Advertisement
from hardware.ble.beacon import IBeacon

MINE = "5a:00:00:00:00:01"
# Where one stands -> how strong each of two receivers hears it on average.
HEARD = {"door": (-62, -80), "counter": (-79, -60), OUTSIDE: (-84, -92)}


def hears(rng: random.Random, at: float, level: float) -> Advertisement:
    return Advertisement(MINE, "random", round(level + rng.gauss(0, 2.5)), b"", at)


def walked(zones: Sequence[str], places: dict[str, tuple[int, ...]], seed: int = 1) -> Walk:
    """Somebody who held a phone against the first radio and stood in each place."""
    rng = random.Random(seed)
    walk = Walk(zones, "phone", rng.randbytes)
    at = 0.0
    while walk.state().stage == "hold":
        at += 0.4
        walk.hear([Advertisement(MINE, "random", -38, b"", at)], 0)
        assert at < 2 * HOLD_S
    for place in walk.places:
        assert walk.stand(place) == ""
        until = at + STAND_S + 1
        while at < until:
            at += 0.4
            for receiver, level in enumerate(places[place]):
                walk.hear([hears(rng, at + receiver * 0.005, level)], receiver)
    assert walk.complete()
    return walk


def test_with_one_receiver_the_threshold_lies_between_the_places_and_errs_less() -> None:
    walk = walked(["door"], {"door": (-80,), OUTSIDE: (-92,)})
    found = walk_fitted(walk, Calibration(), ["door"], 5.0)
    assert not isinstance(found, str)
    fitted, calibration = found
    (thresholds,) = calibration.thresholds
    assert -92 < thresholds.arrive_dbm < -80
    assert (calibration.walked_at, calibration.model) == (5.0, None)
    assert (
        fitted.after.inside_wrong + fitted.after.outside_wrong
        < fitted.before.inside_wrong + fitted.before.outside_wrong
    )
    assert fitted.after.arrive_dbm == thresholds.arrive_dbm


def test_places_that_sound_alike_change_nothing() -> None:
    walk = walked(["door"], {"door": (-80,), OUTSIDE: (-79,)})
    assert walk_fitted(walk, Calibration(), ["door"], 5.0) == "no-difference"


@pytest.mark.parametrize("seed", range(5))
def test_with_two_receivers_a_model_tells_the_zones_apart(seed: int) -> None:
    walk = walked(["door", "counter"], HEARD, seed)
    found = walk_fitted(walk, Calibration(), ["door", "counter"], 5.0)
    assert not isinstance(found, str)
    fitted, calibration = found
    assert calibration.model is not None
    assert set(calibration.model.zones) == {"door", "counter", OUTSIDE}
    assert calibration.model.outside == (OUTSIDE,)
    assert fitted.by_model
    assert fitted.after.inside_wrong + fitted.after.outside_wrong <= 0.05


def test_a_door_that_counts_for_others_gets_thresholds_and_no_model() -> None:
    walk = walked(["door", "counter"], HEARD)
    found = walk_fitted(walk, Calibration(), ["door", "counter"], 5.0, models=False)
    assert not isinstance(found, str)
    fitted, calibration = found
    assert (calibration.model, fitted.by_model) == (None, False)
    assert len(calibration.thresholds) == 2
    assert (
        fitted.after.inside_wrong + fitted.after.outside_wrong
        < fitted.before.inside_wrong + fitted.before.outside_wrong
    )


def test_what_two_receivers_hear_at_once_is_one_row() -> None:
    rows = rows_of(walked(["door", "counter"], HEARD), 2)
    both = [row for row in rows if None not in row.strengths_dbm]
    assert len(both) > 0.95 * len(rows)
    assert {row.zone for row in rows} == set(HEARD)
    assert all(row.tag == row.zone for row in rows)


def test_things_are_shared_out_among_zones_and_phones_per_person_are_not() -> None:
    one = for_one_zone(Correction(phones_per_person=0.9, things=2.0, things_doubt=0.4), 4)
    assert (one.phones_per_person, one.things, one.things_doubt) == (0.9, 0.5, 0.1)


class Installed:
    """A guide and the door that it is asked about, with a clock that the test turns."""

    def __init__(self) -> None:
        self.rng = random.Random(2)
        self.guide = Guide(["door"], self.rng.randbytes)
        self.calibration = Calibration()
        self.at = 0.0
        self.monotonic = 0.0

    def ask(self, question: Question) -> Answer:
        answer, accepted = self.guide.answer(question, self.now(), self.monotonic)
        if accepted is not None:
            self.calibration = accepted
            self.guide.settle(accepted)
        return answer

    def now(self) -> DoorNow:
        receiver = Receiver(
            zone="door", radio="r", trouble="", heard=0, dropped=0, arrive_dbm=-75, depart_dbm=-82
        )
        return DoorNow(
            at=1_796_000_000.0 + self.at, packets_at=self.at, clock="wall", simulated=False, receivers=(receiver,), followed=0,
            stays=(), visitors={}, people=None, on_air=(), calibration=self.calibration,
        )  # fmt: skip

    def live(self, seconds: float, level: int = -70) -> None:
        until = self.at + seconds
        while self.at < until:
            self.at += 0.5
            self.monotonic += 0.5
            self.guide.hear([hears(self.rng, self.at, level)], 0, self.monotonic)
            if self.at % 60 == 0:
                window = Occupancy("door", self.at, 60.0, 5.0, 3.0, 8.0, 5, Working(names=5.0))
                self.guide.notice(Noticed(measured=(window,)))

    def walk(self) -> None:
        self.ask(WalkBegin())
        self.live(HOLD_S + 1, -38)
        self.ask(WalkStand("door"))
        self.live(STAND_S + 1, -70)
        self.ask(WalkStand(OUTSIDE))
        self.live(STAND_S + 1, -90)
        assert self.ask(WalkDone()).refused == ""


def test_nothing_is_kept_while_nobody_looks() -> None:
    door = Installed()
    door.live(30)
    seen = door.ask(Look()).seen
    assert seen is not None
    assert seen.ears[0].strips[0].cells == ()
    door.live(30)
    seen = door.ask(Look()).seen
    assert seen is not None
    assert len(seen.ears[0].strips[0].cells) >= 2
    door.live(LOOKED_S + 30)
    seen = door.ask(Look()).seen
    assert seen is not None
    assert seen.ears[0].strips[0].cells == ()


def test_a_walk_that_was_left_is_forgotten_by_itself() -> None:
    door = Installed()
    door.ask(WalkBegin())
    door.live(HOLD_S + 1, -38)
    walk = door.ask(Look()).walk
    assert walk is not None
    assert walk.stage == "ready"
    door.live(700)
    assert door.ask(Look()).walk is None


def test_nothing_changes_before_accept_and_discard_forgets() -> None:
    door = Installed()
    assert door.ask(WalkEnd(accept=True)).refused == "nothing-fitted"
    door.walk()
    assert door.calibration == Calibration()
    assert door.ask(WalkEnd()).walk is None
    assert door.ask(WalkEnd(accept=True)).refused == "nothing-fitted"
    door.walk()
    assert door.ask(WalkStand("door")).refused == ""
    assert door.ask(WalkEnd(accept=True)).refused == "nothing-fitted"
    door.live(STAND_S + 1, -70)
    door.ask(WalkDone())
    assert door.ask(WalkEnd(accept=True)).refused == ""
    assert door.calibration.thresholds[0] != Thresholds()
    assert door.ask(Look()).walk is None


def test_heads_end_the_comparison_of_a_walk_and_a_walk_ends_heads() -> None:
    door = Installed()
    door.walk()
    door.ask(HeadsBegin(5))
    door.live(400)
    assert door.ask(HeadsDone()).refused == ""
    door.ask(HeadsEnd(accept=True))
    assert len(door.calibration.counts) == 1
    assert door.ask(WalkEnd(accept=True)).refused == "nothing-fitted"
    door.ask(WalkEnd())
    door.walk()
    door.ask(HeadsBegin(5))
    door.ask(WalkEnd(accept=True))
    assert door.calibration.counts == ()
    assert door.ask(HeadsSet(6)).refused == "no-count"


def test_a_count_works_itself_out_after_a_quarter_of_an_hour_and_is_refused_before_five_minutes() -> None:
    door = Installed()
    door.ask(HeadsBegin(5))
    door.live(200)
    assert door.ask(HeadsDone()).refused == "too-few-windows"
    door.live(720)
    heads = door.ask(Look()).heads
    assert heads is not None
    assert heads.stage == "fitted"
    assert heads.result is not None
    assert heads.result.heads == 5.0
    assert heads.result.after.low <= 5.0 <= heads.result.after.high
    assert all(one.after is not None for one in heads.windows)


def test_a_beacon_that_is_heard_can_be_carried() -> None:
    shop = "7f3c1b5e-2d84-4a6f-9c10-5e1ab0de11ed"
    said = b"\x02\x01\x06" + IBeacon(shop, 100, 4, -59).encode()
    door = Installed()
    assert door.ask(Look()).senders == ("phone",)
    door.guide.hear([Advertisement("d0:00:00:00:00:05", "random", -71, said, 1.0)], 0, 0.0)
    assert door.ask(Look()).senders == ("phone", f"ibeacon:{shop}/100/4")
