"""What the installer is shown and led through: the live picture, a walk through the zones, a count of heads.

Pure: `edge.live` hands it questions, and the daemon hands it packets and windows; the clocks are given. While nobody has looked
for a minute, and no walk and no count is under way, it takes nothing in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from edge.calibration import Calibration
from edge.door import Noticed
from edge.fitting import count_fitted, heads_result, walk_fitted, window_figures
from edge.occupancy import Correction
from edge.picture import RadioPicture
from edge.questions import (
    Answer,
    Ear,
    HeadsBegin,
    HeadsDone,
    HeadsEnd,
    HeadsSet,
    HeadsState,
    Look,
    Made,
    OfInstaller,
    OnTheAir,
    PeopleNow,
    Seen,
    Stay,
    WalkBegin,
    WalkDone,
    WalkEnd,
    WalkStand,
)
from edge.recognition import Enrolled
from edge.standing import PHONE, Walk
from edge.tally import COUNT_S, LEAST_WINDOWS, Tally
from hardware.ble.advertisement import Advertisement

LOOKED_S = 60.0
"""The picture is fed so long after the last question: a phone whose screen went dark for a moment finds its five minutes again.
Longer, and a door that nobody looks at works for nobody."""


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """How one receiver is. `trouble` is a sentence, empty where it listens."""

    zone: str
    radio: str
    trouble: str
    heard: int
    dropped: int
    arrive_dbm: int
    depart_dbm: int


class DoorNow(msgspec.Struct, frozen=True, kw_only=True):
    """How the door is at this moment. `at` is UTC; `packets_at` is how far the packets' clock has come, None before the first."""

    at: float
    packets_at: float | None
    clock: str
    simulated: bool
    receivers: tuple[Receiver, ...]
    followed: int
    stays: tuple[Stay, ...]
    visitors: dict[str, int]
    people: PeopleNow | None
    on_air: tuple[OnTheAir, ...]
    calibration: Calibration


