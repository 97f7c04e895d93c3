"""Devices: which there are and how they are, by group and by words; a code for a new one; many moved or withdrawn at once."""

from __future__ import annotations

from typing import Literal

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.devices import PAIRING_S, open_pairing
from hub.fleet.leaving import withdraw as withdraw_node
from hub.fleet.leaving import withdraw_all
from hub.fleet.listing import by_team, lines, search
from hub.fleet.settings import move_to_team
from hub.health import SILENT_AFTER_S
from hub.roles import Right
from hub.store.records import Device
from hub.wire.joining import PROGRAMS

SEARCH_FROM = 8
"""Fewer devices than this are found by looking."""

State = Literal["well", "silent", "new", "withdrawn"]


def devices(office: Office) -> Response:
    """Every device by its group, the ones that need a look first."""
    return _page(office)


def _page(office: Office, **more: object) -> Response:
    now = office.now()
    every = lines(office.store, now)
    words = request.args.get("q", "")[:80]
    found = search(every, words)
    return office.page(
        "devices.html",
        every=every,
        groups=by_team(found),
        teams=office.store.fleet.teams(),
        waiting=office.store.fleet.askings(now),
        words=words,
        searched=bool(words) or len(every) >= SEARCH_FROM,
        programs=PROGRAMS,
        **{"pairing": None, **more},  # type: ignore[arg-type]  # none of them is the status
    )


def pair(office: Office) -> Response:
    """A code for one new device; shown once, on this page, and kept nowhere."""
    program = request.form.get("program", "")
    if program not in PROGRAMS:
        abort(400)
    now = office.now()
    with office.store.writing():
        code = open_pairing(office.store, office.key, program, now)
        office.note("device.pairing_opened", program)
    return _page(office, pairing=str(code), program=program, until=now + PAIRING_S)


def withdraw(office: Office, device: str) -> Response:
    """Trust a device no more, after asking once."""
    found = office.store.devices.get(device)
    if found is None:
        abort(404)
    if request.form.get("sure") != "yes":
        return office.page("withdraw.html", device=found)
    withdraw_node(office.store, device, office.now(), office.who())
    return back_to("devices", "withdrawn")


@needs(Right.DEVICE)
def devices_move(office: Office) -> Response:
    """Put the ticked devices into a group, or out of any."""
    team = request.form.get("team", "")
    if team and office.store.fleet.team(team) is None:
        abort(400)
    move_to_team(office.store, request.form.getlist("device"), team, office.now(), office.who())
    return back_to("devices", "saved")


@needs(Right.DEVICE)
def devices_withdraw(office: Office) -> Response:
    """Trust the ticked devices no more, after asking once."""
    ticked = set(request.form.getlist("device"))
    chosen = [one for one in office.store.devices.all() if one.device in ticked and one.withdrawn_at is None]
    if not chosen:
        return back_to("devices")
    if request.form.get("sure") != "yes":
        return office.page("withdraw_all.html", chosen=chosen)
    withdraw_all(office.store, [one.device for one in chosen], office.now(), office.who())
    return back_to("devices", "withdrawn-all")


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
    Route("/devices/move", "devices_move", devices_move, ("POST",)),
    Route("/devices/withdraw", "devices_withdraw", devices_withdraw, ("POST",)),
    Route("/devices/<device>/withdraw", "withdraw", withdraw, ("POST",)),
)
