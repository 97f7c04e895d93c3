"""Puts a hub back from its backup: every piece checked, the file sound, and it says of itself that it is an old copy."""

from __future__ import annotations

import os
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub.client.trouble import explain
from hub.members.forgotten_list import LIST_FILE
from hub.safety import pieces
from hub.safety.erased import LIST_PIECE, get_list
from hub.safety.passphrase import Sealer
from hub.safety.pieces import SECRET_FILES, BaseHead, Broken, Named, PartHead, SegmentHead, digest
from hub.safety.shipper import lines_of
from hub.safety.targets import Target
from hub.store.setback import mark_copy
from hub.store.sqlite import FILE, SqliteStore


class RestoreError(Exception):
    """It cannot be put back; the text is a sentence for people."""


T = TypeVar("T", SegmentHead, PartHead, BaseHead)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `upto`: seconds of UTC, when its last change was shipped; `files`: the secret files that came along."""

    folder: Path
    line: str
    upto: float
    segments: int
    size: int
    files: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore is made of. `last` None: of a base copy alone."""

    base: BaseHead
    segments: tuple[Named, ...]
    last: SegmentHead | None

    @property
    def upto(self) -> float:
        """When its last change was shipped, in seconds of UTC."""
        return self.base.made_at if self.last is None else self.last.at

    @property
    def size(self) -> int:
        """Of the database, in bytes."""
        return self.base.size if self.last is None else self.last.pages * self.last.page_size


class Reading:
    """A target, read: each piece checked, unsealed."""

    def __init__(self, target: Target, passphrase: str) -> None:
        self.target = target
        self._sealer = Sealer(passphrase)
        self._heads: dict[str, SegmentHead] = {}

    def piece(self, name: str, kind: type[T]) -> tuple[T, bytes]:
        """A piece's head and stored body."""
        try:
            return pieces.unpack(self.target.get(name), kind)
        except Broken as wrong:
            raise RestoreError(f"{name} {wrong}.") from wrong

    def open(self, nonce: str, body: bytes, name: str) -> bytes:
        """A stored body as it was."""
        try:
            return self._sealer.unseal(nonce, body, name)
        except Broken as wrong:
            raise RestoreError(f"{name} {wrong}.") from wrong

    def forgotten(self) -> bytes:
        """The list of who was forgotten; Broken where it cannot be read."""
        return get_list(self.target, self._sealer)

    def bases(self) -> list[BaseHead]:
        """Every base that is whole, the newest first."""
        names = [name for name in self.target.names("line-") if pieces.read_number(name, "base") is not None]
        found = [self.piece(name, BaseHead)[0] for name in names]
        return sorted(found, key=lambda head: head.made_at, reverse=True)

    def segments(self, line: str) -> list[Named]:
        """The stored segments of a line."""
        names = self.target.names(f"{line}/seg-")
        return [one for one in map(pieces.read_segment_name, names) if one is not None]

    def head(self, one: Named) -> SegmentHead:
        """What a segment says of itself."""
        if one.name not in self._heads:
            self._heads[one.name], _ = self.piece(one.name, SegmentHead)
        return self._heads[one.name]


def plan(reading: Reading, at: float | None = None) -> tuple[Plan, list[str]]:
    """What to take for the latest state, or for that at a time; and what is worth a word. RestoreError where nothing can be."""
    words: list[str] = []
    bases = reading.bases()
    if not bases:
        raise RestoreError(f"There is no whole base copy in {reading.target.shown}.")
    newest = lines_of(reading.target)[-1]
    if bases[0].line != newest and at is None:
        words.append(f"The newest line, {newest}, has no whole base copy yet; what it holds is not in this.")
    for base in bases:
        if at is not None and base.made_at > at:
            continue
        way = pieces.way(reading.segments(base.line), base.first, 10**12)
        chosen, last = _cut(reading, way, base, at)
        if last is not None or (not base.until and not chosen):
            missing = _missing(reading.segments(base.line), way, base.first)
            if missing:
                words.append(f"{missing} of {base.line} is missing: nothing after it is in this.")
            return Plan(base, tuple(chosen), last), words
        words.append(f"The base copy {base.base} of {base.line} cannot be made whole; an older one is taken.")
    when = "" if at is None else " that is old enough"
    raise RestoreError(f"There is no base copy{when} in {reading.target.shown} that could be made whole.")


def _cut(
    reading: Reading, way: list[Named], base: BaseHead, at: float | None
) -> tuple[list[Named], SegmentHead | None]:
    """The segments up to the last that ends a change, and not after `at`; None where that is not enough for the base."""
    if at is not None:
        # Their times rise, so halves are looked at: a line has thousands.
        low, high = 0, len(way)
        while low < high:
            middle = (low + high) // 2
            if reading.head(way[middle]).at <= at:
                low = middle + 1
            else:
                high = middle
        way = way[:low]
    while way and not reading.head(way[-1]).commit:
        way = way[:-1]
    if not way or way[-1].last < base.until:
        return [], None
    return way, reading.head(way[-1])


