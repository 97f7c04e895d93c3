"""The hub's whole store over a pool: the same questions, whichever database answers them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self, TypeVar

from hub.store.alarms import SqlAlarms
from hub.store.beside import SqlBeside
from hub.store.care import SqlCare
from hub.store.carrying import SqlCarrying
from hub.store.chain import SqlChain
from hub.store.connection import HubPool
from hub.store.consents import SqlConsents
from hub.store.counter import SqliteCounter
from hub.store.doors import SqlDoors
from hub.store.entry import SqliteEntry
from hub.store.explore import SqlExplore
from hub.store.exporting import SqlExport
from hub.store.fleet import SqlFleet
from hub.store.forgetting import SqlForgetting
from hub.store.hidden import SqlHidden
from hub.store.idle import SqlIdle
from hub.store.inbox import SqlInbox
from hub.store.journal import SqliteJournal
from hub.store.keys import SqliteKeys
from hub.store.ledger import SqliteLedger
from hub.store.mailings import SqlMailings
from hub.store.member_days import SqlMembers
from hub.store.message_reports import SqlOutbox
from hub.store.nodes import SqliteDevices, SqliteShop
from hub.store.notes import SqlNotes
from hub.store.office import SqliteCampaigns, SqlitePeople
from hub.store.outs import SqlBoards, SqlDigests
from hub.store.outside import SqlOutside
from hub.store.persons import SqlPersons
from hub.store.pictures import SqlitePictures
from hub.store.portraits import SqlPortraits
from hub.store.proposals import SqlProposals
from hub.store.purse import SqlPurse
from hub.store.register import SqlRegister
from hub.store.reports import SqliteReports
from hub.store.rollups import SqlRollups
from hub.store.seen import SqlSeen
from hub.store.segments import SqlSegments
from hub.store.setback import SqliteSetback
from hub.store.tags import SqliteTags
from hub.store.tenants import SqlTenants
from hub.store.watch import SqliteWatch
from hub.store.webhooks import SqlWebhooks
from hub.store.work import SqlWork
from hub.store.worth import SqlWorth

T = TypeVar("T")


class HubStore(ABC):
    """Answers every question of `hub.store.base.Store` for one shop, and what its keeper asks beside them."""

    def __init__(self, pool: HubPool) -> None:
        self._ask(pool)

    def _ask(self, pool: HubPool) -> None:
        """Every part over this pool: all that belongs to one shop begins here, and nowhere else."""
        self._any_pool = pool
        self._tenants = SqlTenants(pool)
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
        self.rollups = SqlRollups(pool)
        self.seen = SqlSeen(pool)
        self.members = SqlMembers(pool)
        self.hidden = SqlHidden(pool)
        self.entry = SqliteEntry(pool)
        self.counter = SqliteCounter(pool)
        self.watch = SqliteWatch(pool)
        self.pictures = SqlitePictures(pool)
        self.setback = SqliteSetback(pool)
        self.alarms = SqlAlarms(pool)
        self.work = SqlWork(pool)
        self.beside = SqlBeside(pool)
        self.outside = SqlOutside(pool)
        self.webhooks = SqlWebhooks(pool)
        self.export = SqlExport(pool)
        self.fleet = SqlFleet(pool)
        self.chain = SqlChain(pool)
        self.boards = SqlBoards(pool)
        self.digests = SqlDigests(pool)
        self.explore = SqlExplore(pool)
        self.notes = SqlNotes(pool)
        self.care = SqlCare(pool)
        self.register = SqlRegister(pool)
        self.purse = SqlPurse(pool)
        self.consents = SqlConsents(pool)
        self.forgetting = SqlForgetting(pool)
        self.idle = SqlIdle(pool)
        self.carrying = SqlCarrying(pool)
        self.messages = SqlOutbox(pool)
        self.inbox = SqlInbox(pool)
        self.mailings = SqlMailings(pool)
        self.worth = SqlWorth(pool)
        self.portraits = SqlPortraits(pool)
        self.segments = SqlSegments(pool)
        self.doors = SqlDoors(pool)

    def of_shop(self, number: int) -> Self:
        """The same database for another shop of it, over the same connections. Close only one of the two."""
        other = copy.copy(self)
        other._ask(self._any_pool.of_shop(number))
        return other

    def shops(self) -> list[int]:
        """The numbers of all shops of this database, in order."""
        return self._tenants.shops()

    def shops_of_chain(self) -> list[int]:
        """Shops of this database that are counted together with this one, in order: those whose hub joined below it, and those
        that were added to its chain."""
        return self._tenants.of_chain()

    def put_in_chain(self, shop: int) -> None:
        """Count a shop of this database together with this one from now on."""
        self._tenants.put_in_chain(shop)

    def shop_of_node(self, node: str) -> int | None:
        """The shop of a node by its name, which is given out once in a database; None where nobody bears it."""
        return self._tenants.of_node(node)

    def shop_of_pairing(self, secret_hash: str) -> int | None:
        """The shop that gave a pairing code out; None where none did."""
        return self._tenants.of_pairing(secret_hash)

    def count_wrong_pairing(self) -> None:
        """A pairing code that no shop gave out: it counts against every code that is open."""
        self._tenants.count_wrong_pairing()

    def writing(self) -> AbstractContextManager[object]:
        """One transaction, locked before its first read; calls on this thread join it."""
        return self._any_pool.writing()

    def close(self) -> None:
        """Close every connection. May be called twice. No other thread may be in the middle of anything."""
        self._any_pool.close()

    def interrupt(self) -> None:
        """Break off what other threads ask at this moment."""
        self._any_pool.interrupt()

    @abstractmethod
    def together(self, work: Callable[[], T]) -> T:
        """`work` inside `writing()`. It may run twice, so nothing but the database may know that it ran."""

    @abstractmethod
    def checkpoint(self, least_octets: int = 0) -> None:
        """Put in order what the database leaves for a quiet moment, where so much waits there."""

    @abstractmethod
    def clean_up(self, log: str, gone: Collection[str]) -> str:
        """Let nothing stay in the database's free space and logs of what was overwritten. `gone`: what must not be there any
        more. Empty where that is done; else what to ask with next time (`log`, empty at the first)."""

    @abstractmethod
    def copy_to(self, path: Path, *, kept_at: float | None = None) -> None:
        """A whole copy in one file. `kept_at`: it is a backup, made then. StorageError where that cannot be."""

    @abstractmethod
    def is_sound(self) -> str | None:
        """None where the database finds itself in order, else what it found."""

    @abstractmethod
    def trial(self) -> AbstractContextManager[HubStore]:
        """A store with the same in it, and whatever is done to it is forgotten afterwards."""
