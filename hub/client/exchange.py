"""The exchange with the hub, driven: facts go up in batches, the snapshot comes down, trouble waits and tries again."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hub.client.clock import Clock
from hub.client.configured import Telling, keep_settings
from hub.client.db import StorageError, writing
from hub.client.forgetting import NodeForgetting
from hub.client.joins import Joins, JoinSender
from hub.client.link import SignedLink
from hub.client.node import Node
from hub.client.outbox import HEARD_EVERY_S, Outbox
from hub.client.pace import Pace
from hub.client.renewing import renew, settle
from hub.client.retelling import Decided, keep, nothing_decided, tell_again, told
from hub.client.rights import held
from hub.client.shelf import Shelf
from hub.wire.identity import read_public
from hub.wire.session import Ack, Adopt, Effect, Park, Renew, Retry, Session, SetClock, TellAgain
from hub.wire.snapshot import BadSnapshot
from hub.wire.sync import Problem, Retell

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
REFRESH_S = 5.0
"""How old a node's snapshot may be while all is well: a published offer shows within this."""

POLL_S = 0.5
"""How often the outbox is looked at: another program of the same node may have written into it."""

ANEW_S = REFRESH_S - 2 * POLL_S
"""How long after an exchange the next is due. It is noticed up to a look later and takes its own time: so `REFRESH_S` holds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one exchange did."""

    sent: int = 0
    acked: int = 0
    parked: int = 0
    adopted: bool = False
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the node stands with its hub. Times are seconds of UTC; `sentence` says what is wrong, for people.

    `since`: when `code` came up first, None while the hub is reached.
    """

    reached: bool
    last_reached_at: float | None
    code: str = ""
    sentence: str = ""
    since: float | None = None


class Exchange:
    """One node's exchange. `jitter` draws from 0 to 1; `steady` counts seconds and never jumps."""

    def __init__(
        self,
        node: Node,
        outbox: Outbox,
        shelf: Shelf,
        link: SignedLink,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        decided: Decided = nothing_decided,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._session = Session(node.device, read_public(node.hub))
        self._outbox = outbox
        self._shelf = shelf
        self._link = link
        self._clock = clock
        self._jitter = jitter
        self._decided = decided
        self._steady = steady
        self._pace = Pace()
        self._forgetting = NodeForgetting(outbox.pool, shelf)
        self._telling = Telling(node.folder)
        self._joins = JoinSender(Joins(outbox.pool, node.hub), link, steady)
        self.state = LinkState(reached=False, last_reached_at=None)

    def once(self, limit: int | None = None) -> Outcome:
        """Send the oldest facts, take the verdicts and the snapshot. `limit`: at most so many facts, else as many as the line
        has taken well. Raises only StorageError."""
        limit = self._pace.size if limit is None else limit
        sent = self._outbox.pending(limit)
        settle(self._node, self._clock.now())
        signs_with, _ = self._node.signer(self._clock.now())
        rights = held(self._outbox.pool.here().conn, self._shelf.rights())
        have, clock = self._shelf.have(), self._clock.state()
        # Whoever sends all that waits has told everything: what had to be told again waits before that.
        all_of_it = len(sent) < limit or self._outbox.counts().pending == len(sent)
        retold = told(self._outbox.pool.here().conn) if all_of_it else 0
        body = self._session.request(
            sent,
            have,
            clock,
            rights,
            signs_with,
            answered=self._link.answered,
            retold=retold,
            now=_stamp(self._clock.machine()),
            settings=self._telling.take(),
        )
        begun = self._steady()
        reply = self._link.post("/v1/sync", body, TIMEOUT_S)
        self._pace = self._pace.after(len(sent), reply.status, self._steady() - begun)
        self._go_above(reply.status, reply.body)
        effects = self._session.receive(sent, reply.status, reply.body, jitter=self._jitter())
        outcome = self._carry_out(effects, len(sent))
        if outcome.retry is None:
            self._telling.done()
            self._joins.send()
        self._keep_settings()
        self._forgetting.look()
        self._remember(outcome)
        return outcome

    def drain(self, most: int = 100) -> Outcome:
        """Exchange until nothing waits or something fails; the last outcome."""
        outcome = self.once()
        for _ in range(most):
            if (
                outcome.retry is not None
                or not self._outbox.pending(1)
                or not (outcome.acked or outcome.parked)
            ):
                break
            outcome = self.once()
        return outcome

    def _carry_out(self, effects: list[Effect], sent: int) -> Outcome:
        acked = parked = 0
        adopted = False
        retry: Retry | None = None
        # Verdicts come with the hub's time.
        hub_now = next((effect.now for effect in effects if isinstance(effect, SetClock)), self._clock.now())
        changes = [effect for effect in effects if not isinstance(effect, Retry | SetClock | Renew)]
        if changes:
            with writing(self._outbox.pool.here()) as conn:
                for change in changes:
                    match change:
                        case Ack(ids):
                            keep(conn, ids, hub_now)
                            self._outbox.ack(conn, ids)
                            acked += len(ids)
                        case Park(epoch, seq, reason):
                            self._outbox.park(conn, epoch, seq, reason)
                            parked += 1
                        case TellAgain(asked):
                            self._tell_again(conn, asked)
                        case Adopt(manifest, signed):
                            try:
                                adopted = self._shelf.adopt(conn, manifest, signed, self._clock.now())
                            except BadSnapshot as wrong:
                                logger.warning("snapshot not adopted: %s", wrong)
        for effect in effects:
            match effect:
                case SetClock(now):
                    self._clock.hear_hub(now)
                    self._remember_time(now)
                case Retry():
                    retry = effect
                case Renew():
                    self._renew()
        return Outcome(sent, acked, parked, adopted, retry)

    def _remember_time(self, hub_now: float) -> None:
        """For the next start: the time is later than that, whatever this machine's clock shows then."""
        if abs(hub_now - self._outbox.heard_at()) > HEARD_EVERY_S:
            with writing(self._outbox.pool.here()) as conn:
                self._outbox.hear(conn, hub_now)

    def _keep_settings(self) -> None:
        """What the hub wants is for the next start; a disk that does not take it is tried again."""
        try:
            if keep_settings(self._node.folder, self._shelf.settings()):
                logger.info("the hub gave other settings; they hold from the next start")
        except OSError as wrong:
            logger.warning("settings of the hub could not be kept: %s", wrong)

    def _tell_again(self, conn: sqlite3.Connection, asked: Retell) -> None:
        count = tell_again(conn, self._outbox, asked, self._decided, self._clock.now())
        if count:
            logger.warning("the hub was set back to a backup: facts=%s are told again", count)

    def _remember(self, outcome: Outcome) -> None:
        if outcome.retry is None:
            self.state = LinkState(reached=True, last_reached_at=self._clock.now())
        else:
            before = self.state
            self.state = LinkState(
                reached=False,
                last_reached_at=before.last_reached_at,
                code=outcome.retry.code,
                sentence=outcome.retry.sentence,
                since=before.since if before.code == outcome.retry.code else self._clock.now(),
            )

    def _renew(self) -> None:
        """What goes wrong here is tried again at the next exchange: the hub asks until it has been done."""
        against = renew(self._node, self._link, self._clock.now())
        if against is not None:
            logger.warning("no new key: %s", against.sentence)

    def _go_above(self, status: int, body: bytes) -> None:
        if status != 409:
            return
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if problem.highest is not None:
            self._link.count_above(problem.highest)


def _stamp(at: float) -> float:
    """A time that the wire can carry, whatever a machine's clock shows."""
    return min(max(at, 0.0), 253_402_300_799.0)


class Syncer:
    """Runs an exchange in a thread of its own: soon after a fact was written, and every few seconds in any case."""

    def __init__(self, exchange: Exchange, outbox: Outbox) -> None:
        self._exchange = exchange
        self._outbox = outbox
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)

    @property
    def state(self) -> LinkState:
        """How the node stands with its hub."""
        return self._exchange.state

    def start(self) -> None:
        """Begin. The first exchange starts at once."""
        self._wake.set()
        self._thread.start()

    def kick(self) -> None:
        """Exchange now rather than in a moment, also where it would wait after a failure."""
        self._wake.set()

    def stop(self, timeout_s: float = TIMEOUT_S + 2) -> None:
        """Send what waits, once, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        hold_until = refresh_at = time.monotonic()
        while not self._stopping.is_set():
            woken = self._wake.wait(POLL_S)
            self._wake.clear()
            now = time.monotonic()
            if woken or (now >= hold_until and (now >= refresh_at or self._waits())):
                hold_until = time.monotonic() + self._try()
                refresh_at = hold_until + ANEW_S
        self._try()

    def _waits(self) -> bool:
        try:
            return bool(self._outbox.pending(1))
        except (StorageError, sqlite3.Error):
            return False

    def _try(self) -> float:
        """One round; how long to wait before the next."""
        try:
            outcome = self._exchange.drain()
        except (StorageError, sqlite3.Error) as wrong:
            logger.warning("exchange: %s", wrong)
            return REFRESH_S
        return outcome.retry.after_s if outcome.retry else 0.0
