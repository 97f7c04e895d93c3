"""How the backup stands, in a small file beside the database: written by whoever ships, read by whoever warns.

Not in the database: each look would be a change, and each change would have to be shipped. It is not synced either; after a power
cut it may be empty, which says what is true: nobody knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.client.warnings import Holding
from hub.config import Config
from hub.safety.settings import UPSTREAM
from hub.safety.targets import NEEDS_PASSPHRASE
from hub.store.sqlite import FILE

SHIPPED_FILE = "backup.json"
DRILL_FILE = "drill.json"
INTERVALS = 2
"""After so many looks without a yes the backup is late."""

COPY_STEP_S = 300.0
"""A first copy that has not come on by a part for so long is no copy under way."""

DRILLS = 2
"""After so many drills that were left out there is a warning."""


class Shipped(msgspec.Struct, frozen=True):
    """What the shipper knows. Times are seconds of UTC, None where it has not been.

    `began_at`: when it was started; `confirmed_at`: when the target was last seen to have all that was committed; `trouble`: why
    it does not go on, as a sentence; `copied`: how much of a first base copy is done, None where there is one, with `copied_at`,
    when that came on; `base_at`: when the newest base copy was made; `closed`: the file's stamp, where the hub ended in order.
    """

    began_at: float
    target: str
    confirmed_at: float | None = None
    trouble: str = ""
    copied: float | None = None
    copied_at: float | None = None
    base_at: float | None = None
    line: str = ""
    number: int = 0
    closed: str = ""


class Drilled(msgspec.Struct, frozen=True):
    """How the latest drill went. `upto`: when the last change in it was shipped; `took_s`: all of it."""

    at: float
    ok: bool
    sentence: str
    upto: float = 0.0
    took_s: float = 0.0
    size: int = 0


T = TypeVar("T", Shipped, Drilled)


def keep(path: Path, what: Shipped | Drilled) -> None:
    """Write it down, whole but not synced."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_bytes(msgspec.json.encode(what))
    draft.replace(path)


def shipped(folder: Path) -> Shipped | None:
    """What the shipper wrote last; None where it never did."""
    return _read(folder / SHIPPED_FILE, Shipped)


def drilled(folder: Path) -> Drilled | None:
    """How the latest drill went; None where there was none."""
    return _read(folder / DRILL_FILE, Drilled)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def backup_troubles(config: Config, now: float) -> Iterator[Holding]:
    """What is wrong with the continuous backup and its drill."""
    if config.backup_to and not config.database:
        yield from _shipping(config, now)
    if (config.backup_to or config.database) and config.backup_drill_hours:
        yield from _drills(config, now)


def _shipping(config: Config, now: float) -> Iterator[Holding]:
    if config.backup_to == UPSTREAM and not config.backup_secret:
        yield Holding("backup-late", NEEDS_PASSPHRASE)
        return
    state = shipped(config.dir)
    if state is None or state.target != config.backup_to:
        yield Holding("backup-late", {"en": "It has not begun.", "zh": "尚未开始。"})
        return
    if state.closed and state.closed == stamp(config.dir / FILE):
        return
    late_s = INTERVALS * config.backup_check_s
    since = state.began_at if state.confirmed_at is None else max(state.confirmed_at, 0.0)
    # After something was lost, a new copy that is under way is no reason to be calm.
    copying = (
        state.copied is not None
        and state.confirmed_at is None
        and now - (state.copied_at or 0.0) < COPY_STEP_S
    )
    if copying and not state.trouble:
        yield Holding("backup-begins", f"{(state.copied or 0.0) * 100:.0f}", since=state.began_at)
    elif now - since > late_s or since > now + late_s:
        yield Holding("backup-late", state.trouble, since=since)
    if state.base_at is not None and now - state.base_at > config.backup_keep_days * 86_400:
        yield Holding("backup-old", f"{config.backup_keep_days}", since=state.base_at)


def _drills(config: Config, now: float) -> Iterator[Holding]:
    every_s = config.backup_drill_hours * 3_600.0
    last = drilled(config.dir)
    state = shipped(config.dir)
    began = last.at if last is not None else (state.began_at if state is not None else None)
    if last is not None and not last.ok:
        yield Holding("drill-failed", last.sentence, since=last.at)
    elif began is not None and now - began > DRILLS * every_s:
        yield Holding("drill-late", f"{config.backup_drill_hours}", since=began)
    elif began is None and config.database:
        yield Holding("drill-late", f"{config.backup_drill_hours}")


def stamp(path: Path) -> str:
    """As `hub.store.shipping.Files.stamp`; "" where the file cannot be looked at, or has something in its log."""
    log = path.with_name(path.name + "-wal")
    try:
        if log.exists() and log.stat().st_size:
            return ""
        at = path.stat()
    except OSError:
        return ""
    return f"{at.st_ino}-{at.st_size}-{at.st_mtime_ns}-{at.st_ctime_ns}"
