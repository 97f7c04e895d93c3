"""What the edge keeps on disk: closed visits and counts of people, each written together with its fact.

One transaction holds the rows and the facts about them, so that the hub hears of exactly what is here. Open visits are not here:
they live in memory, and a power cut loses them.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.client.clock import Clock
from hub.client.db import Pool, writing
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.schema import MIGRATIONS_CLIENT
from hub.wire.events import DeviceHealth, Fact, OccupancyMeasured, VisitClosed

DB_FILE = "edge.db"
"""In the node's folder; the portal of the same node writes its facts into the same file."""

KEEP_S = 30 * 86_400
"""The hub has the history; a month here is for whoever looks after the node, and fits any card."""

MIGRATIONS_EDGE = Migrations("edge")


@MIGRATIONS_EDGE()
def m001_visits_and_occupancy(db: Database) -> None:
    """The first tables."""
    for statement in (
        """CREATE TABLE visit (
            id TEXT PRIMARY KEY, zone TEXT NOT NULL, arrived_at REAL NOT NULL, departed_at REAL NOT NULL,
            peak_dbm INTEGER NOT NULL, rank TEXT NOT NULL, simulated INTEGER NOT NULL)""",
        "CREATE INDEX visit_end ON visit (departed_at)",
        """CREATE TABLE occupancy (
            number INTEGER PRIMARY KEY, zone TEXT NOT NULL, at REAL NOT NULL, window_s REAL NOT NULL, people REAL NOT NULL,
            low REAL NOT NULL, high REAL NOT NULL, addresses INTEGER NOT NULL, simulated INTEGER NOT NULL)""",
        "CREATE INDEX occupancy_time ON occupancy (at)",
    ):
        db.execute(statement)


def open_pool(folder: Path) -> Pool:
    """The node's file, brought to the newest schema. Raises StorageError."""
    return Pool(folder / DB_FILE, (MIGRATIONS_CLIENT, MIGRATIONS_EDGE))


class EdgeStore:
    """The edge's rows and its journal."""

    def __init__(self, pool: Pool, node: Node, clock: Clock) -> None:
        self.pool = pool
        self.outbox = Outbox(pool, node, clock)

    def keep(self, facts: list[Fact], now: float) -> None:
        """Write rows and facts in one transaction, on disk when this returns. Raises StorageError; then nothing is written."""
        with writing(self.pool.here()) as conn:
            for fact in facts:
                match fact:
                    case VisitClosed():
                        conn.execute(
                            "INSERT INTO visit VALUES (?, ?, ?, ?, ?, ?, ?)",
                            (
                                fact.id,
                                fact.zone,
                                fact.arrived_at,
                                fact.departed_at,
                                fact.peak_dbm,
                                fact.rank,
                                fact.simulated,
                            ),
                        )
                    case OccupancyMeasured():
                        conn.execute(
                            "INSERT INTO occupancy (zone, at, window_s, people, low, high, addresses, simulated) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            (
                                fact.zone,
                                now,
                                fact.window_s,
                                fact.people,
                                fact.low,
                                fact.high,
                                fact.addresses,
                                fact.simulated,
                            ),
                        )
                    case DeviceHealth():
                        conn.execute("DELETE FROM visit WHERE departed_at < ?", (now - KEEP_S,))
                        conn.execute("DELETE FROM occupancy WHERE at < ?", (now - KEEP_S,))
                self.outbox.put(conn, fact, now)

    def visits(self, limit: int) -> list[VisitClosed]:
        """The latest visits, newest first."""
        rows = self.pool.here().execute(
            "SELECT id, zone, arrived_at, departed_at, peak_dbm, rank, simulated FROM visit ORDER BY departed_at DESC LIMIT ?",
            (limit,),
        )
        return [
            VisitClosed(
                id=id_,
                zone=zone,
                arrived_at=arrived_at,
                departed_at=departed_at,
                dwell_s=departed_at - arrived_at,
                peak_dbm=peak_dbm,
                rank=rank,
                simulated=bool(simulated),
            )
            for id_, zone, arrived_at, departed_at, peak_dbm, rank, simulated in rows
        ]
