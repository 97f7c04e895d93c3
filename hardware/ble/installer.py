"""Somebody who calibrates the simulated street's door: a phone that is held against the radio, stands inside, stands outside.

Repeatable; `hardware.ble.sim` mixes its packets into the street's where the wish `installer=1` asks for it; with `installer=4`
whoever it is stays four times as long everywhere, for a street that runs fast. Without them nobody on the street ever holds a
phone against the radio, and the calibration page could not be tried without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from math import hypot, log10
from random import Random

from hardware.ble.advertisement import Advertisement
from hardware.ble.walks import RADIO

HOLDS_S, INSIDE_S, OUTSIDE_S, WALKS_S = 20.0, 40.0, 40.0, 5.0
"""Twice the ten seconds that the page asks for, a little more than its thirty seconds in each place, and the ways between. The
phone has another address with each round: phones keep theirs for a quarter of an hour, and a walk takes less."""

ROUND_S = HOLDS_S + INSIDE_S + OUTSIDE_S + 3 * WALKS_S

INSIDE_AT, OUTSIDE_AT = (2.0, 5.0), (-3.0, -4.0)
"""Among the shelves, some 3.6 m from the radio; the pavement before the window, 6.7 m from it."""

INTERVAL_S = 0.25
POWER_DBM, HELD_DBM = -60.0, -36.0
"""At one metre; and against the antenna."""

PATH_LOSS_DB, FRONT_DB, BODY_DB, SWAY_DB = 22.0, 7.0, 8.0, 4.0
"""As on the street: per decade of distance, through the shop's front, the body while one turns, and chance."""

LOST_SHARE = 0.3


def packets(seed: int, start: float, longer: float = 1.0) -> Iterator[Advertisement]:
    """What the radio hears of that phone from `start` on, in order of time, without end; the first round begins then."""
    rng = Random(f"{seed}:installer:{start}")
    at, turn = start, -1
    address, payload = "", b""
    while True:
        at += INTERVAL_S + rng.random() * 0.01
        if rng.random() < LOST_SHARE:
            continue
        since_s = at - start
        if since_s // (ROUND_S * longer) != turn:
            turn = int(since_s // (ROUND_S * longer))
            address, payload = _said(f"{seed}:installer:{turn}")
        level = round(_level_dbm(since_s, longer) + rng.gauss(0, SWAY_DB / 2))
        yield Advertisement(address, "random", level, payload, at)


def _said(key: str) -> tuple[str, bytes]:
    """A resolvable private address (Core Specification 5.4, Vol 6 Part B, 1.3.2.2: upper bits 01), and what a lit phone says."""
    octets = blake2b(key.encode(), digest_size=10).digest()
    address = (bytes((octets[0] & 0x3F | 0x40,)) + octets[1:6]).hex(":")
    return address, b"\x02\x01\x1a\x0b\xff\x4c\x00\x10\x06\x1b\x1e" + octets[6:]


def place_at(since_s: float, longer: float = 1.0) -> str:
    """Where the phone is so long after the start: "radio", "inside", "outside", or "" on the way."""
    passed = since_s / longer % ROUND_S
    for place, stays_s in (("radio", HOLDS_S), ("inside", INSIDE_S), ("outside", OUTSIDE_S)):
        if passed < stays_s:
            return place
        passed -= stays_s + WALKS_S
        if passed < 0:
            return ""
    return ""


def _level_dbm(since_s: float, longer: float) -> float:
    place = place_at(since_s, longer)
    if place == "radio":
        return HELD_DBM
    x, y = OUTSIDE_AT if place == "outside" else INSIDE_AT
    # One slow turn in twenty seconds: the body is in the way for a part of it.
    turned = abs((since_s % 20.0) / 10.0 - 1.0)
    far = hypot(x - RADIO[0], y - RADIO[1])
    return (
        POWER_DBM - PATH_LOSS_DB * log10(far) - BODY_DB * turned - (FRONT_DB if place == "outside" else 0.0)
    )
