"""The list of who was forgotten, in a file beside the database: keyed hashes alone, so that it names nobody.

It is there for the day on which an older backup is put back: who was forgotten since is in that backup, and is forgotten again
before anybody is answered. So it stands outside the database, is written before the database forgets, and is put beside the
backup (`hub.safety`). One line for each; a line that was cut off by a crash is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hub.client.trouble import explain
from hub.wire.forgetting import Mark, NewId

LIST_FILE = "people.forgotten"
ERASED_FILE = "people.erased"
"""There while the backup has yet to hear that somebody was forgotten."""


class Entry(msgspec.Struct, frozen=True):
    """Somebody of a shop was forgotten, at that time (seconds of UTC)."""

    shop: int
    salt: str
    mark: Mark
    instead: NewId
    at: float


@dataclass(frozen=True, slots=True)
class ForgottenList:
    """The file of one hub."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / LIST_FILE

    def tell_backup(self) -> None:
        """Somebody was forgotten just now: the backup is to look after what it has (`hub.safety.erased`)."""
        try:
            (self.folder / ERASED_FILE).touch(mode=0o600)
        except OSError as wrong:
            raise explain(wrong, self.folder) from wrong

    def read(self) -> list[Entry]:
        """Everybody on it; nobody where there is none. StorageError where it cannot be read."""
        try:
            return read_list(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except OSError as wrong:
            raise explain(wrong, self.path) from wrong

    def add(self, entries: Iterable[Entry]) -> None:
        """Write them down, on disk when this returns. StorageError where the disk does not take it: then nobody is forgotten."""
        text = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                # What a crash cut off must not swallow the line after it.
                left = memoryview((b"\n" if _ends_badly(self.path) else b"") + text)
                while left:
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as wrong:
            raise explain(wrong, self.path) from wrong


def read_list(text: bytes) -> list[Entry]:
    """The entries of a list, each once; lines that are none are passed over."""
    found: dict[tuple[int, str, str], Entry] = {}
    for line in text.splitlines():
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        found.setdefault((entry.shop, entry.salt, entry.mark), entry)
    return list(found.values())


def _ends_badly(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if not file.tell():
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
