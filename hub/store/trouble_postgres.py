"""What a failure of PostgreSQL is, and the sentence that says what to do about it (`hub.client.trouble` for files)."""

from __future__ import annotations

import psycopg
from psycopg import errors

from hub.client.trouble import StorageError, Trouble

_SENTENCES: dict[Trouble, str] = {
    "missing": "The database {place} cannot be reached: {wrong}. Check that its server runs and that this user may come in "
    "(PGPASSFILE, or peer login).",
    "full": "The disk of the database {place} is full. Nothing was lost; free some space and try again.",
    "failing": "The disk of the database {place} failed, and nothing was recorded. Try again; if it comes again, save a backup "
    "and replace the disk.",
    "readonly": "The database {place} cannot be written: {wrong}. Give this user the right to write there, or name the server "
    "that takes writes.",
    "busy": "The database {place} is in use by another program for too long. Try again in a moment.",
    "damaged": "The database {place} is damaged: {wrong}. Restore it from a backup.",
    "other": "The database {place} cannot be used: {wrong}.",
}


def explain_postgres(wrong: psycopg.Error, place: str) -> StorageError:
    """What it means and what to do about it. `place`: the database's URL, which has no password in it."""
    trouble = _trouble(wrong)
    words = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0].rstrip(".")
    return StorageError(_SENTENCES[trouble].format(place=place, wrong=words), trouble)


def is_the_servers(wrong: BaseException) -> bool:
    """Whether a failure is the server's or its disk's, not that of what was asked."""
    return isinstance(wrong, psycopg.OperationalError | psycopg.InternalError | psycopg.InterfaceError) or (
        isinstance(wrong, psycopg.Error) and _trouble(wrong) != "other"
    )


def _trouble(wrong: psycopg.Error) -> Trouble:
    # The classes of PostgreSQL's appendix "Error Codes"; psycopg has a class of its own for each code.
    match wrong:
        case errors.DiskFull():
            return "full"
        case errors.IoError():
            return "failing"
        case errors.ReadOnlySqlTransaction() | errors.InsufficientPrivilege():
            return "readonly"
        case errors.LockNotAvailable() | errors.QueryCanceled() | errors.TooManyConnections():
            return "busy"
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return "damaged"
        case psycopg.OperationalError() if wrong.sqlstate is None or wrong.sqlstate[:2] in (
            "08",
            "57",
            "28",
            "3D",
        ):
            return "missing"
        case psycopg.InterfaceError():
            return "missing"
    return "damaged" if wrong.sqlstate in ("XX001", "XX002") else "other"
