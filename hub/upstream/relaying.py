"""The shop's side: its journal goes up step by step, head office's sections come down, and what this hub lost comes back.

Own cursor, own back-off: nothing in the shop waits for head office. One process of a hub at a time does it (`chain.hold`).
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.client.link import Link, SignedLink
from hub.client.node import NODE_FILE, Node
from hub.ingest import own_epoch
from hub.store.base import Store
from hub.store.chain_records import UpstreamRecord
from hub.upstream.chain_rights import held_of_chain
from hub.upstream.line import FOLDER, node_at_head_office, signed_link
from hub.upstream.taking import take_all
from hub.wire.chain import RELAY_BATCH, RELAY_BYTES, Relay, Relayed
from hub.wire.identity import read_public
from hub.wire.sealing import BadSeal
from hub.wire.session import Adopt, Retry, Session, TellAgain
from hub.wire.snapshot import BadSnapshot, read_section
from hub.wire.sync import Books, Problem, SyncReply, SyncRequest

logger = logging.getLogger(__name__)

TIMEOUT_S = 15.0
PROBE_S, PROBE_EVENTS = 2.0, 20
"""After a failure little is sent, and its answer is not waited for long: a line that is whole again is found soon, and one that
is slow is not taken for cut."""

LONGEST_WAIT_S = 1.0
"""Between two tries. Devices of a shop double theirs up to a minute; the hubs of a chain are few."""

REFRESH_S = 5.0
"""How often head office is asked while all is well: what it publishes is in the shops within this, and theirs within as much."""

POLL_S = 0.5
FIRST_S = 2.0
"""How long a start waits for head office: nobody in the shop is to notice that it is away."""

HOLD_S = 60.0
"""Longer than one step with its answer, so that no two processes send the same."""

RELEASE = "Head office's hub takes no journals of shops. Bring it to this release."

_reply = msgspec.json.Decoder(SyncReply)


@dataclass(frozen=True, slots=True)
class Step:
    """What one exchange did. `left`: there is more to send or to ask for."""

    sent: int = 0
    got_back: int = 0
    left: bool = False
    retry: Retry | None = None


class Upstream:
    """One shop's exchange with head office. `jitter` draws from 0 to 1."""

    def __init__(
        self,
        store: Store,
        node: Node,
        link: SignedLink,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self.node = node
        """Who this hub is at head office."""

        self.link = link
        self._clock = clock
        self._jitter = jitter
        self._session = Session(node.device, read_public(node.hub))
        self._retold = 0

    def once(self) -> Step:
        """One step: facts up, sections down, what was lost back. Raises only StorageError."""
        record = self.standing()
        position = record.sent
        probes = record.failing_since is not None
        most = PROBE_EVENTS if probes else RELAY_BATCH
        texts = self._store.chain.events_after(position, most, RELAY_BYTES)
        last = max(position + len(texts), self._store.journal.last_position())
        relay = Relay(
            record.journal, position, last, tuple(msgspec.Raw(text) for text in texts), record.recall
        )
        books = self._books()
        digest = hashlib.sha256(msgspec.json.encode(books)).hexdigest()
        asked = SyncRequest(
            have=self._store.chain.have(),
            clock=self._clock.state(),
            rights=held_of_chain(self._store),
            answered=self.link.answered,
            retold=self._retold,
            relay=relay,
            books=books if digest != record.books else None,
        )
        reply = self.link.post("/v1/sync", msgspec.json.encode(asked), PROBE_S if probes else TIMEOUT_S)
        self._go_above(reply.status, reply.body)
        effects = self._session.receive([], reply.status, reply.body, jitter=self._jitter())
        retry = next((one for one in effects if isinstance(one, Retry)), None)
        relayed = None if retry is not None else _reply.decode(reply.body).relayed
        if retry is None and relayed is None:
            retry = Retry(REFRESH_S, "too_old", RELEASE)
        if retry is not None or relayed is None:
            self._note_trouble(retry or Retry(REFRESH_S, "too_old", RELEASE))
            return Step(retry=retry)
        for effect in effects:
            match effect:
                case Adopt(manifest, signed):
                    bodies = {name: bytes(body) for name, body in signed.sections.items()}
                    self._store.chain.adopt(manifest.sections, bodies)
                case TellAgain(again):
                    # It was set back, and asks for what it has not got: the cursor sees to that.
                    self._retold = again.number
        return self._carry_out(relay, relayed, digest)

    def drain(self, most: int = 10_000) -> Step:
        """Step by step until nothing is left or something fails; the last step, with all that was sent and got back."""
        sent = got_back = 0
        step = Step()
        for _ in range(most):
            step = self.once()
            sent, got_back = sent + step.sent, got_back + step.got_back
            if step.retry is not None or not step.left:
                break
        return replace(step, sent=sent, got_back=got_back)

    def standing(self) -> UpstreamRecord:
        """Where this shop stands with head office, by the journal that it writes now. A hub that was set back to a backup asks
        for everything since that backup, and tells its journal again from the beginning: it is told by its ids what is known."""
        with self._store.writing():
            record = self._store.chain.upstream()
            if record is None:
                record = UpstreamRecord(self.node.device, self._clock.now(), own_epoch(self._store))
                self._store.chain.put_upstream(record)
            epoch = own_epoch(self._store)
            if record.journal != epoch:
                recall = record.there if record.recall is None else min(record.there, record.recall)
                record = replace(record, journal=epoch, sent=0, recall=recall)
                self._store.chain.put_upstream(record)
        return record

    def _carry_out(self, relay: Relay, relayed: Relayed, books: str) -> Step:
        now = self._clock.now()
        store = self._store
        with store.writing():
            record = store.chain.upstream()
            if record is None or record.journal != relay.journal:
                return Step(left=True)
            back = take_all(store, relayed.recalled, now, self.node.device)
            sent = min(relayed.upto, relay.after + len(relay.events))
            recall = record.recall
            if relayed.recalled_upto is not None and relay.recall == record.recall:
                recall = relayed.recalled_upto if relayed.more else None
            if relayed.set_back and own_epoch(store) == relay.journal:
                # Every node is asked, too: what the tills know, head office may not have heard yet.
                store.setback.begin(record.reached_at or now, now)
                logger.warning("this hub was set back to a backup: head office has what it lost")
            record = replace(
                record,
                sent=sent,
                # What it has beyond that is what is asked for next.
                there=record.there if relayed.set_back else relayed.at,
                recall=recall,
                books=books,
                reached_at=now,
                failing_since=None,
                code="",
                sentence="",
                parked=record.parked + relayed.parked,
                got_back=record.got_back + back.new,
                got_back_at=now if back.new else record.got_back_at,
            )
            store.chain.put_upstream(record)
            left = recall is not None or relayed.set_back or sent < store.journal.last_position()
        return Step(max(0, sent - relay.after), back.new, left)

    def _note_trouble(self, retry: Retry) -> None:
        now = self._clock.now()
        with self._store.writing():
            record = self._store.chain.upstream()
            if record is not None:
                since = now if record.failing_since is None else record.failing_since
                changed = replace(record, failing_since=since, code=retry.code, sentence=retry.sentence)
                if changed != record:
                    self._store.chain.put_upstream(changed)

    def _books(self) -> Books:
        shop = self._store.shop.get()
        assert shop is not None  # noqa: S101 - a hub opens only with a shop
        return Books(shop, tuple(self._store.devices.keys()))

    def _go_above(self, status: int, body: bytes) -> None:
        if status != 409:
            return
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if problem.highest is not None:
            self.link.count_above(problem.highest)


class HeadOffice:
    """Head office as this process knows it: found once the shop has joined, whoever joined it, and gone once it has left."""

    def __init__(self, store: Store, folder: Path, clock: Clock, link: Link | None = None) -> None:
        self._store = store
        self._folder = folder
        self._clock = clock
        self._link = link
        self._lock = threading.Lock()
        self._found: Upstream | None = None

    def upstream(self) -> Upstream | None:
        """The exchange with it; None while this shop stands alone."""
        with self._lock:
            if not (self._folder / FOLDER / NODE_FILE).exists():
                self._found = None
                return None
            node = node_at_head_office(self._folder)
            if node is None:
                self._found = None
            elif self._found is None or self._found.node.record != node.record:
                link = signed_link(self._store, node, self._link)
                self._found = Upstream(self._store, node, link, self._clock)
            return self._found


class UpstreamSyncer:
    """Exchanges with head office in a thread of its own: soon after something happened, and every few seconds in any case."""

    def __init__(self, office: HeadOffice, store: Store, name: str) -> None:
        self._office = office
        self._store = store
        self._name = name
        self._stopping = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)

    def start(self) -> None:
        """Begin, and wait a moment for the first answer: a hub that was set back is to know it before it decides anything."""
        self._thread.start()
        self._tried.wait(FIRST_S)

    def stop(self, timeout_s: float = TIMEOUT_S) -> None:
        """End; what is left goes up after the next start."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        hold_until = refresh_at = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            if now >= hold_until and (now >= refresh_at or self._waits()):
                hold_until = time.monotonic() + self._try()
                self._tried.set()
                refresh_at = hold_until + REFRESH_S
            self._stopping.wait(POLL_S)

    def _waits(self) -> bool:
        try:
            record = self._store.chain.upstream()
            return record is not None and self._store.journal.last_position() > record.sent
        except StorageError:
            return False

    def _try(self) -> float:
        """Steps until nothing is left; how long to wait before the next."""
        try:
            upstream = self._office.upstream()
            return REFRESH_S if upstream is None else self._steps(upstream)
        except StorageError as wrong:
            logger.warning("head office: %s", wrong)
            return REFRESH_S

    def _steps(self, upstream: Upstream) -> float:
        upstream.standing()
        try:
            while not self._stopping.is_set():
                now = time.time()
                if not self._store.chain.hold(self._name, now, now + HOLD_S):
                    return REFRESH_S
                step = upstream.once()
                if step.retry is not None:
                    return min(step.retry.after_s, LONGEST_WAIT_S)
                if not step.left:
                    break
        finally:
            self._store.chain.let_go(self._name)
        return 0.0


def pepper_from_above(store: Store, office: HeadOffice) -> bytes | None:
    """What lies beneath the PINs of head office's staff (`hub.wire.pins`), which came sealed to this hub; None where none did."""
    upstream = office.upstream()
    body = store.chain.section("pepper") if upstream is not None else None
    if upstream is None or body is None:
        return None
    try:
        return upstream.node.open(read_section(body, str))
    except (BadSnapshot, BadSeal):
        return None
