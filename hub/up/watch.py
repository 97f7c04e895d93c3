"""What a shop is doing, asked of the hub's own store and of the little file in which the door tells about itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.client.db import StorageError
from hub.client.warnings import Severity, read_report
from hub.reports import present_now
from hub.store.sqlite import FILE, SqliteStore

FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class DoorWarning:
    """Something that is wrong at the door, in the shop's words."""

    code: str
    sentence: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class Now:
    """One look. `people` has people, low, high and at, or is empty before the first count."""

    events: dict[str, int] = field(default_factory=dict)
    issued: int = 0
    redeemed: int = 0
    has_manager: bool = False
    shop_name: Mapping[str, str] = field(default_factory=dict)
    people: dict[str, float] = field(default_factory=dict)
    door: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def shop(self) -> str:
        """What the shop is called, in all its languages."""
        return " · ".join(self.shop_name.values())

    @property
    def visits(self) -> int:
        """Visits that have ended and arrived."""
        return self.events.get("visit.closed", 0)

    @property
    def warnings(self) -> list[DoorWarning]:
        """What the door says is wrong."""
        return [
            DoorWarning(
                one.code,
                one.detail or one.sentence(),
                one.severity == Severity.ERROR,
            )
            for one in self.door.get("warnings", ())
            if one.severity != Severity.NOTE
        ]

    @property
    def total(self) -> int:
        """All events in the hub's journal."""
        return sum(self.events.values())


class Watch:
    """Reads; changes nothing."""

    def __init__(self, hub_folder: Path, edge_folder: Path) -> None:
        self._file = hub_folder / FILE
        self._status = edge_folder / "status.json"
        self._store: SqliteStore | None = None

    def close(self) -> None:
        """Let go of the store. May be called twice."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def look(self) -> Now:
        """How things stand."""
        door = self._door()
        try:
            return self._ask(door)
        except StorageError as wrong:
            self.close()
            return Now(door=door, trouble=str(wrong))

    def closing(self, since: float) -> dict[str, object]:
        """The account of one run: what the hub took since then, and who is here now."""
        now = self.look()
        events: dict[str, int] = {}
        if self._store is not None:
            events = self._store.journal.kinds(since)
        self.close()
        return {
            "events": events,
            "visits": events.get("visit.closed", 0),
            "people": now.people or None,
            "coupons": {"issued": now.issued, "redeemed": now.redeemed},
        }

    def _ask(self, door: dict[str, Any]) -> Now:
        if self._store is None:
            if not self._file.exists():
                return Now(door=door)
            self._store = SqliteStore(self._file)
        store = self._store
        tallies = store.ledger.tallies()
        shop = store.shop.get()
        return Now(
            events=store.journal.kinds(),
            issued=sum(tally.issued for tally in tallies),
            redeemed=sum(tally.redeemed for tally in tallies),
            has_manager=bool(store.people.managers()),
            shop_name=shop.name if shop else {},
            people=people_present(store),
            door=door,
        )

    def _door(self) -> dict[str, Any]:
        """What the edge last said of itself; empty where it is not there or too old to mean anything."""
        try:
            status = json.loads(self._status.read_bytes())
            warnings = read_report(status)
        except (OSError, ValueError):
            return {}
        if status.get("state") == "stopped":
            return {}
        # A door that was killed leaves its last words behind.
        alive = Path(f"/proc/{status.get('pid')}").exists() and time.time() - status.get("at", 0) < FRESH_S
        return {**status, "warnings": warnings} if alive else {}


def people_present(store: SqliteStore) -> dict[str, float]:
    """People present with their band, over all zones, as the hub last heard; empty where it has not."""
    zones = present_now(store, time.time())
    if not zones:
        return {}
    return {
        "people": round(sum(zone.people for zone in zones), 1),
        "low": round(sum(zone.low for zone in zones), 1),
        "high": round(sum(zone.high for zone in zones), 1),
        "at": max(zone.at for zone in zones),
    }
