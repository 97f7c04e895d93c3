"""The store's answers about other programs: their keys, what they were answered, what they page through."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.acts import ACT, read_act
from hub.store.connection import HubPool
from hub.store.outside_records import ApiKey, Product
from hub.store.records import Act

_KEY = "SELECT id, name, hash, scopes, made_by, made_at, used_at, ended_at FROM api_key"


class SqlOutside:
    """Keys, answers, pages."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def shop_of_key(self, key: str) -> int | None:
        """The shop that gave a key out; None where none did. The one question here that looks beyond one shop."""
        rows = self._pool.read("SELECT shop FROM api_key WHERE id = ? ORDER BY shop LIMIT 1", key)
        return int(rows[0][0]) if rows else None

    def all_keys(self) -> list[ApiKey]:
        """Every key that was given out, the newest first."""
        rows = self._pool.read(f"{_KEY} WHERE shop = ? ORDER BY made_at DESC, id", self._pool.shop)
        return [ApiKey(*row) for row in rows]

    def key(self, key: str) -> ApiKey | None:
        """One key."""
        rows = self._pool.read(f"{_KEY} WHERE shop = ? AND id = ?", self._pool.shop, key)
        return ApiKey(*rows[0]) if rows else None

    def add_key(self, key: ApiKey) -> None:
        """A new one."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO api_key (shop, id, name, hash, scopes, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._pool.shop, key.id, key.name, key.hash, key.scopes, key.made_by, key.made_at),
            )

    def end_key(self, key: str, now: float) -> bool:
        """Believe a key no more; False where it is over already, or there is none."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE api_key SET ended_at = ? WHERE shop = ? AND id = ? AND ended_at IS NULL",
                (now, self._pool.shop, key),
            )
            return done.rowcount == 1

    def note_use(self, key: str, now: float) -> None:
        """It was used."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE api_key SET used_at = ? WHERE shop = ? AND id = ?", (now, self._pool.shop, key)
            )

    def answer(self, key: str, request: str) -> tuple[str, int, bytes] | None:
        """What was asked under this key of a request (a digest), with its status and reply."""
        rows = self._pool.read(
            "SELECT asked, status, reply FROM api_answer WHERE shop = ? AND api_key = ? AND request_key = ?",
            self._pool.shop,
            key,
            request,
        )
        return (rows[0][0], int(rows[0][1]), bytes(rows[0][2])) if rows else None

    def keep_answer(self, key: str, request: str, asked: str, status: int, reply: bytes, now: float) -> None:
        """Keep what was answered, in the place of what stood there."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO api_answer (shop, api_key, request_key, asked, status, reply, at) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (shop, api_key, request_key) DO UPDATE SET asked = excluded.asked, status = excluded.status, "
                "reply = excluded.reply, at = excluded.at",
                (self._pool.shop, key, request, asked, status, reply, now),
            )

    def drop_answer(self, key: str, request: str) -> None:
        """Forget one: the request came to nothing and may come again."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM api_answer WHERE shop = ? AND api_key = ? AND request_key = ?",
                (self._pool.shop, key, request),
            )

    def prune_answers(self, before: float) -> int:
        """Forget those of earlier than that."""
        with self._pool.writing() as conn:
            return max(
                0,
                conn.execute(
                    "DELETE FROM api_answer WHERE shop = ? AND at < ?", (self._pool.shop, before)
                ).rowcount,
            )

    def acts_after(
        self, position: int, first: float, end: float, campaign: int | None, limit: int
    ) -> list[Act]:
        """Redemptions in the hub's own order, behind that position."""
        rows = self._pool.read(
            f"{ACT} AND position > ? AND at >= ? AND at < ? AND (? = 0 OR campaign = ?) ORDER BY position LIMIT ?",
            self._pool.shop,
            position,
            first,
            end,
            campaign or 0,
            campaign or 0,
            limit,
        )
        return [read_act(row) for row in rows]

    def put_products(self, products: Iterable[Product], now: float) -> None:
        """Keep products, each in the place of the one with its code."""
        with self._pool.writing() as conn:
            conn.executemany(
                "INSERT INTO product (shop, code, name, name_zh, price_cents, changed_at) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (shop, code) DO UPDATE SET name = excluded.name, name_zh = excluded.name_zh, "
                "price_cents = excluded.price_cents, changed_at = excluded.changed_at",
                [
                    (self._pool.shop, one.code, one.name, one.name_zh, one.price_cents, now)
                    for one in products
                ],
            )

    def products(self, after: str, limit: int) -> list[Product]:
        """Products by their codes, behind that one."""
        rows = self._pool.read(
            "SELECT code, name, name_zh, price_cents FROM product WHERE shop = ? AND code > ? ORDER BY code LIMIT ?",
            self._pool.shop,
            after,
            limit,
        )
        return [Product(*row) for row in rows]

    def count_products(self) -> int:
        """How many there are."""
        return int(self._pool.read("SELECT count(*) FROM product WHERE shop = ?", self._pool.shop)[0][0])
