"""`python -m hardware ble advertise`: put frames on the air from a shell, and tell what became of them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO
from uuid import UUID

import msgspec

from hardware.ble.beacon import (
    AltBeacon,
    Beacon,
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    IBeacon,
)
from hardware.ble.broadcast import (
    AT_0M_DBM,
    AT_1M_DBM,
    LONGEST_INTERVAL_MS,
    NO_COMPANY,
    SHORTEST_INTERVAL_MS,
    STRONGEST_POWER_DBM,
    WEAKEST_POWER_DBM,
    Broadcaster,
    Frame,
    OnAir,
)
from hardware.ble.eid import KEY_OCTETS, LARGEST_EXPONENT, eid
from hardware.device import open_device

LOOK_S = 0.5
"""So often we look whether anything about the frames has changed."""

TELEMETRY_S = 10.0
"""Telemetry says a new count so often; each change costs two messages on the bus."""

Making = Callable[[float], Beacon]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `advertise`."""
    parser.add_argument(
        "--radio", default="beacon:hci0", help="beacon:hci0, or beacon:sim for a simulated adapter"
    )
    for name, form, says in (
        ("ibeacon", "UUID/MAJOR/MINOR", "Apple's beacon"),
        ("altbeacon", "UUID/ID2/ID3", "the open beacon"),
        ("uid", "NAMESPACE/INSTANCE", "Eddystone UID: 20 and 12 hex digits"),
        ("url", "URL", "Eddystone URL"),
        (
            "eid",
            "KEY/EXPONENT[/CLOCK]",
            "Eddystone EID: key of 32 hex digits, period 2**EXPONENT s, clock in s",
        ),
    ):
        parser.add_argument(f"--{name}", action="append", default=[], metavar=form, help=says)
    parser.add_argument(
        "--tlm", action="store_true", help="Eddystone TLM: uptime and packets of this command"
    )
    parser.add_argument("--interval-ms", type=_within(SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS), default=200)
    parser.add_argument("--power-dbm", type=_within(WEAKEST_POWER_DBM, STRONGEST_POWER_DBM), default=None)
    parser.add_argument(
        "--for", type=float, dest="seconds", metavar="SECONDS", help="then stop; else until Ctrl-C"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, when anything has changed"
    )
    parser.set_defaults(run=lambda wanted: asyncio.run(advertise(wanted, sys.stdout)))


async def advertise(wanted: argparse.Namespace, to: TextIO) -> int:
    """Keep the frames on the air and tell of them; 0: all were on the air at the end, 1: not all, 2: used wrongly."""
    try:
        makings = _makings(wanted)
    except ValueError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    broadcaster: Broadcaster = open_device(wanted.radio)
    began = time.monotonic()
    running = asyncio.create_task(broadcaster.run())
    told: list[OnAir] = []
    said: list[Frame] = []
    try:
        while (age_s := time.monotonic() - began) < (wanted.seconds or float("inf")):
            frames = [
                Frame(key, making(age_s), wanted.interval_ms, wanted.power_dbm)
                for key, making in makings.items()
            ]
            if frames != said:
                said = frames
                await broadcaster.set(frames)
            if broadcaster.on_air() != told:
                told = broadcaster.on_air()
                _tell(told, broadcaster.describe(), to, as_json=wanted.json)
            await asyncio.sleep(LOOK_S)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await broadcaster.close()
    return 0 if all(one.state in ("on", "turns") for one in told) else 1


def _tell(told: Sequence[OnAir], radio: str, to: TextIO, *, as_json: bool) -> None:
    if as_json:
        to.write(msgspec.json.encode({"at": time.time(), "radio": radio, "on_air": told}).decode() + "\n")
    else:
        for one in told:
            every = f"every {one.interval_ms} ms" if one.interval_ms else ""
            power = f"at {one.power_dbm} dBm" if one.power_dbm is not None else ""
            to.write(" ".join(filter(None, (f"{one.key}: {one.state}", every, power, one.why))) + "\n")
    to.flush()


def _makings(wanted: argparse.Namespace) -> dict[str, Making]:
    """What makes each frame's beacon at the age of this command in seconds; ValueError with a sentence."""
    makings: dict[str, Making] = {}
    readers: dict[str, Callable[[str, int], Making]] = {
        "ibeacon": _ibeacon,
        "altbeacon": _altbeacon,
        "uid": _uid,
        "url": _url,
        "eid": _eid,
    }
    for name, reader in readers.items():
        for text in getattr(wanted, name):
            try:
                making = reader(text, wanted.power_dbm or 0)
                making(0.0).encode()
            except ValueError as wrong:
                raise ValueError(f"--{name} {text!r} cannot be used: {wrong}") from wrong
            # A key is nothing for screens.
            makings[f"eid:{len(makings) + 1}" if name == "eid" else f"{name}:{text}"] = making
    if wanted.tlm:
        interval_s = wanted.interval_ms / 1000

        def telemetry(age_s: float) -> Beacon:
            at_s = age_s // TELEMETRY_S * TELEMETRY_S
            return EddystoneTlm(None, None, int(at_s / interval_s), at_s)

        makings["tlm"] = telemetry
    if not makings:
        raise ValueError("Say what shall be on the air: --ibeacon, --altbeacon, --uid, --url, --tlm, --eid.")
    return makings


def _ibeacon(text: str, power_dbm: int) -> Making:
    uuid, major, minor = _three(text)
    return lambda _: IBeacon(uuid, major, minor, AT_1M_DBM + power_dbm)


def _altbeacon(text: str, power_dbm: int) -> Making:
    uuid, id2, id3 = _three(text)
    return lambda _: AltBeacon(uuid, id2, id3, AT_1M_DBM + power_dbm, NO_COMPANY, 0)


def _uid(text: str, power_dbm: int) -> Making:
    namespace, _, instance = text.lower().partition("/")
    if len(bytes.fromhex(namespace)) != 10 or len(bytes.fromhex(instance)) != 6:
        raise ValueError("a namespace has 20 hex digits and an instance 12.")
    return lambda _: EddystoneUid(namespace, instance, AT_0M_DBM + power_dbm)


def _url(text: str, power_dbm: int) -> Making:
    return lambda _: EddystoneUrl(text, AT_0M_DBM + power_dbm)


def _eid(text: str, power_dbm: int) -> Making:
    key, exponent, clock, *_ = [*text.split("/"), "0", "0"]
    identity = bytes.fromhex(key)
    if len(identity) != KEY_OCTETS or not exponent.isdigit() or int(exponent) > LARGEST_EXPONENT:
        raise ValueError(f"a key has 32 hex digits, and an exponent is 0 to {LARGEST_EXPONENT}.")
    begin_s = int(clock)
    return lambda age_s: EddystoneEid(
        eid(identity, int(exponent), begin_s + int(age_s)).hex(), AT_0M_DBM + power_dbm
    )


def _three(text: str) -> tuple[str, int, int]:
    uuid, first, second = text.split("/") if text.count("/") == 2 else ("", "", "")
    if not all(number.isdigit() and int(number) <= 0xFFFF for number in (first, second)):
        raise ValueError("write UUID/NUMBER/NUMBER, the numbers from 0 to 65535.")
    return str(UUID(uuid)), int(first), int(second)


def _within(low: int, high: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.lstrip("-").isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}")
        return int(text)

    return whole
