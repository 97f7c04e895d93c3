"""The hub's store on one SQLite file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from hub.store.connection import HubPool
from hub.store.counter import SqliteCounter
from hub.store.entry import SqliteEntry
from hub.store.journal import SqliteJournal
from hub.store.ledger import SqliteLedger
from hub.store.nodes import SqliteDevices, SqliteShop
from hub.store.office import SqliteCampaigns, SqlitePeople
from hub.store.reports import SqliteReports

FILE = "hub.db"


class SqliteStore:
    """Answers every question of `hub.store.base.Store` from one file."""

    def __init__(self, path: Path) -> None:
        self.pool = HubPool(path)
        self.shop = SqliteShop(self.pool)
        self.devices = SqliteDevices(self.pool)
        self.campaigns = SqliteCampaigns(self.pool)
        self.people = SqlitePeople(self.pool)
        self.journal = SqliteJournal(self.pool)
        self.ledger = SqliteLedger(self.pool)
        self.reports = SqliteReports(self.pool)
        self.entry = SqliteEntry(self.pool)
        self.counter = SqliteCounter(self.pool)

    def writing(self) -> AbstractContextManager[object]:
        """One transaction, locked before its first read; calls on this thread join it."""
        return self.pool.writing()

    def close(self) -> None:
        """Close every connection. May be called twice."""
        self.pool.close()
