"""A real shop around the lab's radio: a hub with its first offers, and an edge that has joined it and uses the lab's BlueZ."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.store.sqlite import FILE, SqliteStore
from hub.up.seeding import pairing_codes, seed
from tests.lab.appliance import Lab
from tests.lab.kernel import LabError
from tests.prove._street import answers, free_ports

UP_WITHIN_S = 60.0
LOOK_S = 0.5
GUEST_FOLDER = "/root/edge"
"""In the guest's own memory: SQLite does not like the shared folder."""


class Door:
    """The edge as it tells of itself: its status file, and `check`."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        self._lab = lab

    def status(self) -> dict[str, Any]:
        """What stands in the status file; empty before there is one, and while it is being replaced."""
        try:
            told: dict[str, Any] = json.loads((self.folder / "status.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return told

    def heard(self) -> int:
        """Packets since it was started."""
        return int(self.status().get("heard", 0))

    def warnings(self) -> dict[str, str]:
        """What is wrong now, by code, as people read it."""
        return sentences(self.status())

    def on_air(self, since: float) -> bool:
        """Whether it has said since then (seconds since 1970) that everything that it has to say is on the air."""
        told = self.status()
        said = told.get("on_air", [])
        return (
            told.get("at", 0) > since and bool(said) and all(one["state"] in ("on", "turns") for one in said)
        )

    async def check(self) -> dict[str, str]:
        """The same through `python -m edge check --json`."""
        async with self._lab.program("-m", "edge", "check", "--json", "--dir", str(self.folder)) as check:
            assert check.stdout is not None
            return sentences(json.loads(await check.stdout.read()))


def sentences(told: dict[str, Any]) -> dict[str, str]:
    """The warnings of a status file or a report: code -> what is wrong and what to do, in English."""
    return {
        one["code"]: f"{one['what']['en']}. {one['todo']['en']}".strip() for one in told.get("warnings", [])
    }


@asynccontextmanager
async def open_shop(lab: Lab) -> AsyncIterator[Path]:
    """A hub that serves, with its first offers; the folder of an edge that has joined it."""
    folder = lab.folder / "shop"
    hub, edge, port = folder / "hub", folder / "edge", free_ports(1)
    if not hub.exists():
        hub.mkdir(parents=True)
        await asyncio.to_thread(seed, hub, time.time(), offers=True)
    async with lab.program("-m", "hub", "--dir", str(hub), "serve", "--port", str(port), log="hub.log"):
        await until(lambda: answers(port), UP_WITHIN_S, f"The hub does not start; see {lab.folder}/hub.log")
        url = f"http://127.0.0.1:{port}"
        if not edge.exists():
            code = (await asyncio.to_thread(pairing_codes, hub, time.time(), ["edge"]))["edge"]
            enrol = ("-m", "edge", "enrol", code, "--hub", url, "--dir", str(edge))
            async with lab.program(*enrol, log="enrol.log") as joining:
                if await joining.wait():
                    raise LabError(f"The edge cannot join the hub; see {lab.folder}/enrol.log")
        yield edge


def beacon_of(folder: Path) -> bytes:
    """The octets by which the shop's iBeacons are known: Apple's number, the kind, and the UUID that the hub drew for it."""
    store = SqliteStore(folder.parent / "hub" / FILE)
    try:
        shop = store.shop.get()
    finally:
        store.close()
    if shop is None or not shop.beacon_uuid:
        raise LabError("The hub's shop has no beacon of its own.")
    return bytes.fromhex("4c000215" + shop.beacon_uuid.replace("-", ""))


@asynccontextmanager
async def open_door(lab: Lab, folder: Path, radio: str) -> AsyncIterator[Door]:
    """The edge, running, once it hears."""
    door = Door(lab, folder)
    settings = ("--dir", str(folder), "--radio", radio)
    async with lab.program("-m", "edge", "run", *settings, log="edge.log"):
        await until(
            lambda: door.heard() > 0, UP_WITHIN_S, f"The edge does not hear; see {lab.folder}/edge.log"
        )
        yield door


class GuestDoor:
    """An edge that runs inside the guest."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def status(self) -> dict[str, Any]:
        """What stands in its status file; empty while there is none."""
        said = await self._lab.machine.run(f"cat {GUEST_FOLDER}/status.json")
        try:
            told: dict[str, Any] = json.loads(said.said)
        except ValueError:
            return {}
        return told

    async def heard(self) -> int:
        """Packets since it was started."""
        return int((await self.status()).get("heard", 0))

    async def warnings(self) -> dict[str, str]:
        """What is wrong now, by code, as people read it."""
        return sentences(await self.status())


@asynccontextmanager
async def open_guest_door(lab: Lab, folder: Path, radio: str) -> AsyncIterator[GuestDoor]:
    """The edge of this folder, copied into the guest and running there, once it hears."""
    shared = lab.machine.folder / "edge"
    shutil.copytree(folder, shared, dirs_exist_ok=True)
    await lab.machine.run(f"cp -r /mnt/out/{shared.name} {GUEST_FOLDER} && rm -f {GUEST_FOLDER}/status.json")
    settings = ("-m", "edge", "run", "--dir", GUEST_FOLDER, "--radio", radio)
    running = lab.machine.start(lab.in_guest(*settings))
    door = GuestDoor(lab)
    try:
        async with asyncio.timeout(2 * UP_WITHIN_S):
            while not await door.heard():
                if running.ended.done():
                    raise LabError(f"The edge in the guest has ended: {lab.machine.said(running)[-300:]}")
                await asyncio.sleep(2)
        yield door
    finally:
        (lab.folder / "edge-in-guest.log").write_text(lab.machine.said(running), encoding="utf-8")
        await lab.machine.end(running)


async def until(happened: Any, within_s: float, problem: str = "") -> float | None:
    """Seconds until something is true. None where it took too long, or LabError where a `problem` is given for that."""
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > within_s:
            if problem:
                raise LabError(problem)
            return None
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - began
