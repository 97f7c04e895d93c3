"""SQLite's answers about the shop itself, its nodes, and the codes that let new ones in."""

from __future__ import annotations

import msgspec

from hub.store.connection import HubPool
from hub.store.key_records import KeyRecord
from hub.store.keys import KEY_NUMBERS, KEY_ROW
from hub.store.member_days import MemberFolding
from hub.store.records import Device
from hub.store.rollups import SqlRollups
from hub.wire.identity import REPLAY_WINDOW, ReplayWindow
from hub.wire.snapshot import Key, Shop

_DEVICE = """SELECT d.device, d.program, d.name, d.public, d.key_number, d.enrolled_at, d.withdrawn_at, c.seen_at, c.highest,
    c.bits FROM device d JOIN contact c ON c.shop = d.shop AND c.device = d.device WHERE d.shop = ?"""


class SqliteShop:
    """The shop that this hub is for."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    @property
    def number(self) -> int:
        """The shop's number, as coupons carry it; 0 before there is a shop."""
        return self._pool.shop

    def get(self) -> Shop | None:
        """The shop; None before `python -m hub init`."""
        rows = self._pool.read("SELECT body FROM shop WHERE number = ?", self._pool.shop)
        return msgspec.json.decode(rows[0][0], type=Shop) if rows else None

    def save(self, shop: Shop, now: float) -> None:
        """Make the shop, or give it another name, clock or colour."""
        with self._pool.writing() as conn:
            before = self.get()
            conn.execute(
                """INSERT INTO shop (number, body, made_at) VALUES (?, ?, ?)
                   ON CONFLICT (number) DO UPDATE SET body = excluded.body""",
                (shop.number, msgspec.json.encode(shop).decode(), now),
            )
            self._pool.shop = shop.number
            self._pool.snapshot_changed(conn)
            if before is not None and before.timezone != shop.timezone:
                # Its days begin at another moment from now on, also those that are over.
                SqlRollups(self._pool).reckon_anew()
                MemberFolding(self._pool).returns_anew()

    def made_at(self) -> float:
        """When the shop was made; 0 before."""
        rows = self._pool.read("SELECT made_at FROM shop WHERE number = ?", self._pool.shop)
        return float(rows[0][0]) if rows else 0.0

    def snapshot_version(self) -> int:
        """Rises with everything that a snapshot says."""
        return self._pool.snapshot_version()


