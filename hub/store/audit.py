"""The store's answers about the record of who changed what: rows are added and read, never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.store.audit_chain import FIRST, AuditRow, Chain, check, link
from hub.store.connection import Conn, HubPool
from hub.store.records import AuditEntry

_SAID = "at, who, what, subject, detail, before, after"


def append(conn: Conn, shop: int, entry: AuditEntry) -> None:
    """Add a row behind the latest of its shop. Call inside a transaction that is locked.

    A NUL, which PostgreSQL keeps in no text, stands as U+FFFD: the hash is of what can be read again on both databases.
    """
    entry = replace(
        entry,
        **{
            name: getattr(entry, name).replace("\x00", "\ufffd")
            for name in ("who", "what", "subject", "detail", "before", "after")
        },
    )
    rows = conn.execute(
        "SELECT hash FROM audit WHERE shop = ? ORDER BY position DESC LIMIT 1", (shop,)
    ).fetchall()
    position = conn.execute(
        "SELECT coalesce(max(position), 0) + 1 FROM audit WHERE shop = ?", (shop,)
    ).fetchone()[0]
    conn.execute(
        f"INSERT INTO audit (position, shop, {_SAID}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (
            position,
            shop,
            entry.at,
            entry.who,
            entry.what,
            entry.subject,
            entry.detail,
            entry.before,
            entry.after,
            link(rows[0][0] if rows else FIRST, shop, position, entry),
        ),
    )


def search(
    pool: HubPool, limit: int, skip: int, who: str, what: str, first: float | None, end: float | None
) -> list[AuditEntry]:
    """Rows that fit, the newest first. An empty name fits everybody; `first` to before `end`, seconds of UTC."""
    terms: list[str] = ["shop = ?"]
    values: list[Any] = [pool.shop]
    for term, value in (
        ("who = ?", who or None),
        ("what = ?", what or None),
        ("at >= ?", first),
        ("at < ?", end),
    ):
        if value is not None:
            terms.append(term)
            values.append(value)
    rows = pool.read(
        f"SELECT {_SAID} FROM audit WHERE {' AND '.join(terms)} ORDER BY position DESC LIMIT ? OFFSET ?",  # noqa: S608
        *values,
        limit,
        skip,
    )
    return [AuditEntry(*row) for row in rows]


def names(pool: HubPool) -> tuple[list[str], list[str]]:
    """Everybody who changed something, and everything that was done, each in order."""
    who = pool.read("SELECT DISTINCT who FROM audit WHERE shop = ? ORDER BY who", pool.shop)
    what = pool.read("SELECT DISTINCT what FROM audit WHERE shop = ? ORDER BY what", pool.shop)
    return [name for (name,) in who], [name for (name,) in what]


def chain(pool: HubPool) -> Chain:
    """Whether every row still follows from the one before it."""
    rows = pool.each(
        f"SELECT position, {_SAID}, hash FROM audit WHERE shop = ? ORDER BY position",  # noqa: S608
        pool.shop,
    )
    return check(pool.shop, (AuditRow(position, AuditEntry(*said), hash_) for position, *said, hash_ in rows))
