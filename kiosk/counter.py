"""The counter put together: one folder, one journal, one line to the hub, and who watches over them."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from hub.client.clock import Clock
from hub.client.counters import Counters
from hub.client.db import Pool, StorageError
from hub.client.desk import NodeDesk
from hub.client.exchange import Exchange, LinkState, Syncer
from hub.client.link import HttpLink, Link, SignedLink
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.pins import PinCheck, Uptime, uptime
from hub.client.schema import MIGRATIONS_CLIENT
from hub.client.shelf import Shelf
from hub.client.staff_rows import StaffRows
from hub.client.warnings import Shown, Watch
from hub.wire.events import Channel, DeviceHealth
from kiosk.asking import Asking
from kiosk.buying import Purchases
from kiosk.config import Config
from kiosk.device_health import DEVICE_WARNINGS
from kiosk.devices import Devices
from kiosk.health import WARNINGS, Condition, holding
from kiosk.jobs import Jobs
from kiosk.line import ASK_TIMEOUT_S, REFUSING, HubLine
from kiosk.members import MemberDesk
from kiosk.printing import Pages
from kiosk.purse import Purses
from kiosk.purse_telling import both, purses_decided_by_hub
from kiosk.redemption import Redeemer
from kiosk.retelling import decided_by_hub
from kiosk.store import MIGRATIONS_KIOSK, CounterStore
from kiosk.store_jobs import MIGRATIONS_JOBS, JobStore
from kiosk.store_purse import MIGRATIONS_PURSE

logger = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often the counter looks at itself: a till that is cut off says so within this."""

REACH_S = 5.0
"""How often a till that is cut off tries its hub, whatever the exchange's back-off says: staff are waiting for it."""

TELL_S = 300.0
"""How often it tells the hub how it is; at once when a warning comes or goes."""

STOP_CUT_OFF_S = 4.0
"""A hub that has been away is not waited for when the kiosk stops: what waits is on disk, and goes after the next start."""

DB_FILE = "kiosk.db"


class NotEnrolled(Exception):
    """This kiosk has not joined a shop; the text says how it does."""