class Guide:
    """The installer's view of one door. `zones` are those of its receivers, in their order; `usual` is how names become people
    before anybody has counted; `tags` are this shop's own, and `enrol` brings the others. `models`: whether a model of the zones
    may be made of a walk."""

    def __init__(
        self,
        zones: Sequence[str],
        random_bytes: Callable[[int], bytes],
        tags: Iterable[str] = (),
        usual: Correction | None = None,
        *,
        models: bool = True,
    ) -> None:
        self._zones = tuple(zones)
        self._usual = usual or Correction()
        self._models = models
        self._enrolled: tuple[Enrolled, ...] = ()
        self._random_bytes = random_bytes
        self._tags = tuple(tags)
        self._pictures: list[RadioPicture] = []
        self._look_until = 0.0
        self._walk: Walk | None = None
        self._tally: Tally | None = None
        self._heads_done: Calibration | None = None
        self._walk_done: Calibration | None = None

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """From now on show these as enrolled, and of all enrolled before only these."""
        self._enrolled = tuple(enrolled)
        for picture in self._pictures:
            picture.enrol(self._enrolled)

    def hear(self, packets: Sequence[Advertisement], receiver: int, monotonic: float) -> None:
        """Take in a batch of one receiver; `monotonic` decides when the last look is too long ago."""
        if self._pictures:
            if monotonic > self._look_until:
                self._pictures = []
            elif receiver < len(self._pictures):
                self._pictures[receiver].feed(packets)
        if self._walk is not None:
            self._walk.hear(packets, receiver)
            if self._walk.over and monotonic > self._look_until:
                # Whoever began it has gone.
                self._walk, self._walk_done = None, None

    def notice(self, noticed: Noticed) -> None:
        """Take in what the door has made known: windows pair with heads."""
        if self._tally is not None and noticed.measured and self._heads_done is None:
            self._tally.measured(noticed.measured)

    def answer(
        self, question: OfInstaller, door: DoorNow, monotonic: float
    ) -> tuple[Answer, Calibration | None]:
        """The answer, and the calibration that the door is to go by from now on, where the installer has accepted one.

        What was accepted is kept here until `settle` says that it is in force: a disk that fails costs nobody a walk.
        """
        self._look_until = monotonic + LOOKED_S
        if door.packets_at is not None:
            for part in (self._walk, self._tally):
                if part is not None:
                    part.tick(door.packets_at)
        refused, accepted = "", None
        match question:
            case Look():
                if not self._pictures:
                    self._pictures = [RadioPicture(self._random_bytes, self._tags) for _ in self._zones]
                    self.enrol(self._enrolled)
            case WalkBegin() | WalkStand() | WalkDone() | WalkEnd():
                refused, accepted = self._walk_on(question, door)
            case _:
                refused, accepted = self._count_on(question, door)
        return self._answer(question, door, refused, accepted or door.calibration), accepted

    def settle(self, calibration: Calibration) -> None:
        """What was accepted is in force, and the walk or the count that led to it is over.

        Heads that were counted under other thresholds say nothing of the new ones; a walk was compared with what is no more.
        """
        walked = calibration is self._walk_done
        self._tally, self._heads_done, self._walk_done = None, None, None
        if walked:
            self._walk = None
        elif self._walk is not None:
            self._walk.fitted = None

    def _walk_on(
        self, question: WalkBegin | WalkStand | WalkDone | WalkEnd, door: DoorNow
    ) -> tuple[str, Calibration | None]:
        match question:
            case WalkBegin(sender):
                walk = self._walk
                if walk is not None and not walk.over and walk.fitted is None and sender == walk.sender:
                    walk.hold_again()
                else:
                    self._walk = Walk(self._zones, sender, self._random_bytes, self._tags)
                self._walk_done = None
                return "", None
            case WalkEnd(True):
                return ("nothing-fitted", None) if self._walk_done is None else ("", self._walk_done)
            case WalkEnd():
                self._walk, self._walk_done = None, None
                return "", None
            case WalkStand(place):
                self._walk_done = None
                return (self._walk.stand(place) if self._walk else "no-walk"), None
        if self._walk is None:
            return "no-walk", None
        if not self._walk.complete():
            return "not-complete", None
        fitted = walk_fitted(self._walk, door.calibration, self._zones, door.at, models=self._models)
        if isinstance(fitted, str):
            return fitted, None
        self._walk.fitted, self._walk_done = fitted
        return "", None

    def _count_on(self, question: OfInstaller, door: DoorNow) -> tuple[str, Calibration | None]:
        match question:
            case HeadsBegin(heads):
                if door.packets_at is None:
                    return "nothing-heard", None
                self._tally, self._heads_done = Tally(heads, door.packets_at), None
                return "", None
            case HeadsEnd(True):
                return ("nothing-fitted", None) if self._heads_done is None else ("", self._heads_done)
            case HeadsEnd():
                self._tally, self._heads_done = None, None
                return "", None
        if self._tally is None:
            return "no-count", None
        match question:
            case HeadsSet(heads, paused):
                if self._heads_done is None:
                    self._tally.tap(heads, paused=paused)
            case HeadsDone():
                return self._count_done(door), None
        return "", None

    def _count_done(self, door: DoorNow) -> str:
        if self._tally is None or len(self._tally.counted) < LEAST_WINDOWS:
            return "too-few-windows"
        self._tally.tap(self._tally.heads, paused=True)
        self._heads_done = count_fitted(self._tally.counted, door.calibration, door.at)
        return ""

    def _answer(self, question: OfInstaller, door: DoorNow, refused: str, calibration: Calibration) -> Answer:
        beacons = [one for picture in self._pictures for one in picture.beacons()]
        senders = [f"{one.type}:{one.says}" for one in beacons if one.says and one.type != "eddystone-tlm"]
        return Answer(
            refused=refused,
            seen=self._seen(door) if isinstance(question, Look) else None,
            walk=self._walk.state() if self._walk else None,
            heads=self._heads(door),
            made=Made(
                walked_at=calibration.walked_at,
                counted_at=calibration.counted_at,
                counts=len(calibration.counts),
            ),
            zones=self._zones,
            senders=(PHONE, *dict.fromkeys(senders)),
        )

    def _seen(self, door: DoorNow) -> Seen:
        ears = []
        for receiver, picture in zip(door.receivers, self._pictures, strict=True):
            if door.packets_at is not None and picture.began_at is not None:
                picture.tick(door.packets_at)
            ears.append(
                Ear(
                    **{name: getattr(receiver, name) for name in Receiver.__struct_fields__},
                    since_s=0.0 if picture.began_at is None else picture.now - picture.began_at,
                    packets_per_s=picture.packets_per_s(),
                    strips=picture.strips(),
                    histogram=picture.histogram(),
                    beacons=picture.beacons(),
                    beacons_untold=picture.beacons_untold,
                )
            )
        return Seen(
            at=door.at,
            clock=door.clock,
            simulated=door.simulated,
            ears=tuple(ears),
            followed=door.followed,
            stays=door.stays,
            visitors=door.visitors,
            people=door.people,
            on_air=door.on_air,
        )

    def _heads(self, door: DoorNow) -> HeadsState | None:
        tally = self._tally
        if tally is None:
            return None
        if tally.enough and self._heads_done is None:
            self._count_done(door)
        done, today = self._heads_done, door.calibration.correction(self._usual)
        return HeadsState(
            stage="fitted" if done else "paused" if tally.paused else "counting",
            heads=tally.heads,
            counted_s=tally.counted_s,
            wanted_s=COUNT_S,
            least_windows=LEAST_WINDOWS,
            windows=window_figures(tally.counted, today, done.correction(self._usual) if done else None),
            result=heads_result(tally.counted, done, self._usual, today) if done else None,
        )