def _missing(found: list[Named], way: list[Named], first: int) -> str:
    last = way[-1].last if way else first - 1
    return f"Segment {last + 1}" if any(one.first > last + 1 for one in found) else ""


def must_be_free(folder: Path) -> None:
    """RestoreError where something is in the folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RestoreError(f"{folder} is not empty. Nothing is overwritten: give another folder.")


def restore(target: Target, folder: Path, *, passphrase: str = "", at: float | None = None) -> Restored:
    """Put the database back into a folder that holds nothing yet. RestoreError, TargetError or StorageError with a sentence; what
    was begun is then removed again."""
    must_be_free(folder)
    reading = Reading(target, passphrase)
    chosen, words = plan(reading, at)
    place = folder / FILE
    draft = folder / f"{FILE}.part"
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_base(reading, chosen.base, draft)
        count = _lay_over(reading, chosen, draft)
        _say_what_it_is(draft, chosen.upto)
        draft.replace(place)
        files = _secrets(reading, chosen.base, folder)
        _forgotten(reading, folder)
        _must_be_sound(place)
    except BaseException as wrong:
        for one in (draft, place, *(folder / name for name in (*SECRET_FILES, LIST_FILE))):
            one.unlink(missing_ok=True)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        if isinstance(wrong, OSError):
            raise explain(wrong, folder) from wrong
        raise
    size = place.stat().st_size
    return Restored(folder, chosen.base.line, chosen.upto, count, size, files, tuple(words))


def _write_base(reading: Reading, base: BaseHead, draft: Path) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(handle)
    with draft.open("r+b", buffering=0) as file:
        for number, expected in enumerate(base.parts):
            name = pieces.part_name(base.line, base.base, number)
            raw = reading.target.get(name)
            if digest(raw) != expected:
                raise RestoreError(f"{name} is not the part that its base copy was made of.")
            try:
                head, body = pieces.unpack(raw, PartHead)
                text = zlib.decompress(reading.open(head.nonce, body, name))
            except (Broken, zlib.error) as wrong:
                raise RestoreError(f"{name} cannot be read: {wrong}.") from wrong
            if len(text) != head.length or head.number != number:
                raise RestoreError(f"{name} is not as long as it should be.")
            file.seek(head.offset)
            _write(file.fileno(), text)
        file.truncate(base.size)


def _write(handle: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(handle, left) :]


def _lay_over(reading: Reading, chosen: Plan, draft: Path) -> int:
    """Every page of every segment in its place; how many segments. The chain is held from the first to the last."""
    before: SegmentHead | None = None
    with draft.open("r+b", buffering=0) as file:
        for one in chosen.segments:
            head, body = reading.piece(one.name, SegmentHead)
            wrong = pieces.fits(before, head, body, chosen.base.line)
            if wrong is None and (head.first, head.last) != (one.first, one.last):
                wrong = "stands under another name than its own"
            if wrong is not None:
                raise RestoreError(f"{one.name} {wrong}.")
            text = reading.open(head.nonce, body, one.name)
            try:
                for number, page in pieces.read_pages(text, head.page_size):
                    file.seek((number - 1) * head.page_size)
                    _write(file.fileno(), page)
            except Broken as broken:
                raise RestoreError(f"{one.name} {broken}.") from broken
            before = head
        file.truncate(chosen.size)
        os.fsync(file.fileno())
    return len(chosen.segments)


def _say_what_it_is(draft: Path, copied_at: float) -> None:
    try:
        with closing(sqlite3.connect(draft)) as conn:
            mark_copy(conn, copied_at)
    except sqlite3.Error as wrong:
        raise RestoreError(f"What was put back is no database that can be used: {wrong}.") from wrong


def _secrets(reading: Reading, base: BaseHead, folder: Path) -> tuple[str, ...]:
    """The hub's keys and its pepper, where the backup is sealed and holds them."""
    name = pieces.base_name(base.line, base.base)
    _, body = reading.piece(name, BaseHead)
    if not base.nonce:
        return ()
    try:
        found = pieces.read_files(reading.open(base.nonce, body, name))
    except Broken as wrong:
        raise RestoreError(f"{name} {wrong}.") from wrong
    for file, text in found.items():
        if Path(file).name != file:
            raise RestoreError(f"{name} names a file that is none of the hub's.")
        handle = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(handle, text)
            os.fsync(handle)
        finally:
            os.close(handle)
    return tuple(sorted(found))


def _forgotten(reading: Reading, folder: Path) -> None:
    """The list of who was forgotten, the newest: the hub that is started here forgets them again."""
    try:
        text = reading.forgotten()
    except Broken as wrong:
        raise RestoreError(f"{LIST_PIECE} {wrong}.") from wrong
    if text:
        handle = os.open(folder / LIST_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(handle, text)
            os.fsync(handle)
        finally:
            os.close(handle)


def _must_be_sound(place: Path) -> None:
    with closing(SqliteStore(place)) as store:
        verdict = store.is_sound()
    if verdict is not None:
        raise RestoreError(f"SQLite finds what was put back damaged: {verdict}.")