class Counter:
    """Everything behind the screen and the till. `link`, `clock` and `steady` are given by tests; else the wire and the
    machine's own."""

    def __init__(
        self,
        config: Config,
        *,
        link: Link | None = None,
        clock: Clock | None = None,
        ask_timeout_s: float = ASK_TIMEOUT_S,
        random: Callable[[int], bytes] = os.urandom,
        steady: Callable[[], Uptime] = uptime,
    ) -> None:
        node = Node.load(config.dir)
        if node is None:
            raise NotEnrolled(
                f"The kiosk in {config.dir} has not joined a shop yet. Make a pairing code at the hub, then run: "
                "python -m kiosk enrol CODE --hub ADDRESS"
            )
        if config.hub:
            node.move_hub(config.hub)
        self.config = config
        self.node = node
        self.clock = clock or Clock()
        self.random = random
        self.pool = Pool(
            config.dir / DB_FILE, [MIGRATIONS_CLIENT, MIGRATIONS_KIOSK, MIGRATIONS_JOBS, MIGRATIONS_PURSE]
        )
        self.outbox = Outbox(self.pool, node, self.clock)
        self.shelf = Shelf(self.pool)
        self.store = CounterStore(self.pool)
        signed = SignedLink(link or HttpLink(node.hub_url, node.hub), node, Counters(self.pool))
        self.exchange = Exchange(
            node,
            self.outbox,
            self.shelf,
            signed,
            self.clock,
            decided=both(decided_by_hub(node), purses_decided_by_hub(node)),
        )
        self.syncer = Syncer(self.exchange, self.outbox)
        self.line = HubLine(signed, lambda: self.exchange.state, self.clock.now, timeout_s=ask_timeout_s)
        self.staff_rows = StaffRows(self.pool)
        self.pins = PinCheck(
            self.staff_rows,
            lambda: self.shelf.pepper(node),
            steady,
            lambda: self.shelf.chain_pepper(node),
        )
        self.desk = self._desk("kiosk")
        self.redeemer = Redeemer(
            self.store,
            node,
            self.outbox,
            self.shelf,
            self.clock,
            self.line,
            desk=self._desk("till"),
            flush=self.exchange.once,
        )
        self.members = MemberDesk(node, self.shelf, self.line)
        self.asking = Asking(random)
        self.purses = Purses(self.redeemer.means)
        self.purchases = Purchases(self.pool, node, self.outbox, self.clock)
        self.devices = Devices(config)
        self.jobs = Jobs(
            self.devices.printer,
            JobStore(self.pool),
            Pages(self.store.verdict, self.desk, self.shelf, lambda: node.name),
            self.clock.now,
            drawer=config.drawer == "redeem",
        )
        self.devices.printer_sentence = self.jobs.sentence
        self.watcher = Watcher(self)
        self._stopped = False

    def _desk(self, channel: Channel) -> NodeDesk:
        """What shoppers take at the screen, and what comes with a receipt."""
        return NodeDesk(
            self.pool,
            self.node,
            self.outbox,
            self.shelf,
            channel,
            notice=lambda: self.config.notice,
            clock=self.clock,
            random=self.random,
            low=self.syncer.kick,
        )

    @property
    def state(self) -> LinkState:
        """How the exchange last fared."""
        return self.exchange.state

    def condition(self) -> Condition:
        """How the counter stands now."""
        counts = self.outbox.counts()
        state = self.state
        room = os.statvfs(self.config.dir)
        trouble = self.pool.standing.trouble
        # The hub signs this: there is nothing to wait for before it is told.
        refused = state.code in REFUSING
        return Condition(
            now=self.clock.now(),
            cut_off_since=self.line.cut_off_since(),
            refused_because=state.sentence if refused else "",
            refused_since=state.since if refused else None,
            pending=counts.pending,
            parked=counts.parked,
            oldest_pending_at=counts.oldest_at,
            clock=self.clock.state(),
            snapshot_made_at=self.shelf.made_at(),
            staff=len(self.shelf.staff()),
            disk_free_bytes=room.f_bavail * room.f_frsize,
            disk_trouble=trouble.trouble if trouble is not None else "",
        )

    def start(self) -> None:
        """Begin to exchange and to watch."""
        self.syncer.start()
        self.jobs.start()
        self.devices.start()
        self.watcher.start()

    def stop(self) -> None:
        """End in order: watch no more, read and print no more, ask no more, send once what waits, close the files. May be called
        twice."""
        if self._stopped:
            return
        self._stopped = True
        self.watcher.stop()
        self.devices.stop()
        self.jobs.stop()
        self.line.close()
        if self.line.cut_off_since() is None:
            self.syncer.stop()
        else:
            self.syncer.stop(STOP_CUT_OFF_S)
        self.pool.close()


class Watcher:
    """Looks at the counter every few seconds, tells the hub what changed, and keeps trying a hub that is away."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._watch = Watch((*WARNINGS, *DEVICE_WARNINGS))
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._told: tuple[str, ...] | None = None
        self._told_at = 0.0
        self._reached_for_at = 0.0

    def look(self) -> list[Shown]:
        """What is wrong now, worst first."""
        counter = self._counter
        condition = counter.condition()
        found = [*holding(condition), *counter.devices.holding(), *counter.jobs.holding()]
        with self._lock:
            return self._watch.look(found, condition.now)

    def once(self, monotonic: float) -> None:
        """One round. `monotonic` is seconds of any steady clock."""
        counter = self._counter
        # A disk that has room again is believed once it has taken something: without this, at the next customer only.
        counter.pool.probe()
        shown = self.look()
        if counter.line.cut_off_since() is not None and monotonic - self._reached_for_at >= REACH_S:
            self._reached_for_at = monotonic
            counter.syncer.kick()
        counter.redeemer.settle()
        counter.purses.settle()
        codes = tuple(one.code for one in shown)
        if codes != self._told or monotonic - self._told_at >= TELL_S:
            self._told, self._told_at = codes, monotonic
            counts = counter.outbox.counts()
            fact = DeviceHealth(
                program="kiosk",
                warnings=codes,
                counts={"pending": counts.pending, "parked": counts.parked},
                texts={"name": counter.node.name},
            )
            counter.outbox.record(fact, counter.clock.now())

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; waits for the round that is under way."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(LOOK_S + 5)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.once(time.monotonic())
            except (StorageError, OSError) as wrong:
                logger.warning("watch: %s", wrong)
