"""A disk that loses its power: what was synced is there, of the rest anything may be.

Modelled after ext4 as it is mounted by default where a program may rely on that, and more hostile where it is only usual.

- What was written to a file and not synced since: each write by itself is lost, kept, or torn: of a torn one each sector of 512
  octets is lost or kept. To keep a later write and lose an earlier one is to reorder them. A truncation is lost or kept, too.
- Lost octets within a file that has grown read as what was there before, or as zeros.
- Creation, renaming, linking and unlinking go through one journal in order: a crash leaves its beginning, up to some point.
  A sync of a folder brings the journal up to date. So does a sync of a file that was created or has changed its size since;
  fdatasync(2) of a file whose size is the same does not.
- After a sync that failed the kernel takes what it could not write for written: later syncs do not write it, and only a new write
  to the same place takes it out of doubt (fsync(2); what PostgreSQL's people learnt in 2018).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.prove._recorder import Entry, Op

SECTOR = 512
KEEP, LOSE, TEAR = range(3)


@dataclass(frozen=True, slots=True)
class Change:
    """One write, or a truncation where `data` is None. `doubtful`: a failed sync took it for written; no truncation is."""

    number: int
    at: int
    data: bytes | None
    doubtful: bool = False

    @property
    def end(self) -> int:
        return self.at + len(self.data or b"")


@dataclass(slots=True)
class File:
    """One inode: what is on disk for certain, and what may be."""

    synced: bytearray = field(default_factory=bytearray)
    version: int = 0
    pending: list[Change] = field(default_factory=list)
    size: int = 0
    synced_size: int = 0
    named_at: int = 0
    """Up to where the journal has to have come for the file to have a name."""


@dataclass(frozen=True, slots=True)
class Name:
    """An entry of the journal: `path` means this inode from now on, None for nothing."""

    path: str
    inode: int | None
    instead_of: str | None = None
    """A rename takes this away at the same moment."""


Shape = tuple[object, ...]
"""What tells one image of a file from another without looking at its octets."""


class Disk:
    """A folder's files while calls are done to them; `crash` is what a power cut leaves."""

    def __init__(self, base: dict[str, bytes]) -> None:
        self.files: dict[int, File] = {}
        self.names: dict[str, int] = {}
        self.journal: list[Name] = []
        self.durable = 0
        self._settled: dict[str, int] = {}
        self._open: dict[int, tuple[int | None, str]] = {}
        self._inodes = count(1)
        self._numbers = count(1)
        for path, body in base.items():
            inode = next(self._inodes)
            self.files[inode] = File(bytearray(body), size=len(body), synced_size=len(body))
            self.names[path] = self._settled[path] = inode

    def apply(self, entry: Entry) -> None:
        """Do one call."""
        _DO[entry.op](self, entry)

    def _do_open(self, entry: Entry) -> None:
        path = entry.data.decode()
        if entry.at & os.O_DIRECTORY or (not entry.at & os.O_CREAT and path not in self.names):
            self._open[entry.fd] = (None, path)
            return
        inode = self.names.get(path)
        if inode is None:
            inode = next(self._inodes)
            self.files[inode] = File()
            self._name(Name(path, inode))
        elif entry.at & os.O_TRUNC:
            self._change(self.files[inode], 0, None)
        self._open[entry.fd] = (inode, path)

    def _do_close(self, entry: Entry) -> None:
        self._open.pop(entry.fd, None)

    def _do_write(self, entry: Entry) -> None:
        self._change(self._file(entry.fd), entry.at, entry.data)

    def _do_truncate(self, entry: Entry) -> None:
        self._change(self._file(entry.fd), entry.at, None)

    def _do_sync(self, entry: Entry) -> None:
        inode, _path = self._open[entry.fd]
        if inode is None:
            # A folder. One that could not be synced leaves the journal where it was.
            self.durable = self.durable if entry.failed else len(self.journal)
            return
        file = self.files[inode]
        if entry.failed:
            # A new size is the journal's affair, not one of pages that may be dropped.
            file.pending = [
                Change(one.number, one.at, one.data, doubtful=one.data is not None) for one in file.pending
            ]
            return
        if file.named_at > self.durable or (file.size != file.synced_size):
            self.durable = len(self.journal)
        file.synced_size = file.size
        self._settle(file)

    def _settle(self, file: File) -> None:
        """What is not in doubt is on disk now, and what is in doubt beneath it is not in doubt any more."""
        certain = [one for one in file.pending if not one.doubtful]
        if not certain:
            return
        doubtful = [one for one in file.pending if one.doubtful]
        for one in certain:
            _put(file.synced, one.at, one.data)
            doubtful = [left for other in doubtful for left in _without(other, one)]
        file.pending = doubtful
        file.version += 1

    def _do_rename(self, entry: Entry) -> None:
        old, new = entry.data.decode().split("\0")
        if old in self.names:
            inode = self.names.pop(old)
            self._name(Name(new, inode, old))

    def _do_link(self, entry: Entry) -> None:
        old, new = entry.data.decode().split("\0")
        self._name(Name(new, self.names[old]))

    def _do_unlink(self, entry: Entry) -> None:
        path = entry.data.decode()
        if path in self.names:
            del self.names[path]
            self._name(Name(path, None))

    def _do_nothing(self, entry: Entry) -> None:
        """A mark; or a folder, which comes with the first file in it."""

    def _name(self, name: Name) -> None:
        self.journal.append(name)
        if name.inode is not None:
            self.names[name.path] = name.inode
            file = self.files[name.inode]
            # fsync brings a file's first name along; a later one is the folder's affair.
            file.named_at = file.named_at or len(self.journal)

    def _file(self, fd: int) -> File:
        inode, path = self._open[fd]
        if inode is None:
            raise ValueError(f"{path} was written to, and is not in the record as a file")
        return self.files[inode]

    def _change(self, file: File, at: int, data: bytes | None) -> None:
        change = Change(next(self._numbers), at, data)
        file.pending.append(change)
        file.size = at if data is None else max(file.size, change.end)

    def now(self, *, doubtful: bool = True) -> dict[str, Image]:
        """The files as a program sees them; without what is doubtful, as one that knows of the failed syncs takes them to be."""
        return {
            path: _image(self.files[inode], inode, _FATES[1], random.Random(0), doubtful=doubtful)
            for path, inode in self.names.items()
        }

    def crash(self, rnd: random.Random) -> dict[str, Image]:
        """The files as they may be after a power cut now, by path. The same random numbers give the same files."""
        upto = rnd.choice((self.durable, len(self.journal), rnd.randint(self.durable, len(self.journal))))
        names = dict(self._settled)
        for name in self.journal[:upto]:
            if name.instead_of is not None:
                names.pop(name.instead_of, None)
            if name.inode is None:
                names.pop(name.path, None)
            else:
                names[name.path] = name.inode
        # All lost and all kept are rare among random choices, and what a real cut leaves most often.
        choose = rnd.choice(_FATES)
        return {path: _image(self.files[inode], inode, choose, rnd) for path, inode in names.items()}


