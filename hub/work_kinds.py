"""Every kind of long work and every small repeated job, and who does it. A part of the hub adds its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.config import Config
from hub.roles import Right
from hub.store.whole import HubStore
from hub.work import Progress

Handler = Callable[[HubStore, Config, Mapping[str, Any], Progress], Mapping[str, object]]
"""Does one piece of work for one shop. What it returns is kept as its result (JSON values). It may raise Cancelled, Lost and
Stopping (from `Progress`), WorkFailed with a sentence, StorageError; anything else is a fault of ours and stands in the log."""

Chore = Callable[[HubStore, Config, float], None]
"""A small repeated job for one shop, done within a second or two: store, config, now."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work. `load()` gives the handler, so that a page that lists kinds need not import them all. `right`: what
    somebody needs to ask for it, and to cancel it."""

    name: str
    right: Right
    load: Callable[[], Handler]


@dataclass(frozen=True, slots=True)
class Repeated:
    """One small job, of which one worker has a turn each `every_s` seconds. 0: every worker, as often as it looks for work.
    Such a job is cheap where there is nothing to do, and shares what there is by itself."""

    name: str
    every_s: float
    load: Callable[[], Chore]
    apart: bool = False
    """In a thread of its own: what has to be quick, whatever the others wait for."""


def _rebuild() -> Handler:
    from hub.rebuild import rebuild_work

    return rebuild_work


def _verify() -> Handler:
    from hub.rebuild import verify_work

    return verify_work


def _import() -> Handler:
    from hub.outside.importing import import_work

    return import_work


def _import_members() -> Handler:
    from hub.members.importing import import_work

    return import_work


def _export() -> Handler:
    from hub.outside.exporting import export_work

    return export_work


def _backup() -> Handler:
    from hub.outside.exporting import backup_work

    return backup_work


def _webhooks() -> Chore:
    from hub.outside.webhooks import work_webhooks

    return work_webhooks


def _tidy_webhooks() -> Chore:
    from hub.outside.webhooks import tidy_webhooks

    return tidy_webhooks


def _digests() -> Chore:
    from hub.admin.digest_mail import work_digests

    return work_digests


def _tidy_digests() -> Chore:
    from hub.figures.digest import tidy_digests

    return tidy_digests


def _changes() -> Chore:
    from hub.figures.changes import work_changes

    return work_changes


def _worth() -> Handler:
    from hub.value.keeping import worth_work

    return worth_work


def _daily_worth() -> Chore:
    from hub.value.keeping import work_worth

    return work_worth


def _segment() -> Handler:
    from hub.segments.counting import count_work

    return count_work


def _segments() -> Chore:
    from hub.segments.refreshing import work_segments

    return work_segments


def _tidy_segments() -> Chore:
    from hub.segments.refreshing import tidy_segments

    return tidy_segments


def _forgetting() -> Chore:
    from hub.members.erasing import work_forgetting

    return work_forgetting


def _care() -> Chore:
    from hub.care.work import work_care

    return work_care


def _tidy_care() -> Chore:
    from hub.care.work import tidy_care

    return tidy_care


def _purses() -> Chore:
    from hub.purse.ruling import work_run_out

    return work_run_out


def _retention() -> Chore:
    from hub.members.retention import work_retention

    return work_retention


def _tidy() -> Chore:
    from hub.working import tidy

    return tidy


def _mailings() -> Chore:
    from hub.messages.mailing import work_mailings

    return work_mailings


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("rebuild", Right.BACKUP, _rebuild),
        Kind("verify", Right.BACKUP, _verify),
        Kind("backup", Right.BACKUP, _backup),
        Kind("import", Right.IMPORT_DATA, _import),
        Kind("import_members", Right.MEMBERS, _import_members),
        Kind("export", Right.EXPORT_DATA, _export),
        Kind("worth", Right.READ, _worth),
        Kind("segment", Right.CAMPAIGN_EDIT, _segment),
    )
}

CHORES: tuple[Repeated, ...] = (
    Repeated("points that have run out", 3_600.0, _purses),
    Repeated("tidy work", 600.0, _tidy),
    Repeated("figures that changed", 600.0, _changes),
    Repeated("tidy webhooks", 3_600.0, _tidy_webhooks),
    Repeated("webhooks", 0.0, _webhooks),
    Repeated("forgetting", 0.0, _forgetting),
    Repeated("retention", 3_600.0, _retention),
    Repeated("digests", 20.0, _digests),
    Repeated("care", 0.0, _care),
    Repeated("tidy care", 86_400.0, _tidy_care),
    Repeated("segments", 0.0, _segments, apart=True),
    Repeated("tidy segments", 3_600.0, _tidy_segments),
    Repeated("tidy digests", 86_400.0, _tidy_digests),
    Repeated("mailings", 1.0, _mailings),
    Repeated("worth of members", 600.0, _daily_worth),
)
