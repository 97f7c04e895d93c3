"""The edge as a process: opens the radio, the file and the line to the hub, runs them together, and stops them in order.

The composition root: only here, in `__main__` and in the portal's own start is anything concrete named.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from edge.advertise import beacon_device
from edge.broadcasting import Broadcasting
from edge.config import Config
from edge.door import Door, Noticed
from edge.enrolled import enrolled_of
from edge.facts import facts_of
from edge.health import STATUS_EVERY_S, WARNINGS, RadioStatus, Status, notice, rss_mb, write_status
from edge.installing import Installing
from edge.notes import Notes
from edge.radio_health import deaf, recovered
from edge.receivers import Receivers
from edge.recovery import Verdict
from edge.scan import Batch, Scanner
from edge.stamps import Stamps
from edge.store import EdgeStore, open_pool
from edge.team import Team
from edge.watchdog import notify
from hardware.ble.radio import Radio
from hardware.ble.recovery import UNKNOWN_PLACE, place_of
from hardware.device import open_device
from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import StorageError
from hub.client.exchange import Exchange, Syncer
from hub.client.link import HttpLink, SignedLink
from hub.client.node import Node
from hub.client.outbox import OutboxCounts
from hub.client.shelf import Shelf
from hub.client.warnings import Watch
from hub.wire.events import DeviceHealth, Fact, OccupancyMeasured, VisitClosed
from hub.wire.snapshot import Tag

logger = logging.getLogger(__name__)

TURN_S = 0.25
"""The loop turns at least so often: a stop is answered, and time passes at the door when nobody is heard."""

WRITE_EVERY_S = 1.0
"""Facts that come together are written together: a card bears some thousand syncs an hour, not ten thousand."""

MOST_WAITING_FACTS = 10_000
"""While the disk takes nothing, facts wait in memory (about 5 MB); the oldest go first."""

HEALTH_EVERY_S = 300.0
HEALTH_AT_LEAST_S = 10.0
"""A radio with a loose plug changes its health every second; the hub need not hear of each."""


class Edge:
    """A running edge. `run` returns after an ordered stop."""

    def __init__(
        self,
        config: Config,
        node: Node,
        clock: Clock,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open the file and the line to the hub; the radio is opened by `run`. Raises StorageError and ValueError."""
        self._config = config
        self._clock = clock
        if config.hub:
            node.move_hub(config.hub)
        pool = open_pool(config.dir)
        self._pool = pool
        self._store = EdgeStore(pool, node, clock)
        link = SignedLink(HttpLink(node.hub_url, node.hub), node, Counters(pool))
        self._shelf = Shelf(pool)
        self._key = node.key
        self._tags: list[Tag] = []
        exchange = Exchange(node, self._store.outbox, self._shelf, link, clock)
        self._syncer = Syncer(exchange, self._store.outbox)
        self._receivers = Receivers(config.radios, self._open_radio, time.monotonic)
        zones = (*config.zones, *config.neighbours)
        self._door = Door(zones, random_bytes, config.tags, config.correction, shared=bool(config.neighbours))
        self._team = Team(config, node, self._door, self._shelf, self._receivers.batches)
        self._stamps: Stamps | None = None
        self._health = Watch(WARNINGS)
        self._writer = ThreadPoolExecutor(1, "writer")
        # Not the writer: what is wrong must be told also while the file does not let us write.
        self._teller = ThreadPoolExecutor(1, "teller")
        speaker = beacon_device(config.beacon, config.radios)
        self._broadcasting = Broadcasting(speaker, self._shelf, clock, config.dir, self._teller)
        self._notes = Notes(link.post, lambda: self._syncer.state.reached)
        self._installing = Installing(
            config, self._door, self._receivers, random_bytes, self._notes.answer, self._broadcasting.on_air
        )
        self._waiting: list[Fact] = []
        self._written_at = 0.0
        self._disk_fails = False
        self._visits_closed = 0
        self._occupancy: dict[str, float] | None = None
        self._lost = (0.0, 0)
        self._told: tuple[float, tuple[str, ...]] = (0.0, ("?",))
        self._counts = OutboxCounts(0, 0, None)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then: radio off, visits closed as of their last sighting, written, sent once."""
        self._syncer.start()
        await self._recognise()
        notify("READY=1")
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._receivers.run())
                group.create_task(self._work(stop))
                group.create_task(self._tell(stop))
                speaking = group.create_task(self._broadcasting.run())
                teaming = group.create_task(self._team.run())
                answering = group.create_task(self._installing.run())
                await stop.wait()
                notify("STOPPING=1")
                listening.cancel()
                speaking.cancel()
                teaming.cancel()
                answering.cancel()
        finally:
            await self._finish()

    async def _work(self, stop: asyncio.Event) -> None:
        """Packets to facts to disk. The watchdog is fed here: if this stands still, nothing is counted."""
        played_out = False
        while not stop.is_set():
            batches = await self._receivers.batch(TURN_S)
            now = self._clock.now()
            if batches:
                self._take(self._hear(batches, now), now)
            elif self._receivers.clock == "wall":
                self._take(self._team.tick(time.time()), now)
            elif self._receivers.ended and not played_out:
                played_out = True
                self._take(self._door.stop(), now)
            await self._write(now)
            notify("WATCHDOG=1")

    def _hear(self, batches: list[Batch], now: float) -> Noticed:
        if self._stamps is None:
            self._stamps = Stamps(self._receivers.clock)
        noticed = Noticed()
        for receiver, packets in batches:
            self._stamps.begin(packets[0].at, now)
            noticed += self._team.hear(packets, receiver)
            self._installing.hear(packets, receiver)
        return noticed

    def _take(self, noticed: Noticed, now: float) -> None:
        """Make facts of what was noticed; they wait for the next write."""
        if self._stamps is None:
            return
        self._stamps.correct(now - time.time())
        self._installing.notice(noticed)
        for fact in facts_of(noticed, self._stamps, now, simulated=self._receivers.simulated):
            if isinstance(fact, VisitClosed):
                self._visits_closed += 1
            elif isinstance(fact, OccupancyMeasured):
                self._occupancy = {
                    "people": fact.people,
                    "low": fact.low,
                    "high": fact.high,
                    "addresses": fact.addresses,
                    "window_s": fact.window_s,
                    "at": now,
                }
            self._waiting.append(fact)
        del self._waiting[:-MOST_WAITING_FACTS]

    async def _write(self, now: float, *, at_once: bool = False) -> None:
        """Put the waiting facts on disk; where it does not take them they wait on."""
        if not self._waiting or (not at_once and time.monotonic() - self._written_at < WRITE_EVERY_S):
            return
        self._written_at = time.monotonic()
        facts = list(self._waiting)
        failed = ""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._store.keep, facts, now)
        except StorageError as wrong:
            if not self._disk_fails:
                logger.warning("facts=%d not written: %s", len(facts), wrong)
            self._disk_fails, failed = True, str(wrong)
        else:
            if self._disk_fails:
                logger.info("facts=%d written after all", len(facts))
            self._disk_fails = False
            del self._waiting[: len(facts)]
        self._health.say("disk", self._disk_fails, now, failed)

    async def _tell(self, stop: asyncio.Event) -> None:
        """Write the status file, and the health fact when it is time."""
        while not stop.is_set():
            await self._recognise()
            self._look()
            self._say_health()
            await self._status("listening")
            try:
                async with asyncio.timeout(STATUS_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _recognise(self) -> None:
        """Take over from the snapshot whom this door may recognise."""
        try:
            tags = await asyncio.get_running_loop().run_in_executor(self._teller, self._shelf.tags)
        except (StorageError, sqlite3.Error) as wrong:
            logger.debug("tags not read: %s", wrong)
            return
        if tags != self._tags:
            self._tags = tags
            enrolled, unreadable = enrolled_of(tags, self._key)
            self._team.enrol(enrolled)
            self._installing.enrol(enrolled)
            logger.info("enrolled=%d unreadable=%d", len(enrolled), unreadable)

    def _look(self) -> None:
        """Find out what is wrong now."""
        now, say = self._clock.now(), self._health.say
        for scanner in self._receivers.scanners:
            self._look_at(scanner, now)
        say("replay-ended", self._receivers.ended, now)
        lost = self._receivers.dropped + self._door.turned_away
        if lost > self._lost[1]:
            self._lost = (now, lost)
        say("too-much-heard", self._lost[1] > 0 and now - self._lost[0] < 60, now)
        state = self._syncer.state
        self._team.look(say, now)
        say("hub-silent", not state.reached, now, state.sentence)
        self._broadcasting.look(say, now)
        self._installing.look(say, now)
        say("clock-unset", self._clock.state() == "unset", now)

    def _look_at(self, scanner: Scanner, now: float) -> None:
        """Find out what is wrong with one radio now."""
        say, monotonic, ladder = self._health.say, time.monotonic(), scanner.ladder
        subject = scanner.name if len(self._receivers.scanners) > 1 else None
        trouble, verdict = scanner.trouble, ladder.verdict(monotonic)
        say("radio-missing", trouble is not None, now, trouble.sentence if trouble else "", subject)
        silent = scanner.heard_last is None or monotonic - scanner.heard_last > 5
        quiet = verdict is Verdict.QUIET
        place = place_of(scanner.adapter) if verdict is Verdict.STUCK else UNKNOWN_PLACE
        told = deaf(verdict, ladder.tried, place.kind, place.port)
        say("radio-deaf", silent and not quiet and not scanner.ended.is_set(), now, told, subject)
        say("radio-sparse", scanner.may_miss_repeats, now, "", subject)
        say("radio-quiet", quiet and not scanner.ended.is_set(), now, "", subject)
        back = recovered(ladder.recovered, monotonic)
        say("radio-recovered", back is not None, now, back or "", subject)

    def _say_health(self) -> None:
        """`device.health`: every few minutes, and soon after the warnings have changed."""
        now = self._clock.now()
        codes = tuple(shown.code for shown in self._health.shown(now))
        last, before = self._told
        age_s = time.monotonic() - last
        if last and age_s < (HEALTH_EVERY_S if codes == before else HEALTH_AT_LEAST_S):
            return
        self._told = (time.monotonic(), codes)
        receivers = self._receivers
        self._waiting.append(
            DeviceHealth(
                program="edge",
                warnings=codes,
                counts={
                    "heard": receivers.heard,
                    "dropped": receivers.dropped,
                    "followed": self._door.followed,
                    "visits_closed": self._visits_closed,
                    "pending": self._counts.pending,
                    "parked": self._counts.parked,
                    "rss_mb": rss_mb(),
                },
                texts={
                    "radio": (receivers.description or self._config.radio)[:200],
                    "zone": self._config.zone,
                },
                simulated=receivers.simulated,
            )
        )

    async def _status(self, state: str) -> None:
        """Write the status file; what cannot be written now is written in two seconds."""
        loop, now, receivers = asyncio.get_running_loop(), self._clock.now(), self._receivers
        try:
            counts = self._counts = await loop.run_in_executor(self._teller, self._store.outbox.counts)
            self._health.say("facts-parked", counts.parked > 0, now)
            status = Status(
                pid=os.getpid(),
                at=time.time(),
                state="ended" if state == "listening" and receivers.ended else state,
                zone=self._config.zone,
                radio=self._config.radio,
                radio_name=receivers.description or self._config.radio,
                simulated=receivers.simulated,
                notice=notice(receivers.description, receivers.simulated),
                heard=receivers.heard,
                dropped=receivers.dropped,
                followed=self._door.followed,
                visits_open=self._door.visitors,
                visits_closed=self._visits_closed,
                occupancy=self._occupancy,
                warnings=tuple(self._health.shown(now)),
                pending=counts.pending + len(self._waiting),
                parked=counts.parked,
                hub_reached=self._syncer.state.reached,
                rss_mb=rss_mb(),
                radios=self._radios(),
                on_air=tuple(self._broadcasting.on_air()),
            )
            await loop.run_in_executor(self._teller, write_status, self._config.dir, status)
        except (OSError, StorageError, sqlite3.Error) as wrong:
            logger.debug("status not written: %s", wrong)

    def _radios(self) -> tuple[RadioStatus, ...]:
        now = time.monotonic()
        return tuple(
            RadioStatus(
                receiver=one.receiver,
                name=one.name,
                description=one.description,
                zone=zone,
                heard=one.heard,
                dropped=one.dropped,
                verdict=one.ladder.verdict(now).value,
            )
            for one, zone in zip(self._receivers.scanners, self._config.zones, strict=True)
        )

    async def _finish(self) -> None:
        now = self._clock.now()
        left = self._receivers.waiting()
        if left:
            self._take(self._hear(left, now), now)
        self._take(self._door.stop(), now)
        await self._write(now, at_once=True)
        if self._waiting:
            logger.error("facts=%d could not be written and are lost", len(self._waiting))
        await asyncio.to_thread(self._syncer.stop)
        await self._status("stopped")
        self._notes.close()
        self._writer.shutdown()
        self._teller.shutdown()
        self._pool.close()

    def _open_radio(self, name: str) -> Radio:
        radio: Radio = open_device(name)
        # A name may carry its own pace (ble:sim:speed=10); the setting stands above it where it says anything.
        if radio.simulated and self._config.speed != 1:
            radio.speed = self._config.speed
        return radio


async def serve(config: Config, node: Node, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
    """Run an edge until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Edge(config, node, Clock(), random_bytes).run(stop)
