"""SQLite's answers about keys that change, and about coupons that were called back by a rule."""

from __future__ import annotations

import msgspec

from hub.store.connection import HubPool
from hub.store.key_records import CodeKeyRecord, KeyRecord, RuleRecord
from hub.wire.snapshot import RevocationRule

KEY_NUMBERS = 256
"""One byte of a coupon names the key."""

KEY_ROW = (
    "SELECT number, device, public, made_at, starts_at, ends_at, withdrawn_at FROM node_key WHERE shop = ?"
)
"""The row of a `KeyRecord`, to be followed by a further condition."""


class SqliteKeys:
    """Keys of nodes with their lives, the keys behind codes that change, rules."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[KeyRecord]:
        """Every key that is in use or was, in the order of their numbers."""
        return [KeyRecord(*row) for row in self._pool.read(f"{KEY_ROW} ORDER BY number", self._pool.shop)]

    def get(self, number: int) -> KeyRecord | None:
        """The key of that number."""
        rows = self._pool.read(f"{KEY_ROW} AND number = ?", self._pool.shop, number)
        return KeyRecord(*rows[0]) if rows else None

    def by_public(self, public: str) -> KeyRecord | None:
        """The key with that public half."""
        rows = self._pool.read(f"{KEY_ROW} AND public = ?", self._pool.shop, public)
        return KeyRecord(*rows[0]) if rows else None

    def put(self, record: KeyRecord) -> None:
        """Keep a key, in the place of what had its number before."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM node_key WHERE shop = ? AND (number = ? OR public = ?)",
                (self._pool.shop, record.number, record.public),
            )
            conn.execute(
                "INSERT INTO node_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._pool.shop,
                    record.number,
                    record.device,
                    record.public,
                    record.made_at,
                    record.starts_at,
                    record.ends_at,
                    record.withdrawn_at,
                ),
            )
            self._pool.snapshot_changed(conn)

    def sign_with(self, device: str, number: int) -> None:
        """From now on this is the key that a node signs with."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE device SET key_number = ? WHERE shop = ? AND device = ?",
                (number, self._pool.shop, device),
            )
            conn.execute("DELETE FROM renewal_wish WHERE shop = ? AND device = ?", (self._pool.shop, device))

    def last_expiry(self, number: int) -> int | None:
        """Until when the last of the coupons is good that the ledger has under this number."""
        rows = self._pool.read(
            "SELECT max(expires_at) FROM coupon WHERE shop = ? AND key_number = ?", self._pool.shop, number
        )
        return None if rows[0][0] is None else int(rows[0][0])

    def wish(self, device: str, now: float) -> None:
        """The office wants this node to take a new key."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO renewal_wish VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, device, now),
            )

    def wishes(self) -> dict[str, float]:
        """Nodes that are to take a new key, and since when."""
        return dict(self._pool.read("SELECT device, at FROM renewal_wish WHERE shop = ?", self._pool.shop))

    def policy(self) -> str | None:
        """How keys change, as JSON; None before anybody said."""
        rows = self._pool.read("SELECT body FROM key_policy WHERE shop = ?", self._pool.shop)
        return rows[0][0] if rows else None

    def set_policy(self, body: str) -> None:
        """Keep it."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO key_policy VALUES (?, ?) ON CONFLICT (shop) DO UPDATE SET body = excluded.body",
                (self._pool.shop, body),
            )

    def code_keys(self) -> list[CodeKeyRecord]:
        """The keys behind codes that change, the oldest first."""
        rows = self._pool.read(
            "SELECT number, sealed, made_at, starts_at FROM code_key WHERE shop = ? ORDER BY number",
            self._pool.shop,
        )
        return [CodeKeyRecord(*row) for row in rows]

    def add_code_key(self, record: CodeKeyRecord, keep_from: int) -> None:
        """Keep a new one, and forget those with a number below `keep_from`."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO code_key VALUES (?, ?, ?, ?, ?)",
                (self._pool.shop, record.number, record.sealed, record.made_at, record.starts_at),
            )
            conn.execute("DELETE FROM code_key WHERE shop = ? AND number < ?", (self._pool.shop, keep_from))

    def forget_code_keys(self, below: int) -> None:
        """Forget those with a lower number."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM code_key WHERE shop = ? AND number < ?", (self._pool.shop, below))

    def rules(self) -> list[RuleRecord]:
        """Every rule that calls coupons back, the oldest first."""
        rows = self._pool.read(
            "SELECT body, who, reason FROM revoked_rule WHERE shop = ? ORDER BY number", self._pool.shop
        )
        return [
            RuleRecord(msgspec.json.decode(body, type=RevocationRule), who, reason)
            for body, who, reason in rows
        ]

    def put_rule(self, record: RuleRecord) -> None:
        """Keep a rule under its number."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO revoked_rule VALUES (?, ?, ?, ?, ?) ON CONFLICT (shop, number) DO UPDATE SET
                   body = excluded.body, who = excluded.who, reason = excluded.reason""",
                (
                    self._pool.shop,
                    record.rule.number,
                    msgspec.json.encode(record.rule).decode(),
                    record.who,
                    record.reason,
                ),
            )
            self._pool.snapshot_changed(conn)

    def remove_rule(self, number: int) -> bool:
        """Forget a rule; False where there is none."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "DELETE FROM revoked_rule WHERE shop = ? AND number = ?", (self._pool.shop, number)
            )
            self._pool.snapshot_changed(conn)
            return done.rowcount == 1
