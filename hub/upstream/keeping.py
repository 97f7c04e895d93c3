"""Head office keeps the backups of its shops: sealed pieces as files in `below/<shop>/` of its folder, each whole and on disk.

What a piece holds is the shop's alone; here it is bytes with a name. Several processes of one hub share the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.client.files import settle_whole, sync_folder
from hub.client.trouble import explain
from hub.wire.backup import (
    NAMES_AT_ONCE,
    PART_BYTES,
    BackupReply,
    BackupRequest,
    is_line,
    is_piece,
    pack_names,
)
from hub.wire.sync import Problem

FOLDER = "below"
DRAFTS, COUNTER, LOCK = "drafts", "counter", "lock"
"""No line is called so. A piece that comes in parts is a draft until it is whole."""

GB = 10**9
COUNT_AGAIN_S = 60.0
DRAFT_LIFE_S = 86_400.0
"""A part that nobody went on with for so long is given up."""

Answer = BackupReply | tuple[int, Problem]

BAD_NAME = 400, Problem("bad_name", "No piece of a backup is called so.")
NO_PIECE = 404, Problem("no_piece", "There is no piece of that name.")
NOT_A_SHOP = 403, Problem("not_a_hub", "Only the hub of a shop of this chain keeps its backup here.")


class Keeping:
    """The backups of every shop below. `folder`: the hub's own; `limit_gb`: for each shop. Safe from several threads."""

    def __init__(self, folder: Path, limit_gb: int, now: Callable[[], float] = time.time) -> None:
        self._folder = folder / FOLDER
        self._limit_gb = limit_gb
        self._now = now
        self._counting = threading.Lock()
        self._used: dict[int, tuple[float, int]] = {}

    def answer(self, shop: int, counter: int, asked: BackupRequest) -> Answer:
        """What the hub of this shop asks, which has signed it under this number. StorageError where the disk does not take it."""
        place = self._folder / str(shop)
        try:
            match asked.verb:
                case "list":
                    return _names(place, asked)
                case "get":
                    return _part(place, asked) if is_piece(asked.name) else BAD_NAME
                case _ if not is_piece(asked.name):
                    return BAD_NAME
                case _:
                    return self._change(shop, place, counter, asked)
        except OSError as wrong:
            raise explain(wrong, place) from wrong

    def _change(self, shop: int, place: Path, counter: int, asked: BackupRequest) -> Answer:
        for one in (self._folder, place):
            if not one.is_dir():
                one.mkdir(mode=0o700, exist_ok=True)
                sync_folder(one.parent)
        with _alone(place):
            highest = _counted(place)
            if counter <= highest:
                sentence = "This request was seen before, or a later one was. Count on from the highest."
                return 409, Problem("counter_used", sentence, highest)
            # Not synced: an old request that is told again after a power cut brings back what is sealed, or deletes what is gone.
            _count(place, counter)
            if asked.verb == "put":
                return self._put(shop, place, asked)
            self._delete(shop, place, asked.name)
            return BackupReply()

    def _put(self, shop: int, place: Path, asked: BackupRequest) -> Answer:
        end = asked.offset + len(asked.data)
        if end > asked.size or len(asked.data) > PART_BYTES or not asked.digest:
            return 400, Problem("bad_part", "This part is longer than its piece, or than a part may be.")
        path = place / asked.name
        # As long as it is, the draft says how much has come; the digest keeps two pieces apart that are called alike.
        draft = place / DRAFTS / f"{asked.name.replace('/', '.')}.{asked.digest[:16]}"
        before, drafted = _size(path), _size(draft)
        if self._in_use(shop, place) - drafted + asked.size - before > self._limit_gb * GB:
            sentence = f"Head office keeps up to {self._limit_gb} GB of this shop's backup, and that is used up: HUB_BELOW_GB."
            return 507, Problem("backup_full", sentence)
        if asked.offset > drafted:
            return 409, Problem(
                "part_missing", "The part before this one is not here. Begin the piece again."
            )
        draft.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
            # What comes again takes the place of what was cut off.
            file.truncate(asked.offset)
            file.seek(asked.offset)
            file.write(asked.data)
        self._changed(shop, end - drafted)
        if end < asked.size:
            return BackupReply()
        if _digest(draft) != asked.digest:
            draft.unlink()
            self._changed(shop, -end)
            return 409, Problem("torn", "The parts do not make up the piece. Begin it again.")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        settle_whole(draft, path)
        self._changed(shop, -before)
        return BackupReply(there=True, size=asked.size)

    def _delete(self, shop: int, place: Path, name: str) -> None:
        path = place / name
        size = _size(path)
        path.unlink(missing_ok=True)
        self._changed(shop, -size)
        with suppress(OSError):
            # Only where nothing is left in it.
            path.parent.rmdir()

    def _in_use(self, shop: int, place: Path) -> int:
        """Bytes of this shop here, drafts included. Counted anew once a minute: another process may have changed them."""
        with self._counting:
            at, used = self._used.get(shop, (float("-inf"), 0))
            if not 0 <= self._now() - at < COUNT_AGAIN_S:
                _give_up_drafts(place / DRAFTS, self._now())
                used = sum(_size(path) for path in place.glob("*/*"))
                self._used[shop] = (self._now(), used)
            return used

    def _changed(self, shop: int, by: int) -> None:
        with self._counting:
            if shop in self._used:
                at, used = self._used[shop]
                self._used[shop] = (at, used + by)


def _names(place: Path, asked: BackupRequest) -> BackupReply:
    line, inside, _ = asked.name.partition("/")
    lines = [line] if inside else [one.name for one in _entries(place)]
    found = sorted(f"{one}/{entry.name}" for one in lines if is_line(one) for entry in _entries(place / one))
    fitting = [
        name for name in found if name.startswith(asked.name) and name > asked.after and is_piece(name)
    ]
    return BackupReply(more=len(fitting) > NAMES_AT_ONCE, data=pack_names(fitting[:NAMES_AT_ONCE]))


def _part(place: Path, asked: BackupRequest) -> Answer:
    try:
        with (place / asked.name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(asked.offset)
            return BackupReply(size=size, data=file.read(PART_BYTES), there=True)
    except FileNotFoundError:
        return NO_PIECE


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """No thread and no other process changes this shop's pieces meanwhile (flock(2))."""
    handle = os.open(place / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _counted(place: Path) -> int:
    try:
        return int((place / COUNTER).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _count(place: Path, counter: int) -> None:
    draft = place / f"{COUNTER}.new"
    draft.write_text(str(counter))
    draft.replace(place / COUNTER)


def _give_up_drafts(drafts: Path, now: float) -> None:
    for one in _entries(drafts):
        if now - one.stat().st_mtime > DRAFT_LIFE_S:
            Path(one.path).unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
