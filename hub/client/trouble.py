"""What a storage failure is, and the sentence that says what to do about it."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Literal

Trouble = Literal["full", "failing", "readonly", "missing", "busy", "damaged", "moved", "other"]
"""`failing`: the disk answered with an error; what it was to keep may be there or not. `moved`: what the file held is kept
elsewhere now, and the file says so to whoever changes it."""

MOVED = "moved: "
"""How a file that was moved begins its refusal; a sentence follows."""

_BY_CODE: dict[int, Trouble] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "failing",
    sqlite3.SQLITE_READONLY: "readonly",
    sqlite3.SQLITE_PERM: "readonly",
    sqlite3.SQLITE_CANTOPEN: "missing",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}

_BY_ERRNO: dict[int, Trouble] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EIO: "failing",
    errno.EBUSY: "busy",
    errno.EROFS: "readonly",
    errno.EACCES: "readonly",
    errno.EPERM: "readonly",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
}

_SENTENCES: dict[Trouble, str] = {
    "full": "The disk that holds {path} is full. Nothing was lost; free some space and try again.",
    "failing": "The disk that holds {path} failed, and nothing was recorded. Try again; if it comes again, "
    "save a backup and replace the disk or card.",
    "readonly": "{path} cannot be written. Give this user the right to write there.",
    "missing": "{path} cannot be opened. Check that its folder exists and can be written.",
    "busy": "{path} is in use by another program for too long. Try again in a moment.",
    "damaged": "{path} is damaged or is not a Shopbell file. Restore it from a backup.",
    "moved": "{path} takes no changes any more; it was {wrong}",
    "other": "{path} cannot be used: {wrong}.",
}

NO_ROOM_BYTES = 64 * 1024
"""With less than this free, a disk that failed was full: SQLite tells both alike where a sync says so (ENOSPC at fsync(2))."""


class StorageError(Exception):
    """The disk did not take it; the text is a sentence for people, `trouble` what it was."""

    def __init__(self, sentence: str, trouble: Trouble = "other") -> None:
        super().__init__(sentence)
        self.trouble = trouble


def explain(wrong: Exception, path: Path | str) -> StorageError:
    """What a storage failure means and what to do about it."""
    if isinstance(wrong, StorageError):
        return wrong
    trouble = _trouble(wrong)
    if trouble in ("failing", "readonly", "missing"):
        # SQLite cannot make its files beside the database on a full disk, and says then that it may not.
        room = free_bytes(path)
        trouble = "full" if room is not None and room < NO_ROOM_BYTES else trouble
    return StorageError(_SENTENCES[trouble].format(path=path, wrong=wrong), trouble)


def _trouble(wrong: Exception) -> Trouble:
    if isinstance(wrong, OSError):
        return _BY_ERRNO.get(wrong.errno or 0, "other")
    if _says_moved(wrong):
        return "moved"
    # The lower eight bits are the plain result code (SQLite, "Result and Error Codes"). A wrong use of the module has none.
    code = getattr(wrong, "sqlite_errorcode", None)
    return "other" if code is None else _BY_CODE.get(code & 0xFF, "other")


def is_the_disks(wrong: BaseException) -> bool:
    """Whether a failure is the disk's or the file's, not that of what was asked."""
    if isinstance(wrong, sqlite3.OperationalError) or _says_moved(wrong):
        return True
    # A damaged file comes as plain DatabaseError. Its children are questions of the program: a key that is there twice, say.
    return type(wrong) is sqlite3.DatabaseError


def _says_moved(wrong: BaseException) -> bool:
    return isinstance(wrong, sqlite3.IntegrityError) and str(wrong).startswith(MOVED)


def free_bytes(path: Path | str) -> int | None:
    """Room on the disk that holds this path; None where the path cannot be looked at."""
    place = Path(path)
    for one in (place, place.parent):
        try:
            room = os.statvfs(one)
        except OSError:
            continue
        return room.f_bavail * room.f_frsize
    return None
