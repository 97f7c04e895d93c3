"""What the store does to forget somebody: finds every row in which their id stands, and puts another one in its place.

It goes by the tables as they are, not by a list of them: a column named as in `ID_COLUMNS` holds an id and nothing else, and
every other text is searched. The record of changes is never touched (and names no member, `hub.members.named`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.store.as_one import make_room
from hub.store.beside import REBUILT, VERIFIED
from hub.store.connection import Conn, HubPool
from hub.store.consent_records import ForgettingState, ForgottenRow
from hub.store.member_days import MemberFolding
from hub.wire.forgetting import mark_of, put_instead

ID_COLUMNS = ("member", "into_member", "known", "one", "other")
"""What a column is called that holds an opaque id."""

NOT_SEARCHED = ("audit", "forgetting")
"""Never edited; and who is still being forgotten."""

Key = tuple[object, ...]
Found = dict[str, list[Key]]


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    """Columns that can hold an id, each with its kind: "text" or "blob"."""


class SqlForgetting:
    """Forgets people in the database of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool
        self._known: tuple[tuple[object, ...], dict[str, dict[str, str]]] = ((), {})
        self._instead: frozenset[str] = frozenset()
        self.lately: set[str] = set()
        """Ids that this process has put others in the place of, until the files were cleaned of them."""

    # Who is being forgotten

    def ask(self, member: str, now: float) -> bool:
        """Put somebody on the list of those who are to be forgotten; False where they stand on it."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "INSERT INTO forgetting VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, member, now),
            )
            return done.rowcount == 1

    def asked(self) -> list[tuple[str, float]]:
        """Who is to be forgotten, and since when; the oldest wish first."""
        rows = self._pool.read(
            "SELECT member, asked_at FROM forgetting WHERE shop = ? ORDER BY asked_at, member",
            self._pool.shop,
        )
        return [(str(member), float(at)) for member, at in rows]

    def any_asked(self, members: Collection[str]) -> bool:
        """Whether one of these is being forgotten."""
        marks = ", ".join("?" for _ in members) or "NULL"
        return bool(
            self._pool.read(
                f"SELECT 1 FROM forgetting WHERE shop = ? AND member IN ({marks}) LIMIT 1",  # noqa: S608
                *(self._pool.shop, *members),
            )
        )

    # Who was forgotten

    def state(self) -> ForgettingState:
        """How far forgetting has come."""
        rows = self._pool.read(
            "SELECT salt, heard, cleaned, log FROM forgetting_state WHERE shop = ?", self._pool.shop
        )
        return ForgettingState(*rows[0]) if rows else ForgettingState()

    def set_state(self, state: ForgettingState) -> None:
        """It has come so far."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO forgetting_state (shop, salt, heard, cleaned, log) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (shop) DO UPDATE SET salt = excluded.salt, heard = excluded.heard,
                   cleaned = excluded.cleaned, log = excluded.log""",
                (self._pool.shop, state.salt, state.heard, state.cleaned, state.log),
            )

    def latest(self) -> int:
        """The position of the newest fact that says so; 0 where nobody was forgotten."""
        rows = self._pool.read(
            "SELECT position FROM forgotten WHERE shop = ? ORDER BY position DESC LIMIT 1", self._pool.shop
        )
        return int(rows[0][0]) if rows else 0

    def ones(self) -> list[ForgottenRow]:
        """Everybody who was forgotten, in the hub's order."""
        rows = self._pool.read(
            "SELECT position, salt, mark, instead, at FROM forgotten WHERE shop = ? ORDER BY position",
            self._pool.shop,
        )
        return [ForgottenRow(*row) for row in rows]

    def marks(self) -> dict[str, dict[str, str]]:
        """The new id of each who was forgotten, by salt and by the keyed hash of the former one. Cheap: read anew only where
        there are more."""
        rows = self._pool.read(
            "SELECT position, mark FROM forgotten WHERE shop = ? ORDER BY position DESC LIMIT 1",
            self._pool.shop,
        )
        latest = tuple(rows[0]) if rows else ()
        if self._known[0] != latest:
            found: dict[str, dict[str, str]] = {}
            for row in self.ones():
                found.setdefault(row.salt, {}).setdefault(row.mark, row.instead)
            self._known = latest, found
            self._instead = frozenset(new for by_mark in found.values() for new in by_mark.values())
        return self._known[1]

    def instead_of(self, member: str) -> str | None:
        """What stands in the place of this id; None where nobody with it was forgotten."""
        for salt, by_mark in self.marks().items():
            found = by_mark.get(mark_of(salt, member))
            if found is not None:
                return found
        return None

    def is_instead(self, member: str) -> bool:
        """Whether this id stands for somebody who was forgotten: it is nobody's."""
        return bool(self.marks()) and member in self._instead

    # The rows

    def take_letters(self, member: str, address_hashes: Collection[str]) -> None:
        """What was written to these addresses before anybody knew whose they are (a code to join) was written to this member."""
        with self._pool.writing() as conn:
            for one in address_hashes:
                conn.execute(
                    "UPDATE message SET member = ? WHERE shop = ? AND number_hash = ? AND member = ''",
                    (member, self._pool.shop, one),
                )

    def all_ids(self) -> Iterator[str]:
        """Every id that stands in a column of ids; the same one may come several times."""
        for table in self._tables():
            for column, _ in table.texts:
                if column in ID_COLUMNS:
                    rows = self._pool.read(
                        f"SELECT DISTINCT {column} FROM {table.name} WHERE shop = ? AND {column} <> ''",  # noqa: S608
                        self._pool.shop,
                    )
                    yield from (str(value) for (value,) in rows)

    def find(self, ids: Collection[str]) -> Found:
        """The keys of all rows in which one of these stands anywhere. Slow where there is much; takes no lock."""
        found: Found = {}
        needles = [one.encode() for one in ids]
        for table in self._tables():
            terms = [self._pool.holds(column, kind) for column, kind in table.texts]
            if not terms or not needles:
                continue
            where = " OR ".join(term for term in terms for _ in needles)
            rows = self._pool.read(
                f"SELECT {', '.join(table.keys)} FROM {table.name} WHERE shop IN (?, ?, ?) AND ({where})",  # noqa: S608
                *self._shops(),
                *(needle for _ in terms for needle in needles),
            )
            if rows:
                found[table.name] = [tuple(row) for row in rows]
        return found

    def runs_after(self, position: int, ids: Collection[str]) -> list[Key]:
        """Runs of the journal behind that position in which one of these stands."""
        needles = [one.encode() for one in ids]
        where = " OR ".join(self._pool.holds("texts", "blob") for _ in needles) or "1 = 0"
        rows = self._pool.read(
            f"SELECT {', '.join(self._pool.key_columns('journal'))} FROM journal "  # noqa: S608
            f"WHERE shop = ? AND position > ? AND ({where})",
            *(self._pool.shop, position, *needles),
        )
        return [tuple(row) for row in rows]

    def put_instead(self, changes: Mapping[str, str], found: Mapping[str, Sequence[Key]]) -> int:
        """Put other ids in the place of these, in all columns of ids and in the rows that were found; how many rows that were.
        Call inside a transaction. What is overwritten is overwritten on the disk."""
        changed = as_one = 0
        shops = self._shops()
        with self._pool.writing() as conn, self._pool.erasing(conn):
            for table in self._tables():
                for column, _ in table.texts:
                    if column in ID_COLUMNS:
                        for before, after in changes.items():
                            if column in table.keys:
                                as_one += make_room(
                                    conn, table.name, table.columns, table.keys, column, before, after, shops
                                )
                            changed += conn.execute(
                                f"UPDATE {table.name} SET {column} = ? WHERE shop IN (?, ?, ?) AND {column} = ?",  # noqa: S608
                                (after, *shops, before),
                            ).rowcount
                for key in found.get(table.name, ()):
                    changed += self._rewrite(conn, table, key, changes)
            if as_one:
                MemberFolding(self._pool).returns_anew(sorted(changes.values()))
            self._pool.snapshot_changed(conn)
            self.lately |= set(changes)
            for before in changes:
                conn.execute(
                    "DELETE FROM forgetting WHERE shop = ? AND member = ?", (self._pool.shop, before)
                )
        return changed + as_one

    def _shops(self) -> tuple[int, int, int]:
        """The shop's own rows, and those that are being derived beside them."""
        return self._pool.shop, self._pool.shop + REBUILT, self._pool.shop + VERIFIED

    def _rewrite(self, conn: Conn, table: _Table, key: Key, changes: Mapping[str, str]) -> int:
        columns = [column for column, _ in table.texts if column not in ID_COLUMNS]
        if not columns:
            return 0
        where = " AND ".join(f"{name} = ?" for name in table.keys)
        row = conn.execute(
            f"SELECT {', '.join(columns)} FROM {table.name} WHERE {where}",  # noqa: S608
            key,
        ).fetchone()
        # An id that is a key itself was changed just now, and this row is another one's then.
        if row is None:
            return 0
        new = [_changed(value, changes) for value in row]
        different = [place for place, value in enumerate(new) if value != row[place]]
        if not different:
            return 0
        conn.execute(
            f"UPDATE {table.name} SET {', '.join(f'{columns[place]} = ?' for place in different)} WHERE {where}",  # noqa: S608
            (*(new[place] for place in different), *key),
        )
        return 1

    def columns(self) -> list[tuple[str, str, str]]:
        """Every column of every table: table, column, kind."""
        return self._pool.all_columns()

    def _tables(self) -> Iterable[_Table]:
        by_name: dict[str, list[tuple[str, str]]] = {}
        for table, column, kind in self._pool.all_columns():
            by_name.setdefault(table, []).append((column, kind))
        for name, columns in sorted(by_name.items()):
            if name in NOT_SEARCHED or "shop" not in [column for column, _ in columns]:
                continue
            texts = tuple((column, kind) for column, kind in columns if kind in ("text", "blob"))
            keys = tuple(self._pool.key_columns(name))
            if keys and texts:
                yield _Table(name, tuple(column for column, _ in columns), keys, texts)


def _changed(value: Any, changes: Mapping[str, str]) -> Any:
    """A text or octets with other ids."""
    if isinstance(value, str):
        octets = put_instead(value.encode("utf-8", "surrogatepass"), changes)
        return octets.decode("utf-8", "surrogatepass")
    return put_instead(bytes(value), changes) if isinstance(value, bytes | memoryview) else value
