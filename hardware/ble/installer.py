"""Somebody who calibrates the simulated street's door: a phone that is held against the radio, stands inside, stands outside.

Repeatable; `hardware.ble.sim` mixes its packets into the street's where the wish `installer=1` asks for it. Without them nobody
on the street ever holds a phone against the radio, and the calibration page could not be tried without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot, log10
from random import Random

from hardware.ble.advertisement import Advertisement
from hardware.ble.gadgets import Gadget
from hardware.ble.walks import RADIO

HOLDS_S, INSIDE_S, OUTSIDE_S, WALKS_S = 20.0, 40.0, 40.0, 5.0
"""Twice the ten seconds that the page asks for, a little more than its thirty seconds in each place, and the ways between."""

ROUND_S = HOLDS_S + INSIDE_S + OUTSIDE_S + 3 * WALKS_S

INSIDE_AT, OUTSIDE_AT = (2.0, 5.0), (-1.5, -2.5)
"""Among the shelves, some 3.6 m from the radio; the pavement before the window."""

INTERVAL_S = 0.25
POWER_DBM, HELD_DBM = -60.0, -36.0
"""At one metre; and against the antenna."""

PATH_LOSS_DB, FRONT_DB, BODY_DB, SWAY_DB = 22.0, 7.0, 8.0, 4.0
"""As on the street: per decade of distance, through the shop's front, the body while one turns, and chance."""

LOST_SHARE = 0.3


def packets(seed: int, start: float) -> Iterator[Advertisement]:
    """What the radio hears of that phone from `start` on, in order of time, without end; rounds begin at whole `ROUND_S`."""
    rng = Random(f"{seed}:installer:{start}")
    phone = Gadget(f"{seed}:installer", INTERVAL_S, POWER_DBM, "random")
    at = start
    while True:
        at += INTERVAL_S + rng.random() * 0.01
        if rng.random() < LOST_SHARE:
            continue
        phone.refresh(at)
        level = round(_level_dbm(at) + rng.gauss(0, SWAY_DB / 2))
        yield Advertisement(phone.address, phone.address_type, level, phone.payload, at)


def place_at(at: float) -> str:
    """Where the phone is then: "radio", "inside", "outside", or "" on the way."""
    passed = at % ROUND_S
    for place, stays_s in (("radio", HOLDS_S), ("inside", INSIDE_S), ("outside", OUTSIDE_S)):
        if passed < stays_s:
            return place
        passed -= stays_s + WALKS_S
        if passed < 0:
            return ""
    return ""


def _level_dbm(at: float) -> float:
    place = place_at(at)
    if place == "radio":
        return HELD_DBM
    x, y = OUTSIDE_AT if place == "outside" else INSIDE_AT
    # One slow turn in twenty seconds: the body is in the way for a part of it.
    turned = abs((at % 20.0) / 10.0 - 1.0)
    far = hypot(x - RADIO[0], y - RADIO[1])
    return (
        POWER_DBM - PATH_LOSS_DB * log10(far) - BODY_DB * turned - (FRONT_DB if place == "outside" else 0.0)
    )