class SqliteDevices:
    """Enrolled nodes, what they have counted, and open pairing codes."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def all(self) -> list[Device]:
        """Every node that was ever enrolled, in the order of their keys."""
        rows = self._pool.read(f"{_DEVICE} ORDER BY d.key_number", self._pool.shop)
        return [self._device(row) for row in rows]

    def get(self, device: str) -> Device | None:
        """The node of that name."""
        rows = self._pool.read(f"{_DEVICE} AND d.device = ?", self._pool.shop, device)
        return self._device(rows[0]) if rows else None

    @staticmethod
    def _device(row: tuple[str, str, str, str, int, float, float | None, float | None, int, bytes]) -> Device:
        return Device(*row[:8], ReplayWindow.from_bytes(row[8], row[9]))

    def admit(self, device: str, window: ReplayWindow, now: float) -> None:
        """Keep a node's window after a good request. Call inside a transaction that read it."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE contact SET highest = ?, bits = ?, seen_at = ? WHERE shop = ? AND device = ?",
                (window.highest, window.to_bytes(), now, self._pool.shop, device),
            )

    def count_wrong_code(self, device: str, now: float, *, window_s: float) -> int:
        """One more wrong code from this till; how many within the window."""
        with self._pool.writing() as conn:
            row = conn.execute(
                """UPDATE contact SET wrong_codes = CASE WHEN wrong_since < ? THEN 1 ELSE wrong_codes + 1 END,
                   wrong_since = CASE WHEN wrong_since < ? THEN ? ELSE wrong_since END
                   WHERE shop = ? AND device = ? RETURNING wrong_codes""",
                (now - window_s, now - window_s, now, self._pool.shop, device),
            ).fetchone()
            return int(row[0]) if row else 0

    def wrong_codes(self, device: str, now: float, *, window_s: float) -> int:
        """Wrong codes of this till within the window."""
        rows = self._pool.read(
            "SELECT wrong_codes FROM contact WHERE shop = ? AND device = ? AND wrong_since >= ?",
            self._pool.shop,
            device,
            now - window_s,
        )
        return int(rows[0][0]) if rows else 0

    def enrol(
        self, program: str, name: str, public: str, now: float, key_number: int | None = None
    ) -> Device | None:
        """Take a node in under the next free name, with this number for its key (`hub.keys.free_number`); without one, with the
        lowest that was never used, and None where there is none."""
        with self._pool.writing() as conn:
            shop = self._pool.shop
            if key_number is None:
                used = {
                    number
                    for (number,) in self._pool.read("SELECT number FROM node_key WHERE shop = ?", shop)
                }
                key_number = next((number for number in range(KEY_NUMBERS) if number not in used), None)
            if key_number is None:
                return None
            with self._pool.whole_database():
                # A request names its node and no shop, so a name is given out once in the whole database.
                taken = {name for (name,) in self._pool.read("SELECT device FROM device")}
                place = next(n for n in range(1, len(taken) + 2) if f"{program}-{n}" not in taken)
                device = f"{program}-{place}"
                conn.execute(
                    "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                    (shop, device, program, name, public, key_number, now),
                )
            conn.execute(
                "DELETE FROM node_key WHERE shop = ? AND (number = ? OR public = ?)",
                (shop, key_number, public),
            )
            conn.execute(
                "INSERT INTO node_key VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL)",
                (shop, key_number, device, public, now),
            )
            conn.execute(
                "INSERT INTO contact (shop, device, bits) VALUES (?, ?, ?)",
                (shop, device, bytes(REPLAY_WINDOW // 8)),
            )
            self._pool.snapshot_changed(conn)
        return self.get(device)

    def withdraw(self, device: str, now: float) -> bool:
        """Trust a node no more; False where it was withdrawn before or was never there."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE device SET withdrawn_at = ? WHERE shop = ? AND device = ? AND withdrawn_at IS NULL",
                (now, self._pool.shop, device),
            )
            conn.execute(
                "UPDATE node_key SET withdrawn_at = ? WHERE shop = ? AND device = ? AND withdrawn_at IS NULL",
                (now, self._pool.shop, device),
            )
            self._pool.snapshot_changed(conn)
            return done.rowcount == 1

    def by_public(self, public: str) -> Device | None:
        """The node that holds this key."""
        rows = self._pool.read(f"{_DEVICE} AND d.public = ?", self._pool.shop, public)
        return self._device(rows[0]) if rows else None

    def keys(self) -> list[Key]:
        """Every key for coupons as nodes are told of it: withdrawn and ended ones marked."""
        shop = self._pool.shop
        known_by = dict(self._pool.read("SELECT device, public FROM device WHERE shop = ?", shop))
        records = (KeyRecord(*row) for row in self._pool.read(f"{KEY_ROW} ORDER BY number", shop))
        return [record.key(known_by.get(record.device, "")) for record in records]

    def key(self, number: int) -> Key | None:
        """The key that coupons name by this number."""
        rows = self._pool.read(f"{KEY_ROW} AND number = ?", self._pool.shop, number)
        return KeyRecord(*rows[0]).key() if rows else None

    def open_pairing(self, secret_hash: str, program: str | None, now: float, expires_at: float) -> None:
        """Let one new node in until then; `program` None: any."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO pairing (shop, secret_hash, program, made_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                (self._pool.shop, secret_hash, program, now, expires_at),
            )

    def use_pairing(self, secret_hash: str, now: float, *, wrong_limit: int) -> tuple[bool, str | None]:
        """Spend a code: whether it was good, and for which program. A wrong one counts against every code that is open."""
        with self._pool.writing() as conn:
            row = conn.execute(
                """DELETE FROM pairing WHERE shop = ? AND secret_hash = ? AND expires_at > ? AND wrong_tries < ?
                   RETURNING program""",
                (self._pool.shop, secret_hash, now, wrong_limit),
            ).fetchone()
            if row is not None:
                return True, row[0]
            conn.execute(
                "UPDATE pairing SET wrong_tries = wrong_tries + 1 WHERE shop = ?", (self._pool.shop,)
            )
            return False, None

    def prune_pairings(self, now: float) -> int:
        """Forget codes that were never used; how many."""
        with self._pool.writing() as conn:
            return conn.execute(
                "DELETE FROM pairing WHERE shop = ? AND expires_at <= ?", (self._pool.shop, now)
            ).rowcount
