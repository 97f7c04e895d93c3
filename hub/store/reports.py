"""What reports and warnings ask beside the figures: quarters of an hour as they are kept, conflicts, reasons, health."""

from __future__ import annotations

import msgspec

from hub.store.acts import CONFLICT, read_conflict
from hub.store.connection import HubPool
from hub.store.counts import (
    CouponCount,
    ExposureCount,
    FootfallCount,
    GuestCount,
    StreetCount,
    Window,
)
from hub.store.records import Conflict, HealthRow

_QUARTER = "CAST({column} / 900 AS INTEGER)"


class SqliteReports:
    """Read only. Times are seconds of UTC; a period is from `first` to before `end`."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool

    def span(self) -> tuple[float, float] | None:
        """When the first and the last thing happened that a report counts; None where nothing has."""
        parts = (
            "SELECT min(quarter) * 900.0, max(quarter) * 900.0 FROM footfall WHERE shop = ?",
            "SELECT min(quarter) * 900.0, max(quarter) * 900.0 FROM street WHERE shop = ?",
            "SELECT min(quarter) * 900.0, max(quarter) * 900.0 FROM guest WHERE shop = ?",
            "SELECT min(issued_at), max(issued_at) FROM coupon WHERE shop = ?",
            "SELECT min(at), max(at) FROM redemption WHERE shop = ?",
            "SELECT min(at), max(at) FROM refusal WHERE shop = ?",
        )
        rows = [row for part in parts for row in self._pool.read(part, self._pool.shop) if row[0] is not None]
        return (min(row[0] for row in rows), max(row[1] for row in rows)) if rows else None

    def footfall(self, first: float, end: float) -> list[FootfallCount]:
        """Visits by quarter of an hour and zone."""
        rows = self._pool.read(
            """SELECT quarter, zone, simulated, visits, dwell_ms FROM footfall
               WHERE shop = ? AND quarter >= ? AND quarter < ? ORDER BY quarter""",
            self._pool.shop,
            int(first // 900),
            int(-(-end // 900)),
        )
        return [
            FootfallCount(quarter * 900, zone, bool(simulated), visits, dwell_ms / 1000)
            for quarter, zone, simulated, visits, dwell_ms in rows
        ]

    def latest_windows(self, since: float) -> list[Window]:
        """The newest occupancy of each zone that is not older than `since`."""
        rows = self._pool.read(
            """SELECT zone, device, at, window_s, people, low, high, addresses, simulated FROM present
               WHERE shop = ? AND at >= ? ORDER BY zone""",
            self._pool.shop,
            since,
        )
        return [Window(*(*row[:8], bool(row[8]))) for row in rows]

    def street(self, first: float, end: float) -> list[StreetCount]:
        """Passers-by and entrants by quarter of an hour and zone."""
        rows = self._pool.read(
            """SELECT quarter, zone, simulated, windows, passers, entrants, latest_at FROM street
               WHERE shop = ? AND quarter >= ? AND quarter < ? ORDER BY quarter, zone""",
            self._pool.shop,
            int(first // 900),
            int(-(-end // 900)),
        )
        return [
            StreetCount(quarter * 900, zone, bool(simulated), *counts)
            for quarter, zone, simulated, *counts in rows
        ]

    def guests(self, first: float, end: float) -> list[GuestCount]:
        """Phones that the portal let in, by quarter of an hour and way."""
        rows = self._pool.read(
            """SELECT quarter, way, simulated, joined, known FROM guest
               WHERE shop = ? AND quarter >= ? AND quarter < ? ORDER BY quarter, way""",
            self._pool.shop,
            int(first // 900),
            int(-(-end // 900)),
        )
        return [
            GuestCount(quarter * 900, way, bool(simulated), *counts)
            for quarter, way, simulated, *counts in rows
        ]

    def redeemed(self, first: float, end: float) -> list[CouponCount]:
        """Coupons used, and parts of vouchers spent. What was taken back, or accepted a second time, is not counted here."""
        return self._counts(
            "redemption",
            "at",
            "campaign",
            "sum(value_cents)",
            "sum(offline)",
            "standing IN ('first', 'part')",
            first,
            end,
        )

    def exposures(self, first: float, end: float) -> list[ExposureCount]:
        """How often offers stood on screens, by quarter of an hour, campaign and channel."""
        rows = self._pool.read(
            """SELECT quarter, campaign, channel, simulated, times, shown_ms FROM exposure
               WHERE shop = ? AND quarter >= ? AND quarter < ? ORDER BY quarter, campaign, channel""",
            self._pool.shop,
            int(first // 900),
            int(-(-end // 900)),
        )
        return [
            ExposureCount(quarter * 900, campaign, channel, bool(simulated), times, shown_ms / 1000)
            for quarter, campaign, channel, simulated, times, shown_ms in rows
        ]

    def _counts(
        self,
        table: str,
        column: str,
        campaign: str,
        value: str,
        offline: str,
        where: str,
        first: float,
        end: float,
    ) -> list[CouponCount]:
        rows = self._pool.read(
            f"""SELECT {campaign}, {_QUARTER.format(column=column)}, count(*), {value}, {offline}, max(simulated)
                FROM {table} WHERE shop = ? AND {column} >= ? AND {column} < ? AND {where} GROUP BY 1, 2 ORDER BY 2, 1""",  # noqa: S608
            self._pool.shop,
            first,
            end,
        )
        return [
            CouponCount(number, quarter * 900, count, int(cents or 0), int(alone or 0), bool(simulated))
            for number, quarter, count, cents, alone, simulated in rows
        ]

    def refusal_codes(self, first: float, end: float) -> dict[str, int]:
        """Why tills said no."""
        rows = self._pool.read(
            "SELECT refusal, count(*) FROM refusal WHERE shop = ? AND at >= ? AND at < ? GROUP BY refusal ORDER BY 2 DESC, 1",
            self._pool.shop,
            first,
            end,
        )
        return {code: count for code, count in rows}  # noqa: C416 - the rows are lists of Any; this names what is in them

    def conflicts(self, first: float, end: float) -> list[Conflict]:
        """Coupons that were accepted twice, by the time of the second. What was settled by a reversal cost nothing."""
        rows = self._pool.read(
            f"{CONFLICT} AND second_at >= ? AND second_at < ? AND settled_at IS NULL ORDER BY second_at, position",
            self._pool.shop,
            first,
            end,
        )
        return [read_conflict(row) for row in rows]

    def troubled_acts(self, since: float) -> tuple[int, int]:
        """How many acts since then were conflicts, and how many others an audit has flagged."""
        rows = self._pool.read(
            """SELECT (SELECT count(*) FROM conflict WHERE shop = ? AND second_at >= ? AND settled_at IS NULL),
               (SELECT count(*) FROM redemption WHERE shop = ? AND at >= ? AND standing IN ('first', 'part')
                AND flag IS NOT NULL)""",
            self._pool.shop,
            since,
            self._pool.shop,
            since,
        )
        return int(rows[0][0]), int(rows[0][1])

    def unknown_issue(self) -> int:
        """Coupons that were used and whose issue has not arrived."""
        rows = self._pool.read(
            """SELECT count(*) FROM redemption r WHERE r.shop = ? AND r.standing IN ('first', 'part') AND NOT EXISTS
               (SELECT 1 FROM coupon c WHERE c.shop = r.shop AND c.serial = r.serial)""",
            self._pool.shop,
        )
        return int(rows[0][0])

    def parked_counts(self) -> list[tuple[str, int, float]]:
        """Device, how many of its messages could not be read, since when."""
        question = "SELECT device, count(*), min(received_at) FROM parked WHERE shop = ? GROUP BY device"
        return [(device, count, since) for device, count, since in self._pool.read(question, self._pool.shop)]

    def flaw_counts(self) -> list[tuple[str, int]]:
        """Device, and how many of its facts were taken and cannot be used."""
        question = "SELECT device, count(*) FROM flaw WHERE shop = ? GROUP BY device"
        return [(device, count) for device, count in self._pool.read(question, self._pool.shop)]

    def health(self) -> list[HealthRow]:
        """What each device last said of itself."""
        rows = self._pool.read(
            "SELECT device, at, program, warnings, counts, texts FROM device_health WHERE shop = ? ORDER BY device",
            self._pool.shop,
        )
        return [
            HealthRow(
                device,
                at,
                program,
                msgspec.json.decode(warnings, type=tuple[str, ...]),
                msgspec.json.decode(counts, type=dict[str, float]),
                msgspec.json.decode(texts, type=dict[str, str]),
            )
            for device, at, program, warnings, counts, texts in rows
        ]

    def last_noted(self, what: str) -> float | None:
        """When something was last written down in the office's audit."""
        question = "SELECT max(at) FROM audit WHERE shop = ? AND what = ?"
        at: float | None = self._pool.read(question, self._pool.shop, what)[0][0]
        return at
