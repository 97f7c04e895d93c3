"""Cuts the power at random points of a recorded day, many times, and looks at what is left with the real store.

Three steps, so that a hundred thousand cuts can be afforded. What the disk holds is made for every cut whose files differ from
all before. SQLite recovers each, and what comes out has to be a content that the day had, not older than what was acknowledged:
anything lost, doubled or half done is another one. Each pair of contents (hub and till) is then opened once with the real
programs' parts, asked for everything that was acknowledged, and used on.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from bisect import bisect_right
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.prove._disk import Disk, Image, Shape
from tests.prove._power_checks import Trouble, look_at
from tests.prove._recorder import Entry, Op

GROUPS = ("hub/hub.db", "till/kiosk.db")
PARTS = ("", "-wal", "-journal")


@dataclass(slots=True)
class Found:
    """What came of the cuts. `wrong` has a few of them in words."""

    cuts: int = 0
    bad: int = 0
    images: int = 0
    contents: int = 0
    pairs: int = 0
    trouble: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, kind: str, sentence: str) -> None:
        """Count one, and keep the first few."""
        self.trouble[kind] += 1
        if self.trouble[kind] <= 3:
            self.wrong.append(f"{kind}: {sentence}")

    def merge(self, other: Found) -> None:
        """Add what another worker found."""
        self.cuts += other.cuts
        self.bad += other.bad
        self.images += other.images
        self.contents += other.contents
        self.pairs += other.pairs
        self.trouble.update(other.trouble)
        self.wrong += other.wrong


@dataclass(slots=True)
class History:
    """The contents that one database had, each with the place in the record from which on it was there."""

    since: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    firsts: dict[str, int] = field(default_factory=dict)
    lasts: dict[str, int] = field(default_factory=dict)
    phantoms: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What a change that failed at its sync may have left, told as failed and there after a cut: from where to where."""

    def add(self, place: int, digest: str) -> None:
        """What was there when nothing was lost."""
        if self.digests and self.digests[-1] == digest:
            return
        self.firsts.setdefault(digest, len(self.digests))
        self.lasts[digest] = len(self.digests)
        self.since.append(place)
        self.digests.append(digest)

    def may_be(self, place: int, digest: str) -> None:
        """Something else than what was acknowledged may be on the disk here."""
        first, _ = self.phantoms.get(digest, (place, place))
        self.phantoms[digest] = (first, place)

    def was_there(self, place: int, digest: str) -> bool:
        """Whether a change that failed at its sync may have left this."""
        first, last = self.phantoms.get(digest, (0, -1))
        return first <= place <= last

    def at(self, place: int) -> int:
        """The number of the content at this place of the record; -1 before the first."""
        return bisect_right(self.since, place) - 1


@dataclass(frozen=True, slots=True)
class Story:
    """A recorded day, read once: its calls, what was acknowledged where, and each database's history."""

    root: str
    base: dict[str, bytes]
    entries: list[Entry]
    acks: list[tuple[int, dict[str, object]]]
    histories: dict[str, History]

    def acked_before(self, place: int) -> list[dict[str, object]]:
        """What had been acknowledged by then, in order."""
        return [ack for at, ack in self.acks if at < place]


def read_story(root: Path, base: dict[str, bytes], entries: list[Entry], scratch: Path) -> Story:
    """Go through the day once without any loss."""
    acks = [(place, json.loads(one.data)) for place, one in enumerate(entries) if one.op == Op.MARK]
    story = Story(str(root), base, entries, acks, {group: History() for group in GROUPS})
    disk = Disk(base)
    seen: dict[tuple[str, bool], tuple[Shape, str]] = {}
    haunts: dict[str, str] = {}

    def now(group: str, *, doubtful: bool) -> str:
        parts = parts_of(disk.now(doubtful=doubtful), story.root, group)
        shape = shape_of(parts)
        key = (group, doubtful)
        if key not in seen or seen[key][0] != shape:
            seen[key] = (shape, content(parts, scratch / "now"))
        return seen[key][1]

    for place, entry in enumerate(entries):
        if entry.op in (Op.SYNC, Op.MARK):
            for group, history in story.histories.items():
                certain, possible = now(group, doubtful=False), now(group, doubtful=True)
                history.add(place, certain)
                haunted = haunts.pop(group, None)
                if haunted is not None:
                    history.may_be(place, haunted)
                if possible != certain:
                    history.may_be(place, possible)
                    haunts[group] = possible
        disk.apply(entry)
    return story


