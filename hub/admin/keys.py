"""Keys: which device signs coupons with which, a new one, the end of an old one, and what each step means in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.names import till_names
from hub.admin.office import Office, Route, back_to
from hub.code_keys import CodeKeys
from hub.keys import DAY_S, KeyPolicy, ask_new_key, end_key, key_policy, set_key_policy, withdraw_key
from hub.sentences import Said, said
from hub.store.key_records import KeyRecord
from hub.typed import Typed

MOST_DAYS = 3_650
State = Literal["in_use", "waiting", "ending", "ended", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Line:
    """One key. `wished`: its device is to take a new one; `gone`: the device itself was withdrawn."""

    key: KeyRecord
    state: State
    wished: bool
    gone: bool


def keys(office: Office) -> Response:
    """Every key, those in use first."""
    return _page(office)


def renew(office: Office, device: str) -> Response:
    """Let a device take a new key."""
    if not ask_new_key(office.store, device, office.now(), office.who()):
        abort(404)
    return back_to("keys", "key-asked")


def end(office: Office, number: int) -> Response:
    """Let a key end after some days, or at once, after saying what that means."""
    key = office.store.keys.get(number)
    if key is None:
        abort(404)
    days = Typed(request.form).plain("days")
    how = request.form.get("how", "")
    if how not in ("end", "withdraw"):
        abort(400)
    fault = None
    if how == "end" and request.form.get("sure") == "yes" and _days(days) is None:
        fault = said("Give a number of days, at most %(count)s.", count=MOST_DAYS)
    if request.form.get("sure") != "yes" or fault:
        name = till_names(office).get(key.device, key.device)
        return office.page(
            "key_end.html", 422 if fault else 200, key=key, how=how, name=name, days=days or "7", fault=fault
        )
    now = office.now()
    if how == "withdraw":
        withdraw_key(office.store, number, now, office.who())
        return back_to("keys", "key-withdrawn")
    end_key(office.store, number, now + (_days(days) or 0) * DAY_S, now, office.who())
    return back_to("keys", "key-ends")


def policy(office: Office) -> Response:
    """At which age keys change by themselves, and what becomes of what the old one signed."""
    typed = Typed(request.form)
    faults: dict[str, Said] = {}
    seconds: dict[str, int] = {}
    for name in ("every", "after", "codes_every"):
        days = _days(typed.plain(name) or "0")
        if days is None:
            faults[name] = said("Give a number of days, at most %(count)s.", count=MOST_DAYS)
        else:
            seconds[name] = days * DAY_S
    old = typed.get("old")
    if old not in ("expiry", "after"):
        faults["old"] = said("Say what becomes of coupons that the old key signed.")
    if faults:
        return _page(office, faults, 422)
    made = msgspec.structs.replace(
        key_policy(office.store),
        every_s=seconds["every"],
        after_s=seconds["after"],
        codes_every_s=seconds["codes_every"],
        old="after" if old == "after" else "expiry",
    )
    set_key_policy(office.store, made, office.now(), office.who())
    return back_to("keys", "saved")


def codes(office: Office) -> Response:
    """Replace the key behind codes that change."""
    at_once = request.form.get("at_once") == "yes"
    done = CodeKeys(office.store, office.key).replace(office.now(), office.who(), at_once=at_once)
    return back_to("keys", "codes-replaced" if done else "codes-under-way")


def lines(office: Office) -> list[Line]:
    """Every key with its state, those in use first."""
    now, wishes = office.now(), office.store.keys.wishes()
    devices = {device.device: device for device in office.store.devices.all()}
    found = []
    for key in office.store.keys.all():
        device = devices.get(key.device)
        signs = device is not None and device.key_number == key.number
        gone = device is None or device.withdrawn_at is not None
        found.append(
            Line(key, state_of(key, now, signs=signs and not gone), signs and key.device in wishes, gone)
        )
    order: dict[State, int] = {"in_use": 0, "waiting": 1, "ending": 2, "ended": 3, "withdrawn": 4}
    return sorted(found, key=lambda line: (order[line.state], line.key.number))


def state_of(key: KeyRecord, now: float, *, signs: bool) -> State:
    """How a key is. `signs`: its device uses it."""
    if key.withdrawn_at is not None:
        return "withdrawn"
    if key.ends_at is not None:
        return "ended" if key.ends_at <= now else "ending"
    return "in_use" if signs else "waiting"


def _days(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= MOST_DAYS else None


def _page(office: Office, faults: dict[str, Said] | None = None, status: int = 200) -> Response:
    held = key_policy(office.store)
    typed = request.form if faults else as_typed(held)
    return office.page(
        "keys.html",
        status,
        lines=lines(office),
        names=till_names(office),
        typed=typed,
        faults=faults or {},
        rotating=any(record.campaign.rotating for record in office.store.campaigns.all()),
    )


def as_typed(held: KeyPolicy) -> dict[str, str]:
    """How keys change, as the form shows it."""
    return {
        "every": str(held.every_s // DAY_S),
        "after": str(held.after_s // DAY_S),
        "codes_every": str(held.codes_every_s // DAY_S),
        "old": held.old,
    }


ROUTES = (
    Route("/keys", "keys", keys),
    Route("/keys/policy", "key_policy", policy, ("POST",)),
    Route("/keys/codes", "key_codes", codes, ("POST",)),
    Route("/keys/<int:number>/end", "key_end", end, ("POST",)),
    Route("/keys/device/<device>/renew", "key_renew", renew, ("POST",)),
)
