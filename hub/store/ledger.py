"""SQLite's answers about what was derived from the journal in sums: footfall, offers, tallies, rights.

Rows come in bulk from `hub.folding`, at ingest and at a rebuild alike. What became of single coupons is in `acts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from hub.store.acts import SqliteActs
from hub.store.base import Rows
from hub.store.care_folding import CareFolding
from hub.store.connection import HubPool
from hub.store.consents import ConsentFolding
from hub.store.member_days import MemberFolding
from hub.store.merges import SqlMergeFolding
from hub.store.offer_acts import SqlOfferActs
from hub.store.portraits import PortraitFolding
from hub.store.purchases import SqlPurchases
from hub.store.purse_folding import SqlPurseFolding
from hub.store.records import Grant, LedgerCoupon, Tally
from hub.store.schema import PROJECTIONS


class SqliteLedger(
    SqliteActs,
    SqlOfferActs,
    SqlPurchases,
    CareFolding,
    MemberFolding,
    SqlMergeFolding,
    SqlPurseFolding,
    ConsentFolding,
    PortraitFolding,
):
    """Projections: each row follows from events alone."""

    def add_footfall(self, rows: Rows) -> None:
        """quarter, zone, simulated, visits, dwell_ms."""
        self._add(
            """INSERT INTO footfall VALUES (:shop, ?, ?, ?, ?, ?) ON CONFLICT (shop, quarter, zone, simulated) DO UPDATE SET
               visits = footfall.visits + excluded.visits, dwell_ms = footfall.dwell_ms + excluded.dwell_ms""",
            rows,
        )

    def add_occupancy(self, rows: Rows) -> None:
        """quarter, zone, simulated, windows, people, low, high, most; people in thousandths."""
        self._add(
            """INSERT INTO occupancy VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (shop, quarter, zone, simulated) DO UPDATE SET windows = occupancy.windows + excluded.windows,
               people = occupancy.people + excluded.people, low = occupancy.low + excluded.low,
               high = occupancy.high + excluded.high, most = max(occupancy.most, excluded.most)""",
            rows,
        )

    def put_present(self, rows: Rows) -> None:
        """zone, at, device, window_s, people, low, high, addresses, simulated; the newest of each zone stays."""
        self._add(
            """INSERT INTO present VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, zone) DO UPDATE SET
               at = excluded.at, device = excluded.device, window_s = excluded.window_s, people = excluded.people,
               low = excluded.low, high = excluded.high, addresses = excluded.addresses, simulated = excluded.simulated
               WHERE excluded.at >= present.at""",
            rows,
        )

    def add_interest(self, rows: Rows) -> None:
        """quarter, campaign, channel, simulated, seen."""
        self._add(
            """INSERT INTO interest VALUES (:shop, ?, ?, ?, ?, ?)
               ON CONFLICT (shop, quarter, campaign, channel, simulated) DO UPDATE SET seen = interest.seen + excluded.seen""",
            rows,
        )

    def add_exposure(self, rows: Rows) -> None:
        """quarter, campaign, channel, simulated, times, shown_ms."""
        self._add(
            """INSERT INTO exposure VALUES (:shop, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (shop, quarter, campaign, channel, simulated) DO UPDATE SET times = exposure.times + excluded.times,
               shown_ms = exposure.shown_ms + excluded.shown_ms""",
            rows,
        )

    def add_street(self, rows: Rows) -> None:
        """quarter, zone, simulated, windows, passers, entrants, latest_at."""
        self._add(
            """INSERT INTO street VALUES (:shop, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (shop, quarter, zone, simulated) DO UPDATE SET windows = street.windows + excluded.windows,
               passers = street.passers + excluded.passers, entrants = street.entrants + excluded.entrants,
               latest_at = max(street.latest_at, excluded.latest_at)""",
            rows,
        )

    def add_guests(self, rows: Rows) -> None:
        """quarter, way, simulated, joined, known."""
        self._add(
            """INSERT INTO guest VALUES (:shop, ?, ?, ?, ?, ?) ON CONFLICT (shop, quarter, way, simulated) DO UPDATE SET
               joined = guest.joined + excluded.joined, known = guest.known + excluded.known""",
            rows,
        )

    def add_consents(self, rows: Rows) -> None:
        """quarter, purpose, simulated, given, withdrawn."""
        self._add(
            """INSERT INTO consent VALUES (:shop, ?, ?, ?, ?, ?) ON CONFLICT (shop, quarter, purpose, simulated) DO UPDATE SET
               given = consent.given + excluded.given, withdrawn = consent.withdrawn + excluded.withdrawn""",
            rows,
        )

    def put_health(self, rows: Rows) -> None:
        """device, position, at, program, warnings, counts, texts; the newest of each device stays."""
        self._add(
            """INSERT INTO device_health VALUES (:shop, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shop, device) DO UPDATE SET
               position = excluded.position, at = excluded.at, program = excluded.program, warnings = excluded.warnings,
               counts = excluded.counts, texts = excluded.texts""",
            rows,
        )

    def add_flaws(self, rows: Rows) -> None:
        """position, device, reason."""
        self._add("INSERT INTO flaw VALUES (:shop, ?, ?, ?)", rows)

    def add_coupons(self, rows: Rows) -> list[tuple[Any, ...]]:
        """serial, position, campaign, code, key_number, expires_at, channel, device, issued_at, simulated, member.

        Returns those whose serial was issued before: the first one stands.
        """
        with self._pool.writing() as conn:
            marks = f"({int(self._pool.shop)}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            return self._pool.add_new(conn, "coupon", marks, rows, "serial", ("position", 1))

    def add_refusals(self, rows: Rows) -> None:
        """position, device, at, refusal, nonce, till, staff, serial, campaign, offline, simulated."""
        self._add("INSERT INTO refusal VALUES (:shop, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def bump(self, totals: Mapping[tuple[int, str], tuple[int, int, int]]) -> None:
        """Add to the tallies: (campaign, device) to issued, redeemed, accepted alone."""
        self._add(
            """INSERT INTO tally VALUES (:shop, ?, ?, ?, ?, ?) ON CONFLICT (shop, campaign, device) DO UPDATE SET
               issued = tally.issued + excluded.issued, redeemed = tally.redeemed + excluded.redeemed,
               accepted_alone = tally.accepted_alone + excluded.accepted_alone""",
            [(*key, *added) for key, added in totals.items()],
        )

    def count_kinds(self, rows: Rows) -> None:
        """kind, how many more events of it."""
        self._add(
            """INSERT INTO kind_count VALUES (:shop, ?, ?)
               ON CONFLICT (shop, kind) DO UPDATE SET events = kind_count.events + excluded.events""",
            rows,
        )

    def extend_reach(self, rows: Rows) -> None:
        """device, epoch, highest, taken, latest_at of new events."""
        self._add(
            """INSERT INTO reach VALUES (:shop, ?, ?, ?, ?, ?) ON CONFLICT (shop, device, epoch) DO UPDATE SET
               highest = max(reach.highest, excluded.highest), taken = reach.taken + excluded.taken,
               latest_at = max(reach.latest_at, excluded.latest_at)""",
            rows,
        )

    def coupon(self, serial: str) -> LedgerCoupon | None:
        """The coupon of that serial, once its issue has arrived."""
        return self._coupon("serial = ?", serial)

    def coupon_by_code(self, code: str) -> LedgerCoupon | None:
        """The coupon that a person types this code for."""
        return self._coupon("code = ? ORDER BY position LIMIT 1", code)

    def _coupon(self, where: str, value: str) -> LedgerCoupon | None:
        rows = self._pool.read(
            f"""SELECT serial, campaign, code, key_number, expires_at, device, issued_at, member FROM coupon
                WHERE shop = ? AND {where}""",  # noqa: S608
            self._pool.shop,
            value,
        )
        return LedgerCoupon(*rows[0]) if rows else None

    def tallies(self) -> list[Tally]:
        """Running totals of each campaign on each device."""
        rows = self._pool.read(
            "SELECT campaign, device, issued, redeemed, accepted_alone FROM tally WHERE shop = ? ORDER BY 1, 2",
            self._pool.shop,
        )
        return [Tally(*row) for row in rows]

    def tallies_of(self, campaign: int) -> list[Tally]:
        """Running totals of one campaign on each device."""
        rows = self._pool.read(
            "SELECT campaign, device, issued, redeemed, accepted_alone FROM tally WHERE shop = ? AND campaign = ?",
            self._pool.shop,
            campaign,
        )
        return [Tally(*row) for row in rows]

    def grant_of(self, campaign: int, device: str) -> Grant:
        """What one device may do on its own for one campaign."""
        rows = self._pool.read(
            "SELECT issue, accept FROM rights WHERE shop = ? AND campaign = ? AND device = ?",
            self._pool.shop,
            campaign,
            device,
        )
        return Grant(campaign, device, *(rows[0] if rows else (0, 0)))

    def grants_of(self, campaign: int) -> list[Grant]:
        """What each device may do on its own for one campaign."""
        rows = self._pool.read(
            "SELECT campaign, device, issue, accept FROM rights WHERE shop = ? AND campaign = ?",
            self._pool.shop,
            campaign,
        )
        return [Grant(*row) for row in rows]

    def grants(self) -> list[Grant]:
        """What each device may hand out and accept on its own."""
        rows = self._pool.read(
            "SELECT campaign, device, issue, accept FROM rights WHERE shop = ? ORDER BY 1, 2", self._pool.shop
        )
        return [Grant(*row) for row in rows]

    def grant(self, grant: Grant) -> None:
        """Raise a device's rights; they never fall."""
        self._add(
            """INSERT INTO rights VALUES (:shop, ?, ?, ?, ?) ON CONFLICT (shop, campaign, device) DO UPDATE SET
               issue = max(rights.issue, excluded.issue), accept = max(rights.accept, excluded.accept)""",
            [(grant.campaign, grant.device, grant.issue, grant.accept)],
        )

    def folding(self) -> int:
        """Which way of deriving these rows were made by; 0 where nobody said."""
        return self._pool.folding()

    def set_folding(self, number: int) -> None:
        """They were made in this way."""
        self._pool.set_folding(number)

    def empty_projections(self) -> None:
        """Forget all that the journal can tell again. Call inside the transaction of a rebuild."""
        with self._pool.writing() as conn:
            for table in PROJECTIONS:
                self._pool.empty_table(conn, table)

    def digest(self) -> dict[str, str]:
        """SHA-256 of each projection's rows in the order of its key: two that agree are equal to the byte."""
        return {table: _digest(self._pool, table) for table in PROJECTIONS}


def _digest(pool: HubPool, table: str) -> str:
    keys = ", ".join(pool.key_columns(table))
    total = hashlib.sha256()
    for row in pool.each(f"SELECT * FROM {table} WHERE shop = ? ORDER BY {keys}", pool.shop):  # noqa: S608
        total.update(repr(row).encode())
    return total.hexdigest()
