"""Devices: which there are and how they are, a pairing code for a new one, and the end of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route, back_to
from hub.changing import turned
from hub.devices import PAIRING_S, open_pairing
from hub.health import SILENT_AFTER_S
from hub.store.records import Device

PROGRAMS = ("edge", "kiosk")
State = Literal["well", "silent", "new", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Line:
    """One device in the list. `missing`: facts that its journal has and the hub has not, as far as the numbers tell."""

    device: Device
    state: State
    missing: int
    waiting: int | None
    parked: int | None


def devices(office: Office) -> Response:
    """Every device, the ones that need a look first."""
    return office.page("devices.html", lines=lines(office), pairing=None, programs=PROGRAMS)


def pair(office: Office) -> Response:
    """A code for one new device; shown once, on this page, and kept nowhere."""
    program = request.form.get("program", "")
    if program not in PROGRAMS:
        abort(400)
    now = office.now()
    with office.store.writing():
        code = open_pairing(office.store, office.key, program, now)
        office.note("device.pairing_opened", program)
    return office.page(
        "devices.html",
        lines=lines(office),
        pairing=str(code),
        program=program,
        programs=PROGRAMS,
        until=now + PAIRING_S,
    )


def withdraw(office: Office, device: str) -> Response:
    """Trust a device no more, after asking once."""
    found = office.store.devices.get(device)
    if found is None:
        abort(404)
    if request.form.get("sure") != "yes":
        return office.page("withdraw.html", device=found)
    with office.store.writing():
        if office.store.devices.withdraw(device, office.now()):
            office.note("device.withdrawn", device, changes=turned("withdrawn", False, True))
    return back_to("devices", "withdrawn")


def lines(office: Office) -> list[Line]:
    """Every device with its state."""
    now = office.now()
    missing: dict[str, int] = {}
    for reach in office.store.journal.reach():
        missing[reach.device] = missing.get(reach.device, 0) + reach.highest - reach.taken
    counts = {row.device: row.counts for row in office.store.reports.health()}
    order = {"silent": 0, "new": 1, "well": 2, "withdrawn": 3}
    found = []
    for device in office.store.devices.all():
        own = counts.get(device.device, {})
        waiting, parked = own.get("pending"), own.get("parked")
        found.append(
            Line(
                device,
                state_of(device, now),
                missing.get(device.device, 0),
                None if waiting is None else int(waiting),
                None if parked is None else int(parked),
            )
        )
    return sorted(found, key=lambda line: order[line.state])


def state_of(device: Device, now: float) -> State:
    """How a device is, as far as the hub hears of it."""
    if device.withdrawn_at is not None:
        return "withdrawn"
    if device.seen_at is None:
        return "new"
    return "well" if now - device.seen_at <= SILENT_AFTER_S else "silent"


ROUTES = (
    Route("/devices", "devices", devices),
    Route("/devices/pair", "pair", pair, ("POST",)),
    Route("/devices/<device>/withdraw", "withdraw", withdraw, ("POST",)),
)
