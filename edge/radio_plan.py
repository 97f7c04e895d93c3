"""`python -m edge radio-plan`: what to do where one chip is access point and scanner, with the chances, measured on the spot."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hardware.ble.chip import chip_of
from hardware.ble.duty import Wishes
from hardware.ble.plan import DUTIES, INTERVALS_S, SLICE_S, Chip, advice, hearing_chance
from hardware.ble.radio import Radio
from hardware.device import open_device

NO_ADAPTER = "hci0"
"""Whom a plan is for where the radio is simulated."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One duty cycle: the chance to hear a phone in 10 s by its pace in seconds, and the share of time left for Wi-Fi."""

    duty: float
    on_s: float
    off_s: float
    chances: dict[str, float]
    left_for_wifi: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one duty cycle heard: packets a second, and addresses in 10 s, the average over its whole slices."""

    duty: float
    seconds: float
    packets_per_s: float
    addresses_in_slice: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All that the command says."""

    chip: Chip
    advice: list[str]
    table: list[Row]
    measured: list[Measured] = []


def plan_for(radio: str) -> Plan:
    """The plan for the first adapter in this setting of EDGE_RADIO."""
    found = re.search(r"^ble:(?:raw:)?(hci\d+)", radio)
    chip = chip_of(found[1] if found else NO_ADAPTER)
    return Plan(chip=chip, advice=advice(chip), table=table())


def table() -> list[Row]:
    """The chances at every duty cycle."""
    rows = []
    for duty in DUTIES:
        on_s, off_s = Wishes(duty=duty).slices
        chances = {
            f"{interval:g}": round(hearing_chance(interval, on_s, off_s), 3) for interval in INTERVALS_S
        }
        rows.append(Row(duty=duty, on_s=on_s, off_s=off_s, chances=chances, left_for_wifi=1 - duty))
    return rows


async def measured(
    radio: str, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> list[Measured]:
    """Listen at each duty cycle for so long, in turns, and count. Raises DeviceError."""
    return [await _measure(radio, duty, seconds, monotonic) for duty in DUTIES]


async def _measure(name: str, duty: float, seconds: float, monotonic: Callable[[], float]) -> Measured:
    simulated = re.match(r"ble:(?:sim|replay)", name) is not None
    radio: Radio = open_device(name if simulated or duty == 1 else _with_duty(name, duty))
    on_s, off_s = Wishes(duty=duty).slices
    begin = monotonic()
    heard: list[tuple[float, str]] = []

    async def listen() -> None:
        async for packets in radio.scan():
            at = monotonic() - begin
            # A street that nobody sends has no adapter to switch: its packets are passed over instead.
            if not simulated or at % (on_s + off_s) < on_s:
                heard.extend((at, one.address) for one in packets)

    listening = asyncio.create_task(listen())
    try:
        await asyncio.wait([listening], timeout=seconds)
    finally:
        await radio.close()
        ended = listening.done()
        if not ended:
            await asyncio.wait([listening], timeout=15)
            listening.cancel()
    if ended:
        listening.result()
    return _counted(duty, seconds, heard)


def _counted(duty: float, seconds: float, heard: Sequence[tuple[float, str]]) -> Measured:
    whole = max(1, int(seconds / SLICE_S))
    distinct = {(int(at / SLICE_S), who) for at, who in heard if at < whole * SLICE_S}
    return Measured(
        duty=duty,
        seconds=seconds,
        packets_per_s=round(len(heard) / seconds, 1),
        addresses_in_slice=round(len(distinct) / whole, 1),
    )


def _with_duty(name: str, duty: float) -> str:
    base = re.sub(r",?duty=[^,]*", "", name).rstrip(":")
    plain = base.count(":") == (2 if base.startswith("ble:raw:") else 1)
    return f"{base}{':' if plain else ','}duty={duty:g}"


def printed(plan: Plan) -> str:
    """The plan for people."""
    paces = "".join(f"{'every ' + interval + ' s':>13}" for interval in plan.table[0].chances)
    lines = [*plan.advice, "", "The chance to hear a phone within 10 s, by how often it speaks:", ""]
    lines.append(f"{'listening':>10}{'on / off':>12}{paces}{'for Wi-Fi':>11}")
    for row in plan.table:
        chances = "".join(f"{chance:>13.1%}" for chance in row.chances.values())
        turns = f"{row.on_s:g} / {row.off_s:g} s"
        lines.append(f"{row.duty:>10.0%}{turns:>12}{chances}{row.left_for_wifi:>11.0%}")
    if plan.measured:
        lines += [
            "",
            "Measured now, one after the other:",
            "",
            f"{'listening':>10}{'packets/s':>12}{'addresses in 10 s':>20}",
        ]
        for one in plan.measured:
            lines.append(f"{one.duty:>10.0%}{one.packets_per_s:>12.1f}{one.addresses_in_slice:>20.1f}")
    return "\n".join(lines)


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan for programs."""
    told: dict[str, Any] = msgspec.to_builtins(plan)
    told["chip"] = plan.chip._asdict() | {"wlans": [wlan._asdict() for wlan in plan.chip.wlans]}
    return told
