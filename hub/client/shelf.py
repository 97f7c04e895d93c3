"""The hub's last snapshot on this node's disk: whole sections, checked before they are kept."""

from __future__ import annotations

import sqlite3
import threading
from typing import TypeVar

from hub.client.db import Pool
from hub.wire.snapshot import (
    PICTURE_PREFIX,
    SECTIONS,
    BadSnapshot,
    Campaign,
    Key,
    Manifest,
    Picture,
    Right,
    Shop,
    Snapshot,
    Staff,
    Tag,
    read_section,
)

T = TypeVar("T")


class Shelf:
    """What the hub last said. Another program on the same file may put a newer snapshot there; it is seen at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._version = -1
        self._read: dict[str, object] = {}

    def have(self) -> dict[str, str]:
        """The sections that are here: name to content hash."""
        return dict(self._pool.here().execute("SELECT name, hash FROM section").fetchall())

    def adopt(self, conn: sqlite3.Connection, manifest: Manifest, signed: Snapshot, now: float) -> bool:
        """Keep a checked snapshot; call it inside `writing()`. False: a section is missing, and the next exchange brings it."""
        for name, body in signed.sections.items():
            content_type = Picture if name.startswith(PICTURE_PREFIX) else SECTIONS.get(name)
            if content_type is not None:
                read_section(bytes(body), content_type)
            conn.execute(
                "INSERT OR REPLACE INTO section VALUES (?, ?, ?)",
                (name, manifest.sections[name], bytes(body)),
            )
        here = dict(conn.execute("SELECT name, hash FROM section").fetchall())
        if any(here.get(name) != digest for name, digest in manifest.sections.items()):
            return False
        conn.executemany(
            "DELETE FROM section WHERE name = ?", [(name,) for name in here if name not in manifest.sections]
        )
        conn.execute(
            """INSERT INTO manifest VALUES (1, 1, ?, ?, ?, ?)
               ON CONFLICT (one) DO UPDATE SET version = version + 1, text = excluded.text,
               signature = excluded.signature, made_at = excluded.made_at, adopted_at = excluded.adopted_at""",
            (signed.manifest, signed.signature, manifest.made_at, now),
        )
        return True

    def made_at(self) -> float | None:
        """When the hub made the snapshot; None before the first."""
        row = self._pool.here().execute("SELECT made_at FROM manifest").fetchone()
        return row[0] if row else None

    def shop(self) -> Shop | None:
        """The shop; None before the first snapshot."""
        return self._section("shop", Shop)

    def campaigns(self) -> list[Campaign]:
        """Every published campaign, running or not."""
        return self._section("campaigns", list[Campaign]) or []

    def campaign(self, number: int) -> Campaign | None:
        """The campaign of that number."""
        return next((campaign for campaign in self.campaigns() if campaign.number == number), None)

    def key(self, number: int) -> Key | None:
        """The node's key that coupons name by this number."""
        return next((key for key in self._section("keys", list[Key]) or [] if key.number == number), None)

    def key_of(self, device: str) -> Key | None:
        """The newest key of the node of this name; None for a name that the shop does not know."""
        keys = [key for key in self._section("keys", list[Key]) or [] if key.device == device]
        return max(keys, key=lambda key: key.number, default=None)

    def revoked(self) -> frozenset[str]:
        """Serials of coupons that the shop has withdrawn."""
        return frozenset(self._section("revoked", list[str]) or [])

    def staff(self) -> list[Staff]:
        """Who may redeem."""
        return self._section("staff", list[Staff]) or []

    def tags(self) -> list[Tag]:
        """Whom this node may recognise; the same list until the hub says something else."""
        return self._section("tags", list[Tag]) or []

    def right(self, campaign: int) -> Right:
        """What this node may do alone for a campaign."""
        rights = self._section("rights", list[Right]) or []
        return next((right for right in rights if right.campaign == campaign), Right(campaign))

    def picture(self, digest: str) -> Picture | None:
        """A picture by its content hash. Not kept in memory: a shop may have many."""
        row = (
            self._pool.here()
            .execute("SELECT body FROM section WHERE name = ?", (PICTURE_PREFIX + digest,))
            .fetchone()
        )
        return read_section(row[0], Picture) if row else None

    def _section(self, name: str, content_type: type[T]) -> T | None:
        db = self._pool.here()
        row = db.execute("SELECT version FROM manifest").fetchone()
        version = row[0] if row else 0
        with self._lock:
            if version != self._version:
                self._version, self._read = version, {}
            if name not in self._read:
                row = (
                    db.execute("SELECT body FROM section WHERE name = ?", (name,)).fetchone()
                    if version
                    else None
                )
                try:
                    self._read[name] = read_section(row[0], content_type) if row else None
                except BadSnapshot:
                    # It was checked when it was adopted: an older release wrote it. Do without until the hub sends it again.
                    self._read[name] = None
            return self._read[name]  # type: ignore[return-value]
