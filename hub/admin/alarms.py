"""Alarms: a red band on every page, a page to leave open that shows every device and sounds, and who has seen what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flask import g
from werkzeug.wrappers import Response

from hub.admin.guard import allowed, needs
from hub.admin.office import Office, Route, back_to
from hub.client.warnings import Shown
from hub.health import SILENT_AFTER_S
from hub.roles import Right
from hub.safety.standing import drilled, shipped
from hub.store.alarm_records import AlarmRow
from hub.storefront.languages import gettext
from hub.watching.telling import SCREEN, look_at


@dataclass(frozen=True, slots=True)
class Alarm:
    """One trouble of the band, and who has seen it."""

    shown: Shown
    seen_at: float | None
    seen_by: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One device on the wall. `state`: silent, awaited, troubled or well."""

    device: str
    name: str
    program: str
    state: str
    seen_at: float | None


def alarms_of(office: Office) -> list[Alarm]:
    """What every page tells in red; nothing to those who are not logged in."""
    if "shopbell_session" not in g:
        return []
    if "shopbell_alarms" not in g:
        rows = {row.key: row for row in office.store.alarms.all() if row.channel == SCREEN}
        found = []
        for shown in office.warnings(office.now()):
            if shown.alarm:
                row = rows.get((shown.code, shown.subject or ""))
                found.append(Alarm(shown, row.seen_at if row else None, row.seen_by if row else ""))
        # What nobody has seen yet stands first.
        g.shopbell_alarms = sorted(found, key=lambda one: one.seen_at is not None)
    told: list[Alarm] = g.shopbell_alarms
    return told


def alarms(office: Office) -> Response:
    """The page to leave open."""
    rows = office.store.alarms.all()
    return office.page("alarms.html", tiles=tiles(office), channels=channels(rows))


def band(office: Office) -> Response:
    """The band alone, for the script of a page that is left open."""
    return office.page("band_alone.html", tiles=tiles(office))


@needs(Right.DEVICE)
def seen(office: Office) -> Response:
    """Somebody takes note of all that stands now: it is not told again, and no page sounds because of it."""
    now, who = office.now(), office.who()
    current = [one for one in office.warnings(now) if one.alarm]
    with office.store.writing():
        rows = office.store.alarms.all()
        for name in {SCREEN, *(row.channel for row in rows)}:
            own = [row for row in rows if row.channel == name]
            fresh = {row.key: row for row in (*own, *look_at(name, own, current, now, 1e12).keep)}
            for one in current:
                row = fresh.get((one.code, one.subject or ""))
                if row is not None and row.seen_at is None:
                    office.store.alarms.put(replace(row, seen_at=now, seen_by=who))
        office.note("alarms.seen", ", ".join(sorted({one.code for one in current})))
    return back_to("alarms")


def tiles(office: Office) -> list[Tile]:
    """Every device of the shop, those in trouble first."""
    now = office.now()
    troubled = {one.subject for one in office.warnings(now) if one.code == "device-troubled"}
    found = []
    for device in office.store.devices.all():
        if device.withdrawn_at is not None or device.program == "site":
            continue
        if device.seen_at is None:
            state = "awaited"
        elif now - device.seen_at > SILENT_AFTER_S:
            state = "silent"
        else:
            state = "troubled" if device.name in troubled else "well"
        found.append(Tile(device.device, device.name, device.program, state, device.seen_at))
    order = ("silent", "troubled", "awaited", "well")
    return sorted(found, key=lambda tile: (order.index(tile.state), tile.name))


def channels(rows: list[AlarmRow]) -> list[tuple[str, bool]]:
    """Where alarms are told now beside the screen, and whether the last message did not get through."""
    names = {"url": gettext("by webhook"), "mail": gettext("by mail")}
    return [
        (text, any(row.tries for row in rows if row.channel == name))
        for name, text in names.items()
        if any(row.channel == name for row in rows)
    ]


def backups(office: Office) -> Response:
    """How the continuous backup and its drill stand."""
    folder = office.folder or Path()
    return office.page(
        "backups.html",
        state=shipped(folder),
        drill=drilled(folder),
        troubles=[
            one
            for one in office.warnings(office.now())
            if one.code.startswith(("backup", "drill", "no-backup"))
        ],
    )


def may_note() -> bool:
    """Whether who is logged in may take note of alarms."""
    return "shopbell_session" in g and allowed(Right.DEVICE)


ROUTES = (
    Route("/alarms", "alarms", alarms),
    Route("/alarms/band", "alarm_band", band),
    Route("/alarms/seen", "alarms_seen", seen, ("POST",)),
    Route("/backups", "backups", backups),
)
