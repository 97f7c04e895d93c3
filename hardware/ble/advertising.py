"""Turns on one adapter, and what is told of a frame.

Pure. `hardware.ble.broadcaster` decides with it what to register and when, and tells of it.

Facts of the kernel and of BlueZ, each found out on a real one: with extended advertising (HardwareOffload) every frame has
its own set and all are sent at once; without, the kernel sends one instance after the other. What BlueZ does with a wished
interval is told by whether it shows SupportedFeatures: both came out of `--experimental` in BlueZ 5.77, together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from hardware.ble.broadcast import Because, Frame, OnAir, State

TURN_S = 3.0
"""A place changes hands so often when there are more frames than places. Shorter, and phones that listen in short looks (half a
second in five, to save power) miss whole turns; longer, and somebody walks past between two turns of a frame."""

KERNEL_TURN_S = 2
"""The same where the kernel turns by itself, told to it as Duration: two seconds is its own default (HCI_DEFAULT_ADV_DURATION).
Shorter than TURN_S, so that each of the kernel's instances gets its turn while it has its place."""

KERNEL_INTERVAL_MS = 1280
"""What the kernel uses when BlueZ passes no interval on (le_adv_min_interval, 0x0800), unless BlueZ's main.conf has another."""

LEGACY_INTERVALS_MS = (100, 150)
"""Without extended advertising the kernel sends what nobody can connect to every 100 to 150 ms, whatever is asked
(DISCOV_LE_FAST_ADV_INT_MIN and _MAX, hci_enable_advertising_sync). The middle is told, which is 20 % off at most."""

T = TypeVar("T")


class Features(NamedTuple):
    """What the stack says of itself now: instances in use (others' included) and free ones; what it does with wishes."""

    active: int
    free: int
    offloads: bool
    takes_wishes: bool
    sets_power: bool


def taking_turns(items: Sequence[T], places: int, step: int) -> list[T]:
    """Which of the items have a place at this step, the one that came last at the end.

    Each step the one longest in a place leaves and the one longest out comes: of n items with p places each is in for p steps
    of n. All of them when there are places enough.
    """
    if len(items) <= places:
        return list(items)
    return [items[(step + place) % len(items)] for place in range(places)]


def told(
    frame: Frame,
    features: Features,
    wanted: int,
    places: int,
    power_dbm: int | None,
    seen_ms: tuple[float, float] | None = None,
) -> OnAir:
    """What is said of a frame that is on the air or has its turns: `wanted` frames share our `places`.

    `seen_ms`: between which intervals the controller was told to choose, where that could be seen.
    """
    share = min(places / wanted, 1.0) if wanted else 1.0
    if not features.offloads:
        share /= max(features.active, 1)
    whys: dict[Because, str] = {}
    if share < 1.0:
        whys["turns"] = f"It takes turns with others and is on the air for {share:.0%} of the time."
    low_ms, high_ms = seen_ms or _reckoned(frame, features)
    interval_ms = frame.interval_ms
    # The controller counts in steps of 0.625 ms.
    if not low_ms - 1 < interval_ms < high_ms + 1:
        interval_ms = round((low_ms + high_ms) / 2)
        whys |= _of_interval(frame, features, low_ms, high_ms)
    if frame.power_dbm is not None and power_dbm != frame.power_dbm:
        whys |= _of_power(frame.power_dbm, power_dbm, features)
    return OnAir(
        frame.key,
        frame_type(frame),
        frame.interval_ms,
        round(interval_ms / share),
        frame.power_dbm,
        power_dbm,
        "on" if share == 1.0 else "turns",
        # What ends in a command comes last: a full stop or a word after it would be copied with it.
        " ".join(sorted(whys.values(), key=lambda why: 0 if why.endswith(".") else 1)),
        tuple(whys),
        seen_ms is not None,
    )


def _reckoned(frame: Frame, features: Features) -> tuple[float, float]:
    """The intervals that hold by what the stack says of itself."""
    if not features.offloads:
        return LEGACY_INTERVALS_MS
    wish = frame.interval_ms if features.takes_wishes else KERNEL_INTERVAL_MS
    return wish, wish


def _of_interval(frame: Frame, features: Features, low_ms: float, high_ms: float) -> dict[Because, str]:
    if not features.offloads:
        return {"own-pace": f"This adapter sends every {low_ms:.0f} to {high_ms:.0f} ms, whatever is asked."}
    if features.takes_wishes:
        return {"other-interval": f"It is sent every {high_ms:.0f} ms, not every {frame.interval_ms} ms."}
    return {
        "no-intervals": f"BlueZ passes no interval on, so the kernel's {high_ms:.0f} ms hold. Allow it: "
        "python -m hardware ble allow-intervals"
    }


def _of_power(asked_dbm: int, power_dbm: int | None, features: Features) -> dict[Because, str]:
    if power_dbm is not None:
        return {"other-power": f"The adapter sends at {power_dbm} dBm, not at {asked_dbm} dBm."}
    if not features.sets_power:
        return {"power-fixed": "The power of this adapter cannot be set, and it does not tell it."}
    return {"power-untold": "The adapter does not tell at which power it sends."}


def off_air(frame: Frame, because: Because, why: str) -> OnAir:
    """What is said of a frame that is not on the air."""
    state: State = "refused" if because == "refused" else "waiting"
    kind = frame_type(frame)
    return OnAir(frame.key, kind, frame.interval_ms, None, frame.power_dbm, None, state, why, (because,))


def frame_type(frame: Frame) -> str:
    """The kind of beacon, as it stands in JSON: `ibeacon`, `eddystone-uid` and the like."""
    return str(frame.beacon.__struct_config__.tag)
