"""The store's answers about consents, and how their records are kept as facts come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hub.store.connection import HubPool
from hub.store.consent_records import ConsentRow, PauseRow

_RECORD = (
    "position, member, given, purpose, medium, version, language, place, at, clock, device, proof, simulated"
)


class SqlConsents:
    """Reads records of consent of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def records(self, members: Collection[str]) -> list[ConsentRow]:
        """Every record of these members in the hub's order, without the words."""
        rows = self._pool.read(
            f"SELECT {_RECORD} FROM consent_record WHERE shop = ? AND member IN ({_marks(members)}) "  # noqa: S608
            "ORDER BY position",
            *(self._pool.shop, *members),
        )
        return [_record(row) for row in rows]

    def with_words(self, members: Collection[str]) -> list[ConsentRow]:
        """The same with the words to which they agreed."""
        columns = ", ".join(f"r.{name}" for name in _RECORD.split(", "))
        rows = self._pool.read(
            f"""SELECT {columns}, coalesce(w.words, '') FROM consent_record r
                LEFT JOIN consent_words w ON w.shop = r.shop AND w.digest = r.digest
                WHERE r.shop = ? AND r.member IN ({_marks(members)}) ORDER BY r.position""",  # noqa: S608
            *(self._pool.shop, *members),
        )
        return [_record(row) for row in rows]

    def pauses(self, members: Collection[str]) -> list[PauseRow]:
        """When these members wanted to hear nothing, in the hub's order."""
        rows = self._pool.read(
            f"SELECT position, member, until, at, place FROM member_pause "  # noqa: S608 - question marks
            f"WHERE shop = ? AND member IN ({_marks(members)}) ORDER BY position",
            *(self._pool.shop, *members),
        )
        return [PauseRow(*row) for row in rows]


class ConsentFolding:
    """Writes records of consent; a part of the ledger."""

    _pool: HubPool

    def add_consent_records(self, rows: Iterable[Sequence[Any]], words: Mapping[str, str]) -> None:
        """position, member, given, purpose, medium, digest, version, language, place, at, clock, device, proof, simulated; the
        words by their digest."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO consent_words VALUES ({int(self._pool.shop)}, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                sorted(words.items()),
            )
            conn.executemany(
                f"INSERT INTO consent_record VALUES ({int(self._pool.shop)}, {', '.join('?' * 14)})",  # noqa: S608
                rows,
            )

    def add_pauses(self, rows: Iterable[Sequence[Any]]) -> None:
        """position, member, until, at, place."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO member_pause VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )

    def add_forgotten(self, rows: Iterable[Sequence[Any]]) -> None:
        """position, salt, mark, instead, at."""
        with self._pool.writing() as conn:
            conn.executemany(
                f"INSERT INTO forgotten VALUES ({int(self._pool.shop)}, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )


def _record(row: Sequence[Any]) -> ConsentRow:
    texts = [str(value) for value in row[3:8]]
    return ConsentRow(
        int(row[0]),
        str(row[1]),
        bool(row[2]),
        *(texts[0], texts[1], texts[2], texts[3], texts[4]),
        at=float(row[8]),
        clock=str(row[9]),
        device=str(row[10]),
        proof=str(row[11]),
        simulated=bool(row[12]),
        words=str(row[13]) if len(row) > 13 else "",
    )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" for _ in values) or "NULL"
