"""The drill: put the backup back into a folder of its own, and hold it against the shop that goes on meanwhile."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hub.app import open_store
from hub.client.trouble import StorageError
from hub.config import Config
from hub.members.late import heed
from hub.safety.restore import RestoreError, restore
from hub.safety.ship import target_of
from hub.safety.standing import Drilled
from hub.safety.targets import TargetError
from hub.store.base import Store
from hub.store.sqlite import FILE, SqliteStore

SLACK_S = 5.0
"""Facts that came so shortly before the last change that was shipped may be in a later segment."""


def drill(config: Config, now: Callable[[], float] = time.time) -> Drilled:
    """Restore the newest state and compare; what came of it. Nothing that it finds is raised."""
    began_at, began = now(), time.monotonic()

    def came_to(ok: bool, sentence: str, upto: float = 0.0, size: int = 0) -> Drilled:
        return Drilled(began_at, ok, sentence, upto, round(time.monotonic() - began, 2), size)

    try:
        with tempfile.TemporaryDirectory(prefix="drill-", dir=config.dir) as folder:
            place = Path(folder) / "hub"
            done = restore(target_of(config), place, passphrase=config.backup_secret)
            with (
                closing(SqliteStore(place / FILE, config.shop)) as copy,
                closing(open_store(config.dir, config.database, config.shop)) as live,
            ):
                wrong = differs(copy, live, done.upto)
    except (RestoreError, TargetError, StorageError, OSError) as failed:
        return came_to(False, str(failed))
    if wrong is None and done.warnings:
        wrong = " ".join(done.warnings)
    if wrong is not None:
        return came_to(False, wrong, done.upto, done.size)
    return came_to(True, "What was put back is what was there.", done.upto, done.size)


def differs(copy: Store, live: Store, upto: float) -> str | None:
    """What a restored hub lacks or has otherwise, as a sentence; None where it is what the living one was at `upto`.

    The journal is added to, and changed only where somebody is forgotten: all of the copy's is the beginning of the living
    one's.
    """
    last = copy.journal.last_position()
    # Whoever was forgotten since stands in the copy under the id that they had.
    there, _ = journal_digest(copy, last, lambda texts: heed(live, texts))
    here, following_at = journal_digest(live, last)
    if there != here:
        return "The journal that was put back is not the beginning of the shop's."
    if following_at is not None and following_at < upto - SLACK_S:
        return "Facts are missing in what was put back that had come before."
    restored, living = copy.people.audit_chain(), live.people.audit_chain()
    if restored.broken is not None:
        return "The record of changes that was put back does not hold."
    if restored.rows > living.rows:
        return "The record of changes that was put back is longer than the shop's."
    if restored.rows == living.rows and restored.latest != living.latest:
        return "The record of changes that was put back is not the shop's."
    return None


def journal_digest(
    store: Store, last: int, changed: Callable[[bytes], bytes] = lambda texts: texts
) -> tuple[str, float | None]:
    """The SHA-256 of the journal up to a position, and when the run after it came; None where there is none."""
    found = hashlib.sha256()
    for run in store.journal.runs():
        if run.position > last:
            return found.hexdigest(), run.received_at
        head = (
            f"{run.position}\n{run.device}\n{run.epoch}\n{run.first_seq}\n{run.count}\n{run.received_at!r}\n"
        )
        found.update(head.encode() + changed(bytes(run.texts)))
    return found.hexdigest(), None