def parts_of(files: dict[str, Image], root: str, group: str) -> dict[str, Image]:
    """The files of one database."""
    return {part: files[f"{root}/{group}{part}"] for part in PARTS if f"{root}/{group}{part}" in files}


def shape_of(parts: dict[str, Image]) -> Shape:
    """What tells this database's files from others."""
    return tuple((part, image.shape) for part, image in parts.items())


def content(parts: dict[str, Image], folder: Path) -> str:
    """What SQLite makes of these files: a digest of what a reader sees; `none` for nothing, `corrupt` where it gives up."""
    if "" not in parts:
        return "none"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "one.db"
    for part in (*PARTS, "-shm"):
        Path(f"{path}{part}").unlink(missing_ok=True)
    for part, image in parts.items():
        Path(f"{path}{part}").write_bytes(image.body())
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("PRAGMA synchronous = OFF")
            (pages,) = conn.execute("PRAGMA page_count").fetchone()
            if not pages:
                # The file has a name and nothing in it yet: SQLite takes it for a new one.
                return "none"
            return hashlib.blake2b(conn.serialize(), digest_size=12).hexdigest()
    except sqlite3.Error as wrong:
        return f"corrupt: {wrong}"


class Cutter:
    """One worker's share of the cuts."""

    def __init__(self, story: Story, seed: int, folder: Path) -> None:
        self._story = story
        self._rnd = random.Random(seed)
        self._folder = folder
        self._contents: dict[tuple[str, Shape], str] = {}
        self._pairs: set[tuple[object, ...]] = set()
        self._tried: set[tuple[str, str]] = set()
        self.found = Found()

    def run(self, cuts: int) -> Found:
        """Cut so often, in the order of the record."""
        entries = self._story.entries
        places = sorted(self._rnd.randrange(1, len(entries) + 1) for _ in range(cuts))
        disk = Disk(self._story.base)
        done = 0
        acked = 0
        for place in places:
            while done < place:
                disk.apply(entries[done])
                acked += entries[done].op == Op.MARK
                done += 1
            self._cut(disk, place, acked)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self.found

    def _cut(self, disk: Disk, place: int, acked: int) -> None:
        files = disk.crash(self._rnd)
        self.found.cuts += 1
        before = self.found.trouble.total()
        self._try(files, place, acked)
        self.found.bad += self.found.trouble.total() > before

    def _try(self, files: dict[str, Image], place: int, acked: int) -> None:
        digests = []
        for group in GROUPS:
            parts = parts_of(files, self._story.root, group)
            key = (group, shape_of(parts))
            if key not in self._contents:
                self._contents[key] = content(parts, self._folder / "one")
                self.found.images += 1
            digest = self._contents[key]
            digests.append(digest)
            self._judge(group, digest, place, acked)
        rest = tuple(
            (path, image.shape)
            for path, image in sorted(files.items())
            if path.endswith((".key", ".json", ".pepper"))
        )
        pair = (*digests, rest, acked)
        if pair not in self._pairs:
            self._pairs.add(pair)
            self._open(files, place)

    def _judge(self, group: str, digest: str, place: int, acked: int) -> None:
        """Whether the content is one that the day had, not older than what was acknowledged."""
        history = self._story.histories[group]
        if (group, digest) not in self._tried:
            self._tried.add((group, digest))
            self.found.contents += 1
        if digest.startswith("corrupt"):
            self.found.add("corrupt", f"{group} at {place}: {digest}")
        elif history.was_there(place, digest):
            return
        elif digest not in history.lasts:
            self.found.add("half done", f"{group} at {place} has a content that the day never had")
        else:
            least = history.at(self._story.acks[acked - 1][0]) if acked else -1
            if history.lasts[digest] < least:
                what = self._story.acks[acked - 1][1]
                self.found.add("lost", f"{group} at {place} is as before {what}")
            elif history.firsts[digest] > history.at(place) + 1:
                self.found.add("half done", f"{group} at {place} has a content of later")

    def _open(self, files: dict[str, Image], place: int) -> None:
        """Open it all with the real parts, once for each pair of contents."""
        self.found.pairs += 1
        shop = self._folder / "shop"
        shutil.rmtree(shop, ignore_errors=True)
        for path, image in files.items():
            if path.endswith("-shm"):
                continue
            to = shop / Path(path).relative_to(self._story.root)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(image.body())
        try:
            look_at(shop, self._story.acked_before(place))
        except Trouble as wrong:
            self.found.add(wrong.kind, f"at {place}: {wrong}")
