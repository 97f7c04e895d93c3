"""What campaigns want on the air gets there from the snapshot on disk, stays there, and leaves it with them."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.air_health import AIR_WARNINGS
from edge.broadcasting import BEACON_FILE, Broadcasting
from edge.config import read_config
from edge.daemon import Edge
from edge.store import open_pool
from hardware.ble.beacon import EddystoneEid, EddystoneTlm, IBeacon, decode_beacon
from hardware.ble.broadcaster import StackBroadcaster
from hardware.ble.eid import EidBeacon, EidKey, EidResolver
from hardware.ble.sim_broadcast import SimStack
from hardware.device import DeviceError, Reason
from hub.client.clock import Clock
from hub.client.db import Pool, writing
from hub.client.node import Node, NodeRecord
from hub.client.shelf import Shelf
from hub.client.warnings import Watch
from hub.wire.identity import public_text
from hub.wire.snapshot import (
    Air,
    AirFrame,
    Campaign,
    Manifest,
    Offer,
    Shop,
    Snapshot,
    Value,
    content_hash,
    section_body,
)

UUID = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
SHOP = Shop(7, {"en": "Corner"}, beacon_uuid=UUID)


def campaign(number: int, *frames: AirFrame, channels: tuple[str, ...] = ("portal",)) -> Campaign:
    now = int(time.time())
    offer = Offer({"en": "Tea"}, {"en": "Tea"}, Value("percent", percent=10))
    return Campaign(number, offer, now - 60, now + 3600, channels=channels, air=Air(frames, interval_ms=200))


def publish(pool: Pool, *campaigns: Campaign) -> None:
    """As an exchange does it."""
    bodies = {"shop": section_body(SHOP), "campaigns": section_body(list(campaigns))}
    manifest = Manifest(7, "edge-1", time.time(), {name: content_hash(body) for name, body in bodies.items()})
    snapshot = Snapshot("", "", {name: msgspec.Raw(body) for name, body in bodies.items()})
    with writing(pool.here()) as conn:
        assert Shelf(pool).adopt(conn, manifest, snapshot, time.time())


@asynccontextmanager
async def speaking(
    folder: Path, stack: SimStack, ntp: bool = True
) -> AsyncIterator[tuple[Broadcasting, Pool]]:
    pool = open_pool(folder)
    executor = ThreadPoolExecutor(1)
    one = Broadcasting(
        "beacon:sim", Shelf(pool), Clock(ntp=lambda: ntp), folder, executor,
        open_broadcaster=lambda _: StackBroadcaster(stack), thermal=folder / "warmth",
    )  # fmt: skip
    task = asyncio.create_task(one.run())
    try:
        yield one, pool
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        executor.shutdown()
        pool.close()


async def until(true: Callable[[], bool], within_s: float = 4.5) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def said(stack: SimStack) -> list[object]:
    return [decode_beacon(one.payload) for one in stack.heard()]


def test_a_campaign_is_on_the_air_while_it_runs_and_leaves_it_when_it_is_paused(tmp_path: Path) -> None:
    async def scenario() -> None:
        stack = SimStack()
        async with speaking(tmp_path, stack) as (one, pool):
            await asyncio.sleep(0.1)
            assert (said(stack), one.on_air()) == ([], [])
            publish(pool, campaign(3, "ibeacon"))
            await until(lambda: said(stack) == [IBeacon(UUID, 7, 3, -59)])
            assert [told.state for told in one.on_air()] == ["on"]
            publish(pool, campaign(3, "ibeacon", channels=()))
            await until(lambda: not said(stack))
        assert stack.heard() == []

    asyncio.run(scenario())


def test_telemetry_tells_of_this_machine(tmp_path: Path) -> None:
    async def scenario() -> None:
        stack = SimStack()
        (tmp_path / "warmth").write_text("48312\n")
        async with speaking(tmp_path, stack) as (_, pool):
            publish(pool, campaign(3, "eddystone-tlm"))
            await until(lambda: len(said(stack)) == 1)
            told = said(stack)[0]
            assert isinstance(told, EddystoneTlm)
            assert told.battery_mv is None
            assert told.temperature_c == pytest.approx(48.312, abs=1 / 256)
            assert abs(told.uptime_s - time.clock_gettime(time.CLOCK_BOOTTIME)) < 15

    asyncio.run(scenario())


def test_the_changing_name_is_the_keys_own_and_the_key_is_kept_for_its_owner_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def life() -> str:
        stack = SimStack()
        async with speaking(tmp_path, stack) as (_, pool):
            publish(pool, campaign(3, "eddystone-eid"))
            await until(lambda: len(said(stack)) == 1)
            told = said(stack)[0]
            assert isinstance(told, EddystoneEid)
            return told.eid

    first = asyncio.run(life())
    path = tmp_path / BEACON_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = msgspec.json.decode(path.read_bytes(), type=EidBeacon)
    assert kept.zero is not None
    resolver = EidResolver([EidKey(bytes.fromhex(kept.key), kept.exponent, kept.zero)])
    assert resolver.find(first, time.time()) == 0
    second = asyncio.run(life())
    assert resolver.find(second, time.time()) == 0
    assert msgspec.json.decode(path.read_bytes(), type=EidBeacon).key == kept.key
    assert kept.key not in caplog.text


def test_a_damaged_key_is_left_alone_and_told_and_the_rest_is_on_the_air(tmp_path: Path) -> None:
    (tmp_path / BEACON_FILE).write_text('{"key": "00')

    async def scenario() -> None:
        stack = SimStack()
        async with speaking(tmp_path, stack) as (one, pool):
            publish(pool, campaign(3, "eddystone-eid", "ibeacon"))
            await until(lambda: len(said(stack)) == 1)
            watch = Watch(AIR_WARNINGS)
            one.look(watch.say, 0.0)
            shown = watch.shown(100.0)
            assert [warning.code for warning in shown] == ["air-silent"]
            assert "beacon.json" in shown[0].todo["zh"]

    asyncio.run(scenario())
    assert (tmp_path / BEACON_FILE).read_text() == '{"key": "00'


def test_a_service_that_was_restarted_is_told_when_it_is_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        stack = SimStack(experimental=False)
        watch = Watch(AIR_WARNINGS)
        async with speaking(tmp_path, stack) as (one, pool):
            publish(pool, campaign(3, "ibeacon"))
            await until(lambda: len(said(stack)) == 1)
            stack.stop_service()
            await until(lambda: bool(one.on_air()) and one.on_air()[0].why.endswith("Start it."))
            one.look(watch.say, 0.0)
            assert [warning.code for warning in watch.shown(100.0)] == ["air-silent"]
            stack.start_service()
            await until(lambda: len(said(stack)) == 1)
            await until(lambda: bool(one.outages) and one.outages[-1].ended_at is not None)
            one.look(watch.say, 100.0)
            told = {warning.code: warning.todo["en"] for warning in watch.shown(100.0)}
            assert set(told) == {"air-interval", "air-recovered"}
            assert told["air-recovered"].startswith("The Bluetooth service was stopped or restarted")

    asyncio.run(scenario())


def test_a_broadcaster_that_cannot_be_opened_is_told_and_nothing_else_fails(tmp_path: Path) -> None:
    def refuse(name: str) -> StackBroadcaster:
        raise DeviceError(Reason.BAD_NAME, f"There is no device called {name!r}.")

    async def scenario() -> None:
        pool, executor = open_pool(tmp_path), ThreadPoolExecutor(1)
        one = Broadcasting("beacon:x", Shelf(pool), Clock(), tmp_path, executor, open_broadcaster=refuse)
        task = asyncio.create_task(one.run())
        await until(lambda: bool(one.trouble))
        watch = Watch(AIR_WARNINGS)
        one.look(watch.say, 0.0)
        assert [warning.todo["en"] for warning in watch.shown(100.0)] == [
            "There is no device called 'beacon:x'."
        ]
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        executor.shutdown()
        pool.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("setting", "types"), [("", ["ibeacon"]), ("off", [])])
def test_a_running_door_says_what_its_campaign_wants_and_tells_it_in_its_status(
    tmp_path: Path, setting: str, types: list[str]
) -> None:
    key, hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    record = NodeRecord("edge-1", "edge", "Door", 7, 3, 0, public_text(hub), "http://127.0.0.1:9")
    node = Node.save(tmp_path, record, key)
    pool = open_pool(tmp_path)
    publish(pool, campaign(3, "ibeacon"))
    pool.close()
    status = tmp_path / "status.json"

    def told() -> list[str]:
        if not status.exists():
            return ["no status yet"]
        return [f"{one['type']}" for one in json.loads(status.read_bytes())["on_air"] if one["state"] == "on"]

    async def scenario() -> None:
        config = read_config({}, {"dir": str(tmp_path), "radio": "ble:sim", "beacon": setting})
        stop = asyncio.Event()
        running = asyncio.create_task(Edge(config, node, Clock()).run(stop))
        # As long as the other one needs at most: silence must be more than being early.
        await asyncio.sleep(0 if types else 3)
        await until(lambda: told() == types, 8.0)
        stop.set()
        await running

    asyncio.run(scenario())
    assert told() == []