@dataclass(frozen=True, slots=True)
class Image:
    """One file after a cut. `shape` is equal exactly where the same choices were made on the same file."""

    shape: Shape
    _synced: bytearray
    _changes: tuple[tuple[int, bytes | None], ...]

    def body(self) -> bytes | bytearray:
        """Its octets. Take them before the disk goes on."""
        if not self._changes:
            return self._synced
        whole = bytearray(self._synced)
        for at, data in self._changes:
            _put(whole, at, data)
        return whole


Choose = Callable[[random.Random, int, int], int]
_FATES: tuple[Choose, ...] = (
    lambda _rnd, _place, _of: LOSE,
    lambda _rnd, _place, _of: KEEP,
    lambda _rnd, place, of: KEEP if place < of - 1 else TEAR,
    lambda rnd, _place, _of: rnd.choice((KEEP, LOSE)),
    lambda rnd, _place, _of: rnd.choice((KEEP, KEEP, KEEP, LOSE, TEAR)),
    lambda rnd, _place, _of: rnd.choice((KEEP, LOSE, TEAR)),
    lambda _rnd, place, of: LOSE if place < of - 1 else KEEP,
)
"""How a cut treats what was not synced: everything lost; everything kept; the last one torn; and several mixtures."""


def _image(file: File, inode: int, choose: Choose, rnd: random.Random, *, doubtful: bool = True) -> Image:
    shape: list[object] = [inode, file.version]
    changes: list[tuple[int, bytes | None]] = []
    for place, one in enumerate(file.pending):
        if one.doubtful and not doubtful:
            continue
        fate = choose(rnd, place, len(file.pending))
        if fate == LOSE:
            continue
        if fate == KEEP or one.data is None or len(one.data) <= 1:
            shape.append(one.number)
            changes.append((one.at, one.data))
            continue
        sectors = range(one.at // SECTOR, (one.end - 1) // SECTOR + 1)
        kept = rnd.getrandbits(len(sectors))
        shape.append((one.number, kept))
        for number, sector in enumerate(sectors):
            if kept >> number & 1:
                start, end = max(one.at, sector * SECTOR), min(one.end, (sector + 1) * SECTOR)
                changes.append((start, one.data[start - one.at : end - one.at]))
    return Image(tuple(shape), file.synced, tuple(changes))


def _put(body: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del body[at:]
        data = b""
    if len(body) < at:
        body.extend(bytes(at - len(body)))
    body[at : at + len(data)] = data


def _without(doubtful: Change, certain: Change) -> list[Change]:
    """What of a doubtful change is left when a later one has been synced over it."""
    if doubtful.data is None:
        return []
    if certain.data is None:
        left_over = doubtful.data[: max(0, certain.at - doubtful.at)]
        return [Change(doubtful.number, doubtful.at, left_over, True)] if left_over else []
    left = []
    if doubtful.at < certain.at:
        left.append((doubtful.at, doubtful.data[: certain.at - doubtful.at]))
    if doubtful.end > certain.end:
        start = max(0, certain.end - doubtful.at)
        left.append((doubtful.at + start, doubtful.data[start:]))
    if doubtful.end <= certain.at or doubtful.at >= certain.end:
        return [doubtful]
    return [Change(doubtful.number, at, data, True) for at, data in left]


_DO: dict[Op, Callable[[Disk, Entry], None]] = {
    Op.OPEN: Disk._do_open,
    Op.CLOSE: Disk._do_close,
    Op.WRITE: Disk._do_write,
    Op.TRUNCATE: Disk._do_truncate,
    Op.SYNC: Disk._do_sync,
    Op.RENAME: Disk._do_rename,
    Op.LINK: Disk._do_link,
    Op.UNLINK: Disk._do_unlink,
    Op.MARK: Disk._do_nothing,
    Op.MKDIR: Disk._do_nothing,
}


def folder_as_base(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, as on a disk that has been quiet for long."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
