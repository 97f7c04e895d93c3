"""One device: how it is, what it is called, where it stands, what it is set to; replaced, retired, withdrawn from here."""

from __future__ import annotations

from flask import abort, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route
from hub.changing import changed
from hub.devices import PAIRING_S, open_pairing
from hub.fleet.leaving import retire, stay
from hub.fleet.listing import lines
from hub.fleet.places import rename
from hub.fleet.plan import Plan
from hub.fleet.settings import change_settings, lines_of, move_to_team, setting_fault
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.records import Device
from hub.wire.sync import SettingTold

FAULTS: dict[str, Said] = {
    "name": said("A name looks like KIOSK_IDLE_S, EDGE_ZONE or PORTAL_MINUTES."),
    "secret": said("Secrets are set on the machine itself."),
    "value": said("A value is one line of at most 500 letters."),
}


REASONS: dict[str, Said] = {
    "set-here": said("Not in force: it is set on the machine itself, which goes before the hub."),
    "unknown": said("Not in force: it is no setting that the hub may give here."),
    "value": said("Not in force: the device cannot use this value. It says:"),
    "yes-no": said("Not in force: it must be yes or no."),
    "notice": said("Not in force: it must be a line of text, or JSON with a text for each language."),
    "address": said("Not in force: it must be an address like http://hub.local:8080."),
}


def reason_of(told: SettingTold) -> Said | None:
    """Why a device does not use what the hub gave, in the reader's words; None where only its own English says it."""
    low, high = (f"{limit:.10g}" for limit in told.limits or (0, 0))
    if told.reason == "whole" and told.limits:
        return said("Not in force: it must be a whole number from %(low)s to %(high)s.", low=low, high=high)
    if told.reason == "number" and told.limits:
        return said("Not in force: it must be a number from %(low)s to %(high)s.", low=low, high=high)
    return REASONS.get(told.reason)


def fault_of(name: str, value: str) -> Said | None:
    """Why the hub does not give this setting, in the reader's words."""
    wrong = setting_fault(name, value)
    if wrong is None:
        return None
    return FAULTS["secret" if "Secrets" in wrong else "name" if "name" in wrong else "value"]


def _found(office: Office, device: str) -> Device:
    found = office.store.devices.get(device)
    if found is None:
        abort(404)
    return found


def device(office: Office, device: str) -> Response:
    """All that is known of it."""
    return _page(office, _found(office, device))


def _page(office: Office, found: Device, status: int = 200, **more: object) -> Response:
    store, now = office.store, office.now()
    line = next(one for one in lines(store, now) if one.device.device == found.device)
    faults: dict[str, Said] = {}
    return office.page(
        "device.html",
        status,
        **{
            "line": line,
            "device": line.device,
            "settings": lines_of(store, found.device, found.program),
            "reason_of": reason_of,
            "teams": store.fleet.teams(),
            "formers": store.fleet.formers(found.device),
            "ahead": store.fleet.ahead(found.device, limit=5),
            "faults": faults,
            "typed": {},
            "pairing": None,
            **more,
        },
    )


def _back(device: str, done: str) -> Response:
    return redirect(url_for(".device", device=device, done=done), 303)


@needs(Right.DEVICE)
def device_change(office: Office, device: str) -> Response:
    """Its name, a line about it, its group."""
    found, now, who = _found(office, device), office.now(), office.who()
    team = request.form.get("team", "")
    if team and office.store.fleet.team(team) is None:
        abort(400)
    wrong = rename(office.store, device, request.form.get("name", ""), request.form.get("note", ""), now, who)
    if wrong is not None:
        return _page(office, found, 422, faults={"name": wrong}, typed=request.form)
    move_to_team(office.store, [device], team, now, who)
    return _back(device, "saved")


@needs(Right.DEVICE)
def device_set(office: Office, device: str) -> Response:
    """Its own settings: `set_NAME` for each that stands on the page, `new_name` and `new_value` for another one."""
    found = _found(office, device)
    own = office.store.fleet.post(device).settings
    changes: dict[str, str | None] = {}
    faults: dict[str, Said] = {}
    for field, text in request.form.items():
        name, value = field.removeprefix("set_"), text.strip()
        if not field.startswith("set_") or value == own.get(name, ""):
            continue
        wrong = fault_of(name, value)
        if wrong is not None:
            faults[field] = wrong
        changes[name] = value or None
    name, value = request.form.get("new_name", "").strip().upper(), request.form.get("new_value", "").strip()
    if name:
        wrong = fault_of(name, value)
        if wrong is not None:
            faults["new_name"] = wrong
        changes[name] = value
    if faults:
        return _page(office, found, 422, faults=faults, typed=request.form)
    change_settings(office.store, device, changes, office.now(), office.who())
    return _back(device, "configured")


@needs(Right.DEVICE)
def device_replace(office: Office, device: str) -> Response:
    """Other hardware is to be this device: a pairing code for it, shown once; or the code that it shows itself."""
    found = _found(office, device)
    stolen, keep = request.form.get("stolen") == "yes", request.form.get("keep_rights") == "yes"
    typed = request.form.get("code", "").strip()
    if typed:
        values = {"code": typed, "replaces": device, "stolen": stolen or None, "keep_rights": keep or None}
        return redirect(url_for(".device_join", **values), 303)  # type: ignore[arg-type]
    now = office.now()
    plan = Plan(replaces=device, stolen=stolen, keep_rights=keep)
    with office.store.writing():
        code = open_pairing(office.store, office.key, found.program, now, plan=plan)
        both = {"replaces": {"before": None, "after": device}}
        office.store.people.note(changed(now, office.who(), "device.pairing_opened", found.program, both))
    return _page(office, found, pairing=str(code), until=now + PAIRING_S)


@needs(Right.DEVICE)
def device_retire(office: Office, device: str) -> Response:
    """Let it go when it has told everything, or take that back."""
    _found(office, device)
    if request.form.get("stay") == "yes":
        stay(office.store, device, office.now(), office.who())
        return _back(device, "stays")
    retire(office.store, device, office.now(), office.who())
    return _back(device, "retiring")


ROUTES = (
    Route("/devices/<device>", "device", device),
    Route("/devices/<device>/change", "device_change", device_change, ("POST",)),
    Route("/devices/<device>/settings", "device_set", device_set, ("POST",)),
    Route("/devices/<device>/replace", "device_replace", device_replace, ("POST",)),
    Route("/devices/<device>/retire", "device_retire", device_retire, ("POST",)),
)
