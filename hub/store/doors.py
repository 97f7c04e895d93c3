"""The store's answers about joining, on either database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import astuple

from hub.store.connection import HubPool
from hub.store.door_records import CodeRow, InvitationRow, OwnCoupon
from hub.wire.sync_doors import InvitationState

_CODE = "SELECT handle, number, code, sent_at, tries, done FROM door_code WHERE shop = ?"
_INVITATION = "SELECT nonce, secret, staff, till, until, state, member FROM door_invitation WHERE shop = ?"


class SqlDoors:
    """Codes and invitations of one shop."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def put_code(self, row: CodeRow) -> None:
        """A code goes out."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO door_code VALUES (?, ?, ?, ?, ?, ?, ?)", (self._pool.shop, *astuple(row))
            )

    def code(self, handle: str) -> CodeRow | None:
        """The code of this handle."""
        rows = self._pool.read(f"{_CODE} AND handle = ?", self._pool.shop, handle)
        return CodeRow(*rows[0]) if rows else None

    def count_try(self, handle: str, done: int = 0) -> None:
        """A code came back. `done`: 1 where it was right, 2 where it was never sent; it is good for nothing then."""
        with self._pool.writing() as conn:
            conn.execute(
                "UPDATE door_code SET tries = tries + 1, done = ? WHERE shop = ? AND handle = ?",
                (done, self._pool.shop, handle),
            )

    def sent_to(self, number: str, since: float) -> list[float]:
        """When codes went to this number, in order."""
        rows = self._pool.read(
            "SELECT sent_at FROM door_code WHERE shop = ? AND number = ? AND sent_at >= ? AND done < 2 ORDER BY sent_at",
            self._pool.shop,
            number,
            since,
        )
        return [float(at) for (at,) in rows]

    def sent(self, since: float) -> int:
        """How many codes went out."""
        rows = self._pool.read(
            "SELECT count(*) FROM door_code WHERE shop = ? AND sent_at >= ? AND done < 2",
            self._pool.shop,
            since,
        )
        return int(rows[0][0])

    def put_invitation(self, row: InvitationRow) -> None:
        """A guest was asked; the same nonce again is the same invitation."""
        with self._pool.writing() as conn:
            conn.execute(
                "INSERT INTO door_invitation VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self._pool.shop, *astuple(row)),
            )

    def invitation(self, nonce: str) -> InvitationRow | None:
        """By what the till knows it."""
        rows = self._pool.read(f"{_INVITATION} AND nonce = ?", self._pool.shop, nonce)
        return InvitationRow(*rows[0]) if rows else None

    def invitation_by(self, secret: str) -> InvitationRow | None:
        """By the hash of what the guest holds."""
        rows = self._pool.read(f"{_INVITATION} AND secret = ?", self._pool.shop, secret)
        return InvitationRow(*rows[0]) if rows else None

    def answer_invitation(self, nonce: str, state: InvitationState, member: str) -> bool:
        """What the guest said; False where it was answered before."""
        with self._pool.writing() as conn:
            done = conn.execute(
                "UPDATE door_invitation SET state = ?, member = ? WHERE shop = ? AND nonce = ? AND state = 'open'",
                (state, member, self._pool.shop, nonce),
            )
        return done.rowcount == 1

    def invited_since(self, since: float) -> int:
        """How many guests were asked whose invitation was good then or later, as far as they are kept."""
        rows = self._pool.read(
            "SELECT count(*) FROM door_invitation WHERE shop = ? AND until >= ?", self._pool.shop, since
        )
        return int(rows[0][0])

    def coupons_of(self, members: Collection[str], now: float, limit: int) -> list[OwnCoupon]:
        """Coupons bound to these memberships that are neither used nor over, the one that ends first first."""
        wanted = sorted(set(members) - {""})
        if not wanted:
            return []
        rows = self._pool.read(
            f"""SELECT serial, campaign, code, expires_at FROM coupon c WHERE shop = ? AND member <> ''
                AND member IN ({", ".join("?" for _ in wanted)}) AND expires_at > ?
                AND NOT EXISTS (SELECT 1 FROM redemption r WHERE r.shop = c.shop AND r.serial = c.serial
                                AND r.standing = 'first')
                AND NOT EXISTS (SELECT 1 FROM voucher u WHERE u.shop = c.shop AND u.serial = c.serial
                                AND u.spent_cents >= u.worth_cents)
                AND NOT EXISTS (SELECT 1 FROM revoked v WHERE v.shop = c.shop AND v.serial = c.serial)
                ORDER BY expires_at, serial LIMIT ?""",  # noqa: S608 - marks alone
            self._pool.shop,
            *wanted,
            now,
            limit,
        )
        return [OwnCoupon(*row) for row in rows]

    def forget(self, before: float) -> None:
        """Take away what is older."""
        with self._pool.writing() as conn:
            conn.execute("DELETE FROM door_code WHERE shop = ? AND sent_at < ?", (self._pool.shop, before))
            conn.execute(
                "DELETE FROM door_invitation WHERE shop = ? AND until < ?", (self._pool.shop, before)
            )
