"""The store's answers about who may join: nodes that show a code and wait, rights that were given out before, plans for them."""

from __future__ import annotations

from typing import Any

from hub.store.connection import HubPool
from hub.store.fleet_records import Asking, Ticket

WAITING_ROOM = 0
"""The shop of a node that nobody has accepted: it knows none."""

_ASKING = """SELECT public, code, program, name, address, asked_at, expires_at, state, plan, who, device
    FROM fleet_asking WHERE shop IN (?, ?)"""
_TICKET = (
    "SELECT mark, kind, program, plan, made_at, expires_at, used_at, device FROM fleet_ticket WHERE shop = ?"
)


class FleetDoors:
    """Ways into one shop. What waits belongs to no shop until somebody of one accepts it by its code."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def ask(self, asking: Asking) -> None:
        """A node waits. The same key again changes nothing."""
        with self._pool.writing() as conn:
            conn.execute(
                """INSERT INTO fleet_asking (shop, public, code, program, name, address, asked_at, expires_at, state, plan,
                   who, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, public) DO NOTHING""",
                self._row(WAITING_ROOM, asking),
            )

    @staticmethod
    def _row(shop: int, one: Asking) -> tuple[object, ...]:
        return (
            shop,
            one.public,
            one.code,
            one.program,
            one.name,
            one.address,
            one.asked_at,
            one.expires_at,
            one.state,
            one.plan,
            one.who,
            one.device,
        )

    def _askings(self, more: str, *values: object) -> list[Asking]:
        rows: list[tuple[Any, ...]] = self._pool.read(
            f"{_ASKING} {more}", WAITING_ROOM, self._pool.shop, *values
        )
        return [Asking(*row) for row in rows]

    def asking(self, public: str) -> Asking | None:
        """The node with this key, waiting or accepted by this shop."""
        return next(iter(self._askings("AND public = ? ORDER BY shop DESC", public)), None)

    def asking_by_code(self, code: str) -> Asking | None:
        """The node that shows this code."""
        return next(iter(self._askings("AND code = ? ORDER BY shop DESC, public", code)), None)

    def askings(self, now: float) -> list[Asking]:
        """Those that wait now, the latest first."""
        return self._askings(
            "AND state = 'waiting' AND expires_at > ? ORDER BY asked_at DESC, public LIMIT 100", now
        )

    def count_asking(self, now: float, address: str) -> tuple[int, int]:
        """How many wait in all, and how many of them from this address."""
        rows = self._pool.read(
            """SELECT count(*), coalesce(sum(CASE WHEN address = ? THEN 1 ELSE 0 END), 0) FROM fleet_asking
               WHERE shop = ? AND expires_at > ?""",
            address,
            WAITING_ROOM,
            now,
        )
        return int(rows[0][0]), int(rows[0][1])

    def change_asking(self, asking: Asking) -> None:
        """Take it out of the waiting room into this shop, with what was decided."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM fleet_asking WHERE shop IN (?, ?) AND public = ?",
                (WAITING_ROOM, self._pool.shop, asking.public),
            )
            conn.execute(
                """INSERT INTO fleet_asking (shop, public, code, program, name, address, asked_at, expires_at, state, plan,
                   who, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                self._row(self._pool.shop, asking),
            )

    def prune_askings(self, before: float) -> int:
        """Forget those that were over before then; how many."""
        with self._pool.writing() as conn:
            conn.execute(
                "DELETE FROM fleet_plan WHERE shop = ? AND expires_at <= ?", (self._pool.shop, before)
            )
            return conn.execute(
                "DELETE FROM fleet_asking WHERE shop IN (?, ?) AND expires_at <= ?",
                (WAITING_ROOM, self._pool.shop, before),
            ).rowcount

    def shop_of_key(self, public: str) -> int | None:
        """The shop that has decided about this key, knows it or has allowed it; None where none has."""
        rows = self._pool.read(
            """SELECT shop FROM fleet_asking WHERE public = ? AND shop <> ?
               UNION ALL SELECT shop FROM fleet_ticket WHERE mark = ? AND kind = 'public'
               UNION ALL SELECT shop FROM device WHERE public = ? ORDER BY shop LIMIT 1""",
            public,
            WAITING_ROOM,
            public,
            public,
        )
        return int(rows[0][0]) if rows else None

    def shop_of_secret(self, mark: str) -> int | None:
        """The shop that gave this key of one use out; None where none did."""
        rows = self._pool.read(
            "SELECT shop FROM fleet_ticket WHERE mark = ? AND kind = 'secret' ORDER BY shop LIMIT 1", mark
        )
        return int(rows[0][0]) if rows else None

    def put_ticket(self, ticket: Ticket) -> bool:
        """Give a right to join out; False where it is there already."""
        with self._pool.writing() as conn:
            return (
                conn.execute(
                    """INSERT INTO fleet_ticket (shop, mark, kind, program, plan, made_at, expires_at, used_at, device)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, mark) DO NOTHING""",
                    (
                        self._pool.shop,
                        ticket.mark,
                        ticket.kind,
                        ticket.program,
                        ticket.plan,
                        ticket.made_at,
                        ticket.expires_at,
                        ticket.used_at,
                        ticket.device,
                    ),
                ).rowcount
                == 1
            )

    def tickets(self) -> list[Ticket]:
        """Every right to join that was given out, the latest first."""
        rows = self._pool.read(f"{_TICKET} ORDER BY made_at DESC, mark", self._pool.shop)
        return [Ticket(*row) for row in rows]

    def ticket(self, mark: str) -> Ticket | None:
        """The one with this mark."""
        rows = self._pool.read(f"{_TICKET} AND mark = ?", self._pool.shop, mark)
        return Ticket(*rows[0]) if rows else None

    def use_ticket(self, mark: str, device: str, now: float) -> bool:
        """Use it, once; False where it was used, is too old or is not there."""
        with self._pool.writing() as conn:
            return (
                conn.execute(
                    """UPDATE fleet_ticket SET used_at = ?, device = ? WHERE shop = ? AND mark = ? AND used_at IS NULL
                       AND expires_at > ?""",
                    (now, device, self._pool.shop, mark, now),
                ).rowcount
                == 1
            )

    def remove_ticket(self, mark: str) -> bool:
        """Take one back that nobody has used."""
        with self._pool.writing() as conn:
            return (
                conn.execute(
                    "DELETE FROM fleet_ticket WHERE shop = ? AND mark = ? AND used_at IS NULL",
                    (self._pool.shop, mark),
                ).rowcount
                == 1
            )

    def put_plan(self, secret_hash: str, plan: str, expires_at: float, now: float) -> None:
        """What becomes of the node that uses this pairing code."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM fleet_plan WHERE shop = ? AND expires_at <= ?", (self._pool.shop, now))
            conn.execute(
                "INSERT INTO fleet_plan (shop, secret_hash, plan, expires_at) VALUES (?, ?, ?, ?)",
                (self._pool.shop, secret_hash, plan, expires_at),
            )

    def take_plan(self, secret_hash: str) -> str:
        """The plan of a pairing code that was just used; "" where it has none."""
        with self._pool.writing() as conn:
            row = conn.execute(
                "DELETE FROM fleet_plan WHERE shop = ? AND secret_hash = ? RETURNING plan",
                (self._pool.shop, secret_hash),
            ).fetchone()
            return str(row[0]) if row else ""
