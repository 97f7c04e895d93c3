"""SQLite's answers about what may be recognised: tags, members who gave a key, and to which words they agreed."""

from __future__ import annotations

from dataclasses import astuple

from hub.store.connection import HubPool
from hub.store.records import ConsentRecord, TagRecord


class SqliteTags:
    """Enrolled tags. A key comes and goes as the sealed text that it is."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[TagRecord]:
        """Every tag, in the order of their ids."""
        rows = self._pool.read(
            "SELECT known, name, whose, kind, identity, sealed, made_at FROM tag WHERE shop = ? ORDER BY known",
            self._pool.shop,
        )
        return [TagRecord(*row) for row in rows]

    def add(self, tag: TagRecord, consent: ConsentRecord | None) -> None:
        """Keep a tag, and the consent that it rests on."""
        with self._pool.writing() as conn:
            conn.execute("INSERT INTO tag VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (self._pool.shop, *astuple(tag)))
            if consent is not None:
                conn.execute(
                    "INSERT INTO tag_consent VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (self._pool.shop, *astuple(consent)),
                )
            self._pool.snapshot_changed(conn)

    def remove(self, known: str, now: float) -> bool:
        """Forget a tag with its name and key; False where there is none. Its consent stays, as one that was taken back."""
        with self._pool.writing() as conn:
            # A name is to be gone from the disk too.
            with self._pool.erasing(conn):
                done = conn.execute("DELETE FROM tag WHERE shop = ? AND known = ?", (self._pool.shop, known))
                conn.execute(
                    "UPDATE tag_consent SET withdrawn_at = ? WHERE shop = ? AND known = ? AND withdrawn_at IS NULL",
                    (now, self._pool.shop, known),
                )
            self._pool.snapshot_changed(conn)
            return done.rowcount == 1

    def consents(self) -> list[ConsentRecord]:
        """Every consent that was ever given, in the order of the tags' ids."""
        rows = self._pool.read(
            """SELECT known, text, version, language, place, given_at, withdrawn_at FROM tag_consent
               WHERE shop = ? ORDER BY known""",
            self._pool.shop,
        )
        return [ConsentRecord(*row) for row in rows]
