"""Keywords, talks and their lines on either database."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from hub.store.connection import Conn, HubPool
from hub.store.inbox_parts import SqlParts
from hub.store.inbox_records import JoinWish, KeywordRow, Line, Talk, TalkCounts

_TALK = ", ".join(field.name for field in fields(Talk))
_LINE = ", ".join(field.name for field in fields(Line))


class SqlInbox(SqlParts):
    """What came in, what was answered, to which words the shop answers."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    # Keywords

    def keywords(self) -> list[KeywordRow]:
        """All of them, in the order in which they were made."""
        rows = self._pool.read(
            "SELECT number, body, made_at FROM keyword WHERE shop = ? ORDER BY number", self._pool.shop
        )
        return [KeywordRow(int(number), str(body), float(at)) for number, body, at in rows]

    def put_keyword(self, number: int, body: str, forms: Iterable[str], now: float) -> int:
        """Keep one; `number` 0 is a new one. Its number. The caller has asked `taken_forms` in the same transaction."""
        shop = self._pool.shop
        with self._pool.writing() as conn:
            if not number:
                number = _next(conn, "keyword", shop)
                conn.execute("INSERT INTO keyword VALUES (?, ?, ?, ?)", (shop, number, body, now))
            else:
                conn.execute(
                    "UPDATE keyword SET body = ? WHERE shop = ? AND number = ?", (body, shop, number)
                )
            conn.execute("DELETE FROM keyword_form WHERE shop = ? AND keyword = ?", (shop, number))
            conn.executemany(
                "INSERT INTO keyword_form VALUES (?, ?, ?)", [(shop, form, number) for form in set(forms)]
            )
        return number

    def remove_keyword(self, number: int) -> bool:
        """Forget one; False where there is none."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM keyword_form WHERE shop = ? AND keyword = ?", (self._pool.shop, number))
            done = conn.execute(
                "DELETE FROM keyword WHERE shop = ? AND number = ?", (self._pool.shop, number)
            )
        return done.rowcount > 0

    def forms(self) -> dict[str, int]:
        """Every folded form, and whose it is."""
        rows = self._pool.read("SELECT form, keyword FROM keyword_form WHERE shop = ?", self._pool.shop)
        return {str(form): int(keyword) for form, keyword in rows}

    # What came in

    def first_time(self, mark: str, now: float, since: float = -math.inf) -> bool:
        """Remember that this was heard; False where it was before, at `since` or later (seconds of UTC)."""
        with self._pool.writing() as conn:
            done = conn.execute(
                """INSERT INTO heard_key VALUES (?, ?, ?) ON CONFLICT (shop, mark)
                   DO UPDATE SET at = excluded.at WHERE heard_key.at < ?""",
                (self._pool.shop, mark, now, since),
            )
        return done.rowcount > 0

    def forget_key(self, mark: str) -> None:
        """It was not heard: what comes under it is new."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM heard_key WHERE shop = ? AND mark = ?", (self._pool.shop, mark))

    def talk_with(self, channel: str, sender_hash: str) -> Talk | None:
        """The talk with somebody by one channel."""
        return self._talk("channel = ? AND sender_hash = ?", channel, sender_hash)

    def talk(self, number: int) -> Talk | None:
        """One talk."""
        return self._talk("number = ?", number)

    def _talk(self, where: str, *values: object) -> Talk | None:
        question = f"SELECT {_TALK} FROM talk WHERE shop = ? AND {where}"  # noqa: S608
        rows = self._pool.read(question, self._pool.shop, *values)
        return _read_talk(rows[0]) if rows else None

    def open_talk(self, talk: Talk) -> Talk:
        """Begin one (`number` is not looked at); as it is kept."""
        names = [field.name for field in fields(Talk)][1:]
        marks = ", ".join("?" for _ in range(len(names) + 2))
        columns = ", ".join(names)
        statement = f"INSERT INTO talk (shop, number, {columns}) VALUES ({marks})"  # noqa: S608
        with self._pool.writing() as conn:
            number = _next(conn, "talk", self._pool.shop)
            conn.execute(statement, (self._pool.shop, number, *(getattr(talk, name) for name in names)))
        found = self.talk(number)
        assert found is not None  # noqa: S101 - it was put there in this very transaction
        return found

    def change_talk(self, talk: Talk) -> None:
        """Keep what changed of it."""
        with self._pool.writing() as conn:
            conn.execute(
                """UPDATE talk SET member = ?, language = ?, last_at = ?, state = ?, waiting = ?, assigned = ?
                   WHERE shop = ? AND number = ?""",
                (
                    talk.member,
                    talk.language,
                    talk.last_at,
                    talk.state,
                    talk.waiting,
                    talk.assigned,
                    self._pool.shop,
                    talk.number,
                ),
            )

    def next_line(self) -> int:
        """The number that the next line gets; ask inside the transaction that adds it."""
        with self._pool.writing() as conn:
            return _next(conn, "talk_line", self._pool.shop)

    def add_line(self, line: Line) -> None:
        """Add one, under its number."""
        with self._pool.writing() as conn:
            conn.execute(
                f"INSERT INTO talk_line (shop, {_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    self._pool.shop,
                    line.number,
                    line.talk,
                    line.way,
                    line.closed,
                    line.at,
                    line.who,
                    line.meaning,
                    line.letter,
                    int(line.due),
                ),
            )

    def lines(self, talk: int, limit: int, *, below: int | None = None) -> list[Line]:
        """The latest lines of a talk, the newest first."""
        rows = self._pool.read(
            f"SELECT {_LINE} FROM talk_line WHERE shop = ? AND talk = ? AND number < ? ORDER BY number DESC LIMIT ?",  # noqa: S608
            self._pool.shop,
            talk,
            2**53 if below is None else below,
            limit,
        )
        return [_read_line(row) for row in rows]

    def due(self, limit: int) -> list[Line]:
        """Lines that are still to be answered, the oldest first."""
        rows = self._pool.read(
            f"SELECT {_LINE} FROM talk_line WHERE shop = ? AND due = 1 ORDER BY number LIMIT ?",  # noqa: S608
            self._pool.shop,
            limit,
        )
        return [_read_line(row) for row in rows]

    def done(self, number: int) -> bool:
        """A line is answered; False where it was before."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "UPDATE talk_line SET due = 0 WHERE shop = ? AND number = ? AND due = 1",
                (self._pool.shop, number),
            )
        return found.rowcount > 0

    def answered_since(self, talk: int, since: float) -> list[float]:
        """When the hub answered by itself in a talk, since then; the latest first."""
        rows = self._pool.read(
            """SELECT at FROM talk_line WHERE shop = ? AND talk = ? AND way = 'out' AND who = '' AND at >= ?
               ORDER BY number DESC LIMIT 100""",
            self._pool.shop,
            talk,
            since,
        )
        return [float(at) for (at,) in rows]

    # Lists

    def talks(
        self, state: str, *, mine: str = "", waiting: bool = False, limit: int, skip: int
    ) -> list[Talk]:
        """Talks of one state, those that wait for somebody first, then the newest first."""
        where, values = self._where(state, mine, waiting)
        rows = self._pool.read(
            f"SELECT {_TALK} FROM talk WHERE {where} ORDER BY CASE WHEN waiting > 0 THEN 0 ELSE 1 END, last_at DESC, number DESC "  # noqa: S608
            "LIMIT ? OFFSET ?",
            *values,
            limit,
            skip,
        )
        return [_read_talk(row) for row in rows]

    def count_talks(self, state: str, *, mine: str = "", waiting: bool = False) -> int:
        """How many there are."""
        where, values = self._where(state, mine, waiting)
        return int(self._pool.read(f"SELECT count(*) FROM talk WHERE {where}", *values)[0][0])  # noqa: S608

    def _where(self, state: str, mine: str, waiting: bool) -> tuple[str, list[object]]:
        where, values = "shop = ? AND state = ?", [self._pool.shop, state]
        if mine:
            where += " AND assigned = ?"
            values.append(mine)
        return where + (" AND waiting > 0" if waiting else ""), list(values)

    def counts(self) -> TalkCounts:
        """How many of each."""
        return TalkCounts(
            self.count_talks("open", waiting=True), self.count_talks("open"), self.count_talks("closed")
        )

    def talks_of(self, member: str, sender_hashes: Sequence[str] = ()) -> list[Talk]:
        """The talks of a member, and those with these addresses."""
        marks = ", ".join("?" for _ in sender_hashes) or "NULL"
        rows = self._pool.read(
            f"SELECT {_TALK} FROM talk WHERE shop = ? AND ((member = ? AND member <> '') OR sender_hash IN ({marks})) "  # noqa: S608
            "ORDER BY number",
            self._pool.shop,
            member,
            *sender_hashes,
        )
        return [_read_talk(row) for row in rows]

    # Stop

    def stop_number(self, number_hash: str, now: float) -> None:
        """Whoever has this number wants to hear nothing."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO number_stop VALUES (?, ?, ?)
                   ON CONFLICT (shop, number_hash) DO UPDATE SET at = excluded.at""",
                (self._pool.shop, number_hash, now),
            )

    def start_number(self, number_hash: str) -> bool:
        """They want to hear again; whether they had said stop."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM number_stop WHERE shop = ? AND number_hash = ?", (self._pool.shop, number_hash)
            )
        return done.rowcount > 0

    def stopped_at(self, number_hash: str) -> float | None:
        """When they said stop; None where they have not."""
        rows = self._pool.read(
            "SELECT at FROM number_stop WHERE shop = ? AND number_hash = ?", self._pool.shop, number_hash
        )
        return float(rows[0][0]) if rows else None

    # Joining

    def wish_to_join(self, wish: JoinWish) -> None:
        """Somebody was asked to say yes."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO join_wish VALUES (?, ?, ?, ?, ?) ON CONFLICT (shop, sender_hash)
                   DO UPDATE SET language = excluded.language, version = excluded.version, asked_at = excluded.asked_at""",
                (self._pool.shop, wish.sender_hash, wish.language, wish.version, wish.asked_at),
            )

    def join_wish(self, sender_hash: str) -> JoinWish | None:
        """What they were asked."""
        rows = self._pool.read(
            "SELECT sender_hash, language, version, asked_at FROM join_wish WHERE shop = ? AND sender_hash = ?",
            self._pool.shop,
            sender_hash,
        )
        return (
            JoinWish(str(rows[0][0]), str(rows[0][1]), str(rows[0][2]), float(rows[0][3])) if rows else None
        )

    def end_join_wish(self, sender_hash: str) -> None:
        """They answered."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM join_wish WHERE shop = ? AND sender_hash = ?", (self._pool.shop, sender_hash)
            )

    # Forgetting

    def forget(self, member: str, sender_hashes: Sequence[str]) -> int:
        """Delete all talks of a member and those with these addresses, and parts of messages from there; how many lines there
        were. A stop stays: it is a keyed hash, and keeps the number from being written to."""
        shop, lines = self._pool.shop, 0
        with self._pool.writing() as conn, self._pool.erasing(conn):
            talks = self.talks_of(member, sender_hashes)
            for sender in sorted({*sender_hashes, *(talk.sender_hash for talk in talks)}):
                conn.execute("DELETE FROM heard_part WHERE shop = ? AND sender_hash = ?", (shop, sender))
            for talk in talks:
                mine = (shop, talk.number)
                lines += conn.execute("DELETE FROM talk_line WHERE shop = ? AND talk = ?", mine).rowcount
                conn.execute("DELETE FROM talk WHERE shop = ? AND number = ?", mine)
                conn.execute(
                    "DELETE FROM join_wish WHERE shop = ? AND sender_hash = ?", (shop, talk.sender_hash)
                )
        return lines

    def prune(self, lines_before: float, keys_before: float) -> int:
        """Delete what was said before then, and keys that no channel gives again; how many lines."""
        shop = self._pool.shop
        with self._pool.writing() as conn, self._pool.erasing(conn):
            conn.execute("DELETE FROM heard_key WHERE shop = ? AND at < ?", (shop, keys_before))
            conn.execute("DELETE FROM join_wish WHERE shop = ? AND asked_at < ?", (shop, keys_before))
            # They are heard within a day; these are of a hub that has ears no more.
            conn.execute("DELETE FROM heard_part WHERE shop = ? AND at < ?", (shop, keys_before))
            old = "shop = ? AND talk IN (SELECT number FROM talk WHERE shop = ? AND last_at < ?)"
            lines = conn.execute(f"DELETE FROM talk_line WHERE {old}", (shop, shop, lines_before)).rowcount  # noqa: S608
            conn.execute("DELETE FROM talk WHERE shop = ? AND last_at < ?", (shop, lines_before))
        return lines


def _next(conn: Conn, table: str, shop: int) -> int:
    found = conn.execute(f"SELECT coalesce(max(number), 0) FROM {table} WHERE shop = ?", (shop,)).fetchone()  # noqa: S608
    return int(found[0]) + 1


def _read_talk(row: tuple[Any, ...]) -> Talk:
    number, channel, sender_hash, closed, member, language, opened_at, last_at, state, waiting, assigned = row
    # One of the databases gives octets as a view of them.
    sealed = bytes(closed)
    return Talk(
        number, channel, sender_hash, sealed, member, language, opened_at, last_at, state, waiting, assigned
    )


def _read_line(row: tuple[Any, ...]) -> Line:
    number, talk, way, closed, at, who, meaning, letter, due = row
    return Line(number, talk, way, bytes(closed), at, who, meaning, letter, bool(due))
