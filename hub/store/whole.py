"""The hub's whole store over a pool: the same questions, whichever database answers them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from hub.store.connection import HubPool
from hub.store.counter import SqliteCounter
from hub.store.entry import SqliteEntry
from hub.store.fleet import SqlFleet
from hub.store.journal import SqliteJournal
from hub.store.keys import SqliteKeys
from hub.store.ledger import SqliteLedger
from hub.store.nodes import SqliteDevices, SqliteShop
from hub.store.office import SqliteCampaigns, SqlitePeople
from hub.store.persons import SqlPersons
from hub.store.pictures import SqlitePictures
from hub.store.proposals import SqlProposals
from hub.store.reports import SqliteReports
from hub.store.setback import SqliteSetback
from hub.store.tags import SqliteTags
from hub.store.watch import SqliteWatch
from hub.store.work import SqlWork

T = TypeVar("T")


class HubStore(ABC):
    """Answers every question of `hub.store.base.Store`, and what its keeper asks beside them."""

    def __init__(self, pool: HubPool) -> None:
        self._any_pool = pool
        self.shop = SqliteShop(pool)
        self.devices = SqliteDevices(pool)
        self.keys = SqliteKeys(pool)
        self.campaigns = SqliteCampaigns(pool)
        self.proposals = SqlProposals(pool)
        self.people = SqlitePeople(pool)
        self.persons = SqlPersons(pool)
        self.tags = SqliteTags(pool)
        self.journal = SqliteJournal(pool)
        self.ledger = SqliteLedger(pool)
        self.reports = SqliteReports(pool)
        self.entry = SqliteEntry(pool)
        self.counter = SqliteCounter(pool)
        self.watch = SqliteWatch(pool)
        self.pictures = SqlitePictures(pool)
        self.setback = SqliteSetback(pool)
        self.work = SqlWork(pool)
        self.fleet = SqlFleet(pool)

    def writing(self) -> AbstractContextManager[object]:
        """One transaction, locked before its first read; calls on this thread join it."""
        return self._any_pool.writing()

    def close(self) -> None:
        """Close every connection. May be called twice."""
        self._any_pool.close()

    @abstractmethod
    def together(self, work: Callable[[], T]) -> T:
        """`work` inside `writing()`. It may run twice, so nothing but the database may know that it ran."""

    @abstractmethod
    def checkpoint(self, least_changes: int = 0) -> None:
        """Put in order what the database leaves for a quiet moment, where so much has changed since."""

    @abstractmethod
    def copy_to(self, path: Path, *, kept_at: float | None = None) -> None:
        """A whole copy in one file. `kept_at`: it is a backup, made then. StorageError where that cannot be."""

    @abstractmethod
    def is_sound(self) -> str | None:
        """None where the database finds itself in order, else what it found."""

    @abstractmethod
    def trial(self) -> AbstractContextManager[HubStore]:
        """A store with the same in it, and whatever is done to it is forgotten afterwards."""
