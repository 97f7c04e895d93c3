"""The outbox on either database. Whoever changes a message names the try that it is (`tries`): an earlier one has lost it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hub.store.connection import Conn, HubPool
from hub.store.message_records import Count, Kept, MessageState, NewMessage

_NAMES = [field.name for field in fields(Kept)]
_COLUMNS = ", ".join(_NAMES)
_PUT = [field.name for field in fields(NewMessage)]
_MINE = "shop = ? AND number = ? AND tries = ?"


class SqlMessages:
    """What waits, who has it, what became of it."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def add(self, message: NewMessage) -> tuple[int, bool]:
        """Put it in: its place, and whether it is new. The same id is the same message, whatever else is said now."""
        with self._pool.writing() as conn:
            there = conn.execute(
                "SELECT number FROM message WHERE shop = ? AND id = ?", (self._pool.shop, message.id)
            ).fetchone()
            if there is not None:
                return int(there[0]), False
            number = self._highest(conn) + 1
            values = [_plain(getattr(message, name)) for name in _PUT]
            conn.execute(
                f"INSERT INTO message (shop, number, {', '.join(_PUT)}, state, tries, worker, lease_until, channel, reason, "  # noqa: S608
                f"said, parts, cost, outcome) VALUES (?, ?, {', '.join('?' for _ in _PUT)}, 'waiting', 0, '', 0, '', '', '', "
                "0, 0, '')",
                (self._pool.shop, number, *values),
            )
        return number, True

    def get(self, number: int) -> Kept | None:
        """One message."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM message WHERE shop = ? AND number = ?",  # noqa: S608
            self._pool.shop,
            number,
        )
        return _kept(rows[0]) if rows else None

    def by_id(self, message: str) -> Kept | None:
        """The message with this id."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM message WHERE shop = ? AND id = ?",  # noqa: S608
            self._pool.shop,
            message,
        )
        return _kept(rows[0]) if rows else None

    def latest(
        self,
        limit: int,
        *,
        below: int | None = None,
        member: str = "",
        mailing: int = 0,
        state: str = "",
        number_hash: str = "",
    ) -> list[Kept]:
        """The newest first, of one member, mailing, state or number where one is named."""
        where, values = ["shop = ?", "number < ?"], [self._pool.shop, 2**53 if below is None else below]
        for column, value in (
            ("member", member),
            ("mailing", mailing),
            ("state", state),
            ("number_hash", number_hash),
        ):
            if value:
                where.append(f"{column} = ?")
                values.append(value)  # type: ignore[arg-type]  # texts and numbers alike
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM message WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT ?",  # noqa: S608
            *values,
            limit,
        )
        return [_kept(row) for row in rows]

    def counts(self, mailing: int = 0) -> list[Count]:
        """How many are in each state, of one mailing or (0) of all."""
        rows = self._pool.read(
            "SELECT state, CASE WHEN state = 'waiting' THEN '' ELSE reason END, count(*), sum(parts), sum(cost), "
            "sum(CASE WHEN outcome = 'delivered' THEN 1 ELSE 0 END), sum(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END) "
            "FROM message WHERE shop = ? AND (? = 0 OR mailing = ?) GROUP BY 1, 2 ORDER BY 1, 2",
            self._pool.shop,
            mailing,
            mailing,
        )
        return [Count(state, reason, *map(int, sums)) for state, reason, *sums in rows]

    def is_open(self, mailing: int) -> bool:
        """Whether a message of this mailing has not ended."""
        return bool(
            self._pool.read(
                "SELECT 1 FROM message WHERE shop = ? AND mailing = ? AND state IN ('waiting', 'taken', 'handing') LIMIT 1",
                self._pool.shop,
                mailing,
            )
        )

    def is_due(self, media: Sequence[str], channel: str, now: float) -> bool:
        """Whether there is one; asked without the lock, since most of the time there is none and tills are not to wait for
        that."""
        question, values = self._due(media, channel, now)
        return bool(self._pool.read(question, *values))

    def _due(self, media: Sequence[str], channel: str, now: float) -> tuple[str, tuple[object, ...]]:
        # Each part is answered from the head of an index, however many wait: one medium, one state, one rank.
        parts: list[str] = []
        values: list[object] = []
        for medium in media:
            for state, when in (
                ("waiting", "rank = 0 AND next_at <= ?"),
                ("waiting", "rank = 1 AND next_at <= ?"),
                ("taken", "lease_until < ?"),
            ):
                parts.append(
                    "SELECT * FROM (SELECT number, rank, next_at FROM message WHERE shop = ? AND "  # noqa: S608
                    f"state = '{state}' AND medium = ? AND {when} AND via IN ('', ?) AND (mailing = 0 OR mailing NOT IN "
                    "(SELECT number FROM mailing WHERE shop = ? AND state = 'paused')) ORDER BY rank, next_at LIMIT 1) "
                    f"AS part{len(parts)}"
                )
                values += [self._pool.shop, medium, now, channel, self._pool.shop]
        question = (
            f"SELECT number FROM ({' UNION ALL '.join(parts)}) AS due ORDER BY rank, next_at, number LIMIT 1"  # noqa: S608
        )
        return question, tuple(values)

    def backlog(self, media: Sequence[str], now: float, most: int) -> int:
        """How many messages of the shop's own wish are due for these channels; `most` where there are more."""
        return sum(
            len(
                self._pool.read(
                    "SELECT 1 FROM message WHERE shop = ? AND state = 'waiting' AND medium = ? AND rank = 1 AND next_at <= ? "
                    "LIMIT ?",
                    *(self._pool.shop, medium, now, most),
                )
            )
            for medium in media
        )

    def take(self, media: Sequence[str], channel: str, worker: str, now: float, until: float) -> Kept | None:
        """The next message that is due for this channel: the caller's until `until`. What somebody waits for goes first. One
        whose worker was lost before it passed the gate is taken again: nothing of it has left."""
        due, values = self._due(media, channel, now)
        with self._pool.writing() as conn:
            found = conn.execute(due, values).fetchone()
            if found is None:
                return None
            conn.execute(
                "UPDATE message SET state = 'taken', tries = tries + 1, worker = ?, lease_until = ?, channel = ? "
                "WHERE shop = ? AND number = ?",
                (worker, until, channel, self._pool.shop, found[0]),
            )
        return self.get(int(found[0]))

    def put_off(self, number: int, tries: int, next_at: float, reason: str, said: str) -> bool:
        """Nothing of it has left: it waits until then."""
        return self._change(
            "state = 'waiting', next_at = ?, reason = ?, said = ?, worker = '', handed_at = NULL",
            (next_at, reason, said),
            "state IN ('taken', 'handing')",
            number,
            tries,
        )

    def hand(self, number: int, tries: int, channel: str, now: float, until: float) -> bool:
        """It is about to leave: from here on nobody sends it again."""
        return self._change(
            "state = 'handing', channel = ?, handed_at = ?, lease_until = ?",
            (channel, now, until),
            "state = 'taken'",
            number,
            tries,
        )

    def not_handed(self, number: int, tries: int) -> bool:
        """It did not leave after all: the gate was shut at the last moment."""
        return self._change("state = 'taken', handed_at = NULL", (), "state = 'handing'", number, tries)

    def end(
        self,
        number: int,
        tries: int,
        state: MessageState,
        now: float,
        *,
        reason: str = "",
        said: str = "",
        parts: int = 0,
        cost: int = 0,
    ) -> bool:
        """It has ended so. What was given up as unsure may still turn out."""
        return self._change(
            "state = ?, ended_at = ?, reason = ?, said = ?, parts = ?, cost = ?",
            (state, now, reason, said, parts, cost),
            "state IN ('taken', 'handing', 'unsure')",
            number,
            tries,
        )

    def left_behind(self, now: float, limit: int = 100) -> list[Kept]:
        """Messages that passed the gate and whose worker was not heard of since: they may have left."""
        rows = self._pool.read(
            f"SELECT {_COLUMNS} FROM message WHERE shop = ? AND state = 'handing' AND lease_until < ? ORDER BY number LIMIT ?",  # noqa: S608
            self._pool.shop,
            now,
            limit,
        )
        return [_kept(row) for row in rows]

    def stop_waiting(
        self, reason: str, now: float, *, mailing: int = 0, number: int = 0, limit: int = 500
    ) -> list[Kept]:
        """Hold back what still waits, of a mailing or one message; those that were held back, at most `limit` at a time."""
        with self._pool.writing() as conn:
            rows = conn.execute(
                f"SELECT {_COLUMNS} FROM message WHERE shop = ? AND (mailing = ? OR number = ?) AND state = 'waiting' "  # noqa: S608
                "ORDER BY number LIMIT ?",
                (self._pool.shop, mailing or -1, number or -1, limit),
            ).fetchall()
            found = [_kept(row) for row in rows]
            conn.executemany(
                "UPDATE message SET state = 'stopped', reason = ?, ended_at = ? WHERE shop = ? AND number = ?",
                [(reason, now, self._pool.shop, one.number) for one in found],
            )
        return found

    def handed_since(self, member: str, since: float) -> list[tuple[float, str]]:
        """When messages left for a member since then, and what each was for; those that may have left count."""
        rows = self._pool.read(
            "SELECT handed_at, why FROM message WHERE shop = ? AND member = ? AND handed_at >= ? "
            "AND state IN ('handing', 'sent', 'unsure') ORDER BY handed_at",
            self._pool.shop,
            member,
            since,
        )
        return [(float(at), str(why)) for at, why in rows]

    def forget(self, member: str, instead: str) -> int:
        """Take what was written to a member out of the outbox, overwritten where the database can; what waits is not sent. Counts
        stay right under an id (`instead`) that is nobody's."""
        with self._pool.writing() as conn, self._pool.erasing(conn):
            # A shorter row in its place would leave the longer one's octets in the page: so it is taken out and put in anew.
            rows = conn.execute(
                f"SELECT {_COLUMNS} FROM message WHERE shop = ? AND member = ?",  # noqa: S608
                (self._pool.shop, member),
            ).fetchall()
            for row in rows:
                kept = dict(zip(_NAMES, row, strict=True))
                kept |= {
                    "closed": b"",
                    "text": "",
                    "subject": "",
                    "number_hash": "",
                    "id": f"erased-{kept['number']}",
                }
                kept["member"] = instead
                if kept["state"] in ("waiting", "taken"):
                    kept |= {"state": "stopped", "reason": "erased"}
                conn.execute(
                    "DELETE FROM message WHERE shop = ? AND number = ?", (self._pool.shop, kept["number"])
                )
                conn.execute(
                    f"INSERT INTO message (shop, {_COLUMNS}) VALUES (?, {', '.join('?' for _ in _NAMES)})",  # noqa: S608
                    (self._pool.shop, *kept.values()),
                )
            return len(rows)

    def prune(self, before: float) -> int:
        """Forget messages that ended before then, with their parts and reports."""
        with self._pool.writing() as conn:
            rows = conn.execute(
                "SELECT number FROM message WHERE shop = ? AND ended_at < ? ORDER BY number LIMIT 1000",
                (self._pool.shop, before),
            ).fetchall()
            with self._pool.erasing(conn):
                for (number,) in rows:
                    for table, column in (
                        ("message_part", "message"),
                        ("message_report", "message"),
                        ("message", "number"),
                    ):
                        conn.execute(
                            f"DELETE FROM {table} WHERE shop = ? AND {column} = ?",  # noqa: S608 - names of our own
                            (self._pool.shop, number),
                        )
                conn.execute(
                    "DELETE FROM message_report WHERE shop = ? AND message = 0 AND at < ?",
                    (self._pool.shop, before),
                )
            return len(rows)

    def highest(self) -> int:
        """The number of the latest message; 0 where there is none."""
        rows = self._pool.read("SELECT coalesce(max(number), 0) FROM message WHERE shop = ?", self._pool.shop)
        return int(rows[0][0])

    def _highest(self, conn: Conn) -> int:
        found = conn.execute(
            "SELECT coalesce(max(number), 0) FROM message WHERE shop = ?", (self._pool.shop,)
        ).fetchone()
        return int(found[0])

    def _change(self, to: str, values: Sequence[object], only: str, number: int, tries: int) -> bool:
        with self._pool.writing() as conn:
            done = conn.execute(
                f"UPDATE message SET {to} WHERE {_MINE} AND {only}",  # noqa: S608 - words of our own
                (*values, self._pool.shop, number, tries),
            )
            return done.rowcount == 1


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _kept(row: Sequence[Any]) -> Kept:
    named = dict(zip(_NAMES, row, strict=True))
    return Kept(**named | {"stood": bool(named["stood"]), "closed": bytes(named["closed"])})
