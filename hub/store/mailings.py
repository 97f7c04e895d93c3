"""Messages to many, short links, what screens show next time, browsers that want to be told: on either database."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hub.store.care_records import Observed
from hub.store.connection import HubPool
from hub.store.local_days import QUARTER_S, place
from hub.store.mailing_records import Mailing, MailingState, PushRow, ScreenNote
from hub.store.observing import observe
from hub.store.rolling import timezone_of

_MAILING_NAMES = [field.name for field in fields(Mailing)]
_MAILING = ", ".join(_MAILING_NAMES)
_NOTE = ", ".join(field.name for field in fields(ScreenNote))


class SqlMailings:
    """What belongs to messages beside the outbox."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def add(self, body: str, who: str, now: float) -> int:
        """Keep a draft; its number."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT coalesce(max(number), 0) FROM mailing WHERE shop = ?", (self._pool.shop,)
            ).fetchone()
            number = int(found[0]) + 1
            conn.execute(
                "INSERT INTO mailing (shop, number, body, state, made_by, made_at, changed_at, started_by, queued, left_out, "
                "unreachable, after, whole) VALUES (?, ?, ?, 'draft', ?, ?, ?, '', 0, 0, 0, '', 0)",
                (self._pool.shop, number, body, who, now, now),
            )
        return number

    def get(self, number: int) -> Mailing | None:
        """One of them."""
        rows = self._pool.read(
            f"SELECT {_MAILING} FROM mailing WHERE shop = ? AND number = ?",  # noqa: S608
            self._pool.shop,
            number,
        )
        return _read(rows[0]) if rows else None

    def latest(self, limit: int, *, below: int | None = None) -> list[Mailing]:
        """The newest first."""
        rows = self._pool.read(
            f"SELECT {_MAILING} FROM mailing WHERE shop = ? AND number < ? ORDER BY number DESC LIMIT ?",  # noqa: S608
            self._pool.shop,
            2**53 if below is None else below,
            limit,
        )
        return [_read(row) for row in rows]

    def state(self, number: int) -> MailingState | None:
        """How it stands; None where there is none."""
        rows = self._pool.read(
            "SELECT state FROM mailing WHERE shop = ? AND number = ?", self._pool.shop, number
        )
        return rows[0][0] if rows else None

    def change(self, number: int, body: str, now: float) -> bool:
        """Write a draft anew; False where it is none any more."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE mailing SET body = ?, changed_at = ? WHERE shop = ? AND number = ? AND state = 'draft'",
                (body, now, self._pool.shop, number),
            )
            return done.rowcount == 1

    def turn(self, number: int, before: MailingState, after: MailingState, who: str, now: float) -> bool:
        """From one state to another; False where it was in none such."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE mailing SET state = ?, changed_at = ?, "
                "started_by = CASE WHEN state = 'draft' THEN CAST(? AS TEXT) ELSE started_by END, "
                "started_at = CASE WHEN state = 'draft' THEN CAST(? AS REAL) ELSE started_at END "
                "WHERE shop = ? AND number = ? AND state = ?",
                (after, now, who, now, self._pool.shop, number, before),
            )
            return done.rowcount == 1

    def move_on(
        self, number: int, after: str, queued: int, left_out: int, unreachable: int, *, whole: bool
    ) -> None:
        """So many more have had their turn, up to that member. Call in the transaction that queued them."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE mailing SET after = ?, queued = queued + ?, left_out = left_out + ?, unreachable = unreachable + ?, "
                "whole = ? WHERE shop = ? AND number = ?",
                (after, queued, left_out, unreachable, int(whole), self._pool.shop, number),
            )

    def running(self) -> list[Mailing]:
        """Those that run, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_MAILING} FROM mailing WHERE shop = ? AND state = 'running' ORDER BY number",  # noqa: S608
            self._pool.shop,
        )
        return [_read(row) for row in rows]

    # What they changed

    def drawn(self, number: int) -> int:
        """How many members a mailing meant, whoever was left out by lot among them."""
        rows = self._pool.read(
            "SELECT count(DISTINCT member) FROM message WHERE shop = ? AND mailing = ? AND member <> ''",
            *(self._pool.shop, number),
        )
        return int(rows[0][0])

    def observed(self, number: int, days: int, last_day: int) -> list[Observed]:
        """What each of them did within so many days after the day on which it was their turn; only of those for whom these days
        were over by `last_day` (as `date.toordinal()`)."""
        timezone = timezone_of(self._pool, self._pool.shop)
        rows = self._pool.read(
            """SELECT member, min(queued_at), max(CASE WHEN reason = 'group' THEN 1 ELSE 0 END) FROM message
               WHERE shop = ? AND mailing = ? AND member <> '' GROUP BY member""",
            *(self._pool.shop, number),
        )
        drawn = {
            str(member): (place(timezone, int(at) // QUARTER_S)[0], bool(left_out))
            for member, at, left_out in rows
        }
        return observe(self._pool, drawn, days, last_day)

    # Short links

    def link_to(self, path: str, code: str, now: float) -> str:
        """The code of the link to this page: the one that there is, else `code`. "" where that code leads elsewhere already."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO short_link (shop, code, path, made_at, followed) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
                (self._pool.shop, code, path, now),
            )
            row = conn.execute(
                "SELECT code FROM short_link WHERE shop = ? AND path = ?", (self._pool.shop, path)
            ).fetchone()
        return str(row[0]) if row else ""

    def path_of(self, code: str) -> str | None:
        """Where a link leads."""
        rows = self._pool.read(
            "SELECT path FROM short_link WHERE shop = ? AND code = ?", self._pool.shop, code
        )
        return str(rows[0][0]) if rows else None

    def followed(self, code: str) -> None:
        """Somebody followed it; who, nobody knows."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE short_link SET followed = followed + 1 WHERE shop = ? AND code = ?",
                (self._pool.shop, code),
            )

    # What screens show next time

    def put_note(self, note: ScreenNote) -> None:
        """Show this next time. The same message once."""
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO screen_note (shop, {_NOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                (
                    *(self._pool.shop, note.message, note.member, note.text, note.campaign),
                    *(note.put_at, note.until, note.shown_at),
                ),
            )

    def notes_for(self, member: str, now: float, limit: int = 5) -> list[ScreenNote]:
        """What a member has not been shown yet, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_NOTE} FROM screen_note WHERE shop = ? AND member = ? AND shown_at IS NULL AND until > ? "  # noqa: S608
            "ORDER BY message LIMIT ?",
            self._pool.shop,
            member,
            now,
            limit,
        )
        return [ScreenNote(*row) for row in rows]

    def note_shown(self, message: int, now: float) -> bool:
        """It was shown; False where it was before."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE screen_note SET shown_at = ? WHERE shop = ? AND message = ? AND shown_at IS NULL",
                (now, self._pool.shop, message),
            )
            return done.rowcount == 1

    # Browsers that want to be told

    def put_push(self, row: PushRow) -> None:
        """A browser wants to be told; the same one again is kept anew."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO push_subscription (shop, member, endpoint_hash, closed, made_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (shop, endpoint_hash) DO UPDATE SET member = excluded.member, closed = excluded.closed, "
                "made_at = excluded.made_at",
                (self._pool.shop, row.member, row.endpoint_hash, row.closed, row.made_at),
            )

    def push_of(self, member: str) -> list[PushRow]:
        """The browsers of a member, the newest first."""
        rows = self._pool.read(
            "SELECT member, endpoint_hash, closed, made_at FROM push_subscription WHERE shop = ? AND member = ? "
            "ORDER BY made_at DESC, endpoint_hash LIMIT 10",
            self._pool.shop,
            member,
        )
        return [PushRow(str(who), str(which), bytes(closed), float(at)) for who, which, closed, at in rows]

    def drop_push(self, *, endpoint_hash: str = "", member: str = "") -> int:
        """Forget a browser, or all of a member; overwritten where the database can."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            done = conn.execute(
                "DELETE FROM push_subscription WHERE shop = ? AND (endpoint_hash = ? OR (? <> '' AND member = ?))",
                (self._pool.shop, endpoint_hash, member, member),
            )
            return max(0, done.rowcount)

    def forget(self, member: str) -> None:
        """Take what is kept here of a member away."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            for table in ("screen_note", "push_subscription"):
                conn.execute(
                    f"DELETE FROM {table} WHERE shop = ? AND member = ?",  # noqa: S608 - names of our own
                    (self._pool.shop, member),
                )


def _read(row: tuple[Any, ...]) -> Mailing:
    named = dict(zip(_MAILING_NAMES, row, strict=True))
    return Mailing(**named | {"whole": bool(named["whole"])})
