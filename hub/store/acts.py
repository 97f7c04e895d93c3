"""SQLite's answers about single coupons: used, taken back, held, spent in parts, and what limits have to know of them.

Every question that is asked under the lock is answered from an index, with a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter

from hub.store.base import Rows
from hub.store.connection import HubPool
from hub.store.records import Act, Conflict, Reservation, Reversal, Standing, VoucherSum

ACT = f"SELECT {', '.join(part.name for part in fields(Act))} FROM redemption WHERE shop = ?"  # noqa: S608
CONFLICT = f"SELECT {', '.join(part.name for part in fields(Conflict))} FROM conflict WHERE shop = ?"  # noqa: S608
REVERSAL = f"SELECT {', '.join(part.name for part in fields(Reversal))} FROM reversal WHERE shop = ?"  # noqa: S608
RESERVATION = f"SELECT {', '.join(part.name for part in fields(Reservation))} FROM reservation WHERE shop = ?"  # noqa: S608

USES_AS_ONE = "redeemed = use_by_member.redeemed + excluded.redeemed"
"""How two rows of `use_by_member` about one member are one."""

_ACT_ROW = attrgetter(*(part.name for part in fields(Act)))
_CONFLICT_ROW = attrgetter(*(part.name for part in fields(Conflict)))
_REVERSAL_ROW = attrgetter(*(part.name for part in fields(Reversal)))
_RESERVATION_ROW = attrgetter(*(part.name for part in fields(Reservation)))

Row = tuple[object, ...]


def read_act(row: Row) -> Act:
    """An act from its row: SQLite knows no yes and no, only 1 and 0."""
    return Act(*(*row[:10], bool(row[10]), *row[11:13], bool(row[13]), *row[14:16], bool(row[16]), *row[17:]))  # type: ignore[arg-type]  # the row is in the order of the fields


def read_conflict(row: Row) -> Conflict:
    """A conflict from its row."""
    return Conflict(*(*row[:12], bool(row[12]), *row[13:]))  # type: ignore[arg-type]  # the row is in the order of the fields


def read_reversal(row: Row) -> Reversal:
    """A reversal from its row."""
    return Reversal(*(*row[:12], bool(row[12]), row[13], bool(row[14])))  # type: ignore[arg-type]  # the row is in the order of the fields


class SqliteActs:
    """What became of single coupons: each row follows from events alone."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def _add(self, statement: str, rows: Rows) -> None:
        with self._pool.writing() as conn:
            # The shop is a number of our own; written into the text, it is not bound again for every row.
            conn.executemany(statement.replace(":shop", str(int(self._pool.shop))), rows)

    def add_act(self, act: Act) -> None:
        """A redemption."""
        self._add(
            "INSERT INTO redemption VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_ACT_ROW(act)],
        )

    def act(self, device: str, nonce: str) -> Act | None:
        """The redemption that this till made under this nonce."""
        return self._act(f"{ACT} AND device = ? AND nonce = ?", device, nonce)

    def first_act(self, serial: str) -> Act | None:
        """The redemption that used this coupon up and still counts."""
        return self._act(f"{ACT} AND serial = ? AND standing = 'first' ORDER BY position LIMIT 1", serial)

    def next_conflict(self, serial: str) -> Act | None:
        """The earliest act that was accepted although the coupon was used, and was not taken back."""
        return self._act(f"{ACT} AND serial = ? AND standing = 'conflict' ORDER BY position LIMIT 1", serial)

    def latest_part(self, serial: str) -> Act | None:
        """The part of a voucher that was spent last and still counts."""
        return self._act(f"{ACT} AND serial = ? AND standing = 'part' ORDER BY position DESC LIMIT 1", serial)

    def _act(self, question: str, *values: object) -> Act | None:
        rows = self._pool.read(question, self._pool.shop, *values)
        return read_act(rows[0]) if rows else None

    def set_standing(self, device: str, nonce: str, standing: Standing) -> None:
        """An act counts for something else from now on."""
        self._add(
            "UPDATE redemption SET standing = ? WHERE shop = :shop AND device = ? AND nonce = ?",
            [(standing, device, nonce)],
        )

    def set_flag(self, device: str, nonce: str, flag: str) -> None:
        """An audit of a redemption came to this."""
        self._add(
            "UPDATE redemption SET flag = ? WHERE shop = :shop AND device = ? AND nonce = ?",
            [(flag, device, nonce)],
        )

    def add_reversal(self, reversal: Reversal) -> None:
        """A redemption was taken back, perhaps one that is not here yet."""
        self._add(
            "INSERT INTO reversal VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_REVERSAL_ROW(reversal)],
        )

    def reversal(self, device: str, of: str) -> Reversal | None:
        """How the redemption of this till under this nonce was taken back."""
        rows = self._pool.read(f"{REVERSAL} AND device = ? AND of = ?", self._pool.shop, device, of)
        return read_reversal(rows[0]) if rows else None

    def latest_reversal(self, serial: str) -> Reversal | None:
        """How this coupon was taken back last."""
        rows = self._pool.read(
            f"{REVERSAL} AND serial = ? ORDER BY position DESC LIMIT 1", self._pool.shop, serial
        )
        return read_reversal(rows[0]) if rows else None

    def flag_reversal(self, device: str, of: str, flag: str) -> None:
        """An audit of a reversal came to this."""
        self._add(
            "UPDATE reversal SET flag = ? WHERE shop = :shop AND device = ? AND of = ?", [(flag, device, of)]
        )

    def add_conflict(self, conflict: Conflict) -> None:
        """A coupon that was accepted twice."""
        self._add(
            "INSERT INTO conflict VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_CONFLICT_ROW(conflict)],
        )

    def conflicts_of(self, serial: str) -> list[Conflict]:
        """What still costs something on this coupon, in the hub's order."""
        rows = self._pool.read(
            f"{CONFLICT} AND serial = ? AND settled_at IS NULL ORDER BY position", self._pool.shop, serial
        )
        return [read_conflict(row) for row in rows]

    def change_conflict(self, conflict: Conflict) -> None:
        """A conflict costs less, stands against another act, or is settled."""
        self._add(
            """UPDATE conflict SET cost_cents = ?, first_at = ?, first_device = ?, first_till = ?, first_staff = ?,
               settled_at = ? WHERE shop = :shop AND position = ?""",
            [
                (
                    conflict.cost_cents,
                    conflict.first_at,
                    conflict.first_device,
                    conflict.first_till,
                    conflict.first_staff,
                    conflict.settled_at,
                    conflict.position,
                )
            ],
        )

    def add_reservation(self, reservation: Reservation) -> None:
        """A coupon is held. The same one again changes nothing."""
        self._add(
            "INSERT INTO reservation VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [_RESERVATION_ROW(reservation)],
        )

    def end_reservation(self, device: str, nonce: str, how: str) -> None:
        """A reservation of this till was released or redeemed."""
        self._add(
            "UPDATE reservation SET ended = ? WHERE shop = :shop AND device = ? AND nonce = ? AND ended IS NULL",
            [(how, device, nonce)],
        )

    def reservation(self, device: str, nonce: str) -> Reservation | None:
        """The reservation that this till made under this nonce."""
        rows = self._pool.read(f"{RESERVATION} AND device = ? AND nonce = ?", self._pool.shop, device, nonce)
        return Reservation(*rows[0]) if rows else None

    def held(self, serial: str, now: float) -> Reservation | None:
        """Who holds this coupon now."""
        rows = self._pool.read(
            f"{RESERVATION} AND serial = ? AND ended IS NULL AND until > ? ORDER BY until DESC LIMIT 1",
            self._pool.shop,
            serial,
            now,
        )
        return Reservation(*rows[0]) if rows else None

    def count_held(self, campaign: int, now: float, member: str | None = None) -> int:
        """Coupons of a campaign that are held now; with `member` only those of that member."""
        rows = self._pool.read(
            """SELECT count(*) FROM reservation WHERE shop = ? AND campaign = ? AND ended IS NULL AND until > ?
               AND (CAST(? AS TEXT) IS NULL OR member = ?)""",
            self._pool.shop,
            campaign,
            now,
            member,
            member,
        )
        return int(rows[0][0])

    def voucher(self, serial: str) -> VoucherSum | None:
        """What was spent of a voucher; None where nothing ever was."""
        rows = self._pool.read(
            "SELECT spent_cents, worth_cents FROM voucher WHERE shop = ? AND serial = ?",
            self._pool.shop,
            serial,
        )
        return VoucherSum(*rows[0]) if rows else None

    def put_voucher(self, serial: str, campaign: int, total: VoucherSum) -> None:
        """A part of a voucher was spent or taken back."""
        self._add(
            """INSERT INTO voucher VALUES (:shop, ?, ?, ?, ?) ON CONFLICT (shop, serial) DO UPDATE SET
               spent_cents = excluded.spent_cents, worth_cents = excluded.worth_cents""",
            [(serial, campaign, total.spent_cents, total.worth_cents)],
        )

    def bump_uses(
        self, by_quarter: Mapping[tuple[int, int], int], by_member: Mapping[tuple[str, int], int]
    ) -> None:
        """Add to the redemptions that count: by (campaign, quarter) and by (member, campaign)."""
        self._add(
            """INSERT INTO use_by_quarter VALUES (:shop, ?, ?, ?)
               ON CONFLICT (shop, campaign, quarter) DO UPDATE SET redeemed = use_by_quarter.redeemed + excluded.redeemed""",
            [(*key, added) for key, added in by_quarter.items()],
        )
        if not by_member:
            return
        self._add(
            "INSERT INTO use_by_member VALUES (:shop, ?, ?, ?) "  # noqa: S608 - words of our own
            f"ON CONFLICT (shop, member, campaign) DO UPDATE SET {USES_AS_ONE}",
            [(*key, added) for key, added in by_member.items()],
        )

    def redeemed_between(self, campaign: int, first: float, end: float) -> int:
        """Redemptions of a campaign that count, from `first` to before `end`, both on a quarter of an hour."""
        rows = self._pool.read(
            """SELECT coalesce(sum(redeemed), 0) FROM use_by_quarter
               WHERE shop = ? AND campaign = ? AND quarter >= ? AND quarter < ?""",
            self._pool.shop,
            campaign,
            int(first) // 900,
            int(end) // 900,
        )
        return int(rows[0][0])

    def redeemed_by_member(self, campaign: int, member: str) -> int:
        """Redemptions of a campaign by one member that count."""
        rows = self._pool.read(
            "SELECT redeemed FROM use_by_member WHERE shop = ? AND member = ? AND campaign = ?",
            self._pool.shop,
            member,
            campaign,
        )
        return int(rows[0][0]) if rows else 0

    def by_staff_for_member(self, staff: str, member: str, first: float, end: float, *, most: int) -> int:
        """What somebody redeemed for one member from `first` to before `end`, counted up to `most`."""
        rows = self._pool.read(
            """SELECT count(*) FROM (SELECT 1 FROM redemption WHERE shop = ? AND member = ? AND member <> '' AND at >= ?
               AND at < ? AND staff = ? AND standing IN ('first', 'part') LIMIT ?) AS found""",
            self._pool.shop,
            member,
            first,
            end,
            staff,
            most,
        )
        return int(rows[0][0])

    def purchases_by_staff_for_member(
        self, staff: str, member: str, first: float, end: float, purchase: str, *, most: int
    ) -> tuple[int, int]:
        """The same where the coupons of one purchase count once, without those of this purchase, counted up to `most`; and how
        many coupons were redeemed for this one."""
        rows = self._pool.read(
            """SELECT (SELECT count(*) FROM (SELECT DISTINCT CASE WHEN purchase = '' THEN device || '/' || nonce
                   ELSE purchase END FROM redemption WHERE shop = ? AND member = ? AND member <> '' AND at >= ? AND at < ?
                   AND staff = ? AND standing IN ('first', 'part') AND purchase <> ? LIMIT ?) AS others),
               (SELECT count(*) FROM redemption WHERE shop = ? AND purchase = ? AND purchase <> '' AND member = ?
                   AND standing IN ('first', 'part'))""",
            *(self._pool.shop, member, first, end, staff, purchase, most),
            *(self._pool.shop, purchase, member),
        )
        return int(rows[0][0]), int(rows[0][1])

    def acts_of_member(self, member: str, limit: int) -> list[Act]:
        """What a member used last, the latest first."""
        rows = self._pool.read(
            f"{ACT} AND member = ? AND member <> '' ORDER BY at DESC, position DESC LIMIT ?",
            self._pool.shop,
            member,
            limit,
        )
        return [read_act(row) for row in rows]

    def redeemed(self, campaign: int) -> int:
        """Redemptions of this campaign that count; of a voucher each part is one."""
        question = "SELECT coalesce(sum(redeemed), 0) FROM tally WHERE shop = ? AND campaign = ?"
        return int(self._pool.read(question, self._pool.shop, campaign)[0][0])

    def taken(self, campaign: int) -> int:
        """Coupons of this campaign that were taken, as far as the hub has heard."""
        question = "SELECT coalesce(sum(issued), 0) FROM tally WHERE shop = ? AND campaign = ?"
        return int(self._pool.read(question, self._pool.shop, campaign)[0][0])

    def is_revoked(self, serial: str) -> bool:
        """Whether the shop has withdrawn this coupon."""
        question = "SELECT 1 FROM revoked WHERE shop = ? AND serial = ?"
        return bool(self._pool.read(question, self._pool.shop, serial))
