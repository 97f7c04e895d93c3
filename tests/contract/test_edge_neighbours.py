"""An ear and a main door over a real connection: one salt, one person, and nobody else at the table."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.ear import Ear
from edge.handing import MOST_TOGETHER, Told, believed, pairs_in_frames, read, tell, write
from edge.line import LARGEST_FRAME
from edge.neighbours import Neighbours
from edge.scan import Batches
from edge.sharing import SharedBook
from hardware.ble.advertisement import Advertisement

KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([n] * 32))
    for n, name in enumerate(("edge-1", "edge-2", "edge-9"))
}
PHONE = "5a:00:00:00:00:01"


def public_of(name: str) -> Ed25519PublicKey | None:
    return KEYS[name].public_key() if name in ("edge-1", "edge-2") else None


def packet(address: str = PHONE, rssi_dbm: int = -60) -> Advertisement:
    return Advertisement(address, "random", rssi_dbm, b"", time.time())


class Main:
    """A main door that expects an ear at the counter."""

    def __init__(self) -> None:
        self.book = SharedBook(os.urandom(16))
        self.batches = Batches()
        self.neighbours = Neighbours(
            ["counter"], 1, self.batches, self.book, "edge-1", KEYS["edge-1"], public_of, time.time
        )

    async def rows(self) -> list[int]:
        """The rows of what came next."""
        (batch, *_) = await self.batches.get(5)
        assert batch[0] == 1
        return self.book.rows_of(batch[1])


@asynccontextmanager
async def running(
    port: int, zone: str = "counter", device: str = "edge-2"
) -> AsyncIterator[tuple[Main, Ear]]:
    main = Main()
    ear = Ear(zone, "127.0.0.1", port, device, KEYS[device], public_of)
    tasks = [asyncio.create_task(main.neighbours.run("127.0.0.1", port)), asyncio.create_task(ear.run())]
    try:
        yield main, ear
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(happens: Callable[[], object]) -> None:
    for _ in range(400):
        if happens():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within 8 s")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_an_ear_hears_is_heard_at_the_main_door_as_the_same_phone(port: int) -> None:
    async def scenario() -> None:
        async with running(port) as (main, ear):
            await until(lambda: ear.handing)
            here = main.book.rows_of([packet()])
            ear.hear([packet(), packet("5a:00:00:00:00:02")], -82)
            there = await main.rows()
            assert there[0] == here[0]
            assert there[1] != here[0]
            assert main.neighbours.missing == []
            assert main.neighbours.heard == {"counter": 2}

    asyncio.run(scenario())


def test_whoever_is_too_far_from_the_ear_is_not_told_of(port: int) -> None:
    async def scenario() -> None:
        async with running(port) as (main, ear):
            await until(lambda: ear.handing)
            ear.hear([packet(rssi_dbm=-90)], -82)
            ear.hear([packet("5a:00:00:00:00:02")], -82)
            await main.rows()
            assert main.neighbours.heard == {"counter": 1}

    asyncio.run(scenario())


def test_a_new_salt_reaches_the_ear_and_a_phone_that_only_it_hears_keeps_its_row(port: int) -> None:
    async def scenario() -> None:
        async with running(port) as (main, ear):
            await until(lambda: ear.handing)
            ear.hear([packet()], -82)
            (before,) = await main.rows()
            old = main.book.ids[before]
            main.book.renew(os.urandom(16))
            await until(lambda: main.book.ids[before] != old)
            ear.hear([packet()], -82)
            assert await main.rows() == [before]

    asyncio.run(scenario())


def test_a_node_of_another_shop_is_turned_away_and_counts_by_itself(port: int) -> None:
    async def scenario() -> None:
        async with running(port, device="edge-9") as (main, ear):
            await until(lambda: main.neighbours.refused)
            assert "no other node of this shop" in main.neighbours.refused
            assert not ear.handing
            assert main.neighbours.missing == ["counter"]

    asyncio.run(scenario())


def test_an_ear_in_a_zone_that_nobody_expects_is_told_so(port: int) -> None:
    async def scenario() -> None:
        async with running(port, zone="cellar") as (main, ear):
            await until(lambda: main.neighbours.refused)
            assert main.neighbours.refused.endswith("this door expects counter (EDGE_NEIGHBOURS).")
            assert not ear.handing

    asyncio.run(scenario())


def test_an_ear_whose_main_door_goes_counts_by_itself_and_finds_it_again(port: int) -> None:
    async def scenario() -> None:
        async with running(port) as (main, ear):
            await until(lambda: ear.handing)
        first = Main()
        ear_task = asyncio.create_task(ear.run())
        await until(lambda: "does not answer" in ear.trouble)
        assert not ear.handing
        ear.hear([packet()], -82)
        door = asyncio.create_task(first.neighbours.run("127.0.0.1", port))
        await until(lambda: ear.handing)
        assert ear.trouble == ""
        ear.hear([packet()], -82)
        assert await first.rows()
        for task in (ear_task, door):
            task.cancel()
        await asyncio.gather(ear_task, door, return_exceptions=True)
        assert main.neighbours.missing == ["counter"]

    asyncio.run(scenario())


def test_strangers_who_only_send_rubbish_or_nothing_do_no_harm(port: int) -> None:
    async def scenario() -> None:
        async with running(port) as (main, ear):
            await until(lambda: ear.handing)
            for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"", b"\xff" * 70_000):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(rubbish)
                writer.write_eof()
                assert await reader.read() == b""
                writer.close()
            ear.hear([packet()], -82)
            assert await main.rows()

    asyncio.run(scenario())


def test_a_full_batch_and_a_crowd_of_names_fit_into_frames() -> None:
    crowd = [(f"=1{number:016x}", packet()) for number in range(3 * MOST_TOGETHER)]
    messages = [write(one) for one in tell(7, crowd, time.time())]
    messages += [write(one) for one in pairs_in_frames(7, [(2**64 - 1, 2**63)] * 700)]
    assert max(map(len, messages)) < LARGEST_FRAME - 16
    assert len(messages) == 6


def test_only_what_can_be_is_believed() -> None:
    for name in ("5a:00:00:00:00:01", "=9" + "0" * 16, "=1xyz", "=known ", "=known " + "x" * 80):
        with pytest.raises(ValueError, match="says what cannot be"):
            read(write_raw(["heard", 1, [[name, -60, 0]]]))
    for strength in (-200, 21, "strong"):
        with pytest.raises(ValueError, match="says what cannot be"):
            read(write_raw(["heard", 1, [["=1" + "0" * 16, strength, 0]]]))
    with pytest.raises(ValueError, match="says what cannot be"):
        read(b"\xc1rubbish")
    told = [Told("=1" + "0" * 16, -60, age) for age in (50, 20_000, 400)]
    assert [round(1000.0 - one.at, 2) for one in believed(told, 1000.0)] == [0.4, 0.05]


def write_raw(message: object) -> bytes:
    return msgspec.msgpack.encode(message)
