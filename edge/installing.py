"""The installer's side of a running door: feeds the guide, answers the pages, puts what is accepted on disk and in force."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from edge.air_health import why as why_on_air
from edge.calibration import FILE, Calibration, read_calibration, write_calibration
from edge.config import Config
from edge.door import Door, Noticed
from edge.fitting import for_one_zone
from edge.guide import DoorNow, Guide, Receiver
from edge.live import Live
from edge.occupancy import Correction, Occupancy
from edge.questions import Answer, MemberNotes, OnTheAir, PeopleNow, Question, Stay
from edge.receivers import Receivers
from edge.recognition import Enrolled
from edge.visits import USUAL
from hardware.ble.advertisement import Advertisement
from hardware.ble.broadcast import OnAir
from hub.client.files import write_whole
from hub.wire.snapshot import Text

logger = logging.getLogger(__name__)

Say = Callable[[str, bool, float, Text], object]
"""`Watch.say`: a warning's code, whether it holds, when, its detail."""


class Installing:
    """What the daemon feeds. `on_air` says what this door itself has on the air, `notes` what a member is to be told."""

    def __init__(
        self,
        config: Config,
        door: Door,
        receivers: Receivers,
        random_bytes: Callable[[int], bytes],
        notes: Callable[[MemberNotes], Awaitable[Answer]],
        on_air: Callable[[], Sequence[OnAir]] = tuple,
    ) -> None:
        """Put this node's calibration in force. Where its file is none the usual figures hold, and `look` says so."""
        self._folder = config.dir
        self._zones = config.zones
        self._usual = config.correction
        self._door = door
        self._receivers = receivers
        self._notes = notes
        self._on_air = on_air
        # A walk is heard by this node's own receivers; a model of them alone does not fit a door that counts for others too.
        models = not config.neighbours
        self._guide = Guide(config.zones, random_bytes, config.tags, config.correction, models=models)
        self._windows: dict[str, Occupancy] = {}
        self._heard_at: float | None = None
        self._live = Live(config.dir, self.answer)
        self.calibration, self._unreadable = load_calibration(config.dir)
        if self.calibration != Calibration():
            self._adjust(self.calibration)

    async def run(self) -> None:
        """Answer the pages until cancelled."""
        await self._live.run()

    def look(self, say: Say, now: float) -> None:
        """Find out what is wrong with what the installer has set."""
        say("calibration-unreadable", bool(self._unreadable), now, self._unreadable)

    def hear(self, packets: Sequence[Advertisement], receiver: int) -> None:
        """What a receiver heard; next to nothing while nobody looks. What neighbours hear has no address and is not shown."""
        if receiver < len(self._zones):
            self._heard_at = packets[-1].at
            self._guide.hear(packets, receiver, time.monotonic())

    def notice(self, noticed: Noticed) -> None:
        """What the door has made known."""
        for window in noticed.measured:
            self._windows[window.zone] = window
        self._guide.notice(noticed)

    def enrol(self, enrolled: Iterable[Enrolled]) -> None:
        """From now on these are recognised."""
        self._guide.enrol(enrolled)

    async def answer(self, question: Question) -> Answer:
        """The answer to one question; an accepted calibration is on disk and in force before it is given."""
        if isinstance(question, MemberNotes):
            return await self._notes(question)
        answer, accepted = self._guide.answer(question, self.now(), time.monotonic())
        if accepted is None:
            return answer
        try:
            await asyncio.to_thread(write_whole, self._folder / FILE, write_calibration(accepted), 0o600)
        except OSError as wrong:
            logger.warning("calibration not written: %s", wrong.strerror or wrong)
            return Answer(refused="disk", detail=f"{wrong.strerror or wrong}.")
        self.calibration, self._unreadable = accepted, {}
        self._adjust(accepted)
        self._guide.settle(accepted)
        logger.info("calibrated thresholds=%s counts=%d", accepted.thresholds, len(accepted.counts))
        return answer

    def now(self) -> DoorNow:
        """How the door is at this moment."""
        door, clock = self._door, self._receivers.clock
        # A door that hands everything to the main one counts nothing, and its time stands still.
        packets_at = self._heard_at if door.now is None else max(door.now, self._heard_at or 0.0)
        return DoorNow(
            at=time.time(),
            packets_at=packets_at,
            clock=clock,
            simulated=self._receivers.simulated,
            receivers=tuple(self._receiver(number) for number in range(len(self._zones))),
            followed=door.followed,
            stays=self._stays(packets_at or 0.0),
            visitors=self._visitors(),
            people=self._people(packets_at or 0.0),
            on_air=tuple(
                OnTheAir(
                    type=one.type,
                    state=one.state,
                    interval_ms=one.interval_ms,
                    power_dbm=one.power_dbm,
                    why=why_on_air(one),
                )
                for one in self._on_air()
            ),
            calibration=self.calibration,
        )

    def _receiver(self, number: int) -> Receiver:
        scanner = self._receivers.scanners[number]
        thresholds = self.calibration.thresholds[number : number + 1] or (USUAL,)
        return Receiver(
            zone=self._zones[number],
            radio=scanner.description or scanner.name,
            trouble=scanner.trouble.sentence if scanner.trouble else "",
            heard=scanner.heard,
            dropped=scanner.dropped,
            arrive_dbm=thresholds[0].arrive_dbm,
            depart_dbm=thresholds[0].depart_dbm,
        )

    def _stays(self, now: float) -> tuple[Stay, ...]:
        return tuple(
            Stay(
                id=why.visit,
                zone=why.zone,
                rank=why.rank,
                since_s=max(0.0, now - why.since),
                silent_s=max(0.0, now - why.heard_at),
                level_dbm=why.level_dbm,
                peak_dbm=why.peak_dbm,
                depart_dbm=why.depart_dbm,
            )
            for why in sorted(self._door.explain(), key=lambda why: why.since)[:MOST_STAYS]
        )

    def _visitors(self) -> dict[str, int]:
        counts = dict.fromkeys(self._door.zones, 0)
        for why in self._door.explain():
            counts[why.zone] = counts.get(why.zone, 0) + 1
        return counts

    def _people(self, now: float) -> PeopleNow | None:
        """All zones together. Their bands are added, which is wider than need be: their errors are not all the same ones."""
        windows = list(self._windows.values())
        if not windows:
            return None
        correction = self._correction()
        return PeopleNow(
            people=sum(one.people for one in windows),
            low=sum(one.low for one in windows),
            high=sum(one.high for one in windows),
            addresses=sum(one.addresses for one in windows),
            window_s=windows[0].window_s,
            age_s=max(0.0, now - max(one.at for one in windows)),
            reached=min(one.working.reached for one in windows),
            names=sum(one.working.names for one in windows),
            phones_per_person=correction.phones_per_person,
            things=correction.things,
            by_chance=sum(one.working.by_chance for one in windows),
            by_doubt=sum(one.working.by_doubt for one in windows),
            counted_by_hand=bool(self.calibration.counts),
        )

    def _correction(self) -> Correction:
        return self.calibration.correction(self._usual)

    def _adjust(self, calibration: Calibration) -> None:
        self._door.adjust(calibration.thresholds, for_one_zone(self._correction(), len(self._door.zones)))
        try:
            self._door.use_model(calibration.model)
        except ValueError as wrong:
            # Radios were added or taken away, or zones renamed, since somebody stood in them.
            logger.warning("%s", wrong)
            self._unreadable = {"en": str(wrong), "zh": "接收器与校准时不同，请重新站位测量。"}
            self._door.use_model(None)


MOST_STAYS = 200
"""Visits that are told one by one; the longest first. A page with more is read by nobody."""


def load_calibration(folder: Path) -> tuple[Calibration, Text]:
    """What is in force in this folder, and what is wrong with its file. A damaged one must not keep a door from counting."""
    try:
        return read_calibration((folder / FILE).read_bytes()), {}
    except FileNotFoundError:
        return Calibration(), {}
    except (OSError, ValueError) as wrong:
        logger.warning("calibration not read: %s", wrong)
        said = f"{FILE} cannot be read: {wrong.strerror}." if isinstance(wrong, OSError) else str(wrong)
        return Calibration(), {"en": said, "zh": f"请删除 {FILE}，然后重新校准。"}
