"""What the store says of notes on the chart, on either database."""

from __future__ import annotations

from datetime import date

from hub.store.connection import HubPool
from hub.store.note_records import ChartNote

_NOTE = "SELECT number, first_day, last_day, text, who, at FROM chart_note WHERE shop = ?"


class SqlNotes:
    """Notes that people of the office keep beside days."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def between(self, first: date, last: date, limit: int = 100) -> list[ChartNote]:
        """Notes that touch these days, the earliest first."""
        rows = self._pool.read(
            f"{_NOTE} AND last_day >= ? AND first_day <= ? ORDER BY first_day, number LIMIT ?",
            self._pool.shop,
            first.isoformat(),
            last.isoformat(),
            limit,
        )
        return [_read(row) for row in rows]

    def get(self, number: int) -> ChartNote | None:
        """One note."""
        rows = self._pool.read(f"{_NOTE} AND number = ?", self._pool.shop, number)
        return _read(rows[0]) if rows else None

    def add(self, first: date, last: date, text: str, who: str, now: float) -> int:
        """Keep a note; its number."""
        with self._pool.writing() as conn:
            found = conn.execute(
                "SELECT coalesce(max(number), 0) FROM chart_note WHERE shop = ?", (self._pool.shop,)
            ).fetchone()
            number = int(found[0]) + 1
            conn.execute(
                "INSERT INTO chart_note VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._pool.shop, number, first.isoformat(), last.isoformat(), text, who, now),
            )
        return number

    def remove(self, number: int) -> bool:
        """Forget a note; False where there is none."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM chart_note WHERE shop = ? AND number = ?", (self._pool.shop, number)
            )
        return done.rowcount > 0


def _read(row: tuple[object, ...]) -> ChartNote:
    number, first, last, text, who, at = row
    return ChartNote(
        int(str(number)),
        date.fromisoformat(str(first)),
        date.fromisoformat(str(last)),
        str(text),
        str(who),
        float(str(at)),
    )
