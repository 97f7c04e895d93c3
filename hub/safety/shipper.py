"""Ships what is committed in the hub's file to the target, some times a second, and looks whether the target has it.

Runs in a process of its own (`python -m hub ship`, which `serve` starts): see `hub.store.shipping` for why, and for what keeps
the log from being begun anew before it was shipped. A line is one unbroken row of segments; where it cannot go on (the log was
lost while nobody shipped, the target lost a piece) a new one begins with a new base copy.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.client.trouble import StorageError, free_bytes
from hub.safety import pieces
from hub.safety.passphrase import Sealer
from hub.safety.pieces import Broken, SegmentHead, digest, segment_name
from hub.safety.targets import Target, TargetError
from hub.safety.wal import FRAME_HEADER, Head, follows, frames
from hub.store.shipping import Files, Reader

logger = logging.getLogger(__name__)

MOST_FRAMES = 4_096
"""In one segment: 16 MiB of pages in memory."""

SHORTEN_BYTES = 64 * 2**20
"""A log of that length is begun anew as soon as there is a gap between two changes."""

MOST_LOG_BYTES = 2**30
LEAST_FREE_BYTES = 200 * 2**20
"""While the target is away the log grows. Beyond this the shop goes first: the line is given up, and a new one begins later."""

TRIES = 20


@dataclass(slots=True)
class Place:
    """How far a line has come: its last number, what the chain comes to, and where in which log that is."""

    line: str
    number: int
    chain: str
    salts: bytes
    frame: int
    checksum: tuple[int, int]
    log_first: int
    latest: str = ""
    latest_digest: str = ""


class LineBroken(Exception):
    """The line cannot go on; the text is a sentence."""


class Shipper:
    """One file and one target. `step` from one thread; `made` and `stand_still` for whoever copies beside it."""

    def __init__(self, path: Path, target: Target, sealer: Sealer, now: Callable[[], float]) -> None:
        self.target = target
        self.sealer = sealer
        self.now = now
        self.place: Place | None = None
        self.files = Files(path)
        self._readers = (Reader(path), Reader(path))
        self._writer = Reader(path)
        self._stands = False
        self.turn = threading.Lock()
        """Held while a step is made."""

    # Where it begins

    def begin(self, closed: str = "") -> None:
        """Go on where the target's newest line ends, or begin a new one. `closed`: the file's stamp when it was left in order."""
        if not self._stands:
            self._readers[0].stand()
            self._stands = True
        if self.place is not None:
            return
        found = latest_place(self.target)
        head = self.files.head()
        if found is not None:
            if self._is_same_log(found, head):
                self.place = found
            elif closed and closed == self.files.stamp():
                found.salts, found.frame, found.checksum = head.salts, 0, (0, 0)
                found.log_first = found.number + 1
                self.place = found
        if self.place is None:
            self.place = new_place(self.now(), head.salts)
        logger.info("backup line=%s from=%d", self.place.line, self.place.number)

    def _is_same_log(self, place: Place, head: Head) -> bool:
        """Whether the log goes on from there: the same one, at least as long, and with the same frame at that place."""
        if head.salts != place.salts or head.frame < place.frame:
            return False
        if place.frame == 0:
            return True
        last = self.files.log(place.frame - 1, 1, head.page_size)
        return any(
            frame.checksum == place.checksum and frame.salts == place.salts
            for frame in frames(last, head.page_size)
        )

    def give_up_line(self) -> None:
        """Let the log go and begin anew at the next `begin`."""
        with self.turn:
            self.place = None
            for reader in self._readers:
                reader.let_go()
            self._stands = False

    # What it does all the time

    def step(self) -> int:
        """Ship what is committed; how many segments that came to. TargetError, StorageError: try again, nothing was lost.
        LineBroken: what should have been there is not."""
        with self.turn:
            return self._step()

    def _step(self) -> int:
        old, new = self._readers
        new.stand()
        try:
            shipped = self._ship(self.files.head())
        except BaseException:
            # The old one stands on: what was not shipped stays in the log.
            new.let_go()
            raise
        old.let_go()
        self._readers = (new, old)
        return shipped

    def _ship(self, head: Head) -> int:
        place = self.place
        if place is None:
            raise LineBroken("There is no line.")
        if head.salts != place.salts:
            if place.frame and not follows(place.salts, head.salts):
                raise LineBroken("The write-ahead log was begun anew more than once since the last look.")
            place.salts, place.frame, place.checksum = head.salts, 0, (0, 0)
            place.log_first = place.number + 1
        if head.frame < place.frame:
            raise LineBroken("The write-ahead log is shorter than what was shipped of it.")
        shipped = 0
        while place.frame < head.frame:
            self._ship_some(place, head)
            shipped += 1
        return shipped

    def _ship_some(self, place: Place, head: Head) -> None:
        """One segment, up to the last change that ends in it; a change that is larger than a segment is shipped in several."""
        at = self.now()
        raw = self.files.log(place.frame, min(MOST_FRAMES, head.frame - place.frame), head.page_size)
        found = list(frames(raw, head.page_size))
        ends = [count for count, frame in enumerate(found, 1) if frame.commit]
        count = ends[-1] if ends else len(found)
        found = found[:count]
        if not found or any(frame.salts != place.salts for frame in found):
            raise LineBroken("The write-ahead log does not hold what its index says.")
        last = found[-1]
        if place.frame + count == head.frame and last.checksum != head.checksum:
            raise LineBroken("The write-ahead log does not end as its index says.")
        pages = {frame.page: frame.body for frame in found}
        nonce = self.sealer.nonce()
        number = place.number + 1
        name = segment_name(place.line, number, number)
        body = self.sealer.seal(nonce, pieces.write_pages(pages), name)
        chain = pieces.link(place.line, number, place.chain, body)
        whole = pieces.pack(
            SegmentHead(
                place.line, number, number, place.chain, chain, head.page_size, last.commit, bool(ends), at, at,
                place.salts.hex(), place.frame + count, last.checksum, place.log_first, nonce,
            ),
            body,
        )  # fmt: skip
        self.target.put(name, whole)
        place.number, place.chain = number, chain
        place.frame, place.checksum = place.frame + count, last.checksum
        place.latest, place.latest_digest = name, digest(whole)

    def log_bytes(self) -> int:
        """How long the log is."""
        head = self.files.head()
        return head.frame * (head.page_size + FRAME_HEADER)

    def must_let_go(self) -> bool:
        """Whether the log has become so long, or the disk so full, that the shop goes first."""
        room = free_bytes(self.files.path)
        length = self.log_bytes()
        short = room is not None and room < LEAST_FREE_BYTES and length > SHORTEN_BYTES
        return length > MOST_LOG_BYTES or short

    def shorten(self) -> bool:
        """Let the log begin anew: all of it shipped and moved into the file while nobody writes. False where others read, or
        never stop writing."""
        self._writer.checkpoint()
        for _ in range(TRIES):
            self.step()
            if self._in_a_gap():
                return True
        return False

    def _in_a_gap(self) -> bool:
        with self.turn:
            old, new = self._readers
            with self._writer.nobody_writes():
                place = self.place
                head = self.files.head()
                if place is None or (place.salts, place.frame) != (head.salts, head.frame):
                    return False
                # The log ends here while nobody writes: whoever stands anew stands at its very end.
                old.let_go()
                new.checkpoint()
                old.stand()
            return True

    def stand_for_copy(self, reader: Reader) -> tuple[str, int, int]:
        """Let `reader` stand where a copy of the file can begin: the line, and the first and last number that have to be laid
        over what is copied while it stands. LineBroken where there is no line.

        In a gap between two changes all of the log is moved into the file first; who stands then keeps it as it is, and nothing
        of the line before is needed. Where there is no gap, or others read, all is needed that this log holds.
        """
        for _ in range(TRIES):
            self.step()
            with self.turn:
                old, new = self._readers
                with self._writer.nobody_writes():
                    place, head = self.place, self.files.head()
                    if place is None or (place.salts, place.frame) != (head.salts, head.frame):
                        continue
                    old.let_go()
                    new.checkpoint()
                    old.stand()
                    reader.stand()
                    all_moved = self.files.moved() >= head.frame
                    first = max(place.number, 1) if all_moved else place.log_first
                    return place.line, first, place.number
        reader.stand()
        # All that stands before the reader is in the target after one more step; the log cannot be begun anew twice meanwhile.
        self.step()
        if self.place is None:
            raise LineBroken("There is no line.")
        return self.place.line, self.place.log_first, self.place.number

    # What it knows about the target

    def is_through(self) -> bool:
        """Whether everything that is committed was shipped."""
        place, head = self.place, self.files.head()
        return place is not None and (place.salts, place.frame) == (head.salts, head.frame)

    def read_back(self) -> None:
        """Look whether the target has the latest segment as it was written. LineBroken where it has not."""
        place = self.place
        if place is None or not place.latest:
            return
        there = self.target.get(place.latest)
        if digest(there) != place.latest_digest:
            raise LineBroken(
                f"{self.target.shown} has something else under {place.latest} than it was given."
            )

    # How it ends

    def close(self) -> str:
        """Ship the rest and let go. The file's stamp where it was left in order, nothing in its log; else ""."""
        stamp = ""
        try:
            if self.place is not None and self._stands:
                stamp = self._last_stamp()
        except (TargetError, StorageError, LineBroken, Broken) as wrong:
            logger.warning("the last of the backup was not shipped: %s", wrong)
        for reader in (*self._readers, self._writer):
            reader.let_go()
            reader.close()
        left = stamp and not self.files.has_log() and self.files.stamp() == stamp
        return stamp if left else ""

    def _last_stamp(self) -> str:
        for _ in range(TRIES):
            self.step()
            if self._in_a_gap():
                # Longer than the finest time that a file system writes down: whoever writes later makes another stamp.
                threading.Event().wait(0.03)
                return self.files.stamp()
        return ""


def new_place(now: float, salts: bytes) -> Place:
    """A new line; its name sorts by time."""
    name = f"line-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    return Place(name, 0, pieces.BEGIN, salts, 0, (0, 0), 1)


def lines_of(target: Target) -> list[str]:
    """Every line of a target, the oldest first."""
    return sorted({name.partition("/")[0] for name in target.names("line-") if "/" in name})


def latest_place(target: Target) -> Place | None:
    """Where the newest line of a target ends; None where there is none, or its end cannot be believed."""
    lines = lines_of(target)
    if not lines:
        return None
    line = lines[-1]
    named = [one for one in map(pieces.read_segment_name, target.names(f"{line}/seg-")) if one]
    if not named:
        return None
    last = max(named, key=lambda one: (one.last, one.first))
    raw = target.get(last.name)
    try:
        head, _ = pieces.unpack(raw, SegmentHead)
    except Broken as wrong:
        logger.warning("%s %s", last.name, wrong)
        return None
    return Place(
        line, head.last, head.after, bytes.fromhex(head.salts), head.frame, head.checksum, head.log_first,
        last.name, digest(raw),
    )  # fmt: skip
